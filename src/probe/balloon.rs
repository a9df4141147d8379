//! Whether a virtual machine gives the memory that it does not use back to its host.

use std::path::PathBuf;

use super::files::Files;

/// The number of a memory balloon among kinds of virtio devices, as the kernel writes it (Virtual I/O Device standard,
/// version 1.2, section 5).
const BALLOON: &str = "0x0005";

/// The place of `VIRTIO_BALLOON_F_PAGE_REPORTING` among the features that device and kernel agreed upon (there, 5.5.3).
const PAGE_REPORTING: usize = 5;

/// Whether free memory is reported to the host, which takes it back: a page that is used again has to be had from there
/// first. `None` where the machine has no balloon.
pub(crate) fn reports_free_memory(files: &mut Files<'_>) -> Option<bool> {
    let mut of_device = |number: u32, file: &str| {
        let path = PathBuf::from(format!("/sys/bus/virtio/devices/virtio{number}/{file}"));
        files(&path).map(|text| text.trim().to_owned())
    };
    let kinds: Vec<String> = (0..).map_while(|number| of_device(number, "device")).collect();
    let balloon = kinds.iter().position(|kind| kind == BALLOON)?;
    // A digit a feature, the first one's first.
    let features = of_device(balloon as u32, "features")?;
    Some(features.as_bytes().get(PAGE_REPORTING) == Some(&b'1'))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn reports(features: &str) -> Option<bool> {
        let files = [
            ("/sys/bus/virtio/devices/virtio0/device", "0x0002"),
            ("/sys/bus/virtio/devices/virtio0/features", "00000100"),
            ("/sys/bus/virtio/devices/virtio1/device", "0x0005\n"),
            ("/sys/bus/virtio/devices/virtio1/features", features),
        ];
        let find = |path: &Path| files.iter().find(|(name, _)| Path::new(name) == path);
        reports_free_memory(&mut |path| find(path).map(|(_, text)| (*text).to_owned()))
    }

    #[test]
    fn the_balloon_s_sixth_feature_is_the_reporting_of_free_pages() {
        assert_eq!(reports("01100101\n"), Some(true));
        assert_eq!(reports("01100001\n"), Some(false));
        assert_eq!(reports("011"), Some(false));
    }

    #[test]
    fn a_machine_without_a_balloon_reports_nothing() {
        assert_eq!(reports_free_memory(&mut |_| None), None);
        let block_device = |path: &Path| path.ends_with("virtio0/device").then(|| "0x0002".to_owned());
        assert_eq!(reports_free_memory(&mut |path| block_device(path)), None);
    }
}
