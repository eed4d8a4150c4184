//! The audit: what our books say of a payment must be what the channel's own books say, to the fen.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use payonce_domain::RefundNo;
use serde_json::Value;

use crate::eventually::eventually;
use crate::expect::{same, text};
use crate::merchant::Merchant;
use crate::world::World;

/// Longer than a refund that fails once takes by the sweep alone.
const SETTLES_WITHIN: Duration = Duration::from_secs(600);

/// Waits until nothing is owed on the payment and both sides say the same. Money that moved twice stays in the channel's
/// books, so waiting hides nothing. Gives the payment as it was seen.
///
/// # Errors
/// If money is lost, moved twice, or told differently by the two sides.
pub async fn audit(world: &World, merchant: &Merchant, payment_no: &str) -> anyhow::Result<Value> {
    let what = format!("settled: {payment_no}");
    let (payment, books) = eventually(SETTLES_WITHIN, &what, || async {
        let payment = merchant.payment(payment_no).await?;
        is_settled(&payment)?;
        let books = world.simulator.books_of(payment_no).await?;
        compare(&payment, &books)
            .with_context(|| format!("payment {payment}\nbooks {}", Value::from(books.clone())))?;
        Ok((payment, books))
    })
    .await?;
    let timeline = merchant.timeline(payment_no).await?;
    same(
        "the history's chain is intact",
        &timeline.json["chain_intact"],
        true,
    )?;
    world
        .repairs
        .note(world.scenario, &payment, &books, &timeline.json)?;
    Ok(payment)
}

fn is_settled(payment: &Value) -> anyhow::Result<()> {
    for bucket in ["refund_due", "suspense"] {
        same(bucket, fen(payment, &format!("/money/{bucket}/value"))?, 0)?;
    }
    for refund in list(payment, "refunds")? {
        let state = text(refund, "/state")?;
        ensure!(
            ["succeeded", "failed"].contains(&state),
            "a refund is {state}"
        );
    }
    Ok(())
}

fn compare(payment: &Value, books: &[Value]) -> anyhow::Result<()> {
    let mut captured = 0;
    let mut refunded = 0;
    let mut holding = Vec::new();
    let mut given_back = BTreeMap::new();
    for order in books {
        let no = text(order, "/channel_order_no")?;
        ensure!(
            list(payment, "channel_orders")?
                .iter()
                .any(|ours| ours["channel_order_no"] == no),
            "the channel knows {no}, which we do not"
        );
        same(
            "payable orders under one number",
            fen(order, "/created_count")?,
            1,
        )?;
        let taken = sum(order, "captures", |_| true)?;
        let back = sum(order, "refunds", |refund| refund["state"] != "failed")?;
        ensure!(back <= taken, "more went back from {no} than was taken");
        if is_reversed(order) {
            same("a reversal gives back all", back, taken)?;
            // We know of what was taken only if we heard of it before it was reversed.
            let Some(ours) = returned(payment, no) else {
                continue;
            };
            given_back.insert(text(ours, "/refund_no")?, back);
            captured += taken;
            refunded += back;
            continue;
        }
        for refund in list(order, "refunds")?
            .iter()
            .filter(|refund| refund["state"] != "failed")
        {
            let entry = (text(refund, "/refund_no")?, fen(refund, "/amount")?);
            let twice = given_back.insert(entry.0, entry.1);
            ensure!(twice.is_none(), "{} moved twice", entry.0);
        }
        if back < taken {
            holding.push(no);
        }
        captured += taken;
        refunded += back;
    }
    same("captured", fen(payment, "/money/captured/value")?, captured)?;
    same("refunded", fen(payment, "/money/refunded/value")?, refunded)?;
    same(
        "applied",
        fen(payment, "/money/applied/value")?,
        captured - refunded,
    )?;

    let ours: BTreeMap<_, _> = list(payment, "refunds")?
        .iter()
        .filter(|refund| refund["state"] == "succeeded")
        .map(|refund| Ok((text(refund, "/refund_no")?, fen(refund, "/amount/value")?)))
        .collect::<anyhow::Result<_>>()?;
    same("refunds, ours and the channel's", &ours, &given_back)?;

    let state = text(payment, "/state")?;
    if state == "paid" {
        ensure!(
            holding.len() <= 1,
            "more than one capture was kept: {holding:?}"
        );
        let asked_back = list(payment, "refunds")?.iter().any(|refund| {
            ["merchant_request", "appeal", "operator"]
                .contains(&refund["cause"].as_str().unwrap_or_default())
        });
        ensure!(
            holding.len() == 1 || asked_back,
            "paid, and nothing was kept"
        );
    } else {
        ensure!(holding.is_empty(), "{state}, and {holding:?} were kept");
    }
    Ok(())
}

