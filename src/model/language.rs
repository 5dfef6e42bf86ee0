//! Languages, as the tags of BCP 47 name them.

use std::fmt;

/// A language, by its tag (RFC 5646): `fr`, `pt-BR`. Tags are the same whatever their case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(String);

/// Which way a language is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    LeftToRight,
    /// From right to left.
    RightToLeft,
}

/// Why a text is not the tag of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a language tag")]
pub struct LanguageError;

impl Language {
    /// Reads a tag: subtags of one to eight letters or digits, of which the first has two or three
    /// letters (RFC 5646 §2.1; the registry is not asked).
    ///
    /// # Errors
    ///
    /// [`LanguageError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, LanguageError> {
        const MAX_BYTES: usize = 35;
        let mut subtags = text.split('-');
        let first = subtags.next().unwrap_or_default();
        let is_language =
            matches!(first.len(), 2 | 3) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_subtag = |tag: &str| {
            (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if text.len() > MAX_BYTES || !is_language || !subtags.all(is_subtag) {
            return Err(LanguageError);
        }
        Ok(Self(in_usual_case(text)))
    }

    /// The tag, in the case that RFC 5646 §2.1.1 recommends.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which way it is written: as its script says, else as the language usually is.
    pub fn direction(&self) -> Direction {
        const LANGUAGES: [&str; 13] = [
            "ar", "arc", "ckb", "dv", "fa", "he", "nqo", "ps", "sd", "syr", "ug", "ur", "yi",
        ];
        const SCRIPTS: [&str; 7] = ["Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Syrc", "Thaa"];
        let mut subtags = self.0.split('-');
        let language = subtags.next().unwrap_or_default();
        let script = subtags.find(|tag| tag.len() == 4);
        let is_right_to_left = match script {
            Some(script) => SCRIPTS.contains(&script),
            None => LANGUAGES.contains(&language),
        };
        if is_right_to_left {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        }
    }

    /// The tag without its last subtag, nor a single character before that, by which RFC 4647 §3.4
    /// looks on for what is less particular.
    #[must_use]
    pub fn wider(&self) -> Option<Self> {
        let (rest, _) = self.0.rsplit_once('-')?;
        let wider = match rest.rsplit_once('-') {
            Some((before, last)) if last.len() == 1 => before,
            _ => rest,
        };
        Some(Self(wider.to_owned()))
    }
}

impl Direction {
    /// The value of HTML's `dir`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Small letters, but `Hant` for scripts and `BR` for regions.
fn in_usual_case(text: &str) -> String {
    let mut subtags = text.split('-');
    let mut tag = subtags.next().unwrap_or_default().to_ascii_lowercase();
    for subtag in subtags {
        tag.push('-');
        match subtag.len() {
            2 => tag.push_str(&subtag.to_ascii_uppercase()),
            4 => {
                let (first, rest) = subtag.split_at(1);
                tag.push_str(&first.to_ascii_uppercase());
                tag.push_str(&rest.to_ascii_lowercase());
            }
            _ => tag.push_str(&subtag.to_ascii_lowercase()),
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_whatever_its_case() {
        for (text, tag) in [
            ("fr", "fr"),
            ("FR", "fr"),
            ("pt-br", "pt-BR"),
            ("ZH-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("de-ch-1996", "de-CH-1996"),
        ] {
            assert_eq!(Language::parse(text).unwrap().as_str(), tag);
        }
    }

    #[test]
    fn what_is_no_tag() {
        for text in [
            "",
            "f",
            "*",
            "french",
            "fr_CA",
            "fr-",
            "-fr",
            "fr--CA",
            "fr CA",
            "f1",
            "é",
            "fr-123456789",
            "fr-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa",
        ] {
            assert_eq!(Language::parse(text), Err(LanguageError), "{text}");
        }
    }

    #[test]
    fn a_language_is_written_as_its_script_is() {
        use Direction::{LeftToRight, RightToLeft};
        for (tag, direction) in [
            ("en", LeftToRight),
            ("ar", RightToLeft),
            ("ar-EG", RightToLeft),
            ("ar-Latn", LeftToRight),
            ("he", RightToLeft),
            ("fa-IR", RightToLeft),
            ("yi", RightToLeft),
            ("pa", LeftToRight),
            ("pa-Arab-PK", RightToLeft),
        ] {
            assert_eq!(
                Language::parse(tag).unwrap().direction(),
                direction,
                "{tag}"
            );
        }
    }

    /// RFC 4647 §3.4.
    #[test]
    fn a_tag_is_widened_from_its_end() {
        let mut tag = Language::parse("zh-Hant-CN-x-private1").unwrap();
        let mut steps = Vec::new();
        while let Some(wider) = tag.wider() {
            steps.push(wider.to_string());
            tag = wider;
        }
        assert_eq!(steps, ["zh-Hant-CN", "zh-Hant", "zh"]);
    }
}
