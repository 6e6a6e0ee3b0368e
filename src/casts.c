/* casts.c - finished lanes to what memory holds. */
#include "vec.h"
#include "halves.h"
#include "pool.h"

/* Plain loops: the compiler vectorises them.  dst may be src, so each element is read before it is written. */
#define DEFINE_CAST(from, to, to_type)                                                  \
    static void cast_##from##_##to(const void *src, void *dst, int64_t count)           \
    {                                                                                   \
        typedef lane_##from source UNALIGNED;                                           \
        typedef to_type target UNALIGNED;                                               \
        const source *s = src;                                                          \
        target *d = dst;                                                                \
        for (int64_t i = 0; i < count; i++) d[i] = (to_type)s[i];                       \
    }

/* Integers wrap, as NumPy's do. */
#define FROM_INTEGER(F, from)                                                           \
    F(from, int8, int8_t)                                                               \
    F(from, uint8, uint8_t)                                                             \
    F(from, uint16, uint16_t)                                                           \
    F(from, uint32, uint32_t)                                                           \
    F(from, uint64, uint64_t)                                                           \
    F(from, float64, double)

#define ALL_CASTS(F)                                                                    \
    FROM_INTEGER(F, int16)                                                              \
    F(int16, int32, int32_t)                                                            \
    F(int16, int64, int64_t)                                                            \
    FROM_INTEGER(F, int32)                                                              \
    F(int32, int16, int16_t)                                                            \
    F(int32, int64, int64_t)                                                            \
    FROM_INTEGER(F, int64)                                                              \
    F(int64, int16, int16_t)                                                            \
    F(int64, int32, int32_t)                                                            \
    F(float64, float32, float)

ALL_CASTS(DEFINE_CAST)

#define DEFINE_HALF_CASTS(name)                                                         \
    static void cast_float32_##name(const void *src, void *dst, int64_t count)          \
    {                                                                                   \
        float32_row_to_##name(src, dst, count);                                         \
    }                                                                                   \
    static void cast_##name##_float32(const void *src, void *dst, int64_t count)        \
    {                                                                                   \
        name##_row_to_float32(src, dst, count);                                         \
    }                                                                                   \
    /* By way of float32 rounded to odd, which rounds once in all. */                   \
    static void cast_float64_##name(const void *src, void *dst, int64_t count)          \
    {                                                                                   \
        for (int64_t i = 0; i < count; i++) {                                           \
            double wide;                                                                \
            memcpy(&wide, (const char *)src + i * 8, 8);                                \
            float narrow = (float)wide;                                                 \
            const double back = narrow;                                                 \
            uint32_t bits;                                                              \
            memcpy(&bits, &narrow, 4);                                                  \
            if (back != wide && wide == wide)                                           \
                bits = (bits - (uint32_t)(__builtin_fabs(back) > __builtin_fabs(wide))) | 1; \
            memcpy(&narrow, &bits, 4);                                                  \
            const packed_16bit halves = float32_to_##name(narrow - (vec_float32){0});   \
            memcpy((char *)dst + i * 2, &halves, 2);                                    \
        }                                                                               \
    }

DEFINE_HALF_CASTS(float16)
DEFINE_HALF_CASTS(bfloat16)

/* The order of halves is its own inverse. */
static void cast_order_half(const void *src, void *dst, int64_t count)
{
    typedef int16_t element UNALIGNED;
    const element *s = src;
    element *d = dst;
    for (int64_t i = 0; i < count; i++) d[i] = (int16_t)ORDER_OF_HALF(s[i]);
}

#define ENTRY(from, to, type) {#from, #to, cast_##from##_##to},
const struct pool_cast JOIN(ISA, _casts)[] = {
    ALL_CASTS(ENTRY)
    ENTRY(float32, float16, ) ENTRY(float64, float16, )
    ENTRY(float32, bfloat16, ) ENTRY(float64, bfloat16, )
    ENTRY(float16, float32, ) ENTRY(bfloat16, float32, )
    {"order", "float16", cast_order_half}, {"order", "bfloat16", cast_order_half},
    {NULL, NULL, NULL},
};
