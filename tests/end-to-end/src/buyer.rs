//! A buyer with a browser that runs no scripts, at the cashier of one payment.

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};

use crate::expect::{same, text};
use crate::http::{Answer, Http};
use crate::merchant::{Merchant, Order};
use crate::world::World;

/// Somebody who has a payment's cashier address.
#[derive(Clone, Debug)]
pub struct Buyer {
    http: Http,
    origin: String,
    /// The payment.
    pub payment_no: String,
    /// The address of the page.
    pub url: String,
}

impl Buyer {
    /// A buyer of this order, which names no channel: he is to choose one.
    ///
    /// # Errors
    /// If the payment cannot be made or has no cashier.
    pub async fn of(world: &World, merchant: &Merchant, order: &Order) -> anyhow::Result<Self> {
        Self::asking(world, merchant, &Self::request(merchant, order)).await
    }

    /// What the shop asks for.
    #[must_use]
    pub fn request(merchant: &Merchant, order: &Order) -> Value {
        json!({
            "merchant_order_no": order.number,
            "amount": { "value": order.amount, "currency": "CNY" },
            "subject": "一双鞋 shoes",
            "return_url": format!("https://{}.example/return", merchant.id),
        })
    }

    /// The same, of a request of the shop's own words.
    ///
    /// # Errors
    /// If the payment cannot be made or has no cashier.
    pub async fn asking(
        world: &World,
        merchant: &Merchant,
        request: &Value,
    ) -> anyhow::Result<Self> {
        let made = merchant.post("/v1/payments", request).await?;
        same("a payment is made", made.status, 201)?;
        Self::sent(world, &made.json)
    }

    /// The buyer whom a shop sends to the cashier of a payment that was made.
    ///
    /// # Errors
    /// If it has no cashier.
    pub fn sent(world: &World, payment: &Value) -> anyhow::Result<Self> {
        Ok(Self {
            http: world.http.clone(),
            origin: world.endpoints.api_url.clone(),
            payment_no: text(payment, "/payment_no")?.to_owned(),
            url: text(payment, "/cashier_url")?.to_owned(),
        })
    }

    /// Opens the page, or one of the pages behind it.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn open(&self, rest: &str) -> anyhow::Result<Answer> {
        let request = self
            .http
            .request(Method::GET, &format!("{}{rest}", self.url));
        let answer = self.http.send(request.header("accept-language", "en"));
        answer.await.with_context(|| format!("opening {rest}"))
    }

    /// The text of the page.
    ///
    /// # Errors
    /// If there is none.
    pub async fn page(&self, rest: &str) -> anyhow::Result<String> {
        let answer = self.open(rest).await?;
        same("there is a page", answer.status, 200)?;
        String::from_utf8(answer.bytes).context("the page is text")
    }

    /// Presses a button, and gives where that leads.
    ///
    /// # Errors
    /// If it leads nowhere.
    pub async fn press(&self, button: &str, fields: &str) -> anyhow::Result<String> {
        let answer = self.post(button, fields).await?;
        anyhow::ensure!(answer.status == 303, "{button}: {}", answer.shown());
        Ok(answer.header("location").to_owned())
    }

    /// Posts a form, and gives the answer.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn post(&self, button: &str, fields: &str) -> anyhow::Result<Answer> {
        let request = self
            .http
            .request(Method::POST, &format!("{}/{button}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields.to_owned());
        let answer = self.http.send(request).await;
        answer.with_context(|| format!("pressing {button}"))
    }

    /// Where one of our own paths is.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Somebody with another address in the place of the token.
    #[must_use]
    pub fn with_url(&self, url: String) -> Self {
        Self {
            url,
            ..self.clone()
        }
    }

    /// Where the buyer stands, as the page's script sees it.
    ///
    /// # Errors
    /// If it is not told.
    pub async fn stage(&self) -> anyhow::Result<String> {
        let answer = self.open("/status").await?;
        Ok(text(&answer.json, "/stage")?.to_owned())
    }
}
