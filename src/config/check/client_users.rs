//! Which users may use a client, and what it is told of them.

use super::Checker;
use super::name::Names;
use crate::config::file::{AccessTable, ClaimTable, ClientTable, SubjectTypeName};
use crate::config::key_path::KeyPath;
use crate::model::{
    ClaimName, ClaimRule, ClaimSource, ClientAccess, ConstantClaim, IdentityClaim, RedirectUri,
    Sector, SectorError, SubjectType,
};

/// Checks who may use a client.
pub(super) fn access(checker: &mut Checker, table: &AccessTable, at: &KeyPath) -> ClientAccess {
    for (allowed, denied, key) in [
        (&table.allowed_groups, &table.denied_groups, "denied_groups"),
        (&table.allowed_roles, &table.denied_roles, "denied_roles"),
    ] {
        for (n, name) in denied.iter().enumerate() {
            if allowed.contains(name) {
                checker.refuse(
                    &at.key(key).item(n),
                    "is allowed as well, and to be denied is stronger",
                    "Remove it from one of the two lists.",
                );
            }
        }
    }
    ClientAccess {
        allowed_groups: table.allowed_groups.clone(),
        allowed_roles: table.allowed_roles.clone(),
        denied_groups: table.denied_groups.clone(),
        denied_roles: table.denied_roles.clone(),
    }
}

/// Checks the claims of a client's own.
pub(super) fn claims(checker: &mut Checker, tables: &[ClaimTable], at: &KeyPath) -> Vec<ClaimRule> {
    let mut names = Names::default();
    let rules = tables.iter().enumerate().map(|(n, table)| {
        let at = at.item(n);
        let source = source(checker, table, &at);
        let at_name = at.key("name");
        let text = checker.required(table.name.as_deref(), &at_name, "name: memberOf")?;
        names.take(checker, text, &at_name);
        let name = ClaimName::parse(text)
            .map_err(|error| {
                let advice = "Choose another name, for example `memberOf`.";
                checker.refuse(&at_name, error.to_string(), advice);
            })
            .ok()?;
        Some(ClaimRule {
            name,
            source: source?,
            in_id_token: table.id_token,
        })
    });
    // Every rule is checked, whatever became of those before it.
    rules.collect::<Vec<_>>().into_iter().flatten().collect()
}

fn source(checker: &mut Checker, table: &ClaimTable, at: &KeyPath) -> Option<ClaimSource> {
    const ADVICE: &str =
        "Write exactly one of `from`, `attribute`, `text`, `texts`, `number` and `flag`.";
    let constants = [
        table.text.clone().map(ConstantClaim::Text),
        table.texts.clone().map(ConstantClaim::Texts),
        table
            .number
            .map(|number| ConstantClaim::Number(number.into())),
        table.flag.map(ConstantClaim::Flag),
    ];
    let constants = constants.into_iter().flatten().map(ClaimSource::Constant);
    let attribute = table.attribute.clone().map(ClaimSource::Attribute);
    let mut written: Vec<_> = constants.chain(attribute).collect();
    let n_written = written.len() + usize::from(table.from.is_some());
    match n_written {
        1 => {}
        0 => {
            checker.refuse(at, "has no value", ADVICE);
            return None;
        }
        _ => {
            checker.refuse(at, "has more than one value", ADVICE);
            return None;
        }
    }
    let Some(from) = &table.from else {
        return written.pop();
    };
    let claim = IdentityClaim::parse(from);
    if claim.is_none() {
        checker.refuse(
            &at.key("from"),
            "is not a claim about users",
            "Write a standard claim, for example `email`, `groups` or `preferred_username`; with \
             `attribute`, one of the users' backend.",
        );
    }
    claim.map(ClaimSource::Claim)
}

/// Checks what kind of `sub` a client gets.
pub(super) fn subject_type(
    checker: &mut Checker,
    table: &ClientTable,
    redirect_uris: &[RedirectUri],
    at: &KeyPath,
) -> SubjectType {
    let at_uri = at.key("sector_identifier_uri");
    let sector = match (table.subject_type, &table.sector_identifier_uri) {
        (SubjectTypeName::Public, None) => return SubjectType::Public,
        (SubjectTypeName::Public, Some(_)) => {
            checker.refuse(
                &at_uri,
                "is of no use without `subject_type: pairwise`",
                "Add that, or remove the key.",
            );
            return SubjectType::Public;
        }
        (SubjectTypeName::Pairwise, Some(uri)) => Sector::of_identifier(uri),
        (SubjectTypeName::Pairwise, None) => Sector::of_redirect_uris(redirect_uris),
    };
    match sector {
        Ok(sector) => SubjectType::Pairwise(sector),
        Err(error) => {
            let (at, advice) = match error {
                SectorError::NotHttps => (at_uri, "Write, for example, `https://sector.example/`."),
                SectorError::NotOneHost => (
                    at.key("subject_type"),
                    "With `pairwise`, write `sector_identifier_uri: https://sector.example/`: \
                     clients with the same host there know a user by the same `sub`.",
                ),
            };
            checker.refuse(&at, error.to_string(), advice);
            SubjectType::Public
        }
    }
}
