//! How much of a route anybody may take.

mod at_once;
mod bodies;
mod rates;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::harness::TestGateway;
use crate::gateway::settings::Settings;
use crate::gateway::{Rate, RouteLimits, ToldBy, TrustedProxies, TrustedProxy};

/// So many requests in ten seconds, all of them at once if need be.
fn rate(requests: u32) -> Option<Rate> {
    let requests = NonZeroU32::new(requests).unwrap();
    Some(Rate {
        requests,
        period: Duration::from_secs(10),
        burst: requests,
    })
}

/// Gives the route of this name limits.
fn limit(settings: &mut Settings, route: &str, limits: RouteLimits) {
    let mut routes = settings.routes.iter_mut();
    let route = routes.find(|known| known.name == route).unwrap();
    route.limits = Some(Arc::new(limits));
}

/// A gateway with one route that has limits, whose tests may say where requests come from.
async fn limited(route: &str, limits: RouteLimits) -> TestGateway {
    TestGateway::with(|settings| {
        limit(settings, route, limits);
        settings.trusted_proxies = TrustedProxies::new(vec![TrustedProxy {
            networks: vec!["127.0.0.1/32".parse().unwrap()],
            told_by: ToldBy::ForwardedFields,
        }]);
    })
    .await
}
