//! The flags that say what server and client may use of their machine.

use anyhow::{Context, Result};

use crate::model::Limits;
use crate::probe::{cores, machine};
use crate::units::memory_in_bytes;
use crate::usage;

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LimitArgs {
    /// Processors that a server started here may use, the first N of this program's [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cpus: Option<u32>,
    /// Memory that a server started here may use, the page cache of its files included, e.g. 512MB or 4GB
    /// [default: all]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory: Option<u64>,
    /// Processors that the client and the programs that it loads by may use, the last N of this program's [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub client_cpus: Option<u32>,
}

fn size(text: &str) -> Result<u64, String> {
    memory_in_bytes(text)
        .ok_or_else(|| "memory is given in whole MB or GB (of 1024s), such as 512MB or 4GB".into())
}

impl LimitArgs {
    /// What a server may use.
    pub(crate) fn of_server(&self) -> Limits {
        Limits { cpus: self.cpus, memory_bytes: self.memory }
    }

    /// Processors that the work of a run is divided among, where nothing else is said: the server's.
    pub(crate) fn cores(&self) -> u64 {
        u64::from(self.cpus.unwrap_or_else(machine::cores))
    }
}

/// Keeps this program to so many processors from now on, and what it starts but for a local server; to all of its own
/// where nothing is said. A `server` that is started here may be limited, too. From the main thread, before it starts
/// others.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for more than there are.
pub(crate) fn keep_client(client_cpus: Option<u32>, server: Option<Limits>) -> Result<()> {
    let Some(wanted) = client_cpus else { return Ok(()) };
    let all = cores::processors();
    let Some(from) = all.len().checked_sub(wanted as usize).filter(|from| *from < all.len()) else {
        return Err(usage!(
            "--client-cpus {wanted}: this program may use {} processors; name 1 to {0}, or leave it out",
            all.len()
        ));
    };
    if server.is_some_and(|limits| limits.cpus.is_none_or(|cpus| cpus as usize > from)) {
        let apart = if from > 0 { format!("; --cpus {from} keeps the two apart") } else { String::new() };
        crate::say!("the client's processors ({}) are among the server's{apart}", cores::list(&all[from..]));
    }
    cores::keep_to(&all[from..]).with_context(|| format!("keeping this program to {wanted} processors"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_in_whole_megabytes() {
        assert_eq!((size("512MB"), size("4GB")), (Ok(512 << 20), Ok(4 << 30)));
        for wrong in ["512", "0MB", "1.5GB", "100kB", "4gb", ""] {
            assert!(size(wrong).unwrap_err().contains("such as 512MB"), "{wrong}");
        }
    }

    #[test]
    fn a_client_has_at_least_one_processor_and_no_more_than_there_are() {
        keep_client(None, Some(Limits::default())).unwrap();
        let error = keep_client(Some(u32::MAX), None).unwrap_err().to_string();
        assert!(error.contains("--client-cpus") && error.contains("name 1 to"), "{error}");
    }
}
