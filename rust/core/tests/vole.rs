//! Vector oblivious linear evaluation: both sides in one process.

use atoll_core::gf128::Gf128;
use atoll_core::vole::{
    DeltaOutput, DeltaSetup, DeltaSide, MAX_LENGTH, VectorOutput, VectorSetup, VectorSide, VoleError, VoleParams,
    setup_message_bytes,
};

/// What happens to a message on its way.
type Wire<'a> = &'a dyn Fn(&str, Vec<u8>) -> Vec<u8>;

const HONEST: Wire = &|_, message| message;

fn setup_over(wire: Wire) -> Result<(DeltaSetup, VectorSetup), VoleError> {
    let mut delta = DeltaSetup::new(&[1; 32], b"job");
    let mut vector = VectorSetup::new(&[2; 32], b"job");
    vector.receive_0(&wire("setup 0", delta.send_0()))?;
    delta.receive_1(&wire("setup 1", vector.send_1()?))?;
    Ok((delta, vector))
}

fn setup() -> (DeltaSetup, VectorSetup) {
    setup_over(HONEST).unwrap()
}

fn run_over(
    wire: Wire,
    setups: &mut (DeltaSetup, VectorSetup),
    instance: u64,
    params: VoleParams,
) -> Result<(DeltaOutput, VectorOutput), VoleError> {
    let mut delta = DeltaSide::new(&mut setups.0, instance, params, 1)?;
    let mut vector = VectorSide::new(&mut setups.1, instance, params, 2)?;
    let message = vector.send_0()?;
    assert_eq!(message.len(), params.message_bytes(0));
    delta.receive_0(&wire("0", message))?;
    let message = delta.send_1()?;
    assert_eq!(message.len(), params.message_bytes(1));
    vector.receive_1(&wire("1", message))?;
    if params.malicious() {
        let message = vector.send_2()?;
        assert_eq!(message.len(), params.message_bytes(2));
        delta.receive_2(&wire("2", message))?;
        let message = delta.send_3()?;
        assert_eq!(message.len(), params.message_bytes(3));
        vector.receive_3(&wire("3", message))?;
    }
    Ok((delta.finish()?, vector.finish()?))
}

fn run(
    setups: &mut (DeltaSetup, VectorSetup),
    instance: u64,
    params: VoleParams,
) -> Result<(DeltaOutput, VectorOutput), VoleError> {
    run_over(HONEST, setups, instance, params)
}

fn is_correlated(delta: &DeltaOutput, vector: &VectorOutput) -> bool {
    (0..delta.b.len()).all(|i| vector.c[i] == vector.a.get(i) * delta.delta + delta.b[i])
}

fn assert_correlated(delta: &DeltaOutput, vector: &VectorOutput, length: usize) {
    assert_eq!((delta.b.len(), vector.a.len(), vector.c.len()), (length, length, length));
    for i in 0..length {
        assert_eq!(vector.c[i], vector.a.get(i) * delta.delta + delta.b[i], "place {i}");
    }
}

#[test]
fn the_two_sides_end_with_a_correlation() {
    let mut setups = setup();
    let mut instance = 0;
    for length in [1, 2, 3, 255, 256, 257, 4095, 4096, 4097, 10_001] {
        for (subfield, malicious) in [(false, false), (true, false), (false, true), (true, true)] {
            let params = VoleParams::new(length, subfield, malicious).unwrap();
            let (delta, vector) = run(&mut setups, instance, params).unwrap();
            assert_correlated(&delta, &vector, length);
            instance += 1;
        }
    }
    assert_ne!(run(&mut setups, instance, VoleParams::new(1, false, false).unwrap()).unwrap().0.delta, Gf128::ZERO);
}

#[test]
fn an_instance_number_serves_once() {
    let mut setups = setup();
    let params = VoleParams::new(1, false, false).unwrap();
    run(&mut setups, 7, params).unwrap();
    assert_eq!(run(&mut setups, 7, params).unwrap_err(), VoleError::InstanceReused { instance: 7 });
}

