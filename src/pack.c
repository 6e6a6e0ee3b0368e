/* pack.c - small planes that lie apart, or whose elements do: some are copied side by side, in C order, pooled there,
 * and what that makes is copied to where it belongs. */
#include <string.h>

#include "walk.h"

/* Of those at once, both ways, so that they stay in L2 until they are pooled. */
enum { PACK_BYTES = 1 << 17, MOST_PACK_BYTES = 1 << 19 };
/* Of a plane, at most; of one whose elements are in C order (uint8, channel slices, so and packed, times a copy and a
 * call on that: 3x3/2, 7x7 20, 1.1, 28x28 7, 1.0, 112x112 2.6, 0.2). */
enum { PLANE_BYTES = 1 << 16, DENSE_PLANE_BYTES = 1 << 14 };

/* ---- copies ------------------------------------------------------------------------------------------------ */

/* What is read, what is made, or where that was, whose steps are as those of what is made. */
enum what { READ, MADE, PLACES };

static int bytes_of(const struct pool_geometry *g, enum what what)
{
    return what == READ ? g->source_bytes : what == MADE ? g->out_bytes : g->index_bytes;
}

/* Axes of what is copied, as few as its steps where it lies and where it is packed allow. */
struct box {
    int axes;
    int64_t size[POOL_MAX_AXES + 3], there[POOL_MAX_AXES + 3], packed[POOL_MAX_AXES + 3];
};

static void add_axis(struct box *b, int64_t size, int64_t there, int64_t packed)
{
    const int last = b->axes - 1;
    if (size == 1) return;
    if (last >= 0 && b->there[last] == size * there && b->packed[last] == size * packed)
        size *= b->size[b->axes = last];
    b->size[b->axes] = size;
    b->there[b->axes] = there;
    b->packed[b->axes++] = packed;
}

/* Along the last axis, whose packed step is the shortest, and along that whose other step is, for all of the rest. */
static void copy_box(const struct pool_geometry *g, const struct box *b, enum what what, char *there, char *packed)
{
    const int made = what != READ, bytes = bytes_of(g, what), flags = made ? POOL_WRITES_ON : g->swapped;
    const int64_t *to_step = made ? b->there : b->packed, *from_step = made ? b->packed : b->there;
    char *to = made ? there : packed;
    const char *from = made ? packed : there;
    const int last = b->axes - 1;
    int next = last - 1;
    for (int a = last - 2; a >= 0; a--)
        if (size_of(b->there[a]) < size_of(b->there[next])) next = a;
    int64_t at[POOL_MAX_AXES + 3] = {0};
    for (int a = 0; a >= 0;) {
        if (last < 0)
            g->copy(to, bytes, bytes, from, bytes, bytes, 1, 1, bytes, flags);
        else if (next < 0)
            g->copy(to, to_step[0], to_step[0], from, from_step[0], from_step[0], b->size[0], 1, bytes, flags);
        else
            g->copy(to, to_step[next], to_step[last], from, from_step[next], from_step[last], b->size[next],
                    b->size[last], bytes, flags);
        for (a = last - 1; a >= 0; a--) {
            if (a == next) continue;
            to += to_step[a];
            from += from_step[a];
            if (++at[a] < b->size[a]) break;
            to -= b->size[a] * to_step[a];
            from -= b->size[a] * from_step[a];
            at[a] = 0;
        }
    }
}

/* ---- planes ------------------------------------------------------------------------------------------------ */

/* What follows is of the input, or of what is `made`. */
static int64_t size_along(const struct pool_axis *a, int made) { return made ? a->outputs : a->size; }
static int64_t step_along(const struct pool_axis *a, int made) { return made ? a->out_step : a->in_step; }
static int64_t step_over(const struct pool_span *a, int made) { return made ? a->out_step : a->in_step; }

/* Elements of a plane, or more than any may have. */
static int64_t positions(const struct pool_geometry *g, int made)
{
    int64_t all = least(g->inner.size, PLANE_BYTES + 1);
    for (int a = g->lead_axes; a >= 0; a--) {
        const int64_t size = size_along(axis_of(g, a), made);
        all = all > PLANE_BYTES / most(1, size) ? PLANE_BYTES + 1 : all * size;
    }
    return all;
}

