//! How many different values there are, roughly (HyperLogLog; Flajolet, Fusy, Gandouet, Meunier 2007).

const REGISTERS: usize = 4096;

/// Counts the elements of a set whose hashes are added in any order, each as often as one likes; standard error 1.6%.
#[derive(Clone)]
pub(super) struct Distinct(Box<[u8; REGISTERS]>);

impl Default for Distinct {
    fn default() -> Self {
        Self(Box::new([0; REGISTERS]))
    }
}

impl Distinct {
    /// Adds an element by its hash.
    pub(super) fn add(&mut self, hash: u64) {
        let place = &mut self.0[hash as usize % REGISTERS];
        *place = (1 + (hash | (REGISTERS as u64 - 1)).leading_zeros() as u8).max(*place);
    }

    /// Adds the elements of another set.
    pub(super) fn merge(&mut self, other: &Self) {
        for (place, rank) in self.0.iter_mut().zip(other.0.iter()) {
            *place = (*place).max(*rank);
        }
    }

    /// The estimate.
    pub(super) fn count(&self) -> u64 {
        let registers = REGISTERS as f64;
        let sum: f64 = self.0.iter().map(|&rank| 0.5_f64.powi(i32::from(rank))).sum();
        let estimate = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let empty = self.0.iter().filter(|&&rank| rank == 0).count();
        if estimate <= 2.5 * registers && empty > 0 {
            return (registers * (registers / empty as f64).ln()).round() as u64; // linear counting
        }
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_near() {
        for size in [0u64, 1, 10, 1000, 12_000, 100_000, 1_000_000] {
            let mut distinct = Distinct::default();
            for number in (0..size).chain(0..size / 2) {
                distinct.add(twox_hash::XxHash64::oneshot(0, &number.to_be_bytes()));
            }
            assert!(distinct.count().abs_diff(size) * 12 <= size, "{size} {}", distinct.count());
        }
    }
}
