//! Kernels against the plain formula, and the helpers they stand on. Printed values of the RFCs are in the Python tests.

use atoll_core::curve::{BadPoint, Kernel};
use atoll_core::group::{POINT_BYTES, SecretScalar, hash_to_group, multiply_base, parse_point};
use atoll_core::psi::{blind, multiply};
use atoll_core::{curve, parallel, shuffle};
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;

const DST: &[u8] = b"atoll test";

fn secret() -> (SecretScalar, Scalar) {
    let wide = std::array::from_fn(|i| i as u8 * 3 + 1);
    (SecretScalar::from_wide(&wide).expect("not zero"), Scalar::from_bytes_mod_order_wide(&wide))
}

/// Those that this processor runs.
fn kernels() -> Vec<Kernel> {
    Kernel::available().collect()
}

fn items(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| format!("item {i}").into_bytes()).collect()
}

#[test]
fn kernels_give_what_one_multiplication_at_a_time_gives() {
    let (secret, scalar) = secret();
    for (count, threads) in [(0, 1), (1, 1), (255, 1), (256, 1), (257, 1), (700, 3), (40, 64)] {
        let items = items(count);
        let points: Vec<RistrettoPoint> = items.iter().map(|item| hash_to_group(item, DST).expect("a tag")).collect();
        let expected: Vec<u8> = points.iter().flat_map(|point| (point * scalar).compress().to_bytes()).collect();
        for kernel in kernels() {
            assert_eq!(blind(kernel, &items, &secret, DST, threads), expected);
        }

        let packed: Vec<u8> = points.iter().flat_map(|point| point.compress().to_bytes()).collect();
        for kernel in kernels() {
            assert_eq!(multiply(kernel, &packed, &secret, threads).as_ref(), Ok(&expected));
        }
    }
    assert_eq!(multiply_base(&secret), RistrettoPoint::mul_base(&scalar).compress().to_bytes());
}

#[test]
fn kernels_agree_whatever_the_secret() {
    let order_minus_one = (-Scalar::ONE).to_bytes();
    let mut secrets: Vec<[u8; 32]> = (1..40_u8).map(|small| Scalar::from(small).to_bytes()).collect();
    secrets.extend((0..40_u8).map(|small| (Scalar::from(small) - Scalar::ONE - Scalar::ONE).to_bytes()));
    secrets.extend((0..40_u64).map(|number| Scalar::from_bytes_mod_order([number as u8 ^ 0x5a; 32]).to_bytes()));
    secrets.push(order_minus_one);
    let points: Vec<RistrettoPoint> = (0..9).map(|i| hash_to_group(&[i], DST).expect("a tag")).collect();
    let packed: Vec<u8> = points.iter().flat_map(|point| point.compress().to_bytes()).collect();
    for bytes in secrets {
        let Some(secret) = SecretScalar::from_canonical(bytes) else { continue };
        let scalar = Scalar::from_bytes_mod_order(bytes);
        let expected: Vec<u8> = points.iter().flat_map(|point| (point * scalar).compress().to_bytes()).collect();
        for kernel in kernels() {
            assert_eq!(multiply(kernel, &packed, &secret, 1).as_ref(), Ok(&expected));
        }
    }
}

#[test]
fn kernels_multiply_each_by_its_own() {
    for count in [0, 1, 7, 8, 9, 255, 256, 257, 300] {
        let mut scalars: Vec<Scalar> = (0..count as u64).map(|number| Scalar::from(number * number + 3).invert()).collect();
        for (scalar, edge) in scalars.iter_mut().zip([Scalar::ONE, Scalar::from(2_u8), -Scalar::ONE, -Scalar::from(2_u8)]) {
            *scalar = edge;
        }
        let items = items(count);
        let points: Vec<RistrettoPoint> = items.iter().map(|item| hash_to_group(item, DST).expect("a tag")).collect();
        let encodings: Vec<_> = points.iter().map(|point| point.compress().to_bytes()).collect();
        let expected: Vec<_> =
            points.iter().zip(&scalars).map(|(point, scalar)| (point * scalar).compress().to_bytes()).collect();
        let based: Vec<_> = scalars.iter().map(|scalar| RistrettoPoint::mul_base(scalar).compress().to_bytes()).collect();
        for kernel in kernels() {
            assert_eq!(curve::multiply_each(kernel, &encodings, &scalars), Ok(expected.clone()), "{kernel:?} {count}");
            assert_eq!(curve::hash_multiply_each(kernel, &items, &scalars, DST), expected, "{kernel:?} {count}");
            assert_eq!(curve::multiply_base_each(kernel, &scalars), based, "{kernel:?} {count}");
            for bad in (0..count).step_by(100) {
                let mut encodings = encodings.clone();
                encodings[bad] = [0; 32];
                assert_eq!(curve::multiply_each(kernel, &encodings, &scalars), Err(BadPoint { index: bad }));
            }
        }
    }
}

