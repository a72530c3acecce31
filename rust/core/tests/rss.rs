//! Circuits on shared bits: three nodes against the clear answer, at all lengths and in any order of gates.

use std::sync::Arc;

use atoll_core::rss::{BadCircuit, Circuit, CircuitRun, Gate, RunError, Streams};

struct Draw(u64);

impl Draw {
    /// xorshift64*, Marsaglia 2003 and Vigna 2016.
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn words(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.word()).collect()
    }

    fn below(&mut self, bound: usize) -> u32 {
        ((self.word() >> 33) as usize % bound) as u32
    }
}

fn random_gates(draw: &mut Draw, inputs: usize, count: usize) -> Vec<Gate> {
    (0..count)
        .map(|at| {
            let [left, right] = [(); 2].map(|()| draw.below(inputs + at));
            match draw.below(10) {
                0..4 => Gate::Xor(left, right),
                4..7 => Gate::And(left, right),
                7 => Gate::Not(left),
                8 => Gate::Zero,
                _ => Gate::One,
            }
        })
        .collect()
}

fn clear(inputs: &[Vec<u64>], gates: &[Gate], outputs: &[u32], words: usize) -> Vec<u64> {
    let mut wires = inputs.to_vec();
    for gate in gates {
        let wire = (0..words).map(|i| match *gate {
            Gate::Xor(left, right) => wires[left as usize][i] ^ wires[right as usize][i],
            Gate::And(left, right) => wires[left as usize][i] & wires[right as usize][i],
            Gate::Not(left) => !wires[left as usize][i],
            Gate::Zero => 0,
            Gate::One => u64::MAX,
        });
        wires.push(wire.collect());
    }
    outputs.iter().flat_map(|&wire| wires[wire as usize].clone()).collect()
}

fn nodes() -> [Arc<Streams>; 3] {
    std::array::from_fn(|i| Arc::new(Streams::new(&[i as u8; 16], &[(i as u8 + 1) % 3; 16])))
}

/// What three nodes hold of each output, opened; `log` is asked for by each.
fn evaluate(
    circuit: &Arc<Circuit>,
    streams: &[Arc<Streams>; 3],
    inputs: &[Vec<u64>],
    words: usize,
    draw: &mut Draw,
) -> Vec<u64> {
    let parts: Vec<[Vec<u64>; 3]> = inputs
        .iter()
        .map(|input| {
            let (first, second) = (draw.words(words), draw.words(words));
            let third = (0..words).map(|i| input[i] ^ first[i] ^ second[i]).collect();
            [first, second, third]
        })
        .collect();
    let mut runs: Vec<CircuitRun> =
        (0..3).map(|me| CircuitRun::new(Arc::clone(circuit), Arc::clone(&streams[me]), me, 5, words, true).unwrap()).collect();
    let mut said: Vec<Vec<u64>> = runs
        .iter_mut()
        .enumerate()
        .map(|(me, run)| {
            let shares: Vec<[&[u64]; 2]> = parts.iter().map(|part| [&part[me][..], &part[(me + 1) % 3][..]]).collect();
            run.start(&shares).unwrap()
        })
        .collect();
    for gates in circuit.layers() {
        assert!(said.iter().all(|message| message.len() == gates * words));
        let heard: Vec<Vec<u8>> =
            (0..3).map(|me| said[(me + 1) % 3].iter().flat_map(|word| word.to_le_bytes()).collect()).collect();
        said = (0..3).map(|me| runs[me].advance(&said[me], &heard[me]).unwrap()).collect();
    }
    assert!(runs.iter().all(CircuitRun::is_done));
    let logs: Vec<Vec<u64>> = runs.iter_mut().map(|run| run.take_log().unwrap().rows).collect();
    let length = logs[0].len() / 6;
    for i in 0..length {
        let [x, y, z] = [0, 2, 4].map(|row| logs.iter().fold(0, |sum, log| sum ^ log[row * length + i]));
        assert_eq!(x & y, z, "logged product {i}");
    }
    let outputs: Vec<Vec<u64>> = runs.iter_mut().map(|run| run.take_outputs().unwrap()).collect();
    let (own, next) = outputs[0].split_at(outputs[0].len() / 2);
    assert_eq!(next, &outputs[1][..next.len()]);
    own.iter().zip(next).zip(&outputs[2]).map(|((own, next), other)| own ^ next ^ other).collect()
}

