//! Names that no two runs share.

use std::sync::atomic::{AtomicU32, Ordering};

/// An id for a server's paths, labels and schema: the time, the process, and a counter within it.
pub fn new_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    format!("{now}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
