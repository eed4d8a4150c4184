//! All that a line or a row says, put aside in a file: what differs is read again, the rest never.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use payonce_domain::reconciliation::{BillLine, Standing};
use payonce_domain::{
    BillDay, ChannelOrderNo, ChannelTradeNo, Currency, LedgerRow, Money, Movement, RefundNo,
    Timestamp, Version,
};
use tempfile::SpooledTempFile;

use super::Contract;

/// What is longer than this lies on disk.
pub(super) const IN_MEMORY_MAX: usize = 1 << 20;
/// How much is written at a time.
const BUFFER: usize = 1 << 16;

/// Records, one after the other.
pub(super) struct Details {
    file: SpooledTempFile,
    /// What is not in the file yet.
    open: Vec<u8>,
    /// How long the file is.
    end: u64,
}

/// Reads records again, best in the order of their writing.
pub(super) struct Reader {
    file: BufReader<SpooledTempFile>,
    at: u64,
}

impl Details {
    pub(super) fn new() -> Self {
        Self {
            file: SpooledTempFile::new(IN_MEMORY_MAX),
            open: Vec::new(),
            end: 0,
        }
    }

    /// Puts a line aside; where it is found again.
    pub(super) fn put_line(&mut self, line: &BillLine) -> io::Result<u64> {
        self.put(|record| {
            record.number(u64::from(line.position));
            record.flag(line.movement == Movement::Refund);
            record.text(&line.order_no);
            record.maybe(line.refund_no.as_deref(), Record::text);
            record.text(line.trade_no.as_str());
            record.money(line.amount);
            record.maybe(line.fee, Record::money);
            record.number(line.at.as_millis());
            record.0.push(match line.standing {
                Standing::Done => 0,
                Standing::UnderWay => 1,
                Standing::Failed => 2,
            });
        })
    }

    /// Puts a row aside; where it is found again.
    pub(super) fn put_row(&mut self, row: &LedgerRow) -> io::Result<u64> {
        self.put(|record| {
            record.text(&row.order_no.to_string());
            let refund_no = row.refund_no.map(|no| no.to_string());
            record.maybe(refund_no.as_deref(), Record::text);
            record.text(row.trade_no.as_str());
            record.money(row.amount);
            record.number(row.at.as_millis());
            record.number(row.version.0);
            record.flag(row.void);
        })
    }

    fn put(&mut self, write: impl FnOnce(&mut Record<'_>)) -> io::Result<u64> {
        if self.open.len() >= BUFFER {
            self.file.write_all(&self.open)?;
            self.end += length(&self.open);
            self.open.clear();
        }
        let place = self.end + length(&self.open);
        write(&mut Record(&mut self.open));
        Ok(place)
    }

    /// Ends the writing.
    pub(super) fn into_reader(mut self) -> io::Result<Reader> {
        self.file.write_all(&self.open)?;
        self.file.rewind()?;
        Ok(Reader {
            file: BufReader::new(self.file),
            at: 0,
        })
    }
}

impl Reader {
    /// The line that was put there, on this day's bill.
    pub(super) fn line(&mut self, place: u64, day: BillDay) -> io::Result<BillLine> {
        self.go(place)?;
        Ok(BillLine {
            day,
            position: u32::try_from(self.number()?).map_err(io::Error::other)?,
            movement: self.movement()?,
            order_no: self.text()?,
            refund_no: self.maybe(Self::text)?,
            trade_no: self.trade_no()?,
            amount: self.money()?,
            fee: self.maybe(Self::money)?,
            at: Timestamp::from_millis(self.number()?),
            standing: match self.byte()? {
                0 => Standing::Done,
                1 => Standing::UnderWay,
                2 => Standing::Failed,
                _ => return Err(garbled()),
            },
            alone_since: None,
        })
    }

    /// The row that was put there, of this account's day.
    pub(super) fn row(
        &mut self,
        place: u64,
        contract: &Contract,
        day: BillDay,
    ) -> io::Result<LedgerRow> {
        self.go(place)?;
        let order_no = ChannelOrderNo::parse(&self.text()?).ok_or_else(garbled)?;
        let refund_no = match self.maybe(Self::text)? {
            Some(text) => Some(RefundNo::parse(&text).ok_or_else(garbled)?),
            None => None,
        };
        Ok(LedgerRow {
            account: contract.account.clone(),
            day,
            movement: refund_no.map_or(Movement::Payment, |_| Movement::Refund),
            order_no,
            refund_no,
            trade_no: self.trade_no()?,
            amount: self.money()?,
            at: Timestamp::from_millis(self.number()?),
            version: Version(self.number()?),
            void: self.flag()?,
        })
    }

    fn go(&mut self, place: u64) -> io::Result<()> {
        match place.checked_sub(self.at).map(i64::try_from) {
            Some(Ok(ahead)) => self.file.seek_relative(ahead)?,
            Some(Err(_)) | None => drop(self.file.seek(SeekFrom::Start(place))?),
        }
        self.at = place;
        Ok(())
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.at += length(&bytes);
        Ok(bytes)
    }

