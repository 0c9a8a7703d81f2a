//! What goes wrong, and when.

use std::collections::VecDeque;

/// One thing that goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, with or without `Retry-After`.
    Throttled {
        /// The seconds to wait.
        seconds: Option<u64>,
    },
    /// 503.
    Unavailable,
    /// The connection breaks before the service acts.
    Broken,
    /// The service acts, then the connection breaks.
    LostAnswer,
}

/// Faults for the requests to come, one each; None lets it pass.
#[derive(Clone, Debug, Default)]
pub struct FaultSchedule(VecDeque<Option<Fault>>);

impl FaultSchedule {
    /// These, in order; then nothing goes wrong any more.
    pub fn new(faults: impl IntoIterator<Item = Option<Fault>>) -> Self {
        FaultSchedule(faults.into_iter().collect())
    }

    /// A schedule by chance: in `percent` of so many requests something goes wrong. The same seed gives the same schedule.
    pub fn random(seed: u64, requests: usize, percent: u64) -> Self {
        // xorshift64*: good enough for a schedule, and the same everywhere.
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = move || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
        };
        let faults = (0..requests).map(|_| {
            if next() % 100 >= percent {
                return None;
            }
            Some(match next() % 5 {
                0 => Fault::Throttled { seconds: Some(next() % 60) },
                1 => Fault::Throttled { seconds: None },
                2 => Fault::Unavailable,
                3 => Fault::Broken,
                _ => Fault::LostAnswer,
            })
        });
        FaultSchedule(faults.collect())
    }

    pub(super) fn next(&mut self) -> Option<Fault> {
        self.0.pop_front().flatten()
    }
}
