//! Registered OAuth clients (RFC 6749 §2).

use std::fmt;
use std::time::Duration;

use super::{
    CellsClient, ClaimRule, ClientAccess, ClientAuthentication, ClientEndpoint, ClientLogout,
    ClientSigning, ConsentPolicy, Introspection, LoopbackPorts, RedirectUri, Resource, Scope,
    Subject, SubjectType, WebLink, WebOrigin,
};

/// The identifier a client was registered under: 1 to 255 printable ASCII characters
/// (`VSCHAR` of RFC 6749 appendix A.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(String);

/// Why a text cannot be a client identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client id has 1 to 255 printable ASCII characters")]
pub struct ClientIdError;

impl ClientId {
    /// Checks an identifier.
    ///
    /// # Errors
    ///
    /// [`ClientIdError`] when it is empty, too long or not printable ASCII.
    pub fn parse(text: &str) -> Result<Self, ClientIdError> {
        let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if text.is_empty() || text.len() > 255 || !printable {
            return Err(ClientIdError);
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether the client can be the subject of a token, as it is of one that it gets for itself
    /// (RFC 9068 §2.2): a client id may have spaces around it, and a subject may not.
    pub fn may_be_subject(&self) -> bool {
        Subject::parse(&self.0).is_ok()
    }

    /// The exact text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A registered client and what it may do.
#[derive(Clone, Debug)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// `client_name`: what users read on the sign-in page.
    pub name: String,
    /// The one way it authenticates at the token endpoint.
    pub authentication: ClientAuthentication,
    /// Where authorization answers may go.
    pub redirect_uris: Vec<RedirectUri>,
    /// Which ports of those on this machine are accepted.
    pub loopback_ports: LoopbackPorts,
    /// Where a user may be sent after signing out.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// The scope values it may ask for, and gets when it asks for none.
    pub scope: Scope,
    /// The grant types it may use.
    pub grant_types: Vec<GrantType>,
    /// `aud` of its access tokens when it asks for no resource.
    pub audience: Vec<String>,
    /// What else it may ask to reach (RFC 8707).
    pub resources: Vec<Resource>,
    /// Whose scripts may call the token, revocation and userinfo endpoints, besides those of its
    /// redirection URIs.
    pub allowed_origins: Vec<WebOrigin>,
    /// What it wants signed, and how.
    pub signing: ClientSigning,
    /// Which tokens it may introspect.
    pub introspection: Introspection,
    /// When its users are asked.
    pub consent: ConsentPolicy,
    /// Which users may use it.
    pub access: ClientAccess,
    /// What it is told of them beside the standard claims.
    pub claims: Vec<ClaimRule>,
    /// Whether it can tell that they are the users of another client.
    pub subject_type: SubjectType,
    /// What they are shown then.
    pub links: ClientLinks,
    /// `default_max_age`: how long ago a user's password may have been checked when a request
    /// does not say (OpenID Connect Registration §2). `require_auth_time` needs no field: every
    /// ID token has `auth_time`.
    pub default_max_age: Option<Duration>,
    /// How it learns that its user signed out.
    pub logout: ClientLogout,
    /// `initiate_login_uri`: where a sign-in to it can be begun from outside (OpenID Connect
    /// Core §4); `https` only.
    pub initiate_login_uri: Option<ClientEndpoint>,
    /// Which application of Cells it is, if the operator said so; what those are let off.
    pub of_cells: Option<CellsClient>,
}

/// What the consent page shows of a client beside its name (OpenID Connect Registration §2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientLinks {
    /// `logo_uri`.
    pub logo_uri: Option<WebLink>,
    /// `client_uri`: its home page.
    pub client_uri: Option<WebLink>,
    /// `policy_uri`: what it does with what it is told.
    pub policy_uri: Option<WebLink>,
    /// `tos_uri`: its terms of service.
    pub tos_uri: Option<WebLink>,
}

impl Client {
    /// A client with nothing registered but how it authenticates: its name is its id, it may use
    /// the code grant, its users are asked until they consent, and it has no scope and nowhere to
    /// go.
    pub fn new(id: ClientId, authentication: ClientAuthentication) -> Self {
        Self {
            name: id.as_str().to_owned(),
            id,
            loopback_ports: match authentication {
                ClientAuthentication::None => LoopbackPorts::Any,
                ClientAuthentication::SecretBasic(_)
                | ClientAuthentication::SecretPost(_)
                | ClientAuthentication::PrivateKeyJwt(_)
                | ClientAuthentication::SecretJwt(_)
                | ClientAuthentication::InProcess => LoopbackPorts::AsRegistered,
            },
            authentication,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            scope: Scope::default(),
            grant_types: vec![GrantType::AuthorizationCode],
            audience: Vec::new(),
            resources: Vec::new(),
            allowed_origins: Vec::new(),
            signing: ClientSigning::default(),
            introspection: Introspection::default(),
            consent: ConsentPolicy::default(),
            access: ClientAccess::default(),
            claims: Vec::new(),
            subject_type: SubjectType::default(),
            links: ClientLinks::default(),
            default_max_age: None,
            logout: ClientLogout::default(),
            initiate_login_uri: None,
            of_cells: None,
        }
    }

