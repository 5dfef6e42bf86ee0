//! A browser: it keeps cookies, says where a form comes from, and follows nothing but a form to
//! the page after it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header;

use super::{Answer, PASSWORD, TestProvider, encode};

#[derive(Clone, Debug)]
pub(crate) struct Browser<'a> {
    op: &'a TestProvider,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub(super) const fn new(op: &'a TestProvider) -> Self {
        Self {
            op,
            cookies: BTreeMap::new(),
        }
    }

    /// Follows a link from another site.
    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        let request = http::Request::get(target)
            .header("sec-fetch-site", "cross-site")
            .header(header::COOKIE, self.cookie_header())
            .body(Bytes::new());
        self.send(request.unwrap()).await
    }

    /// Sends a form of a page of ours.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let headers = [("sec-fetch-site", "same-origin"), ("origin", "null")];
        self.post_from(path, form, &headers).await
    }

    /// Sends a form with the headers that say where it comes from.
    pub(crate) async fn post_from(
        &mut self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut builder = http::Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, self.cookie_header());
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        self.send(builder.body(encode(form).into()).unwrap()).await
    }

    /// Fills in a sign-in page and sends it.
    pub(crate) async fn submit(&mut self, page: &Answer, login: &str, password: &str) -> Answer {
        let ticket = page.ticket();
        let form = [
            ("ticket", ticket.as_str()),
            ("username", login),
            ("password", password),
        ];
        self.post_and_follow("/oidc/sign-in", &form).await
    }

    /// Fills in a sign-in page with the right password.
    pub(crate) async fn sign_in(&mut self, page: &Answer, login: &str) -> Answer {
        self.submit(page, login, PASSWORD).await
    }

    /// Presses a button of the consent page.
    pub(crate) async fn decide(&mut self, page: &Answer, decision: &str) -> Answer {
        let ticket = page.ticket();
        let form = [("ticket", ticket.as_str()), ("decision", decision)];
        self.post_and_follow("/oidc/consent", &form).await
    }

    /// Presses a button of the page that asks which account to go on with.
    pub(crate) async fn choose(&mut self, page: &Answer, account: &str) -> Answer {
        let ticket = page.ticket();
        let form = [("ticket", ticket.as_str()), ("account", account)];
        self.post_and_follow("/oidc/select-account", &form).await
    }

    /// Sends a form of a page of ours, and loads the page that follows it.
    async fn post_and_follow(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, form).await;
        match answer.next_page() {
            Some(target) => self.get(&target).await,
            None => answer,
        }
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    async fn send(&mut self, request: http::Request<Bytes>) -> Answer {
        let answer = self.op.send(request).await;
        for cookie in answer.cookies() {
            let cookie = cookie::Cookie::parse(cookie.to_owned()).unwrap();
            if cookie.max_age() == Some(cookie::time::Duration::ZERO) {
                self.cookies.remove(cookie.name());
            } else {
                let (name, value) = cookie.name_value();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}
