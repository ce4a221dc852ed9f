//! Who a lead is: name, company, title, where from.

use chrono::{DateTime, Utc};
use serde_json::{Map, json};
use unicode_normalization::UnicodeNormalization;

use super::dice::Dice;
use super::words::{self, Culture};
use super::world::{Story, World};
use crate::agreement::facts::{LeadFacts, Utm};
use crate::leads::model::NewLead;
use crate::leads::{Consent, Identity, IdentityKind};

/// Leads that one company has.
const LEADS_PER_COMPANY: u64 = 3;
/// Set apart from the streams of the leads.
const COMPANY_STREAMS: u64 = 1 << 40;

/// A company that leads work for.
struct Employer {
    culture: &'static Culture,
    name: String,
    domain: String,
    industry: &'static str,
    employees: u32,
}

/// The lead of a number, as it comes in. Its colleagues have numbers far from its own.
pub fn lead(world: &World, number: u64, story: Story, created_at: DateTime<Utc>, dice: &mut Dice) -> NewLead {
    let companies = world.leads.div_ceil(LEADS_PER_COMPANY);
    let (company, place) = (number % companies, number / companies);
    let employer = employer(world, company);
    let must_fit = story != Story::Natural;
    let has_company = must_fit || !dice.percent(8);
    let culture = if dice.percent(85) { employer.culture } else { any_culture(dice) };
    let [first, last] = [culture.first, culture.last].map(|names| split(dice.pick::<&str>(names)));
    let name = match (culture.family_first, dice.below(400)) {
        (_, 0) => (*dice.pick(words::LONG_NAMES)).to_owned(),
        (true, _) => format!("{} {}", last.0, first.0),
        (false, _) => format!("{} {}", first.0, last.0),
    };
    let email = match has_company {
        true => format!("{}@{}", mailbox(place, &slug(first.1), &slug(last.1)), employer.domain),
        false => format!("{}.{}{number}@freemail.example", slug(first.1), slug(last.1)),
    };
    let senior = if must_fit { &words::SENIORITIES[..5] } else { words::SENIORITIES };
    let (seniority, titles, _) = dice.weighed(senior, |(_, _, share)| *share);
    let source = dice.weighed(words::SOURCES, |(_, share, _)| *share);
    let employees = if must_fit { employer.employees.max(60) } else { employer.employees };
    let campaign = dice.pick(words::CAMPAIGNS);
    let touch = source.2.map(|(from, medium)| utm(from, medium, campaign));
    let phone =
        culture.phones.filter(|_| dice.percent(60)).and_then(|(start, digits)| phone(start, digits, number));
    let facts = LeadFacts {
        name: (story != Story::Lacking && (must_fit || !dice.percent(2))).then_some(name),
        email: (must_fit || !dice.percent(2)).then_some(email),
        phone,
        title: (must_fit || !dice.percent(8)).then(|| (*dice.pick(titles)).to_owned()),
        seniority: (must_fit || !dice.percent(15)).then(|| (*seniority).to_owned()),
        company: has_company.then(|| employer.name.clone()),
        domain: has_company.then(|| employer.domain.clone()),
        industry: (has_company && !dice.percent(6)).then(|| employer.industry.to_owned()),
        employees: (has_company && (must_fit || !dice.percent(6))).then_some(employees.into()),
        country: Some(culture.country.to_owned()),
        city: (!dice.percent(12)).then(|| (*dice.pick(culture.cities)).to_owned()),
        source: Some(source.0.to_owned()),
        campaign: dice.percent(70).then(|| *dice.pick(&world.company.campaigns)),
        persona: persona(world, seniority, dice),
        first_touch: touch.clone().unwrap_or_default(),
        last_touch: touch.filter(|_| dice.percent(70)).unwrap_or_else(|| utm("google", "organic", campaign)),
        custom: custom(dice),
    };
    let do_not_contact = !must_fit && dice.percent(2);
    let consent = consent(&facts, must_fit, created_at, dice);
    NewLead { identities: identities(&facts, source.0, number), facts, consent, do_not_contact, created_at }
}

fn employer(world: &World, number: u64) -> Employer {
    let dice = &mut Dice::new(world.seed, COMPANY_STREAMS + number);
    let culture = any_culture(dice);
    let (firsts, lasts, middles) = (words::COMPANY_FIRST, words::COMPANY_LAST, words::COMPANY_MIDDLE);
    let pairs = (firsts.len() * lasts.len()) as u64;
    // A step that shares no factor with the pairs visits each of them once.
    let pair = (number * 7919 + 13) % pairs;
    let at = |list: usize, index: u64| usize::try_from(index).unwrap_or(0) % list;
    let first = firsts[at(firsts.len(), pair / lasts.len() as u64)];
    let (last, industry) = lasts[at(lasts.len(), pair)];
    let mut between = vec![];
    let mut round = number / pairs;
    while round > 0 {
        between.push(middles[at(middles.len(), round - 1)]);
        round = (round - 1) / middles.len() as u64;
    }
    let core = [&[first], between.as_slice(), &[last]].concat().join(" ");
    let employees = match dice.below(100) {
        0..18 => dice.between(1, 9),
        18..42 => dice.between(10, 49),
        42..78 => dice.between(50, 499),
        78..96 => dice.between(500, 4_999),
        _ => dice.between(5_000, 90_000),
    };
    let domain = format!("{}.example", slug(&core));
    Employer { culture, name: format!("{core} {}", culture.legal_form), domain, industry, employees }
}

