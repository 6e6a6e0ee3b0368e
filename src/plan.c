/* plan.c - how a forward call is cut into units, and by which way and with which scratch those are done. */
#include "walk.h"

/* Of planes that are folded down at once: what then goes along the rows reads no memory meanwhile (25 MB of planes
 * 7 x 7: sums 1.15 of the floor, so 1.10, maxima 1.19, so 1.10). */
enum { DOWN_TILE_BYTES = TILE_BYTES / 4 };
enum { WHOLE_BYTES = POOL_L1_BYTES };       /* of the lanes of one row */
enum { SHARED_BYTES = 1 << 18 };        /* of the lanes of a row in one block of outputs, where windows share much */
enum { PADDED_BYTES = 2 * POOL_AHEAD };        /* of rows with their padding */
/* Of such a row of pixels (indices of 3x3/1 pad 1, 64 channels, 14x14: 2.15 of the floor, so 1.17; 3x3/2 pad 1, 56x56:
 * 1.15, so 1.6). */
enum { PADDED_PIXELS = 1 << 13 };
enum { PART_BYTES = 1024 };     /* of the lanes of a row that a thread may take down a plane */
enum { FLAT_BYTES = POOL_L1_BYTES / 2 };        /* of the lanes of a plane and its padding */
enum { SPACED_BYTES = POOL_L1_BYTES / 4 };       /* of the lanes of rows of windows that are done at once */
enum { MANY_PLANES = 8 };       /* for threads to share */
enum { LEAST_CHANNELS = 64 };   /* of a block, where the windows are not long */
static const int64_t LONGEST_ROW = INT64_C(1) << 40;    /* bytes of lanes: more than any memory holds */
enum { IN_CACHE = 1 << 20 };      /* beyond the L2 of the machines in use, strips cost more than they save */
enum { NEAR_MEMORY = 1 << 23 };   /* beyond this all comes from memory */

struct pool_range outputs_inside(const struct pool_axis *a)
{
    if (a->bins) return (struct pool_range){0, 0};
    const int64_t first = most(0, a->counted_first), last = least(a->size, a->counted_last);
    const int64_t from = least(a->outputs, ceil_div(most(0, first + a->before), a->stride));
    const int64_t room = last - span_of(a, 1) + a->before;
    return (struct pool_range){from, room < 0 ? from : most(from, least(a->outputs, room / a->stride + 1))};
}

static int is_in_cache(const struct pool_geometry *g) { return g->bytes <= IN_CACHE; }

enum pool_distance distance(const struct pool_geometry *g)
{
    return is_in_cache(g) ? POOL_IN_CACHE : g->bytes <= NEAR_MEMORY ? POOL_NEAR : POOL_FAR;
}

static int64_t lead_rows(const struct pool_geometry *g)
{
    int64_t rows = 1;
    for (int a = 0; a < g->lead_axes && rows < POOL_GROUP; a++) rows *= least(g->lead[a].window, POOL_GROUP);
    return rows;
}

/* Whether the one window is the whole axis. */
static int is_all_of(const struct pool_axis *a)
{
    return a->window == a->size && a->outputs == 1 && a->before == 0 && a->dilation == 1 && !a->bins;
}

/* Whether windows are whole planes of rows that scratch has room for, so that those of many can lie there. */
static int is_whole(const struct pool_geometry *g)
{
    int whole = g->along.window * g->lane_bytes <= WHOLE_BYTES && g->inner.size == 1 && g->outer_axes < 2 &&
                (g->outer_axes == 0 || g->outer[0].out_step == g->out_bytes) && !g->index_bytes && !g->power &&
                !g->swapped && g->along.in_step == g->elem_bytes;
    for (int a = 0; a <= g->lead_axes; a++) whole &= is_all_of(axis_of(g, a));
    return whole;
}

/* Whether the kernel itself can write what the result holds. */
static int can_write(const struct pool_geometry *g)
{
    const struct pool_kernel *const kernel = fused_of(g);
    return !g->last_cast || (kernel->writes_elements && strcmp(g->last_cast->to, kernel->dtype) == 0);
}

enum pool_wide wide_of(const struct pool_geometry *g)
{
    const struct pool_cast *const last = g->last_cast;
    if (!g->kernel->widens) return POOL_NOT_WIDE;
    if (!g->first_cast) return last && g->out_bytes == 8 && !g->divide ? POOL_INT64 : POOL_NOT_WIDE;
    if (!last) return POOL_FLOAT64;
    return strcmp(last->to, "float32") == 0 && g->lane_bytes < 8 ? POOL_FLOAT32 : POOL_NOT_WIDE;
}

