//! Which certificates a route lets in.

use std::fmt;
use std::sync::Arc;

use super::ClientCertificate;
use crate::secret::Digest;

/// What a route does with client certificates.
#[derive(Clone, Debug, Default)]
pub enum CertificateUse {
    /// Nothing.
    #[default]
    Ignore,
    /// Its upstream is told of one, if there is one.
    Optional,
    /// There must be one of these, and its upstream is told of it.
    Required(Arc<CertificateConditions>),
}

impl CertificateUse {
    /// Whether it makes a difference if a certificate is there.
    pub(in crate::gateway) const fn is_of_interest(&self) -> bool {
        !matches!(self, Self::Ignore)
    }
}

/// Which certificates. Of every list that is not empty one entry must fit, character by character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateConditions {
    /// `commonName` of the subject.
    pub common_names: Vec<String>,
    /// `organizationName` of the subject.
    pub organizations: Vec<String>,
    /// `organizationalUnitName` of the subject.
    pub organizational_units: Vec<String>,
    /// A host name among the alternative names, in lower case; `*.example.com` is every one with
    /// one label more.
    pub dns_names: Vec<String>,
    /// A mail address among the alternative names.
    pub emails: Vec<String>,
    /// A URI among the alternative names.
    pub uris: Vec<String>,
    /// The SHA-256 of the certificate.
    pub thumbprints: Vec<Digest>,
}

impl CertificateConditions {
    /// Whether `certificate` is one of those meant.
    pub(super) fn are_met_by(&self, certificate: &ClientCertificate) -> bool {
        let is_print = |wanted: &Digest| wanted == certificate.thumbprint();
        one_of(&self.common_names, certificate.common_names())
            && one_of(&self.organizations, certificate.organizations())
            && one_of(
                &self.organizational_units,
                certificate.organizational_units(),
            )
            && one_of(&self.emails, certificate.emails())
            && one_of(&self.uris, certificate.uris())
            && (self.dns_names.is_empty()
                || certificate
                    .dns_names()
                    .iter()
                    .any(|name| self.dns_names.iter().any(|wanted| covers(wanted, name))))
            && (self.thumbprints.is_empty() || self.thumbprints.iter().any(is_print))
    }
}

fn one_of(wanted: &[String], there: &[String]) -> bool {
    wanted.is_empty() || there.iter().any(|name| wanted.contains(name))
}

/// Whether `wanted` is `name` or, beginning with `*.`, what follows its first label. A wildcard in
/// the certificate is a name like any other: it stands for hosts, and this is about one holder.
fn covers(wanted: &str, name: &str) -> bool {
    let rest = name.split_once('.').map(|(_, rest)| rest);
    wanted == name
        || (!name.starts_with('*') && wanted.strip_prefix("*.").is_some_and(|it| Some(it) == rest))
}

impl fmt::Display for CertificateConditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thumbprints: Vec<String> = self
            .thumbprints
            .iter()
            .map(|it| it.to_base64url())
            .collect();
        let mut separator = "";
        for (name, wanted) in [
            ("common name", &self.common_names),
            ("organization", &self.organizations),
            ("organizational unit", &self.organizational_units),
            ("host name", &self.dns_names),
            ("mail address", &self.emails),
            ("URI", &self.uris),
            ("thumbprint", &thumbprints),
        ] {
            if !wanted.is_empty() {
                write!(f, "{separator}{name} {}", wanted.join(" or "))?;
                separator = "; ";
            }
        }
        if separator.is_empty() {
            f.write_str("any")?;
        }
        Ok(())
    }
}
