//! A browser: it keeps the cookies of each host apart, and goes where it is sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::gateway::tests::harness::{Answer, Connection};
use crate::provider::tests::support::{PASSWORD, encode};

/// What a browser says when somebody opens a page.
const NAVIGATION: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\
                          Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";

#[derive(Clone, Debug)]
pub(super) struct Browser {
    address: SocketAddr,
    pub(super) cookies: BTreeMap<(String, String), String>,
}

/// A page, and where it is.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) url: String,
    pub(super) answer: Answer,
}

impl Browser {
    pub(super) const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
        }
    }

    /// Opens a page, and follows it wherever it leads.
    pub(super) async fn open(&mut self, url: &str) -> Page {
        let mut url = url.to_owned();
        for _ in 0..20 {
            let answer = self.get(&url).await;
            match answer.location() {
                Some(next) => url = next,
                None => return Page { url, answer },
            }
        }
        panic!("sent from here to there without an end: {url}");
    }

    /// Opens a page, and stays there.
    pub(super) async fn get(&mut self, url: &str) -> Answer {
        self.send("GET", url, NAVIGATION, "").await
    }

    /// Sends the form of the sign-in page, and goes on.
    pub(super) async fn sign_in(&mut self, page: &Page, login: &str) -> Page {
        let next = self.submit(page, login).await;
        self.open(&next).await
    }

    /// Sends the form of the sign-in page; where it leads.
    pub(super) async fn submit(&mut self, page: &Page, login: &str) -> String {
        let ticket = page.ticket();
        let form = [
            ("ticket", ticket.as_str()),
            ("username", login),
            ("password", PASSWORD),
        ];
        let answer = self.post("https://op.example/oidc/sign-in", &form).await;
        answer.location().unwrap_or_else(|| panic!("{answer:?}"))
    }

    /// Sends a form from a page of the same origin.
    pub(super) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        let fields = "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\n\
                      Sec-Fetch-Dest: document\r\nAccept: text/html\r\n\
                      Content-Type: application/x-www-form-urlencoded\r\n";
        self.send("POST", url, fields, &encode(form)).await
    }

    /// Sends a request with these fields and its cookies.
    pub(super) async fn send(
        &mut self,
        method: &str,
        url: &str,
        fields: &str,
        body: &str,
    ) -> Answer {
        let (host, target) = split(url);
        let cookies = self.cookie_header(host);
        let length = match body.len() {
            0 if method != "POST" => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{cookies}{fields}{length}\r\n{body}"
        );
        let stream = TcpStream::connect(self.address).await.unwrap();
        let answer = Connection::over(stream).exchange(request).await;
        self.keep(host, &answer);
        answer
    }

    /// The `Cookie` field for a host, with its line's end.
    pub(super) fn cookie_header(&self, host: &str) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .filter(|((of, _), _)| of == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        if pairs.is_empty() {
            return String::new();
        }
        format!("Cookie: {}\r\n", pairs.join("; "))
    }

    /// The value of a cookie of `app.test`.
    #[track_caller]
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let key = ("app.test".to_owned(), name.to_owned());
        self.cookies.get(&key).map(String::as_str)
    }

    fn keep(&mut self, host: &str, answer: &Answer) {
        for text in answer.fields("set-cookie") {
            let cookie = cookie::Cookie::parse(text.to_owned()).unwrap();
            let key = (host.to_owned(), cookie.name().to_owned());
            if cookie.max_age() == Some(cookie::time::Duration::ZERO) {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, cookie.value().to_owned());
            }
        }
    }
}

impl Page {
    /// The application's own page.
    #[track_caller]
    pub(super) fn assert_ok(&self) {
        assert_eq!(
            (self.answer.status, &*self.answer.body),
            (200, "ok"),
            "{self:?}"
        );
    }

    /// The provider asks for a password.
    #[track_caller]
    pub(super) fn assert_asks_for_password(&self) {
        assert!(self.url.starts_with("https://op.example/oidc/"), "{self:?}");
        assert!(self.answer.body.contains(r#"id="sign-in""#), "{self:?}");
    }

    /// A page of ours that ends here.
    #[track_caller]
    pub(super) fn assert_says(&self, status: u16, text: &str) {
        assert_eq!(self.answer.status, status, "{self:?}");
        assert!(self.answer.body.contains(text), "{self:?}");
        let policy = self.answer.field("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(self.answer.field("cache-control"), Some("no-store"));
    }

    #[track_caller]
    fn ticket(&self) -> String {
        let marker = r#"name="ticket" value=""#;
        let rest = self.answer.body.split_once(marker);
        let (_, rest) = rest.unwrap_or_else(|| panic!("no form: {self:?}"));
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Answer {
    /// Where the browser is sent.
    pub(super) fn location(&self) -> Option<String> {
        (self.status == 303).then(|| self.field("location").unwrap().to_owned())
    }

    /// The values of every field of this name.
    pub(super) fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// Host and target of an `https` URL.
pub(super) fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("https://").unwrap();
    rest.split_at(rest.find('/').unwrap())
}

/// The parameters of the query of a URL.
pub(super) fn query(url: &str) -> BTreeMap<String, String> {
    let (_, query) = url.split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}
