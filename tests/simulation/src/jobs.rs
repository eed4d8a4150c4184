//! Jobs: what each function of ours does with what woke it. The glue is that of `shared/lambda`, and the
//! use cases are the real ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use channel_simulator::{Notification, Told};
use payonce_app::console::Console;
use payonce_app::{
    App, AuthCode, Failure, InitiateRequest, RefundOutcome, Replaces, Telling, WayToPay,
};
use payonce_channels::UnverifiedNotification;
use payonce_domain::obligation::SOON;
use payonce_domain::{
    AccountId, Action, Announcement, Channel, ChannelOrderNo, MerchantId, MerchantOrderNo,
    MerchantRefundNo, Method, Money, Payment, PaymentKey, PaymentNo, RefundNo, Refusal, Span,
    Stretch, Timestamp,
};
use payonce_store::audit::Restored;
use payonce_store::{ChannelAccount, Line, Merchant, RefundControls, StoreError, Work};
use serde_json::{Value, json};

use crate::operator;
use crate::plan::{Deed, Plan, START_MS, WAYS};
use crate::wire;
use crate::world::{Job, Notice};

/// How a job ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Well,
    /// It failed; whoever sent it tries again.
    Failed,
    /// A payment stands, with what its buyer is given to open where the channels are real.
    Paid(Box<Payment>, Vec<(String, Action)>),
    /// Somebody asked, and was shown this.
    Shown(Box<Payment>),
    Refused(Refusal),
    Acknowledged(u16),
    /// These messages go back to the queue.
    Back(Vec<String>),
    Held,
    /// The audit made a record what its history says.
    Restored,
    /// A breaker opened.
    Opened,
    /// A refund by hand was approved.
    Approved,
}

/// What a job is done with.
pub(crate) struct Tools {
    pub(crate) app: Arc<App>,
    pub(crate) console: Arc<Console>,
    pub(crate) merchant: Arc<Merchant>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) now: Timestamp,
}

/// The merchant of every world.
pub(crate) fn merchant(plan: &Plan) -> Merchant {
    let account = |channel: Channel| {
        let name = format!("shop-{}", channel.name());
        ChannelAccount {
            id: id(&name),
            channel,
            settings: if plan.real {
                wire::settings(channel)
            } else {
                name.clone()
            },
            receiving_secret_name: (plan.real && wire::encrypts(channel))
                .then(|| format!("{name}{}", wire::RECEIVING)),
            secret_name: name,
            fee_rate: None,
            retired: false,
            stretch: Stretch::NONE,
        }
    };
    Merchant {
        id: MerchantId::new("shop").expect("a short name"),
        name: None,
        mode: plan.mode,
        api_keys: Vec::new(),
        accounts: Channel::ALL.map(account).into(),
        return_urls: vec![RETURN_URL.to_owned()],
        notify_urls: vec![NOTIFY_URL.to_owned()],
        webhook_secret_name: Some("webhook".to_owned()),
    }
}

const RETURN_URL: &str = "https://shop.example.com/back";
const NOTIFY_URL: &str = "https://shop.example.com/told";

fn id(name: &str) -> AccountId {
    AccountId::new(name).expect("a short name")
}

fn order_no(order: u8) -> MerchantOrderNo {
    MerchantOrderNo::new(format!("order-{order}")).expect("a short number")
}

/// The payment of an order.
pub(crate) fn payment_no(order: u8) -> PaymentNo {
    let merchant = MerchantId::new("shop").expect("a short name");
    PaymentNo::new(PaymentKey::derive(&merchant, &order_no(order)))
}

pub(crate) const TELLING: Telling = Telling {
    message: tell,
    event: tell,
};

fn tell(payment: &Payment, announcement: &Announcement) -> Result<Value, Failure> {
    Ok(json!({ "payment": payment.payment_no().to_string(), "sequence": announcement.sequence }))
}

