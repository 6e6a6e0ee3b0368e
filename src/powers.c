/* powers.c - what Lp pooling does before and after its sums: |x|**p of a row, and the p-th root. */
#include <math.h>
#include <string.h>

#include "vec.h"
#include "halves.h"
#include "pool.h"

#define ABS_float32(x) __builtin_fabsf(x)
#define ABS_float64(x) __builtin_fabs(x)
#define ROOT2_float32(x) __builtin_sqrtf(x)
#define ROOT2_float64(x) __builtin_sqrt(x)

/* Where a condition holds, yes, else no; not by a branch, or loops would not be vectors. */
#define DEFINE_CHOICE(type, bits)                                                   \
    INLINE type choose_##type(int condition, type yes, type no)                     \
    {                                                                               \
        int##bits##_t a, b;                                                         \
        memcpy(&a, &yes, sizeof a);                                                 \
        memcpy(&b, &no, sizeof b);                                                  \
        b ^= (a ^ b) & -(int##bits##_t)condition;                                   \
        memcpy(&no, &b, sizeof no);                                                 \
        return no;                                                                  \
    }
DEFINE_CHOICE(float, 32)
DEFINE_CHOICE(double, 64)

/* x**p of x >= 0, by logarithms in float64: within 0.502 units in the last place, the same bits in any vector. */
INLINE float power_of(float x, double p)
{
    const int is_subnormal = x < 0x1p-126f, is_ordinary = (x > 0) & (x < __builtin_inff());
    const float normal = choose_float(is_subnormal, x * 0x1p32f, x);
    int32_t bits;
    memcpy(&bits, &normal, sizeof bits);
    const int32_t half = 0x3f3504f3, above = bits - half;       /* of the root of 1/2 */
    const int32_t part = (above & 0x7fffff) + half;
    float fraction;             /* in [root of 1/2, root of 2) */
    memcpy(&fraction, &part, sizeof fraction);

    /* log2(fraction) = s * series(s**2): the polynomial that meets it at Chebyshev's points, within 5e-12 of it. */
    const double s = ((double)fraction - 1) / ((double)fraction + 1), q = s * s;
    const double series = 0x1.71547652bed21p+1 + q * (0x1.ec709d13ae362p-1 + q * (0x1.27777f54b0e99p-1 +
                                q * (0x1.a58dc78dd126ep-2 + q * 0x1.5ce42aa8eb743p-2)));
    const double power = p * ((above >> 23) - 32 * is_subnormal + s * series);
    const double bounded = choose_double(power < -1000, -1000, power);
    const double within = choose_double(power > 1000, 1000, bounded);

    /* 2**f likewise, f in [-1/2, 1/2], within 6e-11; the nearest integer stands in the low bits of a sum. */
    const double shifter = 0x1.8p52, sum = within + shifter, f = within - (sum - shifter);
    const double low = 0x1.ffffffffa7135p-1 + f * (0x1.62e42fef9cc69p-1 + f * (0x1.ebfbe0aa03df0p-3 +
                       f * 0x1.c6b08da70cce2p-5));
    const double high = 0x1.3b29d8bb0b982p-7 + f * (0x1.5d8775983520bp-10 + f * (0x1.446c79efd4631p-13 +
                        f * 0x1.00c0e4e147f14p-16));
    const double square = f * f;
    uint64_t exponent;
    memcpy(&exponent, &sum, sizeof exponent);
    exponent = (exponent + 1023) << 52;
    double two;
    memcpy(&two, &exponent, sizeof two);
    return choose_float(is_ordinary, (float)((low + square * square * high) * two), x);
}

/* The high 26 bits of each: products of two such are exact. */
INLINE vec_float64 high_of(vec_float64 x) { return (vec_float64)((vec_uint64)x & ~(uint64_t)0 << 27); }

/* The same of float64, whose logarithms are sums of two: within 1.3 units in the last place, for p to 30.  NaN where x
 * is neither zero nor a normal number, or what is made of it may not be one. */
INLINE vec_float64 wide_powers_of(vec_float64 x, double p)
{
    const uint64_t half = 0x3fe6a09e667f3bcd, two_52 = 0x4330000000000000;
    const vec_uint64 above = (vec_uint64)x - half;
    const vec_float64 fraction = (vec_float64)((above & 0xfffffffffffff) + half);       /* as above */
    const vec_float64 exponent = (vec_float64)(((above + ((uint64_t)1023 << 52)) >> 52) | two_52) - (0x1p52 + 1023);

    /* s + rest = (fraction - 1) / (fraction + 1); below is what that sum lacks. */
    const vec_float64 z = fraction - 1, sum = fraction + 1, back = sum - fraction;
    const vec_float64 below = (fraction - (sum - back)) + (1 - back);
    const vec_float64 inverse = 1 / sum, s = high_of(z * inverse), sum_high = high_of(sum);
    const vec_float64 rest = ((z - s * sum_high) - s * ((sum - sum_high) + below)) * inverse;

    /* log2(fraction) = 2/ln 2 * s + s**3 * a polynomial of s**2, within 6e-17. */
    const vec_float64 whole = s + rest, q = whole * whole;
    const vec_float64 series = 0x1.ec709dc3a03fdp-1 + q * (0x1.2776c50ef9c70p-1 + q * (0x1.a61762a7865ebp-2 +
                               q * (0x1.484b1401b3c0ap-2 + q * (0x1.0c9a6ecac5394p-2 + q * (0x1.c69b9e5e4e0d0p-3 +
                               q * (0x1.880b79cb3d777p-3 + q * 0x1.82a8ddc11bba3p-3))))));
    const double first_high = 0x1.715476p+1, first_low = 0x1.4ae0bf85ep-25;
    const vec_float64 first = first_high * s;
    const vec_float64 others = first_high * rest + first_low * whole + whole * (q * series);
    const vec_float64 upper = exponent + first, lower = (first - (upper - exponent)) + others;
    const vec_float64 log = upper + lower, log_low = lower - (log - upper);

    const vec_float64 ps = (vec_float64){0} + p, p_high = high_of(ps), log_high = high_of(log);
    const vec_float64 power = p_high * log_high;
    const vec_float64 power_low = p_high * (log - log_high) + (ps - p_high) * log + ps * log_low;

    /* 2**f likewise, f in [-1/2, 1/2]. */
    const vec_float64 nearest = power + 0x1.8p52, f = (power - (nearest - 0x1.8p52)) + power_low;
    const vec_float64 slope = 0x1.62e42fefa39efp-1 + f * (0x1.ebfbdff82c598p-3 + f * (0x1.c6b08d704a0c2p-5 +
                              f * (0x1.3b2ab6fba1dd7p-7 + f * (0x1.5d87fe78a51c4p-10 + f * (0x1.4309130970a53p-13 +
                              f * (0x1.ffcbfc67517a4p-17 + f * (0x1.62bfd4751041cp-20 + f * (0x1.b524fa4396958p-24 +
                              f * (0x1.e6064402981e0p-28 + f * 0x1.e9d50b16bc5cep-32)))))))));
    const vec_float64 scale = (vec_float64)(((vec_uint64)nearest + 1023) << 52), made = (1 + f * slope) * scale;
    const vec_float64 of_others = PICK(x == 0, x, (vec_float64){0} + __builtin_nan(""));
    return PICK((x >= 0x1p-1022) & (x < __builtin_inf()) & (power > -1021) & (power < 1021), made, of_others);
}

/* x[i] = |x[i]|**p.  Whole blocks, which are vectors: what is left of a row takes no longer. */
static void powers_float32(float *x, int64_t count, double p)
{
    enum { BLOCK = 16 };
    for (int64_t i = 0; i < count; i += BLOCK) {
        float block[BLOCK] = {0};
        const size_t bytes = (size_t)(count - i < BLOCK ? count - i : BLOCK) * sizeof(float);
        if (bytes == sizeof block) memcpy(block, x + i, sizeof block);
        else memcpy(block, x + i, bytes);
        for (int k = 0; k < BLOCK; k++) block[k] = power_of(__builtin_fabsf(block[k]), p);
        if (bytes == sizeof block) memcpy(x + i, block, sizeof block);
        else memcpy(x + i, block, bytes);
    }
}

static void powers_float64(double *x, int64_t count, double p)
{
    enum { BLOCK = LANES_OF(double) };
    for (int64_t i = 0; i < count; i += BLOCK) {
        vec_float64 block = {0};
        const size_t bytes = (size_t)(count - i < BLOCK ? count - i : BLOCK) * sizeof(double);
        if (bytes == sizeof block) memcpy(&block, x + i, sizeof block);
        else memcpy(&block, x + i, bytes);
        block = (vec_float64)((vec_uint64)block & ~(uint64_t)0 >> 1);
        vec_float64 made = wide_powers_of(block, p);
        if (__builtin_expect(ANY_NAN_float64(made), 0))
            for (int k = 0; k < BLOCK; k++)
                if (made[k] != made[k]) made[k] = pow(block[k], p);
        if (bytes == sizeof block) memcpy(x + i, &made, sizeof made);
        else memcpy(x + i, &made, bytes);
    }
}

/* dst[i] = |src[i]|**p; src[i] where p is 0.  Plain loops, which the compiler vectorises. */
#define DEFINE_RAISE(name, type, lane)                                                                            \
    static void raise_##name(const void *src, void *dst, int64_t count, double p)                                 \
    {                                                                                                             \
        typedef type source UNALIGNED;                                                                            \
        typedef lane_##lane target UNALIGNED;                                                                     \
        const source *s = src;                                                                                    \
        target *d = dst;                                                                                          \
        if (p == 0)                                                                                               \
            for (int64_t i = 0; i < count; i++) d[i] = (lane_##lane)s[i];                                         \
        else if (p == 1 || isinf(p))                                                                              \
            for (int64_t i = 0; i < count; i++) d[i] = ABS_##lane((lane_##lane)s[i]);                             \
        else if (p == 2)                                                                                          \
            for (int64_t i = 0; i < count; i++) d[i] = (lane_##lane)s[i] * (lane_##lane)s[i];                     \
        else if (p == 3)                                                                                          \
            for (int64_t i = 0; i < count; i++) {                                                                 \
                const lane_##lane x = ABS_##lane((lane_##lane)s[i]);                                              \
                d[i] = x * x * x;                                                                                 \
            }                                                                                                     \
        else if (p == 4)                                                                                          \
            for (int64_t i = 0; i < count; i++) {                                                                 \
                const lane_##lane square = (lane_##lane)s[i] * (lane_##lane)s[i];                                 \
                d[i] = square * square;                                                                           \
            }                                                                                                     \
        else {                                                                                                    \
            for (int64_t i = 0; i < count; i++) d[i] = (lane_##lane)s[i];                                         \
            powers_##lane(dst, count, p);                                                                         \
        }                                                                                                         \
    }

#define ALL_RAISED(F)                                                                                             \
    F(int8, int8_t, float64) F(uint8, uint8_t, float64) F(int16, int16_t, float64) F(uint16, uint16_t, float64)   \
    F(int32, int32_t, float64) F(uint32, uint32_t, float64) F(int64, int64_t, float64)                            \
    F(uint64, uint64_t, float64) F(float32, float, float32) F(float64, double, float64)

ALL_RAISED(DEFINE_RAISE)

/* Any power of 0 and 1 is that; any byte but 0 is true. */
static void raise_bool(const void *src, void *dst, int64_t count, double p)
{
    (void)p;
    typedef lane_float64 target UNALIGNED;
    const uint8_t *s = src;
    target *d = dst;
    for (int64_t i = 0; i < count; i++) d[i] = s[i] != 0;
}

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
        if (p == 2)                                                                                               \
            for (int64_t i = 0; i < count; i++) d[i] = ROOT2_##lane(d[i]);                                        \
        else if (p == 4)                                                                                          \
            for (int64_t i = 0; i < count; i++) d[i] = ROOT2_##lane(ROOT2_##lane(d[i]));                          \
        else powers_##lane(sums, count, p > 1e-300 ? 1 / p : 1e300);       /* of 1 any root is 1 */               \
    }

DEFINE_ROOT(float32)
DEFINE_ROOT(float64)

#define ENTRY(name, type, lane) {#name, raise_##name, root_##lane},
const struct pool_power JOIN(ISA, _powers)[] = {
    ENTRY(bool, , float64) ALL_RAISED(ENTRY) ENTRY(float16, , float32) ENTRY(bfloat16, , float32)
    {NULL, NULL, NULL},
};
