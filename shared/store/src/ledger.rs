//! The table `ledger` (账本): what T+1 compares with the bills, by account, day and shard.
//!
//! A row is put before the change that takes its movement off the payment, and putting it again is the
//! same. Beside the rows lies what a day's run carried over to the next (存疑), in pieces that a run
//! writes anew whenever it is repeated.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::reconciliation::{BillLine, Standing};
use payonce_domain::{
    AccountId, BillDay, Channel, ChannelOrderNo, ChannelTradeNo, LedgerRow, Money, Movement,
    RefundNo, Timestamp, Version,
};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::call::{Condition, Put, failed};
use crate::engine::{Expression, GetItem, QueryItems};
use crate::error::StoreError;
use crate::record::field::Kept;
use crate::record::{self, Item, KEY};

/// The sort key.
const PLACE: &str = "e";
/// The payment's version that made a row known.
const VERSION: &str = "v";
/// Entries in one piece of a pool: some 250 bytes each, in items of 400 KB at most.
const PIECE_MAX: usize = 1_000;
/// How many items are asked for at a time; a page of them may be shorter.
const PAGE: i32 = 1_000;
/// What every place comes after.
pub(crate) const FIRST: &str = "#";
/// How many pieces a pool may have: more than a day's bill.
const PIECES_MAX: u32 = 10_000;

/// An account's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPlace {
    /// At which channel.
    pub channel: Channel,
    /// Which account.
    pub account: AccountId,
    /// Which day, by the channel's calendar.
    pub day: BillDay,
}

impl LedgerPlace {
    /// How the tables name it.
    pub(crate) fn key(&self) -> String {
        format!("{}#{}#{}", self.channel.name(), self.account, self.day)
    }
}

/// What a day's run carried over to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pool {
    /// Lines without a row.
    pub lines: Vec<BillLine>,
    /// Rows without a line.
    pub rows: Vec<LedgerRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "e")]
    place: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "o")]
    order_no: String,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    refund_no: Option<String>,
    #[serde(rename = "t")]
    trade_no: Kept<ChannelTradeNo>,
    #[serde(rename = "a")]
    amount: Kept<Money>,
    #[serde(rename = "x")]
    at: Kept<Timestamp>,
    #[serde(rename = "v")]
    version: u64,
    #[serde(rename = "z", default, skip_serializing_if = "std::ops::Not::not")]
    void: bool,
}

impl RowRecord {
    fn of(row: &LedgerRow, key: String) -> Self {
        let place = match row.refund_no {
            Some(no) => format!("r#{no}"),
            None => format!("p#{}", row.trade_no),
        };
        Self {
            key,
            place,
            record_version: record::VERSION,
            order_no: row.order_no.to_string(),
            refund_no: row.refund_no.map(|no| no.to_string()),
            trade_no: Kept(row.trade_no.clone()),
            amount: Kept(row.amount),
            at: Kept(row.at),
            version: row.version.0,
            void: row.void,
        }
    }

    fn restore(self, account: &AccountId, day: BillDay) -> Option<LedgerRow> {
        let refund_no = match self.refund_no {
            Some(text) => Some(RefundNo::parse(&text)?),
            None => None,
        };
        Some(LedgerRow {
            account: account.clone(),
            day,
            movement: refund_no.map_or(Movement::Payment, |_| Movement::Refund),
            order_no: ChannelOrderNo::parse(&self.order_no)?,
            refund_no,
            trade_no: self.trade_no.0,
            amount: self.amount.0,
            at: self.at.0,
            version: Version(self.version),
            void: self.void,
        })
    }
}

/// A piece of a pool.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PieceRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "e")]
    place: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<PooledLine>,
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    rows: Vec<PooledRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PooledLine {
    #[serde(rename = "d")]
    day: String,
    #[serde(rename = "n")]
    position: u32,
    #[serde(rename = "m")]
    movement: String,
    #[serde(rename = "o")]
    order_no: String,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    refund_no: Option<String>,
    #[serde(rename = "t")]
    trade_no: Kept<ChannelTradeNo>,
    #[serde(rename = "a")]
    amount: Kept<Money>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    fee: Option<Kept<Money>>,
    #[serde(rename = "x")]
    at: Kept<Timestamp>,
    #[serde(rename = "s")]
    standing: u8,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    alone_since: Option<String>,
}

