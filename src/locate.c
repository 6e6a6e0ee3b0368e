/* locate.c - a unit's best elements and where they are: taps in the order of the window, to the kernels in lists. */
#include <string.h>

#include "walk.h"

enum { MOST_TAPS = 64, MOST_ROWS = POOL_GROUP, PASS = 256 };   /* a pass: as many taps as a byte can number */

/* The taps of one unit on their way to the kernel. */
struct search {
    const struct pool_job *job;
    const struct unit *u;
    char *scratch, *best, *code;
    int64_t count;              /* lanes in all */
    struct pool_taps call;
    int n, rows, thins;         /* taps in the list; rows and thinned taps in scratch that it needs */
    int next_row;
    const char *taps[MOST_TAPS];
    int64_t codes[MOST_TAPS];
    int passes, in_pass;
    int64_t table[PASS];        /* places of the taps of this pass, where lanes hold their numbers */
};

static void flush(struct search *s)
{
    if (s->n > 0) {
        s->call.taps = s->taps;
        s->call.codes = s->codes;
        s->call.n = s->n;
        s->job->g->kernel->best(&s->call, s->best, s->code);
        s->call.fresh = 0;
        s->call.loose = 0;
    }
    s->n = s->thins = 0;
    s->rows = 1;                /* the row at hand may have taps to come */
}

/* place[i] = table[code[i]], of codes of so many bytes. */
static void look_up(const void *code, int bytes, const int64_t *table, int64_t count, int64_t *place)
{
    if (bytes == 1)
        for (int64_t i = 0; i < count; i++) place[i] = table[((const uint8_t *)code)[i]];
    else if (bytes == 2)
        for (int64_t i = 0; i < count; i++) place[i] = table[((const uint16_t *)code)[i]];
    else if (bytes == 4)
        for (int64_t i = 0; i < count; i++) place[i] = table[((const uint32_t *)code)[i]];
    else
        for (int64_t i = 0; i < count; i++) place[i] = table[((const uint64_t *)code)[i]];
}

/* Code i of so many bytes. */
static void set_code(char *code, int bytes, int64_t i, int64_t value)
{
    switch (bytes) {
    case 1: ((uint8_t *)code)[i] = (uint8_t)value; break;
    case 2: ((uint16_t *)code)[i] = (uint16_t)value; break;
    case 4: ((uint32_t *)code)[i] = (uint32_t)value; break;
    default: ((uint64_t *)code)[i] = (uint64_t)value;
    }
}

/* Lanes to begin with: what takes no part, at the first tap of each window that is data. */
static void begin(struct search *s)
{
    const struct pool_job *job = s->job;
    const struct pool_geometry *g = job->g;
    const struct unit *u = s->u;
    if (s->call.fresh) return;
    fill_empty(g->kernel, s->scratch, s->count, s->best);
    int64_t row = 0;
    for (int a = 0; a < g->lead_axes; a++) row += u->lead[a].in.first * g->lead[a].tap_weight;
    for (int64_t o = 0, i = 0; o < u->outputs; o++) {
        const int64_t tap = taps_in(&g->along, u->first + o, 0, g->along.size).first;
        const int64_t code = job->coded ? row + tap * g->along.tap_weight : tap;
        for (int64_t c = 0; c < u->inner; c++, i++) set_code(s->code, g->lane_bytes, i, code);
    }
}

/* Numbers of taps to places; then the better of this pass and of those before. */
static void end_pass(struct search *s)
{
    const struct pool_job *job = s->job;
    if (job->coded || s->in_pass == 0) return;
    flush(s);
    int64_t *place = (int64_t *)(s->scratch + (s->passes ? job->at_other_place : job->at_place));
    look_up(s->code, job->g->lane_bytes, s->table, s->count, place);
    for (int64_t i = s->u->inner; job->columns && i < s->count; i++)
        place[i] += i / s->u->inner * job->g->along.tap_weight;
    if (s->passes)
        job->g->kernel->settle(s->scratch + job->at_other, (int64_t *)(s->scratch + job->at_place), s->best, place,
                               s->count);
    else
        memcpy(s->scratch + job->at_other, s->best, (size_t)(s->count * job->g->lane_bytes));
    s->passes++;
    s->in_pass = 0;
    s->call.fresh = !job->columns;
    if (!job->columns) return;
    fill_empty(job->g->kernel, s->scratch, s->count, s->best);      /* the next run may be shorter than the columns */
    memset(s->code, 0, (size_t)(s->count * job->g->lane_bytes));
}

