//! Who an operator is: a login that is used once, and the signed session that it opens.
//!
//! A session is an operator's id, a role, an end and an HMAC-SHA256 over them, so that it needs no table. A
//! login is the same under another purpose and with a number of its own, which is used up by the first who
//! shows it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use payonce_domain::{OperatorId, Span, Timestamp};
use ring::hmac;

/// How long a session lasts: a shift.
const SESSION: Span = Span::hours(8);

const LOGIN_PURPOSE: &str = "payonce-console-login-1";
const SESSION_PURPOSE: &str = "payonce-console-session-1";
const FORM_PURPOSE: &str = "payonce-console-form-1";

/// Shorter texts are no keys.
const KEY_BYTES_MIN: usize = 32;

/// What an operator may do. Each may do what the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Has channels asked, closes, has merchants told, proposes refunds, stops refunds, exports.
    Operator,
    /// Approves what another one proposed, and lets refunds go on.
    Approver,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Approver];

    /// The word for it in tokens and claims.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The highest role that a claim names. API Gateway hands a list on as `[one two]`.
    #[must_use]
    pub fn from_claim(claim: &str) -> Option<Self> {
        let words = claim.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        words.filter_map(Self::from_name).max()
    }
}

/// An operator who has come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub operator: OperatorId,
    /// What he may do.
    pub role: Role,
    /// Until when.
    pub until: Timestamp,
}

impl Session {
    /// A session that begins now.
    #[must_use]
    pub const fn begin(operator: OperatorId, role: Role, now: Timestamp) -> Self {
        let until = now.plus(SESSION);
        Self {
            operator,
            role,
            until,
        }
    }
}

/// A login as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Whom it lets in.
    pub operator: OperatorId,
    /// As what.
    pub role: Role,
    /// Its own number.
    pub number: String,
}

/// What logins, sessions and forms are signed with; two while one is being replaced.
#[derive(Clone)]
pub struct ConsoleKeys(Vec<hmac::Key>);

/// Why a text holds no key. The text is not repeated: it may be one after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a console key is a text of 32 characters or more")]
pub struct InvalidConsoleKey;

impl ConsoleKeys {
    /// Reads one key or more, with white space between. The first signs; all of them verify.
    ///
    /// # Errors
    /// [`InvalidConsoleKey`] if there is none, or any is too short to be one.
    pub fn read(text: &str) -> Result<Self, InvalidConsoleKey> {
        let keys: Vec<_> = text.split_whitespace().collect();
        if keys.is_empty() || keys.iter().any(|key| key.len() < KEY_BYTES_MIN) {
            return Err(InvalidConsoleKey);
        }
        let keys = keys.into_iter();
        Ok(Self(
            keys.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
                .collect(),
        ))
    }

    /// A token that lets somebody in once.
    #[must_use]
    pub fn login(&self, login: &Login, until: Timestamp) -> String {
        let who = URL_SAFE_NO_PAD.encode(login.operator.as_str());
        let (role, until) = (login.role.name(), until.as_millis());
        let text = format!("{who}.{role}.{until}.{}", login.number);
        self.signed(LOGIN_PURPOSE, &text)
    }

    /// Whom a login lets in, and its number; `None` if it is none of ours, or over.
    #[must_use]
    pub fn open_login(&self, token: &str, now: Timestamp) -> Option<Login> {
        let text = self.genuine(LOGIN_PURPOSE, token)?;
        let (who, number) = text.rsplit_once('.')?;
        let session = read(who, now)?;
        Some(Login {
            operator: session.operator,
            role: session.role,
            number: number.to_owned(),
        })
    }

    /// The token of a session.
    #[must_use]
    pub fn session(&self, session: &Session) -> String {
        let who = URL_SAFE_NO_PAD.encode(session.operator.as_str());
        let (role, until) = (session.role.name(), session.until.as_millis());
        self.signed(SESSION_PURPOSE, &format!("{who}.{role}.{until}"))
    }

    /// The session of a token; `None` if it is none of ours, or over.
    #[must_use]
    pub fn open(&self, token: &str, now: Timestamp) -> Option<Session> {
        read(&self.genuine(SESSION_PURPOSE, token)?, now)
    }

