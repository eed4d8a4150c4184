//! Open an appeal: the put is the idempotency check.

use payonce_domain::appeal::{self, AppealRequest};
use payonce_domain::{PaymentNo, Timestamp};
use payonce_store::{AppealCreated, Merchant, StoredAppeal};

use super::AppealFailure;
use crate::App;
use crate::failure::Invalid;

/// How opening ended.
#[derive(Debug)]
pub struct OpenedAppeal {
    /// The appeal as stored.
    pub stored: StoredAppeal,
    /// Whether this request made it; else it stood already.
    pub made: bool,
}

impl App {
    /// Stores an appeal. Its facts are due at once.
    ///
    /// # Errors
    /// An [`AppealFailure`] of the contract.
    pub async fn open_appeal(
        &self,
        merchant: &Merchant,
        request: AppealRequest,
        now: Timestamp,
    ) -> Result<OpenedAppeal, AppealFailure> {
        let decision = appeal::open(request.clone(), now)?;
        self.check_orders(merchant, &request.orders).await?;
        match self.store.create_appeal(&decision).await? {
            AppealCreated::New(stored) => {
                super::say(&stored);
                Ok(OpenedAppeal { stored, made: true })
            }
            AppealCreated::Existing(stored) => {
                appeal::repeat(stored.appeal(), &request)?;
                Ok(OpenedAppeal {
                    stored,
                    made: false,
                })
            }
        }
    }

    /// Another merchant's order is as absent as one that never was.
    async fn check_orders(
        &self,
        merchant: &Merchant,
        orders: &[PaymentNo],
    ) -> Result<(), AppealFailure> {
        let keys: Vec<_> = orders.iter().map(|no| no.key()).collect();
        let many = self.store.load_many(&keys).await?;
        let found = many.found.iter();
        let own = found.filter(|one| one.payment().terms.merchant_id == merchant.id);
        if own.count() == orders.len() {
            return Ok(());
        }
        Err(AppealFailure::Invalid(Invalid {
            pointer: "/payment_nos",
            detail: "must name payments of yours".to_owned(),
        }))
    }
}
