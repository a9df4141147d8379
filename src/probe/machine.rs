//! The machine's fingerprint: what a reader of a result must know of where it was measured.
//!
//! A fact that the system does not tell is `unknown`, not an error: a result from an odd machine
//! is still a result. Host name, user and paths are not among the facts.

use std::fs;
use std::path::Path;

use anyhow::Result;

pub use super::cores::cores;
use super::{cgroup, container, cpuinfo, disk, files, fingerprint};
use crate::model::Machine;

/// Reads the facts of this machine. With `data_dir`, the directory the local server's data lies in, the disk
/// is measured too, which takes some seconds.
///
/// # Errors
/// Only of the disk: as [`disk::flushes`] and [`fingerprint::fingerprint`].
pub(crate) fn machine(data_dir: Option<&Path>) -> Result<Machine> {
    let flushed =
        |dir: &Path| Ok::<_, anyhow::Error>((dir.to_owned(), disk::flushes(dir, disk::FLUSH_TIME)?));
    let measured = data_dir.map(flushed).transpose()?;
    let uname = rustix::system::uname();
    let arch = uname.machine().to_string_lossy().into_owned();
    let info = text("/proc/cpuinfo");
    Ok(Machine {
        os: os_name(&text("/etc/os-release")).unwrap_or_else(|| std::env::consts::OS.to_owned()),
        kernel: format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy()),
        cpu: cpuinfo::model(&info).unwrap_or_else(|| format!("unknown ({arch})")),
        arch,
        cores: cores(),
        memory_bytes: memory_bytes(),
        virtualization: virtualization(&info),
        disk: measured.as_ref().map(|(dir, flushes)| disk::disk(dir, flushes)).transpose()?,
        fingerprint: fingerprint::fingerprint(measured.as_ref())?,
    })
}

/// Memory that this process may use, in bytes: the machine's, or the control group's limit where
/// that is less; 0 where the system does not say.
pub(crate) fn memory_bytes() -> u64 {
    let machine = cpuinfo::memory_total(&text("/proc/meminfo")).unwrap_or(0);
    cgroup::memory_limit(&mut |path| files::text(path)).map_or(machine, |limit| limit.min(machine))
}

/// Memory that is not in use, in bytes, or that the control group's limit leaves; 0 where the system does not say.
pub(crate) fn available_bytes() -> u64 {
    let available = cpuinfo::field(&text("/proc/meminfo"), "MemAvailable").unwrap_or(0);
    available.saturating_mul(1024).min(memory_bytes())
}

/// A file's text, or nothing: what a kernel or distribution does not have is unknown.
fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// PRETTY_NAME of os-release(5), without its quotes.
fn os_name(os_release: &str) -> Option<String> {
    let name = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim().trim_matches(['"', '\'']).to_owned()).filter(|name| !name.is_empty())
}

/// The kind of virtual machine and of container around this process, where either is seen.
fn virtualization(cpuinfo: &str) -> Option<String> {
    let dmi = ["sys_vendor", "product_name", "board_vendor", "bios_vendor"]
        .map(|name| text(&format!("/sys/class/dmi/id/{name}")))
        .join("\n");
    let flagged = cpuinfo.lines().any(|line| {
        line.split_once(':').is_some_and(|(key, flags)| {
            key.trim() == "flags" && flags.split_whitespace().any(|flag| flag == "hypervisor")
        })
    });
    let hypervisor_type = text("/sys/hypervisor/type");
    let vm = Some(hypervisor_type.trim().to_owned())
        .filter(|kind| !kind.is_empty())
        .or_else(|| vm_of_vendor(&cpuid_vendor(flagged)).map(str::to_owned))
        .or_else(|| vm_of_firmware(&dmi).map(str::to_owned))
        .or_else(|| flagged.then(|| "virtual machine of unknown kind".to_owned()));
    let container = container::kind(&mut |path| fs::read_to_string(path).ok());
    let parts: Vec<String> = vm.into_iter().chain(container.map(str::to_owned)).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The hypervisor's signature in CPUID leaf 0x4000_0000, which a virtual machine without firmware
/// tables has too; empty where there is none.
#[cfg(target_arch = "x86_64")]
fn cpuid_vendor(hypervisor_present: bool) -> String {
    if !hypervisor_present {
        return String::new(); // the leaf means something else on bare metal
    }
    // SAFETY: every x86_64 processor has the CPUID instruction.
    #[allow(unused_unsafe, reason = "newer toolchains know that the instruction is safe")]
    let leaf = unsafe { std::arch::x86_64::__cpuid(0x4000_0000) };
    let bytes: Vec<u8> = [leaf.ebx, leaf.ecx, leaf.edx].iter().flat_map(|word| word.to_le_bytes()).collect();
    String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned()
}

#[cfg(not(target_arch = "x86_64"))]
fn cpuid_vendor(_hypervisor_present: bool) -> String {
    String::new()
}

fn vm_of_vendor(signature: &str) -> Option<&'static str> {
    Some(match signature {
        "KVMKVMKVM" | "Linux KVM Hv" => "kvm",
        "Microsoft Hv" => "hyper-v",
        "VMwareVMware" => "vmware",
        "XenVMMXenVMM" => "xen",
        "VBoxVBoxVBox" => "virtualbox",
        "TCGTCGTCGTCG" => "qemu without kvm",
        "bhyve bhyve " => "bhyve",
        "ACRNACRNACRN" => "acrn",
        _ => return None,
    })
}

/// The kind of virtual machine by the firmware's vendor and product; a machine without a hypervisor names a
/// maker of boards.
fn vm_of_firmware(dmi: &str) -> Option<&'static str> {
    [
        ("KVM", "kvm"),
        ("QEMU", "qemu"),
        ("VMware", "vmware"),
        ("VirtualBox", "virtualbox"),
        ("innotek", "virtualbox"),
        ("Xen", "xen"),
        ("BHYVE", "bhyve"),
        ("Parallels", "parallels"),
        ("OpenStack", "kvm"),
        ("Google Compute Engine", "kvm"),
        ("Virtual Machine", "hyper-v"),
    ]
    .into_iter()
    .find_map(|(mark, kind)| dmi.contains(mark).then_some(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_names_itself() {
        let file = "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
        assert_eq!(os_name(file).as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(os_name("PRETTY_NAME=Alpine\n").as_deref(), Some("Alpine"));
        assert_eq!(os_name(""), None);
    }

    #[test]
    fn hypervisors_are_known_by_signature_or_firmware() {
        assert_eq!(vm_of_vendor("KVMKVMKVM"), Some("kvm"));
        assert_eq!(vm_of_vendor(""), None);
        assert_eq!(vm_of_firmware("innotek GmbH\nVirtualBox\n"), Some("virtualbox"));
        assert_eq!(vm_of_firmware("Dell Inc.\nPowerEdge R750\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_has_cores_memory_and_a_name() {
        let dir = tempfile::tempdir().unwrap();
        let machine = machine(Some(dir.path())).unwrap();
        assert!(machine.cores > 0 && machine.memory_bytes > 1 << 20, "{machine:?}");
        assert!(machine.kernel.starts_with("Linux "), "{machine:?}");
        assert!(machine.disk.is_some_and(|disk| disk.flushes_per_second > 0));
    }
}
