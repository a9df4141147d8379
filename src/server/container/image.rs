//! Which image a container is made from.

use std::time::Duration;

use anyhow::Result;
use testcontainers::bollard::query_parameters::CreateImageOptionsBuilder;

use super::engine::Engine;
use crate::errors::chain;
use crate::interrupt::Interrupt;
use crate::unavailable;

/// The image that is used unless one is named.
pub const DEFAULT_IMAGE: &str = "postgres:18";

/// The name of images built on this machine; their tag is PostgreSQL's major version.
pub const BUILT_IMAGE: &str = "bulkbench-postgres";

/// How long a pull may show no progress.
const PULL_SILENCE: Duration = Duration::from_secs(60);

/// The image to use of those that are `present`, and why, in words: the one `asked` for, pulled where it is
/// missing; else [`DEFAULT_IMAGE`] or the newest [`BUILT_IMAGE`] where one is there; else [`DEFAULT_IMAGE`], pulled.
///
/// # Errors
/// [`crate::fault::Fault::Unavailable`] when none is there and none can be pulled, or work has to stop.
pub(crate) fn choose(
    engine: &Engine,
    present: &[String],
    asked: Option<&str>,
    interrupt: &Interrupt,
) -> Result<(String, String)> {
    let wanted = match of_present(present, asked) {
        Ok(found) => return Ok(found),
        Err(wanted) => wanted,
    };
    crate::say!("pulling the image {wanted}, which the engine does not have");
    let error = match pull(engine, &wanted, interrupt) {
        Ok(()) => return Ok((wanted.clone(), format!("image {wanted} was pulled"))),
        Err(error) => error,
    };
    interrupt.check()?;
    Err(unavailable!(
        "the container engine has no image {wanted} and cannot pull it ({}); pull it where there is a registry, build one with scripts/build-image, name another with --image, or use --server local",
        chain(error.as_ref())
    ))
}

/// As [`choose`], without pulling: the image of those that are present, and why; or the one that is missing.
pub(crate) fn of_present(present: &[String], asked: Option<&str>) -> Result<(String, String), String> {
    let wanted = with_tag(asked.unwrap_or(DEFAULT_IMAGE));
    // A name with a digest is not in the list of tags, but the engine finds it by itself.
    if present.contains(&wanted) {
        return Ok((wanted.clone(), format!("image {wanted} is present")));
    }
    match (asked, newest_built(present)) {
        (None, Some(built)) => Ok((
            built.clone(),
            format!(
                "image {built} was built here; --image {wanted} takes another, pulled where it is missing"
            ),
        )),
        _ => Err(wanted),
    }
}

/// An image without tag and digest is `latest`.
fn with_tag(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains(':') || last.contains('@') { image.to_owned() } else { format!("{image}:latest") }
}

/// The major version of an image taken when none is named; `None` for any other.
pub(crate) fn usable(name: &str) -> Option<u32> {
    // Podman puts the registry, or localhost/, before a name.
    let name = name.rsplit('/').next().unwrap_or(name);
    if name == DEFAULT_IMAGE {
        return name.rsplit(':').next()?.parse().ok();
    }
    name.strip_prefix(BUILT_IMAGE)?.strip_prefix(':')?.parse().ok()
}

fn newest_built(present: &[String]) -> Option<&String> {
    let built = |name: &&String| name.contains(BUILT_IMAGE) && usable(name).is_some();
    present.iter().filter(built).max_by_key(|name| usable(name))
}

fn pull(engine: &Engine, image: &str, interrupt: &Interrupt) -> Result<()> {
    let options = CreateImageOptionsBuilder::new().from_image(image).build();
    let progress =
        engine.collect(PULL_SILENCE, interrupt, engine.docker().create_image(Some(options), None, None))?;
    for step in progress {
        let step = step.map_err(|error| unavailable!("{}", chain(&error)))?;
        if let Some(detail) = step.error_detail {
            return Err(unavailable!("{}", detail.message.unwrap_or_else(|| "without a reason".into())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_tag_is_latest() {
        assert_eq!(with_tag("postgres"), "postgres:latest");
        assert_eq!(with_tag("registry:5000/postgres"), "registry:5000/postgres:latest");
        assert_eq!(with_tag("postgres:18"), "postgres:18");
        assert_eq!(with_tag("postgres@sha256:00"), "postgres@sha256:00");
    }

    #[test]
    fn the_newest_built_image_is_the_one_of_the_highest_version() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let present =
            names(&["bulkbench-postgres:9", "bulkbench-postgres:15", "bulkbench-postgres:x", "postgres:99"]);
        assert_eq!(newest_built(&present).unwrap(), "bulkbench-postgres:15");
        assert_eq!(newest_built(&names(&["postgres:99"])), None);
        assert_eq!(
            newest_built(&names(&["localhost/bulkbench-postgres:17"])).unwrap(),
            "localhost/bulkbench-postgres:17"
        );
    }
}
