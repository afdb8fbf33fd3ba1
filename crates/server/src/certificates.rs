//! The server's own certificate authority and the certificate it issues to itself, under
//! `<data_dir>/certs`: `ca.crt`, `ca.key`, `server.crt`, `server.key`, the keys for their owner
//! only.
//!
//! The authority is made once and then only read: clients keep a copy of `ca.crt`. The server's
//! certificate is made again when its names change, when it nears its end, or when it does not fit
//! the authority or its key.

mod store;

use model::{Error, ErrorKind, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::DnsName;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};
use store::{read, write};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Where they lie in the data directory.
pub const DIRECTORY: &str = "certs";

const DAY: Duration = Duration::from_hours(24);
const AUTHORITY_LIFE: Duration = DAY.saturating_mul(20 * 365);
/// What browsers and operating systems still take for a server.
const SERVER_LIFE: Duration = DAY.saturating_mul(397);
/// A certificate with less life left than this is made again.
const RENEWAL: Duration = DAY.saturating_mul(30);

/// The certificate chain and private key that the server shows, both PEM.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// The names a certificate is for: `localhost`, the loopback addresses, the host's name, and those
/// given. What can stand in no certificate is left out with a warning.
pub(crate) fn names(given: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let host = hostname::get().ok().and_then(|name| name.into_string().ok());
    let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let all = own.into_iter().chain(host).chain(given).map(|name| canonical(&name));
    all.filter(|name| {
        let usable = name.parse::<IpAddr>().is_ok() || DnsName::try_from(name.as_str()).is_ok();
        if !usable {
            tracing::warn!(%name, "this name cannot stand in a certificate and is left out");
        }
        usable
    })
    .collect()
}

/// One spelling per name, so that sets compare.
fn canonical(name: &str) -> String {
    name.parse::<IpAddr>().map_or_else(|_| name.trim().to_ascii_lowercase(), |address| address.to_string())
}

/// The server's identity from `directory` for these names: the one there if it still serves, else
/// a new one. Makes the authority at the first call.
///
/// # Errors
/// [`ErrorKind::Corrupt`] naming a file that is not what it should be, [`ErrorKind::Io`].
pub(crate) fn ensure(directory: &Path, names: &BTreeSet<String>, now: SystemTime) -> Result<Identity> {
    store::create_directory(directory)?;
    let authority = Authority::ensure(directory, now)?;
    if let (Some(certificate), Some(key)) = (read(directory, "server.crt")?, read(directory, "server.key")?) {
        match authority.fault_of(&certificate, &key, names, now) {
            None => return Ok(Identity { certificate, key }),
            Some(fault) => tracing::info!(reason = fault, "making a new server certificate"),
        }
    }
    let identity = authority.issue(names, now)?;
    // The key first: a certificate that does not fit its key is found and made again.
    write(directory, "server.key", &identity.key, true)?;
    write(directory, "server.crt", &identity.certificate, false)?;
    Ok(identity)
}

/// The authority of this data directory.
struct Authority {
    certificate: String,
    key: KeyPair,
}

impl Authority {
    fn ensure(directory: &Path, now: SystemTime) -> Result<Self> {
        match (read(directory, "ca.crt")?, read(directory, "ca.key")?) {
            (Some(certificate), Some(key)) => {
                let key = KeyPair::from_pem(&key).map_err(|error| damaged(directory, "ca.key", error))?;
                let authority = Self { certificate, key };
                authority.issuer().map_err(|error| damaged(directory, "ca.crt", error))?;
                let fits = with_parsed(&authority.certificate, |parsed| {
                    parsed.public_key().subject_public_key.data.as_ref() == authority.key.public_key_raw()
                });
                if fits != Some(true) {
                    return Err(damaged(directory, "ca.key", "it is not the key of ca.crt"));
                }
                Ok(authority)
            }
            (None, None) => Self::make(directory, now),
            (Some(_), None) => Err(damaged(directory, "ca.key", MISSING_HALF)),
            (None, Some(_)) => Err(damaged(directory, "ca.crt", MISSING_HALF)),
        }
    }

