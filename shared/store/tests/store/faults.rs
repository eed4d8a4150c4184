//! A proxy between client and database that loses answers and throttles, as told, write by write.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to one write.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Nothing: it is carried out, and answered.
    None,
    /// It is carried out, and the connection breaks before the answer.
    LostAnswer,
    /// The connection breaks before it arrives.
    LostRequest,
    /// It is refused for now, without effect.
    Throttled,
}

/// The proxy's address, and the faults still to come; once they are used up all goes well.
pub struct Proxy {
    pub address: SocketAddr,
    faults: Arc<Mutex<VecDeque<Fault>>>,
}

impl Proxy {
    pub async fn before(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let faults = Arc::new(Mutex::new(VecDeque::new()));
        let queue = faults.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, database, queue.clone()));
            }
        });
        Self { address, faults }
    }

    pub fn plan(&self, faults: &[Fault]) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// From now on all goes well.
    #[allow(
        dead_code,
        reason = "only the tests of the use cases, which share this file, ask for it"
    )]
    pub fn recover(&self) {
        self.faults.lock().unwrap().clear();
    }

    pub fn is_used_up(&self) -> bool {
        self.faults.lock().unwrap().is_empty()
    }
}

/// One request for one connection: each answer closes it.
async fn relay(mut client: TcpStream, database: SocketAddr, faults: Arc<Mutex<VecDeque<Fault>>>) {
    let Some(request) = message(&mut client).await else {
        return;
    };
    let is_write = String::from_utf8_lossy(&request).contains("DynamoDB_20120810.PutItem");
    let fault = if is_write {
        faults.lock().unwrap().pop_front()
    } else {
        None
    };
    match fault {
        Some(Fault::LostRequest) => {}
        Some(Fault::Throttled) => {
            let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"later"}"#;
            let answer = format!(
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.0\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            client.write_all(answer.as_bytes()).await.unwrap();
        }
        Some(Fault::LostAnswer) => {
            forward(database, &request).await;
        }
        Some(Fault::None) | None => {
            let answer = forward(database, &request).await;
            client.write_all(&answer).await.unwrap();
        }
    }
}

async fn forward(database: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut server = TcpStream::connect(database).await.unwrap();
    server.write_all(request).await.unwrap();
    message(&mut server).await.unwrap()
}

/// A whole HTTP message with a known length, told to be the connection's last.
async fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (end, length) = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))?;
            break (end, length.trim().parse::<usize>().unwrap());
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    bytes.splice(end..end, b"\r\nconnection: close".iter().copied());
    Some(bytes)
}
