//! Who asks: the merchant behind an API key (S4).

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use payonce_app::{Accounts, Failure};
use payonce_store::{ApiKey, Merchant};

use super::problem::Problem;

/// The merchant whose key came with the request. A missing, malformed, unknown and wrong key get one
/// answer, so that nobody learns which merchants there are.
///
/// # Errors
/// 401, or 503 if merchants cannot be read.
pub async fn merchant(accounts: &Accounts, headers: &HeaderMap) -> Result<Arc<Merchant>, Problem> {
    let presented = bearer(headers).and_then(ApiKey::parse);
    let (merchant_id, key) = presented.ok_or_else(Problem::unauthorized)?;
    let found = accounts
        .merchant(&merchant_id)
        .await
        .map_err(Failure::Unavailable)?;
    found
        .filter(|merchant| merchant.accepts(&key))
        .ok_or_else(Problem::unauthorized)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
