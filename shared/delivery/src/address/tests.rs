//! S7 as a table: addresses that must be refused, with the reason, and those that must not.

use super::*;

use Objection::{
    Fragment, LeadsInside, Malformed, NetworkAddress, NotHttps, NotPublicName, Port, UserInfo,
};

/// Ways that were used to make a server call what only it can reach.
const BYPASSES: &[(&str, Objection)] = &[
    // Not https.
    ("", Malformed),
    ("example.com", Malformed),
    ("//example.com/", Malformed),
    ("https:example.com", Malformed),
    ("https:/example.com", Malformed),
    ("https://", Malformed),
    ("https:///example.com", Malformed),
    ("http://example.com/", NotHttps),
    ("HTTP://example.com/", NotHttps),
    ("ftp://example.com/", NotHttps),
    ("file:///etc/passwd", NotHttps),
    ("gopher://example.com:70/_x", NotHttps),
    ("dict://example.com:11211/stat", NotHttps),
    ("ws://example.com/", NotHttps),
    ("javascript://example.com/%0aalert(1)", NotHttps),
    ("jar:https://example.com!/", NotHttps),
    ("unix:///var/run/docker.sock", NotHttps),
    // Numbers, in every spelling.
    ("https://127.0.0.1/", NetworkAddress),
    ("https://127.1/", NetworkAddress),
    ("https://127.0.1/", NetworkAddress),
    ("https://127.000.000.001/", NetworkAddress),
    ("https://0177.0.0.1/", NetworkAddress),
    ("https://0x7f.0.0.1/", NetworkAddress),
    ("https://0x7f000001/", NetworkAddress),
    ("https://0X7F000001/", NetworkAddress),
    ("https://2130706433/", NetworkAddress),
    ("https://017700000001/", NetworkAddress),
    ("https://0/", NetworkAddress),
    ("https://0.0.0.0/", NetworkAddress),
    ("https://127.0.0.1./", NetworkAddress),
    ("https://0x7f.1./", NetworkAddress),
    ("https://169.254.169.254/latest/meta-data/", NetworkAddress),
    ("https://2852039166/latest/meta-data/", NetworkAddress),
    ("https://0xa9fea9fe/", NetworkAddress),
    ("https://0251.0376.0251.0376/", NetworkAddress),
    ("https://0xa9.0xfe.0xa9.0xfe/", NetworkAddress),
    ("https://169.254.43518/", NetworkAddress),
    ("https://10.0.0.1/", NetworkAddress),
    ("https://8.8.8.8/", NetworkAddress),
    ("https://[::1]/", NetworkAddress),
    ("https://[::]/", NetworkAddress),
    ("https://[0:0:0:0:0:0:0:1]/", NetworkAddress),
    ("https://[::ffff:127.0.0.1]/", NetworkAddress),
    ("https://[::ffff:7f00:1]/", NetworkAddress),
    ("https://[::ffff:a9fe:a9fe]/", NetworkAddress),
    ("https://[::127.0.0.1]/", NetworkAddress),
    ("https://[64:ff9b::a9fe:a9fe]/", NetworkAddress),
    ("https://[fd00:ec2::254]/", NetworkAddress),
    ("https://[fe80::1]/", NetworkAddress),
    ("https://[2001:4860:4860::8888]/", NetworkAddress),
    ("https://[fe80::1%25eth0]/", Malformed),
    ("https://[::1/", Malformed),
    // Numbers in other scripts, which the parser folds into ours.
    ("https://１２７.０.０.１/", NetworkAddress),
    ("https://①②⑦.⓪.⓪.①/", NetworkAddress),
    ("https://127。0。0。1/", NetworkAddress),
    ("https://127．0．0．1/", NetworkAddress),
    ("https://256.256.256.256/", Malformed),
    ("https://1.2.3.4.5/", Malformed),
    // Escapes.
    ("https://%31%32%37.0.0.1/", Malformed),
    ("https://127.0.0.1%2f.example.com/", Malformed),
    ("https://example.com%00.internal.test/", Malformed),
    ("https://exa%6dple.com/", Malformed),
    // What two readers read differently.
    ("https://example.com\\@127.0.0.1/", Malformed),
    ("https://127.0.0.1\\.example.com/", Malformed),
    ("https:\\\\example.com/", Malformed),
    ("https://example.com\t.evil.test/", Malformed),
    ("https://example.com\r\nHost: 127.0.0.1/", Malformed),
    ("https://exam ple.com/", Malformed),
    (" https://example.com/", Malformed),
    ("https://example.com/\u{0}", Malformed),
    ("https://example.com/\u{3000}", Malformed),
    ("https://127.0.0.1#@example.com/", Fragment),
    ("https://example.com#@127.0.0.1/", Fragment),
    ("https://example.com/hook#", Fragment),
    // A name and password before the host.
    ("https://user@example.com/", UserInfo),
    ("https://user:password@example.com/", UserInfo),
    ("https://:@example.com/", UserInfo),
    ("https://@example.com/", UserInfo),
    ("https://example.com:443@127.0.0.1/", UserInfo),
    ("https://example.com@@127.0.0.1/", UserInfo),
    ("https://example.com:@127.0.0.1/", UserInfo),
    // Ports.
    ("https://example.com:80/", Port),
    ("https://example.com:22/", Port),
    ("https://example.com:8443/", Port),
    ("https://example.com:0/", Port),
    ("https://example.com:65536/", Malformed),
    ("https://example.com:x/", Malformed),
    // Names of the inside.
    ("https://localhost/", NotPublicName),
    ("https://LOCALHOST/", NotPublicName),
    ("https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", NotPublicName),
    ("https://localhost./", NotPublicName),
    ("https://payments.localhost/", NotPublicName),
    ("https://metadata/", NotPublicName),
    (
        "https://metadata.google.internal/computeMetadata/v1/",
        NotPublicName,
    ),
    ("https://instance-data.ec2.internal/", NotPublicName),
    ("https://printer.local/", NotPublicName),
    ("https://router.lan/", NotPublicName),
    ("https://1.0.0.127.in-addr.arpa/", NotPublicName),
    ("https://intranet/", NotPublicName),
    ("https://example.com./", NotPublicName),
    ("https://example.com../", NotPublicName),
    ("https://.example.com/", NotPublicName),
    ("https://example..com/", NotPublicName),
    ("https://-example.com/", NotPublicName),
    ("https://exam_ple.com/", NotPublicName),
    ("https://exam'ple.com/", NotPublicName),
    ("https://*.example.com/", NotPublicName),
    ("https://xn--a.com/", Malformed),
];