const fn standing_code(standing: Standing) -> u8 {
    match standing {
        Standing::Done => 0,
        Standing::UnderWay => 1,
        Standing::Failed => 2,
    }
}

impl PooledLine {
    pub(crate) fn of(line: &BillLine) -> Self {
        Self {
            day: line.day.to_string(),
            position: line.position,
            movement: line.movement.name().to_owned(),
            order_no: line.order_no.clone(),
            refund_no: line.refund_no.clone(),
            trade_no: Kept(line.trade_no.clone()),
            amount: Kept(line.amount),
            fee: line.fee.map(Kept),
            at: Kept(line.at),
            standing: standing_code(line.standing),
            alone_since: line.alone_since.map(|day| day.to_string()),
        }
    }

    pub(crate) fn restore(self) -> Option<BillLine> {
        let standings = [Standing::Done, Standing::UnderWay, Standing::Failed];
        let alone_since = self.alone_since.map(|day| BillDay::parse(&day).ok_or(()));
        Some(BillLine {
            day: BillDay::parse(&self.day)?,
            position: self.position,
            movement: Movement::from_name(&self.movement)?,
            order_no: self.order_no,
            refund_no: self.refund_no,
            trade_no: self.trade_no.0,
            amount: self.amount.0,
            fee: self.fee.map(|fee| fee.0),
            at: self.at.0,
            standing: *standings.get(usize::from(self.standing))?,
            alone_since: alone_since.transpose().ok()?,
        })
    }
}

/// A row of an earlier day; its own day stands beside it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PooledRow {
    #[serde(rename = "d")]
    day: String,
    #[serde(rename = "w")]
    row: RowRecord,
}

impl PooledRow {
    pub(crate) fn of(row: &LedgerRow) -> Self {
        Self {
            day: row.day.to_string(),
            row: RowRecord::of(row, String::new()),
        }
    }

    pub(crate) fn restore(self, account: &AccountId) -> Option<LedgerRow> {
        let day = BillDay::parse(&self.day)?;
        self.row.restore(account, day)
    }
}

impl Store {
    /// Puts rows into the ledger, each unless a later version of its payment has done so.
    ///
    /// # Errors
    /// A [`StoreError`]; the change that follows must then not be stored.
    pub(crate) async fn book(&self, rows: &[LedgerRow]) -> Result<(), StoreError> {
        for row in rows {
            let place = LedgerPlace {
                channel: row.order_no.channel(),
                account: row.account.clone(),
                day: row.day,
            };
            let shard = row.order_no.key().shard(self.shards());
            let item = record::to_item(&RowRecord::of(row, shard_key(&place, shard)));
            let not_later = Condition(Expression {
                text: "attribute_not_exists(#k) OR #v <= :v",
                names: vec![("#k", KEY), ("#v", VERSION)],
                values: vec![(":v", AttributeValue::N(row.version.0.to_string()))],
            });
            let table = &self.tables.ledger;
            match self
                .put_if(table, item, not_later, "book a movement")
                .await?
            {
                // What is there is the same row, or says more than this one.
                Put::Stored | Put::Refused(_) => {}
            }
        }
        Ok(())
    }

    /// The rows of one shard of an account's day, a page at a time: give back the place that came with
    /// the last page, until none comes.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be had or read.
    pub async fn ledger_page(
        &self,
        place: &LedgerPlace,
        shard: u32,
        after: Option<String>,
    ) -> Result<(Vec<LedgerRow>, Option<String>), StoreError> {
        let key = shard_key(place, shard);
        let table = &self.tables.ledger;
        let doing = "read the ledger";
        let after = after.unwrap_or_else(|| FIRST.to_owned());
        let items = self.partition_page(table, &key, after, doing).await?;
        let last = items.last().and_then(place_in);
        let rows = items.into_iter().map(|item| {
            let row: RowRecord = record::from_item(item)?;
            let unreadable = || StoreError::Unreadable {
                item: key.clone(),
                why: "a row of the ledger".to_owned(),
            };
            row.restore(&place.account, place.day)
                .ok_or_else(unreadable)
        });
        Ok((rows.collect::<Result<_, _>>()?, last))
    }

