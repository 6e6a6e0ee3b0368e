/* vec.h - vectors of lanes: load, store, pick, slide, split.  GCC vector extensions; what an instruction set does
 * better stands in its own file, isas/NAME.h, which is included here.
 *
 * That defines     VECTOR_BYTES            16, 32 or 64
 *                  LARGER_, SMALLER_TYPE   of two, for all ten types: the second where they are equal or unordered
 * and, all or none between semicolons, what is an instruction there; what it does, and how any machine does it, is
 * here:
 *                  INT8_TO_ ... UINT32_TO_, FLOAT32_TO_float64; INT64_TO_, UINT64_TO_float64; HIGH_PRODUCT
 *                  HALVES_TO_FLOAT, FLOAT_TO_HALVES, LOW_16_BITS (halves.h)
 *                  LOAD_PART, STORE_PART, PARTS_ARE_CHEAP; LOAD_LANES; STORE_BYTES
 *                  PICK_NAN_, PICK_SAME_, ADD_WHERE_SAME_, ADD_WHERE_BYTES_ with BYTES_ARE_MASKS
 *                  ANY_NAN_, UNORDERED_; SQRT_, QUOTIENT_
 *                  SLIDE_BYTES, SLIDE_FOUR, SECONDS_OF_EIGHT
 * Vectors of 64 bytes need PICK_LANES and STILL_ORDERED_ too; FEW_KERNELS is for what hardly a machine runs. */
#ifndef VEC_H
#define VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define STRING_(a) #a
#define STRING(a) STRING_(a)
#define INLINE static inline __attribute__((always_inline, unused))
/* The same, but for what AddressSanitizer would make too much of: it does not see that a branch is never taken. */
#ifdef __SANITIZE_ADDRESS__
#define INLINE_UNCHECKED static __attribute__((noinline, unused))
#else
#define INLINE_UNCHECKED INLINE
#endif
#define UNALIGNED __attribute__((aligned(1), may_alias))

/* PICK(mask, yes, no) without a branch; a mask lane is all ones or all zeros. */
#define PICK(mask, yes, no) \
    ((__typeof__(yes))(((mask) & (__typeof__(mask))(yes)) | (~(mask) & (__typeof__(mask))(no))))

/* The larger (smaller) of two, the second where they are equal or unordered. */
#define LARGER_ANY(a, b) PICK((a) > (b), a, b)
#define SMALLER_ANY(a, b) PICK((a) < (b), a, b)

#include ISA_HEADER

/* 1 where kernels that few calls need, or that save little, are left out. */
#ifndef FEW_KERNELS
#define FEW_KERNELS 0
#endif

/* CHOOSE(a, b, from): lane i is lane from[i] of the two, in an instruction. */
#if VECTOR_BYTES == 64 && defined(__GNUC__) && !defined(__clang__)
#define CHOOSE(a, b, from) __builtin_shuffle(a, b, from)
#endif

/* SHUFFLE(v, from): lane i is lane from[i] of v, in an instruction where lanes are of so many bytes. */
#if defined(__GNUC__) && !defined(__clang__)
#define SHUFFLE(v, from) __builtin_shuffle(v, from)
#define SHUFFLES_64(bytes) ((bytes) > 1)
#define SHUFFLES_32(bytes) ((bytes) == 4)
/* Whether lanes of so many bits go by few instructions where constants say. */
#define MOVES_LANES(bits) (VECTOR_BYTES > 16 || (bits) >= 32)
#else
#define SHUFFLE(v, from) ((void)(from), (v))
#define MOVES_LANES(bits) 0
#define SHUFFLES_64(bytes) 0
#define SHUFFLES_32(bytes) 0
#endif
#define SHUFFLES_16(bytes) 0

/* v stands in a register from here on, and those that do so in the order written. */
#if defined(__x86_64__) && defined(__GNUC__)
#define KEEP(v) __asm__ volatile("" : "+v"(v))
#elif defined(__aarch64__)
#define KEEP(v) __asm__ volatile("" : "+w"(v))
#else
#define KEEP(v) (void)(v)
#endif

