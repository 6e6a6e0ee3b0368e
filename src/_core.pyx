# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, subinterpreters_compatible=no
"""The only door to the compiled core: pointers in, one status out."""
cimport cython
cimport numpy as cnp
from cpython.bool cimport PyBool_Check
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.long cimport PyLong_CheckExact
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.object cimport Py_TPFLAGS_HEAPTYPE, PyObject, PyObject_IsSubclass, PyTypeObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.tuple cimport PyTuple_CheckExact
from cpython.type cimport PyType_Check
from cpython.unicode cimport PyUnicode_CheckExact
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from threading import get_ident, main_thread

from numpy import generic

cnp.import_array()

cdef extern from "numpy/arrayobject.h":
    object PyArray_Empty(int nd, cnp.npy_intp *dims, cnp.dtype dtype, int fortran)     # takes a reference to dtype

cdef extern from *:
    """
    /* A reference of its own, for where no lock keeps another thread from forgetting the item. */
    static int dict_get(PyObject *dict, PyObject *key, PyObject **found)
    {
    #if PY_VERSION_HEX >= 0x030D0000
        return PyDict_GetItemRef(dict, key, found);
    #else
        *found = PyDict_GetItemWithError(dict, key);
        Py_XINCREF(*found);
        return *found ? 1 : PyErr_Occurred() ? -1 : 0;
    #endif
    }
    """
    int dict_get(dict kept, object key, PyObject **found) except -1

cdef extern from *:
    """
    static _Thread_local int workers_of_thread;
    /* What threads share, for where no lock keeps them apart. */
    static _Atomic int default_workers, in_force = -1;
    static _Atomic long long default_until;
    """
    int workers_of_thread, default_workers, in_force
    int64_t default_until

cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept       # -1 leaves the exception set
    # Cython's own takes an object, which GCC 14 refuses to pass for a type.
    bint PyType_HasFeature(PyTypeObject *type, unsigned long feature) noexcept

ctypedef int (*ask_signals)() noexcept nogil

cdef extern from "pool.h":
    struct pool_kernel:
        int lanes
    struct pool_cast:
        pass
    struct pool_divide:
        pass
    struct pool_place:
        pass
    struct pool_power:
        pass
    struct pool_gradient:
        pass
    ctypedef void pool_copy(char *to, int64_t to_x, int64_t to_c, const char *source, int64_t from_x, int64_t from_c,
                            int64_t width, int64_t inner, int bytes, int how)
    struct pool_isa:
        const char *name
        const pool_place *places
        pool_copy *copy
    struct pool_span:
        int64_t size, in_step, out_step, place_weight
    struct pool_axis:
        int64_t size, window, stride, dilation, before, outputs, counted_first, counted_last, in_step, out_step
        int64_t place_weight, tap_weight, skipped
        bint bins
    enum pool_rounding:
        pass
    struct pool_geometry:
        int outer_axes, lead_axes
        pool_span outer[64]
        pool_axis lead[64]
        pool_axis along
        pool_span inner
        int source_bytes, elem_bytes, lane_bytes, mid_bytes, out_bytes
        bint swapped
        const pool_power *power
        const pool_power *root
        double exponent
        const pool_kernel *kernel
        const pool_kernel *beside
        const pool_kernel *plain
        const pool_cast *first_cast
        const pool_divide *divide
        const pool_cast *last_cast
        pool_rounding rounding
        int64_t divisor
        int index_bytes
        int64_t first_place
        const pool_place *places
        pool_copy *copy
        bint in_windows
        int64_t window_count
        const pool_gradient *gradient
        int64_t bytes
    struct pool_turned:
        pass
    struct pool_packed:
        pass
    struct pool_cut:
        pass
    struct pool_job:
        void *walk
        int64_t piece
        const pool_turned *turned
        const pool_geometry *far
        int narrow, flat, spaced, overlap
    enum pool_task:
        POOL_FORWARD
    enum pool_status:
        POOL_OK
        POOL_NO_MEMORY
        POOL_BAD_INDEX
        POOL_INTERRUPTED
    void pool_fit_kernels(pool_geometry *g, int isa, uint64_t offered)
    void pool_plan_forward(pool_job *job, const pool_geometry *g, pool_geometry *near)
    bint pool_plan_gather(pool_job *job, const pool_geometry *g, pool_task task)
    void pool_plan_follow(pool_job *job, const pool_geometry *g, pool_task task)
    void pool_plan_turned(pool_job *job, pool_turned *turned)
    bint pool_may_pack(const pool_job *job, const pool_geometry *g)
    void pool_plan_packed(pool_job *job, const pool_geometry *g, pool_packed *packed)
    bint pool_may_cut(const pool_job *job, const pool_geometry *g)
    void pool_plan_cut(pool_job *job, const pool_geometry *g, pool_cut *cut)
    void pool_plan_pieces(pool_job *job)
    pool_status pool_run(const pool_job *job, const void *x, void *out, void *index, int workers,
                         ask_signals interrupted, int64_t *bad_index) nogil
    int pool_thread_limit()
    int64_t pool_now()
    int64_t pool_bytes_per_thread(const pool_geometry *g)
    bint pool_has_openmp()
    const pool_isa *pool_isa_at "pool_isa"(int i)
    bint pool_isa_runs_here(const pool_isa *isa)
    const pool_kernel *pool_find_kernel(const pool_isa *isa, const char *reduction, const char *dtype, const char *lane)
    const pool_cast *pool_find_cast(const pool_isa *isa, const char *source, const char *to)
    const pool_divide *pool_find_divide(const pool_isa *isa, const char *name)
    const pool_power *pool_find_power(const pool_isa *isa, const char *dtype)
    const pool_gradient *pool_find_gradient(const pool_isa *isa, const char *lane)

