//! One order, from the account to the certificate (RFC 8555 §7).

use std::io;
use std::sync::Arc;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeHandle, ChallengeType, Identifier, NewAccount, NewOrder,
    Order, OrderStatus, Problem, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};

use super::client::Http;
use super::files::Files;
use crate::gateway::{AcmeChallenges, PlacedToken};
use crate::secret::Secret;
use crate::server::settings::{Acme, AcmeChallenge, CertificatePem};
use crate::server::tls::{Challenges, PlacedName, TlsError};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    /// The directory refuses something, or does not answer.
    #[error(transparent)]
    Directory(#[from] instant_acme::Error),
    /// The client cannot be made.
    #[error("the client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    /// Account or certificate cannot be kept.
    #[error("the folder of account and certificates: {0}")]
    Folder(#[from] io::Error),
    /// What is kept of the account is not readable any more.
    #[error("account.json: {0}")]
    Account(#[from] serde_json::Error),
    /// The directory offers other ways to prove the name only.
    #[error("the directory does not offer the challenge {0}")]
    NoChallenge(&'static str),
    /// The name was not proven.
    #[error("the directory could not validate the name: {}", told(.0.as_ref()))]
    NotValidated(Option<Problem>),
    /// The certificate that proves the name cannot be made.
    #[error("the answer to the challenge cannot be made: {0}")]
    Answer(#[from] rcgen::Error),
    /// A certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What was issued is for something else.
    #[error("the certificate that was issued is not for the name, or not good now")]
    OfSomethingElse,
    /// It took too long.
    #[error("the order did not come to an end in time")]
    Timeout,
}

fn told(problem: Option<&Problem>) -> String {
    problem.map_or_else(|| "it does not say why".to_owned(), Problem::to_string)
}

/// Where challenges are answered.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Answering {
    /// On plain listeners.
    pub(in crate::server) tokens: Arc<AcmeChallenges>,
    /// In handshakes.
    pub(in crate::server) names: Arc<Challenges>,
}

/// A challenge that is answered, until dropped.
#[expect(dead_code, reason = "held, not read")]
enum Placed {
    Token(PlacedToken),
    Name(PlacedName),
}

impl Answering {
    /// Takes the path of challenges on plain listeners where names are proven there, and leaves it to
    /// the routes where not.
    pub(in crate::server) fn switch(&self, acme: Option<&Acme>) {
        let is_on = acme.is_some_and(|acme| acme.challenge == AcmeChallenge::Http01);
        self.tokens.switch(is_on);
    }

    /// Answers `challenge` of `name` from now on.
    fn place(
        &self,
        kind: AcmeChallenge,
        name: &str,
        challenge: &ChallengeHandle<'_>,
    ) -> Result<Placed, OrderError> {
        let authorization = challenge.key_authorization();
        Ok(match kind {
            AcmeChallenge::Http01 => {
                let placed = self.tokens.place(&challenge.token, authorization.as_str());
                Placed::Token(placed)
            }
            AcmeChallenge::TlsAlpn01 => {
                let shown = proof(name, authorization.digest().as_ref())?;
                Placed::Name(self.names.place(name, &shown)?)
            }
        })
    }
}

/// The account at the directory, made and kept if there is none.
pub(super) async fn account(
    acme: &Acme,
    files: &Files,
    http: &Http,
) -> Result<Account, OrderError> {
    let builder = Account::builder_with_http(Box::new(http.clone()));
    if let Some(kept) = files.account()? {
        let kept = serde_json::from_str(kept.expose())?;
        return Ok(builder.from_credentials(kept).await?);
    }
    let contacts = acme.contacts.iter();
    let contacts: Vec<String> = contacts.map(|it| format!("mailto:{it}")).collect();
    let contacts: Vec<&str> = contacts.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contacts,
        // The configuration is refused without it.
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let created = builder.create(&new, acme.directory.clone(), None);
    let (account, credentials) = created.await?;
    files.save_account(&serde_json::to_vec(&credentials)?)?;
    tracing::info!(
        directory = acme.directory,
        account = account.id(),
        "an account was made, to order certificates"
    );
    Ok(account)
}

/// A certificate for `name`.
pub(super) async fn certificate(
    kind: AcmeChallenge,
    account: &Account,
    name: &str,
    answering: &Answering,
) -> Result<CertificatePem, OrderError> {
    let names = [Identifier::Dns(name.to_owned())];
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let placed = answer_challenges(&mut order, kind, name, answering).await?;
    let retries = RetryPolicy::new();
    if order.poll_ready(&retries).await? != OrderStatus::Ready {
        return Err(OrderError::NotValidated(why_not(&mut order).await));
    }
    drop(placed);
    let key = Secret::new(order.finalize().await?);
    let chain = order.poll_certificate(&retries).await?.into_bytes();
    Ok(CertificatePem { chain, key })
}

/// Answers what has to be proven, and says so; nothing for names that were proven lately.
async fn answer_challenges(
    order: &mut Order,
    kind: AcmeChallenge,
    name: &str,
    answering: &Answering,
) -> Result<Vec<Placed>, OrderError> {
    let (wanted, wanted_name) = match kind {
        AcmeChallenge::TlsAlpn01 => (ChallengeType::TlsAlpn01, "tls-alpn-01"),
        AcmeChallenge::Http01 => (ChallengeType::Http01, "http-01"),
    };
    let mut placed = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let challenge = authorization.challenge(wanted.clone());
        let mut challenge = challenge.ok_or(OrderError::NoChallenge(wanted_name))?;
        placed.push(answering.place(kind, name, &challenge)?);
        challenge.set_ready().await?;
    }
    Ok(placed)
}

/// What the directory says of the challenge that failed (RFC 8555 §8).
async fn why_not(order: &mut Order) -> Option<Problem> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let state = authorization.refresh().await.ok()?;
        let mut errors = state.challenges.iter().filter_map(|it| it.error.clone());
        if let Some(problem) = errors.next() {
            return Some(problem);
        }
    }
    None
}

/// The certificate that proves a name over TLS (RFC 8737 §3).
fn proof(name: &str, digest: &[u8]) -> Result<CertificatePem, OrderError> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    Ok(CertificatePem {
        chain: params.self_signed(&key)?.pem().into_bytes(),
        key: Secret::new(key.serialize_pem()),
    })
}
