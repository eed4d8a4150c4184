//! What is done about what is left: judged against the payment, repaired, kept for people, carried over.

use futures::StreamExt;
use payonce_domain::reconciliation::{
    BillLine, Discrepancy, DiscrepancyClass, Known, Proposal, Report, Subject, Verdict, judge_line,
    judge_row,
};
use payonce_domain::{
    BillDay, ChannelOrderNo, Digest, Fact, LedgerRow, Money, Movement, Source, Timestamp,
};
use payonce_store::{FindingState, LedgerPlace, Pool, Sides, StoreError};
use serde_json::json;

use super::ask::{ASKED_MAX, is_unasked};
use super::compare::Left;
use super::{Contract, failed};
use crate::App;
use crate::change::{self, Raw, Working};
use crate::failure::Failure;
use crate::metrics::{Label, Metric, record};

/// How many payments are read at a time.
const AT_ONCE: usize = 32;

impl App {
    /// Acts on what is left of a day; how many pieces were carried over.
    pub(super) async fn act(
        &self,
        contract: &Contract,
        place: &LedgerPlace,
        left: Left,
        report: &mut Report,
        now: Timestamp,
    ) -> Result<u32, Failure> {
        let mut pool = Pool::default();
        for position in left.unreadable {
            let found = unreadable(place, position);
            self.keep(&found, &Sides::default(), now).await?;
        }
        for (line, ours, verdict) in left.judged {
            self.settle_line(place, line, ours, verdict, &mut pool, report, now)
                .await?;
        }
        let lines = left.lines.into_iter().map(|line| async move {
            let payment = self.payment_of(line.channel_order_no()).await?;
            let known = payment
                .as_ref()
                .map_or(Known::Nothing, |working| Known::Payment(working.payment()));
            let (account, owner) = (&contract.account, &contract.owner);
            let verdict = judge_line(&line, account, owner, known, place.day);
            Ok::<_, StoreError>((line, verdict))
        });
        let mut lines = futures::stream::iter(lines).buffered(AT_ONCE);
        while let Some(judged) = lines.next().await {
            let (line, verdict) = judged.map_err(failed)?;
            self.settle_line(place, line, None, verdict, &mut pool, report, now)
                .await?;
        }
        let rows = left.rows.into_iter().map(|row| async move {
            let payment = self.payment_of(Some(row.order_no)).await?;
            let payment = payment.as_ref().map(Working::payment);
            let verdict = judge_row(&row, payment, place.day);
            Ok::<_, StoreError>((row, verdict))
        });
        let mut rows = futures::stream::iter(rows).buffered(AT_ONCE);
        while let Some(judged) = rows.next().await {
            let (row, verdict) = judged.map_err(failed)?;
            self.settle_row(place, row, &verdict, &mut pool, report, now)
                .await?;
        }
        self.close_findings(place, report, now).await?;
        self.store.put_pool(place, &pool).await.map_err(failed)
    }

    async fn payment_of(&self, no: Option<ChannelOrderNo>) -> Result<Option<Working>, StoreError> {
        match no {
            Some(no) => change::load(&self.store, no.key()).await,
            None => Ok(None),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a line, what is known of it, and where it goes"
    )]
    async fn settle_line(
        &self,
        place: &LedgerPlace,
        line: BillLine,
        ours: Option<Money>,
        verdict: Verdict,
        pool: &mut Pool,
        report: &mut Report,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match verdict {
            Verdict::Wait => {
                report.carried_lines.add(line.amount);
                pool.lines.push(carried(line, place, now));
            }
            Verdict::Confirmed => report.confirmed.add(line.amount),
            Verdict::Show { class, proposal } => {
                let found = of_line(place, &line, ours, class, proposal);
                self.keep(&found, &line_alone(&line), now).await?;
            }
            Verdict::Repair {
                fact,
                class,
                proposal,
            } => {
                let found = of_line(place, &line, ours, class, proposal);
                // Kept before it is repaired, so that a run that is cut off between leaves a trace.
                self.keep(&found, &line_alone(&line), now).await?;
                if self.repair(&line, *fact, now).await? {
                    report.carried_lines.add(line.amount);
                    pool.lines.push(carried(line, place, now));
                }
            }
        }
        Ok(())
    }

    async fn settle_row(
        &self,
        place: &LedgerPlace,
        row: LedgerRow,
        verdict: &Verdict,
        pool: &mut Pool,
        report: &mut Report,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match verdict {
            Verdict::Wait => {
                report.carried_rows.add(row.amount);
                pool.rows.push(row);
            }
            Verdict::Confirmed => {}
            Verdict::Show { class, proposal }
            | Verdict::Repair {
                class, proposal, ..
            } => {
                let found = Discrepancy {
                    channel: place.channel,
                    account: place.account.clone(),
                    day: place.day,
                    class: *class,
                    subject: Subject::of_row(&row),
                    theirs: None,
                    ours: Some(row.amount),
                    proposal: *proposal,
                };
                let sides = Sides {
                    line: None,
                    row: Some(row),
                };
                self.keep(&found, &sides, now).await?;
            }
        }
        Ok(())
    }

