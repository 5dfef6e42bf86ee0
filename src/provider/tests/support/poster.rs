//! The clients' ends of the back channel: they write down what comes, and answer as told.

use std::sync::Mutex;

use async_trait::async_trait;
use http::StatusCode;

use crate::model::{ClientEndpoint, Reach};
use crate::outbound::{FormPoster, OutboundError};
use crate::provider::params::Params;

#[derive(Debug)]
pub(crate) struct Poster {
    answer: Result<StatusCode, OutboundError>,
    /// Where to, within which reach, and the token.
    pub(crate) posted: Mutex<Vec<(String, Reach, String)>>,
}

impl Poster {
    pub(crate) const fn answering(answer: Result<StatusCode, OutboundError>) -> Self {
        Self {
            answer,
            posted: Mutex::new(Vec::new()),
        }
    }

    /// What was posted since it was last asked.
    pub(crate) fn take(&self) -> Vec<(String, Reach, String)> {
        std::mem::take(&mut self.posted.lock().unwrap())
    }
}

#[async_trait]
impl FormPoster for Poster {
    async fn post(
        &self,
        to: &ClientEndpoint,
        reach: Reach,
        form: String,
    ) -> Result<StatusCode, OutboundError> {
        let params = Params::parse(form.as_bytes()).unwrap();
        let token = params.one("logout_token").unwrap().unwrap().to_owned();
        let only = params.encode(&["logout_token"]);
        assert_eq!(form, only, "nothing but the token is sent");
        let call = (to.as_str().to_owned(), reach, token);
        self.posted.lock().unwrap().push(call);
        self.answer
    }
}
