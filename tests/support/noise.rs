//! The server's half of WhatsApp's hello: a responder of the Noise XX pattern as public clients speak it.
//!
//! It is made of snow's primitives and not of snow's handshake: after the client's ephemeral key the Noise specification
//! hashes the (empty) payload of the first message, and WhatsApp does not.

use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash};

const PATTERN: &[u8; 32] = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0";
/// `WA`, 6, and the version of the token dictionary.
pub const HEADER_LENGTH: usize = 4;

/// The state that both sides share while they greet each other.
pub struct Handshake {
    hash: [u8; 32],
    chain: [u8; 32],
    key: [u8; 32],
    counter: u64,
    sha: Box<dyn Hash>,
    cipher: Box<dyn Cipher>,
}

impl Handshake {
    pub fn new(header: &[u8]) -> Self {
        let sha = DefaultResolver.resolve_hash(&HashChoice::SHA256).unwrap();
        let cipher = DefaultResolver
            .resolve_cipher(&CipherChoice::AESGCM)
            .unwrap();
        let mut this = Self {
            hash: *PATTERN,
            chain: *PATTERN,
            key: [0; 32],
            counter: 0,
            sha,
            cipher,
        };
        this.mix_hash(header);
        this
    }

    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    pub fn mix_hash(&mut self, data: &[u8]) {
        self.sha.reset();
        self.sha.input(&self.hash);
        self.sha.input(data);
        self.sha.result(&mut self.hash);
    }

    pub fn mix_key(&mut self, ours: &dyn Dh, theirs: &[u8]) {
        let mut shared = [0; 32];
        ours.dh(theirs, &mut shared).unwrap();
        let (mut chain, mut key) = ([0; 32], [0; 32]);
        self.sha
            .hkdf(&self.chain, &shared, 2, &mut chain, &mut key, &mut []);
        (self.chain, self.key, self.counter) = (chain, key, 0);
    }

    pub fn encrypt(&mut self, clear: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; clear.len() + 16];
        self.cipher.set(&self.key);
        self.cipher
            .encrypt(self.counter, &self.hash, clear, &mut sealed);
        self.counter += 1;
        self.mix_hash(&sealed);
        sealed
    }

    pub fn decrypt(&mut self, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut clear = vec![0; sealed.len().checked_sub(16)?];
        self.cipher.set(&self.key);
        self.cipher
            .decrypt(self.counter, &self.hash, sealed, &mut clear)
            .ok()?;
        self.counter += 1;
        self.mix_hash(sealed);
        Some(clear)
    }
}

/// The key pair of a private key.
pub fn key(private: [u8; 32]) -> Box<dyn Dh> {
    let mut dh = DefaultResolver.resolve_dh(&DHChoice::Curve25519).unwrap();
    dh.set(&private);
    dh
}

/// The whole client hello when `bytes` hold it: header and ephemeral key.
pub fn client_hello(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER_LENGTH)?;
    let (length, message) = rest.split_at_checked(3)?;
    let length = length
        .iter()
        .fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
    // HandshakeMessage.clientHello = 2 { ephemeral = 1 }
    let ephemeral = message
        .get(..length)?
        .strip_prefix(&[0x12, 0x22, 0x0a, 0x20])?;
    (header.starts_with(b"WA\x06") && ephemeral.len() == 32).then_some((header, ephemeral))
}

/// The frame that answers a hello: HandshakeMessage.serverHello = 3 { ephemeral = 1, static = 2, payload = 3 }.
pub fn server_hello(
    header: &[u8],
    client: &[u8],
    ephemeral: &dyn Dh,
    fixed: &dyn Dh,
    certificates: &[u8],
) -> Vec<u8> {
    let mut handshake = Handshake::new(header);
    handshake.mix_hash(client);
    handshake.mix_hash(ephemeral.pubkey());
    handshake.mix_key(ephemeral, client);
    let sealed_key = handshake.encrypt(fixed.pubkey());
    handshake.mix_key(fixed, client);
    let payload = handshake.encrypt(certificates);
    let hello = [
        field(1, ephemeral.pubkey()),
        field(2, &sealed_key),
        field(3, &payload),
    ]
    .concat();
    framed(&field(3, &hello))
}

/// A length-delimited protobuf field.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    [&out, bytes].concat()
}

/// Three bytes of length, then the message.
pub fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[1..], message].concat()
}
