//! RSA2: what is signed, and by whom the signature is made and verified.

use std::collections::BTreeMap;

pub(crate) use crate::rsa_key::{PrivateKey, spoil, verifies};

/// What is signed: `k=v` joined by `&`, sorted, without empty values and without the names given.
pub(crate) fn signed_text(parameters: &BTreeMap<String, String>, without: &[&str]) -> String {
    let pairs: Vec<_> = parameters
        .iter()
        .filter(|(name, value)| !value.is_empty() && !without.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_values_and_dropped_names_are_not_signed() {
        let parameters = [("b", "2 +&"), ("a", ""), ("sign", "x"), ("B", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = signed_text(&parameters.into(), &["sign"]);
        assert_eq!(text, "B=1&b=2 +&");
    }
}
