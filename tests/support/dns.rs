//! A name server that knows every name and can be told to fail for some, in ways that no drill needs too.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use platform_exporter::drill::internet::latency::Late;
use platform_exporter::drill::internet::names::{NameServer, Names, Question};

/// How the server fails for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsFault {
    NxDomain,
    ServFail,
    Refused,
    /// NOERROR without a record.
    NoData,
    /// No answer at all.
    Silent,
    /// A reserved address that is not loopback.
    Bogon,
    /// Over UDP only the TC bit; the answer is to be had over TCP.
    Truncated,
    /// The same, but TCP answers nothing.
    TruncatedOnly,
    /// The reply's id is not the question's.
    WrongId,
    /// A name that points to itself for ever.
    Malformed,
}

#[derive(Default)]
struct Inner {
    faults: Mutex<Vec<(String, DnsFault)>>,
    asked: Mutex<Vec<String>>,
}

/// A running name server.
pub struct Dns {
    /// For UDP and TCP alike.
    pub address: SocketAddr,
    inner: Arc<Inner>,
    _server: NameServer,
}

impl Dns {
    /// Starts one that knows every name.
    pub async fn start() -> Self {
        let inner = Arc::new(Inner::default());
        let names = Arc::clone(&inner);
        let server = NameServer::start(names).await.unwrap();
        Self {
            address: server.address,
            inner,
            _server: server,
        }
    }

    /// Fails for a suffix of names (`facebook.com`, or `` for all); the latest matching fault counts.
    pub fn fault(&self, suffix: &str, fault: DnsFault) {
        self.inner
            .faults
            .lock()
            .unwrap()
            .push((suffix.to_owned(), fault));
    }

    /// Answers everything again.
    pub fn heal(&self) {
        self.inner.faults.lock().unwrap().clear();
    }

    /// How often names with that suffix were asked for.
    pub fn asked(&self, suffix: &str) -> usize {
        self.inner
            .asked
            .lock()
            .unwrap()
            .iter()
            .filter(|name| under(name, suffix))
            .count()
    }
}

fn under(name: &str, suffix: &str) -> bool {
    suffix.is_empty()
        || name == suffix
        || name
            .strip_suffix(suffix)
            .is_some_and(|rest| rest.ends_with('.'))
}

impl Inner {
    fn fault_for(&self, name: &str) -> Option<DnsFault> {
        let faults = self.faults.lock().unwrap();
        faults
            .iter()
            .rev()
            .find(|(suffix, _)| under(name, suffix))
            .map(|(_, fault)| *fault)
    }
}

impl Names for Inner {
    fn answer(&self, question: &Question<'_>) -> Option<Late<Vec<u8>>> {
        self.asked.lock().unwrap().push(question.name.to_owned());
        let fault = self.fault_for(question.name);
        let healthy = || match question.record_type {
            RecordType::A | RecordType::TXT => question.found(Ipv4Addr::LOCALHOST),
            _ => question.blank(ResponseCode::NoError),
        };
        let reply = match fault {
            Some(DnsFault::Silent) => return None,
            Some(DnsFault::TruncatedOnly) if question.over_tcp => return None,
            Some(DnsFault::NxDomain) => question.blank(ResponseCode::NXDomain),
            Some(DnsFault::ServFail) => question.blank(ResponseCode::ServFail),
            Some(DnsFault::Refused) => question.blank(ResponseCode::Refused),
            Some(DnsFault::NoData) => question.blank(ResponseCode::NoError),
            Some(DnsFault::TruncatedOnly | DnsFault::Truncated) if !question.over_tcp => {
                let mut reply = question.blank(ResponseCode::NoError);
                reply.metadata.truncation = true;
                reply
            }
            Some(DnsFault::Bogon) => question.found(Ipv4Addr::new(10, 11, 12, 13)),
            Some(DnsFault::WrongId) => {
                let mut reply = healthy();
                reply.metadata.id = reply.metadata.id.wrapping_add(1);
                reply
            }
            _ => healthy(),
        };
        let bytes = reply.to_vec().unwrap();
        Some(Late::now(match fault {
            Some(DnsFault::Malformed) => looping(&bytes),
            _ => bytes,
        }))
    }
}

/// The same header, and a question whose name is a compression pointer to itself.
fn looping(reply: &[u8]) -> Vec<u8> {
    [&reply[..12], &[0xc0, 12, 0, 1, 0, 1]].concat()
}
