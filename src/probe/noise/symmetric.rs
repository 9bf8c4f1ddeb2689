//! The hash, chaining key and cipher of a Noise handshake, as WhatsApp uses them.

use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash};

use super::Fault;

/// Length of a key, public or not, and of a hash.
pub(super) const KEY: usize = 32;

/// Length of AES-GCM's tag.
pub(super) const TAG: usize = 16;

/// The protocol's name, exactly as long as a hash, so it stands for its own hash.
const NAME: [u8; KEY] = *b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0";

const MISSING: Fault = "a primitive of the handshake is missing";

pub(super) struct Symmetric {
    hasher: Box<dyn Hash>,
    cipher: Box<dyn Cipher>,
    hash: [u8; KEY],
    chain: [u8; KEY],
    nonce: u64,
}

impl Symmetric {
    pub(super) fn new(header: &[u8]) -> Result<Self, Fault> {
        let hasher = DefaultResolver
            .resolve_hash(&HashChoice::SHA256)
            .ok_or(MISSING)?;
        let cipher = DefaultResolver
            .resolve_cipher(&CipherChoice::AESGCM)
            .ok_or(MISSING)?;
        let mut symmetric = Self {
            hasher,
            cipher,
            hash: NAME,
            chain: NAME,
            nonce: 0,
        };
        symmetric.mix_hash(header);
        Ok(symmetric)
    }

    pub(super) const fn hash(&self) -> [u8; KEY] {
        self.hash
    }

    pub(super) fn mix_hash(&mut self, data: &[u8]) {
        self.hasher.reset();
        self.hasher.input(&self.hash);
        self.hasher.input(data);
        self.hasher.result(&mut self.hash);
    }

    /// Mixes in what `own` and `theirs` share, which no one else knows.
    pub(super) fn mix_key(&mut self, own: &dyn Dh, theirs: &[u8; KEY]) -> Result<(), Fault> {
        let (mut shared, mut chain, mut key) = ([0; KEY], [0; KEY], [0; KEY]);
        own.dh(theirs, &mut shared)
            .map_err(|_| "a key that nothing can be shared with")?;
        self.hasher
            .hkdf(&self.chain, &shared, 2, &mut chain, &mut key, &mut []);
        self.chain = chain;
        self.cipher.set(&key);
        self.nonce = 0;
        Ok(())
    }

    /// None when the tag does not prove that the sender has the key.
    pub(super) fn decrypt(&mut self, sealed: &[u8]) -> Option<Vec<u8>> {
        let length = sealed.len().checked_sub(TAG)?;
        let mut open = vec![0; sealed.len()];
        self.cipher
            .decrypt(self.nonce, &self.hash, sealed, &mut open)
            .ok()?;
        open.truncate(length);
        self.nonce += 1;
        self.mix_hash(sealed);
        Some(open)
    }

    pub(super) fn encrypt(&mut self, open: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; open.len() + TAG];
        self.cipher
            .encrypt(self.nonce, &self.hash, open, &mut sealed);
        self.nonce += 1;
        self.mix_hash(&sealed);
        sealed
    }
}

/// A fresh key pair.
pub(super) fn ephemeral() -> Result<Box<dyn Dh>, Fault> {
    let mut pair = DefaultResolver
        .resolve_dh(&DHChoice::Curve25519)
        .ok_or(MISSING)?;
    let mut random = DefaultResolver.resolve_rng().ok_or(MISSING)?;
    pair.generate(random.as_mut())
        .map_err(|_| "no random bytes")?;
    Ok(pair)
}

/// The key pair of a private key.
pub(super) fn pair(private: &[u8; KEY]) -> Result<Box<dyn Dh>, Fault> {
    let mut pair = DefaultResolver
        .resolve_dh(&DHChoice::Curve25519)
        .ok_or(MISSING)?;
    pair.set(private);
    Ok(pair)
}
