//! Numbers modulo a prime of 50 bits that a coin chose.

use super::coins::{Coin, Use};
#[cfg(target_arch = "x86_64")]
use super::doubles_simd;
use super::field::Field;
use super::weighted::{BYTE, Table};
#[cfg(target_arch = "x86_64")]
use super::words_simd;

/// Bits of the prime: a product of two sums of two elements is below 2^102, and 2^25 of them are below 2^127.
const BITS: u32 = 50;

/// Witnesses that tell every number below 2^64 (Sorenson, Webster, Mathematics of Computation 86, 2017, theorem 1).
const WITNESSES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

/// The field; no branch depends on an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prime {
    pub(super) modulus: u64,
    /// floor(2^102 / modulus)
    pub(super) inverse: u64,
    /// floor(2^64 / modulus)
    pub(super) short_inverse: u64,
    /// floor(2^81 / modulus), of 32 bits
    pub(super) inverse_word: u64,
    /// 2^64 modulo the modulus
    word: u64,
}

impl Prime {
    /// The first prime among the candidates of a coin: uniform among the primes of 50 bits.
    pub(super) fn draw_from(coin: &Coin) -> Self {
        let mut candidates = [0; 64];
        for batch in 0.. {
            coin.fill(Use::Prime, batch * candidates.len() as u64, &mut candidates);
            let odd = candidates.map(|word| (word >> (65 - BITS)) | (1 << (BITS - 1)) | 1);
            if let Some(prime) = odd.into_iter().find(|&odd| is_prime(odd)) {
                return Self::new(prime);
            }
        }
        unreachable!("one odd number of 50 bits in 18 is a prime")
    }

    fn new(modulus: u64) -> Self {
        let word = ((1_u128 << 64) % u128::from(modulus)) as u64;
        let of = |power: u32| ((1_u128 << power) / u128::from(modulus)) as u64;
        Self { modulus, inverse: of(102), short_inverse: of(64), inverse_word: of(81), word }
    }

    /// Any word, modulo the prime.
    #[inline(always)]
    pub(super) fn reduce(&self, word: u64) -> u64 {
        // both factors have 16 bits at the most, and the quotient is at most two too small
        let quotient = ((word >> 48) * self.short_inverse) >> 16;
        self.once(self.once(word - quotient * self.modulus))
    }

    /// Appends words modulo the prime.
    pub(super) fn reduce_each(&self, words: &[u64], to: &mut Vec<u64>) {
        #[cfg(target_arch = "x86_64")]
        if words_simd::is_supported() {
            return words_simd::reduce_each(self, words, to);
        } else if doubles_simd::is_supported() {
            return doubles_simd::reduce_each(self, words, to);
        }
        self.reduce_each_portable(words, to);
    }

    /// Vector kernels are this, compiled for wider registers.
    #[inline(always)]
    pub(super) fn reduce_each_portable(&self, words: &[u64], to: &mut Vec<u64>) {
        to.extend(words.iter().map(|&word| self.reduce(word)));
    }

    /// The weights of subset masks, of a table for each digit of theirs.
    pub(super) fn look_up(&self, table: &Table, subsets: &[u64], weights: &mut [u64]) {
        #[cfg(target_arch = "x86_64")]
        if words_simd::is_supported() {
            return words_simd::look_up(self, table, subsets, weights);
        } else if doubles_simd::is_supported() {
            return doubles_simd::look_up(self, table, subsets, weights);
        }
        self.look_up_portable(table, subsets, weights);
    }

    fn look_up_portable(&self, table: &Table, subsets: &[u64], weights: &mut [u64]) {
        for (weight, &subset) in weights.iter_mut().zip(subsets) {
            let sums = table.bytes.iter().enumerate().map(|(at, values)| values[usize::from((subset >> (BYTE * at)) as u8)]);
            *weight = self.reduce(sums.sum());
        }
    }

    /// Words modulo the prime, those of the first and the third column times the weight in their place.
    pub(super) fn weigh(&self, weights: &[u64], words: [&[u64]; 4], to: [&mut [u64]; 4]) {
        #[cfg(target_arch = "x86_64")]
        if words_simd::is_supported() {
            return words_simd::weigh(self, weights, words, to);
        } else if doubles_simd::is_supported() {
            return doubles_simd::weigh(self, weights, words, to);
        }
        self.weigh_portable(weights, words, to);
    }

