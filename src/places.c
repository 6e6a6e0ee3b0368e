/* places.c - where the best elements are, from what rode in the lanes to what the caller reads. */
#include "vec.h"
#include "pool.h"

/* Plain loops: the compiler vectorises them.  A loose row has no ends to take care of. */
#define DEFINE_PLACE(from, to)                                                                                 \
    static void place_##from##_##to(const void *code, int64_t count, int64_t first, int64_t step, int loose,   \
                                    void *index)                                                               \
    {                                                                                                          \
        typedef uint##from##_t source UNALIGNED;                                                               \
        typedef uint##to##_t target UNALIGNED;                                                                 \
        const source *s = code;                                                                                \
        target *d = index;                                                                                     \
        int64_t i = 0;                                                                                         \
        for (; i + POOL_LOOSE_PLACES <= count || (loose && i < count); i += POOL_LOOSE_PLACES)                 \
            for (int64_t j = 0; j < POOL_LOOSE_PLACES; j++)                                                    \
                d[i + j] = (target)((uint##to##_t)(first + (i + j) * step) + (uint##to##_t)s[i + j]);          \
        for (; i < count; i++) d[i] = (target)((uint##to##_t)(first + i * step) + (uint##to##_t)s[i]);         \
    }

#define TO_ALL(F, from) F(from, 8) F(from, 16) F(from, 32) F(from, 64)
#define ALL_PLACES(F) TO_ALL(F, 8) TO_ALL(F, 16) TO_ALL(F, 32) TO_ALL(F, 64)

ALL_PLACES(DEFINE_PLACE)

#define ENTRY(from, to) {from / 8, to / 8, place_##from##_##to},
const struct pool_place JOIN(ISA, _places)[] = {ALL_PLACES(ENTRY) {0, 0, NULL}};
