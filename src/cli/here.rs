//! Whether a method can run on the throwaway servers here.

use super::programs::Programs;
use crate::method::{Info, Need};

/// Whether something can run on the throwaway servers here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunsHere {
    /// It can.
    Yes,
    /// It can, and the server itself reads the input, which an external server may not be able to.
    WithFile,
    /// It cannot.
    No,
}

impl RunsHere {
    /// As it is listed.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::WithFile => "yes *",
            Self::No => "no",
        }
    }
}

/// The programs and the newest server that are here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here<'p> {
    /// The major version of the newest throwaway server.
    pub newest: Option<u32>,
    /// The external programs.
    pub programs: &'p Programs<'p>,
}

/// Whether a method can run on the throwaway servers here.
pub(crate) fn here(info: &Info, Here { newest, programs }: Here<'_>) -> RunsHere {
    let too_old =
        |newest: u32| info.needs.iter().any(|need| matches!(need, Need::Version(major) if *major > newest));
    match newest {
        _ if programs.lacks(&info.id) => RunsHere::No,
        None => RunsHere::No,
        Some(newest) if too_old(newest) => RunsHere::No,
        Some(_) if info.needs.contains(&Need::ReadsFile) => RunsHere::WithFile,
        Some(_) => RunsHere::Yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Catalogue;

    #[test]
    fn a_method_for_newer_servers_is_not_available() {
        let catalogue = Catalogue::built_in();
        let merge = catalogue.find("update-merge").unwrap().info();
        let programs = Programs::default();
        let at = |newest| here(merge, Here { newest, programs: &programs });
        assert_eq!([at(None), at(Some(14)), at(Some(15))], [RunsHere::No, RunsHere::No, RunsHere::Yes]);
    }
}
