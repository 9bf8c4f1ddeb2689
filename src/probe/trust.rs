//! Whom we trust and who we are in TLS: certificate authorities and client certificates, read once for each set of
//! files that the configuration names.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::config::{Config, Kind, TlsOptions};

/// What a handshake is made with.
#[derive(Clone)]
pub(super) struct Material {
    /// Verifies chains and names against the authorities.
    pub verifier: Arc<WebPkiServerVerifier>,
    /// Our own certificate.
    pub client: Option<Arc<CertifiedKey>>,
}

/// Everything read from files.
pub(super) struct Trust {
    /// The cryptography, never taken from the process.
    pub provider: Arc<CryptoProvider>,
    shared: RootCertStore,
    read: HashMap<Files, Material>,
}

/// The files behind a [`Material`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Files {
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Files {
    fn of(options: &TlsOptions) -> Self {
        Self {
            ca: options.ca_file.clone(),
            certificate: options.cert_file.clone(),
            key: options.key_file.clone(),
        }
    }
}

impl Trust {
    /// Reads the files of every check that is on.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub fn new(config: &Config) -> Result<Self, String> {
        let mut shared = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        if let Some(file) = &config.network.ca_file {
            add_authorities(&mut shared, file)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut trust = Self {
            provider,
            shared,
            read: HashMap::new(),
        };
        let active = config.active();
        let checks = active
            .iter()
            .flat_map(|platform| &platform.components)
            .flat_map(|component| &component.checks);
        let controls = config.controls.targets.iter().map(|control| &control.check);
        let named = checks
            .chain(controls)
            .filter_map(|check| options(&check.kind));
        for options in named.chain([&TlsOptions::default()]) {
            let files = Files::of(options);
            if !trust.read.contains_key(&files) {
                let material = trust.load(&files)?;
                trust.read.insert(files, material);
            }
        }
        Ok(trust)
    }

    /// What the options of a check ask for; files not seen at the start, of a check that was off then, are read now.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub fn material(&self, options: &TlsOptions) -> Result<Material, String> {
        let files = Files::of(options);
        self.read
            .get(&files)
            .map_or_else(|| self.load(&files), |material| Ok(material.clone()))
    }

    fn load(&self, files: &Files) -> Result<Material, String> {
        let roots = match &files.ca {
            None => self.shared.clone(),
            Some(file) => {
                let mut only = RootCertStore::empty();
                add_authorities(&mut only, file)?;
                only
            }
        };
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.into(), self.provider.clone())
                .build()
                .map_err(|error| format!("certificate authorities: {error}"))?;
        let client = match &files.certificate {
            None => None,
            // One PEM file may hold both.
            Some(certificate) => {
                Some(self.client(certificate, files.key.as_ref().unwrap_or(certificate))?)
            }
        };
        Ok(Material { verifier, client })
    }

    fn client(&self, certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, String> {
        let chain = certificates(certificate)?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error))?;
        let pair = CertifiedKey::from_der(chain, private, &self.provider)
            .map_err(|error| unusable(key, error))?;
        Ok(Arc::new(pair))
    }
}

fn options(kind: &Kind) -> Option<&TlsOptions> {
    match kind {
        Kind::Http(target) => Some(&target.tls),
        Kind::Tls(target) => Some(&target.tls),
        Kind::Websocket(target) => Some(&target.tls),
        Kind::Tcp(_) | Kind::Dns(_) => None,
    }
}

fn add_authorities(roots: &mut RootCertStore, file: &Path) -> Result<(), String> {
    for certificate in certificates(file)? {
        roots
            .add(certificate)
            .map_err(|error| unusable(file, error))?;
    }
    Ok(())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(unusable(file, "no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(file, error)),
    }
}

fn unusable(file: &Path, why: impl std::fmt::Display) -> String {
    format!("{}: {why}", file.display())
}
