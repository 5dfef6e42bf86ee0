//! A user's profile as it lies in the database: JSON, because nobody searches in it.

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::model::{Subject, UserProfile};

/// The JSON object. Members that came later must have a default.
#[derive(Serialize, Deserialize)]
struct ProfileRecord {
    sub: String,
    login: String,
    name: Option<String>,
    email: Option<String>,
    email_verified: Option<bool>,
    groups: Vec<String>,
    roles: Vec<String>,
}

/// Writes a profile.
pub(super) fn to_json(user: &UserProfile) -> Result<String, StoreError> {
    let record = ProfileRecord {
        sub: user.subject.as_str().to_owned(),
        login: user.login.clone(),
        name: user.name.clone(),
        email: user.email.clone(),
        email_verified: user.email_verified,
        groups: user.groups.clone(),
        roles: user.roles.clone(),
    };
    serde_json::to_string(&record).map_err(|_| StoreError::Corrupt("a profile"))
}

/// Reads what [`to_json`] wrote.
pub(super) fn from_json(text: &str) -> Result<UserProfile, StoreError> {
    let record: ProfileRecord =
        serde_json::from_str(text).map_err(|_| StoreError::Corrupt("a profile"))?;
    Ok(UserProfile {
        subject: Subject::parse(&record.sub).map_err(|_| StoreError::Corrupt("a subject"))?,
        login: record.login,
        name: record.name,
        email: record.email,
        email_verified: record.email_verified,
        groups: record.groups,
        roles: record.roles,
    })
}
