//! What we hold of a demo account's contract with its channel: settings and secrets, made of what the channel simulator
//! announces. The names are those that the channel's adapter reads.
//!
//! A key that the channel will sign with next is trusted beside the present one, so that a change of keys loses nothing.

use anyhow::Context;
use payonce_domain::Channel;
use serde_json::{Map, Value, json};

use crate::credentials::DemoAccount;

/// One account, as it is stored for the functions.
#[derive(Debug, PartialEq)]
pub struct Contract {
    /// Nothing here is secret.
    pub settings: Value,
    /// What requests are signed with.
    pub signing: Value,
    /// What notifications are decrypted with, where the channel encrypts them.
    pub receiving: Option<Value>,
}

impl Contract {
    /// Reads what the simulator's `GET /_ctl/keys` says of this account.
    pub(crate) fn read(account: &DemoAccount, keys: &Value) -> anyhow::Result<Self> {
        let channel = account.channel.name();
        let announced = keys[channel]
            .as_array()
            .into_iter()
            .flatten()
            .find(|each| each["account"] == account.account)
            .with_context(|| {
                format!(
                    "the channel simulator has no {channel} keys for {}",
                    account.account
                )
            })?;
        Self::of(
            account.channel,
            account.account,
            account.has_certificates,
            announced,
        )
    }

    /// Makes it of what the simulator announces of one account of any name.
    ///
    /// # Errors
    /// If something is missing there.
    pub fn of(
        channel: Channel,
        account: &str,
        has_certificates: bool,
        announced: &Value,
    ) -> anyhow::Result<Self> {
        let keys = Announced {
            account,
            keys: announced,
        };
        match channel {
            Channel::Alipay if has_certificates => alipay_by_certificates(&keys),
            Channel::Alipay => alipay_by_keys(&keys),
            Channel::Wechat => wechat(&keys),
            Channel::Unionpay => unionpay(&keys),
        }
    }
}

/// What the simulator announces of one account.
struct Announced<'a> {
    account: &'a str,
    keys: &'a Value,
}

impl<'a> Announced<'a> {
    fn text(&self, name: &str) -> anyhow::Result<&'a str> {
        self.find(name).with_context(|| {
            format!(
                "the channel simulator's keys of {} have no {name}",
                self.account
            )
        })
    }

    /// What is announced, or is not.
    fn find(&self, name: &str) -> Option<&'a str> {
        self.keys[name].as_str()
    }

    /// The present one, and the next where there is one.
    fn present_and_next(&self, name: &str) -> anyhow::Result<Vec<&'a str>> {
        let present = self.text(name)?;
        let next = self.find(&format!("next_{name}"));
        Ok([present].into_iter().chain(next).collect())
    }
}

fn alipay_by_keys(keys: &Announced<'_>) -> anyhow::Result<Contract> {
    Ok(Contract {
        settings: json!({
            "app_id": keys.text("app_id")?,
            "seller_id": keys.text("seller_id")?,
            "gateway": keys.text("base_url")?,
            "public_keys": keys.present_and_next("channel_public_key")?,
        }),
        signing: json!({ "private_key": keys.text("merchant_private_key")? }),
        receiving: None,
    })
}

fn alipay_by_certificates(keys: &Announced<'_>) -> anyhow::Result<Contract> {
    Ok(Contract {
        settings: json!({
            "app_id": keys.text("app_id")?,
            "seller_id": keys.text("seller_id")?,
            "gateway": keys.text("base_url")?,
            "alipay_certs": keys.present_and_next("alipay_cert")?,
            "alipay_root_cert": keys.text("alipay_root_cert")?,
        }),
        signing: json!({
            "private_key": keys.text("merchant_private_key")?,
            "app_cert": keys.text("app_cert")?,
        }),
        receiving: None,
    })
}

fn wechat(keys: &Announced<'_>) -> anyhow::Result<Contract> {
    let mut trusted = Map::new();
    let ids = keys.present_and_next("public_key_id")?;
    let public_keys = keys.present_and_next("channel_public_key")?;
    anyhow::ensure!(
        ids.len() == public_keys.len(),
        "the channel simulator announces half of the next key of {}",
        keys.account
    );
    for (id, public_key) in ids.into_iter().zip(public_keys) {
        trusted.insert(id.to_owned(), json!(public_key));
    }
    Ok(Contract {
        settings: json!({
            "appid": keys.text("appid")?,
            "mchid": keys.text("mchid")?,
            "gateway": keys.text("base_url")?,
            "keys": trusted,
        }),
        signing: json!({
            "private_key": keys.text("merchant_private_key")?,
            "serial_no": keys.text("serial_no")?,
        }),
        receiving: Some(json!({ "apiv3_keys": keys.present_and_next("apiv3_key")? })),
    })
}

