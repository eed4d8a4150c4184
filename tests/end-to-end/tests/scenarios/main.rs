//! Everything that must be seen to work, through the deployed local stack over HTTP, against the channel's own books.
//!
//! Scenarios are named after the rows of the failure matrix that they cover. They run side by side on one stack, so each
//! works on orders of its own and lays faults for those alone. The catalogue plays the same over every channel.

mod appealing;
mod auditing;
mod bad_requests;
mod buyer_pays;
mod buyer_pays_twice;
mod callers;
mod canaries;
mod cashier;
mod catalogue;
mod closing;
mod console_words;
mod crossing;
mod delaying;
mod idempotency_key;
mod initiating;
mod leaking;
mod lost_messages;
mod operator_tokens;
mod operators;
mod refunding;
mod replaying;
mod stopping;
mod strangers;
mod switching;
mod telling;
mod watching;

use end_to_end::{Scenario, run, scenario};
use payonce_local::StackOptions;

fn main() -> anyhow::Result<()> {
    let mut scenarios = catalogue::slow();
    scenarios.extend(delaying::scenarios());
    scenarios.extend(cashier::scenarios());
    scenarios.extend(appealing::scenarios());
    scenarios.extend(operators::scenarios());
    scenarios.extend(operator_tokens::scenarios());
    scenarios.extend(of_alipay());
    scenarios.extend(catalogue::scenarios());
    run(StackOptions::for_test("scenarios"), scenarios)
}

