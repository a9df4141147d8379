//! A disk that is emulated beneath a server's data.

/// What a device takes for what it does: one queue, worked off by these figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmulatedDisk {
    /// The class that has these figures; `None` where they were given one by one.
    pub class: Option<String>,
    /// Bytes a second written; `None` as fast as it goes.
    pub write_bytes_per_second: Option<u64>,
    /// Bytes a second read; `None` as fast as it goes.
    pub read_bytes_per_second: Option<u64>,
    /// Operations a second at other places than the last one; `None` as many as it goes.
    pub operations_per_second: Option<u64>,
    /// Nanoseconds of a flush.
    pub flush_ns: u64,
    /// Nanoseconds on the way to another place.
    pub seek_ns: u64,
}

impl EmulatedDisk {
    /// Whether it delays nothing: the control that shows what the emulation itself costs.
    pub fn is_without_delay(&self) -> bool {
        let Self { class: _, write_bytes_per_second, read_bytes_per_second, operations_per_second, .. } =
            self;
        [write_bytes_per_second, read_bytes_per_second, operations_per_second]
            .iter()
            .all(|limit| limit.is_none())
            && self.flush_ns == 0
            && self.seek_ns == 0
    }

    /// Nanoseconds that so many bytes take at this rate.
    pub(crate) fn transfer_ns(bytes: u64, per_second: Option<u64>) -> u64 {
        per_second.map_or(0, |rate| {
            let ns = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
            u64::try_from(ns).unwrap_or(u64::MAX)
        })
    }

    /// Nanoseconds of an operation at another place that transfers for so long.
    pub(crate) fn elsewhere_ns(&self, transfer_ns: u64) -> u64 {
        let least = self.operations_per_second.map_or(0, |rate| 1_000_000_000 / rate.max(1));
        self.seek_ns.saturating_add(transfer_ns).max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_elsewhere_takes_the_seek_and_no_less_than_its_share_of_a_second() {
        let disk =
            EmulatedDisk { operations_per_second: Some(100), seek_ns: 9_000_000, ..EmulatedDisk::default() };
        assert!(!disk.is_without_delay() && EmulatedDisk::default().is_without_delay());
        assert_eq!(disk.elsewhere_ns(100_000), 10_000_000);
        assert_eq!(disk.elsewhere_ns(5_000_000), 14_000_000);
        assert_eq!(EmulatedDisk::transfer_ns(1_000_000, Some(100_000_000)), 10_000_000);
        assert_eq!(EmulatedDisk::transfer_ns(1_000_000, None), 0);
    }
}
