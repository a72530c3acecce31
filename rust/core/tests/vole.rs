//! Vector oblivious linear evaluation: both sides in one process.

use atoll_core::gf128::Gf128;
use atoll_core::vole::{DeltaOutput, DeltaSetup, DeltaSide, VectorOutput, VectorSetup, VectorSide, VoleError, VoleParams};

fn setup() -> (DeltaSetup, VectorSetup) {
    let mut delta = DeltaSetup::new(&[1; 32], b"job");
    let mut vector = VectorSetup::new(&[2; 32], b"job");
    vector.receive_0(&delta.send_0()).unwrap();
    delta.receive_1(&vector.send_1().unwrap()).unwrap();
    (delta, vector)
}

fn run(
    setups: &mut (DeltaSetup, VectorSetup),
    instance: u64,
    params: VoleParams,
) -> Result<(DeltaOutput, VectorOutput), VoleError> {
    let mut delta = DeltaSide::new(&mut setups.0, instance, params, 1)?;
    let mut vector = VectorSide::new(&mut setups.1, instance, params, 1)?;
    delta.receive_0(&vector.send_0()?)?;
    vector.receive_1(&delta.send_1()?)?;
    if params.malicious() {
        delta.receive_2(&vector.send_2()?)?;
        vector.receive_3(&delta.send_3()?)?;
    }
    Ok((delta.finish()?, vector.finish()?))
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