/* One more tap, whose lanes begin at `tap`. */
static void add(struct search *s, const char *tap, int64_t place)
{
    s->taps[s->n] = tap;
    if (s->job->coded) s->codes[s->n] = place;
    else {
        s->codes[s->n] = s->in_pass;
        s->table[s->in_pass] = place;
    }
    s->n++;
    s->in_pass++;
    if (s->n == MOST_TAPS) flush(s);
    if (!s->job->coded && s->in_pass == PASS) end_pass(s);
}

/* The part of a row that the unit's windows span, data or padding, side by side in scratch. */
static const char *prepared(struct search *s, const char *row, int64_t left, int64_t width, int64_t right)
{
    const struct pool_job *job = s->job;
    const struct pool_geometry *g = job->g;
    if (s->rows == MOST_ROWS) flush(s);
    const int64_t pixel = s->u->inner * g->elem_bytes;
    char *const to = s->scratch + job->at_gathered + s->next_row * job->row_bytes;
    s->next_row = (s->next_row + 1) % MOST_ROWS;
    s->rows++;
    memcpy(to, s->scratch, (size_t)(left * pixel));
    g->copy(to + left * pixel, pixel, g->elem_bytes, row, g->along.in_step, g->inner.in_step, width, s->u->inner,
             g->elem_bytes, g->swapped);
    memcpy(to + (left + width) * pixel, s->scratch, (size_t)(right * pixel));
    return to;
}

/* Windows too long for their rows to lie in scratch, each alone in its unit: a tap, or a run of columns, at a time. */
static void add_long_row(struct search *s, const char *row, int64_t place)
{
    const struct pool_job *job = s->job;
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const struct pool_range taps = taps_in(along, s->u->first, 0, along->size);
    const int64_t width = job->columns ? least(job->columns, taps.last - taps.first) : 1;
    for (int64_t t = taps.first; t < taps.last; t += width) {
        if (pool_stop()) return;
        const int64_t some = least(width, taps.last - t);
        const char *from = row + t * along->dilation * along->in_step;
        const int64_t count = some * s->u->inner;
        if (count != s->call.count) flush(s);
        s->call.count = count;
        if (!job->rows_contiguous) from = prepared(s, from, 0, some, 0);
        add(s, from, place + t * along->tap_weight);
    }
}

static void add_row(struct search *s, const char *row, int64_t place)
{
    const struct pool_job *job = s->job;
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const struct unit *u = s->u;
    const int64_t start = axis_start(along, u->first);
    const int64_t end = start + (is_binned(job) ? bins_span(along, u) : span_of(along, u->outputs));
    const int64_t left = most(0, -start), right = most(0, end - along->size), width = end - start - left - right;
    const int64_t pixel = u->inner * g->elem_bytes;
    row += (start + left) * along->in_step;
    /* Thinning reads whole vectors past the end. */
    const int slack = job->thinned && u->inner > 1 && !is_binned(job);
    if (!job->rows_contiguous || left > 0 || right > 0 || slack) row = prepared(s, row, left, width, right);
    for (int64_t t = 0; t < along->window; t++) {
        const char *tap = row + t * along->dilation * pixel;
        if (job->thinned) {
            if (s->thins == POOL_THINNED) flush(s);
            char *to = s->scratch + job->at_levels + s->thins++ * job->acc_bytes;
            if (is_binned(job))
                take(to, row, bin_places(job, s->scratch, u) + t * u->outputs, u->outputs, u->inner, g->elem_bytes);
            else g->kernel->thin(tap, u->inner, along->stride * u->inner, u->outputs, to);
            tap = to;
        }
        add(s, tap, place + t * along->tap_weight);
    }
}

static const struct pool_place *place_of(const struct pool_geometry *g, int code_bytes)
{
    const struct pool_place *p = g->places;
    while (p->code_bytes != code_bytes || p->index_bytes != g->index_bytes) p++;
    return p;
}

/* Row k of a window whose rows are found at once: its taps along the leading axes, of which there are two at most. */
struct found_row {
    int64_t plane, row;
};

