//! Starts everything in order, keeps an eye on it, and stops it in the opposite order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use crate::binaries::{Binaries, workspace};
use crate::credentials::Credentials;
use crate::deployment::Deployment;
use crate::directory::Directory;
use crate::emulator::{Emulator, REGION};
use crate::endpoints::Endpoints;
use crate::front_door::{FrontDoor, Reserved, Target};
use crate::guarded::{self, Guarded};
use crate::operators::Operators;
use crate::plain_http;
use crate::port;
use crate::progress::Progress;
use crate::python::{self, Python};
use crate::seed::{self, Seeding};
use crate::simulator::{self, Simulator};
use crate::start_page;

/// The default of `SecretPrefix` in `template.yaml`.
const SECRET_PREFIX: &str = "payonce/";

/// What may differ from one local stack to another.
#[derive(Clone, Debug)]
pub struct StackOptions {
    /// Where it keeps what it writes. Two stacks cannot share one.
    pub directory: PathBuf,
    /// The front door's port; 0 takes a free one.
    pub port: u16,
    /// The channel simulator's port; 0 takes that of the last run, or a free one.
    pub simulator_port: u16,
    /// The AWS emulator's port; 0 takes that of the last run, or a free one.
    pub emulator_port: u16,
    /// Build with optimisation, as for real.
    pub release: bool,
    /// Throw away the state of earlier runs.
    pub fresh: bool,
    /// Let the functions' clock follow the channels': advancing `/_ctl/clock` then brings tomorrow everywhere but in the
    /// AWS emulator. Not with `release`.
    pub one_clock: bool,
    /// What the functions take for AWS in place of the emulator: a test's proxy that loses and delays answers.
    pub aws_proxy: Option<String>,
    /// What the functions take for the channels in place of the simulator.
    pub channel_proxy: Option<String>,
    /// Parameters of `template.yaml` that are not to be its defaults.
    pub parameters: BTreeMap<&'static str, &'static str>,
    /// Where the demo merchants may be told, beside the addresses they have: a test's receiver.
    pub notify_urls: Vec<String>,
    /// Where the demo merchants may have buyers sent back to, beside the addresses they have.
    pub return_urls: Vec<String>,
    /// Binaries that were built already.
    pub binaries: Option<Binaries>,
    /// Say nothing while starting.
    pub quiet: bool,
}

/// Where the README has a newcomer play the shop that is told.
const PLAYED_SHOP: &str = "http://127.0.0.1:9009/told";

impl StackOptions {
    /// What `cargo run` starts: a known port, and state that stays.
    #[must_use]
    pub fn for_people() -> Self {
        Self {
            directory: workspace().join("target").join("local"),
            port: 3000,
            simulator_port: 0,
            emulator_port: 0,
            release: false,
            fresh: false,
            one_clock: false,
            aws_proxy: None,
            channel_proxy: None,
            parameters: BTreeMap::new(),
            notify_urls: vec![PLAYED_SHOP.to_owned()],
            return_urls: Vec::new(),
            binaries: None,
            quiet: false,
        }
    }

    /// What a test starts: free ports, nothing of an earlier run, a directory named after the test.
    #[must_use]
    pub fn for_test(name: &str) -> Self {
        Self {
            directory: workspace().join("target").join("local-tests").join(name),
            port: 0,
            fresh: true,
            ..Self::for_people()
        }
    }
}

/// A running local stack. Dropping it stops everything and waits for it.
#[derive(Debug)]
pub struct Stack {
    // Dropped in this order: first nobody comes in, then the children end, then the directory is free.
    front_door: FrontDoor,
    children: Vec<Guarded>,
    endpoints: Endpoints,
    directory: Directory,
}

