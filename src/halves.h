/* halves.h - float16 and bfloat16 to float32 and back, a vector at a time; to nearest, ties to even. */
#ifndef HALVES_H
#define HALVES_H

/* As many 16-bit elements as there are 32-bit lanes. */
typedef uint16_t packed_16bit __attribute__((vector_size(VECTOR_BYTES / 2)));

#ifndef LOW_16_BITS
#define LOW_16_BITS(lanes) __builtin_convertvector(lanes, packed_16bit)
#endif

INLINE vec_float32 bfloat16_to_float32(packed_16bit halves)
{
    return (vec_float32)((vec_uint32)UINT16_TO_int32(halves) << 16);
}

INLINE packed_16bit float32_to_bfloat16(vec_float32 floats)
{
    const vec_uint32 bits = (vec_uint32)floats;
    const vec_uint32 rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16, quiet = (bits >> 16) | 0x40;
    return LOW_16_BITS(PICK(floats != floats, quiet, rounded));
}

#ifdef HALVES_TO_FLOAT
INLINE vec_float32 float16_to_float32(packed_16bit halves)
{
    return HALVES_TO_FLOAT(halves);
}

INLINE packed_16bit float32_to_float16(vec_float32 floats)
{
    return FLOAT_TO_HALVES(floats);
}
#else
/* Exponents move by a multiplication, which also normalises subnormals; infinities and NaN are patched in. */
INLINE vec_float32 float16_to_float32(packed_16bit halves)
{
    const vec_int32 high = (vec_int32)((vec_uint32)UINT16_TO_int32(halves) << 16);
    const vec_int32 moved = (high >> 3) & (vec_int32)((vec_uint32){0} + 0x8fffe000), magnitude = moved & 0xfffffff;
    const vec_int32 number = (vec_int32)((vec_float32)moved * 0x1p112f);
    const vec_int32 special = (magnitude > 0xf7fffff) & 0x7f800000, quiet = (magnitude > 0xf800000) & 0x400000;
    return (vec_float32)(number | special | quiet);
}

INLINE packed_16bit float32_to_float16(vec_float32 floats)
{
    const vec_uint32 bits = (vec_uint32)floats, magnitude = bits & 0x7fffffff;
    const vec_uint32 normal = (magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    const vec_uint32 subnormal = (vec_uint32)((vec_float32)magnitude + 0.5f) - 0x3f000000;
    const vec_uint32 nan = 0x7e00 | ((magnitude >> 13) & 0x3ff), infinity = (vec_uint32){0} + 0x7c00;
    vec_uint32 half = PICK((vec_int32)magnitude < 0x38800000, subnormal, normal);
    half = PICK((vec_int32)magnitude >= 0x477ff000, infinity, half);
    half = PICK((vec_int32)magnitude > 0x7f800000, nan, half);
    return LOW_16_BITS(half | ((bits >> 16) & 0x8000));
}
#endif

/* A row, a vector at a time; of the last a part.  dst may be src where that is wider. */
#define DEFINE_ROW(from, source, to, target)                                                                  \
    INLINE void from##_row_to_##to(const char *src, char *dst, int64_t count)                                 \
    {                                                                                                         \
        typedef source source_at UNALIGNED;                                                                   \
        typedef target target_at UNALIGNED;                                                                   \
        const int lanes = LANES_OF(float);                                                                    \
        for (; count >= lanes; count -= lanes, src += sizeof(source), dst += sizeof(target))                  \
            *(target_at *)dst = from##_to_##to(*(const source_at *)src);                                      \
        source last;                                                                                          \
        LOAD_PART(&last, src, (size_t)count * (sizeof(source) / (size_t)lanes));                              \
        const target converted = from##_to_##to(last);                                                        \
        STORE_PART(dst, &converted, (size_t)count * (sizeof(target) / (size_t)lanes));                        \
    }

DEFINE_ROW(float16, packed_16bit, float32, vec_float32)
DEFINE_ROW(bfloat16, packed_16bit, float32, vec_float32)
DEFINE_ROW(float32, vec_float32, float16, packed_16bit)
DEFINE_ROW(float32, vec_float32, bfloat16, packed_16bit)

/* Half as many, to float64. */
typedef uint16_t packed_16bit_half __attribute__((vector_size(VECTOR_BYTES / 4)));
typedef float packed_float32_half __attribute__((vector_size(VECTOR_BYTES / 2)));

#define DEFINE_HALF_TO_FLOAT64(name)                                                                          \
    INLINE vec_float64 name##_to_float64(packed_16bit_half halves)                                            \
    {                                                                                                         \
        packed_16bit both = {0};                                                                              \
        memcpy(&both, &halves, sizeof halves);                                                                \
        const vec_float32 floats = name##_to_float32(both);                                                   \
        packed_float32_half some;                                                                             \
        memcpy(&some, &floats, sizeof some);                                                                  \
        return FLOAT32_TO_float64(some);                                                                      \
    }

DEFINE_HALF_TO_FLOAT64(float16)
DEFINE_HALF_TO_FLOAT64(bfloat16)

/* Sign and magnitude to two's complement, which orders as the halves do, and back; of signed bits. */
#define ORDER_OF_HALF(bits) ((bits) ^ (((bits) >> 15) & 0x7fff))

INLINE vec_int16 order_of_halves(vec_uint16 halves)
{
    const vec_int16 bits = (vec_int16)halves;
    return ORDER_OF_HALF(bits);
}

/* In that order -0.0 is -1, and what is no NaN runs over [-1 - infinity, infinity]; beyond lie the NaN, which go to the
 * end where they win, or lose, by order alone. */
#define HALF_SAME_ZEROS(x) ((x) - ((x) == -1))
#define HALF_IS_NAN(x, infinity) ((vec_uint16)((x) + (infinity) + 1) > 2 * (infinity) + 1)
#define HALF_NAN_TO_TOP(x, infinity) PICK(HALF_IS_NAN(x, infinity), (vec_int16){0} + 0x7fff, x)
#define HALF_NAN_TO_BOTTOM(x, infinity) PICK(HALF_IS_NAN(x, infinity), (vec_int16){0} - 0x7fff - 1, x)

#endif
