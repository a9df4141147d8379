//! Checkpoints, as the server counts them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use postgres::GenericClient;

use crate::pg_error::{describe, unless_refused};

/// How long the server's statistics may lag behind what has happened: up to 14 they come from a file that
/// is at the most half a second old.
const LAG: Duration = Duration::from_secs(2);

/// A look at the server's checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checkpoints {
    /// Number that have begun since the statistics were reset, timed and requested ones together
    /// (PostgreSQL manual, pg_stat_bgwriter up to 16, pg_stat_checkpointer from 17 on).
    begun: u64,
    /// Start of the last one that has ended, as a position in the WAL (pg_control_checkpoint).
    last_redo: u64,
    /// Times of those that have ended.
    times: Times,
}

/// Times that checkpoints took, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// Handing blocks to the kernel, with the pauses in between.
    pub write_ns: u64,
    /// Flushing data files.
    pub sync_ns: u64,
}

/// Looks; `None` where the server does not let this user, or does not count them.
///
/// # Errors
/// The server's error, where it is another than that it refuses.
pub(crate) fn read(client: &mut impl GenericClient) -> Result<Option<Checkpoints>> {
    Ok(unless_refused(look(client))?.ok())
}

/// Looks.
///
/// # Errors
/// The server's error.
pub(crate) fn look(client: &mut impl GenericClient) -> Result<Checkpoints> {
    let new: bool = client
        .query_one("SELECT to_regclass('pg_catalog.pg_stat_checkpointer') IS NOT NULL", &[])
        .and_then(|row| row.try_get(0))
        .map_err(describe)
        .context("looking for the statistics of checkpoints")?;
    let counts = match new {
        true => "num_timed + num_requested, write_time, sync_time FROM pg_catalog.pg_stat_checkpointer",
        false => {
            "checkpoints_timed + checkpoints_req, checkpoint_write_time, checkpoint_sync_time \
             FROM pg_catalog.pg_stat_bgwriter"
        }
    };
    let redo = "(SELECT pg_wal_lsn_diff(redo_lsn, '0/0')::int8 FROM pg_catalog.pg_control_checkpoint())";
    let row = client
        .query_one(&format!("SELECT {redo}, {counts}"), &[])
        .map_err(describe)
        .context("counting checkpoints")?;
    let number = |at: usize| -> Result<u64> { Ok(u64::try_from(row.try_get::<_, i64>(at)?)?) };
    let time = |at: usize| -> Result<u64> { Ok((row.try_get::<_, f64>(at)? * 1e6) as u64) };
    let times = Times { write_ns: time(2)?, sync_ns: time(3)? };
    Ok(Checkpoints { begun: number(1)?, last_redo: number(0)?, times })
}

/// Waits, for a while, until the statistics show a checkpoint that has been made since `before`.
///
/// # Errors
/// The server's error.
pub(crate) fn settle(before: Checkpoints, client: &mut impl GenericClient) -> Result<()> {
    let end = Instant::now() + LAG;
    while read(client)?.is_some_and(|now| now.begun == before.begun) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Checkpoints that had a part between two looks: those that began there, and one that began before
/// `wal_start`, the position of the first look, and ended there.
pub(crate) fn between(first: Checkpoints, last: Checkpoints, wal_start: u64) -> u64 {
    let began = last.begun.saturating_sub(first.begun);
    let ended = last.last_redo > first.last_redo;
    match ended {
        // What a late statistic does not show yet, the control file does.
        true if last.last_redo >= wal_start => began.max(1),
        true => began + 1,
        false => began,
    }
}

/// The times of the checkpoints that ended between two looks; `None` where the server does not tell of one yet.
pub(crate) fn times_between(first: Checkpoints, last: Checkpoints) -> Option<Times> {
    let (before, after) = (first.times, last.times);
    let told = after != before;
    let ended = last.last_redo > first.last_redo;
    (told || !ended).then_some(Times {
        write_ns: after.write_ns.checked_sub(before.write_ns)?,
        sync_ns: after.sync_ns.checked_sub(before.sync_ns)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_once_the_server_does() {
        let look =
            |last_redo, write_ns| Checkpoints { begun: 3, last_redo, times: Times { write_ns, sync_ns: 7 } };
        assert_eq!(times_between(look(100, 5), look(100, 5)), Some(Times::default()));
        let times = Times { write_ns: 15, sync_ns: 0 };
        assert_eq!(times_between(look(100, 5), look(300, 20)), Some(times));
        assert_eq!(times_between(look(100, 5), look(300, 5)), None, "it ended, and is not told of yet");
        assert_eq!(times_between(look(100, 5), look(300, 0)), None, "the statistics were reset");
    }

    #[test]
    fn each_checkpoint_with_a_part_in_between_counts_once() {
        let look = |begun, last_redo| Checkpoints { begun, last_redo, times: Times::default() };
        assert_eq!(between(look(3, 100), look(3, 100), 200), 0);
        assert_eq!(between(look(3, 100), look(5, 300), 200), 2, "both began in it");
        assert_eq!(between(look(3, 100), look(4, 100), 200), 1, "it has not ended yet");
        assert_eq!(between(look(3, 100), look(3, 150), 200), 1, "it began before");
        assert_eq!(between(look(3, 100), look(3, 250), 200), 1, "the statistics are late");
        assert_eq!(between(look(3, 100), look(0, 100), 200), 0, "the statistics were reset");
    }
}
