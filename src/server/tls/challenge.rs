//! Names that are proven in a handshake (RFC 8737).
//!
//! Whoever validates a name connects, offers `acme-tls/1` and nothing else, and looks at the
//! certificate that is shown. Such a handshake has a configuration of its own: it is not asked for a
//! certificate, is never resumed, and no request follows it. It is told from others by its first
//! message, which is looked at before the handshake, and only while a name is being proven.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{Acceptor, ClientHello, NoServerSessionStorage, ServerConfig};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::TlsError;
use crate::server::connection::Socket;
use crate::server::settings::CertificatePem;

/// RFC 8737 §6.2.
const ACME_TLS: &[u8] = b"acme-tls/1";

/// What is read at once of a first message, in bytes; it mostly fits.
const CHUNK_BYTES: usize = 2048;
/// The longest first message, in bytes: what the library takes as well.
const MAX_HELLO_BYTES: usize = 64 * 1024;

/// The names that are being proven, for all listeners.
#[derive(Default)]
pub(crate) struct Challenges {
    n_waiting: AtomicUsize,
    by_name: RwLock<HashMap<String, Arc<ServerConfig>>>,
}

/// A name that is proven until this is dropped.
#[derive(Debug)]
pub(crate) struct PlacedName {
    challenges: Arc<Challenges>,
    name: String,
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenges")
            .field("n_waiting", &self.n_waiting)
            .finish_non_exhaustive()
    }
}

impl Challenges {
    /// Shows `pem` to whoever validates `name`.
    pub(crate) fn place(
        self: &Arc<Self>,
        name: &str,
        pem: &CertificatePem,
    ) -> Result<PlacedName, TlsError> {
        let shown = SingleCertAndKey::from(unchecked(pem)?);
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![ACME_TLS.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.insert(name.to_owned(), Arc::new(config));
        self.n_waiting.store(by_name.len(), Ordering::Relaxed);
        Ok(PlacedName {
            challenges: Arc::clone(self),
            name: name.to_owned(),
        })
    }

    /// Does the handshake on `socket` if it is one that validates a name, and ends the connection;
    /// any other is given back as it came.
    ///
    /// # Errors
    ///
    /// Of the operating system, or when such a handshake fails.
    pub(super) async fn answer(&self, mut socket: Socket) -> io::Result<Option<Socket>> {
        if self.n_waiting.load(Ordering::Relaxed) == 0 {
            return Ok(Some(socket));
        }
        let (hello, found) = self.look(&mut socket).await?;
        socket.unread(hello);
        let Some(config) = found else {
            return Ok(Some(socket));
        };
        let acceptor = tokio_rustls::TlsAcceptor::from(config);
        let mut stream = acceptor.accept(socket).await?;
        stream.shutdown().await?;
        Ok(None)
    }

    /// Reads the first message; its bytes, and what it is answered with if a name is validated.
    async fn look(&self, socket: &mut Socket) -> io::Result<(Vec<u8>, Option<Arc<ServerConfig>>)> {
        let mut read = Vec::with_capacity(CHUNK_BYTES);
        let mut acceptor = Acceptor::default();
        loop {
            let n_before = read.len();
            if socket.read_buf(&mut read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut unseen = read.get(n_before..).unwrap_or_default();
            while !unseen.is_empty() {
                acceptor.read_tls(&mut unseen)?;
            }
            match acceptor.accept() {
                Ok(None) if read.len() < MAX_HELLO_BYTES => read.reserve(CHUNK_BYTES),
                Ok(Some(accepted)) => {
                    let found = self.find(&accepted.client_hello());
                    return Ok((read, found));
                }
                // The handshake that follows finds the same, and says so.
                Ok(None) | Err(_) => return Ok((read, None)),
            }
        }
    }

    /// RFC 8737 §3: the one protocol, and the one name.
    fn find(&self, hello: &ClientHello<'_>) -> Option<Arc<ServerConfig>> {
        let mut offered = hello.alpn()?;
        if offered.next() != Some(ACME_TLS) || offered.next().is_some() {
            return None;
        }
        let name = hello.server_name()?.to_ascii_lowercase();
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.get(&name).cloned()
    }
}

/// Chain and key as they are: the library takes no certificate for one that is checked whose extension
/// it must know and does not, which RFC 8737 §3 has it have.
fn unchecked(pem: &CertificatePem) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_slice_iter(&pem.chain)
        .collect::<Result<Vec<_>, PemError>>()
        .map_err(|error| TlsError::Setup(error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(pem.key.expose().as_bytes())
        .map_err(|error| TlsError::Setup(error.to_string()))?;
    let key = default_provider().key_provider.load_private_key(key);
    let key = key.map_err(|error| TlsError::Setup(error.to_string()))?;
    Ok(CertifiedKey::new(chain, key))
}

impl Drop for PlacedName {
    fn drop(&mut self) {
        let by_name = self.challenges.by_name.write();
        let mut by_name = by_name.unwrap_or_else(PoisonError::into_inner);
        by_name.remove(&self.name);
        let n_waiting = &self.challenges.n_waiting;
        n_waiting.store(by_name.len(), Ordering::Relaxed);
    }
}
