/* follow.c - one thread's way through planes in which indices are followed, wherever they point.  Both arrays are in C
 * order. */
#include <string.h>

#include "walk.h"

enum { AT_ONCE = 4096 };        /* outputs of a row, or one pixel, between two looks at whether to stop */
enum { CLEARED_BYTES = 1 << 24 };        /* of zeros between two such looks */
static const int64_t NOWHERE = INT64_MIN / 2;      /* below 0 wherever the window is */

/* ---- indices: data, not promises --------------------------------------------------------------------------- */

/* Each is read once, whatever others write meanwhile. */
static int64_t index_at(const char *index, int bytes, int64_t i)
{
    switch (bytes) {
    case 1: return ((const volatile uint8_t *)index)[i];
    case 2: return ((const volatile uint16_t *)index)[i];
    case 4: return ((const volatile uint32_t *)index)[i];
    default: return ((const volatile int64_t *)index)[i];
    }
}

/* Where in its plane a window's position lies, for output o[...] of the axes; -1 outside. */
static int64_t place_in_window(const struct pool_geometry *g, const int64_t *o, int64_t index)
{
    int64_t place = 0;
    for (int a = 0; a <= g->lead_axes; a++) {
        const struct pool_axis *axis = axis_of(g, a);
        const int64_t tap = index / axis->tap_weight - axis->skipped;
        index %= axis->tap_weight;
        const int64_t at = o[a] * axis->stride - axis->before + tap * axis->dilation;
        if (at < 0 || at >= axis->size) return -1;
        place = place * axis->size + at;
    }
    return place;
}

/* One thread's plane: channels [first, first + width) of it. */
struct plane {
    int64_t first, width;
    int64_t o[POOL_MAX_AXES];   /* the row at hand, along the leading axes */
    int64_t row_place;          /* tap 0 of its windows there */
    const int64_t *table;       /* of those: null, the job's, or `part` of it */
    int asks;                   /* it is the job's, but they may reach past the plane along a leading axis */
    int64_t part[POOL_TABLE];   /* past its end, nowhere */
    int64_t highest;            /* position that indices pointed at so far */
    int64_t cleared;            /* positions that hold zeros or more */
};

/* The table of windows that reach past the plane along a leading axis. */
static void find_part(const struct pool_job *job, struct plane *p)
{
    const struct pool_geometry *g = job->g;
    memcpy(p->part, job->table, (size_t)job->table_size * sizeof *p->part);
    for (int a = 0; a < g->lead_axes; a++) {
        const struct pool_axis *axis = &g->lead[a];
        const int64_t start = axis_start(axis, p->o[a]);
        for (int64_t k = 0; k < job->table_size; k++) {
            const int64_t at = start + job->table_taps[k][a] * axis->dilation;
            if (at < 0 || at >= axis->size) p->part[k] = NOWHERE;
        }
    }
    p->table = p->part;
}

/* Whether tap k of the row's windows is within the plane along the leading axes. */
static int is_inside(const struct pool_job *job, const struct plane *p, int k)
{
    const struct pool_geometry *g = job->g;
    int inside = 1;
    for (int a = 0; a < g->lead_axes; a++) {
        const struct pool_axis *axis = &g->lead[a];
        const int64_t at = axis_start(axis, p->o[a]) + job->table_taps[k][a] * axis->dilation;
        inside &= at >= 0 && at < axis->size;
    }
    return inside;
}

/* The first of the places of `outputs` pixels that is below 0, as its index lies in memory, or -1; `any` is the or of
 * all. */
static int64_t nowhere(const int64_t *at, int64_t any, int64_t outputs, int64_t width, int64_t inner)
{
    for (int64_t i = 0; any < 0 && i < outputs * width; i++)
        if (at[i] < 0) return i / width * inner + i % width;
    return -1;
}

/* at[o*width + c] = where byte o*inner + c says, of windows that keep within the row and of which the first begins at
 * `first`.  Returns the first byte that says nowhere, or -1. */
static int64_t places_of_bytes(const struct pool_job *job, const int64_t *table, const uint8_t *index, int64_t outputs,
                               int64_t width, int64_t first, int64_t *at)
{
    const int64_t inner = job->g->inner.size, stride = job->g->along.stride;
    int64_t any = 0;
    if (inner == 1)
        for (int64_t o = 0; o < outputs; o++) any |= at[o] = first + o * stride + table[index[o]];
    else
        for (int64_t o = 0, i = 0; o < outputs; o++)
            for (int64_t c = 0; c < width; c++, i++)
                any |= at[i] = first + o * stride + table[index[o * inner + c]];
    return nowhere(at, any, outputs, width, inner);
}

