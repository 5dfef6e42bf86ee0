//! What the pages say, in every language they can be in.
//!
//! The texts of a language are one file of Project Fluent's format. Those of five languages are
//! built in; `texts/TAG.ftl` in an operator's folder changes some of them, or adds a language.
//! Templates say `text("name", …)` and mean the language of the page.

mod compare;
mod expressions;
mod functions;
mod languages;
mod literals;
mod preference;
#[cfg(test)]
mod tests;

pub(super) use languages::Languages;
pub use languages::built_in_languages;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use minijinja::HtmlEscape;
use minijinja::value::Value;
use serde::Serialize;

use crate::model::{Direction, Language};

type Bundle = FluentBundle<FluentResource>;

/// What HTML would take for itself.
const MARKUP: [char; 6] = ['<', '>', '&', '"', '\'', '/'];

/// All texts in one language.
pub(crate) struct Texts {
    pub(crate) language: Language,
    /// What templates have of them.
    pub(super) functions: Functions,
}

/// How templates ask for a text; each is known by its name.
#[derive(Clone, Serialize)]
pub(super) struct Functions {
    text: Value,
    rich: Value,
    optional_text: Value,
}

impl Texts {
    fn new(language: Language, bundle: Bundle) -> Self {
        let bundle = Arc::new(bundle);
        Self {
            functions: Functions {
                text: functions::text(&bundle, language.direction()),
                rich: functions::rich(&bundle),
                optional_text: functions::optional_text(&bundle),
            },
            language,
        }
    }

    /// Which way the language is written.
    pub(super) fn direction(&self) -> Direction {
        self.language.direction()
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Texts").field(&self.language).finish()
    }
}

/// An empty bundle that writes HTML: what stands in a text is escaped, what is put into it must
/// be, and strings in braces have nothing to escape (`literals.rs`).
fn bundle(language: &Language) -> Bundle {
    // Fluent wants the tag for plurals only, and knows fewer tags than there are.
    let tag = language.as_str().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    bundle.set_transform(Some(escape));
    // Names are kept apart from the sentence around them where they are put in.
    bundle.set_use_isolating(false);
    bundle
}

fn escape(text: &str) -> Cow<'_, str> {
    if text.contains(MARKUP) {
        Cow::Owned(HtmlEscape(text).to_string())
    } else {
        Cow::Borrowed(text)
    }
}

/// The text `name` with `args` put in, as HTML; `None` if there is none.
fn format(
    bundle: &Bundle,
    name: &str,
    args: &FluentArgs<'_>,
) -> Option<Result<String, minijinja::Error>> {
    let pattern = bundle.get_message(name)?.value()?;
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(args), &mut errors);
    Some(match errors.first() {
        None => Ok(text.into_owned()),
        Some(error) => Err(functions::error(format!("the text {name}: {error}"))),
    })
}
