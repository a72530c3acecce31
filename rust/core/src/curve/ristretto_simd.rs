//! ristretto255 (RFC 9496) over a point a lane at once: encodings to points, uniform bytes to points, points to encodings.

use super::constants::{D, D_MINUS_ONE_SQUARED, INVSQRT_A_MINUS_D, ONE, ONE_MINUS_D_SQUARED, SQRT_AD_MINUS_ONE, SQRT_M1};
use super::field_simd::{LaneMask, Loose, Tight};
use super::point_simd::Extended;
use super::roots_simd::{inverse, sqrt_ratio};
use super::vectorised;
use super::words_simd::LANES;

/// The points of encodings, and the lanes whose bytes are the canonical encoding of an element other than the identity
/// (section 4.3.1). Other lanes hold nonsense.
#[vectorised]
pub fn decode<const N: usize>(bytes: &[[[u8; 32]; LANES]; N]) -> ([LaneMask; N], [Extended; N]) {
    let (one, d) = (Tight::splat(&ONE), Tight::splat(&D));
    let mut s = [one; N];
    let (mut u1, mut u2, mut v, mut w) = (s, s, s, s);
    for k in 0..N {
        s[k] = Tight::from_bytes(&bytes[k]);
        let ss = s[k].squared();
        u1[k] = one.loose().minus(&ss).tight();
        u2[k] = one.loose().plus(&ss).tight();
        let u2_squared = u2[k].squared();
        let du1_squared = d.times(&u1[k].squared().tight());
        v[k] = Loose::zero().less(&du1_squared).minus(&u2_squared).tight();
        w[k] = v[k].times(&u2_squared.tight()).tight();
    }
    let (squares, inverse_roots) = sqrt_ratio(&[one; N], &w);
    let mut points = [Extended::neutral(); N];
    let mut good = squares;
    for k in 0..N {
        let den_x = inverse_roots[k].times(&u2[k]).tight();
        let den_y = inverse_roots[k].times(&den_x.times(&v[k]).tight()).tight();
        let sx = s[k].times(&den_x);
        let x = sx.plus(&sx).tight().absolute();
        let y = u1[k].times(&den_y).tight();
        let t = x.times(&y).tight();
        points[k] = Extended { x, y, z: one, t };
        good[k] &= !t.is_odd() & !y.is_zero() & !s[k].is_zero() & canonical(&bytes[k]);
    }
    (good, points)
}

/// The first element, in the order of groups and lanes, that `decode` does not call good.
pub fn first_bad(good: &[LaneMask]) -> Option<usize> {
    (0..LANES * good.len()).find(|at| good[at / LANES] >> (at % LANES) & 1 == 0)
}

/// Where the bytes are a number below p that is not odd.
fn canonical(bytes: &[[u8; 32]; LANES]) -> LaneMask {
    let mut good = 0;
    for (lane, number) in bytes.iter().enumerate() {
        let [low, middle, high, top] =
            [0, 8, 16, 24].map(|at| u64::from_le_bytes(std::array::from_fn(|byte| number[at + byte])));
        let is_below = top < u64::MAX >> 1 || (top == u64::MAX >> 1 && (middle & high != u64::MAX || low < u64::MAX - 18));
        good |= u8::from(is_below && low & 1 == 0) << lane;
    }
    good
}

