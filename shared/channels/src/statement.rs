//! Bills (对账单): what a channel itself wrote down of a day, the strongest of the three sources.
//!
//! Fetching one takes a request that asks for it and mostly a second that downloads it; both are built
//! here as data. What arrives lies in a file and is read as a stream, a line at a time, and whether it is
//! whole is known at its end: by the channel's own seal and by the bill's own summary. Until then no line
//! may have an effect.

use std::io::{Cursor, Read, Seek};

use jiff::civil::Date;
use payonce_domain::{Channel, ChannelTradeNo, Money, Timestamp};

use crate::http::{CannotSend, HttpAnswer, HttpRequest};

/// Which of a day's bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatementKind {
    /// Payments and refunds, one line each (交易账单).
    Trades,
    /// Every movement of the account's balance (资金账单).
    Funds,
}

/// What a channel answered when asked for a bill.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer {
    /// It lies elsewhere, for a short time; `seal` is what the file must hash to.
    Download {
        /// How to fetch it.
        request: HttpRequest,
        /// The channel's own hash of the file, where it gives one.
        seal: Option<Seal>,
    },
    /// The answer held the file itself.
    File(Vec<u8>),
    /// It is not made yet: ask again later.
    NotReady,
    /// There is none: nothing happened that day, or it is not made yet; the clock tells which.
    Nothing,
    /// The channel has no such bill.
    NoSuchBill,
    /// No usable answer.
    NoAnswer,
}

/// A channel's hash of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// SHA-1 over the plain bytes, in hexadecimal.
    Sha1(String),
}

/// Why a file that arrived is not the bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// Its hash is not the one the channel named.
    #[error("the bill's hash is not the one the channel named")]
    WrongSeal,
    /// It is not an archive or a text of the expected form.
    #[error("the bill cannot be opened: {0}")]
    Unreadable(&'static str),
    /// It names another day or merchant than it was asked for.
    #[error("the bill is of another day or merchant")]
    Another,
    /// Its own summary counts other lines or sums than it holds: a part is missing.
    #[error("the bill's lines do not add up to its own summary")]
    DoesNotAddUp,
}

/// An opened bill: its lines in the order of the file. A line that cannot be read is in its place, so
/// that nothing is left out silently.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// The lines of a [`StatementKind::Trades`] bill.
    pub trades: Vec<Result<TradeLine, UnreadableLine>>,
    /// The lines of a [`StatementKind::Funds`] bill.
    pub funds: Vec<Result<FundLine, UnreadableLine>>,
}

/// A line that has another form than its bill's lines have. Its text is not repeated: it may hold a
/// buyer's data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number} cannot be read: {field}")]
pub struct UnreadableLine {
    /// Counted from one, header lines included.
    pub number: usize,
    /// The first column that is wrong.
    pub field: &'static str,
}

/// What a line of a bill of trades is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeLineKind {
    /// Money was taken.
    Payment,
    /// Money went back, or is on its way.
    Refund,
    /// A payment was reversed (冲正, 撤销).
    Reversal,
}

/// One line of a bill of trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeLine {
    /// What it is about.
    pub kind: TradeLineKind,
    /// The merchant's number for the order, as it stands there; it may not be one of ours.
    pub order_no: String,
    /// The channel's number for the trade.
    pub trade_no: ChannelTradeNo,
    /// The merchant's number for the refund, on lines of refunds.
    pub refund_no: Option<String>,
    /// What moved, never negative: `kind` says in which direction.
    pub amount: Money,
    /// What the channel kept for itself, where it says so in whole fen; rounded half up where it
    /// writes fractions of a fen.
    pub fee: Option<Money>,
    /// When, by the channel's clock.
    pub at: Timestamp,
    /// The channel's word for how it stands, where lines have one.
    pub state: Option<String>,
}

/// In which direction a balance moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// It grew.
    In,
    /// It shrank.
    Out,
}

/// One line of a bill of funds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundLine {
    /// The channel's number for the movement.
    pub flow_no: String,
    /// The channel's number for the trade behind it.
    pub trade_no: String,
    /// The channel's word for the kind of business.
    pub business: String,
    /// In which direction.
    pub direction: Direction,
    /// What moved.
    pub amount: Money,
    /// What the balance was afterwards, where it is given.
    pub balance: Option<Money>,
    /// When, by the channel's clock.
    pub at: Timestamp,
}

/// A line of either kind of bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementLine {
    /// Of a [`StatementKind::Trades`] bill.
    Trade(TradeLine),
    /// Of a [`StatementKind::Funds`] bill.
    Fund(FundLine),
}

/// What hears of each line. One that cannot be read comes in its place, so that nothing is left out
/// silently.
pub type Take<'a> = &'a mut dyn FnMut(Result<StatementLine, UnreadableLine>);

/// A bill as it was fetched: a file, or what lies in memory like one.
pub trait BillFile: Read + Seek {}
impl<T: Read + Seek> BillFile for T {}

/// What fetches and reads the bills of one account.
pub trait StatementSource: Send + Sync {
    /// Whose bills.
    fn channel(&self) -> Channel;

    /// The call that asks for the bill of `day`, by the channel's calendar.
    ///
    /// # Errors
    /// [`CannotSend`] where the channel has no such bill or the account was opened without its secret.
    fn request(
        &self,
        kind: StatementKind,
        day: Date,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend>;

    /// Reads the answer to that call. The download it may name is signed, where it must be, at `now`.
    fn read_offer(
        &self,
        kind: StatementKind,
        day: Date,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> Offer;

    /// Reads the file that came for `day`: unpacks it, hands over every line in the order of the file, and
    /// compares the whole with the seal and with its own summary. Memory does not grow with the file.
    ///
    /// Nothing may be done about a line before all of it was read and found whole.
    ///
    /// # Errors
    /// [`Damaged`] where it is not the whole bill, or says itself that it is another's or another day's.
    /// What was handed over is then worth nothing.
    fn read(
        &self,
        kind: StatementKind,
        day: Date,
        file: &mut dyn BillFile,
        seal: Option<&Seal>,
        take: Take<'_>,
    ) -> Result<(), Damaged>;

    /// The same, for a file that is in memory.
    ///
    /// # Errors
    /// [`Damaged`] as above.
    fn open(
        &self,
        kind: StatementKind,
        day: Date,
        file: &[u8],
        seal: Option<&Seal>,
    ) -> Result<Statement, Damaged> {
        let mut statement = Statement::default();
        let mut take = |line| match (line, kind) {
            (Ok(StatementLine::Trade(line)), _) => statement.trades.push(Ok(line)),
            (Ok(StatementLine::Fund(line)), _) => statement.funds.push(Ok(line)),
            (Err(line), StatementKind::Trades) => statement.trades.push(Err(line)),
            (Err(line), StatementKind::Funds) => statement.funds.push(Err(line)),
        };
        self.read(kind, day, &mut Cursor::new(file), seal, &mut take)?;
        Ok(statement)
    }
}
