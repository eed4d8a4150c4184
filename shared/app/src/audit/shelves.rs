//! Shelves: where the walk lays the chains that it saw of one table, sorted by the first of their key's letters.
//!
//! Items come in the order of the table's partitions, and heads are kept in the order of keys. Each shelf is a
//! nameless file of the machine, so that only one is ever in memory.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};

use anyhow::Context;
use payonce_domain::{ChainHash, PaymentKey};

/// How many there are: four to each first letter of a key.
pub(super) const SHELVES: usize = 256;
/// The letters of a key, in their order (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const KEY_BYTES: usize = 20;
const HASH_BYTES: usize = 16;

/// A payment or an appeal as it lies on a shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// Keys have the same form in both tables, and may be the same.
    pub(super) key: String,
    /// Empty where it cannot be trusted.
    pub(super) hashes: Vec<ChainHash>,
}

/// Whether a text has the form of a key of ours.
pub(super) fn is_key(text: &str) -> bool {
    PaymentKey::parse(text).is_some()
}

/// All shelves.
pub(super) struct Shelves(Vec<Option<BufWriter<File>>>);

impl Shelves {
    pub(super) fn new() -> Self {
        Self((0..SHELVES).map(|_| None).collect())
    }

    /// The shelf of a key.
    fn of(key: &str) -> usize {
        let mut letters = key.bytes();
        let mut place = || {
            let letter = letters.next().unwrap_or(b'0');
            LETTERS
                .iter()
                .position(|known| *known == letter)
                .unwrap_or(0)
        };
        (place() * LETTERS.len() + place()) / (LETTERS.len() * LETTERS.len() / SHELVES)
    }

    pub(super) fn lay(&mut self, chain: &Chain) -> anyhow::Result<()> {
        let shelf = &mut self.0[Self::of(&chain.key)];
        let shelf = match shelf {
            Some(shelf) => shelf,
            None => {
                let file = tempfile::tempfile().context("making a temporary file")?;
                shelf.insert(BufWriter::new(file))
            }
        };
        let count = u32::try_from(chain.hashes.len()).context("a chain's length")?;
        let mut bytes = Vec::with_capacity(KEY_BYTES + 4 + chain.hashes.len() * HASH_BYTES);
        bytes.extend_from_slice(chain.key.as_bytes());
        bytes.extend_from_slice(&count.to_be_bytes());
        for hash in &chain.hashes {
            bytes.extend_from_slice(&hash.0);
        }
        shelf.write_all(&bytes).context("writing a temporary file")
    }

    /// What lies on a shelf, in the order of the keys; it is empty afterwards.
    pub(super) fn take(&mut self, shelf: usize) -> anyhow::Result<Vec<Chain>> {
        let Some(writer) = self.0[shelf].take() else {
            return Ok(Vec::new());
        };
        let doing = "reading a temporary file";
        let mut file = writer.into_inner().context(doing)?;
        file.rewind().context(doing)?;
        let mut reader = BufReader::new(file);
        let mut chains = Vec::new();
        let mut key = [0; KEY_BYTES];
        while reader.read(&mut key[..1]).context(doing)? == 1 {
            reader.read_exact(&mut key[1..]).context(doing)?;
            let key = std::str::from_utf8(&key).ok().filter(|key| is_key(key));
            let mut count = [0; 4];
            reader.read_exact(&mut count).context(doing)?;
            let mut hashes = Vec::new();
            for _ in 0..u32::from_be_bytes(count) {
                let mut hash = [0; HASH_BYTES];
                reader.read_exact(&mut hash).context(doing)?;
                hashes.push(ChainHash(hash));
            }
            let key = key.context(doing)?.to_owned();
            chains.push(Chain { key, hashes });
        }
        chains.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(chains)
    }
}
