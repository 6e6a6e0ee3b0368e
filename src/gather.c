/* gather.c - one thread's way through rows of positions, each of which gathers from the windows over it: shares of sums
 * and averages, or the gradients whose index points there.  Both arrays are in C order. */
#include <string.h>

#include "isas/stream.h"
#include "walk.h"

enum { MOST_NEAR = 9 };         /* windows over a position of which each is met at once */
enum { BAND_BYTES = 16384 };    /* of staged rows, which stay in L1 */
enum { STREAMED_BYTES = 1 << 25 };      /* outputs at least so long are written past the caches */
enum { LONG_BIN = 16 };         /* positions that a bin has, or more */
enum { LONG_COPY = 1 << 16 };   /* positions alike, before which to look at whether to stop */

/* ---- axes backwards ---------------------------------------------------------------------------------------- */

static int covers(const struct pool_axis *a, int64_t o, int64_t position)
{
    return a->bins || a->dilation == 1 || (position + a->before - o * a->stride) % a->dilation == 0;
}

/* Position j*stride + p is under tap t of output j + shift_of(p, t), if it meets one. */
static int meets(const struct pool_axis *a, int64_t p, int64_t t)
{
    return (p + a->before - t * a->dilation) % a->stride == 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t shift_of(const struct pool_axis *a, int64_t p, int64_t t)
{
    return floor_div(p + a->before - t * a->dilation, a->stride);
}

/* ---- rows of lanes ----------------------------------------------------------------------------------------- */

/* acc[o] (+)= row[o] / (rows * counts[o]), o in [0, outputs). */
#define SHARE_BINS(type)                                                                                         \
    static void share_##type(const void *row, const void *counts, void *acc, int64_t outputs, int64_t rows, int add) \
    {                                                                                                            \
        const type *const by = counts, all = (type)rows;                                                         \
        type *const to = acc;                                                                                    \
        for (int64_t o = 0; o < outputs; o++) {                                                                  \
            type share;                                                                                          \
            memcpy(&share, (const type *)row + o, sizeof share);                                                 \
            share /= all * by[o];                                                                                \
            to[o] = add ? to[o] + share : share;                                                                 \
        }                                                                                                        \
    }
SHARE_BINS(float)
SHARE_BINS(double)

/* acc[0 .. outputs*inner) (+)= the shares of a row of gradients, `rows` of whose windows' rows count, and so on for
 * `some` that follow, slots apart.  At at_lanes of the scratch they are cast. */
static void share_rows(const struct pool_job *job, const char *grad, char *scratch, char *acc, int64_t rows, int add,
                       int64_t some)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size, count = along->outputs * inner;
    const int alike = g->divisor > 0 || job->all_inside;
    if (alike && !g->first_cast) {
        g->gradient->share(acc, grad, count, divisor_of(g, rows * along->window), add, some, job->slot_bytes);
        return;
    }
    for (; some > 0; some--, grad += count * g->out_bytes, acc += job->slot_bytes) {
        const char *row = grad;
        if (g->first_cast) {
            g->first_cast->cast(grad, scratch + job->at_lanes, count);
            row = scratch + job->at_lanes;
        }
        if (job->bins_over && !alike) {
            const void *const counts = scratch + job->at_counts;
            if (g->lane_bytes == 4) share_float(row, counts, acc, count, rows, add);
            else share_double(row, counts, acc, count, rows, add);
            continue;
        }
        for (int64_t o = 0, upto; o < along->outputs; o = upto) {
            const int inside = o >= job->inside.first && o < job->inside.last;
            upto = alike ? along->outputs : inside ? job->inside.last : o + 1;
            const int64_t at = o * inner * g->lane_bytes;
            const int64_t divisor = divisor_of(g, rows * counted(along, job->inside, o));
            g->gradient->share(acc + at, row + at, (upto - o) * inner, divisor, add, 1, 0);
        }
    }
}

/* The places that windows of the row of outputs o[...] may say: o has an entry for each leading axis. */
static void find_ranges(const struct pool_job *job, const int64_t *o, struct pool_ranges *r)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    struct pool_range taps[POOL_MAX_AXES];
    int64_t t[POOL_MAX_AXES];
    for (int a = 0; a < g->lead_axes; a++) {
        taps[a] = taps_in(&g->lead[a], o[a], 0, g->lead[a].size);
        t[a] = taps[a].first;
    }
    const int64_t runs = job->code_step == 1 ? 1 : along->window;
    r->length = job->code_step == 1 ? along->window : 1;
    r->n = 0;
    for (int a = 0; a >= 0;) {
        int64_t first = job->first_code;
        for (a = 0; a < g->lead_axes; a++) first += t[a] * job->code_weight[a];
        for (int64_t k = 0; k < runs; k++) r->first[r->n++] = first + k * job->code_step;
        for (a = g->lead_axes - 1; a >= 0 && ++t[a] == taps[a].last; a--) t[a] = taps[a].first;
    }
}