# Below this many bytes a call is over before another thread could take the GIL.
cdef int64_t TINY = 16384


def has_openmp():
    """Whether the core was built with OpenMP."""
    return pool_has_openmp()


def thread_limit():
    """What other libraries (threadpoolctl, say) have limited OpenMP to in this thread; if nothing, a large number."""
    return pool_thread_limit()


def instruction_sets():
    """(name, runs here) of every instruction set in the build, best first."""
    cdef int i = 0
    found = []
    while pool_isa_at(i) != NULL:
        found.append((pool_isa_at(i).name.decode(), bool(pool_isa_runs_here(pool_isa_at(i)))))
        i += 1
    return found


cdef uint64_t offered = 0


def offer(isas):
    """Set the instruction sets, by their positions, that calls may take kernels from beside the one in use."""
    global offered
    for isa in isas:
        offered |= <uint64_t>1 << <int>isa


# ---- workers -----------------------------------------------------------------------------------------------

# More threads than this help no call; larger numbers mean this one.
MOST_WORKERS = 1024


def use_workers(int number):
    """Set the number of this thread, 0 for none; returns the one before."""
    global workers_of_thread
    before = workers_of_thread
    workers_of_thread = number
    return before


def hold_workers(int number, double seconds):
    """Set the number where a thread has none, for so many seconds."""
    global default_workers, default_until
    default_workers = number
    default_until = pool_now() + <int64_t>min(seconds * 1e9, 1e18)


cpdef int held_workers():
    """The number of this thread, or what is held where it has none; 0 where that holds no longer."""
    if workers_of_thread > 0:
        return workers_of_thread
    return default_workers if pool_now() < default_until else 0


cdef void *zeroed(size_t size) except NULL:
    cdef void *memory = PyMem_Calloc(1, size)
    if memory == NULL:
        raise MemoryError
    return memory