int finish_of(const struct pool_geometry *g, int64_t count, struct pool_finish *f)
{
    const struct pool_kernel *const kernel = fused_of(g);
    const int roots = g->divide && kernel->divides == POOL_ROOTS;
    const int64_t divisor = g->divide && !roots ? divisor_of(g, count) : 1;
    *f = (struct pool_finish){.divisor = (double)divisor, .inverse = 1, .exact_inverse = 1, .roots = roots,
                              .wide = wide_of(g)};
    if (divisor != 1) {
        f->inverse = pool_inverse(divisor);
        f->exact_inverse = (divisor & (divisor - 1)) == 0;
    }
    f->as_elements = g->last_cast && !f->wide;
    if (f->wide) return divisor <= POOL_INVERTED;
    if (g->first_cast || g->root || !can_write(g)) return 0;
    return divisor == 1 || kernel->divides == POOL_DIVIDES ||
           (kernel->divides == POOL_ROUNDS &&
            pool_rounds_of(divisor, g->rounding, g->lane_bytes, pool_most_sum(count, g->elem_bytes), &f->rounds));
}

/* Where the bins of a block lie: of the taps of each. */
static int64_t bins_bytes(const struct pool_job *job)
{
    return POOL_VECTOR + round_up(job->g->along.window * job->x_block * (int64_t)sizeof(int32_t));
}

/* What locate.c needs to know beside. */
static void plan_places(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    job->fused = job->all_fused = job->edge_before = job->edge_after = 0;
    const int some_reach_past = job->finds && job->x_blocks == 1 && job->inside.first < job->inside.last &&
                                (job->inside.first > 0 || job->inside.last < along->outputs);
    const int64_t padded_bytes = span_of(along, along->outputs) * g->inner.size * g->elem_bytes;
    int even = 1;
    for (int a = 0; a < g->lead_axes; a++) even &= g->lead[a].dilation == 1;
    if (some_reach_past && even && (g->inner.size == 1 || padded_bytes <= PADDED_PIXELS)) {
        const int64_t rows = g->lead[g->lead_axes - 1].stride * (g->lead_axes > 1 ? g->lead[0].window : 1);
        job->pads = most(1, PADDED_BYTES / padded_bytes / rows);
        for (int a = 0; a < g->lead_axes; a++)          /* which padding is no hindrance to */
            job->lead_inside[a] = (struct pool_range){0, g->lead[a].outputs};
    }
    job->parted = some_reach_past && !job->pads && g->inner.size > 1 && job->strips;
    if (job->parted) job->x_blocks = 3;
    job->repeats = 1;
    const int64_t block = job->x_block * job->c_block;
    if (g->lead_axes > 0 && job->x_blocks == 1 && job->rows_contiguous && job->out_contiguous && !job->chunked &&
        !job->thinned && (job->coded || job->finds) && g->lead[g->lead_axes - 1].out_step == block * g->out_bytes)
        job->repeats = most(1, TILE_BYTES / g->lane_bytes / block);
}

/* Whether long windows overlap so much that those at every position take less than each by itself.  By measurement:
 * some 1.8 ns an element of the row for sums, 0.7 for what may overlap; for each output 130 ns, and its data. */
static int slides_along(const struct pool_geometry *g)
{
    const double inner = (double)g->inner.size, window = (double)g->along.window, outputs = (double)g->along.outputs;
    const double columns = ((outputs - 1) * (double)g->along.stride + window) / outputs;      /* for each output */
    const double data = (double)least(g->along.window, g->along.size);
    return (g->kernel->idempotent ? 0.75 : 2) * inner * columns <= 128 + 8 * inner + data * (8 + inner) / 24;
}

/* Whether the taps of a window lie too far apart for blocks of a row.  What is between them takes some 0.1 ns an
 * element there, in a block of four windows at most; each tap by itself 40 ns, and its elements. */
static int lie_apart(const struct pool_geometry *g, int64_t reach)
{
    if (g->along.dilation == 1) return 0;
    const double stride = (double)g->along.stride, span = 3 * (double)reach, inner = (double)g->inner.size;
    const double shared = span / stride + 1, outputs = (double)g->along.outputs;
    const double columns = stride + (double)reach / (shared < outputs ? shared : outputs);
    return 0.1 * inner * columns > 128 + (double)g->along.window * (40 + inner / 8);
}

/* Whether a window spans more than any row of scratch, which has up to LEAST_CHANNELS: sizes of some of those together
 * stay far from what wraps around. */
static int spans_too_much(const struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    return job->reach > LONGEST_ROW / g->lane_bytes / least(g->inner.size, LEAST_CHANNELS);
}

/* Whether the places of long windows are better found one window at a time, in columns, than for vectors of windows tap
 * by tap: those are mostly empty where windows are few, and where a block has one; and blocks of several take room.  A
 * window alone takes as long as some 600 vectors, and one for each of its own; those of taps so far apart come from as
 * many, at most (uint8, 200,000, windows of 64 at stride 2: 71 ms, so 0.7; but of 5000 at 2500 0.1, and 2). */
