//! A bill and a ledger that agree but for one in a thousand, each in an order of its own.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use payonce_domain::{Channel, ChannelOrderNo, MerchantId, MerchantOrderNo, Method, PaymentKey};
use sha1::{Digest, Sha1};

/// A prime near the golden ratio's part of 2^32: steps of it visit every line once, in no order.
const STEP: u64 = 2_654_435_761;
/// What each channel trade number of ours here begins with.
const TRADE: &str = "42000022";
/// The day.
pub(crate) const DAY: &str = "2026-11-20";
/// The merchant with WeChat Pay.
pub(crate) const MCHID: &str = "1900000001";

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const TOTALS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// The merchant.
pub(crate) fn merchant() -> anyhow::Result<MerchantId> {
    MerchantId::new("m-bench").context("naming a merchant")
}

/// Our number for the attempt that paid.
pub(crate) fn order_no(n: u64) -> String {
    let merchant = merchant().expect("it is a name");
    let order = MerchantOrderNo::new(format!("order-{n}")).expect("it is a number");
    let key = PaymentKey::derive(&merchant, &order);
    ChannelOrderNo::new(key, Channel::Wechat, Method::Native, 1).to_string()
}

/// The channel's number for it.
pub(crate) fn trade_no(n: u64) -> String {
    format!("{TRADE}{n:020}")
}

/// Which it is, by that number.
pub(crate) fn number_of(trade_no: &str) -> Option<u64> {
    trade_no.strip_prefix(TRADE)?.parse().ok()
}

/// How much our ledger has.
pub(crate) const fn fen(n: u64) -> u64 {
    100 + n % 100_000
}

/// Whether the ledger has it.
pub(crate) const fn has_row(n: u64) -> bool {
    n % 3_000 != 3
}

/// How much the bill has, if it has it.
const fn billed(n: u64) -> Option<u64> {
    match n % 3_000 {
        1 => None,
        2 => Some(fen(n) + 1),
        _ => Some(fen(n)),
    }
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("making {}", path.display()))?;
    Ok(BufWriter::new(file))
}

/// Writes both sides as plain text and says where they are.
pub(crate) fn write(folder: &Path, size: u64) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (bill, ledger) = (
        folder.join(format!("bill-{size}.csv")),
        folder.join(format!("ledger-{size}.csv")),
    );
    let mut bill_file = create(&bill)?;
    for n in 0..size {
        if let Some(fen) = billed(n) {
            writeln!(bill_file, "{},{},{fen}", order_no(n), trade_no(n))?;
        }
    }
    let mut ledger_file = create(&ledger)?;
    for n in (0..size).map(|n| n * STEP % size).filter(|n| has_row(*n)) {
        writeln!(ledger_file, "{},{},{}", order_no(n), trade_no(n), fen(n))?;
    }
    bill_file.flush()?;
    ledger_file.flush()?;
    Ok((bill, ledger))
}

/// Where the hash of a packed bill lies.
pub(crate) fn seal_of(bill: &Path) -> PathBuf {
    bill.with_extension("sha1")
}

/// Writes the bill as WeChat Pay does, packed, and beside it the hash of its text.
pub(crate) fn write_day(folder: &Path, size: u64) -> anyhow::Result<PathBuf> {
    let path = folder.join(format!("day-{size}.csv.gz"));
    let packed = GzEncoder::new(create(&path)?, Compression::new(6));
    let mut bill = Sealed {
        packed,
        hash: Sha1::new(),
    };
    write!(bill, "\u{feff}{HEADER}\r\n")?;
    let (mut count, mut sum) = (0, 0);
    let mut line = String::new();
    for n in (0..size).map(|n| n * STEP % size) {
        let Some(fen) = billed(n) else { continue };
        (count, sum) = (count + 1, sum + fen);
        let (order_no, trade_no) = (order_no(n), trade_no(n));
        let (yuan, cents) = (fen / 100, fen % 100);
        let (minute, second) = (n / 60 % 60, n % 60);
        // Six in a thousand, in hundred-thousandths of a yuan.
        let fee = fen * 6;
        line.clear();
        write!(
            line,
            "`{DAY} 22:{minute:02}:{second:02},`wx00000000000001,`{MCHID},`0,`,`{trade_no},`{order_no},`oUpF8uMuAJO_M2pxb1Q9{n:08x},`NATIVE,`SUCCESS,`CMB_CREDIT,`CNY,`{yuan}.{cents:02},`0.00,`0,`0,`0.00,`0.00,`,`,`一件商品, 第{}号,`,`{}.{:05},`0.60%,`{yuan}.{cents:02},`0.00,`\r\n",
            n % 977,
            fee / 100_000,
            fee % 100_000,
        )?;
        bill.write_all(line.as_bytes())?;
    }
    let (yuan, cents) = (sum / 100, sum % 100);
    write!(
        bill,
        "{TOTALS}\r\n`{count},`{yuan}.{cents:02},`0.00,`0.00,`0.00,`{yuan}.{cents:02},`0.00\r\n"
    )?;
    bill.packed.finish()?.flush()?;
    let hash = bill.hash.finalize();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(seal_of(&path), hash).context("writing a hash")?;
    Ok(path)
}

/// A packed file, whose plain bytes are hashed.
struct Sealed {
    packed: GzEncoder<BufWriter<File>>,
    hash: Sha1,
}

impl Write for Sealed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.packed.write_all(bytes)?;
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.packed.flush()
    }
}