/* The same of windows that may reach past the ends of the row, from output x on; and past the plane, if p asks. */
static int64_t places_at_edge(const struct pool_job *job, const struct plane *p, const uint8_t *index, int64_t x,
                              int64_t outputs, int64_t *at)
{
    const struct pool_axis *along = &job->g->along;
    const int64_t inner = job->g->inner.size, size = along->size;
    const int axis = job->g->lead_axes;
    int64_t any = 0, start = x * along->stride - along->before;
    for (int64_t o = 0, i = 0; o < outputs; o++, start += along->stride)
        for (int64_t c = 0; c < p->width; c++, i++) {
            const uint8_t k = *(const volatile uint8_t *)(index + o * inner + c);      /* once, whatever others write */
            const int64_t column = start + job->table_taps[k][axis] * along->dilation;
            const int there = column >= 0 && column < size && (!p->asks || is_inside(job, p, k));
            any |= at[i] = there ? p->row_place + start + p->table[k] : -1;
        }
    return nowhere(at, any, outputs, p->width, inner);
}

/* at[(o - first)*width + c] = where in its plane output o of the row points, o in [first, last), each index read once.
 * Returns the first that points nowhere, as it lies in memory, or -1. */
static int64_t places_of_row(const struct pool_job *job, struct plane *p, const char *index, int64_t first,
                             int64_t last, int64_t *at)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size;
    const uint64_t plane = (uint64_t)job->plane;
    for (int64_t x = first, i = 0; x < last; x++) {
        const int64_t begin = x * inner + p->first;
        /* Pixels that are whole are one run. */
        const int64_t run = !g->in_windows && p->width == inner ? (last - x) * inner : p->width;
        if (!g->in_windows) {
            const uint64_t highest = g->gradient->check((const int64_t *)index + begin, run, at + i);
            if (highest >= plane)
                for (int64_t c = 0; c < run; c++)
                    if ((uint64_t)at[i + c] >= plane) return begin + c;
            p->highest = most(p->highest, (int64_t)highest);
        } else {
            const int64_t place = p->row_place + x * along->stride - along->before;
            const uint8_t *const bytes = (const uint8_t *)index + begin;
            if (p->table) {
                const int inside = !p->asks && x >= job->inside.first && x < job->inside.last;
                const int64_t end = inside ? job->inside.last : !p->asks && x < job->inside.first ? job->inside.first
                                                                                                  : last;
                const int64_t some = least(end, last) - x;
                const int64_t bad = inside ? places_of_bytes(job, p->table, bytes, some, p->width, place, at + i)
                                           : places_at_edge(job, p, bytes, x, some, at + i);
                if (bad >= 0) return begin + bad;
                i += some * p->width;
                x += some - 1;
                continue;
            }
            p->o[g->lead_axes] = x;
            for (int64_t c = 0; c < run; c++) {
                const int64_t k = index_at(index, g->index_bytes, begin + c);
                at[i + c] = k < g->window_count ? place_in_window(g, p->o, k) : -1;
                if (at[i + c] < 0) return begin + c;
            }
        }
        i += run;
        if (run > p->width) break;
    }
    return -1;
}

/* Zeros in the positions of a plane up to `upto`, `pixel` bytes of each `step`. */
static void clear_upto(struct plane *p, char *plane, int64_t pixel, int64_t step, int64_t upto)
{
    for (int64_t some; p->cleared < upto && !pool_stop(); p->cleared += some) {
        some = least(upto - p->cleared, most(1, CLEARED_BYTES / step));
        char *const to = plane + p->cleared * step;
        if (pixel == step) memset(to, 0, (size_t)(some * step));
        else
            for (int64_t i = 0; i < some; i++) memset(to + i * step, 0, (size_t)pixel);
    }
}

#define DEFINE_MOVES(bits)                                                                                         \
    static void put_##bits(void *plane, const int64_t *at, const void *row, int64_t outputs, int64_t width,        \
                           int64_t inner)                                                                          \
    {                                                                                                              \
        typedef uint##bits##_t element __attribute__((aligned(1), may_alias));                                     \
        element *const to = plane;                                                                                 \
        const element *const from = row;                                                                           \
        for (int64_t o = 0; o < outputs; o++)                                                                      \
            for (int64_t c = 0; c < width; c++) to[at[o * width + c] * inner + c] = from[o * inner + c];           \
    }                                                                                                              \
    static void pick_##bits(const void *plane, const int64_t *at, void *row, int64_t outputs, int64_t width,       \
                            int64_t inner)                                                                         \
    {                                                                                                              \
        typedef uint##bits##_t element __attribute__((aligned(1), may_alias));                                     \
        const element *const from = plane;                                                                         \
        element *const to = row;                                                                                   \
        for (int64_t o = 0; o < outputs; o++)                                                                      \
            for (int64_t c = 0; c < width; c++) to[o * inner + c] = from[at[o * width + c] * inner + c];           \
    }
