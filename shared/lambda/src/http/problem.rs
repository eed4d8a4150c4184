//! Problems (RFC 9457): every refusal in one shape, with a stable type, the fields at fault, whether
//! repeating is safe, and what to do next.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use payonce_app::Failure;
use payonce_app::appeals::AppealFailure;
use payonce_app::delay::MessageFailure;
use payonce_domain::appeal::AppealRefusal;
use payonce_domain::delayed_message::MessageRefusal;
use payonce_domain::{Channel, PaymentNo, Refusal};
use serde_json::{Map, Value, json};

use crate::clock;

/// A field of the request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// A refusal, ready to be sent. Boxed: it travels as the error of nearly every function here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    fields: Vec<FieldProblem>,
    payment_no: Option<PaymentNo>,
    safe_to_retry: bool,
    next_actions: &'static [&'static str],
    retry_after: Option<u64>,
    open_channels: Option<Vec<&'static str>>,
}

impl Problem {
    /// The request is malformed: these fields are wrong.
    #[must_use]
    pub fn invalid(fields: Vec<FieldProblem>) -> Self {
        let detail = fields.iter().map(|field| {
            format!("{} {}", field.pointer, field.detail)
                .trim()
                .to_owned()
        });
        let detail = detail.collect::<Vec<_>>().join("; ");
        Parts {
            fields,
            detail,
            next_actions: &["correct-request"],
            ..Parts::new(
                StatusCode::BAD_REQUEST,
                "invalid-request",
                "The request is invalid",
            )
        }
        .into()
    }

    /// The body is larger than any request of ours can be.
    #[must_use]
    pub fn too_large(limit_bytes: usize) -> Self {
        Parts::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload-too-large",
            "The request is too large",
        )
        .with_detail(&format!("The body may have at most {limit_bytes} bytes."))
        .into()
    }

    /// No valid key came with the request.
    #[must_use]
    pub fn unauthorized() -> Self {
        Parts::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "The API key is missing or wrong",
        )
        .with_detail("Send the merchant's API key as `Authorization: Bearer <key>`.")
        .into()
    }

    /// No such thing for this merchant.
    #[must_use]
    pub fn not_found() -> Self {
        Parts::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is no such payment, message or appeal",
        )
        .into()
    }
}

impl Parts {
    const fn new(status: StatusCode, slug: &'static str, title: &'static str) -> Self {
        Self {
            status,
            slug,
            title,
            detail: String::new(),
            fields: Vec::new(),
            payment_no: None,
            safe_to_retry: false,
            next_actions: &[],
            retry_after: None,
            open_channels: None,
        }
    }

    fn with_detail(mut self, detail: &str) -> Self {
        detail.clone_into(&mut self.detail);
        self
    }

    fn unavailable() -> Self {
        Self {
            safe_to_retry: true,
            next_actions: &["retry"],
            retry_after: Some(super::RETRY_AFTER_SECONDS),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Try again shortly",
            )
        }
    }

    fn conflict(slug: &'static str, title: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, slug, title)
    }

    fn refused(payment_no: PaymentNo, refusal: Refusal) -> Self {
        let problem = match refusal {
            Refusal::RequestMismatch => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "request-mismatch",
                "The same number was used for a different request",
            )
            .with_detail("Amount, currency and subject must be those of the first request."),
            Refusal::AlreadyPaid => Self {
                next_actions: &["query"],
                ..Self::conflict("already-paid", "The order is already paid")
                    .with_detail("您的支付已完成，请勿重复操作")
            },
            Refusal::StateUnknown { closable } => Self {
                safe_to_retry: true,
                next_actions: if closable {
                    &["query", "close"]
                } else {
                    &["query", "wait", "new-order"]
                },
                ..Self::conflict("state-unknown", "Another attempt may still be paid").with_detail(
                    "The outcome of an earlier attempt is not proven, so no other can be made.",
                )
            },
            Refusal::OrderClosed => Self {
                next_actions: &["new-order"],
                ..Self::conflict("order-closed", "The order is closed or about to expire")
            },
            Refusal::OtherSuccessor => Self {
                next_actions: &["query"],
                ..Self::conflict(
                    "already-replaced",
                    "Another order replaced this one already",
                )
            },
            Refusal::ExceedsCaptured => {
                Self::conflict("exceeds-captured", "More than is left of what was paid")
            }
            Refusal::TooManyAttempts => Self {
                next_actions: &["new-order"],
                ..Self::conflict(
                    "too-many-attempts",
                    "The order has had as many attempts as it may",
                )
            },
            Refusal::TooManyRefunds => Self::conflict(
                "too-many-refunds",
                "The order has as many refunds as it may",
            ),
            Refusal::NothingToTell => Self::conflict(
                "nothing-to-tell",
                "There is nothing to tell yet, or no address to tell it to",
            ),
            Refusal::ToldTooOften => Self::conflict(
                "told-too-often",
                "The merchant had this told again so often that there is no room for more",
            ),
            // No request of a merchant is answered so.
            Refusal::SamePerson => Self::unavailable(),
            Refusal::Moved | Refusal::NotDue => Self::unavailable(),
        };
        Self {
            payment_no: Some(payment_no),
            ..problem
        }
    }
}

impl From<MessageRefusal> for Parts {
    fn from(refusal: MessageRefusal) -> Self {
        match refusal {
            MessageRefusal::RequestMismatch => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "request-mismatch",
                "The same number was used for a different request",
            )
            .with_detail("Time, payload and target must be those of the first request."),
            MessageRefusal::AlreadyDelivered => {
                Self::conflict("already-delivered", "The message is already delivered")
            }
            MessageRefusal::BeingDelivered => Self {
                safe_to_retry: true,
                next_actions: &["retry"],
                retry_after: Some(super::RETRY_AFTER_SECONDS),
                ..Self::conflict("being-delivered", "The message is being delivered")
                    .with_detail("An attempt is under way, and its outcome is not known yet.")
            },
            MessageRefusal::Cancelled => {
                Self::conflict("message-cancelled", "The message was cancelled")
            }
            MessageRefusal::NotDue | MessageRefusal::BadTiming => Self::unavailable(),
        }
    }
}

