//! A bill and a ledger that agree but for one in a thousand, each in an order of its own.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use payonce_domain::{Channel, ChannelOrderNo, MerchantId, MerchantOrderNo, Method, PaymentKey};

/// A prime near the golden ratio's part of 2^32: steps of it visit every line once, in no order.
const STEP: u64 = 2_654_435_761;

/// Writes both files and says where they are.
pub(crate) fn write(folder: &Path, size: u64) -> anyhow::Result<(PathBuf, PathBuf)> {
    let merchant = MerchantId::new("m-bench").context("naming a merchant")?;
    let mut rows = Vec::new();
    for n in 0..size {
        let order = MerchantOrderNo::new(format!("order-{n}")).context("naming an order")?;
        let key = PaymentKey::derive(&merchant, &order);
        let no = ChannelOrderNo::new(key, Channel::Wechat, Method::Native, 1);
        rows.push((format!("{no},42000022{n:020}"), 100 + n % 100_000));
    }
    let (bill, ledger) = (
        folder.join(format!("bill-{size}.csv")),
        folder.join(format!("ledger-{size}.csv")),
    );
    let file = |path: &Path| {
        File::create(path)
            .map(BufWriter::new)
            .context("making a file")
    };
    let mut bill_file = file(&bill)?;
    for (n, (numbers, fen)) in (0u64..).zip(&rows) {
        match n % 3_000 {
            // Only in the ledger.
            1 => {}
            // Of another amount.
            2 => writeln!(bill_file, "{numbers},{}", fen + 1)?,
            _ => writeln!(bill_file, "{numbers},{fen}")?,
        }
    }
    let mut ledger_file = file(&ledger)?;
    for n in 0..size {
        let at = n * STEP % size;
        let (numbers, fen) = &rows[usize::try_from(at)?];
        // Only in the bill.
        if at % 3_000 != 3 {
            writeln!(ledger_file, "{numbers},{fen}")?;
        }
    }
    bill_file.flush()?;
    ledger_file.flush()?;
    Ok((bill, ledger))
}
