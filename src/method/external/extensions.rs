//! The server's extensions that a loader cannot do without.

use anyhow::{Context, Result};

use crate::interrupt::Interrupt;
use crate::pg_error::describe;
use crate::server::{Connector, Session};
use crate::sql::{Exec, quote};

/// Why one of these extensions cannot be had on a server, in words; `None` when all can.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) fn lacks(names: &[String], session: &mut Session) -> Result<Option<String>> {
    for name in names {
        let row = session
            .query_one(
                "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = $1), \
                 EXISTS (SELECT FROM pg_extension WHERE extname = $1) \
                 OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \
                 OR EXISTS (SELECT FROM pg_available_extension_versions WHERE name = $1 AND trusted)",
                &[&name],
            )
            .map_err(describe)
            .with_context(|| format!("asking the server for the extension {name}"))?;
        match (row.get(0), row.get(1)) {
            (true, true) => {}
            (true, false) => return Ok(Some(format!("only a superuser can create the extension {name}"))),
            (false, _) => return Ok(Some(format!("the server has no extension {name}"))),
        }
    }
    Ok(None)
}

/// Extensions that were made for a load. Dropping it removes them; those that were there stay.
pub(crate) struct Extensions<'a> {
    /// Their names and oids.
    made: Vec<(String, u32)>,
    connector: &'a Connector,
}

impl<'a> Extensions<'a> {
    /// Makes those that are not there.
    ///
    /// # Errors
    /// The server's error.
    pub(crate) fn create(names: &[String], connector: &'a Connector, session: &mut Session) -> Result<Self> {
        let mut extensions = Self { made: Vec::new(), connector };
        for name in names {
            if find(name, session)?.is_none() {
                session.run(&format!("CREATE EXTENSION {}", quote(name)))?;
                let oid = find(name, session)?.with_context(|| format!("the extension {name} is gone"))?;
                extensions.made.push((name.clone(), oid));
            }
        }
        Ok(extensions)
    }
}

/// The oid of the extension of this name, where there is one.
fn find(name: &str, session: &mut Session) -> Result<Option<u32>> {
    let row = session
        .query_opt("SELECT oid FROM pg_extension WHERE extname = $1", &[&name])
        .map_err(describe)
        .with_context(|| format!("looking for the extension {name}"))?;
    Ok(row.map(|row| row.get(0)))
}

impl Drop for Extensions<'_> {
    fn drop(&mut self) {
        let drop_in_server = |made: &[(String, u32)]| -> Result<()> {
            // With an interrupt of its own: the run's may have been raised, and this has to be done.
            let mut session = self.connector.with_interrupt(Interrupt::new()).connect()?;
            session.run("SET lock_timeout = '30s'")?;
            for (name, oid) in made.iter().rev() {
                // One that another session has made since is not ours.
                if find(name, &mut session)? == Some(*oid) {
                    session.run(&format!("DROP EXTENSION {}", quote(name)))?;
                }
            }
            Ok(())
        };
        if self.made.is_empty() {
            return;
        }
        if let Err(error) = drop_in_server(&self.made) {
            let names: Vec<&str> = self.made.iter().map(|(name, _)| name.as_str()).collect();
            crate::say!("bulkbench: the extension {} is left in the server: {error:#}", names.join(", "));
        }
    }
}
