//! How rates go along a run's axis: where a series rises or falls, where its knee lies, and where one
//! series passes another. No difference is reported that the run's own noise could make.

use super::curve::{Curve, Point, Series};
use super::knee::{SHARE, knee};

/// A series along the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// The series' name.
    pub series: String,
    /// The smallest value of the axis.
    pub first: Place,
    /// The largest value of the axis.
    pub last: Place,
    /// The value with the best rate.
    pub best: Place,
    /// The smallest value that reaches [`SHARE`] of the best rate.
    pub knee: Place,
    /// The way it goes.
    pub course: Course,
}

/// A value of the axis, and the rate there.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The value, as people write it.
    pub at: String,
    /// Rows a second.
    pub rate: f64,
}

/// The way a rate goes along the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Its best and its worst are no further apart than the noise.
    Flat,
    /// It is best at the smallest value.
    Falls,
    /// At the largest value it is better than at the smallest, and no worse than its best beyond the noise.
    Rises,
    /// It is best in between.
    Peaks,
}

/// One series that passes another along the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// The series that is ahead at the larger values.
    pub ahead: String,
    /// The other.
    pub behind: String,
    /// The first value from which on `ahead` stays ahead beyond the noise.
    pub from: String,
    /// The last value at which `behind` was ahead beyond the noise; `None` where the two only were within it.
    pub until: Option<String>,
    /// The largest value that both have.
    pub last: String,
    /// The speed of `ahead` relative to `behind` there.
    pub factor: f64,
}

/// The factor by which two rates have to differ for a reported difference: the run's noise, and at least what the
/// knee lets pass.
pub(crate) fn tolerance(floor: f64) -> f64 {
    floor.max(1.0 / SHARE)
}

/// The trend of each series of two values or more; `floor` is the run's noise as a factor of 1 or more.
pub fn trends(curve: &Curve, floor: f64) -> Vec<Trend> {
    curve.series.iter().filter_map(|series| trend(series, tolerance(floor))).collect()
}

fn trend(series: &Series, apart: f64) -> Option<Trend> {
    let places: Vec<Place> = series.points.iter().filter_map(place).collect();
    let [first, .., last] = &places[..] else { return None };
    let rates: Vec<f64> = places.iter().map(|place| place.rate).collect();
    let found = knee(&rates)?;
    let best = &places[found.best];
    let worst = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let course = match () {
        () if best.rate <= worst * apart => Course::Flat,
        () if found.best == 0 => Course::Falls,
        () if best.rate <= last.rate * apart && last.rate > first.rate * apart => Course::Rises,
        () => Course::Peaks,
    };
    Some(Trend {
        series: series.name.clone(),
        first: first.clone(),
        last: last.clone(),
        best: best.clone(),
        knee: places[found.at].clone(),
        course,
    })
}

fn place(point: &Point) -> Option<Place> {
    Some(Place { at: point.label.clone(), rate: point.summary.rows_per_second()?.point })
}

/// The pairs of series of which one gets ahead of the other along the axis, in the order of the series;
/// `floor` as for [`trends`].
pub fn crossings(curve: &Curve, floor: f64) -> Vec<Crossing> {
    let pairs =
        curve.series.iter().enumerate().flat_map(|(n, a)| curve.series[n + 1..].iter().map(move |b| (a, b)));
    pairs.filter_map(|(a, b)| crossing(a, b, tolerance(floor))).collect()
}

fn crossing(a: &Series, b: &Series, apart: f64) -> Option<Crossing> {
    // The speed of `b` relative to `a` wherever both have a rate.
    let shared: Vec<(&str, f64)> = a
        .points
        .iter()
        .filter_map(|mine| {
            let theirs = b.points.iter().find(|theirs| theirs.x == mine.x)?;
            let rate = |point: &Point| Some(point.summary.rows_per_second()?.point);
            Some((mine.label.as_str(), rate(theirs)? / rate(mine)?))
        })
        .collect();
    let (last, end) = shared.last()?;
    let (ahead, behind, factor) = if *end > 1.0 { (b, a, *end) } else { (a, b, 1.0 / end) };
    let lead = |ratio: f64| if *end > 1.0 { ratio } else { 1.0 / ratio };
    let not_ahead = shared.iter().rposition(|(_, ratio)| lead(*ratio) <= apart)?;
    let (from, _) = shared.get(not_ahead + 1)?;
    let until = shared.iter().rev().find(|(_, ratio)| lead(*ratio) < 1.0 / apart);
    Some(Crossing {
        ahead: ahead.name.clone(),
        behind: behind.name.clone(),
        from: (*from).to_owned(),
        until: until.map(|(at, _)| (*at).to_owned()),
        last: (*last).to_owned(),
        factor,
    })
}
