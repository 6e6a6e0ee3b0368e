/* slide.c - tall windows that move down a plane by less than their height: what they have in common is folded once.
 *
 * The rows of a window are a tree (pool.h) whose nodes are runs of 4, 16, 64 ... rows: a node is the rule over four of
 * the level below, and a window is one over up to four runs of the highest.  Nodes stay in scratch, those of a level
 * in a ring, until windows no longer reach them. */
#include "walk.h"

enum { SLIDE_BYTES = 384 * 1024 };      /* of nodes, at most: they share L2 with what flows through it */

static int64_t height(const struct pool_job *job, int level) { return (int64_t)job->slide_height << 2 * level; }

/* The level whose runs a window is made of. */
static int level_of(const struct pool_job *job, int64_t window)
{
    int level = 0;
    while (height(job, level + 1) < window) level++;
    return level;
}

/* Whether the lowest nodes of as many rows as they are high are made at once: most of their rows are the same.  A slab
 * has only those that windows have come to. */
static int folds_ahead(const struct pool_job *job)
{
    const struct pool_axis *y = &job->g->lead[0];
    return job->g->kernel->nodes && job->slide_height == POOL_GROUP && !job->far && y->dilation == 1 && y->stride == 1;
}

/* Nodes of a level that are kept: rows from the first use of one, as a window's or node's lowest run, to the last. */
static int64_t kept(const struct pool_job *job, int level)
{
    const struct pool_geometry *g = job->g;
    const int64_t run = height(job, level), window = g->lead[0].window;
    int64_t rows = g->kernel->idempotent ? 3 * run : 6 * run;
    if (level == level_of(job, window)) rows = g->kernel->idempotent ? window - run : (window / run - 1) * run;
    const int ahead = level == 0 && folds_ahead(job) ? POOL_GROUP - 1 : 0;
    return rows * g->lead[0].dilation + 1 + ahead;
}

void pool_plan_slide(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *y = &g->lead[0];
    if (g->lead_axes != 1 || g->index_bytes || job->chunked || y->bins || y->window <= POOL_GROUP ||
        y->stride >= y->window || most(y->window, y->dilation) > SLIDE_BYTES)
        return;
    /* Rows that must be brought together or raised first are best met once. */
    job->slide_height = job->rows_contiguous && !g->power ? POOL_GROUP : 1;
    job->slide_nodes = 0;
    for (int level = 0; level <= level_of(job, y->window); level++) {
        job->rings[level] = (struct pool_ring){job->slide_nodes, kept(job, level)};
        job->slide_nodes += job->rings[level].size;
    }
    const int64_t room = SLIDE_BYTES / g->lane_bytes / job->slide_nodes / job->c_block - job->reach;
    if (room < most(job->reach, g->along.stride)) {
        job->slide_nodes = 0;
        return;
    }
    const int64_t outputs = g->along.outputs, most_outputs = least(job->x_block, room / g->along.stride + 1);
    job->x_block = ceil_div(outputs, ceil_div(outputs, most_outputs));
}

/* Scratch of one kernel: for each node the row where it begins, then their lanes. */
static int64_t tag_bytes(const struct pool_job *job) { return round_up(job->slide_nodes * (int64_t)sizeof(int64_t)); }

int64_t pool_slide_bytes(const struct pool_job *job)
{
    return tag_bytes(job) + job->slide_nodes * job->acc_bytes;
}

void slide_anew(const struct pool_job *job, char *nodes)
{
    int64_t *const tags = (int64_t *)nodes;
    for (int64_t i = 0; i < job->slide_nodes; i++) tags[i] = INT64_MIN;
}

/* Taps within so many positions. */
static int64_t rows_of(const struct pool_axis *y, int64_t positions)
{
    return y->dilation == 1 ? positions : ceil_div(positions, y->dilation);
}

