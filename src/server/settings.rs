//! Server settings: the tuning a throwaway server starts with, what a server says of itself, and
//! which names it knows.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::Settings;
use crate::fault::nearest;
use crate::model::{is_postgres, size_words};
use crate::pg_error::describe;
use crate::{bad_data, session, unavailable, usage};

/// `server_version_num` of the oldest server this program loads into.
pub(crate) const OLDEST: u32 = 130000;

/// The settings that decide how long a load takes or what it is worth, recorded with each run as
/// the server shows them. Names that a version does not know are left out of its record.
pub(crate) const LOAD_SETTINGS: &[&str] = &[
    "archive_mode",
    "autovacuum",
    "backend_flush_after",
    "bgwriter_flush_after",
    "block_size",
    "checkpoint_completion_target",
    "checkpoint_flush_after",
    "checkpoint_timeout",
    "commit_delay",
    "commit_siblings",
    "data_checksums",
    "debug_assertions",
    "default_toast_compression",
    "effective_io_concurrency",
    "fsync",
    "full_page_writes",
    "huge_pages",
    "huge_pages_status",
    "io_method",
    "io_workers",
    "jit",
    "maintenance_io_concurrency",
    "maintenance_work_mem",
    "max_connections",
    "max_parallel_maintenance_workers",
    "max_parallel_workers",
    "max_wal_senders",
    "max_wal_size",
    "max_worker_processes",
    "min_wal_size",
    "server_encoding",
    "shared_buffers",
    "shared_preload_libraries",
    "synchronous_commit",
    "synchronous_standby_names",
    "temp_buffers",
    "track_wal_io_timing",
    "wal_buffers",
    "wal_compression",
    "wal_init_zero",
    "wal_level",
    "wal_log_hints",
    "wal_recycle",
    "wal_segment_size",
    "wal_skip_threshold",
    "wal_sync_method",
    "wal_writer_delay",
    "wal_writer_flush_after",
    "work_mem",
];

/// Settings of a throwaway server that are not the user's: by them it is found, reached, watched
/// and thrown away.
const RESERVED: &[&str] = &[
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "lc_messages",
    "listen_addresses",
    "log_destination",
    "logging_collector",
    "port",
    "restart_after_crash",
    "ssl",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
];

/// The setting of the tuning that the oldest version (13) does not know.
pub(crate) const NEWER: &str = "track_wal_io_timing";

const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;

/// The settings a throwaway server starts with, for a machine with so many bytes of memory and a
/// data directory with so many bytes free, of which the run needs some.
///
/// 1 GB of shared_buffers and of maintenance_work_mem are those of the article this program
/// repeats; a smaller machine gets at most a quarter and an eighth of its memory. WAL may pile up so far
/// that no checkpoint begins in the middle of a sample. What keeps data safe is on, and said so:
/// images and packages exist that turn it off. Writes and flushes of WAL are timed, which takes two looks at a clock
/// for each.
pub(crate) fn tuned(memory_bytes: u64, free_disk_bytes: u64, need_bytes: u64) -> Settings {
    let max_wal_size = max_wal_bytes(free_disk_bytes, need_bytes);
    let mut tuned = of_memory(memory_bytes);
    let others = [
        ("max_wal_size", size_words(max_wal_size)),
        ("checkpoint_timeout", "1d".into()),
        ("wal_level", "replica".into()),
        ("fsync", "on".into()),
        ("full_page_writes", "on".into()),
        ("synchronous_commit", "on".into()),
        ("autovacuum", "on".into()),
        ("max_connections", "200".into()),
        (NEWER, "on".into()),
    ];
    tuned.extend(others.map(|(name, value): (&str, String)| (name.to_owned(), value)));
    tuned
}

/// Those of the tuning that follow from memory.
pub(crate) fn of_memory(memory_bytes: u64) -> Settings {
    let shared_buffers = share(memory_bytes, 4, 16 * MB, GB);
    let maintenance_work_mem = share(memory_bytes, 8, 16 * MB, GB);
    [("shared_buffers", shared_buffers), ("maintenance_work_mem", maintenance_work_mem)]
        .map(|(name, bytes)| (name.to_owned(), size_words(bytes)))
        .into()
}

/// A share of something, in powers of two: two runs on one machine get the same, though a little
/// less is free.
fn share(whole: u64, part: u64, least: u64, most: u64) -> u64 {
    1 << (whole / part).clamp(least, most).ilog2()
}

