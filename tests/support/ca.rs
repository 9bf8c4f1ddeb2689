//! The simulated internet's certificate authority, one for all tests of a process.

use std::sync::{Arc, OnceLock};

use platform_exporter::drill::internet::authority::Authority;
pub use platform_exporter::drill::internet::authority::Flaw;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// The one that all tests of this process share.
pub fn shared() -> Arc<Authority> {
    static AUTHORITY: OnceLock<Arc<Authority>> = OnceLock::new();
    Arc::clone(AUTHORITY.get_or_init(|| Arc::new(Authority::new().unwrap())))
}

/// A client that trusts that authority alone.
pub fn client() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(shared().certificate().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    builder.with_root_certificates(roots).with_no_client_auth()
}
