//! UnionPay's form of it: fields with the certificate of the key that signed them, hashed twice.

use std::collections::BTreeMap;

use payonce_domain::Channel;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::beijing;
use super::message::Message;
use crate::expect::text;
use crate::signing::sign;

/// A consume that succeeded, about an order of the books.
pub(super) fn paid(
    account: &Value,
    book: &Value,
    amount: u64,
    private_key_pem: &str,
) -> anyhow::Result<Message> {
    let at = text(book, "/created_at")?;
    let amount = amount.to_string();
    let traced = beijing(at, "%m%d%H%M%S")?;
    let certificate = text(account, "/channel_cert")?.trim_end();
    let fields = [
        ("version", "5.1.0"),
        ("encoding", "UTF-8"),
        ("signMethod", "01"),
        ("txnType", "01"),
        ("txnSubType", "01"),
        ("bizType", "000201"),
        ("accessType", "0"),
        ("merId", text(account, "/mer_id")?),
        ("orderId", text(book, "/channel_order_no")?),
        ("txnTime", text(book, "/attributes/txnTime")?),
        ("txnAmt", &amount),
        ("currencyCode", "156"),
        ("queryId", text(book, "/trade_no")?),
        ("respCode", "00"),
        ("respMsg", "成功[0000000]"),
        ("settleAmt", &amount),
        ("settleCurrencyCode", "156"),
        ("settleDate", &traced[..4]),
        ("traceNo", text(book, "/attributes/traceNo")?),
        ("traceTime", &traced),
        ("signPubKeyCert", &certificate.replace('\n', "\r\n")),
    ];
    let mut fields: BTreeMap<_, _> = fields
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let hash = digest(&SHA256, pairs.join("&").as_bytes());
    let hash: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    fields.insert(
        "signature".to_owned(),
        sign(private_key_pem, hash.as_bytes())?,
    );
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish();
    Ok(Message {
        channel: Channel::Unionpay,
        headers: vec![(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded;charset=UTF-8".to_owned(),
        )],
        body: body.into_bytes(),
    })
}
