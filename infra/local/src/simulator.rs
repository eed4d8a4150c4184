//! The channel simulator: told which accounts exist and where their notifications go, started, asked for their keys.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use crate::binaries::Binaries;
use crate::credentials::ACCOUNTS;
use crate::directory::Directory;
use crate::guarded::Guarded;
use crate::plain_http::{self, PlainClient};
use crate::port;
use crate::python::Python;
use crate::stack::StackOptions;

const READY_LIMIT: Duration = Duration::from_secs(60);
const READY: &str = "channel-simulator listening on ";

/// The running simulator.
#[derive(Debug)]
pub(crate) struct Simulator {
    pub(crate) url: String,
    /// What `GET /_ctl/keys` says.
    pub(crate) keys: Value,
    pub(crate) process: Guarded,
}

impl Simulator {
    pub(crate) async fn start(
        python: &Python,
        directory: &Directory,
        binaries: &Binaries,
        options: &StackOptions,
        front_door: &str,
        client: &PlainClient,
    ) -> anyhow::Result<Self> {
        let port = port::choose(
            options.simulator_port,
            &directory.simulator_port(),
            "--simulator-port",
        )?;
        let setup = directory.simulator_setup();
        let text =
            serde_json::to_string_pretty(&setup_for(front_door)).context("writing the setup")?;
        Directory::write(&setup, &text)?;
        let program = binaries.path("channel-simulator")?;
        let (process, lines) =
            Guarded::start("channel simulator", python, directory, program, |command| {
                command
                    .args(["--port", &port.to_string(), "--setup"])
                    .arg(&setup)
                    .arg("--state")
                    .arg(directory.simulator_state());
                if options.fresh {
                    command.arg("--fresh");
                }
                // Addresses of its own that it hands out, bills' among them, lead through the proxy too.
                if let Some(proxy) = &options.channel_proxy {
                    command.args(["--public-url", proxy]);
                }
                if options.one_clock {
                    command.arg("--clock-file").arg(directory.clock());
                }
            })?;
        let ready = tokio::task::spawn_blocking(move || {
            let deadline = std::time::Instant::now() + READY_LIMIT;
            loop {
                let left = deadline.saturating_duration_since(std::time::Instant::now());
                let line = lines.recv_timeout(left).ok()?;
                if let Some(url) = line.strip_prefix(READY) {
                    return Some(url.trim().trim_end_matches('/').to_owned());
                }
            }
        });
        let url = ready
            .await
            .context("waiting for the channel simulator")?
            .with_context(|| process.obituary())?;
        let keys = plain_http::get_json(client, &format!("{url}/_ctl/keys")).await?;
        Ok(Self { url, keys, process })
    }
}

fn setup_for(front_door: &str) -> Value {
    let accounts: Vec<Value> = ACCOUNTS
        .iter()
        .map(|each| {
            let channel = each.channel.name();
            let mut account = json!({
                "channel": channel,
                "account": each.account,
                "merchant_id": each.merchant_id,
                "webhook_url": format!("{front_door}/v1/webhooks/{channel}/{}", each.account),
            });
            if each.has_certificates {
                account["mode"] = json!("certificates");
            }
            account
        })
        .collect();
    json!({ "accounts": accounts })
}

/// The same address at another server: how a test puts a proxy before the channel.
pub(crate) fn through(address: &str, proxy: Option<&str>) -> String {
    let Some(proxy) = proxy else {
        return address.to_owned();
    };
    let after_scheme = address.find("://").map_or(0, |at| at + 3);
    let path = address[after_scheme..]
        .find('/')
        .map_or("", |at| &address[after_scheme + at..]);
    format!("{}{path}", proxy.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_takes_the_place_of_the_server_and_keeps_the_path() {
        let address = "http://127.0.0.1:4100/alipay/gateway.do";
        assert_eq!(through(address, None), address);
        assert_eq!(
            through(address, Some("http://127.0.0.1:9/")),
            "http://127.0.0.1:9/alipay/gateway.do"
        );
        assert_eq!(
            through("http://127.0.0.1:4100", Some("http://127.0.0.1:9")),
            "http://127.0.0.1:9"
        );
    }
    #[test]
    fn the_simulator_is_told_where_each_account_is_notified_and_which_has_certificates() {
        let setup = setup_for("http://127.0.0.1:3000");
        let accounts = setup["accounts"].as_array().expect("a list");
        assert_eq!(accounts.len(), ACCOUNTS.len());
        for (told, demo) in accounts.iter().zip(&ACCOUNTS) {
            let channel = demo.channel.name();
            assert_eq!(
                told["webhook_url"],
                format!(
                    "http://127.0.0.1:3000/v1/webhooks/{channel}/{}",
                    demo.account
                )
            );
            let mode = told.get("mode").and_then(Value::as_str);
            let wanted = demo.has_certificates.then_some("certificates");
            assert_eq!(mode, wanted, "{}", demo.account);
        }
    }
}