/* Ranges that follow each other are one. */
static void join(struct pool_ranges *r)
{
    for (int k = 1; k < r->n; k++)
        if (r->first[k] != r->first[0] + k * r->length) return;
    r->length *= r->n;
    r->n = 1;
}

/* The windows of outputs that reach past the ends of a row may not say all that others may, in any of so many rows. */
static int ends_fit(const struct pool_job *job, const struct pool_ranges *r, const char *codes, int64_t rows)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t pixel = g->inner.size * job->code_bytes;
    for (int64_t o = 0; o < along->outputs; o++) {
        if (o == job->inside.first && job->inside.last > o) o = job->inside.last;
        if (o == along->outputs) break;
        const struct pool_range taps = taps_in(along, o, 0, along->size);
        if (taps.first >= taps.last) return 0;
        struct pool_ranges here = {.length = job->code_step == 1 ? taps.last - taps.first : 1};
        for (int k = 0; k < r->n; k++) {
            const int64_t tap = k % along->window;
            if (job->code_step == 1) here.first[here.n++] = r->first[k] + taps.first;
            else if (tap >= taps.first && tap < taps.last) here.first[here.n++] = r->first[k];
        }
        const int fit = job->code_bytes == 1
            ? g->gradient->bytes_fit(codes + o * pixel, NULL, g->inner.size, rows, job->code_slot_bytes, 0, &here)
            : g->gradient->fits(codes + o * pixel, g->inner.size, rows, job->code_slot_bytes, &here);
        if (!fit) return 0;
    }
    return 1;
}

/* ---- small windows: a band of rows at a time, in which every position meets each window over it ------------ */

/* What a thread keeps from band to band. */
struct band {
    const struct pool_job *job;
    const char *grad, *index;
    char *bases;                /* how far the place of each window of a row is from that of the first */
    char *grads, *codes;        /* slot 0, tap 0; the slots of one row of leading windows lie behind those of another */
    int where_they_are;         /* gradients are read there: what lies around a row meets codes that match nothing */
    struct pool_ranges whole;   /* the places that a window may say all of whose rows are data */
};

/* Lanes and codes of `rows` rows of outputs from `number` on, which are o[...] of the leading axes, into slots from
 * `slot` on; 0 where an index lies outside its window. */
static int stage(const struct band *b, int64_t slot, int64_t number, int64_t rows, const int64_t *o, int whole)
{
    const struct pool_job *job = b->job;
    const struct pool_geometry *g = job->g;
    const int64_t count = g->along.outputs * g->inner.size, at = number * count;
    char *const grads = b->grads + slot * job->slot_bytes, *const codes = b->codes + slot * job->code_slot_bytes;
    const char *const from = b->grad + at * g->out_bytes;
    if (!job->code_bytes) {
        int64_t counts = 1;
        for (int a = 0; a < g->lead_axes; a++) counts *= counted(&g->lead[a], job->lead_inside[a], o[a]);
        share_rows(job, from, b->bases, grads, counts, 0, rows);
        return 1;
    }
    for (int64_t r = 0; r < rows && g->first_cast; r++)
        g->first_cast->cast(from + r * count * g->out_bytes, grads + r * job->slot_bytes, count);
    int64_t first = g->in_windows ? 0 : -g->along.before, step = 0;
    for (int a = 0; a < g->lead_axes && !g->in_windows; a++) {
        first += axis_start(&g->lead[a], o[a]) * job->positions_after[a];
        step = g->lead[a].stride * job->positions_after[a];
    }
    struct pool_ranges part;
    if (!whole) find_ranges(job, o, &part);
    const struct pool_ranges *const ranges = whole ? &b->whole : &part;
    const char *const index = b->index + at * g->index_bytes;
    const int beside = !g->first_cast && !b->where_they_are;
    if (job->code_bytes == 1) {
        if (!g->gradient->bytes_fit(index, codes, count, rows, count, job->code_slot_bytes, ranges)) return 0;
        if (beside) g->gradient->share(grads, from, count, 1, 0, rows, job->slot_bytes);
    } else {
        const struct pool_codes c = {
            .bases = b->bases, .first = first, .first_step = step, .count = count, .rows = rows,
            .step = job->slot_bytes, .ranges = ranges, .grads = from, .codes = codes, .beside = beside ? grads : NULL,
        };
        if (!g->gradient->encode(index, g->index_bytes, &c)) return 0;
    }
    return job->all_inside || ends_fit(job, ranges, codes, rows);
}

/* The slots of a band: rows [first, last) of the last leading axis' outputs, some of which may not be; o[...] are the
 * leading axes' before it. */
