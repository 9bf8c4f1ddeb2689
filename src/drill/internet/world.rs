//! What the simulated internet does at a moment: health, and what is broken of it.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use tokio::time::Instant;

use super::broken;
use super::chat::Manner;
use super::doors::{DEAF, OPEN, SHUT};
use super::exchange::{Answer, Asked};
use super::feeds::{self, News};
use super::healthy;
use super::latency::{Late, Latency, Pace, Step};
use super::names::{Names, Question};
use super::places::{Reach, Stage, bare};
use super::servers::{Conduct, Hosts, Welcome};
use super::strikes::{Asking, Strikes};
use crate::config::{Check, DnsTarget, Kind};
use crate::drill::fault::{Fault, Place};
use crate::lock::lock;
use crate::time::Time;

/// How late a slow answer comes: below the default timeout of a check, above any healthy answer.
const SLOW_ANSWER: Duration = Duration::from_secs(3);
/// How late a slow lookup is answered: after the silence at which the next resolver is asked too.
const SLOW_LOOKUP: Duration = Duration::from_millis(1500);

/// The state that all servers share.
pub(super) struct World {
    // A std mutex: held for a look or a change, never across an await.
    strikes: Mutex<Strikes>,
    latency: Latency,
    /// What dns checks ask for, and the code that they expect.
    asked_for: HashMap<(String, RecordType), ResponseCode>,
    began: (Time, Instant),
}

impl World {
    /// A healthy one; `checks`: all that may look names up.
    pub(super) fn new<'a>(pace: Pace, checks: impl Iterator<Item = &'a Check>) -> Self {
        let expectation = |check: &'a Check| match &check.kind {
            Kind::Dns(DnsTarget {
                name,
                record_type,
                rcode,
                ..
            }) => Some(((bare(name), *record_type), *rcode)),
            _ => None,
        };
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let wall = u64::try_from(wall.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
        Self {
            strikes: Mutex::default(),
            latency: Latency::new(pace),
            asked_for: checks.filter_map(expectation).collect(),
            began: (Time::from_millis(wall), Instant::now()),
        }
    }

    pub(super) fn strike(&self, place: &Place, fault: Fault, reach: Reach) {
        lock(&self.strikes).strike(place, fault, reach, self.now());
    }

    pub(super) fn heal(&self) {
        lock(&self.strikes).heal(self.now());
    }

    /// The time at the start, moved on by tokio's clock, which a drill may halt and hurry.
    fn now(&self) -> Time {
        let (wall, instant) = self.began;
        wall + instant.elapsed()
    }

    /// Where a name leads.
    fn address(&self, host: &str) -> Ipv4Addr {
        match lock(&self.strikes).on_the_way(Stage::Address, host) {
            Some(Fault::Unreachable) => DEAF,
            Some(Fault::Refused) => SHUT,
            _ => OPEN,
        }
    }

    fn record(&self, question: &Question<'_>) -> Message {
        let key = (question.name.to_owned(), question.record_type);
        match (self.asked_for.get(&key), question.record_type) {
            (Some(code), _) if *code != ResponseCode::NoError => question.blank(*code),
            // Nobody has IPv6 here but whom a check asks for it.
            (None, RecordType::AAAA) => question.blank(ResponseCode::NoError),
            _ => question.found(self.address(question.name)),
        }
    }

    /// How a host receives connections, however it was found: by an address in place of a name, what would have led astray
    /// must strike here.
    fn welcome(&self, host: &str) -> Late<Welcome> {
        let strikes = lock(&self.strikes);
        match strikes.on_the_way(Stage::Address, host) {
            Some(Fault::Unreachable) => return Late::now(Welcome::Silent),
            Some(Fault::Refused) => return Late::now(Welcome::Reset),
            _ => {}
        }
        let fault = strikes.on_the_way(Stage::Connection, host);
        Late::now(broken::welcome(fault)).after(slowness(fault))
    }

    fn healthy(&self, asked: &Asked<'_>) -> Conduct {
        let disruptions = lock(&self.strikes).disruptions();
        let news = News {
            now: self.now(),
            disruptions: &disruptions,
        };
        if let Some(answer) = feeds::answer(asked, &news) {
            return Conduct::Whole(answer);
        }
        if asked.is_upgrade() {
            return match healthy::upgrade(asked) {
                Ok(chat) => Conduct::Chat(chat),
                Err(refusal) => Conduct::Whole(refusal),
            };
        }
        let unknown = || match healthy::knows(asked.host) {
            true => Answer::html(404, "<title>Not Found</title>"),
            false => Answer::html(
                200,
                "<title>Simulated</title><p>This host is simulated.</p>",
            ),
        };
        Conduct::Whole(healthy::answer(asked).unwrap_or_else(unknown))
    }

    fn conduct(&self, asked: &Asked<'_>) -> Conduct {
        let (fault, chat_fault) = {
            let strikes = lock(&self.strikes);
            (strikes.at_request(asked), strikes.at_chat(asked))
        };
        let mut healthy = self.healthy(asked);
        if let Conduct::Chat(chat) = &mut healthy {
            chat.manner = match chat_fault {
                Some(Fault::ChatSilent) => Manner::Silent,
                Some(Fault::ChatClosed) => Manner::Closed,
                Some(Fault::ChatGarbage) => Manner::Garbage,
                _ => Manner::Healthy,
            };
        }
        match fault {
            Some(fault) => broken::conduct(fault, asked, healthy),
            None => healthy,
        }
    }
}

