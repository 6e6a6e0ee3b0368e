/* slab.c - rows of an input that vectors cannot read where they lie, or their powers, side by side in scratch: a slab
 * at a time. */
#include <string.h>

#include "walk.h"

enum { SLAB_BYTES = 1 << 16 };          /* stays in L2 */
enum { LINE_BYTES = 64 };               /* of which all is fetched at once */

/* Positions that the windows of one output span at most. */
static int64_t positions(const struct pool_axis *a) { return least(a->size, span_of(a, 1)); }

/* Those of outputs [first, last) in [0, size). */
static struct pool_range data_of(const struct pool_axis *a, int64_t first, int64_t last)
{
    const int64_t start = axis_start(a, last - 1);
    const int64_t reach = a->bins ? bin_size(a, last - 1) : span_of(a, 1);
    return (struct pool_range){most(0, axis_start(a, first)), start + least(a->size - start, reach)};
}

/* Whether a power can be taken of rows where they lie. */
static int has_dense_rows(const struct pool_geometry *g)
{
    return !g->swapped && (g->inner.size == 1 || g->inner.in_step == g->source_bytes) &&
           g->along.in_step == g->inner.size * g->source_bytes;
}

int lies_across(const struct pool_geometry *g)
{
    if (g->lead_axes == 0) return 0;
    const int64_t down = size_of(g->lead[g->lead_axes - 1].in_step);
    return down < size_of(g->along.in_step) && (g->inner.size == 1 || down < size_of(g->inner.in_step));
}

void set_near(struct pool_geometry *near, const struct pool_geometry *g)
{
    *near = *g;
    near->swapped = 0;
    near->power = NULL;
    near->source_bytes = g->elem_bytes;
    near->inner.in_step = g->elem_bytes;
    near->along.in_step = g->inner.size * g->elem_bytes;
    for (int a = 0; a < g->outer_axes; a++) near->outer[a].in_step = 0;
}

int plan_slab(struct pool_job *job, struct pool_geometry *near)
{
    const struct pool_geometry *g = job->far;
    const struct pool_axis *along = &g->along, *last = g->lead_axes ? &g->lead[g->lead_axes - 1] : NULL;
    const int64_t cols = least(along->size, block_span(job));
    /* Rows that follow each other evenly still do; else an odd number of lines, so not in the same sets of a cache. */
    const int even = last && last->in_step == cols * along->in_step;
    const int64_t width_bytes = cols * near->along.in_step;
    int64_t bytes = even ? width_bytes : round_up(width_bytes) | LINE_BYTES;
    if (bytes > MOST_SLAB_BYTES) return 0;
    if (last) {
        int64_t step = bytes;
        for (int a = 0; a < g->lead_axes; a++) {
            if (positions(&g->lead[a]) > MOST_SLAB_BYTES / bytes) return 0;
            bytes *= positions(&g->lead[a]);
        }
        const int64_t planes = bytes / positions(last);
        int64_t rows = most(SLAB_BYTES / planes, 2 * positions(last));
        if (lies_across(g)) rows = most(rows, LINE_BYTES / g->source_bytes);
        job->slab_rows = least(least(rows, last->size), MOST_SLAB_BYTES / planes);
        bytes = planes * job->slab_rows;
        for (int a = g->lead_axes - 1; a >= 0; a--) {
            near->lead[a].in_step = step;
            step *= a == g->lead_axes - 1 ? job->slab_rows : positions(&g->lead[a]);
        }
    }
    job->at_slab = job->scratch_bytes;
    job->at_source = job->at_slab + round_up(bytes + POOL_SLACK);
    job->scratch_bytes = job->at_source;
    if (g->power && !has_dense_rows(g))
        job->scratch_bytes += round_up(cols * g->inner.size * g->source_bytes * most(1, job->slab_rows));
    return 1;
}

