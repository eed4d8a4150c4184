//! Requests that are wrong, in every field and in every way (S8).

use anyhow::{Context, ensure};
use end_to_end::{Answer, Merchant, Way, World, is_one_of, is_problem, same};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// How many wrong requests are on their way at a time.
const AT_ONCE: usize = 4;

/// One field made wrong.
struct Case {
    path: String,
    body: Value,
    /// Where the fault lies.
    pointer: String,
}

/// Sets what a pointer names; a null of this kind takes it away.
fn set(body: &mut Value, pointer: &str, value: Option<Value>) -> anyhow::Result<()> {
    let (parent, name) = pointer.rsplit_once('/').context("a pointer")?;
    let parent = body
        .pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .context("an object")?;
    let name = name.replace("~1", "/");
    match value {
        Some(value) => parent.insert(name, value),
        None => parent.remove(&name),
    };
    Ok(())
}

/// Every way of getting the fields of one route wrong: (pointer, wrong values, whether it must be there).
fn cases(
    path: &str,
    good: &Value,
    fields: &[(&str, Vec<Value>, bool)],
) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut add = |pointer: &str, value: Option<Value>| {
        let mut body = good.clone();
        set(&mut body, pointer, value)?;
        cases.push(Case {
            path: path.to_owned(),
            body,
            pointer: pointer.to_owned(),
        });
        anyhow::Ok(())
    };
    for (pointer, wrong, required) in fields {
        for value in wrong {
            add(pointer, Some(value.clone()))?;
        }
        if *required {
            add(pointer, None)?;
            add(pointer, Some(Value::Null))?;
        }
    }
    add("/unknown", Some(json!(1)))?;
    add("/a~1b", Some(json!(1)))?;
    Ok(cases)
}

fn long(characters: usize) -> Value {
    json!("x".repeat(characters))
}

fn of_initiating(good: &Value, replaced: &str) -> anyhow::Result<Vec<Case>> {
    let fields = [
        (
            "/merchant_order_no",
            vec![
                json!(1),
                json!(""),
                json!("with space"),
                json!("汉"),
                json!("a\nb"),
                long(65),
            ],
            true,
        ),
        (
            "/amount",
            vec![json!(1_999), json!("19.99"), json!([])],
            true,
        ),
        (
            "/amount/value",
            vec![
                json!("1999"),
                json!(19.99),
                json!(1e3),
                json!(0),
                json!(-1),
                json!(100_000_000_001_u64),
                json!(u64::MAX),
                json!([]),
                json!(true),
            ],
            true,
        ),
        (
            "/amount/currency",
            vec![json!("USD"), json!("cny"), json!(156), json!("")],
            true,
        ),
        ("/amount/extra", vec![json!(1)], false),
        (
            "/subject",
            vec![json!(1), json!(""), json!("a\u{0}b"), long(257)],
            true,
        ),
        (
            "/channel",
            vec![json!("visa"), json!(1), json!("Alipay"), json!({})],
            true,
        ),
        (
            "/method",
            vec![json!("fax"), json!(1), json!("gateway")],
            true,
        ),
        (
            "/expires_in",
            vec![
                json!(1),
                json!(119),
                json!("600"),
                json!(-5),
                json!(86_400 * 15 + 1),
                json!(1.5),
            ],
            false,
        ),
        (
            "/expires_at",
            vec![
                json!("tomorrow"),
                json!(1),
                json!("2020-01-01T00:00:00Z"),
                json!("2999-01-01T00:00:00Z"),
            ],
            false,
        ),
        (
            "/return_url",
            vec![
                json!(1),
                json!("https://evil.example/"),
                json!("javascript:1"),
            ],
            false,
        ),
        (
            "/notify_url",
            vec![json!(1), json!("http://169.254.169.254/"), long(513)],
            false,
        ),
        (
            "/client_ip",
            vec![json!(1), json!("1.2.3"), json!("localhost")],
            false,
        ),
        ("/payer", vec![json!(1), long(129)], false),
        (
            "/metadata",
            vec![
                json!(1),
                json!([]),
                json!({ "a": 1 }),
                json!({ "a": "x".repeat(512) }),
            ],
            false,
        ),
        ("/switch", vec![json!("true"), json!(1)], false),
        ("/replaces", vec![json!("P1"), json!([])], false),
    ];
    let mut all = cases("/v1/payments", good, &fields)?;
    let mut replacing = good.clone();
    replacing["replaces"] =
        json!({ "payment_no": replaced, "confirmed_at": "2026-11-20T12:00:00Z" });
    let within = [
        (
            "/replaces/payment_no",
            vec![json!(1), json!("P0"), json!("")],
            true,
        ),
        ("/replaces/confirmed_at", vec![json!(1), json!("now")], true),
        ("/replaces/extra", vec![json!(1)], false),
    ];
    all.extend(cases("/v1/payments", &replacing, &within)?);
    Ok(all)
}

