//! Everything that reads what strangers wrote, under fire: notifications, answers, bills, request bodies, identifiers,
//! addresses, cursors, tokens, and what browsers send along.
//!
//! A target takes a *recipe*: bytes that say how a genuine message is to be spoilt. So every engine that makes bytes can
//! drive it, and most of what it makes gets past the first line of a reader. Where a message is signed there are two
//! targets: `…_signed` spoils first and signs then, as a channel would that errs, to reach the readers behind the
//! signature; `…_forged` spoils what was signed, and nothing that comes of it may claim more than the genuine message.

mod alipay;
mod bills;
mod browsers;
mod channel;
mod doors;
mod requests;
mod signing;
mod spoil;
mod texts;
mod tokens;
mod unionpay;
mod wechat;

pub use alipay::ALIPAY;
pub use bills::{assert_bills_are_read, bill_file, bill_lines};
pub use browsers::{cookies, languages, link, shown_text};
pub use channel::{Side, answer_forged, answer_signed, notification_forged, notification_signed};
pub use doors::{appeal_link, assert_doors_open, caller};
pub use requests::{appeal_body, assert_appeals_are_read, list_parameters, request_body, words};
pub use texts::{address, cursor, identifier, secret};
pub use tokens::{assert_tokens_open, cashier_token, console_form, console_token};
pub use unionpay::UNIONPAY;
pub use wechat::WECHAT;
