//! What the IETF draft (draft-ietf-httpapi-idempotency-key-header) asks of a key, where the key is the merchant's number
//! and the header is accepted and not read. The table in `infra/openapi.yaml` says how each case is met.

use anyhow::Context;
use end_to_end::{Way, World, is_one_of, is_problem, same, text};
use futures::future::join_all;
use serde_json::json;

/// How many requests with one key come at once.
const AT_ONCE: usize = 8;

/// The same key and request again gets the same payment; so does the same request under another key, or under none.
pub(crate) async fn repeated(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    let request = order.request(Way::ALIPAY_PAGE);
    let first = merchant.pay_with_key("key-1", &request).await?;
    is_one_of(&first, &[201])?;
    for key in ["key-1", "key-2", "\"quoted, as the draft writes it\"", ""] {
        let again = merchant.pay_with_key(key, &request).await?;
        is_one_of(&again, &[200]).with_context(|| format!("key {key:?}"))?;
        same("the payment", &again.json, &first.json)?;
    }
    let bare = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&bare, &[200])?;
    same("the payment without a key", &bare.json, &first.json)
}

/// The same key for another request: refused where the number is the same, and two payments where it is not.
pub(crate) async fn reused(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let (order, other) = (merchant.order(1_999), merchant.order(500));
    let request = order.request(Way::ALIPAY_PAGE);
    is_one_of(&merchant.pay_with_key("key-3", &request).await?, &[201])?;
    let dearer = order.with_amount(2_000).request(Way::ALIPAY_PAGE);
    let refused = merchant.pay_with_key("key-3", &dearer).await?;
    is_problem(&refused, 422, "request-mismatch")?;
    let request = other.request(Way::ALIPAY_PAGE);
    let second = merchant.pay_with_key("key-3", &request).await?;
    is_one_of(&second, &[201])?;
    let number = other.payment_no()?;
    same(
        "the other order's payment",
        text(&second.json, "/payment_no")?,
        number.as_str(),
    )?;
    let payment = merchant.payment(&order.payment_no()?).await?;
    same("the first was not written", &payment["version"], 1)
}

/// The same key while the first request is at work: nothing is refused, and there is one channel order.
pub(crate) async fn at_once(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    let request = order.request(Way::WECHAT_NATIVE);
    let all = (0..AT_ONCE).map(|_| merchant.pay_with_key("key-4", &request));
    let mut made = 0;
    for answer in join_all(all).await {
        let answer = answer?;
        is_one_of(&answer, &[200, 201, 202])?;
        made += usize::from(answer.status == 201);
        if answer.status == 202 {
            answer.header("retry-after").parse::<u64>()?;
        }
        let orders = answer.json["channel_orders"].as_array();
        same("channel orders", orders.context("no orders")?.len(), 1)?;
    }
    anyhow::ensure!(made <= 1, "{made} requests made the payment");
    let no = order.channel_order_no(Way::WECHAT_NATIVE, 1)?;
    let book = world.simulator.book(&no).await?.context("not created")?;
    same("orders at the channel", &book["created_count"], 1)
}

/// A key alone is no key: the number is missing, and the answer says so.
pub(crate) async fn alone(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let mut request = merchant.order(1_999).request(Way::ALIPAY_PAGE);
    let fields = request.as_object_mut().context("an object")?;
    fields.remove("merchant_order_no");
    let refused = merchant.pay_with_key("key-5", &request).await?;
    is_problem(&refused, 400, "invalid-request")?;
    let pointers = refused.json["errors"].as_array().context("no errors")?;
    let named = json!("/merchant_order_no");
    anyhow::ensure!(
        pointers.iter().any(|error| error["pointer"] == named),
        "the field is not named: {}",
        refused.shown()
    );
    Ok(())
}