/* acc = rule over rows [0, n) from `row` on, n at most POOL_GROUP; those outside the data take no part. */
static void fold_few(const struct slide *s, int64_t row, int64_t n, char *acc)
{
    const struct pool_axis *y = &s->job->g->lead[0];
    const int64_t below = most(0, -row), above = y->size - row;
    const struct taps taps = {
        .window = n,
        .in = {least(n, rows_of(y, below)), above <= 0 ? 0 : least(n, rows_of(y, above))},
        .step = y->dilation * y->in_step,
    };
    if (taps.in.first >= taps.in.last) fill_empty(s->kernel, s->scratch, s->width * s->inner, acc);
    else if (s->job->slide_height == POOL_GROUP) {      /* rows are as the kernel takes them */
        const char *rows[POOL_GROUP];
        for (int64_t t = 0; t < n; t++)
            rows[t] = t >= taps.in.first && t < taps.in.last ? s->base + row * y->in_step + t * taps.step : s->scratch;
        s->kernel->fold(rows, (int)n, s->width * s->inner, acc);
    } else
        fold_rows(s->job, s->kernel, s->scratch, s->base + row * y->in_step, &taps, 1, 0, s->width, s->inner, acc);
}

/* Where a node stands in scratch, among all. */
static int64_t place_of(const struct slide *s, int level, int64_t row)
{
    const struct pool_ring ring = s->job->rings[level];
    const int64_t in_ring = row % ring.size;
    return ring.first + (in_ring < 0 ? in_ring + ring.size : in_ring);
}

static char *lanes_at(const struct slide *s, int64_t place)
{
    return s->nodes + tag_bytes(s->job) + place * s->job->acc_bytes;
}

/* The lowest nodes of this row and of those after it, where all their rows are data. */
static int fold_ahead(const struct slide *s, int64_t row)
{
    const struct pool_axis *y = &s->job->g->lead[0];
    if (!folds_ahead(s->job) || row < 0 || row + 2 * POOL_GROUP - 1 > y->size) return 0;
    const char *rows[2 * POOL_GROUP - 1];
    void *nodes[POOL_GROUP];
    for (int i = 0; i < 2 * POOL_GROUP - 1; i++) rows[i] = s->base + (row + i) * y->in_step;
    for (int i = 0; i < POOL_GROUP; i++) {
        const int64_t place = place_of(s, 0, row + i);
        nodes[i] = lanes_at(s, place);
        ((int64_t *)s->nodes)[place] = row + i;
    }
    s->kernel->nodes(rows, s->width * s->inner, nodes);
    return 1;
}

static const char *node(const struct slide *s, int level, int64_t row)
{
    const struct pool_job *job = s->job;
    const int64_t place = place_of(s, level, row);
    char *const lanes = lanes_at(s, place);
    int64_t *const tag = (int64_t *)s->nodes + place;
    if (*tag == row) return lanes;
    if (level == 0) {
        if (fold_ahead(s, row)) return lanes;
        fold_few(s, row, job->slide_height, lanes);
    } else {
        const int64_t run = height(job, level - 1) * job->g->lead[0].dilation;
        const void *runs[4];
        for (int i = 0; i < 4; i++) runs[i] = node(s, level - 1, row + i * run);
        s->kernel->merge(lanes, runs, 4, s->width * s->inner);
    }
    *tag = row;
    return lanes;
}

/* A sum, whose runs side by side are the tree. */
static void join_runs(const struct slide *s, int64_t row, int64_t window, char *acc)
{
    const struct pool_job *job = s->job;
    const struct pool_axis *y = &job->g->lead[0];
    struct pool_tall tall = {.levels = level_of(job, window) + 1};
    int64_t at = row;
    for (int level = tall.levels - 1; level >= 0; level--) {
        const int64_t run = height(job, level);
        for (; window >= run; window -= run, at += run * y->dilation)
            tall.level[level].run[tall.level[level].runs++] = node(s, level, at);
    }
    for (; window > 0; window--, at += y->dilation)
        tall.row[tall.rows++] = at >= 0 && at < y->size ? s->base + at * y->in_step : s->scratch;
    s->kernel->tall(&tall, s->width * s->inner, acc);
}

void slide_to(const struct slide *s, int64_t row, int64_t window, char *acc)
{
    const struct pool_job *job = s->job;
    if (!s->kernel->idempotent) {
        join_runs(s, row, window, acc);
        return;
    }
    const int64_t step = job->g->lead[0].dilation;
    const int level = level_of(job, window);
    const int64_t run = height(job, level);
    const void *runs[4];
    int n = 0;
    /* Runs may overlap. */
    if (window > 2 * run) runs[n++] = node(s, level, row + run * step);
    if (window > 3 * run) runs[n++] = node(s, level, row + (window - 2 * run) * step);
    runs[n++] = node(s, level, row);
    runs[n++] = node(s, level, row + (window - run) * step);
    s->kernel->merge(acc, runs, n, s->width * s->inner);
}
