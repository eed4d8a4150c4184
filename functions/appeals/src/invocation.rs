//! Invocations by name: appeals that are due.

use payonce_app::appeals::Appeals;
use payonce_domain::AppealNo;
use payonce_lambda::{Error, clock};
use serde::Deserialize;

/// Which appeals. Any other field is somebody's mistake.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Due {
    appeal_nos: Vec<String>,
}

/// Does what is due. What failed stays due, and what was done is not done again when Lambda repeats the
/// invocation.
pub(crate) async fn advance(appeals: &Appeals, due: Due) -> Result<(), Error> {
    let numbers = due.appeal_nos.iter().map(|text| AppealNo::parse(text));
    let numbers: Option<Vec<_>> = numbers.collect();
    let numbers = numbers.ok_or("not a number of an appeal")?;
    let failed = appeals.advance_all(&numbers, clock::now()).await;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::from("appeals could not be advanced"))
    }
}
