//! What all versions have in common so far. A version that changes a part has one of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{self, Before, Encoding, Source};
use crate::spelling::{Named, Scalar};

/// Two structures of the same fields, made of each other.
macro_rules! same_fields {
    ($wire:ident = $model:path { $($field:ident),+ $(,)? }) => {
        impl From<$model> for $wire {
            fn from(model: $model) -> Self {
                let $model { $($field),+ } = model;
                Self { $($field),+ }
            }
        }
        impl From<$wire> for $model {
            fn from(wire: $wire) -> Self {
                let $wire { $($field),+ } = wire;
                Self { $($field),+ }
            }
        }
    };
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    name: String,
    version: String,
    commit: Option<String>,
    profile: String,
}

same_fields!(Tool = model::Tool { name, version, commit, profile });

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    os: String,
    kernel: String,
    arch: String,
    cpu: String,
    cores: u32,
    memory_bytes: u64,
    virtualization: Option<String>,
    disk: Option<Disk>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Disk {
    filesystem: String,
    flushes_per_second: u64,
}

same_fields!(Disk = model::Disk { filesystem, flushes_per_second });

impl From<model::Machine> for Machine {
    fn from(machine: model::Machine) -> Self {
        let model::Machine { os, kernel, arch, cpu, cores, memory_bytes, virtualization, disk } = machine;
        Self { os, kernel, arch, cpu, cores, memory_bytes, virtualization, disk: disk.map(Into::into) }
    }
}

impl From<Machine> for model::Machine {
    fn from(machine: Machine) -> Self {
        let Machine { os, kernel, arch, cpu, cores, memory_bytes, virtualization, disk } = machine;
        Self { os, kernel, arch, cpu, cores, memory_bytes, virtualization, disk: disk.map(Into::into) }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerFacts {
    source: Named<Source>,
    reason: String,
    version_num: u32,
    version: String,
    image: Option<String>,
    transport: String,
    given: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
}

impl From<model::ServerFacts> for ServerFacts {
    fn from(server: model::ServerFacts) -> Self {
        let model::ServerFacts { source, reason, version_num, version, image, transport, given, settings } =
            server;
        Self { source: Named(source), reason, version_num, version, image, transport, given, settings }
    }
}

impl From<ServerFacts> for model::ServerFacts {
    fn from(server: ServerFacts) -> Self {
        let ServerFacts { source, reason, version_num, version, image, transport, given, settings } = server;
        Self { source: source.0, reason, version_num, version, image, transport, given, settings }
    }
}

/// Size and SHA-256 of each encoding.
pub type Files = BTreeMap<Named<Encoding>, FileFacts>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    bytes: u64,
    sha256: String,
}

same_fields!(FileFacts = model::FileFacts { bytes, sha256 });

pub fn to_files(files: BTreeMap<Encoding, model::FileFacts>) -> Files {
    files.into_iter().map(|(encoding, file)| (Named(encoding), file.into())).collect()
}

pub fn from_files(files: Files) -> BTreeMap<Encoding, model::FileFacts> {
    files.into_iter().map(|(encoding, file)| (encoding.0, file.into())).collect()
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramFacts {
    command: String,
    version: Option<String>,
    #[serde(default)]
    definition: Option<String>,
}

same_fields!(ProgramFacts = model::ProgramFacts { command, version, definition });

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionFacts {
    settings: BTreeMap<String, String>,
    disabled_triggers: u64,
    before: Named<Before>,
}

impl From<model::SessionFacts> for SessionFacts {
    fn from(session: model::SessionFacts) -> Self {
        let model::SessionFacts { settings, disabled_triggers, before } = session;
        Self { settings, disabled_triggers, before: Named(before) }
    }
}

impl From<SessionFacts> for model::SessionFacts {
    fn from(session: SessionFacts) -> Self {
        let SessionFacts { settings, disabled_triggers, before } = session;
        Self { settings, disabled_triggers, before: before.0 }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    own_experiment: bool,
    loaders: Vec<String>,
    methods: Vec<String>,
    dataset: Option<String>,
    settings: BTreeMap<String, String>,
    timeout_seconds: u64,
    data_dir: bool,
}

same_fields!(
    Asked = model::Asked { own_experiment, loaders, methods, dataset, settings, timeout_seconds, data_dir }
);

pub fn to_params(params: model::Params) -> BTreeMap<String, Scalar> {
    params.into_iter().map(|(name, value)| (name, Scalar(value))).collect()
}

pub fn from_params(params: BTreeMap<String, Scalar>) -> model::Params {
    params.into_iter().map(|(name, value)| (name, value.0)).collect()
}

/// A content sum as it is written: in decimal, as JSON's numbers are no 128 bits wide everywhere.
pub fn sum(text: &str) -> Result<i128, String> {
    text.parse().map_err(|_| format!("`content` is {text:?}, and a sum is a whole number in decimal"))
}
