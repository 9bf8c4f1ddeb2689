//! The dns kind: one question, of any type, to a given server or to the configured resolvers.

use std::net::SocketAddr;

use hickory_proto::op::{Message, Query, ResponseCode};

use super::dial::{Context, Failure, most_telling};
use super::failure::Reason;
use super::judge;
use super::observation::{Hop, Outcome};
use super::policy::is_public;
use super::question::{ask, question, records, refusal};
use super::race::race;
use super::resolver::{SILENCE, address};
use super::trace::Step;
use crate::config::DnsTarget;

/// Runs a dns check.
pub(super) async fn run(cx: &Context<'_>, target: &DnsTarget) -> Outcome {
    cx.trace.enter(Step::Query);
    let asked = match target.server {
        Some(server) => one(cx, target, server).await,
        None => any(cx, target).await,
    };
    match asked {
        Ok(found) => Outcome::ok(found),
        Err(failure) => judge::outcome(cx.check, failure),
    }
}

async fn one(cx: &Context<'_>, target: &DnsTarget, server: SocketAddr) -> Result<String, Failure> {
    let question = question(&target.name, target.record_type)?;
    let asked = ask(&*cx.prober.network, server, &question).await;
    // Recorded when it is over: several may be under way at once.
    let request = format!("dns {} {} @{server}", target.name, target.record_type);
    let status = asked
        .as_ref()
        .ok()
        .map(|reply| reply.metadata.response_code.to_string());
    cx.trace.begin_hop(Hop {
        request,
        peer: Some(server),
        status,
        ..Hop::default()
    });
    let reply = asked?;
    judge_code(target, server, &question, reply.metadata.response_code)?;
    judge_answer(cx, target, &question, &reply)
}

/// Asks the resolvers in order. A failure of one that another contradicts is the resolver's, not the platform's.
async fn any(cx: &Context<'_>, target: &DnsTarget) -> Result<String, Failure> {
    let attempt = |server| async move {
        one(cx, target, server)
            .await
            .inspect_err(|failure| cx.note(failure))
    };
    let race = race(
        cx.prober.resolver.servers().into_iter().map(attempt),
        SILENCE,
    )
    .await;
    match (race.won, race.failed.first()) {
        (Some(found), None) => Ok(found),
        (Some(_), Some(failed)) => {
            let why = format!(
                "resolvers disagree: {}: {}",
                failed.reason.label(),
                failed.detail
            );
            Err(Failure::new(Reason::LocalResolver, why))
        }
        (None, _) => Err(most_telling(race.failed)),
    }
}

fn judge_code(
    target: &DnsTarget,
    server: SocketAddr,
    question: &Query,
    code: ResponseCode,
) -> Result<(), Failure> {
    if code == target.rcode {
        return Ok(());
    }
    let expected = target.rcode;
    let other = || {
        Failure::new(
            Reason::ContentAssertion,
            format!("{code} where {expected} is expected"),
        )
    };
    // Where a refusal is expected, any other answer only misses the expectation.
    let failure = refusal(server, question, code).filter(|_| expected == ResponseCode::NoError);
    Err(failure.unwrap_or_else(other))
}

