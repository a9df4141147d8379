//! The throwaway servers that can run here, and what needs several of them.

use anyhow::Result;

use crate::experiment::Experiment;
use crate::model::{Axis, Source};
use crate::report::{Look, terminal};
use crate::server::container::{EngineStatus, engine_status, usable};
use crate::server::local::installations;

/// A throwaway server that can run here.
pub(crate) struct Throwaway {
    source: Source,
    /// Its major version.
    pub major: u32,
    words: String,
}

/// The throwaway servers that can run here; of those from binaries first the one that a run takes.
pub(crate) fn servers() -> Result<Vec<Throwaway>> {
    let usable_here = installations(None)?.into_iter().filter(|one| one.problem.is_none());
    let local = usable_here.map(|one| Throwaway {
        source: Source::Local,
        major: one.version_num / 10_000,
        words: format!("local {}", one.version_text),
    });
    let container = match engine_status() {
        EngineStatus::Answers { version, images } => images
            .iter()
            .filter_map(|image| {
                Some(Throwaway {
                    source: Source::Container,
                    major: usable(image)?,
                    words: format!("container {image} (engine {version})"),
                })
            })
            .collect(),
        EngineStatus::Absent(_) | EngineStatus::NoPermission(_) => Vec::new(),
    };
    Ok(local.chain(container).collect())
}

/// The major version of the newest.
pub(crate) fn newest(servers: &[Throwaway]) -> Option<u32> {
    servers.iter().map(|server| server.major).max()
}

/// Which servers are here, in a paragraph.
pub(crate) fn text(servers: &[Throwaway], look: Look) -> String {
    let here = match servers.is_empty() {
        true => "No throwaway server can run here yet, so nothing is available but on a server of yours: \
                 `bulkbench doctor` says what to do."
            .into(),
        false => {
            let words: Vec<&str> = servers.iter().map(|server| server.words.as_str()).collect();
            format!("Throwaway servers here: {}.", words.join("; "))
        }
    };
    terminal::paragraph(&here, look) + "A server of yours: --server postgres://user@host/database\n"
}

/// Whether there are as many servers of a kind as the experiment needs.
pub(crate) fn enough(experiment: &Experiment, servers: &[Throwaway]) -> bool {
    let here = match experiment.disks.is_empty() {
        true => most_of_a_kind(servers),
        // Only a local server can lie on an emulated disk.
        false => servers.iter().filter(|server| server.source == Source::Local).count(),
    };
    here >= servers_needed(experiment)
}

/// The number of servers of the kind of which there are most.
fn most_of_a_kind(servers: &[Throwaway]) -> usize {
    let of = |source| servers.iter().filter(|server| server.source == source).count();
    of(Source::Local).max(of(Source::Container))
}

/// The number of servers of a kind that the experiment needs.
fn servers_needed(experiment: &Experiment) -> usize {
    // Each disk has a server of its own, of the same binaries.
    if experiment.compare == Some(Axis::Server) && experiment.disks.len() < 2 { 2 } else { 1 }
}

/// Why the experiments that compare servers cannot run here, and what to do about it.
pub(crate) fn cannot_compare(experiments: &[Experiment], servers: &[Throwaway]) -> Option<String> {
    let most = most_of_a_kind(servers);
    let ids: Vec<&str> =
        experiments.iter().filter(|e| servers_needed(e) > most.max(1)).map(|e| e.id.as_str()).collect();
    let of = |source| servers.iter().filter(|server| server.source == source).count();
    (!ids.is_empty()).then(|| {
        format!(
            "{} cannot run here: it compares servers of one kind, at least two, and there are {} from binaries and {} \
             images. `scripts/fetch-postgres 17` fetches binaries, `scripts/build-image` makes an image; --pg-bin DIR \
             and --image NAME, each given several times, name others.",
            ids.join(", "),
            of(Source::Local),
            of(Source::Container)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compares_servers_says_why_it_cannot_run() {
        let server = |source, major| Throwaway { source, major, words: String::new() };
        let all = Experiment::built_in().unwrap();
        let local = [server(Source::Local, 15), server(Source::Container, 18)];
        let why = cannot_compare(&all, &local).unwrap();
        assert!(
            why.starts_with("versions cannot run here: ") && why.contains("1 from binaries and 1 images"),
            "{why}"
        );
        assert!(why.contains("scripts/fetch-postgres") && why.contains("scripts/build-image"), "{why}");
        let two = [server(Source::Local, 15), server(Source::Local, 18)];
        assert_eq!(cannot_compare(&all, &two), None);
        let disks = all.iter().find(|experiment| experiment.id == "disks").unwrap();
        assert!(
            enough(disks, &local) && !enough(disks, &local[1..]),
            "a local server is enough for all disks"
        );
    }
}
