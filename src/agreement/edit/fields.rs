//! Which fields each clause has, what they are called and what may be typed into them.

use crate::agreement::clauses::Place;

/// A field of a clause.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Where the clause holds it, such as `promise.attempts`; empty when the clause is nothing else.
    pub path: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub kind: Kind,
    pub required: bool,
}

/// What may be typed, and what the terms hold for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Line,
    Area,
    /// A whole number that the terms can hold.
    Whole {
        least: i64,
        most: i64,
    },
    Decimal,
    /// Minutes of business time.
    Minutes,
    /// A box that is ticked or not.
    Tick,
    /// Yes, no, or it does not matter.
    Either {
        yes: &'static str,
        no: &'static str,
    },
    Choice(Source),
    /// Any number of choices.
    Several(Source),
    Condition(About),
    /// Working spans of a day.
    Spans,
    /// The rungs of an escalation.
    Ladder,
    Date,
    /// A kind of event, by its label or a new name.
    Event,
}

/// Where the choices come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Statuses,
    Stages,
    Departments,
    Parties,
    LeadFields,
    Queues,
    Reps,
    Categories,
    Routes,
    Personas,
    Assign,
    HandBackKinds,
    TimeZones,
}

/// What a condition tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Lead,
    /// A lead with its category and fast track.
    Offer,
    /// The properties of an event.
    Event,
}

impl Field {
    /// The name in the form.
    pub fn name(&self) -> &'static str {
        if self.path.is_empty() { "value" } else { self.path }
    }

    const fn hint(self, hint: &'static str) -> Field {
        Field { hint, ..self }
    }

    const fn optional(self) -> Field {
        Field { required: false, ..self }
    }
}

const fn field(path: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { path, label, hint: "", kind, required: true }
}

const fn tick(path: &'static str, label: &'static str) -> Field {
    field(path, label, Kind::Tick).optional()
}

const SMALL: Kind = Kind::Whole { least: 0, most: u16::MAX as i64 };
const LARGE: Kind = Kind::Whole { least: 0, most: u32::MAX as i64 };
const BYTE: Kind = Kind::Whole { least: 0, most: u8::MAX as i64 };
const LABEL: Field = field("label", "Label", Kind::Line);
const WHEN_LEAD: Field = field("when", "When all of this holds", Kind::Condition(About::Lead)).optional();
const WHEN_OFFER: Field = field("when", "When all of this holds", Kind::Condition(About::Offer)).optional();
const WHEN_EVENT: Field =
    field("when", "Only when the event’s properties say", Kind::Condition(About::Event))
        .hint("Without a test every such event counts.")
        .optional();
const EVENT: Field =
    field("event", "Event", Kind::Event).hint("Choose one, or name a kind of event of your own.");

/// The fields of a promise, behind those of the clause that holds it.
macro_rules! promise {
    ($at:literal $(, $more:expr)*) => {
        &[
            $($more,)*
            field(concat!($at, "claim_within_minutes"), "Claimed within", Kind::Minutes),
            field(concat!($at, "first_contact_within_minutes"), "First contact within", Kind::Minutes)
                .hint("Counted from the claim."),
            field(concat!($at, "attempts"), "Contact attempts before giving up", SMALL),
            field(concat!($at, "attempts_over_days"), "Attempts spread over so many days", SMALL),
            field(concat!($at, "at_risk_percent"), "At risk after so many percent of the time", BYTE),
            field(concat!($at, "escalation"), "What happens when time runs out", Kind::Ladder).optional(),
        ]
    };
}

