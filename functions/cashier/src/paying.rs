//! The buttons that begin an attempt or end one. They call the use cases of the API: the page decides nothing.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use payonce_app::{App, Failure, Initiated, OfferedChannel, Outcome, WayToPay};
use payonce_domain::{BankCode, BuyerAct, Channel, ChannelOrderState, Method, Mode, Refusal};

use crate::answer::{self, NoPage};
use crate::cookie;
use crate::look::Device;
use crate::notice::Notice;
use crate::stage::is_offered;
use crate::visit::{Query, Visit};

/// More than any form of ours has.
const FORM_BYTES_MAX: usize = 4_096;

/// What a form says.
struct Wish {
    channel: Option<Channel>,
    bank: Option<BankCode>,
    /// Whether the buyer confirmed another attempt beside those that stand.
    beside: bool,
}

impl Wish {
    fn read(body: &[u8]) -> Self {
        let form = form_urlencoded::parse(body.get(..FORM_BYTES_MAX).unwrap_or(body));
        let fields: Query = form.into_owned().collect();
        let field = |name: &str| fields.get(name).map(String::as_str);
        Self {
            channel: field("channel").and_then(Channel::from_name),
            bank: field("bank").and_then(|code| BankCode::new(code).ok()),
            beside: field("beside") == Some("1"),
        }
    }
}

