use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::traits::Identity;
use sha2::{Digest, Sha256};

use super::*;

/// Zero, small, odd and even, and the largest among arbitrary ones.
fn scalars(count: usize) -> Vec<Scalar> {
    let edges = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from(63_u8), Scalar::from(64_u8), -Scalar::from(2_u8)];
    let many = (1..=count as u64).map(|number| Scalar::from(number).invert() * Scalar::from(number * number + 3));
    edges.into_iter().chain(many).take(count).collect()
}

fn messages(count: usize, longer: usize) -> Vec<Vec<u8>> {
    (0..count).map(|at| vec![at as u8; 16 + at / 100 + at * longer % 301]).collect()
}

fn points(count: usize) -> Vec<Encoding> {
    scalars(count + 1)[1..].iter().map(|scalar| EdwardsPoint::mul_base(scalar).compress().to_bytes()).collect()
}

fn key() -> ClampedSecret {
    ClampedSecret::new(Sha256::digest(b"key").into())
}

#[test]
fn kernels_agree_on_lists_of_any_number_and_length() {
    let key = key();
    for (count, longer) in [(0, 0), (1, 0), (7, 1), (8, 0), (9, 1), (127, 0), (511, 0), (513, 0), (1100, 40)] {
        let (messages, blinders) = (messages(count, longer), scalars(count));
        let by = |kernel| {
            let blinded = blind(kernel, &messages, &blinders, b"some tag");
            let answers = answer(kernel, &blinded, &key).expect("good points");
            let public = PublicKey::new(kernel, &answer(kernel, &[generator()], &key).expect("a good point")[0]);
            let values = unblind(&answers, &blinders, &public.expect("a good key")).expect("good points");
            assert_eq!(values, evaluate(kernel, &messages, &key, b"some tag"), "the value comes out both ways");
            (blinded, answers, values)
        };
        for kernel in Kernel::available() {
            assert_eq!(by(kernel), by(Kernel::Portable), "{count}");
        }
    }
}

#[test]
fn multiples_of_the_generator_match_dalek() {
    let scalars = scalars(150);
    for kernel in Kernel::available() {
        let blinded = blind(kernel, &vec![b"one"; 150], &scalars, b"tag");
        let hashed = hash(b"one", b"tag");
        for (scalar, found) in scalars.iter().zip(blinded) {
            assert_eq!(found, (hashed + EdwardsPoint::mul_base(scalar)).compress().to_bytes());
        }
    }
}

#[test]
fn bad_points_are_named_by_the_lowest_index_wherever_points_are_taken() {
    let (key, good, blinders) = (key(), points(300), scalars(300));
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    let mut zero_with_sign = generator();
    zero_with_sign.fill(0);
    (zero_with_sign[0], zero_with_sign[31]) = (1, 0x80);
    let off_curve = (2..).map(|low| [low; 1].repeat(32).try_into().expect("32 bytes"));
    let off_curve = off_curve.filter(|bytes| CompressedEdwardsY(*bytes).decompress().is_none()).take(2);
    let small: Vec<Encoding> = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes()).collect();
    for kernel in Kernel::available() {
        let public = PublicKey::new(kernel, &good[0]).expect("a good key");
        assert!(answer(kernel, &good, &key).is_ok() && unblind(&good, &blinders, &public).is_ok());
        for bad in small.iter().copied().chain(off_curve.clone()).chain([p, zero_with_sign, [0xff; 32]]) {
            let mut list = good.clone();
            (list[270], list[290]) = (bad, bad);
            assert_eq!(answer(kernel, &list, &key), Err(BadPoint { index: 270 }));
            assert_eq!(unblind(&list, &blinders, &public), Err(BadPoint { index: 270 }));
            assert!(PublicKey::new(kernel, &bad).is_none());
        }
    }
}

/// What of a hostile question is of small order shows nothing of the key: it does not come back.
#[test]
fn a_part_of_small_order_is_lost_in_the_answer() {
    let key = key();
    let point = EdwardsPoint::mul_base(&Scalar::from(7_u8));
    let shifted: Vec<Encoding> = EIGHT_TORSION.iter().map(|small| (point + small).compress().to_bytes()).collect();
    for kernel in Kernel::available() {
        let answers = answer(kernel, &shifted, &key).expect("good points");
        assert_eq!(answers, vec![answers[0]; 8]);
    }
}

/// Multiples by two numbers that are equal modulo L would differ by it.
#[test]
fn a_part_of_small_order_is_refused_in_a_public_key() {
    let point = EdwardsPoint::mul_base(&Scalar::from(7_u8));
    for kernel in Kernel::available() {
        let taken = |small: &&EdwardsPoint| PublicKey::new(kernel, &(point + *small).compress().to_bytes()).is_some();
        assert_eq!(EIGHT_TORSION.iter().filter(taken).collect::<Vec<_>>(), [&EdwardsPoint::identity()]);
    }
}

#[test]
fn threads_and_packing_leave_the_results() {
    let (key, kernel, items) = (key(), Kernel::best(), [7; 16 * 100]);
    let blinders = SecretScalars::derive(&[1; 32], 5, 100).expect("few");
    let dst = b"tag".as_slice();
    let blinded = [1, 3].map(|threads| blind_packed(kernel, &items, 16, &blinders, dst, threads));
    assert_eq!(blinded[0], blinded[1]);
    let answers = [1, 3].map(|threads| answer_packed(kernel, &blinded[0], &key, threads).expect("good points"));
    assert_eq!(answers[0], answers[1]);
    let public = answer(kernel, &[generator()], &key).expect("a good point")[0];
    let public = PublicKey::new(kernel, &public).expect("a good key");
    let values = [1, 3].map(|threads| unblind_packed(&answers[0], &blinders, &public, threads).expect("good points"));
    assert_eq!(values[0], values[1]);
    assert_eq!(values[0], evaluate_packed(kernel, &items, 16, &key, dst, 2));
    assert_eq!(answer_packed(kernel, &blinded[0][..33], &key, 2), Err(BadPoint { index: 1 }));
}