enum { MOST_TILES = 16 };
static int are_found_alone(const struct pool_geometry *g, int64_t reach)
{
    const struct pool_axis *along = &g->along;
    const int64_t tiles = along->window > 2 * along->stride ? MOST_TILES : 1;
    if (along->outputs == 1 || reach > tiles * TILE_BYTES / g->lane_bytes) return 1;
    double rows = 1;
    for (int a = 0; a < g->lead_axes; a++) rows *= (double)g->lead[a].window;
    const int64_t lanes = g->kernel->lanes, windows = along->outputs * g->inner.size;
    const int64_t thinned = g->inner.size == 1 ? most(1, least(along->stride, 4 * lanes)) : 1;
    const double taps = rows * (double)along->window, vectors = (double)ceil_div(windows, lanes) * (double)thinned;
    return taps * vectors > (double)windows * (taps / (double)lanes + 600);
}

/* How much of a row is folded at once. */
static void plan_blocks(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size, tile = TILE_BYTES / g->lane_bytes;
    const int is_long = along->window > POOL_LEAVES;
    const int slides = is_long && !g->index_bytes;
    job->chunked = !job->whole && (spans_too_much(job) || (slides ? !slides_along(g) : lie_apart(g, job->reach)));
    if (g->index_bytes) {
        int64_t farthest = (along->window - 1) * along->tap_weight;
        for (int a = 0; a < g->lead_axes; a++) farthest += (g->lead[a].window - 1) * g->lead[a].tap_weight;
        const int fits = g->lane_bytes == 8 || farthest >> (8 * g->lane_bytes) == 0;
        const int alone = along->window >= POOL_LEAVES && are_found_alone(g, job->reach);
        if (alone && along->dilation == 1 && inner * g->elem_bytes < POOL_VECTOR) job->columns = POOL_LEAVES;
        job->chunked |= alone;
        job->coded = fits && !job->columns;
    }
    job->chunked |= along->bins && along->window > POOL_LEAVES;
    if (job->chunked || job->columns) {
        job->c_block = least(inner, 128);
        job->x_block = 1;
    } else {
        /* What windows share is folded once in a block: of those that share much, blocks are four windows long. */
        const int is_sparse = along->dilation > 1 && job->reach > tile / 4;
        const int shares = is_sparse || (along->window > POOL_GROUP && along->window > 2 * along->stride);
        const int64_t span = shares ? least((along->outputs - 1) * along->stride, 3 * job->reach) + job->reach
                                    : ceil_div(job->reach, 4);
        const int64_t most_lanes = shares && job->reach < 10 ? 2 * tile : tile;     /* of more, nodes stay beside it */
        const int is_short = job->reach <= 4 * tile / LEAST_CHANNELS;
        const int64_t fewest = is_short ? LEAST_CHANNELS : POOL_VECTOR / g->lane_bytes;
        job->c_block = span <= most_lanes / inner ? inner : least(inner, most(fewest, most_lanes / span));
        /* Channels that need not be brought together, nor parted again, are worth more than L1. */
        if (shares && span <= SHARED_BYTES / g->lane_bytes / inner) job->c_block = inner;
        if (job->c_block < inner && job->c_block >= LEAST_CHANNELS) {        /* as even as whole vectors allow */
            const int64_t even = ceil_div(inner, ceil_div(inner, job->c_block));
            job->c_block = round_up(even * g->lane_bytes) / g->lane_bytes;
        }
        /* The rows of a window over many channels are read more than once: all of them stay in L1. */
        const int64_t rows = inner > 1 && is_in_cache(g) && !shares ? lead_rows(g) : 1;
        const int64_t room = most(tile / job->c_block / rows, shares ? span : 0) - job->reach;
        job->x_block = room < along->stride ? 1 : least(along->outputs, room / along->stride + 1);
        if (along->bins) job->x_block = most(1, least(along->outputs, tile / along->window / job->c_block));
    }
    job->c_blocks = ceil_div(inner, job->c_block);
}

/* Whether what a block reads, and what it writes, lies side by side. */
static void plan_contiguous(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size;
    const int whole = job->c_blocks == 1;
    job->rows_contiguous = !g->swapped && (g->inner.in_step == g->source_bytes || inner == 1) &&
                           ((whole && along->in_step == inner * g->source_bytes) || along->size == 1);
    job->out_contiguous = (g->inner.out_step == g->out_bytes || inner == 1) &&
                          ((whole && along->out_step == inner * g->out_bytes) || along->outputs == 1);
}

