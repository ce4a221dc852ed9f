//! The four categories: two thresholds cut the interest × fit plane.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the four quarters of the plane. Labels come from the agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CategoryKey {
    HighInterestGoodFit,
    HighInterestLowFit,
    LowInterestGoodFit,
    LowInterestBadFit,
}

/// Where the plane is cut: a lead is a good fit from `fit_good` points, of high interest from `interest_high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// 1..=100.
    pub fit_good: u8,
    /// Above 0; the threshold θ of the interest formula.
    pub interest_high: f64,
}

impl Thresholds {
    pub fn good_fit(&self, fit: u8) -> bool {
        fit >= self.fit_good
    }
}

impl CategoryKey {
    /// In the order of the agreement: the most wanted first.
    pub fn all() -> [Self; 4] {
        [
            Self::HighInterestGoodFit,
            Self::HighInterestLowFit,
            Self::LowInterestGoodFit,
            Self::LowInterestBadFit,
        ]
    }

    /// The quarter of a lead. Interest is high at an instant when `hot_until` lies after it.
    pub fn of(thresholds: &Thresholds, fit: u8, interest_high: bool) -> Self {
        match (interest_high, thresholds.good_fit(fit)) {
            (true, true) => Self::HighInterestGoodFit,
            (true, false) => Self::HighInterestLowFit,
            (false, true) => Self::LowInterestGoodFit,
            (false, false) => Self::LowInterestBadFit,
        }
    }

    /// The key that URLs, the database and the agreement use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HighInterestGoodFit => "high_interest_good_fit",
            Self::HighInterestLowFit => "high_interest_low_fit",
            Self::LowInterestGoodFit => "low_interest_good_fit",
            Self::LowInterestBadFit => "low_interest_bad_fit",
        }
    }

    /// The category with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::all().into_iter().find(|category| category.as_str() == key)
    }
}

impl fmt::Display for CategoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_itself_is_a_good_fit() {
        let thresholds = Thresholds { fit_good: 60, interest_high: 50.0 };
        assert_eq!(CategoryKey::of(&thresholds, 60, true), CategoryKey::HighInterestGoodFit);
        assert_eq!(CategoryKey::of(&thresholds, 59, true), CategoryKey::HighInterestLowFit);
        assert_eq!(CategoryKey::of(&thresholds, 60, false), CategoryKey::LowInterestGoodFit);
        assert_eq!(CategoryKey::of(&thresholds, 59, false), CategoryKey::LowInterestBadFit);
    }

    #[test]
    fn every_key_is_read_back_and_is_the_serialised_one() {
        for category in CategoryKey::all() {
            assert_eq!(CategoryKey::parse(category.as_str()), Some(category));
            assert_eq!(serde_json::to_value(category).unwrap(), category.as_str());
        }
        assert_eq!(CategoryKey::parse("lukewarm"), None);
    }
}