static int stage_rows(const struct band *b, int64_t slot, int64_t plane, int64_t first, int64_t last, int64_t *o)
{
    const struct pool_job *job = b->job;
    const struct pool_geometry *g = job->g;
    const int y = g->lead_axes - 1;
    const struct pool_axis *axis = &job->rows_axis;
    int whole = 1;
    for (int a = 0; a < y; a++) whole &= o[a] >= job->lead_inside[a].first && o[a] < job->lead_inside[a].last;
    for (int64_t r = first; r < last; slot++) {
        if (r < 0 || r >= axis->outputs) {
            char *const codes = b->codes + slot * job->code_slot_bytes - job->code_margin_bytes;
            char *const grads = b->grads + slot * job->slot_bytes - job->margin_bytes;
            if (job->code_bytes) memset(codes, -1, (size_t)job->code_slot_bytes);
            else memset(grads, 0, (size_t)job->slot_bytes);
            r++;
            continue;
        }
        int64_t rows = 1, inside = whole;
        if (y >= 0) {
            o[y] = r;
            inside &= r >= job->lead_inside[y].first && r < job->lead_inside[y].last;
            if (inside) rows = least(last, job->lead_inside[y].last) - r;
        } else {
            rows = least(last, axis->outputs) - r;
        }
        if (!stage(b, slot, plane * axis->outputs + r, rows, o, (int)inside)) return 0;
        r += rows;
        slot += rows - 1;
    }
    return 1;
}

/* The phases of a band's rows, class by class, over the slots of each row of leading windows, whose taps begin at
 * places[...], and whose first gradients are those of row number[...]. */
static void find_phases(const struct band *b, const int64_t *places, const int64_t *number, int leading,
                        struct pool_touch *touches, struct pool_phase *phases)
{
    const struct pool_job *job = b->job;
    const struct pool_geometry *g = job->g;
    const struct pool_axis *rows = &job->rows_axis, *along = &g->along;
    const int64_t pixel = g->inner.size * g->lane_bytes, code = g->inner.size * job->code_bytes;
    const int64_t row = along->outputs * pixel;
    for (int64_t q = 0; q < rows->stride; q++)
        for (int64_t p = 0; p < along->stride; p++, phases++) {
            *phases = (struct pool_phase){touches, 0};
            for (int l = 0; l < leading; l++)
                for (int64_t u = rows->window - 1; u >= 0; u--) {
                    if (!meets(rows, q, u)) continue;
                    const int64_t down = shift_of(rows, q, u) - job->first_shift, slot = l * job->slots + down;
                    const char *const grads = b->where_they_are ? b->grad + (number[l] - number[0] + down) * row
                                                                : b->grads + slot * job->slot_bytes;
                    const char *const codes = job->code_bytes ? b->codes + slot * job->code_slot_bytes : NULL;
                    for (int64_t t = along->window - 1; t >= 0; t--) {
                        if (!meets(along, p, t)) continue;
                        const int64_t at = shift_of(along, p, t);
                        *touches++ = (struct pool_touch){grads + at * pixel, codes ? codes + at * code : NULL,
                                                         places[l] + u * job->row_weight + t * job->code_step};
                        phases->n++;
                    }
                }
        }
}

static void begin_bands(struct band *b, const struct pool_job *job, const char *grad, const char *index, char *scratch)
{
    const struct pool_geometry *g = job->g;
    const int64_t lane = g->lane_bytes, slots = job->slots * job->leading * job->slot_bytes;
    b->job = job;
    b->where_they_are = 0;
    b->grad = grad;
    b->index = index;
    b->bases = scratch;
    b->grads = scratch + job->at_levels + job->margin_bytes;
    b->codes = scratch + job->at_levels + slots + POOL_SLACK + job->code_margin_bytes;
    memset(scratch, 0, (size_t)(job->at_levels + slots + POOL_SLACK));
    if (!job->code_bytes) return;
    memset(b->codes - job->code_margin_bytes, -1,
           (size_t)(job->slots * job->leading * job->code_slot_bytes + POOL_SLACK));
    for (int64_t o = 0, i = 0; !g->in_windows && o < g->along.outputs; o++)
        for (int64_t c = 0; c < g->inner.size; c++, i++)
            if (lane == 8) ((int64_t *)b->bases)[i] = o * g->along.stride;
            else ((int32_t *)b->bases)[i] = (int32_t)(o * g->along.stride);
    int64_t o[POOL_MAX_AXES];
    int some = 1;
    for (int a = 0; a < g->lead_axes; a++) {
        o[a] = job->lead_inside[a].first;
        some &= job->lead_inside[a].first < job->lead_inside[a].last;
    }
    if (some) find_ranges(job, o, &b->whole);
    if (some && job->all_inside) join(&b->whole);
}

/* Whether what is read for rows [first, last) of gradients lies among them all. */
static int may_stay(const struct pool_job *job, int64_t first, int64_t last)
{
    const struct pool_geometry *g = job->g;
    const int64_t row = g->along.outputs * g->inner.size * g->lane_bytes;
    return job->code_bytes && !g->first_cast && first * row >= job->margin_bytes &&
           (job->grad_rows - last + 1) * row >= job->slot_bytes - job->margin_bytes + POOL_SLACK;
}

