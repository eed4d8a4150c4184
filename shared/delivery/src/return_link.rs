//! The address a buyer's browser is sent back to a merchant with, signed so that the merchant can tell
//! what we said from what a browser made up.
//!
//! It is a Standard Webhooks signature over the parameters as they stand in the address: any library for
//! them verifies it. The id is the payment's number; the body is everything from the first parameter of
//! ours up to, and without, `&timestamp=`. A body of a webhook is JSON and never looks like it.

use payonce_domain::Timestamp;
use url::form_urlencoded::Serializer;

use crate::secret::{SigningSecret, signatures};

/// What a merchant's page is told through the buyer's browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnLink {
    /// Takes the place of the message's id.
    pub id: String,
    /// The parameters, in the order in which they are signed.
    pub facts: Vec<(&'static str, String)>,
}

impl ReturnLink {
    /// The merchant's address with the facts, the time and a signature by each secret behind what it has
    /// already; the bare address where there is no secret.
    #[must_use]
    pub fn signed(&self, url: &str, secrets: &[SigningSecret], now: Timestamp) -> String {
        if secrets.is_empty() {
            return url.to_owned();
        }
        let seconds = now.as_millis() / 1_000;
        let facts = Serializer::new(String::new())
            .extend_pairs(&self.facts)
            .finish();
        let signature = signatures(secrets, &self.id, seconds, facts.as_bytes());
        let proof = Serializer::new(String::new())
            .append_pair("timestamp", &seconds.to_string())
            .append_pair("signature", &signature)
            .finish();
        let (address, fragment) = url
            .split_once('#')
            .map_or((url, None), |(address, fragment)| (address, Some(fragment)));
        let joint = if address.contains('?') { '&' } else { '?' };
        let fragment = fragment.map_or_else(String::new, |fragment| format!("#{fragment}"));
        format!("{address}{joint}{facts}&{proof}{fragment}")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use http::HeaderMap;

    use super::*;

    const ID: &str = "P0123";

    fn secret(byte: u8) -> (String, SigningSecret) {
        let text = format!("whsec_{}", STANDARD.encode([byte; 32]));
        let secret = SigningSecret::new(&text).unwrap();
        (text, secret)
    }

    fn link() -> ReturnLink {
        ReturnLink {
            id: ID.to_owned(),
            facts: vec![
                ("merchant_order_no", "a&state=paid b/鞋".to_owned()),
                ("state", "closed".to_owned()),
            ],
        }
    }

    fn now() -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::from_millis(since.unwrap().as_millis().try_into().unwrap())
    }

    /// As the documentation tells merchants to do it.
    fn accepted(url: &str, secret: &str) -> bool {
        let query = url.split_once('?').unwrap().1;
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let begin = query.find("merchant_order_no=").unwrap();
        let (body, proof) = query[begin..].split_once("&timestamp=").unwrap();
        let proof = format!("timestamp={proof}");
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", ID.parse().unwrap());
        for (name, value) in url::form_urlencoded::parse(proof.as_bytes()) {
            let name = match name.as_ref() {
                "timestamp" => "webhook-timestamp",
                "signature" => "webhook-signature",
                other => panic!("{other}"),
            };
            headers.insert(name, value.parse().unwrap());
        }
        let verifier = standardwebhooks::Webhook::new(secret).unwrap();
        verifier.verify(body.as_bytes(), &headers).is_ok()
    }

    /// S9: what a browser changes is not what we signed.
    #[test]
    fn any_library_for_standard_webhooks_verifies_it_and_refuses_what_was_changed() {
        let ((one, first), (two, second)) = (secret(1), secret(2));
        let secrets = [first, second];
        for address in [
            "https://shop.example/back",
            "https://shop.example/back?shop=7#top",
        ] {
            let url = link().signed(address, &secrets, now());
            assert!(accepted(&url, &one) && accepted(&url, &two), "{url}");
            assert!(!accepted(&url, &secret(3).0));
            let changed = url.replace("state=closed", "state=paid");
            assert_ne!(changed, url);
            assert!(!accepted(&changed, &one));
            assert_eq!(url.ends_with("#top"), address.ends_with("#top"));
        }
    }

    #[test]
    fn without_a_secret_nothing_is_said_that_could_be_believed() {
        let address = "https://shop.example/back";
        assert_eq!(link().signed(address, &[], now()), address);
    }
}
