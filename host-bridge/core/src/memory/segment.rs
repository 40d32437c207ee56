//! One piece of shared memory: a header page, then slots of equal size.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;

use super::slot_count::SlotCount;
use crate::error::{BridgeError, Code, Result};
use crate::sys::handle::{self, Handle, HandleRef};
use crate::sys::memory::{mapped_length, page_align, Form, Mapping, PAGE};
use crate::sys::process::random_u64;

const MAGIC: u64 = u64::from_le_bytes(*b"SLSEG\0\0\x01");
/// The generations begin here in the header page.
const GENERATIONS: usize = 64;
pub const MAX_SLOTS: u32 = 64;
pub const MAX_SLOT_SIZE: usize = 1 << 30;

/// Where a slot goes when the last reference of this process to it is gone: to the pool that it was taken from, or back to
/// the peer that lent it.
pub trait SlotHome: Debug + Send + Sync {
    /// `leases`: how many of them this process held, which all go back at once. 1 for a slot of its own.
    fn last_gone(&self, segment: &Arc<Segment>, slot: u32, leases: u32, generation: u64);

    /// True once no slot will be asked for or given back any more.
    fn is_closed(&self) -> bool;
}

/// Who may write the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// This process made it.
    Local,
    /// A peer introduced it.
    Imported,
}

#[derive(Debug)]
pub struct Segment {
    id: u64,
    handle: Handle,
    form: Form,
    map: Mapping,
    /// The truth about a segment of ours: elsewhere a peer could write the header page.
    generations: Box<[AtomicU64]>,
    slot_size: usize,
    pub(super) counts: Box<[SlotCount]>,
    origin: Origin,
    home: Arc<dyn SlotHome>,
    retired: AtomicBool,
}

impl Segment {
    /// Makes memory that only this process can write: the seals forbid every later writable mapping.
    pub(super) fn create(form: Form, slot_size: usize, slots: u32, home: Arc<dyn SlotHome>) -> Result<Self> {
        let slot_size = page_align(slot_size.max(1));
        if slot_size > MAX_SLOT_SIZE || slots > MAX_SLOTS {
            return Err(BridgeError::new(
                Code::Exhausted,
                format!("a frame of {slot_size} bytes; the most is {MAX_SLOT_SIZE}"),
            ));
        }
        // Ids are drawn by the kernel: two processes never mint the same.
        let (handle, map) = Mapping::create(form, PAGE + slot_size * slots as usize)?;
        let memory = (handle, form, map);
        let segment = Self::new(random_u64()?, memory, (slot_size, slots), Origin::Local, home);
        segment.header(0).store(MAGIC, Ordering::Relaxed);
        segment.header(8).store(u64::from(slots), Ordering::Relaxed);
        segment.header(16).store(slot_size as u64, Ordering::Release);
        Ok(segment)
    }

    /// Takes memory that a peer introduced and that is mapped already. Nothing that it says is believed before the kernel
    /// confirms it.
    pub(crate) fn import(
        id: u64,
        handle: Handle,
        (form, map): (Form, Mapping),
        home: Arc<dyn SlotHome>,
    ) -> Result<Self> {
        let word = |at| map.word(at).load(Ordering::Acquire);
        let (magic, slots, slot_size) = (word(0), word(8), word(16));
        let fits = magic == MAGIC
            && (1..=u64::from(MAX_SLOTS)).contains(&slots)
            && (1..=MAX_SLOT_SIZE as u64).contains(&slot_size)
            && (slot_size as usize).is_multiple_of(PAGE)
            && mapped_length(PAGE + slot_size as usize * slots as usize) == map.byte_length()
            && slots as u32 == form.slots(slots as u32);
        if !fits {
            return Err(BridgeError::malformed(format!(
                "shared memory of {} bytes whose header claims {slots} slots of {slot_size}",
                map.byte_length()
            )));
        }
        let handle = map.handle_to_pass_on(handle)?;
        Ok(Self::new(id, (handle, form, map), (slot_size as usize, slots as u32), Origin::Imported, home))
    }

    fn new(
        id: u64,
        (handle, form, map): (Handle, Form, Mapping),
        (slot_size, slots): (usize, u32),
        origin: Origin,
        home: Arc<dyn SlotHome>,
    ) -> Self {
        let counts = (0..slots).map(|_| SlotCount::new()).collect();
        let generations = (0..slots).map(|_| AtomicU64::new(0)).collect();
        Self { id, handle, form, map, generations, slot_size, counts, origin, home, retired: AtomicBool::new(false) }
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    /// What a peer needs to map it.
    pub fn handle(&self) -> HandleRef<'_> {
        handle::borrow(&self.handle)
    }

    pub fn slot_size(&self) -> usize {
        self.slot_size
    }

    pub fn slot_count(&self) -> u32 {
        self.counts.len() as u32
    }

    /// True where this process may write.
    pub fn is_local(&self) -> bool {
        self.origin == Origin::Local
    }

    /// True when its slots go back to `home`: for a connection's queue, memory that its peer introduced.
    pub(super) fn belongs_to<H: SlotHome>(&self, home: &Arc<H>) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.home), Arc::as_ptr(home))
    }

    /// The last reference of this process to a slot is gone.
    pub(super) fn last_gone(self: &Arc<Self>, slot: u32, leases: u32, generation: u64) {
        self.home.last_gone(self, slot, leases, generation);
    }

    pub fn form(&self) -> Form {
        self.form
    }

    /// How its memory is looked at and told about.
    pub(crate) fn map(&self) -> &Mapping {
        &self.map
    }

    /// Start and length of all slots, for a binding that makes one array over them.
    pub fn slots(&self) -> (*mut u8, usize) {
        (self.map.ptr().wrapping_add(self.map.slots_at()), self.slot_size * self.counts.len())
    }

    /// Where a slot begins, counted from the first.
    pub fn slot_offset(&self, slot: u32) -> usize {
        slot as usize * self.slot_size
    }

    fn header(&self, at: usize) -> &AtomicU64 {
        self.map.word(at)
    }

    pub(super) fn generation(&self, slot: u32) -> u64 {
        match (self.origin, self.generations.get(slot as usize)) {
            (Origin::Local, Some(own)) => own.load(Ordering::Acquire),
            _ => self.header(GENERATIONS + 8 * slot as usize).load(Ordering::Acquire),
        }
    }

    /// A slot begins a new life: names of the old one are stale from here on.
    pub(super) fn next_generation(&self, slot: u32) -> u64 {
        let next = self.generations[slot as usize].fetch_add(1, Ordering::AcqRel) + 1;
        self.header(GENERATIONS + 8 * slot as usize).store(next, Ordering::Release);
        next
    }

    /// No new frame will be put into it, or none will reach this process: connections forget it when its last frame has come back.
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire) || self.home.is_closed()
    }

    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    /// Slots that somebody holds.
    pub(super) fn held(&self) -> u32 {
        self.counts.iter().filter(|c| !c.is_free()).count() as u32
    }

    pub(crate) fn count(&self, slot: u32) -> Option<&SlotCount> {
        self.counts.get(slot as usize)
    }
}
