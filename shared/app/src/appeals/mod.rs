//! Appeals (申诉): open, gather, answer, rule, approve, settle, tell.
//!
//! Each step is stored before anything follows from it, and what follows is due in the item: lost
//! invocations cost a minute. Operators' steps only store; what they approve is carried out by the
//! function `appeals`, through each payment's own decision.

mod advance;
mod answer;
mod bills;
mod failure;
mod gather;
mod link;
mod list;
mod open;
mod rule;
mod settle;
mod tell;

pub use advance::AppealsSwept;
pub use answer::Answer;
pub use failure::AppealFailure;
pub use link::{AppealLink, LinkedAppeal};
pub use open::OpenedAppeal;

use payonce_domain::appeal::AppealRefusal;
use payonce_domain::{Appeal, AppealDecision, AppealNo};
use payonce_store::{AppealSaved, Merchant, StoredAppeal};

use crate::App;
use crate::delay::Delay;

/// How often a decision is made again because somebody else wrote first. Few ever write at a time.
const TRIES_MAX: usize = 16;

/// Everything the function `appeals` acts through: payments, and the delayed messages that tell of it.
pub struct Appeals {
    /// Payments, appeals, channels.
    pub app: App,
    /// What merchants are told through.
    pub delay: Delay,
}

impl App {
    /// The appeal with this number, whoever asks: for operators and for whoever holds its link.
    ///
    /// # Errors
    /// [`AppealFailure::NotFound`], or that the store cannot be read.
    pub async fn appeal(&self, no: AppealNo) -> Result<StoredAppeal, AppealFailure> {
        let found = self.store.load_appeal(no.key()).await?;
        found.ok_or(AppealFailure::NotFound)
    }

    /// The same for a merchant. Another merchant's is not there, to the byte.
    ///
    /// # Errors
    /// [`AppealFailure::NotFound`], or that the store cannot be read.
    pub async fn appeal_of(
        &self,
        merchant: &Merchant,
        no: AppealNo,
    ) -> Result<StoredAppeal, AppealFailure> {
        let found = self.appeal(no).await?;
        if found.appeal().request.merchant_id == merchant.id {
            Ok(found)
        } else {
            Err(AppealFailure::NotFound)
        }
    }

    /// Decides on an appeal and stores the decision, deciding again on what is there if somebody wrote
    /// first. A decision that changes nothing costs nothing.
    async fn change_appeal(
        &self,
        mut seen: StoredAppeal,
        decide: impl Fn(&Appeal) -> Result<AppealDecision, AppealRefusal>,
    ) -> Result<StoredAppeal, AppealFailure> {
        for _ in 0..TRIES_MAX {
            let decision = decide(seen.appeal())?;
            if !decision.changed() {
                return Ok(seen);
            }
            match self.store.save_appeal(&seen, &decision).await? {
                AppealSaved::Done(stored) => {
                    say(&stored);
                    return Ok(stored);
                }
                AppealSaved::Moved(there) => seen = there,
            }
        }
        Err(AppealFailure::Unavailable(anyhow::anyhow!(
            "appeal {} keeps moving",
            seen.appeal().no()
        )))
    }
}

/// What was said in it is nobody's business here.
fn say(stored: &StoredAppeal) {
    let appeal = stored.appeal();
    let (no, state) = (appeal.no(), appeal.state.name());
    tracing::info!(
        appeal.no = %no,
        version = appeal.version.0,
        state,
        "appeal {no} is {state}"
    );
}
