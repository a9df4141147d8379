//! The fingerprint of a machine: facts and figures by which it can be told from others, none of which names it.

use std::collections::BTreeMap;

use super::word::words;

words! {
    /// A fact of a machine, of a server on it, or of the file system that a server's data lies on.
    pub enum Fact {
        /// The model of the processors, as the kernel names it; of a machine that is not the client's.
        Processor = "processor",
        /// Processor packages.
        Sockets = "sockets",
        /// Cores, of all packages.
        PhysicalCores = "physical_cores",
        /// Processors that the kernel runs, of all cores.
        Threads = "threads",
        /// The first cache for data of a core.
        L1 = "l1_bytes",
        /// The second cache of a core.
        L2 = "l2_bytes",
        /// The third cache of a package, or of a part of it.
        L3 = "l3_bytes",
        /// The highest frequency of a processor.
        MaxFrequency = "max_frequency_hz",
        /// The policy by which frequencies are chosen.
        Governor = "frequency_governor",
        /// Bytes a second that all processors read from memory at once.
        MemoryBandwidth = "memory_bytes_per_second",
        /// Memory; of a machine that is not the client's.
        Memory = "memory_bytes",
        /// Memory that is set aside for huge pages.
        HugePages = "huge_pages_bytes",
        /// Whether the kernel makes huge pages by itself.
        TransparentHugePages = "transparent_huge_pages",
        /// Swap space.
        Swap = "swap_bytes",
        /// Whether memory that lies free goes back to the host of a virtual machine.
        FreeMemory = "free_memory",
        /// The processors that its processes may run on, as the kernel lists them.
        Allowed = "processors_allowed",
        /// Hundredths of a processor that control groups leave.
        CpuLimit = "cgroup_cpu_percent",
        /// Memory that control groups leave.
        MemoryLimit = "cgroup_memory_bytes",
        /// Name and release of the kernel; of a machine that is not the client's.
        Kernel = "kernel",
        /// The kind of container that a server runs in, or `none`.
        Container = "container",
        /// The way in which a server's shared memory is had (`shared_memory_type`).
        SharedMemoryType = "shared_memory_type",
        /// The way in which workers' shared memory is had (`dynamic_shared_memory_type`).
        DynamicSharedMemoryType = "dynamic_shared_memory_type",
        /// A server's shared memory in all (`shared_memory_size`, 15 and later).
        SharedMemory = "shared_memory_bytes",
        /// A page of the WAL (`wal_block_size`).
        WalBlock = "wal_block_bytes",
        /// The file that a larger table is divided into (`segment_size`).
        Segment = "segment_bytes",
        /// The clock that the kernel reads.
        ClockSource = "clock_source",
        /// The time that a look at the clock takes.
        ClockCost = "clock_ns",
        /// The kind of the file system.
        FileSystem = "filesystem",
        /// The kind of device beneath the file system.
        Device = "device",
        /// The options of the mount, but for paths.
        MountOptions = "mount_options",
        /// Whether the file system has the device write out at a flush what it holds, by the options of the mount.
        Barriers = "barriers",
        /// The scheduler of the device's queue.
        Scheduler = "io_scheduler",
        /// The device's write cache, as the kernel takes it.
        WriteCache = "write_cache",
        /// Flushes confirmed a second.
        Flushes = "flushes_per_second",
        /// The median time of a flush.
        FlushMedian = "flush_p50_ns",
        /// The time that 99 of 100 flushes take at most.
        FlushP99 = "flush_p99_ns",
        /// Bytes a second written in sequence, with the flush at the end.
        SequentialWrite = "write_bytes_per_second",
        /// Bytes a second read in sequence, of what the kernel does not hold in memory.
        SequentialRead = "read_bytes_per_second",
        /// Pages of 8 KiB read a second from random places, one after the other, past the kernel's memory.
        RandomReads = "random_reads_per_second",
    }
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactValue {
    /// A number, in the unit that the fact's name ends with.
    Number(u64),
    /// A word or several.
    Words(String),
}

impl Fact {
    /// As tables have it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Sockets => "sockets",
            Self::PhysicalCores => "cores",
            Self::Threads => "threads",
            Self::L1 => "first cache for data",
            Self::L2 => "second cache",
            Self::L3 => "third cache",
            Self::MaxFrequency => "highest frequency",
            Self::Governor => "frequency policy",
            Self::MemoryBandwidth => "memory read",
            Self::Memory => "memory",
            Self::HugePages => "huge pages set aside",
            Self::TransparentHugePages => "transparent huge pages",
            Self::Swap => "swap",
            Self::FreeMemory => "free memory",
            Self::Allowed => "may run on processors",
            Self::CpuLimit => "control group's processors",
            Self::MemoryLimit => "control group's memory",
            Self::Kernel => "kernel",
            Self::Container => "container",
            Self::SharedMemoryType => "shared memory by",
            Self::DynamicSharedMemoryType => "workers' shared memory by",
            Self::SharedMemory => "shared memory",
            Self::WalBlock => "page of the WAL",
            Self::Segment => "file of a table",
            Self::ClockSource => "clock",
            Self::ClockCost => "a look at the clock",
            Self::FileSystem => "file system",
            Self::Device => "device",
            Self::MountOptions => "mount options",
            Self::Barriers => "barriers",
            Self::Scheduler => "I/O scheduler",
            Self::WriteCache => "write cache",
            Self::Flushes => "flushes confirmed",
            Self::FlushMedian => "a flush, median",
            Self::FlushP99 => "a flush, 99 of 100",
            Self::SequentialWrite => "written in sequence, flushed",
            Self::SequentialRead => "read in sequence",
            Self::RandomReads => "8 KiB read at random",
        }
    }
}

/// The facts of a machine that are known, each with its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<Fact, FactValue>);

impl Fingerprint {
    /// Adds a number, where it is known.
    pub(crate) fn number(&mut self, fact: Fact, value: Option<u64>) {
        self.0.extend(value.map(|value| (fact, FactValue::Number(value))));
    }

    /// Adds words, where they are known.
    pub(crate) fn words(&mut self, fact: Fact, value: Option<String>) {
        let words = value.filter(|words| !words.is_empty());
        self.0.extend(words.map(|words| (fact, FactValue::Words(words))));
    }

    /// Adds all that another has.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The value of a fact, where it is known.
    pub fn get(&self, fact: Fact) -> Option<&FactValue> {
        self.0.get(&fact)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known, in the order of the list.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Fact, &FactValue)> {
        self.0.iter().map(|(fact, value)| (*fact, value))
    }
}

impl FromIterator<(Fact, FactValue)> for Fingerprint {
    fn from_iter<I: IntoIterator<Item = (Fact, FactValue)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}
