//! Signs as channels do, with keys that are published beside this code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

/// A channel's private key.
#[derive(Debug)]
pub(crate) struct Key(RsaKeyPair);

impl Key {
    /// Reads a fixture: PKCS#8 in PEM.
    pub(crate) fn read(pem: &str) -> Self {
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        let der = STANDARD.decode(lines.collect::<String>());
        let der = der.expect("fixtures are PEM");
        Self(RsaKeyPair::from_pkcs8(&der).expect("fixtures are PKCS#8"))
    }

    /// A signature in base64.
    pub(crate) fn sign(&self, text: &[u8]) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .0
            .sign(&RSA_PKCS1_SHA256, &random, text, &mut signature);
        signed.expect("there is room for the signature");
        STANDARD.encode(signature)
    }
}
