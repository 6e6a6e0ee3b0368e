/* avx512.h - AVX-512 F, BW, DQ, VL: x86-64-v4, Skylake-X and Zen 4 onwards.  Masks make every tail one instruction. */
#include <immintrin.h>

#define VECTOR_BYTES 64

#define LARGER_int8(a, b) (vec_int8)_mm512_max_epi8((__m512i)(a), (__m512i)(b))
#define LARGER_int16(a, b) (vec_int16)_mm512_max_epi16((__m512i)(a), (__m512i)(b))
#define LARGER_int32(a, b) (vec_int32)_mm512_max_epi32((__m512i)(a), (__m512i)(b))
#define LARGER_int64(a, b) (vec_int64)_mm512_max_epi64((__m512i)(a), (__m512i)(b))
#define LARGER_uint8(a, b) (vec_uint8)_mm512_max_epu8((__m512i)(a), (__m512i)(b))
#define LARGER_uint16(a, b) (vec_uint16)_mm512_max_epu16((__m512i)(a), (__m512i)(b))
#define LARGER_uint32(a, b) (vec_uint32)_mm512_max_epu32((__m512i)(a), (__m512i)(b))
#define LARGER_uint64(a, b) (vec_uint64)_mm512_max_epu64((__m512i)(a), (__m512i)(b))
#define LARGER_float32(a, b) (vec_float32)_mm512_max_ps((__m512)(a), (__m512)(b))
#define LARGER_float64(a, b) (vec_float64)_mm512_max_pd((__m512d)(a), (__m512d)(b))
#define SMALLER_int8(a, b) (vec_int8)_mm512_min_epi8((__m512i)(a), (__m512i)(b))
#define SMALLER_int16(a, b) (vec_int16)_mm512_min_epi16((__m512i)(a), (__m512i)(b))
#define SMALLER_int32(a, b) (vec_int32)_mm512_min_epi32((__m512i)(a), (__m512i)(b))
#define SMALLER_int64(a, b) (vec_int64)_mm512_min_epi64((__m512i)(a), (__m512i)(b))
#define SMALLER_uint8(a, b) (vec_uint8)_mm512_min_epu8((__m512i)(a), (__m512i)(b))
#define SMALLER_uint16(a, b) (vec_uint16)_mm512_min_epu16((__m512i)(a), (__m512i)(b))
#define SMALLER_uint32(a, b) (vec_uint32)_mm512_min_epu32((__m512i)(a), (__m512i)(b))
#define SMALLER_uint64(a, b) (vec_uint64)_mm512_min_epu64((__m512i)(a), (__m512i)(b))
#define SMALLER_float32(a, b) (vec_float32)_mm512_min_ps((__m512)(a), (__m512)(b))
#define SMALLER_float64(a, b) (vec_float64)_mm512_min_pd((__m512d)(a), (__m512d)(b))

/* Elements to wider lanes: one instruction, where the general form is four. */
#define INT8_TO_int16(x) (vec_int16)_mm512_cvtepi8_epi16((__m256i)(x))
#define INT8_TO_int32(x) (vec_int32)_mm512_cvtepi8_epi32((__m128i)(x))
#define INT8_TO_int64(x) (vec_int64)_mm512_cvtepi8_epi64(_mm_cvtsi64_si128((int64_t)(x)))
#define UINT8_TO_int16(x) (vec_int16)_mm512_cvtepu8_epi16((__m256i)(x))
#define UINT8_TO_int32(x) (vec_int32)_mm512_cvtepu8_epi32((__m128i)(x))
#define UINT8_TO_int64(x) (vec_int64)_mm512_cvtepu8_epi64(_mm_cvtsi64_si128((int64_t)(x)))
#define INT16_TO_int32(x) (vec_int32)_mm512_cvtepi16_epi32((__m256i)(x))
#define INT16_TO_int64(x) (vec_int64)_mm512_cvtepi16_epi64((__m128i)(x))
#define UINT16_TO_int32(x) (vec_int32)_mm512_cvtepu16_epi32((__m256i)(x))
#define UINT16_TO_int64(x) (vec_int64)_mm512_cvtepu16_epi64((__m128i)(x))
#define INT32_TO_int64(x) (vec_int64)_mm512_cvtepi32_epi64((__m256i)(x))
#define UINT32_TO_int64(x) (vec_int64)_mm512_cvtepu32_epi64((__m256i)(x))
#define INT64_TO_float64(x) (vec_float64)_mm512_cvtepi64_pd((__m512i)(x))
#define UINT64_TO_float64(x) (vec_float64)_mm512_cvtepu64_pd((__m512i)(x))
#define FLOAT32_TO_float64(x) (vec_float64)_mm512_cvtps_pd((__m256)(x))
#define HIGH_PRODUCT(a, b) (vec_int16)_mm512_mulhi_epu16((__m512i)(a), (__m512i)(b))

/* A blend by mask: the plain PICK is two exclusive-ors. */
#define PICK_NAN_float32(x, yes, no) \
    (vec_float32)_mm512_mask_mov_ps((__m512)(no), _mm512_cmp_ps_mask((__m512)(x), (__m512)(x), _CMP_UNORD_Q), \
                                    (__m512)(yes))
