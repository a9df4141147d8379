//! Everything that has a name.

use anyhow::Result;

use super::throwaways::Throwaway;
use super::{caveats, experiments, methods};
use crate::caveat::Caveat;
use crate::cli::here::Here;
use crate::experiment::{ALL_METHODS, Experiment};
use crate::fault::nearest_then;
use crate::method::Info;
use crate::report::Look;
use crate::usage;

/// A thing that has a name.
pub(crate) struct Everything<'a> {
    /// The methods.
    pub infos: &'a [&'a Info],
    /// The experiments.
    pub experiments: &'a [Experiment],
    /// The caveats.
    pub caveats: &'a [Caveat],
}

impl Everything<'_> {
    /// The entries of all that have this name: a family's methods, a method, an experiment, a caveat.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for a name that nothing has, with the nearest.
    pub(crate) fn named(
        &self,
        name: &str,
        at: Here<'_>,
        servers: &[Throwaway],
        verbose: bool,
        look: Look,
    ) -> Result<String> {
        let mut entries = Vec::new();
        for experiment in self.experiments.iter().filter(|experiment| experiment.id == name) {
            entries.push(experiments::one(experiment, servers, verbose, look));
        }
        let of_family = of_family(self.infos, name);
        if !of_family.is_empty() {
            entries.push(methods::all(&of_family, at, None, look));
        }
        for info in self.infos.iter().filter(|info| info.id == name) {
            entries.push(methods::one(info, &self.having(&info.id), at, verbose, look));
        }
        for caveat in self.caveats.iter().filter(|caveat| caveat.id == name) {
            entries.push(caveats::one(caveat, verbose, look));
        }
        if entries.is_empty() {
            let ids = self.infos.iter().map(|info| info.id.as_str());
            let families = self.infos.iter().map(|info| info.family.name());
            let experiments = self.experiments.iter().map(|experiment| experiment.id.as_str());
            let caveats = self.caveats.iter().map(|caveat| caveat.id.as_str());
            let known = ids.chain(families).chain(experiments).chain(caveats);
            return Err(usage!(
                "there is no family, method, loader, experiment or caveat `{name}`{} `bulkbench list` shows what there is, and --search {name} what speaks of it",
                nearest_then(name, known)
            ));
        }
        Ok(entries.join("\n"))
    }

    /// The experiments that load by this method.
    fn having(&self, id: &str) -> Vec<&str> {
        let has = |experiment: &&Experiment| {
            experiment.cases.iter().any(|case| case.key.method == id || case.key.method == ALL_METHODS)
        };
        self.experiments.iter().filter(has).map(|experiment| experiment.id.as_str()).collect()
    }
}

/// The methods of the family of this name; none where there is no such family.
pub(crate) fn of_family<'i>(infos: &[&'i Info], name: &str) -> Vec<&'i Info> {
    infos.iter().copied().filter(|info| info.family.name() == name).collect()
}
