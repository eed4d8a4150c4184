//! Where a merchant may be told: one rule for registering an address and for sending to it.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// How far a courier goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public internet, by https.
    Public,
    /// That, and this machine by http too: for development, where the merchant is a test.
    PublicAndLoopback,
}

/// The longest address, in bytes.
const LENGTH_MAX: usize = 2_048;

/// The name of this machine.
const LOCALHOST: &str = "localhost";

/// Last labels that only mean something inside a network. What such a name resolves to is refused
/// anyway; refusing the name tells whoever registers it at once.
const INSIDE: [&str; 10] = [
    LOCALHOST,
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "arpa",
    "onion",
];

/// Why an address is not sent to. Reads as what it should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// No absolute address, too long, or written in a way that two readers read differently.
    #[error(
        "must be an absolute address of at most 2048 characters, without spaces or backslashes"
    )]
    Malformed,
    /// Anyone on the way could read and change the message.
    #[error("must begin with https://")]
    NotHttps,
    /// Services that listen elsewhere are not web servers of a merchant.
    #[error("must use port 443")]
    Port,
    /// A name and password would be sent along, and hide the host from a reader.
    #[error("must not carry a user name or password")]
    UserInfo,
    /// It is never sent, so it is a mistake.
    #[error("must not have a fragment")]
    Fragment,
    /// Numbers cannot be checked by certificate or move with their owner, and have many spellings.
    #[error("must name a host, not a network address")]
    NetworkAddress,
    /// No name of the public internet.
    #[error("must name a host on the public internet")]
    NotPublicName,
    /// The name led to an address inside a network when it was looked up.
    #[error("must not lead to an address inside a network")]
    LeadsInside,
    /// Nothing is sent that the receiver could not tell from a forgery.
    #[error("must have a signing secret")]
    Unsigned,
}

/// An address that a message may be sent to, as far as its text tells. Where its name leads is
/// checked at each sending.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Takes an address that a courier of this reach would send to.
    ///
    /// # Errors
    /// The [`Objection`] to it.
    pub fn check(text: &str, reach: Reach) -> Result<Self, Objection> {
        let authority = authority(text)?;
        if authority.contains('@') {
            return Err(Objection::UserInfo);
        }
        let url = Url::parse(text).map_err(|_| Objection::Malformed)?;
        if url.fragment().is_some() {
            return Err(Objection::Fragment);
        }
        if reach == Reach::PublicAndLoopback && is_loopback(&url, authority) {
            return Ok(Self(url));
        }
        if url.scheme() != "https" {
            return Err(Objection::NotHttps);
        }
        match url.host() {
            Some(Host::Domain(name)) => is_public_name(name)
                .then_some(())
                .ok_or(Objection::NotPublicName)?,
            // The parser knows every spelling of a number: octal, hexadecimal, short, full-width.
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(Objection::NetworkAddress),
            None => return Err(Objection::Malformed),
        }
        match url.port() {
            None => Ok(Self(url)),
            Some(_) => Err(Objection::Port),
        }
    }

    /// The address as it is sent to.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

// Paths and queries of merchants' addresses can hold tokens.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.host_str().unwrap_or_default())
    }
}

/// The part between `//` and the path, as it was written. The parser forgives much that another
/// reader would understand otherwise, so that is refused before it is parsed.
fn authority(text: &str) -> Result<&str, Objection> {
    let unclear = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if text.len() > LENGTH_MAX || text.contains(unclear) {
        return Err(Objection::Malformed);
    }
    let (scheme, rest) = text.split_once("://").ok_or(Objection::Malformed)?;
    if !["https", "http"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(Objection::NotHttps);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains('%') {
        return Err(Objection::Malformed);
    }
    Ok(authority)
}

/// Whether it names this machine, plainly: not as 0x7f.1 or 2130706433.
fn is_loopback(url: &Url, authority: &str) -> bool {
    let plain = match url.host() {
        Some(Host::Domain(name)) => name == LOCALHOST,
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let host = url.host_str().unwrap_or_default();
    let after = authority.strip_prefix(host);
    plain && after.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Whether it is a full name as registrars give them. International names are in their ASCII form
/// here, since the parser made it.
fn is_public_name(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = labels.last().copied().unwrap_or_default();
    name.len() <= 253 && labels.len() > 1 && labels.iter().all(is_label) && !INSIDE.contains(&last)
}

/// Whether a name may lead to this address.
pub(crate) fn may_lead(name: &str, to: IpAddr, reach: Reach) -> bool {
    if name == LOCALHOST {
        reach == Reach::PublicAndLoopback && to.is_loopback()
    } else {
        crate::network::is_public(to)
    }
}

#[cfg(test)]
mod tests;
