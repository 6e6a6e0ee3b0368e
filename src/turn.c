/* turn.c - small planes in C order: some are turned, so that they lie side by side as channels do, pooled as those are,
 * and what that makes is turned back. */
#include "walk.h"

/* Of those at once, both ways, so that they stay in L2; of windows that share much, nearer. */
enum { SHARING_BYTES = 1 << 16, TURNED_BYTES = 1 << 17, MOST_TURNED_BYTES = 1 << 19 };
enum { LEAST_SIDE_BYTES = 64 };

/* Planes of so many positions to where `side` of them lie side by side, and `count` of those back. */
static void put_beside(const struct pool_geometry *g, char *to, const char *planes, int64_t positions, int64_t side,
                       int bytes)
{
    g->copy(to, side * bytes, bytes, planes, bytes, positions * bytes, positions, side, bytes, 0);
}

static void put_back(const struct pool_geometry *g, char *planes, const char *from, int64_t positions, int64_t side,
                     int64_t count, int bytes)
{
    g->copy(planes, bytes, positions * bytes, from, side * bytes, bytes, positions, count, bytes, POOL_WRITES_ON);
}

static int64_t walk_turned(const struct pool_job *job, const char *in, char *out, char *index, char *scratch,
                           int64_t first, int64_t last)
{
    const struct pool_turned *t = job->turned;
    const struct pool_geometry *g = job->g;
    const int64_t side = t->g.inner.size, from = t->from_positions, to = t->to_positions;
    char *const side_in = scratch, *const side_out = scratch + job->at_out, *const side_index = scratch + job->at_index;
    const int reads = job->task == POOL_ADD;
    for (int64_t unit = first; unit < last; unit++) {
        /* The last are as many as the others: those that were there before are only read. */
        const int64_t plane = unit * side, start = least(plane, t->planes - side);
        const int64_t count = least(side, t->planes - plane), seen = plane - start;
        put_beside(g, side_in, in + start * from * t->in_bytes, from, side, t->in_bytes);
        if (reads) put_beside(g, side_index, index + start * from * g->index_bytes, from, side, g->index_bytes);
        if (t->job.walk(&t->job, side_in, side_out, side_index, scratch + job->at_row, 0, t->job.units) >= 0) return 0;
        put_back(g, out + plane * to * g->out_bytes, side_out + seen * g->out_bytes, to, side, count, g->out_bytes);
        if (g->index_bytes && !reads)
            put_back(g, index + plane * to * g->index_bytes, side_index + seen * g->index_bytes, to, side, count,
                     g->index_bytes);
    }
    return -1;
}

static int all_inside(const struct pool_geometry *g)
{
    for (int a = g->lead_axes; a >= 0; a--) {
        const struct pool_axis *axis = axis_of(g, a);
        const struct pool_range inside = outputs_inside(axis);
        if (inside.first > 0 || inside.last < axis->outputs) return 0;
    }
    return 1;
}

/* Of windows that share much, and have ways of their own: the more of them there are in a line, the sooner.  Hundredths
 * of the floor, two threads, so and turned: averages of halves, 4x4/2, 14x14 865, 297, 48x48 444, 297; int16, 5x5/1,
 * 20x20 210, 156, 28x28 151, 162; float32, 2x2/1, maxima, 8x8 291, 158, 14x14 163, 175, averages, 20x20 223, 173. */
static int pays_for_shared(const struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t row = along->size, bytes = g->lane_bytes;
    if (g->elem_bytes != bytes) return row <= 40;
    if (along->stride > 1 || (bytes <= 2 && row <= 24)) return 1;
    if (along->window == 2) return row <= (g->kernel->idempotent ? 12 : 24);
    if (9 * along->window < bytes * row) return 0;
    if (bytes <= 2) return bytes == 1 || g->kernel->lanes <= 16;
    return job->flat && row < 16;
}

/* Windows that share nothing, along rows that are long enough (56x56, windows of 4: float32 19 -> 10 us, AVX2 30 -> 12,
 * int16 35 -> 12; but float32 of 14x14 22 -> 30, int8 of 28x28 24 -> 40).  pypool/_layout.py has the same rule for
 * what it would lay side by side. */
static int goes_along(const struct pool_geometry *g)
{
    for (int a = g->lead_axes; a >= 0; a--) {
        const struct pool_axis *axis = axis_of(g, a);
        if (axis->window > axis->stride || axis->dilation > 1) return 0;
    }
    return all_inside(g) && g->along.size >= POOL_LONG && g->along.size * g->source_bytes >= POOL_LONG_BYTES;
}