/* What p points at, if at anything, will be read. */
#define PREFETCH(p) __builtin_prefetch((const void *)(uintptr_t)(p))
/* It will be written, by this thread alone: a line that two share is slow to write (channels_last 5x5 of 20x20x512 on
 * two threads: 42 us, 72 with PREFETCH, 36 so).  To x86-64 that knows no better it is nothing. */
#if defined(__x86_64__)
#define PREFETCH_OWN(p) __asm__ volatile("prefetchw %0" : : "m"(*(const char *)(uintptr_t)(p)))
#else
#define PREFETCH_OWN(p) __builtin_prefetch((const void *)(uintptr_t)(p), 1)
#endif

#define LANES_OF(type) ((int)(VECTOR_BYTES / sizeof(type)))

/* The first `bytes` of a vector at p, the rest zeros; and back. */
#ifndef LOAD_PART
/* Pieces of fixed size, for a memcpy of a size that varies costs more than a narrow row. */
static __attribute__((noinline, unused)) void copy_part(char *to, const char *from, size_t bytes)
{
    for (; bytes >= 16; bytes -= 16, to += 16, from += 16) memcpy(to, from, 16);
    if (bytes & 8) { memcpy(to, from, 8); to += 8; from += 8; }
    if (bytes & 4) { memcpy(to, from, 4); to += 4; from += 4; }
    if (bytes & 2) { memcpy(to, from, 2); to += 2; from += 2; }
    if (bytes & 1) *to = *from;
}
#define LOAD_PART(v, p, bytes) (memset(v, 0, sizeof *(v)), copy_part((char *)(v), (p), (bytes)))
#define STORE_PART(p, v, bytes) copy_part((p), (const char *)(v), (bytes))
#define PARTS_ARE_CHEAP 0
#endif

/* Indices first, first + step, ... of as many lanes as a vector has, by the lane's bits. */
#define AT1(first, step) (first)
#define AT2(first, step) AT1(first, step), (first) + (step)
#define AT4(first, step) AT2(first, step), AT2((first) + 2 * (step), step)
#define AT8(first, step) AT4(first, step), AT4((first) + 4 * (step), step)
#define AT16(first, step) AT8(first, step), AT8((first) + 8 * (step), step)
#define AT32(first, step) AT16(first, step), AT16((first) + 16 * (step), step)
#define AT64(first, step) AT32(first, step), AT32((first) + 32 * (step), step)
/* Lanes first, first + 1, ... each followed by the one n further on. */
#define ZIP2(first, n) (first), (first) + (n)
#define ZIP4(first, n) ZIP2(first, n), ZIP2((first) + 1, n)
#define ZIP8(first, n) ZIP4(first, n), ZIP4((first) + 2, n)
#define ZIP16(first, n) ZIP8(first, n), ZIP8((first) + 4, n)
#define ZIP32(first, n) ZIP16(first, n), ZIP16((first) + 8, n)
#define ZIP64(first, n) ZIP32(first, n), ZIP32((first) + 16, n)
/* The even ones of n lanes, then the odd ones of the n after them. */
#define HALVES2 AT1(0, 2), AT1(3, 2)
#define HALVES4 AT2(0, 2), AT2(5, 2)
#define HALVES8 AT4(0, 2), AT4(9, 2)
#define HALVES16 AT8(0, 2), AT8(17, 2)
#define HALVES32 AT16(0, 2), AT16(33, 2)
#define HALVES64 AT32(0, 2), AT32(65, 2)
#if VECTOR_BYTES == 64
#define HALVES_8BIT HALVES64
#define HALVES_16BIT HALVES32
#define HALVES_32BIT HALVES16
#define HALVES_64BIT HALVES8
#define LANES_8BIT AT64
#define LANES_16BIT AT32
#define LANES_32BIT AT16
#define LANES_64BIT AT8
#define ZIP_8BIT(first) ZIP64(first, 64)
#define ZIP_16BIT(first) ZIP32(first, 32)
#define ZIP_32BIT(first) ZIP16(first, 16)
#define ZIP_64BIT(first) ZIP8(first, 8)
#elif VECTOR_BYTES == 32
#define HALVES_8BIT HALVES32
#define HALVES_16BIT HALVES16
#define HALVES_32BIT HALVES8
#define HALVES_64BIT HALVES4
#define LANES_8BIT AT32
#define LANES_16BIT AT16
#define LANES_32BIT AT8
#define LANES_64BIT AT4
#define ZIP_8BIT(first) ZIP32(first, 32)
#define ZIP_16BIT(first) ZIP16(first, 16)
#define ZIP_32BIT(first) ZIP8(first, 8)
#define ZIP_64BIT(first) ZIP4(first, 4)
#else
#define HALVES_8BIT HALVES16
#define HALVES_16BIT HALVES8
#define HALVES_32BIT HALVES4
#define HALVES_64BIT HALVES2
#define LANES_8BIT AT16
#define LANES_16BIT AT8
#define LANES_32BIT AT4
#define LANES_64BIT AT2
#define ZIP_8BIT(first) ZIP16(first, 16)
#define ZIP_16BIT(first) ZIP8(first, 8)
#define ZIP_32BIT(first) ZIP4(first, 4)
#define ZIP_64BIT(first) ZIP2(first, 2)
#endif

