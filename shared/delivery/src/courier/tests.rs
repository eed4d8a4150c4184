//! Deliveries over real sockets: to receivers that verify, stall, redirect, flood and rebind.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::dns::{Addrs, Name, Resolving};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// What a receiver does once it has read a request.
#[derive(Clone)]
enum Conduct {
    Answer(&'static str),
    Flood,
    Stall,
    HangUp,
}

/// A receiver on a free port of this machine, and the requests it read.
struct Receiver {
    port: u16,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

async fn receiver(conduct: Conduct) -> Receiver {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let read = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 65_536];
            let length = stream.read(&mut request).await.unwrap_or(0);
            request.truncate(length);
            read.lock().unwrap().push(request);
            let conduct = conduct.clone();
            tokio::spawn(async move {
                match conduct {
                    Conduct::Answer(head) => {
                        let end = "content-length: 0\r\nconnection: close\r\n\r\n";
                        let answer = format!("HTTP/1.1 {head}\r\n{end}");
                        drop(stream.write_all(answer.as_bytes()).await);
                    }
                    Conduct::Flood => {
                        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999999\r\n\r\n";
                        drop(stream.write_all(head).await);
                        // Ends when the reader hangs up.
                        while stream.write_all(&[b'x'; 8_192]).await.is_ok() {}
                    }
                    Conduct::Stall => tokio::time::sleep(Duration::from_secs(60)).await,
                    Conduct::HangUp => {}
                }
            });
        }
    });
    Receiver { port, requests }
}

fn secret(byte: u8) -> String {
    format!("whsec_{}", STANDARD.encode([byte; 24]))
}

fn parcel(to: String, secrets: &[String]) -> Parcel {
    Parcel {
        to,
        id: "P1-1".to_owned(),
        content_type: ContentType::Json,
        body: r#"{"state":"paid","subject":"茶"}"#.as_bytes().to_vec(),
        secrets: secrets
            .iter()
            .map(|text| SigningSecret::new(text).unwrap())
            .collect(),
    }
}

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap())
}

impl Receiver {
    fn address(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    async fn gets(&self, secrets: &[String]) -> Receipt {
        let courier = Courier::new(Reach::PublicAndLoopback);
        courier
            .deliver(&parcel(self.address(), secrets), now())
            .await
    }

    /// Headers and body of the only request.
    fn request(&self) -> (HashMap<String, String>, Vec<u8>) {
        let requests = self.requests.lock().unwrap();
        let [request] = &requests[..] else {
            panic!("{} requests", requests.len());
        };
        let end = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&request[..end]).unwrap();
        let headers = head.lines().skip(1).map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        });
        (headers.collect(), request[end + 4..].to_vec())
    }
}

/// What the public verifier says of a request.
fn verify(receiver: &Receiver, secret: &str) -> bool {
    let (headers, body) = receiver.request();
    let mut map = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        map.insert(name, headers[name].parse().unwrap());
    }
    let verifier = standardwebhooks::Webhook::new(secret).unwrap();
    verifier.verify(&body, &map).is_ok()
}

