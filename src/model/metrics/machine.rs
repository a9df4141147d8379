//! What else the client's machine did during a load.

use super::usual::USUAL;
use crate::model::metric::{About, Better, Metric, Unit};

const STAT: &str =
    "/proc/stat of the client's machine (proc(5)) at both ends, to the clock tick, mostly 10 ms.";

const MACHINE: About = About {
    better: Better::Neither,
    source: STAT,
    absent: "The kernel does not tell, or no clock tick passed.",
    ..USUAL
};

/// Metrics of the machine.
pub(super) const LIST: [(Metric, About); 4] = [
    (
        Metric::Steal,
        About {
            unit: Unit::PerMille,
            title: "steal",
            help: "The share of the time of all processors that a virtual machine wanted and was not given.",
            ..MACHINE
        },
    ),
    (
        Metric::OtherLoad,
        About {
            unit: Unit::PerMille,
            title: "other load",
            help: "The share of the time of all processors that neither the server nor the client used: other programs, \
                   and what the kernel does by itself, as writing files out.",
            source: "What /proc/stat counts as busy at both ends, without the CPU time of the server, of the client and of its \
                     children that have ended; to the clock tick, mostly 10 ms.",
            absent: "The kernel does not tell, the server's CPU time cannot be seen, or no clock tick passed.",
            ..MACHINE
        },
    ),
    (
        Metric::MemoryPressure,
        About {
            unit: Unit::Nanoseconds,
            title: "memory pressure",
            help: "Time in which any process of the machine waited for memory.",
            source: "The total of `some` in /proc/pressure/memory at both ends.",
            absent: "The kernel does not tell (CONFIG_PSI).",
            ..MACHINE
        },
    ),
    (
        Metric::Frequency,
        About {
            unit: Unit::Hertz,
            title: "CPU frequency",
            help: "The frequency of the processors, mean over all of them and both ends.",
            source: "/sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq of the client's machine.",
            absent: "The kernel does not tell, as in most virtual machines.",
            ..MACHINE
        },
    ),
];
