//! The scripted user agent: cookies, redirections, forms, and a user who agrees to everything.

use url::Url;

use super::{Request, Suite};
use crate::support::{Answer, Browser, Form};

/// Where a request ended.
#[derive(Debug)]
pub(super) enum Landing {
    /// At an address outside the provider.
    Arrival(Arrival),
    /// On a page of the provider that asks for nothing the user would do by themselves.
    Page(Answer),
}

/// A request that the browser made outside the provider.
#[derive(Debug)]
pub(super) struct Arrival {
    /// The address, as far as the provider chose it: without what it added to the query.
    pub(super) url: Url,
    /// What the provider said, in the query or the form.
    pub(super) parameters: Vec<(String, String)>,
    /// By `Location`; otherwise by a form that the page posts.
    pub(super) by_redirection: bool,
}

/// A user with a browser, who signs in and allows whatever a page asks for.
#[derive(Debug)]
pub(super) struct User<'a> {
    suite: &'a Suite,
    pub(super) browser: Browser,
    /// How many times a password was asked for.
    pub(super) passwords_typed: usize,
    /// The pages that asked for something.
    pub(super) pages: Vec<Answer>,
}

impl<'a> User<'a> {
    pub(super) fn new(suite: &'a Suite) -> Self {
        Self {
            suite,
            browser: Browser::default(),
            passwords_typed: 0,
            pages: Vec::new(),
        }
    }

    /// Follows an authorization request to its end.
    pub(super) async fn follow(&mut self, request: &Request) -> Landing {
        let endpoint = self.suite.endpoint("authorization_endpoint");
        let url = format!("{endpoint}?{}", request.encoded());
        self.open(&url).await
    }

    /// As [`Self::follow`], with the request as a form that the client's page posts.
    pub(super) async fn follow_posted(&mut self, request: &Request) -> Landing {
        let suite = self.suite;
        let post = suite
            .edge()
            .http
            .post(suite.endpoint("authorization_endpoint"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "https://rp.example")
            .header("sec-fetch-site", "cross-site")
            .body(request.encoded());
        let answer = self.browser.send(suite.edge(), post).await;
        self.go_on(answer).await
    }

    /// Opens an address of the provider and follows it to its end.
    pub(super) async fn open(&mut self, url: &str) -> Landing {
        let answer = self.browser.get(self.suite.edge(), url).await;
        self.go_on(answer).await
    }

    async fn go_on(&mut self, mut answer: Answer) -> Landing {
        let edge = self.suite.edge();
        // A loop of pages would be a fault, not a wait.
        for _ in 0..10 {
            if answer.status.is_redirection() {
                let location = answer.location();
                if !location.as_str().starts_with(&edge.url("/")) {
                    return Landing::Arrival(Arrival::by_redirection(&location));
                }
                answer = self.browser.get(edge, location.as_str()).await;
                continue;
            }
            let Some(form) = Form::find(&answer.body) else {
                return Landing::Page(answer);
            };
            if form.method == "post" && form.action.starts_with("https://rp.example/") {
                return Landing::Arrival(Arrival::by_form(form));
            }
            let next = if form.has("password") {
                self.passwords_typed += 1;
                let fields = [("username", "buffy"), ("password", "cells-demo-password")];
                self.browser.submit(edge, &answer, &fields).await
            } else if let Some((name, value)) = form.button("allow") {
                let fields = [(name.as_str(), value.as_str())];
                self.browser.submit(edge, &answer, &fields).await
            } else {
                return Landing::Page(answer);
            };
            self.pages.push(std::mem::replace(&mut answer, next));
        }
        panic!("the pages do not end: {answer:#?}");
    }
}

impl Arrival {
    fn by_redirection(location: &Url) -> Self {
        let mut url = location.clone();
        url.set_query(None);
        Self {
            parameters: location.query_pairs().into_owned().collect(),
            url,
            by_redirection: true,
        }
    }

    fn by_form(form: Form) -> Self {
        Self {
            url: Url::parse(&form.action).expect("the action is a URL"),
            parameters: form.hidden,
            by_redirection: false,
        }
    }

    /// The value of a parameter, which must not be there twice.
    #[track_caller]
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice: {self:#?}");
        value
    }
}

impl Landing {
    /// The arrival, or the test fails.
    #[track_caller]
    pub(super) fn arrival(self) -> Arrival {
        match self {
            Self::Arrival(arrival) => arrival,
            Self::Page(page) => panic!("the browser stays at the provider: {page:#?}"),
        }
    }

    /// The page, or the test fails: the browser must not be sent away.
    #[track_caller]
    pub(super) fn page(self) -> Answer {
        match self {
            Self::Page(page) => page,
            Self::Arrival(arrival) => panic!("the browser is sent away: {arrival:#?}"),
        }
    }

    /// An error page for the user.
    #[track_caller]
    pub(super) fn error_page(self) -> Answer {
        let page = self.page();
        assert!(page.status.is_client_error(), "{page:#?}");
        assert!(page.header("content-type").starts_with("text/html"));
        page
    }
}
