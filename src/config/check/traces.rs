//! `traces`.

use url::Url;

use super::{Checker, network};
use crate::config::file::TracesTable;
use crate::config::key_path::KeyPath;
use crate::telemetry::traces::TraceSettings;

/// Checks where traces go. `is_built_in`: whether this program can make any.
pub(super) fn traces(
    checker: &mut Checker,
    table: Option<TracesTable>,
    is_built_in: bool,
) -> Option<TraceSettings> {
    let at = KeyPath::root().key("traces");
    let table = table?;
    if !is_built_in {
        checker.refuse(
            &at,
            "needs a program with traces, and this one was built without them",
            "Build it with `cargo build --release --features opentelemetry`, or remove this section.",
        );
    }
    let at_networks = at.key("parents_from");
    let networks = table.parents_from.iter().enumerate();
    let networks = networks.filter_map(|(n, text)| {
        let at = at_networks.item(n);
        network::network(checker, text, &at)
    });
    let parents_from = networks.collect();
    let at = at.key("endpoint");
    let example = "endpoint: http://127.0.0.1:4318/v1/traces";
    let endpoint = checker.required(table.endpoint, &at, example)?;
    let is_right = |url: &Url| {
        let has_nobody = url.username().is_empty() && url.password().is_none();
        let is_whole = url.fragment().is_none() && url.path() != "/";
        matches!(url.scheme(), "http" | "https") && url.has_host() && has_nobody && is_whole
    };
    if !Url::parse(&endpoint).as_ref().is_ok_and(is_right) {
        checker.refuse(
            &at,
            "is not an http or https URL with a path, and without a user and a fragment",
            "Write the whole address, as `http://127.0.0.1:4318/v1/traces`.",
        );
    }
    Some(TraceSettings {
        endpoint,
        service_name: table.service_name,
        sample_one_in: table.sample_one_in,
        parents_from,
    })
}
