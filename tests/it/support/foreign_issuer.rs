//! An issuer besides ourselves that does what the test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use cellgate::jose::{SigningAlgorithm, SigningKey};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Shows metadata and keys over HTTP, for as long as the test's runtime lives.
#[derive(Debug)]
pub(crate) struct ForeignIssuer {
    pub(crate) name: String,
    shown: Arc<Mutex<Shown>>,
}

/// What it shows at the moment; nothing while it is down.
#[derive(Debug)]
struct Shown {
    keys: Vec<Value>,
    is_down: bool,
    n_key_sets: usize,
}

impl ForeignIssuer {
    /// An issuer that shows this key.
    pub(crate) async fn with(key: &SigningKey) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shown = Arc::new(Mutex::new(Shown {
            keys: vec![key.public_jwk().clone()],
            is_down: false,
            n_key_sets: 0,
        }));
        tokio::spawn(serve(listener, address, Arc::clone(&shown)));
        Self {
            name: format!("http://{address}/"),
            shown,
        }
    }

    /// A key as issuers have them.
    pub(crate) fn key() -> SigningKey {
        SigningKey::generate(SigningAlgorithm::Es256).expect("a key can be made")
    }

    /// Shows this key, and no other.
    pub(crate) fn rotate_to(&self, key: &SigningKey) {
        self.change(|shown| shown.keys = vec![key.public_jwk().clone()]);
    }

    /// Closes every connection without a word.
    pub(crate) fn go_down(&self) {
        self.change(|shown| shown.is_down = true);
    }

    /// How often its keys were fetched.
    pub(crate) fn n_key_sets(&self) -> usize {
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .n_key_sets
    }

    /// A token of it for `api`, issued at `now`.
    pub(crate) fn token(&self, key: &SigningKey, now: u64, lifetime: u64) -> String {
        self.token_with(key, now, lifetime, &json!({}))
    }

    /// The same with further claims.
    pub(crate) fn token_with(
        &self,
        key: &SigningKey,
        now: u64,
        lifetime: u64,
        further: &Value,
    ) -> String {
        let mut claims = json!({
            "iss": self.name,
            "sub": "alice",
            "aud": "api",
            "iat": now,
            "exp": now + lifetime,
        });
        let further = further.as_object().cloned().unwrap_or_default();
        claims.as_object_mut().expect("an object").extend(further);
        key.sign_jwt("at+jwt", &claims).expect("it signs")
    }

    fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

async fn serve(listener: TcpListener, address: SocketAddr, shown: Arc<Mutex<Shown>>) {
    while let Ok((stream, _)) = listener.accept().await {
        // One after the other is enough, and nobody keeps a connection.
        answer(stream, address, &shown).await;
    }
}

async fn answer(mut stream: TcpStream, address: SocketAddr, shown: &Mutex<Shown>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(n) if n > 0 => {}
            _ => return,
        }
    }
    let document = {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_down {
            return;
        }
        if head.starts_with(b"GET /keys ") {
            shown.n_key_sets += 1;
            json!({ "keys": shown.keys })
        } else {
            json!({
                "issuer": format!("http://{address}/"),
                "jwks_uri": format!("http://{address}/keys"),
            })
        }
    };
    let body = document.to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    drop(stream.write_all(answer.as_bytes()).await);
}