impl Stack {
    /// Builds, starts, deploys and seeds, and returns when everything answers.
    ///
    /// # Errors
    /// When something is missing, taken or broken; the message says what to do. Nothing is left running then.
    pub async fn start(options: StackOptions) -> anyhow::Result<Self> {
        anyhow::ensure!(
            !(options.one_clock && options.release),
            "--one-clock is not to be had with --release: nothing moves the clock of a binary built for real"
        );
        let progress = Progress::new(options.quiet);
        let directory = Directory::take(&options.directory, options.fresh)?;
        let reserved = Reserved::take(options.port)?;
        let front_door_url = reserved.url();

        // What is missing or taken should be said before a long build, not after it.
        port::check(options.simulator_port, "--simulator-port")?;
        port::check(options.emulator_port, "--emulator-port")?;
        let host = python::find().await?;
        let build = async {
            match options.binaries.clone() {
                Some(binaries) => Ok(binaries),
                None => Binaries::build_saying(options.release, &progress).await,
            }
        };
        let (python, binaries) = tokio::try_join!(Python::prepare(&host, &progress), build)?;
        guarded::sweep(&python, &directory, &["emulator", "channel simulator"])?;

        let client = plain_http::client();
        progress.say("starting the channel simulator and the AWS emulator");
        let (simulator, emulator) = tokio::try_join!(
            Simulator::start(
                &python,
                &directory,
                &binaries,
                &options,
                &front_door_url,
                &client
            ),
            Emulator::start(
                &python,
                &directory,
                options.emulator_port,
                options.aws_proxy.as_deref(),
                options.one_clock,
                &client
            )
        )?;

        progress.say("deploying template.yaml");
        let deployment = Deployment::make(
            &python,
            &binaries,
            &emulator.url(),
            &front_door_url,
            &options.parameters,
            &progress,
        )
        .await?;

        progress.say("seeding the demo merchants");
        let mut credentials = Credentials::load_or_make(&directory)?;
        for merchant in &mut credentials.merchants {
            merchant.notify_urls.extend(options.notify_urls.clone());
            merchant.return_urls.extend(options.return_urls.clone());
        }
        let tables = deployment.tables()?;
        let keys = keys_through(&simulator.keys, options.channel_proxy.as_deref());
        seed::seed(&Seeding {
            aws_endpoint_url: &emulator.url(),
            region: REGION,
            tables: &tables,
            credentials: &credentials,
            keys: &keys,
            secret_prefix: SECRET_PREFIX,
        })
        .await
        .context("seeding the demo merchants")?;

        let operators = Operators::of(&credentials.operator_token)?;
        let endpoints = Endpoints {
            api_url: front_door_url.clone(),
            simulator_url: simulator.url.clone(),
            aws_endpoint_url: emulator.url(),
            aws_region: REGION.to_owned(),
            tables,
            queues: deployment.queues()?,
            functions: deployment.functions()?,
            event_bus: deployment.event_bus()?,
            merchants: credentials.merchants,
            operator_token: operators.token()?,
            operator_links: operators.links(&front_door_url)?,
        };
        let front_door = reserved.open(Target {
            emulator_port: emulator.port,
            api_id: deployment.api_id("Api")?,
            console_api_id: deployment.api_id("ConsoleApi")?,
            start_page: start_page::render(&endpoints),
        })?;
        let stack = Self {
            front_door,
            children: vec![emulator.process, simulator.process],
            endpoints,
            directory,
        };
        let text = serde_json::to_string_pretty(&stack.endpoints).context("writing endpoints")?;
        Directory::write(&stack.directory.endpoints(), &text)?;
        progress.say("ready");
        Ok(stack)
    }

    /// Where everything is, and whom to be.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The file that holds them.
    #[must_use]
    pub fn endpoints_file(&self) -> PathBuf {
        self.directory.endpoints()
    }

    /// Returns when something that should run has stopped, and says what.
    pub async fn failure(&mut self) -> String {
        loop {
            for child in &mut self.children {
                if child.ended().is_some() {
                    return child.obituary();
                }
            }
            if !self.front_door.is_open() {
                return "the front door closed by itself".to_owned();
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Stops everything and waits until nothing is left. State stays for the next start.
    pub async fn stop(self) {
        // Should the waiting thread fail, it has dropped the stack all the same.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // Nothing answers there from now on. A file that stays is overwritten by the next start.
        let _ = std::fs::remove_file(self.directory.endpoints());
        for child in &mut self.children {
            child.release();
        }
    }
}

/// The simulator's keys with every channel address led through the proxy.
fn keys_through(keys: &Value, proxy: Option<&str>) -> Value {
    let mut keys = keys.clone();
    let accounts = keys
        .as_object_mut()
        .into_iter()
        .flat_map(|channels| channels.values_mut())
        .filter_map(Value::as_array_mut)
        .flatten();
    for account in accounts {
        if let Some(Value::String(base_url)) = account.get_mut("base_url") {
            *base_url = simulator::through(base_url, proxy);
        }
    }
    keys
}
