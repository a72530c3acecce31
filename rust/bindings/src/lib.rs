//! The Python face of `atoll-core`: arguments in, results out, errors mapped once (`errors.rs`), the interpreter released for
//! bulk work. Signatures and meaning stand in `src/atoll/_core.pyi`.

mod cbor;
mod csv;
mod curve;
mod errors;
mod hpke;
mod keys;
mod message;
mod oblivious;
mod okvs;
mod oprf;
mod ranking;
mod rr22;
mod rss;
mod rss_circuit;
mod rss_verify;
mod sealed_sums;
mod sharing;
mod slots;
mod state_tree;
mod table_print;
mod x25519;
mod zero_share;

#[pyo3::pymodule(name = "_core")]
mod core_module {
    #[pymodule_export]
    use crate::cbor::{cbor_decode, cbor_encode};
    #[pymodule_export]
    use crate::csv::{CsvRecords, parse_csv};
    #[pymodule_export]
    use crate::curve::{
        SecretScalar, TagSet, add_points, blind, blind_packed, curve_kernels, ed25519_is_acceptable_key, ed25519_verify,
        ed25519_verify_many, expand_message_xmd, first_repeated_tag, hash_to_group, is_point, match_tags, multiply,
        multiply_base, permutation, permutation_packed, point_from_uniform, tags_packed, zip215_verify_many,
    };
    #[pymodule_export]
    use crate::hpke::{HpkeReceiver, HpkeSender, hpke_derive_key_pair};
    #[pymodule_export]
    use crate::keys::{cut_keys, join_cells, normalise_cells, order_records, splice_cells};
    #[pymodule_export]
    use crate::message::MessageCodec;
    #[pymodule_export]
    use crate::oblivious::{ObliviousKey, oblivious_answer, oblivious_blind, oblivious_evaluate, oblivious_unblind};
    #[pymodule_export]
    use crate::okvs::{okvs_bytes, okvs_decode, okvs_encode};
    #[pymodule_export]
    use crate::oprf::{
        SecretScalars, blind_each, multiply_each, oprf_derive_secret, oprf_finalize, oprf_is_proof, oprf_prove,
        oprf_tweak_public, oprf_tweak_secret,
    };
    #[pymodule_export]
    use crate::ranking::Ranking;
    #[pymodule_export]
    use crate::rr22::{
        VoleDeltaSetup, VoleOprfReceiver, VoleOprfSender, VoleVectorSetup, match_sorted_tags, sorted_tags, vole_oprf_bytes,
        vole_setup_bytes,
    };
    #[pymodule_export]
    use crate::rss::{
        RssStreams, rss_invert, rss_matmul, rss_multiply, rss_permute, rss_sum_to_planes, rss_to_planes, rss_to_words,
    };
    #[pymodule_export]
    use crate::rss_circuit::{RssCircuit, RssCircuitRun};
    #[pymodule_export]
    use crate::rss_verify::RssProof;
    #[pymodule_export]
    use crate::sealed_sums::{
        elgamal_add_up, elgamal_blind, elgamal_decryption_share, elgamal_encrypt, elgamal_open, elgamal_public_key,
        elgamal_zero, payload_open, payload_seal, payload_tags,
    };
    #[pymodule_export]
    use crate::sharing::{
        Polynomial, sharing_add_shares, sharing_add_weighted, sharing_commitment_at, sharing_is_knowledge,
        sharing_prove_knowledge,
    };
    #[pymodule_export]
    use crate::slots::{pack_slots, unpack_slots};
    #[pymodule_export]
    use crate::state_tree::StateTree;
    #[pymodule_export]
    use crate::table_print::{FileDigests, PrintedTable, RowTrees, TablePrinter, canonical_cell, canonical_name};
    #[pymodule_export]
    use crate::x25519::{ClampedSecret, x25519_multiply};
    #[pymodule_export]
    use crate::zero_share::zero_shares;
}
