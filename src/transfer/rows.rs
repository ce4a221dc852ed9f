//! A file as rows: the separator found, the header read, each row with its number.

use std::io::Read;

use csv::StringRecord;
use encoding_rs::Encoding;

use super::decode::Decoder;
use super::problem::{Problem, Unreadable};

/// Separators that are looked for, the usual first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows of the beginning that the separator is judged by.
const JUDGED_ROWS: usize = 25;

/// The rows of a file, one at a time.
pub struct Rows<R> {
    csv: csv::Reader<Decoder<R>>,
    columns: Vec<String>,
    delimiter: u8,
    row: u64,
    record: StringRecord,
}

/// A row with its number, the header being row 1; or why it cannot be used.
#[derive(Debug)]
pub struct Row<'a> {
    pub number: u64,
    pub values: Result<&'a StringRecord, Problem>,
}

impl<R: Read> Rows<R> {
    /// Reads the header. Without a delimiter the one that fits the first rows best is taken.
    pub fn open(file: R, encoding: &'static Encoding, delimiter: Option<u8>) -> Result<Rows<R>, Unreadable> {
        let mut decoder = Decoder::new(file, encoding);
        let (beginning, is_all) = decoder.peek()?;
        if beginning.trim().is_empty() {
            return Err(Unreadable::Empty);
        }
        let delimiter = delimiter.unwrap_or_else(|| separator_of(beginning, is_all));
        let csv = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(decoder);
        let mut rows = Rows { csv, columns: vec![], delimiter, row: 0, record: StringRecord::new() };
        if !rows.read()? {
            return Err(Unreadable::Empty);
        }
        rows.columns = rows.record.iter().map(|name| name.trim().to_owned()).collect();
        Ok(rows)
    }

    /// The names of the columns, in the order of the file.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The next row that holds anything.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Unreadable> {
        while self.read()? {
            if !self.record.iter().all(|value| value.trim().is_empty()) {
                let values = self.shape();
                return Ok(Some(Row { number: self.row, values }));
            }
        }
        Ok(None)
    }

    fn shape(&self) -> Result<&StringRecord, Problem> {
        let (found, wanted) = (self.record.len(), self.columns.len());
        if found == wanted {
            return Ok(&self.record);
        }
        let text = self.record.iter().collect::<Vec<_>>().join(&char::from(self.delimiter).to_string());
        let mut reason = format!(
            "the row has {found} values, but the header names {wanted} columns; quote values that hold the separator"
        );
        if text.contains('\n') {
            reason.push_str(", and close every quote that is opened");
        }
        Err(Problem::of_row(&text, reason))
    }

    fn read(&mut self) -> Result<bool, Unreadable> {
        self.row += 1;
        self.csv.get_mut().begin_row();
        self.csv.read_record(&mut self.record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                Unreadable::RowTooLong { row: self.row }
            }
            csv::ErrorKind::Io(error) => Unreadable::Io(error),
            other => Unreadable::Io(std::io::Error::other(format!("{other:?}"))),
        })
    }
}

