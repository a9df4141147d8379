//! The flags that have a run go on in rounds until its intervals are narrow.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use crate::model::Until;
use crate::record::WIDEST_PERCENT;
use crate::stats::MIN_SAMPLES;
use crate::usage;

/// Rounds at most, unless the user says otherwise.
const MOST_ROUNDS: u32 = 30;

/// The longest that the rounds may take, unless the user says otherwise.
const MOST_TIME: Duration = Duration::from_secs(4 * 60 * 60);

/// The longest that anybody may ask for: 30 days.
const LONGEST: u64 = 30 * 24 * 60 * 60;

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct UntilArgs {
    /// Go on in rounds until half of each interval is at most this share of its figure, such as 2%; --rounds is then the
    /// fewest rounds, 5 at least
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub until: Option<f64>,
    /// The cases whose intervals --until asks about, beside the control's: ids, or methods for all of their cases
    /// [default: all]
    #[arg(long, value_delimiter = ',', value_name = "A,B", requires = "until")]
    pub until_cases: Vec<String>,
    /// The most rounds of --until [default: 30]
    #[arg(long, value_name = "ROUNDS", requires = "until", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub max_rounds: Option<u32>,
    /// The longest that the rounds of --until may take together, such as 5400, 90m or 2h: none begins beyond the fewest that
    /// would end later, taking as long as those before it [default: 4h]
    #[arg(long, value_name = "TIME", requires = "until", value_parser = time)]
    pub max_time: Option<Duration>,
}

/// A share in per cent, with or without the sign.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    let percent = number.parse::<f64>().ok().filter(|percent| WIDEST_PERCENT.contains(percent));
    percent.ok_or_else(|| {
        format!("it is a share from {}% to {}%, such as 2%", WIDEST_PERCENT.start(), WIDEST_PERCENT.end())
    })
}

/// A time in seconds, minutes or hours.
fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let a_unit = match unit {
        "h" => 3600,
        "m" => 60,
        _ => 1,
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(a_unit));
    let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        "it is a whole number of seconds, minutes or hours, such as 5400, 90m or 2h, and at most 720h".into()
    })
}

impl UntilArgs {
    /// The rule, of a run that was asked for `rounds`, and has `usual` ones where it was not; `None` where none is asked
    /// for.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for rounds too few for an interval, and for fewer at most than at least.
    pub(crate) fn rule(&self, rounds: Option<u32>, usual: u32) -> Result<Option<Until>> {
        let Some(percent) = self.until else { return Ok(None) };
        let few = MIN_SAMPLES as u32;
        if let Some(rounds) = rounds.filter(|rounds| *rounds < few) {
            return Err(usage!(
                "--rounds {rounds} with --until: an interval is made of {few} samples at least; name {few} rounds or more, or \
                 leave --rounds out"
            ));
        }
        let fewest_rounds = rounds.unwrap_or(usual.max(few));
        if let Some(most) = self.max_rounds.filter(|most| *most < fewest_rounds) {
            let whose = match rounds {
                Some(_) => "--rounds asks for",
                None if usual < few => "an interval takes",
                None => "the experiment has",
            };
            let fewer = match fewest_rounds > few {
                true => format!(", or fewer by --rounds, {few} at least"),
                false => String::new(),
            };
            return Err(usage!(
                "--max-rounds {most}: {whose} {fewest_rounds} rounds at least, before any interval is looked at; name \
                 {fewest_rounds} or more{fewer}"
            ));
        }
        let most_time = self.max_time.unwrap_or(MOST_TIME);
        Ok(Some(Until {
            percent,
            cases: self.until_cases.clone(),
            fewest_rounds,
            most_rounds: self.max_rounds.unwrap_or(MOST_ROUNDS.max(fewest_rounds)),
            most_ns: most_time.as_nanos() as u64,
            spent_ns: 0,
            wider: BTreeMap::new(),
            ended: None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_in_per_cent_and_a_time_has_a_unit() {
        assert_eq!([percent("2%"), percent("0.5"), percent("50 %")], [Ok(2.0), Ok(0.5), Ok(50.0)]);
        for wrong in ["0%", "0", "-2%", "51%", "x", "", "%", "nan", "inf", "2%%"] {
            assert!(percent(wrong).unwrap_err().contains("from 0.01% to 50%, such as 2%"), "{wrong}");
        }
        let seconds = |text| time(text).map(|time| time.as_secs());
        assert_eq!(
            [seconds("5400"), seconds("90s"), seconds("90m"), seconds("2h")].map(Result::unwrap),
            [5400, 90, 5400, 7200]
        );
        for wrong in ["0", "0h", "1.5h", "-1", "h", "", "2d", "721h", "99999999999999999999", "1ä"] {
            assert!(seconds(wrong).unwrap_err().contains("such as 5400, 90m or 2h"), "{wrong}");
        }
    }

    fn args(max_rounds: Option<u32>) -> UntilArgs {
        UntilArgs { until: Some(2.0), max_rounds, ..UntilArgs::default() }
    }

    #[test]
    fn the_fewest_rounds_are_enough_for_an_interval_and_no_more_than_the_most() {
        let rounds = |max_rounds, rounds, usual| {
            let until = args(max_rounds).rule(rounds, usual).unwrap().unwrap();
            (until.fewest_rounds, until.most_rounds)
        };
        assert_eq!(rounds(None, None, 2), (5, 30));
        assert_eq!(rounds(None, None, 7), (7, 30));
        assert_eq!(rounds(Some(9), Some(6), 7), (6, 9));
        assert_eq!(rounds(None, Some(40), 7), (40, 40));
        assert_eq!(
            UntilArgs::default().rule(Some(3), 2).unwrap(),
            None,
            "no rule, and as many rounds as anybody likes"
        );

        let refused =
            |max_rounds, rounds, usual| args(max_rounds).rule(rounds, usual).unwrap_err().to_string();
        assert!(
            refused(None, Some(4), 7)
                .starts_with("--rounds 4 with --until: an interval is made of 5 samples")
        );
        assert!(refused(Some(3), None, 2).starts_with("--max-rounds 3: an interval takes 5 rounds at least"));
        assert!(
            refused(Some(6), None, 7).starts_with("--max-rounds 6: the experiment has 7 rounds at least")
        );
        assert!(
            refused(Some(6), Some(8), 7).starts_with("--max-rounds 6: --rounds asks for 8 rounds at least")
        );
    }
}
