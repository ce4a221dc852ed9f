//! The first rows of a file, and what its map makes of them, before anything is brought in.

use csv::StringRecord;
use encoding_rs::Encoding;
use sqlx::PgConnection;

use super::decode;
use super::map::ImportMap;
use super::model::Import;
use super::plan::{self, Made, Plan};
use super::problem::{Refusal, Unreadable};
use super::queries;
use super::rows::Rows;
use crate::kernel::ids::ImportId;
use crate::kernel::text::excerpt;

/// Rows that are shown.
const SHOWN: usize = 8;

/// The first piece of an uploaded file.
pub struct Beginning {
    bytes: Vec<u8>,
    is_all: bool,
}

impl Beginning {
    pub async fn load(
        conn: &mut PgConnection,
        import: ImportId,
        bytes_total: i64,
    ) -> sqlx::Result<Beginning> {
        let bytes = queries::piece(conn, import, 0).await?.unwrap_or_default();
        Ok(Beginning { is_all: bytes.len() as i64 == bytes_total, bytes })
    }

    /// Opens it as a map says.
    pub fn open(&self, map: &ImportMap) -> Result<Rows<&[u8]>, Unreadable> {
        Rows::open(&self.bytes, self.encoding(map)?, plan::delimiter(map))
    }

    /// The header as it is found without a map.
    pub fn columns(&self) -> Result<Vec<String>, Unreadable> {
        Ok(self.open(&ImportMap::default())?.columns().to_vec())
    }

    fn encoding(&self, map: &ImportMap) -> Result<&'static Encoding, Unreadable> {
        decode::choose(&mut &self.bytes[..], map.file.encoding, self.is_all)
    }
}

/// What is shown before an import starts.
#[derive(Debug, Default)]
pub struct Preview {
    pub encoding: String,
    pub separator: String,
    pub columns: Vec<PreviewColumn>,
    /// The first rows with their numbers.
    pub rows: Vec<(u64, Vec<String>)>,
    /// Fields with the same value in every row: key and value.
    pub constants: Vec<(String, String)>,
    /// What is wrong with the file or its map.
    pub problems: Vec<String>,
    /// What would be refused of the rows shown.
    pub refusals: Vec<Refusal>,
}

/// A column, and the keys of the fields that it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewColumn {
    pub name: String,
    pub becomes: Vec<String>,
}

/// What a file's first rows become by its map.
pub fn of(import: &Import, beginning: &Beginning, plan: Result<Plan, Vec<String>>) -> Preview {
    let map = ImportMap::parse(&import.map).unwrap_or_default();
    let mut preview =
        Preview { problems: plan.as_ref().err().cloned().unwrap_or_default(), ..Preview::default() };
    let (Ok(encoding), Ok(mut rows)) = (beginning.encoding(&map), beginning.open(&map)) else {
        return preview;
    };
    preview.encoding = encoding.name().to_owned();
    preview.separator = separator_name(rows.delimiter());
    let fields = map.fields();
    let becomes = |column: &str| {
        fields
            .iter()
            .filter(|(_, field)| field.columns.iter().any(|c| c.trim() == column))
            .map(|(key, _)| key.clone())
            .collect()
    };
    preview.columns = rows
        .columns()
        .iter()
        .map(|name| PreviewColumn { name: name.clone(), becomes: becomes(name) })
        .collect();
    preview.constants =
        fields.iter().filter_map(|(key, field)| Some((key.clone(), field.constant.clone()?))).collect();
    while preview.rows.len() < SHOWN
        && let Ok(Some(row)) = rows.next()
    {
        match row.values {
            Ok(values) => {
                preview.rows.push((row.number, values.iter().map(excerpt).collect()));
                preview
                    .refusals
                    .extend(plan.as_ref().map(|plan| refusals(plan, row.number, values)).unwrap_or_default());
            }
            Err(problem) => {
                preview.rows.push((row.number, vec![]));
                preview.refusals.push(Refusal { row: row.number, problem });
            }
        }
    }
    preview
}

fn refusals(plan: &Plan, row: u64, values: &StringRecord) -> Vec<Refusal> {
    let mut problems = vec![];
    if let Made::Refused(refused) = plan.make(values, &mut problems) {
        problems.extend(refused);
    }
    problems.into_iter().map(|problem| Refusal { row, problem }).collect()
}

fn separator_name(separator: u8) -> String {
    match separator {
        b',' => "comma".to_owned(),
        b';' => "semicolon".to_owned(),
        b'\t' => "tab".to_owned(),
        b'|' => "bar".to_owned(),
        other => char::from(other).to_string(),
    }
}
