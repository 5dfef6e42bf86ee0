//! Which users may use a client.

use super::UserProfile;

/// Who may use a client, by the groups and roles of the users' backend; everybody unless it says
/// otherwise.
///
/// Names are compared character by character: the groups of Cells are paths, and a user of
/// `/staff/ops` has the group `/staff` as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientAccess {
    /// A user must have one of these, or one of [`Self::allowed_roles`].
    pub allowed_groups: Vec<String>,
    /// A user must have one of these, or one of [`Self::allowed_groups`].
    pub allowed_roles: Vec<String>,
    /// Whoever has one of these is kept out, whatever else they have.
    pub denied_groups: Vec<String>,
    /// Whoever has one of these is kept out, whatever else they have.
    pub denied_roles: Vec<String>,
}

impl ClientAccess {
    /// Whether `user` may use the client.
    pub fn admits(&self, user: &UserProfile) -> bool {
        let shares =
            |listed: &[String], own: &[String]| own.iter().any(|name| listed.contains(name));
        let is_denied =
            shares(&self.denied_groups, &user.groups) || shares(&self.denied_roles, &user.roles);
        let is_open = self.allowed_groups.is_empty() && self.allowed_roles.is_empty();
        let is_allowed =
            shares(&self.allowed_groups, &user.groups) || shares(&self.allowed_roles, &user.roles);
        !is_denied && (is_open || is_allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Subject, UserDetails};
    use super::*;

    fn user(groups: &[&str], roles: &[&str]) -> UserProfile {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        UserProfile {
            subject: Subject::parse("s").unwrap(),
            login: "l".to_owned(),
            name: None,
            email: None,
            email_verified: None,
            groups: texts(groups),
            roles: texts(roles),
            details: UserDetails::default(),
        }
    }

    #[test]
    fn who_may_use_a_client() {
        let open = ClientAccess::default();
        let staff = ClientAccess {
            allowed_groups: vec!["/staff".to_owned()],
            allowed_roles: vec!["AUDIT".to_owned()],
            ..ClientAccess::default()
        };
        let no_guests = ClientAccess {
            denied_groups: vec!["/guests".to_owned()],
            denied_roles: vec!["SUSPENDED".to_owned()],
            ..staff.clone()
        };

        for (row, access, groups, roles, admitted) in [
            ("no rule", &open, &[][..], &[][..], true),
            ("a group", &staff, &["/x", "/staff"], &[], true),
            ("a role", &staff, &[], &["AUDIT"], true),
            ("neither", &staff, &["/x"], &["X"], false),
            (
                "a role called as the group",
                &staff,
                &[],
                &["/staff"],
                false,
            ),
            ("another case", &staff, &["/Staff"], &[], false),
            ("a group that begins so", &staff, &["/staff2"], &[], false),
            ("not denied", &no_guests, &["/staff"], &[], true),
            (
                "denied group",
                &no_guests,
                &["/staff", "/guests"],
                &[],
                false,
            ),
            (
                "denied role",
                &no_guests,
                &["/staff"],
                &["SUSPENDED"],
                false,
            ),
        ] {
            assert_eq!(access.admits(&user(groups, roles)), admitted, "{row}");
        }
    }
}