int is_in_order(const struct pool_geometry *g, int made, int64_t bytes)
{
    if (g->inner.size > 1 && step_over(&g->inner, made) != bytes) return 0;
    int64_t step = g->inner.size * bytes;
    for (int a = g->lead_axes; a >= 0; a--) {
        const int64_t size = size_along(axis_of(g, a), made);
        if (size > 1 && step_along(axis_of(g, a), made) != step) return 0;
        step *= size;
    }
    return 1;
}

void put_in_order(struct pool_geometry *g, int64_t in_bytes)
{
    g->inner.in_step = in_bytes;
    g->inner.out_step = g->out_bytes;
    int64_t in_step = g->inner.size * in_bytes, out_step = g->inner.size * g->out_bytes;
    for (int a = g->lead_axes; a >= 0; a--) {
        struct pool_axis *const axis = a < g->lead_axes ? &g->lead[a] : &g->along;
        axis->in_step = in_step;
        axis->out_step = out_step;
        in_step *= axis->size;
        out_step *= axis->outputs;
    }
}

static int are_end_to_end(const struct pool_geometry *g, int made, int64_t plane)
{
    for (int a = g->outer_axes - 1; a >= 0; a--) {
        if (step_over(&g->outer[a], made) != plane) return 0;
        plane *= g->outer[a].size;
    }
    return 1;
}

/* A step of what is, in bytes: geometries have those of elements that are read and made. */
static int64_t step_of(const struct pool_geometry *g, enum what what, int64_t step)
{
    return what == PLACES ? step / g->out_bytes * g->index_bytes : step;
}

/* `count` planes from number `first` on, of those that begin at `planes`, to where they are packed; or back. */
static void copy_planes(const struct pool_geometry *g, enum what what, int64_t first, int64_t count, char *planes,
                        char *packed)
{
    const struct pool_span *runs = &g->outer[g->outer_axes - 1];
    const int made = what != READ, bytes = bytes_of(g, what);
    const int64_t plane = positions(g, made) * bytes;
    for (int64_t i = first, n; i < first + count; i += n, packed += n * plane) {
        n = least(first + count - i, runs->size - i % runs->size);
        char *here = planes;
        int64_t rest = i, step = plane;
        for (int a = g->outer_axes - 1; a >= 0; rest /= g->outer[a--].size)
            here += rest % g->outer[a].size * step_of(g, what, step_over(&g->outer[a], made));
        struct box b = {0};
        add_axis(&b, n, step_of(g, what, step_over(runs, made)), plane);
        for (int a = 0; a <= g->lead_axes; a++) {
            const int64_t size = size_along(axis_of(g, a), made);
            step /= size;
            add_axis(&b, size, step_of(g, what, step_along(axis_of(g, a), made)), step);
        }
        add_axis(&b, g->inner.size, step_of(g, what, step_over(&g->inner, made)), bytes);
        copy_box(g, &b, what, here, packed);
    }
}

static int64_t walk_packed(const struct pool_job *job, const char *in, char *out, char *index, char *scratch,
                           int64_t first, int64_t last)
{
    const struct pool_packed *p = job->packed;
    const struct pool_geometry *g = job->g;
    char *const packed_out = scratch + job->at_out, *const packed_index = scratch + job->at_index;
    for (int64_t unit = first; unit < last; unit++) {
        const int64_t plane = unit * p->beside, count = least(p->beside, p->planes - plane);
        const int full = count == p->beside, reads = p->reads && full, writes = p->writes && full;
        const char *const from = reads ? in + plane * p->from_bytes : scratch;
        char *const to = writes ? out + plane * p->to_positions * g->out_bytes : packed_out;
        char *const places = writes && index ? index + plane * p->to_positions * g->index_bytes : packed_index;
        if (!reads) copy_planes(g, READ, plane, count, (char *)in, scratch);
        /* Of the last, which are fewer, what stands for the rest is pooled too. */
        memset(scratch + count * p->from_bytes, 0, (size_t)((p->beside - count) * p->from_bytes));
        p->job.walk(&p->job, from, to, g->index_bytes ? places : NULL, scratch + job->at_row, 0, p->job.units);
        if (writes) continue;
        copy_planes(g, MADE, plane, count, out, packed_out);
        if (g->index_bytes) copy_planes(g, PLACES, plane, count, index, packed_index);
    }
    return -1;
}

