//! Users of an application that is not Cells: the real program asks it whether passwords are right.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Edge, Tokens, claims};

/// An application that knows one user, and counts who asks.
struct Application {
    url: String,
    n_asked: Arc<AtomicUsize>,
    is_active: Arc<AtomicBool>,
}

impl Application {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let n_asked = Arc::new(AtomicUsize::new(0));
        let is_active = Arc::new(AtomicBool::new(true));
        let (counter, active) = (Arc::clone(&n_asked), Arc::clone(&is_active));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&counter), Arc::clone(&active)));
            }
        });
        Self {
            url: format!("http://{address}/api/login"),
            n_asked,
            is_active,
        }
    }

    fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::SeqCst)
    }
}

/// Asked for a password, it knows one; asked about a user, it says what `is_active` says.
async fn answer(mut stream: TcpStream, n_asked: Arc<AtomicUsize>, is_active: Arc<AtomicBool>) {
    let mut request = String::new();
    let mut buffer = [0; 2048];
    let is_whole = |request: &str| match request.starts_with("GET ") {
        true => request.ends_with("\r\n\r\n"),
        false => request.ends_with('}'),
    };
    while !is_whole(&request) {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => request.push_str(&String::from_utf8_lossy(&buffer[..n])),
            _ => return,
        }
    }
    n_asked.fetch_add(1, Ordering::SeqCst);
    let is_about_alice = request.starts_with("GET /api/users/alice ");
    let (status, body) = if is_about_alice && is_active.load(Ordering::SeqCst) {
        ("200 OK", r#"{"me": {"id": 42, "groups": ["moved"]}}"#)
    } else if is_about_alice {
        ("404 Not Found", "{}")
    } else if request.ends_with(r#"{"pass":"cells-demo-password","user":"alice"}"#) {
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
    edge_with(url, "")
}

/// The same with more keys of `users.http`.
fn edge_with(url: &str, more: &str) -> Edge {
    let demo = include_str!("../../config/demo.yaml");
    let (before, rest) = demo.split_once("\nusers:").expect("it has users");
    let routes = rest.split_once("\nroutes:").expect("it has routes").1;
    Edge::start(&format!(
        "{before}\nusers:\n  http:\n    url: \"{url}\"\n    login_field: user\n    password_field: pass\n    \
         denied_statuses: [403]\n    user: {{ subject: /me/id, groups: /me/groups }}\n    \
         connect_timeout_s: 1\n    timeout_s: 2\n{more}\nroutes:{routes}"
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

/// A user whom the application removes is out with the next refresh, and what is changed of it is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_is_removed_in_the_application_is_signed_out_at_the_next_refresh() {
    let application = Application::start().await;
    let root = application.url.trim_end_matches("/api/login");
    let edge = edge_with(
        &application.url,
        &format!(
            "    standing: {{ url: \"{root}/api/users/{{login}}\", ended_statuses: [404], \
             user: {{ subject: /me/id, groups: /me/groups }} }}\n"
        ),
    );
    let first = edge.sign_in("alice").tokens().await;
    let refresh = async |token: &str| {
        edge.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", "demo-app"),
            ("refresh_token", token),
        ])
        .await
    };
    let token = first.refresh_token.expect("it was asked for");
    let next = Tokens::read(&refresh(&token).await.assert_status(200));
    let told = edge.get_with("/oidc/userinfo", &next.access_token).await;
    let told = told.assert_status(200).json();
    assert_eq!(told["groups"], serde_json::json!(["moved"]));
    assert_eq!(claims(&next.access_token)["sub"], "42");

    application.is_active.store(false, Ordering::SeqCst);
    let token = next.refresh_token.expect("it is rotated");
    refresh(&token).await.assert_refused(400, "invalid_grant");

    edge.get_with("/api/hello", &next.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    edge.wait_for("the application lets the user in no more");
}
