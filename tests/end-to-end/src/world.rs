//! Everything a scenario can reach, around one running stack.

use std::sync::Arc;

use anyhow::Context;
use payonce_local::{Endpoints, MerchantEndpoint, Mode};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::aws::Aws;
use crate::ears::Ears;
use crate::http::Http;
use crate::merchant::Merchant;
use crate::receiver::Receiver;
use crate::repairs::Repairs;
use crate::simulator::Simulator;

/// What scenarios share. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct World {
    /// Where everything is.
    pub endpoints: Arc<Endpoints>,
    /// The channel's side.
    pub simulator: Simulator,
    /// The operator's side.
    pub aws: Aws,
    /// Where every demo merchant may be told.
    pub receiver: Receiver,
    /// A client without any key.
    pub http: Http,
    /// Where a test may listen alone, be slow, or refuse.
    pub ears: Ears,
    /// How long things took, by scenario.
    pub repairs: Repairs,
    /// The scenario that is played.
    pub(crate) scenario: &'static str,
    turn: Arc<RwLock<()>>,
}

impl World {
    /// The world around a stack that runs.
    ///
    /// # Errors
    /// If no client can be built.
    pub fn around(endpoints: Endpoints, receiver: Receiver, ears: Ears) -> anyhow::Result<Self> {
        let http = Http::new()?;
        let endpoints = Arc::new(endpoints);
        Ok(Self {
            simulator: Simulator::new(http.clone(), endpoints.simulator_url.clone()),
            aws: Aws::new(http.clone(), Arc::clone(&endpoints)),
            receiver,
            ears,
            http,
            repairs: Repairs::default(),
            scenario: "",
            endpoints,
            turn: Arc::new(RwLock::new(())),
        })
    }

    /// The same world, as one scenario sees it.
    #[must_use]
    pub fn of(&self, scenario: &'static str) -> Self {
        Self {
            scenario,
            ..self.clone()
        }
    }

    /// The merchant who lets a second attempt stand beside the first.
    ///
    /// # Errors
    /// If none was seeded.
    pub fn lenient(&self) -> anyhow::Result<Merchant> {
        self.merchant(Mode::Lenient)
    }

    /// The merchant who wants the first attempt proven closed.
    ///
    /// # Errors
    /// If none was seeded.
    pub fn strict(&self) -> anyhow::Result<Merchant> {
        self.merchant(Mode::Strict)
    }

    /// The merchant whose channels a test may put out of order: no other scenario uses its accounts.
    ///
    /// # Errors
    /// If none was seeded.
    pub fn spare(&self) -> anyhow::Result<Merchant> {
        let mut all = self.endpoints.merchants.iter();
        let known = all.find(|merchant| merchant.merchant_id == "m-spare");
        Ok(self.client_of(known.context("there is no spare merchant")?))
    }

    /// Others may run beside whoever holds this, but nobody who empties the queue or needs the whole machine.
    pub async fn beside_others(&self) -> RwLockReadGuard<'_, ()> {
        self.turn.read().await
    }

    /// Nobody runs beside whoever holds this.
    pub async fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.turn.write().await
    }

    fn merchant(&self, mode: Mode) -> anyhow::Result<Merchant> {
        let known = self
            .endpoints
            .merchants
            .iter()
            .find(|merchant| merchant.mode == mode);
        let known = known.with_context(|| format!("there is no {mode:?} merchant"))?;
        Ok(self.client_of(known))
    }

    fn client_of(&self, known: &MerchantEndpoint) -> Merchant {
        let (url, http) = (&self.endpoints.api_url, self.http.clone());
        Merchant::new(http, url, &known.merchant_id, &known.api_key)
    }
}
