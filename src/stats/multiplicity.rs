//! Many tests at once.

/// The p-values of tests that are looked at together, each adjusted so that those of 0.05 and less hold no false one at
/// all with a probability of 95 %, however the tests depend on each other (Holm, A simple sequentially rejective
/// multiple test procedure, Scandinavian Journal of Statistics 6, 1979).
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[index]).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_adjusted_as_r_adjusts_them() {
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.5), "holm").
        let found = holm(&[0.01, 0.04, 0.03, 0.005, 0.5]);
        for (found, known) in found.iter().zip([0.04, 0.09, 0.09, 0.025, 0.5]) {
            assert!((found - known).abs() < 1e-15, "{found} is not {known}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
