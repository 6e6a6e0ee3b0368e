/* places.c - where the best elements are, from what rode in the lanes to what the caller reads. */
#include "vec.h"
#include "pool.h"

/* index[i] = first + i*step + code[i].  Plain loops: the compiler vectorises them. */
#define DEFINE_PLACE(from, to)                                                                                 \
    static void place_##from##_##to(const void *code, int64_t count, int64_t first, int64_t step, void *index) \
    {                                                                                                          \
        typedef uint##from##_t source UNALIGNED;                                                               \
        typedef uint##to##_t target UNALIGNED;                                                                 \
        const source *s = code;                                                                                \
        target *d = index;                                                                                     \
        if (step == 0)                                                                                         \
            for (int64_t i = 0; i < count; i++) d[i] = (target)((uint##to##_t)first + (uint##to##_t)s[i]);     \
        else                                                                                                   \
            for (int64_t i = 0; i < count; i++)                                                                \
                d[i] = (target)((uint##to##_t)(first + i * step) + (uint##to##_t)s[i]);                        \
    }

#define TO_ALL(F, from) F(from, 8) F(from, 16) F(from, 32) F(from, 64)
#define ALL_PLACES(F) TO_ALL(F, 8) TO_ALL(F, 16) TO_ALL(F, 32) TO_ALL(F, 64)

ALL_PLACES(DEFINE_PLACE)

#define ENTRY(from, to) {from / 8, to / 8, place_##from##_##to},
const struct pool_place JOIN(ISA, _places)[] = {ALL_PLACES(ENTRY) {0, 0, NULL}};
