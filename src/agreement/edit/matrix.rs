//! Who may move a lead from where to where, at a glance.

use crate::agreement::terms::{Party, Terms, Transition};

/// Every status against every other.
pub struct Matrix {
    /// The labels of the statuses, in their order.
    pub to: Vec<String>,
    pub rows: Vec<Row>,
}

/// The moves out of one status.
pub struct Row {
    pub from: String,
    pub cells: Vec<Cell>,
}

/// One pair of statuses.
pub struct Cell {
    /// The name of the pair among the moves, such as `new>nurturing`; blank for a status and itself.
    pub key: String,
    pub to: String,
    pub way: Option<Way>,
}

/// A move that is listed.
pub struct Way {
    /// Letter and name of each party.
    pub who: Vec<(&'static str, &'static str)>,
    /// What must be filled in, in words; blank for nothing.
    pub requires: String,
    pub reason: bool,
}

impl Matrix {
    pub fn of(terms: &Terms, field: impl Fn(&str) -> String) -> Matrix {
        let statuses = &terms.vocabulary;
        let rows = statuses.iter().map(|from| Row {
            from: from.label.clone(),
            cells: statuses
                .iter()
                .map(|to| Cell {
                    key: if from.key == to.key { String::new() } else { format!("{}>{}", from.key, to.key) },
                    to: to.label.clone(),
                    way: terms.transition(&from.key, &to.key).map(|transition| way(transition, &field)),
                })
                .collect(),
        });
        Matrix { to: statuses.iter().map(|status| status.label.clone()).collect(), rows: rows.collect() }
    }
}

fn way(transition: &Transition, field: &impl Fn(&str) -> String) -> Way {
    let letter = |party: &Party| match party {
        Party::Marketing => ("M", "Marketing"),
        Party::Sales => ("S", "Sales"),
        Party::System => ("⚙", "the system"),
    };
    Way {
        who: transition.who.iter().map(letter).collect(),
        requires: transition.requires.iter().map(|name| field(name)).collect::<Vec<_>>().join(", "),
        reason: transition.reason,
    }
}

impl Row {
    /// The moves that are listed.
    pub fn listed(&self) -> impl Iterator<Item = (&Cell, &Way)> {
        self.cells.iter().filter_map(|cell| Some((cell, cell.way.as_ref()?)))
    }
}

impl Way {
    /// Who makes it, and on what condition: `Sales; a reason is given; first company`.
    pub fn in_words(&self) -> String {
        let mut words = self.who.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(" or ");
        if self.reason {
            words.push_str(", with a reason");
        }
        if !self.requires.is_empty() {
            words.push_str(&format!(", when known: {}", self.requires));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_shows_exactly_the_moves_of_the_terms() {
        let terms = Terms::default_agreement();
        let matrix = Matrix::of(&terms, str::to_owned);
        assert_eq!((matrix.to.len(), matrix.rows.len()), (11, 11));
        let listed: usize = matrix.rows.iter().map(|row| row.listed().count()).sum();
        assert_eq!(listed, terms.jurisdictions.transitions.len());
        for (row, from) in matrix.rows.iter().zip(&terms.vocabulary) {
            for (cell, to) in row.cells.iter().zip(&terms.vocabulary) {
                assert_eq!(cell.way.is_some(), terms.transition(&from.key, &to.key).is_some());
                assert_eq!(cell.key.is_empty(), from.key == to.key);
            }
        }
        let working = matrix.rows.iter().find(|row| row.from == "Working").unwrap();
        let words: Vec<String> =
            working.listed().map(|(cell, way)| format!("{}: {}", cell.to, way.in_words())).collect();
        assert!(words.contains(&"Sales qualified: Sales, when known: company".to_owned()), "{words:?}");
        assert!(words.contains(&"Recycled: Sales or the system, with a reason".to_owned()), "{words:?}");
    }
}