/* Which windows the kernel finds the best of at once: rows of those are whole wherever there is room. */
static void plan_finds(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t pixel = g->inner.size * g->elem_bytes;
    job->thinned = is_binned(job) || (along->outputs > 1 && (g->inner.size == 1 ? along->stride > 2
                                                                           : along->stride > 1 && pixel < 16));
    int64_t rows = 1;
    for (int a = 0; a < g->lead_axes; a++) rows *= least(g->lead[a].window, POOL_ROWS + 1);
    job->finds = g->kernel->finds && !job->thinned && !job->chunked && job->rows_contiguous &&
                 job->c_blocks == 1 && (g->lead_axes == 1 || g->lead_axes == 2) && rows <= POOL_ROWS &&
                 g->kernel->finds((int)rows, g->inner.size, along->window, along->stride, along->dilation);
    job->found_rows = rows;
    if (job->finds && along->outputs * g->inner.size <= 4 * TILE_BYTES / g->lane_bytes) job->x_block = along->outputs;
}

static void plan_units(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    job->x_blocks = ceil_div(g->along.outputs, job->x_block);
    job->units = job->c_blocks;
    for (int a = 0; a < g->lead_axes; a++) job->units *= g->lead[a].outputs;
    for (int a = 0; a < g->outer_axes; a++) job->units *= g->outer[a].size;
    const int has_divisors = g->along.bins && g->divide;        /* which last for all rows of a block */
    job->strips = g->lead_axes > 0 && !job->whole &&
                  (job->far || job->overlap || job->slide_nodes || job->x_blocks == 1 || has_divisors ||
                   (is_in_cache(g) && job->units >= 16));
    if (!job->strips) job->units *= job->x_blocks;
    job->inside = outputs_inside(&g->along);
    for (int a = 0; a < g->lead_axes; a++) job->lead_inside[a] = outputs_inside(&g->lead[a]);
}

/* Rows of several axes are one group where that keeps the tree of a sum: its bits join only at powers of two.  Of those
 * with windows of 1 there may be any number. */
static void plan_group(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    job->group_rows = 1;
    for (int a = g->lead_axes - 1; a >= 0 && job->group_axes < POOL_GROUP; a--) {
        const int64_t window = g->lead[a].window;
        if (window > POOL_GROUP / job->group_rows) break;
        if (!g->kernel->idempotent && (job->group_rows & (job->group_rows - 1))) break;
        job->group_rows *= window;
        job->group_axes++;
    }
}

/* Which windows the fused kernel takes, and whether it makes results of them. */
static void plan_fused(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int is_cube = g->lead_axes == 2 && g->lead[0].window == 3 && g->lead[1].window == 3 && along->window == 3;
    job->fused_rows = is_cube ? POOL_ROWS : job->group_rows;
    job->fused = job->c_blocks == 1 && !job->whole && !job->chunked && job->rows_contiguous && !g->power &&
                 !along->bins &&
                 (is_cube || job->group_axes == g->lead_axes) &&
                 fused_of(g)->fuses((int)job->fused_rows, g->inner.size, along->window, along->stride, along->dilation);

    /* Windows may reach past the row by one on either side. */
    const int may_reach = job->fused && job->inside.first < job->inside.last;
    const struct pool_range first_taps = taps_in(along, 0, 0, along->size);
    const struct pool_range last_taps = taps_in(along, along->outputs - 1, 0, along->size);
    job->edge_before = may_reach && job->inside.first == 1 && first_taps.first == 1 &&
                       first_taps.last == along->window;
    job->edge_after = may_reach && job->inside.last == along->outputs - 1 && last_taps.first == 0 &&
                      last_taps.last == along->window - 1;

    job->all_fused = job->fused && job->inside.first == 0 && job->inside.last == along->outputs;
    for (int a = 0; a < g->lead_axes; a++)
        job->all_fused &= job->lead_inside[a].first == 0 && job->lead_inside[a].last == g->lead[a].outputs;

    struct pool_finish finish;
    int64_t count = along->window;
    for (int a = 0; job->fused && a < g->lead_axes; a++) count *= g->lead[a].window;
    const int by_one = g->plain ? job->out_contiguous : !g->beside;
    job->finishes = job->fused && by_one && finish_of(g, count, &finish);
    job->all_fused &= !g->plain;
    if (g->plain && !job->finishes) job->fused = job->edge_before = job->edge_after = 0;
}

/* Whether short rows of outputs, folded one after the other, are one row to the kernel that goes along them: no window
 * reaches into the next. */
static int can_lie_in_line(const struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    return g->lead_axes == 1 && g->inner.size == 1 && g->lead[0].window <= POOL_DOWN && job->reach <= g->along.stride &&
           g->along.outputs * g->along.stride * g->lane_bytes <= POOL_DOWN_BYTES && job->strips && job->x_blocks == 1 &&
           !job->fused && !job->chunked && !job->slide_nodes && !g->power && !g->index_bytes && job->rows_contiguous &&
           job->out_contiguous && g->lead[0].out_step == g->along.outputs * g->out_bytes &&
           !g->along.bins && !g->lead[0].bins;
}

