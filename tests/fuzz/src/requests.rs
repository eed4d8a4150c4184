//! What merchants send: bodies and query parameters.

use std::collections::BTreeMap;

use payonce_domain::{MerchantId, Span, Timestamp};
use payonce_lambda::http::{delayed_messages, requests};

use crate::channel::pairs;
use crate::spoil::{Recipe, spoil};

/// 2026-11-20 16:00:00 in Beijing.
const NOW: Timestamp = Timestamp::from_millis(1_795_161_600_000);

const BODIES: [&str; 6] = [
    r#"{"merchant_order_no":"order-1","amount":{"value":1999,"currency":"CNY"},"subject":"A book","channel":"alipay","method":"wap","expires_in":900,"return_url":"https://m.example/r","notify_url":"https://m.example/n","client_ip":"203.0.113.7","payer":"o1","metadata":{"cart":"c-77"},"switch":true}"#,
    r#"{"merchant_order_no":"o","amount":{"value":1,"currency":"CNY"},"subject":"s","channel":"unionpay","method":"gateway","bank":"CMB","expires_at":"2026-11-20T08:30:00Z","replaces":{"payment_no":"PDGT80VT0AGC1JYMQG7QPBJ","confirmed_at":"2026-11-20T08:03:00Z"}}"#,
    r#"{"channel":"wechat","method":"code","auth_code":"134567890123456789","switch":false}"#,
    r#"{"refund_no":"refund-1","amount":{"value":500,"currency":"CNY"},"reason":"One page was missing"}"#,
    r#"{"id":"coupon-7","delay_seconds":5,"payload":{"b":[1,2.50],"a":null},"target":{"type":"webhook","url":"https://shop.example/told"}}"#,
    r#"{"id":"i","deliver_at":"2026-12-01T08:00:00.250+08:00","payload":7,"target":{"type":"event","detail_type":"t"}}"#,
];

/// A body of any request, shown to every reader: taken, or refused with a problem. An amount that is taken is money.
///
/// # Panics
/// Where an amount is taken that nobody can pay.
pub fn request_body(recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let body = recipe.one_of(&BODIES).as_bytes();
    let body = spoil(&mut recipe, body);
    if let Ok(request) = requests::initiate(&body, NOW) {
        assert!(request.amount.minor() > 0, "nothing is to be paid");
        // One that is over is refused where the payment is known: a repeat of it is still answered.
        let most = NOW.plus(Span::days(15));
        assert!(request.expires_at <= most, "it could be paid for ever");
    }
    let _ = requests::channel_order(&body);
    if let Ok(request) = requests::refund(&body) {
        assert!(request.amount.minor() > 0, "nothing is to go back");
    }
    let _ = requests::nothing(&body);
    let merchant = MerchantId::new("m-1").expect("a good name");
    let _ = delayed_messages::schedule(&body, &merchant);
}

/// The parameters of a list: taken, or refused.
pub fn list_parameters(recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let genuine = b"state=dead&limit=20&cursor=179513280000000000000000000000001";
    let parameters: BTreeMap<_, _> = pairs(&spoil(&mut recipe, genuine));
    let _ = delayed_messages::list(&parameters);
}
