//! CSV, a chunk at a time.

use atoll_core::csv::{self, Fault, LineEnd, Records, Shape};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Offsets, text, bits of what is not null; number of nulls.
type Buffers = (Py<PyBytes>, Py<PyBytes>, Py<PyBytes>, usize);

/// See `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
pub struct CsvRecords {
    #[pyo3(get)]
    fault: Option<&'static str>,
    #[pyo3(get)]
    lines: usize,
    #[pyo3(get)]
    records: usize,
    #[pyo3(get)]
    consumed: usize,
    #[pyo3(get)]
    line_end: Option<&'static str>,
    #[pyo3(get)]
    columns: Vec<Buffers>,
}

#[pyfunction]
pub fn parse_csv(
    py: Python<'_>,
    chunk: &[u8],
    delimiter: &str,
    width: usize,
    chosen: Vec<usize>,
    line_end: Option<&str>,
    last: bool,
) -> PyResult<CsvRecords> {
    let line_end = match line_end {
        None => None,
        Some("\n") => Some(LineEnd::Lf),
        Some("\r\n") => Some(LineEnd::CrLf),
        Some(_) => return Err(PyValueError::new_err("a line ends in LF or CR LF")),
    };
    let delimiter = parse_delimiter(delimiter)?;
    if chosen.iter().any(|&place| place >= width) {
        return Err(PyValueError::new_err("a column beyond the width"));
    }
    if chunk.len() > u32::MAX as usize / 2 {
        return Err(PyValueError::new_err("the chunk is too large"));
    }
    let shape = Shape { delimiter, width, chosen: &chosen, line_end };
    Ok(match py.detach(|| csv::parse_records(chunk, shape, last)) {
        Ok(found) => found_records(py, found),
        Err(bad) => CsvRecords {
            fault: Some(fault_name(bad.fault)),
            lines: bad.lines,
            records: 0,
            consumed: 0,
            line_end: None,
            columns: Vec::new(),
        },
    })
}

fn found_records(py: Python<'_>, found: Records) -> CsvRecords {
    let bytes = |data: &[u8]| PyBytes::new(py, data).unbind();
    CsvRecords {
        fault: None,
        lines: found.lines,
        records: found.records,
        consumed: found.consumed,
        line_end: found.line_end.map(|end| if end == LineEnd::Lf { "\n" } else { "\r\n" }),
        columns: found
            .columns
            .iter()
            .map(|column| (bytes(&column.offsets), bytes(&column.text), bytes(&column.present), column.nulls))
            .collect(),
    }
}

/// A character of ASCII that may stand between cells.
pub(crate) fn parse_delimiter(delimiter: &str) -> PyResult<u8> {
    match delimiter.as_bytes() {
        &[byte] if byte.is_ascii() && !b"\"\r\n".contains(&byte) => Ok(byte),
        _ => Err(PyValueError::new_err("a delimiter is one character of ASCII, and no quote or line end")),
    }
}

pub(crate) fn fault_name(fault: Fault) -> &'static str {
    match fault {
        Fault::BrokenQuoting => "quoting",
        Fault::WrongWidth => "width",
        Fault::LineEnd => "line end",
        Fault::TooLong => "too long",
        Fault::NotUtf8 => "utf-8",
    }
}
