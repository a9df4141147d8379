//! What each case of a run is held against: the baseline, or the case that the experiment names for it.

use super::summary::Summary;
use crate::model::{Case, Role};

/// The case that the plan names for this one to be held against. Naming itself, a case says that
/// it is a reference.
fn named(case: &Case) -> Option<&str> {
    case.against.as_deref().filter(|id| case.role == Role::Case && *id != case.id)
}

/// Whether a case is nothing but what others are held against.
pub(super) fn is_reference(case: &Case, all: &[Summary]) -> bool {
    let is_itself = case.against.as_ref() == Some(&case.id);
    let is_named = || all.iter().any(|s| named(s.case) == Some(&case.id));
    case.role == Role::Case && named(case).is_none() && (is_itself || is_named())
}

/// The id of the case that this one is held against; `None` for the baseline and for references.
pub(super) fn against<'a>(case: &'a Case, all: &[Summary<'a>]) -> Option<&'a str> {
    match named(case) {
        _ if case.role == Role::Baseline || is_reference(case, all) => None,
        Some(id) => Some(id),
        None => place(all, Role::Baseline).map(|place| all[place].case.id.as_str()),
    }
}

/// The place among the cases of the one that this case is held against; `None` where there is none.
pub(super) fn other(case: &Case, all: &[Summary]) -> Option<usize> {
    let id = against(case, all)?;
    all.iter().position(|s| s.case.id == id)
}

/// The place of the case with this role, which is not that of most.
pub(super) fn place(all: &[Summary], role: Role) -> Option<usize> {
    all.iter().position(|s| s.case.role == role)
}
