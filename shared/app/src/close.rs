//! Close a payment at the merchant's wish (关单).

use std::time::Duration;

use payonce_domain::{
    ChannelOrderNo, Command, Payment, PaymentNo, PaymentState, Refusal, Timestamp,
};
use payonce_store::Merchant;

use crate::App;
use crate::change;
use crate::failure::Failure;

/// How a close ended.
#[derive(Debug)]
pub struct Closed {
    /// The payment as stored.
    pub payment: Payment,
    /// Whether it is closed; else it is closing, and closes by itself.
    pub proven: bool,
}

/// How often the question is asked again because the payment moved between question and close.
const ROUNDS_MAX: usize = 5;

/// How long after the start closing another attempt at its channel is begun: three calls of up to
/// eight seconds each, and the function has twenty-nine.
const BEGIN_WITHIN: Duration = Duration::from_secs(4);

fn open_attempts(payment: &Payment) -> Vec<ChannelOrderNo> {
    let open = payment
        .channel_orders
        .iter()
        .filter(|order| order.state.is_open());
    open.map(|order| order.no).collect()
}

impl App {
    /// Asks the channels, bars the payment, closes every open attempt at its channel. Whatever is
    /// paid later goes back.
    ///
    /// # Errors
    /// [`Refusal::AlreadyPaid`] if it is paid or the question shows it; the other [`Failure`]s.
    pub async fn close(
        &self,
        merchant: &Merchant,
        payment_no: PaymentNo,
        now: Timestamp,
    ) -> Result<Closed, Failure> {
        let began = self.stopwatch.read();
        let mut working = self.working_of(merchant, payment_no).await?;
        let mut barred = false;
        for _ in 0..ROUNDS_MAX {
            let open = open_attempts(working.payment());
            if working.payment().state != PaymentState::Paid {
                self.query_open(&mut working, now).await?;
            }
            // An attempt made meanwhile was not asked about, and is not closed unasked.
            if open_attempts(working.payment())
                .iter()
                .any(|no| !open.contains(no))
            {
                continue;
            }
            let asked = working.payment().version;
            let close = Command::Close { asked };
            match change::carry_out(&self.store, &mut working, &close, now).await {
                Ok(_) => {
                    barred = true;
                    break;
                }
                Err(Failure::Refused {
                    refusal: Refusal::Moved,
                    ..
                }) => {}
                Err(failure) => {
                    self.outbox
                        .wake(payment_no, &working.wakes_ahead(now), now)
                        .await;
                    return Err(failure);
                }
            }
        }
        if !barred {
            return Err(Failure::Unavailable(anyhow::anyhow!(
                "the payment keeps moving"
            )));
        }
        // What is not begun in time is an obligation already, and due now.
        for no in open_attempts(working.payment()) {
            if self.stopwatch.since(began) > BEGIN_WITHIN {
                break;
            }
            self.end_at_channel(&mut working, no, now).await?;
        }
        self.outbox
            .wake(payment_no, &working.wakes_ahead(now), now)
            .await;
        let proven = working.payment().state == PaymentState::Closed;
        Ok(Closed {
            payment: working.payment().clone(),
            proven,
        })
    }
}
