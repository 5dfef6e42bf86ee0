//! Where account and certificates are kept: a folder for each directory, files that only the user of
//! the process may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;

use crate::secret::Secret;
use crate::server::inspection::Leaf;
use crate::server::settings::{Acme, CertificatePem, Listener, ListenerTls};
use crate::server::tls::check;

/// What stands between key and chain in a file.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// The account and its key.
const ACCOUNT: &str = "account.json";

/// The files of one directory.
#[derive(Debug)]
pub(super) struct Files(PathBuf);

impl Files {
    /// Those for `acme`: what a test directory issued is never taken for the real thing.
    pub(super) fn of(acme: &Acme) -> Self {
        let rest = acme
            .directory
            .split_once("://")
            .map_or("", |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        Self(acme.folder.join(authority.replace([':', '[', ']'], "_")))
    }

    /// The certificate for `name`, if there is one that can be shown.
    pub(super) fn certificate(&self, name: &str) -> Option<CertificatePem> {
        let path = self.0.join(file_of(name));
        let text = Secret::new(fs::read_to_string(path).ok()?);
        let text = text.expose();
        let (key, chain) = text.split_at_checked(text.find(CERTIFICATE)?)?;
        let pem = CertificatePem {
            chain: chain.as_bytes().to_vec(),
            key: Secret::new(key),
        };
        match check(&pem) {
            Ok(()) => Some(pem),
            Err(error) => {
                tracing::warn!(name, %error, "a kept certificate cannot be used; a new one is ordered");
                None
            }
        }
    }

    /// Keeps the certificate for `name`.
    pub(super) fn save_certificate(&self, name: &str, pem: &CertificatePem) -> io::Result<()> {
        let key = pem.key.expose().trim_end().as_bytes();
        self.save(&file_of(name), &[key, b"\n", &pem.chain].concat())
    }

    /// The account, as it was saved.
    pub(super) fn account(&self) -> io::Result<Option<Secret>> {
        match fs::read_to_string(self.0.join(ACCOUNT)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Secret::new).map(Some),
        }
    }

    /// Keeps the account, whose key is in it.
    pub(super) fn save_account(&self, account: &[u8]) -> io::Result<()> {
        self.save(ACCOUNT, account)
    }

    /// Puts an account aside that the directory does not know any more.
    pub(super) fn put_account_aside(&self) -> io::Result<()> {
        fs::rename(self.0.join(ACCOUNT), self.0.join("account.json.unknown"))
    }

    /// All of it or nothing, whenever the machine stops.
    fn save(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)?;
        let unfinished = self.0.join(format!("{file}.{}", std::process::id()));
        // What a process of this number left when it was killed.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut opened = options.open(&unfinished)?;
        opened.write_all(bytes)?;
        opened.sync_all()?;
        fs::rename(&unfinished, self.0.join(file))?;
        File::open(&self.0)?.sync_all()
    }
}

fn file_of(name: &str) -> String {
    format!("{name}.pem")
}

/// The listeners with the certificates that were ordered for them, as far as they are there, after
/// those of the configuration.
pub(in crate::server) fn with_ordered(
    listeners: &[Listener],
    acme: Option<&Acme>,
) -> Vec<Listener> {
    let mut listeners = listeners.to_vec();
    let Some(acme) = acme else {
        return listeners;
    };
    let files = Files::of(acme);
    for tls in listeners.iter_mut().filter_map(|it| it.tls.as_mut()) {
        let names = tls.acme_names.iter();
        let kept = names.filter_map(|name| files.certificate(name));
        tls.certificates.extend(kept);
    }
    listeners
}

/// The names that certificates are ordered for and that none of `tls` is for.
pub(in crate::server) fn missing(tls: &ListenerTls) -> Vec<String> {
    let certificates = tls.certificates.iter();
    let leaves: Vec<Leaf> = certificates
        .filter_map(|pem| Leaf::parse(&pem.chain))
        .collect();
    let is_missing = |name: &&String| !leaves.iter().any(|leaf| leaf.covers(name));
    tls.acme_names.iter().filter(is_missing).cloned().collect()
}

/// The files with keys that others than their owner may read.
pub(in crate::server) fn open_files(acme: &Acme) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(Files::of(acme).0) else {
        return Vec::new();
    };
    let is_open = |path: &PathBuf| {
        fs::metadata(path)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o077 != 0)
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(is_open).collect()
}
