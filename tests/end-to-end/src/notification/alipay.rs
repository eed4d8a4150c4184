//! Alipay's form of it, field by field, so that a test may change any.

use std::collections::BTreeMap;

use payonce_domain::Channel;
use serde_json::Value;

use super::beijing;
use super::message::Message;
use crate::expect::text;
use crate::http::{Answer, Http};
use crate::signing::sign;

/// How Alipay writes a time.
const LOCAL: &str = "%Y-%m-%d %H:%M:%S";

/// The fields of an Alipay notification, before it is signed.
#[derive(Clone, Debug)]
pub struct Notification {
    fields: BTreeMap<String, String>,
}

impl Notification {
    /// What this account at the channel would say once the order in its books is paid.
    ///
    /// # Errors
    /// If account or order lack something.
    pub fn of(account: &Value, order: &Value, amount_yuan: &str) -> anyhow::Result<Self> {
        let app_id = text(account, "/app_id")?;
        let fields = [
            ("notify_type", "trade_status_sync"),
            ("notify_id", "2026112000222000000000000000000001"),
            ("notify_time", "2026-11-20 12:00:00"),
            ("app_id", app_id),
            ("auth_app_id", app_id),
            ("seller_id", text(account, "/seller_id")?),
            ("charset", "utf-8"),
            ("version", "1.0"),
            ("trade_no", text(order, "/trade_no")?),
            ("out_trade_no", text(order, "/channel_order_no")?),
            ("trade_status", "TRADE_SUCCESS"),
            ("total_amount", amount_yuan),
            ("receipt_amount", amount_yuan),
            ("buyer_pay_amount", amount_yuan),
            ("subject", text(order, "/subject")?),
            ("gmt_create", &beijing(text(order, "/created_at")?, LOCAL)?),
            ("gmt_payment", &beijing(text(order, "/created_at")?, LOCAL)?),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Self {
            fields: BTreeMap::from(fields),
        })
    }

    /// The names of the fields.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.fields.keys().cloned().collect()
    }

    /// A field.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The same with one field changed.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut fields = self.fields.clone();
        fields.insert(name.to_owned(), value.to_owned());
        Self { fields }
    }

    /// Signs it with a PKCS#8 key, as the channel does: over everything but `sign` and `sign_type`.
    ///
    /// # Errors
    /// If the key is none.
    pub fn signed(&self, private_key_pem: &str) -> anyhow::Result<Self> {
        let text: Vec<_> = self
            .fields
            .iter()
            .filter(|(name, value)| {
                !["sign", "sign_type"].contains(&name.as_str()) && !value.is_empty()
            })
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let signature = sign(private_key_pem, text.join("&").as_bytes())?;
        Ok(self.with("sign_type", "RSA2").with("sign", &signature))
    }

    /// The body as it travels.
    #[must_use]
    pub fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.fields)
            .finish()
    }

    /// The message as it travels.
    #[must_use]
    pub fn message(&self) -> Message {
        Message {
            channel: Channel::Alipay,
            headers: vec![(
                "content-type".to_owned(),
                "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
            )],
            body: self.body().into_bytes(),
        }
    }

    /// Posts it to a webhook address.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn post(&self, http: &Http, url: &str) -> anyhow::Result<Answer> {
        self.message().post(http, url).await
    }
}
