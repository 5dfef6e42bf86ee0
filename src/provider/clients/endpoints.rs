//! Addresses of a client that are called, or led to, for it, and what it is told its users are.

use super::check::MetadataError;
use super::metadata::{ClientMetadata, SubjectTypeName};
use super::redirect_uris::parse_registered;
use crate::model::{ClientEndpoint, ClientLogout, RedirectUri, RegisteredBy, Sector, SubjectType};

impl ClientMetadata {
    /// How the client learns that its user signed out.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] for an address that cannot be called, and for a front channel that is not
    /// on the origin of a redirection URI (OpenID Connect Front-Channel Logout §2).
    pub(super) fn logout(
        &self,
        registered_by: RegisteredBy,
    ) -> Result<ClientLogout, MetadataError> {
        let back_channel = endpoint(
            "backchannel_logout_uri",
            self.backchannel_logout_uri.as_deref(),
        )?;
        let front_channel = endpoint(
            "frontchannel_logout_uri",
            self.frontchannel_logout_uri.as_deref(),
        )?;
        if let Some(uri) = &front_channel
            && !uri.is_on_origin_of(&self.known_redirect_uris())
        {
            return Err(MetadataError::FrontChannelOrigin);
        }
        Ok(ClientLogout {
            back_channel,
            back_channel_session_required: self
                .backchannel_logout_session_required
                .unwrap_or_default(),
            front_channel,
            front_channel_session_required: self
                .frontchannel_logout_session_required
                .unwrap_or_default(),
            reach: registered_by.reach(),
        })
    }

    /// Where a sign-in to the client is begun from outside (OpenID Connect Core §4).
    ///
    /// # Errors
    ///
    /// [`MetadataError`] unless it is `https`.
    pub(super) fn initiate_login_uri(&self) -> Result<Option<ClientEndpoint>, MetadataError> {
        https_endpoint("initiate_login_uri", self.initiate_login_uri.as_deref())
    }

    /// Where the redirection URIs of all clients of the sector are listed (OpenID Connect
    /// Registration §5).
    ///
    /// # Errors
    ///
    /// [`MetadataError`] unless it is `https`.
    pub(crate) fn sector_list(&self) -> Result<Option<ClientEndpoint>, MetadataError> {
        https_endpoint(
            "sector_identifier_uri",
            self.sector_identifier_uri.as_deref(),
        )
    }

    /// What kind of `sub` the client gets (OpenID Connect Core §8).
    ///
    /// # Errors
    ///
    /// [`MetadataError::Sector`] when it is to be pairwise, and nothing says for whom.
    pub(super) fn subject_type(&self) -> Result<SubjectType, MetadataError> {
        let sector = match (self.subject_type, &self.sector_identifier_uri) {
            (None | Some(SubjectTypeName::Public), _) => return Ok(SubjectType::Public),
            (Some(SubjectTypeName::Pairwise), Some(uri)) => Sector::of_identifier(uri)?,
            (Some(SubjectTypeName::Pairwise), None) => {
                let uris = self.redirect_uris.iter().flatten();
                let uris: Result<Vec<_>, _> = uris.map(|text| parse_registered(text)).collect();
                Sector::of_redirect_uris(&uris?)?
            }
        };
        Ok(SubjectType::Pairwise(sector))
    }

    /// The redirection URIs that are some; of the others something else is said.
    fn known_redirect_uris(&self) -> Vec<RedirectUri> {
        let uris = self.redirect_uris.iter().flatten();
        uris.filter_map(|text| parse_registered(text).ok())
            .collect()
    }
}

fn https_endpoint(
    name: &'static str,
    text: Option<&str>,
) -> Result<Option<ClientEndpoint>, MetadataError> {
    match endpoint(name, text)? {
        Some(uri) if !uri.is_https() => Err(MetadataError::NotHttps(name)),
        uri => Ok(uri),
    }
}

fn endpoint(
    name: &'static str,
    text: Option<&str>,
) -> Result<Option<ClientEndpoint>, MetadataError> {
    text.map(ClientEndpoint::register)
        .transpose()
        .map_err(|source| MetadataError::Endpoint(name, source))
}
