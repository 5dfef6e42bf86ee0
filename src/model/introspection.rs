//! Which tokens a client may ask about (RFC 7662).

/// Whose access tokens a confidential client may introspect; those issued to itself in any case.
///
/// Refresh tokens are nobody's business but their client's: a resource server that was shown one
/// as active might take it for an access token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introspection {
    /// Every access token of this provider: for a gateway that guards several resource servers.
    pub any: bool,
    /// Access tokens for one of these audiences: those the client represents.
    pub audiences: Vec<String>,
}

impl Introspection {
    /// Whether access tokens with this `aud` may be asked about, whoever they were issued to.
    pub fn covers(&self, audience: &[String]) -> bool {
        self.any || audience.iter().any(|one| self.audiences.contains(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_sees_the_audiences_it_represents() {
        let audience = [
            "https://api.example".to_owned(),
            "https://b.example".to_owned(),
        ];
        let nothing = Introspection::default();
        let api = Introspection {
            any: false,
            audiences: vec!["https://api.example".to_owned()],
        };
        let any = Introspection {
            any: true,
            audiences: vec![],
        };

        assert!(!nothing.covers(&audience));
        assert!(api.covers(&audience));
        assert!(!api.covers(&audience[1..]));
        assert!(any.covers(&audience));
    }
}
