//! Signatures, the group, and the kernels on top of it.

use atoll_core::curve::{BadPoint, Kernel};
use atoll_core::group::{POINT_BYTES, parse_point};
use atoll_core::hash::Hash;
use atoll_core::parallel::available_threads;
use atoll_core::{ed25519, ed25519_zip215, group, hash, psi, shuffle, tag_set, tags};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::errors;

/// A signature is checked without letting other threads in below this many bytes; the hand-over would cost more.
const SHORT_MESSAGE_BYTES: usize = 16 * 1024;

pub(crate) fn threads(asked: usize) -> usize {
    if asked == 0 { available_threads() } else { asked }
}

/// The kernel of that name, or the best; a name that this processor cannot run is refused.
pub(crate) fn kernel(name: Option<&str>) -> PyResult<Kernel> {
    let Some(name) = name else { return Ok(Kernel::best()) };
    let kernel = Kernel::ALL.into_iter().find(|kernel| kernel_name(*kernel) == name);
    let kernel = kernel.ok_or_else(|| PyValueError::new_err("the kernel is ifma, avx2 or portable"))?;
    if kernel.is_available() { Ok(kernel) } else { Err(PyValueError::new_err("this processor lacks the kernel")) }
}

#[pyfunction]
pub fn curve_kernels() -> Vec<&'static str> {
    Kernel::available().map(kernel_name).collect()
}

fn kernel_name(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::Ifma => "ifma",
        Kernel::Avx2 => "avx2",
        Kernel::Portable => "portable",
    }
}

#[pyfunction]
pub fn ed25519_verify(py: Python<'_>, public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    if message.len() < SHORT_MESSAGE_BYTES {
        ed25519::is_signature(public, message, signature)
    } else {
        py.detach(|| ed25519::is_signature(public, message, signature))
    }
}

#[pyfunction]
#[pyo3(signature = (claims, threads=0))]
pub fn ed25519_verify_many(
    py: Python<'_>,
    claims: Vec<(PyBackedBytes, PyBackedBytes, PyBackedBytes)>,
    threads: usize,
) -> Vec<bool> {
    py.detach(|| ed25519::are_signatures(&claims, self::threads(threads)))
}

#[pyfunction]
#[pyo3(signature = (claims, threads=0))]
pub fn zip215_verify_many(
    py: Python<'_>,
    claims: Vec<(PyBackedBytes, PyBackedBytes, PyBackedBytes)>,
    threads: usize,
) -> Vec<bool> {
    py.detach(|| ed25519_zip215::are_signatures(&claims, self::threads(threads)))
}

#[pyfunction]
pub fn ed25519_is_acceptable_key(public: &[u8]) -> bool {
    ed25519::is_acceptable_key(public)
}

#[pyfunction]
pub fn is_point(data: &[u8]) -> bool {
    parse_point(data).is_some()
}

#[pyfunction]
pub fn add_points<'py>(py: Python<'py>, left: &[u8], right: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let parse = |bytes, index| parse_point(bytes).ok_or_else(|| errors::bad_point(py, BadPoint { index }));
    let sum = parse(left, 0)? + parse(right, 1)?;
    Ok(PyBytes::new(py, sum.compress().as_bytes()))
}

#[pyfunction]
pub fn point_from_uniform<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let uniform = exactly::<64>(data)?;
    Ok(PyBytes::new(py, &group::point_from_uniform(&uniform)))
}

#[pyfunction]
pub fn hash_to_group<'py>(py: Python<'py>, message: &[u8], dst: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let point = group::hash_to_group(message, dst).ok_or_else(empty_tag)?;
    Ok(PyBytes::new(py, point.compress().as_bytes()))
}

#[pyfunction]
pub fn expand_message_xmd<'py>(
    py: Python<'py>,
    hash_name: &str,
    message: &[u8],
    dst: &[u8],
    length: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let hash = match hash_name {
        "sha256" => Hash::Sha256,
        "sha512" => Hash::Sha512,
        _ => return Err(PyValueError::new_err("the hash is sha256 or sha512")),
    };
    let uniform = hash::expand_message_xmd(hash, message, dst, length)
        .ok_or_else(|| PyValueError::new_err("the tag is empty, or the length is 0 or above 255 digests or 65,535 bytes"))?;
    Ok(PyBytes::new(py, &uniform))
}

