//! What merchants send: bodies and query parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use payonce_domain::appeal::{Claim, ORDERS_MAX, Party, TEXT_CHARS_MAX};
use payonce_domain::{MerchantId, Span, Timestamp};
use payonce_lambda::http::{appeals, delayed_messages, requests};
use payonce_store::AppealPlace;

use crate::channel::pairs;
use crate::spoil::{Recipe, spoil};
use crate::texts::payment_no;

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

static APPEALS: LazyLock<[String; 3]> = LazyLock::new(|| {
    let (one, two) = (payment_no("one"), payment_no("two"));
    [
        format!(
            r#"{{"merchant_appeal_no":"a-1","opened_by":"buyer","claim":"paid_twice","payment_nos":["{one}","{two}"]}}"#
        ),
        format!(
            r#"{{"merchant_appeal_no":"a-2","opened_by":"merchant","claim":"other","payment_nos":["{one}"],"text":"付了两次\ntwice"}}"#
        ),
        r#"{"statement_no":"s-1","position":"opposes","text":" It was sent.\r\nTwice. "}"#
            .to_owned(),
    ]
});

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

/// A body about an appeal, shown to both readers: taken, or refused. What is taken speaks of some orders, each once, for
/// the merchant who asks, in words that people can read.
///
/// # Panics
/// Where anything else is taken.
pub fn appeal_body(recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let body = recipe.one_of(&*APPEALS).as_bytes();
    let body = spoil(&mut recipe, body);
    let merchant = MerchantId::new("m-1").expect("a good name");
    if let Ok(request) = appeals::open(&body, &merchant) {
        assert_eq!(request.merchant_id, merchant);
        let different: BTreeSet<_> = request.orders.iter().collect();
        assert_eq!(
            different.len(),
            request.orders.len(),
            "an order is named twice"
        );
        assert!(
            (1..=ORDERS_MAX).contains(&different.len()),
            "too many or none"
        );
        let by_them = matches!(request.opened_by, Party::Buyer | Party::Merchant);
        assert!(by_them, "nobody else opens one here");
        let says_what = request.claim == Claim::PaidTwice || request.text.is_some();
        assert!(says_what, "nothing is claimed");
        request.text.iter().for_each(|text| assert_readable(text));
    }
    if let Ok(answer) = appeals::statement(&body) {
        assert_eq!(answer.by, Party::Merchant, "in another's name");
        assert_readable(&answer.text);
    }
}

/// Whether the bodies about appeals are taken as they are.
///
/// # Panics
/// Where one is not.
pub fn assert_appeals_are_read() {
    let merchant = MerchantId::new("m-1").expect("a good name");
    for body in &*APPEALS {
        let body = body.as_bytes();
        let is_taken = appeals::open(body, &merchant).is_ok() || appeals::statement(body).is_ok();
        assert!(is_taken, "{}", String::from_utf8_lossy(body));
    }
}

/// The parameters of a list: taken, or refused. A cursor that is taken is the one that was given.
///
/// # Panics
/// Where another one is, or no line or too many are asked for.
pub fn list_parameters(recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let genuine = b"state=dead&limit=20&cursor=179513280000000000000000000000001";
    let parameters: BTreeMap<_, _> = pairs(&spoil(&mut recipe, genuine));
    let _ = delayed_messages::list(&parameters);
    // An appeal has no state to be listed by.
    let parameters = parameters.into_iter();
    let parameters = parameters.filter(|(name, _)| name != "state").collect();
    if let Ok(asked) = appeals::list(&parameters) {
        assert!((1..=100).contains(&asked.limit), "{parameters:?}");
        let after = asked.after.as_ref().map(AppealPlace::as_str);
        let cursor = parameters.get("cursor").map(String::as_str);
        assert_eq!(after, cursor, "{parameters:?}");
    }
}

/// What a buyer writes into a form: kept as it is, but for the blank around it, or not kept.
///
/// # Panics
/// Where it is kept as something else, or as something that nobody can read.
pub fn words(recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let genuine = "text=+%E4%BB%98%E4%BA%86%E4%B8%A4%E6%AC%A1%0D%0A%0D%0Atwice+&position=supports";
    let form: BTreeMap<_, _> = pairs(&spoil(&mut recipe, genuine.as_bytes()));
    for text in form.values() {
        if let Some(kept) = appeals::said(text) {
            assert_readable(&kept);
            assert_eq!(appeals::said(&kept).as_ref(), Some(&kept), "{text:?}");
            let text = text.replace("\r\n", "\n");
            assert!(text.contains(&kept), "{text:?}");
        }
    }
}

fn assert_readable(text: &str) {
    let kept = text.chars().all(|one| one == '\n' || !one.is_control());
    let count = text.chars().count();
    assert!(kept && (1..=TEXT_CHARS_MAX).contains(&count), "{text:?}");
    assert_eq!(text.trim(), text);
}
