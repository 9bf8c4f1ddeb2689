//! The simulated internet's own certificate authority: a leaf for any name on demand, good or flawed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::lock::lock;

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

/// The name in a certificate that names another host.
const ANOTHER: &str = "another.example";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Certificates that are kept: far above the hosts of a configuration; beyond, they are made anew for each handshake.
const MOST_KEPT: usize = 4096;

/// One trusted authority, and one that nobody trusts.
pub struct Authority {
    trusted: Issuer<'static, KeyPair>,
    certificate: Certificate,
    untrusted: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    file: PathBuf,
    made: SystemTime,
    // A std mutex: held while at most one certificate is signed, and never across an await.
    servers: Mutex<HashMap<(String, Flaw), Arc<ServerConfig>>>,
    _folder: tempfile::TempDir,
}

impl Authority {
    /// Makes both, and writes the trusted one's certificate to a file in a folder of its own, which goes with this value.
    ///
    /// # Errors
    /// A sentence for people, when keys cannot be made or the file cannot be written.
    pub fn new() -> Result<Self, String> {
        let failed = |error: rcgen::Error| format!("the simulated authority: {error}");
        let (trusted, certificate) = authority("Simulated Root").map_err(failed)?;
        let (untrusted, _) = authority("Portal Root").map_err(failed)?;
        let leaf_key = KeyPair::generate().map_err(failed)?;
        let (folder, file) = written(&certificate.pem())
            .map_err(|error| format!("the simulated authority's file: {error}"))?;
        Ok(Self {
            trusted,
            certificate,
            untrusted,
            leaf_key,
            file,
            made: SystemTime::now(),
            servers: Mutex::default(),
            _folder: folder,
        })
    }

    /// PEM file of the trusted authority, for `network.ca_file`.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Certificate of the trusted authority.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    /// From when to when a leaf with that flaw is valid.
    pub fn validity(&self, flaw: Flaw) -> (SystemTime, SystemTime) {
        match flaw {
            Flaw::Expired => (self.made - 91 * DAY, self.made - DAY),
            Flaw::NotYetValid => (self.made + DAY, self.made + 91 * DAY),
            _ => (self.made - 30 * DAY, self.made + 60 * DAY),
        }
    }

    /// What a TLS server for that name runs on; offers h2 and HTTP/1.1.
    ///
    /// # Errors
    /// A name that no certificate can be made for.
    pub fn server(&self, name: &str, flaw: Flaw) -> Result<Arc<ServerConfig>, String> {
        let mut servers = lock(&self.servers);
        let key = (name.to_owned(), flaw);
        if let Some(known) = servers.get(&key) {
            return Ok(Arc::clone(known));
        }
        let server = Arc::new(self.make_server(name, flaw)?);
        if servers.len() < MOST_KEPT {
            servers.insert(key, Arc::clone(&server));
        }
        Ok(server)
    }

    fn make_server(&self, name: &str, flaw: Flaw) -> Result<ServerConfig, String> {
        let chain = vec![self.leaf(name, flaw).map_err(|error| error.to_string())?];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn leaf(&self, name: &str, flaw: Flaw) -> Result<CertificateDer<'static>, rcgen::Error> {
        let name = if flaw == Flaw::WrongName {
            ANOTHER
        } else {
            name
        };
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        let (from, to) = self.validity(flaw);
        (params.not_before, params.not_after) = (from.into(), to.into());
        let issuer = if flaw == Flaw::Untrusted {
            &self.untrusted
        } else {
            &self.trusted
        };
        Ok(params.signed_by(&self.leaf_key, issuer)?.der().clone())
    }
}

fn written(pem: &str) -> std::io::Result<(tempfile::TempDir, PathBuf)> {
    // Readable by its owner alone, as tempfile makes folders.
    let folder = tempfile::Builder::new()
        .prefix("platform_exporter-")
        .tempdir()?;
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, pem)?;
    Ok((folder, file))
}

/// P-256, which is what rcgen makes unless told otherwise.
fn authority(name: &str) -> Result<(Issuer<'static, KeyPair>, Certificate), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((Issuer::new(params, key), certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_file_goes_with_it() {
        let authority = Authority::new().unwrap();
        let file = authority.file().to_owned();
        let pem = std::fs::read_to_string(&file).unwrap();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
        drop(authority);
        assert!(!file.exists() && !file.parent().unwrap().exists());
    }

    #[test]
    fn leaves_are_kept_apart_by_name_and_flaw() {
        let authority = Authority::new().unwrap();
        let server = |name, flaw| authority.server(name, flaw).unwrap();
        let first = server("a.example", Flaw::None);
        assert!(Arc::ptr_eq(&first, &server("a.example", Flaw::None)));
        assert!(!Arc::ptr_eq(&first, &server("a.example", Flaw::Expired)));
        assert!(!Arc::ptr_eq(&first, &server("b.example", Flaw::None)));
        assert!(authority.server("not a name \u{e9}", Flaw::None).is_err());
    }
}
