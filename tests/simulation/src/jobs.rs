//! Jobs: what each function of ours does with what woke it. The glue is that of `shared/lambda`, and the
//! use cases are the real ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use payonce_app::{
    App, AuthCode, Failure, InitiateRequest, RefundOutcome, Replaces, Telling, WayToPay,
};
use payonce_channels::UnverifiedNotification;
use payonce_domain::obligation::SOON;
use payonce_domain::{
    AccountId, Announcement, MerchantId, MerchantOrderNo, MerchantRefundNo, Method, Money, Payment,
    PaymentKey, PaymentNo, RefundNo, Refusal, Span, Stretch, Timestamp,
};
use payonce_store::{ChannelAccount, Merchant, RefundControls};
use serde_json::{Value, json};

use crate::plan::{Deed, Plan, START_MS, WAYS};
use crate::world::{Job, Notice};

/// How a job ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Well,
    /// It failed; whoever sent it tries again.
    Failed,
    Paid(Box<Payment>),
    Refused(Refusal),
    Acknowledged(u16),
    /// These messages go back to the queue.
    Back(Vec<String>),
    Held,
}

/// What a job is done with.
pub(crate) struct Tools {
    pub(crate) app: Arc<App>,
    pub(crate) merchant: Arc<Merchant>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) now: Timestamp,
}

/// The merchant of every world.
pub(crate) fn merchant(plan: &Plan) -> Merchant {
    let account = |channel: payonce_domain::Channel| {
        let name = format!("shop-{}", channel.name());
        ChannelAccount {
            id: id(&name),
            channel,
            settings: name.clone(),
            secret_name: name,
            receiving_secret_name: None,
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
        accounts: payonce_domain::Channel::ALL.map(account).into(),
        return_urls: Vec::new(),
        notify_urls: vec![NOTIFY_URL.to_owned()],
        webhook_secret_name: Some("webhook".to_owned()),
    }
}

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

pub(crate) async fn carry_out(tools: Tools, job: Job, notice: Option<Notice>) -> Ended {
    let Tools {
        app, merchant, now, ..
    } = &tools;
    let now = *now;
    match job {
        Job::Deed(deed) => deed_done(&tools, deed).await,
        Job::Notice(_) => match notice {
            Some(notice) => heard(app, &notice, now).await,
            None => Ended::Well,
        },
        Job::Queries(bodies, _) => queries(app, bodies, now).await,
        Job::Tellings(bodies, _) => tellings(app, bodies, now).await,
        Job::Sweep => {
            app.sweep(now).await;
            Ended::Well
        }
        Job::SetUp => match app.store.put_merchant(merchant).await {
            Ok(()) => Ended::Well,
            Err(error) => unreachable!("the merchant could not be stored: {error}"),
        },
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

async fn deed_done(tools: &Tools, deed: Deed) -> Ended {
    let Tools {
        app,
        merchant,
        plan,
        now,
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
            let initiated = Box::pin(app.initiate(merchant, request, now)).await;
            return match initiated {
                Ok(initiated) => Ended::Paid(Box::new(initiated.payment)),
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
        Deed::Refresh(order) => app
            .refresh(merchant, payment_no(order), now)
            .await
            .map(|_| ()),
        Deed::TellAgain(order) => app
            .tell_again(merchant, payment_no(order), now)
            .await
            .map(|_| ()),
        Deed::Switch(enabled) => {
            let controls = RefundControls {
                enabled,
                hourly_cap: None,
            };
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
                .then(|| AuthCode::new("280123456789012345".to_owned())),
            return_url: None,
        }),
        expires_at: Timestamp::from_millis(begins + plan.lasts).floor_to_second(),
        return_url: None,
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

async fn heard(app: &App, notice: &Notice, now: Timestamp) -> Ended {
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
