//! Comparing the texts of a language with those it must do the work of: the English ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, InlineExpression};

use super::expressions;
use super::languages::BUILT_IN;
use crate::provider::TemplateProblem;

/// The names that are put into each text.
type Variables = BTreeMap<String, BTreeSet<String>>;

/// What the English texts have.
static REFERENCE: LazyLock<Variables> = LazyLock::new(|| {
    let [(_, source), ..] = BUILT_IN;
    let resource = FluentResource::try_new(source.to_owned());
    resource.map_or_else(|_| Variables::new(), |resource| variables(&resource))
});

/// Texts that want something put in which the pages do not put in.
pub(super) fn differences(name: &str, resource: &FluentResource) -> Vec<TemplateProblem> {
    let mut found = Vec::new();
    for (text, wanted) in variables(resource) {
        let Some(given) = REFERENCE.get(&text) else {
            // For a template of the operator's own.
            continue;
        };
        for variable in wanted.difference(given) {
            found.push(TemplateProblem {
                name: name.to_owned(),
                message: format!("{text}: nothing is known of ${variable} there"),
            });
        }
    }
    found
}

/// Texts that a new language lacks.
pub(super) fn missing(name: &str, resource: &FluentResource) -> Option<TemplateProblem> {
    let there = variables(resource);
    let missing: Vec<&str> = REFERENCE
        .keys()
        .filter(|text| !there.contains_key(*text))
        .map(String::as_str)
        .collect();
    (!missing.is_empty()).then(|| TemplateProblem {
        name: name.to_owned(),
        message: format!("texts are missing: {}", missing.join(", ")),
    })
}

/// What is put into each text of `resource`.
pub(super) fn variables(resource: &FluentResource) -> Variables {
    let messages = resource.entries().filter_map(|entry| match entry {
        Entry::Message(message) => Some((message.id.name, message.value.as_ref()?)),
        Entry::Term(_)
        | Entry::Comment(_)
        | Entry::GroupComment(_)
        | Entry::ResourceComment(_)
        | Entry::Junk { .. } => None,
    });
    messages
        .map(|(name, pattern)| {
            let mut found = BTreeSet::new();
            expressions::visit(pattern, &mut |expression| {
                if let InlineExpression::VariableReference { id } = expression {
                    found.insert(id.name.to_owned());
                }
            });
            (name.to_owned(), found)
        })
        .collect()
}