static int64_t gather_bands(const struct pool_job *job, const char *grad, char *out, char *index, char *scratch,
                            int64_t first, int64_t last)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along, *rows = &job->rows_axis;
    const int64_t inner = g->inner.size, row = along->size * inner, row_bytes = row * g->lane_bytes;
    const int64_t grads_row = along->outputs * inner * g->lane_bytes;
    const int64_t groups = ceil_div(rows->size, rows->stride), bands = ceil_div(groups, job->band);
    const int64_t count = ceil_div(along->size, along->stride), last_row = ((last - 1) / bands) * rows->size +
                          least(((last - 1) % bands + 1) * job->band * rows->stride, rows->size);
    struct band b;
    begin_bands(&b, job, grad, index, scratch);
    struct pool_touch touches[POOL_TOUCHES];
    struct pool_phase phases[POOL_TOUCHES];
    for (int64_t unit = first; unit < last; unit++) {
        const int64_t plane = unit / bands, group = unit % bands * job->band;
        const int64_t groups_here = least(job->band, groups - group);
        const int64_t y = group * rows->stride, rows_here = least(groups_here * rows->stride, rows->size - y);
        /* The rows of windows along the axes before the last leading one. */
        const int lead = (int)most(0, g->lead_axes - 1);
        struct pool_range over[POOL_MAX_AXES];
        int64_t at[POOL_MAX_AXES], o[POOL_MAX_AXES], places[MOST_NEAR], number[MOST_NEAR], rest = plane;
        int leading = 0, none = 0;
        for (int a = lead - 1; a >= 0; a--) {
            at[a] = rest % g->lead[a].size;
            rest /= g->lead[a].size;
            over[a] = outputs_over(&g->lead[a], at[a]);
            o[a] = over[a].first;
            none |= over[a].first >= over[a].last;
        }
        const int64_t from = group + job->first_shift, upto = from + groups_here + job->slots - job->band;
        int64_t lowest = rest, highest = rest;
        for (int a = 0; a < lead; a++) {
            lowest = lowest * g->lead[a].outputs + over[a].first;
            highest = highest * g->lead[a].outputs + over[a].last - 1;
        }
        const int moved = b.where_they_are;
        b.where_they_are = may_stay(job, lowest * rows->outputs + from, highest * rows->outputs + upto);
        for (int a = none ? -1 : 0; a >= 0;) {
            int64_t here = rest, place = job->first_code;
            int covered = 1;
            for (a = 0; a < lead; a++) {
                const struct pool_axis *axis = &g->lead[a];
                covered &= covers(axis, o[a], at[a]);
                here = here * axis->outputs + o[a];
                place += (at[a] - axis_start(axis, o[a])) / axis->dilation * job->code_weight[a];
            }
            if (covered) {
                if (!stage_rows(&b, leading * job->slots, here, from, upto, o)) return 0;
                number[leading] = here * rows->outputs + from;
                places[leading++] = place;
            }
            for (a = lead - 1; a >= 0 && ++o[a] == over[a].last; a--) o[a] = over[a].first;
        }
        if (lead > 0 || unit == first || b.where_they_are != moved)
            find_phases(&b, places, number, leading, touches, phases);
        /* What is written past the end of a row, the next ones write over. */
        char *const to = out + (plane * rows->size + y) * row * g->out_bytes;
        const int64_t after = last_row - plane * rows->size - y;
        const int direct = !g->last_cast && !job->streams && after >= rows_here + job->overrun_rows;
        char *const made = direct ? to : scratch + job->at_row;
        const int64_t grads_at = b.where_they_are && leading > 0 ? number[0] * grads_row : 0;
        g->gradient->gather(made, phases, job->code_bytes, grads_at, rows->stride, along->stride, inner, count,
                            rows_here, b.where_they_are ? grads_row : job->slot_bytes, job->code_slot_bytes, row_bytes);
        if (direct) continue;
        if (g->last_cast) g->last_cast->cast(made, to, rows_here * row);
        else if (job->streams) stream(to, made, rows_here * row_bytes);
        else memcpy(to, made, (size_t)(rows_here * row_bytes));
    }
    stream_end();
    return -1;
}

/* ---- large windows, and bins: row by row, sums of shares first across the rows and then along them ---------- */

