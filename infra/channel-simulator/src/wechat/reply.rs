//! Answers of the API: a status, a JSON body, and headers with a signature over the exact body.
//!
//! Nothing promises how the JSON is laid out, so it is written in another style from answer to
//! answer. A reader that parses and re-writes it before it verifies fails at once instead of one day.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

use super::{Account, Accounts};
use crate::{clock::Moment, faults::Spoil, rsa_key, simulator::unguessable};

/// What the tail of `Request-ID` says when nothing is the matter.
const NO_MATTER: u32 = 0;

/// What the API has to say about a call.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    body: Content,
    /// WeChat Pay's internal number for what was the matter, which people find in `Request-ID`.
    matter: u32,
}

#[derive(Clone, Debug)]
enum Content {
    Json(Value),
    Nothing,
    /// A bill. It is the one answer that is not signed.
    File(Vec<u8>),
}

impl Reply {
    pub(crate) fn success(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body: Content::Json(body),
            matter: NO_MATTER,
        }
    }

    pub(crate) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: Content::Nothing,
            matter: NO_MATTER,
        }
    }

    pub(crate) fn file(bytes: Vec<u8>) -> Self {
        Self {
            status: StatusCode::OK,
            body: Content::File(bytes),
            matter: NO_MATTER,
        }
    }

    /// A refusal in the form that all of them have.
    pub(crate) fn refused(status: StatusCode, code: &str, message: &str) -> Self {
        Self::json(status, json!({ "code": code, "message": message }))
    }

    pub(crate) fn invalid_request(message: &str) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message)
    }

    /// `PARAM_ERROR`, naming the field.
    pub(crate) fn bad_field(field: &str, issue: &str) -> Self {
        Self::json(
            StatusCode::BAD_REQUEST,
            json!({
                "code": "PARAM_ERROR",
                "message": format!("参数错误：{field}"),
                "detail": { "location": "body", "field": field, "issue": issue },
            }),
        )
    }

    pub(crate) fn sign_error(message: &str) -> Self {
        Self::refused(StatusCode::UNAUTHORIZED, "SIGN_ERROR", message)
    }

    pub(crate) fn order_not_exist() -> Self {
        Self::refused(StatusCode::NOT_FOUND, "ORDER_NOT_EXIST", "订单不存在").about(268_512_771)
    }

    pub(crate) fn order_paid() -> Self {
        Self::refused(StatusCode::BAD_REQUEST, "ORDER_PAID", "该订单已支付").about(268_449_538)
    }

    pub(crate) fn order_closed() -> Self {
        Self::refused(StatusCode::BAD_REQUEST, "ORDER_CLOSED", "该订单已关闭").about(268_447_914)
    }

    pub(crate) fn about(mut self, matter: u32) -> Self {
        self.matter = matter;
        self
    }

    /// Status and code, for the journal.
    pub(crate) fn summary(&self) -> String {
        let code = match &self.body {
            Content::Json(body) => body["code"].as_str().unwrap_or_default(),
            Content::Nothing | Content::File(_) => "",
        };
        format!("{} {code}", self.status.as_u16())
            .trim_end()
            .to_owned()
    }

    /// What the journal keeps.
    pub(crate) fn shown(&self) -> Value {
        match &self.body {
            Content::Json(body) => json!({ "status": self.status.as_u16(), "body": body }),
            Content::Nothing => json!({ "status": self.status.as_u16() }),
            Content::File(bytes) => json!({ "file_bytes": bytes.len() }),
        }
    }

    /// The whole answer. `style` picks how the JSON is written.
    pub(crate) fn signed(
        self,
        accounts: &Accounts,
        account: &Account,
        style: u64,
        wall: Moment,
        spoil: Spoil,
    ) -> Response {
        let request_id = self.request_id();
        let text = match self.body {
            Content::File(bytes) => return file(bytes, spoil),
            Content::Nothing => String::new(),
            Content::Json(mut body) => {
                if spoil == Spoil::WrongAmount {
                    raise_amounts(&mut body);
                }
                write(&body, style)
            }
        };
        let mut response = plain(self.status, text.clone(), &request_id);
        for (name, value) in signature_headers(accounts, account, &text, wall, spoil) {
            let value = HeaderValue::from_str(&value).expect("base64, digits and letters");
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// The answer to somebody of whom nothing is known.
    pub(crate) fn unsigned(self) -> Response {
        let request_id = self.request_id();
        let text = match self.body {
            Content::Json(body) => body.to_string(),
            Content::Nothing | Content::File(_) => String::new(),
        };
        plain(self.status, text, &request_id)
    }

    fn request_id(&self) -> String {
        format!("08{}-{}", unguessable().to_uppercase(), self.matter)
    }
}

/// A spoilt file is cut in half: it fits the hash no more.
fn file(mut bytes: Vec<u8>, spoil: Spoil) -> Response {
    if spoil != Spoil::Nothing {
        bytes.truncate(bytes.len() / 2);
    }
    let mut response = Response::new(Body::from(bytes));
    let content_type = HeaderValue::from_static("application/octet-stream");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

fn plain(status: StatusCode, text: String, request_id: &str) -> Response {
    let has_body = !text.is_empty();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if has_body {
        let content_type = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    let request_id = HeaderValue::from_str(request_id).expect("letters and digits");
    headers.insert("request-id", request_id);
    response
}

/// The headers that an answer and a notification have in common. Their time is that of the merchants' clock, not
/// the virtual one: who verifies them compares with its own clock.
pub(crate) fn signature_headers(
    accounts: &Accounts,
    account: &Account,
    body: &str,
    wall: Moment,
    spoil: Spoil,
) -> Vec<(&'static str, String)> {
    let timestamp = wall.as_seconds().to_string();
    let nonce = format!("{}{}", unguessable(), unguessable());
    let text = signed_text(&timestamp, &nonce, body);
    let key = account.channel_key();
    let mut signature = match spoil {
        Spoil::WrongKey => accounts.stranger_key.sign(&text),
        Spoil::Nothing | Spoil::WrongAmount | Spoil::BadSignature => key.private.sign(&text),
    };
    if spoil == Spoil::BadSignature {
        signature = rsa_key::spoil(&signature);
    }
    vec![
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", signature),
        ("wechatpay-serial", key.id.clone()),
        (
            "wechatpay-signature-type",
            "WECHATPAY2-SHA256-RSA2048".to_owned(),
        ),
    ]
}

fn signed_text(timestamp: &str, nonce: &str, body: &str) -> String {
    format!("{timestamp}\n{nonce}\n{body}\n")
}

/// One fen more in every amount, wherever an `amount` stands.
pub(crate) fn raise_amounts(body: &mut Value) {
    let Some(amount) = body.get_mut("amount").and_then(Value::as_object_mut) else {
        return;
    };
    for value in amount.values_mut() {
        if let Some(fen) = value.as_i64() {
            *value = json!(fen + 1);
        }
    }
}

fn write(body: &Value, style: u64) -> String {
    if style.is_multiple_of(2) {
        body.to_string()
    } else {
        format!("{body:#}").replace('/', "\\/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::vectors::Vectors;

    #[test]
    fn answers_are_signed_as_the_documents_say() {
        let Some(vectors) = Vectors::read() else {
            return;
        };
        let mut count = 0;
        for one in vectors.of_kind("verify") {
            let Some(message) = one["message"].as_str() else {
                continue;
            };
            let header = |name: &str| one["headers"][name].as_str().unwrap();
            let (timestamp, nonce) = (header("Wechatpay-Timestamp"), header("Wechatpay-Nonce"));
            let body = one["body"].as_str().unwrap();
            assert_eq!(signed_text(timestamp, nonce, body), message);
            count += 1;
        }
        assert!(count > 0, "the vectors hold no signed answers");
    }

    #[test]
    fn every_style_says_the_same() {
        let body = json!({ "code_url": "http://x/y", "amount": { "total": 1 }, "attach": "茶\"" });
        for style in 0..2 {
            let text = write(&body, style);
            assert_eq!(
                serde_json::from_str::<Value>(&text).unwrap(),
                body,
                "{text}"
            );
        }
    }

    #[test]
    fn amounts_are_raised_by_one_fen() {
        let mut body = json!({ "amount": { "total": 9, "currency": "CNY" }, "total": 9 });
        raise_amounts(&mut body);
        let raised = json!({ "amount": { "total": 10, "currency": "CNY" }, "total": 9 });
        assert_eq!(body, raised);
    }
}