    /// Hands the bill's word to the payment. Whether a row of the ledger will come of it, for which the
    /// line then waits.
    async fn repair(&self, line: &BillLine, fact: Fact, now: Timestamp) -> Result<bool, Failure> {
        let Some(no) = line.channel_order_no() else {
            return Ok(false);
        };
        let loaded = change::load(&self.store, no.key()).await;
        let Some(mut working) = loaded.map_err(failed)? else {
            return Ok(false);
        };
        let text = text_of(line);
        let fact = cited(fact, Digest::of(text.as_bytes()));
        let raw = Raw {
            source: Source::Bill,
            bytes: text.as_bytes(),
        };
        if !change::note(&self.store, &mut working, &fact, Some(raw), now).await? {
            return Ok(false);
        }
        let payment_no = working.payment().payment_no();
        tracing::warn!(
            payment.no = %payment_no,
            payment.state = ?working.payment().state,
            channel_order.no = %no,
            "the bill changed payment {payment_no}"
        );
        let wakes = working.wakes_ahead(now);
        self.outbox.wake(payment_no, &wakes, now).await;
        let rows = working.payment().ledger_rows();
        Ok(rows.iter().any(|row| {
            row.movement == line.movement
                && row.trade_no == line.trade_no
                && row.amount == line.amount
                && !row.void
        }))
    }

    async fn keep(
        &self,
        found: &Discrepancy,
        sides: &Sides,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let new = self.store.keep_finding_with(found, sides, now).await;
        if new.map_err(failed)? {
            tracing::warn!(
                account.id = %found.account,
                finding.id = found.id(),
                class = found.class.name(),
                proposal = found.proposal.name(),
                "{} of {}: {}",
                found.account,
                found.day,
                found.class.name()
            );
            let label = [Label::Class(found.class)];
            record(&label, &[(Metric::DiscrepanciesFound, 1)], now);
        }
        Ok(())
    }

    /// Everything was acted on: what only the ledger has is asked about, what repaired itself is resolved, and
    /// all that this day ever found is counted, whichever of its runs found it.
    async fn close_findings(
        &self,
        place: &LedgerPlace,
        report: &mut Report,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut asked = 0;
        for mut finding in self.store.findings(place).await.map_err(failed)? {
            if asked < ASKED_MAX && is_unasked(&finding) {
                asked += 1;
                self.ask_again(&mut finding, now).await?;
            }
            let repaired = finding.discrepancy.proposal == Proposal::Repaired;
            if repaired && finding.state == FindingState::Open {
                let resolved = self.store.resolve_finding(&finding).await;
                resolved.map_err(failed)?;
            }
            report.count_found(&finding.discrepancy);
        }
        Ok(())
    }
}

/// A line that waits for its row: at least until the ledger of this very day is compared, where all stands that is learnt on it.
fn carried(line: BillLine, place: &LedgerPlace, now: Timestamp) -> BillLine {
    let today = BillDay::of(place.channel, now);
    BillLine {
        alone_since: line.alone_since.or(Some(today)),
        ..line
    }
}

/// A line that met no row of its own.
fn line_alone(line: &BillLine) -> Sides {
    Sides {
        line: Some(line.clone()),
        row: None,
    }
}

fn of_line(
    place: &LedgerPlace,
    line: &BillLine,
    ours: Option<Money>,
    class: DiscrepancyClass,
    proposal: Proposal,
) -> Discrepancy {
    Discrepancy {
        channel: place.channel,
        account: place.account.clone(),
        day: place.day,
        class,
        subject: Subject::of_line(line),
        theirs: Some(line.amount),
        ours,
        proposal,
    }
}

fn unreadable(place: &LedgerPlace, position: u32) -> Discrepancy {
    Discrepancy {
        channel: place.channel,
        account: place.account.clone(),
        day: place.day,
        class: DiscrepancyClass::UnreadableLine,
        subject: Subject {
            position: Some(position),
            ..Subject::default()
        },
        theirs: None,
        ours: None,
        proposal: Proposal::AskChannel,
    }
}

/// A line as evidence: its facts, without what it says of the buyer.
fn text_of(line: &BillLine) -> String {
    let movement = match line.movement {
        Movement::Payment => "payment",
        Movement::Refund => "refund",
    };
    json!({
        "bill_date": line.day.to_string(),
        "position": line.position,
        "kind": movement,
        "order_no": line.order_no,
        "refund_no": line.refund_no,
        "trade_no": line.trade_no.as_str(),
        "amount": line.amount.minor(),
        "currency": line.amount.currency().code(),
        "at_ms": line.at.as_millis(),
    })
    .to_string()
}

/// The same fact, resting on this evidence.
fn cited(fact: Fact, digest: Digest) -> Fact {
    let mut fact = fact;
    match &mut fact {
        Fact::Reported { evidence, .. }
        | Fact::RefundReported { evidence, .. }
        | Fact::Returned { evidence, .. } => evidence.digest = Some(digest),
        Fact::CreateAnswered { .. }
        | Fact::ReversalAnswered { .. }
        | Fact::ReturnAbsent { .. }
        | Fact::Told { .. }
        | Fact::Ticked => {}
    }
    fact
}
