//! A user's profile as it lies in the database: JSON, because nobody searches in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::model::{AddressPart, Subject, Timestamp, UserDetails, UserProfile, UserText};

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
    #[serde(default, skip_serializing_if = "DetailsRecord::is_empty")]
    details: DetailsRecord,
}

#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct DetailsRecord {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    texts: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    address: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<u64>,
}

impl DetailsRecord {
    /// Most backends know none, and a session or grant is written for each sign-in.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn of(details: &UserDetails) -> Self {
        let texts = details.texts.iter();
        let address = details.address.iter();
        Self {
            texts: texts
                .map(|(claim, text)| (claim.as_str().to_owned(), text.clone()))
                .collect(),
            address: address
                .map(|(part, text)| (part.as_str().to_owned(), text.clone()))
                .collect(),
            attributes: details.attributes.clone(),
            phone_number_verified: details.phone_number_verified,
            updated_at: details.updated_at.map(Timestamp::as_secs),
        }
    }

    /// What a later version knows and this one does not is left out.
    fn into_details(self) -> UserDetails {
        let texts = self.texts.into_iter();
        let address = self.address.into_iter();
        UserDetails {
            texts: texts
                .filter_map(|(name, text)| Some((UserText::parse(&name)?, text)))
                .collect(),
            address: address
                .filter_map(|(name, text)| Some((AddressPart::parse(&name)?, text)))
                .collect(),
            attributes: self.attributes,
            phone_number_verified: self.phone_number_verified,
            updated_at: self.updated_at.map(Timestamp::from_secs),
        }
    }
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
        details: DetailsRecord::of(&user.details),
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
        details: record.details.into_details(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_as_it_was_written() {
        let details = UserDetails {
            texts: UserText::ALL
                .map(|claim| (claim, format!("the {}", claim.as_str())))
                .into(),
            phone_number_verified: Some(false),
            address: AddressPart::ALL
                .map(|part| (part, format!("the {}", part.as_str())))
                .into(),
            updated_at: Some(Timestamp::from_secs(7)),
            attributes: [("department".to_owned(), "ops".to_owned())].into(),
        };
        for details in [details, UserDetails::default()] {
            let user = UserProfile {
                subject: Subject::parse("s").unwrap(),
                login: "l".to_owned(),
                name: None,
                email: None,
                email_verified: None,
                groups: vec![],
                roles: vec![],
                details,
            };

            assert_eq!(from_json(&to_json(&user).unwrap()).unwrap(), user);
        }
    }

    #[test]
    fn a_profile_of_an_earlier_or_later_version_is_read() {
        let text = r#"{"sub":"s","login":"l","name":null,"email":null,"email_verified":null,
                       "groups":[],"roles":[]"#;

        assert_eq!(
            from_json(&format!("{text}}}")).unwrap().details,
            UserDetails::default()
        );
        let later = format!(r#"{text},"details":{{"texts":{{"nickname":"n","shoe":"44"}}}}}}"#);
        assert_eq!(
            from_json(&later).unwrap().details.texts,
            [(UserText::Nickname, "n".to_owned())].into()
        );
    }
}
