//! What `template.yaml` must guarantee of how much one caller may take.

#![allow(clippy::unwrap_used, clippy::panic)]

use template_tests::Template;

/// S16: all callers together make no more requests than this stands for; how they share that is not said here. A function
/// that strangers reach reserves no room, since one that is full answers 429 at once, and a channel's news must not wait for a
/// merchant's requests.
#[test]
fn s16_every_route_has_a_rate_and_nothing_public_reserves_room() {
    let template = Template::read().unwrap();
    let apis = template.resources("AWS::Serverless::HttpApi");
    assert_eq!(apis.len(), 2);
    for (id, api) in apis {
        for limit in ["ThrottlingBurstLimit", "ThrottlingRateLimit"] {
            let limit = &api["Properties"]["DefaultRouteSettings"][limit];
            assert!(limit.as_u64().is_some_and(|limit| limit > 0), "{id}");
        }
    }
    for (id, function) in template.functions() {
        let reserved = template.function_property(function, "ReservedConcurrentExecutions");
        assert!(reserved.is_null(), "{id}");
    }
}

/// What an account gives all its functions together, unless more is asked for.
const CONCURRENCY_OF_AN_ACCOUNT: u64 = 1_000;

/// S16: a merchant's backlog, in whatever queue, leaves most of the room to requests and to channels' news.
#[test]
fn s16_what_waits_in_queues_takes_a_tenth_of_the_room_at_most() {
    let template = Template::read().unwrap();
    let (mut queues, mut most) = (0, 0);
    for (id, function) in template.functions() {
        let events = function["Properties"]["Events"].as_object();
        for event in events.into_iter().flat_map(|events| events.values()) {
            if event["Type"] == "SQS" {
                let scaling = &event["Properties"]["ScalingConfig"]["MaximumConcurrency"];
                most += scaling.as_u64().unwrap_or_else(|| panic!("{id} takes all"));
                queues += 1;
            }
        }
    }
    assert_eq!(
        queues,
        template.resources("AWS::SQS::Queue").len() - dead(&template)
    );
    assert!(most <= CONCURRENCY_OF_AN_ACCOUNT / 10, "{most} at a time");
}

/// How many queues only keep what failed: nobody works on those.
fn dead(template: &Template) -> usize {
    let queues = template.resources("AWS::SQS::Queue");
    queues
        .iter()
        .filter(|(id, _)| id.ends_with("DeadLetters"))
        .count()
}
