//! An authorization request, with what deviates from the plain case.

use super::{Delivery, RelyingParty};

/// Parameters in the order they are sent.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) client: RelyingParty,
    parameters: Vec<(String, String)>,
}

impl Request {
    /// The plain request of `client`: scope `openid`, a state and a nonce that bear `n`.
    pub(super) fn new(client: &RelyingParty, delivery: Delivery, n: u32) -> Self {
        let plain = Self {
            client: client.clone(),
            parameters: Vec::new(),
        }
        .with("client_id", client.id)
        .with("redirect_uri", client.redirect_uri)
        .with("response_type", "code")
        .with("scope", "openid")
        .with("state", &format!("state-{n}-/+%&=\"'<é"))
        .with("nonce", &format!("nonce-{n}-/+%&=\"'<é"));
        match delivery {
            Delivery::Query => plain,
            Delivery::FormPost => plain.with("response_mode", "form_post"),
        }
    }

    /// Sends `value` for the parameter, in place of what it was.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        let pair = (name.to_owned(), value.to_owned());
        match self.parameters.iter_mut().find(|(key, _)| key == name) {
            Some(slot) => *slot = pair,
            None => self.parameters.push(pair),
        }
        self
    }

    /// Leaves the parameter out.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(key, _)| key != name);
        self
    }

    /// Sends the parameters in the opposite order.
    pub(super) fn reversed(mut self) -> Self {
        self.parameters.reverse();
        self
    }

    /// The parameter that is sent.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        parameters
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The parameters, form-encoded: a query, or the body of a POST.
    pub(super) fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish()
    }
}
