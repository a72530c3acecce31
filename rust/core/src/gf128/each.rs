//! Products of two lists, element by element.

use super::Gf128;
#[cfg(target_arch = "x86_64")]
use super::each_simd;

/// `left[i] *= right[i]` for all i.
///
/// # Panics
/// When the slices differ in length.
pub fn multiply_each(left: &mut [Gf128], right: &[Gf128]) {
    assert_eq!(left.len(), right.len(), "as many factors on both sides");
    let done = left.len() - multiply_vectors(left, right);
    for (left, &right) in left[done..].iter_mut().zip(&right[done..]) {
        *left *= right;
    }
}

/// `left[i] *= right[i]` for factors of the subfield, given in the whole field.
///
/// # Panics
/// When the slices differ in length.
pub fn scale_each(left: &mut [Gf128], right: &[Gf128]) {
    assert_eq!(left.len(), right.len(), "as many factors on both sides");
    let done = left.len() - scale_vectors(left, right);
    for (left, &right) in left[done..].iter_mut().zip(&right[done..]) {
        *left = left.scale(right.lo);
    }
}

/// As far as vectors go; returns how many are left at the end.
#[cfg(target_arch = "x86_64")]
fn multiply_vectors(left: &mut [Gf128], right: &[Gf128]) -> usize {
    each_simd::multiply(left, right).unwrap_or(left.len())
}

/// As far as vectors go; returns how many are left at the end.
#[cfg(target_arch = "x86_64")]
fn scale_vectors(left: &mut [Gf128], right: &[Gf128]) -> usize {
    each_simd::scale(left, right).unwrap_or(left.len())
}

#[cfg(not(target_arch = "x86_64"))]
fn multiply_vectors(left: &mut [Gf128], _: &[Gf128]) -> usize {
    left.len()
}

#[cfg(not(target_arch = "x86_64"))]
fn scale_vectors(left: &mut [Gf128], _: &[Gf128]) -> usize {
    left.len()
}

#[cfg(test)]
mod tests {
    use super::super::portable;
    use super::*;

    #[test]
    fn lists_of_any_length_multiply_as_their_elements_do() {
        let mut word = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            word = word.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
            word ^ word >> 29
        };
        for length in 0..40 {
            let mut draw = || (0..length).map(|_| Gf128 { lo: next(), hi: next() }).collect::<Vec<_>>();
            let (left, right) = (draw(), draw());
            let (mut products, mut multiples) = (left.clone(), left.clone());
            multiply_each(&mut products, &right);
            scale_each(&mut multiples, &right);
            for i in 0..length {
                assert_eq!(products[i], portable::multiply(left[i], right[i], portable::carryless));
                assert_eq!(multiples[i].lo, portable::multiply_subfield(left[i].lo, right[i].lo, portable::carryless));
                assert_eq!(multiples[i].hi, portable::multiply_subfield(left[i].hi, right[i].lo, portable::carryless));
            }
        }
    }
}
