//! The AWS emulator: started on loopback with an environment that holds nothing of ours, and awaited.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::directory::Directory;
use crate::guarded::Guarded;
use crate::plain_http::{self, PlainClient};
use crate::port;
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
        one_clock: bool,
        client: &PlainClient,
    ) -> anyhow::Result<Self> {
        let port = port::choose(asked_port, &directory.emulator_port(), "--emulator-port")?;
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
                if one_clock {
                    // The functions look there; what they are built of does not know it.
                    command.env("CLOCK_AHEAD_FILE", directory.clock());
                }
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
        Ok(Self { port, process })
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
