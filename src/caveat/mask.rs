//! Messages of programs and servers without the parts that differ between runs: addresses in memory, numbers
//! of processes and ports, names of temporary files, times. Two runs of the same thing then agree.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Parts that differ between runs, and the text in their place; the groups of a pattern stay.
const CHANGING: [(&str, &str); 17] = [
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d(?::?\d\d)?| UTC| GMT)?", "{time}"),
    (r"\b\d\d:\d\d:\d\d[.,]\d+", "{time}"),
    (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "{uuid}"),
    (r"\b0x[0-9a-fA-F]{6,16}\b", "{address}"),
    // As SBCL, in which pgloader is written, prints what has no name.
    (r"\{[0-9A-F]{7,16}\}", "{address}"),
    (r"((?i-u:\bp?pid|\btid|\bprocess|\bthread|\bbackend|\btransaction|\boid)(?: id)?[ =:#]+)\d+", "{id}"),
    (r"(\b[A-Za-z][\w.-]*\[)\d+(\]:)", "{id}"),
    (r"( \[)\d+(\]:? [A-Z]{3,})", "{id}"),
    (r"((?i-u:\bport)[ =:]+)\d+", "{port}"),
    (r"((?:\b\d{1,3}(?:\.\d{1,3}){3}|\blocalhost|\]):)\d{2,5}\b", "{port}"),
    (r#"(?:/[^\s"'`:;,()<>/]+)*/(?:caveat-)?scratch-\w+"#, "{scratch}"),
    (r#"(?:/tmp|/var/tmp|/dev/shm|/run/user/\d+)/[^\s"'`:;,()<>]+"#, "{temporary}"),
    (r"\bbulkbench_\w+", "{schema}"),
    (r"(\bpg_toast_|\bpg_temp_|\bpg_toast_temp_)\d+", "{id}"),
    (r"(\bbase/)\d+/\d+", "{id}"),
    (r"\b[0-9A-F]{1,8}/[0-9A-F]{6,8}\b", "{lsn}"),
    (r"\b\d+(?:\.\d+)?\s?(?:ns|us|µs|ms|msecs?|milliseconds?|s|secs?|seconds?|min|minutes?)\b", "{duration}"),
];

static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let pattern = |text| Regex::new(text).unwrap_or_else(|e| panic!("a pattern of this program's: {e}"));
    CHANGING.iter().map(|(text, name)| (pattern(text), *name)).collect()
});

/// `text` with a name in braces in place of each thing that is another in each run. What stands in
/// the data that was loaded is the data's own and stays.
pub(crate) fn steady(text: &str, data: &[u8]) -> String {
    PATTERNS.iter().fold(text.to_owned(), |text, (pattern, name)| {
        let replaced = pattern.replace_all(&text, |found: &Captures<'_>| {
            match memchr::memmem::find(data, found[0].as_bytes()) {
                Some(_) => found[0].to_owned(),
                None => {
                    let kept = |group| found.get(group).map_or("", |kept: regex::Match<'_>| kept.as_str());
                    format!("{}{name}{}", kept(1), kept(2))
                }
            }
        });
        replaced.into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_the_same_thing_agree() {
        let same = [
            ["<object at 0x7f3a91c2b5d0> failed", "<object at 0x7fe1004a10> failed"],
            [
                "#<SB-SYS:FD-STREAM for \"file x\" {1005DDF043}>: bad octet",
                "#<SB-SYS:FD-STREAM for \"file x\" {100A2B1993}>: bad octet",
            ],
            [
                "2026-11-21 10:00:01.123 UTC [4711] FATAL: terminating",
                "2026-11-22 23:59:59.001 UTC [17] FATAL: terminating",
            ],
            ["2026-11-21T10:00:01.123Z FATAL no", "2026-11-21T10:00:02Z FATAL no"],
            ["10:00:01,123 worker[12]: no", "10:00:01,124 worker[13]: no"],
            [
                "Process 123 waits for ShareLock on transaction 731; blocked by process 456.",
                "Process 9 waits for ShareLock on transaction 1000; blocked by process 77.",
            ],
            ["connection at port 5433 (127.0.0.1:40123)", "connection at port 6000 (127.0.0.1:51200)"],
            ["could not open \"/tmp/psql.aB3xYz\": no", "could not open \"/tmp/psql.Q0aabb\": no"],
            ["/data/x/scratch-Ab12Cd/a.csv: no", "/y/scratch-Zz99Zz/a.csv: no"],
            ["gave up after 1.25 s (31 ms waiting)", "gave up after 1.5 s (2 ms waiting)"],
            ["relation \"bulkbench_1a2b.caveat\"", "relation \"bulkbench_77.caveat\""],
            ["pg_toast_16385, OID 16385, base/5/16390", "pg_toast_20001, OID 20001, base/6/20009"],
            ["WAL at 0/16B3748", "WAL at 1/A6B37480"],
            ["job 3f2504e0-4f89-41d3-9a0c-0305e82c3301", "job 9b2504e0-4f89-41d3-9a0c-0305e82c3302"],
        ];
        for [one, other] in same {
            assert_eq!(steady(one, b""), steady(other, b""));
            assert_ne!(steady(one, b""), one);
        }
    }

    #[test]
    fn what_says_something_of_the_data_stays() {
        for text in [
            "invalid byte sequence for encoding \"UTF8\": 0xe9 0x0a 0x33",
            "invalid input syntax for type integer: \"1,203,327\"",
            "'utf-8' codec can't decode byte 0xe9 in position 11: invalid continuation byte",
            "CSV parse error: Expected 2 columns, got 3: 1,10,11",
            "In CSV column #1: CSV conversion error to int32: invalid value '10'",
            "3 rows were skipped due to data type incompatibility",
            "index row size 2720 exceeds btree version 4 maximum 2704 for index \"caveat_pkey\"",
            "[libpq] Failed to execute COPY statement: PGRES_FATAL_ERROR ERROR:  no",
        ] {
            assert_eq!(steady(text, b""), text);
        }
        let data = b"1,2024-13-01 10:00:00\n2,0xdeadbeefcafe\n3,/tmp/x\n";
        let said = "invalid input syntax for type timestamp: \"2024-13-01 10:00:00\", 0xdeadbeefcafe, /tmp/x";
        assert_eq!(steady(said, data), said);
    }
}