#[test]
fn kernels_hash_items_of_all_lengths_under_tags_of_all_lengths() {
    let (secret, _) = secret();
    for tag_bytes in [1, 43, 44, 91, 119, 255, 256, 300] {
        let dst = vec![b'd'; tag_bytes];
        let mut groups: Vec<Vec<Vec<u8>>> =
            [0, 1, 16, 111, 112, 113, 128, 1024].map(|length| vec![vec![7; length]; 8]).to_vec();
        groups.push((0..20).map(|length| vec![9; 13 * length]).collect()); // different lengths in one group
        for items in groups {
            let expected = blind(Kernel::Portable, &items, &secret, &dst, 1);
            for kernel in kernels() {
                assert_eq!(blind(kernel, &items, &secret, &dst, 1), expected);
            }
        }
    }
}

#[test]
fn the_first_bad_point_is_named_whatever_the_threads() {
    let (secret, _) = secret();
    let good = blind(Kernel::best(), &items(300), &secret, DST, 1);
    for bad in [[0; POINT_BYTES], [0xff; POINT_BYTES]] {
        for (first, threads) in [(0, 1), (299, 1), (150, 4)] {
            let mut points = good.clone();
            for index in first..300 {
                points[index * POINT_BYTES..][..POINT_BYTES].copy_from_slice(&bad);
            }
            for kernel in kernels() {
                assert_eq!(multiply(kernel, &points, &secret, threads), Err(BadPoint { index: first }));
            }
        }
    }
    assert_eq!(multiply(Kernel::best(), &good[..good.len() - 1], &secret, 1), Err(BadPoint { index: 299 }));
}

#[test]
fn the_identity_is_no_point_and_zero_is_no_secret() {
    assert!(parse_point(&[0; POINT_BYTES]).is_none());
    assert!(SecretScalar::from_wide(&[0; 64]).is_none());
    assert!(SecretScalar::from_canonical([0; 32]).is_none());
    assert!(SecretScalar::from_canonical([0xff; 32]).is_none());
    let (secret, scalar) = secret();
    assert_eq!(secret.expose(), scalar.to_bytes());
    assert_eq!(SecretScalar::from_canonical(secret.expose()).map(|same| same.expose()), Some(secret.expose()));
}

#[test]
fn chunks_come_back_in_order_and_the_earliest_error_wins() {
    let numbers: Vec<usize> = (0..1000).collect();
    let doubled = |start: usize, chunk: &[usize]| {
        assert_eq!(start, chunk[0]);
        Ok::<_, usize>(chunk.iter().map(|number| number * 2).collect())
    };
    let expected: Vec<usize> = numbers.iter().map(|number| number * 2).collect();
    for threads in [0, 1, 7, 5000] {
        assert_eq!(parallel::map_chunks(&numbers, threads, doubled), Ok(expected.clone()));
    }
    let failing = |start: usize, _: &[usize]| if start == 0 { Ok(vec![()]) } else { Err(start) };
    assert_eq!(parallel::map_chunks(&numbers, 4, failing), Err(250));
}

#[test]
fn permutations_are_permutations_and_no_place_is_favoured() {
    for length in [0, 1, 2, 1000] {
        let mut sorted = shuffle::permutation(&[7; 32], length);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..length).collect::<Vec<_>>());
    }
    // 24,000 shuffles of 4 items: each of the 24 orders is expected 1,000 times, with a deviation of about 31.
    let mut seen = std::collections::HashMap::new();
    for i in 0..24_000_u32 {
        let seed = std::array::from_fn(|place| i.to_le_bytes().get(place).copied().unwrap_or(0));
        *seen.entry(shuffle::permutation(&seed, 4)).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 24);
    assert!(seen.values().all(|&count| (840..1160).contains(&count)), "{seen:?}");
}
