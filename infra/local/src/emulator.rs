//! The AWS emulator: started on loopback with an environment that holds nothing of ours, and awaited.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::directory::Directory;
use crate::guarded::Guarded;
use crate::plain_http::{self, PlainClient};
use crate::python::Python;

/// Where everything is said to be. The emulator does not care; the clients must agree.
pub(crate) const REGION: &str = "us-east-1";

const SERVICES: &str = "s3,sqs,dynamodb,lambda,iam,sts,events,scheduler,apigateway,cloudformation,logs,cloudwatch,ssm,secretsmanager";
const READY_LIMIT: Duration = Duration::from_secs(60);

/// The running emulator.
#[derive(Debug)]
pub(crate) struct Emulator {
    pub(crate) port: u16,
    pub(crate) process: Guarded,
}

impl Emulator {
    /// Starts it and waits until it answers. `functions_see` is what the functions take for AWS: the emulator itself, or
    /// a proxy that a test put before it.
    pub(crate) async fn start(
        python: &Python,
        directory: &Directory,
        asked_port: u16,
        functions_see: Option<&str>,
        client: &PlainClient,
    ) -> anyhow::Result<Self> {
        let port = choose_port(directory, asked_port)?;
        let address = url(port);
        let (mut process, _lines) = Guarded::start(
            "emulator",
            python,
            directory,
            python.interpreter(),
            |command| {
                command.args(["-m", "ministack"]);
                // Functions inherit this environment, so it starts empty: no proxies, no profiles, no real account.
                command.env_clear();
                for kept in ["PATH", "HOME", "LANG"] {
                    if let Some(value) = std::env::var_os(kept) {
                        command.env(kept, value);
                    }
                }
                command
                    .env("AWS_ENDPOINT_URL", functions_see.unwrap_or(&address))
                    .env("AWS_DEFAULT_REGION", REGION)
                    .env("AWS_EC2_METADATA_DISABLED", "true")
                    .env("GATEWAY_PORT", port.to_string())
                    .env("BIND_HOST", "127.0.0.1")
                    .env("MINISTACK_HOST", "localhost")
                    .env("MINISTACK_REGION", REGION)
                    .env("IOT_MTLS_ENABLED", "0")
                    .env("SFTP_ENABLED", "0")
                    .env("SERVICES", SERVICES)
                    .env("LAMBDA_WARM_TTL_SECONDS", "20")
                    .env("PERSIST_STATE", "1")
                    .env("STATE_DIR", directory.emulator_state())
                    .env("S3_DATA_DIR", directory.emulator_state().join("s3"))
                    .env("TMPDIR", directory.temporary())
                    .env("PYTHONDONTWRITEBYTECODE", "1")
                    .env("PYTHONUNBUFFERED", "1");
            },
        )?;
        let deadline = Instant::now() + READY_LIMIT;
        let health = format!("{address}/_localstack/health");
        while plain_http::get_json(client, &health).await.is_err() {
            if process.ended().is_some() {
                bail!("{}", process.obituary());
            }
            if Instant::now() > deadline {
                bail!(
                    "the AWS emulator did not become ready; see {}",
                    directory.logs().display()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Directory::write(&directory.emulator_port(), &port.to_string())?;
        Ok(Self { port, process })
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The port of the last run where it is free, since queue addresses that were stored with it then stay true.
fn choose_port(directory: &Directory, asked: u16) -> anyhow::Result<u16> {
    if asked != 0 {
        return Ok(asked);
    }
    let last: u16 = std::fs::read_to_string(directory.emulator_port())
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, last))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .context("finding a free port for the AWS emulator")?;
    Ok(listener.local_addr().context("reading a port")?.port())
}
