//! The addresses that stand for each other in redirection URIs of Pydio Cells.

/// Stands for the first address.
const DEFAULT: &str = "#default_bind#";

/// Stands for each address.
const ALL: &str = "#binds...#";

/// Stands for each address without TLS.
const INSECURE: &str = "#insecure_binds...#";

/// The addresses at which Cells is reached, each without a slash at its end.
#[derive(Clone, Debug)]
pub(crate) struct Sites {
    default: String,
    others: Vec<String>,
}

impl Sites {
    /// The one that Cells calls the default, and the others.
    pub(crate) fn new(default: &str, others: &[String]) -> Self {
        let bare = |site: &str| site.trim_end_matches('/').to_owned();
        let default = bare(default);
        let others = others.iter().map(|site| bare(site));
        Self {
            others: others.filter(|site| *site != default).collect(),
            default,
        }
    }

    /// The URIs that a template stands for; the template itself if it is none.
    pub(super) fn expand(&self, template: &str) -> Vec<String> {
        let all = || std::iter::once(&self.default).chain(&self.others);
        if template.contains(ALL) {
            all().map(|site| template.replace(ALL, site)).collect()
        } else if template.contains(INSECURE) {
            all()
                .filter(|site| site.starts_with("http://"))
                .map(|site| template.replace(INSECURE, site))
                .collect()
        } else {
            vec![template.replace(DEFAULT, &self.default)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_stands_for_the_addresses_it_names() {
        let others = ["http://10.0.0.1:8080/", "https://files.example/"].map(str::to_owned);
        let sites = Sites::new("https://files.example/", &others);
        for (template, uris) in [
            ("#default_bind#/cb", &["https://files.example/cb"][..]),
            (
                "#binds...#/cb",
                &["https://files.example/cb", "http://10.0.0.1:8080/cb"],
            ),
            ("#insecure_binds...#/cb", &["http://10.0.0.1:8080/cb"]),
            ("https://app.example/cb", &["https://app.example/cb"]),
        ] {
            assert_eq!(sites.expand(template), uris, "{template}");
        }
        let secure = Sites::new("https://files.example", &[]);
        assert!(secure.expand("#insecure_binds...#/cb").is_empty());
    }
}