const STATUS: &[Field] = &[
    LABEL.hint("What people read everywhere. Whatever refers to the status follows."),
    field("definition", "Definition", Kind::Area)
        .hint("When does a lead stand here? Both departments read it the same way."),
    field("stage", "Stage", Kind::Choice(Source::Stages)).hint("What reports and rules take it for."),
    field("owner", "Who answers for the lead", Kind::Choice(Source::Departments)),
];
const RETIRED: &[Field] = &[LABEL, field("to", "Where its leads go", Kind::Choice(Source::Statuses))];
const TRANSITION: &[Field] = &[
    field("who", "Who makes this move", Kind::Several(Source::Parties)),
    field("requires", "What must be filled in before", Kind::Several(Source::LeadFields)).optional(),
    tick("reason", "A reason must be given"),
];
const NEW_TRANSITION: &[Field] = &[
    field("from", "From", Kind::Choice(Source::Statuses)),
    field("to", "To", Kind::Choice(Source::Statuses)),
    TRANSITION[0],
    TRANSITION[1],
    TRANSITION[2],
];
const FIT_RULE: &[Field] = &[
    LABEL,
    WHEN_LEAD,
    field("points", "Points", Kind::Whole { least: i16::MIN as i64, most: i16::MAX as i64 })
        .hint("From -100 to 100. Fewer than none are taken off."),
    field("persona", "Persona that it speaks for", Kind::Choice(Source::Personas)).optional(),
    field("persona_revision", "Revision of the persona", LARGE)
        .hint("The revision that the rule was written for; blank takes the current one.")
        .optional(),
];
const INTEREST_RULE: &[Field] = &[
    LABEL,
    EVENT,
    WHEN_EVENT,
    field("points", "Points", Kind::Decimal),
    field("cap", "At most so many points at a time", Kind::Decimal).hint("Blank sets no limit.").optional(),
];
const FAST_TRACK: &[Field] = &[
    LABEL,
    EVENT,
    WHEN_EVENT,
    field("valid_days", "Days that the event counts", SMALL).hint("While something else holds the offer up."),
    tick("good_fit_only", "Only for leads of good fit"),
];
const QUEUE: &[Field] = &[
    LABEL,
    field("members", "Who claims from it", Kind::Several(Source::Reps))
        .hint("Tick nobody, and everybody in Sales claims from it.")
        .optional(),
];
const ROUTING_RULE: &[Field] = &[
    LABEL,
    WHEN_OFFER,
    field("queue", "Then to the queue", Kind::Choice(Source::Queues)),
    field("assign", "How the lead finds its rep", Kind::Choice(Source::Assign)),
];
const LEVEL: &[Field] = promise!(
    "promise.",
    LABEL,
    field("queue", "Only in the queue", Kind::Choice(Source::Queues)).optional(),
    field("category", "Only of the category", Kind::Choice(Source::Categories)).optional(),
    field(
        "fast_track",
        "Only by how it came",
        Kind::Either { yes: "On a fast track", no: "Without a fast track" }
    )
    .optional()
);
const DEFAULT_PROMISE: &[Field] = promise!("");
const REASON: &[Field] = &[
    LABEL,
    field("kind", "Kind", Kind::Choice(Source::HandBackKinds)),
    field("nurture_days", "Days of nurture", SMALL)
        .hint("For recycled leads only, and needed there.")
        .optional(),
    field("target_status", "The lead becomes", Kind::Choice(Source::Statuses)),
];
const HOLIDAY: &[Field] = &[field("date", "Date", Kind::Date), field("name", "Name", Kind::Line)];
const ACTS: &[Field] = &[
    field("entered", "A lead that has just come in is", Kind::Choice(Source::Statuses)),
    field("qualified", "Meets the criteria but cannot be offered yet", Kind::Choice(Source::Statuses)),
    field("offered", "Offered to Sales", Kind::Choice(Source::Statuses)),
    field("claimed", "Claimed by a rep", Kind::Choice(Source::Statuses)),
    field("contacted", "First contact made or tried", Kind::Choice(Source::Statuses)),
    field("converted", "A deal is opened", Kind::Choice(Source::Statuses)),
    field("won", "A deal is won", Kind::Choice(Source::Statuses)),
    field("lost", "The last open deal is lost", Kind::Choice(Source::Statuses)),
    field("withdrawn", "Marketing withdraws the offer", Kind::Choice(Source::Statuses)),
];
const CATEGORY: &[Field] = &[
    LABEL,
    field("definition", "Definition", Kind::Area),
    field("route", "What happens to its leads", Kind::Choice(Source::Routes)),
];
const MARKETING: &[Field] = &[
    field("answer_within_minutes", "Marketing answers a hand-back within", Kind::Minutes),
    field("offered_per_month", "Leads that Marketing offers a month", LARGE),
];
const HOURS: &[Field] = &[
    field("monday", "Monday", Kind::Spans)
        .optional()
        .hint("Such as 09:00-12:00, 13:00-17:00. Blank is free."),
    field("tuesday", "Tuesday", Kind::Spans).optional(),
    field("wednesday", "Wednesday", Kind::Spans).optional(),
    field("thursday", "Thursday", Kind::Spans).optional(),
    field("friday", "Friday", Kind::Spans).optional(),
    field("saturday", "Saturday", Kind::Spans).optional(),
    field("sunday", "Sunday", Kind::Spans).optional(),
];

