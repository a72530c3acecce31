//! One source for several vector instruction sets.
//!
//! `#[target_feature]` takes a literal, so a function cannot say "for whatever processor my module is compiled for". A module that is
//! compiled once for each instruction set says `#[vectorised]` instead, and the module around it decides what that is:
//!
//! ```ignore
//! mod avx2 {
//!     use atoll_lanes::avx2 as vectorised;
//!     mod field_simd; // the set's own arithmetic
//!     #[path = "../point_simd.rs"]
//!     mod point_simd; // the same for all: `use super::vectorised;`
//! }
//! ```

use proc_macro::TokenStream;

/// A function for processors with AVX-512 IFMA.
#[proc_macro_attribute]
pub fn ifma(_: TokenStream, function: TokenStream) -> TokenStream {
    with(r#"#[target_feature(enable = "avx512f,avx512ifma")]"#, function)
}

/// A function for processors with AVX2.
#[proc_macro_attribute]
pub fn avx2(_: TokenStream, function: TokenStream) -> TokenStream {
    with(r#"#[target_feature(enable = "avx2")]"#, function)
}

fn with(attribute: &str, function: TokenStream) -> TokenStream {
    let mut marked: TokenStream = attribute.parse().expect("it is an attribute");
    marked.extend(function);
    marked
}
