//! The order of a run: every round has every case once, in a random order of its own.
//!
//! Interleaving spreads whatever changes during a run (another tenant, a warming disk) over all
//! cases instead of over the ones that happen to be late.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_pcg::Pcg64;

use crate::server::Settings;

/// For each round the indexes of the cases in the order they run. Cases whose settings of the kind
/// that needs a restart are the same stand together, so that a round restarts the server once for each group and
/// not once for each case; the groups and the cases within them are in random order.
pub fn order(settings: &[(usize, Settings)], rounds: u32, seed: u64) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<&Settings, Vec<usize>> = BTreeMap::new();
    for (case, of_case) in settings {
        groups.entry(of_case).or_default().push(*case);
    }
    let mut random = Pcg64::new(u128::from(seed), 0x62756c6b_62656e63);
    (0..rounds)
        .map(|_| {
            let mut round: Vec<Vec<usize>> = groups.values().cloned().collect();
            shuffle(&mut round, &mut random);
            round.iter_mut().for_each(|group| shuffle(group, &mut random));
            round.concat()
        })
        .collect()
}

/// The grouping of the cases, in words; `None` when there was but one group.
pub(crate) fn grouping(settings: &[(usize, Settings)]) -> Option<String> {
    let mut sizes: BTreeMap<&Settings, usize> = BTreeMap::new();
    for (_, of_case) in settings {
        *sizes.entry(of_case).or_default() += 1;
    }
    (sizes.len() > 1).then(|| {
        let groups: Vec<String> = sizes
            .iter()
            .map(|(settings, cases)| {
                let own: Vec<String> = settings.iter().map(|(k, v)| format!("{k} = {v}")).collect();
                let name = if own.is_empty() { "the run's own settings".into() } else { own.join(", ") };
                format!("{cases} with {name}")
            })
            .collect();
        format!(
            "a round has a restart for each group of cases whose settings need one, and runs them together: {}",
            groups.join("; ")
        )
    })
}

/// Fisher and Yates's shuffle, written out so that a recorded seed gives the recorded order
/// whatever version of the library comes next.
fn shuffle<T>(items: &mut [T], random: &mut Pcg64) {
    for i in (1..items.len()).rev() {
        items.swap(i, (random.random::<u64>() % (i as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minimal() -> Settings {
        Settings::from([("wal_level".into(), "minimal".into())])
    }

    #[test]
    fn a_round_has_every_case_once_and_a_seed_one_order() {
        let none = Settings::new();
        let cases: Vec<(usize, Settings)> = (0..9).map(|i| (i, none.clone())).collect();
        let rounds = order(&cases, 4, 7);
        for round in &rounds {
            let mut sorted = round.clone();
            sorted.sort();
            assert_eq!(sorted, (0..9).collect::<Vec<_>>());
        }
        assert_ne!(rounds[0], rounds[1]);
        assert_eq!(rounds, order(&cases, 4, 7));
        assert_ne!(rounds, order(&cases, 4, 8));
        assert_eq!(grouping(&cases), None);
    }

    #[test]
    fn the_order_of_a_seed_is_fixed_for_good() {
        let none = Settings::new();
        let cases: Vec<(usize, Settings)> = (0..5).map(|i| (i, none.clone())).collect();
        assert_eq!(order(&cases, 2, 1), [[0, 4, 3, 2, 1], [4, 2, 3, 1, 0]]);
    }

    #[test]
    fn a_longer_run_begins_with_the_rounds_of_a_shorter_one() {
        let cases: Vec<(usize, Settings)> =
            (0..8).map(|i| (i, if i % 3 == 0 { minimal() } else { Settings::new() })).collect();
        assert_eq!(order(&cases, 9, 5)[..4], order(&cases, 4, 5));
    }

    #[test]
    fn cases_of_the_same_settings_stand_together() {
        let (none, minimal) = (Settings::new(), minimal());
        let cases = [none.clone(), minimal.clone(), none.clone(), minimal, none].map(|s| s);
        let cases: Vec<(usize, Settings)> = (0..).zip(cases).collect();
        for round in order(&cases, 20, 3) {
            let kinds: Vec<bool> = round.iter().map(|i| i % 2 == 1).collect();
            let changes = kinds.windows(2).filter(|w| w[0] != w[1]).count();
            assert_eq!(changes, 1, "{round:?}");
        }
        assert!(grouping(&cases).unwrap().contains("2 with wal_level = minimal"));
    }
}
