//! The four categories: two thresholds cut the interest × fit plane.

use serde::{Deserialize, Serialize};

/// One of the four quarters of the plane. Labels come from the agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
