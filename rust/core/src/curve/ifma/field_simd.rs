//! Eight elements of GF(2^255 - 19) at once, one in each 64-bit lane, by AVX-512 IFMA.
//!
//! An element is five limbs of 52 bits, the size that `vpmadd52luq` and `vpmadd52huq` multiply: bits 0 to 51 and bits 52 to 103
//! of a product then belong to neighbouring limbs and add up without a shift. The price is that no limb has room to spare, so
//! there are two kinds of element:
//!
//! * [`Tight`]: bits 0 to 51 of each limb are the number, which is below 2^255 + 2^217; bits above may hold anything, because
//!   the instructions do not read them. The only operand of a multiplication.
//! * [`Loose`]: limbs are 64-bit integers with sign, |limb| < 2^61. What products are, and what is added and subtracted.
//!
//! [`Loose::tight`] carries, 11 instructions; sums of products are carried once. Bounds are given where they matter: a product
//! has limbs below 2^56, and a subtraction takes limbs below 2^58.
//!
//! Nothing here branches or looks up by value.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::vectorised;
use super::words_simd::{Lanes, lanes, numbers};

#[path = "../sums_simd.rs"]
mod sums_simd;

/// One bit a lane.
pub type LaneMask = __mmask8;
/// Limbs of an element.
pub const LIMBS: usize = 5;

const LIMB: u64 = (1 << 52) - 1;
/// Bits of the top limb: 255 - 4 * 52.
const TOP: u64 = (1 << 47) - 1;
/// 2^260 modulo p.
const FOLD: i64 = 608;

/// A multiple of p, 2^12 of them, with limbs 3 and 4 large enough that subtracting limbs below 2^58 leaves a positive number
/// whose lower four limbs together are positive too.
const BIAS: [i64; LIMBS] = [-19 << 12, 0, 0, 1 << 59, (1 << 59) - (1 << 7)];

/// An element as an operand of a multiplication; see the module.
#[derive(Clone, Copy)]
pub struct Tight(pub [Lanes; LIMBS]);

/// An element to be added or subtracted; see the module.
#[derive(Clone, Copy)]
pub struct Loose([Lanes; LIMBS]);

impl Tight {
    /// The same element, given by its limbs, in all lanes.
    #[inline]
    #[vectorised]
    pub fn splat(limbs: &[u64; 5]) -> Self {
        let mut out = [_mm512_setzero_si512(); LIMBS];
        for (lanes, limb) in out.iter_mut().zip(limbs) {
            *lanes = _mm512_set1_epi64(*limb as i64);
        }
        Self(out)
    }

    /// Eight numbers of 32 bytes each, little-endian; bit 255 is ignored.
    #[inline]
    #[vectorised]
    pub fn from_bytes(bytes: &[[u8; 32]; 8]) -> Self {
        let mut words = [[0_u64; 8]; 4];
        for (lane, number) in bytes.iter().enumerate() {
            for (word, chunk) in words.iter_mut().zip(number.as_chunks::<8>().0) {
                word[lane] = u64::from_le_bytes(*chunk);
            }
        }
        let [w0, w1, w2, w3] = [lanes(&words[0]), lanes(&words[1]), lanes(&words[2]), lanes(&words[3])];
        let (limb, top) = (_mm512_set1_epi64(LIMB as i64), _mm512_set1_epi64(TOP as i64));
        let l1 = _mm512_or_si512(_mm512_srli_epi64::<52>(w0), _mm512_slli_epi64::<12>(w1));
        let l2 = _mm512_or_si512(_mm512_srli_epi64::<40>(w1), _mm512_slli_epi64::<24>(w2));
        let l3 = _mm512_or_si512(_mm512_srli_epi64::<28>(w2), _mm512_slli_epi64::<36>(w3));
        let l4 = _mm512_srli_epi64::<16>(w3);
        Self([
            _mm512_and_si512(w0, limb),
            _mm512_and_si512(l1, limb),
            _mm512_and_si512(l2, limb),
            _mm512_and_si512(l3, limb),
            _mm512_and_si512(l4, top),
        ])
    }