DEFINE_MOVES(8)
DEFINE_MOVES(16)
DEFINE_MOVES(32)
DEFINE_MOVES(64)

static void put(void *plane, const int64_t *at, const void *row, int64_t outputs, int64_t width, int64_t inner,
                int bytes)
{
    switch (bytes) {
    case 1: put_8(plane, at, row, outputs, width, inner); break;
    case 2: put_16(plane, at, row, outputs, width, inner); break;
    case 4: put_32(plane, at, row, outputs, width, inner); break;
    default: put_64(plane, at, row, outputs, width, inner);
    }
}

static void pick(const void *plane, const int64_t *at, void *row, int64_t outputs, int64_t width, int64_t inner,
                 int bytes)
{
    switch (bytes) {
    case 1: pick_8(plane, at, row, outputs, width, inner); break;
    case 2: pick_16(plane, at, row, outputs, width, inner); break;
    case 4: pick_32(plane, at, row, outputs, width, inner); break;
    default: pick_64(plane, at, row, outputs, width, inner);
    }
}

/* So many pixels, each of `width` lanes; in one go where they lie end to end. */
static void cast_pixels(const struct pool_cast *cast, const char *from, int64_t from_step, char *to, int64_t to_step,
                        int64_t pixels, int64_t width, int end_to_end)
{
    if (end_to_end) cast->cast(from, to, pixels * width);
    else
        for (int64_t i = 0; i < pixels; i++) cast->cast(from + i * from_step, to + i * to_step, width);
}

/* Row y of the outputs of a plane, whose windows end before the position that is returned. */
static int64_t begin_row(const struct pool_job *job, struct plane *p, int64_t y)
{
    const struct pool_geometry *g = job->g;
    int64_t rest = y;
    for (int a = g->lead_axes - 1; a >= 0; a--) {
        p->o[a] = rest % g->lead[a].outputs;
        rest /= g->lead[a].outputs;
    }
    p->row_place = 0;
    int inside = 1;
    int64_t reach = 0;
    for (int a = 0; a < g->lead_axes; a++) {
        const struct pool_axis *axis = &g->lead[a];
        const int64_t from = axis_start(axis, p->o[a]), end = from + span_of(axis, 1);
        p->row_place = (p->row_place + from) * (a + 1 < g->lead_axes ? g->lead[a + 1].size : g->along.size);
        inside &= p->o[a] >= job->lead_inside[a].first && p->o[a] < job->lead_inside[a].last;
        reach = reach * axis->size + most(0, least(end, axis->size) - (a + 1 < g->lead_axes));
    }
    p->table = job->table_size ? job->table : NULL;
    /* Of few a part is not worth finding (7x7x4, 5x5x5/1: 46 ns an output, so 15). */
    p->asks = !inside && g->along.outputs * p->width < job->table_size;
    if (p->table && !inside && !p->asks) find_part(job, p);
    return g->lead_axes ? least(job->plane, reach * g->along.size) : job->plane;
}

/* Pixels of a row that are followed at once. */
static int64_t pixels_at_once(const struct pool_job *job)
{
    return least(job->g->along.outputs, most(1, AT_ONCE / job->c_block));
}

