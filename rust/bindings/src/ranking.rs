//! Which comparisons come next; see `_core.pyi`.

use atoll_core::ranking;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Two arrays of elements, one pair a place.
type Pairs<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<u32>>);

/// See `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct Ranking {
    ranking: ranking::Ranking,
    asked: usize,
}

#[pymethods]
impl Ranking {
    #[new]
    #[pyo3(signature = (count, wanted=None))]
    fn new(count: u32, wanted: Option<Vec<u32>>) -> PyResult<Self> {
        if wanted.as_ref().is_some_and(|ranks| !ranks.is_sorted() || ranks.last().is_some_and(|&last| last >= count)) {
            return Err(PyValueError::new_err("the wanted ranks ascend and lie below the count"));
        }
        Ok(Self { ranking: ranking::Ranking::new(count, wanted), asked: 0 })
    }

    #[getter]
    fn open(&self) -> usize {
        self.ranking.open()
    }

    #[getter]
    fn order<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        self.ranking.order().into_pyarray(py)
    }

    fn settle<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        py.detach(|| self.ranking.settle()).into_pyarray(py)
    }

    fn ask<'py>(&mut self, py: Python<'py>, pivots: usize, short: usize) -> Pairs<'py> {
        let (left, right) = py.detach(|| self.ranking.ask(pivots, short));
        self.asked = left.len();
        (left.into_pyarray(py), right.into_pyarray(py))
    }

    fn learn(&mut self, py: Python<'_>, below: PyReadonlyArray1<'_, u64>) -> PyResult<()> {
        let below = below.as_slice()?;
        if below.len() != self.asked.div_ceil(64) {
            return Err(PyValueError::new_err(format!("{} words of answers for {} pairs", below.len(), self.asked)));
        }
        py.detach(|| self.ranking.learn(below));
        self.asked = 0;
        Ok(())
    }
}
