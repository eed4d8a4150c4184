//! A place where notifications arrive, and the reader who decrypts them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::harness::Stage;

/// One notification as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    headers: HeaderMap,
    body: String,
}

impl Heard {
    pub(crate) fn is_genuine(&self, stage: &Stage) -> bool {
        stage.is_genuine(&self.headers, &self.body)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// What was encrypted for the merchant.
    pub(crate) fn resource(&self, stage: &Stage) -> Value {
        let envelope = self.json().unwrap();
        let resource = &envelope["resource"];
        assert_eq!(resource["algorithm"], "AEAD_AES_256_GCM");
        let text = |name: &str| resource[name].as_str().unwrap();
        let cipher = Aes256Gcm::new_from_slice(stage.key("apiv3_key").as_bytes()).unwrap();
        let sealed = STANDARD.decode(text("ciphertext")).unwrap();
        let payload = Payload {
            msg: &sealed,
            aad: text("associated_data").as_bytes(),
        };
        let nonce = Nonce::from_slice(text("nonce").as_bytes());
        serde_json::from_slice(&cipher.decrypt(nonce, payload).unwrap()).unwrap()
    }
}

/// Where a merchant hears.
#[derive(Clone)]
pub(crate) struct Ear {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    status: Arc<Mutex<u16>>,
}

impl Ear {
    pub(crate) async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ear = Self {
            url: format!("http://{}/notify", listener.local_addr().unwrap()),
            heard: Arc::default(),
            status: Arc::new(Mutex::new(204)),
        };
        let hear = async |State(ear): State<Ear>, headers: HeaderMap, body: Bytes| {
            let body = String::from_utf8_lossy(&body).into_owned();
            ear.heard.lock().unwrap().push(Heard { headers, body });
            StatusCode::from_u16(*ear.status.lock().unwrap()).unwrap()
        };
        let routes = Router::new()
            .route("/notify", post(hear))
            .with_state(ear.clone());
        tokio::spawn(async { axum::serve(listener, routes).await });
        ear
    }

    pub(crate) fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    /// What was heard, without the probes.
    fn without_probes(&self) -> Vec<Heard> {
        let heard = self.heard.lock().unwrap().clone();
        let is_probe = |one: &Heard| {
            one.headers.contains_key("wechatpay-signature")
                && one
                    .header("wechatpay-signature")
                    .starts_with("WECHATPAY/SIGNTEST/")
        };
        heard.into_iter().filter(|one| !is_probe(one)).collect()
    }

    pub(crate) fn everything(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until so many notifications were heard.
    pub(crate) async fn hear(&self, count: usize) -> Vec<Heard> {
        for _ in 0..500 {
            if self.without_probes().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let heard = self.without_probes();
        assert_eq!(heard.len(), count, "{heard:?}");
        heard
    }

    /// Nothing more is heard for a while.
    pub(crate) async fn hears_no_more_than(&self, count: usize) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(self.without_probes().len(), count);
    }
}
