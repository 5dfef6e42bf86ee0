//! Which languages somebody prefers: `ui_locales`, `Accept-Language`.

use crate::model::Language;

/// More are not looked at; nobody reads that many, and each is looked up.
const MAX_RANGES: usize = 32;

/// `ui_locales` (OpenID Connect Core §3.1.2.1): separated by spaces, best first. What is no tag
/// is passed over; the parameter is never a reason to fail.
pub(super) fn ui_locales(text: &str) -> Vec<Language> {
    let tags = text.split_ascii_whitespace().take(MAX_RANGES);
    tags.filter_map(|tag| Language::parse(tag).ok()).collect()
}

/// `Accept-Language` (RFC 9110 §12.5.4), best first. A weight of zero excludes, which says nothing
/// here, as `*` does: they would take whatever there is.
pub(super) fn accept_language(text: &str) -> Vec<Language> {
    let ranges = text.split(',').take(MAX_RANGES);
    let mut weighed: Vec<(u16, Language)> = ranges.filter_map(range).collect();
    // Stable: of equal weight, the first is the better one.
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weighed.into_iter().map(|(_, language)| language).collect()
}

fn range(text: &str) -> Option<(u16, Language)> {
    let (tag, weight) = match text.split_once(';') {
        Some((tag, parameter)) => (tag, thousandths(parameter)?),
        None => (text, 1000),
    };
    let language = Language::parse(tag.trim()).ok()?;
    (weight > 0).then_some((weight, language))
}

/// `q=0.8` as 800 (RFC 9110 §12.4.2).
fn thousandths(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(languages: &[Language]) -> Vec<&str> {
        languages.iter().map(Language::as_str).collect()
    }

    #[test]
    fn what_a_client_asks_for_is_in_its_order() {
        for (text, expected) in [
            ("fr-CA fr en", &["fr-CA", "fr", "en"][..]),
            ("se", &["se"]),
            ("", &[]),
            ("<script> de", &["de"]),
        ] {
            assert_eq!(tags(&ui_locales(text)), expected, "{text}");
        }
    }

    /// RFC 9110 §12.5.4.
    #[test]
    fn what_a_browser_accepts_is_in_the_order_of_its_weights() {
        for (text, expected) in [
            ("da, en-gb;q=0.8, en;q=0.7", &["da", "en-GB", "en"][..]),
            ("en;q=0.5,fr", &["fr", "en"]),
            ("en;q=0.25,fr;q=0.3,de;q=0.251", &["fr", "de", "en"]),
            ("it ; Q=1.0 , es;q=1.000", &["it", "es"]),
            ("*, en;q=0, fr;q=0.000, de;q=0.001", &["de"]),
            ("en;q=2, fr;q=1.1, de;q=, it;q=0.1234, es;level=1", &[]),
            ("en_US, é, \u{0}", &[]),
        ] {
            assert_eq!(tags(&accept_language(text)), expected, "{text}");
        }
    }
}
