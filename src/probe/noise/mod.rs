//! The hello of WhatsApp's and Messenger's chat channel: Noise XX over WebSocket, up to the point where the server has
//! proven to hold the key that it shows. No account is needed, none is named, and nothing follows.
//!
//! Facts from public clients that agree (tulir/whatsmeow, WhiskeySockets/Baileys). The handshake has the name
//! `Noise_XX_25519_AESGCM_SHA256` but leaves out one step of it: empty payloads are not mixed into the hash. So its few
//! steps stand here, on snow's primitives, and not in snow's own state machine, whose hash differs from the first message.

mod responder;
mod symmetric;

use prost::Message;

pub use responder::Responder;
use symmetric::{KEY, Symmetric, TAG, ephemeral};

/// The longest frame taken from the server. A hello with its certificates is about 350 bytes; its post-quantum form adds
/// some 3 KiB.
const MAX_FRAME: usize = 64 * 1024;

/// Bytes that give a frame's length.
const LENGTH: usize = 3;

/// What cannot happen on this machine or must not come from the server, for people.
pub type Fault = &'static str;

/// The client's side of the hello.
pub struct Hello {
    symmetric: Symmetric,
    ephemeral: Box<dyn snow::types::Dh>,
    received: Vec<u8>,
}

/// What a server has proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Its static public key.
    pub key: [u8; KEY],
    /// Its chain of certificates, as sent; not verified here.
    pub certificates: Vec<u8>,
    /// Hash of all that was said.
    pub hash: [u8; KEY],
}

impl Hello {
    /// A hello with a fresh key, and the first message: 43 bytes.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(dict_version: u8) -> Result<(Self, Vec<u8>), Fault> {
        Self::with(dict_version, ephemeral()?)
    }

    fn with(
        dict_version: u8,
        ephemeral: Box<dyn snow::types::Dh>,
    ) -> Result<(Self, Vec<u8>), Fault> {
        let header = [b'W', b'A', 6, dict_version];
        let mut symmetric = Symmetric::new(&header)?;
        symmetric.mix_hash(ephemeral.pubkey());
        let hello = HandshakeMessage {
            client_hello: Some(ClientHello {
                ephemeral: Some(ephemeral.pubkey().to_vec()),
            }),
            server_hello: None,
        };
        let first = [&header[..], &framed(&hello)].concat();
        Ok((
            Self {
                symmetric,
                ephemeral,
                received: Vec::new(),
            },
            first,
        ))
    }

    /// Takes bytes from the server, however they were cut into messages. Some once the server has proven itself.
    ///
    /// # Errors
    /// When what came cannot be the answer of a server that holds its key.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<Proof>, Fault> {
        if self.received.len() + bytes.len() > LENGTH + MAX_FRAME {
            return Err("a frame over 64 KiB");
        }
        self.received.extend_from_slice(bytes);
        match frame(&self.received)? {
            None => Ok(None),
            Some(frame) => {
                let frame = frame.to_vec();
                self.answer(&frame).map(Some)
            }
        }
    }

    fn answer(&mut self, frame: &[u8]) -> Result<Proof, Fault> {
        let message =
            HandshakeMessage::decode(frame).map_err(|_| "a frame that is no handshake message")?;
        let hello = message
            .server_hello
            .ok_or("a handshake message without a server hello")?;
        let theirs: [u8; KEY] = hello
            .ephemeral()
            .try_into()
            .map_err(|_| "a server key of the wrong length")?;
        if hello.r#static().len() != KEY + TAG {
            return Err("a static key of the wrong length");
        }
        self.symmetric.mix_hash(&theirs);
        self.symmetric.mix_key(self.ephemeral.as_ref(), &theirs)?;
        let key = self
            .symmetric
            .decrypt(hello.r#static())
            .ok_or("a static key that cannot be decrypted")?;
        let key: [u8; KEY] = key
            .try_into()
            .map_err(|_| "a static key of the wrong length")?;
        self.symmetric.mix_key(self.ephemeral.as_ref(), &key)?;
        let certificates = self
            .symmetric
            .decrypt(hello.payload())
            .ok_or("certificates that cannot be decrypted")?;
        Ok(Proof {
            key,
            certificates,
            hash: self.symmetric.hash(),
        })
    }
}

/// The first frame, when all of it is there.
fn frame(received: &[u8]) -> Result<Option<&[u8]>, Fault> {
    let Some((&[a, b, c], rest)) = received.split_first_chunk::<LENGTH>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([0, a, b, c]) as usize;
    if length > MAX_FRAME {
        return Err("a frame over 64 KiB");
    }
    Ok(rest.get(..length))
}

fn framed(message: &HandshakeMessage) -> Vec<u8> {
    let body = message.encode_to_vec();
    let [_, length @ ..] = (body.len() as u32).to_be_bytes();
    [&length[..], &body].concat()
}

/// The envelope of the handshake; only the fields used here.
#[derive(Clone, PartialEq, Message)]
struct HandshakeMessage {
    #[prost(message, optional, tag = "2")]
    client_hello: Option<ClientHello>,
    #[prost(message, optional, tag = "3")]
    server_hello: Option<ServerHello>,
}

#[derive(Clone, PartialEq, Message)]
struct ClientHello {
    #[prost(bytes = "vec", optional, tag = "1")]
    ephemeral: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct ServerHello {
    #[prost(bytes = "vec", optional, tag = "1")]
    ephemeral: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    r#static: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    payload: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests;
