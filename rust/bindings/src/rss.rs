//! Kernels of replicated sharing over numpy's arrays, which cross without a copy; see `_core.pyi`.
//!
//! An array may be a view as long as the words of its last axis lie side by side.

use std::sync::Arc;

use atoll_core::rss::{self, Matrix, Shares, Side};
use numpy::ndarray::{ArrayView1, ArrayViewD, Axis};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArrayDyn, PyReadwriteArray2, PyReadwriteArrayDyn};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;

/// The words of a row.
pub(crate) fn row<'a>(row: ArrayView1<'a, u64>) -> PyResult<&'a [u64]> {
    row.to_slice().ok_or_else(|| PyValueError::new_err("the words of a row lie side by side"))
}

/// Both shares of an array of shape (2, ...), each a column.
pub(crate) fn shares<'a>(array: &'a PyReadonlyArrayDyn<'_, u64>) -> PyResult<Shares<'a>> {
    let view: ArrayViewD<'a, u64> = array.as_array();
    if view.ndim() == 0 || view.shape()[0] != 2 {
        return Err(PyValueError::new_err("shares have the shape (2, ...)"));
    }
    let (own, next) = view.split_at(Axis(0), 1);
    let slice = |half: ArrayViewD<'a, u64>| half.to_slice().ok_or_else(|| PyValueError::new_err("a share lies in one piece"));
    Ok(Shares { own: slice(own)?, next: slice(next)? })
}

fn no_memory(_: rss::NoMemory) -> PyErr {
    PyMemoryError::new_err(())
}

/// See `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
pub struct RssStreams(pub(crate) Arc<rss::Streams>);

impl RssStreams {
    fn made<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        fill: impl FnOnce(&rss::Streams, &mut [u64]) + Send,
    ) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let words = py.detach(|| {
            let mut words = rss::zeroed(count)?;
            fill(&self.0, &mut words);
            Ok(words)
        });
        Ok(words.map_err(no_memory)?.into_pyarray(py))
    }

    fn permutation<'py>(&self, py: Python<'py>, side: Side, ticket: u64, length: u32) -> PyResult<Bound<'py, PyArray1<u32>>> {
        Ok(py.detach(|| rss::permutation(&self.0, side, ticket, length)).map_err(no_memory)?.into_pyarray(py))
    }
}

#[pymethods]
impl RssStreams {
    #[new]
    fn new(key_own: [u8; rss::KEY_BYTES], key_next: [u8; rss::KEY_BYTES]) -> Self {
        Self(Arc::new(rss::Streams::new(&key_own, &key_next)))
    }

    #[pyo3(signature = (ticket, count, first=0))]
    fn zero_words<'py>(&self, py: Python<'py>, ticket: u64, count: usize, first: u64) -> PyResult<Bound<'py, PyArray1<u64>>> {
        self.made(py, count, |streams, words| streams.fill_zero_words(ticket, first, words))
    }

    #[pyo3(signature = (ticket, count, first=0))]
    fn zero_bits<'py>(&self, py: Python<'py>, ticket: u64, count: usize, first: u64) -> PyResult<Bound<'py, PyArray1<u64>>> {
        self.made(py, count, |streams, words| streams.fill_zero_bits(ticket, first, words))
    }

    #[pyo3(signature = (ticket, count, first=0))]
    fn own_words<'py>(&self, py: Python<'py>, ticket: u64, count: usize, first: u64) -> PyResult<Bound<'py, PyArray1<u64>>> {
        self.made(py, count, |streams, words| streams.fill(Side::Own, ticket, first, words))
    }

    #[pyo3(signature = (ticket, count, first=0))]
    fn next_words<'py>(&self, py: Python<'py>, ticket: u64, count: usize, first: u64) -> PyResult<Bound<'py, PyArray1<u64>>> {
        self.made(py, count, |streams, words| streams.fill(Side::Next, ticket, first, words))
    }

    fn own_permutation<'py>(&self, py: Python<'py>, ticket: u64, length: u32) -> PyResult<Bound<'py, PyArray1<u32>>> {
        self.permutation(py, Side::Own, ticket, length)
    }

    fn next_permutation<'py>(&self, py: Python<'py>, ticket: u64, length: u32) -> PyResult<Bound<'py, PyArray1<u32>>> {
        self.permutation(py, Side::Next, ticket, length)
    }

    fn __repr__(&self) -> &'static str {
        "Streams(...)"
    }
}

