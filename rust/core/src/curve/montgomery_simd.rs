//! A point of Curve25519 a lane (RFC 7748), v^2 = u^3 + 486662 u^2 + u, by its u alone, all times one secret.
//!
//! The ladder of RFC 7748 section 5 with two changes that leave its results. Swapping the two points before a step changes the
//! sign of one difference that is squared and otherwise only says which of the two is doubled, so that choice is all that is
//! made. And a clamped scalar starts with a one and ends with three zeros, so the ladder starts at twice the point and ends with
//! three doublings.
#![allow(unsafe_code)]

use core::hint::black_box;

use super::constants::ONE;
use super::field_simd::{LaneMask, Loose, Tight};
use super::roots_simd::inverse;
use super::vectorised;
use super::words_simd::LANES;

/// (486662 - 2) / 4.
const A24: u64 = 121_665;

/// u = x / z; z is zero for the point at infinity.
#[derive(Clone, Copy)]
pub struct Ratio {
    /// x.
    pub x: Loose,
    /// z.
    pub z: Loose,
}

/// x + z and x - z.
#[derive(Clone, Copy)]
struct Sides {
    sum: Tight,
    difference: Tight,
}

impl Ratio {
    #[inline]
    #[vectorised]
    fn sides(&self) -> Sides {
        Sides { sum: self.x.plus(&self.z).tight(), difference: self.x.minus(&self.z).tight() }
    }

    /// The point times 2^`doublings`.
    #[inline]
    #[vectorised]
    pub fn doubled(self, doublings: usize) -> Self {
        let mut running = self;
        for _ in 0..doublings {
            running = running.sides().doubled();
        }
        running
    }
}

impl Sides {
    /// 2 multiplications, 2 squarings, and one multiplication by a small number.
    #[inline]
    #[vectorised]
    fn doubled(&self) -> Ratio {
        let (square, other) = (self.sum.squared(), self.difference.squared());
        let e = square.minus(&other).tight();
        Ratio { x: square.tight().times(&other.tight()), z: e.times(&square.plus_small_times(A24, &e).tight()) }
    }

    /// The sum with `other`, where the difference of the two has the given u. 3 multiplications and 2 squarings.
    #[inline]
    #[vectorised]
    fn plus(&self, other: &Self, u_of_difference: &Tight) -> Ratio {
        let (da, cb) = (other.difference.times(&self.sum), other.sum.times(&self.difference));
        let square = da.minus(&cb).tight().squared().tight();
        Ratio { x: da.plus(&cb).tight().squared(), z: square.times(u_of_difference) }
    }

    #[inline]
    #[vectorised]
    fn blend(&self, mask: LaneMask, other: &Self) -> Self {
        Self { sum: self.sum.blend(mask, &other.sum), difference: self.difference.blend(mask, &other.difference) }
    }
}

/// Bit `at` of a scalar, 0 or 1.
#[inline]
fn bit(scalar: &[u8; 32], at: usize) -> u8 {
    black_box(scalar[at / 8]) >> (at % 8) & 1
}

/// The ladder down to bit `lowest` of the clamped scalar: with k the bits from there up, k and k + 1 times the points with these
/// u, the second first where the last bit that is returned is one.
#[inline]
#[vectorised]
fn climb(u: &Tight, clamped: &[u8; 32], lowest: usize) -> (Ratio, Ratio, u8) {
    let point = Ratio { x: u.loose(), z: Tight::splat(&ONE).loose() };
    let (mut low, mut high) = (point.sides().doubled(), point);
    let mut before = 1;
    for at in (lowest..254).rev() {
        let now = bit(clamped, at);
        let mask = black_box((before ^ now).wrapping_neg());
        let (a, b) = (low.sides(), high.sides());
        (low, high) = (a.blend(mask, &b).doubled(), a.plus(&b, u));
        before = now;
    }
    (low, high, before)
}