/// A quarter of what is free. A run that needs more of it for no checkpoint to begin in a sample gets up to half: one
/// begins at about half of max_wal_size, and a load writes at most about a quarter of the bytes that the run needs as WAL.
fn max_wal_bytes(free_disk_bytes: u64, need_bytes: u64) -> u64 {
    let wanted = (need_bytes / 2).next_power_of_two();
    let quarter = share(free_disk_bytes, 4, GB, 64 * GB);
    quarter.max(wanted.min(share(free_disk_bytes, 2, GB, u64::MAX)))
}

/// The warning where the disk has so little room that a checkpoint may begin in the middle of a sample.
pub(crate) fn checkpoint_warning(free_disk_bytes: u64, need_bytes: u64) -> Option<String> {
    let max_wal_size = max_wal_bytes(free_disk_bytes, need_bytes);
    (max_wal_size / 2 < need_bytes / 4).then(|| {
        format!(
            "only {} of disk are free, so max_wal_size is {} and a checkpoint may fall into a sample; free some, or name another disk with --data-dir",
            crate::units::bytes(free_disk_bytes),
            size_words(max_wal_size)
        )
    })
}

/// `under` with the settings of `over` on top, and what they bring with them: a server with
/// `wal_level=minimal` does not start unless `max_wal_senders` is 0, so it is, unless it is given.
pub(crate) fn merge(under: &Settings, over: &Settings) -> Settings {
    let mut all = under.clone();
    all.extend(over.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())));
    if all.get("wal_level").is_some_and(|level| level.eq_ignore_ascii_case("minimal")) {
        all.entry("max_wal_senders".into()).or_insert_with(|| "0".into());
    }
    all
}

/// Passes when none of these is a setting that a throwaway server keeps for itself, or that moves a
/// session.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] with the first that is.
pub(crate) fn check_reserved(settings: &Settings) -> Result<()> {
    session::check(settings.keys(), "the server's settings")?;
    match settings.keys().find(|name| RESERVED.contains(&name.to_ascii_lowercase().as_str())) {
        None => Ok(()),
        Some(name) => Err(usage!(
            "the setting `{name}` cannot be given to a throwaway server, which is found and reached by it; leave it out, or start a server of your own and name it by --server postgres://…"
        )),
    }
}

/// Passes when this program loads into servers of this version.
///
/// # Errors
/// [`crate::fault::Fault::Unavailable`] for one that is too old; `what` names it.
pub(crate) fn check_version(version_num: u32, what: &str) -> Result<()> {
    if version_num >= OLDEST {
        return Ok(());
    }
    let version = if version_num >= 100000 {
        format!("{}", version_num / 10000)
    } else {
        format!("{}.{}", version_num / 10000, version_num / 100 % 100)
    };
    Err(unavailable!(
        "{what} is PostgreSQL {version}, and {} is the oldest that can be loaded into; use a newer one",
        OLDEST / 10000
    ))
}

/// When a setting can be changed, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Any user can, for a session.
    Session,
    /// A superuser can, for a session.
    SuperuserSession,
    /// Only the server's configuration can, perhaps with a restart.
    Configuration,
}

/// The settings a running server knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog(BTreeMap<String, (Change, String)>);

impl Catalog {
    /// Asks the server.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn read(client: &mut postgres::Client) -> Result<Self> {
        let rows = client
            .query("SELECT name, context, current_setting(name, true) FROM pg_settings", &[])
            .map_err(describe)
            .context("asking the server for its settings")?;
        let mut known = BTreeMap::new();
        for row in rows {
            let change = match row.try_get::<_, &str>(1)? {
                "user" | "backend" => Change::Session,
                "superuser" | "superuser-backend" => Change::SuperuserSession,
                _ => Change::Configuration,
            };
            let value: Option<String> = row.try_get(2)?;
            known.insert(
                row.try_get::<_, String>(0)?.to_ascii_lowercase(),
                (change, value.unwrap_or_default()),
            );
        }
        Ok(Self(known))
    }

    /// When the setting can be changed; `None` for a name the server does not know.
    pub(crate) fn change(&self, name: &str) -> Option<Change> {
        self.0.get(&name.to_ascii_lowercase()).map(|(change, _)| *change)
    }

    /// Divides settings into those that only a server's configuration can hold, and those that a session
    /// of the superuser can make its own.
    pub(crate) fn divide(&self, settings: &Settings) -> (Settings, Settings) {
        settings.clone().into_iter().partition(|(name, _)| {
            !matches!(self.change(name), Some(Change::Session | Change::SuperuserSession))
        })
    }

    /// The setting's value as the server showed it when it was asked.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(|(_, value)| value.as_str())
    }

    /// Passes when the server knows all these names.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] with the first it does not know, and the nearest it does.
    pub(crate) fn check(&self, settings: &Settings) -> Result<()> {
        check_names(self.0.keys().map(String::as_str), settings)
    }
}

