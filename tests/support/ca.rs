//! The tests' own certificate authority: a leaf for any name on demand, good or flawed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// What is wrong with a leaf certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Its time has passed.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It names another host.
    WrongName,
    /// Another authority signed it.
    Untrusted,
}

/// One trusted authority, and one that nobody trusts.
pub struct Ca {
    trusted: Issuer<'static, KeyPair>,
    certificate: Certificate,
    untrusted: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    file: PathBuf,
    servers: Mutex<HashMap<(String, Flaw), Arc<ServerConfig>>>,
    _dir: tempfile::TempDir,
}

impl Ca {
    /// The one that all tests of this process share.
    pub fn shared() -> Arc<Self> {
        static CA: OnceLock<Arc<Ca>> = OnceLock::new();
        Arc::clone(CA.get_or_init(|| Arc::new(Self::new())))
    }

    fn new() -> Self {
        let (trusted, certificate) = authority("Test Root");
        let (untrusted, _) = authority("Portal Root");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, certificate.pem()).unwrap();
        let leaf_key = KeyPair::generate().unwrap();
        Self {
            trusted,
            certificate,
            untrusted,
            leaf_key,
            file,
            servers: Mutex::default(),
            _dir: dir,
        }
    }

    /// PEM file of the trusted authority, for `network.ca_file`.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What a TLS server for that name runs on; offers h2 and HTTP/1.1.
    pub fn server(&self, name: &str, flaw: Flaw) -> Arc<ServerConfig> {
        let mut servers = self.servers.lock().unwrap();
        Arc::clone(
            servers
                .entry((name.to_owned(), flaw))
                .or_insert_with(|| Arc::new(self.make_server(name, flaw))),
        )
    }

    fn make_server(&self, name: &str, flaw: Flaw) -> ServerConfig {
        let chain = vec![self.leaf(name, flaw)];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap();
        let mut config = builder
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }

    fn leaf(&self, name: &str, flaw: Flaw) -> CertificateDer<'static> {
        let name = if flaw == Flaw::WrongName {
            "another.example"
        } else {
            name
        };
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = match flaw {
            Flaw::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
            Flaw::NotYetValid => (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1)),
            _ => (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1)),
        };
        let issuer = if flaw == Flaw::Untrusted {
            &self.untrusted
        } else {
            &self.trusted
        };
        params
            .signed_by(&self.leaf_key, issuer)
            .unwrap()
            .der()
            .clone()
    }

    /// A client that trusts this authority alone.
    pub fn client(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap();
        builder.with_root_certificates(roots).with_no_client_auth()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn authority(name: &str) -> (Issuer<'static, KeyPair>, Certificate) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (Issuer::new(params, key), certificate)
}
