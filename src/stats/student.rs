//! Student's t distribution and the normal one.

use super::gamma::ln_gamma;

/// From so many degrees of freedom on, t is normal to six digits.
const NORMAL_FROM: f64 = 1e6;

/// The probability of a t of this size or a larger one, in either direction, with `df` (1 and more, also in fractions,
/// or infinite) degrees of freedom.
///
/// Source: the regularized incomplete beta function I(df / 2, 1/2) at df / (df + t²) (DLMF 8.17).
pub fn two_sided_p(t: f64, df: f64) -> f64 {
    match df >= NORMAL_FROM {
        true => complementary_error(t.abs() / std::f64::consts::SQRT_2).min(1.0),
        false => incomplete_beta(0.5 * df, 0.5, df / (df + t * t)),
    }
}

/// The positive t of which [`two_sided_p`] is `p`, for a p above 0 and below 1.
pub fn two_sided_t(p: f64, df: f64) -> f64 {
    // The tail is convex and falls, so that Newton's steps from 0 come nearer from below and never pass it.
    let mut t = 0.0;
    for _ in 0..200 {
        let step = (two_sided_p(t, df) - p) / (2.0 * density(t, df));
        t += step;
        if step <= 1e-12 * t {
            break;
        }
    }
    t
}

fn density(t: f64, df: f64) -> f64 {
    use std::f64::consts::PI;
    if df >= NORMAL_FROM {
        return (-0.5 * t * t).exp() / (2.0 * PI).sqrt();
    }
    let scale = (ln_gamma(0.5 * (df + 1.0)) - ln_gamma(0.5 * df)).exp() / (df * PI).sqrt();
    scale * (-0.5 * (df + 1.0) * (t * t / df).ln_1p()).exp()
}

/// The regularized incomplete beta function I(a, b) at x, for a and b of 1/2 and more.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    match x < (a + 1.0) / (a + b + 2.0) {
        true => front * beta_fraction(a, b, x) / a,
        false => 1.0 - front * beta_fraction(b, a, 1.0 - x) / b,
    }
}

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz' method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut found = d;
    for m in 1..2000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = found;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            found *= c * d;
        }
        if (found / before - 1.0).abs() < 1e-15 {
            break;
        }
    }
    found
}

/// erfc(x) for x >= 0: near zero by the series of erf without alternating signs (DLMF 7.6.2),
/// far out by the continued fraction (DLMF 7.9.1), where 1 - erf would lose its digits.
pub(super) fn complementary_error(x: f64) -> f64 {
    let scale = (-x * x).exp() / std::f64::consts::PI.sqrt();
    if x < 3.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..100 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
        }
        return 1.0 - 2.0 * scale * sum;
    }
    let fraction = (1..=60).rev().fold(x, |tail, n| x + f64::from(n) / 2.0 / tail);
    scale / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, known: f64, within: f64) {
        assert!((found - known).abs() <= within, "{found} is not {known}");
    }

    #[test]
    fn t_has_the_quantiles_of_the_printed_tables() {
        // R: qt(0.975, df) and qt(0.9995, df).
        for (df, t, far) in [
            (1.0, 12.706_204_736_174_7, 636.619_248_768_7),
            (2.0, 4.302_652_729_749_46, 31.599_054_576_44),
            (4.0, 2.776_445_105_197_79, 8.610_301_581_38),
            (9.0, 2.262_157_162_798_2, 4.780_912_585_93),
            (30.0, 2.042_272_456_301_24, 3.645_958_635_04),
            (f64::INFINITY, 1.959_963_984_540_05, 3.290_526_731_49),
        ] {
            close(two_sided_t(0.05, df) / t, 1.0, 1e-9);
            close(two_sided_t(0.001, df) / far, 1.0, 1e-9);
            close(two_sided_p(t, df), 0.05, 1e-10);
            close(two_sided_p(-far, df), 0.001, 1e-12);
            assert_eq!(two_sided_p(0.0, df), 1.0);
        }
        // In closed form: 1 - 2 atan(t) / pi with one degree of freedom, 1 - t / sqrt(2 + t²) with two.
        close(two_sided_p(3.0, 1.0), 1.0 - 2.0 * 3f64.atan() / std::f64::consts::PI, 1e-14);
        close(two_sided_p(3.0, 2.0), 1.0 - 3.0 / 11f64.sqrt(), 1e-14);
        // Between whole degrees of freedom it lies between theirs.
        let between = two_sided_p(2.5, 4.5);
        assert!(two_sided_p(2.5, 5.0) < between && between < two_sided_p(2.5, 4.0));
    }

    #[test]
    fn the_complementary_error_function_has_its_known_values() {
        // scipy.special.erfc; the last two lie on either side of the change of method.
        close(complementary_error(0.0), 1.0, 1e-15);
        close(complementary_error(0.5), 0.479_500_122_186_953_5, 1e-14);
        close(complementary_error(2.9) / 4.109_787_809_945_884e-5, 1.0, 1e-11);
        close(complementary_error(3.1) / 1.164_865_736_719_958_4e-5, 1.0, 1e-11);
    }
}
