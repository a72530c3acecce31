//! The answers of the slow oracle `specs/reference/expand_convolute.py`.

use serde_json::Value;

use super::VoleParams;
use super::code::ExpandConvolute;
use super::tree::{Scratch, expand};
use crate::fixed_key::{CorrelationHash, Key, TreeStep};
use crate::gf128::{Gf128, evaluate};

fn answers() -> Value {
    serde_json::from_str(include_str!("../../../../specs/vectors/vole.json")).expect("JSON")
}

fn number(value: &Value) -> u128 {
    u128::from_str_radix(value.as_str().expect("a string"), 16).expect("hexadecimal")
}

fn element(value: &Value) -> Gf128 {
    Gf128::from_bits(number(value))
}

fn elements(value: &Value) -> Vec<Gf128> {
    value.as_array().expect("a list").iter().map(element).collect()
}

fn key(value: &Value) -> Key {
    number(value).to_be_bytes()
}

#[test]
fn products_and_sums_are_those_of_the_oracle() {
    let answers = answers();
    for triple in answers["multiply"].as_array().unwrap() {
        let [left, right, product] = elements(triple)[..] else { panic!("three elements") };
        assert_eq!(left * right, product);
    }
    let case = &answers["evaluate"];
    assert_eq!(evaluate(element(&case["point"]), &elements(&case["coefficients"])), element(&case["value"]));
}

#[test]
fn hashes_are_those_of_the_oracle() {
    let case = &answers()["hash"];
    let mut blocks = elements(&case["inputs"]);
    CorrelationHash::new(&key(&case["key"])).hash(&mut blocks, case["first_tweak"].as_u64().unwrap());
    assert_eq!(blocks, elements(&case["outputs"]));
}

#[test]
fn the_tree_is_that_of_the_oracle() {
    let case = &answers()["tree"];
    let expected = elements(&case["leaves"]);
    let params = VoleParams::new(128 * expected.len(), false, false).unwrap();
    let step = TreeStep::new(&[key(&case["keys"][0]), key(&case["keys"][1])]);
    let mut leaves = vec![Gf128::ZERO; expected.len()];
    let sums = expand(&step, element(&case["root"]), &mut leaves, &mut Scratch::new(&params));
    assert_eq!(leaves, expected);
    let sums: Vec<Vec<Gf128>> = sums.iter().map(|pair| pair.to_vec()).collect();
    assert_eq!(sums, case["sums"].as_array().unwrap().iter().map(elements).collect::<Vec<_>>());
}

#[test]
fn the_code_is_that_of_the_oracle() {
    let case = &answers()["code"];
    let vector = elements(&case["vector"]);
    let (kept, state) = vector.split_at(vector.len() / 2);
    let (mut output, mut state) = (kept.to_vec(), state.to_vec());
    let code = ExpandConvolute::new(state.len());
    code.convolute([&mut state]);
    code.expand(&state, 0, kept.len(), |i, sum| output[i] ^= sum);
    assert_eq!(output, elements(&case["output"]));
}
