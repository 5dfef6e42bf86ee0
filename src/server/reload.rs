//! A new configuration for a running server: taken whole, or the old one stays.

use std::sync::{Arc, PoisonError};

use super::acme::with_ordered;
use super::assembly::{Pieces, certificates};
use super::certificates::Certificates;
use super::connection::Limits;
use super::error::StartError;
use super::running::Server;
use super::settings::Listener;
use super::task::Task;
use super::tls::{Prepared, TlsAcceptor};
use crate::config::Config;

impl Server {
    /// Puts `config` in force for all requests from now on; those under way end under the one
    /// they began with.
    ///
    /// Routes, policies, clients, users, upstreams, trusted issuers, limits, templates and
    /// certificates change. What only a restart can change (addresses, state, threads, log) stays;
    /// what of it differs is named in the log and returned.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing has changed then.
    pub async fn reload(&self, config: Config) -> Result<Vec<&'static str>, StartError> {
        let mut in_force = self.config.lock().await;
        let outcome = self.replace(&config).await;
        self.foundation.metrics.reload(outcome.is_ok());
        outcome?;
        let needs_restart = needs_restart(&in_force, &config);
        for what in &needs_restart {
            tracing::warn!(
                what,
                "changed in the file, but only a restart puts it in force"
            );
        }
        *in_force = config;
        Ok(needs_restart)
    }

    /// What `config` has the listeners show and ask for, for those that are there.
    fn prepare_tls(
        &self,
        listeners: &[Listener],
    ) -> Result<Vec<(&TlsAcceptor, Prepared)>, StartError> {
        let parts = certificates(listeners)?.into_iter();
        let prepared = parts.filter_map(|(name, parts)| {
            let (_, acceptor) = self.acceptors.iter().find(|(known, _)| *known == name)?;
            let prepared = acceptor.prepare(parts);
            let prepared = prepared.map_err(|source| StartError::Tls { name, source });
            Some(prepared.map(|prepared| (acceptor, prepared)))
        });
        prepared.collect()
    }

    async fn replace(&self, config: &Config) -> Result<(), StartError> {
        // Everything that can fail comes first.
        let listeners = with_ordered(&config.listeners, config.acme.as_ref());
        let tls = self.prepare_tls(&listeners)?;
        let pieces = Pieces::build(config, &self.foundation, &self.vitals.issuers.load()).await?;
        pieces.upstreams.resolve().await;
        pieces.adopt().await?;

        // Lest it put certificates of the configuration before this one in force.
        self.replace_ordering(None);
        for (acceptor, prepared) in tls {
            acceptor.replace(prepared);
        }
        self.limits.store(Arc::new(Limits::from(&config.gateway)));
        self.foundation.metrics.forget_upstream_health();
        let watching = Task::spawn(pieces.upstreams.watch());
        *self.watching.lock().unwrap_or_else(PoisonError::into_inner) = watching;
        let fetching = Task::spawn(pieces.issuers.watch());
        *self.fetching.lock().unwrap_or_else(PoisonError::into_inner) = fetching;
        let telling = pieces.courier.map(|courier| Task::spawn(courier.run()));
        *self.telling.lock().unwrap_or_else(PoisonError::into_inner) = telling;
        let keeping = pieces.keeper.map(|keeper| Task::spawn(keeper.run()));
        *self.keeping.lock().unwrap_or_else(PoisonError::into_inner) = keeping;
        let looking_after = pieces.upstream_keeper;
        let looking_after = looking_after.map(|keeper| Task::spawn(keeper.run()));
        *self
            .looking_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = looking_after;
        let shown = Arc::new(Certificates::of(&listeners));
        self.vitals.certificates.store(Arc::clone(&shown));
        let reminding = Task::spawn(shown.watch(Arc::clone(&self.foundation.clock)));
        *self
            .reminding
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = reminding;
        self.vitals.verifier.store(pieces.verifier);
        self.vitals.issuers.store(pieces.issuers);
        self.foundation.answering.switch(config.acme.as_ref());
        self.edge.gateway().swap(pieces.snapshot);
        self.replace_ordering(self.order_certificates(config));
        Ok(())
    }
}

/// What differs between two configurations that a running server cannot change.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let listeners = |config: &Config| config.listeners.iter().map(shape).collect::<Vec<_>>();
    [
        ("listeners", listeners(old) != listeners(new)),
        ("admin", old.admin != new.admin),
        ("threads", old.threads != new.threads),
        ("log", old.log_filter != new.log_filter),
        ("traces", old.traces != new.traces),
        ("state", old.store != new.store),
        ("control_socket", old.control_socket != new.control_socket),
    ]
    .into_iter()
    .filter_map(|(what, has_changed)| has_changed.then_some(what))
    .collect()
}

/// What of a listener is fixed once it listens.
fn shape(listener: &Listener) -> (String, std::net::SocketAddr, bool, bool, Option<u16>) {
    (
        listener.name.clone(),
        listener.address,
        listener.tls.is_some(),
        listener.h2c,
        listener.redirects_to_https_port,
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_only_a_restart_changes_is_named() {
        let yaml = include_str!("../../config/demo.yaml");
        let old = Config::parse(yaml, Path::new("")).unwrap();
        let changed = |change: fn(&mut Config)| {
            let mut new = old.clone();
            change(&mut new);
            needs_restart(&old, &new).join(" ")
        };

        assert_eq!(changed(|_| ()), "");
        assert_eq!(changed(|new| new.gateway.access_log = false), "");
        assert_eq!(changed(|new| new.threads = Some(7)), "threads");
        assert_eq!(changed(|new| new.admin = None), "admin");
        assert_eq!(changed(|new| new.listeners[0].h2c = true), "listeners");
        assert_eq!(changed(|new| new.log_filter = "warn".to_owned()), "log");
        assert_eq!(changed(|new| new.store = None), "state");
        let moved = changed(|new| new.control_socket = Some("elsewhere".into()));
        assert_eq!(moved, "control_socket");
    }
}
