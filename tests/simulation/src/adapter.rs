//! The simulation's own adapter: the plainest words a channel could have, and no signature but one word.
//!
//! It stands where the adapters of the real channels stand, so that everything above it is the real code.

use payonce_channels::adapter::{Acknowledgement, Adapter};
use payonce_channels::claim::{
    CreateReading, Event, Holder, NoticeReading, Payee, Said, Standing, TradeClaim, TradeReading,
    refund_of,
};
use payonce_channels::{
    CannotSend, CloseAnswer, ConfigurationError, Detail, HttpAnswer, HttpRequest, Order,
    RefundOrder, Rejected, Secrets, Unfit, UnverifiedNotification, Verb,
};
use payonce_domain::{
    Action, Channel, ChannelTradeNo, Method, Money, RefundReport, ReversalReport, Span, Timestamp,
};

use crate::books::Ask;
use crate::wrong::{Wrong, is_built};

/// One account at a simulated channel.
struct Plain {
    channel: Channel,
    holder: Holder,
}

/// Opens an account; its settings are the holder's name.
pub(crate) fn open(
    channel: Channel,
    settings: &str,
    _secrets: Secrets<'_>,
) -> Result<Box<dyn Adapter>, ConfigurationError> {
    Ok(Box::new(Plain {
        channel,
        holder: Holder {
            merchant: settings.to_owned(),
            application: None,
        },
    }))
}

impl Plain {
    fn ask(&self, operation: &str, order: &Order, refund: Option<&RefundOrder>) -> HttpRequest {
        let ask = Ask {
            operation: operation.to_owned(),
            channel: self.channel,
            method: order.no.method(),
            account: self.holder.merchant.clone(),
            no: order.no.to_string(),
            amount: order.amount.minor(),
            expires_at: order.expires_at.as_millis(),
            created_at: order.created_at.as_millis(),
            refund_no: refund.map_or_else(String::new, |refund| refund.no.to_string()),
            refund_amount: refund.map_or(0, |refund| {
                let wrong = is_built(Wrong::WholeRefund);
                (if wrong {
                    refund.captured
                } else {
                    refund.amount
                })
                .minor()
            }),
            auth_code: order.auth_code.clone().unwrap_or_default(),
        };
        HttpRequest {
            verb: Verb::Post,
            url: format!("sim://{operation}"),
            headers: Vec::new(),
            body: ask.write().into_bytes(),
            patience: Span::seconds(8),
            answer_bytes_max: 4_096,
        }
    }
}

fn words(answer: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(answer);
    text.split('|').map(str::to_owned).collect()
}

fn payee(name: &str) -> Payee {
    Payee {
        merchant: Said::As(name.to_owned()),
        application: Said::NeverSaid,
    }
}

fn standing(words: &[String], asked: Option<Money>) -> Option<Standing> {
    let trade_no = || ChannelTradeNo::new(words.get(3)?.clone()).ok();
    let amount = || {
        let said = Money::from_fen(words.get(4)?.parse().ok()?);
        let trusted = is_built(Wrong::AmountNotCompared);
        Some(asked.filter(|_| trusted).unwrap_or(said))
    };
    let paid_at = || Some(Timestamp::from_millis(words.get(5)?.parse().ok()?));
    Some(match words.first()?.as_str() {
        "paid" => Standing::Paid {
            trade_no: trade_no()?,
            amount: amount()?,
            paid_at: paid_at()?,
        },
        "back" => Standing::PaidBack {
            trade_no: trade_no()?,
            amount: amount()?,
            paid_at: paid_at()?,
        },
        "late" => Standing::TakenLate {
            trade_no: trade_no()?,
            amount: amount()?,
            paid_at: paid_at()?,
        },
        "unpaid" => Standing::Unpaid,
        "closed" => Standing::Closed,
        _ => return None,
    })
}

fn claim(words: &[String], asked: Money) -> Option<TradeClaim> {
    Some(TradeClaim {
        order_no: words.get(1)?.clone(),
        payee: payee(words.get(2)?),
        standing: standing(words, Some(asked))?,
    })
}

fn refund_report(word: Option<&String>) -> RefundReport {
    match word.map(String::as_str) {
        Some("succeeded") => RefundReport::Succeeded,
        Some("accepted") => RefundReport::Accepted,
        Some("failed") => RefundReport::Failed,
        Some("notyet") => RefundReport::NotYet,
        Some("notfound") => RefundReport::NotFound,
        _ => RefundReport::NoAnswer,
    }
}

impl Adapter for Plain {
    fn channel(&self) -> Channel {
        self.channel
    }

