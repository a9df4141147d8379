//! Every `sslmode` against a real server, with the certificates that people really have.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bulkbench::interrupt::Interrupt;
use bulkbench::server::{local, target};

use super::support::*;

/// A server that listens on 127.0.0.1 with TLS, and leaves nothing.
struct Encrypted {
    base: tempfile::TempDir,
    port: u16,
    bin: PathBuf,
    server: Option<Child>,
}

/// The binaries of a PostgreSQL that was built with TLS, which those that are fetched are not.
fn with_tls() -> Option<PathBuf> {
    let found = local::installations(None).unwrap();
    found.into_iter().map(|one| one.bin).find(|bin| {
        let libraries = Command::new("ldd").arg(bin.join("postgres")).output().unwrap();
        String::from_utf8_lossy(&libraries.stdout).contains("libssl")
    })
}

impl Encrypted {
    /// A cluster with these rules of who may connect, and what openssl(1) needs beside it.
    fn new(rules: &str) -> Option<Self> {
        let Some(bin) = with_tls() else {
            skipped("no PostgreSQL here was built with TLS");
            return None;
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = Self { base: base(), port, bin, server: None };
        let account = own.account();
        std::os::unix::fs::chown(own.base.path(), Some(account.0), Some(account.1)).unwrap();
        own.run("initdb", &["-D", &own.path("data"), "-U", "postgres", "-A", "trust", "--no-sync"]);
        std::fs::write(own.path("data/pg_hba.conf"), format!("local all all trust\n{rules}")).unwrap();
        Some(own)
    }

    /// Whom a server may run as: `postgres` for root, else this user.
    fn account(&self) -> (u32, u32) {
        let me = rustix::process::geteuid().as_raw();
        let users = std::fs::read_to_string("/etc/passwd").unwrap();
        let postgres = users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields[0] == "postgres").then(|| (fields[2].parse().unwrap(), fields[3].parse().unwrap()))
        });
        match me {
            0 => postgres.expect("a user postgres, as PostgreSQL does not run as root"),
            _ => (me, rustix::process::getegid().as_raw()),
        }
    }

    fn path(&self, name: &str) -> String {
        self.base.path().join(name).display().to_string()
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let (uid, gid) = self.account();
        command.gid(gid).uid(uid).current_dir(self.base.path()).stdin(Stdio::null()).env("LC_ALL", "C");
        command
    }

    fn run(&self, program: &str, args: &[&str]) {
        let program = if program == "openssl" { PathBuf::from(program) } else { self.bin.join(program) };
        let output = self.command(program).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes `name.key` and a request for a certificate of this name.
    fn request(&self, name: &str, common: &str) {
        let subject = format!("/CN={common}");
        let (key, request) = (format!("{name}.key"), format!("{name}.csr"));
        let args = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &request];
        self.run("openssl", &[&args[..], &["-subj", &subject]].concat());
    }

    /// Signs it: by itself, or by an authority; with extensions, or without any, which makes version 1.
    fn sign(&self, name: &str, by: Option<&str>, extensions: Option<&str>) {
        let (request, certificate) = (format!("{name}.csr"), format!("{name}.crt"));
        let signer = by.unwrap_or(name);
        let (authority, key) = (format!("{signer}.crt"), format!("{signer}.key"));
        let mut args = vec!["x509", "-req", "-days", "2", "-in", &request, "-out", &certificate];
        match by {
            Some(_) => args.extend(["-CA", &authority, "-CAkey", &key, "-CAcreateserial"]),
            None => args.extend(["-signkey", &key]),
        }
        let file = self.path("extensions");
        if let Some(extensions) = extensions {
            std::fs::write(&file, extensions).unwrap();
            args.extend(["-extfile", &file]);
        }
        self.run("openssl", &args);
        let text =
            self.command("openssl").args(["x509", "-noout", "-text", "-in", &certificate]).output().unwrap();
        let version = if extensions.is_some() { "Version: 3" } else { "Version: 1" };
        assert!(String::from_utf8_lossy(&text.stdout).contains(version), "{name} is not of {version}");
    }

    /// Restarts the server with this certificate.
    fn show(&mut self, name: &str) {
        self.stop();
        let set = |name: &str, value: &str| format!("--{name}={value}");
        let log = std::fs::File::create(self.path("log")).unwrap();
        let child = self
            .command(self.bin.join("postgres"))
            .args(["-D", &self.path("data")])
            .arg(set("listen_addresses", "127.0.0.1"))
            .arg(set("port", &self.port.to_string()))
            .arg(set("unix_socket_directories", &self.path("")))
            .arg(set("ssl", "on"))
            .arg(set("ssl_cert_file", &self.path(&format!("{name}.crt"))))
            .arg(set("ssl_key_file", &self.path(&format!("{name}.key"))))
            .arg(set("ssl_ca_file", &self.path("ca.crt")))
            .arg(set("fsync", "off"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        self.server = Some(child);
        wait_until("the start of the server", || {
            let ended = self.server.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "{}", std::fs::read_to_string(self.path("log")).unwrap());
            self.encrypted("postgres", "sslmode=disable") == Ok(false)
        });
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let pid = rustix::process::Pid::from_child(&server);
            // One that did not start has ended.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
            server.wait().unwrap();
        }
    }

    /// Connects, and says whether that is encrypted; or why not.
    fn encrypted(&self, user: &str, rest: &str) -> Result<bool, String> {
        self.encrypted_at("localhost", user, rest)
    }

    fn encrypted_at(&self, host: &str, user: &str, rest: &str) -> Result<bool, String> {
        let text =
            format!("host={host} hostaddr=127.0.0.1 port={} user={user} dbname=postgres {rest}", self.port);
        let target = target::parse(&text).map_err(|error| format!("{error:#}"))?;
        let connected = target.connector(Interrupt::new()).and_then(|connector| connector.connect());
        let mut session = connected.map_err(|error| format!("{error:#}"))?;
        let row = session.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]);
        Ok(row.unwrap().get(0))
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn each_mode_takes_the_certificates_that_libpq_takes() {
    let Some(mut server) = Encrypted::new("host all all 127.0.0.1/32 trust\n") else { return };
    server.request("ca", "an authority");
    server.sign("ca", None, Some("basicConstraints=critical,CA:TRUE\n"));
    server.request("other", "another authority");
    server.sign("other", None, Some("basicConstraints=critical,CA:TRUE\n"));
    // Self-signed, of version 1; self-signed as `openssl req -x509` makes it; of an authority, with
    // alternative names, with the common name alone, and of version 1.
    let san = "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n";
    for (name, by, extensions) in [
        ("self1", None, None),
        ("self3", None, Some("basicConstraints=critical,CA:TRUE\n")),
        ("leaf", Some("ca"), Some(san)),
        ("common", Some("ca"), Some("basicConstraints=CA:FALSE\n")),
        ("leaf1", Some("ca"), None),
    ] {
        server.request(name, "localhost");
        server.sign(name, by, extensions);
        server.show(name);
        for (mode, encrypted) in [("disable", false), ("allow", false), ("prefer", true), ("require", true)] {
            assert_eq!(
                server.encrypted("postgres", &format!("sslmode={mode}")),
                Ok(encrypted),
                "{name} {mode}"
            );
        }
        let roots = server.path(&format!("{}.crt", by.unwrap_or(name)));
        let wrong = server.path("other.crt");
        for mode in ["verify-ca", "verify-full"] {
            let with = |roots: &str| format!("sslmode={mode} sslrootcert={roots}");
            assert_eq!(server.encrypted("postgres", &with(&roots)), Ok(true), "{name} {mode}");
            let refused = server.encrypted("postgres", &with(&wrong)).unwrap_err();
            assert!(refused.contains("certificate") && refused.contains("sslrootcert"), "{name}: {refused}");
        }
        let elsewhere = |mode: &str| {
            server.encrypted_at("db.example", "postgres", &format!("sslmode={mode} sslrootcert={roots}"))
        };
        assert_eq!(elsewhere("verify-ca"), Ok(true), "{name}");
        let refused = elsewhere("verify-full").unwrap_err();
        assert!(refused.contains("db.example") && refused.contains("localhost"), "{name}: {refused}");
    }
    // By address, which only an alternative name can be for.
    server.show("leaf");
    let by_address = format!("sslmode=verify-full sslrootcert={}", server.path("ca.crt"));
    assert_eq!(server.encrypted_at("127.0.0.1", "postgres", &by_address), Ok(true));
    // As libpq has it: with a root at hand `require` asks for it; and `system` knows no such authority.
    let require = format!("sslmode=require sslrootcert={}", server.path("other.crt"));
    assert!(server.encrypted("postgres", &require).is_err());
    assert!(server.encrypted("postgres", "sslrootcert=system").is_err());
}

