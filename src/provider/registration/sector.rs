//! The list of a sector's redirection URIs (OpenID Connect Registration §5).

use crate::provider::Provider;
use crate::provider::clients::{ClientMetadata, MetadataError};
use crate::provider::error::RegistrationError;

impl Provider {
    /// Fetches the list that a client names, and looks for each of its redirection URIs in it:
    /// without that, anybody could get the `sub` that a sector's users have there by saying its
    /// name.
    ///
    /// The list counts for the moment of registration: what is taken out of it later stays
    /// registered (§5 leaves it to us whether to look again).
    pub(super) async fn check_sector(
        &self,
        metadata: &ClientMetadata,
    ) -> Result<(), RegistrationError> {
        let Some(list) = metadata.sector_list()? else {
            return Ok(());
        };
        let reach = self.settings.back_channel_logout.reach_of_registered;
        let documents = &self.parts.clients.documents;
        let text = documents.fetch(&list, reach).await.map_err(|error| {
            tracing::info!(address = list.origin(), %error, "a sector's list cannot be fetched");
            MetadataError::SectorList
        })?;
        let listed: Vec<String> =
            serde_json::from_str(&text).map_err(|_| MetadataError::SectorList)?;
        let mut uris = metadata.redirect_uris.iter().flatten();
        if uris.all(|uri| listed.contains(uri)) {
            Ok(())
        } else {
            Err(MetadataError::OutsideSector.into())
        }
    }
}