/// `POST /cashier/{token}/pay`.
pub(crate) async fn pay(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, NoPage> {
    let visit = Visit::begin(&app, token, &headers, &Query::new()).await?;
    let wish = Wish::read(&body);
    let Some(channel) = wish.channel.filter(|_| visit.stage().is_payable()) else {
        return Ok(answer::go(&visit.home()));
    };
    let act = if wish.beside {
        BuyerAct::Insisted(channel)
    } else {
        BuyerAct::Chose(channel)
    };
    app.note_buyer(&visit.at.payment, act, visit.now).await;
    let orders = &visit.at.payment.channel_orders;
    let elsewhere = orders
        .iter()
        .any(|order| order.state.is_open() && order.channel() != channel);
    // A lenient merchant allows it; the buyer is asked all the same.
    if elsewhere && !wish.beside {
        return Ok(answer::go(&visit.home_saying(Notice::AlreadyBegun)));
    }
    begin(&app, &visit, channel, wish.bank, false).await
}

/// `POST /cashier/{token}/close`: with a channel, the attempts before are given up for one through it; without,
/// the order is given up.
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, NoPage> {
    let visit = Visit::begin(&app, token, &headers, &Query::new()).await?;
    if !visit.stage().is_payable() {
        return Ok(answer::go(&visit.home()));
    }
    let wish = Wish::read(&body);
    if let Some(channel) = wish.channel {
        let act = BuyerAct::Switched(channel);
        app.note_buyer(&visit.at.payment, act, visit.now).await;
        return begin(&app, &visit, channel, wish.bank, true).await;
    }
    app.note_buyer(&visit.at.payment, BuyerAct::GaveUp, visit.now)
        .await;
    let no = visit.at.payment.payment_no();
    match app.close(&visit.at.merchant, no, visit.now).await {
        Ok(_) => Ok(answer::go(&visit.home())),
        Err(failure) => refused(&visit, failure),
    }
}

async fn begin(
    app: &App,
    visit: &Visit,
    channel: Channel,
    bank: Option<BankCode>,
    switch: bool,
) -> Result<Response, NoPage> {
    let merchant = &visit.at.merchant;
    let offered = app.offered_channels(merchant, visit.now).await;
    let offered = offered.map_err(|failure| visit.no_page(failure))?;
    let offered = offered.into_iter().find(|offer| offer.channel == channel);
    let Some(method) = offered.and_then(|offer| method(visit, &offer)) else {
        return Ok(answer::go(&visit.home_saying(Notice::Refused)));
    };
    let way = WayToPay {
        channel,
        method,
        bank: bank.filter(|_| channel == Channel::Unionpay),
        auth_code: None,
        return_url: Some(app.cashier_return_url(&visit.token)),
    };
    let no = visit.at.payment.payment_no();
    let switch = switch && visit.at.payment.terms.mode == Mode::Strict;
    let begun = app
        .initiate_again(merchant, no, way, switch, visit.now)
        .await;
    let mut response = match begun {
        Ok(initiated) => answer::go(&next(visit, &initiated, channel, method)),
        Err(failure) => refused(visit, failure)?,
    };
    let headers = response.headers_mut();
    cookie::remember(headers, cookie::CHANNEL, channel.name(), &app.public_url);
    Ok(response)
}

/// The attempt that stands keeps its way, whatever it is read with now; else the way that fits the device.
pub(crate) fn method(visit: &Visit, offer: &OfferedChannel) -> Option<Method> {
    let payment = &visit.at.payment;
    let standing = payment.channel_orders.iter();
    let mut standing =
        standing.filter(|order| order.channel() == offer.channel && is_offered(order));
    if let Some(order) = standing.next() {
        return Some(order.method());
    }
    let fitting: &[Method] = match (offer.channel, visit.look.device) {
        (Channel::Alipay, Device::Desktop) => &[Method::Page, Method::Wap],
        (Channel::Alipay, Device::Phone | Device::WechatApp) => &[Method::Wap, Method::Page],
        // WeChat wants the buyer's address for it, which only the merchant can have told.
        (Channel::Wechat, Device::Phone) if payment.terms.client_ip.is_some() => {
            &[Method::H5, Method::Native]
        }
        (Channel::Wechat, Device::Desktop | Device::Phone | Device::WechatApp) => &[Method::Native],
        (Channel::Unionpay, Device::Desktop | Device::Phone | Device::WechatApp) => {
            &[Method::Gateway]
        }
    };
    let mut fitting = fitting.iter().copied();
    fitting.find(|method| offer.methods.contains(method))
}

/// Where the buyer goes once an attempt was asked for.
fn next(visit: &Visit, initiated: &Initiated, channel: Channel, method: Method) -> String {
    let orders = initiated.payment.channel_orders.iter().rev();
    let mut orders = orders.filter(|order| order.channel() == channel && order.method() == method);
    match orders.next().map(|order| (order.no, order.state)) {
        Some((no, ChannelOrderState::Pending)) if initiated.outcome != Outcome::Awaited => {
            format!("{}/channel-orders/{no}", visit.home())
        }
        Some((_, ChannelOrderState::Failed)) => visit.home_saying(Notice::Refused),
        Some((_, ChannelOrderState::Paid)) => visit.home(),
        Some((
            _,
            ChannelOrderState::Submitted
            | ChannelOrderState::Pending
            | ChannelOrderState::Closing
            | ChannelOrderState::Closed,
        ))
        | None => visit.home_saying(Notice::Awaited),
    }
}

/// A refusal is a page that says so: the true state is on it.
fn refused(visit: &Visit, failure: Failure) -> Result<Response, NoPage> {
    let notice = match &failure {
        Failure::Refused { refusal, .. } => match refusal {
            Refusal::StateUnknown { .. } => Some(Notice::Unproven),
            Refusal::TooManyAttempts => Some(Notice::TooMany),
            Refusal::AlreadyPaid
            | Refusal::OrderClosed
            | Refusal::RequestMismatch
            | Refusal::OtherSuccessor
            | Refusal::ExceedsCaptured
            | Refusal::TooManyRefunds
            | Refusal::NothingToTell
            | Refusal::ToldTooOften
            | Refusal::SamePerson
            | Refusal::Moved
            | Refusal::NotDue => None,
        },
        Failure::ChannelUnavailable { .. } => Some(Notice::Unavailable),
        Failure::Invalid(_) => Some(Notice::Refused),
        Failure::Unknown { .. } => Some(Notice::Awaited),
        Failure::NotFound | Failure::Unavailable(_) => return Err(visit.no_page(failure)),
    };
    let home = notice.map_or_else(|| visit.home(), |notice| visit.home_saying(notice));
    Ok(answer::go(&home))
}
