use super::super::KERNEL;
use super::*;
use crate::curve::slow_field as slow;

/// The most that each limb may be.
const MOST: [u64; LIMBS] = {
    let mut most = [0; LIMBS];
    let mut at = 0;
    while at < LIMBS {
        most[at] = limb_mask(at) + (1 << 17);
        at += 1;
    }
    most
};

/// Limbs at their edges and in between, and the bytes of the number that they are.
fn samples() -> Vec<([u64; LIMBS], Vec<u8>)> {
    let p: [u64; LIMBS] = std::array::from_fn(|at| limb_mask(at) - if at == 0 { 18 } else { 0 });
    let one = std::array::from_fn(|at| u64::from(at == 0));
    let mut all = vec![MOST, p, [0; LIMBS], one];
    all.extend([-1, 1, 17, 18].map(|more| {
        let mut near = p;
        near[0] = near[0].wrapping_add_signed(more);
        near
    }));
    all.extend([0, 1].map(|parity| std::array::from_fn(|at| if at % 2 == parity { MOST[at] } else { 0 })));
    let mut state = 1_u64;
    all.extend((0..23).map(|_| {
        MOST.map(|most| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (state >> 20) % (most + 1)
        })
    }));
    all.into_iter().map(|limbs| (limbs, bytes(&limbs))).collect()
}

fn bytes(limbs: &[u64; LIMBS]) -> Vec<u8> {
    let mut sum = vec![0; 33];
    for (limb, at) in limbs.iter().zip(BITS) {
        let mut shifted = vec![0; at / 8];
        shifted.extend((u128::from(*limb) << (at % 8)).to_le_bytes());
        shifted.resize(33, 0);
        sum = slow::sum(&sum, &shifted[..33]);
        sum.truncate(33);
    }
    sum
}

#[vectorised]
fn tight(limbs: &[u64; LIMBS]) -> Tight {
    let mut out = [splat(0); LIMBS];
    for (lanes, limb) in out.iter_mut().zip(limbs) {
        *lanes = splat(*limb);
    }
    Tight(out)
}

#[vectorised]
fn operations_match() {
    let one: Vec<u8> = (0..33).map(|at| u8::from(at == 0)).collect();
    for (left_limbs, left) in samples() {
        let x = tight(&left_limbs);
        let number = slow::product(&left, &one);
        assert_eq!(x.to_bytes(), [number; LANES]);
        assert_eq!(Tight::from_bytes(&[number; LANES]).to_bytes(), [number; LANES]);
        assert_eq!(x.squared().tight().to_bytes(), [slow::product(&left, &left); LANES]);
        assert_eq!(x.is_zero() == 0xf, number == [0; 32]);
        assert_eq!(x.is_odd() == 0xf, number[0] % 2 == 1);
        for (right_limbs, right) in samples() {
            let y = tight(&right_limbs);
            assert_eq!(x.times(&y).tight().to_bytes(), [slow::product(&left, &right); LANES]);
            let sum = slow::sum(&left, &right);
            assert_eq!(x.loose().plus(&y.loose()).tight().to_bytes(), [slow::product(&sum, &one); LANES]);
            let back = x.loose().minus(&y.loose()).plus(&y.loose()).tight();
            assert_eq!(back.to_bytes(), [number; LANES]);
            let shifted = x.times(&y).minus(&y.squared()).tight(); // y (x - y)
            assert_eq!(shifted.to_bytes(), y.times(&x.loose().minus(&y.loose()).tight()).tight().to_bytes());
            let (product, factor) = (x.times(&y), [0xff, 0xff, 0x0f]);
            let more = Loose::zero().plus_small_times(0xf_ffff, &x).plus(&product).tight();
            let expected = slow::sum(&slow::product(&left, &factor), &slow::product(&left, &right));
            assert_eq!(more.to_bytes(), [slow::product(&expected, &one); LANES]);
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

/// What is carried may be large: three products less, or eight more, where all limbs are at their edge.
#[vectorised]
fn sums_match() {
    let x = tight(&MOST);
    let square = x.squared();
    let three = square.plus(&square).plus(&square);
    let small = Tight::splat(&[3, 0, 0, 0, 0]).times(&square.tight()).tight();
    assert_eq!(three.tight().to_bytes(), small.to_bytes());
    assert_eq!(Loose::zero().minus(&three).plus(&three).tight().to_bytes(), [[0; 32]; LANES]);
    assert_eq!(Loose::zero().minus(&three).tight().to_bytes(), Loose::zero().minus(&small.loose()).tight().to_bytes());
    let eight = three.plus(&three).plus(&square).plus(&square);
    assert_eq!(eight.tight().to_bytes(), Tight::splat(&[8, 0, 0, 0, 0]).times(&square.tight()).tight().to_bytes());
    let carried = Loose::zero().minus(&three).tight();
    for (at, limb) in carried.0.iter().enumerate() {
        assert!(numbers(*limb)[0] <= MOST[at]);
    }
}

#[test]
fn sums_of_products_match_slow_ones_at_the_edges() {
    if KERNEL.is_available() {
        // SAFETY: the processor has the instructions.
        unsafe { sums_match() };
    }
}

/// Bits say which lanes.
#[vectorised]
fn blends_match() {
    let (zero, one) = (Tight::splat(&[0; 5]), Tight::splat(&[1, 0, 0, 0, 0]));
    for mask in 0..=u8::MAX {
        let blended = zero.blend(mask, &one);
        let expected: [[u8; 32]; LANES] =
            std::array::from_fn(|lane| std::array::from_fn(|at| u8::from(at == 0) & (mask >> lane)));
        assert_eq!(blended.to_bytes(), expected);
        assert_eq!((blended.is_odd(), blended.is_zero()), (mask & 15, !mask & 15));
    }
}

#[test]
fn masks_choose_lane_by_lane() {
    if KERNEL.is_available() {
        // SAFETY: the processor has the instructions.
        unsafe { blends_match() };
    }
}
