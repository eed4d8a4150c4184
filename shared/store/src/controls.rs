//! The table `controls`: what operators may stop or limit.

use payonce_domain::{Money, Timestamp};

use crate::Store;
use crate::error::StoreError;

/// Whether refunds are sent, and how much an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundControls {
    /// Off is the kill switch: refunds stay owed and none is sent.
    pub enabled: bool,
    /// The most that is sent in one hour of the clock; none: no limit.
    pub hourly_cap: Option<Money>,
}

impl Default for RefundControls {
    fn default() -> Self {
        Self {
            enabled: true,
            hourly_cap: None,
        }
    }
}

impl Store {
    /// The controls in force; the default where none were ever set.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be had or read; then nothing may be sent.
    pub async fn refund_controls(&self) -> Result<RefundControls, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// Puts controls in force.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be stored.
    pub async fn set_refund_controls(&self, _controls: &RefundControls) -> Result<(), StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// Counts a refund about to be sent against the hour's cap; `false`: it would exceed it, and was
    /// not counted. Without a cap nothing is written.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be counted; then it may not be sent.
    pub async fn count_refund(
        &self,
        _amount: Money,
        _cap: Option<Money>,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }
}