#[test]
fn random_circuits_give_the_clear_answer_at_all_lengths() {
    let mut draw = Draw(7);
    let streams = nodes();
    for words in [0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 128, 200] {
        for _ in 0..6 {
            let count = draw.below(150) as usize;
            let gates = random_gates(&mut draw, 8, count);
            let outputs: Vec<u32> = (0..10).map(|_| draw.below(8 + gates.len())).collect();
            let inputs: Vec<Vec<u64>> = (0..8).map(|_| draw.words(words)).collect();
            let circuit = Arc::new(Circuit::new(8, &gates, &outputs).unwrap());
            let opened = evaluate(&circuit, &streams, &inputs, words, &mut draw);
            assert_eq!(opened, clear(&inputs, &gates, &outputs, words), "{words} words, {gates:?}");
        }
    }
}

#[test]
fn wires_that_wait_for_many_rounds_and_wires_nobody_reads_do_no_harm() {
    let mut draw = Draw(9);
    // a chain of products, the last of which meets the first input and a product that has waited since the first round
    let mut gates = vec![Gate::And(0, 1), Gate::And(0, 2), Gate::And(1, 2)];
    for at in 0..20 {
        gates.push(Gate::Xor(3 + 2, 3 + at));
        gates.push(Gate::And(0, 3 + gates.len() as u32 - 1));
    }
    gates.push(Gate::Xor(3, 3 + gates.len() as u32 - 1));
    let outputs = [3 + gates.len() as u32 - 1, 0, 3, 3 + 4];
    let inputs: Vec<Vec<u64>> = (0..3).map(|_| draw.words(70)).collect();
    let circuit = Arc::new(Circuit::new(3, &gates, &outputs).unwrap());
    let opened = evaluate(&circuit, &nodes(), &inputs, 70, &mut draw);
    assert_eq!(opened, clear(&inputs, &gates, &outputs, 70));
}

#[test]
fn what_is_no_circuit_and_calls_out_of_order_are_refused() {
    assert_eq!(Circuit::new(1, &[Gate::Xor(0, 1)], &[]).err(), Some(BadCircuit::Operand(0)));
    assert_eq!(Circuit::new(1, &[Gate::Not(0), Gate::And(1, 2)], &[]).err(), Some(BadCircuit::Operand(1)));
    assert_eq!(Circuit::new(1, &[], &[0, 1]).err(), Some(BadCircuit::Output(1)));
    let circuit = Arc::new(Circuit::new(2, &[Gate::And(0, 1)], &[2]).unwrap());
    let mut run = CircuitRun::new(circuit, Arc::clone(&nodes()[0]), 0, 1, 2, false).unwrap();
    assert_eq!(run.advance(&[0; 2], &[0; 16]), Err(RunError::NotNext));
    assert_eq!(run.take_outputs(), Err(RunError::NotNext));
    assert_eq!(run.start(&[[&[1, 2], &[3, 4]]]), Err(RunError::Sizes { found: 1, needed: 2 }));
    assert_eq!(run.start(&[[&[1, 2], &[3, 4]], [&[1, 2], &[3]]]), Err(RunError::Sizes { found: 1, needed: 2 }));
    let said = run.start(&[[&[1, 2], &[3, 4]], [&[1, 2], &[3, 4]]]).unwrap();
    assert_eq!(run.advance(&said, &[0; 15]), Err(RunError::Sizes { found: 15, needed: 16 }));
    assert_eq!(run.advance(&said, &[0; 16]), Ok(Vec::new()));
    assert!(run.take_outputs().is_ok());
    assert_eq!(run.take_outputs(), Err(RunError::NotNext));
}
