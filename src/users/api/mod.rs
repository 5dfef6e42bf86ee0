//! Any other application as the users' backend: one request with login and password, whose answer says
//! whether they are right and, if the application tells, whose they are.
//!
//! What an answer means is the operator's word (`ApiSettings`): which statuses are a wrong password or a
//! locked user, and where in its JSON the user is. Whatever that does not cover is an application that
//! cannot answer, never a wrong password. It is asked once for each attempt, and opens no session here. Whether
//! a user may still go on it is asked at another address, if the operator has written one down.

mod answer;
mod standing;

use async_trait::async_trait;
use http::{Method, header};
use reqwest::RequestBuilder;
use serde_json::{Map, Value};

use super::http::{Connection, Http};
use super::{
    ApiSettings, BackendError, CredentialsForm, SignInError, SignedIn, Standing, UserDirectory,
};
use crate::model::{Login, Timestamp, UserProfile};
use crate::secret::Secret;

/// The users of an application with an endpoint that checks passwords.
#[derive(Debug)]
pub(super) struct ApiDirectory {
    http: Http,
    settings: ApiSettings,
}

impl ApiDirectory {
    pub(super) fn new(settings: &ApiSettings) -> Result<Self, SignInError> {
        let connection = Connection {
            url: &settings.url,
            host: settings.host.as_deref(),
            ca_pem: settings.ca_pem.as_deref(),
            connect_timeout: settings.connect_timeout,
            timeout: settings.timeout,
        };
        Http::new(&connection).map(|http| Self {
            http,
            settings: settings.clone(),
        })
    }

    /// The request that presents the credentials; `None` if they cannot be written, so that nobody has
    /// them.
    fn request(&self, login: &Login, password: &Secret) -> Option<RequestBuilder> {
        let url = &self.settings.url;
        let pairs = |login_field: &str, password_field: &str| {
            let constants = self.settings.constants.iter();
            let constants = constants.map(|(name, value)| (name.clone(), value.clone()));
            constants
                .chain([
                    (login_field.to_owned(), login.as_str().to_owned()),
                    (password_field.to_owned(), password.expose().to_owned()),
                ])
                .collect::<Vec<_>>()
        };
        let request = match &self.settings.credentials {
            CredentialsForm::Json { login, password } => {
                let members = pairs(login, password).into_iter();
                let body: Map<_, _> = members
                    .map(|(name, value)| (name, Value::from(value)))
                    .collect();
                self.http.request_at(Method::POST, url).json(&body)
            }
            CredentialsForm::Form { login, password } => {
                let mut body = form_urlencoded::Serializer::new(String::new());
                body.extend_pairs(pairs(login, password));
                self.http
                    .request_at(Method::POST, url)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(body.finish())
            }
            // RFC 7617 §2: a colon in the login would move what follows it into the password.
            CredentialsForm::Basic if login.as_str().contains(':') => return None,
            CredentialsForm::Basic => {
                let is_control = |text: &str| text.chars().any(char::is_control);
                if is_control(login.as_str()) || is_control(password.expose()) {
                    return None;
                }
                self.http
                    .request_at(Method::GET, url)
                    .basic_auth(login.as_str(), Some(password.expose()))
            }
        };
        Some(request.header(header::ACCEPT, "application/json"))
    }
}

#[async_trait]
impl UserDirectory for ApiDirectory {
    async fn check_password(
        &self,
        login: &Login,
        password: &Secret,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        let request = self.request(login, password).ok_or(SignInError::Denied)?;
        let reply = self.http.send(request).await?;
        answer::check_status(&reply, &self.settings, now)?;
        answer::user(&reply, &self.settings.user, login).map(SignedIn::from)
    }

    async fn find_standing(&self, user: &UserProfile) -> Result<Standing, BackendError> {
        match &self.settings.standing {
            Some(asked) => standing::find(&self.http, (asked, &self.settings.locked), user).await,
            None => Ok(Standing::Untold),
        }
    }
}

#[cfg(test)]
mod tests;
