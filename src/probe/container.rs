//! Whether a process runs in a container.

use std::path::Path;

use super::files::Files;
use super::mounts;

/// The kind of container by the mark that engines leave in it. A machine booted from a container's
/// image has the mark too; there the root lies on a disk of its own and not on an engine's layers.
pub(super) fn kind(files: &mut Files<'_>) -> Option<&'static str> {
    let mounts = mounts::parse(&files(Path::new("/proc/self/mountinfo")).unwrap_or_default());
    let layered = mounts::holding(&mounts, Path::new("/")).is_some_and(|root| {
        matches!(root.kind.as_str(), "overlay" | "aufs" | "btrfs" | "zfs" | "fuse.fuse-overlayfs")
    });
    let release = files(Path::new("/proc/sys/kernel/osrelease")).unwrap_or_default();
    if release.to_lowercase().contains("microsoft") {
        return Some("wsl");
    }
    [("/run/.containerenv", "podman container"), ("/.dockerenv", "docker container")]
        .into_iter()
        .find_map(|(mark, kind)| (layered && files(Path::new(mark)).is_some()).then_some(kind))
}
