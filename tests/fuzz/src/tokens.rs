//! What lets people in: the tokens of cashier and console, which nobody but us can make.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use payonce_app::CashierKeys;
use payonce_app::console::{ConsoleKeys, Login, Role, Session};
use payonce_domain::{
    MerchantId, MerchantOrderNo, Mode, Money, OperatorId, Payment, PaymentNo, Span, Terms,
    Timestamp, decide,
};
use ring::hmac;

use crate::spoil::{Recipe, spoil};
use crate::texts::appeal_no;

/// 2026-11-20 16:00:00 in Beijing.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_161_600_000);

/// What they are signed with.
pub(crate) const KEY: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
const STRANGE_KEY: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

static CASHIER: LazyLock<Cashier> = LazyLock::new(|| {
    let (keys, strange) = (cashier_keys(KEY), cashier_keys(STRANGE_KEY));
    let (one, two) = (payment("one", NOW), payment("two", NOW));
    let over = payment("over", NOW.minus(Span::days(30)));
    let opens = [&one, &two].map(|payment| (keys.token(payment), payment.payment_no()));
    let opens = BTreeMap::from(opens);
    let others = [
        keys.token(&over),
        strange.token(&two),
        appeal_link(),
        two.payment_no().to_string(),
    ];
    Cashier {
        shown: opens.keys().cloned().chain(others).collect(),
        keys,
        opens,
    }
});

static CONSOLE: LazyLock<Console> = LazyLock::new(|| {
    let (keys, strange) = (console_keys(KEY), console_keys(STRANGE_KEY));
    let ann = || OperatorId::new("auth0|ann.b").expect("a good id");
    let bob = || OperatorId::new("bob").expect("a good id");
    let looks = Session::begin(ann(), Role::Viewer, NOW);
    // Of the same operator and role, from another hour.
    let looked = Session::begin(ann(), Role::Viewer, NOW.minus(Span::hours(1)));
    let grants = Session::begin(bob(), Role::Approver, NOW);
    let over = Session::begin(bob(), Role::Approver, NOW.minus(Span::days(1)));
    let login = Login {
        operator: ann(),
        role: Role::Operator,
        number: "n1".to_owned(),
    };
    let lets_in = keys.login(&login, NOW.plus(Span::minutes(5)));
    let others = [
        lets_in.clone(),
        keys.login(&login, NOW),
        keys.session(&over),
        strange.session(&grants),
        strange.login(&login, NOW.plus(Span::minutes(5))),
    ];
    let sessions =
        BTreeMap::from([looks, looked, grants].map(|session| (keys.session(&session), session)));
    let logins = BTreeMap::from([(lets_in, login)]);
    let forms = sessions.keys();
    let forms: Vec<_> = forms
        .map(|token| (token.clone(), keys.form(token)))
        .collect();
    let carried: Vec<_> = forms.iter().map(|(_, form)| form.clone()).collect();
    let shown = sessions.keys().chain(&others).chain(&carried);
    Console {
        shown: shown.cloned().collect(),
        forms: forms.into_iter().collect(),
        carried,
        keys,
        sessions,
        logins,
    }
});

struct Cashier {
    keys: CashierKeys,
    /// What opens a payment, and which.
    opens: BTreeMap<String, PaymentNo>,
    /// These, and what is like them and opens nothing: over, of another key, for another purpose.
    shown: Vec<String>,
}

struct Console {
    keys: ConsoleKeys,
    sessions: BTreeMap<String, Session>,
    logins: BTreeMap<String, Login>,
    /// What the forms of each session carry.
    forms: BTreeMap<String, String>,
    carried: Vec<String>,
    /// All of these, and what is like them and lets nobody in.
    shown: Vec<String>,
}

/// A token of the cashier opens the payment that it was made for, to the letter, and everything else opens none.
///
/// # Panics
/// Where something that we did not make opens a payment.
pub fn cashier_token(recipe: &[u8]) {
    let cashier = &*CASHIER;
    let text = forged(&mut Recipe::new(recipe), &cashier.shown);
    let opened = cashier.keys.open(&text, NOW);
    assert_eq!(opened.as_ref(), cashier.opens.get(&text), "{text:?}");
}