/// Passes when all settings' names are among the known ones. A name with a dot belongs to an
/// extension, which may be loaded later: the server takes it, and so does this.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] with the first that is not, and the nearest that is.
pub(crate) fn check_names<'a>(
    known: impl IntoIterator<Item = &'a str> + Clone,
    settings: &Settings,
) -> Result<()> {
    for name in settings.keys().filter(|name| !name.contains('.')) {
        if !known.clone().into_iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(usage!(
                "PostgreSQL has no setting `{name}`{}",
                nearest(&name.to_ascii_lowercase(), known)
            ));
        }
    }
    Ok(())
}

/// The settings of a case that differ from the `given` ones and need a restart.
pub(crate) fn needing_restart(catalog: &Catalog, given: &Settings, settings: &Settings) -> Settings {
    let (mut lasting, _) = catalog.divide(settings);
    lasting.retain(|name, value| given.get(&name.to_ascii_lowercase()) != Some(value));
    lasting
}

/// The server's words in its log about a setting it was given and does not take, if that is why
/// it did not start.
pub(crate) fn complaint(log: &str, settings: &Settings) -> Option<String> {
    let line = log.lines().rev().find(|line| {
        line.contains("FATAL:") && settings.keys().any(|name| line.contains(&format!("\"{name}\"")))
    })?;
    Some(line[line.find("FATAL:")? + "FATAL:".len()..].trim().to_owned())
}

/// `server_version_num` and `version()` of a server.
///
/// # Errors
/// When it does not answer, or is PostgreSQL older than [`OLDEST`].
pub(crate) fn read_version(client: &mut postgres::Client) -> Result<(u32, String)> {
    let row = client
        .query_one("SELECT current_setting('server_version_num'), version()", &[])
        .map_err(describe)
        .context("asking the server for its version")?;
    let (number, version): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let number =
        number.parse().map_err(|_| bad_data!("the server's server_version_num is not a number: {number}"))?;
    // What is not PostgreSQL itself counts in another way; what it can is found out.
    if is_postgres(&version) {
        check_version(number, "the server")?;
    }
    Ok((number, version))
}

/// [`LOAD_SETTINGS`] as the server shows them, and of the database `lc_collate`, `lc_ctype`,
/// `locale_provider` and, where the provider is not libc, its `locale`.
///
/// # Errors
/// When the server does not answer.
pub(crate) fn read_facts(client: &mut postgres::Client) -> Result<BTreeMap<String, String>> {
    let mut facts = read_load_settings(client)?;
    facts.extend(read_locale(client)?);
    Ok(facts)
}

/// [`LOAD_SETTINGS`] as the server shows them.
///
/// # Errors
/// When the server does not answer.
pub(crate) fn read_load_settings(client: &mut postgres::Client) -> Result<BTreeMap<String, String>> {
    // The view leaves out what this user may not see, so that current_setting does not fail.
    let rows = client
        .query(
            "SELECT name, current_setting(name, true) FROM pg_settings WHERE name = ANY ($1)",
            &[&LOAD_SETTINGS],
        )
        .map_err(describe)
        .context("asking the server for its settings")?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get::<_, Option<String>>(1)?.unwrap_or_default())))
        .collect()
}

