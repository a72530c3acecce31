//! Eight words at a time, the width of the widest vector.

/// Words of a lane.
pub(super) const LANE_WORDS: usize = 8;

/// Eight words, aligned as a cache line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(super) struct Lane(pub [u64; LANE_WORDS]);

impl Lane {
    /// Takes up to eight words; the others stay.
    #[inline(always)]
    pub(super) fn read(&mut self, words: &[u64]) {
        match <&[u64; LANE_WORDS]>::try_from(words) {
            Ok(words) => self.0 = *words,
            Err(_) => self.0[..words.len()].copy_from_slice(words),
        }
    }

    /// Gives its first words, up to eight.
    #[inline(always)]
    pub(super) fn write(&self, words: &mut [u64]) {
        match <&mut [u64; LANE_WORDS]>::try_from(&mut *words) {
            Ok(words) => *words = self.0,
            Err(_) => words.copy_from_slice(&self.0[..words.len()]),
        }
    }

    #[inline(always)]
    pub(super) fn map(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|i| join(self.0[i], other.0[i])))
    }
}
