//! What `template.yaml` must guarantee of buckets.

#![allow(clippy::unwrap_used, clippy::panic)]

use template_tests::Template;

/// S15, S18: a copy of the table is as secret as the table, and ends; heads do not, and nothing of ours deletes either.
#[test]
fn the_bucket_of_exports_is_closed_and_outlives_the_stack() {
    let template = Template::read().unwrap();
    let buckets = template.resources("AWS::S3::Bucket");
    let [(id, bucket)] = buckets[..] else {
        panic!("{} buckets", buckets.len());
    };
    assert_eq!(bucket["DeletionPolicy"], "Retain");
    assert_eq!(bucket["UpdateReplacePolicy"], "Retain");
    let properties = &bucket["Properties"];
    let closed = properties["PublicAccessBlockConfiguration"].as_object();
    assert_eq!(closed.unwrap().len(), 4);
    assert!(closed.unwrap().values().all(|closed| closed == true));
    assert!(!properties["BucketEncryption"].is_null());
    assert_eq!(properties["VersioningConfiguration"]["Status"], "Enabled");
    let rules = properties["LifecycleConfiguration"]["Rules"].as_array();
    let ends: Vec<_> = rules.unwrap().iter().map(|rule| &rule["Prefix"]).collect();
    assert_eq!(ends, ["exports/"], "heads have no end");
    let policies = template.resources("AWS::S3::BucketPolicy");
    let policy = &policies[0].1["Properties"];
    assert_eq!(policy["Bucket"]["Ref"], id);
    let statement = &policy["PolicyDocument"]["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    assert_eq!(
        statement["Condition"]["Bool"]["aws:SecureTransport"],
        "false"
    );
    for grant in template.grants() {
        assert!(!grant.action.starts_with("s3:Delete"), "{grant:?}");
        assert!(!grant.action.contains("Retention"), "{grant:?}");
    }
}
