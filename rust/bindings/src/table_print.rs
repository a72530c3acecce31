//! Fingerprints of tables.

use atoll_core::csv::BadRecord;
use atoll_core::table_print::{self, Printer, RECORD_BYTES, Run};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::csv::{fault_name, parse_delimiter};

/// Nulls, cells of each kind, shortest, longest, bytes, distinct, signature.
type Column = (u64, [u64; 6], u64, u64, u64, u64, Py<PyBytes>);
/// Offsets and text.
type Cells = (Py<PyBytes>, Py<PyBytes>);

/// The rest of the file of rows, the number of its rows, both roots.
type Roots = (Py<PyBytes>, u64, Py<PyBytes>, Py<PyBytes>);

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct TablePrinter {
    /// None once it was finished, or after an error.
    printer: Option<Printer>,
    width: usize,
}

/// See `_core.pyi`.
#[pyclass(frozen, get_all, module = "atoll._core")]
pub struct PrintedTable {
    rows: u64,
    columns: Vec<Column>,
    signature: Py<PyBytes>,
    bands: Vec<Py<PyBytes>>,
    scale: u32,
    sketch: Py<PyBytes>,
    sample_rows: usize,
    sample: Vec<Cells>,
}

#[pymethods]
impl TablePrinter {
    #[new]
    fn new(ranks: Vec<u16>) -> PyResult<Self> {
        let width = ranks.len();
        let printer = Printer::new(ranks).map_err(|_| PyValueError::new_err("ranks are the numbers from 0, each once"))?;
        Ok(Self { printer: Some(printer), width })
    }

    fn read_csv(
        &mut self,
        py: Python<'_>,
        piece: &[u8],
        delimiter: &str,
        last: bool,
    ) -> PyResult<Option<(&'static str, usize)>> {
        let delimiter = parse_delimiter(delimiter)?;
        let mut printer = self.take()?;
        match py.detach(|| printer.read_csv(piece, delimiter, last)) {
            Ok(()) => self.printer = Some(printer),
            Err(None) => return Err(too_many_rows()),
            Err(Some(BadRecord { fault, lines })) => return Ok(Some((fault_name(fault), lines))),
        }
        Ok(None)
    }

    fn read_cells(&mut self, py: Python<'_>, columns: Vec<(PyBackedBytes, PyBackedBytes)>) -> PyResult<()> {
        let columns: Vec<(&[u8], &[u8])> = columns.iter().map(|(offsets, text)| (&**offsets, &**text)).collect();
        let mut printer = self.take()?;
        let read = py.detach(|| printer.read_cells(&columns));
        read.map_err(|_| PyValueError::new_err("columns do not fit together"))?.map_err(|_| too_many_rows())?;
        self.printer = Some(printer);
        Ok(())
    }

    #[getter]
    fn has_run(&self) -> bool {
        self.printer.as_ref().is_some_and(Printer::has_run)
    }

    fn take_run(&mut self, py: Python<'_>) -> PyResult<(Py<PyBytes>, Py<PyBytes>)> {
        let mut printer = self.take()?;
        let Run { records, starts } = py.detach(|| printer.take_run());
        self.printer = Some(printer);
        let starts: Vec<u8> = starts.into_iter().flat_map(|start| (start * RECORD_BYTES as u32).to_le_bytes()).collect();
        Ok((PyBytes::new(py, &records).unbind(), PyBytes::new(py, &starts).unbind()))
    }

    fn finish(&mut self, py: Python<'_>) -> PyResult<PrintedTable> {
        let found = self.take()?.finish();
        let bytes = |data: &[u8]| PyBytes::new(py, data).unbind();
        let column = |one: &table_print::ColumnPrint| {
            let nulls = found.rows - one.kinds.iter().sum::<u64>();
            (nulls, one.kinds, one.shortest, one.longest, one.bytes, one.distinct(), bytes(&one.signature.to_bytes()))
        };
        let (scale, sketch) = found.sketch.finish();
        let sample: Vec<Cells> = (0..self.width)
            .map(|place| {
                let (mut offsets, mut text) = (vec![0; 4], Vec::new());
                for row in found.sample.rows() {
                    text.extend_from_slice(&row[place]);
                    offsets.extend_from_slice(&(text.len() as u32).to_le_bytes());
                }
                (bytes(&offsets), bytes(&text))
            })
            .collect();
        Ok(PrintedTable {
            rows: found.rows,
            columns: found.columns.iter().map(column).collect(),
            signature: bytes(&found.signature.to_bytes()),
            bands: found.signature.bands().iter().map(|tag| bytes(tag)).collect(),
            scale,
            sketch: bytes(&sketch.into_iter().flat_map(u64::to_be_bytes).collect::<Vec<u8>>()),
            sample_rows: found.sample.rows().len(),
            sample,
        })
    }
}

impl TablePrinter {
    fn take(&mut self) -> PyResult<Printer> {
        self.printer.take().ok_or_else(|| PyValueError::new_err("the printer has ended"))
    }
}

fn too_many_rows() -> PyErr {
    PyOverflowError::new_err("a table has fewer than 2^32 rows")
}

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct RowTrees(Option<table_print::RowTrees>);

#[pymethods]
impl RowTrees {
    #[new]
    fn new() -> Self {
        Self(Some(table_print::RowTrees::default()))
    }

    fn add(&mut self, py: Python<'_>, pieces: Vec<PyBackedBytes>) -> PyResult<Py<PyBytes>> {
        let trees = self.0.as_mut().ok_or_else(ended)?;
        let joined: Vec<u8> = pieces.iter().map(|piece| &**piece).collect::<Vec<&[u8]>>().concat();
        if !joined.len().is_multiple_of(RECORD_BYTES) {
            return Err(PyValueError::new_err("records are whole"));
        }
        let rows = py.detach(|| trees.add(&joined));
        Ok(PyBytes::new(py, &rows).unbind())
    }

    fn finish(&mut self, py: Python<'_>) -> PyResult<Roots> {
        let (rest, distinct, bags, arrangements) = self.0.take().ok_or_else(ended)?.finish();
        let bytes = |data: &[u8]| PyBytes::new(py, data).unbind();
        Ok((bytes(&rest), distinct, bytes(&bags), bytes(&arrangements)))
    }
}

fn ended() -> PyErr {
    PyValueError::new_err("the trees have ended")
}

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct FileDigests(table_print::FileDigests);

#[pymethods]
impl FileDigests {
    #[new]
    fn new(sm3: bool) -> Self {
        Self(table_print::FileDigests::new(sm3))
    }

    fn update(&mut self, py: Python<'_>, data: &[u8]) {
        py.detach(|| self.0.update(data));
    }

    fn finish(&self, py: Python<'_>) -> (Py<PyBytes>, Option<Py<PyBytes>>) {
        let (sha256, sm3) = self.0.clone().finish();
        (PyBytes::new(py, &sha256).unbind(), sm3.map(|digest| PyBytes::new(py, &digest).unbind()))
    }
}

#[pyfunction]
pub fn canonical_cell<'py>(py: Python<'py>, cell: &[u8]) -> Bound<'py, PyBytes> {
    let mut out = Vec::new();
    table_print::push_canonical(cell, &mut out);
    PyBytes::new(py, &out)
}

#[pyfunction]
pub fn canonical_name(name: &str) -> String {
    table_print::canonical_name(name)
}
