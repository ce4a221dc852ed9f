//! The address of a list: search, filters, order, page and view live in it, so that a view can be sent to a colleague.

use chrono::Days;
use chrono_tz::Tz;
use serde::Deserialize;

use super::filters::{Filters, Owner, Page, Place, Search, Sort};
use crate::kernel::fields::FieldErrors;
use crate::kernel::local_time;
use crate::kernel::text::{self, excerpt};
use crate::scoring::CategoryKey;
use crate::web::forms;

/// The owner of leads that nobody holds, as the address names them.
pub const NOBODY: &str = "nobody";
/// The view that is a picture.
const PLANE: &str = "plane";

/// The address as it was typed: a text for each name, blank when absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ListParams {
    pub q: String,
    pub status: String,
    pub category: String,
    pub owner: String,
    pub source: String,
    pub campaign: String,
    /// The import that added the leads; reached from its outcome only.
    pub import: String,
    pub persona: String,
    pub country: String,
    /// Local date of the first day counted.
    pub created_from: String,
    /// Local date of the last day counted.
    pub created_to: String,
    pub sort: String,
    pub after: String,
    pub before: String,
    pub view: String,
}

impl ListParams {
    /// Checks every part. Dates are those of the reader's zone.
    pub fn check(&self, zone: Tz) -> Result<Filters, FieldErrors> {
        let mut errors = FieldErrors::default();
        let search = errors.check("q", Search::parse(&self.q));
        let status = errors.check("status", text::line(&self.status, 60)).flatten();
        let category = one_of(&mut errors, "category", &self.category, "a category", CategoryKey::parse);
        let owner = one_of(&mut errors, "owner", &self.owner, "a person", owner);
        let source = errors.check("source", text::line(&self.source, 100)).flatten();
        let campaign = one_of(&mut errors, "campaign", &self.campaign, "a campaign", |id| id.parse().ok());
        let import = one_of(&mut errors, "import", &self.import, "an import", |id| id.parse().ok());
        let persona = one_of(&mut errors, "persona", &self.persona, "a persona", |id| id.parse().ok());
        let country = errors.check("country", text::line(&self.country, 100)).flatten();
        let from = errors.check("created_from", local_time::date(&self.created_from)).flatten();
        let to = errors.check("created_to", local_time::date(&self.created_to)).flatten();
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            errors.add("created_to", format!("{to} lies before {from}; no day is between them"));
        }
        let sort = one_of(&mut errors, "sort", &self.sort, "an order; it is hot, fit, age or name", |key| {
            Sort::ALL.into_iter().find(|sort| sort.key() == key)
        });
        let sort = sort.unwrap_or(Sort::Hot);
        let after =
            text::filled(&self.after).and_then(|after| errors.check("after", Place::parse(&after, sort)));
        let before =
            text::filled(&self.before).and_then(|before| errors.check("before", Place::parse(&before, sort)));
        errors.into_result()?;
        Ok(Filters {
            search: search.unwrap_or(Search::Everything),
            status,
            category,
            owner,
            source,
            campaign,
            import,
            persona,
            country,
            created_from: from.map(|day| local_time::start_of(day, zone)),
            created_until: to
                .and_then(|day| day.checked_add_days(Days::new(1)))
                .map(|day| local_time::start_of(day, zone)),
            sort,
            page: match (after, before) {
                (Some(place), _) => Page::After(place),
                (None, Some(place)) => Page::Before(place),
                (None, None) => Page::First,
            },
        })
    }

    /// The address of the same list with something changed; it begins at the start.
    pub fn link(&self, change: impl FnOnce(&mut ListParams)) -> String {
        let mut params = ListParams { after: String::new(), before: String::new(), ..self.clone() };
        change(&mut params);
        params.address()
    }

    /// The same leads in another order.
    pub fn sorted_by(&self, sort: Sort) -> String {
        self.link(|params| params.sort = sort.key().to_owned())
    }

    /// The same leads as a list.
    pub fn as_list(&self) -> String {
        self.link(|params| params.view.clear())
    }

    /// The same leads as a picture.
    pub fn as_plane(&self) -> String {
        self.link(|params| params.view = PLANE.to_owned())
    }

    /// The list from its start.
    pub fn start(&self) -> String {
        self.link(|_| ())
    }

    /// The address of all leads, in the same order and view.
    pub fn unfiltered(&self) -> String {
        ListParams { sort: self.sort.clone(), view: self.view.clone(), ..ListParams::default() }.address()
    }

    /// The address of this list. Order and view are left out where they are the usual ones.
    pub fn address(&self) -> String {
        let query = forms::query(&[
            ("q", &self.q),
            ("status", &self.status),
            ("category", &self.category),
            ("owner", &self.owner),
            ("source", &self.source),
            ("campaign", &self.campaign),
            ("import", &self.import),
            ("persona", &self.persona),
            ("country", &self.country),
            ("created_from", &self.created_from),
            ("created_to", &self.created_to),
            ("sort", if self.sort == Sort::Hot.key() { "" } else { &self.sort }),
            ("view", if self.is_plane() { &self.view } else { "" }),
            ("after", &self.after),
            ("before", &self.before),
        ]);
        format!("/leads{query}")
    }

    /// Whether the leads are shown as a picture rather than a list.
    pub fn is_plane(&self) -> bool {
        self.view == PLANE
    }

    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        let narrowing = [
            &self.q,
            &self.status,
            &self.category,
            &self.owner,
            &self.source,
            &self.campaign,
            &self.import,
            &self.persona,
            &self.country,
            &self.created_from,
            &self.created_to,
        ];
        narrowing.iter().any(|value| !value.trim().is_empty())
    }

    /// How many filters stand besides search, status and category, which are always in sight.
    pub fn further_filters(&self) -> usize {
        let further = [
            &self.owner,
            &self.source,
            &self.campaign,
            &self.persona,
            &self.country,
            &self.created_from,
            &self.created_to,
        ];
        further.iter().filter(|value| !value.trim().is_empty()).count()
    }
}

fn one_of<T>(
    errors: &mut FieldErrors,
    field: &str,
    text: &str,
    what: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let text = text::filled(text)?;
    let parsed = parse(&text);
    if parsed.is_none() {
        errors.add(field, format!("“{}” is not {what}", excerpt(&text)));
    }
    parsed
}

fn owner(text: &str) -> Option<Owner> {
    if text == NOBODY { Some(Owner::Nobody) } else { text.parse().ok().map(Owner::Person) }
}

#[cfg(test)]
#[path = "params_tests.rs"]
mod tests;