    /// The one encoding of each element: 32 bytes, little-endian, below p.
    #[vectorised]
    pub fn to_bytes(self) -> [[u8; 32]; 8] {
        let [l0, l1, l2, l3, l4] = self.canonical();
        let words = [
            numbers(_mm512_or_si512(l0, _mm512_slli_epi64::<52>(l1))),
            numbers(_mm512_or_si512(_mm512_srli_epi64::<12>(l1), _mm512_slli_epi64::<40>(l2))),
            numbers(_mm512_or_si512(_mm512_srli_epi64::<24>(l2), _mm512_slli_epi64::<28>(l3))),
            numbers(_mm512_or_si512(_mm512_srli_epi64::<36>(l3), _mm512_slli_epi64::<16>(l4))),
        ];
        let mut bytes = [[0; 32]; 8];
        for (lane, number) in bytes.iter_mut().enumerate() {
            for (chunk, word) in number.as_chunks_mut::<8>().0.iter_mut().zip(&words) {
                *chunk = word[lane].to_le_bytes();
            }
        }
        bytes
    }

    /// Limbs of the number below p.
    #[vectorised]
    fn canonical(self) -> [Lanes; LIMBS] {
        let limb = _mm512_set1_epi64(LIMB as i64);
        let mut r = self.loose().tight().loose().0; // below 2^255, so the quotient by p is that of x + 19 by 2^255: 0 or 1
        let mut carry = _mm512_set1_epi64(19);
        for lanes in &r[..4] {
            carry = _mm512_srli_epi64::<52>(_mm512_add_epi64(*lanes, carry));
        }
        let quotient = _mm512_srli_epi64::<47>(_mm512_add_epi64(r[4], carry));
        r[0] = _mm512_madd52lo_epu64(r[0], quotient, _mm512_set1_epi64(19));
        for k in 0..4 {
            r[k + 1] = _mm512_add_epi64(r[k + 1], _mm512_srli_epi64::<52>(r[k]));
            r[k] = _mm512_and_si512(r[k], limb);
        }
        r[4] = _mm512_and_si512(r[4], _mm512_set1_epi64(TOP as i64));
        r
    }

    /// For adding and subtracting.
    #[inline]
    #[vectorised]
    pub fn loose(self) -> Loose {
        let mut limbs = self.0;
        for lanes in &mut limbs {
            *lanes = _mm512_and_si512(*lanes, _mm512_set1_epi64(LIMB as i64));
        }
        Loose(limbs)
    }

    /// The product. 50 multiplications and 17 instructions to fold; limbs below 2^56.
    #[inline]
    #[vectorised]
    pub fn times(&self, other: &Self) -> Loose {
        let (a, b) = (&self.0, &other.0);
        let mut z = [_mm512_setzero_si512(); 10];
        for i in 0..5 {
            for j in 0..5 {
                z[i + j] = _mm512_madd52lo_epu64(z[i + j], a[i], b[j]);
                z[i + j + 1] = _mm512_madd52hi_epu64(z[i + j + 1], a[i], b[j]);
            }
        }
        fold(z)
    }

    /// The square. 30 multiplications and 25 other instructions; limbs below 2^56.
    #[inline]
    #[vectorised]
    pub fn squared(&self) -> Loose {
        let a = &self.0;
        let mut z = [_mm512_setzero_si512(); 10];
        for i in 0..5 {
            for j in i + 1..5 {
                z[i + j] = _mm512_madd52lo_epu64(z[i + j], a[i], a[j]);
                z[i + j + 1] = _mm512_madd52hi_epu64(z[i + j + 1], a[i], a[j]);
            }
        }
        for lanes in &mut z[1..9] {
            *lanes = _mm512_add_epi64(*lanes, *lanes);
        }
        for i in 0..5 {
            z[2 * i] = _mm512_madd52lo_epu64(z[2 * i], a[i], a[i]);
            z[2 * i + 1] = _mm512_madd52hi_epu64(z[2 * i + 1], a[i], a[i]);
        }
        fold(z)
    }

