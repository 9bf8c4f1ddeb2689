//! One question to one resolver, over UDP and, where the answer is cut, TCP; and what an answer means.
//!
//! Messages are hickory's, sockets are our own: so every failure has its name. A cut answer is asked for again over TCP,
//! a lost one once more over UDP, and datagrams that answer something else are passed over.

use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::dial::{Failure, local_reason};
use super::failure::Reason;
use super::network::{Datagram, Network};

/// Largest answer we ask for over UDP: fits every path without fragments (DNS Flag Day 2020).
const UDP_PAYLOAD: u16 = 1232;
/// Room for an answer over UDP: more than was asked for, so that a somewhat longer one is read whole.
const UDP_BUFFER: usize = 4096;
/// Silence after which a question is sent again: packets get lost, and a run has 5 s by default.
const SEND_AGAIN: Duration = Duration::from_millis(1500);
/// Datagrams with another id or question that are passed over: late answers are few, a flood is an attack.
const MAX_STRANGERS: usize = 64;
/// Length of a chain of aliases that is followed: real ones have up to about five links.
const MAX_ALIASES: usize = 16;
/// Records of an answer that are looked at.
const MAX_RECORDS: usize = 64;

/// The question for the records of an absolute name.
pub(super) fn question(name: &str, record_type: RecordType) -> Result<Query, Failure> {
    // Name::from_str keeps the final dot as the mark of an absolute name; without it, search lists would apply.
    let mut name = Name::from_str(name)
        .map_err(|error| Failure::new(Reason::LocalConfig, format!("not a DNS name: {error}")))?;
    name.set_fqdn(true);
    Ok(Query::query(name, record_type))
}

/// Asks `server` and waits for its reply, whatever its response code; the caller's deadline bounds the wait.
pub(super) async fn ask(
    network: &dyn Network,
    server: SocketAddr,
    question: &Query,
) -> Result<Message, Failure> {
    let mut query = Message::query();
    query.metadata.recursion_desired = true;
    query.add_query(question.clone());
    query
        .set_edns(Edns::new())
        .edns
        .iter_mut()
        .for_each(|edns| {
            edns.set_max_payload(UDP_PAYLOAD);
        });
    let bytes = query.to_vec().map_err(|error| {
        Failure::new(
            Reason::LocalInternal,
            format!("question not encoded: {error}"),
        )
    })?;

    let reply = over_datagrams(network, server, &query, &bytes).await?;
    if reply.metadata.truncation {
        over_stream(network, server, &query, &bytes).await
    } else {
        Ok(reply)
    }
}

async fn over_datagrams(
    network: &dyn Network,
    server: SocketAddr,
    query: &Message,
    bytes: &[u8],
) -> Result<Message, Failure> {
    let unreachable = |error: io::Error| {
        let reason = local_reason(&error).unwrap_or(Reason::DnsUnreachable);
        Failure::new(reason, format!("resolver {server}: {error}"))
    };
    let socket = network.datagram(server).await.map_err(unreachable)?;
    socket.send(bytes).await.map_err(unreachable)?;
    if let Ok(reply) = timeout(SEND_AGAIN, receive(&*socket, server, query)).await {
        return reply.map_err(unreachable)?;
    }
    socket.send(bytes).await.map_err(unreachable)?;
    receive(&*socket, server, query)
        .await
        .map_err(unreachable)?
}

/// Waits for the datagram that answers `query`. The outer error is the socket's.
async fn receive(
    socket: &dyn Datagram,
    server: SocketAddr,
    query: &Message,
) -> io::Result<Result<Message, Failure>> {
    // On the heap, so that a waiting run is small.
    let mut buffer = vec![0; UDP_BUFFER];
    for _ in 0..MAX_STRANGERS {
        let length = socket.recv(&mut buffer).await?;
        match read(buffer.get(..length).unwrap_or_default(), query) {
            Answer::Ours(reply) => return Ok(Ok(*reply)),
            Answer::Malformed(why) => {
                return Ok(Err(malformed(format!("resolver {server}: {why}"))));
            }
            Answer::Strange => {}
        }
    }
    Ok(Err(malformed(format!(
        "resolver {server} floods us with answers to other questions"
    ))))
}

