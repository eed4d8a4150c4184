//! The bills of one account with UnionPay (对账文件): asked for and answered in one call.

use jiff::civil::Date;
use payonce_domain::{Channel, Timestamp};

use super::account::Account;
use super::status::Class;
use super::{bill, request, response};
use crate::http::{CannotSend, HttpAnswer, HttpRequest};
use crate::registry::{ConfigurationError, Secrets};
use crate::statement::{BillFile, Damaged, Offer, Seal, StatementKind, StatementSource, Take};
use crate::transport::{ANSWERED_BYTES_MAX, PATIENCE_STATEMENT};

/// What fetches and reads the settlement files of one account.
#[derive(Debug)]
pub struct UnionpayStatements {
    account: Account,
}

impl UnionpayStatements {
    /// Opens an account as [`Unionpay::open`](super::Unionpay::open) does.
    ///
    /// # Errors
    /// [`ConfigurationError`] where either text cannot be used.
    pub fn open(settings: &str, secrets: Secrets<'_>) -> Result<Self, ConfigurationError> {
        let account = Account::open(settings, secrets.signing)?;
        Ok(Self { account })
    }
}

impl StatementSource for UnionpayStatements {
    fn channel(&self) -> Channel {
        Channel::Unionpay
    }

    fn request(
        &self,
        kind: StatementKind,
        day: Date,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        match kind {
            StatementKind::Trades => {}
            StatementKind::Funds => return Err(CannotSend::NoSuchCall),
        }
        // A file is named by its day; there is no order.
        let mut fields = request::common(&self.account, request::FILE, "", now);
        let settle_date = day.strftime("%m%d").to_string();
        fields.insert("settleDate".to_owned(), settle_date);
        fields.insert("fileType".to_owned(), "00".to_owned());
        fields.remove("channelType");
        let fields = request::signed(&self.account, fields)?;
        let post = request::post(self.account.files.clone(), &fields);
        Ok(HttpRequest {
            patience: PATIENCE_STATEMENT,
            answer_bytes_max: ANSWERED_BYTES_MAX,
            ..post
        })
    }

    fn read_offer(
        &self,
        kind: StatementKind,
        day: Date,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> Offer {
        match kind {
            StatementKind::Trades => {}
            StatementKind::Funds => return Offer::NoSuchBill,
        }
        let Some((mut fields, class)) = response::signed(&self.account, "bill", answer, now) else {
            return Offer::NoAnswer;
        };
        let says = |name: &str, value: &str| fields.get(name).is_some_and(|text| text == value);
        let ours = says("merId", &self.account.mer_id)
            && says("settleDate", &day.strftime("%m%d").to_string());
        match class {
            Class::Success if ours => match fields.remove("fileContent") {
                Some(content) => Offer::File(content.into_bytes()),
                None => Offer::NoAnswer,
            },
            // Not made yet, or nothing happened: the clock tells which.
            Class::NoFile => Offer::Nothing,
            Class::NotNow | Class::Pending => Offer::NotReady,
            Class::Success
            | Class::Unknown
            | Class::Duplicate
            | Class::NotFound
            | Class::Original
            | Class::GoesBack
            | Class::NotEnough
            | Class::Faulty
            | Class::Misconfigured
            | Class::Declined => Offer::NoAnswer,
        }
    }

    fn read(
        &self,
        kind: StatementKind,
        day: Date,
        file: &mut dyn BillFile,
        seal: Option<&Seal>,
        take: Take<'_>,
    ) -> Result<(), Damaged> {
        // The file came inside a signed answer; UnionPay gives no hash of its own.
        if seal.is_some() {
            return Err(Damaged::WrongSeal);
        }
        match kind {
            StatementKind::Trades => bill::read(file, &self.account.mer_id, day, take),
            StatementKind::Funds => Err(Damaged::Unreadable("there is no bill of funds")),
        }
    }
}