    /// Lanes of `other` where `mask` has a bit, of `self` elsewhere.
    #[inline]
    #[vectorised]
    pub fn blend(&self, mask: LaneMask, other: &Self) -> Self {
        let mut out = self.0;
        for (lanes, replacement) in out.iter_mut().zip(&other.0) {
            *lanes = _mm512_mask_mov_epi64(*lanes, mask, *replacement);
        }
        Self(out)
    }

    /// Where the canonical number is odd, which RFC 9496 section 3.1 calls negative.
    #[inline]
    #[vectorised]
    pub fn is_odd(self) -> LaneMask {
        _mm512_test_epi64_mask(self.canonical()[0], _mm512_set1_epi64(1))
    }

    /// Where it is zero.
    #[inline]
    #[vectorised]
    pub fn is_zero(self) -> LaneMask {
        let [l0, l1, l2, l3, l4] = self.canonical();
        let any = _mm512_or_si512(_mm512_or_si512(_mm512_or_si512(l0, l1), _mm512_or_si512(l2, l3)), l4);
        _mm512_testn_epi64_mask(any, any)
    }
}

/// Column sums of a product, below 2^55.2 each and the last below 2^42.1, to five limbs: 2^260 is 608.
#[inline]
#[vectorised]
fn fold(mut z: [Lanes; 10]) -> Loose {
    let by = _mm512_set1_epi64(FOLD);
    for k in 0..4 {
        let above = _mm512_srli_epi64::<52>(z[k + 5]);
        z[k] = _mm512_madd52lo_epu64(z[k], z[k + 5], by);
        z[k + 1] = _mm512_madd52hi_epu64(z[k + 1], z[k + 5], by);
        z[k + 1] = _mm512_madd52lo_epu64(z[k + 1], above, by);
    }
    z[4] = _mm512_madd52lo_epu64(z[4], z[9], by); // below 2^52, so nothing is above
    Loose([z[0], z[1], z[2], z[3], z[4]])
}

impl Loose {
    /// A multiple of p more, which makes it positive where limbs are above -2^58.
    #[inline]
    #[vectorised]
    pub fn positive(&self) -> Self {
        let mut out = self.0;
        for k in [0, 3, 4] {
            out[k] = _mm512_add_epi64(out[k], _mm512_set1_epi64(BIAS[k]));
        }
        Self(out)
    }

    /// The sum with a small multiple of `other`; `factor` is below 2^20, and limbs grow by less than 2^53.
    #[inline]
    #[vectorised]
    pub fn plus_small_times(&self, factor: u64, other: &Tight) -> Self {
        let by = _mm512_set1_epi64(factor as i64);
        let mut r = self.0;
        for (lanes, addend) in r.iter_mut().zip(&other.0) {
            *lanes = _mm512_madd52lo_epu64(*lanes, *addend, by);
        }
        for k in 0..4 {
            r[k + 1] = _mm512_madd52hi_epu64(r[k + 1], other.0[k], by);
        }
        let above = _mm512_madd52hi_epu64(_mm512_setzero_si512(), other.0[4], by);
        r[0] = _mm512_madd52lo_epu64(r[0], above, _mm512_set1_epi64(FOLD));
        Self(r)
    }

