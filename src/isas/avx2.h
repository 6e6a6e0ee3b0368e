/* avx2.h - AVX2 with F16C: x86-64-v3, Haswell and Zen onwards. */
#include <immintrin.h>

#define VECTOR_BYTES 32

#define LARGER_int8(a, b) (vec_int8)_mm256_max_epi8((__m256i)(a), (__m256i)(b))
#define LARGER_int16(a, b) (vec_int16)_mm256_max_epi16((__m256i)(a), (__m256i)(b))
#define LARGER_int32(a, b) (vec_int32)_mm256_max_epi32((__m256i)(a), (__m256i)(b))
#define LARGER_int64 LARGER_ANY
#define LARGER_uint8(a, b) (vec_uint8)_mm256_max_epu8((__m256i)(a), (__m256i)(b))
#define LARGER_uint16(a, b) (vec_uint16)_mm256_max_epu16((__m256i)(a), (__m256i)(b))
#define LARGER_uint32(a, b) (vec_uint32)_mm256_max_epu32((__m256i)(a), (__m256i)(b))
#define LARGER_uint64 LARGER_ANY
#define LARGER_float32(a, b) (vec_float32)_mm256_max_ps((__m256)(a), (__m256)(b))
#define LARGER_float64(a, b) (vec_float64)_mm256_max_pd((__m256d)(a), (__m256d)(b))
#define SMALLER_int8(a, b) (vec_int8)_mm256_min_epi8((__m256i)(a), (__m256i)(b))
#define SMALLER_int16(a, b) (vec_int16)_mm256_min_epi16((__m256i)(a), (__m256i)(b))
#define SMALLER_int32(a, b) (vec_int32)_mm256_min_epi32((__m256i)(a), (__m256i)(b))
#define SMALLER_int64 SMALLER_ANY
#define SMALLER_uint8(a, b) (vec_uint8)_mm256_min_epu8((__m256i)(a), (__m256i)(b))
#define SMALLER_uint16(a, b) (vec_uint16)_mm256_min_epu16((__m256i)(a), (__m256i)(b))
#define SMALLER_uint32(a, b) (vec_uint32)_mm256_min_epu32((__m256i)(a), (__m256i)(b))
#define SMALLER_uint64 SMALLER_ANY
#define SMALLER_float32(a, b) (vec_float32)_mm256_min_ps((__m256)(a), (__m256)(b))
#define SMALLER_float64(a, b) (vec_float64)_mm256_min_pd((__m256d)(a), (__m256d)(b))

/* Elements to wider lanes: one instruction, where the general form is four. */
#define INT8_TO_int16(x) (vec_int16)_mm256_cvtepi8_epi16((__m128i)(x))
#define INT8_TO_int32(x) (vec_int32)_mm256_cvtepi8_epi32(_mm_cvtsi64_si128((int64_t)(x)))
#define INT8_TO_int64(x) (vec_int64)_mm256_cvtepi8_epi64(_mm_cvtsi32_si128((int32_t)(x)))
#define UINT8_TO_int16(x) (vec_int16)_mm256_cvtepu8_epi16((__m128i)(x))
#define UINT8_TO_int32(x) (vec_int32)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)(x)))
#define UINT8_TO_int64(x) (vec_int64)_mm256_cvtepu8_epi64(_mm_cvtsi32_si128((int32_t)(x)))
#define INT16_TO_int32(x) (vec_int32)_mm256_cvtepi16_epi32((__m128i)(x))
#define INT16_TO_int64(x) (vec_int64)_mm256_cvtepi16_epi64(_mm_cvtsi64_si128((int64_t)(x)))
#define UINT16_TO_int32(x) (vec_int32)_mm256_cvtepu16_epi32((__m128i)(x))
#define UINT16_TO_int64(x) (vec_int64)_mm256_cvtepu16_epi64(_mm_cvtsi64_si128((int64_t)(x)))
#define INT32_TO_int64(x) (vec_int64)_mm256_cvtepi32_epi64((__m128i)(x))
#define UINT32_TO_int64(x) (vec_int64)_mm256_cvtepu32_epi64((__m128i)(x))
#define FLOAT32_TO_float64(x) (vec_float64)_mm256_cvtps_pd((__m128)(x))
#define HIGH_PRODUCT(a, b) (vec_int16)_mm256_mulhi_epu16((__m256i)(a), (__m256i)(b))
#define SQRT_float32(x) (vec_float32)_mm256_sqrt_ps((__m256)(x))
#define SQRT_float64(x) (vec_float64)_mm256_sqrt_pd((__m256d)(x))

/* Whether any lane is NaN. */
#define ANY_NAN_float32(x) (_mm256_movemask_ps((__m256)((x) != (x))) != 0)
#define ANY_NAN_float64(x) (_mm256_movemask_pd((__m256d)((x) != (x))) != 0)
#define UNORDERED_float32(x, y) (unsigned)_mm256_movemask_ps(_mm256_cmp_ps((__m256)(x), (__m256)(y), _CMP_UNORD_Q))
#define UNORDERED_float64(x, y) (unsigned)_mm256_movemask_pd(_mm256_cmp_pd((__m256d)(x), (__m256d)(y), _CMP_UNORD_Q))

/* Within halves, then those in order: GCC 12 makes it two shuffles across them and a blend (32 planes of 56x56 in L2,
 * maxima of 2x2: 12.3 us, so 9.8). */
#define SECONDS_OF_EIGHT(a, b, from_a, from_b) \
    _mm256_permute4x64_pd((__m256d)_mm256_shuffle_ps((__m256)(a), (__m256)(b), \
                                                     _MM_SHUFFLE(2 + (from_b), from_b, 2 + (from_a), from_a)), \
                          _MM_SHUFFLE(3, 1, 2, 0))

#define HALVES_TO_FLOAT(halves) (vec_float32)_mm256_cvtph_ps((__m128i)(halves))
#define FLOAT_TO_HALVES(floats) (packed_16bit)_mm256_cvtps_ph((__m256)(floats), _MM_FROUND_TO_NEAREST_INT)
