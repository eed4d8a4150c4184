//! What is damaged, old, or meant for another: a channel's own message, changed in one place, is never believed.

use anyhow::ensure;
use end_to_end::{Way, same};
use payonce_channels::claim::TradeReading;
use payonce_channels::{HttpAnswer, News, Notice, Rejected, UnverifiedNotification};
use payonce_domain::{Channel, Report, Span, Timestamp};

use crate::stage::{Account, Heard, Stage, now};

/// Whether the channel tells of the payment by itself: WeChat leaves a payment code to our questions.
fn is_notified(way: Way) -> bool {
    way != Way::WECHAT_CODE
}

fn verify(account: &Account, heard: &Heard, at: Timestamp) -> Result<Notice, Rejected> {
    account.adapter.verify(UnverifiedNotification {
        headers: &heard.0,
        body: &heard.1,
        received_at: at,
    })
}

/// Every byte of a text with one bit turned over, and then with another.
fn flipped(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..bytes.len() * 2).map(|index| {
        let (at, second) = (index / 2, index % 2);
        let bit = if second == 0 { at % 8 } else { (at + 3) % 8 };
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << bit;
        (at, flipped)
    })
}

/// Every message that differs from this one in one bit of its body or of a header with a signature's parts.
fn flipped_messages(heard: &Heard) -> Vec<(String, Heard)> {
    let (headers, body) = heard;
    let bodies =
        flipped(body).map(|(at, body)| (format!("byte {at} of the body"), (headers.clone(), body)));
    let mut all: Vec<_> = bodies.collect();
    for (index, (name, value)) in headers.iter().enumerate() {
        if !name.starts_with("wechatpay-") {
            continue;
        }
        for (at, value) in flipped(value.as_bytes()) {
            let mut headers = headers.clone();
            headers[index].1 = String::from_utf8_lossy(&value).into_owned();
            all.push((format!("byte {at} of {name}"), (headers, body.clone())));
        }
    }
    all
}

pub(crate) async fn a_flipped_bit_in_a_notification_is_never_believed(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    if !is_notified(way) {
        return Ok(());
    }
    let (order, _) = stage.paid(account, way).await?;
    let heard = stage.heard_of(account, &order).await?;
    let genuine = verify(account, &heard, now());
    let is_paid = genuine
        .as_ref()
        .is_ok_and(|notice| matches!(notice.news, News::Trade(Report::Paid { .. })));
    ensure!(is_paid, "the genuine one: {genuine:?}");
    for (what, spoilt) in flipped_messages(&heard) {
        let told = verify(account, &spoilt, now());
        // A letter's case in percent-encoding, and nothing else, leaves the same message.
        let is_harmless = told.is_err() || told == genuine;
        ensure!(is_harmless, "{what}: {told:?}");
    }
    Ok(())
}

pub(crate) async fn a_flipped_bit_in_an_answer_is_never_believed(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    let (order, _) = stage.paid(account, way).await?;
    let request = account.adapter.query_request(&order, now());
    let request = request.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let answer = stage.transport.send(request).await?;
    let read = |answer: &HttpAnswer| account.adapter.read_query(&order, answer, now());
    let genuine = read(&answer);
    let is_claim = matches!(genuine, TradeReading::Claim(_));
    ensure!(is_claim, "the genuine one: {genuine:?}");
    let status = answer.status;
    for (what, (headers, body)) in flipped_messages(&(answer.headers, answer.body)) {
        let spoilt = HttpAnswer {
            status,
            headers,
            body,
        };
        let told = read(&spoilt);
        let is_harmless = told == TradeReading::NoAnswer || told == genuine;
        ensure!(is_harmless, "{what}: {told:?}");
    }
    Ok(())
}

/// WeChat alone dates its signatures; the others' messages stay true, and we remember them.
pub(crate) async fn an_old_message_is_not_believed_twice(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    if !is_notified(way) {
        return Ok(());
    }
    if way.channel != Channel::Wechat {
        return Ok(());
    }
    let (order, _) = stage.paid(account, way).await?;
    let heard = stage.heard_of(account, &order).await?;
    let late = now().plus(Span::minutes(6));
    ensure!(verify(account, &heard, late).is_err(), "an old notice");
    let request = account.adapter.query_request(&order, now());
    let request = request.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let answer = stage.transport.send(request).await?;
    let told = account.adapter.read_query(&order, &answer, late);
    same("an old answer", told, TradeReading::NoAnswer)
}

pub(crate) async fn another_accounts_notification_is_refused(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    if !is_notified(way) {
        return Ok(());
    }
    let (order, _) = stage.paid(account, way).await?;
    let heard = stage.heard_of(account, &order).await?;
    let other = stage.account(&format!("{}-two", way.channel.name()))?;
    let told = verify(other, &heard, now());
    ensure!(told.is_err(), "another account believed {told:?}");
    Ok(())
}