/* row[x*inner + c] = the sum over the windows over x of acc[o*inner + c], around which there are zeros. */
static void gather_phases(const struct pool_job *job, const char *acc, char *spare, char *row)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t stride = along->stride, inner = g->inner.size, pixel = inner * g->lane_bytes;
    const int64_t last = along->window - 1, step = along->dilation > 1 ? 1 : stride;
    struct pool_touch touches[POOL_TOUCHES];
    struct pool_phase phases[POOL_STRIDE];
    int used = 0;
    for (int64_t p = 0; p < stride; p++) {
        const int begin = used, most_used = POOL_TOUCHES - 2 * (int)(stride - 1 - p);
        int64_t t = last;
        if (along->dilation == 1) t -= ((last - p - along->before) % stride + stride) % stride;
        for (; t >= 0; t -= step) {
            if (!meets(along, p, t)) continue;
            if (used == most_used) {            /* too many at once */
                if (pool_stop()) return;
                char *const sum = spare + p * job->spare_bytes;
                const struct pool_phase some = {touches + begin, used - begin};
                g->gradient->gather(sum, &some, 0, 0, 1, 1, inner, job->phase_count, 1, 0, 0, 0);
                touches[begin] = (struct pool_touch){.grad = sum};
                used = begin + 1;
            }
            touches[used++] = (struct pool_touch){.grad = acc + shift_of(along, p, t) * pixel};
        }
        phases[p] = (struct pool_phase){touches + begin, used - begin};
    }
    g->gradient->gather(row, phases, 0, 0, 1, stride, inner, job->phase_count, 1, 0, 0, 0);
}

/* The first position after x over which there are others than `over`, or where that is not known x + 1. */
static int64_t alike_until(const struct pool_axis *a, int64_t x, struct pool_range over)
{
    int64_t first, last;        /* where the first of them is gone, where the next is there */
    if (a->bins) {
        first = ceil_div((over.first + 1) * a->size, a->outputs);
        last = ceil_div(over.last * a->size - a->outputs + 1, a->outputs);
    } else {
        if (a->dilation > 1) return x + 1;
        first = over.first < over.last ? over.first * a->stride + a->window - a->before : a->size;
        last = over.last < a->outputs ? over.last * a->stride - a->before : a->size;
    }
    return most(x + 1, least(a->size, least(first, last)));
}

/* Copies of the first `bytes` to all that follows, up to `upto`, from what is still in L1. */
static void repeat(char *to, int64_t bytes, int64_t upto)
{
    const int64_t most_bytes = most(1, BAND_BYTES / bytes) * bytes;
    for (int64_t done = bytes, more; done < upto; done += more) {
        more = least(most_bytes, least(done, upto - done));
        memcpy(to + done, to, (size_t)more);
    }
}

/* row[x*inner + c] = the sum over the windows o over x of lanes[o*inner + c]. */
static void gather_positions(const struct pool_job *job, const char *lanes, char *row)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size, pixel = inner * g->lane_bytes;
    for (int64_t x = 0, upto; x < along->size; x = upto) {
        const struct pool_range over = outputs_over(along, x);
        struct pool_touch touches[POOL_TOUCHES];
        struct pool_phase here = {touches, 0};
        char *const to = row + x * pixel;
        upto = alike_until(along, x, over);
        if (upto - x > LONG_COPY && pool_stop()) return;
        for (int64_t o = over.first; o < over.last; o++) {
            if (!covers(along, o, x)) continue;
            if (here.n == POOL_TOUCHES) {
                if (pool_stop()) return;
                g->gradient->gather(to, &here, 0, 0, 1, 1, inner, 1, 1, 0, 0, 0);
                touches[0] = (struct pool_touch){.grad = to};
                here.n = 1;
            }
            touches[here.n++] = (struct pool_touch){.grad = lanes + o * pixel};
        }
        g->gradient->gather(to, &here, 0, 0, 1, 1, inner, 1, 1, 0, 0, 0);
        repeat(to, pixel, (upto - x) * pixel);
    }
}

/* So many bins at most lie over a position of an axis. */
static int64_t most_over(const struct pool_axis *a) { return (a->outputs - 1) / a->size + 2; }

/* Where the k-th bin over each position is among the outputs, at [k*size + x]; where there is none, past the last.  And
 * how many elements each bin has. */
static void plan_bins(const struct pool_job *job, char *scratch)
{
    const struct pool_axis *along = &job->g->along;
    int32_t *const places = (int32_t *)(scratch + job->at_bins);
    for (int64_t o = 0; o < along->outputs; o++)
        if (job->g->lane_bytes == 4) ((float *)(scratch + job->at_counts))[o] = (float)bin_size(along, o);
        else ((double *)(scratch + job->at_counts))[o] = (double)bin_size(along, o);
    for (int64_t x = 0; x < along->size; x++) {
        const struct pool_range over = outputs_over(along, x);
        for (int64_t k = 0; k < job->bins_over; k++)
            places[k * along->size + x] = (int32_t)(over.first + k < over.last ? over.first + k : along->outputs);
    }
}

/* As gather_positions, of single elements under bins: what is first over each position comes together, what is second,
 * ...; -0.0 adds nothing to either zero. */
static void gather_bins(const struct pool_job *job, char *lanes, char *scratch, char *row)
{
    const struct pool_geometry *g = job->g;
    const int64_t size = g->along.size, lane = g->lane_bytes;
    char *const over = scratch + job->at_over, *const none = lanes + g->along.outputs * lane;
    struct pool_touch touches[POOL_TOUCHES];
    const struct pool_phase all = {touches, (int)job->bins_over};
    if (lane == 4) *(float *)none = -0.0f;
    else *(double *)none = -0.0;
    take(over, lanes, (const int32_t *)(scratch + job->at_bins), job->bins_over * size, 1, (int)lane);
    for (int64_t k = 0; k < job->bins_over; k++) touches[k] = (struct pool_touch){.grad = over + k * size * lane};
    g->gradient->gather(row, &all, 0, 0, 1, 1, 1, size, 1, 0, 0, 0);
}

