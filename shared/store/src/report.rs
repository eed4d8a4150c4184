//! The numbers of a run as JSON: so they are stored, and so they are shown.

use std::collections::BTreeMap;

use payonce_domain::Money;
use payonce_domain::reconciliation::{DiscrepancyClass, Report, Tally};
use serde::{Deserialize, Serialize};

use crate::record::field::Kept;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TallyJson {
    count: u64,
    /// In minor units.
    amount: Kept<Money>,
}

impl From<Tally> for TallyJson {
    fn from(tally: Tally) -> Self {
        Self {
            count: tally.count,
            amount: Kept(tally.amount),
        }
    }
}

impl From<TallyJson> for Tally {
    fn from(json: TallyJson) -> Self {
        Self {
            count: json.count,
            amount: json.amount.0,
        }
    }
}

/// See [`Report`], whose members have the same names.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportJson {
    bill_payments: TallyJson,
    bill_refunds: TallyJson,
    fees_taken: TallyJson,
    fees_returned: TallyJson,
    ledger_payments: TallyJson,
    ledger_refunds: TallyJson,
    matched: TallyJson,
    confirmed: TallyJson,
    carried_lines: TallyJson,
    carried_rows: TallyJson,
    found: BTreeMap<String, u64>,
    repaired: u64,
    /// What waits for people: found and not repaired.
    open: u64,
}

impl From<&Report> for ReportJson {
    fn from(report: &Report) -> Self {
        let Report {
            bill_payments,
            bill_refunds,
            fees_taken,
            fees_returned,
            ledger_payments,
            ledger_refunds,
            matched,
            confirmed,
            carried_lines,
            carried_rows,
            found,
            repaired,
        } = report;
        let found = found.iter();
        Self {
            bill_payments: (*bill_payments).into(),
            bill_refunds: (*bill_refunds).into(),
            fees_taken: (*fees_taken).into(),
            fees_returned: (*fees_returned).into(),
            ledger_payments: (*ledger_payments).into(),
            ledger_refunds: (*ledger_refunds).into(),
            matched: (*matched).into(),
            confirmed: (*confirmed).into(),
            carried_lines: (*carried_lines).into(),
            carried_rows: (*carried_rows).into(),
            found: found
                .map(|(class, n)| (class.name().to_owned(), *n))
                .collect(),
            repaired: *repaired,
            open: report.open(),
        }
    }
}

impl ReportJson {
    pub(crate) fn restore(self) -> Option<Report> {
        let found = self.found.into_iter();
        let found = found.map(|(name, count)| Some((DiscrepancyClass::from_name(&name)?, count)));
        Some(Report {
            bill_payments: self.bill_payments.into(),
            bill_refunds: self.bill_refunds.into(),
            fees_taken: self.fees_taken.into(),
            fees_returned: self.fees_returned.into(),
            ledger_payments: self.ledger_payments.into(),
            ledger_refunds: self.ledger_refunds.into(),
            matched: self.matched.into(),
            confirmed: self.confirmed.into(),
            carried_lines: self.carried_lines.into(),
            carried_rows: self.carried_rows.into(),
            found: found.collect::<Option<_>>()?,
            repaired: self.repaired,
        })
    }
}

/// The numbers of a run as JSON; amounts are integers in minor units.
#[must_use]
pub fn report_json(report: &Report) -> serde_json::Value {
    serde_json::to_value(ReportJson::from(report)).expect("counts and sums are JSON")
}
