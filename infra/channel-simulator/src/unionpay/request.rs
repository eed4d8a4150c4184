//! What arrives at the gateway, and everything it is refused for before its business is looked at.

use std::sync::Arc;

use super::{
    Account, Accounts, fields,
    message::Wrong,
    resp_code::{BAD_FORMAT, BAD_SIGNATURE, MERCHANT_STATUS, MISSING_FIELD},
    sign::{self, Fields},
};
use crate::faults::Operation;

/// The addresses of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Browsers come here with the merchant's form.
    Front,
    Back,
    Query,
    File,
}

/// The transactions that are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Consume (消费) on a page.
    Consume,
    /// Consume by the buyer's code (被扫消费).
    CodeConsume,
    /// Undo (消费撤销).
    Undo,
    /// Refund (退货).
    Refund,
    /// Reversal (冲正).
    Reversal,
    Query,
    /// The settlement file (对账文件).
    File,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Consume,
        Self::CodeConsume,
        Self::Undo,
        Self::Refund,
        Self::Reversal,
        Self::Query,
        Self::File,
    ];

    fn door(self) -> Door {
        match self {
            Self::Consume => Door::Front,
            Self::CodeConsume | Self::Undo | Self::Refund | Self::Reversal => Door::Back,
            Self::Query => Door::Query,
            Self::File => Door::File,
        }
    }

    /// `txnType`, and each `txnSubType` that goes with it.
    fn types(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Consume => ("01", &["01"]),
            Self::CodeConsume => ("01", &["06"]),
            Self::Undo => ("31", &["00"]),
            Self::Refund => ("04", &["00"]),
            Self::Reversal => ("99", &["01"]),
            Self::Query => ("00", &["00", "02"]),
            Self::File => ("76", &["01"]),
        }
    }

    /// The products; empty where the product of the original may be named, whatever it is.
    fn biz_types(self) -> &'static [&'static str] {
        match self {
            Self::Consume => &["000201", "000202"],
            Self::CodeConsume | Self::Reversal | Self::File => &["000000"],
            Self::Undo | Self::Refund => &["000000", "000201", "000202"],
            Self::Query => &[],
        }
    }

    /// 07 is a PC, 08 a phone.
    fn channel_types(self) -> &'static [&'static str] {
        match self {
            Self::Consume | Self::Undo | Self::Refund => &["07", "08"],
            Self::CodeConsume | Self::Reversal => &["08"],
            Self::Query | Self::File => &["", "07", "08"],
        }
    }

    /// In the journal.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Consume => "frontTransReq consume",
            Self::CodeConsume => "backTransReq consume by code",
            Self::Undo => "backTransReq undo",
            Self::Refund => "backTransReq refund",
            Self::Reversal => "backTransReq reversal",
            Self::Query => "queryTrans",
            Self::File => "file",
        }
    }

    /// Which faults concern it. A query about a refund is told apart by its number.
    pub(crate) fn fault_operation(self) -> Operation {
        match self {
            Self::Consume | Self::CodeConsume => Operation::Create,
            Self::Undo | Self::Refund => Operation::Refund,
            Self::Reversal => Operation::Reverse,
            Self::Query => Operation::Query,
            Self::File => Operation::Bill,
        }
    }
}

/// A message whose sender, form and fields are what they should be.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) account: Arc<Account>,
    pub(crate) kind: Kind,
    pub(crate) fields: Fields,
}

impl Call {
    pub(crate) fn verify(accounts: &Accounts, door: Door, fields: Fields) -> Result<Self, Wrong> {
        let sign_method = required(&fields, "signMethod")?;
        // The other methods hash otherwise; this contract is for certificates.
        is_one_of("signMethod", sign_method, &["01"])?;
        required(&fields, "signature")?;
        let cert_id = required(&fields, "certId")?;
        let Some(account) = accounts.by_cert_id(cert_id) else {
            return Err(Wrong::new(BAD_SIGNATURE, "certId"));
        };
        if !sign::verifies(&account.merchant_key, &fields) {
            return Err(Wrong::new(BAD_SIGNATURE, "signature"));
        }
        is_one_of("version", required(&fields, "version")?, &["5.1.0"])?;
        let encoding = required(&fields, "encoding")?.to_uppercase();
        is_one_of("encoding", &encoding, &["UTF-8"])?;
        is_one_of("accessType", required(&fields, "accessType")?, &["0"])?;
        let mer_id = required(&fields, "merId")?;
        fields::check("merId", mer_id)?;
        if mer_id != account.mer_id() {
            return Err(Wrong::new(MERCHANT_STATUS, "merId"));
        }
        let kind = kind(door, &fields)?;
        fields::check_all(kind, &fields)?;
        Ok(Self {
            account: Arc::clone(account),
            kind,
            fields,
        })
    }

    /// A field that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        get(&self.fields, name)
    }

    /// A field that [`Self::verify`] has seen.
    pub(crate) fn seen(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// `txnAmt` in fen.
    pub(crate) fn amount(&self) -> i64 {
        self.seen("txnAmt").parse().unwrap_or(0)
    }
}

fn kind(door: Door, fields: &Fields) -> Result<Kind, Wrong> {
    let txn_type = required(fields, "txnType")?;
    let sub_type = required(fields, "txnSubType")?;
    let biz_type = required(fields, "bizType")?;
    let of_door = || Kind::ALL.into_iter().filter(|kind| kind.door() == door);
    if !of_door().any(|kind| kind.types().0 == txn_type) {
        return Err(Wrong::new(BAD_FORMAT, "txnType"));
    }
    let kind = of_door()
        .find(|kind| kind.types().0 == txn_type && kind.types().1.contains(&sub_type))
        .ok_or_else(|| Wrong::new(BAD_FORMAT, "txnSubType"))?;
    fields::check("bizType", biz_type)?;
    if !kind.biz_types().is_empty() {
        is_one_of("bizType", biz_type, kind.biz_types())?;
    }
    let channel_type = get(fields, "channelType").unwrap_or_default();
    if channel_type.is_empty() && !kind.channel_types().contains(&"") {
        return Err(Wrong::new(MISSING_FIELD, "channelType"));
    }
    is_one_of("channelType", channel_type, kind.channel_types())?;
    Ok(kind)
}

fn get<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let value = fields.get(name).map(String::as_str);
    value.filter(|value| !value.is_empty())
}

fn required<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, Wrong> {
    get(fields, name).ok_or_else(|| Wrong::new(MISSING_FIELD, name))
}

fn is_one_of(name: &str, value: &str, known: &[&str]) -> Result<(), Wrong> {
    if known.contains(&value) {
        Ok(())
    } else {
        Err(Wrong::new(BAD_FORMAT, name))
    }
}
