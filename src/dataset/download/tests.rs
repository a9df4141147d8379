//! Downloads from a small server on this machine.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;

const CSV: &str = "username,link,vote\nada,t3_1,1\nbob,t3_2,-1\nada,t3_2,1\n";

#[derive(Clone, Copy, PartialEq)]
enum Serve {
    /// The whole file, whatever is asked for.
    Whole,
    /// The part that is asked for.
    Ranges,
    /// So many bytes of it, then the connection breaks.
    Broken(usize),
    /// The headers, then nothing.
    Silent,
}

/// Answers one request after the other in these ways; gives the address and the ranges asked for.
fn server(answers: Vec<Serve>) -> (String, Arc<Mutex<Vec<Option<u64>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:secret@{}/votes.csv?token=secret", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let range = lines
                .take_while(|line| !line.is_empty())
                .filter_map(|line| {
                    line.to_lowercase().strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok()
                })
                .last();
            seen.lock().unwrap().push(range);
            let size = CSV.len();
            let from = range.filter(|_| answer != Serve::Whole).unwrap_or(0) as usize;
            let head = match range {
                Some(_) if from >= size => {
                    "HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0\r\n".to_owned()
                }
                Some(_) if answer != Serve::Whole => {
                    let (last, left) = (size - 1, size - from);
                    format!(
                        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {from}-{last}/{size}\r\ncontent-length: {left}\r\n"
                    )
                }
                _ => format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n"),
            };
            stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).unwrap();
            let end = match answer {
                Serve::Broken(bytes) => from + bytes,
                Serve::Silent => {
                    thread::sleep(Duration::from_secs(20));
                    from
                }
                Serve::Whole | Serve::Ranges => size,
            };
            stream.write_all(CSV.as_bytes().get(from..end.min(size)).unwrap_or_default()).unwrap();
        }
    });
    (url, asked)
}

fn right() -> String {
    store::hash(CSV.as_bytes(), &Interrupt::new()).unwrap().sha256
}

fn part(cache: &Path) -> std::path::PathBuf {
    cache.join(import::name(&right())).join(PART)
}

#[test]
fn a_broken_download_goes_on_where_it_ended() {
    let cache = tempfile::tempdir().unwrap();
    let (url, asked) = server(vec![Serve::Broken(20), Serve::Ranges]);
    let error = Dataset::downloaded(cache.path(), &url, &right(), &Interrupt::new()).unwrap_err().to_string();
    assert!(error.contains("run it again") && !error.contains("secret"), "{error}");
    assert_eq!(fs::read(part(cache.path())).unwrap(), &CSV.as_bytes()[..20]);
    assert!(Dataset::list(cache.path()).unwrap().is_empty(), "half a file is no dataset");
    let dataset = Dataset::downloaded(cache.path(), &url, &right(), &Interrupt::new()).unwrap();
    assert_eq!(*asked.lock().unwrap(), [None, Some(20)]);
    assert_eq!((dataset.rows(), dataset.facts().origin.as_str()), (3, "downloaded"));
    assert!(!part(cache.path()).exists());
    // The third time the server, which has ended, is not asked.
    Dataset::downloaded(cache.path(), &url, &right().to_uppercase(), &Interrupt::new()).unwrap();
}

#[test]
fn a_server_without_ranges_sends_it_all_again() {
    let cache = tempfile::tempdir().unwrap();
    let (url, _) = server(vec![Serve::Broken(20), Serve::Whole]);
    Dataset::downloaded(cache.path(), &url, &right(), &Interrupt::new()).unwrap_err();
    assert_eq!(Dataset::downloaded(cache.path(), &url, &right(), &Interrupt::new()).unwrap().rows(), 3);
}

#[test]
fn a_part_of_another_file_is_fetched_anew() {
    let cache = tempfile::tempdir().unwrap();
    fs::create_dir_all(part(cache.path()).parent().unwrap()).unwrap();
    for wrong in [&b"another file"[..], &[b'x'; 5000]] {
        fs::write(part(cache.path()), wrong).unwrap();
        let (url, asked) = server(vec![Serve::Ranges, Serve::Ranges]);
        let dataset = Dataset::downloaded(cache.path(), &url, &right(), &Interrupt::new()).unwrap();
        assert_eq!(*asked.lock().unwrap(), [Some(wrong.len() as u64), None]);
        fs::remove_file(dataset.dir().join("manifest.json")).unwrap();
    }
}

#[test]
fn another_file_is_refused_and_not_kept() {
    let cache = tempfile::tempdir().unwrap();
    let (url, _) = server(vec![Serve::Whole]);
    let wrong = "0".repeat(64);
    let error = Dataset::downloaded(cache.path(), &url, &wrong, &Interrupt::new()).unwrap_err().to_string();
    assert!(error.contains(&wrong) && error.contains(&right()) && !error.contains("secret"), "{error}");
    assert!(!cache.path().join(import::name(&wrong)).join(PART).exists());
}

#[test]
fn addresses_and_checksums_are_checked_first() {
    let cache = tempfile::tempdir().unwrap();
    for (url, sha256, word) in [
        ("file:///etc/passwd", right(), "http://"),
        ("votes.csv", right(), "import"),
        ("http://localhost/x", "abc".into(), "64"),
    ] {
        let error =
            Dataset::downloaded(cache.path(), url, &sha256, &Interrupt::new()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
}

#[test]
fn an_interrupt_does_not_wait_for_the_server() {
    let cache = tempfile::tempdir().unwrap();
    let (url, _) = server(vec![Serve::Silent]);
    let interrupt = Interrupt::new();
    let raised = interrupt.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        raised.raise(2);
    });
    let begun = Instant::now();
    let error = Dataset::downloaded(cache.path(), &url, &right(), &interrupt).unwrap_err();
    assert!(
        crate::fault::Fault::find(&error).is_some() && begun.elapsed() < Duration::from_secs(5),
        "{error}"
    );
}
