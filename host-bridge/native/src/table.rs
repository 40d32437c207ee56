//! What JavaScript names by number: a table whose ids carry a generation, so that a stale one finds nothing.

/// An id is `generation * 2^INDEX_BITS + index + 1`: never 0, and exact in a double for 2^31 generations.
const INDEX_BITS: u32 = 22;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const GENERATIONS: u32 = 1 << 31;

struct Entry<T> {
    generation: u32,
    value: Option<T>,
}

pub struct Table<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), free: Vec::new() }
    }
}

impl<T> Table<T> {
    /// None when the table is full (four million things at once: a leak).
    pub fn insert(&mut self, value: T) -> Option<u64> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = self.entries.len() as u64;
                if index >= INDEX_MASK {
                    return None;
                }
                self.entries.push(Entry { generation: 0, value: None });
                index as u32
            }
        };
        let entry = &mut self.entries[index as usize];
        entry.value = Some(value);
        Some((u64::from(entry.generation) << INDEX_BITS) + u64::from(index) + 1)
    }

    pub fn get(&self, id: u64) -> Option<&T> {
        let (index, generation) = split(id)?;
        let entry = self.entries.get(index)?;
        if entry.generation != generation {
            return None;
        }
        entry.value.as_ref()
    }

    pub fn remove(&mut self, id: u64) -> Option<T> {
        let (index, generation) = split(id)?;
        let entry = self.entries.get_mut(index)?;
        if entry.generation != generation {
            return None;
        }
        let value = entry.value.take()?;
        entry.generation = (entry.generation + 1) % GENERATIONS;
        self.free.push(index as u32);
        Some(value)
    }

    pub fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        self.free.clear();
        self.entries.drain(..).filter_map(|entry| entry.value)
    }
}

fn split(id: u64) -> Option<(usize, u32)> {
    let id = id.checked_sub(1)?;
    Some(((id & INDEX_MASK) as usize, (id >> INDEX_BITS) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_id_finds_nothing() {
        let mut table = Table::default();
        let first = table.insert("first").unwrap();
        assert_eq!(table.remove(first), Some("first"));
        let second = table.insert("second").unwrap();
        assert_ne!(first, second);
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some(&"second"));
    }

    #[test]
    fn zero_and_invented_ids_find_nothing() {
        let mut table = Table::default();
        table.insert(1).unwrap();
        assert_eq!(table.get(0), None);
        assert_eq!(table.get(99), None);
        assert_eq!(table.get(u64::MAX), None);
    }
}
