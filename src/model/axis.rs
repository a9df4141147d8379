//! The axes of an experiment: what its cases differ in.

use std::fmt;

/// A property that cases differ in: an experiment compares its values, or draws its curve over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Axis {
    /// The method.
    Method,
    /// The rows loaded.
    Rows,
    /// The form of the rows.
    Dataset,
    /// The collation of the text columns.
    Collation,
    /// Milliseconds added to each round trip.
    Latency,
    /// Processors that the server may use.
    Cpus,
    /// Bytes of memory that the server may use.
    Memory,
    /// The server.
    Server,
    /// Milliseconds of a flush of the disk that is emulated beneath the server's data: that of the server.
    Flush,
    /// The parameter of this name, in the parameter's own unit.
    Param(String),
    /// The server's setting of this name: bytes where it is a size, else in the setting's own unit.
    Setting(String),
}

impl Axis {
    /// The axis of this name that is neither a parameter nor a setting.
    pub(crate) fn fixed(name: &str) -> Option<Self> {
        let fixed = [
            Axis::Method,
            Axis::Rows,
            Axis::Dataset,
            Axis::Collation,
            Axis::Latency,
            Axis::Cpus,
            Axis::Memory,
            Axis::Server,
            Axis::Flush,
        ];
        fixed.into_iter().find(|axis| axis.name() == name)
    }

    /// As experiments and ids name it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Axis::Method => "method",
            Axis::Rows => "rows",
            Axis::Dataset => "dataset",
            Axis::Collation => "collation",
            Axis::Latency => "latency_ms",
            Axis::Cpus => "cpus",
            Axis::Memory => "memory",
            Axis::Server => "server",
            Axis::Flush => "flush",
            Axis::Param(name) | Axis::Setting(name) => name,
        }
    }

    /// Whether its values are numbers that a curve can be drawn over.
    pub(crate) fn has_numbers(&self) -> bool {
        match self {
            Axis::Rows
            | Axis::Latency
            | Axis::Cpus
            | Axis::Memory
            | Axis::Flush
            | Axis::Param(_)
            | Axis::Setting(_) => true,
            Axis::Method | Axis::Dataset | Axis::Collation | Axis::Server => false,
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
