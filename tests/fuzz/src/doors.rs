//! Readers of strangers' words that look something up: the link to an appeal, the key of a merchant.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use futures::FutureExt as _;
use payonce_app::appeals::AppealFailure;
use payonce_app::{
    Accounts, App, Bus, Carried, Carrier, Event, Message, Names, Outbox, Stopwatch, Vault,
};
use payonce_channels::{Exchange, HttpRequest, Silence, Transport, Wire};
use payonce_delivery::{Courier, Passage, Reach, Receipt, Road, Signed};
use payonce_domain::appeal::{self, AppealRequest, Claim, Party};
use payonce_domain::{Appeal, AppealNo, MerchantAppealNo, MerchantId, Mode, Span, Timestamp};
use payonce_lambda::http::caller;
use payonce_store::engine::{
    Answered, BatchGet, Engine, GetItem, Item, PutItem, QueryItems, UpdateItem, Written,
};
use payonce_store::{ApiKey, Merchant, Store, Tables};

use crate::browsers;
use crate::spoil::Recipe;
use crate::texts::payment_no;
use crate::tokens::{KEY, NOW, cashier_token_of, forged};

const URL: &str = "https://pay.example";
/// The keys of two merchants.
const MERCHANTS: [(&str, &str); 2] = [
    ("m-1", "pk_m-1_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo"),
    ("m-2", "pk_m-2_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
];

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let app = app();
    for (name, key) in MERCHANTS {
        let put = at_once(app.store.put_merchant(&merchant(name, key)));
        put.expect("there is room for it");
    }
    let (one, two) = (open_appeal(&app, "a-1", NOW), open_appeal(&app, "a-2", NOW));
    let over = open_appeal(&app, "a-3", NOW.minus(Span::days(61)));
    let link = |appeal: &Appeal, party| {
        let url = at_once(app.appeal_url(appeal, party)).expect("there is a key");
        url.rsplit_once('/').expect("it is an address").1.to_owned()
    };
    let opens = [
        (&one, Party::Buyer),
        (&one, Party::Supplier),
        (&two, Party::Buyer),
    ];
    let opens = opens.map(|(appeal, party)| (link(appeal, party), (appeal.no(), party)));
    let opens = BTreeMap::from(opens);
    let others = [link(&over, Party::Buyer), cashier_token_of("one")];
    House {
        shown: opens.keys().cloned().chain(others).collect(),
        app,
        opens,
    }
});

/// Two merchants and some appeals.
struct House {
    app: App,
    /// What opens an appeal, which, and for whom.
    opens: BTreeMap<String, (AppealNo, Party)>,
    /// These, one that is over, and one for another purpose.
    shown: Vec<String>,
}

/// A link opens the appeal that it was made for, to the party that it was made for, and everything else opens none.
///
/// # Panics
/// Where something that we did not make opens an appeal, or somebody comes in as another.
pub fn appeal_link(recipe: &[u8]) {
    let house = &*HOUSE;
    let text = forged(&mut Recipe::new(recipe), &house.shown);
    let opened = match at_once(house.app.linked_appeal(&text, NOW)) {
        Ok(linked) => Some((linked.stored.appeal().no(), linked.party)),
        Err(failure) => {
            let is_absent = matches!(failure, AppealFailure::NotFound);
            assert!(is_absent, "{text:?} {failure:?}");
            None
        }
    };
    assert_eq!(opened.as_ref(), house.opens.get(&text), "{text:?}");
}

/// Whoever shows a merchant's key, whole and as the only one, is that merchant; nobody else is any.
///
/// # Panics
/// Where somebody else is, or gets another answer than 401.
pub fn caller(recipe: &[u8]) {
    let genuine = MERCHANTS.map(|(_, key)| format!("Bearer {key}"));
    let genuine = [
        &*genuine[0],
        &*genuine[1],
        "bEARER  pk_m-1_x_y ",
        "Basic bS0xOg==",
    ];
    let Some(headers) = browsers::spoilt(recipe, header::AUTHORIZATION, &genuine) else {
        return;
    };
    let shown = shown_key(&headers);
    let whose = MERCHANTS.iter().find(|(_, key)| shown == Some(key));
    match at_once(caller::merchant(&HOUSE.app.accounts, &headers)) {
        Ok(merchant) => {
            let whose = whose.map(|(name, _)| *name);
            assert_eq!(Some(merchant.id.as_str()), whose, "{headers:?}");
        }
        Err(problem) => {
            assert_eq!(whose, None, "{headers:?}");
            let status = problem.into_response().status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{headers:?}");
        }
    }
}

/// Whether the links and the keys that are forged here open something as they were made.
///
/// # Panics
/// Where they do not.
pub fn assert_doors_open() {
    for link in HOUSE.opens.keys() {
        assert!(
            at_once(HOUSE.app.linked_appeal(link, NOW)).is_ok(),
            "{link}"
        );
    }
    for (name, key) in MERCHANTS {
        let line = format!("Bearer {key}").parse().expect("plain letters");
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, line)]);
        let found = at_once(caller::merchant(&HOUSE.app.accounts, &headers));
        assert!(found.is_ok_and(|merchant| merchant.id.as_str() == name));
    }
}

