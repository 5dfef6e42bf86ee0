//! Strings within the braces of a text.
//!
//! Fluent hands the text outside of braces to us to be escaped, and writes strings as they stand.
//! They are for what cannot stand outside: braces, and spaces at an end.

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, InlineExpression};
use fluent_syntax::unicode::unescape_unicode_to_string;

use super::{MARKUP, expressions};
use crate::provider::TemplateProblem;

/// Strings that would be HTML.
pub(super) fn with_markup(name: &str, resource: &FluentResource) -> Vec<TemplateProblem> {
    let mut found = Vec::new();
    for entry in resource.entries() {
        let (text, value, attributes) = match entry {
            Entry::Message(message) => (
                message.id.name.to_owned(),
                message.value.as_ref(),
                &message.attributes,
            ),
            Entry::Term(term) => (
                format!("-{}", term.id.name),
                Some(&term.value),
                &term.attributes,
            ),
            Entry::Comment(_)
            | Entry::GroupComment(_)
            | Entry::ResourceComment(_)
            | Entry::Junk { .. } => continue,
        };
        let of_attributes = attributes.iter().map(|attribute| &attribute.value);
        for pattern in value.into_iter().chain(of_attributes) {
            expressions::visit(pattern, &mut |expression| {
                if let InlineExpression::StringLiteral { value } = expression
                    && unescape_unicode_to_string(value).contains(MARKUP)
                {
                    found.push(TemplateProblem {
                        name: name.to_owned(),
                        message: format!(
                            "{text}: the string \"{value}\" has a character of HTML in it, which \
                             has to stand outside of the braces"
                        ),
                    });
                }
            });
        }
    }
    found
}
