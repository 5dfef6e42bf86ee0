//! Spellings that people, or the collation of a database, take for one text.

use unicode_normalization::UnicodeNormalization as _;

/// `text` without what sets such spellings apart: letter case, white space, compatibility forms
/// (full width, ligatures) and characters that nobody sees. Look-alikes of other scripts are other
/// texts, as they are to every collation.
pub(crate) fn folded(text: &str) -> String {
    let normal: String = text.nfkc().filter(|c| !is_invisible(*c)).collect();
    let words: Vec<&str> = normal.split_whitespace().collect();
    // Lower case may leave the normal form.
    words.join(" ").to_lowercase().nfkc().collect()
}

/// Characters that are not shown and that collations ignore: soft hyphen, zero-width spaces and
/// joiners, marks of direction, variation selectors.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}