/* How many units go to a kernel at once. */
static void plan_repeats(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const int64_t tile = TILE_BYTES / g->lane_bytes, block = job->x_block * job->c_block;
    job->repeats = 1;
    if (job->whole) {
        const int64_t planes = g->outer_axes ? g->outer[0].size : 1, window = g->along.window;
        job->folds_down = g->lead_axes == 1 && g->lead[0].window <= POOL_DOWN &&
                          window * g->lane_bytes <= POOL_DOWN_BYTES;
        if (job->folds_down) job->columns_folded = (int64_t)1 << bits_of(window);
        else job->columns_folded = window > POOL_LEAVES && !g->kernel->idempotent ? POOL_LEAVES : window;
        const int64_t lanes = job->folds_down ? DOWN_TILE_BYTES / g->lane_bytes : tile;
        job->repeats = most(1, least(planes, lanes / job->columns_folded));
        const int64_t blocks = window * g->lane_bytes / PART_BYTES;
        if (g->lead_axes > 0 && !job->folds_down && !g->beside && blocks > 1) {
            job->walk_parts = walk_columns;
            job->parts = job->units * blocks;
            job->shared_bytes = job->units * window * g->lane_bytes;
        }
    } else if (can_lie_in_line(job)) {
        job->pitch = g->along.outputs * g->along.stride;
        job->repeats = most(1, tile / job->pitch);
    } else if (job->fused && g->lead_axes > 0 && job->out_contiguous && job->strips) {
        if (job->finishes) job->repeats = INT64_MAX;
        else if (job->x_blocks == 1 && g->lead[g->lead_axes - 1].out_step == block * g->out_bytes)
            job->repeats = most(1, tile / block);
    }
}

/* Whether sums are divided as windows go along the row: a division takes as long as a vector from L2, so beside loads
 * of those it takes no time (7x7 of 2048x2048 on one thread: 3.0 to 2.5 ms). */
static void plan_divides(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const int small_pixels = g->inner.size > 1 && g->inner.size * 2 <= g->kernel->lanes;
    job->divides_along = (job->slide_nodes || g->along.bins || (job->strips && small_pixels)) && !job->chunked &&
                         !job->whole && !job->fused && job->repeats == 1 && g->divide &&
                         g->kernel->divides == POOL_DIVIDES && !g->beside && !g->first_cast;
}

/* Whether the units follow each other in memory without a gap, those of the result and those of the input. */
static void plan_dense(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    if (g->lead_axes == 0 || job->c_blocks > 1 || job->x_blocks > 1 || !job->out_contiguous) return;
    const struct pool_axis *y = &g->lead[g->lead_axes - 1];
    job->dense = y->out_step == job->x_block * job->c_block * g->out_bytes && g->outer_axes < 2;
    job->in_dense = job->rows_contiguous && y->in_step == g->along.size * g->inner.size * g->elem_bytes;
    for (int a = g->lead_axes - 1; a > 0; a--) {
        job->dense &= g->lead[a - 1].out_step == g->lead[a].out_step * g->lead[a].outputs;
        job->in_dense &= g->lead[a - 1].in_step == g->lead[a].in_step * g->lead[a].size;
    }
    if (g->outer_axes == 1) {
        job->dense &= g->outer[0].out_step == g->lead[0].out_step * g->lead[0].outputs;
        job->in_dense &= g->outer[0].in_step == g->lead[0].in_step * g->lead[0].size;
    }
}

/* Those of all outputs. */
static int64_t extent(const struct pool_axis *a) { return span_of(a, a->outputs); }

/* How far rows of lanes of a plane lie apart in scratch; what stands before the first of them; and all of it. */
int64_t flat_pitch(const struct pool_geometry *g)
{
    const struct pool_axis *x = &g->along;
    return ceil_div(most(x->size + x->before, extent(x) - x->before), g->kernel->lanes) * g->kernel->lanes;
}

static int64_t flat_margin(const struct pool_geometry *g)
{
    return round_up(g->along.before * g->lane_bytes + POOL_VECTOR);
}

static int64_t flat_bytes(const struct pool_geometry *g)
{
    return flat_margin(g) + round_up(extent(&g->lead[0]) * flat_pitch(g) * g->lane_bytes + POOL_SLACK);
}

/* Whether windows overlap along both axes of planes that have room in scratch. */
static int lies_flat(const struct pool_geometry *g)
{
    const struct pool_axis *y = &g->lead[0], *x = &g->along;
    const int64_t most_positions = FLAT_BYTES / g->lane_bytes;
    return y->outputs > 1 && x->outputs > 1 && y->before >= 0 && x->before >= 0 && y->window > y->stride &&
           x->window > x->stride && x->window <= POOL_LEAVES && y->size <= extent(y) &&
           extent(y) <= most_positions && most(x->size, extent(x)) <= most_positions &&
           flat_pitch(g) <= most_positions / extent(y);
}