static struct found_row found_row(const struct pool_geometry *g, int64_t k)
{
    const int64_t rows = g->lead[g->lead_axes - 1].window;
    return (struct found_row){k / rows, k % rows};
}

/* The places of a window's taps, to all of which `first` is added. */
static void places_of(const struct pool_job *job, int64_t first, int64_t *places)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along, *rows = &g->lead[g->lead_axes - 1];
    for (int64_t k = 0; k < job->found_rows; k++) {
        const struct found_row at = found_row(g, k);
        for (int64_t t = 0; t < along->window; t++)
            *places++ = first + at.plane * g->lead[0].tap_weight * (g->lead_axes > 1) + at.row * rows->tap_weight +
                        t * along->tap_weight;
    }
}

/* Their codes: those, or their numbers. */
static void codes_of(const struct pool_job *job, int64_t first, int64_t *codes)
{
    if (job->coded) places_of(job, first, codes);
    else
        for (int64_t k = 0; k < job->found_rows * job->g->along.window; k++) codes[k] = k;
}

/* The first `repeats` rows of a unit whose windows the kernel finds at once; `first` is added to all codes. */
static void find(const struct pool_job *job, const struct unit *u, int64_t repeats, char *best, char *code, int bytes,
                 int64_t first, char *wide)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along, *rows = &g->lead[g->lead_axes - 1];
    const char *row[POOL_ROWS];
    int64_t codes[POOL_ROWS * POOL_FOUND];
    codes_of(job, first, codes);
    for (int64_t k = 0; k < job->found_rows; k++) {
        const struct found_row at = found_row(g, k);
        row[k] = u->base + at.plane * u->lead[0].step + at.row * u->lead[g->lead_axes - 1].step +
                 axis_start(along, u->first) * along->in_step;
    }
    g->kernel->find(row, (int)job->found_rows, u->inner, along->window, along->stride, u->outputs, repeats,
                    rows->stride * rows->in_step, codes, best, code, bytes, wide);
}

/* Where nothing is better than padding, and that comes first, it is what is found: the first tap that is data is as
 * good.  Of so many rows of windows from row `top` of the input on, by codes of one type; `skipped` rows of each are of
 * planes that are padding. */
#define MEND(type)                                                                                              \
    static void mend_##type(const struct pool_job *job, int64_t skipped, int64_t top, int64_t repeats,          \
                            const int64_t *codes, type *code)                                                   \
    {                                                                                                           \
        const struct pool_axis *along = &job->g->along, *rows = &job->g->lead[job->g->lead_axes - 1];           \
        const int64_t outputs = along->outputs, inner = job->g->inner.size, reach_before = job->inside.first;   \
        for (int64_t r = 0, y = top; r < repeats; r++, y += rows->stride, code += outputs * inner) {            \
            const int64_t above = skipped + most(0, -y), n = above ? outputs : reach_before;                    \
            for (int64_t o = 0; o < n; o++) {                                                                   \
                const type data = (type)codes[above * along->window + most(0, -axis_start(along, o))];          \
                for (int64_t c = o * inner; c < (o + 1) * inner; c++)                                           \
                    if (code[c] == (type)codes[0]) code[c] = data;                                              \
            }                                                                                                   \
        }                                                                                                       \
    }
MEND(uint8_t)
MEND(uint16_t)
MEND(uint32_t)
MEND(uint64_t)

static void mend_codes(const struct pool_job *job, int64_t skipped, int64_t top, int64_t repeats, const int64_t *codes,
                       void *code, int bytes)
{
    switch (bytes) {
    case 1: mend_uint8_t(job, skipped, top, repeats, codes, code); break;
    case 2: mend_uint16_t(job, skipped, top, repeats, codes, code); break;
    case 4: mend_uint32_t(job, skipped, top, repeats, codes, code); break;
    default: mend_uint64_t(job, skipped, top, repeats, codes, code);
    }
}

/* Where the data of padded rows lies, in bytes: in the input, from position 0 on, and in scratch. */
struct padded_row {
    int64_t at, left, width;
};

static struct padded_row padded_row(const struct pool_geometry *g)
{
    const struct pool_axis *along = &g->along;
    const int64_t start = axis_start(along, 0), first = most(0, start);
    const int64_t last = least(start + span_of(along, along->outputs), along->size);
    const int64_t pixel = g->inner.size * g->elem_bytes;
    return (struct padded_row){first * pixel, (first - start) * pixel, (last - first) * pixel};
}

