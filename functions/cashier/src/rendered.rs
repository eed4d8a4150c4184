//! The page as it is written, and the way that fits: for payments and devices made up here.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use payonce_app::{AtCashier, OfferedChannel};
use payonce_domain::{
    Channel, MerchantId, MerchantOrderNo, Method, Mode, Money, Span, Terms, Timestamp, decide,
};
use payonce_lambda::http::language::Language;
use payonce_store::Merchant;

use crate::look::{Device, Look};
use crate::page::Page;
use crate::paying::method;
use crate::visit::Visit;

const NOW: Timestamp = Timestamp::from_millis(1_795_183_200_000);

fn visit(language: Language, device: Device, client_ip: Option<&str>) -> Visit {
    let id = MerchantId::new("demo").unwrap();
    let terms = Terms {
        merchant_id: id.clone(),
        merchant_order_no: MerchantOrderNo::new("one").unwrap(),
        mode: Mode::Strict,
        amount: Money::from_fen(129_900),
        subject: "<b>shoes</b>".to_owned(),
        expires_at: NOW.plus(Span::minutes(30)),
        return_url: None,
        notify_url: None,
        client_ip: client_ip.map(str::to_owned),
        payer: None,
        metadata: BTreeMap::new(),
    };
    let merchant = Merchant {
        id,
        name: Some("Shop".to_owned()),
        mode: Mode::Strict,
        api_keys: Vec::new(),
        accounts: Vec::new(),
        return_urls: Vec::new(),
        notify_urls: Vec::new(),
        webhook_secret_name: None,
    };
    Visit {
        at: AtCashier {
            merchant: Arc::new(merchant),
            payment: decide::open(terms, None, NOW).unwrap().payment().clone(),
        },
        token: "token".to_owned(),
        look: Look {
            language,
            chosen: false,
            device,
        },
        now: NOW,
    }
}

fn offers(troubled: Option<Channel>) -> Vec<OfferedChannel> {
    let ways = [
        (Channel::Alipay, vec![Method::Page, Method::Wap]),
        (Channel::Wechat, vec![Method::Native, Method::H5]),
        (Channel::Unionpay, vec![Method::Gateway]),
    ];
    ways.map(|(channel, methods)| OfferedChannel {
        channel,
        methods,
        in_trouble: troubled == Some(channel),
    })
    .into()
}

fn places(page: &str, order: [&str; 3]) -> bool {
    let at = order.map(|name| page.find(&format!("id=\"way-{name}\"")).unwrap());
    at.is_sorted()
}

/// What was used last comes first and is checked; what is in trouble comes last, says so and cannot be
/// chosen; nothing is inline; a merchant's text stays text.
#[test]
fn the_open_page_offers_what_can_be_had() {
    for (language, in_trouble) in [
        (Language::English, "In trouble, not available for now"),
        (Language::Chinese, "渠道繁忙，暂不可用"),
    ] {
        let visit = visit(language, Device::Desktop, None);
        let offered = offers(Some(Channel::Alipay));
        let page = Page::open(&visit, &offered, Some(Channel::Unionpay))
            .render()
            .unwrap();
        assert!(places(&page, ["unionpay", "wechat", "alipay"]), "{page}");
        assert!(
            page.contains("value=\"unionpay\" required checked"),
            "{page}"
        );
        assert!(
            page.contains("value=\"alipay\" required disabled"),
            "{page}"
        );
        assert!(
            page.contains(in_trouble) && page.contains("¥1,299.00"),
            "{page}"
        );
        assert!(
            !page.contains("<b>shoes") && !page.contains("style="),
            "{page}"
        );
        // It works with scripts off: a button that posts, and no refresh while nothing moves.
        assert!(page.contains("action=\"/cashier/token/pay\""), "{page}");
        assert!(!page.contains("http-equiv"), "{page}");
    }
}

#[test]
fn the_way_fits_the_device() {
    let cases = [
        (Channel::Alipay, Device::Desktop, None, Method::Page),
        (Channel::Alipay, Device::Phone, None, Method::Wap),
        (
            Channel::Wechat,
            Device::Phone,
            Some("203.0.113.7"),
            Method::H5,
        ),
        (Channel::Wechat, Device::Phone, None, Method::Native),
        (
            Channel::Wechat,
            Device::WechatApp,
            Some("203.0.113.7"),
            Method::Native,
        ),
        (
            Channel::Wechat,
            Device::Desktop,
            Some("203.0.113.7"),
            Method::Native,
        ),
        (Channel::Unionpay, Device::Phone, None, Method::Gateway),
    ];
    for (channel, device, client_ip, expected) in cases {
        let visit = visit(Language::English, device, client_ip);
        let offered = offers(None)
            .into_iter()
            .find(|offer| offer.channel == channel);
        let fitting = method(&visit, &offered.unwrap());
        assert_eq!(
            fitting,
            Some(expected),
            "{channel:?} {device:?} {client_ip:?}"
        );
    }
}
