//! Mornings: every account's day is compared with its bill (T+1 对账) and, at the end of all days, everything is audited.

use payonce_channels::statement::TradeLineKind;
use payonce_domain::{BillDay, Channel, RefundNo, Timestamp};
use payonce_store::engine::Item;

use crate::expression::number;
use crate::fault::Fault;
use crate::plan::START_MS;
use crate::tally::Sometimes;
use crate::world::{Happening, Job, World};
use crate::wrong::{Wrong, is_built};

const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;
/// The first noon after a world has begun, and five minutes: bills are expected at ten, and what is said to be empty is believed
/// two hours later.
pub(crate) const FIRST_MS: u64 = START_MS + DAY_MS + 300_000;
/// How many days after the last movement nothing waits for its other half any more: a refund's three, and one.
const DAYS_AFTER: u32 = 4;
/// How often in a world something is wrong with a bill, or whoever compares it is killed.
const BILL_FAULTS_MAX: u32 = 3;

impl World {
    /// Whether anything may still go wrong with bills.
    pub(crate) const fn may_strike_bills(&self) -> bool {
        self.bill_faults < BILL_FAULTS_MAX && self.struck < self.plan.faults_max
    }

    /// Whether a fault strikes a bill. Bills come when all other faults have stopped.
    fn strikes_bill(&mut self, fault: Fault) -> bool {
        let may = self.plan.enables(fault) && self.may_strike_bills();
        if !may || !self.fault_chance.one_in(fault.once_in()) {
            return false;
        }
        self.bill_faults += 1;
        self.count(fault);
        true
    }

    /// The channel is asked for a bill.
    pub(crate) fn said_of_bill(&mut self, body: &[u8]) -> String {
        let Some((channel, account, day)) = crate::bill::asked(body) else {
            unreachable!("a question for a bill that no channel can read");
        };
        if self.strikes_bill(Fault::BillLate) {
            return "not ready".to_owned();
        }
        let mut bill = self.books.bill(channel, &account, day);
        if bill != "nothing" && self.strikes_bill(Fault::BillCut) {
            let last = bill.rfind('\n').unwrap_or(bill.len());
            bill.truncate(last);
        }
        if is_built(Wrong::CutBillTaken) {
            return crate::bill::without_last(&bill);
        }
        bill
    }

    /// A morning comes.
    pub(crate) fn morning(&mut self) {
        if !is_built(Wrong::NoBills) {
            self.after(0, Happening::Start(Job::Reconcile));
        }
        self.after(HOUR_MS, Happening::Compared);
    }

    /// An hour later: is another morning needed? The last one is followed by an audit.
    pub(crate) fn compared(&mut self) {
        let more = |what: &Happening| match what {
            Happening::Tick | Happening::Kill(_) => false,
            Happening::Morning
            | Happening::Compared
            | Happening::Effect(_)
            | Happening::Answer(_)
            | Happening::Start(_)
            | Happening::BuyerPays(..)
            | Happening::RefundDone(..)
            | Happening::ChannelReturns(_)
            | Happening::Damage(_)
            | Happening::LateWrite(..)
            | Happening::CheckKnown
            | Happening::Settle => true,
        };
        let busy = self.agenda.values().any(more) || !self.only_waiting_left();
        if busy || !(is_built(Wrong::NoBills) || self.is_all_compared()) {
            self.after(DAY_MS - HOUR_MS, Happening::Morning);
        } else {
            self.after(0, Happening::Start(Job::Audit));
        }
    }

    /// Whether every account's days are closed up to where nothing waits for its other half any more.
    fn is_all_compared(&self) -> bool {
        let last = self.books.last_movement().unwrap_or(START_MS);
        Channel::ALL.into_iter().all(|channel| {
            let name = channel.name();
            let account = format!("{name}#shop-{name}");
            let text = |item: &Item, name: &str| item.get(name)?.as_s().ok().cloned();
            let known = self.tables.get("findings", &[&account, "account"]);
            let Some(closed) = known.and_then(|item| text(item, "d")) else {
                return false;
            };
            let mut day = BillDay::of(channel, Timestamp::from_millis(last));
            if closed < day.to_string() {
                return false;
            }
            let run = format!("{account}#{closed}");
            let run = self.tables.get("findings", &[&run, "run"]);
            let carried = run.and_then(|run| number(run.get("n")?)).unwrap_or(0);
            for _ in 0..DAYS_AFTER {
                day = day.next();
            }
            carried == 0 || closed >= day.to_string()
        })
    }

