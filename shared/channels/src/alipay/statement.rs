//! Bills (对账单) from Alipay: a call names an address, from which an archive comes without any signature.

use std::io::BufReader;

use jiff::civil::Date;
use payonce_domain::{Channel, Timestamp};
use serde::Serialize;
use zip::ZipArchive;

use super::account::Account;
use super::bill;
use super::request::{self, method};
use super::response;
use super::status::{Code, Verdict};
use crate::http::{CannotSend, HttpAnswer, HttpRequest, Verb};
use crate::lines::Within;
use crate::registry::{ConfigurationError, Secrets};
use crate::statement::{BillFile, Damaged, Offer, Seal, StatementKind, StatementSource, Take};
use crate::transport::{PACKED_BYTES_MAX, PATIENCE, PATIENCE_STATEMENT, STATEMENT_BYTES_MAX};

/// An archive holds the lines and their summary. More than a few entries are not a bill's.
const ENTRIES_MAX: usize = 8;

/// The longest address that is followed.
const ADDRESS_BYTES_MAX: usize = 4_096;

/// What fetches and reads the bills of one account.
#[derive(Debug)]
pub struct AlipayStatements {
    account: Account,
}

impl AlipayStatements {
    /// Opens an account from its settings and, where it is to ask for bills, its secret.
    ///
    /// # Errors
    /// [`ConfigurationError`] where either text cannot be used.
    pub fn open(settings: &str, secrets: Secrets<'_>) -> Result<Self, ConfigurationError> {
        let account = Account::open(settings, secrets.signing)?;
        Ok(Self { account })
    }

    /// Whether a bill may be fetched from here: over TLS, as the address carries its own permission and
    /// the file no signature. Where the gateway itself is reached without, as on loopback, so are files.
    fn may_fetch(&self, url: &str) -> bool {
        let plain = self.account.gateway.starts_with("http://") && url.starts_with("http://");
        (url.starts_with("https://") || plain)
            && url.len() <= ADDRESS_BYTES_MAX
            && url.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

#[derive(Serialize)]
struct Wanted {
    bill_type: &'static str,
    bill_date: String,
}

impl StatementSource for AlipayStatements {
    fn channel(&self) -> Channel {
        Channel::Alipay
    }

    fn request(
        &self,
        kind: StatementKind,
        day: Date,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        let content = Wanted {
            bill_type: match kind {
                StatementKind::Trades => "trade",
                StatementKind::Funds => "signcustomer",
            },
            bill_date: day.to_string(),
        };
        let members = request::public(&self.account, method::BILL, now);
        request::call(&self.account, members, &content, PATIENCE)
    }

    fn read_offer(
        &self,
        _kind: StatementKind,
        _day: Date,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> Offer {
        let signed = response::signed(&self.account, method::BILL, answer, now);
        let Some((verdict, content)) = signed else {
            return Offer::NoAnswer;
        };
        match verdict {
            Verdict::Done => {
                let url = content.text("bill_download_url");
                let Some(url) = url.filter(|url| self.may_fetch(url)) else {
                    tracing::error!("alipay names no address that a bill may be fetched from");
                    return Offer::NoAnswer;
                };
                // Nothing of ours goes along: the address alone is the permission, for half a minute.
                let request = HttpRequest {
                    verb: Verb::Get,
                    url: url.into_owned(),
                    headers: Vec::new(),
                    body: Vec::new(),
                    patience: PATIENCE_STATEMENT,
                    answer_bytes_max: PACKED_BYTES_MAX,
                };
                let seal = None;
                Offer::Download { request, seal }
            }
            Verdict::Refused(Code::BillNotExist) => Offer::Nothing,
            Verdict::Refused(code) => {
                tracing::error!(?code, "alipay refuses to name a bill's address: {code:?}");
                Offer::NoAnswer
            }
            Verdict::InProgress
            | Verdict::Limited
            | Verdict::Unknown
            | Verdict::Faulty
            | Verdict::Misconfigured
            | Verdict::Unmapped => Offer::NoAnswer,
        }
    }

    fn read(
        &self,
        kind: StatementKind,
        _day: Date,
        file: &mut dyn BillFile,
        seal: Option<&Seal>,
        take: Take<'_>,
    ) -> Result<(), Damaged> {
        // Alipay names no hash, so a file that comes with one is not Alipay's.
        if seal.is_some() {
            return Err(Damaged::WrongSeal);
        }
        read_within(kind, file, STATEMENT_BYTES_MAX, take)
    }
}

/// Reads the archive's file of lines, which may have `bytes_max` bytes.
pub(super) fn read_within(
    kind: StatementKind,
    file: &mut dyn BillFile,
    bytes_max: usize,
    take: Take<'_>,
) -> Result<(), Damaged> {
    let broken = |_| Damaged::Unreadable("it is not an archive");
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    if archive.len() > ENTRIES_MAX {
        return Err(Damaged::Unreadable("the archive has too many entries"));
    }
    let mut detail = None;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(broken)?;
        let name = bill::text(entry.name_raw());
        // `…_业务明细.csv` beside `…_业务明细(汇总).csv`, and `…_账务明细.csv` likewise.
        let known = name.ends_with(".csv") && (name.contains("明细") || name.contains("汇总"));
        let summary = name.contains("汇总");
        if !known || (!summary && detail.replace(index).is_some()) {
            return Err(Damaged::Unreadable(
                "the archive has an entry of another name",
            ));
        }
    }
    let index = detail.ok_or(Damaged::Unreadable("the archive has no file of lines"))?;
    let entry = archive.by_index(index).map_err(broken)?;
    // What an entry says of its own length is not believed.
    let mut left = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    bill::read(kind, Within::new(entry, &mut left), take)
}