/// A secret exponent; see `_core.pyi`.
#[pyclass(frozen, module = "atoll._core")]
pub struct SecretScalar(pub(crate) group::SecretScalar);

#[pymethods]
impl SecretScalar {
    #[staticmethod]
    fn from_wide(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let wide = data.try_into().ok().and_then(group::SecretScalar::from_wide);
        wide.map(Self).ok_or_else(|| errors::bad_scalar(py))
    }

    #[staticmethod]
    fn from_canonical(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let canonical = data.try_into().ok().and_then(group::SecretScalar::from_canonical);
        canonical.map(Self).ok_or_else(|| errors::bad_scalar(py))
    }

    fn inverse(&self) -> Self {
        Self(self.0.inverse())
    }

    fn expose<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.expose())
    }

    fn __repr__(&self) -> &'static str {
        "SecretScalar(...)"
    }
}

#[pyfunction]
pub fn multiply_base<'py>(py: Python<'py>, secret: &SecretScalar) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &group::multiply_base(&secret.0))
}

#[pyfunction]
#[pyo3(signature = (points, secret, threads=0, kernel=None))]
pub fn multiply<'py>(
    py: Python<'py>,
    points: PyBackedBytes,
    secret: &SecretScalar,
    threads: usize,
    kernel: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (secret, kernel) = (&secret.0, self::kernel(kernel)?);
    let products = py.detach(|| psi::multiply(kernel, &points, secret, self::threads(threads)));
    Ok(PyBytes::new(py, &products.map_err(|error| errors::bad_point(py, error))?))
}

#[pyfunction]
#[pyo3(signature = (items, secret, dst, threads=0, kernel=None))]
pub fn blind<'py>(
    py: Python<'py>,
    items: Vec<PyBackedBytes>,
    secret: &SecretScalar,
    dst: &[u8],
    threads: usize,
    kernel: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    if dst.is_empty() {
        return Err(empty_tag());
    }
    let (secret, kernel) = (&secret.0, self::kernel(kernel)?);
    let blinded = py.detach(|| psi::blind(kernel, &items, secret, dst, self::threads(threads)));
    debug_assert_eq!(blinded.len(), POINT_BYTES * items.len());
    Ok(PyBytes::new(py, &blinded))
}

#[pyfunction]
#[pyo3(signature = (items, item_bytes, secret, dst, threads=0, kernel=None))]
pub fn blind_packed<'py>(
    py: Python<'py>,
    items: PyBackedBytes,
    item_bytes: usize,
    secret: &SecretScalar,
    dst: &[u8],
    threads: usize,
    kernel: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    check_items(&items, item_bytes, dst)?;
    let (secret, kernel) = (&secret.0, self::kernel(kernel)?);
    let blinded = py.detach(|| psi::blind_packed(kernel, &items, item_bytes, secret, dst, self::threads(threads)));
    Ok(PyBytes::new(py, &blinded))
}

#[pyfunction]
#[pyo3(signature = (points, prefix, tag_bytes, threads=0, items=None))]
pub fn tags_packed<'py>(
    py: Python<'py>,
    points: PyBackedBytes,
    prefix: &[u8],
    tag_bytes: usize,
    threads: usize,
    items: Option<PyBackedBytes>,
) -> PyResult<Bound<'py, PyBytes>> {
    whole(points.len(), POINT_BYTES, POINT_BYTES..=POINT_BYTES)?;
    whole(0, tag_bytes, 1..=32)?;
    let items = items.as_deref().unwrap_or_default();
    if !items.is_empty() && (points.is_empty() || !items.len().is_multiple_of(points.len() / POINT_BYTES)) {
        return Err(PyValueError::new_err("an item for each point"));
    }
    let tags = py.detach(|| tags::tags(&points, items, prefix, tag_bytes, self::threads(threads)));
    Ok(PyBytes::new(py, &tags))
}

#[pyfunction]
pub fn match_tags<'py>(
    py: Python<'py>,
    own: PyBackedBytes,
    theirs: PyBackedBytes,
    tag_bytes: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    whole(own.len(), tag_bytes, 1..=tags::MAX_TAG_BYTES)?;
    whole(theirs.len(), tag_bytes, 1..=tags::MAX_TAG_BYTES)?;
    let places = py.detach(|| tags::matches(&own, &theirs, tag_bytes));
    packed_places(py, &places)
}

