//! How large a store is, and how likely it is that a set does not fit.
//!
//! Everything here is Raghuraman and Rindal, "Blazing Fast PSI from Improved OKVS and Subfield VOLE" (CCS 2022, ePrint 2022/320),
//! section 4.2 for weight 3 and section 3 ("separate" dense columns) for clusters. For n keys in m' = e n sparse columns they
//! measured that the 2-core is empty but with probability 2^-s, where
//!
//! ```text
//! s = slope (e - 1.223) - 9.2,    log2 slope = 0.555 log2 n + 0.0930 w^3 - 1.010 w^2 + 2.925 w - 0.133,    w = log2 3
//! ```
//!
//! up to pairs of keys with the same three columns, of which g exist with probability about (e n)^-g; so floor(s / log2(e n))
//! dense columns are needed. The measurement covers 2^6 to 2^30 keys and 30 to 128 bits.
//!
//! Both sides of a protocol compute the shape, and must get the same; so logarithms are computed here from additions,
//! multiplications and square roots, which IEEE 754 fixes to the last bit, and not by a platform's library.

/// Weight of the sparse part of a row.
pub const WEIGHT: usize = 3;

/// Keys of a cluster on average. Its columns, values and rows then stay in a second-level cache.
pub const CLUSTER_KEYS: usize = 1 << 14;

/// A store fails to hold a set with probability at most 2^-FAILURE_BITS, unless a caller asks for less.
pub const FAILURE_BITS: u32 = 40;

/// Fewest keys that the analysis covers; a smaller set gets the columns of this many.
const FEWEST_KEYS: usize = 1 << 6;

/// Most keys that the analysis covers.
pub const MOST_KEYS: usize = 1 << 30;

/// Most sparse columns of a cluster that rows can be drawn for, about 3.4 million keys without clusters.
pub const MOST_COLUMNS: usize = 1 << 22;

/// "With n = 2^20 our construction requires two dense columns" (section 6.1); the formula alone gives one there, 2^-39.6.
const FEWEST_DENSE: usize = 2;

const TRANSITION: f64 = 1.223;
const AT_TRANSITION: f64 = -9.2;

/// The sizes of a store for a number of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Keys that it is for, at most.
    pub keys: usize,
    /// Clusters, each a store of its own with `sparse` + `dense` columns; 1 unless it is clustered.
    pub clusters: usize,
    /// Most keys of one cluster.
    pub cluster_keys: usize,
    /// Sparse columns of a cluster; a row has a one in WEIGHT of them.
    pub sparse: usize,
    /// Dense columns of a cluster; a row has the powers of a field element in them.
    pub dense: usize,
}

impl Shape {
    /// A store in clusters of about CLUSTER_KEYS keys: about 1.34 values a key at 2^20, fast.
    ///
    /// A set of `keys` keys whose rows are random does not fit with probability at most 2^-`failure_bits`: half of it that a
    /// cluster gets more keys than it is for (Chernoff's bound for the binomial distribution, over all clusters), half that some
    /// cluster cannot be solved.
    ///
    /// # Panics
    /// Above MOST_KEYS.
    pub fn clustered(keys: usize, failure_bits: u32) -> Self {
        let clusters = keys.div_ceil(CLUSTER_KEYS).max(1);
        if clusters == 1 {
            return Self::single(keys, failure_bits);
        }
        let bits = f64::from(failure_bits + 1);
        let cluster_keys = most_in_one(keys, clusters, bits);
        let one = Self::single_with(cluster_keys, bits + log2(clusters as f64));
        Self { keys, clusters, cluster_keys, ..one }
    }

    /// A store without clusters: about 1.23 values a key at 2^20, slower by the cache misses. Bound as for [`Self::clustered`].
    ///
    /// # Panics
    /// Above MOST_KEYS.
    pub fn single(keys: usize, failure_bits: u32) -> Self {
        Self::single_with(keys, f64::from(failure_bits))
    }

    fn single_with(keys: usize, bits: f64) -> Self {
        assert!(keys <= MOST_KEYS, "more keys than the analysis covers");
        let n = keys.max(FEWEST_KEYS) as f64;
        let w = log2(WEIGHT as f64);
        let slope = exp2(0.555 * log2(n) + 0.0930 * (w * w * w) - 1.010 * (w * w) + 2.925 * w - 0.133);
        let expansion = TRANSITION + (bits - AT_TRANSITION) / slope;
        let sparse = (expansion * n).ceil();
        let dense = (bits / log2(sparse)).floor() as usize;
        Self { keys, clusters: 1, cluster_keys: keys, sparse: sparse as usize, dense: dense.max(FEWEST_DENSE) }
    }

