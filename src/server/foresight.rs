//! Which server a run would load into, said without starting, pulling or asking it anything.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::container::{EngineStatus, Lack, engine_status, of_present, usable};
use super::local::choose_and_say;
use super::open::Choice;
use crate::cache_dir::default_cache_dir;
use crate::disk;
use crate::model::EmulatedDisk;
use crate::unavailable;

/// The server that a run would load into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// The server, and why it is taken, in words.
    pub words: String,
    /// A short name for cases on it.
    pub name: String,
    /// The major version of its PostgreSQL, where that is known.
    pub major: Option<u32>,
    /// Where its data would lie, where that is known to be on this machine.
    pub data: Option<PathBuf>,
}

impl Foreseen {
    /// The same with its data on an emulated disk.
    #[must_use]
    pub(crate) fn on(self, disk: &EmulatedDisk) -> Self {
        let name = disk::spelling(disk);
        Foreseen {
            words: format!(
                "{}, its data on an emulated disk ({name}: {})",
                self.words,
                disk::figures_of(disk)
            ),
            name: format!("{} {name}", self.name),
            ..self
        }
    }
}

/// The server that [`super::open()`] would bring up for this choice.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] and [`crate::fault::Fault::Unavailable`] as it would, as far as that can be
/// told before.
pub fn foresee(
    choice: &Choice,
    pg_bin: Option<&Path>,
    image: Option<&str>,
    data_dir: Option<&Path>,
) -> Result<Foreseen> {
    match choice {
        Choice::Local => local("asked for", pg_bin, data_dir),
        Choice::Container => match container("asked for", image) {
            Ok((found, _)) => Ok(found),
            Err(lack) => Err(lack.error()),
        },
        Choice::External(_) => Ok(Foreseen {
            words: format!("{choice}, a server of yours; it is not asked anything before the run"),
            name: "yours".into(),
            major: None,
            data: None,
        }),
        Choice::Auto if pg_bin.is_some() => local("auto: --pg-bin is given", pg_bin, data_dir),
        Choice::Auto if data_dir.is_some() => local("auto: --data-dir is given", pg_bin, data_dir),
        Choice::Auto => match container("auto", image) {
            Ok((found, true)) => Ok(found),
            // Whether it can be pulled is only known once it is.
            Ok((found, false)) => Ok(match local("else", None, None) {
                Ok(local) if image.is_none() => Foreseen {
                    words: format!("{}; where that fails, {}", found.words, local.words),
                    major: None,
                    data: local.data,
                    ..found
                },
                _ => found,
            }),
            Err(lack) if image.is_some() => Err(lack.error()),
            Err(lack) => local(&format!("auto: no container, because {}", lack.kind.words()), None, None),
        },
    }
}

/// Why there would be no container.
struct NoContainer {
    kind: Lack,
    why: String,
}

impl NoContainer {
    fn error(&self) -> anyhow::Error {
        unavailable!("{}: {}; start or install one, or use --server local", self.kind.words(), self.why)
    }
}

/// The container, and whether its image is here.
fn container(why: &str, image: Option<&str>) -> Result<(Foreseen, bool), NoContainer> {
    let (version, images) = match engine_status() {
        EngineStatus::Answers { version, images } => (version, images),
        EngineStatus::Absent(why) => return Err(NoContainer { kind: Lack::Engine, why }),
        EngineStatus::NoPermission(why) => return Err(NoContainer { kind: Lack::Permission, why }),
    };
    let (image, state, present) = match of_present(&images, image) {
        Ok((image, reason)) => (image, reason, true),
        Err(image) => {
            let state = format!("image {image} is not here and would be pulled");
            (image, state, false)
        }
    };
    let found = Foreseen {
        words: format!(
            "a throwaway container of {image} ({why}: a container engine answers (version {version}), and {state})"
        ),
        major: usable(&image),
        name: image,
        data: None,
    };
    Ok((found, present))
}

fn local(why: &str, pg_bin: Option<&Path>, data_dir: Option<&Path>) -> Result<Foreseen> {
    let (found, reason) = choose_and_say(pg_bin)?;
    let data = match data_dir {
        Some(dir) => dir.to_owned(),
        None => default_cache_dir()?,
    };
    Ok(Foreseen {
        words: format!(
            "a throwaway local server, {}, of {} ({why}; {reason})",
            found.version_text,
            found.bin.display()
        ),
        name: format!("{}.{}", found.version_num / 10_000, found.version_num % 10_000),
        major: Some(found.version_num / 10_000),
        data: Some(data),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_the_user_s_is_named_without_its_password() {
        let url = Choice::External("postgres://u:hush@h:5433/d".into());
        let foreseen = foresee(&url, None, None, None).unwrap();
        assert!(foreseen.words.starts_with("u@h:5433/d, a server of yours"), "{}", foreseen.words);
        assert_eq!((foreseen.major, foreseen.data), (None, None));
    }

    #[test]
    fn binaries_that_are_not_there_are_refused_as_a_run_would() {
        let nowhere = Path::new("/nowhere");
        let error = foresee(&Choice::Local, Some(nowhere), None, None).unwrap_err();
        assert!(error.to_string().contains("--pg-bin /nowhere"), "{error}");
    }
}