#[tokio::test]
async fn the_public_verifier_accepts_what_we_sign() {
    let receiver = receiver(Conduct::Answer("204 No Content")).await;
    assert_eq!(
        receiver.gets(&[secret(1)]).await,
        Receipt::Taken { status: 204 }
    );
    assert!(verify(&receiver, &secret(1)));
    assert!(!verify(&receiver, &secret(2)));
    let (headers, body) = receiver.request();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(body, r#"{"state":"paid","subject":"茶"}"#.as_bytes());
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_verify() {
    let receiver = receiver(Conduct::Answer("200 OK")).await;
    receiver.gets(&[secret(1), secret(2)]).await;
    assert!(verify(&receiver, &secret(1)));
    assert!(verify(&receiver, &secret(2)));
    assert!(!verify(&receiver, &secret(3)));
}

#[tokio::test]
async fn nothing_is_sent_unsigned() {
    let receiver = receiver(Conduct::Answer("200 OK")).await;
    let reason = Objection::Unsigned;
    assert_eq!(receiver.gets(&[]).await, Receipt::Forbidden { reason });
    assert!(receiver.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_taken_is_refused() {
    for (head, status) in [
        ("400 Bad Request", 400),
        ("410 Gone", 410),
        ("500 Internal Server Error", 500),
        ("304 Not Modified", 304),
    ] {
        let receipt = receiver(Conduct::Answer(head))
            .await
            .gets(&[secret(1)])
            .await;
        assert_eq!(receipt, Receipt::Refused { status });
        assert_eq!(receipt.is_gone(), status == 410);
    }
}

#[tokio::test]
async fn s7_a_redirect_to_metadata_is_not_followed() {
    let elsewhere = receiver(Conduct::Answer("200 OK")).await;
    for status in [301, 302, 303, 307, 308] {
        for to in [
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            elsewhere.address(),
        ] {
            let head: &'static str = format!("{status} Moved\r\nlocation: {to}").leak();
            let receipt = receiver(Conduct::Answer(head))
                .await
                .gets(&[secret(1)])
                .await;
            assert_eq!(receipt, Receipt::Refused { status }, "{to}");
        }
    }
    assert!(elsewhere.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn s7_a_flood_is_cut_and_its_status_holds() {
    let began = Instant::now();
    let receipt = receiver(Conduct::Flood).await.gets(&[secret(1)]).await;
    assert_eq!(receipt, Receipt::Taken { status: 200 });
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "read far more than 64 KB"
    );
}

/// F89: an address that hangs costs 5 s and no more.
#[tokio::test]
async fn f89_a_stalled_receiver_times_out() {
    let began = Instant::now();
    let receipt = receiver(Conduct::Stall).await.gets(&[secret(1)]).await;
    let reason = Silence::TimedOut;
    assert_eq!(receipt, Receipt::Unreachable { reason });
    assert!(began.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn silence_is_told_apart() {
    let receipt = receiver(Conduct::HangUp).await.gets(&[secret(1)]).await;
    let reason = Silence::BrokenOff;
    assert_eq!(receipt, Receipt::Unreachable { reason });
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let courier = Courier::new(Reach::PublicAndLoopback);
    let parcel = parcel(format!("http://{closed}/"), &[secret(1)]);
    let reason = Silence::NoConnection;
    assert_eq!(
        courier.deliver(&parcel, now()).await,
        Receipt::Unreachable { reason }
    );
}

#[tokio::test]
async fn an_id_that_is_no_header_is_not_sent() {
    let receiver = receiver(Conduct::Answer("200 OK")).await;
    let mut parcel = parcel(receiver.address(), &[secret(1)]);
    parcel.id = "P1\r\nhost: elsewhere".to_owned();
    let courier = Courier::new(Reach::PublicAndLoopback);
    let reason = Silence::NoConnection;
    assert_eq!(
        courier.deliver(&parcel, now()).await,
        Receipt::Unreachable { reason }
    );
    assert!(receiver.requests.lock().unwrap().is_empty());
}

/// A name server that answers differently each time it is asked, the last answer for ever.
struct Rebinding {
    answers: Vec<Vec<IpAddr>>,
    asked: Mutex<usize>,
}

impl Rebinding {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let address = |text: &&str| text.parse().unwrap();
        let answers = answers.iter().map(|a| a.iter().map(address).collect());
        Arc::new(Self {
            answers: answers.collect(),
            asked: Mutex::new(0),
        })
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

impl Resolve for Rebinding {
    fn resolve(&self, _: Name) -> Resolving {
        let mut asked = self.asked.lock().unwrap();
        let answer = self.answers[(*asked).min(self.answers.len() - 1)].clone();
        *asked += 1;
        let found: Addrs = Box::new(answer.into_iter().map(|ip| SocketAddr::new(ip, 0)));
        Box::pin(std::future::ready(Ok(found)))
    }
}

/// S7: what was looked up is what is connected to, so a second answer is never asked for.
#[tokio::test]
async fn s7_the_checked_address_is_the_one_connected_to() {
    let receiver = receiver(Conduct::Answer("200 OK")).await;
    let names = Rebinding::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let resolver: Arc<dyn Resolve> = names.clone();
    let courier = Courier::asking(Reach::PublicAndLoopback, resolver);
    let address = format!("http://localhost:{}/hook", receiver.port);
    let parcel = parcel(address, &[secret(1)]);
    assert_eq!(
        courier.deliver(&parcel, now()).await,
        Receipt::Taken { status: 200 }
    );
    assert_eq!(names.asked(), 1);
    // The name has moved; the next delivery looks again and stops.
    let reason = Objection::LeadsInside;
    assert_eq!(
        courier.deliver(&parcel, now()).await,
        Receipt::Forbidden { reason }
    );
    assert_eq!(names.asked(), 2);
    assert_eq!(receiver.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn s7_a_name_that_leads_inside_is_refused() {
    for answers in [
        &["127.0.0.1"][..],
        &["169.254.169.254"],
        &["93.184.216.34", "10.0.0.1"],
        &["::1"],
        &["::ffff:169.254.169.254"],
        &["fd00:ec2::254"],
        &["100.100.100.200"],
    ] {
        for reach in [Reach::Public, Reach::PublicAndLoopback] {
            let courier = Courier::asking(reach, Rebinding::new(&[answers]));
            let parcel = parcel("https://shop.example.com/".to_owned(), &[secret(1)]);
            let reason = Objection::LeadsInside;
            let receipt = courier.deliver(&parcel, now()).await;
            assert_eq!(receipt, Receipt::Forbidden { reason }, "{answers:?}");
        }
    }
}

#[tokio::test]
async fn a_name_without_addresses_is_silence() {
    let courier = Courier::asking(Reach::Public, Rebinding::new(&[&[]]));
    let parcel = parcel("https://shop.example.com/".to_owned(), &[secret(1)]);
    let reason = Silence::NoConnection;
    assert_eq!(
        courier.deliver(&parcel, now()).await,
        Receipt::Unreachable { reason }
    );
}