#define PICK_NAN_float64(x, yes, no) \
    (vec_float64)_mm512_mask_mov_pd((__m512d)(no), _mm512_cmp_pd_mask((__m512d)(x), (__m512d)(x), _CMP_UNORD_Q), \
                                    (__m512d)(yes))

/* `yes` where two are the same, else `no`; by mask too. */
#define PICK_BY(bits, mask, yes, no) (vec_uint##bits)_mm512_mask_mov_epi##bits((__m512i)(no), (mask), (__m512i)(yes))
#define SAME_BITS(bits, a, b) _mm512_cmpeq_epi##bits##_mask((__m512i)(a), (__m512i)(b))
#define PICK_SAME_int8(a, b, yes, no) PICK_BY(8, SAME_BITS(8, a, b), yes, no)
#define PICK_SAME_uint8(a, b, yes, no) PICK_BY(8, SAME_BITS(8, a, b), yes, no)
#define PICK_SAME_int16(a, b, yes, no) PICK_BY(16, SAME_BITS(16, a, b), yes, no)
#define PICK_SAME_uint16(a, b, yes, no) PICK_BY(16, SAME_BITS(16, a, b), yes, no)
#define PICK_SAME_int32(a, b, yes, no) PICK_BY(32, SAME_BITS(32, a, b), yes, no)
#define PICK_SAME_uint32(a, b, yes, no) PICK_BY(32, SAME_BITS(32, a, b), yes, no)
#define PICK_SAME_int64(a, b, yes, no) PICK_BY(64, SAME_BITS(64, a, b), yes, no)
#define PICK_SAME_uint64(a, b, yes, no) PICK_BY(64, SAME_BITS(64, a, b), yes, no)
#define PICK_SAME_float32(a, b, yes, no) \
    PICK_BY(32, _mm512_cmp_ps_mask((__m512)(a), (__m512)(b), _CMP_EQ_OQ), yes, no)
#define PICK_SAME_float64(a, b, yes, no) \
    PICK_BY(64, _mm512_cmp_pd_mask((__m512d)(a), (__m512d)(b), _CMP_EQ_OQ), yes, no)

/* sum + v where a == b, else sum; as a mask for the addition. */
#define ADD_WHERE_SAME_float32(sum, v, a, b) \
    (vec_float32)_mm512_mask_add_ps((__m512)(sum), SAME_BITS(32, a, b), (__m512)(sum), (__m512)(v))
#define ADD_WHERE_SAME_float64(sum, v, a, b) \
    (vec_float64)_mm512_mask_add_pd((__m512d)(sum), SAME_BITS(64, a, b), (__m512d)(sum), (__m512d)(v))

/* The same where bytes are, in vectors of as many. */
#define BYTES_ARE_MASKS 1
#define ADD_WHERE_BYTES_float32(sum, v, a, b) \
    (vec_float32)_mm512_mask_add_ps((__m512)(sum), _mm_cmpeq_epi8_mask((__m128i)(a), (__m128i)(b)), (__m512)(sum), \
                                    (__m512)(v))
#define ADD_WHERE_BYTES_float64(sum, v, a, b) \
    (vec_float64)_mm512_mask_add_pd((__m512d)(sum), \
                                    (__mmask8)_mm_cmpeq_epi8_mask(EIGHT_BYTES(a), EIGHT_BYTES(b)), (__m512d)(sum), \
                                    (__m512d)(v))
#define EIGHT_BYTES(v) _mm_cvtsi64_si128((int64_t)(v))

/* `near` is off by less than 2 units u of its last place, so near*by - x is exact for by an integer up to 2^20, and the
 * sum that it corrects, before that is rounded, is within 2^-23 u of the quotient (2^-52 u of doubles).  A quotient is
 * never halfway between two floats but at least 2^-21 u from there.  Zeros keep their signs; where `near` is subnormal,
 * infinite or NaN none of this holds.  16 floats: 10.6 cycles, so 3. */