    fn methods(&self) -> &'static [Method] {
        match self.channel {
            Channel::Alipay => &[Method::Page, Method::Code],
            Channel::Wechat => &[Method::Native, Method::Code],
            Channel::Unionpay => &[Method::Gateway],
        }
    }

    fn check(&self, order: &Order, _now: Timestamp) -> Result<(), Unfit> {
        if order.no.method() == Method::Code && order.auth_code.is_none() {
            return Err(Unfit {
                detail: Detail::AuthCode,
                why: "a payment code is needed".to_owned(),
            });
        }
        Ok(())
    }

    fn holder(&self) -> &Holder {
        &self.holder
    }

    fn action(&self, order: &Order, _now: Timestamp) -> Option<Action> {
        match order.no.method() {
            Method::Page | Method::Wap | Method::Gateway => Some(Action::Redirect {
                url: format!("sim://page/{}", order.no),
            }),
            Method::Native | Method::Jsapi | Method::H5 | Method::Code => None,
        }
    }

    fn create_request(&self, order: &Order, _now: Timestamp) -> Result<HttpRequest, CannotSend> {
        if order.no.method() == Method::Code && order.auth_code.is_none() {
            return Err(CannotSend::NoAuthCode);
        }
        Ok(self.ask("create", order, None))
    }

    fn read_create(&self, order: &Order, answer: &HttpAnswer, _now: Timestamp) -> CreateReading {
        let words = words(&answer.body);
        match words.first().map(String::as_str) {
            Some("made") => CreateReading::Made {
                action: Action::Qr {
                    content: format!("sim://code/{}", order.no),
                },
                expires_at: None,
            },
            Some("taken") => CreateReading::Taken,
            Some("refused") => CreateReading::Refused,
            Some(_) | None => {
                claim(&words, order.amount).map_or(CreateReading::NoAnswer, CreateReading::Claim)
            }
        }
    }

    fn query_request(&self, order: &Order, _now: Timestamp) -> Result<HttpRequest, CannotSend> {
        Ok(self.ask("query", order, None))
    }

    fn read_query(&self, order: &Order, answer: &HttpAnswer, _now: Timestamp) -> TradeReading {
        let words = words(&answer.body);
        let closed = || {
            TradeReading::Claim(TradeClaim {
                order_no: order.no.to_string(),
                payee: payee(&self.holder.merchant),
                standing: Standing::Closed,
            })
        };
        match words.first().map(String::as_str) {
            Some("notfound") if is_built(Wrong::AbsenceFails) => closed(),
            Some("notfound") => TradeReading::NotFound,
            Some("unpaid") if is_built(Wrong::UnpaidFails) => closed(),
            Some("silence") => closed(),
            Some(_) | None => {
                claim(&words, order.amount).map_or(TradeReading::NoAnswer, TradeReading::Claim)
            }
        }
    }

    fn close_request(&self, order: &Order, _now: Timestamp) -> Result<HttpRequest, CannotSend> {
        match self.channel {
            Channel::Unionpay => Err(CannotSend::NoSuchCall),
            Channel::Alipay | Channel::Wechat => Ok(self.ask("close", order, None)),
        }
    }

    fn read_close(&self, _order: &Order, answer: &HttpAnswer, _now: Timestamp) -> CloseAnswer {
        match words(&answer.body).first().map(String::as_str) {
            Some("ok") => CloseAnswer::Accepted,
            Some("conflict") => CloseAnswer::Conflict,
            Some("notfound") => CloseAnswer::NotFound,
            Some(_) | None => CloseAnswer::NoAnswer,
        }
    }

    fn refund_request(
        &self,
        order: &Order,
        refund: &RefundOrder,
        _now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        Ok(self.ask("refund", order, Some(refund)))
    }

    fn read_refund(
        &self,
        _order: &Order,
        _refund: &RefundOrder,
        answer: &HttpAnswer,
        _now: Timestamp,
    ) -> RefundReport {
        refund_report(words(&answer.body).first())
    }

    fn refund_query_request(
        &self,
        order: &Order,
        refund: &RefundOrder,
        _now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        Ok(self.ask("refund_query", order, Some(refund)))
    }

    fn read_refund_query(
        &self,
        _order: &Order,
        _refund: &RefundOrder,
        answer: &HttpAnswer,
        _now: Timestamp,
    ) -> RefundReport {
        refund_report(words(&answer.body).first())
    }

    fn reverse_request(&self, order: &Order, _now: Timestamp) -> Result<HttpRequest, CannotSend> {
        match order.no.method() {
            Method::Code => Ok(self.ask("reverse", order, None)),
            Method::Page
            | Method::Wap
            | Method::Native
            | Method::Jsapi
            | Method::H5
            | Method::Gateway => Err(CannotSend::NoSuchCall),
        }
    }

    fn read_reverse(&self, _order: &Order, answer: &HttpAnswer, _now: Timestamp) -> ReversalReport {
        match words(&answer.body).first().map(String::as_str) {
            Some("reversed") => ReversalReport::Reversed,
            Some("nothing") => ReversalReport::NothingTaken,
            Some("refused") => ReversalReport::Refused,
            Some(_) | None => ReversalReport::Again,
        }
    }

    fn read_notification(
        &self,
        notification: UnverifiedNotification<'_>,
    ) -> Result<NoticeReading, Rejected> {
        let signed = notification
            .headers
            .iter()
            .any(|(name, value)| name == "signature" && value == "genuine");
        if !signed && !is_built(Wrong::UnsignedTrusted) {
            return Err(Rejected::BadSignature);
        }
        let words = words(notification.body);
        let word = |index: usize| words.get(index).map_or("", String::as_str);
        let event = if word(0) == "refund" {
            let no = refund_of(word(1), word(3)).ok_or(Rejected::NotOurNumber)?;
            let amount = word(5).parse().ok().map(Money::from_fen);
            Event::Refund {
                no,
                report: refund_report(words.get(4)),
                amount,
            }
        } else {
            Event::Trade(standing(&words, None).ok_or(Rejected::Unreadable("no standing"))?)
        };
        let named = if is_built(Wrong::ForeignTrusted) {
            &self.holder.merchant
        } else {
            word(2)
        };
        Ok(NoticeReading {
            order_no: word(1).to_owned(),
            payee: payee(named),
            event,
        })
    }

    fn acknowledge(&self, accepted: bool) -> Acknowledgement {
        Acknowledgement {
            status: if accepted { 200 } else { 500 },
            content_type: "text/plain",
            body: if accepted { "success" } else { "fail" },
        }
    }
}
