//! The interest × fit plane as `templates/components/plane.html` draws it: both axes run from 0 to 100.

/// A picture of the plane.
#[derive(Debug, Clone, Default)]
pub struct Plane {
    pub dots: Vec<Dot>,
    /// Where the threshold of interest cuts.
    pub interest_cut: f64,
    /// Where the threshold of fit cuts.
    pub fit_cut: f64,
    pub quarters: Vec<Quarter>,
    /// Marks of the interest axis: place and label.
    pub ticks: Vec<(f64, String)>,
}

/// A lead, or leads that lie close together.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    pub x: f64,
    pub y: f64,
    pub r: f64,
    /// Key of the category.
    pub css: &'static str,
    /// Read out and shown on hover.
    pub title: String,
}

/// One of the four parts that the thresholds make.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarter {
    pub is_hot: bool,
    pub is_good: bool,
    pub label: String,
    /// A second line: how many leads, or what happens to them.
    pub note: String,
    /// The list behind it.
    pub href: Option<String>,
}

impl Quarter {
    /// Where its label stands: in the outer corner.
    pub fn x(&self) -> f64 {
        if self.is_hot { 98.0 } else { 2.0 }
    }

    pub fn y(&self) -> f64 {
        if self.is_good { 5.0 } else { 94.0 }
    }

    pub fn anchor(&self) -> &'static str {
        if self.is_hot { "end" } else { "start" }
    }
}
