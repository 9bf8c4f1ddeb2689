//! A name server on loopback, over UDP and TCP. What it answers is another's business: here are only sockets and messages.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, MX, NS, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use super::latency::{Late, pause};
use super::servers::{LIFE, MOST_CONNECTIONS, SHORT, accept};

/// Longest question that is read: one name of at most 255 bytes, and what belongs to it.
const MOST_BYTES: usize = 4096;
/// Seconds that an answer may be kept; the exporter keeps none.
const TTL: u32 = 60;
/// Ports that are tried before giving up: UDP and TCP must both be free.
const ATTEMPTS: usize = 32;

/// Knows what names answer.
pub trait Names: Send + Sync + 'static {
    /// The message that answers a question; none: silence.
    fn answer(&self, question: &Question<'_>) -> Option<Late<Vec<u8>>>;
}

/// A question as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The name, in lower case and without the final dot.
    pub name: &'a str,
    /// Type of the wanted records.
    pub record_type: RecordType,
    /// Whether it came over TCP.
    pub over_tcp: bool,
    message: &'a Message,
    query: &'a Query,
}

impl Question<'_> {
    /// A reply without records.
    pub fn blank(&self, code: ResponseCode) -> Message {
        let asked = &self.message.metadata;
        let mut reply = Message::response(asked.id, asked.op_code);
        reply.metadata.recursion_desired = asked.recursion_desired;
        reply.metadata.recursion_available = true;
        reply.metadata.response_code = code;
        reply.add_query(self.query.clone());
        reply
    }

    /// A reply with a record of the wanted type, where the simulated internet has one: an address, in the notation of
    /// IPv6 too, a text, a name server or a mail server.
    pub fn found(&self, address: Ipv4Addr) -> Message {
        let mut reply = self.blank(ResponseCode::NoError);
        let host = || Name::from_ascii("ns.drill.example.").ok();
        let data = match self.record_type {
            RecordType::A => Some(RData::A(A(address))),
            // Reaches the same server through a socket of the other family.
            RecordType::AAAA => Some(RData::AAAA(AAAA(address.to_ipv6_mapped()))),
            RecordType::TXT => Some(RData::TXT(TXT::new(vec!["simulated".to_owned()]))),
            RecordType::NS => host().map(|host| RData::NS(NS(host))),
            RecordType::MX => host().map(|host| RData::MX(MX::new(10, host))),
            _ => None,
        };
        let records = data.map(|data| Record::from_rdata(self.query.name().clone(), TTL, data));
        reply.answers.extend(records);
        reply
    }
}

/// A running name server; ends when it is dropped.
pub struct NameServer {
    /// For UDP and TCP alike.
    pub address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl NameServer {
    /// Starts one on a free port of loopback.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn start(names: Arc<dyn Names>) -> io::Result<Self> {
        let (udp, tcp) = bind_both().await?;
        let address = udp.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, Arc::clone(&names)));
        tasks.spawn(accept(tcp, move |stream| {
            let names = Arc::clone(&names);
            async move {
                // Its error is the other side's leaving.
                let _ = serve_stream(stream, &*names).await;
            }
        }));
        Ok(Self {
            address,
            _tasks: tasks,
        })
    }
}

/// UDP and TCP on the same port, as resolvers are configured with one.
async fn bind_both() -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..ATTEMPTS {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn reply(names: &dyn Names, bytes: &[u8], over_tcp: bool) -> Option<Late<Vec<u8>>> {
    let message = Message::from_vec(bytes).ok()?;
    let query = message.queries.first()?;
    let name = query.name().to_ascii().to_ascii_lowercase();
    names.answer(&Question {
        name: name.trim_end_matches('.'),
        record_type: query.query_type(),
        over_tcp,
        message: &message,
        query,
    })
}

async fn serve_udp(socket: UdpSocket, names: Arc<dyn Names>) {
    let socket = Arc::new(socket);
    let mut replies = JoinSet::new();
    let mut buffer = vec![0; MOST_BYTES];
    loop {
        let (length, peer) = tokio::select! {
            Some(_) = replies.join_next() => continue,
            received = socket.recv_from(&mut buffer), if replies.len() < MOST_CONNECTIONS => match received {
                Ok(received) => received,
                // A reply that nobody waited for may come back as an error of the next receive.
                Err(_) => {
                    pause(SHORT).await;
                    continue;
                }
            },
        };
        let bytes = buffer.get(..length).unwrap_or_default();
        if let Some(reply) = reply(&*names, bytes, false) {
            let socket = Arc::clone(&socket);
            replies.spawn(async move {
                pause(reply.delay).await;
                let _ = socket.send_to(&reply.what, peer).await;
            });
        }
    }
}

async fn serve_stream(mut stream: TcpStream, names: &dyn Names) -> io::Result<()> {
    loop {
        let length = usize::from(stream.read_u16().await?);
        if length > MOST_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut question = vec![0; length];
        stream.read_exact(&mut question).await?;
        match reply(names, &question, true) {
            Some(reply) => {
                pause(reply.delay).await;
                let length = u16::try_from(reply.what.len()).map_err(io::Error::other)?;
                stream.write_u16(length).await?;
                stream.write_all(&reply.what).await?;
            }
            None => pause(LIFE).await,
        }
    }
}