#[test]
fn what_came_before_gives_the_same_bytes_and_other_seeds_or_contexts_other_ones() {
    let params = VoleParams::new(300, false, true).unwrap();
    let messages = |seed: u8, context: &[u8], instance| {
        let mut setups = (DeltaSetup::new(&[seed; 32], context), VectorSetup::new(&[2; 32], context));
        let mut sent = vec![setups.0.send_0()];
        setups.1.receive_0(&sent[0]).unwrap();
        sent.push(setups.1.send_1().unwrap());
        setups.0.receive_1(&sent[1]).unwrap();
        let mut delta = DeltaSide::new(&mut setups.0, instance, params, 1).unwrap();
        let mut vector = VectorSide::new(&mut setups.1, instance, params, 1).unwrap();
        sent.push(vector.send_0().unwrap());
        delta.receive_0(sent.last().unwrap()).unwrap();
        sent.push(delta.send_1().unwrap());
        vector.receive_1(sent.last().unwrap()).unwrap();
        sent.push(vector.send_2().unwrap());
        sent
    };
    let first = messages(1, b"job", 3);
    assert_eq!(first, messages(1, b"job", 3));
    for other in [messages(9, b"job", 3), messages(1, b"another", 3), messages(1, b"job", 4)] {
        assert!(first[2..].iter().zip(&other[2..]).all(|(first, other)| first != other));
    }
}

