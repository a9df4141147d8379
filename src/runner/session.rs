//! A run from its cases to its samples: what they load, which can run, on how many rows, and the
//! samples themselves.

use std::time::Duration;

use anyhow::Result;

use crate::dataset::Dataset;
use crate::interrupt::Interrupt;
use crate::method::Catalogue;
use crate::model::{Case, Plan, Sample};
use crate::runner::progress::Progress;
use crate::runner::reset::rows_after;
use crate::runner::stage::ServerStage;
use crate::runner::{Ended, availability, budget, execute, plan};
use crate::server::Server;

/// The servers and datasets of a run, by the names that cases give them; the first of each is that of
/// cases that give none.
pub struct Session<'a> {
    catalogue: &'a Catalogue,
    servers: Vec<(String, &'a mut dyn Server)>,
    datasets: &'a [(String, Dataset)],
    interrupt: Interrupt,
    timeout: Duration,
}

impl<'a> Session<'a> {
    /// Loads these datasets into these servers by methods of the catalogue; no sample takes longer than `timeout`.
    pub fn new(
        catalogue: &'a Catalogue,
        servers: Vec<(String, &'a mut dyn Server)>,
        datasets: &'a [(String, Dataset)],
        interrupt: &Interrupt,
        timeout: Duration,
    ) -> Self {
        Self { catalogue, servers, datasets, interrupt: interrupt.clone(), timeout }
    }

    /// Marks the cases that cannot run on the server and with the dataset that they name.
    ///
    /// # Errors
    /// When the reason cannot be found out.
    pub fn mark(&self, cases: &mut [Case]) -> Result<()> {
        for (place, (server_name, server)) in self.servers.iter().enumerate() {
            for (name, dataset) in self.datasets {
                let here = |case: &&mut Case| {
                    let on_it = case.key.server.as_deref().map_or(place == 0, |named| named == server_name);
                    on_it && case.key.axes.dataset.as_deref().unwrap_or_default() == name
                };
                availability::mark(self.catalogue, cases.iter_mut().filter(here), &**server, dataset)?;
            }
        }
        Ok(())
    }

    /// Finds the row counts of the slow cases, of which a sample is to take so long.
    ///
    /// # Errors
    /// As [`budget::calibrate`].
    pub fn calibrate(&mut self, cases: &mut [Case], budget: Duration) -> Result<()> {
        budget::calibrate(self.catalogue, &mut self.stage(), cases, budget)
    }

    /// Takes the samples of the plan that `done` lacks; see [`execute()`].
    ///
    /// # Errors
    /// As [`execute()`].
    pub fn execute(
        &mut self,
        plan: &Plan,
        done: &[Sample],
        keep: &mut dyn FnMut(&Sample) -> Result<()>,
        progress: &mut dyn Progress,
    ) -> Result<Ended> {
        execute(plan, done, &mut self.stage(), keep, progress)
    }

    fn stage(&mut self) -> ServerStage<'_> {
        let servers = self.servers.iter_mut().map(|(name, server)| {
            let server: &mut dyn Server = &mut **server;
            (name.clone(), server)
        });
        ServerStage::over(
            self.catalogue,
            servers.collect(),
            self.datasets.iter().map(|(name, dataset)| (name.clone(), dataset)).collect(),
            self.interrupt.clone(),
            self.timeout,
        )
    }
}

/// The run's dataset first, then the other forms of it that cases name, each in the encodings that
/// its cases read.
///
/// # Errors
/// When one cannot be made, or work has to stop.
pub fn datasets(
    catalogue: &Catalogue,
    main: Dataset,
    cases: &[Case],
    interrupt: &Interrupt,
) -> Result<Vec<(String, Dataset)>> {
    let mut datasets = vec![(String::new(), main)];
    for name in cases.iter().filter_map(|case| case.key.axes.dataset.as_ref()) {
        if !datasets.iter().any(|(known, _)| known == name) {
            let form = datasets[0].1.in_form(name, interrupt)?;
            datasets.push((name.clone(), form));
        }
    }
    for (name, dataset) in &mut datasets {
        let of_it = |case: &&Case| case.key.axes.dataset.as_deref().unwrap_or_default() == name;
        for encoding in plan::encodings(catalogue, cases.iter().filter(of_it))? {
            dataset.ensure(encoding, interrupt)?;
        }
    }
    Ok(datasets)
}

/// How many times a table of these cases holds the rows at the most.
///
/// # Errors
/// When a case names a method that is not in the catalogue.
pub fn most_times(catalogue: &Catalogue, cases: &[Case]) -> Result<u64> {
    let mut most = 1;
    for case in cases {
        most = most.max(rows_after(catalogue.find(&case.key.method)?.info(), &case.params, 0).times);
    }
    Ok(most)
}
