/* walk.h - what the files around the kernels share: ranges of taps, a unit, rows in scratch. */
#ifndef WALK_H
#define WALK_H

#include <string.h>

#include "pool.h"

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0); }
static inline int64_t size_of(int64_t step) { return step < 0 ? -step : step; }
static inline int bits_of(int64_t count) { return count > 1 ? 64 - __builtin_clzll((uint64_t)count - 1) : 0; }
static inline int64_t round_up(int64_t bytes) { return (bytes + 63) / 64 * 64; }

enum { TILE_BYTES = POOL_L1_BYTES / 2 };        /* of a folded row */
enum { LEAST_UNITS = 16 };      /* for threads to share */
enum { LEAST_SIDE = 16, MOST_SIDE = 64 };       /* planes side by side, where they are turned */
enum { PATIENCE = 256 };        /* rows of a window, or groups of them, between two looks at whether to stop */

/* Axis a of a window: the leading ones, then that along the row. */
static inline const struct pool_axis *axis_of(const struct pool_geometry *g, int a)
{
    return a < g->lead_axes ? &g->lead[a] : &g->along;
}

/* The outputs whose windows reach as far as a position; with dilation some step over it. */
static inline struct pool_range outputs_over(const struct pool_axis *a, int64_t position)
{
    if (a->bins) {
        const int64_t first = position * a->outputs / a->size;          /* ends past it: (o + 1)*n/m > position */
        return (struct pool_range){first, (position * a->outputs + a->outputs - 1) / a->size + 1};
    }
    const int64_t at = position + a->before, behind = at - (a->window - 1) * a->dilation;
    if (at < 0) return (struct pool_range){0, 0};
    return (struct pool_range){behind <= 0 ? 0 : ceil_div(behind, a->stride), least(at / a->stride + 1, a->outputs)};
}

/* Input positions that the windows of so many outputs span. */
static inline int64_t span_of(const struct pool_axis *a, int64_t outputs)
{
    return (outputs - 1) * a->stride + (a->window - 1) * a->dilation + 1;
}

/* One axis of the taps that make a window's rows. */
struct taps {
    int64_t window;
    struct pool_range in;            /* those that are data */
    int64_t step;               /* bytes from one to the next */
};

/* ---- plan.c ------------------------------------------------------------------------------------------------ */

/* The kernel whose way with small windows is taken. */
static inline const struct pool_kernel *fused_of(const struct pool_geometry *g)
{
    return g->plain ? g->plain : g->kernel;
}

/* What is written, if that is wider than what is summed. */
enum pool_wide wide_of(const struct pool_geometry *g);

/* How the fused kernel makes results of windows of so many elements, if it can. */
int finish_of(const struct pool_geometry *g, int64_t count, struct pool_finish *f);

enum pool_distance distance(const struct pool_geometry *g);

/* The outputs all of whose taps fall in [0, size) and count. */
struct pool_range outputs_inside(const struct pool_axis *a);

/* How far rows of lanes of a plane lie apart in scratch that is `flat`, that is `spaced`; and so many of those. */
int64_t flat_pitch(const struct pool_geometry *g);
int64_t spaced_pitch(const struct pool_geometry *g);
int64_t spaced_rows(const struct pool_geometry *g);

/* Of a row of divisors, or of their inverses. */
static inline int64_t divisor_bytes(const struct pool_job *job)
{
    return round_up(job->x_block * job->c_block * job->g->lane_bytes + POOL_SLACK);
}

/* Rows of windows that differ in how many of their elements count, of which some follow each other: bins are of three
 * heights at most. */
static inline int divisor_rows(const struct pool_job *job) { return job->g->along.bins ? 4 : 1; }
static inline int64_t divisor_row_bytes(const struct pool_job *job) { return POOL_VECTOR + 2 * divisor_bytes(job); }

/* Of the lanes of as many taps as the widest bin has, for each bin of a block. */
static inline int64_t binned_bytes(const struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    return round_up(g->along.window * job->x_block * job->c_block * g->lane_bytes + POOL_SLACK);
}

