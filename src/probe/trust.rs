//! Whom we trust and who we are in TLS: certificate authorities and client certificates, read for each set of files that
//! the checks name, and again when one of them has changed.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::config::{Config, Kind, TlsOptions};
use crate::lock::lock;

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
    // A std mutex: a look or an insert, never across an await.
    read: Mutex<HashMap<Files, Read>>,
}

/// What was read, and when the files had last changed by then.
struct Read {
    stamps: Stamps,
    material: Material,
}

/// When each of the files last changed; none where that cannot be told.
type Stamps = [Option<SystemTime>; 3];

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

    fn stamps(&self) -> Stamps {
        let changed = |file: &PathBuf| fs::metadata(file).and_then(|it| it.modified()).ok();
        [&self.ca, &self.certificate, &self.key].map(|file| file.as_ref().and_then(changed))
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
        let trust = Self {
            provider,
            shared,
            read: Mutex::default(),
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
            trust.material(options)?;
        }
        Ok(trust)
    }

    /// What the options of a check ask for. Where a changed file cannot be used, half written perhaps, what was read
    /// before stays.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub fn material(&self, options: &TlsOptions) -> Result<Material, String> {
        let files = Files::of(options);
        let stamps = files.stamps();
        let mut read = lock(&self.read);
        let known = read.get(&files);
        if let Some(known) = known.filter(|known| known.stamps == stamps) {
            return Ok(known.material.clone());
        }
        match (self.load(&files), known) {
            (Ok(material), _) => {
                let fresh = Read {
                    stamps,
                    material: material.clone(),
                };
                read.insert(files, fresh);
                Ok(material)
            }
            (Err(_), Some(known)) => Ok(known.material.clone()),
            (Err(error), None) => Err(error),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::testing::{self, Authority};

    #[test]
    fn a_changed_file_is_read_again_and_a_broken_one_is_not_taken() {
        let trust = Trust::new(&testing::config()).unwrap();
        let authority = Authority::new();
        let options = authority.trusted();
        let verifier = || trust.material(&options).unwrap().verifier;
        let write = |text: &str, age: u64| {
            fs::write(authority.file.path(), text).unwrap();
            let when = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(age);
            let file = fs::File::options().write(true).open(authority.file.path());
            file.unwrap().set_modified(when).unwrap();
        };
        let first = verifier();
        assert!(Arc::ptr_eq(&first, &verifier()), "unchanged");
        write("half a certifi", 1);
        assert!(Arc::ptr_eq(&first, &verifier()), "broken");
        let other = fs::read_to_string(Authority::new().file.path()).unwrap();
        write(&other, 2);
        let second = verifier();
        assert!(!Arc::ptr_eq(&first, &second), "changed");
        assert!(Arc::ptr_eq(&second, &verifier()), "unchanged again");
    }
}
