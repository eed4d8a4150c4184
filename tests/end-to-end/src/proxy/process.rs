//! Finding the process behind a connection, and ending it as hard as a machine that loses power.
//!
//! Only processes that run one of our functions, below this very test, are ever touched.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a killed process may take to be gone.
const DEATH_LIMIT: Duration = Duration::from_secs(2);

/// Whoever is at the other end of a connection to the proxy.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: SocketAddr,
    pub(crate) here: SocketAddr,
    /// The real name of the function that it says it is.
    pub(crate) function: Option<String>,
}

impl Caller {
    /// Kills the process and waits until it is dead; `false` if it could not be found.
    pub(crate) async fn kill(&self) -> bool {
        let caller = self.clone();
        tokio::task::spawn_blocking(move || caller.find().is_some_and(kill))
            .await
            .unwrap_or(false)
    }

    fn find(&self) -> Option<u32> {
        let function = self.function.as_deref()?;
        let socket = format!("socket:[{}]", self.inode()?);
        let entries = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let mut owners =
            pids.filter(|pid| runs(*pid, function) && holds(*pid, &socket) && is_below_us(*pid));
        owners.next()
    }

    /// The inode of the caller's end of the connection.
    fn inode(&self) -> Option<String> {
        let table = fs::read_to_string("/proc/net/tcp").ok()?;
        let (local, remote) = (hexadecimal(self.peer)?, hexadecimal(self.here)?);
        table.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let own =
                fields.get(1) == Some(&local.as_str()) && fields.get(2) == Some(&remote.as_str());
            own.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
        })
    }
}

/// An address as the kernel's table writes it: the bytes of the address in reverse.
fn hexadecimal(address: SocketAddr) -> Option<String> {
    match address {
        SocketAddr::V4(address) => {
            let [a, b, c, d] = address.ip().octets();
            Some(format!(
                "{d:02X}{c:02X}{b:02X}{a:02X}:{:04X}",
                address.port()
            ))
        }
        SocketAddr::V6(_) => None,
    }
}

fn runs(pid: u32, function: &str) -> bool {
    let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| {
        environ
            .split(|byte| *byte == 0)
            .any(|entry| entry == wanted.as_bytes())
    })
}

fn holds(pid: u32, socket: &str) -> bool {
    let Ok(handles) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    handles
        .filter_map(Result::ok)
        .filter_map(|handle| fs::read_link(handle.path()).ok())
        .any(|target| target == Path::new(socket))
}

/// Whether it descends from the process that runs this code.
fn is_below_us(pid: u32) -> bool {
    let mut pid = pid;
    while pid > 1 {
        if pid == std::process::id() {
            return true;
        }
        let Some((_, parent)) = state_and_parent(pid) else {
            return false;
        };
        pid = parent;
    }
    false
}

/// The two fields of `/proc/<pid>/stat` that follow the name, which may itself hold spaces and brackets.
fn state_and_parent(pid: u32) -> Option<(String, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

fn kill(pid: u32) -> bool {
    let killed = Command::new("sh")
        .args(["-c", "kill -KILL \"$1\"", "sh", &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    if !killed.is_ok_and(|status| status.success()) {
        return false;
    }
    let deadline = Instant::now() + DEATH_LIMIT;
    while Instant::now() < deadline {
        match state_and_parent(pid) {
            Some((state, _)) if state != "Z" => std::thread::sleep(Duration::from_millis(5)),
            Some(_) | None => return true,
        }
    }
    false
}
