//! The audit lines of the gateway: decisions that no access line tells at the time they are made.

use super::context::Context;
use super::lifetime::Ending;

/// An exchange was ended because what it was admitted for ended.
pub(super) fn exchange_ended(ctx: &Context, ending: Ending) {
    let admission = ctx.admission.as_ref();
    let verified = admission
        .and_then(|admission| admission.principal.as_ref())
        .map(|principal| principal.verified());
    tracing::info!(
        target: "audit",
        event = "exchange_ended",
        outcome = "closed",
        reason = ending.as_str(),
        request.id = ctx.request_id,
        route.name = admission.map(|admission| admission.route.name.as_str()),
        user.subject = verified.map(|verified| verified.subject.as_str()),
        client.id = verified.and_then(|v| v.client_id.as_ref()).map(|id| id.as_str()),
        peer.address = %ctx.peer,
        "an exchange was ended"
    );
}