#[test]
fn a_server_that_insists_gets_what_it_wants() {
    let rules = "hostssl all insists 127.0.0.1/32 trust\nhostnossl all plain 127.0.0.1/32 trust\n\
                 hostssl all shows 127.0.0.1/32 cert\nhostssl all scram 127.0.0.1/32 scram-sha-256\n\
                 host all postgres 127.0.0.1/32 trust\n";
    let Some(mut server) = Encrypted::new(rules) else { return };
    server.request("ca", "an authority");
    server.sign("ca", None, Some("basicConstraints=critical,CA:TRUE\n"));
    server.request("self", "localhost");
    server.sign("self", None, None);
    // What the client shows; of version 1 too.
    server.request("shows", "shows");
    server.sign("shows", Some("ca"), None);
    server.show("self");
    let text = format!("host=127.0.0.1 port={} user=postgres dbname=postgres sslmode=disable", server.port);
    let admin = target::parse(&text).unwrap().connector(Interrupt::new()).unwrap();
    admin
        .connect()
        .unwrap()
        .batch_execute(
            "CREATE ROLE insists LOGIN; CREATE ROLE plain LOGIN; CREATE ROLE shows LOGIN; \
             SET password_encryption = 'scram-sha-256'; CREATE ROLE scram LOGIN PASSWORD 'right'",
        )
        .unwrap();

    assert_eq!(server.encrypted("insists", "sslmode=allow"), Ok(true), "only after it was refused without");
    assert_eq!(server.encrypted("plain", "sslmode=prefer"), Ok(false), "only after it was refused with it");
    for (user, mode) in [("insists", "disable"), ("plain", "require")] {
        let refused = server.encrypted(user, &format!("sslmode={mode}")).unwrap_err();
        assert!(refused.contains("28000") && refused.contains("pg_hba.conf"), "{refused}");
    }

    // A password bound to the certificate: nobody in between could have passed it on.
    let bound = "sslmode=require password=right channel_binding";
    assert_eq!(server.encrypted("scram", &format!("{bound}=require")), Ok(true));
    assert_eq!(server.encrypted("scram", &format!("{bound}=disable")), Ok(true));
    let unbound = server.encrypted("postgres", "sslmode=require channel_binding=require").unwrap_err();
    assert!(unbound.contains("channel binding"), "{unbound}");

    let (certificate, key) = (server.path("shows.crt"), server.path("shows.key"));
    let shown = format!("sslmode=require sslcert={certificate} sslkey={key}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(server.encrypted("shows", &shown), Ok(true));
    assert!(server.encrypted("shows", "sslmode=require").is_err(), "without a certificate");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = server.encrypted("shows", &shown).unwrap_err();
    assert!(open.contains("others may read") && open.contains("chmod 600"), "{open}");
    assert_eq!(Path::new(&key).metadata().unwrap().mode() & 0o777, 0o644);
}