fn any_culture(dice: &mut Dice) -> &'static Culture {
    dice.weighed(words::CULTURES, |culture| culture.share)
}

/// The name as written and as it stands in an address.
fn split(name: &'static str) -> (&'static str, &'static str) {
    name.split_once('|').unwrap_or((name, name))
}

/// Each of a company's people writes their mailbox another way, so that no two are the same.
fn mailbox(place: u64, first: &str, last: &str) -> String {
    match place {
        0 => format!("{first}.{last}"),
        1 => format!("{}.{last}", &first[..1]),
        2 => format!("{first}_{last}"),
        _ => format!("{first}{last}{place}"),
    }
}

/// A text in the letters of a host name.
fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.nfkd() {
        match c.to_ascii_lowercase() {
            plain @ ('a'..='z' | '0'..='9') => slug.push(plain),
            'ß' => slug.push_str("ss"),
            'ø' | 'Ø' => slug.push('o'),
            'ł' | 'Ł' => slug.push('l'),
            'ı' => slug.push('i'),
            ' ' | '-' | '&' if !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug
}

/// The lead's own number in a range of invented ones, as long as the range has room.
fn phone(start: &str, digits: u32, number: u64) -> Option<String> {
    let room = 10_u64.pow(digits);
    (number < room).then(|| format!("{start}{number:0width$}", width = digits as usize))
}

fn utm(source: &str, medium: &str, campaign: &str) -> Utm {
    let [source, medium] = [source, medium].map(|text| Some(text.to_owned()));
    Utm { source, medium, campaign: Some(slug(campaign)), ..Utm::default() }
}

fn persona(world: &World, seniority: &str, dice: &mut Dice) -> Option<uuid::Uuid> {
    let place = match seniority {
        "c-level" | "vp" => 0,
        "head" | "director" => 1,
        "manager" | "senior" => 2,
        "founder" => 3,
        _ => return None,
    };
    dice.percent(75).then(|| world.company.personas[place])
}

fn custom(dice: &mut Dice) -> Map<String, serde_json::Value> {
    let mut custom = Map::new();
    if dice.percent(35) {
        custom.insert("seats_wanted".into(), json!(dice.between(1, 40) * 5));
    }
    if dice.percent(30) {
        custom.insert("tool_today".into(), json!(dice.pick(words::TOOLS)));
    }
    custom
}

fn consent(facts: &LeadFacts, must: bool, at: DateTime<Utc>, dice: &mut Dice) -> Consent {
    let may_contact = must || !dice.percent(5);
    let basis = if dice.percent(70) { "consent" } else { "legitimate interest" };
    Consent {
        may_store: true,
        may_contact,
        basis: may_contact.then(|| basis.to_owned()),
        source: facts.source.clone().filter(|_| may_contact),
        at: may_contact.then_some(at),
    }
}

fn identities(facts: &LeadFacts, source: &str, number: u64) -> Vec<Identity> {
    let one = |kind| move |value: &String| Identity { kind, value: value.clone() };
    let listed = matches!(source, "Trade fair" | "Outbound list").then(|| format!("list-{number}"));
    let mut identities = vec![];
    identities.extend(facts.email.as_ref().map(one(IdentityKind::Email)));
    identities.extend(facts.phone.as_ref().map(one(IdentityKind::Phone)));
    identities.extend(listed.as_ref().map(one(IdentityKind::External)));
    identities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::text::{Domain, Phone};

    #[test]
    fn every_word_makes_an_address_that_intake_takes() {
        for culture in words::CULTURES {
            for name in culture.first.iter().chain(culture.last) {
                let slug = slug(split(name).1);
                assert!(slug.len() >= 2, "{name}");
                Domain::parse(&format!("{slug}.example")).unwrap_or_else(|why| panic!("{name}: {why}"));
            }
            for number in [0, 1, 100, 417, 998] {
                let Some(phone) = culture.phones.and_then(|(start, digits)| phone(start, digits, number))
                else {
                    continue;
                };
                assert_eq!(Phone::parse(&phone, None).map(|phone| phone.as_str().to_owned()), Ok(phone));
            }
        }
    }

    #[test]
    fn the_names_of_companies_differ() {
        let pairs = words::COMPANY_FIRST.len() * words::COMPANY_LAST.len();
        assert_ne!(pairs % 7919, 0);
        let slugs: std::collections::HashSet<String> =
            words::COMPANY_FIRST.iter().map(|word| slug(word)).collect();
        assert_eq!(slugs.len(), words::COMPANY_FIRST.len());
    }
}
