//! Deploys the unmodified `template.yaml` to the emulator through `python/deploy.py`, and reads what came of it.

use std::collections::BTreeMap;
use std::process::Stdio;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::binaries::{Binaries, workspace};
use crate::emulator::REGION;
use crate::progress::Progress;
use crate::python::Python;

const STACK: &str = "payonce";

/// The outputs of the deployed stack, and its APIs' real names by their logical ids.
#[derive(Debug, Deserialize)]
pub(crate) struct Deployment {
    apis: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

impl Deployment {
    /// Deploys and waits.
    pub(crate) async fn make(
        python: &Python,
        binaries: &Binaries,
        emulator_url: &str,
        public_url: &str,
        parameters: &BTreeMap<&'static str, &'static str>,
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        let mut parameters = parameters.clone();
        parameters.extend([
            ("Architecture", "x86_64"),
            ("PublicUrl", public_url),
            // A newcomer's merchant listens on this machine.
            ("NotifyLoopback", "true"),
            // A newcomer is every operator. Nobody signs in here, so the issuer is never asked.
            ("ConsoleLinks", "true"),
            ("JwtIssuer", "https://nobody.invalid"),
            ("JwtAudience", "nobody"),
        ]);
        let request = json!({
            "endpoint": emulator_url,
            "region": REGION,
            "stack": STACK,
            "template": workspace().join("template.yaml"),
            "binaries": binaries.all(),
            "parameters": parameters,
        });
        let mut child = python
            .script("deploy.py")
            .env_remove("AWS_CA_BUNDLE")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_DEFAULT_PROFILE")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("NO_PROXY", "127.0.0.1,localhost")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting the deployment")?;
        let mut input = child.stdin.take().expect("standard input is piped");
        input
            .write_all(request.to_string().as_bytes())
            .await
            .context("telling the deployment what to do")?;
        drop(input);
        let output = child.stdout.take().expect("standard output is piped");
        let mut result = None;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines
            .next_line()
            .await
            .context("reading from the deployment")?
        {
            let Ok(said) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            if let Some(step) = said.get("progress").and_then(Value::as_str) {
                progress.say(step);
            }
            if let Some(error) = said.get("error").and_then(Value::as_str) {
                result = Some(Err(anyhow!("deploying template.yaml: {error}")));
            }
            if let Some(made) = said.get("result") {
                result =
                    Some(serde_json::from_value(made.clone()).context("reading the deployment"));
            }
        }
        let ended = child
            .wait_with_output()
            .await
            .context("waiting for the deployment")?;
        match result {
            Some(result) => result,
            None => bail!(
                "deploying template.yaml ended without a word: {}",
                String::from_utf8_lossy(&ended.stderr).trim()
            ),
        }
    }

    /// Tables by the names that `endpoints.json` promises.
    pub(crate) fn tables(&self) -> anyhow::Result<BTreeMap<String, String>> {
        self.named(&[
            ("payments", "PaymentsTableName"),
            ("evidence", "EvidenceTableName"),
            ("merchants", "MerchantsTableName"),
            ("controls", "ControlsTableName"),
            ("delayed-messages", "DelayedMessagesTableName"),
            ("ledger", "LedgerTableName"),
            ("findings", "FindingsTableName"),
            ("appeals", "AppealsTableName"),
            ("journal", "JournalTableName"),
        ])
    }

    pub(crate) fn queues(&self) -> anyhow::Result<BTreeMap<String, String>> {
        self.named(&[
            ("payment-queries", "PaymentQueriesQueueUrl"),
            ("delayed-messages", "DelayedMessagesQueueUrl"),
            ("merchant-notifications", "MerchantNotificationsQueueUrl"),
        ])
    }

    pub(crate) fn functions(&self) -> anyhow::Result<BTreeMap<String, String>> {
        self.named(&[
            ("pay", "PayFunctionName"),
            ("payments", "PaymentsFunctionName"),
            ("webhook", "WebhookFunctionName"),
            ("query", "QueryFunctionName"),
            ("scan", "ScanFunctionName"),
            ("refund", "RefundFunctionName"),
            ("reconcile", "ReconcileFunctionName"),
            ("delay", "DelayFunctionName"),
            ("notify", "NotifyFunctionName"),
            ("appeals", "AppealsFunctionName"),
            ("cashier", "CashierFunctionName"),
            ("console", "ConsoleFunctionName"),
            ("audit", "AuditFunctionName"),
        ])
    }

    /// An API by its real name.
    pub(crate) fn api_id(&self, name: &str) -> anyhow::Result<String> {
        let id = self.apis.get(name).cloned();
        id.with_context(|| format!("template.yaml has no API {name}"))
    }

    /// The event bus by its real name.
    pub(crate) fn event_bus(&self) -> anyhow::Result<String> {
        Ok(self.output("EventBusName")?.to_owned())
    }

    fn output(&self, output: &str) -> anyhow::Result<&str> {
        let value = self.outputs.get(output).map(String::as_str);
        value.with_context(|| format!("template.yaml has no output {output}"))
    }

    fn named(&self, names: &[(&str, &str)]) -> anyhow::Result<BTreeMap<String, String>> {
        names
            .iter()
            .map(|(name, output)| {
                let value = self.output(output)?;
                Ok(((*name).to_owned(), value.to_owned()))
            })
            .collect()
    }
}
