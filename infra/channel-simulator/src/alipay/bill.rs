//! Bills (对账单): asking for one gives a plain address that lives for thirty seconds.
//!
//! The bill of a day can be had from 09:00 of the next one. Both times follow the virtual clock, so a
//! test that moves it spoils the addresses that were given before. Bills of whole months are not
//! played: asking for one is an invalid argument.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{answer::Reply, request::Call, statement};
use crate::{
    bills,
    books::Channel,
    clock::{Day, Moment},
    conversation::Topic,
    journal::Kind,
    simulator::{Simulator, World, unguessable},
};

/// Where files are fetched, below the simulator's own address.
pub(crate) const DOWNLOAD_PATH: &str = "/alipay/downloadBill";

const LINK_LIFE_SECONDS: i64 = 30;

/// The files that wait, by the number in their address. They belong to one run.
#[derive(Debug, Default)]
pub(crate) struct BillFiles(BTreeMap<String, BillFile>);

#[derive(Clone, Debug)]
struct BillFile {
    name: String,
    zip: Vec<u8>,
    until: Moment,
}

/// Which of the two bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BillType {
    /// What was bought (业务明细).
    Trade,
    /// How the balance moved (账务明细).
    SignCustomer,
}

impl BillType {
    fn read(text: &str) -> Option<Self> {
        match text {
            "trade" => Some(Self::Trade),
            "signcustomer" => Some(Self::SignCustomer),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::SignCustomer => "signcustomer",
        }
    }
}

pub(crate) fn ask(simulator: &Simulator, call: &Call) -> Reply {
    match simulator.look(|world| write(world, call)) {
        Ok(address) => {
            let url = format!("{}{DOWNLOAD_PATH}?{address}", simulator.public_url);
            Reply::success(vec![("bill_download_url", json!(url))])
        }
        Err(reply) => reply,
    }
}

/// Writes the file and says how it is fetched.
fn write(world: &mut World, call: &Call) -> Result<String, Reply> {
    let bill_type = call
        .text("bill_type")
        .and_then(|text| BillType::read(&text))
        .ok_or_else(|| invalid("bill_type"))?;
    let day = call
        .text("bill_date")
        .and_then(|text| Day::read(&text))
        .ok_or_else(|| invalid("bill_date"))?;
    let now = world.now();
    let account = &call.account;
    let is_ready = bills::is_ready(world, Channel::Alipay, account.name(), day);
    let lines = bills::lines(world, Channel::Alipay, account.name(), day);
    let lines: Vec<_> = lines.into_iter().filter(statement::has).collect();
    // Alipay says the same of a day without trades and of one whose bill is still being written.
    if lines.is_empty() || !is_ready {
        return Err(Reply::refused("isp.bill_not_exist", "账单不存在"));
    }
    let files = statement::Statement {
        seller_id: account.seller_id(),
        day,
        written_at: now,
        lines: &lines,
    };
    let (file_name, zip) = files.write(bill_type);
    let file_id = unguessable();
    let file = BillFile {
        name: file_name.clone(),
        zip,
        until: now.plus_seconds(LINK_LIFE_SECONDS),
    };
    world.bill_files.0.retain(|_, file| now <= file.until);
    world.bill_files.0.insert(file_id.clone(), file);
    let address = form_urlencoded::Serializer::new(String::new())
        .append_pair("bizType", bill_type.name())
        .append_pair("userId", account.seller_id())
        .append_pair("fileType", "csv.zip")
        .append_pair("bizDates", &day.compact())
        .append_pair("downloadFileName", &file_name)
        .append_pair("fileId", &file_id)
        .finish();
    Ok(address)
}

/// The word that production says, which is not the one that is documented.
fn invalid(field: &str) -> Reply {
    Reply::refused("invalid_arguments", &format!("入参不合法：{field}"))
}

/// The part of the address that counts; the rest is decoration, as it is at the real one.
#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(rename = "fileId")]
    file_id: Option<String>,
}

/// The file, without any signature: who holds the address may have it.
pub(crate) async fn download(
    State(simulator): State<Arc<Simulator>>,
    Query(which): Query<Which>,
) -> Response {
    let file_id = which.file_id.unwrap_or_default();
    let found = simulator.look(|world| {
        let now = world.now();
        let file = world.bill_files.0.get(&file_id)?;
        (now <= file.until).then(|| file.clone())
    });
    let topic = Topic {
        channel: Channel::Alipay,
        fault_operation: None,
        name: "downloadBill".to_owned(),
        channel_order_no: None,
    };
    let outcome = match found {
        Some(_) => "fetched",
        None => "refused: the address has expired",
    };
    simulator.write(topic.line(Kind::Request, outcome, json!(null)));
    let Some(file) = found else {
        return (StatusCode::FORBIDDEN, "下载地址已失效").into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename={}", file.name),
        ),
    ];
    (headers, file.zip).into_response()
}