pub(crate) async fn fields(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    let unused = merchant.order(1_999).request(Way::ALIPAY_PAGE);
    let no = order.payment_no()?;
    is_one_of(&merchant.initiate(&order, Way::ALIPAY_PAGE).await?, &[201])?;
    let mut all = of_initiating(&unused, &no)?;
    let attempt = json!({ "channel": "alipay", "method": "wap", "switch": false });
    all.extend(cases(
        &format!("/v1/payments/{no}/channel-orders"),
        &attempt,
        &[
            ("/channel", vec![json!("visa"), json!(1)], true),
            ("/method", vec![json!("fax"), json!([])], true),
            ("/switch", vec![json!("yes"), json!(0)], false),
        ],
    )?);
    let refund = json!({ "refund_no": "r-1", "amount": { "value": 1, "currency": "CNY" } });
    all.extend(cases(
        &format!("/v1/payments/{no}/refunds"),
        &refund,
        &[
            (
                "/refund_no",
                vec![json!(1), json!(""), json!("a b"), long(65)],
                true,
            ),
            ("/amount", vec![json!(1)], true),
            (
                "/amount/value",
                vec![json!(0), json!("1"), json!(-1), json!(0.5)],
                true,
            ),
            ("/amount/currency", vec![json!("EUR"), json!(1)], true),
            ("/reason", vec![json!(1), json!(""), long(81)], false),
        ],
    )?);
    all.extend(cases(&format!("/v1/payments/{no}/close"), &json!({}), &[])?);
    let mut wrong = Vec::new();
    for some in all.chunks(AT_ONCE) {
        let asked = some.iter().map(|case| refused(&merchant, case));
        let outcomes = join_all(asked).await;
        wrong.extend(
            outcomes
                .into_iter()
                .filter_map(|outcome| outcome.err().map(|error| format!("{error:#}"))),
        );
    }
    ensure!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        all.len(),
        wrong.join("\n")
    );

    let queries = [
        ("", "/merchant_order_no"),
        ("?merchant_order_no=a%20b", "/merchant_order_no"),
    ];
    for (query, pointer) in queries {
        let answer = merchant.get(&format!("/v1/payments{query}")).await?;
        names(&answer, pointer).with_context(|| format!("GET /v1/payments{query}"))?;
    }
    let answer = merchant
        .get(&format!("/v1/payments/{no}?refresh=perhaps"))
        .await?;
    names(&answer, "/refresh")?;
    let payment = merchant.payment(&no).await?;
    same("nothing was written", &payment["version"], 1)
}

async fn refused(merchant: &Merchant, case: &Case) -> anyhow::Result<()> {
    let answer = merchant.post(&case.path, &case.body).await?;
    names(&answer, &case.pointer).with_context(|| format!("POST {} {}", case.path, case.body))
}

/// 400, with a problem that points at the field.
fn names(answer: &Answer, pointer: &str) -> anyhow::Result<()> {
    is_problem(answer, 400, "invalid-request")?;
    let errors = answer.json["errors"].as_array().context("errors")?;
    let named = errors
        .iter()
        .chain([&answer.json])
        .any(|error| error["pointer"] == pointer);
    // A whole that is not there may be named by its first part.
    let part = errors.iter().any(|error| {
        error["pointer"]
            .as_str()
            .is_some_and(|found| found.starts_with(&format!("{pointer}/")))
    });
    ensure!(named || part, "{pointer} is not named: {}", answer.shown());
    Ok(())
}

pub(crate) async fn deep_and_huge(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let no = merchant.order(1).payment_no()?;
    let nested = |open: &str, close: &str| {
        format!(
            "{{\"metadata\":{}1{}}}",
            open.repeat(5_000),
            close.repeat(5_000)
        )
    };
    let bodies = [
        ("deep arrays", nested("[", "]"), &[400][..]),
        ("deep objects", nested("{\"a\":", "}"), &[400]),
        (
            "100 KB",
            format!("{{\"subject\":\"{}\"}}", "x".repeat(100_000)),
            &[413],
        ),
        (
            "7 MB",
            format!("{{\"subject\":\"{}\"}}", "x".repeat(7_000_000)),
            &[413],
        ),
        ("not JSON", "amount=1".to_owned(), &[400]),
        ("half", "{\"amount\":".to_owned(), &[400]),
        ("an array", "[]".to_owned(), &[400]),
        ("more than one", "{} {}".to_owned(), &[400]),
        (
            "a name twice",
            "{\"subject\":\"a\",\"subject\":\"b\"}".to_owned(),
            &[400],
        ),
        (
            "a lone surrogate",
            "{\"subject\":\"\\ud800\"}".to_owned(),
            &[400],
        ),
        ("nothing", String::new(), &[400]),
    ];
    let paths = [
        "/v1/payments".to_owned(),
        format!("/v1/payments/{no}/channel-orders"),
        format!("/v1/payments/{no}/refunds"),
    ];
    for (what, body, statuses) in bodies {
        for path in &paths {
            let sent = Some(body.clone().into_bytes());
            let answer = merchant.call(Method::POST, path, sent).await?;
            is_one_of(&answer, statuses).with_context(|| format!("{what} to {path}"))?;
            let kind = answer.header("content-type");
            same(what, kind, "application/problem+json").with_context(|| answer.shown())?;
        }
    }
    Ok(())
}
