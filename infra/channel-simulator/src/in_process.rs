//! The channels within another process and at that process's clock: for worlds that are played faster than
//! time passes.
//!
//! Nothing is listened to and nothing is sent. A request is handed over and answered at once; what merchants
//! have to be told is handed out, to be rendered and signed at the moment at which it is delivered.

use std::sync::Arc;

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{Request, StatusCode},
    response::Response,
};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::{
    books::{Channel, Order, Refund},
    clock::{self, Moment},
    connection::Line,
    faults::Spoil,
    notice::{self, Notice},
    notifier, server,
    setup::Setup,
    simulator::{Accounts, Numbers, Simulator, World},
};

/// Accounts with both sides' keys. Making keys takes seconds; worlds share them.
#[derive(Clone, Debug)]
pub struct Keys(Arc<Accounts>);

impl Keys {
    /// Makes the keys of these accounts, given as the setup file has them. Certificates are dated by `millis`
    /// since 1970.
    ///
    /// # Errors
    /// When the setup is not understood.
    pub fn make(setup: Value, millis: u64) -> anyhow::Result<Self> {
        let setup: Setup = serde_json::from_value(setup).context("reading a setup")?;
        play(millis);
        let accounts = server::make_accounts(&setup.checked()?, Default::default())?;
        Ok(Self(Arc::new(accounts)))
    }
}

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// To the byte.
    pub body: Vec<u8>,
}

/// An answer as it comes over the wire.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// To the byte.
    pub body: Vec<u8>,
}

/// Money given back, or on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The number it was asked for under, or the channel's own where nobody asked.
    pub refund_no: String,
    /// In fen.
    pub amount: u64,
    /// `processing`, `succeeded`, `failed` or `abnormal`.
    pub state: &'static str,
}

/// An order in the books. Amounts are fen, times milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    /// The channel's name.
    pub channel: &'static str,
    /// The merchant's account there.
    pub account: String,
    /// The merchant's number.
    pub channel_order_no: String,
    /// The channel's number.
    pub trade_no: String,
    /// `waiting`, `paid`, `refunded` or `closed`.
    pub state: &'static str,
    /// What was ordered.
    pub amount: u64,
    /// Until when it can be paid.
    pub expires_at: u64,
    /// When the channel came to know it.
    pub made_at: u64,
    /// What was taken, and when.
    pub captures: Vec<(u64, u64)>,
    /// What was given back.
    pub refunds: Vec<Given>,
}

/// What a merchant has to be told. Its wire form is made when it is delivered.
#[derive(Clone, Debug)]
pub struct Told(Notice);

/// A notification as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// To the byte.
    pub body: Vec<u8>,
}

impl Told {
    /// The channel's name.
    #[must_use]
    pub fn channel(&self) -> &'static str {
        self.0.channel.name()
    }

    /// The account it is for.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.0.account
    }

    /// The order it speaks of.
    #[must_use]
    pub fn channel_order_no(&self) -> &str {
        &self.0.channel_order_no
    }

    /// Whether the channel takes this answer for "heard".
    #[must_use]
    pub fn is_acknowledged_by(&self, status: u16, body: &[u8]) -> bool {
        notice::is_acknowledged(self.0.channel, status, body)
    }
}

/// Channels that are played: one world of their books.
#[derive(Debug)]
pub struct Played {
    simulator: Arc<Simulator>,
    routes: Router,
    runtime: tokio::runtime::Runtime,
}

impl Played {
    /// A world with empty books, at this address. The same `run` gives the same channel numbers.
    ///
    /// # Errors
    /// When the operating system gives no runtime.
    pub fn new(keys: &Keys, run: u32, public_url: &str) -> anyhow::Result<Self> {
        let world = World {
            numbers: Numbers::of_run(run),
            ..World::default()
        };
        let accounts = Arc::clone(&keys.0);
        let simulator = Arc::new(Simulator::new(world, accounts, public_url.to_owned()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .context("a runtime")?;
        Ok(Self {
            routes: server::routes(Arc::clone(&simulator)),
            simulator,
            runtime,
        })
    }

    /// Says what time it is for all that is played on this thread, in milliseconds since 1970.
    #[allow(
        clippy::unused_self,
        reason = "whoever says it has a world to say it of"
    )]
    pub fn stand_at(&self, millis: u64) {
        play(millis);
    }

