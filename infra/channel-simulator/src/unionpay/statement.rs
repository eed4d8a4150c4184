//! The settlement file (对账文件) of one settlement day, which runs from 23:00 to 23:00.
//!
//! `fileContent` is base64 over zlib over a ZIP with three entries: all transactions (ZM), those in
//! dispute (ZME), and a summary for people (RD). Before 09:00 of the next day, and for a day without
//! transactions, the answer is `98`.

use std::io::{Cursor, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::ZlibEncoder};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    reply::Reply,
    request::Call,
    resp_code::{NO_FILE, SUCCESS},
    summary, zm,
};
use crate::{
    bills::{self, BillLine},
    books::{Channel, RefundState},
    clock::{Day, Moment},
    faults::Spoil,
    simulator::World,
};

/// What the file of one merchant's day holds.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    mer_id: String,
    merchant: String,
    day: Day,
    pub(crate) lines: Vec<BillLine>,
}

pub(crate) fn answer(world: &mut World, call: &Call) -> Reply {
    let now = world.now();
    let account = call.account.name();
    let Some(day) = day_named(call.seen("settleDate"), now) else {
        return Reply::new(call, NO_FILE);
    };
    let lines: Vec<_> = bills::lines(world, Channel::Unionpay, account, day)
        .into_iter()
        .filter(has_moved_or_is_disputed)
        .collect();
    let is_ready = bills::is_ready(world, Channel::Unionpay, call.account.name(), day);
    if !is_ready || lines.is_empty() {
        return Reply::new(call, NO_FILE);
    }
    let mer_id = call.account.mer_id();
    let mut reply = Reply::new(call, SUCCESS)
        .with("fileName", format!("{mer_id}_{}.zip", day.compact()))
        .with("fileType", "00");
    reply.statement = Some(Statement {
        mer_id: mer_id.to_owned(),
        merchant: account.to_owned(),
        day,
        lines,
    });
    reply
}

/// The latest such day that has begun.
fn day_named(settle_date: &str, now: Moment) -> Option<Day> {
    let today = bills::day_of(Channel::Unionpay, now);
    let year: u32 = today.compact().get(..4)?.parse().ok()?;
    let (month, date) = (settle_date.get(..2)?, settle_date.get(2..)?);
    // The 29th of February can lie years back.
    (0..8)
        .filter_map(|years| Day::read(&format!("{:04}-{month}-{date}", year - years)))
        .find(|day| *day <= today)
}

/// Refunds that have not succeeded have moved nothing. A payment that is said to have failed has
/// moved money all the same: it is in dispute.
fn has_moved_or_is_disputed(line: &BillLine) -> bool {
    match line.state {
        RefundState::Succeeded => true,
        RefundState::Failed => line.refund.is_none(),
        RefundState::Processing | RefundState::Abnormal => false,
    }
}

impl Statement {
    /// The text of `fileContent`.
    pub(crate) fn write(mut self, spoil: Spoil) -> String {
        if spoil == Spoil::WrongAmount {
            for line in &mut self.lines {
                line.amount += 1;
            }
        }
        let day = self.day.compact().split_off(2);
        let (good, disputed): (Vec<_>, Vec<_>) = self
            .lines
            .into_iter()
            .partition(|line| line.state == RefundState::Succeeded);
        let mer_id = &self.mer_id;
        let transactions: String = good
            .iter()
            .map(|line| zm::transaction(line, mer_id))
            .collect();
        let disputes: String = disputed
            .iter()
            .map(|line| zm::dispute(line, mer_id))
            .collect();
        let summary = summary::write(&good, mer_id, &self.merchant, self.day);
        let archive = archive(&[
            (format!("INN{day}01ZM_{mer_id}"), transactions.into_bytes()),
            (format!("INN{day}01ZME_{mer_id}"), disputes.into_bytes()),
            (format!("RD2010{day}01_{mer_id}"), summary),
        ]);
        STANDARD.encode(deflated(&archive))
    }
}

fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in entries {
        zip.start_file(name.as_str(), options)
            .and_then(|()| Ok(zip.write_all(content)?))
            .expect("an archive in memory takes every entry");
    }
    let written = zip.finish().expect("an archive in memory can be finished");
    written.into_inner()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory cannot fail")
}
