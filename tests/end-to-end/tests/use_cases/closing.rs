//! Closing at a channel that wants an order to be of some age first.

use end_to_end::Way;
use payonce_app::Closed;
use payonce_domain::{ChannelOrderNo, ChannelOrderState, Mode};

use crate::stage::{PRICE, Stage, order};

async fn closes(stage: &Stage, no: ChannelOrderNo) -> usize {
    let asked = stage.asked(no).await;
    asked.iter().filter(|word| word.ends_with("/close")).count()
}

/// F58: WeChat asks for five minutes between an order and its close. A buyer who may be at its page gets them; one who
/// gave up does not.
#[tokio::test]
async fn f58_a_young_order_is_closed_at_once_only_if_it_was_given_up() {
    let stage = Stage::set(Mode::Lenient).await;
    // WeChat signs and verifies by a clock that cannot be moved on; ours may lag behind it for less than five minutes.
    stage.lag(270);
    let native = stage.opened("one", Way::WECHAT_NATIVE).await;
    let page = stage.opened("one", Way::ALIPAY_PAGE).await;
    let (key, no) = (native.key, native.channel_orders[0].no);
    let paid = page.channel_orders[1].no.to_string();
    stage.simulator.pay(&paid).await.unwrap();
    stage.receive(&stage.heard(1).await).await;
    let state = async || {
        let payment = stage.payment(key).await;
        payment.channel_order(no).unwrap().state
    };
    for _ in 0..4 {
        stage.pass(60).await;
        stage.app.sweep(stage.now()).await;
        assert_eq!(state().await, ChannelOrderState::Closing);
    }
    assert_eq!(closes(&stage, no).await, 0, "too young to be closed");
    stage.pass(140).await;
    stage.app.sweep(stage.now()).await;
    assert_eq!(state().await, ChannelOrderState::Closed);
    assert_eq!(closes(&stage, no).await, 1);
    assert_eq!(stage.money(key).await, (PRICE, PRICE, 0));

    let other = order("two", Way::WECHAT_NATIVE, stage.now());
    let given_up = stage.initiate(other).await.unwrap().payment;
    let closing = stage
        .app
        .close(&stage.merchant, given_up.payment_no(), stage.now());
    let Closed { payment, proven } = closing.await.unwrap();
    assert!(proven, "{payment:?}");
    assert_eq!(closes(&stage, given_up.channel_orders[0].no).await, 1);
}