/* Lanes n, n + 1, ... of two vectors. */
#define SLIDE_8BIT(name, a, b, n) SLIDE_SMALL(vec_##name, a, b, n, LANES_8BIT)
#define SLIDE_16BIT(name, a, b, n) SLIDE_SMALL(vec_##name, a, b, n, LANES_16BIT)
#ifdef SLIDE_FOUR
#define SLIDE_32BIT(name, a, b, n) (vec_##name)SLIDE_FOUR(a, b, n)
#else
#define SLIDE_32BIT(name, a, b, n) __builtin_shufflevector(a, b, LANES_32BIT(n, 1))
#endif
#define SLIDE_64BIT(name, a, b, n) __builtin_shufflevector(a, b, LANES_64BIT(n, 1))
#ifdef SLIDE_BYTES
#define SLIDE_SMALL(vec, a, b, n, lanes) (vec)SLIDE_BYTES(a, b, (n) * (int)sizeof (a)[0])
#else
#define SLIDE_SMALL(vec, a, b, n, lanes) __builtin_shufflevector(a, b, lanes(n, 1))
#endif

/* Every second lane of two vectors, from lane from_a of a and from_b of b on: the lanes that are listed. */
#define SECONDS_8BIT(name, a, b, from_a, from_b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define SECONDS_16BIT SECONDS_8BIT
#define SECONDS_64BIT SECONDS_8BIT
#ifdef SECONDS_OF_EIGHT
#define SECONDS_32BIT(name, a, b, from_a, from_b, ...) (vec_##name)SECONDS_OF_EIGHT(a, b, from_a, from_b)
#else
#define SECONDS_32BIT SECONDS_8BIT
#endif

