//! What the engine asks the terms.

use super::terms::{
    Categories, Category, FastTrack, HandBackReason, InterestTerms, Party, Queue, ServiceLevel,
    ServiceLevels, Stage, Status, Terms, Transition,
};
use crate::scoring::{CategoryKey, InterestRules, ScoredEvent, Thresholds};

impl Terms {
    /// The status with this key.
    pub fn status(&self, key: &str) -> Option<&Status> {
        self.vocabulary.iter().find(|status| status.key == key)
    }

    /// The permitted move between two statuses, whoever may make it.
    pub fn transition(&self, from: &str, to: &str) -> Option<&Transition> {
        self.jurisdictions
            .transitions
            .iter()
            .find(|transition| transition.from == from && transition.to == to)
    }

    /// The moves out of a status that this party may make.
    pub fn moves_from(&self, from: &str, party: Party) -> impl Iterator<Item = &Transition> {
        let permitted =
            move |transition: &&Transition| transition.from == from && transition.who.contains(&party);
        self.jurisdictions.transitions.iter().filter(permitted)
    }

    /// The hand-back reason with this key.
    pub fn reason(&self, key: &str) -> Option<&HandBackReason> {
        self.hand_back.reasons.iter().find(|reason| reason.key == key)
    }

    /// What the agreement says about a quarter of the plane.
    pub fn category(&self, key: CategoryKey) -> &Category {
        self.categories.get(key)
    }

    /// The queue with this key.
    pub fn queue(&self, key: &str) -> Option<&Queue> {
        self.routing.queues.iter().find(|queue| queue.key == key)
    }

    /// The fast track with this key.
    pub fn fast_track(&self, key: &str) -> Option<&FastTrack> {
        self.handoff.fast_tracks.iter().find(|track| track.key == key)
    }

    /// The first fast track that an event takes.
    pub fn fast_track_of(&self, event: &ScoredEvent) -> Option<&FastTrack> {
        self.handoff.fast_tracks.iter().find(|track| event.matches(&track.event, &track.when))
    }
}

impl Categories {
    pub fn get(&self, key: CategoryKey) -> &Category {
        match key {
            CategoryKey::HighInterestGoodFit => &self.high_interest_good_fit,
            CategoryKey::HighInterestLowFit => &self.high_interest_low_fit,
            CategoryKey::LowInterestGoodFit => &self.low_interest_good_fit,
            CategoryKey::LowInterestBadFit => &self.low_interest_bad_fit,
        }
    }

    pub fn thresholds(&self) -> Thresholds {
        Thresholds { fit_good: self.fit_good, interest_high: self.interest_high }
    }
}

impl ServiceLevels {
    /// The first level that matches an offer; none where the default holds.
    pub fn level(&self, queue: &str, category: CategoryKey, is_fast_track: bool) -> Option<&ServiceLevel> {
        self.level_at(queue, category, is_fast_track).map(|at| &self.levels[at])
    }

    /// The place of that level in the list.
    pub fn level_at(&self, queue: &str, category: CategoryKey, is_fast_track: bool) -> Option<usize> {
        self.levels.iter().position(|level| {
            level.queue.as_deref().is_none_or(|q| q == queue)
                && level.category.is_none_or(|c| c == category)
                && level.fast_track.is_none_or(|f| f == is_fast_track)
        })
    }
}

impl InterestTerms {
    /// The rules with their half-life, as scoring takes them.
    pub fn scoring(&self) -> InterestRules<'_> {
        InterestRules::new(&self.rules, self.half_life_days)
    }
}

impl Party {
    pub fn label(self) -> &'static str {
        match self {
            Self::Marketing => "Marketing",
            Self::Sales => "Sales",
            Self::System => "the system",
        }
    }
}

impl Stage {
    /// In the order of the lifecycle.
    pub const ALL: [Self; 7] =
        [Self::Inquiry, Self::Mql, Self::Sal, Self::Sql, Self::Customer, Self::Lost, Self::Disqualified];

    /// The key that the database and reports use.
    pub fn key(self) -> &'static str {
        match self {
            Self::Inquiry => "inquiry",
            Self::Mql => "mql",
            Self::Sal => "sal",
            Self::Sql => "sql",
            Self::Customer => "customer",
            Self::Lost => "lost",
            Self::Disqualified => "disqualified",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Inquiry => "Inquiry",
            Self::Mql => "Marketing qualified lead (MQL)",
            Self::Sal => "Sales accepted lead (SAL)",
            Self::Sql => "Sales qualified lead (SQL)",
            Self::Customer => "Customer",
            Self::Lost => "Lost",
            Self::Disqualified => "Disqualified",
        }
    }
}
