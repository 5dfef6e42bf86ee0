//! How a client learns that its user signed out.

use super::ClientEndpoint;

/// What a client registered for the end of a session.
#[derive(Clone, Debug, Default)]
pub struct ClientLogout {
    /// `backchannel_logout_uri`: gets logout tokens from us (OpenID Connect Back-Channel
    /// Logout §2.2).
    pub back_channel: Option<ClientEndpoint>,
    /// `backchannel_logout_session_required`. Ours name the session in any case.
    pub back_channel_session_required: bool,
    /// `frontchannel_logout_uri`: loaded in the user's browser (OpenID Connect Front-Channel
    /// Logout §2).
    pub front_channel: Option<ClientEndpoint>,
    /// `frontchannel_logout_session_required`: whether it is told `iss` and `sid`.
    pub front_channel_session_required: bool,
    /// Where the back channel may lead.
    pub reach: Reach,
}

/// Which addresses we call on behalf of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those of the public internet only: a client that registered itself must not make us a
    /// door into our own network.
    #[default]
    Public,
    /// Any: the operator wrote the address down.
    Anywhere,
}
