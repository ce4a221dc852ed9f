//! Refused rows as a CSV that any spreadsheet opens safely.

use std::io::Write;

use futures_util::Stream;
use sqlx::PgPool;

use super::problem::Refusal;
use super::queries;
use crate::kernel::ids::ImportId;

/// Rows that are read from the database at a time.
const AT_ONCE: i64 = 5_000;

/// The columns of the file of refusals.
const HEADER: [&str; 4] = ["row", "column", "value", "reason"];

/// A CSV writer of refusals. A value that a spreadsheet would run as a formula is shown as text.
pub struct RefusalWriter<W: Write>(csv::Writer<W>);

impl<W: Write> RefusalWriter<W> {
    /// Begins a file with its header.
    pub fn begin(out: W) -> csv::Result<RefusalWriter<W>> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(HEADER)?;
        Ok(RefusalWriter(csv))
    }

    /// Goes on with a file that has its header.
    pub fn go_on(out: W) -> RefusalWriter<W> {
        RefusalWriter(csv::Writer::from_writer(out))
    }

    pub fn write(&mut self, refusal: &Refusal) -> csv::Result<()> {
        let problem = &refusal.problem;
        let texts = [&problem.column, &problem.value, &problem.reason].map(|text| harmless(text));
        self.0.write_record([refusal.row.to_string().as_str(), &texts[0], &texts[1], &texts[2]])
    }

    /// Ends the file.
    pub fn end(self) -> anyhow::Result<W> {
        self.0.into_inner().map_err(|error| anyhow::anyhow!("{error}"))
    }
}

/// Every refusal of an import as a file, some thousand rows at a time.
pub fn stream(db: PgPool, import: ImportId) -> impl Stream<Item = anyhow::Result<Vec<u8>>> {
    let begin = Some((0, 0));
    futures_util::stream::try_unfold((db, begin), move |(db, after)| async move {
        let Some(after) = after else { return Ok(None) };
        let rows = queries::refusals(&mut *db.acquire().await?, import, after, AT_ONCE).await?;
        let mut writer =
            if after == (0, 0) { RefusalWriter::begin(vec![])? } else { RefusalWriter::go_on(vec![]) };
        for (refusal, _) in &rows {
            writer.write(refusal)?;
        }
        let next = rows
            .last()
            .filter(|_| rows.len() as i64 == AT_ONCE)
            .map(|(refusal, position)| (refusal.row as i64, *position));
        Ok(Some((writer.end()?, (db, next))))
    })
}

/// Spreadsheets take these beginnings for a formula, even in quotes.
fn harmless(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    if runs { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::problem::Problem;
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_shown_as_text() {
        let mut writer = RefusalWriter::begin(vec![]).unwrap();
        for value in ["=HYPERLINK(1)", "+49", "-1", "@SUM", "\tx", "\rx", "a=b", ""] {
            writer.write(&Refusal { row: 2, problem: Problem::new("Phone", value, "no") }).unwrap();
        }
        let bytes = writer.end().unwrap();
        let mut read = csv::Reader::from_reader(&bytes[..]);
        let values: Vec<String> = read.records().map(|row| row.unwrap()[2].to_owned()).collect();
        assert_eq!(values, ["'=HYPERLINK(1)", "'+49", "'-1", "'@SUM", "'\tx", "'\rx", "a=b", ""]);
    }
}
