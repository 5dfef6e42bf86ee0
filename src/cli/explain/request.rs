//! The request that is asked about, from the arguments. Nothing is brought into another form here:
//! that is the gateway's to do, or to refuse.

use std::io::{self, BufRead as _};

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use x509_parser::pem::parse_x509_pem;

use super::super::arguments::ExplainArguments;
use super::super::error::CliError;
use crate::gateway::{ClientCertificate, Hypothetical, Scheme};

/// Why the arguments are no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::cli) enum RequestError {
    /// `--url` is missing or is none.
    #[error("--url: write all of it, for example `https://files.example/api/x?page=2`")]
    Url,
    /// `--method` is none.
    #[error("--method: {0:?} is not a method")]
    Method(String),
    /// `--header` is none. Its value is not repeated: it may be a secret.
    #[error("--header {0:?}: write `Name: value`")]
    Header(String),
    /// `--header Host`.
    #[error("--header Host: the host is that of --url")]
    Host,
    /// `--client-certificate` is none.
    #[error("--client-certificate: the file has no PEM certificate that can be read")]
    Certificate,
    /// `--token` cannot be a field's value.
    #[error("--token has characters that no request can carry")]
    Token,
}

/// Makes the request.
pub(super) fn of(arguments: &ExplainArguments) -> Result<Hypothetical, CliError> {
    let url = arguments.url.as_deref().ok_or(RequestError::Url)?;
    let (scheme, authority, target) = split(url).ok_or(RequestError::Url)?;
    let method = Method::from_bytes(arguments.method.as_bytes())
        .map_err(|_| RequestError::Method(arguments.method.clone()))?;
    let mut headers = HeaderMap::new();
    for text in &arguments.headers {
        let (name, value) = header(text)?;
        headers.append(name, value);
    }
    if let Some(token) = token(arguments)? {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| RequestError::Token)?;
        value.set_sensitive(true);
        headers.append(AUTHORIZATION, value);
    }
    Ok(Hypothetical {
        method,
        scheme,
        authority: authority.to_owned(),
        target,
        headers,
        source: arguments.source,
        certificate: certificate(arguments)?,
    })
}

fn certificate(arguments: &ExplainArguments) -> Result<Option<ClientCertificate>, CliError> {
    let Some(file) = &arguments.client_certificate else {
        return Ok(None);
    };
    let (_, pem) = parse_x509_pem(&std::fs::read(file)?).map_err(|_| RequestError::Certificate)?;
    let certificate = ClientCertificate::parse(&pem.contents);
    Ok(Some(certificate.ok_or(RequestError::Certificate)?))
}

/// `-` reads the first line of standard input, so that a token stands in no history.
fn token(arguments: &ExplainArguments) -> Result<Option<String>, CliError> {
    match arguments.token.as_deref() {
        Some("-") => {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line)?;
            Ok(Some(line.trim().to_owned()))
        }
        token => Ok(token.map(str::to_owned)),
    }
}

/// Cuts a URL where a client cuts it, without mending it: `..` and escapes are what one may want
/// to ask about.
fn split(url: &str) -> Option<(Scheme, &str, String)> {
    let (scheme, rest) = match url.split_once("://")? {
        ("https", rest) => (Scheme::Https, rest),
        ("http", rest) => (Scheme::Http, rest),
        _ => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at_checked(end)?;
    if authority.is_empty() {
        return None;
    }
    let slash = if target.starts_with('/') { "" } else { "/" };
    Some((scheme, authority, [slash, target].concat()))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), RequestError> {
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    let wrong = || RequestError::Header(name.to_owned());
    if !text.contains(':') {
        return Err(wrong());
    }
    let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    if field == HOST {
        return Err(RequestError::Host);
    }
    let value = HeaderValue::try_from(value.trim()).map_err(|_| wrong())?;
    Ok((field, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_and_not_mended() {
        for (url, expected) in [
            (
                "https://a.test/x?y",
                Some((Scheme::Https, "a.test", "/x?y")),
            ),
            ("http://a.test:80", Some((Scheme::Http, "a.test:80", "/"))),
            ("https://a.test?y", Some((Scheme::Https, "a.test", "/?y"))),
            (
                "https://A.test/p/../%2e%2e/x",
                Some((Scheme::Https, "A.test", "/p/../%2e%2e/x")),
            ),
            (
                "https://a.test/x#y",
                Some((Scheme::Https, "a.test", "/x#y")),
            ),
            ("/x", None),
            ("https:///x", None),
            ("ftp://a.test/", None),
        ] {
            let found = split(url);
            let found = found
                .as_ref()
                .map(|(scheme, authority, target)| (*scheme, *authority, target.as_str()));
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn a_header_has_a_name_and_a_value() {
        let (name, value) = header("X-Test:  one ").unwrap();
        assert_eq!((name.as_str(), value.as_bytes()), ("x-test", &b"one"[..]));
        for (text, error) in [
            ("X-Test", RequestError::Header("X-Test".to_owned())),
            ("X Test: 1", RequestError::Header("X Test".to_owned())),
            ("Host: b.test", RequestError::Host),
        ] {
            assert_eq!(header(text).unwrap_err(), error);
        }
        let secret = header("no name S3CR3T: \u{1}").unwrap_err().to_string();
        assert!(!secret.contains('\u{1}'), "{secret}");
    }
}
