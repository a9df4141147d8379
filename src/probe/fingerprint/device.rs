//! The device beneath a file system, as the kernel describes it.

use std::path::Path;

use super::kernel::{chosen, text};
use crate::model::{Fact, Fingerprint};
use crate::probe::{block_device, disk, mounts};

/// Options of mounts that say how data is written; others may hold paths and names.
const OPTIONS: [&str; 22] = [
    "rw",
    "ro",
    "sync",
    "async",
    "dirsync",
    "relatime",
    "noatime",
    "strictatime",
    "lazytime",
    "discard",
    "nodiscard",
    "barrier",
    "nobarrier",
    "delalloc",
    "nodelalloc",
    "journal_checksum",
    "journal_async_commit",
    "compress",
    "nodatacow",
    "nodatasum",
    "ssd",
    "dax",
];

/// Those that have a value which is a word or a number.
const WITH_VALUE: [&str; 8] =
    ["barrier", "data", "commit", "compress", "stripe", "logbufs", "logbsize", "errors"];

pub(super) fn add(found: &mut Fingerprint, dir: &Path) {
    let mounts = mounts::mounts();
    if let Some(mount) = dir.canonicalize().ok().and_then(|dir| mounts::holding(&mounts, &dir).cloned()) {
        if disk::in_memory(&mount.kind) {
            found.words(Fact::Device, Some("memory".into()));
        }
        let all = format!("{},{}", mount.mounted, mount.options);
        found.words(Fact::MountOptions, Some(told(&all)));
    }
    let Some(device) = block_device::beneath(dir).and_then(block_device::whole) else { return };
    found.words(Fact::Device, Some(class(&device)));
    let queue = device.join("queue");
    found.words(
        Fact::Scheduler,
        text(queue.join("scheduler")).and_then(|words| chosen(&words).or(Some(words))),
    );
    found.words(Fact::WriteCache, text(queue.join("write_cache")));
}

/// The options that may be told, each once.
fn told(options: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for option in options.split(',') {
        let known = match option.split_once('=') {
            Some((name, value)) => WITH_VALUE.contains(&name) && value.chars().all(char::is_alphanumeric),
            None => OPTIONS.contains(&option),
        };
        if known && !out.contains(&option) {
            out.push(option);
        }
    }
    out.join(",")
}

/// The kind of a device, by its name and what its queue says.
fn class(device: &Path) -> String {
    let name = device.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let rotational = text(device.join("queue/rotational")).is_some_and(|answer| answer == "1");
    let kind = match name {
        name if name.starts_with("nvme") => "NVMe",
        name if ["vd", "xvd", "nbd"].iter().any(|virtual_| name.starts_with(virtual_)) => "virtual",
        name if name.starts_with("dm-") => "device mapper",
        name if name.starts_with("md") => "software RAID",
        name if name.starts_with("loop") => "loop",
        _ if rotational => "rotational",
        _ => "solid state",
    };
    match kind {
        "virtual" | "device mapper" | "software RAID" if rotational => {
            format!("{kind}, said to be rotational")
        }
        _ => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_with_paths_stay_out() {
        let all =
            "rw,relatime,lowerdir=/home/me/a:/b,data=ordered,errors=remount-ro,barrier=1,uid=1000,rw,discard";
        assert_eq!(told(all), "rw,relatime,data=ordered,barrier=1,discard");
    }

    #[test]
    fn a_device_is_known_by_its_name() {
        assert_eq!(class(Path::new("/sys/devices/x/nvme0n1")), "NVMe");
        assert_eq!(class(Path::new("/sys/devices/x/vda")), "virtual");
        assert_eq!(class(Path::new("/sys/devices/x/sda")), "solid state");
    }
}
