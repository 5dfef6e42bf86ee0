//! `GET /a/user/{login}`: the profile, as the user itself may see it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::session::IdClaims;
use crate::model::{Login, Subject, UserDetails, UserProfile};
use crate::secret::Secret;
use crate::users::SignInError;
use crate::users::http::{Http, HttpError};

/// All but the unreserved characters of RFC 3986 §2.3.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Why there is no profile.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum ProfileError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("status {0}")]
    Status(StatusCode),
    #[error("it knows no such user")]
    NoSuchUser,
    #[error("the answer is not a user")]
    NotAUser,
    #[error("the login cannot stand in a path")]
    Login,
}

/// Reads the profile of a user with a token of its own, or of an administrator.
pub(super) async fn find(
    http: &Http,
    login: &Login,
    access_token: &Secret,
    patience: Option<Duration>,
) -> Result<CellsUser, ProfileError> {
    // These are steps in the path however they are encoded (WHATWG URL §4.1).
    if matches!(login.as_str(), "." | "..") {
        return Err(ProfileError::Login);
    }
    let segment = utf8_percent_encode(login.as_str(), PATH_SEGMENT);
    let mut request = http
        .request(Method::GET, &format!("/a/user/{segment}"))
        .bearer_auth(access_token.expose());
    if let Some(patience) = patience {
        request = request.timeout(patience);
    }
    let reply = http.send(request).await?;
    match reply.status {
        StatusCode::OK => serde_json::from_slice(&reply.body).map_err(|_| ProfileError::NotAUser),
        // Anybody else's 404, as of a proxy in between, says nothing about the user.
        StatusCode::NOT_FOUND if reply.is_json_object() => Err(ProfileError::NoSuchUser),
        status => Err(ProfileError::Status(status)),
    }
}

/// A user, as the API shows it; members with a zero value may be absent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CellsUser {
    uuid: String,
    login: String,
    #[serde(default)]
    group_path: String,
    #[serde(default)]
    attributes: HashMap<String, String>,
    #[serde(default)]
    roles: Vec<CellsRole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct CellsRole {
    uuid: String,
    label: String,
    is_team: bool,
    group_role: bool,
    user_role: bool,
}

impl CellsUser {
    /// Whether the profile is that of the user whose password was right. Nothing that a login
    /// contains may lead to somebody else's.
    pub(super) fn check_is_who_signed_in(
        &self,
        login: &Login,
        claims: Option<&IdClaims>,
    ) -> Result<(), SignInError> {
        let is_same = match claims {
            Some(claims) => self.uuid == claims.sub,
            None => self.login.to_lowercase() == login.as_str().to_lowercase(),
        };
        if is_same {
            Ok(())
        } else {
            Err(SignInError::Unavailable("it gave another user's profile"))
        }
    }

    /// Whether it is the user with this identifier.
    pub(super) fn is(&self, subject: &Subject) -> bool {
        self.uuid == subject.as_str()
    }

    /// Whether the caller may not see all of it: then there is an email, but not which, and
    /// there may be locks (Cells shows both to the user and to administrators).
    pub(super) fn is_partial(&self) -> bool {
        self.attribute("hasEmail").is_some() && self.attribute("email").is_none()
    }

    /// Whether the user may go on. A new password can only be chosen in Cells itself.
    pub(super) fn check_locks(&self) -> Result<(), SignInError> {
        let Some(text) = self.attribute("locks") else {
            return Ok(());
        };
        let locks: Vec<String> = serde_json::from_str(text)
            .map_err(|_| SignInError::Unavailable("a user's locks cannot be read"))?;
        let has = |name: &str| locks.iter().any(|lock| lock == name);
        if has("logout") {
            Err(SignInError::Locked)
        } else if has("pass_change") {
            Err(SignInError::NewPasswordRequired)
        } else {
            Ok(())
        }
    }

    /// The profile in our words.
    pub(super) fn into_profile(
        self,
        login: &Login,
        claims: Option<IdClaims>,
    ) -> Result<UserProfile, SignInError> {
        let subject = Subject::parse(&self.uuid)
            .map_err(|_| SignInError::Unavailable("its user has no identifier"))?;
        let spelled = match self.login.is_empty() {
            true => login.as_str().to_owned(),
            false => self.login.clone(),
        };
        let claimed_email = claims.map(|claims| claims.email);
        let email = self.attribute("email").map(str::to_owned);
        Ok(UserProfile {
            subject,
            name: Some(self.attribute("displayName").unwrap_or(&spelled).to_owned()),
            email: email.or(claimed_email).filter(|email| !email.is_empty()),
            email_verified: None,
            groups: self.groups(),
            roles: self.roles(),
            details: UserDetails {
                attributes: self.told_attributes(),
                ..UserDetails::default()
            },
            login: spelled,
        })
    }

