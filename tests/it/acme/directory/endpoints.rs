//! What the directory answers (RFC 8555 §7).

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::Utc;
use http::Response;
use http_body_util::Full;
use rcgen::CertificateParams;
use serde_json::{Value, json};

use super::{Answer, Directory, LIFETIME, Order, Problem, State, json_answer};
use crate::acme::jws::{AccountKey, Signed};
use crate::acme::{csr, validation};

impl Directory {
    /// RFC 8555 §7.1.1.
    pub(super) fn directory(&self) -> Value {
        json!({
            "newNonce": self.at("/nonce"),
            "newAccount": self.at("/account"),
            "newOrder": self.at("/order"),
            "revokeCert": self.at("/revoke"),
            "keyChange": self.at("/key"),
            "meta": { "termsOfService": self.at("/terms") },
        })
    }

    pub(super) fn signed(&self, path: &str, body: &[u8]) -> Answer {
        let mut state = self.state();
        let kid_of = |n: usize| self.at(&format!("/account/{n}"));
        let find = |kid: &str| {
            let mut accounts = state.accounts.iter().enumerate();
            accounts
                .find(|(n, _)| kid_of(*n) == kid)
                .map(|(_, key)| key.clone())
        };
        let signed = Signed::read(body, find).ok_or(Problem(400, "malformed", None))?;
        if signed.url != self.at(path) {
            return Err(Problem(401, "unauthorized", None));
        }
        // Each is good once.
        let is_fresh = state.nonces.remove(&signed.nonce);
        if !is_fresh || state.n_bad_nonces > 0 {
            state.n_bad_nonces = state.n_bad_nonces.saturating_sub(1);
            return Err(Problem(400, "badNonce", None));
        }
        if path == "/account" {
            return self.account(&mut state, signed);
        }
        let account = state.accounts.iter().position(|key| *key == signed.key);
        let account = account.filter(|_| signed.kid.is_some()).ok_or(Problem(
            400,
            "accountDoesNotExist",
            None,
        ))?;
        if path == "/order" {
            return self.order(&mut state, account, &signed.payload);
        }
        let mut parts = path.trim_start_matches('/').split('/');
        let what = parts.next().unwrap_or_default();
        let n: usize =
            parts
                .next()
                .and_then(|n| n.parse().ok())
                .ok_or(Problem(404, "malformed", None))?;
        let kind = parts.next().unwrap_or_default();
        let order = state.orders.get_mut(n).filter(|it| it.account == account);
        let order = order.ok_or(Problem(403, "unauthorized", None))?;
        match what {
            "orders" => Ok(self.shown(n, order)),
            "authorizations" => Ok(json_answer(200, &self.authorization(n, order))),
            "challenges" => {
                tokio::spawn(self.clone().validate(n, kind.to_owned(), signed.key));
                Ok(json_answer(200, &self.challenge(n, order, kind)))
            }
            "finalize" => self.finalize(&mut state, n, &signed.payload),
            "certificates" => match &order.chain {
                Some(chain) => Ok(Response::new(Full::from(chain.clone()))),
                None => Err(Problem(404, "malformed", None)),
            },
            _ => Err(Problem(404, "malformed", None)),
        }
    }

    /// RFC 8555 §7.3.
    fn account(&self, state: &mut State, signed: Signed) -> Answer {
        let payload = &signed.payload;
        if payload["termsOfServiceAgreed"] != true {
            return Err(Problem(403, "userActionRequired", None));
        }
        if payload["contact"] != json!(["mailto:ops@gate.test"]) {
            return Err(Problem(400, "invalidContact", None));
        }
        state.accounts.push(signed.key);
        let mut response = json_answer(201, &json!({ "status": "valid" }));
        let location = self.at(&format!("/account/{}", state.accounts.len() - 1));
        response
            .headers_mut()
            .insert("location", location.parse().unwrap());
        Ok(response)
    }