impl From<AppealRefusal> for Parts {
    fn from(refusal: AppealRefusal) -> Self {
        match refusal {
            AppealRefusal::RequestMismatch => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "request-mismatch",
                "The same number was used for a different request",
            )
            .with_detail("Everything must be as it was in the first request."),
            AppealRefusal::HearingOver => {
                Self::conflict("hearing-over", "The parties are no longer heard")
            }
            AppealRefusal::TooManyStatements => Self::conflict(
                "too-many-statements",
                "The party has made as many statements as it may",
            ),
            AppealRefusal::NotTheirs => Self::conflict(
                "not-theirs",
                "Only whoever opened the appeal can take it back",
            ),
            AppealRefusal::TooLate => Self::conflict("appeal-ruled", "The appeal is ruled or over"),
            // Read strictly before it comes to this, or never asked by a merchant.
            AppealRefusal::BadOrders
            | AppealRefusal::BadText
            | AppealRefusal::Moved
            | AppealRefusal::TooEarly
            | AppealRefusal::NotItsOrder
            | AppealRefusal::ExceedsCaptured
            | AppealRefusal::NotRuled
            | AppealRefusal::SamePerson => Self::unavailable(),
        }
    }
}

impl From<AppealFailure> for Problem {
    fn from(failure: AppealFailure) -> Self {
        match failure {
            AppealFailure::Invalid(invalid) => Failure::Invalid(invalid).into(),
            AppealFailure::NotFound => Self::not_found(),
            AppealFailure::Refused(refusal) => Parts::from(refusal).into(),
            AppealFailure::Unavailable(error) => Failure::Unavailable(error).into(),
        }
    }
}

impl From<MessageFailure> for Problem {
    fn from(failure: MessageFailure) -> Self {
        match failure {
            MessageFailure::Invalid(invalid) => Failure::Invalid(invalid).into(),
            MessageFailure::NotFound => Self::not_found(),
            MessageFailure::Refused(refusal) => Parts::from(refusal).into(),
            MessageFailure::Unavailable(error) => Failure::Unavailable(error).into(),
        }
    }
}

impl From<Parts> for Problem {
    fn from(parts: Parts) -> Self {
        Self(Box::new(parts))
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(invalid) => Self::invalid(vec![FieldProblem {
                pointer: invalid.pointer.to_owned(),
                detail: invalid.detail,
            }]),
            Failure::NotFound => Self::not_found(),
            Failure::Refused {
                payment_no,
                refusal,
            } => Parts::refused(payment_no, refusal).into(),
            Failure::ChannelUnavailable {
                channel,
                until,
                open_channels,
            } => {
                let names: Vec<_> = open_channels.into_iter().map(Channel::name).collect();
                let wait = until.since(clock::now()).as_seconds_rounded_up().max(1);
                let detail = match &names[..] {
                    [] => format!(
                        "{} does not answer, and nothing was stored.",
                        channel.name()
                    ),
                    open => format!(
                        "{} does not answer, and nothing was stored. Open now: {}.",
                        channel.name(),
                        open.join(", ")
                    ),
                };
                Parts {
                    safe_to_retry: true,
                    next_actions: if names.is_empty() {
                        &["retry"]
                    } else {
                        &["other-channel", "retry"]
                    },
                    retry_after: Some(wait),
                    open_channels: Some(names),
                    detail,
                    ..Parts::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "channel-unavailable",
                        "The channel is in trouble",
                    )
                }
                .into()
            }
            Failure::Unavailable(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "a request could not be served"
                );
                Parts::unavailable().into()
            }
            Failure::Unknown { payment_no, source } => {
                tracing::error!(
                    payment.no = %payment_no,
                    error = %source,
                    "the outcome of a write to payment {payment_no} is not known"
                );
                Parts {
                    payment_no: Some(payment_no),
                    safe_to_retry: true,
                    next_actions: &["retry", "query"],
                    retry_after: Some(super::RETRY_AFTER_SECONDS),
                    ..Parts::new(
                        StatusCode::ACCEPTED,
                        "outcome-unknown",
                        "The outcome is not known yet",
                    )
                }
                .into()
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let parts = *self.0;
        let mut body = Map::new();
        body.insert(
            "type".into(),
            json!(format!("urn:payonce:problem:{}", parts.slug)),
        );
        body.insert("title".into(), json!(parts.title));
        body.insert("status".into(), json!(parts.status.as_u16()));
        if !parts.detail.is_empty() {
            body.insert("detail".into(), json!(parts.detail));
        }
        if let Some(first) = parts.fields.first() {
            body.insert("pointer".into(), json!(first.pointer));
            let errors = parts
                .fields
                .iter()
                .map(|field| json!({ "pointer": field.pointer, "detail": field.detail }));
            body.insert("errors".into(), errors.collect());
        }
        if let Some(payment_no) = parts.payment_no {
            body.insert("payment_no".into(), json!(payment_no.to_string()));
        }
        if let Some(open_channels) = parts.open_channels {
            body.insert("open_channels".into(), json!(open_channels));
        }
        body.insert("safe_to_retry".into(), json!(parts.safe_to_retry));
        body.insert("next_actions".into(), json!(parts.next_actions));
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let text = Value::Object(body).to_string();
        let mut response = (parts.status, kind, text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if parts.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = parts.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