    /// The path of the group the user is in, and of each group that this one is in.
    ///
    /// Paths and not labels, because labels need not be unique; and no teams, because any user
    /// of Cells may make a team, call it anything and be in it.
    fn groups(&self) -> Vec<String> {
        let path = self.group_path.trim_end_matches('/');
        let ends = path
            .match_indices('/')
            .map(|(n, _)| n)
            .skip(1)
            .chain([path.len()]);
        ends.filter_map(|end| path.get(..end))
            .filter(|group| !group.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The roles that an administrator gave: not the user's own, nor those of groups and teams.
    fn roles(&self) -> Vec<String> {
        self.roles
            .iter()
            .filter(|role| !role.user_role && !role.group_role && !role.is_team)
            .map(|role| match role.label.is_empty() {
                true => role.uuid.clone(),
                false => role.label.clone(),
            })
            .collect()
    }

    /// What claims of clients may be made of: the attributes that describe the user, not those
    /// that Cells works by, and the path of the group. Bounded, since administrators of Cells may
    /// write what they like there.
    fn told_attributes(&self) -> BTreeMap<String, String> {
        const WORKINGS: [&str; 5] = ["locks", "failedConnections", "hasEmail", "hidden", "avatar"];
        const MAX_BYTES: usize = 1024;
        const MAX_ATTRIBUTES: usize = 64;
        let is_told = |name: &str, value: &str| {
            let is_short = name.len() <= MAX_BYTES && value.len() <= MAX_BYTES;
            is_short && !value.is_empty() && !WORKINGS.contains(&name) && !name.contains(':')
        };
        let own = [("groupPath", self.group_path.as_str())];
        let attributes = self
            .attributes
            .iter()
            .map(|(name, value)| (&**name, &**value));
        let sorted: BTreeMap<&str, &str> = attributes
            .chain(own)
            .filter(|(name, value)| is_told(name, value))
            .collect();
        sorted
            .into_iter()
            .take(MAX_ATTRIBUTES)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> CellsUser {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_group_brings_the_groups_it_is_in() {
        for (path, groups) in [
            (
                "/staff/ops/night",
                vec!["/staff", "/staff/ops", "/staff/ops/night"],
            ),
            ("/staff/", vec!["/staff"]),
            ("/staff", vec!["/staff"]),
            ("/", vec![]),
            ("", vec![]),
        ] {
            let user = user(&format!(
                r#"{{"Uuid":"u","Login":"l","GroupPath":"{path}"}}"#
            ));
            assert_eq!(user.groups(), groups, "{path}");
        }
    }

    #[test]
    fn a_team_gives_neither_a_role_nor_a_group() {
        let user = user(
            r#"{"Uuid":"u","Login":"l","Roles":[
                {"Uuid":"u","UserRole":true}, {"Uuid":"g","Label":"staff","GroupRole":true},
                {"Uuid":"t","Label":"Administrators","IsTeam":true},
                {"Uuid":"AUDIT","Label":"Auditors"}, {"Uuid":"NO_LABEL"}]}"#,
        );

        assert_eq!(user.roles(), ["Auditors", "NO_LABEL"]);
        assert!(user.groups().is_empty());
    }

    #[test]
    fn locks_that_cannot_be_read_let_nobody_in() {
        let locked = |locks: &str| {
            let mut user = user(r#"{"Uuid":"u","Login":"l"}"#);
            user.attributes.insert("locks".to_owned(), locks.to_owned());
            user.check_locks()
        };

        assert!(matches!(locked(r#"["logout"]"#), Err(SignInError::Locked)));
        assert!(matches!(
            locked(r#"["pass_change","logout"]"#),
            Err(SignInError::Locked)
        ));
        assert!(matches!(
            locked(r#"["pass_change"]"#),
            Err(SignInError::NewPasswordRequired)
        ));
        assert!(matches!(locked("logout"), Err(SignInError::Unavailable(_))));
        assert!(locked("[]").is_ok());
        assert!(locked("").is_ok());
    }

    #[test]
    fn attributes_that_describe_the_user_are_told_and_those_cells_works_by_are_not() {
        let user = user(
            r#"{"Uuid":"u","Login":"l","GroupPath":"/staff","Attributes":{
                "profile":"standard", "department":"ops", "locks":"[]", "failedConnections":"2",
                "pydio:x":"y", "empty":""}}"#,
        );

        let told: Vec<_> = user.told_attributes().into_keys().collect();

        assert_eq!(told, ["department", "groupPath", "profile"]);
    }
}
