# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""The only door to the compiled core: pointers in, one status out."""
cimport cython
cimport numpy as cnp
from libc.stdint cimport int64_t

cnp.import_array()

cdef extern from "pool.h":
    struct pool_kernel:
        pass
    struct pool_cast:
        pass
    struct pool_divide:
        pass
    struct pool_isa:
        const char *name
    struct pool_span:
        int64_t size, in_step, out_step
    struct pool_axis:
        int64_t size, window, stride, dilation, before, outputs, counted_first, counted_last, in_step, out_step
    enum pool_rounding:
        pass
    struct pool_geometry:
        int outer_axes, lead_axes
        pool_span outer[64]
        pool_axis lead[64]
        pool_axis along
        pool_span inner
        int elem_bytes, lane_bytes, mid_bytes, out_bytes
        bint swapped
        const pool_kernel *kernel
        const pool_kernel *beside
        const pool_cast *first_cast
        const pool_divide *divide
        const pool_cast *last_cast
        pool_rounding rounding
        int64_t divisor
        int64_t bytes
    struct pool_job:
        pass
    enum pool_status:
        POOL_OK
    void pool_plan_job(pool_job *job, const pool_geometry *g)
    pool_status pool_run(const pool_job *job, const void *x, void *out, int workers) nogil
    bint pool_has_openmp()
    const pool_isa *pool_isa_at "pool_isa"(int i)
    bint pool_isa_runs_here(const pool_isa *isa)
    const pool_kernel *pool_find_kernel(const pool_isa *isa, const char *reduction, const char *dtype, const char *lane)
    const pool_cast *pool_find_cast(const pool_isa *isa, const char *source, const char *to)
    const pool_divide *pool_find_divide(const pool_isa *isa, const char *name)

# Below this many bytes a call is over before another thread could take the GIL.
cdef int64_t TINY = 16384


def has_openmp():
    """Whether the core was built with OpenMP."""
    return pool_has_openmp()


def instruction_sets():
    """(name, runs here) of every instruction set in the build, best first."""
    cdef int i = 0
    found = []
    while pool_isa_at(i) != NULL:
        found.append((pool_isa_at(i).name.decode(), bool(pool_isa_runs_here(pool_isa_at(i)))))
        i += 1
    return found


@cython.final
cdef class Geometry:
    """One problem of the core, for arrays of one layout; made by `_plan.layout`, which decides everything."""

    cdef pool_geometry c
    cdef pool_job job

    def __init__(self, int isa, recipe, outer, lead, along, inner, sizes, bint swapped, int rounding,
                 int64_t divisor, int64_t total):
        cdef const pool_isa *table = pool_isa_at(isa)
        cdef int i
        self.c.outer_axes = len(outer)
        for i in range(self.c.outer_axes):
            self.c.outer[i] = span(outer[i])
        self.c.lead_axes = len(lead)
        for i in range(self.c.lead_axes):
            self.c.lead[i] = axis(lead[i])
        self.c.along = axis(along)
        self.c.inner = span(inner)
        self.c.elem_bytes, self.c.lane_bytes, self.c.mid_bytes, self.c.out_bytes = sizes
        self.c.swapped = swapped
        self.c.rounding = <pool_rounding>rounding
        self.c.divisor = divisor
        self.c.bytes = total
        self.c.kernel = kernel(table, recipe.kernel)
        if recipe.beside is not None:
            self.c.beside = kernel(table, recipe.beside)
        if recipe.first_cast is not None:
            self.c.first_cast = cast(table, recipe.first_cast)
        if recipe.divide is not None:
            self.c.divide = divide(table, recipe.divide)
        if recipe.last_cast is not None:
            self.c.last_cast = cast(table, recipe.last_cast)
        pool_plan_job(&self.job, &self.c)


def run(Geometry geometry not None, cnp.ndarray x not None, cnp.ndarray out not None, int workers):
    """Pools x into out, both laid out as the geometry says, with at most `workers` threads."""
    cdef const void *source = cnp.PyArray_DATA(x)
    cdef void *target = cnp.PyArray_DATA(out)
    cdef pool_status status
    if geometry.c.bytes < TINY:
        status = pool_run(&geometry.job, source, target, 1)
    else:
        with nogil:
            status = pool_run(&geometry.job, source, target, workers)
    if status != POOL_OK:
        raise MemoryError("no memory for the scratch rows of a pooling call")


def is_plain(out, cnp.ndarray x not None):
    """Whether out is an ndarray that a result in C order can be written to, apart from x in C order."""
    if type(out) is not cnp.ndarray:
        return False
    cdef cnp.ndarray target = out
    cdef int fit = cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_WRITEABLE | cnp.NPY_ARRAY_NOTSWAPPED
    if not cnp.PyArray_CHKFLAGS(target, fit) or not cnp.PyArray_CHKFLAGS(x, cnp.NPY_ARRAY_C_CONTIGUOUS):
        return False
    cdef char *first = cnp.PyArray_BYTES(target)
    cdef char *other = cnp.PyArray_BYTES(x)
    return first + cnp.PyArray_NBYTES(target) <= other or other + cnp.PyArray_NBYTES(x) <= first


cdef pool_span span(values):
    cdef pool_span s
    s.size, s.in_step, s.out_step = values
    return s


cdef pool_axis axis(values):
    cdef pool_axis a
    (a.size, a.window, a.stride, a.dilation, a.before, a.outputs, a.counted_first, a.counted_last,
     a.in_step, a.out_step) = values
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
