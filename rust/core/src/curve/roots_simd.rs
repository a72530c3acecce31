//! Powers of an element a lane at once: inverses and square roots. Groups go side by side, because one alone would wait for
//! its own multiplications most of the time.

use super::constants::SQRT_M1;
use super::field_simd::{LaneMask, Tight};
use super::vectorised;

/// The product, carried.
#[inline]
#[vectorised]
fn product<const N: usize>(left: &[Tight; N], right: &[Tight; N]) -> [Tight; N] {
    let mut out = *left;
    for (one, other) in out.iter_mut().zip(right) {
        *one = one.times(other).tight();
    }
    out
}

/// Squared `times` times.
#[inline]
#[vectorised]
fn squared<const N: usize>(base: &[Tight; N], times: usize) -> [Tight; N] {
    let mut out = *base;
    for _ in 0..times {
        for one in &mut out {
            *one = one.squared().tight();
        }
    }
    out
}

/// To the power 2^250 - 1, and to the 11th.
#[vectorised]
fn long_power<const N: usize>(x: &[Tight; N]) -> ([Tight; N], [Tight; N]) {
    let x2 = squared(x, 1);
    let x9 = product(x, &squared(&x2, 2));
    let x11 = product(&x2, &x9);
    let ones_5 = product(&x9, &squared(&x11, 1));
    let ones_10 = product(&ones_5, &squared(&ones_5, 5));
    let ones_20 = product(&ones_10, &squared(&ones_10, 10));
    let ones_40 = product(&ones_20, &squared(&ones_20, 20));
    let ones_50 = product(&ones_10, &squared(&ones_40, 10));
    let ones_100 = product(&ones_50, &squared(&ones_50, 50));
    let ones_200 = product(&ones_100, &squared(&ones_100, 100));
    (product(&ones_50, &squared(&ones_200, 50)), x11)
}

/// The inverse, to the power p - 2 = 2^255 - 21; zero stays zero.
#[vectorised]
pub fn inverse<const N: usize>(x: &[Tight; N]) -> [Tight; N] {
    let (power, x11) = long_power(x);
    product(&squared(&power, 5), &x11)
}

/// SQRT_RATIO_M1 of RFC 9496 section 4.2: where u/v is a square, and the root of u/v or else of sqrt(-1) * u/v that is not odd.
#[vectorised]
pub fn sqrt_ratio<const N: usize>(u: &[Tight; N], v: &[Tight; N]) -> ([LaneMask; N], [Tight; N]) {
    let i = Tight::splat(&SQRT_M1);
    let v3 = product(&squared(v, 1), v);
    let uv3 = product(u, &v3);
    let uv7 = product(&uv3, &squared(v, 2));
    let (power, _) = long_power(&uv7);
    let mut roots = product(&uv3, &product(&squared(&power, 2), &uv7)); // u v^3 (u v^7)^((p - 5) / 8)
    let mut squares = [0; N];
    for (k, root) in roots.iter_mut().enumerate() {
        let check = v[k].times(&root.squared().tight());
        let u_loose = u[k].loose();
        let iu = u[k].times(&i);
        let is_root = check.minus(&u_loose).tight().is_zero();
        let is_root_of_minus = check.plus(&u_loose).tight().is_zero();
        let is_root_of_minus_i = check.plus(&iu).tight().is_zero();
        *root = root.blend(is_root_of_minus | is_root_of_minus_i, &root.times(&i).tight()).absolute();
        squares[k] = is_root | is_root_of_minus;
    }
    (squares, roots)
}
