//! Fetching bills (对账单): a signed question, a signed answer that names a file and its hash, and a signed
//! request for the file, whose own answer is not signed.

use std::io::{self, BufRead as _, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use jiff::civil::Date;
use payonce_domain::{Channel, Timestamp};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use super::response::{self, Answer, Content};
use super::{Wechat, bill, request, sign, status};
use crate::http::{CannotSend, HttpAnswer, HttpRequest, Verb};
use crate::lines::{Within, damaged};
use crate::statement::{BillFile, Damaged, Offer, Seal, StatementKind, StatementSource, Take};
use crate::transport::{PACKED_BYTES_MAX, PATIENCE_STATEMENT, STATEMENT_BYTES_MAX};

/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// How much of a file is read at a time.
const BUFFER: usize = 1 << 16;

/// What is said of a file that cannot be unpacked to its end.
pub(super) const NOT_GZIP: &str = "not a gzip file";

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

    fn read(
        &self,
        kind: StatementKind,
        _day: Date,
        file: &mut dyn BillFile,
        seal: Option<&Seal>,
        take: Take<'_>,
    ) -> Result<(), Damaged> {
        let mut left = u64::try_from(STATEMENT_BYTES_MAX).unwrap_or(u64::MAX);
        let mut plain = Plain::unpack(file, &mut left)?;
        let read = match kind {
            StatementKind::Trades => bill::trades(&mut plain, &self.account.mchid, take),
            StatementKind::Funds => bill::funds(&mut plain, take),
        };
        // What a file says is of no account if it is not the one that was promised.
        plain.finish(seal)?;
        read
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
        request.answer_bytes_max = PACKED_BYTES_MAX;
        Some(Offer::Download {
            request,
            seal: Some(Seal::Sha1(hash.into_owned())),
        })
    }
}

/// A bill's plain bytes, hashed as they are read.
pub(super) struct Plain<'a> {
    source: Within<'a, Box<dyn Read + 'a>>,
    hash: Context,
}

impl<'a> Plain<'a> {
    /// Unpacks a file, unless it is a plain text; one that grows beyond what is `left` is no bill.
    pub(super) fn unpack(file: &'a mut dyn BillFile, left: &'a mut u64) -> Result<Self, Damaged> {
        let mut file = BufReader::with_capacity(BUFFER, file);
        let start = file.fill_buf();
        let start = start.map_err(|_| Damaged::Unreadable("the file"))?;
        let source: Box<dyn Read> = if start.starts_with(&GZIP) {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Ok(Self {
            source: Within::new(source, left),
            hash: Context::new(&SHA1_FOR_LEGACY_USE_ONLY),
        })
    }

    /// Reads what is left of it, and compares all of it with the channel's hash. Nothing else vouches for
    /// a file: no signature comes with it.
    pub(super) fn finish(mut self, seal: Option<&Seal>) -> Result<(), Damaged> {
        let rest = io::copy(&mut self, &mut io::sink());
        rest.map_err(|error| damaged(error, NOT_GZIP))?;
        let Some(Seal::Sha1(expected)) = seal else {
            return Err(Damaged::WrongSeal);
        };
        let same = hex(self.hash.finish().as_ref()).eq_ignore_ascii_case(expected);
        same.then_some(()).ok_or(Damaged::WrongSeal)
    }
}

impl Read for Plain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

/// SHA-1 in hexadecimal. Old as it is, it is the hash that WeChat Pay gives.
#[cfg(test)]
pub(super) fn sha1(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