/* A lane type by NumPy's name: its vector, its mask, and the shuffles, to which (a, b) is one row of lanes. */
#define DEFINE_LANE(name, type, bits)                                                      \
    typedef type lane_##name;                                                              \
    typedef type vec_##name __attribute__((vector_size(VECTOR_BYTES)));                    \
    typedef int##bits##_t mask_##name __attribute__((vector_size(VECTOR_BYTES)));          \
    INLINE vec_##name even_##name(vec_##name a, vec_##name b)                              \
    {                                                                                      \
        return SECONDS_##bits##BIT(name, a, b, 0, 0, LANES_##bits##BIT(0, 2));             \
    }                                                                                      \
    INLINE vec_##name odd_##name(vec_##name a, vec_##name b)                               \
    {                                                                                      \
        return SECONDS_##bits##BIT(name, a, b, 1, 1, LANES_##bits##BIT(1, 2));             \
    }                                                                                      \
    INLINE vec_##name slide1_##name(vec_##name a, vec_##name b)                            \
    {                                                                                      \
        return SLIDE_##bits##BIT(name, a, b, 1);                                           \
    }                                                                                      \
    INLINE vec_##name slide2_##name(vec_##name a, vec_##name b)                            \
    {                                                                                      \
        return SLIDE_##bits##BIT(name, a, b, 2);                                           \
    }                                                                                      \
    /* the last of a, then b but for its last */                                           \
    INLINE vec_##name slide_back_##name(vec_##name a, vec_##name b)                        \
    {                                                                                      \
        return SLIDE_##bits##BIT(name, a, b, LANES_OF(type) - 1);                          \
    }                                                                                      \
    INLINE vec_##name zip_low_##name(vec_##name a, vec_##name b)                           \
    {                                                                                      \
        return __builtin_shufflevector(a, b, ZIP_##bits##BIT(0));                          \
    }                                                                                      \
    INLINE vec_##name zip_high_##name(vec_##name a, vec_##name b)                          \
    {                                                                                      \
        return __builtin_shufflevector(a, b, ZIP_##bits##BIT(LANES_OF(type) / 2));         \
    }                                                                                      \
    /* every second of 2N - 1, of which b holds the last N */                              \
    INLINE vec_##name even_odd_##name(vec_##name a, vec_##name b)                          \
    {                                                                                      \
        return SECONDS_##bits##BIT(name, a, b, 0, 1, HALVES_##bits##BIT);                  \
    }

DEFINE_LANE(int8, int8_t, 8)
DEFINE_LANE(uint8, uint8_t, 8)
DEFINE_LANE(int16, int16_t, 16)
DEFINE_LANE(uint16, uint16_t, 16)
DEFINE_LANE(int32, int32_t, 32)
DEFINE_LANE(uint32, uint32_t, 32)
DEFINE_LANE(int64, int64_t, 64)
DEFINE_LANE(uint64, uint64_t, 64)
DEFINE_LANE(float32, float, 32)
DEFINE_LANE(float64, double, 64)

/* Elements to wider lanes, by steps of two: at once GCC takes those one by one. */
#ifndef INT8_TO_int16
typedef int16_t half_of_32 __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef int32_t half_of_64 __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef int16_t quarter_of_64 __attribute__((vector_size(VECTOR_BYTES / 4)));
#define INT8_TO_int16(x) __builtin_convertvector(x, vec_int16)
#define INT8_TO_int32(x) INT16_TO_int32(__builtin_convertvector(x, half_of_32))
#define INT8_TO_int64(x) INT16_TO_int64(__builtin_convertvector(x, quarter_of_64))
#define INT16_TO_int32(x) __builtin_convertvector(x, vec_int32)
#define INT16_TO_int64(x) INT32_TO_int64(__builtin_convertvector(x, half_of_64))
#define INT32_TO_int64(x) __builtin_convertvector(x, vec_int64)
#define UINT8_TO_int16 INT8_TO_int16
#define UINT8_TO_int32 INT8_TO_int32
#define UINT8_TO_int64 INT8_TO_int64
#define UINT16_TO_int32 INT16_TO_int32
#define UINT16_TO_int64 INT16_TO_int64
#define UINT32_TO_int64 INT32_TO_int64
#define FLOAT32_TO_float64(x) __builtin_convertvector(x, vec_float64)
#endif

/* The integers that ride beside a lane. */
#define CODE_OF_int8 uint8
#define CODE_OF_uint8 uint8
#define CODE_OF_int16 uint16
#define CODE_OF_uint16 uint16
#define CODE_OF_int32 uint32
#define CODE_OF_uint32 uint32
#define CODE_OF_int64 uint64
#define CODE_OF_uint64 uint64
#define CODE_OF_float32 uint32
#define CODE_OF_float64 uint64

#define BITS_OF_int8 8
#define BITS_OF_uint8 8
#define BITS_OF_int16 16
#define BITS_OF_uint16 16
#define BITS_OF_int32 32
#define BITS_OF_uint32 32
#define BITS_OF_int64 64
#define BITS_OF_uint64 64
#define BITS_OF_float32 32
#define BITS_OF_float64 64

/* Lanes of integers to such as are as wide or wider. */
#define WIDER_int16_int32(x) INT16_TO_int32(x)
#define WIDER_int16_int64(x) INT16_TO_int64(x)
#define WIDER_int32_int32(x) (x)
#define WIDER_int32_int64(x) INT32_TO_int64(x)
#define WIDER_int64_int64(x) (x)

/* Integers of less than 2**22, or of less than 2**51, to floats, and from those to the nearest, of two the even one: in
 * the sum with MAGIC the last place is 1. */
#define REAL_OF_int32 float32
#define REAL_OF_int64 float64
#define MAGIC_32 0x1.8p23f
#define MAGIC_64 0x1.8p52
#define TO_REAL_int32(v) __builtin_convertvector(v, vec_float32)
#define TO_REAL_int64(v) ((vec_float64)((v) + (int64_t)0x4338000000000000) - MAGIC_64)
#define NEAREST_int32(x) ((vec_int32)((x) + MAGIC_32) - 0x4b400000)
#define NEAREST_int64(x) ((vec_int64)((x) + MAGIC_64) - (int64_t)0x4338000000000000)

/* Integers of 64 bits to floats, rounded once: halves join the last places of 2**84 and of 2**52, which go again.
 * One by one GCC takes eight times as long (uint64, averages of 2x2, AVX2). */
#ifndef INT64_TO_float64
#define INT64_TO_float64(x) \
    HALVES_TO_float64(((vec_uint64)(x) >> 32) ^ 0x80000000, (vec_uint64)(x), 0x1p84 + 0x1p63 + 0x1p52)
#define UINT64_TO_float64(x) HALVES_TO_float64((vec_uint64)(x) >> 32, (vec_uint64)(x), 0x1p84 + 0x1p52)
#define HALVES_TO_float64(high, low, too_much) \
    ((vec_float64)((high) | 0x4530000000000000) - (too_much) + (vec_float64)(((low) & 0xffffffff) | 0x4330000000000000))
#endif
#define INT64_TO_int64(x) (x)
#define UINT64_TO_int64(x) ((vec_int64)(x))

/* The upper half of products of 16 bits without signs. */
#ifndef HIGH_PRODUCT
typedef uint32_t twice_32 __attribute__((vector_size(2 * VECTOR_BYTES)));
#define HIGH_PRODUCT(a, b) \
    (vec_int16)__builtin_convertvector(__builtin_convertvector((vec_uint16)(a), twice_32) * \
                                       __builtin_convertvector((vec_uint16)(b), twice_32) >> 16, vec_uint16)
#endif

#define HAS_NAN_float32 1
#define HAS_NAN_float64 1

/* `yes` where x is NaN, else `no`. */
#ifndef PICK_NAN_float32
#define PICK_NAN_float32(x, yes, no) PICK((x) != (x), yes, no)
#define PICK_NAN_float64(x, yes, no) PICK((x) != (x), yes, no)
#endif

/* `yes` where two lanes are the same, else `no`. */
#ifndef PICK_SAME_float32
#define PICK_SAME_int8(a, b, yes, no) PICK((a) == (b), yes, no)
#define PICK_SAME_uint8(a, b, yes, no) PICK((a) == (b), yes, no)
#define PICK_SAME_int16(a, b, yes, no) PICK((a) == (b), yes, no)
#define PICK_SAME_uint16(a, b, yes, no) PICK((a) == (b), yes, no)
#define PICK_SAME_int32(a, b, yes, no) PICK((a) == (b), yes, no)
#define PICK_SAME_uint32(a, b, yes, no) PICK((a) == (b), yes, no)
#define PICK_SAME_int64(a, b, yes, no) PICK((a) == (b), yes, no)
#define PICK_SAME_uint64(a, b, yes, no) PICK((a) == (b), yes, no)
#define PICK_SAME_float32(a, b, yes, no) PICK((a) == (b), yes, no)
#define PICK_SAME_float64(a, b, yes, no) PICK((a) == (b), yes, no)
#endif

/* Whether bytes are compared to masks for wider lanes. */
#ifndef BYTES_ARE_MASKS
#define BYTES_ARE_MASKS 0
#endif

/* sum, which is never -0.0, + v where the integers a and b are the same, else sum. */
#ifndef ADD_WHERE_SAME_float32
#define ADD_WHERE_SAME_float32(sum, v, a, b) ((sum) + PICK((a) == (b), v, (vec_float32){0}))
#define ADD_WHERE_SAME_float64(sum, v, a, b) ((sum) + PICK((a) == (b), v, (vec_float64){0}))
#endif

/* From the larger (smaller) of b and a, and of a and b: NaN where either is.  Of two of which one is NaN each is the
 * second, so one of them is NaN, and so are its bits with others' set. */
#define OR_NAN_float32(x, y) (vec_float32)((mask_float32)(x) | (mask_float32)(y))
#define OR_NAN_float64(x, y) (vec_float64)((mask_float64)(x) | (mask_float64)(y))
#define OR_NAN_int8(x, y) (x)
#define OR_NAN_uint8(x, y) (x)
#define OR_NAN_int16(x, y) (x)
#define OR_NAN_uint16(x, y) (x)
#define OR_NAN_int32(x, y) (x)
#define OR_NAN_uint32(x, y) (x)
#define OR_NAN_int64(x, y) (x)
#define OR_NAN_uint64(x, y) (x)

/* Correctly rounded. */
#ifndef SQRT_float32
#define SQRT_float32(x) roots_float32(x)
#define SQRT_float64(x) roots_float64(x)
#define DEFINE_ROOTS(name, sqrt)                                        \
    INLINE vec_##name roots_##name(vec_##name v)                        \
    {                                                                   \
        for (int i = 0; i < LANES_OF(v[0]); i++) v[i] = sqrt(v[i]);     \
        return v;                                                       \
    }
DEFINE_ROOTS(float32, __builtin_sqrtf)
DEFINE_ROOTS(float64, __builtin_sqrt)
#endif

/* x / by, correctly rounded, where by is an integer up to POOL_INVERTED and inverse is 1 / by, or NaN if it is not. */
#ifndef QUOTIENT_float32
#define QUOTIENT_float32(x, by, inverse) ((void)(inverse), (x) / (by))
#define QUOTIENT_float64(x, by, inverse) ((void)(inverse), (x) / (by))
#endif

/* Both zeros as one, so that it does not matter which of them was met first. */
#define ONE_ZERO_float32(x) ((x) + 0)
#define ONE_ZERO_float64(x) ((x) + 0)
#define ONE_ZERO_int8(x) (x)
#define ONE_ZERO_uint8(x) (x)
#define ONE_ZERO_int16(x) (x)
#define ONE_ZERO_uint16(x) (x)
#define ONE_ZERO_int32(x) (x)
#define ONE_ZERO_uint32(x) (x)
#define ONE_ZERO_int64(x) (x)
#define ONE_ZERO_uint64(x) (x)

/* Whether any lane is NaN; of two, whether any is so in either, not 0. */
#ifndef ANY_NAN_float32
INLINE int any_of(vec_uint64 mask)
{
    uint64_t any = 0;
    for (int i = 0; i < VECTOR_BYTES / 8; i++) any |= mask[i];
    return any != 0;
}
#define ANY_NAN_float32(x) any_of((vec_uint64)((x) != (x)))
#define ANY_NAN_float64(x) any_of((vec_uint64)((x) != (x)))
#define UNORDERED_float32(x, y) (unsigned)any_of((vec_uint64)(((x) != (x)) | ((y) != (y))))
#define UNORDERED_float64(x, y) (unsigned)any_of((vec_uint64)(((x) != (x)) | ((y) != (y))))
#endif
#define ANY_NAN_int8(x) 0
#define ANY_NAN_uint8(x) 0
#define ANY_NAN_int16(x) 0
#define ANY_NAN_uint16(x) 0
#define ANY_NAN_int32(x) 0
#define ANY_NAN_uint32(x) 0
#define ANY_NAN_int64(x) 0
#define ANY_NAN_uint64(x) 0

#endif