    /// RFC 8555 §7.4.
    fn order(&self, state: &mut State, account: usize, payload: &Value) -> Answer {
        if let Some((code, wait_s)) = state.refusal {
            return Err(Problem(429, code, Some(wait_s)));
        }
        let n = state.orders.len();
        let [identifier] = payload["identifiers"].as_array().unwrap().as_slice() else {
            return Err(Problem(400, "malformed", None));
        };
        assert_eq!(identifier["type"], "dns");
        state.orders.push(Order {
            account,
            name: identifier["value"].as_str().unwrap().to_owned(),
            token: URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("token {n}").as_bytes())),
            status: "pending",
            error: None,
            chain: None,
        });
        let mut response = self.shown(n, &state.orders[n]);
        *response.status_mut() = http::StatusCode::CREATED;
        let location = self.at(&format!("/orders/{n}"));
        response
            .headers_mut()
            .insert("location", location.parse().unwrap());
        Ok(response)
    }

    fn shown(&self, n: usize, order: &Order) -> Response<Full<Bytes>> {
        let mut shown = json!({
            "status": order.status,
            "identifiers": [{ "type": "dns", "value": order.name }],
            "authorizations": [self.at(&format!("/authorizations/{n}"))],
            "finalize": self.at(&format!("/finalize/{n}")),
        });
        if order.chain.is_some() {
            shown["certificate"] = json!(self.at(&format!("/certificates/{n}")));
        }
        json_answer(200, &shown)
    }

    fn authorization(&self, n: usize, order: &Order) -> Value {
        let status = match order.status {
            "pending" | "invalid" => order.status,
            _ => "valid",
        };
        json!({
            "status": status,
            "identifier": { "type": "dns", "value": order.name },
            "challenges": [
                self.challenge(n, order, "http-01"),
                self.challenge(n, order, "tls-alpn-01"),
            ],
        })
    }

    fn challenge(&self, n: usize, order: &Order, kind: &str) -> Value {
        let mut challenge = json!({
            "type": kind,
            "url": self.at(&format!("/challenges/{n}/{kind}")),
            "token": order.token,
            "status": if order.error.is_some() { "invalid" } else { "pending" },
        });
        if let Some(error) = &order.error {
            challenge["error"] = json!({
                "type": "urn:ietf:params:acme:error:unauthorized",
                "detail": error,
            });
        }
        challenge
    }

    /// RFC 8555 §8.
    async fn validate(self, n: usize, kind: String, key: AccountKey) {
        let (name, token) = {
            let state = self.state();
            let order = &state.orders[n];
            (order.name.clone(), order.token.clone())
        };
        self.0.latest_token.send_replace(token.clone());
        let mut looks = self.0.looks.subscribe();
        drop(looks.wait_for(|looks| *looks).await);
        let (http, tls) = self.state().leads_to.unwrap();
        let authorization = format!("{token}.{}", key.thumbprint());
        let outcome = match kind.as_str() {
            "http-01" => validation::by_http(http, &name, &token, &authorization).await,
            _ => {
                let digest = digest(&SHA256, authorization.as_bytes());
                validation::by_tls(tls, &name, digest.as_ref()).await
            }
        };
        let order = &mut self.state().orders[n];
        match outcome {
            Ok(()) => order.status = "ready",
            Err(error) => {
                order.status = "invalid";
                order.error = Some(error);
            }
        }
    }

    /// RFC 8555 §7.4.
    fn finalize(&self, state: &mut State, n: usize, payload: &Value) -> Answer {
        let order = &mut state.orders[n];
        if order.status != "ready" {
            return Err(Problem(403, "orderNotReady", None));
        }
        let der = URL_SAFE_NO_PAD
            .decode(payload["csr"].as_str().unwrap())
            .unwrap();
        let asked = csr::read(&der, &order.name).ok_or(Problem(400, "badCSR", None))?;
        let mut params = CertificateParams::new(vec![order.name.clone()]).unwrap();
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let present = u64::try_from(Utc::now().timestamp()).unwrap();
        let now = epoch + Duration::from_secs(present) + state.ahead;
        params.not_before = now - Duration::from_secs(60);
        params.not_after = now + LIFETIME;
        let issued = params.signed_by(&asked, &self.0.authority).unwrap();
        order.chain = Some(issued.pem() + &self.0.authority.pem());
        order.status = "valid";
        state.n_issued += 1;
        Ok(self.shown(n, &state.orders[n]))
    }
}
