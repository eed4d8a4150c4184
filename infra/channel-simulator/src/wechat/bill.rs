//! Bills (账单): asking for one gives a hash and an address that lives for five minutes.
//!
//! The bill of a day can be had from 10:00 of the next one, by the virtual clock.

use std::{collections::BTreeMap, io::Write};

use axum::http::StatusCode;
use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use sha1::{Digest, Sha1};

use super::{Accounts, endpoint::Endpoint, reply::Reply, request::Call, statement};
use crate::{
    bills::{self, BillLine},
    books::{Channel, RefundState},
    clock::{Day, Moment},
    simulator::{Simulator, World, unguessable},
};

const LINK_LIFE_SECONDS: i64 = 300;

/// A file that waits to be fetched.
#[derive(Clone, Debug)]
struct Download {
    account: String,
    bytes: Vec<u8>,
    until: Moment,
}

/// The files that wait, by token. They belong to one run.
#[derive(Debug, Default)]
pub(crate) struct Downloads(BTreeMap<String, Download>);

/// What is in a trade bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BillType {
    All,
    Success,
    Refund,
}

impl BillType {
    fn read(call: &Call) -> Result<Self, Reply> {
        match call.query.get("bill_type").map(String::as_str) {
            None | Some("ALL") => Ok(Self::All),
            Some("SUCCESS") => Ok(Self::Success),
            Some("REFUND") => Ok(Self::Refund),
            Some(_) => Err(Reply::bad_field("bill_type", "必须为ALL、SUCCESS或REFUND")),
        }
    }

    fn has(self, line: &BillLine) -> bool {
        match self {
            Self::All => true,
            Self::Success => line.refund.is_none(),
            Self::Refund => line.refund.is_some(),
        }
    }
}

pub(crate) fn ask(simulator: &Simulator, accounts: &Accounts, call: &Call) -> Reply {
    let written = simulator.look(|world| write(world, accounts, call));
    let (text, is_gzip) = match written {
        Ok(written) => written,
        Err(reply) => return reply,
    };
    // The hash is over the plain bytes even when the file is compressed.
    let hash = Sha1::digest(text.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let (bytes, gzip) = if is_gzip {
        (compress(&text), "&tartype=gzip")
    } else {
        (text.into_bytes(), "")
    };
    let token = unguessable();
    simulator.look(|world| {
        let now = world.now();
        world.downloads.0.retain(|_, download| now < download.until);
        let download = Download {
            account: call.account.name().to_owned(),
            bytes,
            until: now.plus_seconds(LINK_LIFE_SECONDS),
        };
        world.downloads.0.insert(token.clone(), download);
    });
    let url = &simulator.public_url;
    Reply::success(json!({
        "hash_type": "SHA1",
        "hash_value": hash,
        "download_url": format!("{url}/wechat/v3/billdownload/file?token={token}{gzip}"),
    }))
}

/// The bill as text, and whether it is to be compressed.
fn write(world: &mut World, accounts: &Accounts, call: &Call) -> Result<(String, bool), Reply> {
    let day = call.query.get("bill_date").and_then(|text| Day::read(text));
    let day = day.ok_or_else(|| Reply::bad_field("bill_date", "必须为yyyy-MM-dd格式"))?;
    let is_gzip = match call.query.get("tar_type").map(String::as_str) {
        None => false,
        Some("GZIP") => true,
        Some(_) => return Err(Reply::bad_field("tar_type", "只支持GZIP")),
    };
    let now = world.now();
    if day > now.day_in_beijing() {
        return Err(Reply::bad_field("bill_date", "不能晚于当天"));
    }
    if !bills::is_ready(world, Channel::Wechat, call.account.name(), day) {
        let message = "账单文件正在生成，请在10点后重试";
        let status = StatusCode::BAD_REQUEST;
        return Err(Reply::refused(status, "STATEMENT_CREATING", message));
    }
    let account = accounts
        .by_name(call.account.name())
        .unwrap_or(&call.account);
    let lines = bills::lines(world, Channel::Wechat, account.name(), day);
    let empty = || {
        let message = "账单文件不存在，当日没有交易";
        Reply::refused(StatusCode::BAD_REQUEST, "NO_STATEMENT_EXIST", message)
    };
    if call.endpoint == Endpoint::TradeBill {
        let bill_type = BillType::read(call)?;
        let lines: Vec<_> = lines
            .into_iter()
            .filter(|line| bill_type.has(line))
            .collect();
        if lines.is_empty() {
            return Err(empty());
        }
        return Ok((statement::trade(account, bill_type, &lines), is_gzip));
    }
    let lines: Vec<_> = match call.query.get("account_type").map(String::as_str) {
        None | Some("BASIC") => lines,
        // Nothing ever moves through the other two accounts.
        Some("OPERATION" | "FEES") => Vec::new(),
        Some(_) => {
            let issue = "必须为BASIC、OPERATION或FEES";
            return Err(Reply::bad_field("account_type", issue));
        }
    };
    let moved = |line: &BillLine| match line.state {
        RefundState::Succeeded | RefundState::Processing | RefundState::Abnormal => true,
        RefundState::Failed => false,
    };
    let lines: Vec<_> = lines.into_iter().filter(moved).collect();
    if lines.is_empty() {
        return Err(empty());
    }
    Ok((statement::fund_flow(account, &lines), is_gzip))
}

fn compress(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder
        .write_all(text.as_bytes())
        .and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

pub(crate) fn download(world: &mut World, call: &Call) -> Reply {
    let now = world.now();
    let token = call.query.get("token").map_or("", String::as_str);
    match world.downloads.0.get(token) {
        Some(download) if download.account != call.account.name() => {
            Reply::refused(StatusCode::FORBIDDEN, "NO_AUTH", "商户无权限")
        }
        Some(download) if now < download.until => Reply::file(download.bytes.clone()),
        Some(_) | None => Reply::invalid_request("下载地址已失效，请重新申请账单"),
    }
}
