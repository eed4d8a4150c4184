//! The channel's side: the buyer at its page, its own books, and what it is told to do wrong.

use anyhow::Context;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::http::{Answer, Http};

/// The control API of the channel simulator, and the browsers that open its pages.
#[derive(Clone, Debug)]
pub struct Simulator {
    url: String,
    http: Http,
}

/// A fault for one order, so that scenarios do not disturb each other.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    /// `create`, `query`, `close`, `refund`, `refund_query` or `notify`.
    pub operation: &'a str,
    /// What goes wrong.
    pub kind: &'a str,
    /// How often.
    pub times: u32,
    /// How long the silence or the delay is.
    pub delay_ms: Option<u32>,
}

impl<'a> Fault<'a> {
    /// A fault that happens once.
    #[must_use]
    pub const fn once(operation: &'a str, kind: &'a str) -> Self {
        Self::times(operation, kind, 1)
    }

    /// A fault that happens so many times.
    #[must_use]
    pub const fn times(operation: &'a str, kind: &'a str, times: u32) -> Self {
        Self {
            operation,
            kind,
            times,
            delay_ms: None,
        }
    }
}

impl Simulator {
    pub(crate) const fn new(http: Http, url: String) -> Self {
        Self { url, http }
    }

    /// The buyer's browser opens a link, or a buyer scans a code.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn open(&self, url: &str) -> anyhow::Result<Answer> {
        let answer = self.http.send(self.http.request(Method::GET, url)).await;
        answer.with_context(|| format!("opening {url}"))
    }

    /// Opens the link of a channel order's action, which must show the cashier.
    ///
    /// # Errors
    /// If it shows something else.
    pub async fn open_cashier(&self, channel_order: &Value) -> anyhow::Result<()> {
        let action = &channel_order["action"];
        let url = action["url"]
            .as_str()
            .or_else(|| action["content"].as_str());
        let url = url.with_context(|| format!("no link in {channel_order}"))?;
        let page = self.open(url).await?;
        let html = String::from_utf8_lossy(&page.bytes);
        let shown = page.status == 200 && html.contains("data-code=\"CASHIER\"");
        anyhow::ensure!(shown, "no cashier at {url}: {}", page.shown());
        Ok(())
    }

    /// The buyer pays now, if the channel would take it.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn try_pay(
        &self,
        channel_order_no: &str,
        amount: Option<u64>,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}/_ctl/orders/alipay/{channel_order_no}/pay", self.url);
        let body = json!({ "amount": amount }).to_string();
        let request = self.http.request(Method::POST, &url);
        self.http
            .send(
                request
                    .header("content-type", "application/json")
                    .body(body),
            )
            .await
    }

    /// The buyer pays, and the channel takes it.
    ///
    /// # Errors
    /// If it does not.
    pub async fn pay(&self, channel_order_no: &str) -> anyhow::Result<()> {
        let answer = self.try_pay(channel_order_no, None).await?;
        anyhow::ensure!(
            answer.status == 200,
            "paying {channel_order_no}: {}",
            answer.shown()
        );
        Ok(())
    }

    /// Opens the link and pays.
    ///
    /// # Errors
    /// If either fails.
    pub async fn open_and_pay(&self, channel_order: &Value) -> anyhow::Result<()> {
        self.open_cashier(channel_order).await?;
        let no = channel_order["channel_order_no"]
            .as_str()
            .context("no number")?;
        self.pay(no).await
    }

    /// Lays a fault for one order.
    ///
    /// # Errors
    /// If the simulator refuses it.
    pub async fn fault(&self, channel_order_no: &str, fault: Fault<'_>) -> anyhow::Result<()> {
        let mut body = Map::new();
        body.insert("channel".to_owned(), json!("alipay"));
        body.insert("channel_order_no".to_owned(), json!(channel_order_no));
        body.insert("operation".to_owned(), json!(fault.operation));
        body.insert("fault".to_owned(), json!(fault.kind));
        body.insert("times".to_owned(), json!(fault.times));
        if let Some(delay_ms) = fault.delay_ms {
            body.insert("delay_ms".to_owned(), json!(delay_ms));
        }
        let body = Value::Object(body).to_string();
        let request = self
            .http
            .request(Method::POST, &format!("{}/_ctl/faults", self.url));
        let answer = self
            .http
            .send(
                request
                    .header("content-type", "application/json")
                    .body(body),
            )
            .await?;
        anyhow::ensure!(answer.status == 200, "laying {fault:?}: {}", answer.shown());
        Ok(())
    }

    /// What the channel's books say of an order; `None` while the channel does not know it.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn book(&self, channel_order_no: &str) -> anyhow::Result<Option<Value>> {
        let url = format!("{}/_ctl/orders/alipay/{channel_order_no}", self.url);
        let answer = self.http.send(self.http.request(Method::GET, &url)).await?;
        match answer.status {
            200 => Ok(Some(answer.json)),
            404 => Ok(None),
            _ => anyhow::bail!("the book of {channel_order_no}: {}", answer.shown()),
        }
    }

    /// Every order of a payment in the channel's books: its number and theirs share the key.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn books_of(&self, payment_no: &str) -> anyhow::Result<Vec<Value>> {
        let key = payment_no.get(..21).context("a payment number")?;
        let all = self
            .http
            .get_json(&format!("{}/_ctl/orders", self.url))
            .await?;
        let all = all.as_array().context("a list of orders")?;
        let own = all.iter().filter(|order| {
            order["channel_order_no"]
                .as_str()
                .is_some_and(|no| no.starts_with(key))
        });
        Ok(own.cloned().collect())
    }

    /// What was said about an order, in order.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn journal(&self, channel_order_no: &str) -> anyhow::Result<Vec<Value>> {
        let url = format!(
            "{}/_ctl/journal?channel_order_no={channel_order_no}",
            self.url
        );
        let journal = self.http.get_json(&url).await?;
        Ok(journal.as_array().context("a list of entries")?.clone())
    }

    /// The channel's keys and numbers for a merchant's Alipay account.
    ///
    /// # Errors
    /// If the merchant has none.
    pub async fn account_of(&self, merchant_id: &str) -> anyhow::Result<Value> {
        let keys = self
            .http
            .get_json(&format!("{}/_ctl/keys", self.url))
            .await?;
        let accounts = keys["alipay"].as_array().context("a list of accounts")?;
        let own = accounts
            .iter()
            .find(|account| account["merchant_id"] == merchant_id);
        own.cloned()
            .with_context(|| format!("{merchant_id} has no account"))
    }
}