/// A session is its operator's and no login, a login is no session, and both are as we made them, to the letter.
///
/// # Panics
/// Where somebody is let in whom we let in as nobody, or as another.
pub fn console_token(recipe: &[u8]) {
    let console = &*CONSOLE;
    let text = forged(&mut Recipe::new(recipe), &console.shown);
    let session = console.keys.open(&text, NOW);
    assert_eq!(session.as_ref(), console.sessions.get(&text), "{text:?}");
    let login = console.keys.open_login(&text, NOW);
    assert_eq!(login.as_ref(), console.logins.get(&text), "{text:?}");
}

/// A form is taken from the session that it was made for.
///
/// # Panics
/// Where another one is.
pub fn console_form(recipe: &[u8]) {
    let console = &*CONSOLE;
    let mut recipe = Recipe::new(recipe);
    let whose = match recipe.below(4) {
        0 => forged(&mut recipe, &console.shown),
        _ => recipe.one_of(&console.shown).clone(),
    };
    let form = match recipe.below(4) {
        0 => recipe.one_of(&console.carried).clone(),
        1 => forged(&mut recipe, &console.shown),
        _ => forged(&mut recipe, &console.carried),
    };
    let holds = console.keys.form_holds(&whose, &form);
    // What is no session has nothing to send a form for.
    if let Some(its_own) = console.forms.get(&whose) {
        assert_eq!(holds, *its_own == form, "{whose:?} {form:?}");
    }
}

/// Whether what is forged here opens something as it was made.
///
/// # Panics
/// Where it does not.
pub fn assert_tokens_open() {
    for token in CASHIER.opens.keys() {
        assert!(CASHIER.keys.open(token, NOW).is_some(), "{token}");
    }
    for (token, form) in &CONSOLE.forms {
        assert!(CONSOLE.keys.open(token, NOW).is_some(), "{token}");
        assert!(CONSOLE.keys.form_holds(token, form), "{token}");
        let sessions = CONSOLE.carried.iter().filter(|carried| *carried == form);
        assert_eq!(sessions.count(), 1, "two sessions have one form");
    }
    for token in CONSOLE.logins.keys() {
        assert!(CONSOLE.keys.open_login(token, NOW).is_some(), "{token}");
    }
}

/// One of these, spoilt, or with a part of another in it, or both.
pub(crate) fn forged(recipe: &mut Recipe<'_>, genuine: &[String]) -> String {
    let mut parts: Vec<&str> = recipe.one_of(genuine).split('.').collect();
    let how = recipe.below(4);
    if how > 0 {
        let others: Vec<&str> = recipe.one_of(genuine).split('.').collect();
        let at = recipe.below(parts.len());
        let part: &&str = recipe.one_of(&others);
        parts[at] = part;
    }
    let text = parts.join(".");
    if how == 1 {
        return text;
    }
    String::from_utf8_lossy(&spoil(recipe, text.as_bytes())).into_owned()
}

/// The token of the payment for this order.
pub(crate) fn cashier_token_of(order: &str) -> String {
    cashier_keys(KEY).token(&payment(order, NOW))
}

fn cashier_keys(text: &str) -> CashierKeys {
    CashierKeys::read(text).expect("long enough")
}

fn console_keys(text: &str) -> ConsoleKeys {
    ConsoleKeys::read(text).expect("long enough")
}

fn payment(order: &str, now: Timestamp) -> Payment {
    let terms = Terms {
        merchant_id: MerchantId::new("m-1").expect("a good name"),
        merchant_order_no: MerchantOrderNo::new(order).expect("a good number"),
        mode: Mode::Strict,
        amount: Money::from_fen(1_999),
        subject: "茶".to_owned(),
        expires_at: now.plus(Span::minutes(30)),
        return_url: None,
        notify_url: None,
        client_ip: None,
        payer: None,
        metadata: BTreeMap::new(),
    };
    let opened = decide::open(terms, None, now).expect("there is nothing against it");
    opened.payment().clone()
}

/// A buyer's link to an appeal: the same keys sign it, for a purpose of its own.
fn appeal_link() -> String {
    let text = format!("{}.buyer.9999999999", appeal_no());
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes());
    let tag = hmac::sign(&key, format!("payonce-appeal-1.{text}").as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}
