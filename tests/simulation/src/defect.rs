//! Defects: damage to our own records, which a sweep or the next touch has to make good.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{Payment, RefundState};
use payonce_store::engine::{self, Item};

use crate::fault::Fault;
use crate::plan::Deed;
use crate::world::{Happening, Job, World};

/// Damages a record, if there is one of the kind and the world is to be damaged.
pub(crate) fn damage(world: &mut World, defect: Fault) {
    let payments: Vec<_> = world.auditor.last.values().cloned().collect();
    for payment in payments {
        let key = payment.key.to_string();
        let Some(mut item) = world.tables.get("payments", &[&key]).cloned() else {
            continue;
        };
        let number = match defect {
            Fault::RefundErased => erase_refund(&payment, &mut item),
            _ => erase_due(&payment, &mut item),
        };
        let Some(number) = number else { continue };
        if !world.strikes(defect) {
            continue;
        }
        world.note(format_args!("{number} is damaged"));
        world.auditor.damaged = true;
        world.auditor.erased.insert(number);
        let now = world.now;
        world.tables.damage("payments", &key, item.clone(), now);
        if let Ok(stored) = engine::payment(item) {
            world.auditor.last.insert(key, stored.payment().clone());
        }
        // A lost time is invisible to the sweep: the next touch of the item repairs it.
        let order = u8::from(payment.payment_no() == crate::jobs::payment_no(1));
        let touch = world.plan.faults_until + 600_000;
        world.at(touch, Happening::Start(Job::Deed(Deed::Refresh(order))));
    }
}

fn list<'a>(item: &'a mut Item, name: &str) -> Option<&'a mut Vec<AttributeValue>> {
    match item.get_mut(name)? {
        AttributeValue::L(list) => Some(list),
        _ => None,
    }
}

fn erase_refund(payment: &Payment, item: &mut Item) -> Option<String> {
    let unsent = |refund: &payonce_domain::Refund| {
        refund.state == RefundState::Due && refund.sent_at.is_none() && refund.request.is_none()
    };
    let index = payment.refunds.iter().position(unsent)?;
    list(item, "rf")?.remove(index);
    Some(payment.refunds[index].no.to_string())
}

fn erase_due(payment: &Payment, item: &mut Item) -> Option<String> {
    let index = payment
        .channel_orders
        .iter()
        .position(|order| order.state.is_open())?;
    match list(item, "p")?.get_mut(index)? {
        AttributeValue::M(order) => order.remove("d")?,
        _ => return None,
    };
    item.remove("s");
    item.remove("d");
    Some(payment.channel_orders[index].no.to_string())
}
