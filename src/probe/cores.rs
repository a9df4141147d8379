//! How many processors there are for this process.

/// Processors that this process may use: its affinity, or the control group's quota where that is less.
pub fn cores() -> u32 {
    // The standard library asks for both, in either version of control groups.
    std::thread::available_parallelism().map_or(1, |cores| cores.get().try_into().unwrap_or(u32::MAX))
}
