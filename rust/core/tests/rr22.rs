//! The oblivious pseudorandom function and the intersection on it, with a dealt VOLE.

use atoll_core::gf128::Gf128;
use atoll_core::okvs::Key;
use atoll_core::rr22::oprf::{OprfParams, Output, Receiver, Sender};
use atoll_core::rr22::psi;
use atoll_core::vole::{InsecureDealer, VoleError};
use sha2::{Digest, Sha256};

fn keys(range: std::ops::Range<u32>) -> Vec<Key> {
    range.map(|i| *Sha256::digest(i.to_le_bytes()).first_chunk().expect("long enough")).collect()
}

fn run(params: OprfParams, ours: &[Key], theirs: &[Key], coin: Option<Gf128>) -> (Vec<Output>, Vec<Output>) {
    let (delta, vectors) = InsecureDealer::new(&[3; 32]).deal(params.vole());
    let domain = [5; 32];
    let receiver = Receiver::new(&params, &domain, ours.to_vec(), 2).expect("the keys fit");
    let (masked, values) = receiver.mask(vectors).expect("a VOLE of that length");
    assert_eq!(masked.len(), params.masked_bytes());
    let sender = Sender::new(&params, &domain, delta, &masked, 2).expect("a store of that length");
    (values.evaluate(coin), sender.evaluate(theirs, coin))
}

#[test]
fn both_sides_get_the_same_value_for_a_key_of_the_receiver_and_for_no_other() {
    let coin = Some(Gf128 { lo: 8, hi: 9 });
    for (count, subfield, malicious) in
        [(0, false, false), (1, false, true), (300, true, false), (20_000, false, false), (20_000, false, true)]
    {
        let params = OprfParams::new(count as usize, subfield, malicious, 40).expect("good parameters");
        let (ours, theirs) = (keys(0..count), keys(count / 2..count * 2));
        let (at_receiver, at_sender) = run(params, &ours, &theirs, if malicious { coin } else { None });
        let common = (count - count / 2) as usize;
        assert_eq!(at_receiver[count as usize / 2..], at_sender[..common]);
        let tags = psi::sorted_tags(&at_sender, 10, 2);
        let places = psi::matches(&at_receiver, &tags, 10).expect("sorted");
        assert_eq!(places, (count / 2..count).collect::<Vec<_>>());
    }
}

#[test]
fn a_store_that_is_cut_or_changed_is_found_out_or_matches_nothing() {
    let params = OprfParams::new(100, false, true, 40).expect("good parameters");
    let (delta, vectors) = InsecureDealer::new(&[3; 32]).deal(params.vole());
    let receiver = Receiver::new(&params, &[5; 32], keys(0..100), 1).expect("the keys fit");
    let (mut masked, values) = receiver.mask(vectors).expect("a VOLE of that length");
    let (again, _) = InsecureDealer::new(&[3; 32]).deal(params.vole());
    let cut = Sender::new(&params, &[5; 32], again, &masked[1..], 1);
    assert!(matches!(cut, Err(VoleError::WrongLength { .. })));
    masked.iter_mut().for_each(|byte| *byte ^= 1);
    let sender = Sender::new(&params, &[5; 32], delta, &masked, 1).expect("a store of that length");
    let tags = psi::sorted_tags(&sender.evaluate(&keys(0..100), None), 16, 1);
    assert_eq!(psi::matches(&values.evaluate(None), &tags, 16), Ok(vec![]));
}

#[test]
fn another_domain_or_coin_gives_other_values() {
    let params = OprfParams::new(10, false, true, 40).expect("good parameters");
    let (first, _) = run(params, &keys(0..10), &[], Some(Gf128::ONE));
    let (second, _) = run(params, &keys(0..10), &[], Some(Gf128::ZERO));
    assert!(first.iter().all(|value| !second.contains(value)));
}

#[test]
fn too_many_keys_and_a_key_twice_are_refused() {
    let params = OprfParams::new(10, false, false, 40).expect("good parameters");
    assert!(Receiver::new(&params, &[5; 32], keys(0..11), 1).is_err());
    let twice = [keys(0..5), keys(0..5)].concat();
    assert!(Receiver::new(&params, &[5; 32], twice, 1).is_err());
    assert_eq!(OprfParams::new(10, true, true, 40), Err(VoleError::BadParams));
}