    /// What each form of a session carries, and no other site can know (CSRF).
    #[must_use]
    pub fn form(&self, session_token: &str) -> String {
        let signed = self.signed(FORM_PURPOSE, session_token);
        let tag = signed.rsplit_once('.').map(|(_, tag)| tag.to_owned());
        tag.unwrap_or_default()
    }

    /// Whether a form came from a page of this session.
    #[must_use]
    pub fn form_holds(&self, session_token: &str, given: &str) -> bool {
        let whole = format!("{session_token}.{given}");
        self.genuine(FORM_PURPOSE, &whole).is_some()
    }

    fn signed(&self, purpose: &str, text: &str) -> String {
        let key = self.0.first().expect("reading refuses an empty list");
        let tag = hmac::sign(key, format!("{purpose}.{text}").as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    fn genuine(&self, purpose: &str, token: &str) -> Option<String> {
        let (text, tag) = token.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let message = format!("{purpose}.{text}");
        let genuine = |key| hmac::verify(key, message.as_bytes(), &tag).is_ok();
        self.0.iter().any(genuine).then(|| text.to_owned())
    }
}

// A key is never printed.
impl std::fmt::Debug for ConsoleKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConsoleKeys")
    }
}

fn read(text: &str, now: Timestamp) -> Option<Session> {
    let mut parts = text.split('.');
    let who = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    let role = Role::from_name(parts.next()?)?;
    let until = Timestamp::from_millis(parts.next()?.parse().ok()?);
    let operator = OperatorId::new(String::from_utf8(who).ok()?).ok()?;
    (now < until && parts.next().is_none()).then_some(Session {
        operator,
        role,
        until,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_183_200_000);

    fn keys(letter: &str) -> ConsoleKeys {
        ConsoleKeys::read(&letter.repeat(KEY_BYTES_MIN)).unwrap()
    }

    fn login() -> Login {
        Login {
            operator: OperatorId::new("auth0|ann.b").unwrap(),
            role: Role::Approver,
            number: "n1".to_owned(),
        }
    }

    #[test]
    fn a_session_holds_until_it_ends_and_for_nothing_else() {
        let keys = keys("k");
        let session = Session::begin(login().operator, Role::Operator, NOW);
        let token = keys.session(&session);
        assert_eq!(keys.open(&token, NOW), Some(session.clone()));
        assert_eq!(keys.open(&token, session.until), None);
        assert_eq!(keys.open_login(&token, NOW), None, "a session is no login");
        let shown = keys.login(&login(), NOW.plus(Span::hours(1)));
        assert_eq!(keys.open_login(&shown, NOW), Some(login()));
        assert_eq!(keys.open(&shown, NOW), None, "a login is no session");
        assert_eq!(keys.open_login(&shown, NOW.plus(Span::hours(1))), None);
    }

    /// S5: no character is free to change, and another key's tokens are none.
    #[test]
    fn what_was_made_up_opens_nothing() {
        let session = Session::begin(login().operator, Role::Viewer, NOW);
        let token = keys("k").session(&session);
        assert!(keys("x").open(&token, NOW).is_none());
        let approver = token.replace(".viewer.", ".approver.");
        assert!(keys("k").open(&approver, NOW).is_none());
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(keys("k").open(&changed, NOW), None, "{changed}");
        }
    }

    #[test]
    fn a_form_belongs_to_its_session() {
        let keys = keys("k");
        let one = keys.session(&Session::begin(login().operator, Role::Viewer, NOW));
        let two = keys.session(&Session::begin(login().operator, Role::Operator, NOW));
        let form = keys.form(&one);
        assert!(keys.form_holds(&one, &form));
        assert!(!keys.form_holds(&two, &form));
        assert!(!keys.form_holds(&one, ""));
    }

    #[test]
    fn a_claim_gives_the_highest_role_that_it_names() {
        let cases = [
            ("viewer", Some(Role::Viewer)),
            ("[viewer approver]", Some(Role::Approver)),
            ("staff,operator", Some(Role::Operator)),
            ("[]", None),
            ("operators", None),
            ("no-approver", None),
        ];
        for (claim, role) in cases {
            assert_eq!(Role::from_claim(claim), role, "{claim}");
        }
    }
}
