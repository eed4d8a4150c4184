//! A channel that misbehaves on the loopback interface: whatever it does, the worst is no answer.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use payonce_channels::{
    Adapter, ChannelClient, CloseAnswer, CreateTold, DownloadError, Health, HttpRequest, Order,
    RefundOrder, Secrets, Silence, Told, Transport, Verb, adapter,
};
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{
    Action, Channel, ChannelOrderNo, ChannelTradeNo, CreateAnswer, MerchantId, MerchantOrderNo,
    Method, Money, PaymentKey, RefundForm, RefundNo, RefundReport, Report, ReversalReport, Span,
    Timestamp,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const QUERY_PAID: &str = include_str!("../src/alipay/fixtures/query-paid.json");
const PAY_PAID: &str = include_str!("../src/alipay/fixtures/pay-paid.json");
const TRADE_NO: &str = "2026112022001424330512345678";
/// 2026-11-20 22:20:00 in Beijing.
const NOW: Timestamp = Timestamp::from_millis(1_795_184_400_000);

/// What the channel does with a connection once it has read some of the request.
#[derive(Clone)]
enum Conduct {
    Say(Vec<u8>),
    HangUp,
    Wait,
}

/// A channel on a free port, and how many connections it saw.
async fn channel(conduct: Conduct) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/gateway.do", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            seen.fetch_add(1, Ordering::SeqCst);
            let conduct = conduct.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 65_536];
                let _length = stream.read(&mut buffer).await;
                match conduct {
                    // The reader may have hung up already; that is its right.
                    Conduct::Say(bytes) => drop(stream.write_all(&bytes).await),
                    Conduct::HangUp => {}
                    Conduct::Wait => tokio::time::sleep(std::time::Duration::from_secs(60)).await,
                }
            });
        }
    });
    (address, count)
}

fn http(status: &str, length: usize, body: &str) -> Conduct {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n");
    Conduct::Say(format!("{head}\r\n{body}").into_bytes())
}

fn account(gateway: &str) -> Box<dyn Adapter> {
    let settings = json!({
        "app_id": "2021000000000001",
        "seller_id": "2088000000000001",
        "gateway": gateway,
        "public_keys": [include_str!("../src/alipay/fixtures/alipay.public.pem")],
    });
    let secret = json!({ "private_key": include_str!("../src/alipay/fixtures/merchant.pem") });
    let secret = secret.to_string();
    let secrets = Secrets {
        signing: Some(&secret),
        receiving: None,
    };
    adapter(Channel::Alipay, &settings.to_string(), secrets).unwrap()
}

fn order(method: Method, attempt: u8) -> Order {
    let merchant = MerchantId::new("m-1").unwrap();
    let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new("o-1").unwrap());
    Order {
        no: ChannelOrderNo::new(key, Channel::Alipay, method, attempt),
        amount: Money::from_fen(1999),
        subject: "tea".to_owned(),
        created_at: NOW,
        expires_at: NOW.plus(Span::minutes(15)),
        notify_url: "https://pay.example.com/v1/webhooks/alipay/demo".to_owned(),
        return_url: None,
        client_ip: None,
        payer: None,
        auth_code: None,
        bank: None,
    }
}

fn refund(order: &Order) -> RefundOrder {
    let trade_no = ChannelTradeNo::new(TRADE_NO).unwrap();
    RefundOrder {
        no: RefundNo::new(order.no, RefundIdentity::Reversal(&trade_no), 1),
        form: RefundForm::Refund,
        amount: order.amount,
        reason: "duplicate".to_owned(),
        trade_no,
        captured: order.amount,
        sent_at: NOW,
        notify_url: order.notify_url.clone(),
    }
}