#define QUOTIENT(bits, suffix, type, x, by, inverse) \
    __extension__({ \
        const type of_x = (type)(x), of_by = (type)(by), of_inverse = (type)(inverse); \
        const type near = of_x * of_inverse; \
        type quotient; \
        if (__builtin_expect(_mm512_fpclass_##suffix##_mask(near, 0xb9), 0)) { \
            quotient = of_x / of_by; \
        } else {        /* no sooner: subnormals are slow (64 planes of 56x56, 3x3/1: 1575 us, so 1150) */ \
            const type beyond = _mm512_fmsub_##suffix(near, of_by, of_x); \
            quotient = _mm512_fnmadd_##suffix(beyond, of_inverse, near); \
        } \
        (vec_float##bits)quotient; \
    })
#define SQRT_float32(x) (vec_float32)_mm512_sqrt_ps((__m512)(x))
#define SQRT_float64(x) (vec_float64)_mm512_sqrt_pd((__m512d)(x))
#define QUOTIENT_float32(x, by, inverse) QUOTIENT(32, ps, __m512, x, by, inverse)
#define QUOTIENT_float64(x, by, inverse) QUOTIENT(64, pd, __m512d, x, by, inverse)

/* Whether any lane is NaN. */
#define ANY_NAN_float32(x) (_mm512_cmp_ps_mask((__m512)(x), (__m512)(x), _CMP_UNORD_Q) != 0)
#define ANY_NAN_float64(x) (_mm512_cmp_pd_mask((__m512d)(x), (__m512d)(x), _CMP_UNORD_Q) != 0)
#define UNORDERED_float32(x, y) (unsigned)_mm512_cmp_ps_mask((__m512)(x), (__m512)(y), _CMP_UNORD_Q)
#define UNORDERED_float64(x, y) (unsigned)_mm512_cmp_pd_mask((__m512d)(x), (__m512d)(y), _CMP_UNORD_Q)
/* The lanes of these in which neither is NaN. */
#define STILL_ORDERED_float32(lanes, x, y) \
    (unsigned)_mm512_mask_cmp_ps_mask((__mmask16)(lanes), (__m512)(x), (__m512)(y), _CMP_ORD_Q)
#define STILL_ORDERED_float64(lanes, x, y) \
    (unsigned)_mm512_mask_cmp_pd_mask((__mmask8)(lanes), (__m512d)(x), (__m512d)(y), _CMP_ORD_Q)

#define HALVES_TO_FLOAT(halves) (vec_float32)_mm512_cvtph_ps((__m256i)(halves))
#define FLOAT_TO_HALVES(floats) (packed_16bit)_mm512_cvtps_ph((__m512)(floats), _MM_FROUND_TO_NEAREST_INT)

/* The low bytes of lanes of so many bytes, side by side. */
#define STORE_BYTES(p, v) store_bytes((p), sizeof (v)[0], (__m512i)(v))

static inline __attribute__((always_inline, unused)) void store_bytes(char *p, size_t lane, __m512i v)
{
    if (lane == 2) _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi16_epi8(v));
    else if (lane == 4) _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(v));
    else _mm_storel_epi64((__m128i *)p, _mm512_cvtepi64_epi8(v));
}

/* Masks by 32 bits where elements have as many: by bytes a load costs 1.04 ns, so 0.62 (Zen 4, L1). */
#define LOAD_PART(v, p, bytes) load_part((v), sizeof *(v), sizeof (*(v))[0], (p), (bytes))
#define STORE_PART(p, v, bytes) store_part((p), (v), sizeof *(v), sizeof (*(v))[0], (bytes))
#define PARTS_ARE_CHEAP 1

static inline __attribute__((always_inline, unused)) void load_part(void *v, size_t size, size_t element, const char *p,
                                                                    size_t bytes)
{
    const __m512i all = element < 4 ? _mm512_maskz_loadu_epi8(_bzhi_u64(~0ULL, (unsigned)bytes), p)
                                    : _mm512_maskz_loadu_epi32((__mmask16)_bzhi_u32(0xffff, (unsigned)bytes / 4), p);
    memcpy(v, &all, size);
}

static inline __attribute__((always_inline, unused)) void store_part(char *p, const void *v, size_t size,
                                                                     size_t element, size_t bytes)
{
    __m512i all = _mm512_setzero_si512();
    memcpy(&all, v, size);
    if (element < 4) _mm512_mask_storeu_epi8(p, _bzhi_u64(~0ULL, (unsigned)bytes), all);
    else _mm512_mask_storeu_epi32(p, (__mmask16)_bzhi_u32(0xffff, (unsigned)bytes / 4), all);
}

/* Lanes by bits of a mask, the others zeros and not touched; `yes` for those, `no` for the others. */
#define LOAD_LANES(v, p, lanes) load_lanes((v), sizeof *(v), sizeof (*(v))[0], (p), (lanes))
#define PICK_LANES(lanes, yes, no) \
    ((__typeof__(yes))pick_lanes(sizeof (yes)[0], (lanes), (__m512i)(yes), (__m512i)(no)))

static inline __attribute__((always_inline, unused)) void load_lanes(void *v, size_t size, size_t element,
                                                                     const char *p, uint64_t lanes)
{
    const __m512i all = element == 1   ? _mm512_maskz_loadu_epi8(lanes, p)
                        : element == 2 ? _mm512_maskz_loadu_epi16((__mmask32)lanes, p)
                        : element == 4 ? _mm512_maskz_loadu_epi32((__mmask16)lanes, p)
                                       : _mm512_maskz_loadu_epi64((__mmask8)lanes, p);
    memcpy(v, &all, size);
}

static inline __attribute__((always_inline, unused)) __m512i pick_lanes(size_t size, uint64_t lanes, __m512i yes,
                                                                        __m512i no)
{
    return size == 1   ? _mm512_mask_mov_epi8(no, lanes, yes)
           : size == 2 ? _mm512_mask_mov_epi16(no, (__mmask32)lanes, yes)
           : size == 4 ? (__m512i)_mm512_mask_mov_ps((__m512)no, (__mmask16)lanes, (__m512)yes)
                       : (__m512i)_mm512_mask_mov_pd((__m512d)no, (__mmask8)lanes, (__m512d)yes);
}