    fn make(directory: &Path, now: SystemTime) -> Result<Self> {
        let key = KeyPair::generate().map_err(Error::internal)?;
        let mut params = params(now, AUTHORITY_LIFE);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::OrganizationName, "Chronoglot");
        params.distinguished_name.push(DnType::CommonName, format!("Chronoglot authority {}", mark()?));
        let certificate = params.self_signed(&key).map_err(Error::internal)?.pem();
        write(directory, "ca.key", &key.serialize_pem(), true)?;
        write(directory, "ca.crt", &certificate, false)?;
        tracing::info!(file = %directory.join("ca.crt").display(), "made a certificate authority");
        Ok(Self { certificate, key })
    }

    fn issuer(&self) -> Result<Issuer<'static, &KeyPair>, rcgen::Error> {
        Issuer::from_ca_cert_pem(&self.certificate, &self.key)
    }

    fn issue(&self, names: &BTreeSet<String>, now: SystemTime) -> Result<Identity> {
        let issuer = self.issuer().map_err(Error::internal)?;
        let key = KeyPair::generate().map_err(Error::internal)?;
        let mut params = params(now, SERVER_LIFE);
        params.subject_alt_names = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())
            .map_err(Error::internal)?
            .subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.distinguished_name.push(DnType::CommonName, "Chronoglot server");
        let certificate = params.signed_by(&key, &issuer).map_err(Error::internal)?.pem();
        Ok(Identity { certificate, key: key.serialize_pem() })
    }

    /// Why the certificate on disk does not serve any more; `None` if it does.
    fn fault_of(
        &self,
        certificate: &str,
        key: &str,
        names: &BTreeSet<String>,
        now: SystemTime,
    ) -> Option<&'static str> {
        let Ok(key) = KeyPair::from_pem(key) else { return Some("its key cannot be read") };
        let Some(authority) = with_parsed(&self.certificate, subject_key_id).flatten() else {
            return Some("its authority has no key identifier");
        };
        let fault = with_parsed(certificate, |parsed| {
            if parsed.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
                Some("it does not fit its key")
            } else if authority_key_id(parsed).as_ref() != Some(&authority) {
                Some("another authority issued it")
            } else if alternative_names(parsed) != *names {
                Some("the names have changed")
            } else if expiry(parsed).is_none_or(|end| now.checked_add(RENEWAL).is_none_or(|soon| end < soon)) {
                Some("it nears its end")
            } else {
                None
            }
        });
        fault.unwrap_or(Some("it cannot be read"))
    }
}

const MISSING_HALF: &str = "it is missing while its other half is there; bring it back, or remove both to begin anew";

fn damaged(directory: &Path, file: &str, reason: impl ToString) -> Error {
    ErrorKind::Corrupt { file: directory.join(file).display().to_string(), reason: reason.to_string() }.into()
}

/// Six hexadecimal digits that tell authorities in a client's list apart.
fn mark() -> Result<String> {
    let mut random = [0_u8; 3];
    getrandom::fill(&mut random).map_err(Error::internal)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Parameters for a certificate that begins a day ago, for clocks that run behind.
fn params(now: SystemTime, life: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = (now - DAY).into();
    params.not_after = (now + life).into();
    params
}

fn with_parsed<T>(pem: &str, read: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
    let (_, parsed) = X509Certificate::from_der(&block.contents).ok()?;
    Some(read(&parsed))
}

fn subject_key_id(parsed: &X509Certificate<'_>) -> Option<Vec<u8>> {
    parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
}

fn authority_key_id(parsed: &X509Certificate<'_>) -> Option<Vec<u8>> {
    parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
        _ => None,
    })
}

fn alternative_names(parsed: &X509Certificate<'_>) -> BTreeSet<String> {
    let names = parsed.subject_alternative_name().ok().flatten();
    names.iter().flat_map(|extension| &extension.value.general_names).filter_map(name_of).collect()
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|octets| IpAddr::from(octets).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|octets| IpAddr::from(octets).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn expiry(parsed: &X509Certificate<'_>) -> Option<SystemTime> {
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests;
