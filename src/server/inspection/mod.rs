//! What is wrong with the files that a configuration names, all of it at once.
//!
//! [`Config`] has checked the operator's text. Whether a key is its certificate's, a template
//! parses or a key set has a usable key is known only to the parts that use them; here they are
//! asked, one by one, and each answer gets the key path it is about, so that it can be shown with
//! its line. Nothing is opened, created or put in force.
//!
//! A certificate whose time is over stops a start but no reload. At a start somebody is looking,
//! and nobody could connect; a reload may be the one that locks a client out, and must not fail
//! because a certificate ended that is in force anyway.

mod certificates;
mod leaf;

pub(super) use leaf::{Leaf, Life};

use std::slice;
use std::sync::Arc;

use crate::config::{Config, ConfigError, KeyPath, Problem};
use crate::gateway::{UpstreamError, Upstreams};
use crate::issuers::KeySource;
use crate::model::Timestamp;
use crate::provider::Provider;
use crate::telemetry::Metrics;
use crate::users;

/// What a finding keeps from happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// It cannot be put in force.
    Unusable,
    /// A certificate that nobody accepts now: no start, but a reload.
    Untimely,
    /// Probably not meant, or soon a problem.
    Doubtful,
}

/// One thing that is not right, with the key it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The key to change.
    pub(crate) at: KeyPath,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// What is wrong, a clause that follows the key path.
    pub(crate) reason: String,
    /// What to do, a sentence.
    pub(crate) advice: String,
}

impl Finding {
    const fn new(at: KeyPath, severity: Severity, reason: String, advice: String) -> Self {
        Self {
            at,
            severity,
            reason,
            advice,
        }
    }

    /// That the file at `at` cannot be used.
    fn unusable(at: KeyPath, reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(at, Severity::Unusable, reason.into(), advice.into())
    }

    /// The same as the problem of a file whose text is not at hand.
    fn problem(&self) -> Problem {
        Problem {
            key: self.at.to_string(),
            place: None,
            reason: self.reason.clone(),
            advice: self.advice.clone(),
        }
    }
}

/// Looks at everything that `config` names, at the time `now`.
pub(crate) fn inspect(config: &Config, now: Timestamp) -> Vec<Finding> {
    let mut found = certificates::inspect(config, now);
    found.extend(trusted_issuers(config));
    found.extend(templates(config));
    found.extend(users(config));
    found.extend(standing(config));
    found.extend(upstreams(config));
    found
}

/// Logs what is tolerable, and fails with all that is not.
///
/// # Errors
///
/// [`ConfigError`] with every finding for which `is_fatal` holds.
pub(super) fn settle(
    found: &[Finding],
    is_fatal: impl Fn(Severity) -> bool,
) -> Result<(), ConfigError> {
    let (fatal, tolerable): (Vec<_>, Vec<_>) =
        found.iter().partition(|finding| is_fatal(finding.severity));
    for finding in tolerable {
        tracing::warn!("{}", finding.problem());
    }
    if fatal.is_empty() {
        return Ok(());
    }
    Err(ConfigError {
        problems: fatal.into_iter().map(Finding::problem).collect(),
    })
}

fn trusted_issuers(config: &Config) -> impl Iterator<Item = Finding> {
    let at = KeyPath::root().key("trusted_issuers");
    let issuers = config.trusted_issuers.iter().enumerate();
    issuers.filter_map(move |(n, issuer)| {
        let error = issuer.check().err()?;
        let (key, found) = match issuer.keys {
            KeySource::File(_) => ("jwks_file", "names"),
            KeySource::Written(_) => ("jwks", "is"),
            // These have nothing to check before they are asked for.
            KeySource::Absent | KeySource::Fetched(_) => return None,
        };
        let why = innermost(&error);
        let reason = format!("{found} a key set that cannot be used: {why}");
        let advice = "Write what the issuer's `jwks_uri` shows, and compare `algorithms` with the \
                      `alg` of its keys.";
        Some(Finding::unusable(at.item(n).key(key), reason, advice))
    })
}

fn templates(config: &Config) -> impl Iterator<Item = Finding> {
    let settings = config.provider.iter();
    let problems = settings.flat_map(Provider::check_templates);
    let at = KeyPath::root().key("provider").key("templates_dir");
    problems.map(move |problem| {
        Finding::unusable(
            at.clone(),
            format!("has a template that cannot be used: {problem}"),
            "Mend it, or take it out: what is built in then stands in.",
        )
    })
}

fn users(config: &Config) -> Option<Finding> {
    let settings = config.users.as_ref()?;
    let error = users::directory(settings).err()?;
    let (key, has_ca) = match settings {
        users::Settings::Api(api) => ("http", api.ca_pem.is_some()),
        users::Settings::Cells(cells) => ("cells", cells.ca_pem.is_some()),
        users::Settings::Static(_) => ("static", false),
    };
    let at = KeyPath::root().key("users").key(key);
    let at = if has_ca { at.key("ca_file") } else { at };
    Some(Finding::unusable(at, error.to_string(), ""))
}

/// Without a token of an administrator Cells tells nothing about a user who is not signing in.
fn standing(config: &Config) -> Option<Finding> {
    let Some(users::Settings::Cells(cells)) = &config.users else {
        return None;
    };
    if cells.service_token.is_some() {
        return None;
    }
    let reason = "has no service token: at a refresh nobody can ask whether the user is locked or \
                  deleted, so who is goes on until the refresh token ends, and groups and roles \
                  stay those of the sign-in";
    let advice = "Write `service_token_file: cells-service.token`, with a token made by `cells \
                  admin user token` for an administrator.";
    Some(Finding::new(
        KeyPath::root().key("users").key("cells"),
        Severity::Doubtful,
        reason.to_owned(),
        advice.to_owned(),
    ))
}

fn upstreams(config: &Config) -> impl Iterator<Item = Finding> {
    let at = KeyPath::root().key("upstreams");
    let metrics = Arc::new(Metrics::new());
    let upstreams = config.gateway.upstreams.iter().enumerate();
    upstreams.filter_map(move |(n, upstream)| {
        let error = Upstreams::new(slice::from_ref(upstream), Arc::clone(&metrics)).err()?;
        let at = at.item(n);
        let at = match error {
            UpstreamError::Ca { .. } => at.key("ca_file"),
            UpstreamError::ClientCertificate { .. } => at.key("client_certificate_file"),
            UpstreamError::ServerName { .. }
            | UpstreamError::Server { .. }
            | UpstreamError::Unsendable { .. } => at,
        };
        Some(Finding::unusable(
            at,
            format!("cannot be used: {error}"),
            "",
        ))
    })
}

/// The first cause of an error, without what the key path says already.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