pub(crate) async fn carry_out(
    tools: Tools,
    job: Job,
    notice: Option<(Notice, Option<Notification>)>,
) -> Ended {
    let Tools {
        app, merchant, now, ..
    } = &tools;
    let now = *now;
    match job {
        Job::Deed(deed) => deed_done(&tools, deed).await,
        Job::Notice(_) => match notice {
            Some((notice, rendered)) => heard(app, &notice, rendered, now).await,
            None => Ended::Well,
        },
        Job::Queries(bodies, _) => queries(app, bodies, now).await,
        Job::Tellings(bodies, _) => tellings(app, bodies, now).await,
        Job::Sweep => {
            app.sweep(now).await;
            Ended::Well
        }
        Job::Reconcile => match app.reconcile_all(now).await {
            Ok((_, 0)) => Ended::Well,
            Ok(_) | Err(_) => Ended::Failed,
        },
        Job::Audit => restored(app, now).await,
        Job::Crowd(channel) => others_suffer(app, channel, now).await,
        Job::SetUp => {
            let stored = app.store.put_merchant(merchant).await;
            let capped = match tools.plan.hourly_cap {
                Some(_) => {
                    app.store
                        .set_refund_controls(&controls(&tools.plan, true))
                        .await
                }
                None => Ok(()),
            };
            match stored.and(capped) {
                Ok(()) => Ended::Well,
                Err(error) => unreachable!("the world could not be set up: {error}"),
            }
        }
        Job::Refund(payload, _) => {
            let Some((payment, refund)) = read_refund(&payload) else {
                return Ended::Well;
            };
            match app.send_refund(payment, refund, now).await {
                Ok(RefundOutcome::Held) => Ended::Held,
                Ok(RefundOutcome::Sent(_) | RefundOutcome::NothingToSend) => Ended::Well,
                Err(_) => Ended::Failed,
            }
        }
        Job::Notify(payload, _) => {
            let Some((payment, _)) = read_wake(&payload) else {
                return Ended::Well;
            };
            if app.tell_alone(payment, TELLING, now).await {
                Ended::Well
            } else {
                Ended::Failed
            }
        }
    }
}

/// Five orders of others are not answered, as the use cases of five other payments would note it.
async fn others_suffer(app: &App, channel: Channel, now: Timestamp) -> Ended {
    let account = id(&format!("shop-{}", channel.name()));
    let mut opened = false;
    for work in [Work::Placing, Work::Asking] {
        let line = Line {
            channel,
            account: account.clone(),
            work,
        };
        for order in 100..105 {
            let no = ChannelOrderNo::new(payment_no(order).key(), channel, Method::Page, 1);
            let noted = app.store.note_trouble(&line, no, now).await;
            opened |= noted.is_ok_and(|breaker| breaker.is_open(now));
        }
    }
    if opened { Ended::Opened } else { Ended::Well }
}

/// What the audit does about each payment it walks past.
async fn restored(app: &App, now: Timestamp) -> Ended {
    let mut any = false;
    for order in 0..2 {
        match app.store.restore(payment_no(order).key(), now).await {
            Ok(Restored::Done) => any = true,
            Ok(Restored::Whole | Restored::Moved | Restored::Untrusted) => {}
            Err(StoreError::Gone(_)) => {}
            Err(_) => return Ended::Failed,
        }
    }
    if any { Ended::Restored } else { Ended::Well }
}