/* For gradients: those that are spread, gathered by codes, or follow indices one by one.  ns a position, two threads,
 * AVX-512, so and turned: averages, 3x3/2 pad 1, of 14x14 0.40, 0.27, of 28x28 0.21, 0.24; 2x2/2 of 28x28 0.10, 0.19;
 * maxima of 28x28, 3x3/2 pad 1, by plane indices, one by one, 0.43, 0.35; 2x2/2 by window indices 0.12, 0.20. */
static int pays_backward(const struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t row = along->size;
    const int lanes = g->gradient->lanes, within = all_inside(g);
    const int few_outputs = along->outputs < (lanes == 8 ? 8 : 5);      /* of AVX2, which has no parts of a vector */
    if (job->task == POOL_SPREAD) {
        if (along->stride != 2 || along->window > 4) return 1;
        return within ? few_outputs : row <= (lanes == 8 ? 28 : 22);
    }
    if (job->code_bytes == 0) return row <= 32 || !within;
    /* Hundredths of the floor, so and turned: 3x3/1 pad 1 by plane, 20x20 535, 475, 24x24 424, 504 (AVX2 14x14 702,
     * 728), by window, 20x20 411, 290 (594, 471); 3x3/2 pad 1 by plane, 28x28 300, 239 (20x20 281, 305). */
    const int in_bytes = g->index_bytes == 1;
    if (lanes <= 4) return !within && row <= 12;
    if (along->stride == 1) return row <= (lanes == 8 && !in_bytes ? 13 : within ? 19 : 20);
    return !within && row <= (lanes == 8 ? 20 : in_bytes ? 14 : 28);
}

/* Whether turning is worth its while, for a job that is planned without; by measurement, the most elements of a row. */
static int pays(const struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const int64_t row = g->along.size;
    if (job->task == POOL_SPREAD || job->task == POOL_ADD) return pays_backward(job);
    /* Hundredths of the floor, so and turned: 3x3/1, 10x10 by plane 217, 220, by window 318, 244, 14x14 152, 220; with
     * padding 10x10 178, 160 and 626, 315, 14x14 137, 190 and 358, 309, 20x20 132, 168 and 277, 301; 3x3/2 pad 1, 20x20
     * 259, 239 and 310, 257, 24x24 206, 227 and 248, 235. */
    if (g->index_bytes) {
        const int in_bytes = job->pads && g->index_bytes == 1;
        const int64_t most_turned = g->along.stride == 1 ? (in_bytes ? 17 : 13) : job->pads ? 22 : 19;
        return row <= most_turned || !(job->finds && (job->pads || all_inside(g)));
    }
    /* Small windows of powers, taken on the way to a slab or to where planes are turned (float32, p 3, us, so and
     * turned: 2x2/2, 14x14 633, 350, 28x28 381, 343, 40x40 308, 321; 3x3/1, 40x40 1112, 954; 3x3/2, 80x80 236, 265). */
    if (job->far && job->fused) return row <= (goes_along(g) ? 24 : 48);
    if (job->whole || job->spaced) return 0;
    if (job->flat || job->overlap) return pays_for_shared(job);
    if (job->narrow) {
        if (job->narrow == 2) return 0;
        /* Times the floor, so and turned: int8, 3x3/1, 20x20 1.95, 1.63, 28x28 1.45, 1.56; sums of bytes, 16x16 5.1,
         * 2.7 (AVX2 3.8, 3.05), of int16, 8x8 4.7, 3.1 (3.8, 3.45), of halves 3.9, 2.9 (3.4, 3.3). */
        if (g->lane_bytes == 1) return row < 24;
        if (g->elem_bytes == 1) return row <= (g->out_bytes == 1 ? 30 : 20);
        if (g->elem_bytes < g->lane_bytes && g->out_bytes == g->elem_bytes)
            return row <= (g->kernel->divides != POOL_ROUNDS ? 11 : g->kernel->lanes < 16 ? 28 : 12);
        /* Rows that half a vector holds, or one of 16 bytes: int16 in those, valid, 7x7 27 -> 14 us, in those of 64
         * 14x14 10 -> 18; float32 in those of 16, 4x4 36 -> 20, 5x5 as fast. */
        const int of_16 = g->kernel->lanes * g->lane_bytes == 16;
        return row <= (of_16 && g->elem_bytes > 2 ? 4 : 11) && (of_16 || 2 * row <= g->kernel->lanes);
    }
    /* Of windows of three planes any row short of a vector of float32 (3x3x3/1 of 12x14x14: 4.4 of the floor, so 3.2).
     * At stride 3 few bytes of a vector become results (int8, 16x16: 4.5 of the floor, so 2.1; 28x28 2.5, so 1.9). */
    const int all_fused = job->fused && (job->all_fused || (g->plain && all_inside(g)));
    if (all_fused && job->fused_rows > POOL_GROUP) return row < 16;
    if (all_fused) return row <= most(9, g->along.stride == 3 ? 31 / g->elem_bytes : 0);
    if (job->fused) return row <= 32;
    return !goes_along(g);
}