/// MAP of section 4.3.4: 32 bytes, of which bit 255 is ignored, to a point.
#[vectorised]
fn map<const N: usize>(bytes: &[[[u8; 32]; LANES]; N]) -> [Extended; N] {
    let (one, d) = (Tight::splat(&ONE), Tight::splat(&D));
    let mut t = [one; N];
    let (mut r, mut u, mut v) = (t, t, t);
    for k in 0..N {
        t[k] = Tight::from_bytes(&bytes[k]);
        r[k] = Tight::splat(&SQRT_M1).times(&t[k].squared().tight()).tight();
        let r_loose = r[k].loose();
        u[k] = r_loose.plus(&one.loose()).tight().times(&Tight::splat(&ONE_MINUS_D_SQUARED)).tight();
        let left = Loose::zero().less(&one.loose()).minus(&r[k].times(&d)).tight();
        v[k] = left.times(&r_loose.plus(&d.loose()).tight()).tight();
    }
    let (squares, mut roots) = sqrt_ratio(&u, &v);
    let mut points = [Extended::neutral(); N];
    for k in 0..N {
        let minus_one = Loose::zero().minus(&one.loose()).tight();
        let other_root = Loose::zero().minus(&roots[k].times(&t[k]).tight().absolute().loose()).tight();
        let s = &mut roots[k];
        *s = other_root.blend(squares[k], s);
        let c = r[k].blend(squares[k], &minus_one);
        let r_minus_one = r[k].loose().minus(&one.loose()).tight();
        let n = c.times(&r_minus_one).tight().times(&Tight::splat(&D_MINUS_ONE_SQUARED)).minus(&v[k].loose()).tight();
        let sv = s.times(&v[k]);
        let w0 = sv.plus(&sv).tight();
        let w1 = n.times(&Tight::splat(&SQRT_AD_MINUS_ONE)).tight();
        let ss = s.squared();
        let w2 = one.loose().minus(&ss).tight();
        let w3 = one.loose().plus(&ss).tight();
        points[k] =
            Extended { x: w0.times(&w3).tight(), y: w2.times(&w1).tight(), z: w1.times(&w3).tight(), t: w0.times(&w2).tight() };
    }
    points
}

/// 64 uniform bytes a lane to points: the one-way map of section 4.3.4, the sum of two maps.
#[vectorised]
pub fn from_uniform(bytes: &[[u8; 64]; LANES]) -> Extended {
    let mut halves = [[[0; 32]; LANES]; 2];
    for (lane, uniform) in bytes.iter().enumerate() {
        for (half, part) in halves.iter_mut().zip(uniform.as_chunks::<32>().0) {
            half[lane] = *part;
        }
    }
    let [left, right] = map(&halves);
    left.plus(&right)
}

/// A point on the way to the encoding of its double.
struct Doubling {
    e: Tight,
    f: Tight,
    g: Tight,
    h: Tight,
    eg: Tight,
    fh: Tight,
}

/// The encodings of the doubles of `points`, with one inversion for all.
///
/// The double of a point has an encoding without a square root: the doubling factors through an isogeny whose image has the
/// roots at hand, so an inverse is all that is left, and inverses share one exponentiation (Montgomery's trick). The idea is
/// that of "batch compression" in the ristretto notes of Hamburg, de Valence, Lovecruft and Arcieri. The identity takes part
/// as zero and comes out as 32 zero bytes.
#[vectorised]
pub fn encode_doubled(points: &[Extended]) -> Vec<[[u8; 32]; LANES]> {
    let (d, one) = (Tight::splat(&D), Tight::splat(&ONE));
    let mut product = one;
    let mut started = Vec::with_capacity(points.len());
    for point in points {
        let (xy, xx, yy) = (point.x.times(&point.y), point.x.squared(), point.y.squared());
        let (zz, dtt) = (point.z.squared(), d.times(&point.t.squared().tight()));
        let e = xy.plus(&xy).tight();
        let f = zz.plus(&dtt).tight();
        let g = yy.plus(&xx).tight();
        let h = zz.minus(&dtt).tight();
        let (eg, fh) = (e.times(&g).tight(), f.times(&h).tight());
        let all = eg.times(&fh).tight();
        let zeros = all.is_zero();
        started.push((Doubling { e, f, g, h, eg, fh }, all, zeros, product));
        product = product.times(&all.blend(zeros, &one)).tight();
    }
    let [mut inverted] = inverse(&[product]);
    let mut encodings = Vec::with_capacity(points.len());
    for (doubling, all, zeros, before) in started.iter().rev() {
        let inverse_of_all = inverted.times(before).tight().blend(*zeros, &Tight::splat(&[0; 5]));
        inverted = inverted.times(&all.blend(*zeros, &one)).tight();
        encodings.push(doubling.encode(&inverse_of_all));
    }
    encodings.reverse();
    encodings
}