/// Where a result goes: the caller's array, which lies in one piece and has as many words.
fn target<'a>(out: &'a mut PyReadwriteArrayDyn<'_, u64>, length: usize) -> PyResult<&'a mut [u64]> {
    let words = out.as_slice_mut().map_err(|_| PyValueError::new_err("the result lies in one piece"))?;
    if words.len() == length { Ok(words) } else { Err(sizes(words.len(), length)) }
}

fn sizes(found: usize, needed: usize) -> PyErr {
    PyValueError::new_err(format!("{found} words given, {needed} needed"))
}

#[pyfunction]
pub fn rss_multiply(
    py: Python<'_>,
    x: PyReadonlyArrayDyn<'_, u64>,
    y: PyReadonlyArrayDyn<'_, u64>,
    streams: &RssStreams,
    ticket: u64,
    mut out: PyReadwriteArrayDyn<'_, u64>,
) -> PyResult<()> {
    let (x, y) = (shares(&x)?, shares(&y)?);
    if x.own.len() != y.own.len() {
        return Err(sizes(y.own.len(), x.own.len()));
    }
    let out = target(&mut out, x.own.len())?;
    py.detach(|| rss::multiply(x, y, &streams.0, ticket, out));
    Ok(())
}

#[pyfunction]
pub fn rss_matmul(
    py: Python<'_>,
    x: PyReadonlyArrayDyn<'_, u64>,
    y: PyReadonlyArrayDyn<'_, u64>,
    streams: &RssStreams,
    ticket: u64,
    mut out: PyReadwriteArrayDyn<'_, u64>,
) -> PyResult<()> {
    let (x, y) = (matrix(&x)?, matrix(&y)?);
    if x.columns != y.rows {
        return Err(sizes(y.rows, x.columns));
    }
    let out = target(&mut out, x.rows * y.columns)?;
    py.detach(|| rss::matmul(x, y, &streams.0, ticket, out));
    Ok(())
}

/// Both shares of an array of shape (2, m, n) whose rows, or whose columns, lie one after the other.
fn matrix<'a>(array: &'a PyReadonlyArrayDyn<'_, u64>) -> PyResult<Matrix<'a>> {
    let view: ArrayViewD<'a, u64> = array.as_array();
    let &[2, rows, columns] = view.shape() else {
        return Err(PyValueError::new_err("matrices have the shapes (2, m, k) and (2, k, n)"));
    };
    let (own, next) = view.split_at(Axis(0), 1);
    let (own, next) = (own.index_axis_move(Axis(0), 0), next.index_axis_move(Axis(0), 0));
    if let (Some(own), Some(next)) = (own.to_slice(), next.to_slice()) {
        return Ok(Matrix::by_rows(own, next, rows, columns));
    }
    match (own.reversed_axes().to_slice(), next.reversed_axes().to_slice()) {
        (Some(own), Some(next)) => Ok(Matrix::by_rows(own, next, columns, rows).transposed()),
        _ => Err(PyValueError::new_err("a share of a matrix, or of its transpose, lies in one piece")),
    }
}

#[pyfunction]
pub fn rss_to_planes<'py>(
    py: Python<'py>,
    words: PyReadonlyArrayDyn<'py, u64>,
    mut planes: PyReadwriteArrayDyn<'py, u64>,
) -> PyResult<()> {
    let (words, mut planes) = (words.as_array(), planes.as_array_mut());
    let whole = || PyValueError::new_err("words (..., n) become planes (..., at most 64, ceil(n / 64)) that lie in one piece");
    let Some((&count, columns)) = words.shape().split_last() else { return Err(whole()) };
    let fits = match planes.shape() {
        [many @ .., width, longs] => many == columns && *width <= 64 && *longs == count.div_ceil(rss::BLOCK_BITS),
        _ => false,
    };
    let each = planes.shape().iter().rev().take(2).product::<usize>();
    let planes = planes.as_slice_mut().filter(|_| fits).ok_or_else(whole)?;
    let columns = words.rows().into_iter().map(row).collect::<PyResult<Vec<_>>>()?;
    if each != 0 {
        py.detach(|| {
            for (words, planes) in columns.iter().zip(planes.chunks_exact_mut(each)) {
                rss::words_to_planes(words, planes);
            }
        });
    }
    Ok(())
}

