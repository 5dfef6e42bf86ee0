//! How clients come to be registered.

/// Who registered a client that is not in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisteredBy {
    /// An administrator, by `cellgate clients add`.
    CommandLine,
    /// An administrator, from the static clients of Pydio Cells.
    Import,
    /// The client itself (RFC 7591).
    Itself,
}

impl RegisteredBy {
    const ALL: [Self; 3] = [Self::CommandLine, Self::Import, Self::Itself];

    /// The word for it in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "cli",
            Self::Import => "import",
            Self::Itself => "dynamic",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == text)
    }
}
