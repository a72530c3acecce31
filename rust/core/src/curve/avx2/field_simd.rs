//! Four elements of GF(2^255 - 19) at once, one in each 64-bit lane, by AVX2.
//!
//! An element is ten limbs of 26 and 25 bits in turn, so that products of limbs fit the 64 bits that `vpmuludq` gives, twenty of
//! them added up: Bernstein, "Curve25519: new Diffie-Hellman speed records" (PKC 2006), section 4, for the limbs; Faz-Hernandez,
//! Lopez, Dahab, "High-performance implementation of elliptic curve cryptography using vector instructions" (ACM TOMS 2019),
//! section 4, for them in lanes of AVX2. Independent elements in the lanes: Cheng, Grossschaedl, Tian, Ronne, Ryan,
//! "High-throughput elliptic curve cryptography using AVX2 vector instructions" (SAC 2020), section 3.
//!
//! * [`Tight`]: even limbs are below 2^26, odd ones below 2^25, each plus at most 2^17. The only operand of a multiplication.
//! * [`Loose`]: limbs are 64-bit integers modulo 2^64. What products are, and what is added and subtracted, before it is carried.
//!
//! [`Loose::tight`] carries; sums of products are carried once. Limbs that are carried must be below 2^63, as integers: a product
//! has even limbs below 2^59 and odd ones below 2^58.4, and what is subtracted has even limbs below 2^60.9 and odd ones below
//! 2^59.9, three products' worth.
//!
//! Nothing here branches or looks up by value.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::vectorised;
use super::words_simd::{LANES, Lanes, lanes, numbers, splat};

#[path = "../sums_simd.rs"]
mod sums_simd;

/// One bit a lane, from the lowest; bits above those mean nothing.
pub type LaneMask = u8;
/// Limbs of an element.
pub const LIMBS: usize = 10;

/// Where each limb begins, and where the last ends.
const BITS: [usize; LIMBS + 1] = [0, 26, 51, 77, 102, 128, 153, 179, 204, 230, 255];

/// p 2^35, limb by limb: subtracting limbs below 2^61 and 2^60 leaves none below zero.
const BIAS: [i64; LIMBS] = {
    let mut bias = [0; LIMBS];
    let mut at = 0;
    while at < LIMBS {
        bias[at] = (limb_mask(at) as i64) << 35;
        at += 1;
    }
    bias[0] -= 18 << 35;
    bias
};

/// Ones for each bit of a limb.
const fn limb_mask(at: usize) -> u64 {
    (1 << (BITS[at + 1] - BITS[at])) - 1
}

/// Limbs of a number that is given in limbs of 52 bits.
const fn limbs(wide: &[u64; 5]) -> [u64; LIMBS] {
    let mut out = [0; LIMBS];
    let mut at = 0;
    while at < LIMBS {
        let (word, bit) = (BITS[at] / 52, BITS[at] % 52);
        let above = if bit > 0 && word < 4 { wide[word + 1] << (52 - bit) } else { 0 };
        out[at] = (wide[word] >> bit | above) & limb_mask(at);
        at += 1;
    }
    out
}

/// The block once for each number, a constant in it: loops over limbs are not unrolled otherwise, and limbs then live in memory.
macro_rules! unrolled {
    ($at:ident in limbs $body:block) => {
        unrolled!($at in [0 1 2 3 4 5 6 7 8 9] $body)
    };
    ($at:ident in [$($number:literal)*] $body:block) => {
        $({
            const $at: usize = $number;
            $body
        })*
    };
}

/// An element as an operand of a multiplication; see the module.
#[derive(Clone, Copy)]
pub struct Tight(pub [Lanes; LIMBS]);

/// An element to be added or subtracted; see the module.
#[derive(Clone, Copy)]
pub struct Loose([Lanes; LIMBS]);

/// The lanes' highest bits.
#[inline]
#[vectorised]
pub fn mask(lanes: Lanes) -> LaneMask {
    _mm256_movemask_pd(_mm256_castsi256_pd(lanes)) as LaneMask
}

/// All ones in the lanes whose bit is set.
#[inline]
#[vectorised]
fn spread(mask: LaneMask) -> Lanes {
    let bits = _mm256_setr_epi64x(1, 2, 4, 8);
    _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x(mask.into()), bits), bits)
}

#[inline]
#[vectorised]
fn add_product(sum: Lanes, a: Lanes, b: Lanes) -> Lanes {
    _mm256_add_epi64(sum, _mm256_mul_epu32(a, b))
}

/// Of a limb. `vpmuludq` would do, but the compiler makes a product of 64 bits of it where the factor is known.
#[inline]
#[vectorised]
fn nineteen_times(limb: Lanes) -> Lanes {
    _mm256_mullo_epi32(limb, splat(19))
}

