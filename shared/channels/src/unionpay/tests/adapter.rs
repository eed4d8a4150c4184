//! What is sent to UnionPay, and what is made of its answers and notifications.

use payonce_domain::{
    Action, Method, Money, RefundForm, RefundReport, Report, ReversalReport, Span, Timestamp,
};

use super::super::message::Fields;
use super::{
    LEAF, MER_ID, MERCHANT_KEY, NOW, QUERY_ID, answer, order, refund, settings, signed, signed_by,
    unionpay,
};
use crate::adapter::Adapter;
use crate::claim::{self, CreateReading, TradeReading};
use crate::http::CannotSend;
use crate::notification::{News, Rejected, UnverifiedNotification};
use crate::order::Detail;
use crate::registry::ConfigurationError;
use crate::{beijing, form, registry};

const CUSTOMER: &str = include_str!("../fixtures/customer.crt");
const CUSTOMER_KEY: &str = include_str!("../fixtures/customer.pem");

fn body(request: Result<crate::http::HttpRequest, CannotSend>) -> Fields {
    form::parse(&request.unwrap().body).unwrap()
}

fn queried(pairs: &[(&str, &str)]) -> Report {
    queried_at(pairs, NOW)
}

fn queried_at(pairs: &[(&str, &str)], now: Timestamp) -> Report {
    let order = order(Method::Gateway);
    let no = order.no.to_string();
    let mut all = vec![
        ("orderId", no.as_str()),
        ("txnTime", "20270115120000"),
        ("txnType", "01"),
        ("merId", MER_ID),
        ("currencyCode", "156"),
        ("respCode", "00"),
    ];
    for (name, value) in pairs {
        all.retain(|(known, _)| known != name);
        all.push((name, value));
    }
    let unionpay = unionpay();
    let reading = unionpay.read_query(&order, &answer(&signed(&all)), now);
    claim::report(&order, unionpay.holder(), reading)
}

