//! Bills (对账单) in the plainest words: what the channels' books say of a day, one line a movement, and how many there are.

use jiff::civil::Date;
use payonce_channels::statement::{
    BillFile, Damaged, Offer, Seal, StatementKind, StatementLine, StatementSource, Take, TradeLine,
    TradeLineKind,
};
use payonce_channels::{CannotSend, ConfigurationError, HttpAnswer, HttpRequest, Secrets, Verb};
use payonce_domain::{BillDay, Channel, ChannelTradeNo, Money, Span, Timestamp};

use crate::books::{Books, Moved, Trade};

/// What a line of the channel's own file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) kind: TradeLineKind,
    pub(crate) order_no: String,
    pub(crate) trade_no: String,
    pub(crate) refund_no: Option<String>,
    pub(crate) amount: u64,
    pub(crate) at: u64,
}

impl Books {
    /// Every movement of an account, as its bills have them.
    pub(crate) fn lines(&self, account: &str) -> Vec<Line> {
        let trades = self.trades.iter();
        let own = trades.filter(|(_, trade)| trade.account == account);
        own.flat_map(|(no, trade)| lines_of(no, trade)).collect()
    }

    /// The bill of a day, as the channel writes it.
    pub(crate) fn bill(&self, channel: Channel, account: &str, day: BillDay) -> String {
        let lines = self.lines(account).into_iter();
        let of_day = |line: &Line| BillDay::of(channel, Timestamp::from_millis(line.at)) == day;
        let lines: Vec<_> = lines.filter(of_day).collect();
        if lines.is_empty() {
            return "nothing".to_owned();
        }
        let mut text = format!("bill|{day}|{}", lines.len());
        for line in lines {
            text.push('\n');
            text.push_str(&line.write());
        }
        text
    }
}

fn lines_of(no: &str, trade: &Trade) -> Vec<Line> {
    let Some(taken) = &trade.taken else {
        return Vec::new();
    };
    let line = |kind, refund_no, amount, at| Line {
        kind,
        order_no: no.to_owned(),
        trade_no: taken.trade_no.clone(),
        refund_no,
        amount,
        at,
    };
    let mut lines = vec![line(
        TradeLineKind::Payment,
        None,
        taken.amount,
        taken.paid_at,
    )];
    for (refund_no, refund) in &trade.refunds {
        if refund.moved != Moved::Done {
            continue;
        }
        lines.push(match refund_no.as_str() {
            "reversal" => line(TradeLineKind::Reversal, None, refund.amount, refund.at),
            _ => {
                let refund_no = Some(refund_no.clone());
                line(TradeLineKind::Refund, refund_no, refund.amount, refund.at)
            }
        });
    }
    lines
}

impl Line {
    fn write(&self) -> String {
        let kind = match self.kind {
            TradeLineKind::Payment => "payment",
            TradeLineKind::Refund => "refund",
            TradeLineKind::Reversal => "reversal",
        };
        format!(
            "{kind}|{}|{}|{}|{}|{}",
            self.order_no,
            self.trade_no,
            self.refund_no.as_deref().unwrap_or_default(),
            self.amount,
            self.at
        )
    }
}

/// The bills of one account.
struct PlainBills {
    channel: Channel,
    account: String,
}

/// Opens them; the settings are the account's name.
pub(crate) fn open(
    channel: Channel,
    settings: &str,
    _secrets: Secrets<'_>,
) -> Result<Box<dyn StatementSource>, ConfigurationError> {
    Ok(Box::new(PlainBills {
        channel,
        account: settings.to_owned(),
    }))
}

impl StatementSource for PlainBills {
    fn channel(&self) -> Channel {
        self.channel
    }

    fn request(
        &self,
        _kind: StatementKind,
        day: Date,
        _now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        Ok(HttpRequest {
            verb: Verb::Post,
            url: "sim://bill".to_owned(),
            headers: Vec::new(),
            body: format!("{}|{}|{day}", self.channel.name(), self.account).into_bytes(),
            patience: Span::seconds(60),
            answer_bytes_max: 1 << 20,
        })
    }

    fn read_offer(
        &self,
        _kind: StatementKind,
        _day: Date,
        answer: &HttpAnswer,
        _now: Timestamp,
    ) -> Offer {
        match answer.body.as_slice() {
            b"nothing" => Offer::Nothing,
            b"not ready" => Offer::NotReady,
            body if body.starts_with(b"bill|") => Offer::File(body.to_vec()),
            _ => Offer::NoAnswer,
        }
    }

    fn read(
        &self,
        _kind: StatementKind,
        day: Date,
        file: &mut dyn BillFile,
        _seal: Option<&Seal>,
        take: Take<'_>,
    ) -> Result<(), Damaged> {
        let mut text = String::new();
        let read = file.read_to_string(&mut text);
        read.map_err(|_| Damaged::Unreadable("no text"))?;
        let mut lines = text.lines();
        let head: Vec<_> = lines.next().unwrap_or_default().split('|').collect();
        let [_, of, count] = head[..] else {
            return Err(Damaged::Unreadable("no head"));
        };
        if of != day.to_string() {
            return Err(Damaged::Another);
        }
        let mut read = 0;
        for line in lines {
            let line = line_of(line).ok_or(Damaged::Unreadable("a line"))?;
            take(Ok(StatementLine::Trade(line)));
            read += 1;
        }
        if count != read.to_string() {
            return Err(Damaged::DoesNotAddUp);
        }
        Ok(())
    }
}

fn line_of(line: &str) -> Option<TradeLine> {
    let words: Vec<_> = line.split('|').collect();
    let [kind, order_no, trade_no, refund_no, amount, at] = words[..] else {
        return None;
    };
    Some(TradeLine {
        kind: match kind {
            "payment" => TradeLineKind::Payment,
            "refund" => TradeLineKind::Refund,
            "reversal" => TradeLineKind::Reversal,
            _ => return None,
        },
        order_no: order_no.to_owned(),
        trade_no: ChannelTradeNo::new(trade_no).ok()?,
        refund_no: (!refund_no.is_empty()).then(|| refund_no.to_owned()),
        amount: Money::from_fen(amount.parse().ok()?),
        fee: None,
        at: Timestamp::from_millis(at.parse().ok()?),
        state: None,
    })
}

/// Which account's bill of which day is asked for.
pub(crate) fn asked(body: &[u8]) -> Option<(Channel, String, BillDay)> {
    let text = std::str::from_utf8(body).ok()?;
    let words: Vec<_> = text.split('|').collect();
    let [channel, account, day] = words[..] else {
        return None;
    };
    let channel = Channel::from_name(channel)?;
    Some((channel, account.to_owned(), BillDay::parse(day)?))
}

/// A bill without its last line, which says that it is whole.
pub(crate) fn without_last(bill: &str) -> String {
    let mut lines: Vec<_> = bill.lines().collect();
    if lines.len() < 2 {
        return "nothing".to_owned();
    }
    lines.pop();
    let head = lines[0].rsplit_once('|').map_or(lines[0], |(head, _)| head);
    let count = lines.len() - 1;
    let rest = lines[1..].join("\n");
    match count {
        0 => "nothing".to_owned(),
        _ => format!("{head}|{count}\n{rest}"),
    }
}
