/* slide.c - tall windows that move down a plane by less than their height: what they have in common is folded once.
 *
 * The rows of a window are a tree (pool.h) whose nodes are runs of 4, 16, 64 ... rows: a node is the rule over four of
 * the level below, and a window is one over up to four runs of the highest.  Nodes stay in scratch, those of a level
 * in a ring, until windows no longer reach them.  Where those are more than L1 holds, what several windows need is
 * written down first, then done some columns at a time, whose nodes stay there meanwhile. */
#include "walk.h"

/* Sums of float32, 2048x2048 on one thread, ms: 15x15 2.8, so 2.3; 31x31 4.0, so 3.2; 63x63 5.4, so 4.1. */
enum { SLIDE_BYTES = 640 * 1024 };      /* of nodes and folded windows, at most: they share L2 with what flows by */
enum { NEAR_BYTES = 32 * 1024 };        /* of nodes that need no such help */
enum { SLIDE_ROWS = 16 };               /* of windows that are folded at once */
enum { SLIDE_STEPS = 64 };              /* written down, at most */
enum { COLUMN_BYTES = 1024 };           /* of lanes, done at a time */

/* How rows of lanes come of others. */
struct step {
    enum { FOLD, NODES, MERGE, TALL } kind;
    int n;                      /* rows it comes of; the number of a tall window */
    union {
        const char *rows[2 * POOL_GROUP - 1];
        const void *runs[4];    /* of lanes */
    } from;
    void *to[POOL_GROUP];
};

/* What stands at the front of a kernel's nodes. */
struct plan {
    int64_t rows, taken;        /* windows that are folded, and how many of those are done with */
    int steps, windows;         /* written down, not done */
    struct step step[SLIDE_STEPS];
    struct pool_tall window[SLIDE_ROWS];
};

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
    int64_t room;
    job->slide_rows = job->slide_height == POOL_GROUP ? least(SLIDE_ROWS, y->outputs) : 1;
    do {
        room = SLIDE_BYTES / g->lane_bytes / (job->slide_nodes + job->slide_rows) / job->c_block - job->reach;
    } while (room < most(job->reach, g->along.stride) && (job->slide_rows /= 2) > 0);
    if (job->slide_rows == 0) {
        job->slide_nodes = 0;
        return;
    }
    const int64_t outputs = g->along.outputs, most_outputs = least(job->x_block, room / g->along.stride + 1);
    job->x_block = ceil_div(outputs, ceil_div(outputs, most_outputs));
    const int64_t columns = span_of(&g->along, job->x_block) * job->c_block;
    if (job->slide_nodes * columns * g->lane_bytes <= NEAR_BYTES) job->slide_rows = 1;
    job->slide_columns = job->slide_rows > 1 ? COLUMN_BYTES / g->lane_bytes : columns;
}

/* Scratch of one kernel: the plan; for each node the row where it begins; their lanes, and those of the windows. */
static int64_t tags_at(void) { return round_up(sizeof(struct plan)); }

static int64_t lanes_at(const struct pool_job *job, int64_t place)
{
    return tags_at() + round_up(job->slide_nodes * (int64_t)sizeof(int64_t)) + place * job->acc_bytes;
}

int64_t pool_slide_bytes(const struct pool_job *job) { return lanes_at(job, job->slide_nodes + job->slide_rows); }

static struct plan *plan_of(char *nodes) { return (struct plan *)nodes; }

static int64_t *tags_of(char *nodes) { return (int64_t *)(nodes + tags_at()); }

void slide_anew(const struct pool_job *job, char *nodes)
{
    struct plan *const plan = plan_of(nodes);
    plan->rows = plan->taken = 0;
    plan->steps = plan->windows = 0;
    for (int64_t i = 0; i < job->slide_nodes; i++) tags_of(nodes)[i] = INT64_MIN;
}

char *slide_windows(const struct pool_job *job, char *nodes) { return nodes + lanes_at(job, job->slide_nodes); }

/* Does what is written down. */
static void do_steps(const struct slide *s)
{
    const struct pool_kernel *const k = s->kernel;
    struct plan *const plan = plan_of(s->nodes);
    const int64_t all = s->width * s->inner, most_columns = s->job->slide_columns;
    for (int64_t at = 0, count; at < all; at += count) {
        count = least(most_columns, all - at);
        for (const struct step *step = plan->step; step < plan->step + plan->steps; step++)
            switch (step->kind) {
            case FOLD: k->fold(step->from.rows, step->n, at, count, step->to[0]); break;
            case NODES: k->nodes(step->from.rows, at, count, step->to); break;
            case MERGE: k->merge(step->to[0], step->from.runs, step->n, at, count); break;
            case TALL: k->tall(&plan->window[step->n], at, count, step->to[0]);
            }
    }
    plan->steps = plan->windows = 0;
}

/* Another step, to be filled in, and what happens once it is. */
static struct step *new_step(const struct slide *s, int kind, int n, void *to)
{
    struct plan *const plan = plan_of(s->nodes);
    struct step *const step = &plan->step[plan->steps++];
    step->kind = kind;
    step->n = n;
    step->to[0] = to;
    return step;
}

static void end_step(const struct slide *s)
{
    if (plan_of(s->nodes)->steps == SLIDE_STEPS || s->job->slide_rows == 1) do_steps(s);
}