async fn deed_done(tools: &Tools, deed: Deed) -> Ended {
    let Tools {
        app,
        merchant,
        plan,
        now,
        ..
    } = tools;
    let now = *now;
    let price = plan.price;
    let done = match deed {
        Deed::Pay {
            order,
            way,
            switch,
            other_amount,
            replaces,
        } => {
            let request = request(plan, order, way, switch, other_amount, replaces, now);
            let initiated = match (switch && plan.asks_by_number(), request.way.clone()) {
                (true, Some(way)) => {
                    let no = payment_no(order);
                    Box::pin(app.initiate_again(merchant, no, way, switch, now)).await
                }
                _ => Box::pin(app.initiate(merchant, request, now)).await,
            };
            return match initiated {
                Ok(initiated) => {
                    let payment = initiated.payment;
                    let actions = actions(app, plan, &payment, now).await;
                    Ended::Paid(Box::new(payment), actions)
                }
                Err(Failure::Refused { refusal, .. }) => Ended::Refused(refusal),
                Err(_) => Ended::Failed,
            };
        }
        Deed::Close(order) => app
            .close(merchant, payment_no(order), now)
            .await
            .map(|_| ()),
        Deed::GiveBack(order, request, tenths) => {
            let request = MerchantRefundNo::new(format!("back-{request}")).expect("a short number");
            let amount = Money::from_fen(price * u64::from(tenths) / 10);
            app.give_back(merchant, payment_no(order), request, amount, None, now)
                .await
                .map(|_| ())
        }
        Deed::Refresh(order) => {
            return match app.refresh(merchant, payment_no(order), now).await {
                Ok(stored) => Ended::Shown(Box::new(stored.payment().clone())),
                Err(Failure::Refused { refusal, .. }) => Ended::Refused(refusal),
                Err(_) => Ended::Failed,
            };
        }
        Deed::TellAgain(order) => app
            .tell_again(merchant, payment_no(order), now)
            .await
            .map(|_| ()),
        Deed::Operator(order, hand) => return operator::by_hand(tools, order, hand).await,
        Deed::Switch(enabled) => {
            let controls = controls(plan, enabled);
            let set = app.store.set_refund_controls(&controls).await;
            return if set.is_ok() {
                Ended::Well
            } else {
                Ended::Failed
            };
        }
    };
    match done {
        Ok(()) => Ended::Well,
        Err(Failure::Refused { refusal, .. }) => Ended::Refused(refusal),
        Err(_) => Ended::Failed,
    }
}

/// What operators allow.
fn controls(plan: &Plan, enabled: bool) -> RefundControls {
    RefundControls {
        enabled,
        hourly_cap: plan.hourly_cap.map(Money::from_fen),
    }
}

fn request(
    plan: &Plan,
    order: u8,
    way: u8,
    switch: bool,
    other_amount: bool,
    replaces: bool,
    now: Timestamp,
) -> InitiateRequest {
    let (channel, method) = WAYS[usize::from(way)];
    let begins = START_MS + u64::from(order) * plan.lasts / 2;
    let older = order.checked_sub(1).filter(|_| replaces);
    InitiateRequest {
        merchant_order_no: order_no(order),
        amount: Money::from_fen(plan.price + u64::from(other_amount)),
        subject: "一双鞋".to_owned(),
        way: Some(WayToPay {
            channel,
            method,
            bank: None,
            auth_code: (method == Method::Code)
                .then(|| AuthCode::new(auth_code(plan, channel, now))),
            return_url: None,
        }),
        expires_at: Timestamp::from_millis(begins + plan.lasts).floor_to_second(),
        return_url: plan.real.then(|| RETURN_URL.to_owned()),
        notify_url: Some(NOTIFY_URL.to_owned()),
        client_ip: None,
        payer: None,
        metadata: BTreeMap::new(),
        switch,
        replaces: older.map(|older| Replaces {
            payment_no: payment_no(older),
            confirmed_at: now.minus(Span::seconds(1)),
        }),
    }
}

/// What a buyer is given to open, as it stands in the answer to the merchant.
async fn actions(
    app: &App,
    plan: &Plan,
    payment: &Payment,
    now: Timestamp,
) -> Vec<(String, Action)> {
    let mut actions = Vec::new();
    if !plan.real {
        return actions;
    }
    for order in payment
        .channel_orders
        .iter()
        .filter(|order| order.state.is_open())
    {
        if let Ok(Some(action)) = app.action(payment, order, now).await {
            actions.push((order.no.to_string(), action));
        }
    }
    actions
}

/// The digits a buyer shows (付款码). At real channels the last one says what he does: pay at once, think about it, have
/// too little, or pay while the channel's answer fails.
fn auth_code(plan: &Plan, channel: Channel, now: Timestamp) -> String {
    if !plan.real {
        return "280123456789012345".to_owned();
    }
    let millis = now.as_millis();
    let first = match channel {
        Channel::Alipay => "28",
        Channel::Wechat => "13",
        Channel::Unionpay => "62",
    };
    let last = [0, 1, 1, 2, 3, 4][usize::try_from(millis % 6).unwrap_or(0)];
    format!("{first}{:015}{last}", millis % 1_000_000_000_000_000)
}

