//! Lines out of a compressed file, as its pieces come: neither the file nor what it unfolds to is ever held whole.

use std::io::{self, Write};

use anyhow::{Context, ensure};
use flate2::write::MultiGzDecoder;

/// The longest line, in bytes: an item of 400 KB, its binary attributes in base64, and then some.
const LINE_BYTES_MAX: usize = 2 << 20;

/// Takes a file of gzip piece by piece and hands over its lines.
pub(super) struct Lines<F: FnMut(&[u8]) -> anyhow::Result<()>> {
    decoder: MultiGzDecoder<Cut<F>>,
}

/// Cuts what is written to it into lines.
struct Cut<F> {
    line: Vec<u8>,
    each: F,
    /// What went wrong with a line: a decoder passes on nothing but errors of input and output.
    failed: Option<anyhow::Error>,
}

impl<F: FnMut(&[u8]) -> anyhow::Result<()>> Lines<F> {
    pub(super) fn to(each: F) -> Self {
        let line = Vec::new();
        let failed = None;
        Self {
            decoder: MultiGzDecoder::new(Cut { line, each, failed }),
        }
    }

    pub(super) fn take(&mut self, piece: &[u8]) -> anyhow::Result<()> {
        let written = self.decoder.write_all(piece);
        match self.decoder.get_mut().failed.take() {
            Some(failed) => Err(failed),
            None => written.context("unfolding"),
        }
    }

    /// The file is over. One that was cut off is an error.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        let ended = self.decoder.try_finish();
        let cut = self.decoder.get_mut();
        if let Some(failed) = cut.failed.take() {
            return Err(failed);
        }
        ended.context("unfolding to the end")?;
        ensure!(cut.line.is_empty(), "the last line has no end");
        Ok(())
    }
}

impl<F: FnMut(&[u8]) -> anyhow::Result<()>> Write for Cut<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() > LINE_BYTES_MAX {
                return Err(io::Error::other("a line is too long"));
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                if line.len() > 1
                    && let Err(error) = (self.each)(&line[..line.len() - 1])
                {
                    self.failed = Some(error);
                    return Err(io::Error::other("a line"));
                }
                self.line = line;
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