#[test]
fn the_form_is_the_same_to_the_byte_and_leads_to_the_chosen_bank() {
    let order = order(Method::Gateway);
    let first = unionpay().action(&order, NOW);
    assert_eq!(first, unionpay().action(&order, NOW.plus(Span::minutes(9))));
    let Some(Action::Form { url, fields }) = first else {
        panic!("no form")
    };
    assert_eq!(
        url,
        "https://gateway.example.com/gateway/api/frontTransReq.do"
    );
    for (name, value) in [
        ("txnType", "01"),
        ("txnAmt", "1999"),
        ("currencyCode", "156"),
        ("txnTime", "20270115120000"),
        ("payTimeout", "20270115123000"),
        ("issInsCode", "CMB"),
        ("certId", "1234567890123456789012"),
        ("frontUrl", "https://pay.example.com/"),
        ("riskRateInfo", "{commodityName=绿茶 （a＝b＆c）}"),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    assert_eq!(
        unionpay().create_request(&order, NOW),
        Err(CannotSend::NoSecret)
    );
    assert_eq!(
        unionpay().close_request(&order, NOW),
        Err(CannotSend::NoSuchCall)
    );
    assert_eq!(
        unionpay().reverse_request(&order, NOW),
        Err(CannotSend::NoSuchCall)
    );
}

#[test]
fn a_refund_and_an_undo_keep_number_and_time() {
    for (form, txn_type) in [(RefundForm::Refund, "04"), (RefundForm::Undo, "31")] {
        let refund = refund(form);
        let order = order(Method::Gateway);
        let later = NOW.plus(Span::hours(2));
        let sent = unionpay().refund_request(&order, &refund, NOW).unwrap();
        let again = unionpay().refund_request(&order, &refund, later).unwrap();
        assert!(sent == again, "a repeat is the same to the byte");
        let fields = form::parse(&sent.body).unwrap();
        assert_eq!(fields["txnType"], txn_type);
        assert_eq!(fields["orderId"], refund.no.to_string());
        assert_eq!(fields["origQryId"], QUERY_ID);
        let asked = body(unionpay().refund_query_request(&order, &refund, later));
        assert_eq!(asked["txnTime"], fields["txnTime"]);
        assert_eq!(asked["orderId"], fields["orderId"]);
    }
}

#[test]
fn an_answer_about_another_kind_of_transaction_says_nothing_of_a_refund() {
    for (form, txn_type, other) in [
        (RefundForm::Refund, "04", "31"),
        (RefundForm::Undo, "31", "04"),
    ] {
        let (order, refund) = (order(Method::Gateway), refund(form));
        let no = refund.no.to_string();
        let read = |txn_type: &str, sub_type: &str| {
            let fields = signed(&[
                ("orderId", no.as_str()),
                ("txnTime", "20270115120000"),
                ("txnType", txn_type),
                ("txnSubType", sub_type),
                ("merId", MER_ID),
                ("respCode", "00"),
                ("origRespCode", "00"),
                ("txnAmt", "1999"),
                ("currencyCode", "156"),
            ]);
            let (unionpay, answer) = (unionpay(), answer(&fields));
            (
                unionpay.read_refund(&order, &refund, &answer, NOW),
                unionpay.read_refund_query(&order, &refund, &answer, NOW),
            )
        };
        let said = (RefundReport::Accepted, RefundReport::Succeeded);
        assert_eq!(read(txn_type, "00"), said, "{form:?}");
        let nothing = (RefundReport::NoAnswer, RefundReport::NoAnswer);
        for (txn_type, sub_type) in [(other, "00"), ("01", "00"), (txn_type, "01"), ("", "")] {
            let told = read(txn_type, sub_type);
            assert_eq!(told, nothing, "{form:?}: {txn_type} {sub_type}");
        }
    }
}

#[test]
fn a_payment_code_goes_along_once_and_is_reversed_under_its_own_name() {
    let order = order(Method::Code);
    let sent = body(unionpay().create_request(&order, NOW));
    assert_eq!(
        (sent["qrNo"].as_str(), sent["txnSubType"].as_str()),
        ("621234567890123450", "06")
    );
    let reversed = body(unionpay().reverse_request(&order, NOW.plus(Span::minutes(1))));
    assert_eq!(reversed["txnType"], "99");
    assert_eq!(reversed["orderId"], sent["orderId"]);
    assert_eq!(reversed["txnTime"], sent["txnTime"]);
    let without = crate::order::Order {
        auth_code: None,
        ..order
    };
    assert_eq!(
        unionpay().create_request(&without, NOW),
        Err(CannotSend::NoAuthCode)
    );
}

/// It goes along on one call and is stored nowhere, whoever repeats it.
#[test]
fn a_repeated_payment_code_is_not_kept() {
    let code = "621234567890123450";
    let kept = |body: &str| String::from_utf8(unionpay().evidence(body.as_bytes()).into()).unwrap();
    for (body, expected) in [
        (
            "orderId=P1&qrNo=621234567890123450&txnAmt=1",
            "orderId=P1&qrNo=******************&txnAmt=1",
        ),
        ("qrNo=621234567890123450", "qrNo=******************"),
        (
            "a={origQrNo=621234567890123450&b=1}&c=2",
            "a={origQrNo=******************&b=1}&c=2",
        ),
        (
            "a=%7BqrNo%3D621234567890123450%26b%3D1%7D",
            "a=%7BqrNo%3D******************%26b%3D1%7D",
        ),
        (
            "qrNo=&queryId=782611261200000000001",
            "qrNo=&queryId=782611261200000000001",
        ),
    ] {
        assert_eq!(kept(body), expected);
        assert!(!kept(body).contains(code));
    }
}

#[test]
fn what_the_channel_would_refuse_is_refused_before() {
    let check = |change: fn(&mut crate::order::Order), method| {
        let mut order = order(method);
        change(&mut order);
        unionpay().check(&order, NOW).map_err(|unfit| unfit.detail)
    };
    assert_eq!(check(|_| {}, Method::Gateway), Ok(()));
    assert_eq!(check(|_| {}, Method::Code), Ok(()));
    let code = Err(Detail::AuthCode);
    assert_eq!(check(|order| order.auth_code = None, Method::Code), code);
    let wrong = |order: &mut crate::order::Order| order.auth_code = Some("1".repeat(18));
    assert_eq!(check(wrong, Method::Code), code);
    let free = |order: &mut crate::order::Order| order.amount = Money::from_fen(0);
    assert_eq!(check(free, Method::Gateway), Err(Detail::Amount));
}

#[test]
fn a_query_tells_paid_late_open_and_failed_apart() {
    let paid = [
        ("origRespCode", "00"),
        ("queryId", QUERY_ID),
        ("txnAmt", "1999"),
    ];
    let traced = [&paid[..], &[("traceTime", "0115120130")]].concat();
    let Report::Paid {
        amount, paid_at, ..
    } = queried(&traced)
    else {
        panic!("not paid")
    };
    assert_eq!(amount, Money::from_fen(1_999));
    assert_eq!(paid_at, NOW.plus(Span::seconds(90)));
    assert!(matches!(queried(&paid), Report::Paid { paid_at, .. } if paid_at == NOW));
    for code in ["42", "74", "75"] {
        let late = [&paid[1..], &[("origRespCode", code)]].concat();
        assert!(matches!(queried(&late), Report::TakenLate { .. }), "{code}");
    }
    assert_eq!(queried(&[("origRespCode", "05")]), Report::Unpaid);
    // Another card may still be tried, until the order's time and a margin are over.
    let declined = [("origRespCode", "61")];
    let end = order(Method::Gateway).expires_at.plus(Span::minutes(5));
    assert_eq!(
        queried_at(&declined, end.minus(Span::millis(1))),
        Report::Unpaid
    );
    assert_eq!(queried_at(&declined, end), Report::Closed);
    assert_eq!(queried(&[("respCode", "34")]), Report::NotFound);
}

#[test]
fn what_is_not_said_whole_or_of_us_is_no_answer() {
    let paid = [
        ("origRespCode", "00"),
        ("queryId", QUERY_ID),
        ("txnAmt", "1999"),
    ];
    for (name, value) in [
        ("txnTime", "20270115120001"),
        ("orderId", "P0000000000000000000000UG01"),
        // What became of a reversal, which has the same number and time.
        ("txnType", "99"),
        ("txnType", ""),
        ("merId", "777290058110049"),
        ("currencyCode", "840"),
        ("txnAmt", "19.99"),
        ("txnAmt", "-1"),
        ("queryId", ""),
        ("origRespCode", "ZZ"),
        ("respCode", "03"),
        ("respCode", "11"),
        ("respCode", "ZZ"),
    ] {
        let spoilt: Vec<_> = paid.iter().copied().filter(|(n, _)| *n != name).collect();
        let spoilt = [&spoilt[..], &[(name, value)]].concat();
        assert_eq!(queried(&spoilt), Report::NoAnswer, "{name}={value}");
    }
}

/// A payment dated into another year would count as one that came too late.
#[test]
fn a_payment_at_new_year_is_dated_into_the_nearer_year() {
    for (begun, trace, expected) in [
        ("20261231235959", "0101000001", "20270101000001"),
        // UnionPay's clock is a little behind ours.
        ("20270101000001", "1231235959", "20261231235959"),
        ("20270115120000", "0115120130", "20270115120130"),
        ("20270115120000", "0115", "20270115120000"),
    ] {
        let fields = [("txnTime", begun), ("traceTime", trace)];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let paid_at = super::super::response::paid_at(&fields.into(), NOW);
        assert_eq!(beijing::format_compact(paid_at), expected);
    }
}

/// The attack that the name in the certificate stops: the right authority, the wrong customer.
#[test]
fn a_strangers_signature_says_nothing() {
    let order = order(Method::Gateway);
    let no = order.no.to_string();
    let pairs = [
        ("orderId", no.as_str()),
        ("txnTime", "20270115120000"),
        ("merId", MER_ID),
        ("respCode", "34"),
    ];
    let reading = |fields: &Fields| unionpay().read_query(&order, &answer(fields), NOW);
    assert_eq!(reading(&signed(&pairs)), TradeReading::NotFound);
    for (key, certificate) in [
        (CUSTOMER_KEY, CUSTOMER),
        (CUSTOMER_KEY, LEAF),
        (MERCHANT_KEY, LEAF),
    ] {
        let forged = signed_by(&pairs, key, certificate);
        assert_eq!(reading(&forged), TradeReading::NoAnswer);
    }
    let mut other_method = signed(&pairs);
    other_method.insert("signMethod".to_owned(), "11".to_owned());
    assert_eq!(reading(&other_method), TradeReading::NoAnswer);
}

#[test]
fn a_code_is_taken_and_never_paid_by_the_answer_and_a_reversal_is_repeated_until_it_is_certain() {
    let order = order(Method::Code);
    let no = order.no.to_string();
    let base = [
        ("orderId", no.as_str()),
        ("txnTime", "20270115120000"),
        ("merId", MER_ID),
    ];
    let said = |more: &[(&str, &str)], now| {
        let fields = signed(&[&base[..], &[("txnType", "99")], more].concat());
        let (unionpay, answer) = (unionpay(), answer(&fields));
        (
            unionpay.read_create(&order, &answer, now),
            unionpay.read_reverse(&order, &answer, now),
        )
    };
    let whole = [
        ("respCode", "00"),
        ("queryId", QUERY_ID),
        ("txnAmt", "1999"),
        ("currencyCode", "156"),
    ];
    let payments = signed(&[&base[..], &[("txnType", "01")], &whole].concat());
    let payments = unionpay().read_reverse(&order, &answer(&payments), NOW);
    assert_eq!(payments, ReversalReport::Again, "of the payment itself");
    let (created, reversed) = said(&whole, NOW);
    // However whole it is: 00 is "accepted".
    assert_eq!(created, CreateReading::Taken);
    assert_eq!(reversed, ReversalReport::Reversed);
    assert_eq!(said(&[("respCode", "00")], NOW).0, CreateReading::Taken);
    assert_eq!(said(&[("respCode", "05")], NOW).0, CreateReading::Taken);
    assert_eq!(said(&[("respCode", "61")], NOW).0, CreateReading::Refused);
    assert_eq!(said(&[("respCode", "04")], NOW).0, CreateReading::NoAnswer);
    let unknown = [("respCode", "34")];
    assert_eq!(said(&unknown, NOW).1, ReversalReport::Again);
    let later = NOW.plus(Span::minutes(2));
    assert_eq!(said(&unknown, later).1, ReversalReport::NothingTaken);
    assert_eq!(said(&[("respCode", "35")], NOW).1, ReversalReport::Refused);
}

#[test]
fn a_notification_is_verified_before_it_is_read() {
    let order = order(Method::Gateway);
    let (no, refund) = (order.no.to_string(), refund(RefundForm::Refund));
    let refund_no = refund.no.to_string();
    let notified = |pairs: &[(&str, &str)], spoil: bool| {
        let mut fields = signed(pairs);
        if spoil {
            fields.insert("txnAmt".to_owned(), "2000".to_owned());
        }
        let pairs = fields.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let body = form::encode(pairs).into_bytes();
        let adapter: &dyn Adapter = &unionpay();
        adapter.verify(UnverifiedNotification {
            headers: &[],
            body: &body,
            received_at: NOW,
        })
    };
    let pays = [
        ("orderId", no.as_str()),
        ("txnType", "01"),
        ("merId", MER_ID),
        ("respCode", "00"),
        ("queryId", QUERY_ID),
        ("txnAmt", "1999"),
        ("currencyCode", "156"),
        ("txnTime", "20270115120000"),
    ];
    let notice = notified(&pays, false).unwrap();
    assert_eq!(notice.channel_order_no, order.no);
    assert!(matches!(notice.news, News::Trade(Report::Paid { .. })));
    assert_eq!(notified(&pays, true), Err(Rejected::BadSignature));

    let goes_back = pays.map(|(n, v)| {
        if n == "orderId" {
            (n, refund_no.as_str())
        } else {
            (n, v)
        }
    });
    let goes_back = goes_back.map(|(n, v)| if n == "txnType" { (n, "04") } else { (n, v) });
    let told = notified(&goes_back, false).unwrap();
    let amount = Some(Money::from_fen(1_999));
    let news = |report, amount| News::Refund {
        no: refund.no,
        report,
        amount,
    };
    assert_eq!(told.news, news(RefundReport::Succeeded, amount));
    // Another amount than was asked for is told as such.
    let more = goes_back.map(|(n, v)| if n == "txnAmt" { (n, "2000") } else { (n, v) });
    let told = notified(&more, false).unwrap();
    let amount_of_another = Some(Money::from_fen(2_000));
    assert_eq!(told.news, news(RefundReport::Succeeded, amount_of_another));
    let failed = goes_back.map(|(n, v)| if n == "respCode" { (n, "61") } else { (n, v) });
    let told = notified(&failed, false).unwrap();
    assert_eq!(told.news, news(RefundReport::Failed, amount));
    let unsaid = failed.map(|(n, v)| if n == "txnAmt" { (n, "") } else { (n, v) });
    let told = notified(&unsaid, false).unwrap();
    assert_eq!(told.news, news(RefundReport::Failed, None));

    let foreign = pays.map(|(n, v)| {
        if n == "merId" {
            (n, "777290058110049")
        } else {
            (n, v)
        }
    });
    assert_eq!(notified(&foreign, false), Err(Rejected::WrongMerchant));
    let elsewhere = pays.map(|(n, v)| {
        if n == "orderId" {
            (n, "shop-0000001")
        } else {
            (n, v)
        }
    });
    assert_eq!(notified(&elsewhere, false), Err(Rejected::NotOurNumber));
}

#[test]
fn a_key_and_another_keys_certificate_are_not_taken_for_one() {
    let open = |certificate: &str| {
        let secret = serde_json::json!({ "private_key": MERCHANT_KEY, "certificate": certificate });
        let secret = secret.to_string();
        let secrets = registry::Secrets {
            signing: Some(&secret),
            receiving: None,
        };
        super::Unionpay::open(&settings().to_string(), secrets).map(|_| ())
    };
    assert_eq!(open(super::MERCHANT), Ok(()));
    let mixed = "certificate is not that of private_key";
    assert_eq!(open(LEAF), Err(ConfigurationError::Secret(mixed)));
}

#[test]
fn settings_are_read_strictly() {
    let open = |name: &str, value: serde_json::Value| {
        let mut settings = settings();
        settings[name] = value;
        let secrets = registry::Secrets::default();
        super::Unionpay::open(&settings.to_string(), secrets).is_ok()
    };
    assert!(open(
        "files",
        serde_json::json!("https://files.example.com/")
    ));
    for (name, value) in [
        ("mer_id", serde_json::json!("77729005811004")),
        ("gateway", serde_json::json!("gateway.example.com")),
        ("files", serde_json::json!("ftp://files.example.com/")),
        ("root_cert", serde_json::json!("nothing")),
        ("middle_certs", serde_json::json!([])),
    ] {
        assert!(!open(name, value.clone()), "{name} {value}");
    }
}
