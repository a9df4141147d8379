//! The generator's promises, tested on whole datasets.

use std::collections::{HashMap, HashSet};

use super::*;
use crate::dataset::generator::rows::MOST_ROWS;
use crate::dataset::store;

fn csv(rows: u64, seed: u64) -> (String, ContentSum) {
    let votes = Votes::new(rows, seed, &Interrupt::new()).unwrap();
    let (mut out, mut sum) = (Vec::new(), ContentSum::default());
    for part in votes.parts() {
        sum.merge(votes.push_csv(part, &mut out));
    }
    (String::from_utf8(out).unwrap(), sum)
}

fn sha256(text: &str) -> String {
    store::hash(text.as_bytes(), &Interrupt::new()).unwrap().sha256
}

/// The same bytes on every machine: when one of these changes, [`VERSION`] has to.
#[test]
fn the_bytes_are_the_committed_ones() {
    for (rows, seed, expected, content) in KNOWN {
        let (text, sum) = csv(rows, seed);
        assert_eq!(
            (sha256(&text).as_str(), sum.content().to_string().as_str()),
            (expected, content),
            "{rows} rows, seed {seed}"
        );
    }
}

const KNOWN: [(u64, u64, &str, &str); 3] = [
    (1, 1, "eca658fa86a4b42fbebc9efe617ae9df96aefa624dcc08b8eed77e93cc5a08a6", "-8493966391523878114"),
    (1000, 1, "eb185d14ea170ae1ea1fef72c6591992c034a73bffa6cb740f0717a23eb93fe1", "-232615763401110431313"),
    (100000, 1, "a629b3a5e2b3c50eaecc837b7f3a829d0681deef04ad299e6cf79ef2ab3e16d2", "-677988622011756880315"),
];

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| csv(150_000, 7))
    };
    assert_eq!(with(1), with(3));
    assert_ne!(with(1), csv(150_000, 8));
}

#[test]
fn pairs_differ_at_every_size() {
    for rows in (1..=400).chain([777, 1_000, 2_500, 10_000, 30_000, 58_000, 123_456]) {
        for seed in [1, rows] {
            let (text, _) = csv(rows, seed);
            let mut pairs = HashSet::new();
            for line in text.lines() {
                let (pair, score) = line.rsplit_once(',').unwrap();
                assert!(score == "1" || score == "-1");
                assert!(pairs.insert(pair), "{pair} twice in {rows} rows, seed {seed}");
            }
            assert_eq!(pairs.len() as u64, rows);
        }
    }
}

#[test]
fn the_figures_are_the_published_ones() {
    const ROWS: u64 = 740_556;
    let (text, _) = csv(ROWS, 1);
    let bytes = text.len() as f64 / ROWS as f64;
    assert!((21.0..23.0).contains(&bytes), "{bytes} bytes a row, 22 wanted");
    let mut users: HashMap<&str, (u32, u32)> = HashMap::new();
    let mut links = users.clone();
    let mut up = 0;
    for line in text.lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let side = u32::from(fields[2] == "1");
        up += u64::from(side);
        for counts in [users.entry(fields[0]).or_default(), links.entry(fields[1]).or_default()] {
            counts.0 += side;
            counts.1 += 1 - side;
        }
    }
    assert_eq!((users.len(), links.len()), (3193, 204_640), "a tenth of the published ones");
    let share = up as f64 / ROWS as f64;
    assert!((0.735..0.775).contains(&share), "{share} up, about 75 % wanted");
    assert!(users.values().all(|(up, down)| *up <= 1000 && *down <= 1000));
    let with = |votes: u32| users.values().filter(|(up, down)| up + down == votes).count();
    let near = |votes: u32| (votes - 20..votes).map(with).sum::<usize>();
    assert!(with(1000) > 3 * near(1000).max(5), "a bump at 1000: {} against {}", with(1000), near(1000));
    assert!(with(2000) > 3 * near(2000).max(5), "a bump at 2000: {} against {}", with(2000), near(2000));
    let mut counts: Vec<u32> = links.values().map(|(up, down)| up + down).collect();
    counts.sort_unstable();
    // The tail falls with the power 2.5: a tenth of the links has a top of 1660 / 10^0.4.
    let top = counts[counts.len() - 1];
    assert!((350..1000).contains(&top), "{top} votes on the top link");
    assert_eq!(counts[0], 1);
    // Links are liked to different degrees, not each by three in four.
    let shares: Vec<f64> = links
        .values()
        .filter(|(up, down)| up + down >= 50)
        .map(|(up, down)| f64::from(*up) / f64::from(up + down))
        .collect();
    assert!(shares.iter().any(|share| *share < 0.6) && shares.iter().any(|share| *share > 0.9));
    // Shuffled: neighbours share their user about as often as any two votes would.
    let owners: Vec<&str> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    let same = owners.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(same < 3000, "{same} neighbours have the same user");
}

#[test]
fn impossible_sizes_are_refused() {
    for rows in [0, MOST_ROWS + 1] {
        let error = check_rows(rows).unwrap_err().to_string();
        assert!(error.contains(&rows.to_string()) && error.contains("4294967295"), "{error}");
    }
}
