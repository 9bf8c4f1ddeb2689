//! A name server on loopback, UDP and TCP, that knows every name and can be told to fail for some.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, TXT};
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

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

/// A running name server; ends with the test's runtime.
pub struct Dns {
    /// For UDP and TCP alike.
    pub address: SocketAddr,
    inner: Arc<Inner>,
}

impl Dns {
    /// Starts one that knows every name.
    pub async fn start() -> Self {
        let (udp, tcp) = bind_both().await;
        let address = udp.local_addr().unwrap();
        let inner = Arc::new(Inner::default());
        tokio::spawn(serve_udp(udp, Arc::clone(&inner)));
        tokio::spawn(serve_tcp(tcp, Arc::clone(&inner)));
        Self { address, inner }
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

/// UDP and TCP on the same port, as resolvers are configured with one.
async fn bind_both() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
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

    /// The reply to a question, or none.
    fn reply(&self, question: &[u8], tcp: bool) -> Option<Vec<u8>> {
        let request = Message::from_vec(question).ok()?;
        let query = request.queries.first()?;
        let name = query
            .name()
            .to_ascii()
            .trim_end_matches('.')
            .to_ascii_lowercase();
        self.asked.lock().unwrap().push(name.clone());
        let mut reply = Message::response(request.metadata.id, request.metadata.op_code);
        reply.metadata.recursion_desired = request.metadata.recursion_desired;
        reply.metadata.recursion_available = true;
        reply.add_query(query.clone());
        let fault = self.fault_for(&name);
        match fault {
            Some(DnsFault::Silent) => return None,
            Some(DnsFault::TruncatedOnly) if tcp => return None,
            Some(DnsFault::NxDomain) => reply.metadata.response_code = ResponseCode::NXDomain,
            Some(DnsFault::ServFail) => reply.metadata.response_code = ResponseCode::ServFail,
            Some(DnsFault::Refused) => reply.metadata.response_code = ResponseCode::Refused,
            Some(DnsFault::NoData) => {}
            Some(DnsFault::TruncatedOnly | DnsFault::Truncated) if !tcp => {
                reply.metadata.truncation = true
            }
            Some(DnsFault::Bogon) => answer(&mut reply, query, Ipv4Addr::new(10, 11, 12, 13)),
            Some(DnsFault::WrongId) => {
                reply.metadata.id = reply.metadata.id.wrapping_add(1);
                answer(&mut reply, query, Ipv4Addr::LOCALHOST);
            }
            _ => answer(&mut reply, query, Ipv4Addr::LOCALHOST),
        }
        let bytes = reply.to_vec().unwrap();
        Some(if fault == Some(DnsFault::Malformed) {
            looping(&bytes)
        } else {
            bytes
        })
    }
}

/// The record a healthy server has: an address, a text; nothing of any other type.
fn answer(reply: &mut Message, query: &Query, address: Ipv4Addr) {
    let data = match query.query_type() {
        RecordType::A => RData::A(A(address)),
        RecordType::TXT => RData::TXT(TXT::new(vec!["hello from the test".to_owned()])),
        _ => return,
    };
    reply.add_answer(Record::from_rdata(query.name().clone(), 60, data));
}

/// The same header, and a question whose name is a compression pointer to itself.
fn looping(reply: &[u8]) -> Vec<u8> {
    [&reply[..12], &[0xc0, 12, 0, 1, 0, 1]].concat()
}

async fn serve_udp(socket: UdpSocket, inner: Arc<Inner>) {
    let mut buffer = [0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        if let Some(reply) = inner.reply(&buffer[..length], false) {
            let _ = socket.send_to(&reply, peer).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, inner: Arc<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve_stream(stream, Arc::clone(&inner)));
    }
}

async fn serve_stream(mut stream: TcpStream, inner: Arc<Inner>) -> std::io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        if let Some(reply) = inner.reply(&question, true) {
            stream
                .write_u16(u16::try_from(reply.len()).unwrap())
                .await?;
            stream.write_all(&reply).await?;
        }
    }
}
