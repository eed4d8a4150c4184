//! Why something was not done, in people's words.

use axum::http::StatusCode;
use payonce_app::Failure;
use payonce_domain::Refusal;

use crate::words::Words;

impl Words {
    /// Why something was not done, and what to make of it.
    pub(crate) fn failure(&self, failure: &Failure) -> (StatusCode, &'static str, String) {
        let (status, title, text) = match failure {
            Failure::NotFound => (StatusCode::NOT_FOUND, self.missing_title, self.missing_text),
            Failure::Refused { refusal, .. } => (
                StatusCode::CONFLICT,
                self.refused_title,
                self.refusal(*refusal),
            ),
            Failure::Invalid(_) => (StatusCode::BAD_REQUEST, self.field_title, self.field_text),
            Failure::ChannelUnavailable { .. }
            | Failure::Unavailable(_)
            | Failure::Unknown { .. } => {
                tracing::error!(error = failure.chain(), "an operator's wish failed");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    self.unavailable_title,
                    self.unavailable_text,
                )
            }
        };
        (status, title, text.to_owned())
    }

    const fn refusal(&self, refusal: Refusal) -> &'static str {
        match refusal {
            Refusal::SamePerson => self.same_person,
            Refusal::ExceedsCaptured | Refusal::TooManyRefunds => self.exceeds,
            Refusal::AlreadyPaid => self.already_paid,
            Refusal::NothingToTell | Refusal::ToldTooOften => self.nothing_to_tell,
            Refusal::RequestMismatch
            | Refusal::StateUnknown { .. }
            | Refusal::OrderClosed
            | Refusal::OtherSuccessor
            | Refusal::TooManyAttempts
            | Refusal::Moved
            | Refusal::NotDue => self.not_now,
        }
    }
}
