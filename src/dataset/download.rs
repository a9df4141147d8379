//! Fetching a file of votes by its address, going on where an earlier attempt ended.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::manifest::{DatasetOrigin, Manifest};
use super::store::{self, DirLock};
use super::{Dataset, import};
use crate::interrupt::Interrupt;

/// The file of the bytes that arrived so far, in the dataset's directory.
const PART: &str = "source.part";
/// How long a server may send nothing.
const STALL: Duration = Duration::from_secs(60);

impl Dataset {
    /// The dataset of the votes in the file at `url` (http or https), whose SHA-256 in
    /// hexadecimal is known: one that is in the cache is not fetched. What arrives is kept as
    /// `source.part` in the dataset's directory until it is complete, and the next attempt goes
    /// on there if the server can; it is removed once imported, or found to be another file.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for an address or a checksum that cannot be one;
    /// [`crate::fault::Fault::Unavailable`] when the server cannot be reached, refuses, or stops
    /// sending; [`crate::fault::Fault::Data`] when the file is another one, or as
    /// [`Dataset::imported`]; [`crate::fault::Fault::Interrupted`].
    pub(crate) fn downloaded(cache: &Path, url: &str, sha256: &str, interrupt: &Interrupt) -> Result<Self> {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(crate::usage!(
                "--url {:?}: an address begins with http:// or https://; for a file here, import it",
                shown(url)
            ));
        }
        let sha256 = sha256.to_ascii_lowercase();
        if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(crate::usage!(
                "--sha256 {sha256:?}: a SHA-256 is 64 hexadecimal digits, as sha256sum prints it"
            ));
        }
        let dir = cache.join(import::name(&sha256));
        if let Some(manifest) = Manifest::read(&dir)? {
            return Ok(Self::with(dir, manifest));
        }
        let _lock = DirLock::take(&dir, interrupt)?;
        if let Some(manifest) = Manifest::read(&dir)? {
            return Ok(Self::with(dir, manifest));
        }
        let part = dir.join(PART);
        let resumed = fetch(url, &part, interrupt)?;
        let mut found = file_sha256(&part, interrupt)?;
        if found != sha256 && resumed {
            // The file may have changed on the server between the two attempts.
            remove(&part)?;
            fetch(url, &part, interrupt)?;
            found = file_sha256(&part, interrupt)?;
        }
        if found != sha256 {
            remove(&part)?;
            return Err(crate::bad_data!(
                "{} is another file: its SHA-256 is {found}, and --sha256 says {sha256}; check both, nothing was kept",
                shown(url)
            ));
        }
        let origin = DatasetOrigin::Downloaded { source_sha256: sha256.clone() };
        let imported = Self::import(&dir, &part, &sha256, origin, interrupt);
        // Complete and right, but perhaps no votes: then the same bytes would fail again.
        let interrupted = interrupt.raised().is_some();
        if imported.is_ok() || !interrupted {
            remove(&part)?;
        }
        imported.with_context(|| format!("importing {}", shown(url)))
    }
}

/// An address without what may be secret in it: a user, a password, a query.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or_default())
        }
        None => url.to_owned(),
    }
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("removing {}", path.display()))
}

fn file_sha256(path: &Path, interrupt: &Interrupt) -> Result<String> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(store::hash(file, interrupt).with_context(|| format!("checking {}", path.display()))?.sha256)
}

/// Completes the part file; says whether it began with what was there. One in which nothing has
/// arrived does not stay.
fn fetch(url: &str, part: &Path, interrupt: &Interrupt) -> Result<bool> {
    let fetched = arrive(url, part, interrupt);
    if fetched.is_err() && fs::metadata(part).is_ok_and(|meta| meta.len() == 0) {
        remove(part)?;
    }
    fetched
}

fn arrive(url: &str, part: &Path, interrupt: &Interrupt) -> Result<bool> {
    let writing = || format!("writing {}", part.display());
    let mut file = OpenOptions::new().create(true).append(true).open(part).with_context(writing)?;
    let have = file.metadata().with_context(writing)?.len();
    let (sender, receiver) = sync_channel(4);
    let request = url.to_owned();
    // On its own thread: a read that hangs cannot be ended, but it need not be waited for. The
    // thread ends with its connection, or with the program.
    thread::Builder::new()
        .name("download".into())
        .spawn(move || {
            // Whoever no longer listens needs no answer.
            let _ = receive(&request, have, &sender).map_err(|error| sender.send(Err(error)));
        })
        .context("starting a download")?;
    let go_on = |what: &str| {
        crate::unavailable!("{}: {what}; run it again to go on with what has arrived", shown(url))
    };
    let mut resumed = have > 0;
    loop {
        match next(&receiver, interrupt)
            .map_err(|error| error.context(format!("downloading {}", shown(url))))?
        {
            Some(Ok(Event::Body { from })) if from == have => {}
            Some(Ok(Event::Body { .. })) => {
                resumed = false;
                file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).with_context(writing)?;
            }
            Some(Ok(Event::Complete)) => return Ok(resumed),
            Some(Ok(Event::Bytes(bytes))) => file.write_all(&bytes).with_context(writing)?,
            Some(Ok(Event::End)) => return Ok(resumed),
            Some(Err(error)) => return Err(go_on(&error)),
            None => return Err(go_on("the server stopped sending")),
        }
    }
}

/// A message of the thread that downloads.
enum Event {
    /// The body begins, with this byte of the file.
    Body { from: u64 },
    /// There is nothing past what we have.
    Complete,
    /// More of the body.
    Bytes(Vec<u8>),
    /// The body's end.
    End,
}

type Message = Result<Event, String>;

/// The next event; `None` when nothing came for too long.
fn next(events: &Receiver<Message>, interrupt: &Interrupt) -> Result<Option<Message>> {
    let begun = Instant::now();
    loop {
        interrupt.check()?;
        match events.recv_timeout(Duration::from_millis(100)) {
            Ok(event) => return Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) if begun.elapsed() < STALL => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}

/// Asks for the file from byte `have` on, and passes on what comes.
fn receive(url: &str, have: u64, events: &SyncSender<Message>) -> Result<(), String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_connect(Some(STALL)).http_status_as_error(false).build().into();
    let mut request = agent.get(url).header("accept-encoding", "identity");
    if have > 0 {
        request = request.header("range", format!("bytes={have}-"));
    }
    let response = request.call().map_err(|error| error.to_string())?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let send = |event| events.send(Ok(event)).map_err(|_| "no longer wanted".to_owned());
    let from = match response.status().as_u16() {
        200 => 0,
        // `bytes 100-199/200`
        206 => header("content-range")
            .and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse().ok())
            .filter(|from| *from == have)
            .ok_or("the server sent another part of the file than was asked for")?,
        // Nothing follows what is here: it is whole, or it is wrong, which its checksum tells.
        416 if have > 0 => return send(Event::Complete),
        status => return Err(format!("the server answered with status {status}")),
    };
    send(Event::Body { from })?;
    let mut body = response.into_body().into_reader();
    loop {
        let mut bytes = vec![0; 128 << 10];
        match body.read(&mut bytes) {
            Ok(0) => return send(Event::End),
            Ok(read) => {
                bytes.truncate(read);
                send(Event::Bytes(bytes))?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("the connection broke: {error}")),
        }
    }
}

#[cfg(test)]
mod tests;