    /// Carried, ready to be multiplied: what is above bit 255 comes back at the bottom 19-fold, then each limb gives what is
    /// above its 52 bits to the next. The top limb ends below 2^47 + 2^10.
    #[inline]
    #[vectorised]
    pub fn tight(&self) -> Tight {
        let mut r = self.0;
        let above = _mm512_srli_epi64::<47>(r[4]);
        r[4] = _mm512_and_si512(r[4], _mm512_set1_epi64(TOP as i64));
        r[0] = _mm512_madd52lo_epu64(r[0], above, _mm512_set1_epi64(19));
        for k in 0..4 {
            r[k + 1] = _mm512_add_epi64(r[k + 1], _mm512_srai_epi64::<52>(r[k]));
        }
        Tight(r)
    }
}

#[cfg(test)]
mod tests {
    use super::super::KERNEL;
    use super::*;
    use crate::curve::slow_field as slow;

    /// Tight limbs at their edges and in between, as limbs and as the bytes of the number that they are.
    fn samples() -> Vec<([u64; 5], Vec<u8>)> {
        let most = [LIMB, LIMB, LIMB, LIMB, TOP + (1 << 10)];
        let p = [LIMB - 18, LIMB, LIMB, LIMB, TOP];
        let mut all =
            vec![most, p, [0; 5], [1, 0, 0, 0, 0], [LIMB - 19, LIMB, LIMB, LIMB, TOP], [LIMB - 17, LIMB, LIMB, LIMB, TOP]];
        all.extend([[0, LIMB, 0, LIMB, 0], [LIMB, 0, LIMB, 0, TOP], [LIMB, LIMB, LIMB, LIMB, TOP]]);
        let mut state = 1_u64;
        all.extend((0..23).map(|_| {
            let mut next = || {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                state >> 12
            };
            [next(), next(), next(), next(), next() & TOP]
        }));
        all.into_iter().map(|limbs| (limbs, bytes(&limbs))).collect()
    }

    fn bytes(limbs: &[u64; 5]) -> Vec<u8> {
        let bits = |at: usize| limbs.get(at / 52).is_some_and(|limb| limb >> (at % 52) & 1 == 1);
        let top = limbs[4] >> 52;
        assert_eq!(top, 0);
        (0..33).map(|byte| (0..8).map(|bit| u8::from(bits(8 * byte + bit)) << bit).sum()).collect()
    }

    /// The limbs with rubbish above bit 52, which nothing may read.
    #[vectorised]
    fn tight(limbs: &[u64; 5]) -> Tight {
        let [a, b, c, d, e] = *limbs;
        Tight::splat(&[a | 7 << 60, b | 1 << 55, c | 0xfff << 52, d | 3 << 54, e])
    }

    #[vectorised]
    fn operations_match() {
        let one = {
            let mut one = vec![0; 33];
            one[0] = 1;
            one
        };
        for (left_limbs, left) in samples() {
            let x = tight(&left_limbs);
            assert_eq!(x.to_bytes(), [slow::product(&left, &one); 8]);
            assert_eq!(x.squared().tight().to_bytes(), [slow::product(&left, &left); 8]);
            assert_eq!(x.is_zero() == 0xff, slow::product(&left, &one) == [0; 32]);
            for (right_limbs, right) in samples() {
                let y = tight(&right_limbs);
                let product = slow::product(&left, &right);
                assert_eq!(x.times(&y).tight().to_bytes(), [product; 8]);
                let sum: Vec<u8> = slow::sum(&left, &right);
                assert_eq!(x.loose().plus(&y.loose()).tight().to_bytes(), [slow::product(&sum, &one); 8]);
                let back = x.loose().minus(&y.loose()).plus(&y.loose()).tight();
                assert_eq!(back.to_bytes(), [slow::product(&left, &one); 8]);
                let shifted = x.times(&y).minus(&y.squared()).tight(); // y (x - y)
                assert_eq!(shifted.to_bytes(), y.times(&x.loose().minus(&y.loose()).tight()).tight().to_bytes());
            }
        }
    }

    #[test]
    fn operations_match_slow_ones_at_the_edges_and_between() {
        if KERNEL.is_available() {
            // SAFETY: the processor has the instructions.
            unsafe { operations_match() };
        }
    }
}
