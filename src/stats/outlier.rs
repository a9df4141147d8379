//! Values that lie far from the others.

use super::quantile::median;

/// The size of a modified z from which on a value is called an outlier.
///
/// Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers, ASQC, 1993.
pub(crate) const OUTLYING: f64 = 3.5;

/// The median distance of residuals from 0; `None` of nothing.
pub(crate) fn deviation(residuals: &[f64]) -> Option<f64> {
    median(&residuals.iter().map(|residual| residual.abs()).collect::<Vec<_>>())
}

/// A residual in terms of the median distance: as many standard deviations, where residuals are normal. `None` where
/// that distance is 0.
pub(crate) fn modified_z(residual: f64, deviation: f64) -> Option<f64> {
    (deviation > 0.0).then(|| 0.6745 * residual / deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_residual_is_told_by_the_median_distance() {
        let residuals = [-0.02, 0.01, 0.0, 0.01, -0.01, 0.3];
        let deviation = deviation(&residuals).unwrap();
        assert_eq!(deviation, 0.01);
        let z = |residual| modified_z(residual, deviation).unwrap();
        assert!((z(0.3) - 20.235).abs() < 1e-9);
        assert!(z(0.3) > OUTLYING && z(-0.02).abs() < OUTLYING);
        assert_eq!(modified_z(1.0, 0.0), None);
    }
}
