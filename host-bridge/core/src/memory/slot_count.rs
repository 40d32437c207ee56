//! How many references hold a slot in this process, and how many leases of the producer they stand for.
//!
//! Both live in one atomic word, so that "the last reference went" and "give back so many leases" is one decision,
//! also when a further lease of the same slot arrives on another thread at that moment.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU64, Ordering};

const LEASE: u64 = 1 << 32;
const REFS: u64 = LEASE - 1;

#[derive(Debug)]
pub struct SlotCount(AtomicU64);

impl SlotCount {
    pub fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// First reference to a slot that this process produces. Only the pool calls it, for a slot it took off its free list.
    pub fn claim(&self) {
        let before = self.0.fetch_add(1, Ordering::AcqRel);
        debug_assert_eq!(before & REFS, 0, "a free slot had references");
    }

    /// One more reference, by somebody who has one.
    pub fn retain(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// A lease arrived with a message: a reference, and one lease to give back with the last of them.
    pub fn receive(&self) {
        self.0.fetch_add(LEASE + 1, Ordering::AcqRel);
    }

    /// Lets go of one reference. For the last one: how many leases are to be given back.
    pub fn release(&self) -> Option<u32> {
        let mut now = self.0.load(Ordering::Relaxed);
        loop {
            debug_assert!(now & REFS > 0, "a slot was released once too often");
            let last = now & REFS == 1;
            let next = if last { 0 } else { now - 1 };
            match self.0.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return last.then_some((now / LEASE) as u32),
                Err(seen) => now = seen,
            }
        }
    }

    /// True for the only reference: nobody else can be reading.
    pub fn is_unique(&self) -> bool {
        self.0.load(Ordering::Acquire) & REFS == 1
    }

    /// True while nobody has a reference.
    pub fn is_free(&self) -> bool {
        self.0.load(Ordering::Acquire) & REFS == 0
    }

    #[cfg(test)]
    pub fn refs(&self) -> u32 {
        (self.0.load(Ordering::Acquire) & REFS) as u32
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn leases_are_given_back_with_the_last_reference() {
        let count = SlotCount::new();
        count.receive();
        count.retain();
        count.receive();
        assert_eq!(count.release(), None);
        assert_eq!(count.release(), None);
        assert!(count.is_unique());
        assert_eq!(count.release(), Some(2));
        assert_eq!(count.refs(), 0);
    }
}

#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    /// Two threads let go while a third lease arrives: every lease is given back exactly once, whatever the order.
    #[test]
    fn no_lease_is_lost_or_given_back_twice() {
        loom::model(|| {
            let count = Arc::new(SlotCount::new());
            count.receive();
            count.receive();
            let back = |count: Arc<SlotCount>| thread::spawn(move || count.release().unwrap_or(0));
            let first = back(count.clone());
            let second = back(count.clone());
            count.receive();
            let mut given = count.release().unwrap_or(0);
            given += first.join().unwrap() + second.join().unwrap();
            assert_eq!(given, 3);
            assert_eq!(count.refs(), 0);
        });
    }
}