fn judge_answer(
    cx: &Context<'_>,
    target: &DnsTarget,
    question: &Query,
    reply: &Message,
) -> Result<String, Failure> {
    let expects_none = target.rcode != ResponseCode::NoError && target.answer.is_none();
    if expects_none {
        return Ok(format!("{} as expected", target.rcode));
    }
    let found = records(reply, question)?;
    let texts: Vec<String> = found.iter().map(|record| record.data.to_string()).collect();
    let text = texts.join(" ");
    if let Some(expected) = &target.answer {
        return match texts.iter().find(|text| expected.is_match(text)) {
            Some(text) => Ok(text.clone()),
            None => Err(Failure::new(
                Reason::ContentAssertion,
                format!("no answer matches {expected}: {text}"),
            )),
        };
    }
    let mut addresses = found
        .iter()
        .filter_map(|record| address(&record.data))
        .peekable();
    if !cx.prober.allow_private && addresses.peek().is_some() && !addresses.any(is_public) {
        return Err(Failure::new(
            Reason::DnsBogon,
            format!("{} resolves to {text}, not public", target.name),
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::TXT;
    use hickory_proto::rr::{RData, Record, RecordType};

    use super::*;
    use crate::config::{Check, Kind, NetworkSettings};
    use crate::probe::observation::{Phase, Run};
    use crate::probe::testing::*;

    async fn ask_for_a(server: SocketAddr) -> Run {
        local(&[])
            .run(&short(dns_check("n.example", RecordType::A, Some(server))))
            .await
    }

    fn expecting(check: Check, code: ResponseCode, answer: Option<&str>) -> Check {
        let Kind::Dns(target) = check.kind.clone() else {
            unreachable!()
        };
        let answer = answer.map(|answer| answer.parse().unwrap());
        Check {
            kind: Kind::Dns(DnsTarget {
                rcode: code,
                answer,
                ..target
            }),
            ..check
        }
    }

    #[tokio::test]
    async fn response_codes_have_their_reasons() {
        for (code, reason) in [
            (ResponseCode::NXDomain, Reason::DnsNxdomain),
            (ResponseCode::ServFail, Reason::DnsServfail),
            (ResponseCode::Refused, Reason::DnsRefused),
            (ResponseCode::FormErr, Reason::DnsFailed),
            (ResponseCode::NotImp, Reason::DnsFailed),
            (ResponseCode::NoError, Reason::DnsNoAnswer),
        ] {
            assert_reason(&ask_for_a(refusing(code).await).await, reason);
        }
    }

    #[tokio::test]
    async fn silence_and_closed_ports_are_told_apart() {
        let run = ask_for_a(mute().await).await;
        assert_reason(&run, Reason::DnsTimeout);
        assert!(run.phases.get(Phase::Processing) >= SHORT);
        assert_reason(&ask_for_a(closed_port()).await, Reason::DnsUnreachable);
    }

    #[tokio::test]
    async fn strange_answers_are_passed_over_and_broken_ones_named() {
        let other_id = resolver(|query| {
            let mut reply = reply(query, vec![has("n.example.", "1.1.1.1")]);
            reply.metadata.id ^= 1;
            Some(reply.to_vec().unwrap())
        });
        assert_reason(&ask_for_a(other_id.await).await, Reason::DnsTimeout);
        let other_question = resolver(|query| {
            let mut reply = reply(query, vec![has("n.example.", "1.1.1.1")]);
            reply.queries[0].set_name(name("other.example."));
            Some(reply.to_vec().unwrap())
        });
        assert_reason(&ask_for_a(other_question.await).await, Reason::DnsTimeout);
        let echo = resolver(|query| Some(query.to_vec().unwrap()));
        assert_reason(&ask_for_a(echo.await).await, Reason::DnsTimeout);
        let garbage =
            resolver(|query| Some([&query.metadata.id.to_be_bytes()[..], &[0xff; 40]].concat()));
        assert_reason(&ask_for_a(garbage.await).await, Reason::DnsMalformed);
        // The answer's name points at itself.
        let pointer_loop = resolver(|query| {
            let mut bytes = reply(query, vec![]).to_vec().unwrap();
            bytes[7] = 1;
            let here = u8::try_from(bytes.len()).unwrap();
            bytes.extend([0xc0, here, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 1, 1, 1]);
            Some(bytes)
        });
        assert_reason(&ask_for_a(pointer_loop.await).await, Reason::DnsMalformed);
    }

    #[tokio::test]
    async fn a_cut_answer_is_asked_for_over_tcp() {
        let cut = |over_tcp: fn(Message) -> Option<Message>| {
            resolver(move |query| {
                let mut reply = reply(query, vec![has("n.example.", "1.1.1.1")]);
                if query.metadata.authentic_data {
                    return over_tcp(reply).map(|reply| reply.to_vec().unwrap());
                }
                reply.answers.clear();
                reply.metadata.truncation = true;
                Some(reply.to_vec().unwrap())
            })
        };
        let run = ask_for_a(cut(Some).await).await;
        assert_reason(&run, Reason::Ok);
        assert_eq!(run.outcome.detail, "1.1.1.1");
        assert_reason(&ask_for_a(cut(|_| None).await).await, Reason::DnsFailed);
        let again = cut(|mut reply| {
            reply.answers.clear();
            reply.metadata.truncation = true;
            Some(reply)
        });
        assert_reason(&ask_for_a(again.await).await, Reason::DnsFailed);
    }

    #[tokio::test]
    async fn aliases_are_followed_but_not_for_ever() {
        let chain = vec![
            has("c.example.", "1.1.1.1"),
            alias("b.example.", "c.example."),
            alias("n.example.", "b.example."),
        ];
        assert_reason(&ask_for_a(zone(chain).await).await, Reason::Ok);
        let circle = vec![
            alias("n.example.", "b.example."),
            alias("b.example.", "n.example."),
        ];
        assert_reason(&ask_for_a(zone(circle).await).await, Reason::DnsMalformed);
        let loose = vec![
            alias("n.example.", "b.example."),
            has("other.example.", "1.1.1.1"),
        ];
        assert_reason(&ask_for_a(zone(loose).await).await, Reason::DnsNoAnswer);
    }

    #[tokio::test]
    async fn expectations_hold_or_are_missed() {
        let server = zone(vec![
            has("n.example.", "1.1.1.1"),
            Record::from_rdata(
                name("n.example."),
                60,
                RData::TXT(TXT::new(vec!["v=spf1 -all".into()])),
            ),
        ])
        .await;
        let prober = local(&[]);
        let a = || dns_check("n.example.", RecordType::A, Some(server));
        let code = ResponseCode::NoError;
        assert_reason(
            &prober.run(&expecting(a(), code, Some("^1\\.1"))).await,
            Reason::Ok,
        );
        assert_reason(
            &prober.run(&expecting(a(), code, Some("^2\\.2"))).await,
            Reason::ContentAssertion,
        );
        assert_reason(
            &prober
                .run(&expecting(a(), ResponseCode::NXDomain, None))
                .await,
            Reason::ContentAssertion,
        );
        let txt = dns_check("n.example", RecordType::TXT, Some(server));
        assert_reason(
            &prober.run(&expecting(txt, code, Some("spf1"))).await,
            Reason::Ok,
        );
        assert_reason(
            &prober
                .run(&dns_check("n.example", RecordType::MX, Some(server)))
                .await,
            Reason::DnsNoAnswer,
        );

        let gone = dns_check(
            "n.example",
            RecordType::A,
            Some(refusing(ResponseCode::NXDomain).await),
        );
        assert_reason(
            &prober
                .run(&expecting(gone, ResponseCode::NXDomain, None))
                .await,
            Reason::Ok,
        );
    }

    #[tokio::test]
    async fn private_answers_are_bogons_unless_expected() {
        let server = zone(vec![has("n.example.", "10.0.0.1")]).await;
        let check = dns_check("n.example", RecordType::A, Some(server));
        let strict = prober(NetworkSettings::default());
        assert_reason(&strict.run(&check).await, Reason::DnsBogon);
        assert_reason(
            &strict
                .run(&expecting(
                    check.clone(),
                    ResponseCode::NoError,
                    Some("^10"),
                ))
                .await,
            Reason::Ok,
        );
        assert_reason(&local(&[]).run(&check).await, Reason::Ok);
    }

    #[tokio::test]
    async fn resolvers_that_contradict_each_other_are_ours() {
        let check = dns_check("n.example", RecordType::A, None);
        let (fails, works) = (
            refusing(ResponseCode::ServFail).await,
            zone(vec![has("n.example.", "1.1.1.1")]).await,
        );
        assert_reason(
            &local(&[fails, works]).run(&check).await,
            Reason::LocalResolver,
        );
        assert_reason(&local(&[works, fails]).run(&check).await, Reason::Ok);
        assert_reason(&local(&[fails]).run(&check).await, Reason::DnsServfail);
        let run = local(&[fails, refusing(ResponseCode::ServFail).await])
            .run(&check)
            .await;
        assert_reason(&run, Reason::DnsServfail);
        assert!(
            run.outcome.detail.contains(&fails.to_string()),
            "the first: {}",
            run.outcome.detail
        );
        // Silence of the second is no contradiction.
        assert_reason(
            &local(&[fails, mute().await])
                .run(&short(check.clone()))
                .await,
            Reason::DnsServfail,
        );
        // Silence of the first is no failure yet.
        assert_reason(&local(&[mute().await, works]).run(&check).await, Reason::Ok);
    }

    #[tokio::test]
    async fn a_lost_packet_is_sent_again() {
        let lost = std::sync::atomic::AtomicBool::new(false);
        let server = resolver(move |query| {
            lost.swap(true, std::sync::atomic::Ordering::Relaxed)
                .then(|| {
                    reply(query, vec![has("n.example.", "1.1.1.1")])
                        .to_vec()
                        .unwrap()
                })
        });
        assert_reason(
            &local(&[])
                .run(&dns_check("n.example", RecordType::A, Some(server.await)))
                .await,
            Reason::Ok,
        );
    }

    #[tokio::test]
    async fn a_name_that_is_none_is_a_mistake_of_the_configuration() {
        let long = format!("{}.example", "a".repeat(64));
        let run = local(&[])
            .run(&dns_check(&long, RecordType::A, Some(closed_port())))
            .await;
        assert_reason(&run, Reason::LocalConfig);
    }
}