/// What stands behind the word, read by hand.
fn shown_key(headers: &HeaderMap) -> Option<&str> {
    let line = str::from_utf8(headers[header::AUTHORIZATION].as_bytes()).ok()?;
    let (word, key) = line.split_at_checked("bearer ".len())?;
    word.eq_ignore_ascii_case("bearer ").then(|| key.trim())
}

/// What a future has that waits for nobody.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("everything lies in memory")
}

fn merchant(name: &str, key: &str) -> Merchant {
    let (id, key) = ApiKey::parse(key).expect("a key");
    assert_eq!(id.as_str(), name);
    Merchant {
        id,
        name: None,
        mode: Mode::Strict,
        api_keys: vec![key.hashed()],
        accounts: Vec::new(),
        return_urls: Vec::new(),
        notify_urls: Vec::new(),
        webhook_secret_name: None,
    }
}

fn open_appeal(app: &App, id: &str, now: Timestamp) -> Appeal {
    let request = AppealRequest {
        orders: vec![payment_no("o-1")],
        merchant_id: MerchantId::new("m-1").expect("a good name"),
        id: MerchantAppealNo::new(id).expect("a good number"),
        opened_by: Party::Buyer,
        claim: Claim::PaidTwice,
        text: None,
    };
    let opened = appeal::open(request, now).expect("there is nothing against it");
    let stored = at_once(app.store.create_appeal(&opened));
    stored.expect("there is room for it");
    opened.into_appeal()
}

fn app() -> App {
    let nobody = Arc::new(Nobody);
    let name = str::to_owned;
    let tables = Tables {
        payments: name("payments"),
        evidence: name("evidence"),
        merchants: name("merchants"),
        controls: name("controls"),
        delayed_messages: name("delayed-messages"),
        ledger: name("ledger"),
        findings: name("findings"),
        appeals: name("appeals"),
        journal: name("journal"),
        due_shards: 4,
    };
    let store = Store::over(Arc::new(Shelf::default()), tables);
    let (open, stopwatch) = (payonce_channels::adapter, Stopwatch::default());
    let accounts = Accounts::over(store.clone(), nobody.clone(), open, stopwatch);
    App::new(
        store,
        accounts.with_cashier_key(name("cashier")),
        Transport::over(nobody.clone()),
        Outbox::over(nobody.clone(), Names::default()),
        Courier::over(Reach::Public, nobody.clone()),
        Bus::over(nobody, name("bus")),
        name(URL),
    )
}

/// Items by their table and key: what was put last is there.
#[derive(Debug, Default)]
struct Shelf(Mutex<HashMap<(String, String), Item>>);

impl Engine for Shelf {
    fn put(&self, put: PutItem) -> Answered<'_, Written> {
        let key = put.item["k"].as_s().expect("keys are texts").clone();
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.insert((put.table, key), put.item);
        Box::pin(async { Ok(Written::Done(None)) })
    }

    fn get(&self, get: GetItem) -> Answered<'_, Option<Item>> {
        let key = get.key.into_iter().next().map(|(_, text)| text);
        let items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let item = items.get(&(get.table, key.unwrap_or_default())).cloned();
        Box::pin(async { Ok(item) })
    }

    fn batch_get(&self, _batch: BatchGet) -> Answered<'_, (Vec<Item>, Vec<String>)> {
        Box::pin(async { Ok((Vec::new(), Vec::new())) })
    }

    fn update(&self, _update: UpdateItem) -> Answered<'_, Written> {
        Box::pin(async { Ok(Written::Done(None)) })
    }

    fn query(&self, _query: QueryItems) -> Answered<'_, Vec<Item>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn pause(&self, _wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {})
    }
}

/// Whom nobody calls here; the only secret is the key of the links.
#[derive(Debug)]
struct Nobody;

impl Vault for Nobody {
    fn secret<'a>(&'a self, _name: &'a str) -> Carried<'a, String, anyhow::Error> {
        Box::pin(async { Ok(KEY.to_owned()) })
    }
}

impl Carrier for Nobody {
    fn send<'a>(&'a self, _queue_url: &'a str, _messages: Vec<Message>) -> Carried<'a, usize> {
        Box::pin(async { Ok(0) })
    }

    fn invoke<'a>(&'a self, _function: &'a str, _payload: String) -> Carried<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn put_event<'a>(&'a self, _bus: &'a str, _event: Event) -> Carried<'a, (), anyhow::Error> {
        Box::pin(async { Ok(()) })
    }
}

impl Road for Nobody {
    fn carry<'a>(&'a self, _signed: Signed<'a>) -> Passage<'a> {
        Box::pin(async { Err(Receipt::Refused { status: 503 }) })
    }
}

impl Wire for Nobody {
    fn send(&self, _request: HttpRequest) -> Exchange<'_> {
        Box::pin(async { Err(Silence::Unreachable) })
    }
}
