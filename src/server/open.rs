//! Which server a run loads into, and bringing it up.

use std::fmt;
use std::str::FromStr;

use anyhow::Result;

use super::container::{self, Container};
use super::external::External;
use super::local::{self, Local};
use super::options::Options;
use super::{Server, limits, target};
use crate::errors::chain;
use crate::fault::{Fault, nearest};
use crate::interrupt::Interrupt;
use crate::model::Limits;
use crate::{session, usage};

/// The server to load into, as `--server` has it.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Choice {
    /// A container where an engine can run one, else a local cluster.
    #[default]
    Auto,
    /// A throwaway cluster from binaries on this machine.
    Local,
    /// A throwaway container.
    Container,
    /// A server of the user's: a URL, or `key=value` pairs. It may hold a password.
    External(String),
}

impl Choice {
    /// Whether this is a server of the user's: one that is neither started, killed nor limited here.
    pub fn is_of_user(&self) -> bool {
        matches!(self, Choice::External(_))
    }
}

impl FromStr for Choice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Choice::Auto),
            "local" => Ok(Choice::Local),
            "container" => Ok(Choice::Container),
            url if target::looks_like_target(url) => {
                target::parse(url)?;
                Ok(Choice::External(url.to_owned()))
            }
            other => Err(usage!(
                "--server {other}: this is neither auto, local, container, nor a URL such as postgres://user@host/database{}",
                nearest(other, ["auto", "local", "container"])
            )),
        }
    }
}

impl fmt::Display for Choice {
    /// Without the password, and without whatever else is in the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Choice::Auto => f.write_str("auto"),
            Choice::Local => f.write_str("local"),
            Choice::Container => f.write_str("container"),
            Choice::External(url) => match target::parse(url) {
                Ok(target) => write!(f, "{target}"),
                Err(_) => f.write_str("postgres://…"),
            },
        }
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Choice({self})")
    }
}

/// Brings up the server that was chosen. From the main thread, or one that outlives the server:
/// the kernel ends a local server with the thread that started it.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for options and settings that are wrong,
/// [`crate::fault::Fault::Unavailable`] when there is no such server here, each with the next step.
pub fn open(choice: &Choice, options: &Options, interrupt: &Interrupt) -> Result<Box<dyn Server>> {
    check_id(&options.id)?;
    check_limits(choice, options.limits)?;
    session::check(options.settings.keys(), "--set")?;
    match choice {
        Choice::Auto => open_auto(options, interrupt),
        Choice::Local => Ok(Box::new(Local::start(options, interrupt)?)),
        Choice::Container => Ok(Box::new(Container::start(options, interrupt)?)),
        Choice::External(url) => Ok(Box::new(External::start(url, options, interrupt)?)),
    }
}

/// Passes where the server that was chosen can be held to these limits, as far as that can be told before it is there.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for a server of the user's, and for more than there is.
pub fn check_limits(choice: &Choice, wanted: Limits) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    match choice {
        Choice::External(_) => Err(usage!(
            "--cpus and --memory limit a server that is started here, and {choice} is yours; limit it where it runs, and \
             leave them out"
        )),
        // An engine elsewhere has processors and memory of its own.
        Choice::Auto | Choice::Container if !container::engine_is_local() => Ok(()),
        Choice::Auto | Choice::Container | Choice::Local => match limits::beyond(wanted) {
            Some(why) => Err(usage!("--cpus or --memory: {why}")),
            None => Ok(()),
        },
    }
}

/// Why a server that is chosen so cannot be held to these limits, in words, as far as that can be told before it is there;
/// `None` where nothing speaks against it.
pub fn why_not_limited(choice: &Choice, wanted: Limits) -> Option<String> {
    match choice {
        Choice::Local => local::lack(wanted),
        Choice::Auto | Choice::Container | Choice::External(_) => {
            check_limits(choice, wanted).err().map(|error| error.to_string())
        }
    }
}

/// A container where an engine answers and has, or can pull, an image; else a local cluster. An
/// engine that fails later does not change the choice: its error says more than another server's
/// figures would.
fn open_auto(options: &Options, interrupt: &Interrupt) -> Result<Box<dyn Server>> {
    // Named binaries are as good as a choice.
    if options.pg_bin.is_some() || options.data_dir.is_some() || options.disk.is_some() {
        let flag = match (&options.pg_bin, &options.data_dir) {
            (Some(_), _) => "--pg-bin",
            (None, Some(_)) => "--data-dir",
            (None, None) => "--disk",
        };
        let reason = format!("auto: {flag} is given, which is for a local server");
        return Ok(Box::new(Local::start_because(&reason, options, interrupt)?));
    }
    match container::find(options, interrupt) {
        Ok(ready) => {
            let reason = format!("auto: {}", ready.reason());
            Ok(Box::new(Container::start_prepared(ready, Some(&reason), options, interrupt)?))
        }
        Err((lack, no_container)) => {
            interrupt.check()?;
            // An image that was named is as good as a choice, too.
            if options.image.is_some() {
                return Err(no_container);
            }
            let why = chain(no_container.as_ref());
            // Its own words are for whoever can do something about it; a record has ours.
            crate::say!("no container: {why}");
            let reason = format!("auto: no container, because {}", lack.words());
            match Local::start_because(&reason, options, interrupt) {
                Ok(local) => Ok(Box::new(local)),
                Err(error) => Err(match Fault::find(&error) {
                    Some(Fault::Unavailable(_)) => {
                        error.context(format!("there is neither a container ({why}) nor a local server"))
                    }
                    _ => error,
                }),
            }
        }
    }
}

/// The id becomes part of paths, labels and a schema's name.
fn check_id(id: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    // A name in PostgreSQL has 63 bytes, some of which are our prefix.
    if id.is_empty() || id.len() > 48 || !id.chars().all(fits) {
        return Err(usage!(
            "the run's id `{id}` must be 1 to 48 lower-case letters, digits, `-` or `_`: paths and a schema are named after it"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_as_it_is_written() {
        assert_eq!("auto".parse::<Choice>().unwrap(), Choice::Auto);
        assert_eq!("local".parse::<Choice>().unwrap(), Choice::Local);
        assert_eq!("container".parse::<Choice>().unwrap(), Choice::Container);
        let url = "postgres://u@h/d";
        assert_eq!(url.parse::<Choice>().unwrap(), Choice::External(url.into()));
        let pairs = "host=h user=u dbname=d";
        assert_eq!(pairs.parse::<Choice>().unwrap(), Choice::External(pairs.into()));
        assert!(Choice::External(url.into()).is_of_user() && !Choice::Auto.is_of_user());
        let error = "lokal".parse::<Choice>().unwrap_err().to_string();
        assert!(error.contains("did you mean `local`?"), "{error}");
    }

    #[test]
    fn a_choice_never_shows_its_password() {
        for url in ["postgres://u:hush@h:5433/d", "host=h port=5433 user=u dbname=d password=hush"] {
            let choice: Choice = url.parse().unwrap();
            assert_eq!(choice.to_string(), "u@h:5433/d");
            assert!(!format!("{choice:?}").contains("hush"));
        }
    }

    #[test]
    fn an_id_can_be_a_path_and_a_name() {
        check_id("20260101-120000-ab12").unwrap();
        for wrong in ["", "a/b", "A", "a b", &"x".repeat(49)] {
            assert!(check_id(wrong).is_err(), "{wrong}");
        }
    }
}
