//! Users of an application that is not Cells: the real program asks it whether passwords are right.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::Edge;

/// An application that knows one user, and counts who asks.
struct Application {
    url: String,
    n_asked: Arc<AtomicUsize>,
}

impl Application {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let n_asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&n_asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&counter)));
            }
        });
        Self {
            url: format!("http://{address}/api/login"),
            n_asked,
        }
    }

    fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::SeqCst)
    }
}

async fn answer(mut stream: TcpStream, n_asked: Arc<AtomicUsize>) {
    let mut request = String::new();
    let mut buffer = [0; 2048];
    while !request.ends_with('}') {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => request.push_str(&String::from_utf8_lossy(&buffer[..n])),
            _ => return,
        }
    }
    n_asked.fetch_add(1, Ordering::SeqCst);
    let (status, body) = if request.ends_with(r#"{"pass":"cells-demo-password","user":"alice"}"#) {
        ("200 OK", r#"{"me": {"id": 42, "groups": ["staff"]}}"#)
    } else if request.contains(r#""user":"broken""#) {
        ("500 Internal Server Error", "{}")
    } else {
        ("403 Forbidden", "{}")
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    // Whoever went away is no concern of it.
    drop(stream.write_all(answer.as_bytes()).await);
}

fn edge(url: &str) -> Edge {
    let demo = include_str!("../../config/demo.yaml");
    let (before, rest) = demo.split_once("\nusers:").expect("it has users");
    let routes = rest.split_once("\nroutes:").expect("it has routes").1;
    Edge::start(&format!(
        "{before}\nusers:\n  http:\n    url: \"{url}\"\n    login_field: user\n    password_field: pass\n    \
         denied_statuses: [403]\n    user: {{ subject: /me/id, groups: /me/groups }}\n    \
         connect_timeout_s: 1\n    timeout_s: 2\n\nroutes:{routes}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_the_application_signs_in_and_reaches_an_api() {
    let application = Application::start().await;
    let edge = edge(&application.url);

    let tokens = edge.sign_in("alice").tokens().await;

    let seen = edge.get_with("/api/hello", &tokens.access_token).await;
    let seen = seen.assert_status(200).json();
    assert_eq!(seen["principal"]["subject"], "42");
    assert_eq!(application.n_asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_from_an_application_that_fails_or_is_away() {
    let application = Application::start().await;
    let edge = edge(&application.url);

    let wrong = edge.sign_in("alice").password("wrong").submit().await;
    wrong.assert_status(403);
    edge.sign_in("broken").submit().await.assert_status(503);
    assert_eq!(application.n_asked(), 2, "nobody is asked about twice");

    // A port that nobody listens at any more.
    let away = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", away.local_addr().expect("an address"));
    drop(away);
    let edge = self::edge(&url);
    edge.sign_in("alice").submit().await.assert_status(503);
}