/* ---- walk.c ------------------------------------------------------------------------------------------------ */

/* Units one by one; rows of outputs that the fused kernel makes from arrays as they lie; planes whole; columns of
 * planes that are a window each. */
pool_way walk, walk_fused, walk_planes, walk_columns;

/* Whether units go on with what those before them left: what windows share, or rows in a slab.  Each walk begins that
 * anew, so such a one is not cut into pieces, but asks by itself whether to stop. */
static inline int goes_on(const struct pool_job *job)
{
    return job->walk == walk && (job->far || job->slide_nodes || job->overlap);
}

/* Where a unit stands. */
struct unit {
    const char *base;           /* tap 0 of every leading axis, position 0 of the row, first of the inner block */
    char *out, *index;
    int64_t place;              /* of tap 0 of every axis, for output `first` */
    struct taps lead[POOL_MAX_AXES];
    int64_t row, plane;         /* of the last leading axis and the one before, where the window begins */
    int inside;                 /* every row of the window is data */
    int64_t counted, data;      /* rows of the window that count, that are data */
    int64_t first, outputs;     /* along the row */
    int64_t inner;
    int64_t repeats;
    int64_t rows;               /* of outputs that this thread does down the plane, from this on */
    int mends;                  /* what the plain kernel made NaN of */
    int64_t units_after;        /* that this thread does after those, a row of outputs each where all is dense */
};

/* Rows [first, last) of a unit. */
struct unit rows_of_unit(const struct pool_job *job, const struct unit *u, int64_t first, int64_t last);

/* The best element of each window of a unit, and where it is. */
void pool_locate(const struct pool_job *job, char *scratch, const struct unit *u);

/* Rows of scratch, one plane's after the other's, that the job pads at once. */
static inline int64_t padded_rows(const struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    return span_of(&g->lead[g->lead_axes - 1], job->pads) * (g->lead_axes > 1 ? g->lead[0].window : 1);
}

/* What that needs in scratch before the first of them, where the job pads rows. */
void pool_pad_rows(const struct pool_job *job, char *scratch);

/* pool_counted, along one axis of a job; `inside` are those outputs of which all elements count. */
static inline int64_t counted(const struct pool_axis *a, struct pool_range inside, int64_t o)
{
    return o >= inside.first && o < inside.last ? a->window : pool_counted(a, o);
}

/* What a sum is divided by, of which so many elements count. */
static inline int64_t divisor_of(const struct pool_geometry *g, int64_t count)
{
    return g->divisor > 0 ? g->divisor : count;
}

/* Rows of the input brought together, from where position 0 would be; of the last leading axis, those there are. */
struct slab {
    const char *in;
    struct pool_range rows;
};

/* More than that is not brought together: rows are gathered as windows ask for them. */
enum { MOST_SLAB_BYTES = 1 << 20 };

/* Whether memory has the rows of the last leading axis across: a step down is the shortest. */
int lies_across(const struct pool_geometry *g);

/* near = g over a slab, but for the steps of the leading axes.  What is raised to a power is so in the slab. */
void set_near(struct pool_geometry *near, const struct pool_geometry *g);

/* Those steps, and room in the scratch, for a job that is planned but for that; whether there is room. */
int plan_slab(struct pool_job *job, struct pool_geometry *near);

/* Fetches what the first of `rows` rows of outputs from digits `lead` on need, for block x of each; returns how many
 * rows that is.  The slab holds s->rows of the same block already. */
int64_t fetch_slab(const struct pool_job *job, const char *in, char *scratch, const int64_t *outer, const int64_t *lead,
                   int64_t rows, int64_t x, struct slab *s);

/* How many of a unit's rows of outputs may be loose (pool.h): at the end of the thread's share, all but a few. */
int64_t loose_rows(const struct pool_job *job, const struct unit *u);