/* The same for windows a few rows of which are done at once. */
int64_t spaced_pitch(const struct pool_geometry *g)
{
    const struct pool_axis *x = &g->along;
    return ceil_div(most(x->size + x->before, extent(x)), x->stride) * x->stride;
}

int64_t spaced_rows(const struct pool_geometry *g)
{
    return most(1, least(g->lead[0].outputs, SPACED_BYTES / g->lane_bytes / spaced_pitch(g)));
}

static int64_t spaced_bytes(const struct pool_geometry *g)
{
    const struct pool_axis *x = &g->along;
    const int64_t beside = x->window * (x->stride + 1) * POOL_VECTOR + extent(x) * g->lane_bytes;
    return round_up(spaced_rows(g) * spaced_pitch(g) * g->lane_bytes + beside + POOL_SLACK);
}

/* Whether windows of a few rows and columns, of planes that are many, are done where they lie: rows of some vectors,
 * for shorter ones planes are better turned (float32, maxima of 5x5/2 pad 2, hundredths of the floor, so and turned:
 * 14x14 401, 205, 28x28 262, 241, 56x56 234, 332; averages 707, 454, 310, 457, 258, 420).  Windows that share no
 * column are better folded down and parted (112x112, maxima of 7x7/7, float32 146, 141, uint8 440, 192). */
static int can_be_spaced(const struct pool_geometry *g)
{
    const struct pool_axis *y = &g->lead[0], *x = &g->along;
    const int64_t planes = g->outer_axes ? g->outer[0].size : 1;
    return y->before >= 0 && x->before >= 0 && y->window <= POOL_MERGED && x->window <= POOL_MERGED &&
           (x->window > x->stride ? y->stride > 1 || x->stride > 1 : x->window == 1 && x->stride == 1) &&
           x->size >= POOL_LONG && x->size * g->lane_bytes >= POOL_LONG_BYTES &&
           x->size <= SPACED_BYTES / g->lane_bytes &&
           extent(x) <= 2 * x->size + POOL_MERGED && planes >= MANY_PLANES;
}

/* Whether planes are so small that each is one unit. */
static int is_small(const struct pool_geometry *g)
{
    return g->lead[0].size * g->along.size * g->lane_bytes <= POOL_L1_BYTES;
}

/* The fewest elements that count in a window. */
static int64_t fewest_counted(const struct pool_axis *a)
{
    int64_t fewest = a->window;
    for (int64_t o = 0; o < a->outputs; o++) fewest = least(fewest, pool_counted(a, o));
    return fewest;
}

/* Whether sums of integers in windows that reach past their planes, of a few elements, become results where they are
 * made. */
static int rounds_all(const struct pool_geometry *g)
{
    struct pool_finish f;
    if (g->kernel->divides != POOL_ROUNDS || g->lead[0].window > POOL_FOUND || g->along.window > POOL_FOUND) return 0;
    if (!g->divide || g->divisor > 0) return finish_of(g, POOL_FOUND * POOL_FOUND, &f);
    const int64_t fewest = fewest_counted(&g->lead[0]) * fewest_counted(&g->along);
    return fewest > 1 && finish_of(g, POOL_FOUND * POOL_FOUND, &f);
}

/* The way through planes that one kernel takes whole, dense ones or some way apart. */
static void plan_way(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int even = job->dense && !job->far && !g->index_bytes, bare = even && job->in_dense;
    if (job->all_fused && job->finishes && bare) job->walk = walk_fused;

    /* Rows of two vectors that no window reaches past are as fast there. */
    const int no_bins = g->lead_axes == 1 && !g->lead[0].bins && !along->bins;
    const int takes_planes = no_bins && !g->beside && g->inner.size == 1 && even && !g->power && !g->root;
    const int divides = !g->first_cast && can_write(g) && (!g->divide || g->kernel->divides == POOL_DIVIDES);
    const int whole_planes = takes_planes && bare;
    const int as_fast_fused = job->walk == walk_fused && along->size > g->kernel->lanes;
    if (whole_planes && g->kernel->narrows && !as_fast_fused && (divides || rounds_all(g)))
        job->narrow = g->kernel->narrows(&g->lead[0], along);
    /* Rows that two vectors hold go along in registers, longer ones there as fast (40x40, 5x5: 76 us, flat 59). */
    const int is_short = most(0, along->before) + along->size <= 2 * g->kernel->lanes;
    const int runs = job->overlap && along->window <= g->kernel->longest_run &&
                     (is_short || along->window > POOL_MERGED);
    /* Windows of 2 at stride 1 are faster there than fused (float32, 28x28: 1.9 of it), others are slower. */
    const int fuses_better = job->fused && (along->window > 2 || along->stride > 1);
    job->flat = whole_planes && divides && g->kernel->flat && !runs && !fuses_better && !job->whole && lies_flat(g);
    job->spaced = whole_planes && divides && g->kernel->spaced && !job->fused && !job->narrow && !job->whole &&
                  can_be_spaced(g);
    if (job->spaced) job->flat = 0;
    if (job->narrow || job->flat || job->spaced) job->overlap = 0;
    if (job->narrow || job->flat || job->spaced || (job->overlap && takes_planes && divides && is_small(g))) {
        job->walk = walk_planes;
        job->units = g->outer_axes ? g->outer[0].size : 1;
    }
}

