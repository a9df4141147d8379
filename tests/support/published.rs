//! Runs that were published once, and others made of them. Their records are kept here, so that what tests know of them
//! stays true when `results/` has newer ones.

use std::path::{Path, PathBuf};

use bulkbench::model::{Run, Sample};
use bulkbench::record::{self, Store};

/// A run whose records are kept for tests.
pub(crate) fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs").join(name)
}

/// That of the main experiment: five rounds, 7.5 million rows.
pub(crate) fn votes() -> PathBuf {
    kept("2026-11-21-2-core-cloud-vm-votes")
}

/// One of three rounds, with cases of that.
pub(crate) fn loaders() -> PathBuf {
    kept("2026-11-21-2-core-cloud-vm-loaders")
}

/// Another of five rounds, with three of its cases.
pub(crate) fn fastest() -> PathBuf {
    kept("2026-11-28-2-core-cloud-vm-fastest")
}

/// One of five rounds, on servers of two versions.
pub(crate) fn versions() -> PathBuf {
    kept("2026-11-30-2-core-cloud-vm-postgresql-15-and-16-versions")
}

/// Another run than that of the main experiment, made of it; no two tests may give it the same name.
pub(crate) fn changed(name: &str, change: impl Fn(&mut Run, &mut [Sample])) -> PathBuf {
    let (mut run, mut samples) = record::load(&votes()).unwrap();
    change(&mut run, &mut samples);
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compared").join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    let mut store = Store::create(&dir, &run).unwrap();
    samples.iter().for_each(|sample| store.append(sample).unwrap());
    dir
}

/// Makes a sample take so many tenths of its time.
pub(crate) fn stretch(sample: &mut Sample, tenths: u64) {
    sample.phases.values_mut().for_each(|ns| *ns = *ns * tenths / 10);
    sample.total_ns = sample.total_ns.map(|_| sample.phases.values().sum());
}

/// The same with the samples of one case stretched.
pub(crate) fn with_stretched(name: &str, case: &str, tenths: u64) -> PathBuf {
    changed(name, |run, samples| {
        run.provenance.label = name.into();
        assert!(run.plan.cases.iter().any(|known| known.id == case), "{case}");
        samples.iter_mut().filter(|sample| sample.case == case).for_each(|sample| stretch(sample, tenths));
    })
}
