/* neon.h - AArch64, whose baseline has NEON and half conversions. */
#include <arm_neon.h>

#define VECTOR_BYTES 16

#define LARGER_int8(a, b) (vec_int8)vmaxq_s8((int8x16_t)(a), (int8x16_t)(b))
#define LARGER_int16(a, b) (vec_int16)vmaxq_s16((int16x8_t)(a), (int16x8_t)(b))
#define LARGER_int32(a, b) (vec_int32)vmaxq_s32((int32x4_t)(a), (int32x4_t)(b))
#define LARGER_int64 LARGER_ANY
#define LARGER_uint8(a, b) (vec_uint8)vmaxq_u8((uint8x16_t)(a), (uint8x16_t)(b))
#define LARGER_uint16(a, b) (vec_uint16)vmaxq_u16((uint16x8_t)(a), (uint16x8_t)(b))
#define LARGER_uint32(a, b) (vec_uint32)vmaxq_u32((uint32x4_t)(a), (uint32x4_t)(b))
#define LARGER_uint64 LARGER_ANY
#define LARGER_float32 LARGER_ANY       /* vmaxq_f32 would give NaN where one of the two is */
#define LARGER_float64 LARGER_ANY
#define SMALLER_int8(a, b) (vec_int8)vminq_s8((int8x16_t)(a), (int8x16_t)(b))
#define SMALLER_int16(a, b) (vec_int16)vminq_s16((int16x8_t)(a), (int16x8_t)(b))
#define SMALLER_int32(a, b) (vec_int32)vminq_s32((int32x4_t)(a), (int32x4_t)(b))
#define SMALLER_int64 SMALLER_ANY
#define SMALLER_uint8(a, b) (vec_uint8)vminq_u8((uint8x16_t)(a), (uint8x16_t)(b))
#define SMALLER_uint16(a, b) (vec_uint16)vminq_u16((uint16x8_t)(a), (uint16x8_t)(b))
#define SMALLER_uint32(a, b) (vec_uint32)vminq_u32((uint32x4_t)(a), (uint32x4_t)(b))
#define SMALLER_uint64 SMALLER_ANY
#define SMALLER_float32 SMALLER_ANY
#define SMALLER_float64 SMALLER_ANY
#define SQRT_float32(x) (vec_float32)vsqrtq_f32((float32x4_t)(x))
#define SQRT_float64(x) (vec_float64)vsqrtq_f64((float64x2_t)(x))

#define HALVES_TO_FLOAT(halves) (vec_float32)vcvt_f32_f16(__extension__(float16x4_t)(halves))
#define FLOAT_TO_HALVES(floats) (packed_16bit)vcvt_f16_f32((float32x4_t)(floats))
