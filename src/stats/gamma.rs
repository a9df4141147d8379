//! The gamma function and its kin, as far as the distributions here need them.

use std::f64::consts::PI;

/// The coefficients of Lanczos' approximation for g = 7, by Godfrey.
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// ln of the gamma function of an x of 1/2 and more, to 14 digits (Lanczos 1964).
pub(super) fn ln_gamma(x: f64) -> f64 {
    let x = x - 1.0;
    let terms = LANCZOS.iter().enumerate().skip(1);
    let sum: f64 = LANCZOS[0] + terms.map(|(i, c)| c / (x + i as f64)).sum::<f64>();
    let t = x + 7.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// From here on the asymptotic series have 13 digits.
const FAR: f64 = 12.0;

/// The digamma function, the derivative of ln gamma, of a positive x: by its recurrence up to [`FAR`], then by its
/// asymptotic series (DLMF 5.5.2, 5.11.2).
pub(super) fn digamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < FAR {
        below -= 1.0 / x;
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series = s * (1.0 / 12.0 - s * (1.0 / 120.0 - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s / 132.0))));
    below + x.ln() - 0.5 / x - series
}

/// The trigamma function, the derivative of [`digamma`], of a positive x, in the same way (DLMF 5.15.5, 5.15.8).
pub(super) fn trigamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < FAR {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series = s * (1.0 / 6.0 - s * (1.0 / 30.0 - s * (1.0 / 42.0 - s * (1.0 / 30.0 - s * 5.0 / 66.0))));
    below + (1.0 + 0.5 / x + series) / x
}

/// The positive x of which [`trigamma`] is y, for a positive y. Trigamma falls without end, so bisection finds it.
pub(super) fn trigamma_inverse(y: f64) -> f64 {
    let (mut low, mut high) = (1e-8f64.ln(), 1e12f64.ln());
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        match trigamma(middle.exp()) > y {
            true => low = middle,
            false => high = middle,
        }
    }
    (0.5 * (low + high)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, known: f64) {
        assert!((found - known).abs() <= 1e-12 * known.abs().max(1.0), "{found} is not {known}");
    }

    #[test]
    fn they_have_their_known_values() {
        // gamma(1/2) = sqrt(pi), gamma(5) = 24, gamma(51) = 50!.
        close(ln_gamma(0.5), 0.5 * PI.ln());
        close(ln_gamma(1.0), 0.0);
        close(ln_gamma(5.0), 24f64.ln());
        close(ln_gamma(51.0), (1..=50).map(|n| f64::from(n).ln()).sum());
        // Euler's constant.
        const EULER: f64 = 0.577_215_664_901_532_9;
        close(digamma(1.0), -EULER);
        close(digamma(0.5), -EULER - 2.0 * 2f64.ln());
        close(digamma(3.0), 1.5 - EULER);
        close(trigamma(1.0), PI * PI / 6.0);
        close(trigamma(0.5), PI * PI / 2.0);
        close(trigamma(3.0), PI * PI / 6.0 - 1.25);
        // Far out, each is near its leading terms: 1/x + 1/(2 x^2) + 1/(6 x^3).
        close(trigamma(100.0), 0.01 + 0.5e-4 + 1e-6 / 6.0 - 1e-10 / 30.0);
        for x in [0.01, 0.5, 2.0, 7.3, 5000.0] {
            let found = trigamma_inverse(trigamma(x));
            assert!((found / x - 1.0).abs() < 1e-9, "{found} is not {x}");
        }
    }
}
