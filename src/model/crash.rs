//! A crash of the server in or after a load, and what it left.

use super::durability::Durability;
use super::phase::Phase;
use super::word::words;

words! {
    /// How a server is made to crash.
    pub enum CrashKind {
        /// All its processes are killed at once. What they had handed to the operating system survives, flushed or not.
        Kill = "kill",
        /// The power of the disk goes, which is an emulated one, and the server's processes are killed: what was not
        /// flushed is gone, but for half of its blocks, chosen by a seed.
        Power = "power",
    }
}

words! {
    /// The moment of a load at which its server crashes.
    pub enum Moment {
        /// Right after the load has ended, all of it confirmed.
        End = "end",
        /// In the middle of its load phase, by time.
        Middle = "middle",
        /// When the commits of half the rows are confirmed, of a load that commits part by part.
        Half = "half",
    }
}

impl Moment {
    /// In words, behind "killed" and "crashed".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Moment::End => "after its end",
            Moment::Middle => "in the middle",
            Moment::Half => "with half confirmed",
        }
    }
}

/// The crashes of a run, behind its rounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashPlan {
    /// How the server is made to crash.
    pub kind: CrashKind,
    /// Rows of each load that a crash ends or follows; those of the case where it has fewer.
    pub rows: u64,
    /// What crashes: indexes into the plan's cases, each with a moment, in their order.
    pub order: Vec<(usize, Moment)>,
}

/// What a crash left of a load. A row that the table holds counts as one of the load's only where its whole content is
/// that of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crash {
    /// The phase in which the server crashed; `None` between two, and after the last.
    pub phase: Option<Phase>,
    /// Rows whose commit the server had confirmed.
    pub confirmed: u64,
    /// Of these the ones that are there.
    pub confirmed_there: u64,
    /// Of the load's other rows the ones that are there.
    pub others_there: u64,
    /// Rows that are there and are none of the load's; `None` where the table held rows before it.
    pub foreign: Option<u64>,
    /// From the confirmation of the first confirmed row that is gone to the beginning of the crash, in nanoseconds, where
    /// the rows that were confirmed last are those that are gone; 0 where it was confirmed while the processes were
    /// killed, `None` where none is gone.
    pub lost_ns: Option<u64>,
    /// Whether the client had not noticed half a minute after the crash, and was ended.
    pub hung: bool,
    /// Why the rows cannot be read after it, in words: the server does not come up, or finds its files damaged. `None`
    /// where they can.
    pub damage: Option<String>,
    /// From the start of the server to its first connection, recovery and all, in nanoseconds.
    pub recovery_ns: u64,
}

impl Crash {
    /// Confirmed rows that are gone.
    pub(crate) fn lost(&self) -> u64 {
        self.confirmed.saturating_sub(self.confirmed_there)
    }

    /// What is not as a load of this durability promises, in words; `None` where all is.
    pub(crate) fn breach(&self, promised: Durability) -> Option<String> {
        let there = self.confirmed_there + self.others_there;
        let foreign = self.foreign.unwrap_or(0);
        if let Some(words) = &self.damage {
            return (promised != Durability::MayBeDamaged)
                .then(|| format!("the crash has damaged the database, and none should: {words}"));
        }
        match promised {
            Durability::Durable if self.lost() > 0 => Some(format!(
                "{} of {} rows are gone whose commit was confirmed, and the load is durable",
                self.lost(),
                self.confirmed
            )),
            Durability::LostOnCrash if there > 0 => {
                Some(format!("{there} rows are there, and of an unlogged table none should be"))
            }
            Durability::Durable | Durability::LostOnCrash | Durability::MayLoseLastCommits if foreign > 0 => {
                Some(format!("{foreign} rows are there that were never loaded"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_held_against_what_was_promised() {
        use Durability::{Durable, LostOnCrash, MayBeDamaged, MayLoseLastCommits};
        let crash = |confirmed_there, others_there, foreign| Crash {
            phase: None,
            confirmed: 10,
            confirmed_there,
            others_there,
            foreign: Some(foreign),
            lost_ns: None,
            hung: false,
            damage: None,
            recovery_ns: 1,
        };
        for (left, promised, kept) in [
            (crash(10, 0, 0), Durable, true),
            (crash(10, 5, 0), Durable, true),
            (crash(9, 5, 0), Durable, false),
            (crash(10, 0, 1), Durable, false),
            (crash(0, 0, 0), LostOnCrash, true),
            (crash(1, 0, 0), LostOnCrash, false),
            (crash(0, 1, 0), LostOnCrash, false),
            (crash(3, 0, 0), MayLoseLastCommits, true),
            (crash(3, 0, 1), MayLoseLastCommits, false),
            (crash(3, 0, 1), MayBeDamaged, true),
        ] {
            assert_eq!(left.breach(promised).is_none(), kept, "{left:?} {promised:?}");
        }
        let damaged = Crash { damage: Some("invalid page".into()), ..crash(0, 0, 0) };
        assert_eq!(damaged.breach(MayBeDamaged), None);
        for promised in [Durable, LostOnCrash, MayLoseLastCommits] {
            assert!(damaged.breach(promised).unwrap().contains("invalid page"));
        }
    }
}
