//! What each step of a VOLE costs: `cargo run --release --example vole [length [subfield] [malicious]]`.
//!
//! Times are CPU milliseconds of the one thread that works, the least of five runs (Linux).

use atoll_core::vole::{DeltaSetup, DeltaSide, VectorSetup, VectorSide, VoleError, VoleParams};

fn cpu_nanoseconds() -> u64 {
    std::thread::yield_now(); // the kernel settles its account now
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    line.split(' ').next().and_then(|field| field.parse().ok()).expect("nanoseconds")
}

#[derive(Default)]
struct Times(Vec<(&'static str, f64)>);

impl Times {
    fn of<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = cpu_nanoseconds();
        let result = work();
        let spent = (cpu_nanoseconds() - start) as f64 / 1e6;
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, least)) => *least = least.min(spent),
            None => self.0.push((name, spent)),
        }
        result
    }
}

fn main() -> Result<(), VoleError> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let length = words.first().and_then(|word| word.parse().ok()).unwrap_or((1 << 20) * 13 / 10);
    let has = |word: &str| words.iter().any(|given| given == word);
    let params = VoleParams::new(length, has("subfield"), has("malicious"))?;

    let mut times = Times::default();
    let mut delta = times.of("setup, delta side", || DeltaSetup::new(&[1; 32], b"example"));
    let mut vector = VectorSetup::new(&[2; 32], b"example");
    let message = delta.send_0();
    times.of("setup, vector side", || vector.receive_0(&message))?;
    let message = vector.send_1()?;
    times.of("setup, delta side again", || delta.receive_1(&message))?;
    for instance in 0..5 {
        let mut at_delta = DeltaSide::new(&mut delta, instance, params, 1)?;
        let mut at_vector = VectorSide::new(&mut vector, instance, params, 1)?;
        let message = times.of("vector send 0", || at_vector.send_0())?;
        times.of("delta receive 0", || at_delta.receive_0(&message))?;
        let message = times.of("delta send 1", || at_delta.send_1())?;
        times.of("vector receive 1", || at_vector.receive_1(&message))?;
        if params.malicious() {
            let message = times.of("vector send 2", || at_vector.send_2())?;
            times.of("delta receive 2", || at_delta.receive_2(&message))?;
            at_vector.receive_3(&at_delta.send_3()?)?;
        }
        times.of("delta finish", || at_delta.finish().map(drop))?;
        times.of("vector finish", || at_vector.finish().map(drop))?;
    }
    let bytes: Vec<usize> = (0..params.messages()).map(|k| params.message_bytes(k)).collect();
    println!("{params:?}, bytes {bytes:?}");
    for (name, least) in &times.0 {
        println!("{name:24} {least:8.2} ms");
    }
    for side in ["delta ", "vector "] {
        let total: f64 = times.0.iter().filter(|(name, _)| name.starts_with(side)).map(|(_, least)| least).sum();
        println!("{side:24} {total:8.2} ms");
    }
    Ok(())
}
