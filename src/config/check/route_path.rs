//! The path of a route: in the canonical form that requests are compared in.

/// Why a path would never match, or is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RoutePathError {
    /// Relative, or a URL.
    #[error("does not begin with `/`; write the path alone, such as `/api/`")]
    Relative,
    /// A query or a fragment.
    #[error("has a `?` or `#`; routes see the path only")]
    NotPath,
    /// An asterisk.
    #[error("has a `*`; a path matches everything below it already: write `/api/` for `/api/*`")]
    Wildcard,
    /// `.` or `..`.
    #[error("has a segment `.` or `..`; requests with one are refused, so it would never match")]
    DotSegment,
    /// `//`.
    #[error("has `//`; requests with it never match, write one `/`")]
    EmptySegment,
    /// A percent sign without two hexadecimal digits.
    #[error("has a `%` that is not followed by two hexadecimal digits")]
    BadPercent,
    /// Canonical form decodes these and writes the rest in upper case.
    #[error(
        "is not in canonical form; write letters, digits and `-._~` plainly, and other octets as `%C3`, in upper case"
    )]
    NotCanonical,
    /// An octet that no request may have.
    #[error(
        "has an encoded slash, backslash, percent sign or control character; requests with one are refused or ambiguous"
    )]
    Refused,
    /// A character that must be encoded.
    #[error("has a character that cannot stand in a path; write it as UTF-8, each octet as `%C3`")]
    Character,
}

/// Checks the path prefix of a route.
pub(super) fn check(path: &str) -> Result<(), RoutePathError> {
    if !path.starts_with('/') {
        return Err(RoutePathError::Relative);
    }
    if path.contains(['?', '#']) {
        return Err(RoutePathError::NotPath);
    }
    if path.contains('*') {
        return Err(RoutePathError::Wildcard);
    }
    if path.contains("//") {
        return Err(RoutePathError::EmptySegment);
    }
    check_octets(path.as_bytes())?;
    if path
        .split('/')
        .any(|segment| segment == "." || segment == "..")
    {
        return Err(RoutePathError::DotSegment);
    }
    Ok(())
}

fn check_octets(path: &[u8]) -> Result<(), RoutePathError> {
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        rest = if *first == b'%' {
            let (digits, after) = after
                .split_first_chunk::<2>()
                .ok_or(RoutePathError::BadPercent)?;
            check_escape(*digits)?;
            after
        } else if is_path_octet(*first) {
            after
        } else {
            return Err(RoutePathError::Character);
        };
    }
    Ok(())
}

/// Checks the two digits after a percent sign.
fn check_escape(digits: [u8; 2]) -> Result<(), RoutePathError> {
    let octet = std::str::from_utf8(&digits)
        .ok()
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u8::from_str_radix(digits, 16).ok())
        .ok_or(RoutePathError::BadPercent)?;
    if is_unreserved(octet) || digits.iter().any(u8::is_ascii_lowercase) {
        return Err(RoutePathError::NotCanonical);
    }
    if octet.is_ascii_control() || matches!(octet, b'/' | b'\\' | b'%') {
        return Err(RoutePathError::Refused);
    }
    Ok(())
}

/// `unreserved` of RFC 3986 §2.3.
const fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

/// `pchar` of RFC 3986 §3.3 without escapes, and the slash.
const fn is_path_octet(octet: u8) -> bool {
    is_unreserved(octet)
        || matches!(
            octet,
            b'/' | b':'
                | b'@'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_canonical_path_is_taken() {
        use RoutePathError as E;
        for (path, result) in [
            ("/", Ok(())),
            ("/api/", Ok(())),
            ("/api", Ok(())),
            ("/a;b=1/@x:y", Ok(())),
            ("/caf%C3%A9/", Ok(())),
            ("api/", Err(E::Relative)),
            ("https://files.example/api/", Err(E::Relative)),
            ("", Err(E::Relative)),
            ("/api?x=1", Err(E::NotPath)),
            ("/api#x", Err(E::NotPath)),
            ("/api/*", Err(E::Wildcard)),
            ("/api//x", Err(E::EmptySegment)),
            ("/api/../x", Err(E::DotSegment)),
            ("/api/.", Err(E::DotSegment)),
            ("/api/%2e%2e/", Err(E::NotCanonical)),
            ("/%61pi/", Err(E::NotCanonical)),
            ("/caf%c3%a9/", Err(E::NotCanonical)),
            ("/api%2Fx", Err(E::Refused)),
            ("/api%5Cx", Err(E::Refused)),
            ("/api%00", Err(E::Refused)),
            ("/api%252e", Err(E::Refused)),
            ("/api%", Err(E::BadPercent)),
            ("/api%2", Err(E::BadPercent)),
            ("/api%+1", Err(E::BadPercent)),
            ("/café/", Err(E::Character)),
            ("/a b", Err(E::Character)),
            ("/a\\b", Err(E::Character)),
        ] {
            assert_eq!(check(path), result, "{path}");
        }
    }
}
