//! A version by its number, for pages that show one in any state.

use sqlx::PgConnection;

use super::queries::{self, VersionRow};
use super::terms::Terms;
use super::versions::Version;
use crate::error::{AppError, AppResult};

/// A version as it is stored.
pub async fn row(conn: &mut PgConnection, number: i32) -> AppResult<VersionRow> {
    queries::version(conn, number).await?.ok_or_else(|| no_such(number))
}

/// The same, and it stays so until the transaction ends.
pub async fn locked(conn: &mut PgConnection, number: i32) -> AppResult<VersionRow> {
    queries::lock_version(conn, number).await?.ok_or_else(|| no_such(number))
}

fn no_such(number: i32) -> AppError {
    AppError::NotFound(format!("The agreement has no version {number}."))
}

/// A version with its terms, sound or not.
pub async fn version(conn: &mut PgConnection, number: i32) -> AppResult<(VersionRow, Terms)> {
    let row = row(conn, number).await?;
    let terms = serde_json::from_value(row.terms.clone()).map_err(|_| {
        AppError::Conflict(format!(
            "The terms of version {number} were damaged in the database and cannot be read."
        ))
    })?;
    Ok((row, terms))
}

/// A version that can judge. A draft whose calendar is never open cannot.
pub async fn judging(conn: &mut PgConnection, number: i32) -> AppResult<(VersionRow, Version)> {
    let (row, terms) = version(conn, number).await?;
    let version = Version::of(number, terms).map_err(|_| {
        AppError::Conflict(format!(
            "The calendar of version {number} is never open, so no deadline can be counted. Open some hours in part 10 first."
        ))
    })?;
    Ok((row, version))
}
