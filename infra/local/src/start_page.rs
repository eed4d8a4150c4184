//! What a newcomer sees: the start page in the browser and the lines to copy into a terminal.

use crate::endpoints::{Endpoints, MerchantEndpoint};

/// A first payment, ready to paste.
#[must_use]
pub fn first_payment(endpoints: &Endpoints, merchant: &MerchantEndpoint) -> String {
    format!(
        r#"curl -s {}/v1/payments -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' \
  -d '{{"merchant_order_no":"order-1","amount":{{"value":1999,"currency":"CNY"}},"subject":"A book","channel":"alipay","method":"page"}}'"#,
        endpoints.api_url, merchant.api_key
    )
}

pub(crate) fn render(endpoints: &Endpoints) -> String {
    let merchants: String = endpoints
        .merchants
        .iter()
        .map(|merchant| {
            format!(
                "<h2>{}</h2>\n<pre>{}</pre>\n",
                escaped(&merchant.merchant_id),
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
<ul>
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
