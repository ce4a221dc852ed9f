//! Chance that falls the same way every time.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

/// One stream of chance. Streams of one seed know nothing of each other, so a lead comes out the same
/// whichever thread makes it, and whatever was made before it.
pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64, stream: u64) -> Dice {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Dice(rng)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn percent(&mut self, times: u32) -> bool {
        self.below(100) < u64::from(times)
    }

    /// A number of 0..1.
    pub fn share(&mut self) -> f64 {
        self.0.random()
    }

    /// A number of 0..end; 0 for an empty range.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.random_range(0..end) }
    }

    /// A number from least to most, both included.
    pub fn between(&mut self, least: u32, most: u32) -> u32 {
        self.0.random_range(least..=most.max(least))
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.0.random_range(0..of.len())]
    }

    /// One of several by weight. At least one must weigh something.
    pub fn weighed<'a, T>(&mut self, of: &'a [T], weight: impl Fn(&T) -> u32) -> &'a T {
        let total: u32 = of.iter().map(&weight).sum();
        let mut left = self.0.random_range(0..total);
        for one in of {
            match left.checked_sub(weight(one)) {
                Some(rest) => left = rest,
                None => return one,
            }
        }
        &of[0]
    }

    /// A time from a second to so many on.
    pub fn soon_after(&mut self, at: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
        at + TimeDelta::seconds(self.between(1, seconds).into())
    }

    /// An id that sorts by time, and within a millisecond by its number.
    pub fn id(&mut self, at: DateTime<Utc>, number: u16) -> Uuid {
        let mut random: [u8; 10] = self.0.random();
        let [high, low] = (number & 0x0fff).to_be_bytes();
        (random[0], random[1]) = (high, low);
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
