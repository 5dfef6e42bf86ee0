//! The page that asks whether an application may have what it asks for.
//!
//! An answer holds for one session, one scope and the claims asked for beside it, which are sealed
//! into the page: what was pressed cannot be taken for another user's yes, nor for a yes to more
//! than was shown. So is how far the user had come: a yes is no sign-in.

use super::submission::Submission;
use super::{Interaction, Purpose};
use crate::model::{Allowance, Consent, ConsentPolicy, Scope, Session};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::authorization::Stage;
use crate::provider::claims;
use crate::provider::error::AuthorizationError;
use crate::provider::pages::{ConsentPage, RequestedScope};
use crate::provider::reply::Response;
use crate::provider::request::Request;
use crate::store::StoreError;

impl Provider {
    /// Whether the user of `session` must be asked before the request is granted.
    ///
    /// A remembered consent covers `offline_access` only if that was on the page that was
    /// answered (OpenID Connect Core §11).
    pub(crate) async fn must_ask(
        &self,
        interaction: &Interaction,
        session: &Session,
    ) -> Result<bool, StoreError> {
        let anew = interaction.authorization.prompt.wanted().consent;
        let client = &interaction.destination.client;
        match client.consent {
            ConsentPolicy::Implicit => Ok(false),
            ConsentPolicy::Required => Ok(true),
            ConsentPolicy::Remembered if anew => Ok(true),
            ConsentPolicy::Remembered => {
                let store = &self.parts.store;
                let given = store
                    .find_consent(&session.user.subject, &client.id)
                    .await?;
                Ok(given.is_none_or(|given| {
                    let asked = interaction.asked_beside(&given.allowed.scope);
                    !given.allowed.includes(&asked)
                }))
            }
        }
    }

    /// Shows the page to the user of `session`, who has come to `stage`.
    pub(crate) async fn show_consent(
        &self,
        interaction: &Interaction,
        (session, stage): (&Session, Stage),
        request: &Request,
    ) -> Response {
        let asked = interaction.asked_for();
        let descriptions = &self.settings.interactions.scope_descriptions;
        let scopes = asked.scope.iter().map(|value| RequestedScope {
            value,
            description: descriptions.get(value).map(String::as_str),
        });
        let client = &interaction.destination.client;
        let links = &client.links;
        let page = ConsentPage {
            client_name: &client.name,
            user_name: session.user.name.as_deref().unwrap_or(&session.user.login),
            scopes: scopes.collect(),
            claims: asked.claims.iter().map(|claim| claim.as_str()).collect(),
            logo_uri: links.logo_uri.as_ref().map(|link| link.as_str()),
            client_uri: links.client_uri.as_ref().map(|link| link.as_str()),
            policy_uri: links.policy_uri.as_ref().map(|link| link.as_str()),
            tos_uri: links.tos_uri.as_ref().map(|link| link.as_str()),
            form_action: interaction.form_action(),
            logo_origin: links.logo_uri.as_ref().map(|link| link.origin()),
        };
        let binding = format!("{} {}", stage.as_str(), binding(session, &asked));
        let sealed = interaction.sealed(&binding);
        let sealed = (Purpose::Consent, sealed.as_str());
        let texts = &interaction.destination.texts;
        let page = self.show_form(texts, &page, sealed, request).await;
        self.page_or_error(page, request)
    }

    /// Answers the form of that page.
    pub(super) async fn consent(
        &self,
        submission: &Submission,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let interaction = submission.interaction()?;
        if submission.form.fields.one("decision")? != Some("allow") {
            return Err(AuthorizationError::Denied);
        }
        let session = self.current_session(request).await?;
        let asked = interaction.asked_for();
        let sealed = submission.binding.split_once(' ');
        let sealed = sealed.and_then(|(stage, rest)| Some((Stage::parse(stage)?, rest)));
        let answered = session
            .as_ref()
            .zip(sealed)
            .filter(|(session, (_, sealed))| binding(session, &asked) == *sealed)
            .filter(|_| !submission.form.is_stale);
        let Some((answered, (stage, _))) = answered else {
            // Not what this user saw: another one signed in, or the client asks for more now.
            return self
                .proceed_from_form(&interaction, Stage::Begun, session, request)
                .await;
        };
        let consent = Consent {
            subject: answered.user.subject.clone(),
            client_id: interaction.destination.client.id.clone(),
            allowed: asked,
            given_at: request.now,
        };
        self.parts.store.save_consent(&consent).await?;
        audit::consented(&consent, request.peer);
        self.proceed_allowed(&interaction, stage, session, request)
            .await
    }
}

impl Interaction {
    /// What the user is asked to allow.
    fn asked_for(&self) -> Allowance {
        self.asked_beside(&self.authorization.scope)
    }

    /// The same without the claims that `scope` grants.
    fn asked_beside(&self, scope: &Scope) -> Allowance {
        let authorization = &self.authorization;
        Allowance {
            scope: authorization.scope.clone(),
            claims: claims::beside_scope(&authorization.claims.told, scope),
        }
    }
}

/// What an answer holds for.
fn binding(session: &Session, asked: &Allowance) -> String {
    format!("{} {asked}", session.id.as_str())
}
