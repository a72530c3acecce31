//! Memory for the long vectors that are read in a random order.
//!
//! On ordinary pages the code spends more time on translating addresses than on the elements, so the system is asked for large
//! ones. Where it has none the memory is as any other.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;
use zeroize::Zeroize;

use crate::gf128::{GF128_BYTES, Gf128};

/// A large page, where the system has the usual ones. Only where a mapping is made of whole ones does the system begin it with one.
const LARGE_PAGE_BYTES: usize = 1 << 21;

/// Elements, zero at first and wiped when dropped.
pub(super) struct Elements(Memory);

enum Memory {
    /// And how many bytes of it are elements.
    Mapped(MmapMut, usize),
    Plain(Vec<Gf128>),
}

impl Elements {
    /// None.
    pub(super) const fn none() -> Self {
        Self(Memory::Plain(Vec::new()))
    }

    /// This many zeros.
    pub(super) fn zeros(length: usize) -> Self {
        let bytes = length * GF128_BYTES;
        match MmapMut::map_anon(if bytes < LARGE_PAGE_BYTES { bytes } else { bytes.next_multiple_of(LARGE_PAGE_BYTES) }) {
            Ok(map) => {
                #[cfg(target_os = "linux")]
                let _ = map.advise(memmap2::Advice::HugePage); // no more than advice
                Self(Memory::Mapped(map, bytes))
            }
            Err(_) => Self(Memory::Plain(vec![Gf128::ZERO; length])),
        }
    }
}

impl Deref for Elements {
    type Target = [Gf128];
    fn deref(&self) -> &[Gf128] {
        match &self.0 {
            Memory::Mapped(map, bytes) => bytemuck::cast_slice(&map[..*bytes]),
            Memory::Plain(elements) => elements,
        }
    }
}

impl DerefMut for Elements {
    fn deref_mut(&mut self) -> &mut [Gf128] {
        match &mut self.0 {
            Memory::Mapped(map, bytes) => bytemuck::cast_slice_mut(&mut map[..*bytes]),
            Memory::Plain(elements) => elements,
        }
    }
}

impl Drop for Elements {
    fn drop(&mut self) {
        self.zeroize();
    }
}
