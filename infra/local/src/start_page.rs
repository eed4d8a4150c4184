//! What a newcomer sees: the start page in the browser and the lines to copy into a terminal.

use crate::credentials::accounts_of;
use crate::endpoints::{Endpoints, MerchantEndpoint, Mode};

/// A first payment, ready to paste.
#[must_use]
pub fn first_payment(endpoints: &Endpoints, merchant: &MerchantEndpoint) -> String {
    format!(
        r#"curl -s {}/v1/payments -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' \
  -d '{{"merchant_order_no":"order-1","amount":{{"value":1999,"currency":"CNY"}},"subject":"A book","channel":"alipay","method":"page"}}'"#,
        endpoints.api_url, merchant.api_key
    )
}

/// A demo merchant's mode and its accounts, on one line.
#[must_use]
pub fn accounts_line(merchant: &MerchantEndpoint) -> String {
    let mode = match merchant.mode {
        Mode::Strict => "strict",
        Mode::Lenient => "lenient",
    };
    let accounts: Vec<_> = accounts_of(&merchant.merchant_id)
        .map(|each| each.account)
        .collect();
    format!("{mode}, with {}", accounts.join(", "))
}

pub(crate) fn render(endpoints: &Endpoints) -> String {
    let merchants: String = endpoints
        .merchants
        .iter()
        .map(|merchant| {
            format!(
                "<h2>{}</h2>\n<p>{}</p>\n<pre>{}</pre>\n",
                escaped(&merchant.merchant_id),
                escaped(&accounts_line(merchant)),
                escaped(&first_payment(endpoints, merchant))
            )
        })
        .collect();
    format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Payonce on this machine</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
pre {{ background: #f4f4f4; padding: 1rem; overflow-x: auto; }}
</style>
<h1>Payonce on this machine</h1>
<p>An order is paid once. Create a payment, open the address in its <code>action</code>, pay there, and read the payment
again. Do it twice in two tabs and watch the refund.</p>
<p>On another channel: <code>"channel":"wechat","method":"native"</code> or
<code>"channel":"unionpay","method":"gateway"</code> in place of Alipay's page.</p>
<ul>
<li><a href="/console">The operators' console</a>; <code>cargo run</code> prints links to come in with</li>
<li><a href="/openapi.yaml">The API as OpenAPI</a></li>
<li><a href="{simulator}/">The channel simulator</a>, <a href="{simulator}/_ctl/orders">its books</a> and
<a href="{simulator}/_ctl/journal">its journal</a></li>
</ul>
{merchants}</html>
"#,
        simulator = escaped(&endpoints.simulator_url),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use super::*;
    use crate::credentials::ACCOUNTS;

    fn merchant(merchant_id: &str, mode: Mode) -> MerchantEndpoint {
        MerchantEndpoint {
            merchant_id: merchant_id.to_owned(),
            api_key: format!("key-of-{merchant_id}"),
            mode,
            webhook_secret: "whsec_hidden".to_owned(),
            return_urls: Vec::new(),
            notify_urls: Vec::new(),
        }
    }

    #[test]
    fn the_page_names_every_account_and_has_a_payment_to_copy_for_every_merchant() {
        let endpoints = Endpoints {
            api_url: "http://127.0.0.1:3000".to_owned(),
            simulator_url: "http://127.0.0.1:4000".to_owned(),
            aws_endpoint_url: "http://127.0.0.1:5000".to_owned(),
            aws_region: "r".to_owned(),
            tables: BTreeMap::new(),
            queues: BTreeMap::new(),
            functions: BTreeMap::new(),
            event_bus: "events".to_owned(),
            merchants: vec![
                merchant("m-strict", Mode::Strict),
                merchant("m-lenient", Mode::Lenient),
                merchant("m-spare", Mode::Lenient),
            ],
            operator_token: "op_hidden".to_owned(),
            operator_links: Vec::new(),
        };
        let page = render(&endpoints);
        for account in &ACCOUNTS {
            assert!(page.contains(account.account), "{}", account.account);
        }
        for merchant in &endpoints.merchants {
            assert!(page.contains(&format!("Bearer {}", merchant.api_key)));
        }
        assert!(!page.contains("hidden"));
        assert_eq!(
            accounts_line(&endpoints.merchants[0]),
            "strict, with alipay-strict, wechat-strict, unionpay-strict"
        );
    }
}
