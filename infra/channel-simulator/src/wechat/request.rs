//! What arrives at the API, and everything it is refused for before its business is looked at.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Map, Value};

use super::{Account, Accounts, endpoint::Endpoint, reply::Reply};
use crate::{clock::Moment, rsa_key};

const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// A request may be this much older or younger than the merchants' clock: callers sign with theirs, while tests
/// may have moved the virtual one.
const SKEW_SECONDS_MAX: i64 = 300;

const NONCE_LENGTH_MAX: usize = 32;

/// A call that was not let through the door.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) reply: Reply,
    /// Who the answer can be signed for. Nobody until the request itself was verified.
    pub(crate) account: Option<Arc<Account>>,
}

/// A call whose sender and form are what they should be.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) account: Arc<Account>,
    pub(crate) endpoint: Endpoint,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Map<String, Value>,
}

impl Call {
    pub(crate) fn verify(
        accounts: &Accounts,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        wall: Moment,
    ) -> Result<Self, Refusal> {
        let endpoint = Endpoint::find(method, uri.path());
        if text(headers, header::USER_AGENT).is_none_or(str::is_empty) {
            return Err(unsigned(Reply::invalid_request(
                "Http头缺少Accept或User-Agent",
            )));
        }
        let account = sender(accounts, method, uri, headers, body, wall).map_err(unsigned)?;
        match form(&account, endpoint, headers, uri, body) {
            Ok((endpoint, query, body)) => Ok(Self {
                account,
                endpoint,
                query,
                body,
            }),
            Err(reply) => Err(Refusal {
                reply,
                account: Some(account),
            }),
        }
    }

    /// The order that the call is about, for the journal and for faults.
    pub(crate) fn out_trade_no(&self) -> Option<String> {
        let named = self.endpoint.out_trade_no().map(str::to_owned);
        named.or_else(|| self.text("out_trade_no"))
    }

    /// A member of the body that is text and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = self.body.get(name)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Text of at most so many characters, or nothing.
    pub(crate) fn text_within(&self, name: &str, most: usize) -> Result<Option<String>, Reply> {
        match self.body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text.clone())),
            Some(_) => Err(Reply::bad_field(name, "类型或长度不符合要求")),
        }
    }

    /// Whose call it says it is, in the body or in the query: that has to be who signed it.
    pub(crate) fn check_mchid(&self, said: Option<&str>) -> Result<(), Reply> {
        match said {
            Some(mchid) if mchid == self.account.mchid() => Ok(()),
            Some(_) => Err(Reply::bad_field("mchid", "与签名的商户号不一致")),
            None => Err(Reply::bad_field("mchid", "缺少必填参数")),
        }
    }

    pub(crate) fn check_body_mchid(&self) -> Result<(), Reply> {
        self.check_mchid(self.text("mchid").as_deref())
    }

    pub(crate) fn check_appid(&self) -> Result<(), Reply> {
        match self.text("appid") {
            Some(appid) if appid == self.account.appid() => Ok(()),
            Some(_) => Err(Reply::refused(
                StatusCode::BAD_REQUEST,
                "APPID_MCHID_NOT_MATCH",
                "appid和mch_id不匹配",
            )),
            None => Err(Reply::bad_field("appid", "缺少必填参数")),
        }
    }
}

/// Who has signed the request, if it was signed as it must be.
fn sender(
    accounts: &Accounts,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    wall: Moment,
) -> Result<Arc<Account>, Reply> {
    let authorization = text(headers, header::AUTHORIZATION)
        .ok_or_else(|| Reply::sign_error("Http头Authorization缺失"))?;
    let credentials = credentials(authorization)
        .ok_or_else(|| Reply::sign_error("Http头Authorization值格式错误"))?;
    let [mchid, nonce, signature, timestamp, serial_no] = credentials;
    let account = accounts
        .by_mchid(mchid)
        .ok_or_else(|| Reply::sign_error("商户号不存在"))?;
    if serial_no != account.serial_no() {
        return Err(Reply::sign_error("商户证书序列号有误"));
    }
    if nonce.is_empty() || nonce.len() > NONCE_LENGTH_MAX {
        return Err(Reply::sign_error("随机串长度不符合要求"));
    }
    let now = wall.as_seconds();
    let is_fresh = timestamp
        .parse::<i64>()
        .is_ok_and(|said| now.abs_diff(said) <= SKEW_SECONDS_MAX.unsigned_abs());
    if !is_fresh {
        return Err(Reply::sign_error("Http头Authorization的timestamp已过期"));
    }
    // Path and query exactly as they came over the wire, encoding included.
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let signed = signed_bytes(method.as_str(), path, timestamp, nonce, body);
    if !rsa_key::verifies(&account.merchant_key, &signed, signature) {
        return Err(Reply::sign_error("签名错误，请检查后再试"));
    }
    Ok(Arc::clone(account))
}