    fn weigh_portable(&self, weights: &[u64], words: [&[u64]; 4], to: [&mut [u64]; 4]) {
        for (column, (words, to)) in words.into_iter().zip(to).enumerate() {
            for ((&word, to), &weight) in words.iter().zip(to).zip(weights) {
                let element = self.reduce(word);
                *to = if column % 2 == 0 { self.multiply(element, weight) } else { element };
            }
        }
    }

    /// A number below 2^102, modulo the prime (Barrett).
    #[inline(always)]
    fn reduce_product(&self, value: u128) -> u64 {
        // the quotient is at most two too small
        let quotient = (u128::from((value >> 48) as u64) * u128::from(self.inverse)) >> 54;
        let rest = (value as u64).wrapping_sub((quotient as u64).wrapping_mul(self.modulus));
        self.once(self.once(rest))
    }

    /// Any number of 128 bits, modulo the prime.
    pub(super) fn reduce_wide(&self, value: u128) -> u64 {
        let high = self.reduce((value >> 64) as u64);
        let high = self.reduce_product(u128::from(high) * u128::from(self.word));
        self.add(high, self.reduce(value as u64))
    }

    #[inline(always)]
    fn once(&self, value: u64) -> u64 {
        let less = value.wrapping_sub(self.modulus);
        // the sign bit tells, for all numbers here are below 2^52
        less.wrapping_add(self.modulus & ((less as i64 >> 63) as u64))
    }
}

impl Field for Prime {
    #[inline(always)]
    fn add(&self, left: u64, right: u64) -> u64 {
        self.once(left + right)
    }

    #[inline(always)]
    fn subtract(&self, left: u64, right: u64) -> u64 {
        self.once(left + self.modulus - right)
    }

    #[inline(always)]
    fn multiply(&self, left: u64, right: u64) -> u64 {
        self.reduce_product(u128::from(left) * u128::from(right))
    }

    fn has(&self, word: u64) -> bool {
        word < self.modulus
    }

    fn draw(&self, words: [u64; 2]) -> u64 {
        self.reduce_wide(u128::from(words[0]) | (u128::from(words[1]) << 64))
    }

    fn crossed(&self, left: [&[u64]; 4], right: [&[u64]; 4]) -> u64 {
        #[cfg(target_arch = "x86_64")]
        if words_simd::is_supported() {
            return self.reduce_wide(words_simd::crossed(left, right));
        } else if doubles_simd::is_supported() {
            return self.reduce_wide(doubles_simd::crossed(left, right));
        }
        self.crossed_portable(left, right)
    }

    fn products(&self, columns: [&[u64]; 4]) -> u64 {
        #[cfg(target_arch = "x86_64")]
        if words_simd::is_supported() {
            return self.reduce_wide(words_simd::products(columns));
        } else if doubles_simd::is_supported() {
            return self.reduce_wide(doubles_simd::products(columns));
        }
        self.products_portable(columns)
    }

    fn combine(&self, points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
        #[cfg(target_arch = "x86_64")]
        if words_simd::is_supported() {
            return words_simd::combine(self, points, rows, to);
        } else if doubles_simd::is_supported() {
            return doubles_simd::combine(self, points, rows, to);
        }
        self.combine_portable(points, rows, to);
    }
}

impl Prime {
    fn products_portable(&self, columns: [&[u64]; 4]) -> u64 {
        let [a, b, c, d] = columns;
        let pairs = a.iter().zip(b).zip(c.iter().zip(d));
        let sum = pairs.map(|((&a, &b), (&c, &d))| u128::from(a) * u128::from(b) + u128::from(c) * u128::from(d)).sum();
        self.reduce_wide(sum)
    }

    fn crossed_portable(&self, left: [&[u64]; 4], right: [&[u64]; 4]) -> u64 {
        let [a, b, c, d] = left;
        let [e, f, g, h] = right;
        let mut sum = 0_u128;
        let pairs = a.iter().zip(e).zip(b.iter().zip(f)).zip(c.iter().zip(g).zip(d.iter().zip(h)));
        for (((&a, &e), (&b, &f)), ((&c, &g), (&d, &h))) in pairs {
            sum += u128::from(a + e) * u128::from(b + f) + u128::from(c + g) * u128::from(d + h);
        }
        self.reduce_wide(sum)
    }