/* Around it lies padding, as far as vectors read. */
void pool_pad_rows(const struct pool_job *job, char *scratch)
{
    const struct padded_row p = padded_row(job->g);
    char *to = scratch + job->at_gathered;
    for (int64_t n = padded_rows(job); n > 0; n--, to += job->row_bytes) {
        memcpy(to, scratch, (size_t)p.left);
        memcpy(to + p.left + p.width, scratch, (size_t)(job->row_bytes - p.left - p.width));
    }
}

/* As find, of `repeats` rows from row `from` of the unit on, whose windows reach past the ends of rows, or above or
 * below all: some rows at a time lie in scratch, padded.  What follows them is fetched (103 MB of 112x112, 3x3/2 pad
 * 1: 1.55 of the floor, so 1.2). */
static void find_padded(const struct pool_job *job, char *scratch, const struct unit *u, int64_t from, int64_t repeats,
                        char *best, char *code, int bytes, int64_t first, char *wide)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along, *rows = &g->lead[g->lead_axes - 1];
    const struct pool_axis *depth = g->lead_axes > 1 ? &g->lead[0] : NULL;
    const struct padded_row p = padded_row(g);
    const int64_t top = u->row + from * rows->stride, block = u->outputs * u->inner;
    const int64_t planes = depth ? depth->window : 1, plane_rows = padded_rows(job) / planes;
    char *const padded = scratch + job->at_gathered;
    int64_t codes[POOL_ROWS * POOL_FOUND];
    const char *row[POOL_ROWS];
    codes_of(job, first, codes);
    for (int64_t k = 0; k < job->found_rows; k++) {
        const struct found_row at = found_row(g, k);
        row[k] = padded + (at.plane * plane_rows + at.row) * job->row_bytes;
    }
    for (int64_t i = 0, n; i < repeats; i += n) {
        n = least(job->pads, repeats - i);
        const int64_t upper = top + i * rows->stride, lower = upper + span_of(rows, n);
        for (int64_t z = 0; z < planes; z++) {
            const int is_there = !depth || (u->plane + z >= 0 && u->plane + z < depth->size);
            const char *const plane = u->base + p.at + (depth ? z * depth->in_step : 0);
            char *to = padded + z * plane_rows * job->row_bytes + p.left;
            for (int64_t y = upper; y < lower; y++, to += job->row_bytes) {
                const int is_data = is_there && y >= 0 && y < rows->size;
                const char *const here = is_data ? plane + (y - u->row) * rows->in_step : scratch;
                for (int64_t b = 0; is_data && b < p.width; b += POOL_VECTOR) __builtin_prefetch(here + b + POOL_AHEAD);
                memcpy(to, here, (size_t)p.width);
            }
        }
        g->kernel->find(row, (int)job->found_rows, u->inner, along->window, along->stride, u->outputs, n,
                        rows->stride * job->row_bytes, codes, best + i * block * g->lane_bytes,
                        code + i * block * bytes, bytes, wide);
    }
    const int64_t skipped = depth ? most(0, -u->plane) * rows->window : 0;
    mend_codes(job, skipped, top, repeats, codes, code, bytes);
}

/* Places in bins to those in the row, from where the first begins.  They are never those in windows. */
static void add_firsts(const struct pool_axis *along, const struct unit *u, int64_t *index)
{
    const int64_t start = bin_first(along, u->first);
    for (int64_t o = 0; o < u->outputs; o++, index += u->inner) {
        const int64_t first = (bin_first(along, u->first + o) - start) * along->place_weight;
        for (int64_t c = 0; c < u->inner; c++) index[c] += first;
    }
}