/// What a merchant signs: five lines, each with its end, the last one too.
fn signed_bytes(method: &str, path: &str, timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    let mut signed = format!("{method}\n{path}\n{timestamp}\n{nonce}\n").into_bytes();
    signed.extend_from_slice(body);
    signed.push(b'\n');
    signed
}

/// The five values of the header, which may come in any order. A name that is unknown, missing or
/// there twice makes the header useless.
fn credentials(authorization: &str) -> Option<[&str; 5]> {
    const NAMES: [&str; 5] = ["mchid", "nonce_str", "signature", "timestamp", "serial_no"];
    let pairs = authorization.strip_prefix(SCHEME)?.strip_prefix(' ')?;
    let mut found = BTreeMap::new();
    for pair in pairs.split(',') {
        let (name, value) = pair.split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        if !NAMES.contains(&name) || found.insert(name, value).is_some() {
            return None;
        }
    }
    let [mchid, nonce, signature, timestamp, serial_no] = NAMES.map(|name| found.get(name));
    Some([*mchid?, *nonce?, *signature?, *timestamp?, *serial_no?])
}

type Form = (Endpoint, BTreeMap<String, String>, Map<String, Value>);

/// The checks that come after the signature.
fn form(
    account: &Account,
    endpoint: Option<Endpoint>,
    headers: &HeaderMap,
    uri: &Uri,
    body: &[u8],
) -> Result<Form, Reply> {
    let Some(endpoint) = endpoint else {
        let message = "接口不存在";
        return Err(Reply::refused(StatusCode::NOT_FOUND, "NOT_FOUND", message));
    };
    if endpoint != Endpoint::BillDownload && text(headers, header::ACCEPT).is_none() {
        return Err(Reply::invalid_request("Http头缺少Accept或User-Agent"));
    }
    if text_named(headers, "wechatpay-serial").is_some_and(|serial| !account.has_key(serial)) {
        return Err(Reply::bad_field("Wechatpay-Serial", "微信支付公钥ID错误"));
    }
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    if !endpoint.has_body() {
        return Ok((endpoint, query, Map::new()));
    }
    let is_json = text(headers, header::CONTENT_TYPE)
        .is_some_and(|value| value.starts_with("application/json"));
    if !is_json {
        return Err(Reply::invalid_request(
            "Http头Content-Type必须为application/json",
        ));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok((endpoint, query, members)),
        Ok(_) | Err(_) => Err(Reply::bad_field("", "请求不是合法的JSON对象")),
    }
}

fn unsigned(reply: Reply) -> Refusal {
    Refusal {
        reply,
        account: None,
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn text_named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use rsa::{RsaPublicKey, pkcs1v15::VerifyingKey, pkcs8::DecodePublicKey};

    use super::*;
    use crate::wechat::vectors::Vectors;

    #[test]
    fn what_the_documents_sign_is_verified() {
        let Some(vectors) = Vectors::read() else {
            return;
        };
        let mut count = 0;
        for one in vectors.of_kind("request_sign") {
            let text = |name: &str| one[name].as_str().unwrap();
            let key = RsaPublicKey::from_public_key_pem(vectors.key(text("key"))).unwrap();
            let body = text("body").as_bytes();
            let (timestamp, nonce) = (text("timestamp"), text("nonce"));
            let mut signed = signed_bytes(text("method"), text("url"), timestamp, nonce, body);
            let key = VerifyingKey::new(key);
            assert!(rsa_key::verifies(&key, &signed, text("signature")), "{one}");
            signed.pop();
            assert!(
                !rsa_key::verifies(&key, &signed, text("signature")),
                "{one}"
            );
            count += 1;
        }
        assert!(count >= 2, "the vectors hold no signed requests");
    }

    #[test]
    fn credentials_are_read_in_any_order_and_only_whole() {
        let header = r#"WECHATPAY2-SHA256-RSA2048 nonce_str="n",mchid="m",serial_no="s",timestamp="1",signature="x==""#;
        assert_eq!(credentials(header), Some(["m", "n", "x==", "1", "s"]));
        for wrong in [
            header.replace("RSA2048 ", "RSA2048  "),
            header.replace("mchid=\"m\",", ""),
            header.replace("mchid", "mch_id"),
            header.replace("\"m\"", "m"),
            header.replace("mchid=\"m\"", "mchid=\"m\",mchid=\"m\""),
            header.replace("SHA256-RSA2048", "SM2-SM3"),
            String::new(),
        ] {
            assert_eq!(credentials(&wrong), None, "{wrong}");
        }
    }
}