    fn combine_portable(&self, points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
        let mut sums = [0_u128; 256];
        for (at, to) in to.chunks_mut(sums.len()).enumerate() {
            let from = at * 256;
            let sums = &mut sums[..to.len()];
            sums.fill(0);
            for (&point, row) in points.iter().zip(rows) {
                for (sum, &element) in sums.iter_mut().zip(&row[from..from + to.len()]) {
                    *sum += u128::from(point) * u128::from(element);
                }
            }
            for (to, &sum) in to.iter_mut().zip(sums.iter()) {
                *to = self.reduce_wide(sum);
            }
        }
    }
}

/// Whether an odd number above 37 is a prime (Miller, Rabin). Of public numbers: its time shows them.
fn is_prime(number: u64) -> bool {
    let times = |left: u64, right: u64| (u128::from(left) * u128::from(right) % u128::from(number)) as u64;
    let twos = (number - 1).trailing_zeros();
    WITNESSES.iter().all(|&witness| {
        let (mut power, mut base, mut exponent) = (1, witness, (number - 1) >> twos);
        while exponent != 0 {
            if exponent & 1 == 1 {
                power = times(power, base);
            }
            base = times(base, base);
            exponent >>= 1;
        }
        power == 1
            || (0..twos).any(|_| {
                let found = power == number - 1;
                power = times(power, power);
                found
            })
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "x86_64")]
    use super::super::numbers::SUBSETS;
    use super::*;

    #[test]
    fn primes_are_told_from_what_looks_like_them() {
        for prime in [(1 << 50) - 27, 562_949_953_421_381, 61, 2_147_483_647] {
            assert!(is_prime(prime), "{prime}");
        }
        // squares, Carmichael numbers, and the least that deceive the witnesses up to 7, 13 and 23
        for other in [41 * 41, 561, 825_265, 3_215_031_751, 3_474_749_660_383, 341_550_071_728_321, 3_825_123_056_546_413_051] {
            assert!(!is_prime(other), "{other}");
        }
    }

    #[test]
    fn a_coin_gives_a_prime_of_fifty_bits() {
        for seed in 0..20 {
            let prime = Prime::draw_from(&Coin::new(&[seed; 16])).modulus;
            assert!(is_prime(prime) && prime >> (BITS - 1) == 1);
        }
    }

    #[cfg(target_arch = "x86_64")]
    macro_rules! say_what_portable_code_says {
        ($kernels:ident) => {
            for field in FIELDS.map(Prime::new) {
                for count in (0..18).chain([128, 2048]) {
                    let columns: Vec<Vec<u64>> = (0..8).map(|tag| elements(&field, tag, count)).collect();
                    let four = |from: usize| -> [&[u64]; 4] { std::array::from_fn(|i| &columns[from + i][..]) };
                    let crossed = $kernels::crossed(four(0), four(4));
                    assert_eq!(field.reduce_wide(crossed), field.crossed_portable(four(0), four(4)), "{count}");
                    let products = $kernels::products(four(0));
                    assert_eq!(field.reduce_wide(products), field.products_portable(four(0)), "{count}");
                    let table = Table::new(&field, &elements(&field, 10, SUBSETS));
                    let (mut one, mut other) = (vec![1; count], vec![2; count]);
                    $kernels::look_up(&field, &table, &edges(count), &mut one);
                    field.look_up_portable(&table, &edges(count), &mut other);
                    assert_eq!(one, other, "{count}");
                    let words: [Vec<u64>; 4] = std::array::from_fn(|i| edges(count + i).split_off(i));
                    let words = words.each_ref().map(|words| &words[..]);
                    let [mut one, mut other] =
                        [1, 2].map(|word| [const { Vec::new() }; 4].map(|_: Vec<u64>| vec![word; count]));
                    $kernels::weigh(&field, &columns[0], words, one.each_mut().map(|column| &mut column[..]));
                    field.weigh_portable(&columns[0], words, other.each_mut().map(|column| &mut column[..]));
                    assert_eq!(one, other, "{count}");
                    let rows: Vec<&[u64]> = columns.iter().map(|row| &row[..]).collect();
                    let (mut one, mut other) = (vec![1; count], vec![2; count]);
                    $kernels::combine(&field, &elements(&field, 9, 8), &rows, &mut one);
                    field.combine_portable(&elements(&field, 9, 8), &rows, &mut other);
                    assert_eq!(one, other, "{count}");
                    let mut reduced = vec![7];
                    $kernels::reduce_each(&field, &edges(count), &mut reduced);
                    assert!(reduced.len() == count + 1 && reduced[0] == 7);
                    assert!(edges(count).iter().zip(&reduced[1..]).all(|(&word, &rest)| rest == word % field.modulus));
                }
                // beside multiples of the modulus, the largest ones too
                let beside = |times: u64| [times * field.modulus - 1, times * field.modulus];
                let words: Vec<u64> = [1, 2, 7, u64::MAX / field.modulus].into_iter().flat_map(beside).collect();
                let mut reduced = Vec::new();
                $kernels::reduce_each(&field, &words, &mut reduced);
                assert!(words.iter().zip(&reduced).all(|(&word, &rest)| rest == word % field.modulus));
                // the largest sums there are
                let most = vec![field.modulus - 1; 2048];
                let crossed = $kernels::crossed([&most; 4], [&most; 4]);
                assert_eq!(crossed, 4096 * (2 * u128::from(field.modulus - 1)).pow(2));
                assert_eq!($kernels::products([&most; 4]), 4096 * u128::from(field.modulus - 1).pow(2));
                let (mut one, mut other) = (vec![0; 5], vec![0; 5]);
                $kernels::combine(&field, &most, &[&most[..5]; 2048], &mut one);
                field.combine_portable(&most, &[&most[..5]; 2048], &mut other);
                assert_eq!(one, other);
            }
        };
    }

    /// A large modulus, a small one and one between.
    #[cfg(target_arch = "x86_64")]
    const FIELDS: [u64; 3] = [(1 << 50) - 27, 562_949_953_421_381, 844_424_930_132_057];

    #[cfg(target_arch = "x86_64")]
    fn elements(field: &Prime, tag: u64, count: usize) -> Vec<u64> {
        let words = (1..=count as u64).map(|i| (i * 8 + tag).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(13));
        words.map(|word| if word % 5 == 0 { field.modulus - 1 } else { field.reduce(word) }).collect()
    }

    #[cfg(target_arch = "x86_64")]
    fn edges(count: usize) -> Vec<u64> {
        (0..count as u32).map(|i| u64::MAX.rotate_left(i) << (i % 7) >> (i % 64)).collect()
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn products_of_52_bits_say_what_portable_code_says() {
        if words_simd::is_supported() {
            say_what_portable_code_says!(words_simd);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn floating_point_says_what_portable_code_says() {
        if doubles_simd::is_supported() {
            say_what_portable_code_says!(doubles_simd);
        }
    }

    #[test]
    fn arithmetic_is_that_of_integers_modulo_the_prime() {
        for modulus in [(1 << 50) - 27, 562_949_953_421_381] {
            let field = Prime::new(modulus);
            let wide = u128::from(modulus);
            let edges = [0, 1, 2, modulus / 2, modulus - 2, modulus - 1];
            for &a in &edges {
                for &b in &edges {
                    let (x, y) = (u128::from(a), u128::from(b));
                    assert_eq!(u128::from(field.add(a, b)), (x + y) % wide);
                    assert_eq!(u128::from(field.subtract(a, b)), (x + wide - y) % wide);
                    assert_eq!(u128::from(field.multiply(a, b)), x * y % wide);
                }
            }
            for value in [0, 1, wide, wide * wide, u128::MAX, u128::MAX - 1, 1 << 127, u128::from(u64::MAX), 0x1234_5678 << 90]
            {
                assert_eq!(u128::from(field.reduce_wide(value)), value % wide);
                assert_eq!(u128::from(field.reduce(value as u64)), u128::from(value as u64) % wide);
            }
        }
    }
}
