/* cut.c - gradients along rows that are long and few: stretches of a row at a time, so that what they need stays in
 * caches, and threads share them. */
#include "walk.h"

enum { LONG_BYTES = 1 << 19 };          /* of the lanes of a row that is cut */
enum { STRETCH_BYTES = 1 << 16 };       /* of those of a stretch */

/* The outputs whose windows reach positions [first, last) of a row. */
static struct pool_range outputs_of_stretch(const struct pool_axis *a, int64_t first, int64_t last)
{
    const int64_t behind = first + a->before - (a->window - 1) * a->dilation, end = last - 1 + a->before;
    const int64_t upto = end < 0 ? 0 : least(end / a->stride + 1, a->outputs);
    return (struct pool_range){least(behind <= 0 ? 0 : ceil_div(behind, a->stride), upto), upto};
}

/* The last is the longest. */
static struct pool_range positions_of(const struct pool_cut *c, const struct pool_axis *a, int64_t stretch)
{
    const int64_t next = stretch + 1;
    return (struct pool_range){stretch * c->length, next < c->stretches ? next * c->length : a->size};
}

static int64_t walk_cut(const struct pool_job *job, const char *in, char *out, char *index, char *scratch,
                        int64_t first, int64_t last)
{
    const struct pool_cut *c = job->cut;
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size;
    for (int64_t unit = first; unit < last; unit++) {
        const int64_t row = unit / c->stretches, stretch = unit % c->stretches;
        const struct pool_job *here = &c->job[stretch == 0 ? 0 : stretch + 1 < c->stretches ? 1 : 2];
        struct pool_job placed;
        const struct pool_range positions = positions_of(c, along, stretch);
        const int64_t at = (row * along->size + positions.first) * inner;
        const int64_t from = (row * along->outputs + outputs_of_stretch(along, positions.first, positions.last).first) *
                             inner;
        if (job->task == POOL_ADD && !g->in_windows) {          /* places are those in the whole row */
            placed = *here;
            placed.first_code += positions.first;
            here = &placed;
        }
        if (here->walk(here, in + from * g->out_bytes, out + at * g->out_bytes, index + from * g->index_bytes, scratch,
                       0, here->units) >= 0)
            return 0;
    }
    return -1;
}

/* Sums of shares, or codes of windows of which none reaches from one stretch into the next. */
int pool_may_cut(const struct pool_job *job, const struct pool_geometry *g)
{
    const struct pool_axis *a = &g->along;
    const int64_t row = g->inner.size * g->lane_bytes;
    if (g->lead_axes > 0 || a->bins || a->size <= LONG_BYTES / row || a->stride > STRETCH_BYTES / row) return 0;
    if (g->outer_axes > 0 && g->outer[0].size >= 16) return 0;
    return job->task == POOL_SPREAD ||
           (job->task == POOL_ADD && job->code_bytes && a->before == 0 && (a->window - 1) * a->dilation < a->stride);
}

void pool_plan_cut(struct pool_job *job, const struct pool_geometry *g, struct pool_cut *c)
{
    const struct pool_axis *along = &g->along;
    const enum pool_task task = job->task;
    c->length = most(1, STRETCH_BYTES / (g->inner.size * g->lane_bytes) / along->stride) * along->stride;
    c->stretches = along->size / c->length;
    int64_t scratch_bytes = 0;
    for (int k = 0; k < 3; k++) {
        const int64_t stretch = k == 0 ? 0 : k == 1 ? least(1, c->stretches - 1) : c->stretches - 1;
        const struct pool_range positions = positions_of(c, along, stretch);
        const struct pool_range outputs = outputs_of_stretch(along, positions.first, positions.last);
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
