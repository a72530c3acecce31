"""Fingerprints of tables: what they hold, and how alike two tables are.

    from atoll.sources.fingerprints import take_fingerprint
    ours, theirs = take_fingerprint("a.csv", ...), take_fingerprint("b.parquet", ...)
    judge_prints(ours, theirs)      # exact, same-content, near, subset, review, new

That is for tables of one owner, where `shared_bands` says first which pairs are worth it. Between owners the roots are compared
as tags on the ledger, and rows are counted by an intersection: `atoll.exchange.registration`.

Pure; `atoll.sources.fingerprints` reads the files. Specification: specs/fingerprint.md.
"""

from atoll.exchange.fingerprint.likeness import (
    LEAST_DISTINCT_ROWS,
    NEAR_PPM,
    REVIEW_PPM,
    SUBSET_PPM,
    Likeness,
    Verdict,
    count_likeness,
    estimate_jaccard_ppm,
    estimate_likeness,
    judge_likeness,
    judge_prints,
    shared_bands,
)
from atoll.exchange.fingerprint.print import (
    BAND_TAG_BYTES,
    BANDS,
    MAX_PRINT_BYTES,
    ROW_RECORD_BYTES,
    SIGNATURE_VALUES,
    ColumnPrint,
    Kind,
    Sketch,
    TablePrint,
    encode_print,
    parse_print,
)

__all__ = [
    "BANDS",
    "BAND_TAG_BYTES",
    "LEAST_DISTINCT_ROWS",
    "MAX_PRINT_BYTES",
    "NEAR_PPM",
    "REVIEW_PPM",
    "ROW_RECORD_BYTES",
    "SIGNATURE_VALUES",
    "SUBSET_PPM",
    "ColumnPrint",
    "Kind",
    "Likeness",
    "Sketch",
    "TablePrint",
    "Verdict",
    "count_likeness",
    "encode_print",
    "estimate_jaccard_ppm",
    "estimate_likeness",
    "judge_likeness",
    "judge_prints",
    "parse_print",
    "shared_bands",
]