    /// I-22, I-25: each line of a bill has its row and each row its line, or somebody has to see to it.
    pub(crate) fn audit_bills(&mut self) {
        let findings: Vec<String> = self
            .tables
            .items("findings")
            .filter(|item| item.contains_key("c"))
            .map(|item| {
                // Class, proposal and numbers, in this order: an item has none of its own.
                let words = ["c", "p", "o", "f", "t"].map(|name| item.get(name)?.as_s().ok());
                let words = words.into_iter().flatten();
                words.map(String::as_str).collect::<Vec<_>>().join(" ")
            })
            .collect();
        if !findings.is_empty() {
            self.tally.saw(Sometimes::Discrepancy);
        }
        let forgotten = self.books.trades.values().any(|trade| trade.forgotten);
        let people = self
            .auditor
            .last
            .values()
            .any(crate::steps::calls_for_people);
        let expected =
            forgotten || people || !self.auditor.damaged.is_empty() || self.auditor.row_erased;
        // What a channel returned by itself is news, and repaired.
        let mut open = findings
            .iter()
            .filter(|finding| !finding.contains("repaired"));
        if let Some(open) = open.next().filter(|_| !expected) {
            let what = format!("where nothing differs this was found: {open}");
            return self.breaks("I-25", &what);
        }
        let owned = |number: &str| findings.iter().any(|finding| finding.contains(number));
        let rows: Vec<_> = self.tables.items("ledger").filter_map(row).collect();
        let lines: Vec<_> = Channel::ALL
            .iter()
            .flat_map(|channel| self.books.lines(&format!("shop-{}", channel.name())))
            .map(|line| Movement {
                goes_back: line.kind != TradeLineKind::Payment,
                trade_no: line.trade_no,
                refund_no: line.refund_no,
                order_no: None,
                amount: line.amount,
            })
            .collect();
        let of_nobody = |one: &&Movement, others: &[Movement]| {
            let met = others.iter().any(|other| one.is(other));
            !met && !owned(&one.trade_no) && !self.payment_confirms(one)
        };
        let line = lines.iter().find(|line| of_nobody(line, &rows));
        let row = rows.iter().find(|row| of_nobody(row, &lines));
        if let Some(line) = line {
            let what = format!("{line:?} is in a bill, in no row, and nobody's");
            self.breaks("I-22", &what);
        } else if let Some(row) = row {
            let what = format!("{row:?} is in the ledger, in no bill, and nobody's");
            self.breaks("I-25", &what);
        }
    }

    /// A refund whose row was lost is confirmed by its payment, and so is one that came back after its row was written. What
    /// a channel returned by itself has no number of ours in the bill.
    fn payment_confirms(&self, one: &Movement) -> bool {
        let no = one.refund_no.as_deref().and_then(RefundNo::parse);
        let mut payments = self.auditor.last.values();
        match no {
            Some(no) => payments.any(|payment| payment.refund(no).is_some()),
            None => payments.flat_map(|payment| &payment.refunds).any(|refund| {
                one.goes_back
                    && refund.trade_no.as_str() == one.trade_no
                    && refund.amount.minor() == one.amount
            }),
        }
    }
}

/// One movement of money, on either side.
#[derive(Debug)]
pub(crate) struct Movement {
    goes_back: bool,
    pub(crate) trade_no: String,
    refund_no: Option<String>,
    /// Whose it is, in the ledger.
    pub(crate) order_no: Option<String>,
    amount: u64,
}

impl Movement {
    fn is(&self, other: &Self) -> bool {
        self.goes_back == other.goes_back
            && self.trade_no == other.trade_no
            && self.amount == other.amount
    }
}

/// What a row of the ledger says; none if it is something else, or came back.
pub(crate) fn row(item: &Item) -> Option<Movement> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let order_no = Some(text("o")?);
    if item.contains_key("z") {
        return None;
    }
    let refund_no = text("f");
    Some(Movement {
        goes_back: refund_no.is_some(),
        trade_no: text("t")?,
        refund_no,
        order_no,
        amount: number(item.get("a")?)?,
    })
}