static void merge_runs(const struct slide *s, const void *const *runs, int n, void *to)
{
    struct step *const step = new_step(s, MERGE, n, to);
    for (int i = 0; i < n; i++) step->from.runs[i] = runs[i];
    end_step(s);
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
    const int none = taps.in.first >= taps.in.last;
    if (none || s->job->slide_height == POOL_GROUP) {       /* rows are as the kernel takes them */
        struct step *const step = new_step(s, FOLD, none ? 1 : (int)n, acc);
        for (int64_t t = 0; t < step->n; t++)
            step->from.rows[t] = t >= taps.in.first && t < taps.in.last ? s->base + row * y->in_step + t * taps.step
                                                                        : s->scratch;
        end_step(s);
    } else {
        fold_rows(s->job, s->kernel, s->scratch, s->base + row * y->in_step, &taps, 1, 0, s->width, s->inner, acc);
    }
}

/* Where a node stands in scratch, among all. */
static int64_t place_of(const struct slide *s, int level, int64_t row)
{
    const struct pool_ring ring = s->job->rings[level];
    const int64_t in_ring = row % ring.size;
    return ring.first + (in_ring < 0 ? in_ring + ring.size : in_ring);
}

/* The lowest nodes of this row and of those after it, where all their rows are data. */
static int fold_ahead(const struct slide *s, int64_t row)
{
    const struct pool_axis *y = &s->job->g->lead[0];
    if (!folds_ahead(s->job) || row < 0 || row + 2 * POOL_GROUP - 1 > y->size) return 0;
    struct step *const step = new_step(s, NODES, 2 * POOL_GROUP - 1, NULL);
    for (int i = 0; i < step->n; i++) step->from.rows[i] = s->base + (row + i) * y->in_step;
    for (int i = 0; i < POOL_GROUP; i++) {
        const int64_t place = place_of(s, 0, row + i);
        step->to[i] = s->nodes + lanes_at(s->job, place);
        tags_of(s->nodes)[place] = row + i;
    }
    end_step(s);
    return 1;
}

static const char *node(const struct slide *s, int level, int64_t row)
{
    const struct pool_job *job = s->job;
    const int64_t place = place_of(s, level, row);
    char *const lanes = s->nodes + lanes_at(job, place);
    int64_t *const tag = tags_of(s->nodes) + place;
    if (*tag == row) return lanes;
    if (level == 0) {
        if (fold_ahead(s, row)) return lanes;
        fold_few(s, row, job->slide_height, lanes);
    } else {
        const int64_t run = height(job, level - 1) * job->g->lead[0].dilation;
        const void *runs[4];
        for (int i = 0; i < 4; i++) runs[i] = node(s, level - 1, row + i * run);
        merge_runs(s, runs, 4, lanes);
    }
    *tag = row;
    return lanes;
}

/* A sum, whose runs side by side are the tree. */
static void join_runs(const struct slide *s, int64_t row, int64_t window, char *acc)
{
    const struct pool_job *job = s->job;
    const struct pool_axis *y = &job->g->lead[0];
    struct plan *const plan = plan_of(s->nodes);
    const int number = plan->windows;
    struct pool_tall *const tall = &plan->window[number];
    int64_t at = row;
    tall->levels = level_of(job, window) + 1;
    for (int level = tall->levels - 1; level >= 0; level--) {
        const int64_t run = height(job, level);
        int runs = 0;
        for (; window >= run; window -= run, at += run * y->dilation)
            tall->level[level].run[runs++] = node(s, level, at);
        tall->level[level].runs = runs;
    }
    tall->rows = 0;
    for (; window > 0; window--, at += y->dilation)
        tall->row[tall->rows++] = at >= 0 && at < y->size ? s->base + at * y->in_step : s->scratch;
    new_step(s, TALL, number, acc);
    plan->windows = number + 1;
    end_step(s);
}

/* What may meet an element twice, whose runs may overlap. */
static void join_any(const struct slide *s, int64_t row, int64_t window, char *acc)
{
    const struct pool_job *job = s->job;
    const int64_t step = job->g->lead[0].dilation;
    const int level = level_of(job, window);
    const int64_t run = height(job, level);
    const void *runs[4];
    int n = 0;
    if (window > 2 * run) runs[n++] = node(s, level, row + run * step);
    if (window > 3 * run) runs[n++] = node(s, level, row + (window - 2 * run) * step);
    runs[n++] = node(s, level, row);
    runs[n++] = node(s, level, row + (window - run) * step);
    merge_runs(s, runs, n, acc);
}

char *slide_to(const struct slide *s, int64_t row, int64_t rows)
{
    const struct pool_job *job = s->job;
    const struct pool_axis *y = &job->g->lead[0];
    struct plan *const plan = plan_of(s->nodes);
    char *const windows = slide_windows(job, s->nodes);
    if (plan->taken == plan->rows) {
        plan->rows = least(rows, job->slide_rows);
        plan->taken = 0;
        for (int64_t i = 0; i < plan->rows; i++) {
            char *const acc = windows + i * job->acc_bytes, *const data = acc + s->left * s->inner * job->g->lane_bytes;
            fill_empty(s->kernel, s->scratch, s->left * s->inner, acc);
            if (s->kernel->idempotent) join_any(s, row + i * y->stride, y->window, data);
            else join_runs(s, row + i * y->stride, y->window, data);
        }
        do_steps(s);
    }
    return windows + plan->taken++ * job->acc_bytes;
}
