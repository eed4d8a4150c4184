//! Alipay: signed forms, and answers whose content is signed as it stands in the text.

use std::sync::{LazyLock, OnceLock};

use payonce_channels::statement::StatementKind;
use payonce_channels::{Secrets, adapter, statements};
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{Channel, Method, RefundNo, Timestamp};
use serde_json::json;

use crate::channel::{Call, Letter, Side, Spoken, form, joined, pairs};
use crate::signing::{PUBLIC, sign};
use crate::texts::{merchant_refund, order_of, refund_of};

const MERCHANT: &str = include_str!("../../../shared/channels/src/alipay/fixtures/merchant.pem");
const TRADE_NO: &str = "2026112022001424330512345678";
/// 2026-11-20 22:20:00 in Beijing.
const NOW: Timestamp = Timestamp::from_millis(1_795_184_400_000);

/// An account with Alipay.
pub static ALIPAY: LazyLock<Side> = LazyLock::new(|| {
    let settings = json!({
        "app_id": "2021000000000001",
        "seller_id": "2088000000000001",
        "gateway": "https://openapi.example.com/gateway.do",
        "public_keys": [PUBLIC],
        "bill_hosts": ["dwbillcenter.example.com"],
    });
    let settings = settings.to_string();
    let signing = json!({ "private_key": MERCHANT }).to_string();
    let secrets = Secrets {
        signing: Some(&signing),
        receiving: None,
    };
    Side {
        channel: Channel::Alipay,
        adapter: adapter(Channel::Alipay, &settings, secrets).expect("the settings are good"),
        statements: statements(Channel::Alipay, &settings, secrets).expect("the settings are good"),
        now: NOW,
        order: |method| order_of(Channel::Alipay, method, NOW),
        refund: || refund_of(Channel::Alipay, Method::Page, TRADE_NO, NOW),
        notices: notices(),
        notify: |_, content| {
            let mut fields = pairs(content);
            fields.remove("sign");
            let sign = sign(joined(&fields).as_bytes());
            fields.insert("sign_type".to_owned(), "RSA2".to_owned());
            fields.insert("sign".to_owned(), sign);
            Letter {
                headers: Vec::new(),
                body: form(&fields),
            }
        },
        answers: answers(),
        answer: |call, content| {
            let sign = sign(content);
            let name = name_of(call);
            let mut body = format!("{{\"{name}_response\":").into_bytes();
            body.extend_from_slice(content);
            body.extend_from_slice(format!(",\"sign\":\"{sign}\"}}").as_bytes());
            Letter {
                headers: Vec::new(),
                body,
            }
        },
        genuine: OnceLock::new(),
    }
});

fn name_of(call: Call) -> &'static str {
    match call {
        Call::Create => "alipay_trade_precreate",
        Call::Query => "alipay_trade_query",
        Call::Close => "alipay_trade_close",
        Call::Refund => "alipay_trade_refund",
        Call::RefundQuery => "alipay_trade_fastpay_refund_query",
        Call::Reverse => "alipay_trade_cancel",
        Call::Bill(_) => "alipay_data_dataservice_bill_downloadurl_query",
    }
}

fn number(method: Method) -> String {
    order_of(Channel::Alipay, method, NOW).no.to_string()
}

fn refund_number() -> String {
    let order = order_of(Channel::Alipay, Method::Page, NOW).no;
    RefundNo::new(order, RefundIdentity::Merchant(&merchant_refund()), 1).to_string()
}

fn notices() -> Vec<Vec<u8>> {
    let told = |change: &[(&str, &str)]| {
        let no = number(Method::Page);
        let mut fields = pairs(b"charset=utf-8&version=1.0&notify_type=trade_status_sync");
        for (name, value) in [
            ("notify_id", "2026112000222221530012345678901234"),
            ("notify_time", "2026-11-20 22:15:31"),
            ("app_id", "2021000000000001"),
            ("seller_id", "2088000000000001"),
            ("out_trade_no", &no),
            ("trade_no", TRADE_NO),
            ("trade_status", "TRADE_SUCCESS"),
            ("total_amount", "19.99"),
            ("gmt_create", "2026-11-20 22:14:03"),
            ("gmt_payment", "2026-11-20 22:15:30"),
            ("subject", "茶 + 100% \"好\" <b>"),
        ]
        .iter()
        .chain(change)
        {
            fields.insert((*name).to_owned(), (*value).to_owned());
        }
        form(&fields)
    };
    let refund = refund_number();
    vec![
        told(&[]),
        told(&[
            ("out_biz_no", &refund),
            ("refund_fee", "5.00"),
            ("gmt_refund", "2026-11-20 22:18:00.120"),
        ]),
        told(&[
            ("out_biz_no", "another"),
            ("refund_fee", "19.99"),
            ("gmt_refund", "2026-11-20 22:18:00.120"),
            ("trade_status", "TRADE_CLOSED"),
        ]),
    ]
}

fn answers() -> Vec<Spoken> {
    let said = |call, method, content: serde_json::Value| Spoken {
        call,
        method,
        status: 200,
        content: content.to_string().into_bytes(),
    };
    let page = number(Method::Page);
    let native = number(Method::Native);
    let code = number(Method::Code);
    let refund = refund_number();
    let bill = "https://dwbillcenter.example.com/downloadBillFile.resource?bizType=trade&token=a";
    let done = |no: &str| json!({ "code": "10000", "msg": "Success", "out_trade_no": no });
    let with = |mut content: serde_json::Value, more: serde_json::Value| {
        for (name, value) in more.as_object().into_iter().flatten() {
            content[name] = value.clone();
        }
        content
    };
    let paid = json!({
        "trade_no": TRADE_NO, "trade_status": "TRADE_SUCCESS", "total_amount": "19.99",
        "send_pay_date": "2026-11-20 22:15:30",
    });
    let back = json!({ "trade_no": TRADE_NO, "fund_change": "Y", "refund_fee": "5.00" });
    let asked = json!({
        "trade_no": TRADE_NO, "out_request_no": refund, "refund_status": "REFUND_SUCCESS",
        "refund_amount": "5.00", "total_amount": "19.99",
    });
    let reversed = json!({ "trade_no": TRADE_NO, "retry_flag": "N", "action": "refund" });
    vec![
        said(
            Call::Create,
            Method::Native,
            with(
                done(&native),
                json!({ "qr_code": "https://qr.alipay.com/bax03431ljhokirwl38f00a7" }),
            ),
        ),
        said(Call::Query, Method::Page, with(done(&page), paid)),
        said(Call::Close, Method::Page, done(&page)),
        said(Call::Refund, Method::Page, with(done(&page), back)),
        said(Call::RefundQuery, Method::Page, with(done(&page), asked)),
        said(Call::Reverse, Method::Code, with(done(&code), reversed)),
        said(
            Call::Bill(StatementKind::Trades),
            Method::Page,
            json!({ "code": "10000", "msg": "Success", "bill_download_url": bill }),
        ),
    ]
}
