//! Eight words at a time, the width of the widest vector.

/// Words of a lane.
pub(super) const LANE_WORDS: usize = 8;

/// Eight words, aligned as a cache line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(super) struct Lane(pub [u64; LANE_WORDS]);

impl Lane {
    #[inline(always)]
    pub(super) fn map(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|i| join(self.0[i], other.0[i])))
    }
}
