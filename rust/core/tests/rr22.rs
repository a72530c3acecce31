//! The oblivious pseudorandom function and the intersection on it, with a dealt VOLE.

use atoll_core::gf128::Gf128;
use atoll_core::okvs::{self, Filler, Key, Rows, Shape};
use atoll_core::rr22::oprf::{OprfParams, Output, Receiver, ReceiverValues, Sender};
use atoll_core::rr22::psi;
use atoll_core::vole::{DeltaOutput, InsecureDealer, Multipliers, VectorOutput, VoleError};
use sha2::{Digest, Sha256};

fn keys(range: std::ops::Range<u32>) -> Vec<Key> {
    range.map(|i| *Sha256::digest(i.to_le_bytes()).first_chunk().expect("long enough")).collect()
}

fn mask(receiver: Receiver, vole: VectorOutput) -> (Vec<u8>, ReceiverValues) {
    let mut masked = vec![0; receiver.masked_bytes()];
    let values = receiver.mask(vole, &mut masked).expect("a VOLE of that length");
    (masked, values)
}

fn at_receiver(values: &ReceiverValues, coin: Option<Gf128>) -> Result<Vec<Output>, VoleError> {
    let mut outputs = vec![Output::default(); values.keys()];
    values.evaluate(coin, &mut outputs).map(|()| outputs)
}

fn at_sender(sender: &Sender, keys: &[Key], coin: Option<Gf128>) -> Result<Vec<Output>, VoleError> {
    let mut outputs = vec![Output::default(); keys.len()];
    sender.evaluate(keys, coin, &mut outputs).map(|()| outputs)
}

fn sorted_tags(outputs: &[Output], tag_bytes: usize, threads: usize) -> Vec<u8> {
    let mut packed = vec![0; outputs.len() * tag_bytes];
    psi::sorted_tags(outputs, tag_bytes, &mut packed, threads);
    packed
}

fn run(params: OprfParams, ours: &[Key], theirs: &[Key], coin: Option<Gf128>) -> (Vec<Output>, Vec<Output>) {
    let (delta, vectors) = InsecureDealer::new(&[3; 32]).deal(params.vole());
    let domain = [5; 32];
    let receiver = Receiver::new(&params, &domain, ours.to_vec(), 2).expect("the keys fit");
    let (masked, values) = mask(receiver, vectors);
    assert_eq!(masked.len(), params.masked_bytes());
    let sender = Sender::new(&params, &domain, delta, &masked, 2).expect("a store of that length");
    (at_receiver(&values, coin).expect("its coin"), at_sender(&sender, theirs, coin).expect("its coin"))
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
        let tags = sorted_tags(&at_sender, 10, 2);
        let places = psi::matches(&at_receiver, &tags, 10).expect("sorted");
        assert_eq!(places, (count / 2..count).collect::<Vec<_>>());
    }
}

#[test]
fn a_store_that_is_cut_or_changed_is_found_out_or_matches_nothing() {
    let params = OprfParams::new(100, false, true, 40).expect("good parameters");
    let (delta, vectors) = InsecureDealer::new(&[3; 32]).deal(params.vole());
    let receiver = Receiver::new(&params, &[5; 32], keys(0..100), 1).expect("the keys fit");
    let (mut masked, values) = mask(receiver, vectors);
    let (again, _) = InsecureDealer::new(&[3; 32]).deal(params.vole());
    let cut = Sender::new(&params, &[5; 32], again, &masked[1..], 1);
    assert!(matches!(cut, Err(VoleError::WrongLength { .. })));
    masked.iter_mut().for_each(|byte| *byte ^= 1);
    let sender = Sender::new(&params, &[5; 32], delta, &masked, 1).expect("a store of that length");
    let coin = Some(Gf128::ONE);
    let tags = sorted_tags(&at_sender(&sender, &keys(0..100), coin).expect("its coin"), 16, 1);
    assert_eq!(psi::matches(&at_receiver(&values, coin).expect("its coin"), &tags, 16), Ok(vec![]));
}