impl Tight {
    /// The same element, given by five limbs of 52 bits, in all lanes.
    #[inline]
    #[vectorised]
    pub fn splat(wide: &[u64; 5]) -> Self {
        let mut out = [_mm256_setzero_si256(); LIMBS];
        for (lanes, limb) in out.iter_mut().zip(limbs(wide)) {
            *lanes = splat(limb);
        }
        Self(out)
    }

    /// Four numbers of 32 bytes each, little-endian; bit 255 is ignored.
    #[inline]
    #[vectorised]
    pub fn from_bytes(bytes: &[[u8; 32]; LANES]) -> Self {
        let mut words = [[0_u64; LANES]; 4];
        for (lane, number) in bytes.iter().enumerate() {
            for (word, chunk) in words.iter_mut().zip(number.as_chunks::<8>().0) {
                word[lane] = u64::from_le_bytes(*chunk);
            }
        }
        let [w0, w1, w2, w3] = [lanes(&words[0]), lanes(&words[1]), lanes(&words[2]), lanes(&words[3])];
        let mut limbs = [
            w0,
            _mm256_srli_epi64::<26>(w0),
            _mm256_or_si256(_mm256_srli_epi64::<51>(w0), _mm256_slli_epi64::<13>(w1)),
            _mm256_srli_epi64::<13>(w1),
            _mm256_srli_epi64::<38>(w1),
            w2,
            _mm256_srli_epi64::<25>(w2),
            _mm256_or_si256(_mm256_srli_epi64::<51>(w2), _mm256_slli_epi64::<13>(w3)),
            _mm256_srli_epi64::<12>(w3),
            _mm256_srli_epi64::<38>(w3),
        ];
        for (at, lanes) in limbs.iter_mut().enumerate() {
            *lanes = _mm256_and_si256(*lanes, splat(limb_mask(at)));
        }
        Self(limbs)
    }

    /// The one encoding of each element: 32 bytes, little-endian, below p.
    #[vectorised]
    pub fn to_bytes(self) -> [[u8; 32]; LANES] {
        let l = self.canonical();
        let three = |a, b, c| _mm256_or_si256(_mm256_or_si256(a, b), c);
        let words = [
            three(l[0], _mm256_slli_epi64::<26>(l[1]), _mm256_slli_epi64::<51>(l[2])),
            three(_mm256_srli_epi64::<13>(l[2]), _mm256_slli_epi64::<13>(l[3]), _mm256_slli_epi64::<38>(l[4])),
            three(l[5], _mm256_slli_epi64::<25>(l[6]), _mm256_slli_epi64::<51>(l[7])),
            three(_mm256_srli_epi64::<13>(l[7]), _mm256_slli_epi64::<12>(l[8]), _mm256_slli_epi64::<38>(l[9])),
        ]
        .map(|word| numbers(word));
        let mut bytes = [[0; 32]; LANES];
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
        let mut r = self.loose().tight().0; // below 2^255 + 2^44, so the quotient by p is that of x + 19 by 2^255: 0 or 1
        let mut quotient = splat(19);
        for (at, lanes) in r.iter().enumerate() {
            quotient = above(_mm256_add_epi64(*lanes, quotient), at);
        }
        r[0] = add_product(r[0], quotient, splat(19));
        for at in 0..LIMBS {
            let carry = above(r[at], at);
            r[at] = _mm256_and_si256(r[at], splat(limb_mask(at)));
            if at + 1 < LIMBS {
                r[at + 1] = _mm256_add_epi64(r[at + 1], carry);
            }
        }
        r
    }

    /// For adding and subtracting.
    #[inline]
    #[vectorised]
    pub fn loose(self) -> Loose {
        Loose(self.0)
    }

    /// The product. 109 multiplications and 95 additions.
    #[inline]
    #[vectorised]
    pub fn times(&self, other: &Self) -> Loose {
        let (a, b) = (&self.0, &other.0);
        let mut wrapped = *b; // 2^255 is 19
        unrolled!(AT in [1 2 3 4 5 6 7 8 9] {
            wrapped[AT] = nineteen_times(b[AT]);
        });
        let mut z = [_mm256_setzero_si256(); LIMBS];
        unrolled!(I in limbs {
            let twice = _mm256_add_epi64(a[I], a[I]); // odd limbs begin half a bit too high: two of them count twice
            unrolled!(J in limbs {
                let left = if I % 2 == 1 && J % 2 == 1 { twice } else { a[I] };
                let right = if I + J < LIMBS { b[J] } else { wrapped[J] };
                z[(I + J) % LIMBS] = add_product(z[(I + J) % LIMBS], left, right);
            });
        });
        Loose(z)
    }

