//! From values to pixels, with round ticks.

/// An axis.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: i32,
    to: i32,
    kind: Kind,
    /// Values that are marked.
    pub ticks: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Linear,
    Logarithmic,
}

impl Scale {
    /// From zero to a round value at or above `most`, in about `count` steps, over these pixels.
    pub(crate) fn linear(most: f64, count: usize, from: i32, to: i32) -> Self {
        let most = if most > 0.0 { most } else { 1.0 };
        let step = round_step(most / count.max(1) as f64);
        // The small share keeps 0.3 / 0.1 from needing a fourth step.
        let steps = (most / step - 1e-9).ceil().max(1.0) as usize;
        let ticks: Vec<f64> = (0..=steps).map(|i| i as f64 * step).collect();
        Self { low: 0.0, high: steps as f64 * step, from, to, kind: Kind::Linear, ticks }
    }

    /// Over the positive values from `low` to `high`, ticked at powers of ten, and at 2 and 5
    /// between them where they would be few.
    pub(crate) fn logarithmic(low: f64, high: f64, count: usize, from: i32, to: i32) -> Self {
        let within = |low: f64, high: f64, steps: &[f64]| -> Vec<f64> {
            let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
            decades.flat_map(|d| steps.iter().map(move |s| s * 10f64.powi(d))).collect()
        };
        // The axis ends at ticks, one beyond each outermost value.
        let ends = |ticks: &[f64]| {
            let first = ticks.iter().rposition(|t| *t <= low * (1.0 + 1e-9)).unwrap_or(0);
            let last = ticks.iter().position(|t| *t >= high * (1.0 - 1e-9)).unwrap_or(ticks.len() - 1);
            ticks[first..=last.max(first + 1).min(ticks.len() - 1)].to_vec()
        };
        let fine = ends(&within(low, high, &[1.0, 2.0, 5.0]));
        let coarse = ends(&within(low, high, &[1.0]));
        let ticks = if fine.len() <= count.max(3) { fine.clone() } else { coarse };
        // Few decades: the finer ends leave less of the picture empty.
        let (low, high) = (fine[0], fine[fine.len() - 1]);
        let ticks: Vec<f64> = ticks.into_iter().filter(|t| *t >= low * 0.999 && *t <= high * 1.001).collect();
        Self { low, high, from, to, kind: Kind::Logarithmic, ticks }
    }

    /// From the least to the largest of these values, in ascending order, with a tick at each of
    /// them; logarithmic where [`wide`] says so.
    pub(crate) fn at_values(values: &[f64], from: i32, to: i32) -> Self {
        let low = values.first().copied().unwrap_or(0.0);
        let high = values.last().copied().unwrap_or(low);
        let kind = if wide(low, high) { Kind::Logarithmic } else { Kind::Linear };
        // A single value stands in the middle.
        let (low, high) = if low < high { (low, high) } else { (low - 1.0, low + 1.0) };
        Self { low, high, from, to, kind, ticks: values.to_vec() }
    }

    /// The same, shortened until at each of these values there is room for so many pixels
    /// before `limit`.
    pub(crate) fn with_room(mut self, needs: impl Iterator<Item = (f64, i32)>, limit: i32) -> Self {
        let length = needs.fold(f64::from(self.to - self.from), |length, (value, pixels)| {
            let share = self.share(value);
            let room = f64::from(limit - pixels - self.from);
            if share > 0.0 { length.min(room / share) } else { length }
        });
        // Where figures leave nothing of the plot, a cut figure is the lesser evil.
        self.to = self.from + (length as i32).max(40);
        self
    }

    /// The pixel of a value.
    pub(crate) fn at(&self, value: f64) -> i32 {
        self.from + (self.share(value) * f64::from(self.to - self.from)).round() as i32
    }

    fn share(&self, value: f64) -> f64 {
        let share = match self.kind {
            Kind::Linear => (value - self.low) / (self.high - self.low),
            Kind::Logarithmic => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        share.clamp(0.0, 1.0)
    }
}

/// Whether values from `low` to `high` span more than a decade, and can stand on a logarithmic axis.
pub(crate) fn wide(low: f64, high: f64) -> bool {
    low > 0.0 && high / low > 10.0
}

/// 1, 2 or 5 times a power of ten, at or above `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.into_iter().map(|s| s * power).find(|s| *s >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

/// Seconds on an axis that ends at `last`, all in one unit: `2 s`, `0.5 s`, `200 ms`.
pub(crate) fn seconds_words(seconds: f64, last: f64) -> String {
    if seconds == 0.0 {
        return "0".into();
    }
    let (value, unit) = if last >= 1.0 { (seconds, "s") } else { (seconds * 1e3, "ms") };
    // Ticks are round: three places say all of them, and the rest is the error of the sum.
    format!("{} {unit}", (value * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_ends_at_a_round_value() {
        let scale = Scale::linear(8.7, 6, 100, 600);
        assert_eq!(scale.ticks, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!((scale.at(0.0), scale.at(5.0), scale.at(10.0)), (100, 350, 600));
        assert_eq!(Scale::linear(0.3, 3, 0, 10).ticks.len(), 4);
    }

    #[test]
    fn values_are_ticks_on_the_axis_that_suits_them() {
        let scale = Scale::at_values(&[1.0, 10.0, 100.0], 0, 200);
        assert_eq!((scale.at(1.0), scale.at(10.0), scale.at(100.0)), (0, 100, 200));
        // Upwards: pixels count from the top.
        let scale = Scale::at_values(&[0.0, 5.0, 100.0], 200, 0);
        assert_eq!((scale.at(0.0), scale.at(5.0), scale.at(100.0)), (200, 190, 0));
        assert_eq!(Scale::at_values(&[7.0], 0, 200).at(7.0), 100);
    }

    #[test]
    fn figures_get_their_room() {
        let scale = Scale::linear(10.0, 5, 0, 1000);
        let scale = scale.with_room([(10.0, 100), (5.0, 600)].into_iter(), 1000);
        assert_eq!((scale.at(10.0), scale.at(5.0)), (800, 400));
    }

    #[test]
    fn a_logarithmic_axis_is_ticked_by_decades_or_finer() {
        let scale = Scale::logarithmic(27_000.0, 1_340_000.0, 6, 0, 300);
        assert_eq!(scale.ticks, [100e3, 1e6]);
        let scale = Scale::logarithmic(300.0, 1900.0, 6, 0, 300);
        assert_eq!(scale.ticks, [200.0, 500.0, 1000.0, 2000.0]);
        assert_eq!((scale.at(200.0), scale.at(2000.0)), (0, 300));
        assert_eq!(scale.at(632.455_532), 150);
        let one = Scale::logarithmic(1000.0, 1000.0, 6, 0, 300);
        assert!(one.ticks.len() >= 2, "{one:?}");
    }
}
