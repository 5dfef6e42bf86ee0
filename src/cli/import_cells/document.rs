//! What else than clients a `pydio.json` says: where Cells is, how long its tokens live, where its users
//! come from. What is not read here is told by name, so that nothing is lost in silence.

use serde_json::{Map, Value};

/// Read here or by the clients' own reader.
const READ: [&str; 6] = [
    "staticClients",
    "connectors",
    "accessTokenLifespan",
    "refreshTokenLifespan",
    "idTokenLifespan",
    "authCodeLifespan",
];

/// What there is nothing to be done about, and why.
const WITHOUT_USE: [(&str, &str); 8] = [
    ("secret", "the keys of Cellgate are its own"),
    ("accessTokenStrategy", "access tokens are JWTs here"),
    (
        "urls",
        "the addresses of the provider follow from the issuer",
    ),
    ("oidc", "what is supported is in the discovery document"),
    (
        "consentRequestMaxAge",
        "`provider.sign_in.page_lifetime_s` is its like",
    ),
    (
        "insecureRedirects",
        "redirect URIs are https, or http on a loopback address",
    ),
    (
        "cors",
        "scripts of registered applications may ask; see `allowed_origins` of a client",
    ),
    ("dsn", "the state of Cellgate is its own"),
];

/// The lifetimes of Cells, and where they stand here.
const LIFETIMES: [(&str, &str, &str); 4] = [
    ("accessTokenLifespan", "access_tokens", "lifetime_s"),
    ("idTokenLifespan", "id_tokens", "lifetime_s"),
    ("refreshTokenLifespan", "refresh_tokens", "idle_lifetime_s"),
    ("authCodeLifespan", "codes", "lifetime_s"),
];

/// What a document of Cells says beside its clients.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The addresses of Cells, the default one first.
    pub(super) sites: Vec<String>,
    /// Where Cells itself listens, if that is said apart.
    pub(super) internal: Option<String>,
    /// Section and key of the provider, and seconds.
    pub(super) lifetimes: Vec<(&'static str, &'static str, u64)>,
    /// What could not be carried over, and why.
    pub(super) notes: Vec<String>,
}

impl Document {
    /// Reads what there is; the clients are somebody else's.
    pub(super) fn read(json: &str) -> Self {
        let mut found = Self::default();
        let Ok(Value::Object(document)) = serde_json::from_str(json) else {
            return found;
        };
        found.read_sites(&document);
        let service = document
            .get("services")
            .and_then(|it| it.get("pydio.web.oauth"));
        if let Some(service) = service.and_then(Value::as_object).or(Some(&document)) {
            found.read_service(service);
        }
        found
    }

    /// Cells 2.2 and later have `sites`, those before two addresses.
    fn read_sites(&mut self, document: &Map<String, Value>) {
        let Some(defaults) = document.get("defaults") else {
            return;
        };
        let text = |value: &Value| {
            value
                .as_str()
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
        };
        let sites = defaults.get("sites").and_then(Value::as_array);
        let external = sites.into_iter().flatten().filter_map(|site| {
            let by_proxy = site.get("ReverseProxyURL").and_then(text);
            by_proxy.or_else(|| site.get("Binds")?.get(0).and_then(text))
        });
        self.sites = external.filter(|site| site.contains("://")).collect();
        if self.sites.is_empty() {
            self.sites.extend(defaults.get("url").and_then(text));
        }
        self.internal = defaults.get("urlInternal").and_then(text);
    }

    fn read_service(&mut self, service: &Map<String, Value>) {
        for (name, section, key) in LIFETIMES {
            match service.get(name).and_then(Value::as_str).map(seconds) {
                Some(Some(seconds)) => self.lifetimes.push((section, key, seconds)),
                Some(None) => self
                    .notes
                    .push(format!("left out {name}: it is no duration")),
                None => {}
            }
        }
        for connector in service
            .get("connectors")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.read_connector(connector);
        }
        let others = service.keys().filter(|name| !READ.contains(&name.as_str()));
        let others: Vec<_> = others
            .filter(|_| service.contains_key("staticClients"))
            .collect();
        for name in others {
            let known = WITHOUT_USE.iter().find(|(known, _)| known == name);
            let why = known.map_or("it has no meaning here", |(_, why)| *why);
            self.notes.push(format!("left out {name}: {why}"));
        }
    }

    /// `pydio` is what `users.cells` asks. The others are asked by Cells, but for those that send
    /// browsers away, which Cellgate cannot do in the place of Cells.
    fn read_connector(&mut self, connector: &Value) {
        let member = |name: &str| connector.get(name).and_then(Value::as_str).unwrap_or("?");
        let (kind, id) = (member("type"), member("id"));
        match kind {
            "pydio" => {}
            "ldap" => self.notes.push(format!(
                "nothing to do for the connector {id} (ldap): Cells asks the directory at each sign-in, as before"
            )),
            _ => self.notes.push(format!(
                "left out the connector {id} ({kind}): its users have no password that Cells could check"
            )),
        }
    }
}

/// A duration as Go writes it (`1h30m`), with days besides.
fn seconds(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, after) = rest.split_at_checked(end)?;
        let unit = after.chars().next()?;
        let factor = match unit {
            's' => 1,
            'm' if !after.starts_with("ms") => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            _ => return None,
        };
        let part = digits.parse::<u64>().ok()?.checked_mul(factor)?;
        total = total.checked_add(part)?;
        rest = after.split_at_checked(1)?.1;
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, expected) in [
            ("10m", Some(600)),
            ("1440h", Some(1440 * 3600)),
            ("1h30m5s", Some(5405)),
            ("28d", Some(28 * 86400)),
            ("", None),
            ("0s", None),
            ("10", None),
            ("5ms", None),
            ("-1h", None),
            ("1.5h", None),
            ("99999999999999999999h", None),
            ("h", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn the_addresses_of_every_version_are_found() {
        for (json, sites, internal) in [
            (
                r#"{"defaults": {"sites": [
                    {"Binds": ["0.0.0.0:8080"], "ReverseProxyURL": "https://files.example"},
                    {"Binds": ["http://10.0.0.1:8080"], "ReverseProxyURL": ""}]}}"#,
                &["https://files.example", "http://10.0.0.1:8080"][..],
                None,
            ),
            (
                r#"{"defaults": {"url": "https://f.example", "urlInternal": "http://c:8080"}}"#,
                &["https://f.example"],
                Some("http://c:8080"),
            ),
            ("[]", &[], None),
            ("{}", &[], None),
        ] {
            let found = Document::read(json);
            assert_eq!(found.sites, sites, "{json}");
            assert_eq!(found.internal.as_deref(), internal, "{json}");
        }
    }
}
