//! UnionPay: forms that carry the certificate of the key that signed them; answers are not even encoded.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use payonce_channels::statement::StatementKind;
use payonce_channels::{Secrets, adapter, statements};
use payonce_domain::{Channel, Method, Timestamp};
use ring::digest::{SHA256, digest};
use serde_json::json;

use crate::channel::{Call, Letter, Side, Spoken, form, joined, pairs};
use crate::signing::sign;
use crate::texts::{order_of, refund_of};

const ROOT: &str = include_str!("weak/root.crt");
const MIDDLE: &str = include_str!("weak/middle.crt");
const LEAF: &str = include_str!("weak/leaf.crt");
const MERCHANT: &str = include_str!("../../../shared/channels/src/unionpay/fixtures/merchant.crt");
const MERCHANT_KEY: &str =
    include_str!("../../../shared/channels/src/unionpay/fixtures/merchant.pem");
const MER_ID: &str = "777290058110048";
const QUERY_ID: &str = "782611261200000000001";
/// 2027-01-15 12:00:00 in Beijing, when the certificates are valid.
const NOW: Timestamp = Timestamp::from_millis(1_799_985_600_000);
const TXN_TIME: &str = "20270115120000";

/// An account with UnionPay.
pub static UNIONPAY: LazyLock<Side> = LazyLock::new(|| {
    let settings = json!({
        "mer_id": MER_ID,
        "gateway": "https://gateway.example.com",
        "root_cert": ROOT,
        "middle_certs": [MIDDLE],
    });
    let settings = settings.to_string();
    let signing = json!({ "private_key": MERCHANT_KEY, "certificate": MERCHANT }).to_string();
    let secrets = Secrets {
        signing: Some(&signing),
        receiving: None,
    };
    Side {
        channel: Channel::Unionpay,
        adapter: adapter(Channel::Unionpay, &settings, secrets).expect("the settings are good"),
        statements: statements(Channel::Unionpay, &settings, secrets)
            .expect("the settings are good"),
        now: NOW,
        order: |method| order_of(Channel::Unionpay, method, NOW),
        refund: || refund_of(Channel::Unionpay, Method::Gateway, QUERY_ID, NOW),
        notices: notices(),
        notify: |_, content| Letter {
            headers: Vec::new(),
            body: form(&signed(pairs(content))),
        },
        answers: answers(),
        answer: |_, content| Letter {
            headers: Vec::new(),
            body: plain(&signed(split(content))),
        },
        genuine: OnceLock::new(),
    }
});

/// The fields with the certificate and the signature.
fn signed(mut fields: BTreeMap<String, String>) -> BTreeMap<String, String> {
    fields.remove("signature");
    fields.insert("signMethod".to_owned(), "01".to_owned());
    fields.insert("signPubKeyCert".to_owned(), LEAF.to_owned());
    let hash = digest(&SHA256, joined(&fields).as_bytes());
    let hash: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    fields.insert("signature".to_owned(), sign(hash.as_bytes()));
    fields
}

fn split(content: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(content);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn plain(fields: &BTreeMap<String, String>) -> Vec<u8> {
    let lines: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.join("&").into_bytes()
}

fn fields(order_id: &str, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let base = [
        ("version", "5.1.0"),
        ("encoding", "UTF-8"),
        ("merId", MER_ID),
        ("orderId", order_id),
        ("txnTime", TXN_TIME),
        ("txnAmt", "1999"),
        ("currencyCode", "156"),
        ("queryId", QUERY_ID),
        ("respCode", "00"),
        ("respMsg", "成功[0000000]"),
        ("traceTime", "0115120030"),
        ("settleDate", "1120"),
    ];
    let all = base.iter().chain(more);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

const PAYMENT: [(&str, &str); 2] = [("txnType", "01"), ("txnSubType", "01")];
const REFUND: [(&str, &str); 2] = [("txnType", "04"), ("txnSubType", "00")];

fn numbers() -> (String, String) {
    let order = order_of(Channel::Unionpay, Method::Gateway, NOW);
    let refund = refund_of(Channel::Unionpay, Method::Gateway, QUERY_ID, NOW);
    (order.no.to_string(), refund.no.to_string())
}

fn notices() -> Vec<Vec<u8>> {
    let (order, refund) = numbers();
    let back = [
        &REFUND[..],
        &[("origQryId", QUERY_ID), ("origOrderId", &order)],
    ]
    .concat();
    vec![
        form(&fields(&order, &PAYMENT)),
        form(&fields(&refund, &back)),
    ]
}

fn answers() -> Vec<Spoken> {
    let said = |call, fields: BTreeMap<String, String>| Spoken {
        call,
        method: Method::Gateway,
        status: 200,
        content: plain(&fields),
    };
    let (order, refund) = numbers();
    let found = [("origRespCode", "00"), ("origRespMsg", "成功")];
    let paid = [&PAYMENT[..], &found[..]].concat();
    let back = [&REFUND[..], &found[..], &[("txnAmt", "500")]].concat();
    let file = [("fileContent", "eJwDAAAAAAE="), ("fileName", "RD.zip")];
    vec![
        said(Call::Query, fields(&order, &paid)),
        said(Call::Refund, fields(&refund, &REFUND)),
        said(Call::RefundQuery, fields(&refund, &back)),
        said(Call::Bill(StatementKind::Trades), fields(&order, &file)),
    ]
}
