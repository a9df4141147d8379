//! Values that are taken out by their form alone, as nobody can know all of them beforehand: the addresses
//! and names of machines that others name (a resolver, a registry), and what a text itself calls a password.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::{Captures, Regex};

fn regex(pattern: &'static str) -> Regex {
    // Each is compiled by a test.
    Regex::new(pattern).unwrap_or_else(|error| panic!("a pattern that is compiled in: {error}"))
}

/// `scheme://user:password@host:port`: the user, the password, and the hosts but this machine itself. A page
/// that a text advises to read is no address of anybody's: of the web's only what a registry or an engine
/// is asked by.
pub(crate) fn urls(text: &str) -> String {
    static URL: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r#"(?<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:(?<user>[^\s/?#"'<>@:]*)(?<password>:[^\s/"'<>@]*)?@)?(?<hosts>[^\s/?#"'<>`)]*)"#,
        )
    });
    let without = URL.replace_all(text, |url: &Captures<'_>| {
        let user = match url.name("user").map(|user| user.as_str()) {
            None => "",
            Some("") => "@",
            Some(_) if url.name("password").is_some() => "{user}:{password}@",
            Some(_) => "{user}@",
        };
        let is_web = url["scheme"].to_lowercase().starts_with("http");
        let behind = &text[url.get_match().end()..];
        if is_web && user.is_empty() && !["/v1", "/v2"].iter().any(|api| behind.starts_with(api)) {
            return url[0].to_owned();
        }
        let hosts: Vec<String> = url["hosts"].split(',').map(host_and_port).collect();
        format!("{}{user}{}", &url["scheme"], hosts.join(","))
    });
    without.into_owned()
}

/// A URL's `host:port` without the host.
fn host_and_port(text: &str) -> String {
    let port = text.rfind(':').filter(|at| text[at + 1..].chars().all(|c| c.is_ascii_digit()));
    let (host, port) = text.split_at(port.unwrap_or(text.len()));
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(bare) => format!("[{}]{port}", in_place_of(bare)),
        None => format!("{}{port}", in_place_of(host)),
    }
}

/// The text in place of a host: nothing else where it is none, or this machine itself.
fn in_place_of(host: &str) -> &str {
    match host.parse() {
        Ok(ip) if is_telling(ip) => "{address}",
        Ok(_) => host,
        Err(_) if host.starts_with('/') || host.contains("%2F") => "{socket}",
        Err(_) if host.is_empty() || host.contains(['{', '%']) => host,
        Err(_) if host.eq_ignore_ascii_case("localhost") => host,
        Err(_) => "{host}",
    }
}

/// `password=...`, `user=...` and `host=...`, as connection strings and variables have them.
pub(crate) fn assignments(text: &str) -> String {
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r#"(?<key>(?i-u:\b(?:PG)?(?:password|passwd|pwd|user|username|host|hostaddr)))=(?<value>'(?:[^'\\]|\\.)*'|"[^"]*"|[^\s&;,'")]+)"#,
        )
    });
    let without = PAIR.replace_all(text, |pair: &Captures<'_>| {
        let value = pair["value"].trim_matches(['\'', '"']);
        if value.is_empty() || value.starts_with('{') || value.starts_with('$') {
            return pair[0].to_owned();
        }
        let key = pair["key"].to_lowercase();
        let placeholder = match key.trim_start_matches("pg") {
            "user" | "username" => "{user}",
            "host" | "hostaddr" => in_place_of(value),
            _ => "{password}",
        };
        format!("{}={placeholder}", &pair["key"])
    });
    without.into_owned()
}

/// Names of machines where a text says that they are: a resolver's, a registry's before an image.
pub(crate) fn hosts(text: &str) -> String {
    static LOOKUP: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?<before>\blookup )(?<host>[A-Za-z0-9][A-Za-z0-9._-]*)(?<behind> on |:)"));
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r#"(?<before>(?i-u:\bhost name|\bhostname|\bresolve host|\bdial tcp|\bdial udp):? ["'`]?)(?<host>[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)+)(?<behind>)"#,
        )
    });
    static IMAGE: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r#"(?<before>^|[\s"'`(=])(?<host>[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})(?<behind>(?::\d+)?(?:/[a-z0-9._-]+)+[:@][A-Za-z0-9])"#,
        )
    });
    let mut text = text.to_owned();
    for pattern in [&LOOKUP, &NAMED, &IMAGE] {
        text = pattern
            .replace_all(&text, |found: &Captures<'_>| {
                format!("{}{}{}", &found["before"], in_place_of(&found["host"]), &found["behind"])
            })
            .into_owned();
    }
    text
}

/// IP addresses but those of this machine itself.
pub(crate) fn addresses(text: &str) -> String {
    static RUN: LazyLock<Regex> =
        LazyLock::new(|| regex(r"[0-9A-Za-z_:.]*[.:][0-9A-Za-z_:.]*(?:%[0-9A-Za-z]+)?"));
    RUN.replace_all(text, |run: &Captures<'_>| {
        let run = &run[0];
        // The end of a sentence is none of the address.
        let bare = run.trim_end_matches([':', '.']);
        let bare =
            if run.ends_with("::") && bare.len() + 2 <= run.len() { &run[..bare.len() + 2] } else { bare };
        let end = &run[bare.len()..];
        if let Some(address) = address(bare) {
            return if is_telling(address) { format!("{{address}}{end}") } else { run.to_owned() };
        }
        // With its port, or as an item of a list: `10.0.0.1:53`.
        match bare.split_once(':') {
            Some((host, rest)) if host.parse::<Ipv4Addr>().is_ok_and(|ip| is_telling(ip.into())) => {
                format!("{{address}}:{rest}{end}")
            }
            _ => run.to_owned(),
        }
    })
    .into_owned()
}

fn address(text: &str) -> Option<IpAddr> {
    if let Ok(four) = text.parse::<Ipv4Addr>() {
        return Some(four.into());
    }
    let bare = text.split('%').next().unwrap_or(text);
    let six = bare.parse::<Ipv6Addr>().ok()?;
    // `a::b` is more often a name in a program.
    bare.contains(|c: char| c.is_ascii_digit()).then_some(six.into())
}

/// Whether an address leads to another machine, or to this one from outside.
pub(crate) fn is_telling(address: IpAddr) -> bool {
    let address = address.to_canonical();
    !address.is_loopback() && !address.is_unspecified()
}
