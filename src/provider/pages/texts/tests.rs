//! The texts built in: complete, translated, and used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_bundle::{FluentArgs, FluentResource};

use super::compare;
use super::languages::BUILT_IN;
use crate::model::Language;
use crate::provider::claims::CLAIMS_BY_SCOPE;
use crate::provider::pages::Message;

/// Texts that another language really writes as English does.
const ALIKE: [(&str, &str); 1] = [("it", "sign-in-password")];

fn resource(source: &str) -> FluentResource {
    let resource = FluentResource::try_new(source.to_owned());
    resource.unwrap_or_else(|(_, errors)| panic!("{errors:?}"))
}

/// The texts as they stand in the file, by their names.
fn by_name(source: &str) -> BTreeMap<&str, String> {
    let mut texts = BTreeMap::<&str, String>::new();
    let mut name = "";
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        match line.split_once(" =") {
            Some((start, rest)) if line.starts_with(|letter: char| letter.is_ascii_lowercase()) => {
                name = start;
                let before = texts.insert(name, rest.to_owned());
                assert_eq!(before, None, "{name} is there twice");
            }
            _ if line.is_empty() => {}
            _ => texts.get_mut(name).unwrap().push_str(line),
        }
    }
    texts
}

#[test]
fn every_language_has_every_text_and_puts_the_same_into_it() {
    let english = compare::variables(&resource(BUILT_IN[0].1));
    assert!(english.len() > 90, "{}", english.len());
    for (tag, source) in BUILT_IN {
        assert_eq!(compare::variables(&resource(source)), english, "{tag}");
    }
}

#[test]
fn no_text_is_left_in_english() {
    let english = by_name(BUILT_IN[0].1);
    for (tag, source) in &BUILT_IN[1..] {
        let alike: Vec<_> = by_name(source)
            .into_iter()
            .filter(|(name, text)| english[name] == *text)
            .map(|(name, _)| (*tag, name))
            .collect();
        let expected: Vec<_> = ALIKE.into_iter().filter(|(of, _)| of == tag).collect();
        assert_eq!(alike, expected);
    }
}

/// The consent page names what an application asks for.
#[test]
fn every_claim_has_a_text() {
    let english = by_name(BUILT_IN[0].1);
    for claim in CLAIMS_BY_SCOPE.iter().flat_map(|(_, claims)| claims.iter()) {
        let name = format!("claim-{}", claim.as_str());
        assert!(english.contains_key(name.as_str()), "{name}");
    }
}

/// Its punctuation says whether a text is a sentence, a question or a label.
#[test]
fn a_sentence_is_one_in_every_language() {
    let ending = |text: &str| {
        let text = text.trim_end_matches(['}', ' ']);
        text.chars().last().filter(|last| ".?:".contains(*last))
    };
    let english = by_name(BUILT_IN[0].1);
    for (tag, source) in BUILT_IN {
        for (name, text) in by_name(source) {
            assert_eq!(ending(&text), ending(&english[name]), "{tag}: {name}");
        }
    }
}

/// French sets a space that does not break before these.
#[test]
fn french_marks_do_not_begin_a_line() {
    for (name, text) in by_name(BUILT_IN[1].1) {
        for mark in ["?", "!", ";"] {
            assert!(!text.contains(&format!(" {mark}")), "{name}");
        }
        assert!(!text.contains(" :"), "{name}");
    }
}

/// How long a pause is, as a person says it.
#[test]
fn a_throttled_user_reads_when_to_come_back() {
    let mut english = super::bundle(&Language::parse("en").unwrap());
    english.add_resource(resource(BUILT_IN[0].1)).unwrap();
    for (unit, count, words) in [
        ("seconds", 1, "in a second."),
        ("seconds", 30, "in 30 seconds."),
        ("minutes", 2, "in 2 minutes."),
        ("minutes", 15, "in 15 minutes."),
        ("hours", 2, "in 2 hours."),
    ] {
        let mut args = FluentArgs::new();
        args.set("count", count);
        let name = format!("problem-throttled-{unit}");
        let text = super::format(&english, &name, &args).unwrap().unwrap();
        assert!(text.ends_with(words), "{text}");
    }
}

/// Names that templates make of two parts stand with the first of them.
fn used_in_templates() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/templates");
    let mut used = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for function in ["text(\"", "rich(\""] {
            let calls = source.split(function).skip(1);
            used.extend(calls.map(|call| call.split('"').next().unwrap().to_owned()));
        }
    }
    used
}

/// The two texts of a message, by the name that its template gets.
fn texts_of(message: Message) -> [String; 2] {
    let message = serde_json::to_value(message).unwrap();
    let name = message["name"].as_str().unwrap();
    ["title", "text"].map(|part| format!("{name}-{part}"))
}

#[test]
fn every_text_is_used_and_every_text_used_is_there() {
    let used = used_in_templates();
    let english = by_name(BUILT_IN[0].1);
    for name in &used {
        let is_there = english.contains_key(name.as_str())
            || name.ends_with('-') && english.keys().any(|text| text.starts_with(name));
        assert!(is_there, "there is no text {name}");
    }
    let messages: BTreeSet<String> = Message::ALL.into_iter().flat_map(texts_of).collect();
    for name in &messages {
        assert!(
            english.contains_key(name.as_str()),
            "there is no text {name}"
        );
    }
    for name in english.keys() {
        let is_of_message = messages.contains(*name);
        let is_used = used
            .iter()
            .any(|used| used == name || used.ends_with('-') && name.starts_with(used.as_str()));
        assert!(is_used || is_of_message, "{name} is in no template");
    }
}