    /// The square. 60 multiplications and 65 additions.
    #[inline]
    #[vectorised]
    #[allow(clippy::absurd_extreme_comparisons)] // of unrolled constants, one of which is 0
    pub fn squared(&self) -> Loose {
        let a = &self.0;
        let mut wrapped = *a;
        unrolled!(AT in [5 6 7 8 9] {
            wrapped[AT] = nineteen_times(a[AT]);
        });
        let mut z = [_mm256_setzero_si256(); LIMBS];
        unrolled!(I in limbs {
            let twice = _mm256_add_epi64(a[I], a[I]);
            let four_times = _mm256_add_epi64(twice, twice);
            unrolled!(J in limbs {
                if I <= J {
                    let left = match (I == J, I % 2 == 1 && J % 2 == 1) {
                        (true, false) => a[I],
                        (true, true) | (false, false) => twice,
                        (false, true) => four_times,
                    };
                    let right = if I + J < LIMBS { a[J] } else { wrapped[J] };
                    z[(I + J) % LIMBS] = add_product(z[(I + J) % LIMBS], left, right);
                }
            });
        });
        Loose(z)
    }

    /// Lanes of `other` where `mask` has a bit, of `self` elsewhere.
    #[inline]
    #[vectorised]
    pub fn blend(&self, mask: LaneMask, other: &Self) -> Self {
        let mask = spread(mask);
        let mut out = self.0;
        for (lanes, replacement) in out.iter_mut().zip(&other.0) {
            *lanes = _mm256_blendv_epi8(*lanes, *replacement, mask);
        }
        Self(out)
    }

    /// Where the canonical number is odd, which RFC 9496 section 3.1 calls negative.
    #[inline]
    #[vectorised]
    pub fn is_odd(self) -> LaneMask {
        mask(_mm256_slli_epi64::<63>(self.canonical()[0]))
    }

    /// Where it is zero.
    #[inline]
    #[vectorised]
    pub fn is_zero(self) -> LaneMask {
        let mut any = _mm256_setzero_si256();
        for lanes in self.canonical() {
            any = _mm256_or_si256(any, lanes);
        }
        mask(_mm256_cmpeq_epi64(any, _mm256_setzero_si256()))
    }
}

/// What of limb `at` is above its bits.
#[inline]
#[vectorised]
fn above(lanes: Lanes, at: usize) -> Lanes {
    if at % 2 == 1 { _mm256_srli_epi64::<25>(lanes) } else { _mm256_srli_epi64::<26>(lanes) }
}

impl Loose {
    /// A multiple of p more, which makes every limb positive where even ones are above -2^60.9 and odd ones above -2^59.9.
    #[inline]
    #[vectorised]
    pub fn positive(&self) -> Self {
        let mut out = self.0;
        for (lanes, bias) in out.iter_mut().zip(BIAS) {
            *lanes = _mm256_add_epi64(*lanes, _mm256_set1_epi64x(bias));
        }
        Self(out)
    }

    /// The sum with a small multiple of `other`; `factor` is below 2^20, and limbs grow by less than 2^47.
    #[inline]
    #[vectorised]
    pub fn plus_small_times(&self, factor: u64, other: &Tight) -> Self {
        let mut out = self.0;
        for (lanes, limb) in out.iter_mut().zip(&other.0) {
            *lanes = add_product(*lanes, *limb, splat(factor));
        }
        Self(out)
    }

    /// Carried, ready to be multiplied. Two chains, from limbs 0 and 4, go side by side; what is above bit 255 comes back at the
    /// bottom 19-fold. It is below 2^43 then, so limb 1 ends below 2^25 + 2^17; limb 5 below 2^25 + 2^13, the others in their bits.
    #[inline]
    #[vectorised]
    pub fn tight(&self) -> Tight {
        let mut r = self.0;
        unrolled!(AT in [0 4 1 5 2 6 3 7 4 8] {
            let carry = above(r[AT], AT);
            r[AT] = _mm256_and_si256(r[AT], splat(limb_mask(AT)));
            r[AT + 1] = _mm256_add_epi64(r[AT + 1], carry);
        });
        let top = above(r[9], 9);
        r[9] = _mm256_and_si256(r[9], splat(limb_mask(9)));
        let three_times = _mm256_add_epi64(top, _mm256_slli_epi64::<1>(top)); // wider than a multiplication reads
        r[0] = _mm256_add_epi64(r[0], _mm256_add_epi64(three_times, _mm256_slli_epi64::<4>(top)));
        let carry = above(r[0], 0);
        r[0] = _mm256_and_si256(r[0], splat(limb_mask(0)));
        r[1] = _mm256_add_epi64(r[1], carry);
        Tight(r)
    }
}

#[cfg(test)]
#[path = "field_tests.rs"]
mod tests;
