//! RSA signatures with a PKCS#8 key in PEM, as every channel makes them.

use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

/// Signs a text; gives base64.
pub(crate) fn sign(private_key_pem: &str, text: &[u8]) -> anyhow::Result<String> {
    let base64: String = private_key_pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(base64).context("reading a PEM key")?;
    let key = RsaKeyPair::from_pkcs8(&der).map_err(|error| anyhow!("reading a key: {error}"))?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text,
        &mut signature,
    )
    .map_err(|_| anyhow!("signing"))?;
    Ok(STANDARD.encode(signature))
}
