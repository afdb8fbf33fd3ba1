//! TLS as the server speaks it: `ring`, versions 1.2 and 1.3, HTTP/1.1, and a certificate that is
//! replaced while the server runs when it nears its end.

use crate::certificates::{self, Identity};
use crate::settings::Settings;
use model::{Error, ErrorKind, Result};
use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_rustls::TlsAcceptor;

/// How often a running server looks at its certificate.
const LOOK: Duration = Duration::from_hours(12);

/// Where the certificate comes from.
#[derive(Clone, Debug)]
enum Source {
    /// Made here, for these names.
    Own { directory: PathBuf, names: BTreeSet<String> },
    /// The operator's files.
    Given { certificate: PathBuf, key: PathBuf },
}

impl Source {
    fn identity(&self, now: SystemTime) -> Result<Identity> {
        let read = |file: &PathBuf| {
            std::fs::read_to_string(file).map_err(|error| {
                Error::new(ErrorKind::Io { operation: format!("read {}", file.display()), reason: error.to_string() })
            })
        };
        match self {
            Self::Own { directory, names } => certificates::ensure(directory, names, now),
            Self::Given { certificate, key } => Ok(Identity { certificate: read(certificate)?, key: read(key)? }),
        }
    }
}

/// The certificate of the running server.
#[derive(Debug)]
pub(crate) struct Tls {
    source: Source,
    provider: Arc<CryptoProvider>,
    shown: Arc<Shown>,
}

/// The certificate that new connections see.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read()))
    }
}

impl Tls {
    /// Loads the certificate, made for the names of the settings and `addresses` if it is the
    /// server's own.
    pub(crate) fn load(settings: &Settings, addresses: impl IntoIterator<Item = String>) -> Result<Self> {
        let source = match (&settings.tls.certificate_file, &settings.tls.key_file) {
            (Some(certificate), Some(key)) => Source::Given { certificate: certificate.clone(), key: key.clone() },
            _ => Source::Own {
                directory: settings.data_dir.join(certificates::DIRECTORY),
                names: certificates::names(addresses.into_iter().chain(settings.tls.names.iter().cloned())),
            },
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let certified = certified(&source, &source.identity(SystemTime::now())?, &provider)?;
        Ok(Self { source, provider, shown: Arc::new(Shown(RwLock::new(Arc::new(certified)))) })
    }

    /// What accepts connections.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Looks at the certificate for as long as the server runs. A fault leaves the old one.
    pub(crate) async fn renew(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = self.look(SystemTime::now()) {
                tracing::error!(%error, "the server certificate cannot be renewed");
            }
        }
    }

    /// Shows what the source has now.
    fn look(&self, now: SystemTime) -> Result<()> {
        let certified = certified(&self.source, &self.source.identity(now)?, &self.provider)?;
        *self.shown.0.write() = Arc::new(certified);
        Ok(())
    }
}

fn certified(source: &Source, identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey> {
    let (certificate_file, key_file) = match source {
        Source::Own { directory, .. } => (directory.join("server.crt"), directory.join("server.key")),
        Source::Given { certificate, key } => (certificate.clone(), key.clone()),
    };
    let damaged =
        |file: &PathBuf, reason: String| Error::new(ErrorKind::Corrupt { file: file.display().to_string(), reason });
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(identity.certificate.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| damaged(&certificate_file, error.to_string()))?;
    if chain.is_empty() {
        return Err(damaged(&certificate_file, "there is no certificate in it".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes())
        .map_err(|error| damaged(&key_file, error.to_string()))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| damaged(&certificate_file, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    fn settings(directory: &std::path::Path) -> Settings {
        Settings { data_dir: directory.to_owned(), ..Settings::default() }
    }

    #[test]
    fn a_running_server_shows_the_renewed_certificate() {
        let root = tempfile::tempdir().unwrap();
        let tls = Tls::load(&settings(root.path()), []).unwrap();
        let first = tls.shown.0.read().cert.clone();
        tls.look(SystemTime::now()).unwrap();
        assert_eq!(tls.shown.0.read().cert, first);
        tls.look(SystemTime::now() + Duration::from_hours(24 * 390)).unwrap();
        assert_ne!(tls.shown.0.read().cert, first);
    }

    #[test]
    fn given_files_are_used_and_their_faults_named() {
        let root = tempfile::tempdir().unwrap();
        let own = Tls::load(&settings(root.path()), []).unwrap();
        let certs = root.path().join("certs");
        let given = |certificate: &str, key: &str| {
            let tls = settings::Tls {
                certificate_file: Some(certs.join(certificate)),
                key_file: Some(certs.join(key)),
                ..settings::Tls::default()
            };
            Tls::load(&Settings { tls, ..settings(root.path()) }, [])
        };
        assert_eq!(given("server.crt", "server.key").unwrap().shown.0.read().cert, own.shown.0.read().cert);
        let error = given("server.key", "server.key").unwrap_err().to_string();
        assert!(error.contains("server.key is damaged: there is no certificate in it"), "{error}");
        let error = given("server.crt", "ca.key").unwrap_err().to_string();
        assert!(error.contains("server.crt is damaged"), "{error}");
        let error = given("absent.crt", "server.key").unwrap_err().to_string();
        assert!(error.contains("absent.crt"), "{error}");
    }
}
