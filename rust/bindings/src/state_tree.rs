//! The state tree; see `_core.pyi`.

use atoll_core::state_tree::{self, Existence, Hash, Proof};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};

/// See `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
#[derive(Default)]
pub struct StateTree {
    tree: state_tree::StateTree,
}

type Bytes<'py> = Bound<'py, PyBytes>;

#[pymethods]
impl StateTree {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    #[getter]
    fn root<'py>(&self, py: Python<'py>) -> Bytes<'py> {
        PyBytes::new(py, self.tree.root())
    }

    fn __len__(&self) -> usize {
        self.tree.len()
    }

    fn get<'py>(&self, py: Python<'py>, key: &[u8]) -> Option<Bytes<'py>> {
        self.tree.get(key).map(|value| PyBytes::new(py, value))
    }

    fn apply(&self, py: Python<'_>, puts: Vec<(PyBackedBytes, PyBackedBytes)>, deletes: Vec<PyBackedBytes>) -> Self {
        Self { tree: py.detach(|| self.tree.apply(&puts, &deletes)) }
    }

    #[pyo3(signature = (prefix, after, limit))]
    fn page<'py>(&self, py: Python<'py>, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<(Bytes<'py>, Bytes<'py>)> {
        let page = self.tree.page(prefix, after, limit);
        page.into_iter().map(|(key, value)| (PyBytes::new(py, &key), PyBytes::new(py, value))).collect()
    }

    fn prove<'py>(&self, py: Python<'py>, path: Hash) -> PyResult<Bound<'py, PyTuple>> {
        match self.tree.prove(&path) {
            Proof::Present(existence) => (existence_parts(py, &existence)?,).into_pyobject(py),
            Proof::Absent(left, right) => {
                let side = |existence: Option<Existence<'_>>| existence.map(|one| existence_parts(py, &one)).transpose();
                (side(left)?, side(right)?).into_pyobject(py)
            }
        }
    }
}

fn existence_parts<'py>(py: Python<'py>, existence: &Existence<'_>) -> PyResult<Bound<'py, PyTuple>> {
    let bytes = |data: &[u8]| PyBytes::new(py, data);
    let siblings: Vec<Bytes<'py>> = existence.siblings.iter().map(|hash| bytes(*hash)).collect();
    (bytes(existence.path), bytes(existence.key), bytes(existence.value), siblings).into_pyobject(py)
}