    /// Columns of one cluster, that is, values.
    pub const fn cluster_len(&self) -> usize {
        self.sparse + self.dense
    }

    /// Values of the whole store.
    pub const fn len(&self) -> usize {
        self.clusters * self.cluster_len()
    }

    /// Never: even the store of no keys has columns.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The smallest c such that, of `balls` thrown into `bins`, no bin gets more than c but with probability 2^-`bits`.
fn most_in_one(balls: usize, bins: usize, bits: f64) -> usize {
    let n = balls as f64;
    let p = 1.0 / bins as f64;
    let bound = bits + log2(bins as f64);
    let is_rare = |c: usize| {
        let q = c as f64 / n;
        n * (q * log2(q / p) + (1.0 - q) * (log2(1.0 - q) - log2(1.0 - p))) >= bound
    };
    let (mut low, mut high) = (balls / bins, balls);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if is_rare(middle) { high = middle } else { low = middle }
    }
    high - 1
}

const FRACTION_BITS: i32 = 48;

/// The logarithm of a positive number, exact to 2^-48, the same on every machine.
fn log2(x: f64) -> f64 {
    assert!(x > 0.0 && x.is_finite(), "a positive number");
    let (mut mantissa, mut whole) = (x, 0.0);
    while mantissa >= 2.0 {
        mantissa /= 2.0;
        whole += 1.0;
    }
    while mantissa < 1.0 {
        mantissa *= 2.0;
        whole -= 1.0;
    }
    let (mut fraction, mut bit) = (0.0, 0.5);
    for _ in 0..FRACTION_BITS {
        mantissa *= mantissa;
        if mantissa >= 2.0 {
            mantissa /= 2.0;
            fraction += bit;
        }
        bit /= 2.0;
    }
    whole + fraction
}

/// 2^`x` for `x` from 0 to 64, the same on every machine.
fn exp2(x: f64) -> f64 {
    assert!((0.0..64.0).contains(&x), "an exponent from 0 to 64");
    let mut power = (1_u64 << x as u32) as f64;
    let (mut rest, mut root, mut bit) = (x - x.floor(), 2.0_f64.sqrt(), 0.5);
    for _ in 0..FRACTION_BITS {
        if rest >= bit {
            rest -= bit;
            power *= root;
        }
        root = root.sqrt();
        bit /= 2.0;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_library() {
        for x in [1e-9, 0.3, 1.0, 1.5, 2.0, 3.0, 1e6, 1.1e9] {
            assert!((log2(x) - x.log2()).abs() < 1e-12, "{x}");
        }
        for x in [0.0, 0.1, 1.0, 9.999, 10.106, 17.5] {
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn expansion_is_the_papers() {
        let single = Shape::single(1 << 20, 40);
        assert_eq!((single.clusters, single.dense), (1, 2));
        let expansion = single.len() as f64 / f64::from(1 << 20);
        assert!((1.22..1.24).contains(&expansion), "{expansion}");
        let clustered = Shape::clustered(1 << 20, 40);
        assert_eq!(clustered.clusters, 64);
        let in_cluster = clustered.sparse as f64 / clustered.cluster_keys as f64;
        assert!((1.26..1.28).contains(&in_cluster), "{in_cluster}");
        let expansion = clustered.len() as f64 / f64::from(1 << 20);
        assert!((1.33..1.36).contains(&expansion), "{expansion}");
    }

    #[test]
    fn fewer_failures_cost_columns() {
        let (often, rarely) = (Shape::clustered(1 << 20, 40), Shape::clustered(1 << 20, 56));
        assert!(often.len() < rarely.len() && often.dense <= rarely.dense);
    }

    #[test]
    fn a_cluster_holds_eight_standard_deviations_more_than_the_mean() {
        let bound = most_in_one(1 << 20, 64, 41.0);
        let deviation = f64::from(1 << 14).sqrt();
        let above = (bound as f64 - f64::from(1 << 14)) / deviation;
        assert!((7.7..8.3).contains(&above), "{above}");
    }

    #[test]
    fn small_sets_get_the_columns_of_the_smallest_analysed() {
        assert_eq!(Shape::single(0, 40).len(), Shape::single(64, 40).len());
        assert_eq!(Shape::clustered(10, 40), Shape::single(10, 40));
    }
}
