//! Work spread over threads, results in order.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

/// Chunks smaller than this are not worth a thread.
const SMALLEST_CHUNK: usize = 16;

/// How many threads this process may run at once. Looked up once: the standard library reads files for it.
pub fn available_threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// What `work` returns for consecutive chunks of `items`, one chunk a thread, joined in order.
///
/// `work` gets the index of its first item and the chunk. Chunks are of equal size, because the kernels here cost the same for
/// every item. Where the system gives no more threads, the caller's own does the rest. A panic in `work` goes on in the caller.
///
/// # Errors
/// The error of the earliest chunk that has one.
pub fn map_chunks<T: Sync, R: Send, E: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(usize, &[T]) -> Result<Vec<R>, E> + Sync,
) -> Result<Vec<R>, E> {
    let size = items.len().div_ceil(threads.max(1)).max(SMALLEST_CHUNK);
    if items.len() <= size {
        return work(0, items);
    }
    thread::scope(|scope| {
        let work = &work;
        let started: Vec<_> = items
            .chunks(size)
            .enumerate()
            .map(|(i, chunk)| {
                let part = move || work(i * size, chunk);
                thread::Builder::new().spawn_scoped(scope, part).map_err(|_| part())
            })
            .collect();
        let mut joined = Vec::with_capacity(items.len());
        for part in started {
            let part = match part {
                Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(done) => done,
            };
            joined.extend(part?);
        }
        Ok(joined)
    })
}

/// Calls `work` with the number of each chunk of `size` and the chunk itself; threads take chunks as they get through.
///
/// Where the system gives no more threads, the caller's own does the rest. A panic in `work` goes on in the caller.
///
/// # Panics
/// When `size` is 0.
pub fn for_each_chunk<T: Send>(items: &mut [T], size: usize, threads: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let chunks = items.len().div_ceil(size);
    let rest = Mutex::new(items.chunks_mut(size).enumerate());
    let next = || rest.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_off = || {
        while let Some((number, chunk)) = next() {
            work(number, chunk);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(chunks) {
            if thread::Builder::new().spawn_scoped(scope, work_off).is_err() {
                break;
            }
        }
        work_off();
    });
}