    /// What the run of this day carried over. Written before its run says that it is closed.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be stored.
    pub async fn put_pool(&self, place: &LedgerPlace, pool: &Pool) -> Result<u32, StoreError> {
        let key = format!("{}#pool", place.key());
        let mut pieces = 0;
        let lines = pool.lines.chunks(PIECE_MAX).map(|some| (some, &[][..]));
        let rows = pool.rows.chunks(PIECE_MAX).map(|some| (&[][..], some));
        for (lines, rows) in lines.chain(rows) {
            let item = record::to_item(&PieceRecord {
                key: key.clone(),
                place: format!("{pieces:05}"),
                record_version: record::VERSION,
                lines: lines.iter().map(PooledLine::of).collect(),
                rows: rows.iter().map(PooledRow::of).collect(),
            });
            let table = &self.tables.ledger;
            let not_newer = Condition::not_newer();
            match self.put_if(table, item, not_newer, "carry over").await? {
                Put::Stored => pieces += 1,
                Put::Refused(_) => {
                    return Err(StoreError::Misused("a newer program carried this over"));
                }
            }
        }
        Ok(pieces)
    }

    /// What the run of this day carried over, in so many pieces.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn pool(&self, place: &LedgerPlace, pieces: u32) -> Result<Pool, StoreError> {
        let key = format!("{}#pool", place.key());
        let table = &self.tables.ledger;
        let mut pool = Pool::default();
        let unreadable = || StoreError::Unreadable {
            item: key.clone(),
            why: "what was carried over".to_owned(),
        };
        let wanted = usize::try_from(pieces.min(PIECES_MAX)).unwrap_or(0);
        let mut seen = 0;
        let mut after = FIRST.to_owned();
        while seen < wanted {
            let doing = "read what was carried over";
            let items = self.partition_page(table, &key, after, doing).await?;
            let Some(last) = items.last().and_then(place_in) else {
                return Err(unreadable());
            };
            for item in items.into_iter().take(wanted - seen) {
                seen += 1;
                let piece: PieceRecord = record::from_item(item)?;
                for line in piece.lines {
                    pool.lines.push(line.restore().ok_or_else(unreadable)?);
                }
                for row in piece.rows {
                    let row = row.restore(&place.account);
                    pool.rows.push(row.ok_or_else(unreadable)?);
                }
            }
            after = last;
        }
        Ok(pool)
    }

    /// One page of a partition, in the order of the sort key: what comes after `after`. The last page
    /// is empty.
    pub(crate) async fn partition_page(
        &self,
        table: &str,
        key: &str,
        after: String,
        doing: &'static str,
    ) -> Result<Vec<Item>, StoreError> {
        let query = QueryItems {
            table: table.to_owned(),
            index: None,
            condition: Expression {
                text: "#k = :k AND #e > :after",
                names: vec![("#k", KEY), ("#e", PLACE)],
                values: vec![
                    (":k", AttributeValue::S(key.to_owned())),
                    (":after", AttributeValue::S(after)),
                ],
            },
            limit: PAGE,
            doing,
        };
        self.engine.query(query).await.map_err(failed(doing))
    }

    /// One item of a table with a sort key, as of its last write.
    pub(crate) async fn get_placed(
        &self,
        table: &str,
        key: &str,
        place: &str,
        doing: &'static str,
    ) -> Result<Option<Item>, StoreError> {
        let get = GetItem {
            table: table.to_owned(),
            key: vec![(KEY, key.to_owned()), (PLACE, place.to_owned())],
            consistent: true,
            doing,
        };
        self.engine.get(get).await.map_err(failed(doing))
    }
}

/// Where an item of a table with a sort key lies in its partition.
pub(crate) fn place_in(item: &Item) -> Option<String> {
    item.get(PLACE)?.as_s().ok().cloned()
}

fn shard_key(place: &LedgerPlace, shard: u32) -> String {
    format!("{}#{shard}", place.key())
}
