//! Requests and answers as plain data, so that adapters need no client and tests need no network.

use std::fmt;

use payonce_domain::Span;

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Carries a body.
    Post,
}

/// A request, ready to be sent. Signed already, so nothing may be added that a signature covers.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// How it is sent.
    pub verb: Verb,
    /// Where to.
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, to the byte.
    pub body: Vec<u8>,
    /// How long the whole exchange may take before it counts as silence.
    pub patience: Span,
    /// The longest answer that is taken.
    pub answer_bytes_max: usize,
}

/// Why there is nothing to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CannotSend {
    /// The channel has no such call for this order, and never will have.
    NoSuchCall,
    /// The account was opened without its secret.
    NoSecret,
    /// The buyer's payment code (付款码) is not at hand: it is never stored, so the call is made once, by
    /// whoever was given the code, and cannot be repeated. Whether it was made is for a query to tell.
    NoAuthCode,
}

/// What came back, whatever its status.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Header names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body as received: signatures are over these bytes.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// No connection came about, so the channel saw nothing.
    #[error("the channel could not be reached")]
    Unreachable,
    /// The request may have arrived; whether it had an effect is not known.
    #[error("the channel's answer did not come in time")]
    TimedOut,
    /// The exchange broke off after it began.
    #[error("the exchange with the channel broke off")]
    BrokenOff,
    /// More than any answer we ask for can be.
    #[error("the channel's answer is too long")]
    TooLong,
}

// Addresses and bodies carry signatures and buyers' data, so neither type prints them.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with {} body bytes", self.verb, self.body.len())
    }
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} body bytes", self.status, self.body.len())
    }
}
