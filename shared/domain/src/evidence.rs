//! Where a claim comes from and how much it weighs.

use std::fmt;

/// What a claim rests on, weakest first. A stronger source settles a contradiction between positive
/// claims; none of them undoes a verified capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Unsigned: a browser's return, a support call. Moves no money.
    Hint,
    /// A signed notification (异步通知).
    Notification,
    /// A signed answer to a question of ours: query, close, refund.
    Query,
    /// A line of the channel's bill (对账单): the final judge.
    Bill,
}

/// SHA-256 of a raw message, by which the evidence table knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let mut out = [0; 32];
        out.copy_from_slice(digest.as_ref());
        Self(out)
    }

    /// A digest read back from a record.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// A claim's source and, where there was a message, its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// How the claim reached us.
    pub source: Source,
    /// The raw message in the evidence table; `None` where there was none.
    pub digest: Option<Digest>,
}