/* What stands where in a thread's scratch. */
static void plan_scratch(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t tile = TILE_BYTES / g->lane_bytes, block = job->x_block * job->c_block;
    int64_t cols = POOL_LEAVES * job->c_block, levels = 1;
    if (!job->chunked) cols = (block_span(job) + is_binned(job)) * job->c_block;
    cols = most(cols, job->repeats * job->pitch);
    if (g->kernel->idempotent) levels = 2;
    else {
        for (int a = 0; a < g->lead_axes; a++) levels += bits_of(g->lead[a].window);
        if (job->chunked) levels += bits_of(ceil_div(along->window, POOL_LEAVES));
        levels += 1;
    }
    const int64_t lanes = block * least(job->repeats, most(1, tile / block));
    const int numbered = g->index_bytes && !job->coded;
    const int64_t columns = job->columns * job->c_block;
    if (g->index_bytes) levels = job->thinned ? POOL_THINNED : 1;
    job->row_bytes = job->all_fused ? 0 : round_up(cols * g->elem_bytes + POOL_SLACK);
    if (job->whole) cols += POOL_LEAVES;        /* the chunks of a row are filled up */
    job->acc_bytes = job->all_fused ? 0 : round_up(cols * g->lane_bytes + POOL_SLACK);
    job->folded_bytes = job->whole ? round_up(job->repeats * job->columns_folded * g->lane_bytes + POOL_SLACK) : 0;
    job->at_gathered = job->row_bytes;
    const int gathers = !job->rows_contiguous || g->index_bytes || g->power;
    const int64_t gathered = most(gathers ? POOL_GROUP : 0, job->pads ? padded_rows(job) : 0);
    job->at_source = job->at_gathered + gathered * job->row_bytes;
    job->at_levels = job->at_source + (g->power ? round_up(cols * g->source_bytes) : 0);
    job->at_spare = job->at_levels + levels * job->acc_bytes;
    const int twice = along->window > POOL_LEAVES && !g->kernel->idempotent;
    job->at_slid = job->at_spare + (job->acc_bytes << twice);
    job->at_binned = job->at_slid + (job->slide_nodes ? pool_slide_bytes(job) << (g->beside != NULL) : 0);
    job->at_bins = job->at_binned + (is_binned(job) && !g->index_bytes ? 2 * binned_bytes(job) : 0);
    job->at_folded = job->at_bins + (is_binned(job) ? bins_bytes(job) : 0);
    job->at_lanes = job->at_folded + 2 * job->folded_bytes;
    const int direct = !g->first_cast && !g->last_cast && job->out_contiguous && !g->index_bytes;
    job->at_beside = job->at_lanes + (direct ? 0 : round_up(most(lanes, columns) * g->lane_bytes + POOL_SLACK));
    job->at_mid = job->at_beside + (g->beside ? round_up(lanes * g->lane_bytes + POOL_SLACK) : 0);
    job->at_out = job->at_mid + (g->first_cast && g->last_cast ? round_up(lanes * g->mid_bytes + POOL_SLACK) : 0);
    const int to_out = job->out_contiguous && !g->index_bytes;
    job->at_divisors = job->at_out + (to_out ? 0 : round_up(lanes * g->out_bytes + POOL_SLACK));
    const int64_t divisors = job->divides_along ? divisor_rows(job) * divisor_row_bytes(job) : 0;
    job->at_plain = job->at_divisors + divisors;
    job->at_code = job->at_plain + (g->plain ? job->row_bytes : 0);
    job->at_other = job->at_code + (g->index_bytes ? round_up(most(lanes, columns) * g->lane_bytes + POOL_SLACK) : 0);
    job->at_place = job->at_other + (numbered ? round_up(most(lanes, columns) * g->lane_bytes + POOL_SLACK) : 0);
    job->at_other_place = job->at_place + (numbered ? round_up(most(lanes, columns) * 8) : 0);
    job->at_index = job->at_other_place + (numbered ? round_up(most(lanes, columns) * 8) : 0);
    job->scratch_bytes = job->at_index + (g->index_bytes ? round_up(lanes * g->index_bytes + POOL_SLACK) : 0);
    if (job->narrow || job->flat || job->spaced || job->overlap) {
        job->row_bytes = (job->narrow ? POOL_NARROW : 2) * POOL_VECTOR;
        if (job->spaced) job->row_bytes += round_up(along->size * g->elem_bytes);
        job->at_levels = job->row_bytes;
    }
    if (job->narrow) job->scratch_bytes = most(job->scratch_bytes, job->row_bytes);
    if (job->overlap) job->scratch_bytes = job->at_levels + pool_overlap_bytes(job);
    if (job->flat || job->spaced) {
        if (job->flat) job->at_levels += flat_margin(g);
        job->at_spare = job->at_levels + (job->flat ? flat_bytes(g) : spaced_bytes(g));
        job->at_lanes = job->at_spare + (job->flat ? flat_bytes(g) : spaced_bytes(g));
        job->scratch_bytes = job->at_lanes + round_up(along->outputs * g->lane_bytes + POOL_SLACK);
    }
}