#[test]
fn s7_bypasses_are_refused_by_their_text() {
    assert!(BYPASSES.len() > 60);
    for (text, objection) in BYPASSES {
        let checked = Address::check(text, Reach::Public);
        assert_eq!(checked, Err(*objection), "{text:?}");
    }
}

#[test]
fn s7_development_opens_loopback_and_nothing_else() {
    for (text, objection) in BYPASSES {
        let checked = Address::check(text, Reach::PublicAndLoopback);
        let opened = ["https://127.0.0.1/", "https://[::1]/", "https://localhost/"];
        if opened.contains(text) {
            assert!(checked.is_ok(), "{text:?}");
        } else if *text == "https://LOCALHOST/" {
            assert_eq!(checked, Err(NotPublicName));
        } else {
            assert_eq!(checked, Err(*objection), "{text:?}");
        }
    }
    for text in [
        "http://127.0.0.1:4000/hook",
        "http://localhost:4000/hook?a=1",
        "http://[::1]:4000/",
    ] {
        assert!(
            Address::check(text, Reach::PublicAndLoopback).is_ok(),
            "{text}"
        );
        assert!(Address::check(text, Reach::Public).is_err(), "{text}");
    }
    for text in [
        "http://10.0.0.1:4000/",
        "http://0x7f.1:4000/",
        "http://localhost.:4000/",
    ] {
        assert!(
            Address::check(text, Reach::PublicAndLoopback).is_err(),
            "{text}"
        );
    }
}

#[test]
fn addresses_of_merchants_are_taken() {
    for text in [
        "https://shop.example.com/hook",
        "https://shop.example.com:443/hook?token=1&b=%2f%2f",
        "HTTPS://Shop.Example.COM",
        "https://例子.测试/通知",
        "https://bücher.example/a@b",
        "https://xn--fsqu00a.xn--0zwm56d/",
        "https://127.0.0.1.nip.io/",
        "https://a-b.c--d.example/",
    ] {
        assert!(Address::check(text, Reach::Public).is_ok(), "{text}");
    }
    let long = format!("https://shop.example.com/{}", "a".repeat(LENGTH_MAX));
    assert_eq!(Address::check(&long, Reach::Public), Err(Malformed));
}

#[test]
fn an_international_name_is_sent_in_its_ascii_form() {
    let address = Address::check("https://例子.测试/", Reach::Public).unwrap();
    assert_eq!(address.url().as_str(), "https://xn--fsqu00a.xn--0zwm56d/");
}

#[test]
fn s7_names_lead_outside_or_nowhere() {
    let inside = [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "::1",
        "::ffff:8.8.8.8",
    ];
    for reach in [Reach::Public, Reach::PublicAndLoopback] {
        for to in inside {
            assert!(
                !may_lead("shop.example.com", to.parse().unwrap(), reach),
                "{to}"
            );
        }
        assert!(may_lead(
            "shop.example.com",
            "93.184.216.34".parse().unwrap(),
            reach
        ));
        assert!(!may_lead(
            "localhost",
            "93.184.216.34".parse().unwrap(),
            reach
        ));
    }
    assert!(may_lead(
        "localhost",
        "::1".parse().unwrap(),
        Reach::PublicAndLoopback
    ));
    assert!(!may_lead(
        "localhost",
        "::1".parse().unwrap(),
        Reach::Public
    ));
    assert_eq!(
        LeadsInside.to_string(),
        "must not lead to an address inside a network"
    );
}
