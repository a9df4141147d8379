//! The account a local server runs as: PostgreSQL refuses to run as root.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::unavailable;

/// Who the server's processes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// The user who runs this program.
    Own,
    /// Somebody without privileges, because this program runs as root.
    Other {
        /// The account's name.
        name: String,
        /// Its user id.
        uid: u32,
        /// Its group id.
        gid: u32,
    },
}

impl Account {
    /// The account for a server started now: the user's own, or for root `postgres`, else `nobody`.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when root has neither.
    pub(crate) fn for_server() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Account::Own);
        }
        let users = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        ["postgres", "nobody"].iter().find_map(|name| in_passwd(&users, name)).ok_or_else(|| {
            unavailable!(
                "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to run it as; run this as an ordinary user"
            )
        })
    }

    /// The user's id, and the group's.
    pub(crate) fn ids(&self) -> (u32, u32) {
        match self {
            Account::Own => (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()),
            Account::Other { uid, gid, .. } => (*uid, *gid),
        }
    }

    /// In words, as messages have it.
    pub(crate) fn words(&self) -> String {
        match self {
            Account::Own => "this user".into(),
            Account::Other { name, .. } => format!("user `{name}` (PostgreSQL does not run as root)"),
        }
    }

    /// A command that runs as this account, in /, with English messages, and with none of the
    /// caller's PG* variables: they would decide what the server is.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        if let Account::Other { uid, gid, .. } = self {
            // With the uid, the standard library drops root's supplementary groups too.
            command.gid(*gid).uid(*uid);
        }
        command
    }

    /// Whether this account may do to `path` what a flag of test(1) asks: `-r`, `-w` or `-x`. Asked
    /// as that account, so that access lists and every parent directory count.
    ///
    /// # Errors
    /// When test(1) cannot be run.
    pub(crate) fn may(&self, flag: &str, path: &Path) -> Result<bool> {
        let status =
            self.command("test").arg(flag).arg(path).status().context("running test(1) to check access")?;
        Ok(status.success())
    }
}

fn in_passwd(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [user, _, uid, gid, ..] = fields[..] else { return None };
        let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
        (user == name && uid != 0).then(|| Account::Other { name: name.into(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_name_unless_it_is_root() {
        let users = "root:x:0:0::/root:/bin/sh\nbad\npostgres:x:101:104:PostgreSQL:/var/lib:/bin/sh\ntoor:x:0:0::/:/bin/sh\n";
        assert_eq!(
            in_passwd(users, "postgres"),
            Some(Account::Other { name: "postgres".into(), uid: 101, gid: 104 })
        );
        assert_eq!(in_passwd(users, "nobody"), None);
        assert_eq!(in_passwd(users, "toor"), None);
    }

    #[test]
    fn access_is_asked_as_the_account() {
        let account = Account::for_server().unwrap();
        assert!(account.may("-r", Path::new("/etc/passwd")).unwrap());
        assert!(!account.may("-r", Path::new("/etc/no such file")).unwrap());
        assert!(!account.may("-w", Path::new("/etc/passwd")).unwrap());
    }
}
