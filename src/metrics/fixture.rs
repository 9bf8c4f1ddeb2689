//! Platforms, runs and a report for tests, with something of everything.

use std::sync::Arc;
use std::time::Duration;

use super::{Own, Store};
use crate::config::{
    Check, Component, Depth, DnsTarget, DownWhen, HostPort, HttpTarget, Impact, Kind, Platform,
    TcpTarget, TlsOptions, TlsTarget, Trust,
};
use crate::probe::failure::{Class, Reason};
use crate::probe::observation::{Certificate, Observation, Outcome, Phases, Run};
use crate::state::report::{CheckReport, ComponentReport, IncidentReport, PlatformReport};
use crate::state::{Report, Verdict};
use crate::time::Time;

/// 5 March 2024, 15:38 UTC.
pub const NOW: Time = Time::from_millis(1_709_653_080_250);

pub fn before(seconds: u64) -> Time {
    NOW - Duration::from_secs(seconds)
}

pub fn http(url: &str) -> Kind {
    Kind::Http(HttpTarget {
        url: url.parse().unwrap(),
        method: hyper::Method::GET,
        headers: hyper::HeaderMap::new(),
        body: None,
        max_redirects: 3,
        version: None,
        body_limit: 1024,
        tls: TlsOptions::default(),
    })
}

pub fn tls(host: &str) -> Kind {
    Kind::Tls(TlsTarget {
        address: HostPort {
            host: host.into(),
            port: 443,
        },
        tls: TlsOptions::default(),
    })
}

pub fn tcp(host: &str) -> Kind {
    Kind::Tcp(TcpTarget {
        address: HostPort {
            host: host.into(),
            port: 5222,
        },
        send: None,
        expect: None,
    })
}

pub fn dns(name: &str) -> Kind {
    Kind::Dns(DnsTarget {
        name: name.into(),
        record_type: hickory_proto::rr::RecordType::A,
        server: None,
        rcode: hickory_proto::op::ResponseCode::NoError,
        answer: None,
    })
}

pub fn check(platform: &str, component: &str, check: &str, kind: Kind, depth: Depth) -> Check {
    Check {
        depth,
        trust: Trust::OnceProven,
        block_signs: true,
        ..Check::new([platform, component, check], kind)
    }
}

pub fn component(checks: Vec<Check>) -> Component {
    Component {
        name: checks[0].id.component.clone(),
        impact: Impact::Outage,
        down_when: DownWhen::All,
        tolerate: 0,
        off: None,
        checks,
    }
}

pub fn platform(title: &str, operator: &str, team: &str, components: Vec<Component>) -> Platform {
    Platform {
        name: components[0].checks[0].id.platform.clone(),
        title: title.into(),
        operator: operator.into(),
        team: team.into(),
        page: true,
        off: None,
        components,
    }
}

/// Facebook, down, and WhatsApp, up; one check of every kind but websocket.
pub fn platforms() -> Vec<Platform> {
    let fb = |c: &str, k: &str, kind, depth| check("facebook", c, k, kind, depth);
    let wa = |c: &str, k: &str, kind, depth| check("whatsapp", c, k, kind, depth);
    let login = http("https://user:secret@graph.facebook.com/me?access_token=secret");
    vec![
        platform(
            "Facebook",
            "Meta",
            "",
            vec![
                component(vec![fb("login", "me", login, Depth::Parser)]),
                component(vec![fb("dns", "a", dns("www.facebook.com"), Depth::Edge)]),
            ],
        ),
        platform(
            "Whats \"App\" \\ für\nalle",
            "Meta",
            "chat",
            vec![component(vec![
                wa("chat", "tls", tls("g.whatsapp.net"), Depth::Edge),
                wa("chat", "tcp", tcp("2001:db8::1"), Depth::Edge),
            ])],
        ),
    ]
}

pub fn run(class: Class, reason: Reason, millis: [u64; 5]) -> Observation {
    Observation {
        planned: before(10),
        started: before(10),
        ended: before(9),
        run: Run {
            outcome: Outcome {
                class,
                reason,
                needs_proof: false,
                detail: String::new(),
            },
            phases: Phases(millis.map(Duration::from_millis)),
            status: None,
            certificate: None,
            retry_after: None,
            verified_tls: false,
            hops: Vec::new(),
        },
    }
}

