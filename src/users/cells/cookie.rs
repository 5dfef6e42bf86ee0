//! The cookie of a session at Cells, which holds what the session is renewed with.

use std::time::Duration;

use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::model::Timestamp;
use crate::secret::Secret;

/// How long it is good if that is not said: the default of Cells.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Longer is not believed.
const LONGEST_LIFETIME: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// The cookie that an answer sets, as it is to be sent back, and until when it is good; `None` if it
/// sets none, or takes it away.
pub(super) fn session(headers: &HeaderMap, now: Timestamp) -> Option<(Secret, Timestamp)> {
    headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|field| field.to_str().ok())
        .filter_map(|field| read(field, now))
        .next_back()
}

fn read(field: &str, now: Timestamp) -> Option<(Secret, Timestamp)> {
    let mut parts = field.split(';');
    let pair = parts.next()?.trim();
    let (name, value) = pair.split_once('=')?;
    // With a suffix it is the session of a public link.
    if name != "pydio" || value.is_empty() {
        return None;
    }
    let max_age = parts.find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then_some(value)
    });
    let lifetime = match max_age.map(str::parse::<i64>) {
        Some(Ok(secs)) => Duration::from_secs(u64::try_from(secs).ok()?).min(LONGEST_LIFETIME),
        Some(Err(_)) | None => LIFETIME,
    };
    (!lifetime.is_zero()).then(|| (Secret::new(pair), now.after(lifetime)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    #[test]
    fn the_session_is_told_from_other_cookies_and_its_end_is_known() {
        for (row, fields, expected) in [
            (
                "as Cells sets it",
                &["pydio=a=b; Path=/a/frontend; HttpOnly; Max-Age=900"][..],
                Some(("pydio=a=b", 900)),
            ),
            ("no end", &["pydio=x; Path=/"], Some(("pydio=x", 3600))),
            (
                "an odd end",
                &["pydio=x; max-age=soon"],
                Some(("pydio=x", 3600)),
            ),
            ("another cookie", &["other=x"], None),
            ("of a public link", &["pydio-4fa2=x"], None),
            ("taken away", &["pydio=; Max-Age=0"], None),
            ("ended", &["pydio=x; Max-Age=0"], None),
            ("ended long ago", &["pydio=x; Max-Age=-1"], None),
            (
                "the last counts",
                &["pydio=x", "pydio=y"],
                Some(("pydio=y", 3600)),
            ),
            ("none", &[], None),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(SET_COOKIE, field.parse().unwrap());
            }

            let found = session(&headers, NOW);

            let expected = expected
                .map(|(pair, secs)| (pair.to_owned(), NOW.after(Duration::from_secs(secs))));
            let found = found.map(|(secret, until)| (secret.expose().to_owned(), until));
            assert_eq!(found, expected, "{row}");
        }
    }
}
