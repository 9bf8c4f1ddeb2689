//! The server's side of the hello, for simulated platforms and tests: a real responder, with a key of its own.

use prost::Message;
use snow::types::Dh;

use super::symmetric::{KEY, Symmetric, ephemeral, pair};
use super::{Fault, HandshakeMessage, LENGTH, ServerHello, frame, framed};

/// Bytes of the header before the first frame.
const HEADER: usize = 4;

/// Answers hellos.
pub struct Responder {
    private: [u8; KEY],
    certificates: Vec<u8>,
}

impl Responder {
    /// With a static private key, and the bytes to send as the chain of certificates.
    pub const fn new(private: [u8; KEY], certificates: Vec<u8>) -> Self {
        Self {
            private,
            certificates,
        }
    }

    /// The frame that answers a client's first message.
    ///
    /// # Errors
    /// When the message is no hello.
    pub fn answer(&self, first: &[u8]) -> Result<Vec<u8>, Fault> {
        self.answer_with(first, ephemeral()?)
    }

    pub(super) fn answer_with(&self, first: &[u8], own: Box<dyn Dh>) -> Result<Vec<u8>, Fault> {
        let (header, rest) = first
            .split_first_chunk::<HEADER>()
            .ok_or("a hello without a header")?;
        if !header.starts_with(b"WA\x06") || rest.len() < LENGTH {
            return Err("a hello of another protocol");
        }
        let body = frame(rest)?.ok_or("a hello that is cut")?;
        let hello = HandshakeMessage::decode(body)
            .map_err(|_| "a hello that cannot be read")?
            .client_hello;
        let hello = hello.ok_or("a handshake message without a client hello")?;
        let theirs: [u8; KEY] = hello
            .ephemeral()
            .try_into()
            .map_err(|_| "a client key of the wrong length")?;
        let fixed = pair(&self.private)?;
        let mut symmetric = Symmetric::new(header)?;
        symmetric.mix_hash(&theirs);
        symmetric.mix_hash(own.pubkey());
        symmetric.mix_key(own.as_ref(), &theirs)?;
        let sealed_key = symmetric.encrypt(fixed.pubkey());
        symmetric.mix_key(fixed.as_ref(), &theirs)?;
        let hello = ServerHello {
            ephemeral: Some(own.pubkey().to_vec()),
            r#static: Some(sealed_key),
            payload: Some(symmetric.encrypt(&self.certificates)),
        };
        Ok(framed(&HandshakeMessage {
            client_hello: None,
            server_hello: Some(hello),
        }))
    }
}