/* The next row of positions; 1 where that begins a plane. */
static int next_row(const struct pool_geometry *g, int64_t *at)
{
    for (int a = g->lead_axes - 1; a >= 0; a--) {
        if (++at[a] < g->lead[a].size) return 0;
        at[a] = 0;
    }
    return 1;
}

static int64_t gather_rows(const struct pool_job *job, const char *grad, char *out, char *no_index, char *scratch,
                           int64_t first, int64_t last)
{
    (void)no_index;
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size, lane = g->lane_bytes;
    const int64_t out_row = along->size * inner, grad_row = along->outputs * inner;
    char *const acc = scratch + job->at_levels + job->margin_bytes;
    memset(scratch + job->at_levels, 0, (size_t)job->slot_bytes);
    if (job->bins_over) plan_bins(job, scratch);
    struct pool_range over[POOL_MAX_AXES] = {{0, 0}};
    int64_t at[POOL_MAX_AXES], rest = first, plane = -1;    /* the unit's row, its plane, that of the row before */
    for (int a = g->lead_axes - 1; a >= 0; a--) {
        at[a] = rest % g->lead[a].size;
        rest /= g->lead[a].size;
    }
    for (int64_t unit = first; unit < last; unit++, rest += next_row(g, at)) {
        int64_t o[POOL_MAX_AXES];
        int n = 0, none = 0, alike = unit > first && g->lead_axes > 0 && rest == plane;
        for (int a = g->lead_axes - 1; a >= 0; a--) {
            const struct pool_range here = outputs_over(&g->lead[a], at[a]);
            alike &= here.first == over[a].first && here.last == over[a].last && g->lead[a].dilation == 1;
            over[a] = here;
            o[a] = over[a].first;
            none |= over[a].first >= over[a].last;
        }
        plane = rest;
        char *const to = out + unit * out_row * g->out_bytes;
        if (alike) {            /* under the same windows as the row before */
            memcpy(to, to - out_row * g->out_bytes, (size_t)(out_row * g->out_bytes));
            continue;
        }
        for (int a = none ? -1 : 0; a >= 0;) {
            int64_t number = rest, counts = 1;
            int here = 1;
            for (a = 0; a < g->lead_axes; a++) {
                here &= covers(&g->lead[a], o[a], at[a]);
                number = number * g->lead[a].outputs + o[a];
                counts *= counted(&g->lead[a], job->lead_inside[a], o[a]);
            }
            if (here)
                share_rows(job, grad + number * grad_row * g->out_bytes, scratch, acc, counts, n++ > 0, 1);
            for (a = g->lead_axes - 1; a >= 0 && ++o[a] == over[a].last; a--) o[a] = over[a].first;
        }
        if (n == 0) {
            memset(to, 0, (size_t)(out_row * g->out_bytes));
            continue;
        }
        /* What is written past the end of a row, the next ones will write. */
        const int direct = !g->last_cast && last - unit > job->overrun_rows;
        char *const row = direct ? to : scratch + job->at_row;
        if (job->phase_count) gather_phases(job, acc, scratch + job->at_spare, row);
        else if (job->bins_over) gather_bins(job, acc, scratch, row);
        else gather_positions(job, acc, row);
        if (direct) continue;
        if (g->last_cast) g->last_cast->cast(row, to, out_row);
        else memcpy(to, row, (size_t)(out_row * lane));
    }
    return -1;
}

/* ---- the plan ---------------------------------------------------------------------------------------------- */

/* Whether windows reach so far past the few outputs of an axis that their lanes would be mostly zeros. */
static int reaches_far(const struct pool_axis *axis)
{
    return (axis->window - 1) * axis->dilation / axis->stride > 2 * axis->outputs + POOL_TOUCHES;
}

/* Of the windows over a position: of how many taps they are, how many there are, both MANY_TOUCHES at most; the last of
 * their codes. */
enum { MANY_TOUCHES = POOL_TOUCHES + 1 };
struct touches {
    int64_t taps, near, farthest;
    int bins;                   /* some are bins */
    int64_t positions, planes;  /* of a plane; those that rows_axis goes through in turn */
};

