//! What a throwaway server may use of its machine: whether the machine has so much, whether it is enough, and whether
//! it holds.

use std::path::Path;

use anyhow::Result;

use super::{Connector, Settings, place};
use crate::model::{Limits, size_words};
use crate::probe::{cgroup, cores, machine};
use crate::unavailable;
use crate::units::size_in_bytes;

/// Memory that a server needs besides its shared buffers: its processes, their work memory, the buffers of its WAL, and
/// some page cache.
const BESIDES: u64 = 64 << 20;

/// A block of the server's, which settings without a unit count in.
const BLOCK: u64 = 8192;

/// The numbers of the first processors of those that this program was given: those of a server that may use so many.
pub(crate) fn first_processors(cpus: u32) -> &'static [u32] {
    let all = cores::processors();
    &all[..all.len().min(cpus as usize)]
}

/// Why a server on this machine cannot have that much, in words; `None` where it can.
pub(crate) fn beyond(limits: Limits) -> Option<String> {
    let (cores, memory) = (machine::cores(), machine::memory_bytes());
    if let Some(cpus) = limits.cpus.filter(|cpus| *cpus > cores) {
        return Some(format!(
            "{cpus} processors are more than the {cores} that there are here; name 1 to {cores}"
        ));
    }
    let bytes = limits.memory_bytes.filter(|bytes| memory > 0 && *bytes > memory)?;
    Some(format!(
        "{} of memory are more than the {} that there are here; name less",
        size_words(bytes),
        size_words(memory)
    ))
}

/// Why a server with these settings needs more memory, in words; `None` where it does not.
pub(crate) fn too_little(limits: Limits, settings: &Settings) -> Option<String> {
    let memory = limits.memory_bytes?;
    let value = settings.get("shared_buffers")?;
    let blocks = || value.trim().parse::<u64>().ok()?.checked_mul(BLOCK);
    let buffers = size_in_bytes(value).or_else(blocks)?;
    let least = buffers.saturating_add(BESIDES);
    (memory < least).then(|| {
        format!(
            "{} of memory are less than the {} that the server needs with shared_buffers = {value}, which are {} more; \
             give it more memory, or smaller shared_buffers",
            size_words(memory),
            size_words(least),
            size_words(BESIDES)
        )
    })
}

/// Passes where the server may use what it is to use and no more, as the kernel tells a process of its own.
///
/// # Errors
/// [`crate::fault::Fault::Unavailable`] where it may use something else, or that cannot be seen.
pub(crate) fn verify(connector: &Connector, limits: Limits) -> Result<()> {
    if limits.is_empty() {
        return Ok(());
    }
    connector.asking(|| {
        let mut session = connector.connect()?;
        let mut failed = None::<anyhow::Error>;
        let mut files = |path: &Path| match place::file(&mut session, path) {
            Ok(text) => text,
            Err(error) => {
                failed.get_or_insert(error);
                None
            }
        };
        let found = Limits {
            cpus: limits.cpus.and_then(|_| cores::count(&cores::allowed(&mut files)?)),
            memory_bytes: limits.memory_bytes.and_then(|_| cgroup::memory_limit(&mut files)),
        };
        failed.map_or_else(|| held(limits, found), Err)
    })
}

fn held(wanted: Limits, found: Limits) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    let found = if found.is_empty() { "nothing that limits it".into() } else { found.words() };
    Err(unavailable!(
        "the server was to have {}, and a process of its own finds {found}: the limit does not hold here; leave it out",
        wanted.words()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn memory(bytes: u64) -> Limits {
        Limits { cpus: None, memory_bytes: Some(bytes) }
    }

    #[test]
    fn more_than_there_is_is_refused_with_what_there_is() {
        let cores = machine::cores();
        let cpus = |cpus| beyond(Limits { cpus: Some(cpus), memory_bytes: None });
        assert_eq!(cpus(cores), None);
        assert!(cpus(cores + 1).unwrap().contains(&format!("name 1 to {cores}")));
        assert_eq!(beyond(memory(MB)), None);
        assert!(beyond(memory(1 << 60)).unwrap().contains("more than the"));
        assert_eq!(beyond(Limits::default()), None);
    }

    #[test]
    fn memory_has_to_hold_the_shared_buffers_and_some_more() {
        let with = |value: &str| Settings::from([("shared_buffers".into(), value.into())]);
        assert_eq!(too_little(memory(512 * MB), &with("128MB")), None);
        assert_eq!(too_little(memory(192 * MB), &with("128MB")), None);
        let words = too_little(memory(128 * MB), &with("128MB")).unwrap();
        assert!(words.contains("less than the 192MB"), "{words}");
        assert!(too_little(memory(128 * MB), &with("16384")).is_some(), "in blocks of 8 KiB");
        assert_eq!(too_little(Limits::default(), &with("128MB")), None);
    }

    #[test]
    fn what_does_not_hold_is_an_error_that_says_both() {
        let wanted = Limits { cpus: Some(1), memory_bytes: Some(512 * MB) };
        held(wanted, wanted).unwrap();
        let error = held(wanted, Limits { cpus: Some(2), ..wanted }).unwrap_err().to_string();
        assert!(error.contains("1 processor and 512MB") && error.contains("finds 2 processors"), "{error}");
        let error = held(wanted, Limits::default()).unwrap_err().to_string();
        assert!(error.contains("nothing that limits it"), "{error}");
    }
}
