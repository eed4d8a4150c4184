//! What a run found, as one record for each account and day.

use std::collections::BTreeMap;

use super::{BillLine, Discrepancy, DiscrepancyClass, Proposal};
use crate::ledger::{LedgerRow, Movement};
use crate::money::Money;

/// How many, and what they come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Their sum. Past what can be counted it stays there.
    pub amount: Money,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            count: 0,
            amount: Money::from_fen(0),
        }
    }
}

impl Tally {
    /// One more.
    pub fn add(&mut self, amount: Money) {
        self.count += 1;
        self.amount = self.amount.checked_add(amount).unwrap_or(self.amount);
    }
}

/// The numbers of one account's day (对账结果).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Payments in the bill.
    pub bill_payments: Tally,
    /// Refunds in the bill.
    pub bill_refunds: Tally,
    /// Fees of the bill's payments.
    pub fees_taken: Tally,
    /// Fees given back with its refunds.
    pub fees_returned: Tally,
    /// Payments in the ledger's day.
    pub ledger_payments: Tally,
    /// Refunds in the ledger's day.
    pub ledger_refunds: Tally,
    /// Lines that have their row, of this day or of the pool.
    pub matched: Tally,
    /// Lines without a row that the payment itself confirms.
    pub confirmed: Tally,
    /// Lines carried over to the next day.
    pub carried_lines: Tally,
    /// Rows carried over to the next day.
    pub carried_rows: Tally,
    /// Discrepancies, by class.
    pub found: BTreeMap<DiscrepancyClass, u64>,
    /// Those of them that repaired themselves.
    pub repaired: u64,
}

impl Report {
    /// Counts a line of the bill.
    pub fn count_line(&mut self, line: &BillLine) {
        let (sums, fees) = match line.movement {
            Movement::Payment => (&mut self.bill_payments, &mut self.fees_taken),
            Movement::Refund => (&mut self.bill_refunds, &mut self.fees_returned),
        };
        sums.add(line.amount);
        if let Some(fee) = line.fee {
            fees.add(fee);
        }
    }

    /// Counts a row of the ledger.
    pub fn count_row(&mut self, row: &LedgerRow) {
        if row.void {
            return;
        }
        match row.movement {
            Movement::Payment => self.ledger_payments.add(row.amount),
            Movement::Refund => self.ledger_refunds.add(row.amount),
        }
    }

    /// Counts a discrepancy.
    pub fn count_found(&mut self, discrepancy: &Discrepancy) {
        *self.found.entry(discrepancy.class).or_default() += 1;
        if discrepancy.proposal == Proposal::Repaired {
            self.repaired += 1;
        }
    }

    /// How many discrepancies wait for people.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.found.values().sum::<u64>() - self.repaired
    }
}