/// Fields of the clauses that hold one thing alone.
const ALONE: [(&str, Field); 12] = [
    ("title", field("", "Title", Kind::Line)),
    ("purpose", field("", "Purpose", Kind::Area).hint("Why both departments agree on this.")),
    ("interest.half_life_days", field("", "Days after which points count half", Kind::Decimal)),
    (
        "categories.fit_good",
        field("", "A lead is a good fit from", BYTE).hint("Points of fit, from 1 to 100."),
    ),
    (
        "categories.interest_high",
        field("", "Interest is high above", Kind::Decimal).hint("Points of interest."),
    ),
    (
        "handoff.packet_fields",
        field("", "An offer waits until these are known", Kind::Several(Source::LeadFields)).optional(),
    ),
    ("handoff.cool_off_days", field("", "Days after a hand-back before the lead is offered again", SMALL)),
    ("handoff.max_cycles", field("", "How often one lead is offered at most", SMALL)),
    (
        "routing.fallback_queue",
        field("", "Leads for which no rule holds go to", Kind::Choice(Source::Queues)),
    ),
    (
        "routing.capacity_per_rep",
        field("", "Open leads that one rep holds at most", LARGE).hint("Blank sets no limit.").optional(),
    ),
    ("routing.acknowledge_to_claim", tick("", "Only who has acknowledged the version in force claims")),
    (
        "hand_back.auto_return_after_attempts",
        field("", "Attempts without contact after which a lead goes back by itself", SMALL)
            .hint("Blank: no lead goes back by itself.")
            .optional(),
    ),
];
const TIME_ZONE: &[Field] = &[field("", "Time zone of the calendar", Kind::Choice(Source::TimeZones))];

/// The fields of a clause that is there.
pub fn of(place: &Place) -> &'static [Field] {
    match place {
        Place::Item { list, .. } if *list == "jurisdictions.transitions" => TRANSITION,
        Place::Item { list, .. } => of_new(list),
        Place::Single(path) => match *path {
            "jurisdictions.acts" => ACTS,
            "service_levels.default" => DEFAULT_PROMISE,
            "service_levels.marketing" => MARKETING,
            "calendar.hours" => HOURS,
            "calendar.time_zone" => TIME_ZONE,
            path if path.starts_with("categories.") && path.ends_with("_fit") => CATEGORY,
            path => ALONE
                .iter()
                .find(|(name, _)| *name == path)
                .map_or(&[], |(_, field)| std::slice::from_ref(field)),
        },
    }
}

/// The fields of a clause that is added to a list; none where clauses come by another act.
pub fn of_new(list: &str) -> &'static [Field] {
    match list {
        "vocabulary" => STATUS,
        "retired_statuses" => RETIRED,
        "jurisdictions.transitions" => NEW_TRANSITION,
        "fit.rules" => FIT_RULE,
        "interest.rules" => INTEREST_RULE,
        "handoff.fast_tracks" => FAST_TRACK,
        "routing.queues" => QUEUE,
        "routing.rules" => ROUTING_RULE,
        "service_levels.levels" => LEVEL,
        "hand_back.reasons" => REASON,
        "calendar.holidays" => HOLIDAY,
        _ => &[],
    }
}

/// What one item of a list is called.
pub fn noun(list: &str) -> &'static str {
    match list {
        "vocabulary" => "status",
        "retired_statuses" => "retired status",
        "jurisdictions.transitions" => "move",
        "fit.rules" => "fit rule",
        "interest.rules" => "interest rule",
        "handoff.fast_tracks" => "fast track",
        "routing.queues" => "queue",
        "routing.rules" => "routing rule",
        "service_levels.levels" => "service level",
        "hand_back.reasons" => "hand-back reason",
        "calendar.holidays" => "holiday",
        _ => "clause",
    }
}

/// “a” or “an”.
pub fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// What a clause that is no item of a list is called.
pub fn title(path: &str) -> &'static str {
    match path {
        "jurisdictions.acts" => "What each act makes of a lead",
        "service_levels.default" => "What holds for every other lead",
        "service_levels.marketing" => "What Marketing promises",
        "calendar.hours" => "Working hours",
        "calendar.time_zone" => "Time zone",
        "categories.high_interest_good_fit" => "High interest, good fit",
        "categories.high_interest_low_fit" => "High interest, low fit",
        "categories.low_interest_good_fit" => "Low interest, good fit",
        "categories.low_interest_bad_fit" => "Low interest, low fit",
        path => ALONE.iter().find(|(name, _)| *name == path).map_or("Clause", |(_, field)| field.label),
    }
}

/// Whether the order of a list means something that people change.
pub fn is_ordered(list: &str) -> bool {
    !matches!(list, "retired_statuses" | "jurisdictions.transitions" | "calendar.holidays")
}