/* Rows of outputs to the positions their indices point at (or, picking, back): sums of gradients, or the last one. */
static int64_t follow(const struct pool_job *job, const char *in, char *out, char *index, char *scratch, int64_t first,
                      int64_t last)
{
    const struct pool_geometry *g = job->g;
    const int64_t inner = g->inner.size, row = g->along.outputs * inner, elem = g->out_bytes;
    int64_t rows = 1;
    for (int a = 0; a < g->lead_axes; a++) rows *= g->lead[a].outputs;
    int64_t *const at = (int64_t *)(scratch + job->at_place);
    const int wide = g->first_cast != NULL;         /* sums of halves: a plane of lanes in scratch */
    struct plane p;
    for (int64_t k = job->table_size; k < POOL_TABLE; k++) p.part[k] = NOWHERE;
    int64_t unasked = 0;        /* outputs since the last look at whether to stop */
    for (int64_t unit = first; unit < last; unit++) {
        p.highest = p.cleared = 0;
        p.first = unit % job->c_blocks * job->c_block;
        p.width = least(job->c_block, inner - p.first);
        const int64_t number = unit / job->c_blocks;
        const int64_t plane_bytes = job->plane * inner * elem;
        const int64_t plane_at = number * plane_bytes + p.first * elem;
        char *const whole = job->task == POOL_PICK ? NULL : out + plane_at;
        char *const target = wide ? scratch + job->at_other : whole;
        const int64_t target_inner = wide ? p.width : inner, target_elem = wide ? g->lane_bytes : elem;
        for (int64_t y = 0; y < rows; y++) {
            const int64_t in_windows = begin_row(job, &p, y);
            const int64_t begin = (number * rows + y) * row;
            for (int64_t x = 0, some; x < g->along.outputs; x += some) {
                some = least(pixels_at_once(job), g->along.outputs - x);
                unasked += some * p.width;
                if (unasked >= AT_ONCE) {
                    if (pool_stop()) return -1;
                    unasked = 0;
                }
                const int64_t bad = places_of_row(job, &p, index + begin * g->index_bytes, x, x + some, at);
                if (bad >= 0) return begin + bad;
                const int64_t here = begin + x * inner + p.first;
                if (job->task == POOL_PICK) {
                    pick(in + plane_at, at, out + here * elem, some, p.width, inner, (int)elem);
                    continue;
                }
                const int64_t upto = most(in_windows, p.highest + 1);
                clear_upto(&p, target, p.width * target_elem, target_inner * target_elem, upto);
                const char *from = in + here * elem;
                int64_t from_inner = inner;
                if (wide) {
                    cast_pixels(g->first_cast, from, inner * elem, scratch + job->at_lanes, p.width * g->lane_bytes,
                                some, p.width, p.width == inner);
                    from = scratch + job->at_lanes;
                    from_inner = p.width;
                }
                if (job->task == POOL_PUT) put(target, at, from, some, p.width, inner, (int)elem);
                else g->gradient->scatter(target, at, from, some, p.width, target_inner, from_inner);
            }
        }
        if (job->task == POOL_PICK) continue;
        clear_upto(&p, target, p.width * target_elem, target_inner * target_elem, job->plane);
        if (wide)
            cast_pixels(g->last_cast, target, p.width * g->lane_bytes, whole, inner * elem, job->plane, p.width,
                        p.width == inner);
    }
    return -1;
}

/* ---- the plan ---------------------------------------------------------------------------------------------- */

void pool_plan_follow(struct pool_job *job, const struct pool_geometry *g, enum pool_task task)
{
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size, outer = g->outer_axes ? g->outer[0].size : 1;
    const int lane = g->lane_bytes;
    *job = (struct pool_job){.g = g, .task = task, .walk = follow};
    job->inside = outputs_inside(along);
    job->plane = along->size;
    for (int a = 0; a < g->lead_axes; a++) {
        job->lead_inside[a] = outputs_inside(&g->lead[a]);
        job->plane *= g->lead[a].size;
    }
    /* Channels share no position: blocks of them where planes are few. */
    job->c_block = outer >= LEAST_UNITS ? inner : most(least(inner, LEAST_UNITS), ceil_div(inner, LEAST_UNITS));
    job->c_blocks = ceil_div(inner, job->c_block);
    job->units = outer * job->c_blocks;
    int64_t taps = along->window;
    for (int a = 0; a < g->lead_axes; a++) taps *= g->lead[a].window;
    /* Small windows of which every position is somewhere data. */
    if (g->in_windows && taps == g->window_count && taps <= POOL_TABLE && g->lead_axes < POOL_TABLE_AXES)
        job->table_size = taps;
    for (int64_t k = 0; k < POOL_TABLE; k++) {
        int64_t rest = k, place = 0;
        if (k >= job->table_size) {
            job->table[k] = NOWHERE;
            continue;
        }
        for (int a = 0; a <= g->lead_axes; a++) {
            const struct pool_axis *axis = axis_of(g, a);
            job->table_taps[k][a] = (uint8_t)(rest / axis->tap_weight);
            place = place * axis->size + job->table_taps[k][a] * axis->dilation;
            rest %= axis->tap_weight;
        }
        job->table[k] = place;
    }
    job->at_place = 0;
    const int64_t some = pixels_at_once(job) * job->c_block;
    job->at_lanes = round_up(some * 8);
    job->at_other = job->at_lanes + (g->first_cast ? round_up(some * lane + POOL_SLACK) : 0);
    job->scratch_bytes = job->at_other + (g->first_cast ? round_up(job->plane * job->c_block * lane + POOL_SLACK) : 64);
}
