//! A buyer at the cashier: the payment that the token names, as it stands now.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use payonce_app::{App, AtCashier};
use payonce_domain::Timestamp;
use payonce_lambda::clock;

use crate::answer::NoPage;
use crate::look::Look;
use crate::notice::Notice;
use crate::stage::Stage;

/// The parameters of an address.
pub(crate) type Query = BTreeMap<String, String>;

pub(crate) struct Visit {
    pub(crate) at: AtCashier,
    pub(crate) token: String,
    pub(crate) look: Look,
    pub(crate) now: Timestamp,
}

impl Visit {
    pub(crate) async fn begin(
        app: &App,
        token: String,
        headers: &HeaderMap,
        query: &Query,
    ) -> Result<Self, NoPage> {
        let look = Look::of(headers, query);
        let now = clock::now();
        match app.at_cashier(&token, now).await {
            Ok(at) => Ok(Self {
                at,
                token,
                look,
                now,
            }),
            Err(failure) => Err(NoPage { look, failure }),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        Stage::of(&self.at.payment, self.now)
    }

    /// The path of the page.
    pub(crate) fn home(&self) -> String {
        format!("/cashier/{}", self.token)
    }

    /// The page with a sentence about the step before.
    pub(crate) fn home_saying(&self, notice: Notice) -> String {
        format!("{}?notice={}", self.home(), notice.name())
    }

    pub(crate) fn no_page(&self, failure: payonce_app::Failure) -> NoPage {
        NoPage {
            look: self.look,
            failure,
        }
    }
}