async fn heard(
    app: &App,
    notice: &Notice,
    rendered: Option<Notification>,
    now: Timestamp,
) -> Ended {
    if let (Some(rendered), Some(told)) = (rendered, &notice.told) {
        return really_heard(app, notice, &rendered, told, now).await;
    }
    let signature = if notice.genuine { "genuine" } else { "forged" };
    let headers = [("signature".to_owned(), signature.to_owned())];
    let notification = UnverifiedNotification {
        headers: &headers,
        body: notice.body.as_bytes(),
        received_at: now,
    };
    let account = id(&notice.account);
    match app
        .receive(notice.channel, &account, notification, now)
        .await
    {
        Ok(Some(said)) => Ended::Acknowledged(said.status),
        Ok(None) => Ended::Acknowledged(404),
        Err(_) => Ended::Acknowledged(503),
    }
}

/// A real channel reads the answer itself: a status alone does not say that it was heard.
async fn really_heard(
    app: &App,
    notice: &Notice,
    rendered: &Notification,
    told: &Told,
    now: Timestamp,
) -> Ended {
    let notification = UnverifiedNotification {
        headers: &rendered.headers,
        body: &rendered.body,
        received_at: now,
    };
    let account = id(&notice.account);
    let said = app
        .receive(notice.channel, &account, notification, now)
        .await;
    match said {
        Ok(Some(said)) if told.is_acknowledged_by(said.status, said.body.as_bytes()) => {
            Ended::Acknowledged(200)
        }
        Ok(Some(_)) => Ended::Acknowledged(500),
        Ok(None) => Ended::Acknowledged(404),
        Err(_) => Ended::Acknowledged(503),
    }
}

fn read_wake(body: &str) -> Option<(PaymentNo, Option<Timestamp>)> {
    let value: Value = serde_json::from_str(body).ok()?;
    let payment_no = PaymentNo::parse(value["payment_no"].as_str()?)?;
    Some((
        payment_no,
        value["at_ms"].as_u64().map(Timestamp::from_millis),
    ))
}

fn read_refund(payload: &str) -> Option<(PaymentNo, RefundNo)> {
    let value: Value = serde_json::from_str(payload).ok()?;
    let payment_no = PaymentNo::parse(value["payment_no"].as_str()?)?;
    Some((payment_no, RefundNo::parse(value["refund_no"].as_str()?)?))
}

type Wakes = Vec<(PaymentNo, Timestamp)>;

fn sorted(bodies: &[String], now: Timestamp) -> (Vec<PaymentNo>, Wakes) {
    let (mut due, mut ahead) = (Vec::new(), Vec::new());
    for (payment_no, at) in bodies.iter().filter_map(|body| read_wake(body)) {
        match at.filter(|at| *at > now.plus(SOON)) {
            Some(at) => ahead.push((payment_no, at)),
            None => due.push(payment_no),
        }
    }
    (due, ahead)
}

fn back(bodies: Vec<String>, failed: &[PaymentNo]) -> Ended {
    let again = |body: &String| read_wake(body).is_none_or(|(no, _)| failed.contains(&no));
    Ended::Back(bodies.into_iter().filter(again).collect())
}

async fn queries(app: &App, bodies: Vec<String>, now: Timestamp) -> Ended {
    let (due, ahead) = sorted(&bodies, now);
    app.pass_on(&ahead, now).await;
    let failed = app.advance_all(&due, now).await;
    back(bodies, &failed)
}

async fn tellings(app: &App, bodies: Vec<String>, now: Timestamp) -> Ended {
    let (due, ahead) = sorted(&bodies, now);
    app.outbox.wake_telling(&ahead, now).await;
    let failed = app.tell_all(&due, TELLING, now).await;
    back(bodies, &failed)
}