#[test]
fn a_changed_byte_of_the_setup_stops_it_or_the_first_instance() {
    for (name, length) in [("setup 0", 8192), ("setup 1", 9216)] {
        let mut stopped = 0;
        for place in (5..length).step_by(length / 16) {
            let wire = |at: &str, mut message: Vec<u8>| {
                if at == name {
                    message[place] ^= 0x40;
                }
                message
            };
            match setup_over(&wire) {
                // a sum that nobody opened: the transcripts differ all the same
                Ok(mut setups) => {
                    let params = VoleParams::new(10, false, true).unwrap();
                    assert_eq!(run(&mut setups, 0, params).unwrap_err(), VoleError::CheckFailed, "{name} byte {place}");
                }
                Err(VoleError::BadPoint { .. } | VoleError::CheckFailed) => stopped += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(stopped >= 8, "{name}: {stopped}");
    }
}

#[test]
fn a_changed_byte_of_an_instance_is_noticed_or_changes_nothing() {
    let mut setups = setup();
    let mut instance = 0;
    for (subfield, name) in [(false, "0"), (false, "1"), (false, "2"), (false, "3"), (true, "0"), (true, "1"), (true, "2")] {
        let params = VoleParams::new(4096, subfield, true).unwrap();
        let length = params.message_bytes(name.parse().unwrap());
        let step = length.div_ceil(17) | 1;
        let places: Vec<usize> = (0..length).step_by(step).chain([length - 1]).collect();
        let mut stopped = 0;
        for &place in &places {
            let wire = |at: &str, mut message: Vec<u8>| {
                if at == name {
                    message[place] ^= 1;
                }
                message
            };
            instance += 1;
            match run_over(&wire, &mut setups, instance, params) {
                Ok((delta, vector)) => assert!(is_correlated(&delta, &vector), "{name} byte {place}"),
                Err(VoleError::CheckFailed) => stopped += 1,
                Err(error) => panic!("{error}"),
            }
        }
        // of message 1 half of the sums stay closed
        let at_least = if name == "1" { places.len() / 4 } else { places.len() };
        assert!(stopped >= at_least, "message {name}: {stopped} of {}", places.len());
    }
}

#[test]
fn messages_of_another_length_are_refused() {
    for (name, at) in [("setup 0", 0), ("setup 1", 1)] {
        for change in [-1, 1] {
            let expected = setup_message_bytes(at);
            let found = expected.checked_add_signed(change).unwrap();
            let wire = |to: &str, mut message: Vec<u8>| {
                message.resize(if to == name { found } else { message.len() }, 0);
                message
            };
            assert_eq!(setup_over(&wire).err(), Some(VoleError::WrongLength { expected, found }));
        }
    }
    let mut setups = setup();
    let params = VoleParams::new(100, false, true).unwrap();
    for k in 0..4_u8 {
        let expected = params.message_bytes(k.into());
        let wire = |to: &str, mut message: Vec<u8>| {
            message.truncate(if to == k.to_string() { expected - 1 } else { expected.max(message.len()) });
            message
        };
        let error = run_over(&wire, &mut setups, k.into(), params).unwrap_err();
        assert_eq!(error, VoleError::WrongLength { expected, found: expected - 1 });
    }
}

#[test]
fn steps_have_one_order_and_a_side_that_failed_stays_failed() {
    let params = VoleParams::new(100, false, false).unwrap();
    let mut early = DeltaSetup::new(&[1; 32], b"job");
    assert_eq!(DeltaSide::new(&mut early, 0, params, 1).err(), Some(VoleError::OutOfOrder));
    let mut early = VectorSetup::new(&[1; 32], b"job");
    assert_eq!(VectorSide::new(&mut early, 0, params, 1).err(), Some(VoleError::OutOfOrder));
    assert_eq!(early.send_1(), Err(VoleError::OutOfOrder));

    let mut setups = setup();
    let mut delta = DeltaSide::new(&mut setups.0, 0, params, 1).unwrap();
    assert_eq!(delta.send_1(), Err(VoleError::OutOfOrder));
    let mut vector = VectorSide::new(&mut setups.1, 0, params, 1).unwrap();
    assert_eq!(delta.receive_0(&vector.send_0().unwrap()), Err(VoleError::OutOfOrder));
    assert_eq!(vector.send_0(), Err(VoleError::OutOfOrder));
    assert_eq!(vector.finish().err(), Some(VoleError::OutOfOrder));
    // what belongs to the other security model is not a step
    let mut vector = VectorSide::new(&mut setups.1, 1, params, 1).unwrap();
    let mut delta = DeltaSide::new(&mut setups.0, 1, params, 1).unwrap();
    delta.receive_0(&vector.send_0().unwrap()).unwrap();
    vector.receive_1(&delta.send_1().unwrap()).unwrap();
    assert_eq!(vector.send_2(), Err(VoleError::OutOfOrder));
    assert_eq!(DeltaSetup::receive_1(&mut setups.0, &[]), Err(VoleError::OutOfOrder));
}

#[test]
fn lengths_out_of_range_are_refused() {
    assert_eq!(VoleParams::new(0, false, false), Err(VoleError::BadParams));
    assert_eq!(VoleParams::new(MAX_LENGTH + 1, false, false), Err(VoleError::BadParams));
    assert!(VoleParams::new(MAX_LENGTH, false, false).is_ok());
}

#[test]
fn the_multipliers_look_uniform_and_never_repeat() {
    let mut setups = setup();
    let (_, full) = run(&mut setups, 0, VoleParams::new(20_000, false, false).unwrap()).unwrap();
    let (_, other) = run(&mut setups, 1, VoleParams::new(20_000, false, false).unwrap()).unwrap();
    let (_, small) = run(&mut setups, 2, VoleParams::new(20_000, true, false).unwrap()).unwrap();
    let mut seen = std::collections::HashSet::new();
    for (output, bits) in [(&full, 128), (&other, 128), (&small, 64)] {
        for bit in 0..bits {
            let ones = (0..20_000).filter(|&i| (output.a.get(i).bits() >> bit) & 1 == 1).count();
            // six standard deviations of 20,000 fair coins
            assert!(ones.abs_diff(10_000) < 425, "bit {bit}: {ones}");
        }
        assert!((0..20_000).all(|i| seen.insert(output.a.get(i))));
    }
}

#[test]
fn threads_change_nothing() {
    let params = VoleParams::new(30_001, false, false).unwrap();
    let outputs: Vec<_> = [1, 2, 3, 0]
        .into_iter()
        .map(|threads| {
            let mut setups = setup();
            let mut delta = DeltaSide::new(&mut setups.0, 0, params, threads).unwrap();
            let mut vector = VectorSide::new(&mut setups.1, 0, params, threads).unwrap();
            delta.receive_0(&vector.send_0().unwrap()).unwrap();
            vector.receive_1(&delta.send_1().unwrap()).unwrap();
            let (_, b) = delta.finish().unwrap().into_parts();
            let (a, c) = vector.finish().unwrap().into_parts();
            (a, b, c)
        })
        .collect();
    assert!(outputs.iter().all(|output| *output == outputs[0]));
}
