//! `cellgate explain`.

mod request;
mod routes;
mod show;

use std::io::Write;
use std::sync::Arc;

use super::arguments::ExplainArguments;
use super::error::CliError;
use super::output::block_on;
use super::report::load;
use crate::clock::{Clock as _, SystemClock};
use crate::gateway::explain as decide;
use crate::server::{self, Preview};

pub(super) use request::RequestError;

/// Says what would become of a request, and why; or which routes there are.
pub(super) fn explain(arguments: &ExplainArguments, out: &mut impl Write) -> Result<(), CliError> {
    let config = load(&arguments.config)?;
    if arguments.routes {
        return Ok(routes::show(out, &config.gateway.routes, arguments.json)?);
    }
    let request = request::of(arguments)?;
    let clock = SystemClock;
    let preview = server::preview(&config, Arc::new(clock));
    let Preview { snapshot, doubt } = block_on(preview)??;
    let explanation = decide(&snapshot, request, clock.now());
    show::show(out, &explanation, doubt, arguments.json)?;
    if explanation.is_allowed() {
        Ok(())
    } else {
        out.flush()?;
        Err(CliError::Refused)
    }
}

#[cfg(test)]
mod tests;
