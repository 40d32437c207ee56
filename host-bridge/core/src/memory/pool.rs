//! The slots that a producer writes frames into, reused for ever.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::format::{Layout, TextureLayout};
use super::frame::{Frame, FrameRef};
use super::segment::{Segment, SlotHome, MAX_SLOT_SIZE};
use crate::error::{BridgeError, Code, Result};
use crate::sys::memory::{page_align, Form};

/// A segment holds this many slots; a pool grows by one segment at a time.
const SLOTS_PER_SEGMENT: u32 = 4;
/// Slots of a pool unless its owner says otherwise.
pub const DEFAULT_MAX_SLOTS: u32 = 16;
/// A slot that is more than this many times too large is not used for a frame: a new size got its own segment.
const OVERSIZE: usize = 4;

#[derive(Debug)]
struct PoolShared(Mutex<State>);

#[derive(Debug)]
struct State {
    segments: Vec<Arc<Segment>>,
    /// Segments of a former frame size of which somebody still holds slots: these count against the limit.
    leaving: Vec<Arc<Segment>>,
    /// Last in, first out: the slot that was released last is the one still in the processor's cache.
    free: Vec<(Arc<Segment>, u32)>,
    max_slots: u32,
    acquired: u64,
    refused: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStats {
    pub slots: u32,
    pub free: u32,
    pub segments: u32,
    pub acquired: u64,
    /// How often no slot was free.
    pub refused: u64,
}

impl PoolShared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, segment: &Arc<Segment>, slot: u32) {
        let mut state = self.lock();
        // Looked at under the lock: it may have been retired a moment ago, by another thread.
        if !segment.is_retired() {
            state.free.push((segment.clone(), slot));
        }
    }
}

/// The way of a slot back to its pool. Frames may outlive that.
#[derive(Debug)]
struct PoolHome(Weak<PoolShared>);

impl SlotHome for PoolHome {
    fn last_gone(&self, segment: &Arc<Segment>, slot: u32, _leases: u32, _generation: u64) {
        segment.map().end_write();
        if let Some(pool) = self.0.upgrade() {
            pool.put_back(segment, slot);
        }
    }

    /// A pool that ends retires its segments one by one.
    fn is_closed(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub struct FramePool(Arc<PoolShared>);

impl FramePool {
    pub fn new(max_slots: u32) -> Self {
        let max_slots = max_slots.max(1);
        Self(Arc::new(PoolShared(Mutex::new(State {
            segments: Vec::new(),
            leaving: Vec::new(),
            free: Vec::with_capacity(max_slots as usize),
            max_slots,
            acquired: 0,
            refused: 0,
        }))))
    }

    /// A writable texture, or `None` while every slot is held.
    pub fn texture(&self, layout: TextureLayout) -> Result<Option<Frame>> {
        self.acquire(Layout::Texture(layout.checked()?))
    }

    /// Writable memory of `byte_length` bytes, or `None` while every slot is held.
    pub fn buffer(&self, byte_length: usize) -> Result<Option<Frame>> {
        self.acquire(Layout::Buffer { byte_length })
    }

    fn acquire(&self, layout: Layout) -> Result<Option<Frame>> {
        let length = layout.byte_length();
        if length > MAX_SLOT_SIZE {
            // Before it is rounded up, which could overflow.
            return Err(BridgeError::new(
                Code::Exhausted,
                format!("a frame of {length} bytes; the most is {MAX_SLOT_SIZE}"),
            ));
        }
        let need = page_align(length.max(1));
        let mut state = self.0.lock();
        let form = Form::of(&layout);
        // A free slot may still be looked at by somebody who needs no lease, such as the window server.
        let usable = |s: &Segment| suits(s, form, need) && !s.map().in_use();
        let (segment, slot) = match state.free.iter().rposition(|(s, _)| usable(s)) {
            Some(at) => state.free.remove(at),
            None => match state.grow(form, need, &self.0)? {
                Some(slot) => slot,
                None => {
                    state.refused += 1;
                    return Ok(None);
                }
            },
        };
        state.acquired += 1;
        drop(state);
        segment.count(slot).ok_or_else(|| BridgeError::new(Code::Exhausted, "no such slot"))?.claim();
        let generation = segment.next_generation(slot);
        let memory = FrameRef::claimed(segment, slot, generation);
        memory.segment().map().begin_write()?;
        Ok(Some(Frame { memory, layout }))
    }

    pub fn stats(&self) -> PoolStats {
        let state = self.0.lock();
        PoolStats {
            slots: state.slots(),
            free: state.free.len() as u32,
            segments: state.segments.len() as u32,
            acquired: state.acquired,
            refused: state.refused,
        }
    }

    /// Ends the pool's use; frames that are still held stay valid until they are let go.
    pub fn close(&self) {
        let mut state = self.0.lock();
        state.max_slots = 0;
        state.free.clear();
        state.leaving.clear();
        state.segments.drain(..).for_each(|s| s.retire());
    }
}

impl Drop for FramePool {
    fn drop(&mut self) {
        self.close();
    }
}

/// True for memory that a frame of `need` bytes can lie in without wasting most of it.
fn suits(segment: &Segment, form: Form, need: usize) -> bool {
    segment.form() == form && segment.slot_size() >= need && segment.slot_size() <= need.saturating_mul(OVERSIZE)
}

impl State {
    fn slots(&self) -> u32 {
        let held: u32 = self.leaving.iter().map(|s| s.held()).sum();
        self.segments.iter().map(|s| s.slot_count()).sum::<u32>() + held
    }

    /// Makes one more segment for frames of `need` bytes, in place of ones of another size if there is no room.
    fn grow(&mut self, form: Form, need: usize, pool: &Arc<PoolShared>) -> Result<Option<(Arc<Segment>, u32)>> {
        let count = form.slots(SLOTS_PER_SEGMENT).min(self.max_slots);
        if count == 0 {
            return Ok(None);
        }
        self.leaving.retain(|s| s.held() > 0);
        if self.slots() + count > self.max_slots {
            self.retire_others(form, need);
        }
        let count = count.min(self.max_slots.saturating_sub(self.slots()));
        if count == 0 {
            return Ok(None);
        }
        let home = Arc::new(PoolHome(Arc::downgrade(pool)));
        let segment = Arc::new(Segment::create(form, need, count, home)?);
        self.segments.push(segment.clone());
        // Slot 0 is taken now; the others are offered in their order.
        self.free.extend((1..count).rev().map(|slot| (segment.clone(), slot)));
        Ok(Some((segment, 0)))
    }

    fn retire_others(&mut self, form: Form, need: usize) {
        let other = |s: &Segment| !suits(s, form, need);
        self.free.retain(|(s, _)| !other(s));
        let (leaving, staying) = std::mem::take(&mut self.segments).into_iter().partition(|s| other(s));
        self.segments = staying;
        let leaving: Vec<Arc<Segment>> = leaving;
        leaving.iter().for_each(|s| s.retire());
        self.leaving.extend(leaving.into_iter().filter(|s| s.held() > 0));
    }
}
