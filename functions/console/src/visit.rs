//! An operator at the console: who he is, what he may do, and what his form says.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use payonce_app::Failure;
use payonce_app::console::{Console, Doing, Role, Session};
use payonce_domain::Timestamp;
use payonce_lambda::clock;
use payonce_lambda::http::cookie::value;

use crate::answer::Refused;
use crate::asset::{SCRIPT, STYLE};
use crate::cookie;
use crate::look::{self, Language};
use crate::words::Words;

/// The parameters of an address, or the fields of a form.
pub(crate) type Fields = BTreeMap<String, String>;

/// As much as an operator's reason may say, in characters.
const WHY_CHARS_MAX: usize = 200;

/// A visit by somebody who has come in.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) session: Session,
    pub(crate) language: Language,
    pub(crate) now: Timestamp,
    /// What every form of this session carries.
    pub(crate) form: String,
    /// Whether the language was chosen just now.
    pub(crate) chosen: bool,
}

impl Visit {
    /// Whoever shows a session that holds.
    pub(crate) async fn begin(
        console: &Arc<Console>,
        headers: &HeaderMap,
        query: &Fields,
    ) -> Result<Self, Refused> {
        let language = look::language(headers, query);
        let nobody = || Refused::Nobody(language);
        let now = clock::now();
        let shown = shown(console, headers).ok_or_else(nobody)?;
        let keys = console.keys().await.map_err(|failure| {
            tracing::error!(error = failure.chain(), "no session can be read");
            nobody()
        })?;
        let session = keys.open(&shown.token, now).ok_or_else(nobody)?;
        Ok(Self {
            session,
            language,
            now,
            form: keys.form(&shown.token),
            chosen: query.contains_key("lang"),
        })
    }

    /// The same, for a form that does something: the role allows it, and it came from a page of ours.
    pub(crate) async fn posting(
        console: &Arc<Console>,
        headers: &HeaderMap,
        body: &[u8],
        needed: Role,
    ) -> Result<(Self, Fields), Refused> {
        let visit = Self::begin(console, headers, &Fields::new()).await?;
        let fields: Fields = form_urlencoded::parse(body).into_owned().collect();
        let given = fields.get("form").map_or("", String::as_str);
        let shown = shown(console, headers);
        let keys = console.keys().await;
        let keys = keys.map_err(|failure| visit.failed(failure))?;
        // Only what a browser sends by itself can be sent by another site's page.
        let holds =
            shown.is_some_and(|shown| shown.by_hand || keys.form_holds(&shown.token, given));
        if !holds {
            return Err(Refused::Form(Box::new(visit)));
        }
        visit.may(needed)?;
        Ok((visit, fields))
    }

    /// Whether the role allows it.
    pub(crate) fn may(&self, needed: Role) -> Result<(), Refused> {
        if self.session.role >= needed {
            Ok(())
        } else {
            Err(Refused::Role(Box::new(self.clone())))
        }
    }

    /// What is to be done, with its reason; nothing is done without one.
    pub(crate) fn doing<'a>(&'a self, fields: &'a Fields) -> Result<Doing<'a>, Refused> {
        let why = fields.get("why").map_or("", |why| why.trim());
        if why.is_empty() || why.chars().count() > WHY_CHARS_MAX {
            return Err(self.field("why"));
        }
        Ok(Doing {
            session: &self.session,
            why,
            now: self.now,
        })
    }

    pub(crate) fn field(&self, name: &'static str) -> Refused {
        Refused::Field(Box::new(self.clone()), name)
    }

    pub(crate) fn failed(&self, failure: Failure) -> Refused {
        Refused::Failed(Box::new(self.clone()), failure)
    }
}

/// A session as it was shown.
struct Shown {
    token: String,
    /// By a program that put it into a header, and not by a browser that adds cookies to whatever it sends.
    by_hand: bool,
}

fn shown(console: &Console, headers: &HeaderMap) -> Option<Shown> {
    let bearer = headers.get(header::AUTHORIZATION);
    let bearer = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if let (Some(token), true) = (bearer, console.links) {
        return Some(Shown {
            token: token.trim().to_owned(),
            by_hand: true,
        });
    }
    value(headers, cookie::SESSION).map(|token| Shown {
        token: token.to_owned(),
        by_hand: false,
    })
}

/// What frames every page.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) w: &'static Words,
    pub(crate) language: Language,
    pub(crate) style: &'static str,
    pub(crate) script: &'static str,
    /// Which part of the navigation the page belongs to.
    pub(crate) place: &'static str,
    /// Who has come in; empty if nobody.
    pub(crate) operator: String,
    pub(crate) role: &'static str,
    pub(crate) may_act: bool,
    pub(crate) may_approve: bool,
    pub(crate) form: String,
    pub(crate) read_at: String,
}

impl Frame {
    pub(crate) fn of(visit: &Visit, place: &'static str) -> Self {
        let words = Words::of(visit.language);
        Self {
            place,
            operator: visit.session.operator.to_string(),
            role: words.role(visit.session.role),
            may_act: visit.session.role >= Role::Operator,
            may_approve: visit.session.role >= Role::Approver,
            form: visit.form.clone(),
            read_at: crate::show::beijing(visit.now),
            ..Self::bare(visit.language)
        }
    }

    /// The parts of the console: their names, addresses and words.
    pub(crate) fn places(&self) -> [(&'static str, &'static str, &'static str); 11] {
        let w = self.w;
        [
            ("now", "/console", w.nav_now),
            ("unknown", "/console/lists/unknown", w.nav_unknown),
            ("returns", "/console/lists/returns", w.nav_returns),
            ("people", "/console/lists/people", w.nav_people),
            ("history", "/console/lists/history", w.nav_history),
            (
                "appeals",
                "/console/appeals",
                crate::appeals::title(self.language),
            ),
            (
                "settlement",
                "/console/settlement",
                crate::settlement::title(self.language),
            ),
            (
                "findings",
                "/console/findings",
                crate::settlement::findings_title(self.language),
            ),
            ("proposals", "/console/proposals", w.nav_proposals),
            ("controls", "/console/controls", w.nav_controls),
            ("acts", "/console/acts", w.nav_acts),
        ]
    }

    pub(crate) fn bare(language: Language) -> Self {
        Self {
            w: Words::of(language),
            language,
            style: &STYLE.file,
            script: &SCRIPT.file,
            place: "",
            operator: String::new(),
            role: "",
            may_act: false,
            may_approve: false,
            form: String::new(),
            read_at: String::new(),
        }
    }
}
