//! The targets, a short while each; longer as the environment asks (see `tests/fuzz/README.md`).

use bolero::{check, produce};
use fuzz_targets::{
    ALIPAY, UNIONPAY, WECHAT, address, answer_forged, answer_signed, appeal_body, appeal_link,
    assert_appeals_are_read, assert_bills_are_read, assert_doors_open, assert_tokens_open,
    bill_file, bill_lines, caller, cashier_token, console_form, console_token, cookies, cursor,
    identifier, languages, link, list_parameters, notification_forged, notification_signed,
    request_body, secret, shown_text, words,
};

/// How often each is tried where nobody asks for more; a signature takes a hundred times as long as anything else.
const CHEAP: usize = 20_000;
const SIGNING: usize = 500;

macro_rules! target {
    ($name:ident, $times:expr, $run:expr) => {
        #[test]
        fn $name() {
            check!()
                .with_iterations($times)
                .with_generator(produce::<Vec<u8>>().with().len(4..=64_usize))
                .for_each(|recipe: &Vec<u8>| $run(recipe));
        }
    };
}

#[test]
fn what_is_spoilt_was_genuine() {
    for side in [&ALIPAY, &WECHAT, &UNIONPAY] {
        side.assert_genuine();
    }
    assert_bills_are_read();
    assert_appeals_are_read();
    assert_tokens_open();
    assert_doors_open();
}

target!(s1_alipay_notification_forged, SIGNING, |recipe| {
    notification_forged(&ALIPAY, recipe)
});
target!(s1_wechat_notification_forged, SIGNING, |recipe| {
    notification_forged(&WECHAT, recipe)
});
target!(s1_unionpay_notification_forged, SIGNING, |recipe| {
    notification_forged(&UNIONPAY, recipe)
});
target!(s1_alipay_answer_forged, SIGNING, |recipe| answer_forged(
    &ALIPAY, recipe
));
target!(s1_wechat_answer_forged, SIGNING, |recipe| answer_forged(
    &WECHAT, recipe
));
target!(s1_unionpay_answer_forged, SIGNING, |recipe| answer_forged(
    &UNIONPAY, recipe
));
target!(s8_alipay_notification_signed, SIGNING, |recipe| {
    notification_signed(&ALIPAY, recipe)
});
target!(s8_wechat_notification_signed, SIGNING, |recipe| {
    notification_signed(&WECHAT, recipe)
});
target!(s8_unionpay_notification_signed, SIGNING, |recipe| {
    notification_signed(&UNIONPAY, recipe)
});
target!(s8_alipay_answer_signed, SIGNING, |recipe| answer_signed(
    &ALIPAY, recipe
));
target!(s8_wechat_answer_signed, SIGNING, |recipe| answer_signed(
    &WECHAT, recipe
));
target!(s8_unionpay_answer_signed, SIGNING, |recipe| answer_signed(
    &UNIONPAY, recipe
));
target!(s8_bill_lines, CHEAP / 10, bill_lines);
target!(s8_bill_file, CHEAP / 10, bill_file);
target!(s8_s11_request_body, CHEAP, request_body);
target!(s8_list_parameters, CHEAP, list_parameters);
target!(s8_identifier, CHEAP, identifier);
target!(s7_address, CHEAP, address);
target!(s8_cursor, CHEAP, cursor);
target!(s4_secret, CHEAP, secret);
target!(s8_appeal_body, CHEAP, appeal_body);
target!(s8_appeal_words, CHEAP, words);
target!(s6_cashier_token, CHEAP, cashier_token);
target!(s6_appeal_link, CHEAP, appeal_link);
target!(s4_caller, CHEAP, caller);
target!(s4_console_token, CHEAP, console_token);
target!(s4_console_form, CHEAP, console_form);
target!(s8_cookies, CHEAP, cookies);
target!(s8_languages, CHEAP, languages);
target!(s9_link, CHEAP, link);
target!(s10_shown_text, CHEAP, shown_text);
