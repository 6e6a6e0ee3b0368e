/* powers.c - what Lp pooling does before and after its sums: |x|**p of a row, and the p-th root. */
#include <math.h>

#include "vec.h"
#include "halves.h"
#include "pool.h"

#define ABS_float32(x) __builtin_fabsf(x)
#define ABS_float64(x) __builtin_fabs(x)
#define POW_float32(x, p) powf((x), (float)(p))
#define POW_float64(x, p) pow((x), (p))
#define SQRT_float32(x) __builtin_sqrtf(x)
#define SQRT_float64(x) __builtin_sqrt(x)

/* dst[i] = |src[i]|**p.  Plain loops: the compiler vectorises the first two. */
#define DEFINE_RAISE(name, type, lane)                                                                            \
    static void raise_##name(const void *src, void *dst, int64_t count, double p)                                 \
    {                                                                                                             \
        typedef type source UNALIGNED;                                                                            \
        typedef lane_##lane target UNALIGNED;                                                                     \
        const source *s = src;                                                                                    \
        target *d = dst;                                                                                          \
        if (p == 1 || isinf(p))                                                                                   \
            for (int64_t i = 0; i < count; i++) d[i] = ABS_##lane((lane_##lane)s[i]);                             \
        else if (p == 2)                                                                                          \
            for (int64_t i = 0; i < count; i++) d[i] = (lane_##lane)s[i] * (lane_##lane)s[i];                     \
        else                                                                                                      \
            for (int64_t i = 0; i < count; i++) d[i] = POW_##lane(ABS_##lane((lane_##lane)s[i]), p);              \
    }

#define ALL_RAISED(F)                                                                                             \
    F(bool, uint8_t, float64) F(int8, int8_t, float64) F(uint8, uint8_t, float64) F(int16, int16_t, float64)      \
    F(uint16, uint16_t, float64) F(int32, int32_t, float64) F(uint32, uint32_t, float64)                          \
    F(int64, int64_t, float64) F(uint64, uint64_t, float64) F(float32, float, float32)                            \
    F(float64, double, float64)

ALL_RAISED(DEFINE_RAISE)

#define DEFINE_RAISE_HALF(name)                                                                                   \
    static void raise_##name(const void *src, void *dst, int64_t count, double p)                                 \
    {                                                                                                             \
        name##_row_to_float32(src, dst, count);                                                                   \
        raise_float32(dst, dst, count, p);                                                                        \
    }

DEFINE_RAISE_HALF(float16)
DEFINE_RAISE_HALF(bfloat16)

#define DEFINE_ROOT(lane)                                                                                         \
    static void root_##lane(void *sums, int64_t count, double p)                                                  \
    {                                                                                                             \
        typedef lane_##lane target UNALIGNED;                                                                     \
        target *d = sums;                                                                                         \
        if (p == 1 || isinf(p)) return;                                                                           \
        if (p == 2)                                                                                               \
            for (int64_t i = 0; i < count; i++) d[i] = SQRT_##lane(d[i]);                                         \
        else                                                                                                      \
            for (int64_t i = 0; i < count; i++) d[i] = POW_##lane(d[i], 1 / p);                                   \
    }

DEFINE_ROOT(float32)
DEFINE_ROOT(float64)

#define ENTRY(name, type, lane) {#name, #lane, raise_##name, root_##lane},
const struct pool_power JOIN(ISA, _powers)[] = {
    ALL_RAISED(ENTRY) ENTRY(float16, , float32) ENTRY(bfloat16, , float32)
    {NULL, NULL, NULL, NULL},
};
