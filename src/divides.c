/* divides.c - sums to averages: every divisor, every rounding. */
#include "vec.h"
#include "pool.h"

/* The rule of rounding for any divisor; pool_shift is its form for powers of two.  What floor = floor(value / divisor),
 * which leaves rest in [0, divisor), goes up by. */
#define ROUND_UP(rounding, floor, rest, divisor, value)                                                       \
    ((rounding) == POOL_HALF_EVEN ? (rest) - ((divisor) - (rest)) + ((floor) & 1) > 0                         \
     : (rounding) == POOL_HALF_UP ? (rest) - ((divisor) - (rest)) >= 0                                        \
     : (rounding) == POOL_TRUNC   ? ((value) < 0) & ((rest) != 0)                                             \
                                  : 0)

/* Integers of `type`, in three ways, alike in every bit:
 *   shift      by a power of two that the type holds, in the type itself;
 *   estimate   by a divisor below 2^30: a product in `real` is off by one at most, which the rest tells (64 bits are
 *              more than `real` has, so their rest is estimated as well);
 *   exact      by any other. */
#define DEFINE_DIVIDE(name, type, wide, real)                                                                 \
    INLINE void name##_shift(void *sum, int64_t count, type divisor, enum pool_rounding rounding)             \
    {                                                                                                         \
        typedef type element UNALIGNED;                                                                       \
        element *s = sum;                                                                                     \
        const struct pool_shift shift = pool_shift_of(divisor, rounding);                                     \
        const type bias = (type)shift.bias, odd = (type)shift.odd, below = (type)shift.below;                 \
        for (int64_t i = 0; i < count; i++) {                                                                 \
            const type value = s[i], floor = (type)(value >> shift.by), rest = (type)(value & (divisor - 1)); \
            const type sign = (type)(value >> (8 * sizeof(type) - 1));                                        \
            const type up = (type)(rest + bias + (floor & odd) + (sign & below));                             \
            s[i] = (type)(floor + (up >> shift.by));                                                          \
        }                                                                                                     \
    }                                                                                                         \
    INLINE void name##_estimate(void *sum, int64_t count, wide divisor, enum pool_rounding rounding)          \
    {                                                                                                         \
        typedef type element UNALIGNED;                                                                       \
        element *s = sum;                                                                                     \
        const real inverse = (real)1 / (real)divisor;                                                         \
        for (int64_t i = 0; i < count; i++) {                                                                 \
            const wide value = (wide)s[i];                                                                    \
            wide floor = (wide)((real)value * inverse), rest = value - floor * divisor;                       \
            if (sizeof(wide) == 8) {                                                                          \
                const wide more = (wide)((real)rest * inverse);                                               \
                floor += more;                                                                                \
                rest -= more * divisor;                                                                       \
            }                                                                                                 \
            floor -= rest < 0;                                                                                \
            rest += rest < 0 ? divisor : 0;                                                                   \
            floor += rest >= divisor;                                                                         \
            rest -= rest >= divisor ? divisor : 0;                                                            \
            s[i] = (type)(floor + (ROUND_UP(rounding, floor, rest, divisor, value)));                         \
        }                                                                                                     \
    }                                                                                                         \
    INLINE void name##_exact(void *sum, int64_t count, int64_t divisor, enum pool_rounding rounding)          \
    {                                                                                                         \
        typedef type element UNALIGNED;                                                                       \
        element *s = sum;                                                                                     \
        for (int64_t i = 0; i < count; i++) {                                                                 \
            const int64_t value = s[i], floor = value / divisor - (value % divisor < 0);                      \
            const int64_t rest = value - floor * divisor;                                                     \
            s[i] = (type)(floor + (ROUND_UP(rounding, floor, rest, divisor, value)));                         \
        }                                                                                                     \
    }                                                                                                         \
    INLINE void name##_rounded(void *sum, int64_t count, int64_t divisor, enum pool_rounding rounding)        \
    {                                                                                                         \
        if ((divisor & (divisor - 1)) == 0 && divisor <= (int64_t)1 << (8 * sizeof(type) - 2))                \
            name##_shift(sum, count, (type)divisor, rounding);                                                \
        else if (divisor < 1 << 30)                                                                           \
            name##_estimate(sum, count, (wide)divisor, rounding);                                             \
        else                                                                                                  \
            name##_exact(sum, count, divisor, rounding);                                                      \
    }                                                                                                         \
    static void divide_##name(void *sum, const void *other, int64_t count, int64_t divisor, int64_t extra,    \
                              enum pool_rounding rounding)                                                    \
    {                                                                                                         \
        (void)other, (void)extra;                                                                             \
        switch (rounding) {                                                                                   \
        case POOL_HALF_EVEN: name##_rounded(sum, count, divisor, POOL_HALF_EVEN); break;                      \
        case POOL_HALF_UP: name##_rounded(sum, count, divisor, POOL_HALF_UP); break;                          \
        case POOL_FLOOR: name##_rounded(sum, count, divisor, POOL_FLOOR); break;                              \
        case POOL_TRUNC: name##_rounded(sum, count, divisor, POOL_TRUNC); break;                              \
        }                                                                                                     \
    }

