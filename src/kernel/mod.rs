//! Pure building blocks that every slice may use.
