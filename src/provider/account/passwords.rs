//! Application passwords on the account page: which there are, and new ones.

use std::sync::Arc;

use crate::entropy;
use crate::model::{ApplicationPassword, ApplicationSecret, GrantId, Scope, Session, Timestamp};
use crate::provider::Provider;
use crate::provider::application_passwords::PasswordPlace;
use crate::provider::audit;
use crate::provider::error::PageError;
use crate::provider::interaction::OwnForm;
use crate::provider::pages::{Moment, NewPasswordPage, Notice, PasswordRow, PasswordsSection};
use crate::provider::reply::Response;
use crate::provider::request::Request;
use crate::secret::Digest;
use crate::store::Minted;

/// The longest name of a password, in characters.
const MAX_NAME: usize = 64;

/// What the form asks for.
struct Wanted {
    name: String,
    places: Vec<Arc<PasswordPlace>>,
    scope: Scope,
}

impl Provider {
    /// What the account page shows of the passwords of `session`'s user; `None` where no route takes
    /// any.
    pub(super) async fn passwords_section(
        &self,
        session: &Session,
        now: Timestamp,
    ) -> Result<Option<PasswordsSection<'_>>, PageError> {
        let offered = &self.settings.application_passwords;
        if offered.places.is_empty() {
            return Ok(None);
        }
        let subject = &session.user.subject;
        let passwords = self.parts.store.application_passwords_of(subject, now);
        let rows = passwords.await?;
        let rows = rows.iter().map(|password| self.password_row(password, now));
        let scope = offered_scope(&offered.places);
        Ok(Some(PasswordsSection {
            rows: rows.collect(),
            places: &offered.places,
            scope: scope.iter().map(str::to_owned).collect(),
            once: entropy::identifier()?,
        }))
    }

    fn password_row(&self, password: &ApplicationPassword, now: Timestamp) -> PasswordRow {
        let places = &self.settings.application_passwords.places;
        let title = |route: &String| {
            let place = places.iter().find(|place| place.route == *route);
            // A route may be gone, and come back.
            place.map_or(route, |place| &place.title).clone()
        };
        PasswordRow {
            id: password.id.as_str().to_owned(),
            name: password.name.clone(),
            places: password.routes.iter().map(title).collect(),
            scope: password.scope.iter().map(str::to_owned).collect(),
            created: Moment::new(password.created_at, now),
            last_used: password.last_used_at.map(|used| Moment::new(used, now)),
            expires: password.expires_at.map(|moment| Moment::new(moment, now)),
        }
    }

    /// Makes a new password and shows it, this once.
    pub(super) async fn mint_password(
        &self,
        session: &Session,
        form: &OwnForm,
        request: &Request,
    ) -> Result<Response, PageError> {
        let texts = &form.texts;
        let Some(wanted) = self.wanted(form)? else {
            let notice = Some(Notice::PasswordIncomplete);
            return Ok(self.back_to_account(notice, texts, request));
        };
        let once = form.fields.one("once")?.ok_or(PageError::Missing("once"))?;
        let (now, user) = (request.now, &session.user);
        let offered = &self.settings.application_passwords;
        let password = ApplicationPassword {
            id: name_of(session, once),
            user: user.clone(),
            name: wanted.name,
            routes: wanted.places.iter().map(|it| it.route.clone()).collect(),
            scope: wanted.scope,
            created_at: now,
            expires_at: offered.lifetime.map(|lifetime| now.after(lifetime)),
            last_used_at: None,
            user_confirmed_at: session.authenticated_at,
        };
        let secret = ApplicationSecret::generate()?;
        let digest = secret.digest();
        let store = &self.parts.store;
        let minted = store.save_application_password(&digest, &password, offered.max_per_user);
        match minted.await? {
            Minted::Saved => {}
            Minted::Repeated => return Ok(self.back_to_account(None, texts, request)),
            Minted::Full => {
                let notice = Some(Notice::PasswordsFull);
                return Ok(self.back_to_account(notice, texts, request));
            }
        }
        audit::application_password_made(&password, request.peer);
        let page = NewPasswordPage {
            name: &password.name,
            login: &user.login,
            password: secret.expose(),
            places: wanted.places.iter().map(|it| it.title.as_str()).collect(),
            back: self.account_address(texts, request),
        };
        Ok(self.pages.show(texts, &page))
    }

    /// Ends a password of the user of `session`.
    pub(super) async fn end_password(
        &self,
        id: &GrantId,
        session: &Session,
        request: &Request,
    ) -> Result<(), PageError> {
        let (store, subject) = (&self.parts.store, &session.user.subject);
        let ended = store.end_application_password(subject, id, request.now);
        if ended.await? {
            audit::application_password_ended(id, subject, request.peer);
        }
        Ok(())
    }

    /// What the form asks for; `None` if something is missing.
    fn wanted(&self, form: &OwnForm) -> Result<Option<Wanted>, PageError> {
        let fields = &form.fields;
        let name = fields.one("name")?.unwrap_or_default().trim();
        let is_name = !name.is_empty()
            && name.chars().count() <= MAX_NAME
            && !name.chars().any(char::is_control);
        let all = self.settings.application_passwords.places.iter();
        let is_chosen = |place: &&Arc<PasswordPlace>| fields.all("route").any(|r| r == place.route);
        let places: Vec<_> = all.filter(is_chosen).map(Arc::clone).collect();
        if !is_name || places.is_empty() {
            return Ok(None);
        }
        let chosen: Vec<&str> = fields.all("scope").collect();
        let scope: Vec<String> = offered_scope(&places)
            .iter()
            .filter(|value| chosen.contains(value))
            .map(str::to_owned)
            .collect();
        Ok(Some(Wanted {
            name: name.to_owned(),
            places,
            // Values of a scope are a scope.
            scope: Scope::parse(&scope.join(" ")).unwrap_or_default(),
        }))
    }
}

/// What passwords may anywhere.
fn offered_scope(places: &[Arc<PasswordPlace>]) -> Scope {
    let scopes = places.iter().map(|place| &place.scope);
    scopes.fold(Scope::default(), |all, scope| all.union(scope))
}

/// The name of a password, which is the same if the form is sent again. It is not what the form
/// says: nobody is to choose the name of something that can be revoked.
fn name_of(session: &Session, once: &str) -> GrantId {
    let text = ["application password", session.id.as_str(), once].join("\0");
    GrantId::new(Digest::of(text.as_bytes()).to_base64url())
}
