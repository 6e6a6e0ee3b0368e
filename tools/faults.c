/* faults.c - a malloc, to be preloaded, of which the k-th call from now on fails.  For glibc.
 *
 *     gcc -shared -fPIC -O1 -o faults.so tools/faults.c
 *     LD_PRELOAD=./faults.so PYTHONMALLOC=malloc python ...
 *
 * So every allocation of a call can fail in turn: Python's objects, NumPy's arrays, the core's scratch.  The OpenMP
 * runtime is spared, since it answers with exit(). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static _Thread_local __attribute__((tls_model("initial-exec"))) long left;    /* allocations of this thread until one
                                                                               * fails; 0: none does */
static atomic_long live;

/* The k-th allocation of this thread from now on fails, and no other. */
void faults_arm(long k)
{
    left = k;
}

/* No allocation fails any more; whether one did. */
int faults_disarm(void)
{
    const int failed = left == 0;
    left = 0;
    return failed;
}

/* Allocations that are not freed. */
long faults_live(void)
{
    return atomic_load(&live);
}

static int fails(const void *caller)
{
    Dl_info from;
    if (left == 0) return 0;
    if (dladdr(caller, &from) && from.dli_fname && strstr(from.dli_fname, "libgomp")) return 0;
    if (--left > 0) return 0;
    errno = ENOMEM;
    return 1;
}

static void *counted(void *p)
{
    if (p) atomic_fetch_add(&live, 1);
    return p;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_calloc(n, size));
}

/* Refuses, as some systems do, a size that is no multiple of the alignment. */
void *aligned_alloc(size_t alignment, size_t size)
{
    if (size % alignment) {
        errno = EINVAL;
        return NULL;
    }
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_memalign(alignment, size));
}

void *memalign(size_t alignment, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    if (fails(__builtin_return_address(0))) return ENOMEM;
    *p = counted(__libc_memalign(alignment, size));
    return *p ? 0 : ENOMEM;
}

void *realloc(void *p, size_t size)
{
    if (size > 0 && fails(__builtin_return_address(0))) return NULL;
    void *const moved = __libc_realloc(p, size);
    if (!p) return counted(moved);
    if (size == 0) atomic_fetch_sub(&live, 1);
    return moved;
}

void free(void *p)
{
    if (p) atomic_fetch_sub(&live, 1);
    __libc_free(p);
}
