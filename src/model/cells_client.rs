//! The applications that Pydio Cells brings along. They have addresses, parameters and the claims they
//! read built in, so what they are let off is here, for them alone and each with its reason.

use super::{
    Client, ClientAuthentication, ClientId, GrantType, Issuer, LoopbackPorts, RedirectUri, Scope,
    SigningAlgorithm,
};

/// What each of them is registered for in Cells. `offline` brings a refresh token, and `pydio` means
/// nothing in particular.
const SCOPE: &str = "openid email profile pydio offline";

/// An application of Cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellsClient {
    /// `cells-sync`: keeps folders of a computer in step; its pages are at `http://localhost:PORT`.
    Sync,
    /// `cells-client`: `cec`, the command line.
    CommandLine,
    /// `cells-mobile`: for Android and iOS.
    Mobile,
    /// `cells-frontend`: the web interface. We are its client ourselves, and its pages have nothing but
    /// the token; see [`Self::interface`].
    Frontend,
}

/// Why an application of Cells cannot be registered; none that is known here is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the application has built in cannot be registered for this issuer")]
pub struct CellsClientError;

impl CellsClient {
    /// Those that are clients by themselves.
    pub const ALL: [Self; 3] = [Self::Sync, Self::CommandLine, Self::Mobile];

    /// The page at which a code is read and copied, when there is no browser on the computer that the
    /// command line runs on. It is below the address of Cells and not below the issuer.
    pub const OUT_OF_BAND: &'static str = "/oauth2/oob";

    /// Where the web interface has the page that takes codes.
    pub const INTERFACE_CALLBACK: &'static str = "/login/callback";

    /// `client_id`, which is built in.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Sync => "cells-sync",
            Self::CommandLine => "cells-client",
            Self::Mobile => "cells-mobile",
            Self::Frontend => "cells-frontend",
        }
    }

    /// What users read.
    const fn name(self) -> &'static str {
        match self {
            Self::Sync => "Cells Sync",
            Self::CommandLine => "Cells Client",
            Self::Mobile => "Cells Mobile",
            Self::Frontend => "Cells",
        }
    }

    /// Whether it may ask for a code without a challenge, public as it is.
    ///
    /// The command line and the mobile applications know nothing of RFC 7636, so whoever reads the
    /// redirection on its way to them can use the code: another program on that computer or phone.
    /// That is so with Cells itself as well, and a code lives for a minute and once. A challenge that
    /// is sent is held against the verifier even so. `cells-sync` always sends one: the library it
    /// signs in with has known the code flow for as long as RFC 7636.
    pub const fn may_omit_challenge(self) -> bool {
        match self {
            Self::CommandLine | Self::Mobile => true,
            Self::Sync | Self::Frontend => false,
        }
    }

    /// Whether a secret that it sends is ignored. The command line sends what its user typed, if only
    /// because it asks for one; there is nothing to prove by it, for it has none.
    pub const fn may_send_a_secret(self) -> bool {
        matches!(self, Self::CommandLine)
    }

    /// Where answers may go: the exact addresses that are built in, with no other port.
    fn redirect_uris(self, site: &str) -> Vec<String> {
        let local = "http://localhost:3000/servers/callback".to_owned();
        match self {
            Self::Sync => vec![
                local,
                "http://localhost:[3636-3666]/servers/callback".to_owned(),
            ],
            Self::CommandLine => vec![local, format!("{site}{}", Self::OUT_OF_BAND)],
            Self::Mobile => vec!["cellsauth://callback".to_owned()],
            Self::Frontend => vec![format!("{site}{}", Self::INTERFACE_CALLBACK)],
        }
    }

    /// The client as it is registered here, where Cells is reached at the host of `issuer`.
    ///
    /// # Errors
    ///
    /// [`CellsClientError`] when something of it cannot be registered.
    pub fn register(self, issuer: &Issuer) -> Result<Client, CellsClientError> {
        self.register_at(&issuer.origin(), ClientAuthentication::None)
    }

    /// The web interface at `host`, as we are its client: its codes are redeemed in this process, and the
    /// token endpoint takes nobody for it.
    ///
    /// # Errors
    ///
    /// [`CellsClientError`] when browsers cannot be sent there.
    pub fn interface(issuer: &Issuer, host: &str) -> Result<Client, CellsClientError> {
        let site = issuer.origin_beside(host);
        Self::Frontend.register_at(&site, ClientAuthentication::InProcess)
    }

    fn register_at(
        self,
        site: &str,
        authentication: ClientAuthentication,
    ) -> Result<Client, CellsClientError> {
        let id = ClientId::parse(self.id()).map_err(|_| CellsClientError)?;
        let uris = self.redirect_uris(site);
        let uris: Result<Vec<_>, _> = uris
            .iter()
            .map(|uri| RedirectUri::register_ports(uri))
            .collect();
        let client = Client::new(id, authentication);
        Ok(Client {
            name: self.name().to_owned(),
            redirect_uris: uris.map_err(|_| CellsClientError)?,
            loopback_ports: LoopbackPorts::AsRegistered,
            scope: Scope::parse(SCOPE).map_err(|_| CellsClientError)?,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            signing: super::ClientSigning {
                id_token: Some(SigningAlgorithm::Rs256),
                userinfo: None,
            },
            // Cells asks nobody either.
            consent: super::ConsentPolicy::Implicit,
            of_cells: Some(self),
            ..client
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(kind: CellsClient) -> Client {
        let issuer = Issuer::parse("https://files.example/oidc/").unwrap();
        kind.register(&issuer).unwrap()
    }

    /// Fact sheet, section C.
    #[test]
    fn answers_go_to_the_addresses_that_are_built_in_and_nowhere_else() {
        use CellsClient::{CommandLine, Mobile, Sync};
        for (kind, uri, is_one) in [
            (Sync, "http://localhost:3000/servers/callback", true),
            (Sync, "http://localhost:3636/servers/callback", true),
            (Sync, "http://localhost:3666/servers/callback", true),
            (Sync, "http://localhost:3635/servers/callback", false),
            (Sync, "http://localhost:3667/servers/callback", false),
            (Sync, "http://127.0.0.1:3636/servers/callback", false),
            (Sync, "https://files.example/oauth2/oob", false),
            (CommandLine, "http://localhost:3000/servers/callback", true),
            (CommandLine, "http://localhost:3001/servers/callback", false),
            (CommandLine, "https://files.example/oauth2/oob", true),
            (CommandLine, "https://evil.example/oauth2/oob", false),
            (Mobile, "cellsauth://callback", true),
            (Mobile, "cellsauth://callback/", false),
            (Mobile, "http://localhost:3000/servers/callback", false),
        ] {
            let found = client(kind).redirect_uri(uri);
            assert_eq!(found.is_some(), is_one, "{kind:?} {uri}");
        }
    }

    #[test]
    fn scripts_come_from_every_port_that_answers_go_to() {
        let origins: Vec<_> = client(CellsClient::Sync).origins().collect();

        assert_eq!(origins.len(), 32, "{origins:?}");
        for port in [3000, 3636, 3650, 3666] {
            let origin = format!("http://localhost:{port}");
            assert!(origins.contains(&origin), "{origins:?}");
        }
    }
}
