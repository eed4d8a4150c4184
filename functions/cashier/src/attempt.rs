//! `GET /cashier/{token}/channel-orders/{channel_order_no}`: what one attempt is paid with. It changes
//! nothing, so a reload or a second tab shows the same attempt again.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use payonce_app::App;
use payonce_domain::{Action, BuyerAct, ChannelOrder, ChannelOrderNo, ChannelOrderState};

use crate::answer::{self, NoPage};
use crate::notice::Notice;
use crate::page::{Facts, Frame};
use crate::qr;
use crate::stage::Stage;
use crate::visit::{self, Visit};
use crate::words::Words;

/// What there is to pay with, as the page has it.
#[derive(Debug)]
enum Means {
    Link {
        url: String,
    },
    Form {
        url: String,
        fields: Vec<(String, String)>,
    },
    Code {
        svg: String,
    },
}

#[derive(Template)]
#[template(path = "attempt.html")]
struct Attempt {
    f: Frame,
    facts: Facts,
    channel: &'static str,
    means: Means,
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path((token, channel_order_no)): Path<(String, String)>,
    Query(query): Query<visit::Query>,
    headers: HeaderMap,
) -> Result<Response, NoPage> {
    let visit = Visit::begin(&app, token, &headers, &query).await?;
    let payment = &visit.at.payment;
    let no = ChannelOrderNo::parse(&channel_order_no);
    let Some(order) = no
        .and_then(|no| payment.channel_order(no))
        .filter(|order| payable(order))
    else {
        return Ok(answer::go(&visit.home()));
    };
    let back = app.cashier_return_url(&visit.token);
    let action = app
        .action_at_cashier(payment, order, &back, visit.now)
        .await;
    let action = action.map_err(|failure| visit.no_page(failure))?;
    let Some(means) = action.and_then(means) else {
        return Ok(answer::go(&visit.home_saying(Notice::Awaited)));
    };
    let act = BuyerAct::Left(order.channel());
    app.note_buyer(payment, act, visit.now).await;
    let posts_to = match &means {
        Means::Form { url, .. } => origin(url),
        Means::Link { .. } | Means::Code { .. } => None,
    };
    let posts_to = posts_to.map(str::to_owned);
    let page = Attempt {
        f: Frame::new(&visit, Stage::Begun, false),
        facts: Facts::of(&visit),
        channel: Words::of(visit.look.language).channel(order.channel()),
        means,
    };
    Ok(answer::page(&page, posts_to.as_deref()))
}

fn payable(order: &ChannelOrder) -> bool {
    order.state == ChannelOrderState::Pending
}

fn means(action: Action) -> Option<Means> {
    match action {
        Action::Redirect { url } => origin(&url).is_some().then_some(Means::Link { url }),
        Action::Qr { content } => qr::draw(&content).map(|svg| Means::Code { svg }),
        Action::Form { url, fields } => origin(&url).is_some().then(|| Means::Form {
            url,
            fields: fields.into_iter().collect(),
        }),
        // Only a page inside the channel's own app can use it, with the channel's own script.
        Action::Jsapi { .. } => None,
    }
}

/// Scheme, host and port of an address; `None` unless it is one of the web's.
fn origin(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    let clean = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let sound = !host.is_empty() && host.bytes().all(clean);
    let length = url.len() - rest.len() + host.len();
    sound.then(|| url.get(..length)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S9, S10: what is no address of the web is not linked, and nothing gets into the policy.
    #[test]
    fn only_addresses_of_the_web_are_gone_to() {
        for (url, expected) in [
            (
                "https://gateway.example/pay?a=b",
                Some("https://gateway.example"),
            ),
            ("http://127.0.0.1:4000/x", Some("http://127.0.0.1:4000")),
            ("https://gateway.example", Some("https://gateway.example")),
            ("javascript:alert(1)", None),
            ("https://", None),
            ("https://evil; script-src *", None),
            ("https://user@evil.example/", None),
            ("data:text/html,x", None),
            ("//evil.example/", None),
        ] {
            assert_eq!(origin(url), expected, "{url}");
        }
        let url = "javascript:alert(1)".to_owned();
        assert!(means(Action::Redirect { url }).is_none());
    }
}