DEFINE_DIVIDE(int16, int16_t, int32_t, float)
DEFINE_DIVIDE(int32, int32_t, int32_t, double)
DEFINE_DIVIDE(int64, int64_t, int64_t, double)

/* 64-bit elements in two sums: other = their high halves, sum = their low ones and, in the end, the average. */
static void divide_wide(void *sum, const void *other, int64_t count, int64_t divisor, int64_t extra,
                        enum pool_rounding rounding)
{
    (void)extra;
    typedef int64_t element UNALIGNED;
    element *low = sum;
    const element *high = other;
    for (int64_t i = 0; i < count; i++) {
        const __int128 value = (__int128)high[i] * ((__int128)1 << 32) + low[i];
        const __int128 floor = value / divisor - (value % divisor < 0);
        const __int128 rest = value - floor * divisor;
        low[i] = (int64_t)(floor + (ROUND_UP(rounding, floor, rest, divisor, value)));
    }
}

/* Floats.  A product with the inverse of a power of two is the quotient, to the bit. */
#define DEFINE_DIVIDE_FLOAT(name, type)                                                                       \
    static void divide_##name(void *sum, const void *other, int64_t count, int64_t divisor, int64_t extra,    \
                              enum pool_rounding rounding)                                                    \
    {                                                                                                         \
        (void)other, (void)extra, (void)rounding;                                                             \
        typedef type element UNALIGNED;                                                                       \
        element *s = sum;                                                                                     \
        const type by = (type)divisor, inverse = (type)pool_inverse(divisor);                                 \
        if ((divisor & (divisor - 1)) == 0) {                                                                 \
            for (int64_t i = 0; i < count; i++) s[i] *= 1 / by;                                               \
            return;                                                                                           \
        }                                                                                                     \
        typedef vec_##name vector UNALIGNED;                                                                  \
        const vec_##name bys = (vec_##name){0} + by, inverses = (vec_##name){0} + inverse;                    \
        int64_t i = 0;                                                                                        \
        for (; i + LANES_OF(type) <= count; i += LANES_OF(type)) {                                            \
            vector *const at = (vector *)(s + i);                                                             \
            *at = QUOTIENT_##name(*at, bys, inverses);                                                        \
        }                                                                                                     \
        for (; i < count; i++) s[i] /= by;                                                                    \
    }                                                                                                         \
    /* other = how many elements were counted; NaN where none was.  extra < 0: the divisor stands. */         \
    static void divide_##name##_counted(void *sum, const void *other, int64_t count, int64_t divisor,         \
                                        int64_t extra, enum pool_rounding rounding)                           \
    {                                                                                                         \
        (void)rounding;                                                                                       \
        typedef type element UNALIGNED;                                                                       \
        element *s = sum;                                                                                     \
        const element *counted = other;                                                                       \
        for (int64_t i = 0; i < count; i++) {                                                                 \
            const type by = extra < 0 ? (type)divisor : counted[i] + (type)extra;                             \
            s[i] = counted[i] > 0 ? s[i] / by : (type)__builtin_nan("");                                      \
        }                                                                                                     \
    }

DEFINE_DIVIDE_FLOAT(float32, float)
DEFINE_DIVIDE_FLOAT(float64, double)

const struct pool_divide JOIN(ISA, _divides)[] = {
    {"int16", divide_int16},
    {"int32", divide_int32},
    {"int64", divide_int64},
    {"wide", divide_wide},
    {"float32", divide_float32},
    {"float64", divide_float64},
    {"float32_counted", divide_float32_counted},
    {"float64_counted", divide_float64_counted},
    {NULL, NULL},
};
