/* dispatch.c - which instruction sets run here.  The only file that asks the CPU anything. */
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
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

#if defined(__x86_64__) || defined(__i386__)
/* Clang 14 does not know it by name.  Whether the system keeps its registers is AVX2's answer. */
static int has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

static int cpu_has(const char *feature, size_t length)
{
    (void)feature, (void)length;
#if defined(__x86_64__) || defined(__i386__)
#define ASK(name, has) if (length == sizeof #name - 1 && memcmp(feature, #name, length) == 0) return (has) != 0;
    ASK(f16c, has_f16c())
    ASK(avx2, __builtin_cpu_supports("avx2"))
    ASK(fma, __builtin_cpu_supports("fma"))
    ASK(bmi2, __builtin_cpu_supports("bmi2"))
    ASK(avx512f, __builtin_cpu_supports("avx512f"))
    ASK(avx512bw, __builtin_cpu_supports("avx512bw"))
    ASK(avx512dq, __builtin_cpu_supports("avx512dq"))
    ASK(avx512vl, __builtin_cpu_supports("avx512vl"))
#undef ASK
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
    const struct pool_power *p = isa->powers;
    while (p->dtype && strcmp(p->dtype, dtype) != 0) p++;
    return p->dtype ? p : NULL;
}

const struct pool_gradient *pool_find_gradient(const struct pool_isa *isa, const char *lane)
{
    const struct pool_gradient *g = isa->gradients;
    while (g->lane && strcmp(g->lane, lane) != 0) g++;
    return g->lane ? g : NULL;
}
