/* overlap.c - windows that overlap down a plane, which one kernel folds several rows of outputs at a time. */
#include "walk.h"

enum { LANE_BYTES = 1 << 17 };          /* of the rows that are folded, the windows' and those in common */
enum { SHORT_BYTES = POOL_L1_BYTES / 2 };        /* of rows that two vectors hold */
enum { TOGETHER_BYTES = 1 << 12 };      /* of rows that go along at once */
enum { BLOCK_BYTES = 1 << 19 };         /* of the blocks of rows that tall windows have in common */

/* The rows of outputs, of windows so far apart, that are folded at once: all have some input in common. */
static int group_of(int64_t window, int64_t stride, int64_t outputs)
{
    int group = 8;
    while (group > 1 && (group / 2 >= outputs || (group - 1) * stride >= window ||
                         4 * group * stride > POOL_OVERLAP_TAPS))
        group /= 2;
    return group;
}

/* Whether the elements of a pixel lie side by side where the kernel reads and writes, and so do pixels of few. */
static int lies_well(const struct pool_geometry *g)
{
    const struct pool_axis *x = &g->along;
    const int64_t inner = g->inner.size;
    if (inner > 1 && (g->inner.in_step != g->elem_bytes || g->inner.out_step != g->out_bytes)) return 0;
    return !g->swapped && (inner >= g->kernel->lanes || (x->in_step == inner * g->elem_bytes &&
                                                         (x->out_step == inner * g->out_bytes || x->outputs == 1)));
}

/* Blocks of at most so many of `count`, as even as whole vectors allow, of which the last has one at least. */
static int64_t even_block(int64_t count, int64_t most_lanes, int64_t lanes)
{
    for (int64_t blocks = ceil_div(count, most_lanes); blocks > 1; blocks--) {
        const int64_t block = ceil_div(ceil_div(count, blocks), lanes) * lanes;
        if (count - (ceil_div(count, block) - 1) * block >= lanes) return block;
    }
    return count;
}

void pool_plan_overlap(struct pool_job *job, int can_write)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *y = &g->lead[0], *x = &g->along;
    const int64_t inner = g->inner.size, lanes = g->kernel->lanes;
    if (!g->kernel->overlaps || g->lead_axes != 1 || g->index_bytes || g->power || g->first_cast || g->divide ||
        !can_write || job->chunked || job->whole || y->bins || x->bins || y->dilation > 1 || x->dilation > 1 ||
        y->window <= POOL_FOUND || !lies_well(g))
        return;
    const int group = group_of(y->window, y->stride, y->outputs);
    const int across = inner >= lanes && x->window > 1 ? group_of(x->window, x->stride, x->outputs) : 0;
    if (group == 1 || across == 1) return;
    const int64_t common = y->window - (group - 1) * y->stride, step = group * y->stride;
    const int64_t blocks = common > 2 * step ? (common - 1) / step : 0;

    const int64_t extent = span_of(x, x->outputs), all = across ? least(extent, x->size) : extent;
    /* Of pixels one group of rows is enough (20x20x512, 13x13, one thread: 0.84 of the time). */
    const int64_t rows = across ? group / 2 : group;
    const int64_t room = least(LANE_BYTES / rows, blocks ? BLOCK_BYTES / blocks : LANE_BYTES) / g->lane_bytes;
    const int64_t least_span = least(all, 4 * job->reach);
    const int64_t c_block = all <= room / inner ? inner : even_block(inner, most(4 * lanes, room / least_span), lanes);
    /* A slab has room for all rows of a window, and as many more. */
    const int64_t slab = job->far ? MOST_SLAB_BYTES / 2 / y->window / (c_block * g->elem_bytes) : INT64_MAX;
    const int64_t positions = most(least(room / c_block, slab), 4 * job->reach);
    if (blocks * positions * c_block > 4 * BLOCK_BYTES / g->lane_bytes) return;
    job->c_block = c_block;
    job->c_blocks = ceil_div(inner, c_block);
    const int64_t outputs = positions < all ? (positions - job->reach) / x->stride + 1 : x->outputs;
    job->x_block = ceil_div(x->outputs, ceil_div(x->outputs, outputs));
    job->overlap = group;
    job->overlap_across = across && x->window + (across - 1) * x->stride <= POOL_OVERLAP_TAPS / 2 ? across : 0;
    job->overlap_blocks = blocks;
}

