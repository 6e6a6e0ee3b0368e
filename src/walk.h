/* walk.h - a call cut into units of work, and one thread's way through them. */
#ifndef WALK_H
#define WALK_H

#include "pool.h"

/* What a call's units share.  A unit is one row of outputs, or a block of it. */
struct job {
    const struct pool_geometry *g;
    const char *in;
    char *out;
    int64_t x_block, x_blocks, c_block, c_blocks;       /* outputs along the row, inner elements */
    int64_t lead_units, units;
    int64_t reach;              /* input positions that a window spans along the row */
    int chunked;                /* the window is longer than POOL_LEAVES, and folded into so many columns first */
    int group_axes;             /* trailing leading axes whose window rows fold as one group; 0: the last in chunks */
    int64_t group_rows;
    int rows_contiguous, out_contiguous;
    int fused;                  /* windows inside the input go to the fused kernel */
    int64_t repeats;            /* rows of outputs that one call of it may make */
    int64_t inside_first, inside_last;          /* outputs along the row whose every tap is data and counts */

    /* Scratch of one thread: its bytes, and where each part begins. */
    int64_t scratch_bytes, row_bytes, acc_bytes;
    int64_t at_gathered, at_levels, at_spare, at_lanes, at_beside, at_mid, at_out;
};

void pool_plan_job(struct job *job, const struct pool_geometry *g, const void *in, void *out);

/* Does units [first, last). */
void pool_walk(const struct job *job, char *scratch, int64_t first, int64_t last);

#endif