/// The locale of the database, under the names that [`read_facts`] gives it.
///
/// # Errors
/// When the server does not answer.
pub(crate) fn read_locale(client: &mut postgres::Client) -> Result<BTreeMap<String, String>> {
    let mut facts = BTreeMap::new();
    // As JSON, because the columns of the provider differ: none before 15, `daticulocale` in 15
    // and 16, `datlocale` from 17 on.
    let row = client
        .query_one("SELECT row_to_json(d)::text FROM pg_database d WHERE datname = current_database()", &[])
        .map_err(describe)
        .context("asking for the database's locale")?;
    let database: serde_json::Value = serde_json::from_str(row.try_get(0)?)?;
    let column = |name: &str| database.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    facts.extend(column("datcollate").map(|value| ("lc_collate".to_owned(), value)));
    facts.extend(column("datctype").map(|value| ("lc_ctype".to_owned(), value)));
    let provider = match column("datlocprovider").as_deref() {
        None | Some("c") => "libc".to_owned(),
        Some("i") => "icu".to_owned(),
        Some("b") => "builtin".to_owned(),
        Some(other) => other.to_owned(),
    };
    facts.insert("locale_provider".into(), provider);
    facts.extend(
        column("datlocale").or_else(|| column("daticulocale")).map(|value| ("locale".to_owned(), value)),
    );
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn little_room_means_a_warning_of_checkpoints() {
        // A csv of 164 MB needs 4.3 GB: its load writes about 1 GB of WAL.
        assert!(checkpoint_warning(3 * GB, 4 * GB).unwrap().contains("max_wal_size is 1GB"));
        assert_eq!(checkpoint_warning(80 * GB, 4 * GB), None);
        // A quarter of 80 GB would be 16 GB, and a checkpoint could begin after 8.
        assert_eq!(checkpoint_warning(80 * GB, 34 * GB), None);
        assert_eq!(max_wal_bytes(80 * GB, 34 * GB), 32 * GB);
    }

    #[test]
    fn the_tuning_is_the_articles_on_a_machine_that_has_the_memory() {
        let tuned = tuned(16 * GB, 1000 * GB, GB);
        assert_eq!(tuned["shared_buffers"], "1GB");
        assert_eq!(tuned["maintenance_work_mem"], "1GB");
        assert_eq!(tuned["max_wal_size"], "64GB");
        assert_eq!(tuned["fsync"], "on");
        assert_eq!(tuned["full_page_writes"], "on");
        assert_eq!(tuned["synchronous_commit"], "on");
        assert_eq!(tuned["wal_level"], "replica");
        assert_eq!(tuned["track_wal_io_timing"], "on");
    }

    #[test]
    fn the_tuning_shrinks_with_the_machine() {
        let tuned = tuned(2 * GB - 100 * MB, 10 * GB, GB);
        assert_eq!(tuned["shared_buffers"], "256MB");
        assert_eq!(tuned["maintenance_work_mem"], "128MB");
        assert_eq!(tuned["max_wal_size"], "2GB");
    }

    #[test]
    fn minimal_wal_brings_no_wal_senders_unless_they_are_given() {
        let merged = merge(&settings(&[("wal_level", "replica")]), &settings(&[("WAL_LEVEL", "minimal")]));
        assert_eq!(merged, settings(&[("wal_level", "minimal"), ("max_wal_senders", "0")]));
        let given = settings(&[("wal_level", "minimal"), ("max_wal_senders", "3")]);
        assert_eq!(merge(&Settings::new(), &given), given);
    }

    #[test]
    fn an_unknown_name_offers_the_nearest() {
        let error = check_names(["shared_buffers", "work_mem"], &settings(&[("shared_bufers", "1GB")]));
        assert_eq!(
            error.unwrap_err().to_string(),
            "PostgreSQL has no setting `shared_bufers`; did you mean `shared_buffers`?"
        );
        check_names(["work_mem"], &settings(&[("WORK_MEM", "1GB"), ("ext.anything", "1")])).unwrap();
    }

    #[test]
    fn reserved_settings_are_refused_by_name() {
        let error = check_reserved(&settings(&[("port", "5433")])).unwrap_err().to_string();
        assert!(error.contains("`port`"), "{error}");
    }

    #[test]
    fn old_versions_are_named_as_people_name_them() {
        check_version(130000, "it").unwrap();
        assert!(check_version(120022, "it").unwrap_err().to_string().starts_with("it is PostgreSQL 12,"));
        assert!(check_version(90624, "it").unwrap_err().to_string().contains("PostgreSQL 9.6,"));
    }

    #[test]
    fn the_servers_words_about_a_setting_are_found() {
        let log =
            "LOG:  starting\n2026-01-01 UTC [7] FATAL:  invalid value for parameter \"work_mem\": \"lots\"\n";
        assert_eq!(
            complaint(log, &settings(&[("work_mem", "lots")])).as_deref(),
            Some("invalid value for parameter \"work_mem\": \"lots\"")
        );
        assert_eq!(complaint(log, &settings(&[("fsync", "on")])), None);
    }
}
