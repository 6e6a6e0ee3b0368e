/* gradients.c - the table of what the backward pass does with rows, in one instruction set. */
#include "vec.h"
#include "pool.h"

enum { MOST_HELD = 9 };         /* taps at hand: most of a window of 3 at stride 1 */

#if BYTES_ARE_MASKS
static int bytes_fit(const char *from, char *to, int64_t count, int64_t rows, int64_t from_step, int64_t to_step,
                     const struct pool_ranges *ranges)
{
    const int64_t lanes = LANES_OF(uint8_t);
    const vec_uint8 first = (vec_uint8){0} + (uint8_t)ranges->first[0];
    vec_uint8 far = {0};
    char column[LANES_OF(uint8_t)];
    if (count == 1 && !to_step && rows > 1 && rows <= lanes) {          /* at once */
        for (int64_t r = 0; r < rows; r++) column[r] = from[r * from_step];
        from = column;
        count = rows;
        rows = 1;
    }
    for (int64_t r = 0; r < rows; r++, from += from_step, to += to_step)
        for (int64_t i = 0; i < count; i += lanes) {
            const uint64_t there = count - i >= lanes ? ~0ULL : ~(~0ULL << (count - i));
            vec_uint8 here;
            LOAD_LANES(&here, from + i, there);
            if (to_step) STORE_PART(to + i, &here, (size_t)(count - i < lanes ? count - i : lanes));
            here = PICK_LANES(there, here, first);
            vec_uint8 least = here - first;
            for (int k = 1; k < ranges->n; k++) least = SMALLER_uint8(least, here - (uint8_t)ranges->first[k]);
            far = LARGER_uint8(far, least);
        }
    uint8_t most = 0;
    for (int i = 0; i < lanes; i++) most = far[i] > most ? far[i] : most;
    return most < ranges->length;
}
#else
#define bytes_fit NULL
#endif

#define LANE float32
#define CODE int32
#include "gradients.tmpl.c"
#undef LANE
#undef CODE
#define LANE float64
#define CODE int64
#include "gradients.tmpl.c"
#undef LANE
#undef CODE

static uint64_t check(const int64_t *index, int64_t count, int64_t *at)
{
    uint64_t highest = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t here = index[i];
        at[i] = here;
        highest = (uint64_t)here > highest ? (uint64_t)here : highest;
    }
    return highest;
}

#define ENTRY(lane)                                                                                           \
    {#lane, LANES_OF(lane_##lane), share_##lane, gather_##lane, encode_##lane, fits_##lane, bytes_fit,        \
     scatter_##lane, check},
const struct pool_gradient JOIN(ISA, _gradients)[] = {ENTRY(float32) ENTRY(float64) {0}};