#[test]
fn only_the_malicious_form_has_a_coin_and_it_evaluates_nothing_without() {
    for malicious in [false, true] {
        let params = OprfParams::new(10, false, malicious, 40).expect("good parameters");
        let (delta, vectors) = InsecureDealer::new(&[3; 32]).deal(params.vole());
        let receiver = Receiver::new(&params, &[5; 32], keys(0..10), 1).expect("the keys fit");
        let (masked, values) = mask(receiver, vectors);
        let sender = Sender::new(&params, &[5; 32], delta, &masked, 1).expect("a store of that length");
        let wrong = if malicious { None } else { Some(Gf128::ONE) };
        assert_eq!(at_receiver(&values, wrong), Err(VoleError::BadParams));
        assert_eq!(at_sender(&sender, &keys(0..10), wrong), Err(VoleError::BadParams));
        let right = malicious.then_some(Gf128::ONE);
        assert_eq!(values.evaluate(right, &mut [[0; 16]; 9]), Err(VoleError::WrongLength { expected: 10, found: 9 }));
        assert_eq!(
            sender.evaluate(&keys(0..10), right, &mut [[0; 16]; 11]),
            Err(VoleError::WrongLength { expected: 10, found: 11 })
        );
    }
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

/// What `specs/reference/psi_rr22.py` says of a bucket, both sides in the open.
fn scenario(name: &str) -> serde_json::Value {
    let path = format!("{}/../../specs/vectors/psi_rr22_{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("a scenario file")).expect("JSON")
}

fn blocks(hex: &serde_json::Value) -> Vec<[u8; 16]> {
    let bytes: Vec<u8> = bytes(hex);
    let (blocks, rest) = bytes.as_chunks();
    assert!(rest.is_empty());
    blocks.to_vec()
}

fn bytes(hex: &serde_json::Value) -> Vec<u8> {
    let hex = hex.as_str().expect("hexadecimal");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits")).collect()
}

fn elements(hex: &serde_json::Value) -> Vec<Gf128> {
    blocks(hex).into_iter().map(Gf128::from_bytes).collect()
}

#[test]
fn a_bucket_goes_as_the_slow_oracle_says() {
    for name in ["fast", "low_communication", "malicious"] {
        let told = scenario(name);
        let flag = |field: &str| told[field].as_bool().expect("a truth value");
        let params =
            OprfParams::new(told["keys"].as_u64().expect("a number") as usize, flag("subfield"), flag("malicious"), 40)
                .expect("good parameters");
        let coin = flag("malicious").then(|| elements(&told["coin"])[0]);
        let domain: [u8; 32] = bytes(&told["domain"]).try_into().expect("32 bytes");
        let a = if flag("subfield") {
            Multipliers::Subfield(bytes(&told["a"]).as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect())
        } else {
            Multipliers::Full(elements(&told["a"]))
        };
        let receiver = Receiver::new(&params, &domain, blocks(&told["ours"]), 1).expect("the keys fit");
        let (masked, values) = mask(receiver, VectorOutput { a, c: elements(&told["c"]) });
        assert_eq!(masked, bytes(&told["masked"]), "{name}");
        assert_eq!(at_receiver(&values, coin).expect("its coin"), blocks(&told["at_receiver"]), "{name}");
        let half = DeltaOutput { delta: elements(&told["delta"])[0], b: elements(&told["b"]) };
        let sender = Sender::new(&params, &domain, half, &masked, 1).expect("a store of that length");
        let at_sender = at_sender(&sender, &blocks(&told["theirs"]), coin).expect("its coin");
        assert_eq!(at_sender, blocks(&told["at_sender"]), "{name}");
        let tag_bytes = told["tag_bytes"].as_u64().expect("a number") as usize;
        let tags = sorted_tags(&at_sender, tag_bytes, 1);
        assert_eq!(tags, bytes(&told["tags"]), "{name}");
        let places = psi::matches(&blocks(&told["at_receiver"]), &tags, tag_bytes).expect("sorted");
        assert_eq!(serde_json::json!(places), told["matches"], "{name}");
    }
}

#[test]
fn a_store_of_zeros_and_values_holds_what_cannot_be_peeled_too() {
    let shape = Shape::clustered(64, 4);
    let keys = keys(0..64);
    for number in 0..300_u32 {
        let rows = Rows::new(&Sha256::digest(number.to_le_bytes()).into(), shape);
        let values_of = |keys: &[Key], _: &[u32]| keys.iter().map(|key| Gf128::from_bytes(*key)).collect();
        let Ok(store) = okvs::encode::<Gf128, Gf128>(&rows, &keys, values_of, Filler::Zeros, Gf128::from_bits, 1) else {
            continue;
        };
        let decoded = okvs::decode::<Gf128, Gf128>(&rows, &store, &keys, 1);
        assert!(decoded.iter().zip(&keys).all(|(value, key)| value.to_bytes() == *key), "seed {number}");
    }
}
