//! A PostgreSQL server of a test's own.
//!
//! The unit tests of the store include this file too, so it uses nothing of the others here.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A server in a temporary folder, reached by a Unix socket in it, where everybody is `cellgate`;
/// stopped when dropped.
#[derive(Debug)]
pub(crate) struct PostgresServer {
    programs: PathBuf,
    folder: TempDir,
    options: Vec<String>,
    process: Child,
}

/// TLS for a server: the port on loopback, certificate and key in PEM.
#[derive(Clone, Debug)]
pub(crate) struct ServerTls {
    pub(crate) port: u16,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The folder of PostgreSQL's programs: Debian has one for each version.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").is_file())
        .max()
}

impl PostgresServer {
    /// Makes a database called `cellgate` and serves it with the programs in `programs`.
    pub(crate) fn start(programs: &Path, tls: Option<&ServerTls>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        give_away(folder.path());
        let made = as_its_user(&programs.join("initdb"))
            .args(["--auth=trust", "--username=cellgate", "--encoding=UTF8"])
            .args(["--no-sync", "--no-instructions", "--locale=C.UTF-8", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .expect("initdb runs");
        assert!(made.success(), "initdb: {made}");
        let socket = folder.path().to_str().expect("UTF-8").to_owned();
        let mut options = vec![
            format!("unix_socket_directories={socket}"),
            "max_connections=300".to_owned(),
            // The machine does not lose power in a test; whether commits wait is asked elsewhere.
            "fsync=off".to_owned(),
        ];
        match tls {
            None => options.push("listen_addresses=".to_owned()),
            Some(tls) => {
                for (name, pem) in [("server.crt", &tls.certificate), ("server.key", &tls.key)] {
                    let file = data.join(name);
                    fs::write(&file, pem).expect("a file can be written");
                    give_away(&file);
                    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                    fs::set_permissions(&file, mode).expect("it is ours");
                }
                options.push("listen_addresses=127.0.0.1".to_owned());
                options.push(format!("port={}", tls.port));
                options.push("ssl=on".to_owned());
            }
        }
        let process = serve(programs, &data, &options);
        let server = Self {
            programs: programs.to_owned(),
            folder,
            options,
            process,
        };
        if tls.is_none() {
            server.sql("postgres", "CREATE DATABASE cellgate");
        }
        server
    }

    /// The folder of the socket.
    pub(crate) fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `sql` in a database; what it printed.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let done = Command::new(self.programs.join("psql"))
            .args([
                "--no-psqlrc",
                "--tuples-only",
                "--no-align",
                "-U",
                "cellgate",
            ])
            .args(["-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql, "-h"])
            .arg(self.socket())
            .output()
            .expect("psql runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{sql}: {said}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    /// Ends the server as a crash of the machine would: nothing is finished.
    pub(crate) fn crash(&mut self) {
        signal(self.process.id(), "QUIT");
        self.process.wait().expect("it can be waited for");
    }

    /// Serves again what an earlier one left.
    pub(crate) fn start_again(&mut self) {
        let data = self.folder.path().join("data");
        self.process = serve(&self.programs, &data, &self.options);
    }

    /// Stops every process of the server where it is, or lets them all go on (`STOP`, `CONT`).
    pub(crate) fn signal_all(&self, name: &str) {
        let of_server = self.process.id();
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // `pid (name) state ppid …`
            let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            let parent = after_name.split_whitespace().nth(1);
            if parent == Some(of_server.to_string().as_str())
                && let Some(Ok(child)) = entry.file_name().to_str().map(str::parse)
            {
                signal(child, name);
            }
        }
        signal(of_server, name);
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.signal_all("CONT");
        if matches!(self.process.try_wait(), Ok(None)) {
            signal(self.process.id(), "QUIT");
            drop(self.process.wait());
        }
    }
}

fn serve(programs: &Path, data: &Path, options: &[String]) -> Child {
    let mut command = as_its_user(&programs.join("postgres"));
    command.arg("-D").arg(data);
    for option in options {
        command.args(["-c", option]);
    }
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("postgres starts");
    let mut log = BufReader::new(process.stderr.take().expect("piped"));
    let mut said = String::new();
    while !said.contains("ready to accept connections") {
        let n_bytes = log.read_line(&mut said).expect("a line of the log");
        assert_ne!(n_bytes, 0, "postgres ended by itself: {said}");
    }
    // A server that cannot write its log any more stops in the middle of everything.
    std::thread::spawn(move || drop(io::copy(&mut log, &mut io::sink())));
    process
}

/// PostgreSQL refuses to run as root: Debian has a user for it.
fn as_its_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--init-groups"])
        .arg(program)
        // Whatever folder the test runs in, that user may not look into it.
        .current_dir("/");
    command
}

fn give_away(path: &Path) {
    if is_root() {
        let id = |flag: &str| {
            let told = Command::new("id").args([flag, "postgres"]).output();
            let told = told.expect("id runs").stdout;
            String::from_utf8_lossy(&told)
                .trim()
                .parse()
                .expect("a number")
        };
        chown(path, Some(id("-u")), Some(id("-g"))).expect("root may give files away");
    }
}

fn is_root() -> bool {
    let told = Command::new("id").arg("-u").output().expect("id runs");
    told.stdout == b"0\n"
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .stderr(Stdio::null())
        .status();
    if let Err(error) = sent {
        drop(writeln!(io::stderr(), "kill: {error}"));
    }
}