/* Lanes of a row of scratch: all that windows of a block meet, or pixels of data and as much as the last may write. */
static int64_t pitch(const struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const int64_t extent = span_of(&g->along, job->x_block);
    const int64_t pixels = job->overlap_across ? least(extent, g->along.size) : extent;
    const int64_t beside = job->overlap_across ? POOL_VECTOR : 0;
    return round_up(pixels * job->c_block * g->lane_bytes + beside) / g->lane_bytes;
}

/* Rows that go along at once: short ones are few vectors. */
static int together(const struct pool_job *job)
{
    return (int)most(1, least(job->overlap, TOGETHER_BYTES / job->g->lane_bytes / pitch(job)));
}

/* Places of rows: of those a group meets, or more. */
static int64_t most_taps(const struct pool_job *job)
{
    const struct pool_axis *y = &job->g->lead[0];
    return most(POOL_OVERLAP_TAPS, (job->overlap - 1) * y->stride + y->window);
}

/* Rows of lanes: of a group of pixels, else of two groups; where two vectors hold one, of as many as a plane has. */
static int64_t lane_rows(const struct pool_job *job)
{
    const struct pool_axis *x = &job->g->along;
    const int is_short = job->g->inner.size == 1 && most(0, x->before) + x->size <= 2 * job->g->kernel->lanes;
    const int groups = job->overlap_across ? 1 : 2;
    return most(groups * job->overlap, is_short ? SHORT_BYTES / job->g->lane_bytes / pitch(job) : 0);
}

/* Places of pixels that the windows of a block meet, or those of a group if that is more. */
static int64_t most_pixels(const struct pool_job *job)
{
    const struct pool_axis *x = &job->g->along;
    return job->overlap_across ? span_of(x, most(job->x_block, job->overlap_across)) : 0;
}

static int64_t places_bytes(const struct pool_job *job)
{
    return round_up((most_taps(job) + most_pixels(job)) * (int64_t)sizeof(int64_t));
}

int64_t pool_overlap_bytes(const struct pool_job *job)
{
    const int64_t rows = lane_rows(job) + together(job) + job->overlap_blocks;
    return places_bytes(job) + POOL_VECTOR + rows * pitch(job) * job->g->lane_bytes + 2 * POOL_SLACK;
}

void overlap_planes(const struct pool_job *job, char *scratch, const struct unit *u, struct pool_overlaps *o)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *y = &g->lead[0], *x = &g->along;
    const int64_t row_bytes = pitch(job) * g->lane_bytes, taps = most_taps(job);
    int64_t *const places = (int64_t *)(scratch + job->at_levels);
    /* What is data, after the padding, begins at a vector. */
    const int64_t left = job->overlap_across ? 0 : most(0, -axis_start(x, u->first)) * u->inner * g->lane_bytes;
    char *const lanes = (char *)places + places_bytes(job) + round_up(left) - left;
    *o = (struct pool_overlaps){
        .y = y, .x = x, .in = u->base - u->row * y->in_step, .out = u->out, .padding = scratch, .planes = 1,
        .row = (u->row + y->before) / y->stride, .rows = u->repeats, .first = u->first, .outputs = u->outputs,
        .inner = u->inner, .as_elements = g->last_cast != NULL,
        .group = job->overlap, .across = job->overlap_across, .together = together(job),
        .blocks = job->overlap_blocks, .pitch = pitch(job), .lane_rows = lane_rows(job), .most_taps = taps,
        .lanes = lanes, .spare = lanes + lane_rows(job) * row_bytes,
        .ring = lanes + (lane_rows(job) + together(job)) * row_bytes + POOL_SLACK,
        .taps = places, .pixels = places + taps,
    };
}
