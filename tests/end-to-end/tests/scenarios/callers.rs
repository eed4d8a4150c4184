//! Callers who may not ask: those without a key, and other merchants (S4, S6).

use anyhow::{Context, ensure};
use end_to_end::{Answer, Way, World, audit, is_one_of, is_problem, same};
use reqwest::Method;
use serde_json::json;

pub(crate) async fn keys(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    is_one_of(&merchant.initiate(&order, Way::ALIPAY_PAGE).await?, &[201])?;
    let no = order.payment_no()?;
    let key = merchant.key();
    let last = if key.ends_with('a') { "b" } else { "a" };
    let almost = format!("{}{last}", &key[..key.len() - 1]);
    let headers = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(format!("Basic {key}")),
        Some(key.to_owned()),
        Some(format!("Bearer {almost}")),
        Some(format!("Bearer {key}x")),
        Some("Bearer sk_nobody_0123456789abcdef".to_owned()),
        Some("Bearer 汉字".to_owned()),
        Some(format!("Bearer {}", "x".repeat(5_000))),
    ];
    let body = merchant.order(1).request(Way::ALIPAY_PAGE).to_string();
    let routes = [
        (Method::POST, "/v1/payments".to_owned()),
        (
            Method::GET,
            format!("/v1/payments?merchant_order_no={}", order.number),
        ),
        (Method::GET, format!("/v1/payments/{no}")),
        (Method::GET, format!("/v1/payments/{no}/timeline")),
        (Method::POST, format!("/v1/payments/{no}/close")),
        (Method::POST, format!("/v1/payments/{no}/refunds")),
        (Method::POST, format!("/v1/payments/{no}/channel-orders")),
    ];
    let mut first: Option<Answer> = None;
    for (index, header) in headers.iter().enumerate() {
        // Every route sees a wrong key, and every wrong key two routes.
        let chosen = [
            &routes[index % routes.len()],
            &routes[(index + 3) % routes.len()],
        ];
        for (method, path) in chosen {
            let url = format!("{}{path}", world.endpoints.api_url);
            let mut request = world.http.request(method.clone(), &url);
            if let Some(header) = header {
                request = request.header("authorization", header.as_bytes());
            }
            if *method == Method::POST {
                request = request
                    .header("content-type", "application/json")
                    .body(body.clone());
            }
            let answer = world.http.send(request).await?;
            let what = format!("{method} {path} with {header:?}");
            is_problem(&answer, 401, "unauthorized").with_context(|| what.clone())?;
            alike(&answer, first.get_or_insert_with(|| answer.clone())).context(what)?;
        }
    }
    same(
        "nothing was written",
        &merchant.payment(&no).await?["version"],
        1,
    )
}

/// Two answers that a stranger cannot tell apart.
pub(crate) fn alike(one: &Answer, other: &Answer) -> anyhow::Result<()> {
    same("status", one.status, other.status)?;
    same(
        "body",
        String::from_utf8_lossy(&one.bytes),
        String::from_utf8_lossy(&other.bytes),
    )?;
    let told = |answer: &Answer| {
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            // These differ from one answer to the next, whatever was asked.
            .filter(|(name, _)| {
                ![
                    "date",
                    "apigw-requestid",
                    "x-amzn-requestid",
                    "x-amz-request-id",
                    "x-amz-id-2",
                    "x-amzn-trace-id",
                ]
                .contains(&name.as_str())
            })
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        headers
    };
    same("headers", told(one), told(other))
}

pub(crate) async fn tenants(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (owner, other) = (world.strict()?, world.lenient()?);
    let order = owner.order(1_999);
    let made = owner.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&made, &[201])?;
    world
        .simulator
        .open_and_pay(&made.json["channel_orders"][0])
        .await?;
    let foreign = order.payment_no()?;
    audit(&world, &owner, &foreign).await?;
    let before = owner.payment(&foreign).await?;
    let absent = other.order(1).payment_no()?;
    let malformed = ["P0", "%FF", "%00"];

    let refund = json!({ "refund_no": "r-1", "amount": { "value": 1, "currency": "CNY" } });
    let another = json!({ "channel": "alipay", "method": "wap" });
    let routes = [
        (Method::GET, "", None),
        (Method::GET, "?refresh=true", None),
        (Method::GET, "/timeline", None),
        (Method::POST, "/close", Some(json!({}))),
        (Method::POST, "/refunds", Some(refund)),
        (Method::POST, "/channel-orders", Some(another)),
    ];
    for (method, rest, body) in routes {
        let ask = async |no: &str| {
            let path = format!("/v1/payments/{no}{rest}");
            let body = body.as_ref().map(|body| body.to_string().into_bytes());
            other.call(method.clone(), &path, body).await
        };
        let answer = ask(&foreign).await?;
        is_problem(&answer, 404, "not-found").with_context(|| format!("{method} …{rest}"))?;
        alike(&answer, &ask(&absent).await?).with_context(|| format!("{method} …{rest}"))?;
        for no in malformed {
            alike(&answer, &ask(no).await?).with_context(|| format!("{method} {no}{rest}"))?;
        }
    }
    let found = other
        .get(&format!("/v1/payments?merchant_order_no={}", order.number))
        .await?;
    let nobodys = other.get("/v1/payments?merchant_order_no=nobodys").await?;
    is_problem(&found, 404, "not-found")?;
    alike(&found, &nobodys)?;

    let replacing = async |no: &str| {
        let mut request = other.order(1_999).request(Way::ALIPAY_PAGE);
        request["replaces"] = json!({ "payment_no": no, "confirmed_at": "2026-11-20T12:00:00Z" });
        other.post("/v1/payments", &request).await
    };
    let answer = replacing(&foreign).await?;
    is_problem(&answer, 404, "not-found")?;
    alike(&answer, &replacing(&absent).await?)?;

    // The same merchant order number is another order, for another merchant.
    let same_number = json!({
        "merchant_order_no": order.number,
        "amount": { "value": 5, "currency": "CNY" },
        "subject": "something else",
        "channel": "alipay",
        "method": "page",
    });
    let own = other.post("/v1/payments", &same_number).await?;
    is_one_of(&own, &[201])?;
    ensure!(
        own.json["payment_no"] != foreign.as_str(),
        "one number for two merchants"
    );
    same(
        "the owner's payment",
        owner.payment(&foreign).await?,
        before,
    )
}
