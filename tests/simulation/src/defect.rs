//! Defects: damage to our own records, which a sweep or the next touch has to make good.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{Payment, RefundState};
use payonce_store::engine::{self, Item};

use crate::fault::Fault;
use crate::world::{Happening, Job, World};

/// Damages a record, if there is one of the kind and the world is to be damaged.
pub(crate) fn damage(world: &mut World, defect: Fault) {
    if defect == Fault::RowErased {
        return erase_row(world);
    }
    let payments: Vec<_> = world.auditor.last.values().cloned().collect();
    for payment in payments {
        let key = payment.key.to_string();
        let Some(mut item) = world.tables.get("payments", &[&key]).cloned() else {
            continue;
        };
        let number = match defect {
            Fault::RefundErased => erase_refund(&payment, &mut item),
            Fault::DecisionUndone => undo(world, &key, &mut item),
            _ => erase_due(&payment, &mut item),
        };
        let Some(number) = number else { continue };
        if !world.strikes(defect) {
            continue;
        }
        world.note(format_args!("{number} is damaged"));
        world.auditor.damaged.insert(key.clone());
        world.auditor.erased.insert(number);
        world.auditor.now.insert(key.clone(), item.clone());
        world.replace(&key, item);
        if defect == Fault::DecisionUndone {
            world.auditor.undone.insert(key);
        }
        // A lost time is invisible to the sweep: the audit finds it. An unsent refund the sweep has to make again, which the
        // audit that follows the bills then only puts down as it was; real words have no bills.
        if defect != Fault::RefundErased || world.real.is_some() {
            world.auditor.to_restore = true;
            let audit = world.plan.faults_until + 600_000;
            world.at(audit, Happening::Start(Job::Audit));
        }
    }
}

impl World {
    /// Replaces a payment's record behind everybody's back but the auditor's.
    pub(crate) fn replace(&mut self, key: &str, item: Item) {
        self.tables.damage("payments", key, item.clone(), self.now);
        if let Ok(stored) = engine::payment(item) {
            let payment = stored.payment().clone();
            self.auditor.last.insert(key.to_owned(), payment);
        }
    }
}

/// The record as it was before its last write: whole in itself, and not what was decided.
fn undo(world: &mut World, key: &str, item: &mut Item) -> Option<String> {
    item.clone_from(world.auditor.before.get(key)?);
    Some(format!("the last decision on {key}"))
}

fn erase_row(world: &mut World) {
    let Some(row) = world.tables.last_of("ledger") else {
        return;
    };
    if world.strikes(Fault::RowErased) {
        world.note(format_args!("{row} is lost"));
        world.tables.erase(&row);
        world.auditor.row_erased = true;
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