#[pyfunction]
pub fn rss_sum_to_planes<'py>(
    py: Python<'py>,
    plus: Vec<PyReadonlyArray1<'py, u64>>,
    minus: Vec<PyReadonlyArray1<'py, u64>>,
    mut planes: PyReadwriteArray2<'py, u64>,
) -> PyResult<()> {
    let plus = plus.iter().map(|column| row(column.as_array())).collect::<PyResult<Vec<_>>>()?;
    let minus = minus.iter().map(|column| row(column.as_array())).collect::<PyResult<Vec<_>>>()?;
    let mut planes = planes.as_array_mut();
    let Some(count) = plus.first().map(|column| column.len()) else {
        return Err(PyValueError::new_err("a sum has a column"));
    };
    if let Some(other) = plus.iter().chain(&minus).find(|column| column.len() != count) {
        return Err(sizes(other.len(), count));
    }
    let fits = matches!(planes.shape(), [width, longs] if *width <= 64 && *longs == count.div_ceil(rss::BLOCK_BITS));
    let whole = || PyValueError::new_err("words (n) become planes (at most 64, ceil(n / 64)) that lie in one piece");
    let planes = planes.as_slice_mut().filter(|_| fits).ok_or_else(whole)?;
    py.detach(|| rss::sum_to_planes(&plus, &minus, planes));
    Ok(())
}

#[pyfunction]
pub fn rss_to_words<'py>(
    py: Python<'py>,
    planes: PyReadonlyArrayDyn<'py, u64>,
    mut words: PyReadwriteArrayDyn<'py, u64>,
) -> PyResult<()> {
    let (planes, mut words) = (planes.as_array(), words.as_array_mut());
    let whole = || PyValueError::new_err("planes (..., at most 64, ceil(n / 64)) become words (..., n) that lie in one piece");
    let (Some((&count, columns)), [many @ .., width, longs]) = (words.shape().split_last(), planes.shape()) else {
        return Err(whole());
    };
    let (fits, width) = (many == columns && *width <= 64 && *longs == count.div_ceil(rss::BLOCK_BITS), *width);
    let words = words.as_slice_mut().filter(|_| fits).ok_or_else(whole)?;
    let planes = planes.rows().into_iter().map(row).collect::<PyResult<Vec<_>>>()?;
    if count != 0 && width == 0 {
        words.fill(0);
    } else if count != 0 {
        py.detach(|| {
            for (planes, words) in planes.chunks_exact(width).zip(words.chunks_exact_mut(count)) {
                rss::planes_to_words(planes, words);
            }
        });
    }
    Ok(())
}

#[pyfunction]
pub fn rss_permute<'py>(
    py: Python<'py>,
    columns: PyReadonlyArrayDyn<'py, u64>,
    order: PyReadonlyArray1<'py, u32>,
    mut out: PyReadwriteArrayDyn<'py, u64>,
) -> PyResult<()> {
    let columns = columns.as_array();
    let order = order.as_slice()?;
    let columns = columns.rows().into_iter().map(row).collect::<PyResult<Vec<_>>>()?;
    let out = target(&mut out, columns.len() * order.len())?;
    if order.is_empty() {
        return Ok(());
    }
    let moved = py.detach(|| {
        columns.iter().zip(out.chunks_exact_mut(order.len())).try_for_each(|(from, to)| rss::permute(from, order, to))
    });
    moved.map_err(|at| PyValueError::new_err(format!("place {at} of the order is beyond the column")))
}

#[pyfunction]
pub fn rss_invert<'py>(py: Python<'py>, order: PyReadonlyArray1<'py, u32>) -> PyResult<Bound<'py, PyArray1<u32>>> {
    let order = order.as_slice()?;
    let inverse = py.detach(|| rss::invert(order)).map_err(no_memory)?;
    Ok(inverse.ok_or_else(|| PyValueError::new_err("an order has every place once"))?.into_pyarray(py))
}
