//! DNS checks: response codes, missing answers, truncation, and servers that misbehave.

use super::{Row, judge};
use crate::support::World;
use crate::support::dns::{Dns, DnsFault};
use crate::support::raw::DEAD;

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_failures() {
    let world = World::healthy().await;
    let server = Dns::start().await;
    let faults = [
        ("nx", DnsFault::NxDomain, "", "fail dns_nxdomain"),
        ("nx_wanted", DnsFault::NxDomain, ", rcode: NXDOMAIN", "ok"),
        ("servfail", DnsFault::ServFail, "", "fail dns_servfail"),
        ("refused", DnsFault::Refused, "", "fail dns_refused"),
        ("nodata", DnsFault::NoData, "", "fail dns_no_answer"),
        ("silent", DnsFault::Silent, "", "fail dns_timeout"),
        ("truncated", DnsFault::Truncated, "", "ok"),
        (
            "cut",
            DnsFault::TruncatedOnly,
            "",
            "fail dns_timeout or fail dns_failed",
        ),
        (
            "liar",
            DnsFault::WrongId,
            "",
            "fail dns_timeout or fail dns_malformed",
        ),
        ("loop", DnsFault::Malformed, "", "fail dns_malformed"),
    ];
    let check = |name: &str, keys: &str| {
        format!(
            "{{ dns: {{ name: {name}.example, type: A, server: \"{}\"{keys} }} }}",
            server.address
        )
    };
    let mut rows = Vec::new();
    for (name, fault, keys, expected) in faults {
        let host = name.replace('_', "-");
        server.fault(&format!("{host}.example"), fault);
        rows.push(Row::new(name, check(&host, keys), expected));
    }
    rows.push(Row::new(
        "fine",
        check("fine", ", answer: \"^127\\\\.0\\\\.0\\\\.1$\""),
        "ok",
    ));
    rows.push(Row::new(
        "other",
        check("fine", ", answer: \"^192\\\\.\""),
        "fail content_assertion",
    ));
    rows.push(Row::new(
        "text",
        format!(
            "{{ dns: {{ name: fine.example, type: TXT, server: \"{}\", answer: simulated }} }}",
            server.address
        ),
        "ok",
    ));
    rows.push(Row::new(
        "dead",
        format!("{{ dns: {{ name: fine.example, server: \"{DEAD}\" }} }}"),
        "fail dns_unreachable",
    ));
    rows.push(Row::new(
        "system",
        "{ dns: { name: fine.example, type: A } }",
        "ok",
    ));
    judge(&world, rows).await;
    assert!(server.asked("fine.example") > 0 && world.dns.asked("fine.example") > 0);
}

/// With one resolver its failure for a name, while the control's name resolves, is the name's.
#[tokio::test(flavor = "multi_thread")]
async fn lookups_of_other_checks_fail_by_name() {
    let world = World::healthy().await;
    let faults = [
        ("nx", DnsFault::NxDomain, "fail dns_nxdomain"),
        ("servfail", DnsFault::ServFail, "fail dns_servfail"),
        ("refused", DnsFault::Refused, "fail dns_refused"),
        ("nodata", DnsFault::NoData, "fail dns_no_answer"),
        ("silent", DnsFault::Silent, "fail dns_timeout"),
    ];
    let mut rows = vec![];
    for (name, fault, expected) in faults {
        world.dns.fault(&format!("{name}.example"), fault);
        let port = world.internet.plain.port();
        rows.push(Row::new(
            name,
            format!("{{ tcp: {{ address: \"{name}.example:{port}\" }} }}"),
            expected,
        ));
    }
    judge(&world, rows).await;
}
