//! What API Gateway's authorizer says of a token that it let through (JWT claims).

use std::collections::BTreeMap;

use axum::http::Extensions;
use lambda_http::request::RequestContext;

/// The claims of the request's token; `None` where no authorizer looked at one. They are API Gateway's word:
/// no header and no body can put them there.
#[must_use]
pub fn of(extensions: &Extensions) -> Option<BTreeMap<String, String>> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => {
            let authorizer = context.authorizer.as_ref()?;
            let claims = authorizer.jwt.as_ref()?.claims.clone();
            Some(claims.into_iter().collect())
        }
        #[allow(unreachable_patterns, clippy::wildcard_enum_match_arm)]
        _ => None,
    }
}
