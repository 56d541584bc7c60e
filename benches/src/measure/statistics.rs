//! Medians and how far the rest is from them.

/// The middle of some figures, the quartiles around it, and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
    /// In 95 of 100 such runs the median of all that might have been measured lies between these two.
    pub likely: (f64, f64),
}

impl Spread {
    /// Of no figures: not a number.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let last = figures.len().saturating_sub(1) as f64;
        let at = |share: f64| {
            let place = last * share.clamp(0.0, 1.0);
            figures.get(place.round() as usize).copied().unwrap_or(f64::NAN)
        };
        // How many of the figures lie below the true median is binomial with one half: its standard deviation is half of
        // the root of their number, here as a share of them.
        let margin = 1.96 * 0.5 / (figures.len() as f64).sqrt();
        Self { low: at(0.25), median: at(0.5), high: at(0.75), likely: (at(0.5 - margin), at(0.5 + margin)) }
    }

    /// Half of the distance between the quartiles, as a share of the median.
    pub fn relative(&self) -> f64 {
        (self.high - self.low) / 2.0 / self.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_the_middle_in_any_order() {
        let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(spread, Spread { low: 2.0, median: 3.0, high: 4.0, likely: (1.0, 5.0) });
        assert!(Spread::of([]).median.is_nan());
    }

    #[test]
    fn more_figures_leave_less_doubt_about_the_middle() {
        let spread = Spread::of((0..=100).map(f64::from));
        assert_eq!(spread, Spread { low: 25.0, median: 50.0, high: 75.0, likely: (40.0, 60.0) });
    }
}