@cython.final
cdef class Geometry:
    """A plan over arrays of one layout: one problem of the core, and the result it makes."""

    cdef pool_geometry c, near
    cdef pool_turned turned
    cdef void *rare             # what few plans have: how planes are packed, or rows cut
    cdef pool_job job, wider    # wider: for indices outside their windows, which job may not follow
    cdef readonly object plan
    cdef tuple shape
    cdef cnp.dtype dtype, index_dtype
    cdef cnp.npy_intp dims[64]
    cdef int isa

    @property
    def narrow(self):
        """Whether planes have a way of their own as they lie: a kernel for them or groups of their rows, or turned."""
        cdef pool_job *job = &self.job
        return bool(job.narrow or job.flat or job.spaced or job.overlap) or job.turned != NULL

    @property
    def lanes(self):
        """Of the kernel's vectors, if there is one."""
        return 0 if self.c.kernel == NULL else self.c.kernel.lanes

    @property
    def in_slabs(self):
        """Whether rows are brought together in scratch, each once."""
        return self.job.far != NULL

    def __init__(self, plan, layout, int isa, int task=0):
        self.plan = plan
        self.isa = isa
        self.shape = plan.result_shape
        self.dtype = plan.dtype
        self.index_dtype = None if plan.places is None else plan.places.dtype
        cdef int i
        for i in range(len(self.shape)):
            self.dims[i] = self.shape[i]
        if layout is None:      # an empty result
            return
        cdef const pool_isa *table = pool_isa_at(isa)
        recipe = plan.recipe
        self.c.outer_axes = len(layout.outer)
        for i in range(self.c.outer_axes):
            self.c.outer[i] = span(layout.outer[i])
        self.c.lead_axes = len(layout.lead)
        for i in range(self.c.lead_axes):
            self.c.lead[i] = axis(layout.lead[i])
        self.c.along = axis(layout.along)
        self.c.inner = span(layout.inner)
        (self.c.source_bytes, self.c.elem_bytes, self.c.lane_bytes, self.c.mid_bytes,
         self.c.out_bytes) = layout.sizes
        if recipe.power is not None:
            self.c.power = power(table, recipe.power)
            self.c.exponent = recipe.exponent
        if recipe.root is not None:
            self.c.root = power(table, recipe.root)
        self.c.swapped = layout.swapped
        self.c.rounding = <pool_rounding><int>plan.rounding
        self.c.divisor = plan.divisor
        self.c.bytes = layout.total_bytes
        self.c.index_bytes = layout.index_bytes
        self.c.first_place = layout.first_place
        self.c.places = table.places
        self.c.copy = table.copy
        self.c.in_windows = layout.in_windows
        self.c.window_count = layout.window_count
        if recipe.kernel is not None:
            self.c.kernel = kernel(table, recipe.kernel)
        if recipe.beside is not None:
            self.c.beside = kernel(table, recipe.beside)
        if recipe.plain is not None:
            self.c.plain = kernel(table, recipe.plain)
        if recipe.first_cast is not None:
            self.c.first_cast = cast(table, recipe.first_cast)
        if recipe.divide is not None:
            self.c.divide = divide(table, recipe.divide)
        if recipe.last_cast is not None:
            self.c.last_cast = cast(table, recipe.last_cast)
        if task == POOL_FORWARD:
            pool_fit_kernels(&self.c, isa, offered)
            pool_plan_forward(&self.job, &self.c, &self.near)
        else:
            self.c.gradient = gradient(table, recipe.gradient)
            pool_plan_follow(&self.wider, &self.c, <pool_task>task)
            if not pool_plan_gather(&self.job, &self.c, <pool_task>task):
                self.job = self.wider
            pool_plan_pieces(&self.wider)
        pool_plan_turned(&self.job, &self.turned)
        if pool_may_pack(&self.job, &self.c):
            self.rare = zeroed(sizeof(pool_packed))
            pool_plan_packed(&self.job, &self.c, <pool_packed *>self.rare)
        elif pool_may_cut(&self.job, &self.c):
            self.rare = zeroed(sizeof(pool_cut))
            pool_plan_cut(&self.job, &self.c, <pool_cut *>self.rare)
        pool_plan_pieces(&self.job)

    def __dealloc__(self):
        PyMem_Free(self.rare)


