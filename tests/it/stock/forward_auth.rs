//! Stock proxies in front, which forward by themselves and ask Cellgate first, with the
//! configurations under `examples/forward-auth`: for each of them the same requests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::application::Application;
use super::journey::ALICE;
use crate::support::{Answer, Browser, Edge, Form, Recorder, component, free_port};

/// The application's host here: one that browsers may sign in to without TLS.
const HOST: &str = "localhost";

/// A proxy, the Cellgate that it asks, and the application that it forwards to.
struct Front {
    proxy: Application,
    edge: Edge,
    app: Recorder,
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/forward-auth")
}

/// The demo with the routes and the proxy of `cellgate.yaml`, which is of this kind.
fn asked_by(kind: &str) -> Edge {
    let example = fs::read_to_string(examples().join("cellgate.yaml")).unwrap();
    let example = example
        .replace("kind: nginx", &format!("kind: {kind}"))
        .replace("app.example", HOST);
    let (head, routes) = example.split_once("\nroutes:\n").unwrap();
    let demo = include_str!("../../../config/demo.yaml");
    let yaml = demo.replace("\nroutes:\n", &format!("\n{head}\n\nroutes:\n{routes}"));
    Edge::start(&yaml)
}

/// Copies `names` to `folder`, with the places of everybody as they are here.
fn configure(folder: &Path, names: &[&str], port: u16, edge: &Edge, app: &Recorder) {
    for name in names {
        let text = fs::read_to_string(examples().join(name))
            .unwrap()
            .replace(":8000", &format!(":{port}"))
            .replace("http://127.0.0.1:9480", edge.url("/").trim_end_matches('/'))
            .replace(
                "127.0.0.1:9480",
                edge.url("/")
                    .trim_start_matches("http://")
                    .trim_end_matches('/'),
            )
            .replace("app.example", HOST)
            .replace("127.0.0.1:8080", &app.address.to_string());
        fs::write(folder.join(name), text).unwrap();
    }
}

/// Starts the program called `name` as `command` says, once its files `names` are in a folder.
async fn start(
    name: &str,
    kind: &str,
    files: &[&str],
    ready: &str,
    command: impl FnOnce(&mut Command, &Path),
) -> Option<Front> {
    let program = component(name)?;
    let (edge, app, port) = (asked_by(kind), Recorder::start().await, free_port());
    let folder = edge.folder.path().join("front");
    fs::create_dir(&folder).unwrap();
    configure(&folder, files, port, &edge, &app);
    let mut process = Command::new(program);
    process.current_dir(&folder);
    command(&mut process, &folder);
    let proxy = Application::start(process, port, ready);
    Some(Front { proxy, edge, app })
}

impl Front {
    /// `method target` through the proxy, as a client of the application, with these fields.
    async fn send(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
        // Past the client's own idea of what a target may look like.
        let mut url = url::Url::parse(&self.proxy.home).unwrap();
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        url.set_path(path);
        url.set_query(query);
        let mut request = self.edge.http.request(method.parse().unwrap(), url);
        request = request.header("host", HOST);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        self.edge.send(request).await
    }

    /// What every proxy has to come to.
    async fn check(&self) {
        let token = self.edge.sign_in("alice").tokens().await.access_token;
        let bearer = format!("Bearer {token}");
        let made_up = [
            ("x-auth-request-user", "root"),
            ("x-auth-request-groups", "admins"),
            ("x-forwarded-user", "root"),
            ("remote-user", "root"),
            ("x-forwarded-uri", "/public/x"),
            ("x-forwarded-method", "GET"),
        ];

        let public = self.send("GET", "/public/x", &made_up).await;
        assert_eq!(public.status, 200, "{public:#?}");
        let head = self.app.take_one().to_lowercase();
        assert!(head.starts_with("get /public/x http/1.1"), "{head}");
        assert!(!head.contains("root") && !head.contains("admins"), "{head}");

        let mut fields = made_up.to_vec();
        fields.push(("authorization", &bearer));
        let mine = self.send("POST", "/a/b?c=%2Fd&e", &fields).await;
        assert_eq!(mine.status, 200, "{mine:#?}");
        let head = self.app.take_one().to_lowercase();
        assert!(head.starts_with("post /a/b?c=%2fd&e http/1.1"), "{head}");
        for line in [
            format!("x-auth-request-user: {ALICE}"),
            "x-auth-request-preferred-username: alice".to_owned(),
            "x-auth-request-groups: staff,editors".to_owned(),
            "x-forwarded-user: alice".to_owned(),
        ] {
            assert!(head.contains(&line), "{line} is not in {head}");
        }
        assert!(!head.contains("root") && !head.contains("admins"), "{head}");
        assert!(!head.contains("authorization:"), "{head}");

        let nobody = self.send("GET", "/a", &made_up).await;
        nobody.assert_challenged(401, None);
        let forged = format!("{bearer}x");
        let forged = self.send("GET", "/a", &[("authorization", &forged)]).await;
        forged.assert_challenged(401, Some("invalid_token"));
        // What has more than one reading passes nowhere, and a decision is nobody's but a proxy's.
        for target in ["/public/..%2fa", "/public/%2e%2e/a", "/.forward-auth"] {
            let answer = self.send("GET", target, &[]).await;
            assert!(answer.status.is_client_error(), "{target}: {answer:#?}");
        }
        self.app.assert_untouched("refused");
    }