/// Asks again over TCP after a cut answer. Whatever goes wrong here has one name: the resolver promised more and did not
/// deliver.
async fn over_stream(
    network: &dyn Network,
    server: SocketAddr,
    query: &Message,
    bytes: &[u8],
) -> Result<Message, Failure> {
    let failed = |why: String| {
        Failure::new(
            Reason::DnsFailed,
            format!("answer of {server} cut; over TCP: {why}"),
        )
    };
    let reply =
        exchange(network, server, bytes)
            .await
            .map_err(|error| match local_reason(&error) {
                Some(reason) => {
                    Failure::new(reason, format!("resolver {server} over TCP: {error}"))
                }
                None => failed(error.to_string()),
            })?;
    match read(&reply, query) {
        Answer::Ours(reply) if reply.metadata.truncation => Err(failed("cut as well".to_owned())),
        Answer::Ours(reply) => Ok(*reply),
        Answer::Strange => Err(failed("the answer is to another question".to_owned())),
        Answer::Malformed(why) => Err(malformed(format!("resolver {server}: {why}"))),
    }
}

/// Sends one message over TCP and reads one: at most 64 KiB, by the length field's size (RFC 1035 §4.2.2).
async fn exchange(network: &dyn Network, server: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = network.stream(server).await?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    stream
        .write_all(&[&length.to_be_bytes(), bytes].concat())
        .await?;
    let length = stream.read_u16().await?;
    let mut reply = Vec::new();
    stream.take(length.into()).read_to_end(&mut reply).await?;
    if reply.len() == usize::from(length) {
        Ok(reply)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

enum Answer {
    Ours(Box<Message>),
    Strange,
    Malformed(String),
}

/// Reads a message and compares id and question with what was asked.
fn read(bytes: &[u8], query: &Message) -> Answer {
    if !bytes.starts_with(&query.metadata.id.to_be_bytes()) {
        return Answer::Strange;
    }
    let reply = match Message::from_vec(bytes) {
        Ok(reply) => reply,
        Err(error) => return Answer::Malformed(error.to_string()),
    };
    // A server that could not read the question may leave it out (FORMERR).
    let same = reply.queries == query.queries
        || (reply.queries.is_empty() && reply.metadata.response_code != ResponseCode::NoError);
    if same && reply.metadata.message_type == MessageType::Response {
        Answer::Ours(Box::new(reply))
    } else {
        Answer::Strange
    }
}

/// What a response code other than NOERROR means for a lookup.
pub(super) fn refusal(server: SocketAddr, question: &Query, code: ResponseCode) -> Option<Failure> {
    let reason = match code {
        ResponseCode::NoError => return None,
        ResponseCode::NXDomain => Reason::DnsNxdomain,
        ResponseCode::ServFail => Reason::DnsServfail,
        ResponseCode::Refused => Reason::DnsRefused,
        _ => Reason::DnsFailed,
    };
    Some(Failure::new(
        reason,
        format!(
            "{} {}: {code} from {server}",
            question.name, question.query_type
        ),
    ))
}

/// The records that answer `question`, aliases followed inside the answer.
pub(super) fn records<'a>(
    reply: &'a Message,
    question: &'a Query,
) -> Result<Vec<&'a Record>, Failure> {
    let mut owner = &question.name;
    for _ in 0..=MAX_ALIASES {
        let found: Vec<_> = reply
            .answers
            .iter()
            .filter(|record| answers(record, owner, question))
            .take(MAX_RECORDS)
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let alias = reply.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == *owner => Some(&target.0),
            _ => None,
        });
        match alias {
            Some(target) => owner = target,
            None => {
                let detail = format!("{} has no {} record", question.name, question.query_type);
                return Err(Failure::new(Reason::DnsNoAnswer, detail));
            }
        }
    }
    Err(malformed(format!(
        "{}: more than {MAX_ALIASES} aliases, or a circle of them",
        question.name
    )))
}

fn answers(record: &Record, owner: &Name, question: &Query) -> bool {
    record.name == *owner
        && (record.record_type() == question.query_type || question.query_type == RecordType::ANY)
}

fn malformed(detail: String) -> Failure {
    Failure::new(Reason::DnsMalformed, detail)
}
