//! What a server may use of its machine.

/// What a server may use of its machine: all, where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Processors.
    pub cpus: Option<u32>,
    /// Memory in bytes, the page cache of its files included.
    pub memory_bytes: Option<u64>,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// These, with what `under` says where these say nothing.
    #[must_use]
    pub(crate) fn over(self, under: Self) -> Self {
        Self { cpus: self.cpus.or(under.cpus), memory_bytes: self.memory_bytes.or(under.memory_bytes) }
    }

    /// In words: `1 processor and 512MB of memory`.
    pub(crate) fn words(self) -> String {
        let cpus = self.cpus.map(|cpus| format!("{cpus} processor{}", if cpus == 1 { "" } else { "s" }));
        let memory = self.memory_bytes.map(|bytes| format!("{} of memory", size_words(bytes)));
        let words: Vec<String> = cpus.into_iter().chain(memory).collect();
        words.join(" and ")
    }
}

/// Bytes as settings write them, in whole GB where they are, else in whole MB.
pub(crate) fn size_words(bytes: u64) -> String {
    const GB: u64 = 1 << 30;
    if bytes.is_multiple_of(GB) { format!("{}GB", bytes / GB) } else { format!("{}MB", bytes >> 20) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_s_limits_come_before_the_run_s() {
        let run = Limits { cpus: Some(4), memory_bytes: Some(1 << 30) };
        let case = Limits { cpus: Some(1), memory_bytes: None };
        assert_eq!(case.over(run), Limits { cpus: Some(1), memory_bytes: Some(1 << 30) });
        assert_eq!(Limits::default().over(run), run);
        assert!(Limits::default().is_empty() && !case.is_empty());
    }

    #[test]
    fn limits_are_said_as_people_say_them() {
        let limits = |cpus, memory_bytes| Limits { cpus, memory_bytes }.words();
        assert_eq!(limits(Some(1), Some(512 << 20)), "1 processor and 512MB of memory");
        assert_eq!(limits(Some(2), None), "2 processors");
        assert_eq!(limits(None, Some(3 << 30)), "3GB of memory");
    }
}