/// Every kind of result once: the first check has failed last, the second was refused, the third is fine, the last has
/// not run.
pub fn store() -> Store {
    let store = Store::new("dhaka-1", &platforms());
    let certificate = Certificate {
        not_before: Time::from_millis(1_700_000_000_000),
        not_after: Time::from_millis(1_720_000_000_000),
        subject: String::new(),
        issuer: String::new(),
    };
    let mut ok = run(Class::Ok, Reason::Ok, [4, 12, 25, 310, 1]);
    ok.run.certificate = Some(certificate.clone());
    ok.run.status = Some(400);
    let mut fail = run(Class::Fail, Reason::HttpStatus5xx, [1, 2, 3, 4, 5]);
    fail.run.status = Some(503);
    store.record(0, &ok);
    store.record(
        0,
        &run(Class::Degraded, Reason::ContentMarkerMissing, [0; 5]),
    );
    store.record(0, &fail);
    store.record(0, &fail);
    store.record(1, &run(Class::Ok, Reason::Ok, [0, 0, 0, 7, 0]));
    store.record(1, &run(Class::Local, Reason::LocalResolver, [0; 5]));
    ok.run.status = None;
    ok.run.phases = Phases([2, 30, 11_000, 0, 0].map(Duration::from_millis));
    store.record(2, &ok);
    for slot in 0..4 {
        store.plan(slot, NOW + Duration::from_secs(20));
    }
    store.record_control("tls one.one.one.one:443", true);
    store.record_control("dns example.com", false);
    store
}

pub fn own() -> Own {
    let own = Own::without_process();
    own.reloaded(true, before(3600));
    own.reloaded(false, before(60));
    own.run_started();
    own.run_started();
    own.run_ended();
    own.missed(2);
    for millis in [0, 1, 3, 700, 60_000] {
        own.observe_lag(Duration::from_millis(millis));
    }
    own
}

fn check_report(name: &str, verdict: Verdict, reason: Option<Reason>, proven: bool) -> CheckReport {
    CheckReport {
        name: name.into(),
        verdict,
        reason,
        proven,
    }
}

pub fn component_report(name: &str, verdict: Verdict, checks: Vec<CheckReport>) -> ComponentReport {
    ComponentReport {
        name: name.into(),
        verdict,
        since: before(2040),
        spent: [86_400_000, 1_500, 2_040_250, 0, 30_000].map(Duration::from_millis),
        reasons: checks.iter().filter_map(|check| check.reason).collect(),
        incident: None,
        incidents_begun: [0, 0],
        checks,
    }
}

pub fn platform_report(
    name: &str,
    title: &str,
    verdict: Verdict,
    components: Vec<ComponentReport>,
) -> PlatformReport {
    PlatformReport {
        name: name.into(),
        title: title.into(),
        operator: "Meta".into(),
        team: String::new(),
        page: true,
        verdict,
        since: before(2040),
        spent: [86_400_000, 1_500, 2_040_250, 0, 30_000].map(Duration::from_millis),
        depth: None,
        incident_degraded: false,
        incident_down: false,
        components,
    }
}

/// The verdicts that go with [`platforms`].
pub fn report() -> Report {
    let me = check_report("me", Verdict::Down, Some(Reason::HttpStatus5xx), true);
    let mut login = component_report("login", Verdict::Down, vec![me]);
    login.incidents_begun = [1, 1];
    let (start, downtime) = (before(2070), Duration::from_secs(2060));
    login.incident = Some(IncidentReport {
        start,
        level: Verdict::Down,
        downtime,
        suspended: false,
    });
    let a = check_report("a", Verdict::Unknown, None, false);
    let dns = component_report("dns", Verdict::Unknown, vec![a]);
    let mut facebook = platform_report("facebook", "Facebook", Verdict::Down, vec![login, dns]);
    facebook.incident_down = true;
    facebook.depth = Some(Depth::Edge);
    let chat = vec![
        check_report("tls", Verdict::Up, None, true),
        check_report("tcp", Verdict::Blocked, None, true),
    ];
    let mut whatsapp = platform_report(
        "whatsapp",
        "Whats \"App\" \\ für\nalle",
        Verdict::Blocked,
        vec![component_report("chat", Verdict::Up, chat)],
    );
    whatsapp.team = "chat".into();
    Report {
        now: NOW,
        vantage_up: true,
        platforms: vec![facebook, whatsapp],
    }
}

/// The whole page as text.
pub fn page(store: Store, report: Report, own: &Own, format: super::Format) -> String {
    let mut page = super::Page::new(Arc::new(store), report, own, format);
    let pieces: Vec<u8> = std::iter::from_fn(|| page.next_piece()).flatten().collect();
    String::from_utf8(pieces).unwrap()
}
