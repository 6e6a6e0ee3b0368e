/* divides.c - sums to averages: every divisor, every rounding; and sums of squares to their roots. */
#include "vec.h"
#include "pool.h"

/* The rule of rounding for any divisor; struct pool_rounds has its forms for powers of two and for few small integers.
 * What floor = floor(value / divisor), which leaves rest in [0, divisor), goes up by; vectors, down by. */
#define ROUND_UP(rounding, floor, rest, divisor, value)                                                       \
    ((rounding) == POOL_HALF_EVEN ? (rest) - ((divisor) - (rest)) + ((floor) & 1) > 0                         \
     : (rounding) == POOL_HALF_UP ? (rest) - ((divisor) - (rest)) >= 0                                        \
     : (rounding) == POOL_TRUNC   ? ((value) < 0) & ((rest) != 0)                                             \
                                  : (rest) & 0)

/* Integers of `type`, in three ways, alike in every bit:
 *   shift      by a power of two that the type holds, in the type itself: to the rest, for any sum;
 *   estimate   by a divisor below 2^30: a product in `real` is off by one at most, which the rest tells (64 bits are
 *              more than `real` has, so their rest is estimated as well);
 *   exact      by any other. */
#define DEFINE_DIVIDE(name, type, wide, real)                                                                 \
    INLINE void name##_shift(void *sum, int64_t count, type divisor, enum pool_rounding rounding)             \
    {                                                                                                         \
        typedef type element UNALIGNED;                                                                       \
        element *s = sum;                                                                                     \
        struct pool_rounds r;                                                                                 \
        pool_rounds_of((int64_t)divisor, rounding, sizeof(type), 0, &r);                                      \
        const int by = __builtin_ctzll((uint64_t)divisor);                                                    \
        const type half = (type)r.half, odd = (type)r.odd, below = (type)(r.truncates ? divisor - 1 : 0);     \
        for (int64_t i = 0; i < count; i++) {                                                                 \
            const type value = s[i], floor = (type)(value >> by), rest = (type)(value & (divisor - 1));       \
            const type sign = (type)(value >> (8 * sizeof(type) - 1));                                        \
            const type up = (type)(rest + half + (floor & odd) + (sign & below));                             \
            s[i] = (type)(floor + (up >> by));                                                                \
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
typedef int64_t int64_at UNALIGNED;

INLINE void wide_exact(int64_at *low, const int64_at *high, int64_t count, int64_t divisor, enum pool_rounding rounding)
{
    for (int64_t i = 0; i < count; i++) {
        const __int128 value = (__int128)high[i] * ((__int128)1 << 32) + low[i];
        const __int128 floor = value / divisor - (value % divisor < 0);
        const __int128 rest = value - floor * divisor;
        low[i] = (int64_t)(floor + (ROUND_UP(rounding, floor, rest, divisor, value)));
    }
}

/* Whether all that is met on the way is an integer which doubles hold: of sums of fewer than 2**18 elements. */
static int halves_are_small(const int64_at *low, const int64_at *high, int64_t count, int64_t divisor)
{
    int64_t any = 0;
    for (int64_t i = 0; i < count; i++) any |= low[i] | (high[i] ^ high[i] >> 63);
    return divisor < 1 << 18 && any >> 50 == 0;
}

/* The high sum to the nearest quotient, what is left of it to the low one, and that to its floor. */
INLINE void wide_estimate(int64_at *low, const int64_at *high, int64_t count, int64_t divisor,
                          enum pool_rounding rounding)
{
    typedef vec_int64 vector UNALIGNED;
    const double by = (double)divisor, inverse = 1 / by;
    int64_t i = 0;
    for (; i + LANES_OF(int64_t) <= count; i += LANES_OF(int64_t)) {
        vector *const at = (vector *)(low + i);
        const vec_float64 upper = TO_REAL_int64(*(const vector *)(high + i)), lower = TO_REAL_int64(*at);
        const vec_int64 above = NEAREST_int64(upper * inverse);
        const vec_float64 left = (upper - TO_REAL_int64(above) * by) * 0x1p32 + lower;
        const vec_int64 below = NEAREST_int64(left * inverse);
        const vec_float64 over = left - TO_REAL_int64(below) * by;
        const vec_int64 is_below = (vec_int64)(over < 0);
        const vec_int64 rest = NEAREST_int64(PICK(is_below, over + by, over)), floor = (above << 32) + below + is_below;
        *at = floor - (vec_int64)(ROUND_UP(rounding, floor, rest, divisor, upper * 0x1p32 + lower));
    }
    wide_exact(low + i, high + i, count - i, divisor, rounding);
}

INLINE void wide_rounded(void *sum, const void *other, int64_t count, int64_t divisor, enum pool_rounding rounding)
{
    if (halves_are_small(sum, other, count, divisor)) wide_estimate(sum, other, count, divisor, rounding);
    else wide_exact(sum, other, count, divisor, rounding);
}

static void divide_wide(void *sum, const void *other, int64_t count, int64_t divisor, int64_t extra,
                        enum pool_rounding rounding)
{
    (void)extra;
    switch (rounding) {
    case POOL_HALF_EVEN: wide_rounded(sum, other, count, divisor, POOL_HALF_EVEN); break;
    case POOL_HALF_UP: wide_rounded(sum, other, count, divisor, POOL_HALF_UP); break;
    case POOL_FLOOR: wide_rounded(sum, other, count, divisor, POOL_FLOOR); break;
    case POOL_TRUNC: wide_rounded(sum, other, count, divisor, POOL_TRUNC); break;
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
        const type by = (type)(double)divisor, inverse = (type)pool_inverse(divisor);     /* as pool_finish */ \
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
        typedef vec_##name vector UNALIGNED;                                                                  \
        element *s = sum;                                                                                     \
        const element *counted = other;                                                                       \
        const vec_##name none = (vec_##name){0} + (type)__builtin_nan("");                                    \
        int64_t i = 0;                                                                                        \
        for (; i + LANES_OF(type) <= count; i += LANES_OF(type)) {                                            \
            vector *const at = (vector *)(s + i);                                                             \
            const vec_##name here = *(const vector *)(counted + i);                                           \
            const vec_##name by = extra < 0 ? (vec_##name){0} + (type)(double)divisor : here + (type)extra;   \
            *at = PICK(here > 0, *at / by, none);                                                             \
        }                                                                                                     \
        for (; i < count; i++) {                                                                              \
            const type by = extra < 0 ? (type)(double)divisor : counted[i] + (type)extra;                     \
            s[i] = counted[i] > 0 ? s[i] / by : (type)__builtin_nan("");                                      \
        }                                                                                                     \
    }

DEFINE_DIVIDE_FLOAT(float32, float)
DEFINE_DIVIDE_FLOAT(float64, double)

#define DEFINE_ROOT(name, type, sqrt)                                                                         \
    static void root_##name(void *sum, const void *other, int64_t count, int64_t divisor, int64_t extra,      \
                            enum pool_rounding rounding)                                                      \
    {                                                                                                         \
        (void)other, (void)divisor, (void)extra, (void)rounding;                                              \
        typedef type element UNALIGNED;                                                                       \
        element *s = sum;                                                                                     \
        for (int64_t i = 0; i < count; i++) s[i] = sqrt(s[i]);                                                \
    }

DEFINE_ROOT(float32, float, __builtin_sqrtf)
DEFINE_ROOT(float64, double, __builtin_sqrt)

const struct pool_divide JOIN(ISA, _divides)[] = {
    {"int16", divide_int16},
    {"int32", divide_int32},
    {"int64", divide_int64},
    {"wide", divide_wide},
    {"float32", divide_float32},
    {"float64", divide_float64},
    {"float32_counted", divide_float32_counted},
    {"float64_counted", divide_float64_counted},
    {"float32_root", root_float32},
    {"float64_root", root_float64},
    {NULL, NULL},
};
