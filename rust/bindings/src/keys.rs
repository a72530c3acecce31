//! Cells to sorted digests.

use atoll_core::keys::{self, BadCells, Packed, Rule};
use atoll_core::parallel::available_threads;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

type Ordered<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);
type Pair<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pyfunction]
pub fn normalise_cells<'py>(py: Python<'py>, rule: &str, offsets: &[u8], data: &[u8]) -> PyResult<Pair<'py>> {
    let rule = Rule::parse(rule).ok_or_else(|| PyValueError::new_err("there is no such rule"))?;
    pair(py, py.detach(|| keys::normalise_cells(rule, offsets, data)))
}

#[pyfunction]
pub fn splice_cells<'py>(
    py: Python<'py>,
    column: (PyBackedBytes, PyBackedBytes),
    settled: (PyBackedBytes, PyBackedBytes),
) -> PyResult<Pair<'py>> {
    pair(py, py.detach(|| keys::splice_cells((&column.0, &column.1), (&settled.0, &settled.1))))
}

#[pyfunction]
pub fn join_cells<'py>(py: Python<'py>, columns: Vec<(PyBackedBytes, PyBackedBytes)>) -> PyResult<Pair<'py>> {
    let columns: Vec<(&[u8], &[u8])> = columns.iter().map(|(lengths, text)| (&**lengths, &**text)).collect();
    pair(py, py.detach(|| keys::join_cells(&columns)))
}

#[pyfunction]
#[pyo3(signature = (prefix, lengths, text, first_row, spans, threads=0))]
pub fn cut_keys<'py>(
    py: Python<'py>,
    prefix: &[u8],
    lengths: &[u8],
    text: &[u8],
    first_row: u32,
    spans: usize,
    threads: usize,
) -> PyResult<(Bound<'py, PyBytes>, Vec<usize>)> {
    let threads = if threads == 0 { available_threads() } else { threads };
    let mut starts = Ok(Vec::new());
    let records = PyBytes::new_with(py, keys::RECORD_BYTES * keys::count_keys(lengths), |records| {
        starts = py.detach(|| keys::cut_keys(prefix, (lengths, text), first_row, spans, records, threads));
        Ok(())
    })?;
    Ok((records, starts.map_err(bad_cells)?))
}

#[pyfunction]
pub fn order_records<'py>(py: Python<'py>, pieces: Vec<PyBackedBytes>) -> PyResult<Ordered<'py>> {
    let pieces: Vec<&[u8]> = pieces.iter().map(|piece| &**piece).collect();
    let count = pieces.iter().map(|piece| piece.len()).sum::<usize>() / keys::RECORD_BYTES;
    let (mut groups, mut ends, mut rows) = (Ok(0), None, None);
    let digests = PyBytes::new_with(py, keys::DIGEST_BYTES * count, |digests| {
        ends = Some(PyBytes::new_with(py, 4 * count, |ends| {
            rows = Some(PyBytes::new_with(py, 4 * count, |rows| {
                groups = py.detach(|| keys::order_records(&pieces, digests, ends, rows));
                Ok(())
            })?);
            Ok(())
        })?);
        Ok(())
    })?;
    let groups = groups.map_err(|_| PyValueError::new_err("no whole records, or too many of them"))?;
    let (ends, rows) = (ends.expect("written with the digests"), rows.expect("written with the digests"));
    let cut = |bytes: Bound<'py, PyBytes>, length: usize| {
        if bytes.as_bytes().len() == length { bytes } else { PyBytes::new(py, &bytes.as_bytes()[..length]) }
    };
    Ok((cut(digests, keys::DIGEST_BYTES * groups), cut(ends, 4 * groups), rows))
}

fn pair<'py>(py: Python<'py>, packed: Result<Packed, BadCells>) -> PyResult<Pair<'py>> {
    let packed = packed.map_err(bad_cells)?;
    Ok((PyBytes::new(py, &packed.lengths), PyBytes::new(py, &packed.text)))
}

fn bad_cells(_: BadCells) -> PyErr {
    PyValueError::new_err("lengths, offsets and text do not fit together")
}
