//! Answers of the gateway: a JSON object of members, and a signature over its exact text.
//!
//! The real gateway promises neither the order of members nor how slashes are escaped, so the text
//! is written in a different style from answer to answer. A reader that parses and re-writes the
//! object before it verifies fails at once instead of one day.

use serde_json::{Value, json};

use super::{
    Account, Accounts,
    amount::one_fen_more,
    sign::{self, PrivateKey},
};
use crate::faults::Spoil;

const STYLES: u64 = 4;

/// Members that hold an amount in yuan.
const AMOUNTS: [&str; 6] = [
    "total_amount",
    "receipt_amount",
    "buyer_pay_amount",
    "invoice_amount",
    "refund_fee",
    "refund_amount",
];

/// What the gateway has to say about a call.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    code: &'static str,
    msg: &'static str,
    sub: Option<(&'static str, String)>,
    members: Vec<(&'static str, Value)>,
}

impl Reply {
    /// Code 10000: the call was accepted and carried out.
    pub(crate) fn success(members: Vec<(&'static str, Value)>) -> Self {
        Self {
            code: "10000",
            msg: "Success",
            sub: None,
            members,
        }
    }

    /// Code 10003: the trade exists, and its buyer has yet to decide.
    pub(crate) fn in_process(members: Vec<(&'static str, Value)>) -> Self {
        Self {
            code: "10003",
            msg: "order success pay inprocess",
            sub: None,
            members,
        }
    }

    /// Code 40004: the call was understood, and refused for a reason of business.
    pub(crate) fn refused(sub_code: &'static str, sub_msg: &str) -> Self {
        Self::failure("40004", "Business Failed", sub_code, sub_msg)
    }

    /// Any other failure.
    pub(crate) fn failure(
        code: &'static str,
        msg: &'static str,
        sub_code: &'static str,
        sub_msg: &str,
    ) -> Self {
        Self {
            code,
            msg,
            sub: Some((sub_code, sub_msg.to_owned())),
            members: Vec::new(),
        }
    }

    /// Code and sub code, for the journal and for error pages.
    pub(crate) fn summary(&self) -> String {
        match &self.sub {
            Some((sub_code, _)) => format!("{} {sub_code}", self.code),
            None => self.code.to_owned(),
        }
    }

    /// The most exact code there is, and the sentence that goes with it.
    pub(crate) fn code_and_message(&self) -> (String, String) {
        match &self.sub {
            Some((code, said)) => ((*code).to_owned(), said.clone()),
            None => (self.code.to_owned(), self.msg.to_owned()),
        }
    }

    /// The whole body, signed. `style` picks how the JSON is written.
    pub(crate) fn signed(
        mut self,
        accounts: &Accounts,
        account: &Account,
        method: &str,
        style: u64,
        spoil: Spoil,
    ) -> String {
        if spoil == Spoil::WrongAmount {
            self.raise_amounts();
        }
        let key = format!("{}_response", method.replace('.', "_"));
        let node = self.node(style);
        let (channel_key, alipay_cert_sn) = account.signs_with();
        let signer: &PrivateKey = match spoil {
            Spoil::WrongKey => &accounts.stranger_key,
            Spoil::Nothing | Spoil::WrongAmount | Spoil::BadSignature => channel_key,
        };
        let mut signature = signer.sign(&node);
        if spoil == Spoil::BadSignature {
            signature = sign::spoil(&signature);
        }
        let quoted = |text: &str| format!("\"{text}\"");
        let mut members = vec![(key, node), ("sign".to_owned(), quoted(&signature))];
        if let Some(number) = alipay_cert_sn {
            members.push(("alipay_cert_sn".to_owned(), quoted(number)));
        }
        if style % 2 == 1 {
            members.reverse();
        }
        let write = |separator: &str, between: &str| {
            let pairs: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("\"{name}\"{separator}{value}"))
                .collect();
            pairs.join(between)
        };
        match style % STYLES {
            0 | 1 => format!("{{{}}}", write(":", ",")),
            2 => format!("{{{}}}", write(": ", ", ")),
            _ => format!("{{\n  {}\n}}", write(" : ", ",\n  ")),
        }
    }

    /// The body of a failure before anybody is known who could verify a signature.
    pub(crate) fn unsigned(&self) -> String {
        format!(r#"{{"error_response":{}}}"#, self.node(0))
    }

    fn raise_amounts(&mut self) {
        for (name, value) in &mut self.members {
            if AMOUNTS.contains(name)
                && let Some(text) = value.as_str()
            {
                *value = json!(one_fen_more(text));
            }
        }
    }

    /// The object that is signed, exactly as it is sent.
    fn node(&self, style: u64) -> String {
        let mut members = vec![("code", json!(self.code)), ("msg", json!(self.msg))];
        if let Some((code, msg)) = &self.sub {
            members.push(("sub_code", json!(code)));
            members.push(("sub_msg", json!(msg)));
        }
        members.extend(self.members.iter().cloned());
        let escaped = |text: String| text.replace('/', "\\/");
        let write = |separator: &str, members: &[(&str, Value)]| {
            let pairs: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("\"{name}\"{separator}{value}"))
                .collect();
            pairs
        };
        match style % STYLES {
            0 => format!("{{{}}}", write(":", &members).join(",")),
            1 => {
                members.reverse();
                escaped(format!("{{{}}}", write(":", &members).join(",")))
            }
            2 => {
                members.rotate_left(1);
                format!("{{ {} }}", write(": ", &members).join(", "))
            }
            _ => {
                let body = write(" : ", &members).join(",\n    ");
                ascii_only(&escaped(format!("{{\n    {body}\n  }}")))
            }
        }
    }
}

/// Writes everything beyond ASCII as `\uXXXX`, which JSON allows and some gateways do.
fn ascii_only(json: &str) -> String {
    let mut written = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            written.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                written.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_says_the_same() {
        let reply = Reply::success(vec![
            ("qr_code", json!("http://x/y")),
            ("subject", json!("茶 \"}\" 😀")),
        ]);
        let plain: Value = serde_json::from_str(&reply.node(0)).unwrap();
        let texts: Vec<_> = (0..STYLES).map(|style| reply.node(style)).collect();
        for text in &texts {
            assert_eq!(
                serde_json::from_str::<Value>(text).unwrap(),
                plain,
                "{text}"
            );
        }
        assert!(texts.iter().any(|text| text.contains("http:\\/\\/x")));
        assert!(texts.iter().any(|text| text.contains("\\u8336")));
    }

    #[test]
    fn amounts_are_raised_by_one_fen() {
        let mut reply = Reply::success(vec![
            ("total_amount", json!("9.99")),
            ("code_x", json!("1")),
        ]);
        reply.raise_amounts();
        assert!(
            reply
                .node(0)
                .contains(r#""total_amount":"10.00","code_x":"1""#)
        );
    }
}