/// Whether the channel undid the order as a whole (冲正): it then is as if it never was.
fn is_reversed(order: &Value) -> bool {
    let attributes = &order["attributes"];
    let undone = order["refunds"].as_array().into_iter().flatten();
    let mut numbers = undone.filter_map(|refund| refund["refund_no"].as_str());
    attributes["trade_state"] == "REVOKED"
        || !attributes["reversed"].is_null()
        || numbers.any(|no| RefundNo::parse(no).is_none() && order["method"] == "code")
}

/// What we wrote down as gone back from an order.
fn returned<'a>(payment: &'a Value, channel_order_no: &str) -> Option<&'a Value> {
    let refunds = payment["refunds"].as_array()?;
    refunds
        .iter()
        .find(|refund| refund["channel_order_no"] == channel_order_no)
}

fn sum(order: &Value, name: &str, counts: impl Fn(&Value) -> bool) -> anyhow::Result<u64> {
    let mut total = 0;
    for entry in list(order, name)?.iter().filter(|entry| counts(entry)) {
        total += fen(entry, "/amount")?;
    }
    Ok(total)
}

fn list<'a>(value: &'a Value, name: &str) -> anyhow::Result<&'a Vec<Value>> {
    value[name]
        .as_array()
        .with_context(|| format!("no list {name} in {value}"))
}

fn fen(value: &Value, pointer: &str) -> anyhow::Result<u64> {
    let found = value.pointer(pointer).and_then(Value::as_u64);
    found.with_context(|| format!("no count at {pointer} of {value}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payment() -> Value {
        let fen = |value: u64| json!({ "value": value, "currency": "CNY" });
        json!({
            "state": "paid",
            "channel_orders": [{ "channel_order_no": "A" }, { "channel_order_no": "B" }],
            "money": { "captured": fen(20), "applied": fen(10), "refunded": fen(10) },
            "refunds": [
                { "refund_no": "R", "state": "succeeded", "cause": "duplicate_payment", "amount": fen(10) },
            ],
        })
    }

    fn books() -> Vec<Value> {
        let order = |no: &str, refunds: Value| {
            json!({
                "channel_order_no": no,
                "created_count": 1,
                "captures": [{ "amount": 10 }],
                "refunds": refunds,
            })
        };
        let back = json!([{ "refund_no": "R", "amount": 10, "state": "succeeded" }]);
        vec![order("A", json!([])), order("B", back)]
    }

    /// Makes a payment and the channel's books disagree.
    type Spoil = fn(&mut Value, &mut Vec<Value>);

    #[test]
    fn books_that_agree_pass_and_every_difference_is_found() {
        let check = |spoil: Spoil| {
            let (mut payment, mut books) = (payment(), books());
            spoil(&mut payment, &mut books);
            compare(&payment, &books).map_err(|error| error.to_string())
        };
        assert_eq!(check(|_, _| {}), Ok(()));
        let reversed: Spoil = |payment, books| {
            books[0]["attributes"] = json!({ "trade_state": "REVOKED" });
            books[0]["refunds"] =
                json!([{ "refund_no": "A_REVOKE", "amount": 10, "state": "succeeded" }]);
            payment["state"] = json!("closed");
            payment["money"]["captured"]["value"] = json!(10);
            payment["money"]["applied"]["value"] = json!(0);
        };
        assert_eq!(
            check(reversed),
            Ok(()),
            "what was reversed before we heard of it"
        );
        let wrong: [(&str, Spoil); 10] = [
            ("a reversal that kept something", |_, books| {
                books[0]["attributes"] = json!({ "trade_state": "REVOKED" });
            }),
            ("a capture we do not know", |_, books| {
                books[0]["captures"] = json!([{ "amount": 10 }, { "amount": 1 }]);
            }),
            ("a capture the channel does not know", |_, books| {
                books[0]["captures"] = json!([])
            }),
            ("a refund that never moved", |_, books| {
                books[1]["refunds"] = json!([])
            }),
            ("a refund under another number", |_, books| {
                books[1]["refunds"][0]["refund_no"] = json!("S");
            }),
            ("a refund that moved twice", |_, books| {
                books[1]["captures"] = json!([{ "amount": 20 }]);
                let once = books[1]["refunds"][0].clone();
                books[1]["refunds"] = json!([once.clone(), once]);
            }),
            ("more back than taken", |_, books| {
                books[1]["refunds"][0]["amount"] = json!(11)
            }),
            ("two payable orders", |_, books| {
                books[0]["created_count"] = json!(2)
            }),
            ("an order we do not know", |_, books| {
                books[0]["channel_order_no"] = json!("C");
            }),
            ("money kept on a closed order", |payment, _| {
                payment["state"] = json!("closed")
            }),
        ];
        for (what, spoil) in wrong {
            assert!(check(spoil).is_err(), "{what} passed the audit");
        }
    }
}
