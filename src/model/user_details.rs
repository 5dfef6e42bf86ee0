//! What OpenID Connect Core §5.1 knows of a user beside name and e-mail address.

use std::collections::BTreeMap;

use super::Timestamp;

/// A standard claim that is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UserText {
    /// First name or names.
    GivenName,
    /// Last name or names.
    FamilyName,
    /// Names in between.
    MiddleName,
    /// What others call the user.
    Nickname,
    /// Address of the user's page.
    Profile,
    /// Address of a picture of the user.
    Picture,
    /// Address of the user's own site.
    Website,
    /// `female`, `male`, or what else applies.
    Gender,
    /// `YYYY-MM-DD`; the year `0000` when it is not said.
    Birthdate,
    /// A name of the time zone database, `Europe/Paris`.
    Zoneinfo,
    /// A language tag, `fr-CA`.
    Locale,
    /// In international form, `+33 1 23 45 67 89`.
    PhoneNumber,
}

impl UserText {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::GivenName,
        Self::FamilyName,
        Self::MiddleName,
        Self::Nickname,
        Self::Profile,
        Self::Picture,
        Self::Website,
        Self::Gender,
        Self::Birthdate,
        Self::Zoneinfo,
        Self::Locale,
        Self::PhoneNumber,
    ];

    /// The name of the claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::MiddleName => "middle_name",
            Self::Nickname => "nickname",
            Self::Profile => "profile",
            Self::Picture => "picture",
            Self::Website => "website",
            Self::Gender => "gender",
            Self::Birthdate => "birthdate",
            Self::Zoneinfo => "zoneinfo",
            Self::Locale => "locale",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// Finds the claim of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|text| text.as_str() == name)
    }
}

/// A part of a postal address (OpenID Connect Core §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressPart {
    /// All of it, as on a label.
    Formatted,
    /// Street, house, post box; may have several lines.
    StreetAddress,
    /// City.
    Locality,
    /// State or province.
    Region,
    /// Postal code.
    PostalCode,
    /// Country.
    Country,
}

impl AddressPart {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Formatted,
        Self::StreetAddress,
        Self::Locality,
        Self::Region,
        Self::PostalCode,
        Self::Country,
    ];

    /// The name of the member.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Formatted => "formatted",
            Self::StreetAddress => "street_address",
            Self::Locality => "locality",
            Self::Region => "region",
            Self::PostalCode => "postal_code",
            Self::Country => "country",
        }
    }

    /// Finds the part of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == name)
    }
}

/// What else is known of a user; most backends know little of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserDetails {
    /// The texts; never an empty one.
    pub texts: BTreeMap<UserText, String>,
    /// `phone_number_verified`; `None` when the backend does not say.
    pub phone_number_verified: Option<bool>,
    /// `address`; empty when none is known.
    pub address: BTreeMap<AddressPart, String>,
    /// `updated_at`: when anything about the user was changed last.
    pub updated_at: Option<Timestamp>,
    /// What the backend has beside all that, under the backend's own names: for the claims of
    /// clients that ask for it.
    pub attributes: BTreeMap<String, String>,
}
