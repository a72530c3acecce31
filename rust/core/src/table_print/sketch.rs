//! A uniform sample of a set, of bounded size: every hash below 2^(64 - scale) (FracMinHash; Irber et al. 2022).
//!
//! The scale is the least with which the sample does not exceed its bound, so that it depends on the set alone. Two samples are
//! compared at the larger of their scales, and tell containment as well as they tell Jaccard's index.

/// Largest number of values.
pub const MOST_VALUES: usize = 4096;

/// The sample of a set whose hashes are added in any order, each as often as one likes.
#[derive(Clone, Default)]
pub struct Sketch {
    scale: u32,
    /// All below the limit, as they came.
    values: Vec<u64>,
}

impl Sketch {
    /// Adds an element by its hash.
    pub fn add(&mut self, hash: u64) {
        if hash <= u64::MAX >> self.scale {
            self.values.push(hash);
            if self.values.len() == 4 * MOST_VALUES {
                self.shrink();
            }
        }
    }

    /// Adds the elements of another set.
    pub fn merge(&mut self, other: Self) {
        self.scale = self.scale.max(other.scale);
        let limit = u64::MAX >> self.scale;
        self.values.extend(other.values);
        self.values.retain(|&value| value <= limit);
        self.shrink();
    }

    /// The scale, and the values ascending.
    pub fn finish(mut self) -> (u32, Vec<u64>) {
        self.shrink();
        (self.scale, self.values)
    }

    fn shrink(&mut self) {
        self.values.sort_unstable();
        self.values.dedup();
        while self.values.len() > MOST_VALUES {
            self.scale += 1;
            let limit = u64::MAX >> self.scale;
            self.values.truncate(self.values.partition_point(|&value| value <= limit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_depends_on_the_set_alone() {
        let hashes: Vec<u64> = (0..100_000u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let (mut forth, mut back) = (Sketch::default(), Sketch::default());
        hashes.iter().for_each(|&hash| forth.add(hash));
        hashes.iter().rev().chain(&hashes).for_each(|&hash| back.add(hash));
        let (scale, values) = forth.finish();
        assert_eq!(back.finish(), (scale, values.clone()));
        let (mut head, mut tail) = (Sketch::default(), Sketch::default());
        hashes[..90_000].iter().for_each(|&hash| head.add(hash));
        hashes[90_000..].iter().for_each(|&hash| tail.add(hash));
        tail.merge(head);
        assert_eq!(tail.finish(), (scale, values.clone()));
        let mut expected: Vec<u64> = hashes.into_iter().filter(|&hash| hash >> (64 - scale) == 0).collect();
        expected.sort_unstable();
        assert_eq!(values, expected);
        assert!((MOST_VALUES / 3..=MOST_VALUES).contains(&values.len()));
    }

    #[test]
    fn a_small_set_is_its_own_sample() {
        let mut sketch = Sketch::default();
        (0..100_000u64).for_each(|n| sketch.add((n % 4096) << 52));
        assert_eq!(sketch.finish(), (0, (0..4096).map(|n| n << 52).collect()));
    }
}