/* The units of g; of a slab's rows, if they are to be fetched from those of `far`. */
static void plan(struct pool_job *job, const struct pool_geometry *g, const struct pool_geometry *far)
{
    *job = (struct pool_job){.g = g, .far = far, .walk = walk};
    job->reach = span_of(&g->along, 1);
    job->whole = !far && is_whole(g);
    plan_blocks(job);
    pool_plan_overlap(job, can_write(g));
    plan_contiguous(job);
    if (g->index_bytes) plan_finds(job);
    if (!job->overlap) pool_plan_slide(job);
    plan_units(job);
    plan_group(job);
    plan_fused(job);
    plan_repeats(job);
    plan_divides(job);
    plan_dense(job);
    plan_way(job);
    if (g->index_bytes) plan_places(job);
    plan_scratch(job);
}

/* Whether windows part planes evenly, which lie end to end: then they are one, as high as all. */
static int are_one(const struct pool_geometry *g)
{
    const struct pool_axis *y = &g->lead[0];
    return g->outer_axes == 1 && y->before == 0 && (y->window - 1) * y->dilation < y->stride &&
           y->size == y->outputs * y->stride && g->outer[0].in_step == y->size * y->in_step &&
           g->outer[0].out_step == y->outputs * y->out_step;
}

static void make_one(struct pool_geometry *one, const struct pool_geometry *g)
{
    *one = *g;
    one->outer_axes = 0;
    one->lead[0].size *= g->outer[0].size;
    one->lead[0].outputs *= g->outer[0].size;
    one->lead[0].counted_first = 0;
    one->lead[0].counted_last = one->lead[0].size;
}

/* Single rows: those of the last outer axis are a plane, down which no window reaches. */
static void make_plane(struct pool_geometry *plane, const struct pool_geometry *g)
{
    const struct pool_span one = {.size = 1};
    *plane = *g;
    const struct pool_span rows = g->outer_axes > 0 ? g->outer[--plane->outer_axes] : one;
    plane->lead_axes = 1;
    plane->lead[0] = (struct pool_axis){.size = rows.size, .window = 1, .stride = 1, .dilation = 1,
                                        .outputs = rows.size, .counted_last = rows.size, .in_step = rows.in_step,
                                        .out_step = rows.out_step, .place_weight = rows.place_weight};
}

/* Whether windows are all there is of rows of a few elements, and of planes of those, which lie end to end: then one
 * row is all. */
static int is_one_row(const struct pool_geometry *g)
{
    const struct pool_axis *x = &g->along;
    if (g->lead_axes == 0 || x->window >= POOL_LEAVES || g->inner.size * g->elem_bytes >= POOL_VECTOR) return 0;
    const struct pool_axis *y = &g->lead[g->lead_axes - 1];
    return is_all_of(x) && is_all_of(y) && y->in_step == x->size * x->in_step &&
           y->tap_weight == x->size * x->tap_weight && y->place_weight == x->size * x->place_weight;
}

static void make_one_row(struct pool_geometry *row, const struct pool_geometry *g)
{
    *row = *g;
    row->lead_axes--;
    row->along.size *= row->lead[row->lead_axes].size;
    row->along.window = row->along.counted_last = row->along.size;
}

void pool_plan_forward(struct pool_job *job, const struct pool_geometry *g, struct pool_geometry *near)
{
    if (g->index_bytes && is_one_row(g)) {      /* 8,000,000 rows of 2: 250 ms, so 25 */
        make_one_row(near, g);
        plan(job, near, NULL);
        if (job->columns) return;
    }
    if (g->index_bytes && g->lead_axes == 0) {
        make_plane(near, g);
        plan(job, near, NULL);
        if (job->finds) return;
    }
    plan(job, g, NULL);
    if (job->walk == walk_fused && are_one(g)) {        /* 8 planes of 8 x 8: 0.1 us less */
        make_one(near, g);
        plan(job, near, NULL);
        return;
    }
    if ((job->rows_contiguous && !g->power) || job->chunked || job->columns || job->c_blocks > 1) return;
    set_near(near, g);
    plan(job, near, g);
    if (!plan_slab(job, near)) plan(job, g, NULL);
}