# ---- the short way: calls like one before ------------------------------------------------------------------

cdef int MOST_KEPT = 1024       # past that all are forgotten
cdef dict kept = {}
cdef object anew = None
cdef object scalar = generic
cdef object workers_of = None


def otherwise(pool, workers):
    """Set what takes the calls that are like none before, and what reads a `workers` argument."""
    global anew, workers_of
    anew, workers_of = pool, workers


def pool(x, tuple how, out, workers):
    """The result of pooling x as `how` says; `how` is what `_call.pool` takes it for."""
    cdef Geometry geometry
    if type(x) is cnp.ndarray:
        geometry = recalled(x, how)
        if geometry is not None:
            if out is None:
                out = empty(geometry, geometry.dtype)
                run(geometry, x, out, None, workers)
                return out
            if is_plain(out, x) and out.shape == geometry.shape and out.dtype is geometry.dtype:
                run(geometry, x, out, None, workers)
                return out
    return anew(x, how, out, workers)


def located(x, tuple how, out, workers):
    """Values and indices of a call like one before, or None."""
    cdef Geometry geometry
    if type(x) is not cnp.ndarray:
        return None
    geometry = recalled(x, how)
    if geometry is None:
        return None
    if out is None:
        values, index = empty(geometry, geometry.dtype), empty(geometry, geometry.index_dtype)
        out = values, index
    else:
        if not PyTuple_CheckExact(out) or len(<tuple>out) != 2:
            return None
        values, index = out
        if not (is_plain(values, x) and is_plain(index, x) and is_plain(index, values)
                and values.shape == geometry.shape and values.dtype is geometry.dtype
                and index.shape == geometry.shape and index.dtype is geometry.index_dtype):
            return None
    run(geometry, x, values, index, workers)
    return out


def moved(tuple how, values, index, out, workers):
    """The result of a backward call like one before, or None."""
    cdef Geometry geometry
    if type(values) is not cnp.ndarray or not is_in_order(values):
        return None
    if index is not None and (type(index) is not cnp.ndarray or not is_in_order(index)):
        return None
    key = key_of_moves(how, values, index)
    cdef PyObject *found = NULL
    if key is None or dict_get(kept, key, &found) == 0:
        return None
    geometry = <object>found
    Py_DECREF(geometry)
    if out is None:
        out = empty(geometry, geometry.dtype)
    elif not (is_plain(out, values) and (index is None or is_plain(out, index))
              and out.shape == geometry.shape and out.dtype is geometry.dtype):
        return None
    try:
        run(geometry, values, out, index, workers)
    except BadIndexError:
        return None     # to be named by the way that knows more of it
    return out


def remember_moves(tuple how, cnp.ndarray values not None, cnp.ndarray index, Geometry geometry not None):
    """Keep a geometry for backward calls to come whose arrays are in C order."""
    if geometry.isa != in_force:
        return
    if len(kept) >= MOST_KEPT:
        kept.clear()
    key = key_of_moves(how, values, index)
    if key is not None:
        kept[key] = geometry


cdef tuple key_of_moves(tuple how, values, index):
    key = exact_key(how)
    if key is None:
        return None
    if index is None:
        return key, values.shape, values.dtype
    return key, values.shape, values.dtype, index.shape, index.dtype


cdef bint is_in_order(cnp.ndarray x):
    return cnp.PyArray_CHKFLAGS(x, cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED)


def recalled(cnp.ndarray x, tuple how):
    """The geometry of an earlier call, for a result in C order, or None."""
    key = key_of(x, how)
    if key is None:
        return None
    cdef PyObject *found = NULL
    if dict_get(kept, key, &found) == 0:
        return None
    geometry = <object>found
    Py_DECREF(geometry)         # the cast took a reference of its own
    return geometry


