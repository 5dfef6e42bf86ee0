//! The languages there are, and which one a reader gets.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use fluent_bundle::FluentResource;

use super::{Bundle, Texts, bundle, compare, literals, preference};
use crate::model::Language;
use crate::provider::TemplateProblem;

/// The texts built in; the first are what all others are compared with.
pub(super) const BUILT_IN: [(&str, &str); 5] = [
    (
        "en",
        include_str!("../../../../config/templates/texts/en.ftl"),
    ),
    (
        "fr",
        include_str!("../../../../config/templates/texts/fr.ftl"),
    ),
    (
        "de",
        include_str!("../../../../config/templates/texts/de.ftl"),
    ),
    (
        "es",
        include_str!("../../../../config/templates/texts/es.ftl"),
    ),
    (
        "it",
        include_str!("../../../../config/templates/texts/it.ftl"),
    ),
];

/// The tags of the languages built in.
pub fn built_in_languages() -> [&'static str; 5] {
    BUILT_IN.map(|(tag, _)| tag)
}

/// All languages that pages can be in; at least one.
#[derive(Debug)]
pub(crate) struct Languages {
    default: Arc<Texts>,
    all: Vec<Arc<Texts>>,
}

impl Languages {
    /// Those built in and those of the operator's folder. Readers who prefer none of them get
    /// `default`.
    pub(crate) fn load(
        folder: Option<&Path>,
        default: &Language,
        problems: &mut Vec<TemplateProblem>,
    ) -> Option<Self> {
        let mut bundles: Vec<(Language, Bundle)> = BUILT_IN
            .iter()
            .filter_map(|(tag, source)| {
                let language = Language::parse(tag).ok()?;
                let mut bundle = bundle(&language);
                bundle.add_resource_overriding(resource(tag, (*source).to_owned(), problems)?);
                Some((language, bundle))
            })
            .collect();
        for (language, source) in files(folder, problems) {
            let name = file_name(language.as_str());
            let Some(resource) = resource(&name, source, problems) else {
                continue;
            };
            problems.extend(compare::differences(&name, &resource));
            match bundles.iter_mut().find(|(known, _)| *known == language) {
                Some((_, bundle)) => bundle.add_resource_overriding(resource),
                None => {
                    problems.extend(compare::missing(&name, &resource));
                    let mut bundle = bundle(&language);
                    bundle.add_resource_overriding(resource);
                    bundles.push((language, bundle));
                }
            }
        }
        let all: Vec<_> = bundles
            .into_iter()
            .map(|(language, bundle)| Arc::new(Texts::new(language, bundle)))
            .collect();
        let found = all.iter().find(|texts| texts.language == *default);
        if found.is_none() {
            problems.push(TemplateProblem {
                name: file_name(default.as_str()),
                message: format!("there are no texts in {default}, the language of the pages"),
            });
        }
        let default = Arc::clone(found.or(all.first())?);
        Some(Self { default, all })
    }

    /// The texts in each language.
    pub(crate) fn all(&self) -> &[Arc<Texts>] {
        &self.all
    }

    /// What a reader gets: the first language that the client asks for by `ui_locales`, else that
    /// the browser accepts, else the default.
    pub(crate) fn choose(&self, ui_locales: Option<&str>, accepted: Option<&str>) -> Arc<Texts> {
        let wanted = ui_locales.map(preference::ui_locales).unwrap_or_default();
        let accepted = accepted
            .map(preference::accept_language)
            .unwrap_or_default();
        let mut ranges = wanted.into_iter().chain(accepted);
        let found = ranges.find_map(|range| self.look_up(range));
        Arc::clone(found.unwrap_or(&self.default))
    }

    /// RFC 4647 §3.4: the range as it stands, then ever wider.
    fn look_up(&self, range: Language) -> Option<&Arc<Texts>> {
        let ranges = std::iter::successors(Some(range), Language::wider);
        ranges
            .into_iter()
            .find_map(|range| self.all.iter().find(|texts| texts.language == range))
    }
}

/// Where the operator's folder has the texts of a language.
fn file_name(tag: &str) -> String {
    format!("texts/{tag}.ftl")
}

fn resource(
    name: &str,
    source: String,
    problems: &mut Vec<TemplateProblem>,
) -> Option<FluentResource> {
    match FluentResource::try_new(source) {
        Ok(resource) => {
            problems.extend(literals::with_markup(name, &resource));
            Some(resource)
        }
        Err((resource, errors)) => {
            let source = resource.source().as_bytes();
            problems.extend(errors.iter().map(|error| {
                let before = source.iter().take(error.pos.start);
                let line = before.filter(|byte| **byte == b'\n').count() + 1;
                TemplateProblem {
                    name: name.to_owned(),
                    message: format!("line {line}: {}", error.kind),
                }
            }));
            None
        }
    }
}

/// The operator's own texts, in the order of their names.
fn files(folder: Option<&Path>, problems: &mut Vec<TemplateProblem>) -> Vec<(Language, String)> {
    let Some(folder) = folder.map(|folder| folder.join("texts")) else {
        return Vec::new();
    };
    let paths: io::Result<Vec<_>> = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        entries => entries.and_then(|all| all.map(|entry| Ok(entry?.path())).collect()),
    };
    let mut refuse = |path: &Path, message: String| {
        problems.push(TemplateProblem {
            name: path.display().to_string(),
            message,
        });
    };
    let mut paths = paths.unwrap_or_else(|error| {
        refuse(&folder, error.to_string());
        Vec::new()
    });
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.extension().is_none_or(|extension| extension != "ftl") {
            continue;
        }
        let tag = path.file_stem().unwrap_or_default().to_string_lossy();
        match (Language::parse(&tag), fs::read_to_string(&path)) {
            (Ok(language), Ok(source)) => found.push((language, source)),
            (Err(error), _) => refuse(&path, format!("its name {error}, as fr or pt-BR is")),
            (_, Err(error)) => refuse(&path, error.to_string()),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages(default: &str) -> Languages {
        let default = Language::parse(default).unwrap();
        Languages::load(None, &default, &mut Vec::new()).unwrap()
    }

    #[test]
    fn the_client_is_asked_before_the_browser_and_the_browser_before_the_operator() {
        let languages = languages("it");
        for (ui_locales, accepted, expected) in [
            (Some("fr"), Some("de"), "fr"),
            (Some("se fr-CA"), Some("de"), "fr"),
            (Some("se"), Some("de-AT;q=0.5,es-MX"), "es"),
            (Some("se"), Some("sv"), "it"),
            (None, Some("en-US,en;q=0.5"), "en"),
            (None, Some("*"), "it"),
            (None, None, "it"),
            (Some("\u{0}"), Some("'"), "it"),
        ] {
            let chosen = languages.choose(ui_locales, accepted);
            let case = format!("{ui_locales:?} {accepted:?}");
            assert_eq!(chosen.language.as_str(), expected, "{case}");
        }
    }

    #[test]
    fn a_default_without_texts_is_a_problem() {
        let mut problems = Vec::new();

        Languages::load(None, &Language::parse("sv").unwrap(), &mut problems);

        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            ["texts/sv.ftl: there are no texts in sv, the language of the pages"]
        );
    }
}
