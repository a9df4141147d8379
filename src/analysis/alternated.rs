//! The servers of one run, round by round: their loads alternated, so that a case on one of them is held against the
//! same case on another within rounds, as two cases of one server are.

use super::blocks::Blocks;
use super::summary::Summary;
use super::verdict::Standings;
use crate::stats::Within;

/// The cases of all servers of a run, round by round.
pub(super) struct Alternated {
    blocks: Blocks,
    /// The place of each server's first case among those of all.
    starts: Vec<usize>,
}

impl Alternated {
    /// The cases of these servers, of which the first has the baseline and its control.
    pub(super) fn of<'a>(servers: &[&Standings<'a>]) -> Self {
        let mut all: Vec<Summary<'a>> = Vec::new();
        let mut starts = Vec::new();
        for standings in servers {
            starts.push(all.len());
            all.extend(standings.cases.iter().map(|standing| standing.summary.clone()));
        }
        Self { blocks: Blocks::by_time(&all), starts }
    }

    /// The speed of a case of this server relative to one of the first, by their places there; `None` where one of them is
    /// not there, and where no round has both.
    pub(super) fn to_first(
        &self,
        server: usize,
        case: Option<usize>,
        first: Option<usize>,
    ) -> Option<Within> {
        self.blocks.hold(self.starts[server] + case?, self.starts[0] + first?)
    }
}
