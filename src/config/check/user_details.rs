//! `users.static[].details`.

use std::collections::BTreeMap;

use url::Url;

use super::Checker;
use crate::config::file::{AddressTable, UserDetailsTable};
use crate::config::key_path::KeyPath;
use crate::model::{AddressPart, Language, Timestamp, UserDetails, UserText};

/// What else is known of a user of the list.
pub(super) fn details(checker: &mut Checker, table: UserDetailsTable, at: &KeyPath) -> UserDetails {
    let verified = table.phone_number_verified;
    if verified.is_some() && table.phone_number.is_none() {
        checker.refuse(
            &at.key("phone_number_verified"),
            "says something about a number that is not there",
            "Add `phone_number`, or remove the key.",
        );
    }
    let address = table.address.as_ref().map(address).unwrap_or_default();
    let updated_at = table.updated_at.map(Timestamp::from_secs);
    let texts = texts(table);
    for (claim, text) in &texts {
        check(checker, *claim, text, at);
    }
    UserDetails {
        texts,
        phone_number_verified: verified,
        address,
        updated_at,
        attributes: BTreeMap::new(),
    }
}

fn texts(table: UserDetailsTable) -> BTreeMap<UserText, String> {
    [
        (UserText::GivenName, table.given_name),
        (UserText::FamilyName, table.family_name),
        (UserText::MiddleName, table.middle_name),
        (UserText::Nickname, table.nickname),
        (UserText::Profile, table.profile),
        (UserText::Picture, table.picture),
        (UserText::Website, table.website),
        (UserText::Gender, table.gender),
        (UserText::Birthdate, table.birthdate),
        (UserText::Zoneinfo, table.zoneinfo),
        (UserText::Locale, table.locale),
        (UserText::PhoneNumber, table.phone_number),
    ]
    .into_iter()
    .filter_map(|(claim, text)| Some((claim, text?)))
    .collect()
}

fn address(table: &AddressTable) -> BTreeMap<AddressPart, String> {
    [
        (AddressPart::Formatted, &table.formatted),
        (AddressPart::StreetAddress, &table.street_address),
        (AddressPart::Locality, &table.locality),
        (AddressPart::Region, &table.region),
        (AddressPart::PostalCode, &table.postal_code),
        (AddressPart::Country, &table.country),
    ]
    .into_iter()
    .filter_map(|(part, text)| Some((part, text.clone()?)))
    .collect()
}

/// The forms that OpenID Connect Core §5.1 asks for, and that libraries reject others of.
fn check(checker: &mut Checker, claim: UserText, text: &str, at: &KeyPath) {
    let at = at.key(claim.as_str());
    match claim {
        UserText::Profile | UserText::Picture | UserText::Website if !is_web_address(text) => {
            checker.refuse(
                &at,
                "is not the address of a web page",
                "Write, for example, `https://people.example/alice`.",
            );
        }
        UserText::Birthdate if !is_birthdate(text) => checker.refuse(
            &at,
            "is not a date",
            "Write `\"1990-12-31\"`, `\"0000-12-31\"` without the year, or `\"1990\"`.",
        ),
        UserText::Locale if Language::parse(text).is_err() => checker.refuse(
            &at,
            "is not a language tag",
            "Write, for example, `fr` or `fr-CA`.",
        ),
        _ => {}
    }
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// `YYYY-MM-DD` or `YYYY`.
fn is_birthdate(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut number = |digits: usize| {
        parts
            .next()
            .filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|part| part.parse::<u16>().ok())
    };
    if text.len() == 4 {
        return number(4).is_some();
    }
    let is_date = number(4).is_some()
        && number(2).is_some_and(|month| (1..=12).contains(&month))
        && number(2).is_some_and(|day| (1..=31).contains(&day));
    is_date && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_the_standard() {
        for (text, good) in [
            ("1990-12-31", true),
            ("0000-02-29", true),
            ("1990", true),
            ("1990-13-01", false),
            ("31.12.1990", false),
            ("1990-12-31T00", false),
            ("1990-12-31-1", false),
            ("90", false),
        ] {
            assert_eq!(is_birthdate(text), good, "{text}");
        }
    }
}