/* The axes, and where windows lie over them. */
static struct touches plan_axes(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t outer = g->outer_axes ? g->outer[0].size : 1;
    job->inside = outputs_inside(along);
    job->all_inside = job->inside.first == 0 && job->inside.last == along->outputs;
    job->code_step = g->in_windows ? along->tap_weight : along->dilation;
    job->first_code = g->in_windows ? along->skipped * along->tap_weight : 0;
    job->leading = 1;
    job->grad_rows = outer;
    struct touches t = {.taps = least(along->window, MANY_TOUCHES), .bins = along->bins, .positions = along->size};
    t.near = ceil_div(t.taps, along->stride);
    t.farthest = job->first_code + (along->window - 1) * job->code_step;
    for (int a = g->lead_axes - 1; a >= 0; a--) {
        const struct pool_axis *axis = &g->lead[a];
        job->lead_inside[a] = outputs_inside(axis);
        job->positions_after[a] = t.positions;
        job->grad_rows *= axis->outputs;
        job->code_weight[a] = g->in_windows ? axis->tap_weight : axis->dilation * t.positions;
        job->first_code += g->in_windows ? axis->skipped * axis->tap_weight : 0;
        t.farthest += ((g->in_windows ? axis->skipped : 0) + axis->window - 1) * job->code_weight[a];
        t.positions *= axis->size;
        /* With dilation as many windows lie over a position, but they lie further apart. */
        const int64_t window = least(axis->window, MANY_TOUCHES), over = ceil_div(window, axis->stride);
        const int64_t each = axis->dilation == 1 ? over : window;
        if (a < g->lead_axes - 1) job->leading = least(job->leading * each, MANY_TOUCHES);
        t.near = least(t.near * over, MANY_TOUCHES);
        t.taps = least(t.taps * window, MANY_TOUCHES);
        t.bins |= axis->bins;
    }
    const struct pool_axis planes_axis = {.size = outer, .window = 1, .stride = 1, .dilation = 1, .outputs = outer};
    job->rows_axis = g->lead_axes ? g->lead[g->lead_axes - 1] : planes_axis;
    job->row_weight = g->lead_axes ? job->code_weight[g->lead_axes - 1] : 0;
    struct pool_axis *const rows = &job->rows_axis;
    t.planes = (g->lead_axes ? outer : 1) * (t.positions / along->size) / (g->lead_axes ? rows->size : 1);
    /* Rows of planes that windows part evenly follow each other from plane to plane. */
    if (job->task == POOL_SPREAD && g->lead_axes == 1 && !rows->bins && rows->before == 0 &&
        rows->window <= rows->stride && rows->dilation == 1 && rows->size == rows->outputs * rows->stride) {
        rows->size *= outer;
        rows->outputs *= outer;
        job->lead_inside[0] = (struct pool_range){0, rows->outputs};
        t.planes = 1;
    }
    return t;
}

/* Whether each position meets the windows over it, a band of rows at a time; and whether its codes are bytes. */
static int takes_bands(const struct pool_job *job, const struct touches *t)
{
    const struct pool_axis *along = &job->g->along, *rows = &job->rows_axis;
    return !t->bins && !reaches_far(along) && !reaches_far(rows) && t->near <= MOST_NEAR && t->taps <= POOL_TOUCHES &&
           job->leading <= MOST_NEAR && along->stride <= POOL_STRIDE && rows->stride <= POOL_TOUCHES / along->stride;
}

static int codes_are_bytes(const struct pool_geometry *g, const struct touches *t)
{
    return g->gradient->bytes_fit && g->index_bytes == 1 && t->farthest < UINT8_MAX;
}

/* Whether gathering by codes pays.  Each position meets each window over it, so this is for vectors of them: pixels, or
 * rows of pairs (3x3/3 of 56 x 56: following the indices takes 27 us, gathering 125; 2x2/2 49 and 23). */
static int pays(const struct pool_geometry *g, const struct touches *t)
{
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size;
    /* Rows of a vector of codes, of bytes of half of one (28x28, 2x2/2, plane indices, AVX2: 2640 -> 910 us; window
     * indices, AVX-512: 2790 -> 760). */
    const int64_t enough = codes_are_bytes(g, t) ? 8 : most(6, g->gradient->lanes);
    const int pairs = inner == 1 && along->stride == 2 && along->outputs >= enough;
    /* At stride 1 any row; of few lanes a position takes longer than an index (hundredths of the floor, 56x56, 3x3/1
     * pad 1, AVX-512 920, so 303, AVX2 530, so 342, baseline as fast; of pixels 523, so 551). */
    const int dense = along->stride == 1 && along->outputs * inner >= enough &&
                      t->near <= (inner > 1 ? 2 : 4) * g->gradient->lanes;
    const int wide = dense || pairs || (along->stride > 1 && inner >= POOL_VECTOR / g->lane_bytes);
    return wide && t->positions <= INT32_MAX && (g->index_bytes == 8 || (g->index_bytes == 1 && g->in_windows));
}

/* Of the places of a row of outputs; of a row that is made, and what vectors write past it. */
static int64_t bases_bytes(const struct pool_geometry *g)
{
    return round_up(g->along.outputs * g->inner.size * g->lane_bytes + POOL_SLACK);
}

static int64_t overrun(const struct pool_geometry *g)
{
    return (least(g->along.stride, POOL_STRIDE) + 1) * most(g->inner.size, POOL_VECTOR / g->lane_bytes);
}

