//! What `template.yaml` must guarantee of how much one caller may take.

#![allow(clippy::unwrap_used, clippy::panic)]

use template_tests::Template;

/// S16: no caller takes all the room. A function that strangers reach reserves none, since one that is full answers 429
/// at once, and a channel's news must not wait for a merchant's requests.
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