/// The points with these u times the clamped scalar.
#[vectorised]
fn ladder(u: &Tight, clamped: &[u8; 32]) -> Ratio {
    let (low, high, before) = climb(u, clamped, 3);
    let last = low.sides().blend(black_box(before.wrapping_neg()), &high.sides());
    last.doubled().doubled(2)
}

/// A point (u, v) times the clamped scalar k, and that plus the point: by their u.
#[vectorised]
pub fn neighbours(u: &Tight, clamped: &[u8; 32]) -> (Ratio, Ratio) {
    let (low, high, _) = climb(u, clamped, 0); // a clamped scalar ends with zeros
    (low, high)
}

/// x / z of each pair, zero where z is; one inversion for all (Montgomery's trick).
#[vectorised]
pub fn quotients(ratios: &[Ratio]) -> Vec<Tight> {
    let (zero, one) = (Tight::splat(&[0; 5]), Tight::splat(&ONE));
    let mut product = one;
    let mut started = Vec::with_capacity(ratios.len());
    for ratio in ratios {
        let (x, z) = (ratio.x.tight(), ratio.z.tight());
        let infinite = z.is_zero();
        let (x, z) = (x.blend(infinite, &zero), z.blend(infinite, &one));
        started.push((x, z, product));
        product = product.times(&z).tight();
    }
    let [mut inverted] = inverse(&[product]);
    let mut quotients = Vec::with_capacity(ratios.len());
    for (x, z, before) in started.iter().rev() {
        let inverse_of_z = inverted.times(before).tight();
        inverted = inverted.times(z).tight();
        quotients.push(x.times(&inverse_of_z).tight());
    }
    quotients.reverse();
    quotients
}

/// X25519 of the clamped scalar and each number, times 2^`doublings`: zero for the point at infinity.
#[vectorised]
pub fn multiply(numbers: &[Tight], clamped: &[u8; 32], doublings: usize) -> Vec<[[u8; 32]; LANES]> {
    let ratios: Vec<Ratio> = numbers.iter().map(|u| ladder(u, clamped).doubled(doublings)).collect();
    quotients(&ratios).into_iter().map(|u| u.to_bytes()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(unsafe_code)]

    use curve25519_dalek::montgomery::MontgomeryPoint;
    use sha2::Digest;

    use super::super::KERNEL;
    use super::*;

    fn clamp(mut bytes: [u8; 32]) -> [u8; 32] {
        bytes[0] &= 0xf8;
        bytes[31] = bytes[31] & 0x7f | 0x40;
        bytes
    }

    #[vectorised]
    fn products(groups: &[[[u8; 32]; LANES]], clamped: &[u8; 32]) -> Vec<[[u8; 32]; LANES]> {
        let numbers: Vec<Tight> = groups.iter().map(|group| Tight::from_bytes(group)).collect();
        multiply(&numbers, clamped, 0)
    }

    /// Numbers at an edge (small, near p, of small order), and arbitrary ones, about half of them on the twist.
    #[test]
    fn products_match_dalek() {
        if !KERNEL.is_available() {
            return;
        }
        let mut numbers: Vec<[u8; 32]> = Vec::new();
        for small in 0..20_u8 {
            let mut bytes = [0; 32];
            bytes[0] = small;
            numbers.push(bytes);
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (0xec_u8.wrapping_add(small), 0x7f);
            numbers.push(bytes);
        }
        for number in 0..120_u64 {
            numbers.push(sha2::Sha256::digest(number.to_le_bytes()).into());
        }
        let groups = numbers.as_chunks::<LANES>().0;
        let mut zeros = 0;
        for scalar in [[0; 32], [0xff; 32], [0x55; 32], sha2::Sha256::digest(b"scalar").into()].map(clamp) {
            // SAFETY: the processor has the instructions.
            let found = unsafe { products(groups, &scalar) };
            for (number, product) in numbers.iter().zip(found.as_flattened()) {
                assert_eq!(*product, MontgomeryPoint(*number).mul_clamped(scalar).to_bytes(), "{number:02x?}");
                zeros += usize::from(product == &[0; 32]);
            }
        }
        assert!(zeros >= 4 * 5, "numbers of small order are among them");
    }
}
