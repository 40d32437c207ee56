//! What exists, and what was done wrong.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// Addresses of objects that exist, with what they are.
static LIVE: LazyLock<Mutex<HashMap<usize, &'static str>>> = LazyLock::new(Mutex::default);
static FAULTS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static RETAINS: AtomicU64 = AtomicU64::new(0);
static RELEASES: AtomicU64 = AtomicU64::new(0);

fn live() -> MutexGuard<'static, HashMap<usize, &'static str>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Objects that exist, by what they are, sorted.
    pub objects: Vec<(&'static str, usize)>,
    /// Things that the documentation forbids and that were done, since the process began.
    pub faults: Vec<String>,
    /// References ever taken (an object's first among them) less references ever given back.
    pub balance: i64,
}

/// The state of this process.
pub fn ledger() -> Ledger {
    let live = live();
    let mut counts: HashMap<&'static str, usize> = HashMap::new();
    for what in live.values() {
        *counts.entry(what).or_default() += 1;
    }
    let mut objects: Vec<_> = counts.into_iter().collect();
    objects.sort_unstable();
    let balance = RETAINS.load(Ordering::SeqCst) as i64 - RELEASES.load(Ordering::SeqCst) as i64;
    Ledger { objects, faults: FAULTS.lock().unwrap_or_else(PoisonError::into_inner).clone(), balance }
}

pub fn fault(what: impl Into<String>) {
    let what = what.into();
    eprintln!("xpc-shim: {what}");
    FAULTS.lock().unwrap_or_else(PoisonError::into_inner).push(what);
}

pub fn born(address: usize, what: &'static str) {
    RETAINS.fetch_add(1, Ordering::SeqCst);
    live().insert(address, what);
}

pub fn died(address: usize) {
    live().remove(&address);
}

pub fn retained() {
    RETAINS.fetch_add(1, Ordering::SeqCst);
}

pub fn released() {
    RELEASES.fetch_add(1, Ordering::SeqCst);
}

/// Ends the process when an address is no object that exists: whatever follows would be chance.
pub fn check(address: usize, doing: &str) {
    if !live().contains_key(&address) {
        eprintln!("xpc-shim: {doing} on {address:#x}, which is no object (any more)");
        std::process::abort();
    }
}
