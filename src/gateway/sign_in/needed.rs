//! Whether somebody who was refused is to be sent to sign in.

use std::sync::Arc;
use std::time::Duration;

use crate::gateway::authentication::Principal;
use crate::gateway::canonical::Scheme;
use crate::gateway::decision::{Findings, Question};
use crate::gateway::rejection::Rejection;
use crate::gateway::settings::Authentication;

use super::Application;
use super::navigation::is_navigation;

/// A browser that has to go and sign in.
#[derive(Clone, Debug)]
pub struct SignInNeeded {
    pub(super) application: Arc<Application>,
    /// Where it wanted to go: path and query.
    pub(super) target: String,
    pub(super) step_up: Option<StepUpNeeded>,
    /// Whether it came without TLS to an application that has it: its cookies would be lost.
    pub(super) needs_tls: bool,
}

/// What a sign-in must be like that comes after another one.
#[derive(Clone, Debug)]
pub(super) struct StepUpNeeded {
    pub(super) max_age: Option<Duration>,
    /// Separated by spaces; empty: any.
    pub(super) acr_values: String,
}

impl SignInNeeded {
    /// The issuer that the browser is sent to and what we are there, if that is not our provider.
    pub(in crate::gateway) fn elsewhere(&self) -> Option<(&str, &str)> {
        let party = &self.application.issuer()?.party;
        Some((party.issuer(), party.client_id()))
    }

    /// Whether somebody is signed in, but not well enough.
    pub(in crate::gateway) const fn is_step_up(&self) -> bool {
        self.step_up.is_some()
    }
}

/// What is to become of a request that is refused: the refusal, or a way to sign in where that helps
/// and where it is a browser that can be sent there.
pub(in crate::gateway) fn or_sign_in(
    rejection: Rejection,
    question: &Question<'_>,
    findings: &Findings,
) -> Rejection {
    match needed(&rejection, question, findings) {
        Some(needed) => Rejection::SignIn(Box::new(needed)),
        None => rejection,
    }
}

fn needed(
    rejection: &Rejection,
    question: &Question<'_>,
    findings: &Findings,
) -> Option<SignInNeeded> {
    let route = findings.route.as_ref()?;
    if route.policy.authentication != Authentication::SignIn {
        return None;
    }
    let step_up = match rejection {
        Rejection::NoCredential | Rejection::SessionEnded => None,
        Rejection::StepUp {
            max_age,
            acr_values,
        } if findings
            .principal
            .as_ref()
            .is_some_and(Principal::is_of_session) =>
        {
            Some(StepUpNeeded {
                max_age: *max_age,
                acr_values: acr_values.clone(),
            })
        }
        _ => return None,
    };
    let request = question.canonical;
    let snapshot = question.snapshot;
    let application = snapshot.sign_ins.application(request.authority.host())?;
    is_navigation(&request.method, question.headers).then(|| SignInNeeded {
        application: Arc::clone(application),
        target: request.target(),
        step_up,
        needs_tls: application.is_https && snapshot.has_tls && request.scheme == Scheme::Http,
    })
}
