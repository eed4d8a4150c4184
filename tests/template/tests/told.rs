//! What merchants and the bus are told is as `infra/openapi.yaml` and `infra/events.schema.json` say.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use payonce_domain::{
    AccountId, Announcement, AnnouncementKind, Channel, ChannelChoice, Command, Leg, MerchantId,
    MerchantOrderNo, Method, Mode, Money, Payment, Stretch, Terms, Timestamp, Version, decide,
};
use payonce_lambda::telling::TELLING;
use serde_json::Value;
use template_tests::{OpenApi, root};

const NOW: Timestamp = Timestamp::from_millis(1_795_132_800_123);

fn payment() -> Payment {
    let terms = Terms {
        merchant_id: MerchantId::new("shop").unwrap(),
        merchant_order_no: MerchantOrderNo::new("SO-1").unwrap(),
        mode: Mode::Strict,
        amount: Money::from_fen(1_999),
        subject: "tea".to_owned(),
        expires_at: NOW
            .plus(payonce_domain::Span::minutes(15))
            .floor_to_second(),
        return_url: None,
        notify_url: Some("https://shop.example/told".to_owned()),
        client_ip: None,
        payer: None,
        metadata: BTreeMap::new(),
    };
    let choice = ChannelChoice {
        channel: Channel::Alipay,
        method: Method::Page,
        account: AccountId::new("shop-alipay").unwrap(),
        bank: None,
        stretch: Stretch::NONE,
    };
    let opened = decide::open(terms, Some(choice), NOW).unwrap();
    let asked = opened.payment().version;
    let close = Command::Close { asked };
    let closing = decide::on_command(opened.payment(), close, NOW).unwrap();
    closing.into_payment()
}

fn announcement(kind: AnnouncementKind) -> Announcement {
    Announcement {
        sequence: 1,
        kind,
        subject: (kind != AnnouncementKind::Paid).then(|| "2026".to_owned()),
        version: Version(2),
        at: NOW,
        bus: Leg::WAITING,
        merchant: Leg::WAITING,
    }
}

#[test]
fn messages_and_events_are_as_documented() {
    let document = OpenApi::read().unwrap();
    let text = std::fs::read_to_string(root().join("infra/events.schema.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    for note in ["$schema", "$id"] {
        schema.as_object_mut().unwrap().remove(note);
    }
    let payment = payment();
    for kind in AnnouncementKind::ALL {
        let announcement = announcement(kind);
        let message = (TELLING.message)(&payment, &announcement).unwrap();
        let wrong = document.check("Notification", &message);
        assert!(wrong.is_empty(), "{wrong:?}");
        let event = (TELLING.event)(&payment, &announcement).unwrap();
        let wrong = document.check_against(&schema, &event);
        assert!(wrong.is_empty(), "{wrong:?}");
        let wrong = document.check("Payment", &event["data"]["payment"]);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(event["id"], message["id"], "one name for one announcement");
    }
}
