//! Fetching bills (对账单): a signed question, a signed answer that names a file and its hash, and a signed
//! request for the file, whose own answer is not signed.

use std::io::Read as _;

use flate2::bufread::MultiGzDecoder;
use jiff::civil::Date;
use payonce_domain::{Channel, Timestamp};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::response::{self, Answer, Content};
use super::{Wechat, bill, request, sign, status};
use crate::http::{CannotSend, HttpAnswer, HttpRequest, Verb};
use crate::statement::{Damaged, Offer, Seal, Statement, StatementKind, StatementSource};
use crate::transport::{PATIENCE_STATEMENT, STATEMENT_BYTES_MAX};

/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1F, 0x8B];

impl StatementSource for Wechat {
    fn channel(&self) -> Channel {
        Channel::Wechat
    }

    fn request(
        &self,
        kind: StatementKind,
        day: Date,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        let path = match kind {
            StatementKind::Trades => {
                format!("/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP")
            }
            StatementKind::Funds => {
                format!("/v3/bill/fundflowbill?bill_date={day}&account_type=BASIC&tar_type=GZIP")
            }
        };
        request::get(&self.account, &path, now)
    }

    fn read_offer(
        &self,
        _kind: StatementKind,
        _day: Date,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> Offer {
        match response::read(&self.account, "bill", answer, now) {
            Answer::Done(content) => self.download(&content, now).unwrap_or(Offer::NoAnswer),
            Answer::Refused(code) => status::bill(code),
            Answer::RefusedUnsigned(code) => match status::bill(code) {
                Offer::NotReady => Offer::NotReady,
                Offer::Download { .. }
                | Offer::File(_)
                | Offer::Nothing
                | Offer::NoSuchBill
                | Offer::NoAnswer => Offer::NoAnswer,
            },
            Answer::UnderWay => Offer::NotReady,
            Answer::Empty | Answer::Nothing => Offer::NoAnswer,
        }
    }

    fn open(
        &self,
        kind: StatementKind,
        _day: Date,
        file: &[u8],
        seal: Option<&Seal>,
    ) -> Result<Statement, Damaged> {
        let unpacked = unpack(file, STATEMENT_BYTES_MAX)?;
        let plain = unpacked.as_deref().unwrap_or(file);
        // Nothing else vouches for the file: no signature comes with it.
        let Some(Seal::Sha1(expected)) = seal else {
            return Err(Damaged::WrongSeal);
        };
        if !sha1(plain).eq_ignore_ascii_case(expected) {
            return Err(Damaged::WrongSeal);
        }
        let text = std::str::from_utf8(plain).map_err(|_| Damaged::Unreadable("not UTF-8"))?;
        match kind {
            StatementKind::Trades => bill::trades(text, &self.account.mchid),
            StatementKind::Funds => bill::funds(text),
        }
    }
}

impl Wechat {
    /// The request for the file that an answer names. It carries our signature, so it goes to hosts of
    /// this account only, wherever the answer would have it sent.
    fn download(&self, content: &Content<'_>, now: Timestamp) -> Option<Offer> {
        let url = content.text("download_url")?;
        let ours = sign::split(&url)
            .is_some_and(|(origin, _)| self.account.file_origins.iter().any(|o| o == origin));
        if !ours {
            tracing::error!("wechat offers a bill at a host that is not configured");
            return None;
        }
        let hash = content.text("hash_value")?;
        let is_sha1 = hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        if content.text("hash_type")? != "SHA1" || !is_sha1 {
            response::unknown_word("hash_type", &content.text("hash_type")?);
            return None;
        }
        let url = url.into_owned();
        let mut request =
            request::signed(&self.account, Verb::Get, url, String::new(), now).ok()?;
        request.patience = PATIENCE_STATEMENT;
        request.answer_bytes_max = STATEMENT_BYTES_MAX;
        Some(Offer::Download {
            request,
            seal: Some(Seal::Sha1(hash.into_owned())),
        })
    }
}

/// Unpacks a file, unless it is a plain text; one that grows beyond `bytes_max` is no bill.
pub(super) fn unpack(file: &[u8], bytes_max: usize) -> Result<Option<Vec<u8>>, Damaged> {
    if !file.starts_with(&GZIP) {
        return Ok(None);
    }
    let limit = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut plain = Vec::new();
    MultiGzDecoder::new(file)
        .take(limit)
        .read_to_end(&mut plain)
        .map_err(|_| Damaged::Unreadable("not a gzip file"))?;
    if plain.len() > bytes_max {
        return Err(Damaged::Unreadable("it is too long"));
    }
    Ok(Some(plain))
}

/// SHA-1 in hexadecimal. Old as it is, it is the hash that WeChat Pay gives.
pub(super) fn sha1(bytes: &[u8]) -> String {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