/// UnionPay's messages bring the certificate they are signed under, so only what it descends from is trusted here.
fn unionpay(keys: &Announced<'_>) -> anyhow::Result<Contract> {
    Ok(Contract {
        settings: json!({
            "mer_id": keys.text("mer_id")?,
            "gateway": keys.text("base_url")?,
            "root_cert": keys.text("root_cert")?,
            "middle_certs": keys.present_and_next("middle_cert")?,
        }),
        signing: json!({
            "private_key": keys.text("merchant_private_key")?,
            "certificate": keys.text("merchant_cert")?,
        }),
        receiving: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::credentials::ACCOUNTS;

    /// Every name that any channel announces, its value the name itself and the account's, so that a mix-up shows.
    fn announced() -> Value {
        let mut keys = json!({ "alipay": [], "wechat": [], "unionpay": [] });
        for account in &ACCOUNTS {
            let mut one = json!({ "account": account.account });
            for name in [
                "base_url",
                "app_id",
                "seller_id",
                "merchant_private_key",
                "channel_private_key",
                "channel_public_key",
                "app_cert",
                "alipay_cert",
                "alipay_root_cert",
                "appid",
                "mchid",
                "serial_no",
                "apiv3_key",
                "public_key_id",
                "mer_id",
                "cert_id",
                "merchant_cert",
                "channel_cert",
                "middle_cert",
                "root_cert",
            ] {
                one[name] = json!(format!("{name} of {}", account.account));
            }
            let channel = account.channel.name();
            keys[channel].as_array_mut().unwrap().push(one);
        }
        keys
    }

    fn account(name: &str) -> &'static DemoAccount {
        ACCOUNTS.iter().find(|each| each.account == name).unwrap()
    }

    fn set(keys: &mut Value, account: &DemoAccount, name: &str, value: Value) {
        let list = keys[account.channel.name()].as_array_mut().unwrap();
        let one = list
            .iter_mut()
            .find(|each| each["account"] == account.account)
            .unwrap();
        one[name] = value;
    }

    #[test]
    fn each_channel_gets_the_names_its_adapter_reads() {
        let of = |name: &str| Contract::read(account(name), &announced()).unwrap();
        assert_eq!(
            of("alipay-spare"),
            Contract {
                settings: json!({
                    "app_id": "app_id of alipay-spare",
                    "seller_id": "seller_id of alipay-spare",
                    "gateway": "base_url of alipay-spare",
                    "public_keys": ["channel_public_key of alipay-spare"],
                }),
                signing: json!({ "private_key": "merchant_private_key of alipay-spare" }),
                receiving: None,
            }
        );
        assert_eq!(
            of("alipay-certificates"),
            Contract {
                settings: json!({
                    "app_id": "app_id of alipay-certificates",
                    "seller_id": "seller_id of alipay-certificates",
                    "gateway": "base_url of alipay-certificates",
                    "alipay_certs": ["alipay_cert of alipay-certificates"],
                    "alipay_root_cert": "alipay_root_cert of alipay-certificates",
                }),
                signing: json!({
                    "private_key": "merchant_private_key of alipay-certificates",
                    "app_cert": "app_cert of alipay-certificates",
                }),
                receiving: None,
            }
        );
        assert_eq!(
            of("wechat-strict"),
            Contract {
                settings: json!({
                    "appid": "appid of wechat-strict",
                    "mchid": "mchid of wechat-strict",
                    "gateway": "base_url of wechat-strict",
                    "keys": { "public_key_id of wechat-strict": "channel_public_key of wechat-strict" },
                }),
                signing: json!({
                    "private_key": "merchant_private_key of wechat-strict",
                    "serial_no": "serial_no of wechat-strict",
                }),
                receiving: Some(json!({ "apiv3_keys": ["apiv3_key of wechat-strict"] })),
            }
        );
        assert_eq!(
            of("unionpay-lenient"),
            Contract {
                settings: json!({
                    "mer_id": "mer_id of unionpay-lenient",
                    "gateway": "base_url of unionpay-lenient",
                    "root_cert": "root_cert of unionpay-lenient",
                    "middle_certs": ["middle_cert of unionpay-lenient"],
                }),
                signing: json!({
                    "private_key": "merchant_private_key of unionpay-lenient",
                    "certificate": "merchant_cert of unionpay-lenient",
                }),
                receiving: None,
            }
        );
    }

    #[test]
    fn the_next_key_is_trusted_beside_the_present_one() {
        let mut keys = announced();
        for (name, field) in [
            ("alipay-strict", "next_channel_public_key"),
            ("alipay-certificates", "next_alipay_cert"),
            ("wechat-strict", "next_channel_public_key"),
            ("wechat-strict", "next_public_key_id"),
        ] {
            set(&mut keys, account(name), field, json!(field));
        }
        let settings = |name: &str| Contract::read(account(name), &keys).unwrap().settings;
        assert_eq!(
            settings("alipay-strict")["public_keys"],
            json!([
                "channel_public_key of alipay-strict",
                "next_channel_public_key"
            ])
        );
        assert_eq!(
            settings("alipay-certificates")["alipay_certs"],
            json!(["alipay_cert of alipay-certificates", "next_alipay_cert"])
        );
        assert_eq!(
            settings("wechat-strict")["keys"],
            json!({
                "public_key_id of wechat-strict": "channel_public_key of wechat-strict",
                "next_public_key_id": "next_channel_public_key",
            })
        );
    }

    #[test]
    fn what_is_missing_is_named_with_its_account() {
        let wechat = account("wechat-lenient");
        let mut keys = announced();
        set(&mut keys, wechat, "next_public_key_id", json!("K2"));
        let half = Contract::read(wechat, &keys).unwrap_err().to_string();
        assert!(half.contains("next key of wechat-lenient"), "{half}");

        let certificates = account("alipay-certificates");
        set(&mut keys, certificates, "alipay_cert", Value::Null);
        let missing = Contract::read(certificates, &keys).unwrap_err().to_string();
        assert!(
            missing.ends_with("of alipay-certificates have no alipay_cert"),
            "{missing}"
        );

        keys["unionpay"] = json!([]);
        let nobody = Contract::read(account("unionpay-spare"), &keys).unwrap_err();
        assert!(nobody.to_string().contains("unionpay-spare"), "{nobody}");
    }
}