def remember(cnp.ndarray x, tuple how, Geometry geometry not None):
    """Keep a geometry for calls to come."""
    if geometry.isa != in_force:        # another thread has switched since it was made
        return
    if len(kept) >= MOST_KEPT:
        kept.clear()
    key = key_of(x, how)
    if key is not None:
        kept[key] = geometry


def forget(int isa):
    """Keep nothing of earlier calls, and from now on only what is of this instruction set."""
    global in_force
    in_force = isa
    kept.clear()


def exact_key(tuple how):
    """A key that is equal for equal arguments only, or None."""
    cdef int64_t booleans = 0       # True and 1 are one key of a dict, but not one argument
    for value in how:
        booleans <<= 1
        if PyBool_Check(value):
            booleans |= 1
        elif not is_exact(value):
            return None
    return how, booleans


cdef tuple key_of(cnp.ndarray x, tuple how):
    key = exact_key(how)
    if key is None:
        return None
    return key, layout_of(x), <object><PyObject *>cnp.PyArray_DESCR(x)


cdef bytes layout_of(cnp.ndarray x):
    """Shape and strides, in fewer objects than those."""
    cdef Py_ssize_t size = cnp.PyArray_NDIM(x) * sizeof(cnp.npy_intp)
    cdef bytes layout = PyBytes_FromStringAndSize(NULL, 2 * size)
    if size > 0:        # an array without axes has null for both
        memcpy(PyBytes_AS_STRING(layout), cnp.PyArray_DIMS(x), size)
        memcpy(PyBytes_AS_STRING(layout) + size, cnp.PyArray_STRIDES(x), size)
    return layout


cdef empty(Geometry geometry, cnp.dtype dtype):
    Py_INCREF(dtype)
    return PyArray_Empty(len(geometry.shape), geometry.dims, dtype, 0)


cdef bint is_exact(value):
    """Whether values of this type are equal only where they mean the same argument."""
    if PyTuple_CheckExact(value):       # of numbers and pairs of them: what is deeper is no argument
        for item in <tuple>value:
            if not PyLong_CheckExact(item) and not are_numbers(item):
                return False
        return True
    if PyType_Check(value):     # what another class says is its dtype may change
        return not PyType_HasFeature(<PyTypeObject *>value, Py_TPFLAGS_HEAPTYPE) or PyObject_IsSubclass(value, scalar)
    return (value is None or PyLong_CheckExact(value) or PyUnicode_CheckExact(value)
            or isinstance(value, cnp.dtype))


cdef bint are_numbers(value):
    if not PyTuple_CheckExact(value):
        return False
    for item in <tuple>value:
        if not PyLong_CheckExact(item):
            return False
    return True


# ---- the core ----------------------------------------------------------------------------------------------


def run(Geometry geometry not None, cnp.ndarray x not None, cnp.ndarray out not None, cnp.ndarray index, workers):
    """Pools x into out, and places into index if wanted, all laid out as the geometry says, with at most `workers`
    threads."""
    cdef pool_status status
    cdef int64_t bad = -1
    cdef int most = 1
    cdef ask_signals interrupted = NULL
    if workers is None:
        if geometry.c.bytes >= 2 * pool_bytes_per_thread(&geometry.c):
            most = held_workers() or workers_of(None)
    elif PyLong_CheckExact(workers) and 0 < workers <= MOST_WORKERS:
        most = workers
    else:
        # Whatever makes an integer of it may do anything meanwhile.
        before = described(x), described(out), described(index)
        most = workers_of(workers)
        if (described(x), described(out), described(index)) != before:
            raise ValueError("workers must leave the arrays as they are")
    cdef const void *source = cnp.PyArray_DATA(x)
    cdef void *target = cnp.PyArray_DATA(out)
    cdef void *places = NULL if index is None else cnp.PyArray_DATA(index)
    if geometry.job.walk == NULL:
        return
    if geometry.c.bytes < TINY:
        status = pool_run(&geometry.job, source, target, places, 1, NULL, &bad)
    else:
        if geometry.job.piece > 0 and get_ident() == main_thread().ident:
            interrupted = signalled
        with nogil:
            status = pool_run(&geometry.job, source, target, places, most, interrupted, &bad)
    if status == POOL_BAD_INDEX and geometry.job.walk != geometry.wider.walk:
        with nogil:
            status = pool_run(&geometry.wider, source, target, places, most, interrupted, &bad)
    if status == POOL_OK:
        return
    if status == POOL_INTERRUPTED:
        raise_what_is_set()
    if status == POOL_NO_MEMORY:
        raise MemoryError("no memory for the scratch rows of a pooling call")
    raise BadIndexError(bad)