/// What was told through Alipay first, and what no channel has a part in.
fn of_alipay() -> Vec<Scenario> {
    vec![
        // First, since it waits for a minute while the others run.
        scenario(
            "f42_f63_paid_by_the_scan_when_every_message_is_lost",
            lost_messages::paid_by_the_scan,
        ),
        scenario(
            "f1_f3_a_hundred_clicks_make_one_channel_order",
            initiating::hundred_clicks,
        ),
        scenario(
            "f2_another_amount_or_subject_is_refused",
            initiating::mismatch,
        ),
        scenario(
            "f1_a_repeated_idempotency_key_is_the_same_payment",
            idempotency_key::repeated,
        ),
        scenario(
            "f2_a_reused_idempotency_key_is_no_key",
            idempotency_key::reused,
        ),
        scenario(
            "f3_an_idempotency_key_at_once_refuses_nothing",
            idempotency_key::at_once,
        ),
        scenario(
            "f2_an_idempotency_key_alone_is_no_number",
            idempotency_key::alone,
        ),
        scenario(
            "f9_a_page_that_times_out_is_opened_again",
            initiating::page_times_out,
        ),
        scenario(
            "f9_f49_a_create_that_times_out_after_effect_is_repeated",
            initiating::create_times_out_after,
        ),
        scenario(
            "f9_f49_a_create_that_times_out_before_effect_is_repeated",
            initiating::create_times_out_before,
        ),
        scenario(
            "s19_what_is_repaired_is_measured_and_what_was_asked_is_logged",
            watching::measured_and_logged,
        ),
        scenario(
            "f94_a_dry_run_says_what_it_would_do_and_does_nothing",
            watching::dry_run,
        ),
        scenario(
            "f94_the_kill_switch_and_the_cap_hold_refunds",
            watching::controls,
        ),
        scenario(
            "f26_one_notification_twenty_times_changes_once",
            buyer_pays::twenty_copies,
        ),
        scenario("f26_paid_at_once_by_the_notification", buyer_pays::at_once),
        scenario(
            "f27_a_lost_notification_is_repaired_in_seconds",
            buyer_pays::notification_lost,
        ),
        scenario(
            "f1_f62_lenient_page_and_wap_both_paid",
            buyer_pays_twice::both_orders_of_events,
        ),
        scenario(
            "f1_f62_lenient_both_paid_one_learnt_by_query",
            buyer_pays_twice::one_learnt_by_query,
        ),
        scenario(
            "f1_strict_second_attempt_is_state_unknown",
            switching::without_consent,
        ),
        scenario(
            "f56_strict_switch_closes_the_opened_attempt",
            switching::opened,
        ),
        scenario(
            "f49_strict_switch_cannot_prove_an_unopened_link",
            switching::unopened,
        ),
        scenario(
            "f56_strict_switch_finds_the_first_paid",
            switching::found_paid,
        ),
        scenario(
            "f60_paid_after_close_through_an_unopened_link",
            closing::unopened_link,
        ),
        scenario(
            "f55_f59_closed_at_the_channel_and_confirmed",
            closing::opened,
        ),
        scenario(
            "f56_paid_between_question_and_close",
            closing::paid_during_close,
        ),
        scenario("f57_the_answer_to_the_close_is_lost", closing::answer_lost),
        scenario("f61_pay_and_close_race", closing::race),
        scenario("f56_a_paid_order_is_not_closed", closing::already_paid),
        scenario(
            "f60_a_replaced_order_gives_its_money_back",
            closing::replaced,
        ),
        scenario(
            "f71_f74_a_refund_whose_answer_is_lost_moves_once",
            refunding::answer_lost,
        ),
        scenario(
            "f72_a_refund_of_unknown_outcome_keeps_its_number",
            refunding::system_error,
        ),
        scenario(
            "f71_a_compensation_whose_answer_is_lost_moves_once",
            refunding::compensation,
        ),
        scenario(
            "f75_racing_partial_refunds_stay_within_the_capture",
            refunding::race,
        ),
        scenario(
            "f76_the_same_refund_number_is_the_same_refund",
            refunding::repeated,
        ),
        scenario(
            "f33_f40_f41_forged_tampered_and_huge_notifications_change_nothing",
            strangers::forged,
        ),
        scenario(
            "f37_another_merchants_notification_changes_nothing",
            strangers::foreign,
        ),
        scenario(
            "f34_replayed_notifications_change_nothing",
            strangers::replayed,
        ),
        scenario("f35_a_wrong_amount_goes_back", strangers::wrong_amount),
        scenario(
            "f35_an_amount_misquoted_by_a_notification_is_corrected",
            strangers::misquoted,
        ),
        scenario(
            "f36_a_genuine_notification_without_a_payment_is_kept",
            strangers::unplaced,
        ),
        scenario(
            "f88_a_paid_order_is_told_and_verified",
            telling::paid_and_verified,
        ),
        scenario(
            "f88_a_merchant_that_fails_is_told_again",
            telling::again_after_refusals,
        ),
        scenario(
            "f88_i16_a_refund_is_told_after_the_payment",
            telling::a_refund_is_told_after_the_payment,
        ),
        // S16: one who is told slowly, and has much to be told, takes nobody's room.
        scenario(
            "f89_a_slow_merchant_holds_up_nobody",
            telling::a_slow_merchant_holds_up_nobody,
        ),
        scenario("f88_told_again_when_asked", telling::again_when_asked),
        scenario(
            "s7_while_a_secret_is_replaced_both_sign",
            telling::a_secret_is_replaced,
        ),
        scenario(
            "s7_s9_addresses_that_are_not_registered_are_refused",
            telling::an_address_must_be_registered,
        ),
        scenario("s8_bad_fields_are_named", bad_requests::fields),
        // S16: nobody has the room for them taken.
        scenario(
            "s8_deep_and_huge_bodies_are_refused",
            bad_requests::deep_and_huge,
        ),
        scenario("s4_every_wrong_key_gets_one_answer", callers::keys),
        scenario(
            "s6_another_merchants_payment_is_an_absent_one",
            callers::tenants,
        ),
        scenario(
            "s6_every_documented_route_is_crossed_by_a_stranger",
            crossing::every_route,
        ),
        scenario(
            "s2_f34_a_whole_campaign_replayed_changes_nothing",
            replaying::whole_campaign,
        ),
        scenario("s12_s13_i18_no_canary_is_heard", leaking::nothing),
        scenario(
            "f70_s18_the_deployed_audit_believes_what_holds",
            auditing::deployed,
        ),
    ]
}
