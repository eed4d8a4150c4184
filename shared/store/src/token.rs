//! The write token: which write made an item what it is.

/// 128 random bits that one write carries, with all its retries and no other write. A condition that
/// fails because our own first attempt had succeeded is told from a lost race by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WriteToken(pub(crate) [u8; 16]);

impl WriteToken {
    pub(crate) fn fresh() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system has random bytes");
        Self(bytes)
    }
}
