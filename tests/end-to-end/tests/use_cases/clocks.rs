//! Clocks that disagree: the channel's word on when it was paid counts, not ours.

use end_to_end::Way;
use payonce_app::InitiateRequest;
use payonce_domain::{Mode, Span};

use crate::stage::{PRICE, Stage, order};

/// F25: our clock is four minutes behind or ahead, and the buyer pays a minute before the channel's deadline.
#[tokio::test]
async fn f25_paid_in_time_by_the_channels_clock_is_paid() {
    for lag in [240, -240] {
        let stage = Stage::set(Mode::Strict).await;
        stage.lag(lag);
        let life = 600;
        let brief = InitiateRequest {
            expires_at: stage.now().plus(Span::seconds(life)),
            ..order("one", Way::ALIPAY_PAGE, stage.now())
        };
        let payment = stage.initiate(brief).await.unwrap().payment;
        let (key, attempt) = (payment.key, &payment.channel_orders[0]);
        stage.open(attempt, &payment).await;
        // The deadline is an instant, so to the channel it is as much nearer as our clock is behind.
        stage.pass(i64::try_from(life).unwrap() - lag - 60).await;
        stage.simulator.pay(&attempt.no.to_string()).await.unwrap();
        for _ in 0..10 {
            stage.app.sweep(stage.now()).await;
            stage.pass(60).await;
        }
        assert_eq!(stage.money(key).await, (PRICE, PRICE, 0), "{lag} s behind");
    }
}
