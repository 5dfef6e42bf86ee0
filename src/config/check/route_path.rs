//! The path of a route: in the canonical form that requests are compared in.

use crate::gateway::{CanonicalPath, PathError};

/// Why a path would never match, or is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// Requests are compared in canonical form only, so this would never match.
    #[error("would never match; write `{0}`")]
    NotCanonical(String),
    /// A slash that a prefix of whole segments cannot see.
    #[error("has an encoded slash (`%2F`); a prefix ends at a real one")]
    EncodedSlash,
    /// A path that every request is refused for.
    #[error("would never match: {0}, and requests with such a path are refused")]
    Ambiguous(#[from] PathError),
}

/// Checks the path prefix of a route, by the gateway's own rules for requests.
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
    let canonical = CanonicalPath::parse(path.as_bytes())?;
    if canonical.has_encoded_slash() {
        return Err(RoutePathError::EncodedSlash);
    }
    if canonical.as_str() != path {
        return Err(RoutePathError::NotCanonical(canonical.as_str().to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_canonical_path_is_taken() {
        use RoutePathError as E;
        let write = |path: &str| Err(E::NotCanonical(path.to_owned()));
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
            ("/api//x", Err(E::Ambiguous(PathError::EmptySegment))),
            ("/api/../x", Err(E::Ambiguous(PathError::DotSegment))),
            ("/api/.", Err(E::Ambiguous(PathError::DotSegment))),
            ("/api/%2e%2e/", Err(E::Ambiguous(PathError::DotSegment))),
            ("/api%5Cx", Err(E::Ambiguous(PathError::Backslash))),
            ("/a\\b", Err(E::Ambiguous(PathError::Backslash))),
            ("/api%00", Err(E::Ambiguous(PathError::ControlCharacter))),
            ("/api%252e", Err(E::Ambiguous(PathError::DoubleEscape))),
            ("/api%", Err(E::Ambiguous(PathError::MalformedEscape))),
            ("/api%2", Err(E::Ambiguous(PathError::MalformedEscape))),
            ("/api%2Fx", Err(E::EncodedSlash)),
            ("/%61pi/", write("/api/")),
            ("/caf%c3%a9/", write("/caf%C3%A9/")),
            ("/café/", write("/caf%C3%A9/")),
            ("/a b", write("/a%20b")),
        ] {
            assert_eq!(check(path), result, "{path}");
        }
    }
}