/* Nothing is met yet.  Its lists and table are filled as they grow. */
static void begin_search(struct search *s, const struct pool_job *job, char *scratch, const struct unit *u)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t start = axis_start(along, u->first);
    const int64_t end = start + span_of(along, u->outputs);
    const int64_t block = u->outputs * u->inner;
    const int long_rows = job->chunked || job->columns;
    s->job = job;
    s->u = u;
    s->scratch = scratch;
    s->best = scratch + job->at_lanes;
    s->code = scratch + job->at_code;
    s->n = s->rows = s->thins = s->next_row = s->passes = s->in_pass = 0;
    s->call = (struct pool_taps){.repeats = u->repeats, .outputs = 1, .count = block, .stride = 1};
    if (g->lead_axes) s->call.row_step = g->lead[g->lead_axes - 1].stride * g->lead[g->lead_axes - 1].in_step;
    if (!long_rows && !job->thinned && along->stride > 1) {
        if (u->inner == 1 && along->stride == 2) s->call.stride = 2;
        else {          /* of a block of one channel too, whose row is no thinner for that */
            s->call.outputs = u->outputs;
            s->call.count = u->inner;
            s->call.step = along->stride * u->inner * g->elem_bytes;
        }
    }
    if (job->columns) {
        const struct pool_range taps = taps_in(along, u->first, 0, along->size);
        s->call.count = least(job->columns, taps.last - taps.first) * u->inner;
    }
    s->count = s->call.outputs * s->call.count * u->repeats;
    s->call.fresh = long_rows || is_binned(job) ||
                    (u->inside && (job->pads || (start >= 0 && end <= along->size)));
    if (s->call.fresh && u->inner == 1 && !long_rows && !job->thinned) s->call.loose = loose_rows(job, u);
}

/* What of a unit the kernel finds at once, and where to. */
struct finding {
    int64_t rows;               /* so many of its rows, from the first */
    int pads;                   /* by way of padded ones in scratch; those that are left too */
    int placed;                 /* where they are is the result, not a code */
    char *values, *codes;
};

/* Rows of small windows are found at once; where vectors may run past the rows, the last few are not. */
static struct finding finding_of(const struct search *s, char *index, int all_alike)
{
    const struct pool_job *job = s->job;
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const struct unit *u = s->u;
    struct finding f = {.pads = s->call.fresh && job->pads, .values = s->best, .codes = s->code};
    if (s->call.fresh && job->finds) f.rows = u->inner == 1 ? s->call.loose : u->repeats;
    /* A part of a row that others follow may be read past its end, but what is made is not written past it. */
    const int64_t end = axis_start(along, u->first) + span_of(along, u->outputs);
    const int reads_on = (along->size - end) * g->elem_bytes >= 2 * POOL_VECTOR;
    const int is_part = s->call.fresh && job->finds && u->inner == 1 && !job->dense && reads_on;
    if (is_part) f.rows = u->repeats;
    if (job->out_contiguous && !g->last_cast && !is_part) f.values = u->out;
    /* Places go with the codes to the result, if they are the same all over and bytes. */
    f.placed = all_alike && job->coded && g->index_bytes == 1 && !is_part;
    if (f.placed) f.codes = index;
    return f;
}

static void find_rows(struct search *s, const struct finding *f)
{
    const struct pool_job *job = s->job;
    const struct pool_geometry *g = job->g;
    const struct unit *u = s->u;
    const int64_t block = u->outputs * u->inner, rest = u->repeats - f->rows, lanes = f->rows * block * g->lane_bytes;
    const int64_t first = f->placed ? u->place : 0;
    const int bytes = f->placed ? 1 : g->lane_bytes;
    if (f->pads) {
        find_padded(job, s->scratch, u, 0, f->rows, f->values, f->codes, bytes, first, s->code);
        find_padded(job, s->scratch, u, f->rows, rest, s->best + lanes, s->code + lanes, g->lane_bytes, 0, s->code);
    } else if (f->rows > 0) {
        find(job, u, f->rows, f->values, f->codes, bytes, first, s->code);
    }
    s->call.repeats -= f->pads ? u->repeats : f->rows;
    s->call.loose -= f->rows;
    s->count -= f->rows * block;
    s->best += lanes;
    s->code += lanes;
}

/* The rows of the window in their order, of those rows of outputs that are left, `found` from the first. */
static void search_rows(struct search *s, int64_t found)
{
    const struct pool_geometry *g = s->job->g;
    const struct unit *u = s->u;
    begin(s);
    int64_t tap[POOL_MAX_AXES];
    for (int a = 0; a < g->lead_axes; a++) tap[a] = u->lead[a].in.first;
    int64_t met = 0;
    for (int a = s->call.repeats > 0 ? 0 : -1; a >= 0;) {
        if (++met % PATIENCE == 0 && pool_stop()) return;
        const char *row = u->base + found * s->call.row_step;
        int64_t place = 0;
        for (a = 0; a < g->lead_axes; a++) {
            row += tap[a] * u->lead[a].step;
            place += tap[a] * g->lead[a].tap_weight;
        }
        if (s->job->chunked || s->job->columns)
            add_long_row(s, row + axis_start(&g->along, u->first) * g->along.in_step, place);
        else add_row(s, row, place);
        for (a = g->lead_axes - 1; a >= 0 && ++tap[a] == u->lead[a].in.last; a--) tap[a] = u->lead[a].in.first;
    }
    flush(s);
    end_pass(s);
}

