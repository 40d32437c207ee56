//! Counts that the heartbeat carries: what passed a place, how old it was, and what was lost there.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use streamlib_bridge::service::monotonic_ns;
use streamlib_bridge::value::Value;

/// As the runtime's histogram has them: eight for each doubling, from a microsecond up.
const STEPS_PER_DOUBLING: f64 = 8.0;
const BUCKETS: usize = 320;

#[derive(Default)]
struct Counts {
    passed: u64,
    first_ns: u64,
    last_ns: u64,
    waiting: u64,
    oldest_ns: u64,
    /// Made when the first age is told.
    ages: Vec<u32>,
    dropped: Vec<(String, u64)>,
}

/// Counts that go up. Any thread may count; the heartbeat's reads.
#[pyclass(frozen, module = "streamlib._native")]
#[derive(Default)]
pub struct Tally(Mutex<Counts>);

impl Tally {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the message. Ages as 6 bytes for each bucket that is not empty: its number (2), its count (4).
    pub fn report(&self) -> Value {
        let counts = self.counts();
        let number = |n: u64| Value::Int(n as i64);
        let mut ages = Vec::new();
        for (bucket, &count) in counts.ages.iter().enumerate().filter(|(_, count)| **count > 0) {
            ages.extend_from_slice(&(bucket as u16).to_le_bytes());
            ages.extend_from_slice(&count.to_le_bytes());
        }
        let dropped = counts.dropped.iter().map(|(reason, n)| (reason.clone(), number(*n))).collect();
        Value::dictionary([
            ("passed", number(counts.passed)),
            ("first_ns", number(counts.first_ns)),
            ("last_ns", number(counts.last_ns)),
            ("waiting", number(counts.waiting)),
            ("oldest_ns", number(counts.oldest_ns)),
            ("ages", Value::Bytes(ages)),
            ("dropped", Value::Dictionary(dropped)),
        ])
    }
}

#[pymethods]
impl Tally {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// One more has passed; ``made_ns`` is when it was made, if that is known.
    #[pyo3(signature = (made_ns = None))]
    fn pass_one(&self, made_ns: Option<i64>) {
        let now = monotonic_ns();
        let mut counts = self.counts();
        if counts.passed == 0 {
            counts.first_ns = now;
        }
        counts.passed += 1;
        counts.last_ns = now;
        let Some(made) = made_ns else { return };
        let age = (now as i64).saturating_sub(made).max(0) as u64;
        counts.oldest_ns = counts.oldest_ns.max(age);
        if counts.ages.is_empty() {
            counts.ages.resize(BUCKETS, 0);
        }
        let bucket = match age {
            0..=1000 => 0,
            _ => (((age as f64 / 1000.0).log2() * STEPS_PER_DOUBLING) as usize + 1).min(BUCKETS - 1),
        };
        counts.ages[bucket] = counts.ages[bucket].saturating_add(1);
    }

    #[pyo3(signature = (reason, count = 1))]
    fn drop(&self, reason: &str, count: u64) {
        let mut counts = self.counts();
        match counts.dropped.iter_mut().find(|(name, _)| name == reason) {
            Some((_, n)) => *n += count,
            None => counts.dropped.push((reason.to_owned(), count)),
        }
    }

    /// How many have been taken on and are not finished.
    fn set_waiting(&self, count: u64) {
        self.counts().waiting = count;
    }

    #[getter]
    fn passed(&self) -> u64 {
        self.counts().passed
    }

    #[getter]
    fn waiting(&self) -> u64 {
        self.counts().waiting
    }

    /// How many were dropped, by reason.
    #[getter]
    fn dropped<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyDict>> {
        let dict = pyo3::types::PyDict::new(py);
        for (reason, count) in &self.counts().dropped {
            dict.set_item(reason, count)?;
        }
        Ok(dict)
    }
}