static int64_t made_bytes(const struct pool_geometry *g)
{
    return round_up((g->along.size * g->inner.size + overrun(g)) * g->lane_bytes + POOL_SLACK);
}

/* Lanes of a row of outputs, around which lie those of the windows that would begin before and after it. */
static void plan_slots(struct pool_job *job, int phases, int by_bytes)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t pixel = g->inner.size * g->lane_bytes, reach = (along->window - 1) * along->dilation;
    job->phase_count = phases ? ceil_div(along->size, along->stride) : 0;
    const int64_t front = phases ? most(0, ceil_div(reach - along->before, along->stride)) : 0;
    const int64_t after = phases ? job->phase_count + most(0, (along->stride - 1 + along->before) / along->stride) : 0;
    job->margin_bytes = round_up(front * pixel);
    job->slot_bytes = job->margin_bytes + round_up(most(along->outputs, after) * pixel);
    job->code_bytes = job->task == POOL_SPREAD ? 0 : by_bytes ? 1 : (int)g->lane_bytes;
    job->code_margin_bytes = job->margin_bytes / g->lane_bytes * job->code_bytes;
    job->code_slot_bytes = job->slot_bytes / g->lane_bytes * job->code_bytes;
    job->overrun_rows = ceil_div(overrun(g), along->size * g->inner.size);
}

static void plan_bands(struct pool_job *job, const struct touches *t)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *rows = &job->rows_axis;
    const int64_t outer = g->outer_axes ? g->outer[0].size : 1;
    const int64_t row_bytes = g->along.size * g->inner.size * g->lane_bytes;
    job->streams = !g->last_cast && outer * t->positions * g->inner.size * g->lane_bytes >= STREAMED_BYTES;
    job->walk = gather_bands;
    job->first_shift = floor_div(rows->before - (rows->window - 1) * rows->dilation, rows->stride);
    const int64_t halo = floor_div(rows->stride - 1 + rows->before, rows->stride) - job->first_shift;
    const int64_t groups = ceil_div(rows->size, rows->stride);
    job->band = most(4, BAND_BYTES / (2 * job->slot_bytes * job->leading) - halo);
    job->band = most(1, least(job->band, ceil_div(groups * t->planes, LEAST_UNITS)));
    job->slots = job->band + halo;
    job->units = t->planes * ceil_div(groups, job->band);
    job->at_levels = bases_bytes(g);
    job->at_row = job->at_levels + 2 * (job->leading * job->slots * job->slot_bytes + POOL_SLACK);
    job->scratch_bytes = job->at_row + round_up(made_bytes(g) + job->band * rows->stride * row_bytes);
}

static void plan_rows(struct pool_job *job, const struct touches *t)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t inner = g->inner.size, outer = g->outer_axes ? g->outer[0].size : 1;
    job->walk = gather_rows;
    job->units = outer * (t->positions / most(1, along->size));
    job->at_levels = 0;
    job->at_spare = job->at_levels + job->slot_bytes + POOL_SLACK;
    job->spare_bytes = round_up(job->phase_count * inner * g->lane_bytes + POOL_SLACK);
    job->at_lanes = job->at_spare + least(along->stride, POOL_STRIDE) * job->spare_bytes;
    job->at_row = job->at_lanes + bases_bytes(g);
    job->scratch_bytes = job->at_row + made_bytes(g);
    /* Of long bins the positions alike are more. */
    const int64_t over = along->bins && inner == 1 && along->size < LONG_BIN * along->outputs ? most_over(along) : 0;
    if (over == 0 || over > POOL_TOUCHES || most(along->size, along->outputs) >= INT32_MAX) return;
    job->bins_over = over;
    job->at_bins = job->scratch_bytes;
    job->at_counts = job->at_bins + round_up(over * along->size * (int64_t)sizeof(int32_t));
    job->at_over = job->at_counts + round_up(along->outputs * g->lane_bytes);
    job->scratch_bytes = job->at_over + round_up(over * along->size * g->lane_bytes + POOL_SLACK);
}

int pool_plan_gather(struct pool_job *job, const struct pool_geometry *g, enum pool_task task)
{
    const struct pool_axis *along = &g->along;
    *job = (struct pool_job){.g = g, .task = task};
    const struct touches t = plan_axes(job);
    const int bands = takes_bands(job, &t);
    if (task != POOL_SPREAD && !(task == POOL_ADD && bands && pays(g, &t))) return 0;

    /* A phase costs as many sums as it has taps, few of which matter where the window dwarfs the axis. */
    const int phases = bands || (!along->bins && !reaches_far(along) && along->stride <= POOL_STRIDE &&
                                 along->window / along->stride <= 2 * along->outputs + 2);
    plan_slots(job, phases, codes_are_bytes(g, &t));
    if (bands) plan_bands(job, &t);
    else plan_rows(job, &t);
    return 1;
}
