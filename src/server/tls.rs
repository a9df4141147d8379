//! TLS for connections, as libpq's `sslmode` and its kin have it (PostgreSQL manual, libpq, "SSL Support").

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Result;
use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::certificate::{Authorities, Proof, Verifier};
use crate::{unavailable, usage};

/// The protocol's name in TLS (ALPN), from PostgreSQL 17 on; without it the server takes no TLS that begins
/// at once.
const PROTOCOL: &[u8] = b"postgresql";

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TlsMode {
    /// Never encrypt.
    Disable,
    /// Encrypt where the server insists.
    Allow,
    /// Encrypt where the server can.
    #[default]
    Prefer,
    /// Encrypt, without asking who the server is.
    Require,
    /// Encrypt, and ask for a certificate of a trusted authority.
    VerifyCa,
    /// As that, and for the server's own name.
    VerifyFull,
}

impl TlsMode {
    const ALL: [TlsMode; 6] = [
        TlsMode::Disable,
        TlsMode::Allow,
        TlsMode::Prefer,
        TlsMode::Require,
        TlsMode::VerifyCa,
        TlsMode::VerifyFull,
    ];

    /// libpq's word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            TlsMode::Disable => "disable",
            TlsMode::Allow => "allow",
            TlsMode::Prefer => "prefer",
            TlsMode::Require => "require",
            TlsMode::VerifyCa => "verify-ca",
            TlsMode::VerifyFull => "verify-full",
        }
    }

    /// Whether the server has to prove who it is.
    pub(crate) fn verifies(self) -> bool {
        matches!(self, TlsMode::VerifyCa | TlsMode::VerifyFull)
    }
}

impl FromStr for TlsMode {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        TlsMode::ALL.into_iter().find(|mode| mode.name() == text).ok_or_else(|| {
            let names: Vec<&str> = TlsMode::ALL.iter().map(|mode| mode.name()).collect();
            usage!("sslmode={text}: there is no such mode; it is one of {}", names.join(", "))
        })
    }
}

impl fmt::Display for TlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How TLS begins: libpq's `sslnegotiation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Negotiation {
    /// The server is asked first.
    #[default]
    Postgres,
    /// At once.
    Direct,
}

/// Whose word is trusted: libpq's `sslrootcert`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// That of the authorities this machine trusts.
    System,
    /// That of those in a file.
    File(PathBuf),
}

/// The parameters of a connection's TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsParameters {
    /// `sslmode`
    pub mode: TlsMode,
    /// `sslnegotiation`
    pub negotiation: Negotiation,
    /// `sslrootcert`
    pub roots: Roots,
    /// `sslcert` and `sslkey`, where the client proves who it is.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Makes the TLS part of connections.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    parameters: Arc<TlsParameters>,
}

impl Tls {
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when a file of certificates or of a key cannot be used,
    /// [`crate::fault::Fault::Unavailable`] when this machine trusts nobody.
    pub(crate) fn new(parameters: TlsParameters) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let proof = match parameters.mode {
            TlsMode::VerifyCa => Proof::Authority(trusted(&parameters)?),
            TlsMode::VerifyFull => Proof::AuthorityAndName(trusted(&parameters)?),
            _ => Proof::Nothing,
        };
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(proof, provider.clone())));
        let mut config = match &parameters.client {
            Some((certificate, key)) => {
                let own = client_key(certificate, key, &provider)?;
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own)))
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self { config: Arc::new(config), parameters: Arc::new(parameters) })
    }

    /// Its parameters.
    pub(crate) fn parameters(&self) -> &TlsParameters {
        &self.parameters
    }

    /// When to encrypt, and what the server has to prove.
    pub(crate) fn mode(&self) -> TlsMode {
        self.parameters.mode
    }

    /// How TLS begins.
    pub(crate) fn negotiation(&self) -> Negotiation {
        self.parameters.negotiation
    }

    pub(in crate::server) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }

    /// A host as TLS names it.
    ///
    /// # Errors
    /// When that cannot be, and the name has to be verified.
    pub(in crate::server) fn server_name(&self, host: &str) -> io::Result<ServerName<'static>> {
        match ServerName::try_from(host.to_owned()) {
            Ok(name) => Ok(name),
            // Nobody reads it.
            Err(_) if self.mode() != TlsMode::VerifyFull => Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into()),
            Err(_) => Err(io::Error::other(format!("{host:?} is no name that a certificate can be for"))),
        }
    }
}

fn trusted(parameters: &TlsParameters) -> Result<Authorities> {
    let mode = parameters.mode;
    match &parameters.roots {
        Roots::File(path) => {
            let cannot = |why: String| {
                usage!(
                    "sslrootcert={}: {why}; name a file of certificates in PEM format, or `system` for those this machine trusts",
                    path.display()
                )
            };
            let found = certificates(path).map_err(cannot)?;
            let authorities = Authorities::new(found);
            match authorities.is_empty() {
                true => Err(cannot("there is no certificate in it that can be read".into())),
                false => Ok(authorities),
            }
        }
        Roots::System => {
            let authorities = Authorities::new(rustls_native_certs::load_native_certs().certs);
            match authorities.is_empty() {
                true => Err(unavailable!(
                    "sslmode={mode} needs the certificates this machine trusts, and there are none; install ca-certificates, set SSL_CERT_FILE, or name a file by sslrootcert"
                )),
                false => Ok(authorities),
            }
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(|all| all.collect::<Result<Vec<_>, _>>());
    read.map_err(|error| error.to_string())
}

fn client_key(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey> {
    let chain = certificates(certificate).map_err(|why| {
        usage!("sslcert={}: {why}; name a certificate in PEM format", certificate.display())
    })?;
    let cannot = |why: String| usage!("sslkey={}: {why}", key.display());
    let meta = std::fs::metadata(key).map_err(|error| cannot(error.to_string()))?;
    // libpq's rule: root's may be read by its group.
    let allowed = if meta.uid() == 0 { 0o640 } else { 0o600 };
    if meta.mode() & 0o777 & !allowed != 0 {
        return Err(cannot("others may read this private key; take that away with chmod 600".into()));
    }
    let read = PrivateKeyDer::from_pem_file(key).map_err(|error| {
        cannot(format!("{error}; name a private key in PEM format, without a passphrase"))
    })?;
    let signing = provider.key_provider.load_private_key(read).map_err(|error| cannot(error.to_string()))?;
    Ok(CertifiedKey::new(chain, signing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_of_libpq() {
        for mode in TlsMode::ALL {
            assert_eq!(mode.name().parse::<TlsMode>().unwrap(), mode);
        }
        let error = "verify".parse::<TlsMode>().unwrap_err().to_string();
        assert!(error.contains("sslmode=verify") && error.contains("verify-ca, verify-full"), "{error}");
    }
}
