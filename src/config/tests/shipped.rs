//! The files in `config/`: they load, and they say what the code says.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::config::{Config, document, read_text, schema};
use crate::model::GrantType;
use crate::secret::Secret;
use crate::users;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("config")
        .join(name)
}

fn load(name: &str) -> Config {
    Config::load(&path(name)).unwrap_or_else(|error| panic!("{name}:\n{error}"))
}

#[test]
fn every_shipped_file_loads_without_a_warning() {
    for name in [
        "demo.yaml",
        "minimal.yaml",
        "reference.yaml",
        "sign-in.yaml",
    ] {
        let config = load(name);
        assert!(config.warnings.is_empty(), "{name}: {:?}", config.warnings);
        assert!(config.dangers.is_empty(), "{name}: {:?}", config.dangers);
    }
}

#[test]
fn the_shipped_schema_is_the_one_the_code_enforces() {
    let shipped = read_text(&path("schema.json")).unwrap();

    assert_eq!(
        shipped,
        format!("{:#}\n", schema()),
        "run `cellgate schema > config/schema.json`"
    );
}

/// A key that is left out is written with `#` in front and no space after it.
fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix('#') {
        Some(key)
            if !key.is_empty() && !key.starts_with([' ', '#', '-'])
                || line.trim_start().starts_with("#- ") =>
        {
            line.replacen('#', "", 1)
        }
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_reference_has_every_key_with_its_default() {
    let text = uncommented(&read_text(&path("reference.yaml")).unwrap());
    let (_, problems) = document::read(&text).unwrap();
    if !problems.is_empty() {
        panic!("{}", problems.into_error());
    }
    let tree: Value = serde_yaml::from_str(&text).unwrap();

    let mut wrong = BTreeSet::new();
    compare(&schema(), &[&tree], "", &mut wrong);

    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Compares a schema with every value the reference has at its place.
fn compare(schema: &Value, written: &[&Value], at: &str, wrong: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (key, property) in properties {
            let at = format!("{at}.{key}");
            let values: Vec<&Value> = written.iter().filter_map(|value| value.get(key)).collect();
            if values.is_empty() {
                wrong.insert(format!("{at} is not in the reference"));
                continue;
            }
            let is_list_of_mappings = property.pointer("/items/properties").is_some();
            if let Some(default) = property.get("default").filter(|_| !is_list_of_mappings)
                && !values.contains(&default)
            {
                wrong.insert(format!("{at} is {values:?}, but defaults to {default}"));
            }
            compare(property, &values, &at, wrong);
        }
    }
    if let Some(items) = schema.get("items") {
        let values: Vec<&Value> = written
            .iter()
            .filter_map(|value| value.as_array())
            .flatten()
            .collect();
        compare(items, &values, &format!("{at}[]"), wrong);
    }
}

#[test]
fn every_key_is_described_in_the_schema() {
    fn undescribed(schema: &Value, at: &str, found: &mut Vec<String>) {
        for (key, property) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let at = format!("{at}.{key}");
            if property.get("description").is_none() {
                found.push(at.clone());
            }
            undescribed(property, &at, found);
            undescribed(property.get("items").unwrap_or(&Value::Null), &at, found);
        }
    }
    let mut found = Vec::new();

    undescribed(&schema(), "", &mut found);

    assert_eq!(found, Vec::<String>::new());
}

/// Other programs rely on what the demo offers.
#[test]
fn the_demo_offers_what_it_promises() {
    let config = load("demo.yaml");
    let provider = config.provider.unwrap();

    assert_eq!(config.listeners[0].address.to_string(), "127.0.0.1:9480");
    assert_eq!(config.admin.unwrap().to_string(), "127.0.0.1:9481");
    assert_eq!(provider.issuer.as_str(), "http://127.0.0.1:9480/oidc/");
    let [app, service] = &provider.clients[..] else {
        panic!("two clients")
    };
    assert_eq!(
        (app.id.as_str(), service.id.as_str()),
        ("demo-app", "demo-service")
    );
    assert!(app.is_public() && !service.is_public());
    assert!(app.redirect_uri("http://127.0.0.1:9482/callback").is_some());
    for value in "openid profile email groups offline_access demo.read demo.write".split(' ') {
        assert!(app.scope.contains(value), "{value}");
    }
    assert!(
        [GrantType::AuthorizationCode, GrantType::RefreshToken]
            .into_iter()
            .all(|grant_type| app.may_use(grant_type))
    );
    let crate::model::ClientAuthentication::SecretBasic(secret) = &service.authentication else {
        panic!("client_secret_basic")
    };
    assert!(secret.matches(&Secret::new("cells-demo-secret")));
}

#[test]
fn the_users_of_the_demo_have_its_password() {
    let Some(users::Settings::Static(listed)) = load("demo.yaml").users else {
        panic!("static users")
    };

    let logins: Vec<&str> = listed
        .iter()
        .map(|user| user.profile.login.as_str())
        .collect();
    assert_eq!(logins, ["alice", "bob"]);
    for user in &listed {
        assert!(user.password.matches(&Secret::new("cells-demo-password")));
        assert!(user.profile.name.is_some() && user.profile.email.is_some());
        assert!(!user.profile.groups.is_empty());
    }
}

/// What is written belongs to the working directory, not beside the configuration.
#[test]
fn the_demo_leaves_nothing_in_the_folder_of_its_file() {
    let store = load("demo.yaml").store.unwrap();

    for file in [store.file().unwrap(), store.key_file().unwrap()] {
        assert!(file.starts_with("./data/demo"), "{file:?}");
    }
}
