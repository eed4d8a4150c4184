//! The channel's side: the buyer at its page, its own books, and what it is told to do wrong.

use anyhow::Context;
use payonce_domain::{Channel, ChannelOrderNo};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::expect::text;
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
    /// `create`, `query`, `close`, `reverse`, `refund`, `refund_query` or `notify`.
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
    /// The simulator at this address.
    #[must_use]
    pub const fn new(http: Http, url: String) -> Self {
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

    /// Does with a channel order's action what a buyer's browser or phone does, which must show the cashier or a bank.
    ///
    /// # Errors
    /// If it shows something else.
    pub async fn open_cashier(&self, channel_order: &Value) -> anyhow::Result<()> {
        let action = &channel_order["action"];
        let page = match text(action, "/type")? {
            "redirect" => self.open(text(action, "/url")?).await?,
            "qr" => self.open(text(action, "/content")?).await?,
            "form" => self.post_form(action).await?,
            "jsapi" => self.open(&self.page_within_wechat(action)?).await?,
            other => anyhow::bail!("nobody can open an action of type {other}"),
        };
        let html = String::from_utf8_lossy(&page.bytes);
        let shows = |code: &str| html.contains(&format!("data-code=\"{code}\""));
        let shown = page.status == 200 && (shows("CASHIER") || shows("BANK"));
        anyhow::ensure!(shown, "no cashier behind {action}: {}", page.shown());
        Ok(())
    }

    /// The merchant's page posts its form by itself.
    async fn post_form(&self, action: &Value) -> anyhow::Result<Answer> {
        let url = text(action, "/url")?;
        let request = self
            .http
            .request(Method::POST, url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(&action["fields"])?);
        let answer = self.http.send(request).await;
        answer.with_context(|| format!("posting to {url}"))
    }

    /// Where WeChat's own script leads: the page of the prepared order.
    fn page_within_wechat(&self, action: &Value) -> anyhow::Result<String> {
        let package = text(action, "/parameters/package")?;
        let prepared = package.strip_prefix("prepay_id=").context("a prepay_id")?;
        Ok(format!("{}/wechat/jsapi/{prepared}", self.url))
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
        let path = format!("orders/{}/pay", named(channel_order_no)?);
        self.control(&path, &json!({ "amount": amount })).await
    }

    /// A payment that was begun at a bank's page in time ends after the deadline.
    ///
    /// # Errors
    /// If the simulator refuses it.
    pub async fn pay_late(&self, channel_order_no: &str) -> anyhow::Result<()> {
        let path = format!("orders/{}/pay", named(channel_order_no)?);
        let answer = self.control(&path, &json!({ "late": true })).await?;
        anyhow::ensure!(
            answer.status == 200,
            "paying {channel_order_no} late: {}",
            answer.shown()
        );
        Ok(())
    }

    /// What becomes of the next refund of an order: `abnormal`, `closed`, `failed` or `not_enough`.
    ///
    /// # Errors
    /// If the simulator refuses it.
    pub async fn script_refund(&self, channel_order_no: &str, outcome: &str) -> anyhow::Result<()> {
        let channel = channel_of(channel_order_no)?.name();
        let script = json!({
            "channel": channel,
            "channel_order_no": channel_order_no,
            "outcome": outcome,
        });
        let answer = self.control("refunds", &script).await?;
        anyhow::ensure!(answer.status == 200, "{script}: {}", answer.shown());
        Ok(())
    }

    /// The channel signs for an account with its next key from now on.
    ///
    /// # Errors
    /// If it has none.
    pub async fn rotate_key(&self, channel: Channel, account: &str) -> anyhow::Result<()> {
        let which = json!({ "channel": channel.name(), "account": account });
        let answer = self.control("keys/rotate", &which).await?;
        anyhow::ensure!(answer.status == 200, "rotating {which}: {}", answer.shown());
        Ok(())
    }

    /// Takes back what was laid: `faults`, `refunds` or `bills/discrepancies`.
    ///
    /// # Errors
    /// If the simulator refuses it.
    pub async fn clear(&self, path: &str) -> anyhow::Result<()> {
        let url = format!("{}/_ctl/{path}", self.url);
        let answer = self
            .http
            .send(self.http.request(Method::DELETE, &url))
            .await?;
        anyhow::ensure!(answer.status == 204, "{path}: {}", answer.shown());
        Ok(())
    }

    /// Any `POST` to the control API.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn control(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self
            .http
            .request(Method::POST, &format!("{}/_ctl/{path}", self.url))
            .header("content-type", "application/json")
            .body(body.to_string());
        self.http.send(request).await
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
        let channel = channel_of(channel_order_no)?.name();
        body.insert("channel".to_owned(), json!(channel));
        body.insert("channel_order_no".to_owned(), json!(channel_order_no));
        body.insert("operation".to_owned(), json!(fault.operation));
        body.insert("fault".to_owned(), json!(fault.kind));
        body.insert("times".to_owned(), json!(fault.times));
        if let Some(delay_ms) = fault.delay_ms {
            body.insert("delay_ms".to_owned(), json!(delay_ms));
        }
        let answer = self.control("faults", &Value::Object(body)).await?;
        anyhow::ensure!(answer.status == 200, "laying {fault:?}: {}", answer.shown());
        Ok(())
    }

    /// What the channel's books say of an order; `None` while the channel does not know it.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn book(&self, channel_order_no: &str) -> anyhow::Result<Option<Value>> {
        let url = format!("{}/_ctl/orders/{}", self.url, named(channel_order_no)?);
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

    /// The channel's keys and numbers for a merchant's account there, the first if it has several.
    ///
    /// # Errors
    /// If the merchant has none.
    pub async fn account_of(&self, channel: Channel, merchant_id: &str) -> anyhow::Result<Value> {
        let keys = self
            .http
            .get_json(&format!("{}/_ctl/keys", self.url))
            .await?;
        let accounts = keys[channel.name()].as_array();
        let own = accounts
            .context("a list of accounts")?
            .iter()
            .find(|account| account["merchant_id"] == merchant_id);
        own.cloned()
            .with_context(|| format!("{merchant_id} has no account with {}", channel.name()))
    }
}

/// Fields as a browser posts them.
fn encoded(fields: &Value) -> anyhow::Result<String> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.as_object().context("no fields")? {
        form.append_pair(name, value.as_str().context("a field is text")?);
    }
    Ok(form.finish())
}

/// A number of ours names its channel.
fn channel_of(channel_order_no: &str) -> anyhow::Result<Channel> {
    let no = ChannelOrderNo::parse(channel_order_no);
    let no = no.with_context(|| format!("{channel_order_no} is no number of ours"))?;
    Ok(no.channel())
}

/// How the control API names an order.
fn named(channel_order_no: &str) -> anyhow::Result<String> {
    let channel = channel_of(channel_order_no)?.name();
    Ok(format!("{channel}/{channel_order_no}"))
}