/// The separator that gives most of the first rows as many values as the header, and the header the most.
fn separator_of(beginning: &str, is_all: bool) -> u8 {
    let fit = |separator: u8| {
        let mut csv = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .has_headers(false)
            .from_reader(beginning.as_bytes());
        let mut widths: Vec<usize> =
            csv.records().take(JUDGED_ROWS).filter_map(Result::ok).map(|record| record.len()).collect();
        if !is_all && widths.len() > 1 && widths.len() < JUDGED_ROWS {
            // The last row is cut off.
            widths.pop();
        }
        let header = widths.first().copied().unwrap_or(0);
        let alike = widths.iter().filter(|&&width| width == header).count();
        (header > 1).then_some((alike * 100 / widths.len().max(1), header))
    };
    let mut best = (None, b',');
    for separator in SEPARATORS {
        let fit = fit(separator);
        if fit > best.0 {
            best = (fit, separator);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use encoding_rs::UTF_8;
    use proptest::prelude::*;

    use super::super::decode::{EncodingName, choose};
    use super::*;

    fn all(text: &str) -> (Vec<String>, Vec<(u64, Result<Vec<String>, String>)>) {
        let mut rows = Rows::open(text.as_bytes(), UTF_8, None).unwrap();
        let mut read = vec![];
        while let Some(row) = rows.next().unwrap() {
            let values = row.values.map(|v| v.iter().map(str::to_owned).collect()).map_err(|p| p.reason);
            read.push((row.number, values));
        }
        (rows.columns().to_vec(), read)
    }

    #[test]
    fn the_separator_is_found_and_quotes_are_respected() {
        for (separator, text) in [
            (b',', "a,b\n\"x;y;z\",2\n\"p;q;r\",3\n"),
            (b';', "a;b\n\"x,y\";1,5\nz;2,5\n"),
            (b'\t', "a\tb\n1,2\t3\n4,5\t6\n"),
            (b'|', "a|b|c\nx,y|2|3\n"),
            (b',', "only\none\ncolumn\n"),
        ] {
            assert_eq!(
                char::from(Rows::open(text.as_bytes(), UTF_8, None).unwrap().delimiter()),
                char::from(separator),
                "{text}"
            );
        }
    }

    #[test]
    fn quotes_newlines_and_line_ends_of_every_system_are_read() {
        for end in ["\n", "\r\n", "\r"] {
            let (columns, rows) =
                all(&format!("a,b{end}1,\"he said \"\"no\"\"{end}and left\"{end}{end}2,{end}"));
            assert_eq!(columns, ["a", "b"]);
            assert_eq!(rows[0], (2, Ok(vec!["1".into(), format!("he said \"no\"{end}and left")])));
            assert_eq!(rows[1], (3, Ok(vec!["2".into(), String::new()])));
        }
    }

    #[test]
    fn a_row_of_another_width_is_refused_and_the_next_is_read() {
        let (_, rows) = all("a,b,c\n1,2\n1,2,3,4\n,,\n1,2,3\n");
        assert!(
            rows[0].1.as_ref().unwrap_err().contains("the row has 2 values, but the header names 3 columns")
        );
        assert!(rows[1].1.as_ref().unwrap_err().contains("4 values"));
        assert_eq!(rows[2], (5, Ok(vec!["1".into(), "2".into(), "3".into()])));
    }

    #[test]
    fn a_quote_that_never_closes_ends_in_bounded_memory() {
        let text = format!("a,b\n1,2\n\"{}", "x,y\n".repeat(1_000_000));
        let mut rows = Rows::open(text.as_bytes(), UTF_8, None).unwrap();
        assert_eq!(rows.next().unwrap().unwrap().number, 2);
        let problem = rows.next().unwrap_err();
        assert!(problem.to_string().starts_with("Row 3 is longer than 1 MB"), "{problem}");
    }

    #[test]
    fn many_short_rows_have_no_limit_together() {
        let (_, rows) = all(&format!("a,b\n{}", "1,2\n".repeat(1_000_000)));
        assert_eq!(rows.len(), 1_000_000);
    }

    #[test]
    fn an_empty_file_is_refused() {
        for text in ["", "\n", " \r\n\r\n", "\u{feff}"] {
            assert!(matches!(Rows::open(text.as_bytes(), UTF_8, None), Err(Unreadable::Empty)), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            if let Ok(encoding) = choose(&mut &bytes[..], EncodingName::Auto, true)
                && let Ok(mut rows) = Rows::open(&bytes[..], encoding, None)
            {
                let mut before = 1;
                while let Ok(Some(row)) = rows.next() {
                    prop_assert!(row.number > before);
                    before = row.number;
                }
            }
        }

        #[test]
        fn any_table_that_is_written_is_read_back(table in prop::collection::vec(prop::collection::vec("[a-z,;\"\n ü]{0,8}x", 3), 1..20)) {
            let mut writer = csv::Writer::from_writer(vec![]);
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let mut rows = Rows::open(&bytes[..], UTF_8, Some(b',')).unwrap();
            let header: Vec<String> = table[0].iter().map(|name| name.trim().to_owned()).collect();
            prop_assert_eq!(rows.columns(), &header[..]);
            for row in &table[1..] {
                let read = rows.next().unwrap().unwrap();
                prop_assert_eq!(read.values.unwrap(), &StringRecord::from(row.clone()));
            }
        }
    }
}
