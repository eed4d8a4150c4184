//! Answers of the gateway: a code, and what it is about.

use super::{
    message::Wrong,
    request::Call,
    resp_code::{RespCode, SUCCESS},
    sign::Fields,
    statement::Statement,
};

/// What of a request comes back with every answer.
const ECHOED: [&str; 10] = [
    "txnType",
    "txnSubType",
    "bizType",
    "accessType",
    "merId",
    "orderId",
    "txnTime",
    "settleDate",
    "reqReserved",
    // Not documented to come back, so that whoever keeps messages must expect it.
    "qrNo",
];

/// What the gateway has to say about a call.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) code: RespCode,
    pub(crate) fields: Fields,
    /// Written into the answer when it is sent.
    pub(crate) statement: Option<Statement>,
}

impl Reply {
    pub(crate) fn new(call: &Call, code: RespCode) -> Self {
        let mut reply = Self::bare(&call.fields);
        reply.set(code, code.message());
        reply
    }

    /// A refusal by whatever was wrong.
    pub(crate) fn refused(request: &Fields, wrong: &Wrong) -> Self {
        let mut reply = Self::bare(request);
        reply.set(wrong.code, wrong.message());
        reply
    }

    /// Code 00, with fields that say more than the request did.
    pub(crate) fn success(call: &Call, more: Fields) -> Self {
        let mut reply = Self::new(call, SUCCESS);
        reply.fields.extend(more);
        reply
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    fn bare(request: &Fields) -> Self {
        let echoed = ECHOED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), request.get(*name)?.clone())));
        Self {
            code: SUCCESS,
            fields: echoed.filter(|(_, value)| !value.is_empty()).collect(),
            statement: None,
        }
    }

    fn set(&mut self, code: RespCode, message: String) {
        self.code = code;
        let code = code.code.to_owned();
        self.fields.insert("respCode".to_owned(), code);
        self.fields.insert("respMsg".to_owned(), message);
    }
}