async fn query(conduct: Conduct, order: &Order) -> (Told<Report>, usize) {
    let (address, count) = channel(conduct).await;
    let (adapter, transport) = (account(&address), Transport::new("payonce-test"));
    let client = ChannelClient::new(adapter.as_ref(), &transport);
    let told = client.query(order, NOW).await;
    (told, count.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_signed_answer_becomes_a_report_with_the_bytes_it_rests_on() {
    let conduct = http("200 OK", QUERY_PAID.len(), QUERY_PAID);
    let (told, count) = query(conduct, &order(Method::Page, 1)).await;
    let paid = Report::Paid {
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        amount: Money::from_fen(1999),
        // 2026-11-20 22:15:30 in Beijing.
        paid_at: Timestamp::from_millis(1_795_184_130_000),
    };
    assert_eq!(told.said, paid);
    assert_eq!(told.raw.as_deref(), Some(QUERY_PAID.as_bytes()));
    assert_eq!(told.health, Health::Answered);
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_payment_code_may_pay_within_the_call() {
    let (address, _) = channel(http("200 OK", PAY_PAID.len(), PAY_PAID)).await;
    let (adapter, transport) = (account(&address), Transport::new("payonce-test"));
    let client = ChannelClient::new(adapter.as_ref(), &transport);
    let create = async |attempt| {
        let mut order = order(Method::Code, attempt);
        order.auth_code = Some("286412345678901234".to_owned());
        client.create(&order, NOW).await
    };
    let told = create(1).await;
    let paid = Report::Paid {
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        amount: Money::from_fen(1999),
        paid_at: Timestamp::from_millis(1_795_184_130_000),
    };
    assert_eq!(told.said, CreateTold::Reported(paid));
    assert_eq!(told.health, Health::Answered);
    assert_eq!(told.raw.as_deref(), Some(PAY_PAID.as_bytes()));
    // The same answer says nothing of another order.
    let told = create(2).await;
    assert_eq!(told.said, CreateTold::NoAnswer);
    assert_eq!(told.health, Health::Troubled);
}

#[tokio::test]
async fn everything_else_is_no_answer_and_is_not_repeated() {
    let good = QUERY_PAID.len();
    let (elsewhere, followed) = channel(http("200 OK", good, QUERY_PAID)).await;
    let redirect = format!("302 Found\r\nlocation: {elsewhere}");
    let long = "x".repeat((1 << 20) + 1);
    for (name, conduct, attempt, has_raw) in [
        (
            "a 500 with a good body",
            http("500 Oops", good, QUERY_PAID),
            1,
            true,
        ),
        ("a 503", http("503 Busy", 0, ""), 1, true),
        (
            "another order's answer",
            http("200 OK", good, QUERY_PAID),
            2,
            true,
        ),
        ("garbage", http("200 OK", 7, "garbage"), 1, true),
        ("an empty body", http("200 OK", 0, ""), 1, true),
        ("a redirect", http(&redirect, good, QUERY_PAID), 1, true),
        (
            "half an answer",
            http("200 OK", good + 1, QUERY_PAID),
            1,
            false,
        ),
        (
            "an endless answer",
            http("200 OK", long.len(), &long),
            1,
            false,
        ),
        (
            "no HTTP at all",
            Conduct::Say(b"hello\r\n\r\n".to_vec()),
            1,
            false,
        ),
        ("a hang-up", Conduct::HangUp, 1, false),
    ] {
        let (told, count) = query(conduct, &order(Method::Page, attempt)).await;
        assert_eq!(told.said, Report::NoAnswer, "{name}");
        assert_eq!(told.raw.is_some(), has_raw, "{name}");
        assert_eq!(told.health, Health::Troubled, "{name}");
        assert_eq!(count, 1, "{name}");
    }
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn every_call_survives_silence() {
    let (address, _) = channel(Conduct::HangUp).await;
    let (adapter, transport) = (account(&address), Transport::new("payonce-test"));
    let client = ChannelClient::new(adapter.as_ref(), &transport);
    let (page, native) = (order(Method::Page, 1), order(Method::Native, 2));
    let refund = refund(&page);
    let told = client.create(&native, NOW).await;
    assert_eq!(
        (told.said, told.health),
        (CreateTold::NoAnswer, Health::Troubled)
    );
    let told = client.query(&page, NOW).await;
    assert_eq!(
        (told.said, told.health),
        (Report::NoAnswer, Health::Troubled)
    );
    let told = client.close(&page, NOW).await;
    assert_eq!(
        (told.said, told.health),
        (CloseAnswer::NoAnswer, Health::Troubled)
    );
    let told = client.refund(&page, &refund, NOW).await;
    assert_eq!(
        (told.said, told.health),
        (RefundReport::NoAnswer, Health::Troubled)
    );
    let told = client.query_refund(&page, &refund, NOW).await;
    assert_eq!(
        (told.said, told.health),
        (RefundReport::NoAnswer, Health::Troubled)
    );
}

#[tokio::test]
async fn what_cannot_be_sent_says_nothing_of_the_channel() {
    let (address, count) = channel(Conduct::HangUp).await;
    let settings = json!({
        "app_id": "2021000000000001",
        "seller_id": "2088000000000001",
        "gateway": address,
        "public_keys": [include_str!("../src/alipay/fixtures/alipay.public.pem")],
    });
    let adapter = adapter(Channel::Alipay, &settings.to_string(), Secrets::default()).unwrap();
    let transport = Transport::new("payonce-test");
    let client = ChannelClient::new(adapter.as_ref(), &transport);
    let page = order(Method::Page, 1);
    let told = client.query(&page, NOW).await;
    assert_eq!(
        (told.said, told.health),
        (Report::NoAnswer, Health::NotAsked)
    );
    let told = client.refund(&page, &refund(&page), NOW).await;
    assert_eq!(
        (told.said, told.health),
        (RefundReport::NoAnswer, Health::NotAsked)
    );
    let told = client.create(&order(Method::Native, 2), NOW).await;
    assert_eq!(
        (told.said, told.health),
        (CreateTold::NoAnswer, Health::NotAsked)
    );
    // A payment code is not stored, so whoever comes later cannot repeat the call. That refuses nothing.
    let able = account(&address);
    let client = ChannelClient::new(able.as_ref(), &transport);
    let told = client.create(&order(Method::Code, 3), NOW).await;
    assert_eq!(
        (told.said, told.health),
        (CreateTold::NoAnswer, Health::NotAsked)
    );
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_needs_no_call_makes_none() {
    let (address, count) = channel(Conduct::HangUp).await;
    let (adapter, transport) = (account(&address), Transport::new("payonce-test"));
    let client = ChannelClient::new(adapter.as_ref(), &transport);
    let page = order(Method::Page, 1);
    let action = client.action(&page, NOW).unwrap();
    let Action::Redirect { url } = &action else {
        panic!("{action:?}");
    };
    assert!(url.starts_with(&address));
    let told = client.create(&page, NOW).await;
    let expires_at = None;
    let made = CreateAnswer::Made { action, expires_at };
    assert_eq!(told.said, CreateTold::Answered(made));
    assert_eq!(told.health, Health::NotAsked);
    let told = client.create(&order(Method::Gateway, 3), NOW).await;
    assert_eq!(told.said, CreateTold::Answered(CreateAnswer::Refused));
    assert_eq!(told.health, Health::NotAsked);
    let told = client.reverse(&page, NOW).await;
    assert_eq!(told.said, ReversalReport::Refused);
    assert_eq!(told.health, Health::NotAsked);
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

fn get(url: String) -> HttpRequest {
    HttpRequest {
        verb: Verb::Get,
        url,
        headers: Vec::new(),
        body: Vec::new(),
        patience: Span::millis(300),
        answer_bytes_max: 1 << 20,
    }
}

/// A disk without room.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// F82: a file that comes in part is no file, by whatever it ends.
#[tokio::test]
async fn a_file_is_downloaded_whole_or_not_at_all() {
    let transport = Transport::new("payonce-test");
    let fetch = async |conduct: Conduct| {
        let (address, _) = channel(conduct).await;
        let mut file = Vec::new();
        let status = transport.download(get(address), &mut file).await;
        (status, file)
    };
    let longest = "x".repeat(1 << 20);
    let (status, file) = fetch(http("200 OK", longest.len(), &longest)).await;
    assert_eq!((status.unwrap(), file.len()), (200, 1 << 20));
    let (status, _) = fetch(http("404 Gone", 4, "gone")).await;
    assert_eq!(status.unwrap(), 404);
    let longer = format!("{longest}x");
    for (conduct, expected) in [
        (http("200 OK", longer.len(), &longer), Silence::TooLong),
        (http("200 OK", longer.len(), &longest), Silence::BrokenOff),
        (Conduct::HangUp, Silence::BrokenOff),
        (Conduct::Wait, Silence::TimedOut),
    ] {
        let (status, _) = fetch(conduct).await;
        let silence = matches!(status, Err(DownloadError::Silence(why)) if why == expected);
        assert!(silence, "{expected}: {status:?}");
    }
    let (address, _) = channel(http("200 OK", 5, "lines")).await;
    let full = transport.download(get(address), &mut Full).await;
    assert!(matches!(full, Err(DownloadError::File(_))), "{full:?}");
}

#[tokio::test]
async fn silence_has_a_reason() {
    let transport = Transport::new("payonce-test");
    let ask = |url: String| transport.send(get(url));
    let (address, _) = channel(Conduct::Wait).await;
    assert_eq!(ask(address).await, Err(Silence::TimedOut));
    let (address, _) = channel(Conduct::HangUp).await;
    assert_eq!(ask(address).await, Err(Silence::BrokenOff));
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(ask(address).await, Err(Silence::Unreachable));
    assert_eq!(
        ask("not an address".to_owned()).await,
        Err(Silence::Unreachable)
    );
}