cdef described(array):
    """An array, and those that it is a view of."""
    if not isinstance(array, cnp.ndarray):
        return None
    return array.shape, array.strides, array.dtype, array.ctypes.data, described(array.base)


cdef int signalled() noexcept nogil:
    """Whether a handler of a signal has raised an exception, which then is set."""
    with gil:
        return PyErr_CheckSignals()


cdef int raise_what_is_set() except -1:
    return -1


class BadIndexError(ValueError):
    """An index that points nowhere; its argument is where among the indices it stands."""


cdef bint is_plain(out, cnp.ndarray x):
    """Whether out is an ndarray that a result in C order can be written to, apart from x in C order."""
    if type(out) is not cnp.ndarray:
        return False
    cdef cnp.ndarray target = out
    cdef int fit = cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED | cnp.NPY_ARRAY_WRITEABLE
    if not cnp.PyArray_CHKFLAGS(target, fit) or not cnp.PyArray_CHKFLAGS(x, cnp.NPY_ARRAY_C_CONTIGUOUS):
        return False
    cdef char *first = cnp.PyArray_BYTES(target)
    cdef char *other = cnp.PyArray_BYTES(x)
    return first + cnp.PyArray_NBYTES(target) <= other or other + cnp.PyArray_NBYTES(x) <= first


cdef pool_span span(values):
    cdef pool_span s
    s.size, s.in_step, s.out_step, s.place_weight = values
    return s


cdef pool_axis axis(values):
    cdef pool_axis a
    (a.size, a.window, a.stride, a.dilation, a.before, a.outputs, a.counted_first, a.counted_last,
     a.in_step, a.out_step, a.place_weight, a.tap_weight, a.skipped, a.bins) = values
    return a


cdef const pool_kernel *kernel(const pool_isa *isa, names) except NULL:
    reduction, dtype, lane = (name.encode() for name in names)
    cdef const pool_kernel *found = pool_find_kernel(isa, reduction, dtype, lane)
    if found == NULL:
        raise LookupError(f"no kernel {names}")
    return found


cdef const pool_cast *cast(const pool_isa *isa, names) except NULL:
    source, to = (name.encode() for name in names)
    cdef const pool_cast *found = pool_find_cast(isa, source, to)
    if found == NULL:
        raise LookupError(f"no cast {names}")
    return found


cdef const pool_divide *divide(const pool_isa *isa, name) except NULL:
    encoded = name.encode()
    cdef const pool_divide *found = pool_find_divide(isa, encoded)
    if found == NULL:
        raise LookupError(f"no divide {name}")
    return found


cdef const pool_power *power(const pool_isa *isa, dtype) except NULL:
    encoded = dtype.encode()
    cdef const pool_power *found = pool_find_power(isa, encoded)
    if found == NULL:
        raise LookupError(f"no power of {dtype}")
    return found


cdef const pool_gradient *gradient(const pool_isa *isa, lane) except NULL:
    encoded = lane.encode()
    cdef const pool_gradient *found = pool_find_gradient(isa, encoded)
    if found == NULL:
        raise LookupError(f"no gradient in {lane}")
    return found