void pool_plan_turned(struct pool_job *job, struct pool_turned *t)
{
    const struct pool_geometry *g = job->far && job->far->power ? job->far : job->g;
    const enum pool_task task = job->task;
    const int forward = task == POOL_FORWARD;
    struct pool_geometry *const side = &t->g;
    *side = *g;
    struct pool_span planes = g->outer[0];
    if (forward && g->outer_axes == 0 && g->lead_axes == 1 && g->lead[0].window == 1 && g->lead[0].stride == 1 &&
        g->lead[0].size == g->lead[0].outputs) {        /* rows, of which each is a plane */
        const struct pool_axis *rows = &g->lead[0];
        planes = (struct pool_span){rows->size, rows->in_step, rows->out_step, rows->place_weight};
        side->lead_axes = 0;
    } else if (g->outer_axes != 1) {
        return;
    }
    if ((job->far && !g->power) || g->inner.size > 1 || planes.place_weight || task == POOL_PUT || task == POOL_PICK ||
        !pays(job))
        return;

    int64_t inputs = g->along.size, outputs = g->along.outputs;
    for (int a = 0; a < side->lead_axes; a++) {
        inputs *= side->lead[a].size;
        outputs *= side->lead[a].outputs;
    }
    const int64_t in_bytes = forward ? g->source_bytes : g->out_bytes;
    if (forward && !(is_in_order(side, 0, in_bytes) && planes.in_step == inputs * in_bytes &&
                     is_in_order(side, 1, g->out_bytes) && planes.out_step == outputs * g->out_bytes))
        return;
    const int64_t plane_bytes = inputs * most(in_bytes, g->lane_bytes) + outputs * (g->out_bytes + g->index_bytes);
    const int64_t room = forward && !g->index_bytes && g->along.window > POOL_GROUP ? SHARING_BYTES : TURNED_BYTES;
    int64_t beside = MOST_SIDE;
    while (beside * plane_bytes > room && beside * in_bytes > LEAST_SIDE_BYTES) beside /= 2;
    /* Fewer yet rather than none (uint8 to float64, 5x5/1, 65 planes of 32x32 in 683 us, so 191). */
    while (plane_bytes > MOST_TURNED_BYTES / beside && beside * g->lane_bytes > LEAST_SIDE_BYTES) beside /= 2;
    /* Places are sought together even of few planes, but of bytes, which then leave half a vector empty, and where too
     * many go with the last that were met before (31 of 8x8, 3x3/1, int16 30 us, so 12, float32 26, so 8). */
    if (forward && g->index_bytes && in_bytes > 1 && planes.size < beside) {
        while (planes.size < beside && beside > LEAST_SIDE) beside /= 2;
        if (3 * planes.size < 2 * beside * ceil_div(planes.size, beside)) return;
    }
    if (plane_bytes > MOST_TURNED_BYTES / beside || planes.size < beside) return;

    t->planes = planes.size;
    t->in_bytes = (int)in_bytes;
    t->from_positions = forward ? inputs : outputs;
    t->to_positions = forward ? outputs : inputs;
    side->outer_axes = 0;
    side->inner = (struct pool_span){.size = beside};
    side->bytes = beside * plane_bytes;
    put_in_order(side, in_bytes);
    if (forward) pool_plan_forward(&t->job, side, &t->near);
    else if (!pool_plan_gather(&t->job, side, task)) return;

    *job = (struct pool_job){.g = g, .task = task, .walk = walk_turned, .turned = t};
    job->units = ceil_div(planes.size, beside);
    job->at_out = round_up(t->from_positions * beside * in_bytes + POOL_SLACK);
    job->at_index = job->at_out + round_up(t->to_positions * beside * g->out_bytes + POOL_SLACK);
    job->at_row = job->at_index + round_up(outputs * beside * g->index_bytes + POOL_SLACK);
    job->scratch_bytes = job->at_row + t->job.scratch_bytes;
}