    /// A browser is sent to sign in, comes back through the proxy, and reads the page.
    async fn check_sign_in(&self) {
        let html = ("accept", "text/html");
        let begun = self.send("GET", "/pages/x?y", &[html]).await;
        assert_eq!(begun.status, 303, "{begun:#?}");
        let bound = cookies(&begun);
        self.app.assert_untouched("nobody is signed in");

        let mut browser = Browser::default();
        let mut answer = begun;
        while answer.status.is_redirection() && answer.location().host_str() != Some(HOST) {
            answer = browser.get(&self.edge, answer.location().as_str()).await;
            if Form::find(&answer.body).is_some_and(|form| form.has("password")) {
                let fields = [("username", "alice"), ("password", "cells-demo-password")];
                answer = browser.submit(&self.edge, &answer, &fields).await;
            }
        }
        let back = answer.location();
        let back = format!("{}?{}", back.path(), back.query().unwrap());
        let signed_in = self.send("GET", &back, &[("cookie", &bound)]).await;
        assert_eq!(signed_in.status, 303, "{signed_in:#?}");
        assert_eq!(signed_in.location().path(), "/pages/x");

        let session = format!("theme=dark; {}; {bound}; lang=en", cookies(&signed_in));
        let page = self
            .send("GET", "/pages/x?y", &[html, ("cookie", &session)])
            .await;
        assert_eq!(page.status, 200, "{page:#?}");
        let head = self.app.take_one().to_lowercase();
        assert!(head.contains("x-forwarded-user: alice"), "{head}");
        assert!(!head.contains("cellgate"), "our cookies: {head}");
        assert!(
            head.contains("theme=dark") && head.contains("lang=en"),
            "{head}"
        );

        let script = self.send("POST", "/pages/x", &[]).await;
        script.assert_challenged(401, None);
        self.app.assert_untouched("a script without a session");
    }
}

/// What an answer sets, as a browser sends it back.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter();
    let pairs = set.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

/// A configuration around the example, which is a part of one.
const NGINX: &str = "daemon off;
error_log stderr notice;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include nginx.conf;
}
";

#[tokio::test]
async fn nginx_asks_who_may_pass() {
    let front = start(
        "nginx",
        "nginx",
        &["nginx.conf"],
        "start worker process",
        |it, folder| {
            fs::write(folder.join("main.conf"), NGINX).unwrap();
            it.arg("-p")
                .arg(folder)
                .args(["-e", "stderr", "-c", "main.conf"]);
        },
    );
    if let Some(front) = front.await {
        front.check().await;
        front.check_sign_in().await;
    }
}

#[tokio::test]
async fn caddy_asks_who_may_pass() {
    let front = start(
        "caddy",
        "caddy",
        &["Caddyfile"],
        "serving initial configuration",
        |it, folder| {
            it.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"])
                .env("XDG_DATA_HOME", folder)
                .env("XDG_CONFIG_HOME", folder);
        },
    );
    if let Some(front) = front.await {
        front.check().await;
        front.check_sign_in().await;
    }
}

#[tokio::test]
async fn haproxy_asks_who_may_pass() {
    let files = ["haproxy.cfg", "cellgate.lua"];
    let front = start("haproxy", "haproxy", &files, "Loading success", |it, _| {
        it.args(["-W", "-f", "haproxy.cfg"]);
    });
    if let Some(front) = front.await {
        front.check().await;
        front.check_sign_in().await;
    }
}