/* acc[0 .. count) = lanes that take no part; the row that is nothing but padding lies at the front of the scratch. */
void fill_empty(const struct pool_kernel *kernel, const char *scratch, int64_t count, char *acc);

/* acc[0 .. width*inner) = rule over the rows base + sum of tap*step, `count` axes of them, of which the last
 * `group_axes` are one group; without, the last is cut into groups.  Levels of the tree beyond the first lie acc_bytes
 * apart. */
void fold_rows(const struct pool_job *job, const struct pool_kernel *kernel, char *scratch, const char *base,
               const struct taps *axes, int count, int group_axes, int64_t width, int64_t inner, char *acc);

/* Windows down one strip of a plane. */
struct slide {
    const struct pool_job *job;
    const struct pool_kernel *kernel;
    char *scratch, *nodes;
    const char *base;           /* of row 0 */
    int64_t left, width, inner; /* positions of padding before a row, of data */
};

/* The outputs of block x of a row. */
static inline struct pool_range outputs_of(const struct pool_job *job, int64_t x)
{
    const int64_t outputs = job->g->along.outputs;
    if (!job->parted) return (struct pool_range){x * job->x_block, least((x + 1) * job->x_block, outputs)};
    const int64_t ends[] = {0, job->inside.first, job->inside.last, outputs};
    return (struct pool_range){ends[x], ends[x + 1]};
}

/* to[i] = from[places[i]], of `inner` elements each, of so many bytes: 1, 2, 4 or 8. */
void take(char *to, const char *from, const int32_t *places, int64_t count, int64_t inner, int bytes);

/* Whether all bins of a row are done at once: their taps 0, their taps 1, ... lie side by side in scratch. */
static inline int is_binned(const struct pool_job *job)
{
    return job->g->along.bins && !job->chunked && !job->columns;
}

/* Where tap t of output o of a unit lies, at [t*outputs + o], from where the first begins; those past the end of a bin
 * are where the row ends, or with indices where the bin's last is. */
const int32_t *bin_places(const struct pool_job *job, char *scratch, const struct unit *u);

/* Positions from the first of a unit's bins to the end of the last. */
static inline int64_t bins_span(const struct pool_axis *a, const struct unit *u)
{
    const int64_t last = u->first + u->outputs - 1;
    return bin_first(a, last) + bin_size(a, last) - bin_first(a, u->first);
}

/* Positions that the windows of such a block span, or more. */
static inline int64_t block_span(const struct pool_job *job)
{
    const struct pool_axis *along = &job->g->along;
    return along->bins ? job->x_block * along->window : span_of(along, job->x_block);
}

/* Whether one kernel does windows that overlap, once all else about blocks of outputs is planned: narrows those. */
void pool_plan_overlap(struct pool_job *job, int can_write);
int64_t pool_overlap_bytes(const struct pool_job *job);
/* What it needs to know of a unit. */
void overlap_planes(const struct pool_job *job, char *scratch, const struct unit *u, struct pool_overlaps *o);

/* Whether windows slide, once all else about blocks of outputs is planned: narrows those. */
void pool_plan_slide(struct pool_job *job);
int64_t pool_slide_bytes(const struct pool_job *job);
/* Before another strip. */
void slide_anew(const struct pool_job *job, char *nodes);
/* Where rows of windows lie, `slide_rows` of them. */
char *slide_windows(const struct pool_job *job, char *nodes);
/* The rule over the rows of the window that begins at `row`, after the padding before those: a row of lanes in scratch.
 * Windows are asked for in their order, of which there are `rows` from this on. */
char *slide_to(const struct slide *s, int64_t row, int64_t rows);

/* ---- pack.c ------------------------------------------------------------------------------------------------ */

/* Whether the elements of a plane, of so many bytes, are in C order, of what is read or of what is `made`. */
int is_in_order(const struct pool_geometry *g, int made, int64_t bytes);
/* Makes that so of both. */
void put_in_order(struct pool_geometry *g, int64_t in_bytes);

#endif
