//! Certificates as libpq takes them, where rustls would not: of X.509 version 1, self-signed ones
//! that call themselves an authority, and names that stand in the common name alone.

use std::net::IpAddr;
use std::sync::Arc;

use ring::digest;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, RootCertStore,
    SignatureScheme,
};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Version};

/// The proof that a server's certificate has to give.
#[derive(Debug)]
pub(crate) enum Proof {
    /// No proof.
    Nothing,
    /// Issued by one of these authorities.
    Authority(Authorities),
    /// Issued by one of these authorities, for the server's name.
    AuthorityAndName(Authorities),
}

/// Authorities that are trusted.
#[derive(Debug)]
pub(crate) struct Authorities {
    roots: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// The authorities of these certificates; those that cannot be read are left out.
    pub(crate) fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        Self { roots, certificates }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Passes for a certificate that one of them issued, at this time.
    fn check(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
        provider: &CryptoProvider,
    ) -> Result<(), Error> {
        let checked = ParsedCertificate::try_from(certificate).and_then(|parsed| {
            let known = provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, between, now, known)
        });
        match checked {
            Err(error) if is_form_only(&error) && self.issued(certificate)? => Ok(()),
            other => other,
        }
    }

    /// Whether one of them is this very certificate, or issued it without another in between.
    fn issued(&self, certificate: &CertificateDer<'_>) -> Result<bool, Error> {
        let leaf = parse(certificate)?;
        if !leaf.validity().is_valid() {
            return Err(CertificateError::Expired.into());
        }
        Ok(self.certificates.iter().any(|der| {
            let Ok(root) = parse(der) else { return false };
            // Version 1 has no extension that could say who is an authority: who trusts one, says so.
            let may_issue = root.is_ca() || root.version() == X509Version::V1;
            let same = der.as_ref() == certificate.as_ref();
            let signed = || leaf.verify_signature(Some(root.public_key())).is_ok();
            root.validity().is_valid()
                && (same || may_issue && leaf.issuer().as_raw() == root.subject().as_raw() && signed())
        }))
    }
}

/// Whether rustls refuses the form of a certificate, not what it proves.
fn is_form_only(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    matches!(
        cause.downcast_ref::<webpki::Error>(),
        Some(webpki::Error::UnsupportedCertVersion | webpki::Error::CaUsedAsEndEntity)
    )
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, Error> {
    match X509Certificate::from_der(der.as_ref()) {
        Ok((_, certificate)) => Ok(certificate),
        Err(_) => Err(CertificateError::BadEncoding.into()),
    }
}

/// Passes when a certificate is for this host, by libpq's rule (PostgreSQL manual, "SSL Support"):
/// its alternative names count, and only where it has none that fits the kind, its common name.
fn check_name(der: &CertificateDer<'_>, host: &ServerName<'_>) -> Result<(), Error> {
    let certificate = parse(der)?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names: Vec<&GeneralName<'_>> = names.iter().flat_map(|names| &names.value.general_names).collect();
    let wanted = host.to_str();
    let fits = |name: &&GeneralName<'_>| match (name, host) {
        (GeneralName::DNSName(name), ServerName::DnsName(_)) => name_fits(name, &wanted),
        (GeneralName::IPAddress(bytes), ServerName::IpAddress(ip)) => match IpAddr::from(*ip) {
            IpAddr::V4(ip) => ip.octets() == *bytes,
            IpAddr::V6(ip) => ip.octets() == *bytes,
        },
        _ => false,
    };
    let counts =
        |name: &&&GeneralName<'_>| matches!(name, GeneralName::DNSName(_) | GeneralName::IPAddress(_));
    let mut common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let fitting = match names.iter().any(|name| counts(&name)) {
        true => names.iter().any(fits),
        false => common.any(|name| name_fits(name, &wanted)),
    };
    if fitting {
        return Ok(());
    }
    let presented = names.iter().filter(|name| counts(name)).map(|name| match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        other => other.to_string(),
    });
    let common =
        certificate.subject().iter_common_name().filter_map(|name| Some(name.as_str().ok()?.to_owned()));
    let presented: Vec<String> = presented.chain(common).collect();
    Err(CertificateError::NotValidForNameContext { expected: host.to_owned(), presented }.into())
}

/// Whether a certificate's name is this host's. A `*` stands for one whole first label.
fn name_fits(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(host),
    }
}

/// The hash of a certificate by which SCRAM binds a login to it (RFC 5929, tls-server-end-point):
/// that of its signature, or SHA-256 in the place of MD5 and SHA-1. `None` for other signatures.
pub(crate) fn end_point(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let certificate = parse(der).ok()?;
    let algorithm = match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        // RSA with MD5, SHA-1 and SHA-256; ECDSA with SHA-1 and SHA-256.
        "1.2.840.113549.1.1.4" | "1.2.840.113549.1.1.5" | "1.2.840.113549.1.1.11" => &digest::SHA256,
        "1.2.840.10045.4.1" | "1.2.840.10045.4.3.2" => &digest::SHA256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => &digest::SHA384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(algorithm, der.as_ref()).as_ref().to_vec())
}

/// Asks a server's certificate for a proof; and in any case that the server holds its key.
#[derive(Debug)]
pub(crate) struct Verifier {
    proof: Proof,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// A verifier that asks for this proof.
    pub(crate) fn new(proof: Proof, provider: Arc<CryptoProvider>) -> Self {
        Self { proof, provider }
    }

    /// The key is taken out of the certificate without asking for anything else in it.
    fn signature(
        &self,
        message: &[u8],
        der: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = parse(der)?;
        let key = SubjectPublicKeyInfoDer::from(certificate.public_key().raw);
        let bad = |_| Error::from(CertificateError::BadEncoding);
        let key = webpki::RawPublicKeyEntity::try_from(&key).map_err(bad)?;
        let algorithms = &self.provider.signature_verification_algorithms;
        let fitting = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
        let mut fitting = fitting.flat_map(|(_, algorithms)| algorithms.iter()).peekable();
        if fitting.peek().is_none() {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        match fitting.any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok()) {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(CertificateError::BadSignature.into()),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.proof {
            Proof::Nothing => {}
            Proof::Authority(trusted) => trusted.check(certificate, between, now, &self.provider)?,
            Proof::AuthorityAndName(trusted) => {
                trusted.check(certificate, between, now, &self.provider)?;
                check_name(certificate, host)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(
            name_fits("*.Example.org", "db.example.ORG") && name_fits("db.example.org", "DB.example.org")
        );
        for host in ["example.org", "a.b.example.org", ".example.org", "db.example.com"] {
            assert!(!name_fits("*.example.org", host), "{host}");
        }
        assert!(!name_fits("d*.example.org", "db.example.org"));
    }
}