fn packed_places<'py>(py: Python<'py>, places: &[u32]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, 4 * places.len(), |packed| {
        for (bytes, place) in packed.as_chunks_mut::<4>().0.iter_mut().zip(places) {
            *bytes = place.to_le_bytes();
        }
        Ok(())
    })
}

/// Tags seen so far; see `_core.pyi`.
#[pyclass(module = "atoll._core")]
pub struct TagSet {
    set: tag_set::TagSet,
    tag_bytes: usize,
}

#[pymethods]
impl TagSet {
    #[new]
    fn new(tag_bytes: usize, key: &[u8]) -> PyResult<Self> {
        whole(0, tag_bytes, 1..=tags::MAX_TAG_BYTES)?;
        Ok(Self { set: tag_set::TagSet::new(tag_bytes, exactly(key)?), tag_bytes })
    }

    fn __len__(&self) -> usize {
        self.set.len()
    }

    fn packed<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.set.packed())
    }

    fn add(&mut self, tags: PyBackedBytes) -> PyResult<Option<usize>> {
        whole(tags.len(), self.tag_bytes, 1..=tags::MAX_TAG_BYTES)?;
        whole(2 * (self.set.packed().len() + tags.len()), self.tag_bytes, 1..=tags::MAX_TAG_BYTES)?;
        Ok(self.set.add(&tags))
    }

    fn find<'py>(&self, py: Python<'py>, tags: PyBackedBytes) -> PyResult<Bound<'py, PyBytes>> {
        whole(tags.len(), self.tag_bytes, 1..=tags::MAX_TAG_BYTES)?;
        let places = py.detach(|| self.set.find(&tags));
        packed_places(py, &places)
    }
}

#[pyfunction]
pub fn first_repeated_tag(py: Python<'_>, tags: PyBackedBytes, tag_bytes: usize) -> PyResult<Option<usize>> {
    whole(tags.len(), tag_bytes, 1..=tags::MAX_TAG_BYTES)?;
    Ok(py.detach(|| tags::first_repeat(&tags, tag_bytes)))
}

#[pyfunction]
pub fn permutation(py: Python<'_>, seed: &[u8], length: u32) -> PyResult<Vec<u32>> {
    let seed = exactly::<{ shuffle::SEED_BYTES }>(seed)?;
    Ok(py.detach(|| shuffle::permutation(&seed, length)))
}

#[pyfunction]
pub fn permutation_packed<'py>(py: Python<'py>, seed: &[u8], length: u32) -> PyResult<Bound<'py, PyBytes>> {
    let seed = exactly::<{ shuffle::SEED_BYTES }>(seed)?;
    let places = py.detach(|| shuffle::permutation(&seed, length));
    Ok(PyBytes::new(py, places.iter().flat_map(|place| place.to_le_bytes()).collect::<Vec<_>>().as_slice()))
}

pub(crate) fn exactly<const N: usize>(data: &[u8]) -> PyResult<[u8; N]> {
    data.try_into().map_err(|_| PyValueError::new_err(format!("{} bytes given, {N} needed", data.len())))
}

/// Whether `packed` bytes are whole elements of `size` bytes, a size in `sizes`, and fewer than 2^32 of them.
pub(crate) fn whole(packed: usize, size: usize, sizes: std::ops::RangeInclusive<usize>) -> PyResult<()> {
    if !sizes.contains(&size) || !packed.is_multiple_of(size) || u32::try_from(packed / size).is_err() {
        return Err(PyValueError::new_err(format!("{packed} bytes are not a packed list of elements of {size} bytes")));
    }
    Ok(())
}

/// Whether packed items are whole ones of `item_bytes`, and there is a tag to hash them under.
pub(crate) fn check_items(items: &[u8], item_bytes: usize, dst: &[u8]) -> PyResult<()> {
    if dst.is_empty() {
        return Err(empty_tag());
    }
    whole(items.len(), item_bytes, 1..=usize::MAX)
}

fn empty_tag() -> PyErr {
    PyValueError::new_err("the domain tag is empty")
}
