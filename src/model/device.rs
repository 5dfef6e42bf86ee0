//! What a user signed in with, so that they recognize it later.

use std::net::IpAddr;

/// A browser as its requests describe it. Nothing is decided by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// `User-Agent`, at most [`Device::MAX_USER_AGENT_BYTES`] bytes of printable ASCII.
    pub user_agent: Option<String>,
    /// Where it connected from; `None` when that was not recorded.
    pub address: Option<IpAddr>,
}

impl Device {
    /// Longer ones are cut off: what tells browsers apart stands further in front.
    pub const MAX_USER_AGENT_BYTES: usize = 256;

    /// A browser that sent `user_agent` from `address`.
    pub fn new(user_agent: Option<&str>, address: IpAddr) -> Self {
        let printable = |text: &str| -> String {
            let characters = text.chars().filter(|c| matches!(c, ' '..='~'));
            characters.take(Self::MAX_USER_AGENT_BYTES).collect()
        };
        Self {
            user_agent: user_agent.map(printable),
            address: Some(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_kept_short_and_printable() {
        let device = Device::new(Some(&"a\u{7f}é".repeat(300)), [192, 0, 2, 7].into());

        assert_eq!(device.user_agent, Some("a".repeat(256)));
    }
}
