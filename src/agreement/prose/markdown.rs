//! The document as Markdown, to send and to keep elsewhere. Pure.

use super::{Document, Table};

/// The document with lines of its own below the title and at the end, such as the version and its signatures.
pub fn markdown(document: &Document, below_title: &[String], at_end: &[String]) -> String {
    let mut text = format!("# {}\n\n", escaped(&document.title));
    for line in below_title {
        text.push_str(&format!("{}\n\n", escaped(line)));
    }
    text.push_str(&format!("## Purpose\n\n{}\n\n## Contents\n\n", escaped(&document.purpose)));
    for part in &document.parts {
        text.push_str(&format!("- [{}. {}](#{})\n", part.number, part.title, part.key));
    }
    for part in &document.parts {
        let (key, number, title) = (part.key, part.number, part.title);
        text.push_str(&format!(
            "\n<a id=\"{key}\"></a>\n\n## {number}. {title}\n\n{}\n",
            escaped(&part.intro)
        ));
        if let Some(found) = &part.table {
            text.push_str(&table(found));
        }
        for clause in &part.clauses {
            text.push_str(&format!("\n**{}** {}\n", clause.number, escaped(&clause.text)));
        }
    }
    text.push_str("\n## Signatures\n");
    for line in at_end {
        text.push_str(&format!("\n{}\n", escaped(line)));
    }
    text
}

fn table(table: &Table) -> String {
    let row =
        |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    let mut text = String::from("\n");
    text.push_str(&row(&mut table.head.iter().map(|head| escaped(head))));
    text.push_str(&row(&mut table.head.iter().map(|_| "---".to_owned())));
    for cells in &table.rows {
        text.push_str(&row(&mut cells.iter().map(|cell| escaped(cell))));
    }
    text
}

/// The text in one line, without anything that Markdown would read as more than text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (at, c) in line.chars().enumerate() {
        let is_markup = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~');
        if is_markup || (at == 0 && matches!(c, '#' | '-' | '+' | '=')) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::prose::document;
    use crate::agreement::terms::Terms;

    #[test]
    fn every_part_clause_and_table_stands_in_the_text() {
        let document = document(&Terms::default_agreement());
        let text = markdown(&document, &["Version 1, in force".into()], &["Not signed yet".into()]);
        for part in &document.parts {
            assert!(text.contains(&format!("\n## {}. {}\n", part.number, part.title)));
            assert!(text.contains(&format!("](#{})", part.key)));
            for clause in &part.clauses {
                assert!(text.contains(&format!("\n**{}** {}\n", clause.number, escaped(&clause.text))));
            }
        }
        assert!(
            text.contains("| Status | Stage | Owner |\n| --- | --- | --- |\n| New | Inquiry | Marketing |\n")
        );
        assert!(text.contains("Version 1, in force\n") && text.ends_with("Not signed yet\n"));
    }

    #[test]
    fn what_people_wrote_stays_text() {
        let mut terms = Terms::default_agreement();
        terms.title = "# A *bold* | <script>".into();
        let text = markdown(&document(&terms), &[], &[]);
        assert!(text.starts_with("# \\# A \\*bold\\* \\| \\<script\\>\n"), "{}", &text[..60]);
    }
}