void pool_locate(const struct pool_job *job, char *scratch, const struct unit *u)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along, *y = g->lead_axes ? &g->lead[g->lead_axes - 1] : NULL;
    const int64_t block = u->outputs * u->inner;
    const int64_t row_weight = y ? y->stride * y->place_weight : 0, c_weight = g->inner.place_weight;
    const int64_t x_weight = is_binned(job) ? 0 : along->stride * along->place_weight;
    const int rows_alike = u->inner == 1 || (x_weight == 0 && c_weight == 0);
    const int all_alike = rows_alike && x_weight == 0 && row_weight == 0;
    char *const index = job->out_contiguous ? u->index : scratch + job->at_index;

    struct search s;
    begin_search(&s, job, scratch, u);
    const struct finding f = finding_of(&s, index, all_alike);
    if (!job->coded && !f.pads && f.rows < u->repeats && u->repeats > 1) {  /* those by numbers, others by places */
        for (int64_t r = 0, upto; r < u->repeats; r = upto) {
            upto = most(f.rows, r + 1);
            const struct unit part = rows_of_unit(job, u, r, upto);
            pool_locate(job, scratch, &part);
        }
        return;
    }
    find_rows(&s, &f);
    search_rows(&s, f.rows);

    char *lanes = scratch + job->at_lanes;
    const char *code = scratch + job->at_code;
    if (!job->coded && (f.pads || f.rows > 0)) {
        int64_t places[POOL_ROWS * POOL_FOUND];
        places_of(job, 0, places);
        look_up(code, g->lane_bytes, places, block * u->repeats, (int64_t *)(scratch + job->at_place));
        code = scratch + job->at_place;
    } else if (!job->coded) {
        lanes = scratch + job->at_other;
        int64_t *const place = (int64_t *)(scratch + job->at_place);
        for (int64_t i = u->inner; job->columns && i < s.count; i += u->inner)
            g->kernel->settle(lanes, place, lanes + i * g->lane_bytes, place + i, u->inner);
        code = (const char *)place;
    }
    const struct pool_place *to = place_of(g, job->coded ? g->lane_bytes : 8);
    /* In one run where places are the same all over, else in one of each row, or of each pixel. */
    const int64_t done = f.placed ? f.rows * block : 0;
    if (all_alike)
        to->place(code + done * to->code_bytes, block * u->repeats - done, u->place, 0, 1, 0, 0, index + done);
    else if (rows_alike)
        to->place(code, block, u->place, x_weight, u->repeats, row_weight, 0, index);
    else
        for (int64_t r = 0; r < u->repeats; r++)
            to->place(code + r * block * to->code_bytes, u->inner, u->place + r * row_weight, c_weight, u->outputs,
                      x_weight, (u->repeats - 1 - r) * block, index + r * block * to->index_bytes);
    if (is_binned(job)) add_firsts(along, u, (int64_t *)index);
    if (g->last_cast) {
        char *const to_out = scratch + job->at_out;
        g->last_cast->cast(lanes, to_out, block * u->repeats);
        lanes = to_out;
    }
    if (job->out_contiguous) {
        const int64_t there = f.values == u->out ? f.rows * block * g->out_bytes : 0;
        memcpy(u->out + there, lanes + there, (size_t)(block * u->repeats * g->out_bytes - there));
        return;
    }
    g->copy(u->out, along->out_step, g->inner.out_step, lanes, u->inner * g->out_bytes, g->out_bytes, u->outputs,
             u->inner, g->out_bytes, 0);
    const int64_t x_step = along->out_step / g->out_bytes * g->index_bytes;
    const int64_t c_step = g->inner.out_step / g->out_bytes * g->index_bytes;
    g->copy(u->index, x_step, c_step, index, u->inner * g->index_bytes, g->index_bytes, u->outputs, u->inner,
             g->index_bytes, 0);
}
