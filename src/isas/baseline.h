/* baseline.h - what every machine of the family has: SSE2 on x86-64, plain vectors elsewhere. */
#define VECTOR_BYTES 16
#define FEW_KERNELS 1       /* hardly a machine has no more */

#define LARGER_int8 LARGER_ANY
#define LARGER_int32 LARGER_ANY
#define LARGER_int64 LARGER_ANY
#define LARGER_uint16 LARGER_ANY
#define LARGER_uint32 LARGER_ANY
#define LARGER_uint64 LARGER_ANY
#define SMALLER_int8 SMALLER_ANY
#define SMALLER_int32 SMALLER_ANY
#define SMALLER_int64 SMALLER_ANY
#define SMALLER_uint16 SMALLER_ANY
#define SMALLER_uint32 SMALLER_ANY
#define SMALLER_uint64 SMALLER_ANY

#ifdef __SSE2__
#include <emmintrin.h>
/* For lanes of 8 or 16 bits GCC 12 takes them one by one (int16, 60x60, 3x3: 3390 -> 942 ns a plane). */
#define SLIDE_BYTES(a, b, bytes) \
    _mm_or_si128(_mm_srli_si128((__m128i)(a), (bytes)), _mm_slli_si128((__m128i)(b), 16 - (bytes)))
/* Of four lanes it makes six shuffles, where two will do (float32, planes of 14x14, 3x3/1, padded: 3.7 -> 3.1 ms). */
#define SLIDE_FOUR(a, b, n) slide_four((__m128)(a), (__m128)(b), (n))
INLINE __m128 slide_four(__m128 a, __m128 b, int n)
{
    const __m128 seam = _mm_shuffle_ps(a, b, _MM_SHUFFLE(0, 0, 3, 3));
    return n == 1 ? _mm_shuffle_ps(a, seam, _MM_SHUFFLE(2, 0, 2, 1))
           : n == 2 ? _mm_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 3, 2))
                    : _mm_shuffle_ps(seam, b, _MM_SHUFFLE(2, 1, 2, 0));
}
/* The low elements of v twice as wide: above them zeros, or their signs. */
INLINE __m128i zeros_8(__m128i v) { return _mm_unpacklo_epi8(v, _mm_setzero_si128()); }
INLINE __m128i signs_8(__m128i v) { return _mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8); }
INLINE __m128i zeros_16(__m128i v) { return _mm_unpacklo_epi16(v, _mm_setzero_si128()); }
INLINE __m128i signs_16(__m128i v) { return _mm_srai_epi32(_mm_unpacklo_epi16(v, v), 16); }
INLINE __m128i zeros_32(__m128i v) { return _mm_unpacklo_epi32(v, _mm_setzero_si128()); }
INLINE __m128i signs_32(__m128i v) { return _mm_unpacklo_epi32(v, _mm_srai_epi32(v, 31)); }
#define LOW_2(x) _mm_cvtsi32_si128((int16_t)(x))
#define LOW_4(x) _mm_cvtsi32_si128((int32_t)(x))
#define LOW_8(x) (__m128i){(int64_t)(x), 0}
#define INT8_TO_int16(x) (vec_int16)signs_8(LOW_8(x))
#define INT8_TO_int32(x) (vec_int32)signs_16(signs_8(LOW_4(x)))
#define INT8_TO_int64(x) (vec_int64)signs_32(signs_16(signs_8(LOW_2(x))))
#define UINT8_TO_int16(x) (vec_int16)zeros_8(LOW_8(x))
#define UINT8_TO_int32(x) (vec_int32)zeros_16(zeros_8(LOW_4(x)))
#define UINT8_TO_int64(x) (vec_int64)zeros_32(zeros_16(zeros_8(LOW_2(x))))
#define INT16_TO_int32(x) (vec_int32)signs_16(LOW_8(x))
#define INT16_TO_int64(x) (vec_int64)signs_32(signs_16(LOW_4(x)))
#define UINT16_TO_int32(x) (vec_int32)zeros_16(LOW_8(x))
#define UINT16_TO_int64(x) (vec_int64)zeros_32(zeros_16(LOW_4(x)))
#define INT32_TO_int64(x) (vec_int64)signs_32(LOW_8(x))
#define UINT32_TO_int64(x) (vec_int64)zeros_32(LOW_8(x))
#define LOW_16_BITS(x) (packed_16bit)low_16_bits((__m128i)(x))
INLINE int64_t low_16_bits(__m128i v)
{
    v = _mm_srai_epi32(_mm_slli_epi32(v, 16), 16);
    return _mm_packs_epi32(v, v)[0];
}
#define FLOAT32_TO_float64(x) __builtin_convertvector(x, vec_float64)
#define HIGH_PRODUCT(a, b) (vec_int16)_mm_mulhi_epu16((__m128i)(a), (__m128i)(b))
#define SQRT_float32(x) (vec_float32)_mm_sqrt_ps((__m128)(x))
#define SQRT_float64(x) (vec_float64)_mm_sqrt_pd((__m128d)(x))
#define ANY_NAN_float32(x) (_mm_movemask_ps((__m128)((x) != (x))) != 0)
#define ANY_NAN_float64(x) (_mm_movemask_pd((__m128d)((x) != (x))) != 0)
#define UNORDERED_float32(x, y) (unsigned)_mm_movemask_ps(_mm_cmpunord_ps((__m128)(x), (__m128)(y)))
#define UNORDERED_float64(x, y) (unsigned)_mm_movemask_pd(_mm_cmpunord_pd((__m128d)(x), (__m128d)(y)))
/* Not by comparison: GCC 12 fails to compile that of doubles where two blends share it. */
#define PICK_NAN_float32(x, yes, no) PICK((mask_float32)_mm_cmpunord_ps((__m128)(x), (__m128)(x)), yes, no)
#define PICK_NAN_float64(x, yes, no) PICK((mask_float64)_mm_cmpunord_pd((__m128d)(x), (__m128d)(x)), yes, no)
#define LARGER_int16(a, b) (vec_int16)_mm_max_epi16((__m128i)(a), (__m128i)(b))
#define LARGER_uint8(a, b) (vec_uint8)_mm_max_epu8((__m128i)(a), (__m128i)(b))
#define LARGER_float32(a, b) (vec_float32)_mm_max_ps((__m128)(a), (__m128)(b))
#define LARGER_float64(a, b) (vec_float64)_mm_max_pd((__m128d)(a), (__m128d)(b))
#define SMALLER_int16(a, b) (vec_int16)_mm_min_epi16((__m128i)(a), (__m128i)(b))
#define SMALLER_uint8(a, b) (vec_uint8)_mm_min_epu8((__m128i)(a), (__m128i)(b))
#define SMALLER_float32(a, b) (vec_float32)_mm_min_ps((__m128)(a), (__m128)(b))
#define SMALLER_float64(a, b) (vec_float64)_mm_min_pd((__m128d)(a), (__m128d)(b))
#else
#define LARGER_int16 LARGER_ANY
#define LARGER_uint8 LARGER_ANY
#define LARGER_float32 LARGER_ANY
#define LARGER_float64 LARGER_ANY
#define SMALLER_int16 SMALLER_ANY
#define SMALLER_uint8 SMALLER_ANY
#define SMALLER_float32 SMALLER_ANY
#define SMALLER_float64 SMALLER_ANY
#endif