/* ---- the plan ---------------------------------------------------------------------------------------------- */

int pool_may_pack(const struct pool_job *job, const struct pool_geometry *g)
{
    if (job->task != POOL_FORWARD || job->turned || g->outer_axes == 0) return 0;
    for (int a = 0; a < g->outer_axes; a++)
        if (g->outer[a].place_weight) return 0;
    const int64_t from = positions(g, 0) * g->source_bytes, to = positions(g, 1) * g->out_bytes;
    const int in_order = !g->swapped && is_in_order(g, 0, g->source_bytes) && is_in_order(g, 1, g->out_bytes);
    if (in_order && are_end_to_end(g, 0, from) && are_end_to_end(g, 1, to)) return 0;
    return most(from, to) <= (in_order ? DENSE_PLANE_BYTES : PLANE_BYTES);
}

/* So many planes at once. */
static void plan_pack(struct pool_packed *p, const struct pool_geometry *g, int64_t beside)
{
    const int64_t from = p->from_bytes, to = p->to_positions * g->out_bytes;
    struct pool_geometry *const side = &p->g;
    *side = *g;
    p->beside = beside;
    side->outer_axes = beside > 1;
    side->outer[0] = (struct pool_span){.size = beside, .in_step = from, .out_step = to};
    side->swapped = 0;
    side->bytes = beside * (from + to);
    put_in_order(side, g->source_bytes);
    pool_plan_forward(&p->job, side, &p->near);
    pool_plan_turned(&p->job, &p->turned);
}

/* Whether planes are turned, or rows of windows of many done at once. */
static int are_done_together(const struct pool_job *job) { return job->turned || job->spaced; }

void pool_plan_packed(struct pool_job *job, const struct pool_geometry *g, struct pool_packed *p)
{
    const int64_t from = positions(g, 0) * g->source_bytes, to = positions(g, 1) * g->out_bytes;
    p->planes = 1;
    for (int a = 0; a < g->outer_axes; a++) p->planes *= g->outer[a].size;
    p->from_bytes = from;
    p->to_positions = to / g->out_bytes;
    p->reads = !g->swapped && is_in_order(g, 0, g->source_bytes) && are_end_to_end(g, 0, from);
    p->writes = is_in_order(g, 1, g->out_bytes) && are_end_to_end(g, 1, to);
    const int64_t few = most(1, least(PACK_BYTES / (from + to), ceil_div(p->planes, LEAST_UNITS)));
    int64_t many = MOST_SIDE;
    while (many > few && (many > p->planes || many * (from + to) > MOST_PACK_BYTES)) many /= 2;
    plan_pack(p, g, few);
    /* More, where those go ways that are for many (16 of 57x57, every second column: indices of 7x7 bins in 352 us, so
     * 93; averages of 7x7/3 in 132, so 38). */
    if (!are_done_together(&p->job) && many >= LEAST_SIDE) {
        plan_pack(p, g, many);
        if (!are_done_together(&p->job)) plan_pack(p, g, few);
    }

    *job = (struct pool_job){.g = g, .task = POOL_FORWARD, .walk = walk_packed, .packed = p};
    job->units = ceil_div(p->planes, p->beside);
    job->at_out = round_up(p->beside * from + POOL_SLACK);
    job->at_index = job->at_out + round_up(p->beside * to + POOL_SLACK);
    job->at_row = job->at_index + round_up(p->beside * p->to_positions * g->index_bytes + POOL_SLACK);
    job->scratch_bytes = job->at_row + p->job.scratch_bytes;
}