    /// Hands a request over and waits for its answer.
    ///
    /// # Errors
    /// When what is handed over is no HTTP request.
    pub fn ask(&self, asked: Asked) -> anyhow::Result<Answered> {
        let mut request = Request::builder().method(asked.method).uri(&asked.url);
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::from(asked.body)).context("a request")?;
        let line = ConnectInfo(Line::default());
        request.extensions_mut().insert(line);
        let routes = self.routes.clone();
        self.runtime.block_on(async move {
            let Ok(response) = routes.oneshot(request).await;
            answered(response).await
        })
    }

    /// Every order that the channels know.
    #[must_use]
    pub fn books(&self) -> Vec<Booked> {
        self.simulator.look(|world| {
            let now = world.now();
            world.books.known(now).map(booked).collect()
        })
    }

    /// What has come due to be told; and when to ask for more, in milliseconds since 1970.
    #[must_use]
    pub fn take_told(&self) -> (Vec<Told>, Option<u64>) {
        self.simulator.look(|world| {
            let settled = notifier::settle_refunds(world, &self.simulator.accounts);
            let due = world.notices.take_due(world.now());
            for notice in &due {
                // Whoever plays the world repeats it until it is heard.
                world.notices.finish(&notice.notify_id);
            }
            let next = [settled, world.notices.next_due()];
            let next = next.into_iter().flatten().min().map(millis);
            (due.into_iter().map(Told).collect(), next)
        })
    }

    /// A notification's wire form now; signed by a stranger's key if it is to be a forgery.
    #[must_use]
    pub fn render(&self, told: &Told, is_forged: bool) -> Notification {
        let spoil = if is_forged {
            Spoil::WrongKey
        } else {
            Spoil::Nothing
        };
        let clock = self.simulator.look(|world| world.clock);
        let message = notice::wire(&self.simulator.accounts, &told.0, clock, spoil);
        let mut headers = vec![("content-type".to_owned(), message.content_type.to_owned())];
        let others = message.headers.into_iter();
        headers.extend(others.map(|(name, value)| (name.to_ascii_lowercase(), value)));
        Notification {
            headers,
            body: message.body.into_bytes(),
        }
    }
}

fn play(millis: u64) {
    clock::play(Moment::from_millis(
        i64::try_from(millis).unwrap_or(i64::MAX),
    ));
}

async fn answered(response: Response) -> anyhow::Result<Answered> {
    let status: StatusCode = response.status();
    let headers = response.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let headers = headers.collect();
    let body: Bytes = response.into_body().collect().await?.to_bytes();
    Ok(Answered {
        status: status.as_u16(),
        headers,
        body: body.to_vec(),
    })
}

fn fen(amount: i64) -> u64 {
    u64::try_from(amount).unwrap_or(0)
}

fn millis(moment: Moment) -> u64 {
    u64::try_from(moment.as_millis()).unwrap_or(0)
}

fn booked(order: &Order) -> Booked {
    let channel: Channel = order.channel;
    let captures = order.captures.iter();
    Booked {
        channel: channel.name(),
        account: order.account.clone(),
        channel_order_no: order.channel_order_no.clone(),
        trade_no: order.trade_no.clone(),
        state: order.state.name(),
        amount: fen(order.amount),
        expires_at: millis(order.expires_at),
        made_at: millis(order.created_at),
        captures: captures
            .map(|capture| (fen(capture.amount), millis(capture.at)))
            .collect(),
        refunds: order.refunds.iter().map(given).collect(),
    }
}

fn given(refund: &Refund) -> Given {
    Given {
        refund_no: refund.refund_no.clone(),
        amount: fen(refund.amount),
        state: refund.state.name(),
    }
}