impl Doubling {
    /// `inverse` is 1 / (e f g h).
    #[vectorised]
    fn encode(&self, inverse: &Tight) -> [[u8; 32]; LANES] {
        let i = Tight::splat(&SQRT_M1);
        let z_inverse = self.eg.times(inverse).tight();
        let t_inverse = self.fh.times(inverse).tight();
        let rotate = self.eg.times(&z_inverse).tight().is_odd();
        let minus_e = Loose::zero().minus(&self.e.loose()).tight();
        let e = self.e.blend(rotate, &self.g);
        let g = self.g.blend(rotate, &minus_e);
        let h = self.h.blend(rotate, &self.f.times(&i).tight());
        let magic = Tight::splat(&INVSQRT_A_MINUS_D).blend(rotate, &i);
        let negate = h.times(&e).tight().times(&z_inverse).tight().is_odd();
        let g = g.negated_where(negate);
        let scale = magic.times(&g.times(&t_inverse).tight()).tight();
        h.loose().minus(&g.loose()).tight().times(&scale).tight().absolute().to_bytes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(unsafe_code)]

    use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
    use sha2::Digest;

    use super::super::KERNEL;
    use super::*;

    /// Bytes of a field element at an edge, or arbitrary.
    fn half(number: usize) -> [u8; 32] {
        let mut bytes = [0xff; 32];
        match number {
            0 => bytes = [0; 32],
            1..6 => (bytes[0], bytes[31]) = (0xeb + number as u8, 0x7f), // p - 1, p, p + 1, ...
            6 => {}
            7 => bytes[31] = 0x7f,
            8 => bytes = [1; 32],
            _ => bytes.copy_from_slice(&sha2::Sha256::digest(number.to_le_bytes())),
        }
        bytes
    }

    #[vectorised]
    fn maps_match() {
        let uniform: Vec<[u8; 64]> = (0..16)
            .flat_map(|left| (0..16).map(move |right| (left, right)))
            .map(|(left, right)| {
                let mut bytes = [0; 64];
                bytes[..32].copy_from_slice(&half(left));
                bytes[32..].copy_from_slice(&half(right));
                bytes
            })
            .collect();
        let points: Vec<Extended> = uniform.as_chunks::<LANES>().0.iter().map(|group| from_uniform(group)).collect();
        let expected: Vec<[u8; 32]> = uniform
            .iter()
            .map(|bytes| {
                let point = RistrettoPoint::from_uniform_bytes(bytes);
                (point + point).compress().to_bytes()
            })
            .collect();
        assert!(expected.contains(&[0; 32]), "the identity is among them");
        assert_eq!(encode_doubled(&points).into_flattened(), expected);
    }

    /// Among 256 maps of edges some are the identity, whose doubles share the inversion with the others.
    #[test]
    fn maps_and_encodings_match_dalek() {
        if KERNEL.is_available() {
            // SAFETY: the processor has the instructions.
            unsafe { maps_match() };
        }
    }

    #[vectorised]
    fn decodings_match() {
        let mut candidates: Vec<[u8; 32]> = (0..200).map(half).collect();
        for small in 0..64_u8 {
            let mut bytes = [0; 32];
            bytes[0] = small;
            candidates.push(bytes); // small, some squares and some not, some negative
            bytes[31] = 0x80;
            candidates.push(bytes); // bit 255 set
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (0xed_u8.wrapping_sub(small), 0x7f);
            candidates.push(bytes); // just below p
            (bytes[0], bytes[31]) = (0xed_u8.saturating_add(small), 0x7f);
            candidates.push(bytes); // p and just above
        }
        candidates.extend((0..200_u64).map(|number| {
            let wide = sha2::Sha512::digest(number.to_le_bytes());
            RistrettoPoint::from_uniform_bytes(&wide.into()).compress().to_bytes()
        }));
        let mut good_ones = 0;
        for some in candidates.as_chunks::<{ 2 * LANES }>().0 {
            let groups = [std::array::from_fn(|lane| some[lane]), std::array::from_fn(|lane| some[LANES + lane])];
            let (good, points) = decode(&groups);
            let encoded = encode_doubled(&points).into_flattened();
            for (at, bytes) in some.iter().enumerate() {
                let point = CompressedRistretto(*bytes).decompress().filter(|_| bytes != &[0; 32]);
                let is_good = good[at / LANES] >> (at % LANES) & 1 == 1;
                assert_eq!(is_good, point.is_some(), "{bytes:02x?}");
                if let Some(point) = point {
                    assert_eq!(encoded[at], (point + point).compress().to_bytes());
                    good_ones += 1;
                }
            }
        }
        assert!(good_ones > 220, "edges and honest encodings are among the good ones");
    }

    #[test]
    fn decodings_match_dalek() {
        if KERNEL.is_available() {
            // SAFETY: the processor has the instructions.
            unsafe { decodings_match() };
        }
    }
}