    fn byte(&mut self) -> io::Result<u8> {
        let [byte] = self.bytes()?;
        Ok(byte)
    }

    fn number(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn flag(&mut self) -> io::Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(garbled()),
        }
    }

    fn movement(&mut self) -> io::Result<Movement> {
        let is_refund = self.flag()?;
        Ok(if is_refund {
            Movement::Refund
        } else {
            Movement::Payment
        })
    }

    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<Option<T>> {
        self.flag()?.then(|| read(self)).transpose()
    }

    fn text(&mut self) -> io::Result<String> {
        let length = u32::from_le_bytes(self.bytes()?);
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact(&mut bytes)?;
        self.at += u64::from(length);
        String::from_utf8(bytes).map_err(io::Error::other)
    }

    fn trade_no(&mut self) -> io::Result<ChannelTradeNo> {
        ChannelTradeNo::new(self.text()?).map_err(io::Error::other)
    }

    fn money(&mut self) -> io::Result<Money> {
        let minor = self.number()?;
        let code = self.bytes::<3>()?;
        let code = std::str::from_utf8(&code).map_err(io::Error::other)?;
        let currency = Currency::from_code(code).ok_or_else(garbled)?;
        Ok(Money::new(minor, currency))
    }
}

/// A record as it is written.
struct Record<'a>(&'a mut Vec<u8>);

impl Record<'_> {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn text(&mut self, text: &str) {
        let length = u32::try_from(text.len()).expect("a cell is part of a line of 64 KB");
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn money(&mut self, amount: Money) {
        self.number(amount.minor());
        self.0
            .extend_from_slice(amount.currency().code().as_bytes());
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(0)
}

fn garbled() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

#[cfg(test)]
mod tests {
    use super::*;
    use payonce_domain::numbers::RefundIdentity;
    use payonce_domain::{
        AccountId, Channel, MerchantId, MerchantOrderNo, MerchantRefundNo, Method, PaymentKey,
    };

    fn day() -> BillDay {
        BillDay::parse("2026-11-20").unwrap()
    }

    fn line(n: u32) -> BillLine {
        let standings = [Standing::Done, Standing::UnderWay, Standing::Failed];
        let is_refund = n.is_multiple_of(2);
        BillLine {
            day: day(),
            position: n,
            movement: if is_refund {
                Movement::Refund
            } else {
                Movement::Payment
            },
            order_no: format!("an order's number, 号 {n}"),
            refund_no: is_refund.then(|| format!("R{n}")),
            trade_no: ChannelTradeNo::new(format!("T{n}")).unwrap(),
            amount: Money::from_fen(u64::from(n) << 30),
            fee: n.is_multiple_of(5).then(|| Money::from_fen(u64::from(n))),
            at: Timestamp::from_millis(1_795_184_400_000 + u64::from(n)),
            standing: *standings
                .iter()
                .cycle()
                .nth(usize::try_from(n).unwrap() % 3)
                .unwrap(),
            alone_since: None,
        }
    }

    fn row(contract: &Contract, n: u64) -> LedgerRow {
        let order = MerchantOrderNo::new(format!("order-{n}")).unwrap();
        let key = PaymentKey::derive(&contract.owner, &order);
        let order_no = ChannelOrderNo::new(key, Channel::Wechat, Method::Native, 1);
        let request = MerchantRefundNo::new("r-1").unwrap();
        let refund_no = n
            .is_multiple_of(3)
            .then(|| RefundNo::new(order_no, RefundIdentity::Merchant(&request), 1));
        LedgerRow {
            account: contract.account.clone(),
            day: day(),
            movement: refund_no.map_or(Movement::Payment, |_| Movement::Refund),
            order_no,
            refund_no,
            trade_no: ChannelTradeNo::new(format!("T{n}")).unwrap(),
            amount: Money::from_fen(n),
            at: Timestamp::from_millis(n),
            version: Version(n),
            void: n.is_multiple_of(7),
        }
    }

    /// More than stays in memory, and read in the order of writing, backwards, and twice.
    #[test]
    fn what_is_put_aside_is_read_again() {
        let contract = Contract {
            owner: MerchantId::new("m-1").unwrap(),
            channel: Channel::Wechat,
            account: AccountId::new("a-1").unwrap(),
        };
        let (mut lines, mut rows) = (Details::new(), Details::new());
        let mut places = Vec::new();
        for n in 0..20_000 {
            let line = lines.put_line(&line(n)).unwrap();
            let row = rows.put_row(&row(&contract, u64::from(n))).unwrap();
            places.push((n, line, row));
        }
        assert!(lines.end > u64::try_from(IN_MEMORY_MAX).unwrap());
        let (mut lines, mut rows) = (lines.into_reader().unwrap(), rows.into_reader().unwrap());
        let some = places.iter().step_by(7);
        for (n, line_place, row_place) in some.clone().chain(some.rev()).chain(&places[..2]) {
            assert_eq!(lines.line(*line_place, day()).unwrap(), line(*n));
            let expected = row(&contract, u64::from(*n));
            assert_eq!(rows.row(*row_place, &contract, day()).unwrap(), expected);
        }
    }
}
