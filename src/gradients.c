/* gradients.c - the table of what the backward pass does with rows, in one instruction set. */
#include "vec.h"
#include "pool.h"

enum { MOST_HELD = 4 };         /* taps in registers: most of a window of 3 at stride 2 */

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

#define ENTRY(lane) {#lane, share_##lane, gather_##lane, encode_##lane, fits_##lane, scatter_##lane, check},
const struct pool_gradient JOIN(ISA, _gradients)[] = {ENTRY(float32) ENTRY(float64) {0}};
