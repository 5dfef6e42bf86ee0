//! What an operator can do about an order that failed.

use super::order::OrderError;
use crate::outbound::OutboundError;

/// What comes before the codes of RFC 8555 §6.7.
const PREFIX: &str = "urn:ietf:params:acme:error:";

impl OrderError {
    /// The code of RFC 8555 §6.7, if the directory gave one.
    pub(super) fn code(&self) -> Option<&str> {
        let problem = match self {
            Self::Directory(instant_acme::Error::Api(problem)) => problem,
            Self::NotValidated(problem) => problem.as_ref()?,
            _ => return None,
        };
        problem.r#type.as_deref()?.strip_prefix(PREFIX)
    }

    /// A sentence for the log.
    pub(super) fn advice(&self) -> &'static str {
        if let Some(advice) = self.code().and_then(advice) {
            return advice;
        }
        match self {
            Self::Directory(instant_acme::Error::Other(cause)) => {
                match cause.downcast_ref::<OutboundError>() {
                    Some(OutboundError::Connect) => {
                        "look whether this machine reaches `acme.directory`, and for a private one \
                         whether `acme.ca_file` has its CA"
                    }
                    _ => "the directory seems to be out of order; it is asked again",
                }
            }
            Self::Directory(_) | Self::Timeout => {
                "look whether `acme.directory` is the address of an ACME directory (RFC 8555 §7.1.1)"
            }
            Self::NotValidated(_) => NOT_REACHED,
            Self::NoChallenge(_) => "choose the other `acme.challenge`",
            Self::Folder(_) => "let the user of this process write to `acme.folder`",
            Self::Account(_) => "move account.json away: a new account is made then",
            Self::OfSomethingElse => "compare the clock of this machine with that of the directory",
            Self::Client(_) | Self::Answer(_) | Self::Tls(_) => "this is a fault of cellgate",
        }
    }
}

const NOT_REACHED: &str = "the name must lead to this machine from where the directory is: with \
                           tls_alpn_01 port 443 to a listener with TLS and nothing in front that \
                           ends it, with http_01 port 80 to a plain one";

fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "rateLimited" => {
            "too many orders or failures lately: it is tried again by itself; for trying out use the \
             staging directory of the CA"
        }
        "connection" | "tls" | "unauthorized" | "incorrectResponse" => NOT_REACHED,
        "dns" => "the name is not in the DNS, or its servers do not answer",
        "caa" => "a CAA record of the name forbids this CA; name the CA there (RFC 8659)",
        "rejectedIdentifier" | "unsupportedIdentifier" => {
            "the directory issues nothing for this name; remove it from `acme_names`"
        }
        "userActionRequired" => {
            "the terms of service have changed: agree to them at the address that the error names"
        }
        "externalAccountRequired" => {
            "the directory wants an account that was made elsewhere, which is not supported"
        }
        "accountDoesNotExist" => "the account was put aside, and a new one is made",
        "invalidContact" | "unsupportedContact" => "mend `acme.contacts`",
        "badNonce" | "serverInternal" => "the directory has a problem; it is tried again by itself",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> OrderError {
        let problem = serde_json::json!({ "type": format!("{PREFIX}{code}"), "detail": "no" });
        let problem = serde_json::from_value(problem).unwrap();
        OrderError::Directory(instant_acme::Error::Api(problem))
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        for (code, part) in [
            ("rateLimited", "staging"),
            ("unauthorized", "port 443"),
            ("caa", "CAA record"),
            ("userActionRequired", "terms of service"),
            ("unheardOf", "acme.directory"),
        ] {
            let error = refused(code);
            assert_eq!(error.code(), Some(code));
            assert!(error.advice().contains(part), "{code}: {}", error.advice());
        }
        let away = instant_acme::Error::Other(Box::new(OutboundError::Connect));
        assert!(OrderError::Directory(away).advice().contains("ca_file"));
        assert!(OrderError::NotValidated(None).advice().contains("port 80"));
    }
}
