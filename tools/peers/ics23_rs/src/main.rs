//! Judges ICS 23 proofs with the `ics23` crate, which nobody here wrote.
//!
//! Standard input holds one JSON object a line, byte strings in hexadecimal:
//!
//!     {"spec": "smt" | "smt_hashed" | "tendermint", "root": "..", "key": "..", "value": ".." | null, "proof": ".."}
//!
//! `value` null asks for absence. Each line is answered with `accepted` or `refused`; a line that cannot be read ends the program.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::panic;

use ics23::{
    smt_spec, tendermint_spec, verify_membership, verify_non_membership, CommitmentProof, HashOp, HostFunctionsManager,
    LengthOp, ProofSpec,
};
use prost::Message;
use serde_json::Value;

/// The state tree as outsiders see it: keys are hashes already, and are compared as they are.
fn smt_hashed_spec() -> ProofSpec {
    let mut spec = smt_spec();
    let leaf = spec.leaf_spec.as_mut().expect("the crate's own spec has a leaf");
    leaf.prehash_key = HashOp::NoHash.into();
    leaf.length = LengthOp::Require32Bytes.into();
    spec.prehash_key_before_comparison = false;
    spec
}

fn bytes(value: &Value) -> Result<Vec<u8>, Box<dyn Error>> {
    let text = value.as_str().ok_or("a byte string is missing")?;
    if text.len() % 2 != 0 || !text.is_ascii() {
        return Err("a byte string is not hexadecimal".into());
    }
    let pairs = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
    Ok(pairs.collect::<Result<_, _>>()?)
}

fn is_accepted(line: &str) -> Result<bool, Box<dyn Error>> {
    let case: Value = serde_json::from_str(line)?;
    let spec = match case["spec"].as_str() {
        Some("smt") => smt_spec(),
        Some("smt_hashed") => smt_hashed_spec(),
        Some("tendermint") => tendermint_spec(),
        other => return Err(format!("there is no spec {other:?}").into()),
    };
    let (root, key) = (bytes(&case["root"])?, bytes(&case["key"])?);
    let value = if case["value"].is_null() { None } else { Some(bytes(&case["value"])?) };
    let Ok(proof) = CommitmentProof::decode(bytes(&case["proof"])?.as_slice()) else {
        return Ok(false);
    };
    // The crate panics on neighbours whose paths run out; a verifier that dies has not accepted.
    let verdict = panic::catch_unwind(|| match &value {
        Some(value) => verify_membership::<HostFunctionsManager>(&proof, &spec, &root, &key, value),
        None => verify_non_membership::<HostFunctionsManager>(&proof, &spec, &root, &key),
    });
    Ok(verdict.unwrap_or(false))
}

fn main() -> Result<(), Box<dyn Error>> {
    panic::set_hook(Box::new(|_| {}));
    let mut output = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        writeln!(output, "{}", if is_accepted(&line?)? { "accepted" } else { "refused" })?;
    }
    Ok(output.flush()?)
}
