/* cut.c - gradients along rows that are long and few: stretches of a row at a time, so that what they need stays in
 * caches, and threads share them. */
#include "walk.h"

enum { CUT_BYTES = 1 << 19 };           /* of the lanes of a row that is cut */
enum { STRETCH_BYTES = 1 << 16 };       /* of those of a stretch */
enum { FIRST, BETWEEN, LAST };          /* parts of a row that have a plan each */

/* Positions of a stretch, a multiple of the stride. */
static int64_t length_of(const struct pool_geometry *g)
{
    return STRETCH_BYTES / (g->inner.size * g->lane_bytes) / g->along.stride * g->along.stride;
}

/* The outputs whose windows reach any of some positions of a row. */
static struct pool_range outputs_of_stretch(const struct pool_axis *a, struct pool_range positions)
{
    const int64_t last = outputs_over(a, positions.last - 1).last;
    return (struct pool_range){least(outputs_over(a, positions.first).first, last), last};
}

/* The last is the longest. */
static struct pool_range positions_of(const struct pool_cut *c, const struct pool_axis *a, int64_t stretch)
{
    const int64_t next = stretch + 1;
    return (struct pool_range){stretch * c->length, next < c->stretches ? next * c->length : a->size};
}

static int part_of(const struct pool_cut *c, int64_t stretch)
{
    return stretch == 0 ? FIRST : stretch + 1 < c->stretches ? BETWEEN : LAST;
}

/* Stretches go by way of scratch, so that nothing is written past their ends, where another thread may write. */
static int64_t walk_cut(const struct pool_job *job, const char *in, char *out, char *index, char *scratch,
                        int64_t first, int64_t last)
{
    const struct pool_cut *c = job->cut;
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size;
    for (int64_t unit = first; unit < last; unit++) {
        const int64_t row = unit / c->stretches, stretch = unit % c->stretches;
        const struct pool_job *here = &c->job[part_of(c, stretch)];
        struct pool_job placed;
        const struct pool_range positions = positions_of(c, along, stretch);
        const int64_t at = (row * along->size + positions.first) * inner;
        const int64_t from = (row * along->outputs + outputs_of_stretch(along, positions).first) * inner;
        if (job->task == POOL_ADD && !g->in_windows) {          /* places are those in the whole row */
            placed = *here;
            placed.first_code += positions.first;
            here = &placed;
        }
        char *const places = index ? index + from * g->index_bytes : NULL;
        if (here->walk(here, in + from * g->out_bytes, out + at * g->out_bytes, places, scratch, 0, here->units) >= 0)
            return 0;
    }
    return -1;
}

/* Sums of shares, of windows of which none reaches over a whole stretch: so those between are alike, in the outputs
 * over them and in what of their windows counts.  Or codes, of windows of which none reaches into the next. */
int pool_may_cut(const struct pool_job *job, const struct pool_geometry *g)
{
    const struct pool_axis *a = &g->along;
    const int64_t length = length_of(g), reach = (a->window - 1) * a->dilation;
    if (g->lead_axes > 0 || a->bins || a->size <= CUT_BYTES / (g->inner.size * g->lane_bytes)) return 0;
    if (length == 0 || reach + most(0, -a->before) > length) return 0;
    if (g->outer_axes > 0 && g->outer[0].size >= LEAST_UNITS) return 0;
    return job->task == POOL_SPREAD ||
           (job->task == POOL_ADD && job->code_bytes && a->before == 0 && reach < a->stride);
}

void pool_plan_cut(struct pool_job *job, const struct pool_geometry *g, struct pool_cut *c)
{
    const struct pool_axis *along = &g->along;
    const enum pool_task task = job->task;
    c->length = length_of(g);
    c->stretches = along->size / c->length;
    int64_t scratch_bytes = 0;
    for (int k = FIRST; k <= LAST; k++) {
        const int64_t stretch = k == LAST ? c->stretches - 1 : k;
        const struct pool_range positions = positions_of(c, along, stretch);
        const struct pool_range outputs = outputs_of_stretch(along, positions);
        struct pool_geometry *const part = &c->g[k];
        *part = *g;
        part->outer_axes = 0;
        part->along.size = positions.last - positions.first;
        part->along.outputs = outputs.last - outputs.first;
        part->along.before += positions.first - outputs.first * along->stride;
        part->along.counted_first -= positions.first;
        part->along.counted_last -= positions.first;
        if (!pool_plan_gather(&c->job[k], part, task)) return;
        c->job[k].streams = job->streams;
        scratch_bytes = most(scratch_bytes, c->job[k].scratch_bytes);
    }
    *job = (struct pool_job){.g = g, .task = task, .walk = walk_cut, .cut = c, .scratch_bytes = scratch_bytes};
    job->units = c->stretches * (g->outer_axes ? g->outer[0].size : 1);
}
