/* places.c - where the best elements are, from what rode in the lanes to what the caller reads. */
#include "vec.h"
#include "pool.h"

enum { LOOSE_PLACES = 16 };     /* written in one go past the end of a row */

/* A vector at a time, of at most LOOSE_PLACES; widths change by steps of two, for which there are instructions. */
#define FROM_8_TO_8(v) (v)
#define FROM_8_TO_16(v) __builtin_convertvector(v, of_16)
#define FROM_8_TO_32(v) __builtin_convertvector(FROM_8_TO_16(v), of_32)
#define FROM_8_TO_64(v) __builtin_convertvector(FROM_8_TO_32(v), of_64)
#define FROM_16_TO_8(v) __builtin_convertvector(v, of_8)
#define FROM_16_TO_16(v) (v)
#define FROM_16_TO_32(v) __builtin_convertvector(v, of_32)
#define FROM_16_TO_64(v) __builtin_convertvector(FROM_16_TO_32(v), of_64)
#define FROM_32_TO_8(v) FROM_16_TO_8(FROM_32_TO_16(v))
#define FROM_32_TO_16(v) __builtin_convertvector(v, of_16)
#define FROM_32_TO_32(v) (v)
#define FROM_32_TO_64(v) __builtin_convertvector(v, of_64)
#define FROM_64_TO_8(v) FROM_32_TO_8(FROM_64_TO_32(v))
#define FROM_64_TO_16(v) FROM_32_TO_16(FROM_64_TO_32(v))
#define FROM_64_TO_32(v) __builtin_convertvector(v, of_32)
#define FROM_64_TO_64(v) (v)

#define DEFINE_PLACE(from, to)                                                                                  \
    static void place_##from##_##to(const void *code, int64_t count, int64_t first, int64_t step, int64_t runs, \
                                    int64_t run_step, int64_t after, void *index)                               \
    {                                                                                                           \
        enum { WIDEST = from > to ? from : to, ROOM = 8 * VECTOR_BYTES / WIDEST, MOST = LOOSE_PLACES,           \
               AT_ONCE = ROOM < MOST ? ROOM : MOST };                                                           \
        typedef uint8_t of_8 __attribute__((vector_size(AT_ONCE), unused));                                     \
        typedef uint16_t of_16 __attribute__((vector_size(2 * AT_ONCE), unused));                               \
        typedef uint32_t of_32 __attribute__((vector_size(4 * AT_ONCE), unused));                               \
        typedef uint64_t of_64 __attribute__((vector_size(8 * AT_ONCE), unused));                               \
        typedef of_##from source UNALIGNED;                                                                     \
        typedef of_##to target UNALIGNED;                                                                       \
        of_8 lane;                                                                                              \
        for (int i = 0; i < AT_ONCE; i++) lane[i] = (uint8_t)i;                                                 \
        const of_##to lanes = FROM_8_TO_##to(lane) * (uint##to##_t)step;                                        \
        const of_##to ahead = (of_##to){0} + (uint##to##_t)(AT_ONCE * step);                                    \
        const char *s = code;                                                                                   \
        char *d = index;                                                                                        \
        for (int64_t r = 0; r < runs; r++, first += run_step) {                                                 \
            const int loose = (runs - 1 - r) * count + after >= MOST;                                           \
            of_##to at = lanes + (uint##to##_t)first;                                                           \
            int64_t i = 0;                                                                                      \
            for (; loose ? i < count : i + AT_ONCE <= count; i += AT_ONCE) {                                    \
                const of_##from codes = *(const source *)(s + i * sizeof codes[0]);                             \
                for (size_t b = 0; b < sizeof at; b += POOL_VECTOR)                                             \
                    PREFETCH_OWN(d + i * sizeof at[0] + b + POOL_WRITE_AHEAD);                                  \
                *(target *)(d + i * sizeof at[0]) = FROM_##from##_TO_##to(codes) + at;                          \
                at += ahead;                                                                                    \
            }                                                                                                   \
            if (i < count) {                                                                                    \
                of_##from codes = {0};                                                                          \
                memcpy(&codes, s + i * sizeof codes[0], (size_t)(count - i) * sizeof codes[0]);                 \
                const of_##to rest = FROM_##from##_TO_##to(codes) + at;                                         \
                memcpy(d + i * sizeof at[0], &rest, (size_t)(count - i) * sizeof at[0]);                        \
            }                                                                                                   \
            s += count * (from / 8);                                                                            \
            d += count * (to / 8);                                                                              \
        }                                                                                                       \
    }

#define TO_ALL(F, from) F(from, 8) F(from, 16) F(from, 32) F(from, 64)
#define ALL_PLACES(F) TO_ALL(F, 8) TO_ALL(F, 16) TO_ALL(F, 32) TO_ALL(F, 64)

ALL_PLACES(DEFINE_PLACE)

#define ENTRY(from, to) {from / 8, to / 8, place_##from##_##to},
const struct pool_place JOIN(ISA, _places)[] = {ALL_PLACES(ENTRY) {0, 0, NULL}};
