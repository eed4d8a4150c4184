//! A notification on its way: headers and a body, to be sent as they are or damaged.

use payonce_domain::Channel;
use reqwest::Method;

use crate::http::{Answer, Http};

/// Headers and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// To whom it pretends to belong.
    pub channel: Channel,
    /// Header names and values, the content type among them.
    pub headers: Vec<(String, String)>,
    /// The body, to the byte.
    pub body: Vec<u8>,
}

impl Message {
    /// The same with one bit of the body turned over.
    #[must_use]
    pub fn with_bit_flipped(&self, byte: usize, bit: u8) -> Self {
        let mut flipped = self.clone();
        if let Some(byte) = flipped.body.get_mut(byte) {
            *byte ^= 1 << (bit % 8);
        }
        flipped
    }

    /// The same with another value of a header.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.headers.retain(|(other, _)| other != name);
        changed.headers.push((name.to_owned(), value.to_owned()));
        changed
    }

    /// The same with this body.
    #[must_use]
    pub fn with_body(&self, body: &[u8]) -> Self {
        Self {
            body: body.to_vec(),
            ..self.clone()
        }
    }

    /// Posts it to a webhook address.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn post(&self, http: &Http, url: &str) -> anyhow::Result<Answer> {
        let mut request = http.request(Method::POST, url).body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        http.send(request).await
    }

    /// Whether the channel would take this answer for "heard" and not come again.
    #[must_use]
    pub fn is_heard(&self, answer: &Answer) -> bool {
        match self.channel {
            Channel::Alipay => answer.bytes == b"success",
            Channel::Wechat => [200, 204].contains(&answer.status),
            Channel::Unionpay => [200, 302].contains(&answer.status),
        }
    }
}
