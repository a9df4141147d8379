//! The device beneath a file system, as the kernel describes it.

use std::path::Path;

use crate::model::{Fact, Fingerprint};
use crate::probe::files::{Files, chosen, text};
use crate::probe::mounts::Mount;
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
        of_mount(found, &mount);
    }
    let Some(device) = block_device::beneath(dir).and_then(block_device::whole) else { return };
    let name = device.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    of_queue(found, name, |file| text(device.join("queue").join(file)));
}

/// What a mount tells.
pub(super) fn of_mount(found: &mut Fingerprint, mount: &Mount) {
    if disk::in_memory(&mount.kind) {
        found.words(Fact::Device, Some("memory".into()));
    }
    found.words(Fact::MountOptions, Some(told(&format!("{},{}", mount.mounted, mount.options))));
    found.words(Fact::Barriers, barriers(&mount.kind, &mount.options).map(str::to_owned));
}

/// Whether a file system makes the device write out what it holds at a flush; `None` of a kind that is not known. Its
/// options name barriers where they are off, as they are on by default (ext4 and btrfs in mount(8) and btrfs(5), f2fs in
/// the kernel's documentation; xfs has no way to switch them off since 4.19).
fn barriers(kind: &str, options: &str) -> Option<&'static str> {
    let is_off = options.split(',').any(|option| matches!(option, "nobarrier" | "barrier=0"));
    let is_known = matches!(kind, "ext3" | "ext4" | "xfs" | "btrfs" | "f2fs");
    is_known.then_some(if is_off { "off" } else { "on" })
}

/// What these files tell of the device that is mounted, found by its name.
pub(super) fn of_source(found: &mut Fingerprint, mount: &Mount, files: &mut Files<'_>) {
    let Some(name) = mount.source.strip_prefix("/dev/") else { return };
    let name = match name.strip_prefix("mapper/") {
        Some(_) => "dm-",
        None => whole(name),
    };
    of_queue(found, name, |file| {
        files(&Path::new("/sys/class/block").join(name).join("queue").join(file))
            .map(|text| text.trim().into())
    });
}

/// The device of a partition, by its name: `sda` of `sda1`, `nvme0n1` of `nvme0n1p2`.
fn whole(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match () {
        _ if ["sd", "vd", "xvd", "hd"].iter().any(|kind| name.starts_with(kind)) => bare,
        _ if name.starts_with("nvme") => bare.strip_suffix('p').unwrap_or(name),
        _ => name,
    }
}

/// What a device's queue tells, whose files are read so.
fn of_queue(found: &mut Fingerprint, name: &str, mut read: impl FnMut(&str) -> Option<String>) {
    found.words(Fact::Device, class(name, read("rotational").as_deref()));
    found.words(Fact::Scheduler, read("scheduler").and_then(|words| chosen(&words).or(Some(words))));
    found.words(Fact::WriteCache, read("write_cache"));
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

/// The kind of a device, by its name and whether its queue says that it turns; `None` where neither tells.
fn class(name: &str, rotational: Option<&str>) -> Option<String> {
    let is_rotational = rotational == Some("1");
    let kind = match name {
        name if name.starts_with("nvme") => "NVMe",
        name if ["vd", "xvd", "nbd"].iter().any(|virtual_| name.starts_with(virtual_)) => "virtual",
        name if name.starts_with("dm-") => "device mapper",
        name if name.starts_with("md") => "software RAID",
        name if name.starts_with("loop") => "loop",
        _ if is_rotational => "rotational",
        _ => rotational.map(|_| "solid state")?,
    };
    Some(match kind {
        "virtual" | "device mapper" | "software RAID" if is_rotational => {
            format!("{kind}, said to be rotational")
        }
        _ => kind.to_owned(),
    })
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
    fn barriers_are_on_where_no_option_says_otherwise() {
        for (kind, options, expected) in [
            ("ext4", "rw,discard", Some("on")),
            ("ext4", "rw,nobarrier", Some("off")),
            ("ext3", "rw,barrier=0,data=ordered", Some("off")),
            ("btrfs", "rw,barrier", Some("on")),
            ("tmpfs", "rw,size=1024k", None),
        ] {
            assert_eq!(barriers(kind, options), expected, "{kind} {options}");
        }
    }

    #[test]
    fn a_device_is_known_by_its_name() {
        for (name, rotational, kind) in [
            ("nvme0n1", Some("0"), Some("NVMe")),
            ("vda", Some("1"), Some("virtual, said to be rotational")),
            ("sda", Some("0"), Some("solid state")),
            ("sda", Some("1"), Some("rotational")),
            ("sda", None, None),
        ] {
            assert_eq!(class(name, rotational).as_deref(), kind, "{name}");
        }
    }

    #[test]
    fn a_partition_belongs_to_a_device() {
        let names = ["sda1", "vda", "nvme0n1p12", "nvme0n1", "md0"];
        assert_eq!(names.map(whole), ["sda", "vda", "nvme0n1", "nvme0n1", "md0"]);
    }
}