/* to[y][x][c] = from[y][x][c] of one plane, y in [0, rows), where pixels are dense and rows y_step apart. */
static void copy_rows(const struct pool_geometry *far, char *to, int64_t y_step, const char *from, int64_t rows,
                      int64_t width)
{
    const int64_t inner = far->inner.size, far_x = far->along.in_step, far_c = far->inner.in_step;
    const int64_t far_y = far->lead_axes ? far->lead[far->lead_axes - 1].in_step : 0;
    const int bytes = far->source_bytes, swapped = far->swapped;
    const int64_t pixel = inner * bytes;
    if (inner == 1 || far_x == inner * far_c)
        far->copy(to, y_step, bytes, from, far_y, inner == 1 ? far_x : far_c, rows, width * inner, bytes, swapped);
    else if (lies_across(far))
        for (int64_t x = 0; x < width; x++)
            far->copy(to + x * pixel, y_step, bytes, from + x * far_x, far_y, far_c, rows, inner, bytes, swapped);
    else if (far_y == width * far_x && y_step == width * pixel)
        far->copy(to, pixel, bytes, from, far_x, far_c, rows * width, inner, bytes, swapped);
    else
        for (int64_t y = 0; y < rows; y++)
            far->copy(to + y * y_step, pixel, bytes, from + y * far_y, far_x, far_c, width, inner, bytes, swapped);
}

/* The same of the powers that rows are, by way of `source` where they do not lie as the power reads them. */
static void raise_rows(const struct pool_geometry *far, char *to, int64_t y_step, const char *from, int64_t rows,
                       int64_t width, char *source)
{
    const int64_t bytes = far->source_bytes;
    int64_t count = width * far->inner.size;
    int64_t far_y = far->lead_axes ? far->lead[far->lead_axes - 1].in_step : 0;
    if (!has_dense_rows(far)) {
        far_y = count * bytes;
        copy_rows(far, source, far_y, from, rows, width);
        from = source;
    }
    if (far_y == count * bytes && y_step == count * far->elem_bytes) {
        count *= rows;
        rows = 1;
    }
    for (int64_t y = 0; y < rows; y++)
        far->power->raise(from + y * far_y, to + y * y_step, count, far->exponent);
}

int64_t fetch_slab(const struct pool_job *job, const char *in, char *scratch, const int64_t *outer, const int64_t *lead,
                   int64_t rows, int64_t x, struct slab *s)
{
    const struct pool_geometry *far = job->far, *near = job->g;
    const struct pool_axis *along = &far->along, *last = far->lead_axes ? &far->lead[far->lead_axes - 1] : NULL;
    const int planes = far->lead_axes - 1;
    const struct pool_range outputs = outputs_of(job, x), columns = data_of(along, outputs.first, outputs.last);
    struct pool_range at[POOL_MAX_AXES], here = {0, 1};
    int64_t plane[POOL_MAX_AXES], upto = 1;
    for (int a = 0; a < far->outer_axes; a++) in += outer[a] * far->outer[a].in_step;
    in += columns.first * along->in_step;
    char *const slab = scratch + job->at_slab;
    s->in = slab - columns.first * near->along.in_step;
    for (int a = 0; a < planes; a++) {
        const struct pool_axis *axis = &far->lead[a];
        const struct pool_range taps = taps_in(axis, lead[a], 0, axis->size);
        at[a].first = axis_start(axis, lead[a]) + taps.first * axis->dilation;
        at[a].last = axis_start(axis, lead[a]) + taps.last * axis->dilation;
        plane[a] = at[a].first;
        s->in -= at[a].first * near->lead[a].in_step;
    }
    if (last) {
        const int64_t o = lead[planes];
        here = data_of(last, o, o + 1);
        for (; upto < rows; upto++) {
            const int64_t end = data_of(last, o, o + upto + 1).last;
            if (end - here.first > job->slab_rows) break;
            here.last = end;
        }
        s->in -= here.first * near->lead[planes].in_step;
    }
    /* Rows that are there already move up. */
    const int64_t kept = here.first >= s->rows.first && here.first < s->rows.last ? s->rows.last - here.first : 0;
    const int64_t row = last ? near->lead[planes].in_step : 0;
    for (;;) {
        const char *from = in;
        char *to = slab;
        for (int a = 0; a < planes; a++) {
            from += plane[a] * far->lead[a].in_step;
            to += (plane[a] - at[a].first) * near->lead[a].in_step;
        }
        if (last) from += (here.first + kept) * last->in_step;
        if (kept > 0) memmove(to, to + (here.first - s->rows.first) * row, (size_t)(kept * row));
        const int64_t missing = here.last - here.first - kept, width = columns.last - columns.first;
        if (far->power) raise_rows(far, to + kept * row, row, from, missing, width, scratch + job->at_source);
        else copy_rows(far, to + kept * row, row, from, missing, width);
        int a = planes - 1;
        for (; a >= 0 && (plane[a] += far->lead[a].dilation) >= at[a].last; a--) plane[a] = at[a].first;
        if (a < 0) break;
    }
    s->rows = here;
    return upto;
}
