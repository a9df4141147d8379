//! Work side by side, one thread a job.

use anyhow::{Context, Result};

/// Does `work` with each item at once, a thread each, and waits for all of them. Items that are
/// connections are passed by reference: closing them is no part of what is timed.
///
/// # Errors
/// The first error by the order of the items; none outlives the call.
pub(crate) fn side_by_side<T: Send>(items: Vec<T>, work: impl Fn(T) -> Result<()> + Sync) -> Result<()> {
    let several = items.len() > 1;
    std::thread::scope(|scope| {
        let running: Vec<_> = items.into_iter().map(|item| scope.spawn(|| work(item))).collect();
        // All are waited for before the first error is looked at.
        let ended: Vec<_> = running.into_iter().map(|job| job.join()).collect();
        (1..).zip(ended).try_for_each(|(number, job)| {
            let done = job.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            if several { done.with_context(|| format!("in parallel job {number}")) } else { done }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn all_jobs_end_and_the_first_error_is_returned() {
        let ended = AtomicUsize::new(0);
        let error = side_by_side(vec![1, 2, 3], |n| {
            ended.fetch_add(1, Ordering::Relaxed);
            if n > 1 { Err(anyhow::anyhow!("no {n}")) } else { Ok(()) }
        })
        .unwrap_err();
        assert_eq!(format!("{error:#}"), "in parallel job 2: no 2");
        assert_eq!(ended.into_inner(), 3);
    }
}
