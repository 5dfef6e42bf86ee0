//! The words of the domain: no I/O, no HTTP, no serialisation.
//!
//! A value of one of these types has been checked; whoever holds one need not check it again.

mod application_password;
mod authentication_context;
mod cells_client;
mod claim_rule;
mod client;
mod client_access;
mod client_authentication;
mod client_endpoint;
mod client_keys;
mod consent;
mod device;
mod grant;
mod identity_claim;
mod introspection;
mod issuer;
mod language;
mod logout;
mod redirect_uri;
mod registration;
mod requested_claims;
mod resource;
mod revocable;
mod scope;
mod signing;
mod spelling;
mod subject_type;
mod time;
mod upstream_session;
mod user;
mod user_details;
mod web_link;
mod web_origin;

pub use application_password::{ApplicationPassword, ApplicationSecret};
pub use authentication_context::AuthenticationContext;
pub use cells_client::{CellsClient, CellsClientError};
pub use claim_rule::{ClaimName, ClaimNameError, ClaimRule, ClaimSource, ConstantClaim};
pub use client::{Client, ClientId, ClientIdError, ClientLinks, GrantType};
pub use client_access::ClientAccess;
pub use client_authentication::{ClientAuthentication, SecretHash, SecretHashError};
pub use client_endpoint::{ClientEndpoint, ClientEndpointError};
pub use client_keys::{ClientKeys, KeySource};
pub use consent::{Allowance, Consent, ConsentPolicy};
pub use device::Device;
pub use grant::{
    ApplicationSession, AuthorizationCode, CodeChallenge, Grant, GrantId, RefreshToken, Session,
    SessionId, Spent,
};
pub use identity_claim::IdentityClaim;
pub use introspection::Introspection;
pub use issuer::{Issuer, IssuerError};
pub use language::{Direction, Language, LanguageError};
pub use logout::{ClientLogout, Reach};
pub use redirect_uri::{LoopbackPorts, RedirectUri, RedirectUriError};
pub use registration::RegisteredBy;
pub use requested_claims::RequestedClaims;
pub use resource::{Resource, ResourceError};
pub use revocable::Revocable;
pub use scope::{Scope, ScopeError};
pub use signing::{ClientSigning, SigningAlgorithm};
pub(crate) use spelling::folded;
pub use subject_type::{Sector, SectorError, SubjectType};
pub use time::Timestamp;
pub use upstream_session::UpstreamSession;
pub use user::{Login, LoginError, Subject, SubjectError, UserProfile};
pub use user_details::{AddressPart, UserDetails, UserText};
pub use web_link::{WebLink, WebLinkError};
pub use web_origin::{WebOrigin, WebOriginError};

use std::net::IpAddr;

use url::{Host, Url};

/// Whether only this machine can reach the host of `url`.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