fn slowness(fault: Option<Fault>) -> Duration {
    match fault {
        Some(Fault::Slow) => SLOW_ANSWER,
        _ => Duration::ZERO,
    }
}

impl Hosts for World {
    fn greet(&self, host: &str) -> Late<Welcome> {
        self.welcome(host)
            .after(self.latency.of(Step::Handshake, host))
    }

    fn answer(&self, asked: &Asked<'_>) -> Late<Conduct> {
        let conduct = match self.welcome(asked.host).what {
            Welcome::Serve(_) => self.conduct(asked),
            // Without TLS there is nothing before the request that could fail.
            Welcome::Silent => Conduct::Never,
            _ => Conduct::Dropped,
        };
        let slow = slowness(lock(&self.strikes).at_request(asked));
        Late::now(conduct)
            .after(self.latency.of(Step::Answer, asked.host))
            .after(slow)
    }
}

/// One name server of this world.
pub(super) struct Resolver {
    pub(super) world: Arc<World>,
    pub(super) asking: Asking,
}

impl Names for Resolver {
    fn answer(&self, question: &Question<'_>) -> Option<Late<Vec<u8>>> {
        let (fault, gateway) = {
            let strikes = lock(&self.world.strikes);
            (
                strikes.at_name(self.asking, question.name),
                strikes.gateway(),
            )
        };
        let cut_off = matches!(
            gateway,
            Some(Fault::Unreachable | Fault::Refused | Fault::Silent)
        );
        if self.asking == Asking::Elsewhere && cut_off {
            return None;
        }
        let mut delay = self.world.latency.of(Step::Lookup, question.name);
        let message = match fault {
            Some(Fault::DnsSilent) => return None,
            Some(Fault::Servfail) => question.blank(ResponseCode::ServFail),
            Some(Fault::Nxdomain) => question.blank(ResponseCode::NXDomain),
            Some(Fault::DnsRefused) => question.blank(ResponseCode::Refused),
            Some(Fault::NoData) => question.blank(ResponseCode::NoError),
            other => {
                if other == Some(Fault::Slow) {
                    delay += SLOW_LOOKUP;
                }
                self.world.record(question)
            }
        };
        // Every message made here can be encoded.
        Some(Late::now(message.to_vec().ok()?).after(delay))
    }
}