    /// Finds the registered redirection URI equal to `requested`, byte by byte but for the ports
    /// of [`Self::loopback_ports`].
    pub fn redirect_uri(&self, requested: &str) -> Option<RedirectUri> {
        self.redirect_uris
            .iter()
            .find_map(|uri| uri.matched(requested, self.loopback_ports))
    }

    /// Finds the registered post-logout redirection URI equal to `requested`, byte by byte
    /// (OpenID Connect RP-Initiated Logout §3).
    pub fn post_logout_redirect_uri(&self, requested: &str) -> Option<RedirectUri> {
        self.post_logout_redirect_uris
            .iter()
            .find_map(|uri| uri.matched(requested, LoopbackPorts::AsRegistered))
    }

    /// The web origins its scripts come from: those of its redirection URIs and those listed. The
    /// scripts of an application behind the gateway have no tokens to call anybody with.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        let listed = self.allowed_origins.iter().map(WebOrigin::to_string);
        let has_tokens = !matches!(self.authentication, ClientAuthentication::InProcess);
        let uris = self.redirect_uris.iter().filter(move |_| has_tokens);
        let redirected = uris.flat_map(RedirectUri::origins);
        redirected.chain(listed)
    }

    /// Whether it cannot prove who it is (RFC 6749 §2.1); see [`Self::must_send_challenge`].
    pub const fn is_public(&self) -> bool {
        matches!(self.authentication, ClientAuthentication::None)
    }

    /// Whether a code is asked for with a challenge (RFC 9700 §2.1.1), or not at all.
    pub const fn must_send_challenge(&self) -> bool {
        match self.of_cells {
            Some(cells) => !cells.may_omit_challenge(),
            None => self.is_public(),
        }
    }

    /// `aud` of its access tokens when it asks for no resource. RFC 9068 §3: a client that was
    /// registered without an audience gets tokens for itself.
    pub fn usual_audience(&self) -> Vec<String> {
        if self.audience.is_empty() {
            vec![self.id.as_str().to_owned()]
        } else {
            self.audience.clone()
        }
    }

    /// Whether it may have access tokens for `audience`.
    pub fn may_reach(&self, audience: &str) -> bool {
        self.audience.iter().any(|own| own == audience)
            || self.resources.iter().any(|own| own.as_str() == audience)
    }

    /// Whether it was registered for `grant_type`.
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }
}

/// The grants this provider speaks; `grant_type` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 6749 §4.4: confidential clients only.
    ClientCredentials,
}

impl GrantType {
    /// All of them, in the order the discovery document lists them.
    pub const ALL: [Self; 3] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
    ];

    /// The value of `grant_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }

    /// Reads a `grant_type`; `None` when this provider does not speak it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|grant_type| grant_type.as_str() == text)
    }
}
