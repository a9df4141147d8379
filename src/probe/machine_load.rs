//! What this machine does at the moment: its processors, its memory, their speed.

use std::fs;
use std::path::Path;

/// Times that the kernel has counted since it started, of all processors together, in clock ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ticks {
    /// All of it.
    pub all: u64,
    /// At work for a process or for the kernel.
    pub busy: u64,
    /// Wanted by this virtual machine, and given to another.
    pub steal: u64,
}

impl Ticks {
    /// Those since an earlier reading; `None` where there are none.
    pub(crate) fn since(self, before: Self) -> Option<Self> {
        let all = self.all.checked_sub(before.all).filter(|all| *all > 0)?;
        // Counters of idle processors may go back a little.
        let (busy, steal) = (self.busy.saturating_sub(before.busy), self.steal.saturating_sub(before.steal));
        Some(Self { all, busy, steal })
    }

    /// Nanoseconds that were busy.
    pub(crate) fn busy_ns(self) -> u64 {
        self.busy * (1_000_000_000 / rustix::param::clock_ticks_per_second())
    }

    /// How many thousandths of all so many nanoseconds are.
    pub(crate) fn per_mille(self, ns: u64) -> u64 {
        let all_ns = self.all * (1_000_000_000 / rustix::param::clock_ticks_per_second());
        (u128::from(ns) * 1000 / u128::from(all_ns.max(1))).min(1000) as u64
    }

    /// Thousandths of all that were stolen.
    pub(crate) fn steal_per_mille(self) -> u64 {
        self.steal * 1000 / self.all.max(1)
    }
}

/// Times of the processors; `None` where the kernel does not tell.
pub(crate) fn ticks() -> Option<Ticks> {
    parse_ticks(&fs::read_to_string("/proc/stat").ok()?)
}

/// The first line, of all processors: user, nice, system, idle, iowait, irq, softirq, steal; what follows is in these
/// (proc(5)).
fn parse_ticks(stat: &str) -> Option<Ticks> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = line.split_whitespace().map_while(|field| field.parse().ok()).collect();
    let [user, nice, system, idle, iowait, irq, softirq, steal] = *fields.first_chunk()?;
    let busy = user + nice + system + irq + softirq;
    Some(Ticks { all: busy + idle + iowait + steal, busy, steal })
}

/// Nanoseconds in which any process waited for memory since the kernel started; `None` where it does not tell
/// (Documentation/accounting/psi.rst of the kernel).
pub(crate) fn memory_pressure_ns() -> Option<u64> {
    parse_pressure(&fs::read_to_string("/proc/pressure/memory").ok()?)
}

fn parse_pressure(text: &str) -> Option<u64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let us: u64 = some.split_whitespace().find_map(|field| field.strip_prefix("total="))?.parse().ok()?;
    us.checked_mul(1000)
}

/// The frequency of the processors in Hertz, the mean of those that tell; `None` where none does
/// (Documentation/admin-guide/pm/cpufreq.rst of the kernel, which writes kilohertz).
pub(crate) fn frequency_hz() -> Option<u64> {
    frequency_below(Path::new("/sys/devices/system/cpu"))
}

fn frequency_below(dir: &Path) -> Option<u64> {
    let of_processor = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path().join("cpufreq/scaling_cur_freq")).ok()?;
        text.trim().parse::<u64>().ok()
    };
    let khz: Vec<u64> = fs::read_dir(dir).ok()?.filter_map(|entry| of_processor(entry.ok()?)).collect();
    (khz.iter().sum::<u64>() * 1000).checked_div(khz.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_busy_or_stolen_or_neither() {
        let stat = "cpu  100 10 50 800 20 5 5 10 7 0\ncpu0 1 2 3\n";
        let before = parse_ticks(stat).unwrap();
        assert_eq!(before, Ticks { all: 1000, busy: 170, steal: 10 });
        assert_eq!(parse_ticks("cpu  1 2 3\n"), None);
        let after = Ticks { all: 1400, busy: 270, steal: 110 };
        let between = after.since(before).unwrap();
        assert_eq!(between, Ticks { all: 400, busy: 100, steal: 100 });
        assert_eq!(between.steal_per_mille(), 250);
        assert_eq!(between.per_mille(between.busy_ns()), 250);
        assert_eq!(before.since(before), None);
    }

    #[test]
    fn time_without_memory_is_told_in_nanoseconds() {
        let text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 total=3\n";
        assert_eq!(parse_pressure(text), Some(12_000));
        assert_eq!(parse_pressure(""), None);
    }

    #[test]
    fn the_frequency_is_the_mean_of_the_processors_that_tell() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(frequency_below(dir.path()), None);
        for (processor, khz) in [("cpu0", "2000000\n"), ("cpu1", "3000000\n"), ("cpuidle", "x")] {
            let dir = dir.path().join(processor).join("cpufreq");
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join("scaling_cur_freq"), khz).unwrap();
        }
        assert_eq!(frequency_below(dir.path()), Some(2_500_000_000));
    }
}
