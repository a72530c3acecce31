//! Asking for memory ahead of its use.
//!
//! Places that are read in a random order are waited for one by one where the processor sees too few of them ahead; asked for before,
//! many are on their way at the same time.
#![allow(unsafe_code)]

/// Has `items[place]` brought near, or its beginning; for a place that will be read, so that nothing more is told by the address.
#[inline(always)]
pub(crate) fn prefetch<T>(items: &[T], place: usize) {
    let address = items.as_ptr().wrapping_add(place);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: any address may be given, and every x86-64 processor has SSE.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
