//! A notification is acknowledged when its news is stored, and not before.

use end_to_end::Way;
use payonce_domain::{Mode, Source};

use crate::faults::Fault;
use crate::stage::{PRICE, Stage};

/// F30, F32: the write failed, or nobody knows: the channel is asked to repeat itself.
#[tokio::test]
async fn f30_f32_what_is_not_surely_stored_is_not_acknowledged() {
    for way in [Way::ALIPAY_PAGE, Way::WECHAT_NATIVE] {
        let stage = Stage::set(Mode::Strict).await;
        let key = stage.key("one");
        let payment = stage.opened("one", way).await;
        let no = payment.channel_orders[0].no.to_string();
        stage.simulator.pay(&no).await.unwrap();
        let heard = stage.heard(1).await;

        // The evidence is kept first; then the write of the payment itself is lost.
        stage.database.plan(&[
            Fault::None,
            Fault::LostRequest,
            Fault::LostRequest,
            Fault::LostRequest,
        ]);
        let lost = stage.receive(&heard).await;
        assert!(stage.database.is_used_up());
        assert_eq!(stage.money(key).await, (0, 0, 0), "{way:?}");
        // It happens, and nobody says so.
        stage.database.plan(&[
            Fault::None,
            Fault::LostAnswer,
            Fault::Throttled,
            Fault::Throttled,
        ]);
        let unknown = stage.receive(&heard).await;
        assert!(stage.database.is_used_up());
        assert_eq!(stage.money(key).await, (PRICE, PRICE, 0), "{way:?}");
        let repeated = stage.receive(&heard).await;

        assert!((200..300).contains(&repeated.status), "{repeated:?}");
        for said in [lost, unknown] {
            assert_ne!(said, repeated, "{way:?}: acknowledged too early");
        }
        let captures = stage.payment(key).await.captures;
        assert_eq!(captures.len(), 1, "{way:?}: {captures:?}");
        assert_eq!(captures[0].source, Source::Notification);
    }
}

/// F31: whoever answers a channel must not wait for one.
#[tokio::test]
async fn f31_a_notification_is_taken_without_asking_anybody() {
    let stage = Stage::set(Mode::Lenient).await;
    let key = stage.key("one");
    let first = stage.opened("one", Way::ALIPAY_PAGE).await;
    let second = stage.opened("one", Way::WECHAT_NATIVE).await;
    let orders = [&first, &second].map(|payment| payment.channel_orders.last().unwrap().no);
    for no in orders {
        stage.simulator.pay(&no.to_string()).await.unwrap();
    }
    let [page, native] = orders;
    let asked = (stage.asked(page).await, stage.asked(native).await);
    assert_eq!(asked.1, ["POST /v3/pay/transactions/native"]);
    for count in [1, 2] {
        let said = stage.receive(&stage.heard(count).await).await;
        assert!((200..300).contains(&said.status), "{said:?}");
    }
    assert_eq!(stage.money(key).await, (2 * PRICE, PRICE, PRICE));
    let asked_now = (stage.asked(page).await, stage.asked(native).await);
    assert_eq!(asked_now, asked, "a channel was called");
    assert!(stage.accelerators.refunds_invoked().is_empty());
}
