/* dispatch.c - which instruction sets run here, and whose kernels a call takes.  The only file that asks the CPU
 * anything. */
#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "pool.h"

#define POOL_ISA(name) extern const struct pool_isa pool_isa_##name;
#include "isas_built.h"
#undef POOL_ISA

const struct pool_isa *pool_isa(int i)
{
    static const struct pool_isa *const isas[] = {
#define POOL_ISA(name) &pool_isa_##name,
#include "isas_built.h"
#undef POOL_ISA
        NULL,
    };
    return isas[i];
}

#ifdef __x86_64__
/* Clang 14 does not know it by name.  Whether the system keeps its registers is AVX2's answer. */
static int has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

static int cpu_has(const char *feature, size_t length)
{
#ifdef __x86_64__
#define ASKED(name) {#name, __builtin_cpu_supports(#name) != 0}
    const struct {
        const char *name;
        int is_there;
    } features[] = {{"f16c", has_f16c()}, ASKED(avx2), ASKED(fma), ASKED(bmi2), ASKED(avx512f), ASKED(avx512bw),
                    ASKED(avx512dq), ASKED(avx512vl)};
#undef ASKED
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (strlen(features[i].name) == length && !memcmp(features[i].name, feature, length))
            return features[i].is_there;
#else
    (void)feature, (void)length;
#endif
    return 0;
}

int pool_isa_runs_here(const struct pool_isa *isa)
{
    for (const char *feature = isa->needs; *feature;) {
        const size_t length = strcspn(feature, " ");
        if (!cpu_has(feature, length)) return 0;
        feature += length;
        feature += strspn(feature, " ");
    }
    return 1;
}

const struct pool_kernel *pool_find_kernel(const struct pool_isa *isa, const char *reduction, const char *dtype,
                                           const char *lane)
{
    for (const struct pool_kernel *const *k = isa->kernels; *k; k++)
        if (!strcmp((*k)->reduction, reduction) && !strcmp((*k)->dtype, dtype) && !strcmp((*k)->lane, lane)) return *k;
    return NULL;
}

/* The same kernel of another instruction set. */
static const struct pool_kernel *same_of(const struct pool_isa *isa, const struct pool_kernel *k)
{
    return pool_find_kernel(isa, k->reduction, k->dtype, k->lane);
}

/* Whether vectors of those kernels are better than the longer ones of g, of which a pixel fills none.  Of a long row
 * the longer do much at once: that is better for halves and long integers, which SSE2 has few instructions for, and
 * where a pixel is not even a short one.  Where places are wanted they do so at stride 1 (712 calls took 1.12 of the
 * better of two before that was asked, so 1.02). */
static int is_better(const struct pool_geometry *g, const struct pool_kernel *k)
{
    const int64_t inner = g->inner.size;
    const int steps = g->along.stride > 1, uneven = inner % k->lanes != 0, fills = k->lanes <= inner;
    const int is_long = g->lane_bytes > 1 && g->along.size * inner >= 8 * g->kernel->lanes;
    const int of_sse2 = k->lanes * g->lane_bytes == 16;
    if (g->index_bytes) return steps && (fills || !is_long);
    if (!fills) return steps && !is_long && g->elem_bytes == g->lane_bytes;
    if (strstr(k->dtype, "float16")) return of_sse2 ? !is_long && !uneven : !is_long || !uneven || g->lane_bytes > 2;
    if (strstr(k->dtype, "int64")) return !of_sse2 || (steps && !is_long);
    return 1;
}

/* Whether vectors of those kernels hold a row of single elements, of which the longer ones of g are half empty and lie
 * across two lines (times the floor, two threads: int8 of 28x28, 2x2/2 1.5 -> 1.0, 3x3/1 2.15 -> 1.4; float32 of 7x7,
 * 3x3/1 2.95 -> 1.46, but 2x2/2 2.0 -> 2.3).  Of SSE2 they gain nothing. */
static int holds_row(const struct pool_geometry *g, const struct pool_kernel *k)
{
    const struct pool_axis *y = &g->lead[0], *x = &g->along;
    if (g->lead_axes != 1 || g->index_bytes || g->elem_bytes != g->lane_bytes || x->size > k->lanes ||
        k->lanes * g->lane_bytes < 32)
        return 0;
    if (y->window == 2 && x->window == 2) return y->stride == 2 && x->stride == 2 && g->lane_bytes <= 2;
    return g->kernel->narrows && g->kernel->narrows(y, x) == 1;
}

/* The widest whose vectors a pixel fills, or the narrowest; those next in width that hold a row.  ns an element of
 * 56x56, AVX-512, so: uint8, 2x2/2, 32 channels 0.47, 0.015; 4 channels 0.88, 0.14; float32, 3x3/2, 8 channels 0.17,
 * 0.09. */
void pool_fit_kernels(struct pool_geometry *g, int isa, uint64_t offered)
{
    const int64_t inner = g->inner.size;
    if (inner >= g->kernel->lanes || g->along.window > POOL_FOUND) return;
    const struct pool_kernel *kernel = NULL, *beside = NULL, *plain = NULL;
    for (int i = isa + 1; pool_isa(i) && !(kernel && (inner == 1 || kernel->lanes <= inner)); i++) {
        const struct pool_kernel *const here = offered >> i & 1 ? same_of(pool_isa(i), g->kernel) : NULL;
        if (!here) continue;
        kernel = here;
        beside = g->beside ? same_of(pool_isa(i), g->beside) : NULL;
        plain = g->plain ? same_of(pool_isa(i), g->plain) : NULL;
    }
    if (!kernel || !(inner == 1 ? holds_row(g, kernel) : is_better(g, kernel))) return;
    g->kernel = kernel;
    g->beside = beside;
    g->plain = plain;
}

const struct pool_cast *pool_find_cast(const struct pool_isa *isa, const char *from, const char *to)
{
    for (const struct pool_cast *c = isa->casts; c->from; c++)
        if (!strcmp(c->from, from) && !strcmp(c->to, to)) return c;
    return NULL;
}

const struct pool_divide *pool_find_divide(const struct pool_isa *isa, const char *name)
{
    for (const struct pool_divide *d = isa->divides; d->name; d++)
        if (!strcmp(d->name, name)) return d;
    return NULL;
}

const struct pool_power *pool_find_power(const struct pool_isa *isa, const char *dtype)
{
    for (const struct pool_power *p = isa->powers; p->dtype; p++)
        if (!strcmp(p->dtype, dtype)) return p;
    return NULL;
}

const struct pool_gradient *pool_find_gradient(const struct pool_isa *isa, const char *lane)
{
    for (const struct pool_gradient *g = isa->gradients; g->lane; g++)
        if (!strcmp(g->lane, lane)) return g;
    return NULL;
}
