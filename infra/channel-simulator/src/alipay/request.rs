//! What arrives at the gateway, and everything it is refused for before its business is looked at.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::{Account, Accounts, answer::Reply, sign};
use crate::{clock::Moment, faults::Operation};

/// The methods that are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    PagePay,
    WapPay,
    Precreate,
    CodePay,
    Query,
    Close,
    Cancel,
    Refund,
    RefundQuery,
    BillUrl,
    CertificateDownload,
}

impl Method {
    const ALL: [Self; 11] = [
        Self::PagePay,
        Self::WapPay,
        Self::Precreate,
        Self::CodePay,
        Self::Query,
        Self::Close,
        Self::Cancel,
        Self::Refund,
        Self::RefundQuery,
        Self::BillUrl,
        Self::CertificateDownload,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PagePay => "alipay.trade.page.pay",
            Self::WapPay => "alipay.trade.wap.pay",
            Self::Precreate => "alipay.trade.precreate",
            Self::CodePay => "alipay.trade.pay",
            Self::Query => "alipay.trade.query",
            Self::Close => "alipay.trade.close",
            Self::Cancel => "alipay.trade.cancel",
            Self::Refund => "alipay.trade.refund",
            Self::RefundQuery => "alipay.trade.fastpay.refund.query",
            Self::BillUrl => "alipay.data.dataservice.bill.downloadurl.query",
            Self::CertificateDownload => "alipay.open.app.alipaycert.download",
        }
    }

    /// Which faults concern it.
    pub(crate) fn fault_operation(self) -> Option<Operation> {
        let operation = match self {
            Self::PagePay | Self::WapPay | Self::Precreate | Self::CodePay => Operation::Create,
            Self::Query => Operation::Query,
            Self::Close => Operation::Close,
            Self::Cancel => Operation::Reverse,
            Self::Refund => Operation::Refund,
            Self::RefundQuery => Operation::RefundQuery,
            Self::BillUrl => Operation::Bill,
            Self::CertificateDownload => return None,
        };
        Some(operation)
    }

    /// Whether a browser comes with it and wants a page.
    pub(crate) fn is_page(self) -> bool {
        match self {
            Self::PagePay | Self::WapPay => true,
            Self::Precreate
            | Self::CodePay
            | Self::Query
            | Self::Close
            | Self::Cancel
            | Self::Refund
            | Self::RefundQuery
            | Self::BillUrl
            | Self::CertificateDownload => false,
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Decoded parameters of the address and of the form together.
pub(crate) type Parameters = BTreeMap<String, String>;

/// Reads both places. The same name twice with different values has no meaning and is refused.
pub(crate) fn read(
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> (Parameters, Option<Refusal>) {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    let form = if is_form { body } else { b"" };
    let query = query.unwrap_or_default().as_bytes();
    let mut parameters = Parameters::new();
    let mut repeated = None;
    for (name, value) in form_urlencoded::parse(query).chain(form_urlencoded::parse(form)) {
        match parameters.get(name.as_ref()) {
            Some(earlier) if *earlier != value => repeated = Some(name.into_owned()),
            Some(_) | None => {
                parameters.insert(name.into_owned(), value.into_owned());
            }
        }
    }
    let refusal = repeated.map(|name| {
        invalid(
            "isv.invalid-parameter",
            &format!("参数重复且不一致：{name}"),
        )
    });
    (parameters, refusal)
}

/// A call that was not let through the door.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) reply: Reply,
    /// Who the answer can be signed for. Nobody until the request itself was verified.
    pub(crate) account: Option<Arc<Account>>,
}

/// A call whose sender, form and content are what they should be.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) account: Arc<Account>,
    pub(crate) method: Method,
    pub(crate) parameters: Parameters,
    pub(crate) content: Map<String, Value>,
}

impl Call {
    pub(crate) fn verify(accounts: &Accounts, parameters: Parameters) -> Result<Self, Refusal> {
        let name = required(&parameters, "method", "isv.missing-method")?;
        let Some(method) = Method::from_name(name) else {
            return Err(invalid("isv.invalid-method", "不存在的方法名"));
        };
        let app_id = required(&parameters, "app_id", "isv.missing-app-id")?;
        let Some(account) = accounts.by_app_id(app_id) else {
            return Err(invalid("isv.invalid-app-id", "无效的AppID参数"));
        };
        let sign_type = required(&parameters, "sign_type", "isv.missing-signature-type")?;
        if sign_type != "RSA2" {
            return Err(invalid("isv.invalid-signature-type", "无效签名类型"));
        }
        let signature = required(&parameters, "sign", "isv.missing-signature")?;
        // An unknown charset would change the bytes that were signed, so it is looked at first.
        let charset = required(&parameters, "charset", "isv.missing-charset")?;
        if !charset.eq_ignore_ascii_case("utf-8") {
            return Err(invalid("isv.invalid-charset", "字符集错误：只支持utf-8"));
        }
        if let Some(numbers) = account.serial_numbers() {
            names(
                &parameters,
                "app_cert_sn",
                &numbers.app_cert,
                "isv.invalid-app-cert-sn",
            )?;
            names(
                &parameters,
                "alipay_root_cert_sn",
                &numbers.alipay_root_cert,
                "isv.invalid-alipay-root-cert-sn",
            )?;
        }
        let text = sign::signed_text(&parameters, &["sign"]);
        if !sign::verifies(&account.merchant_key, text.as_bytes(), signature) {
            let sub_msg = format!(
                "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：{text}"
            );
            return Err(invalid("isv.invalid-signature", &sub_msg));
        }
        let account = Arc::clone(account);
        match content(&parameters) {
            Ok(content) => Ok(Self {
                account,
                method,
                parameters,
                content,
            }),
            Err(refusal) => Err(Refusal {
                account: Some(account),
                ..refusal
            }),
        }
    }

    /// A member of `biz_content`. Numbers count as their text, as they do for the real gateway.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.content.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }

    pub(crate) fn out_trade_no(&self) -> Option<String> {
        self.text("out_trade_no")
    }
}

/// The checks that come after the signature.
fn content(parameters: &Parameters) -> Result<Map<String, Value>, Refusal> {
    let timestamp = required(parameters, "timestamp", "isv.missing-timestamp")?;
    if Moment::from_beijing(timestamp).is_none() {
        return Err(invalid("isv.invalid-timestamp", "非法的时间戳参数"));
    }
    if required(parameters, "version", "isv.missing-version")? != "1.0" {
        return Err(invalid("isv.invalid-parameter", "参数无效：version"));
    }
    let format = parameters.get("format").map_or("", String::as_str);
    if !format.is_empty() && !format.eq_ignore_ascii_case("json") {
        return Err(invalid("isv.invalid-format", "无效的数据格式"));
    }
    let content = required(parameters, "biz_content", "isv.missing-parameter")?;
    match serde_json::from_str(content) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(invalid(
            "isv.invalid-parameter",
            "参数无效：biz_content不是合法的JSON对象",
        )),
    }
}

/// In certificate mode the gateway looks up by these numbers what to verify with, so a wrong one is
/// refused before the signature is looked at.
fn names(
    parameters: &Parameters,
    name: &str,
    number: &str,
    sub_code: &'static str,
) -> Result<(), Refusal> {
    match parameters.get(name) {
        Some(given) if given == number => Ok(()),
        Some(_) | None => Err(invalid(sub_code, &format!("证书序列号无效：{name}"))),
    }
}

fn required<'a>(
    parameters: &'a Parameters,
    name: &str,
    sub_code: &'static str,
) -> Result<&'a str, Refusal> {
    match parameters.get(name) {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) | None => Err(Refusal {
            reply: Reply::failure(
                "40001",
                "Missing Required Arguments",
                sub_code,
                &format!("缺少参数：{name}"),
            ),
            account: None,
        }),
    }
}

fn invalid(sub_code: &'static str, sub_msg: &str) -> Refusal {
    Refusal {
        reply: Reply::failure("40002", "Invalid Arguments", sub_code, sub_msg),
        account: None,
    }
}
