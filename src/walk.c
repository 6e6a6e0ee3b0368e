/* walk.c - one thread's way through its units: input rows to kernels, their lanes to the output. */
#include "walk.h"

#include <string.h>

enum { OVERLAPS = 1 << 19 };    /* windows that overlap, or more, whose rows are done before others are begun anew */

/* ---- rows in scratch --------------------------------------------------------------------------------------- */

/* Rows that lie strided or that a power is taken of, to scratch, where those that are nothing but padding are already.
 * Those between are `step` apart, if that is not 0. */
static void gather(const struct pool_job *job, char *scratch, int64_t step, int64_t width, int64_t inner,
                   const char **rows, int n)
{
    const struct pool_geometry *g = job->g;
    const int64_t x_step = g->along.in_step, c_step = g->inner.in_step;
    const int bytes = g->source_bytes;
    const int as_one = step && !g->power && (inner == 1 || x_step == inner * c_step);
    for (int i = 0; i < n; i++) {
        if (rows[i] == scratch) continue;
        char *const to = scratch + job->at_gathered + i * job->row_bytes;
        if (as_one) {
            int upto = i + 1;
            while (upto < n && rows[upto] != scratch) upto++;
            g->copy(to, job->row_bytes, bytes, rows[i], step, inner == 1 ? x_step : c_step, upto - i, width * inner,
                    bytes, g->swapped);
            for (; i < upto; i++) rows[i] = scratch + job->at_gathered + i * job->row_bytes;
            continue;
        }
        const char *from = rows[i];
        if (!job->rows_contiguous) {
            char *const copy = g->power ? scratch + job->at_source : to;
            g->copy(copy, inner * bytes, bytes, from, x_step, c_step, width, inner, bytes, g->swapped);
            from = copy;
        }
        if (g->power) g->power->raise(from, to, width * inner, g->exponent);
        rows[i] = to;
    }
}

/* ---- the fold of a window's rows --------------------------------------------------------------------------- */

/* Where a row stands in the tree: its taps, the first axis in the high bits.  Windows of up to 2**63 elements take more
 * than 64 of those, since each axis is rounded up to whole ones. */
struct key {
    uint64_t high, low;
};
enum { KEYS = 130 };            /* a level each, and one to be merged */

static struct key key_below(struct key above, int bits, int64_t tap)
{
    const uint64_t carried = bits > 0 ? above.low >> (64 - bits) : 0;
    return (struct key){(above.high << bits) | carried, (above.low << bits) | (uint64_t)tap};
}

/* The level at which two that differ meet. */
static int meeting_level(struct key a, struct key b)
{
    return a.high != b.high ? 127 - __builtin_clzll(a.high ^ b.high) : 63 - __builtin_clzll(a.low ^ b.low);
}

/* Level depth - 1 = rule over it and the one after. */
static void merge_levels(const struct pool_job *job, const struct pool_kernel *kernel, char *acc, int depth,
                         int64_t count)
{
    char *const into = acc + (depth - 1) * job->acc_bytes;
    kernel->merge(into, (const void *[]){into, into + job->acc_bytes}, 2, 0, count);
}

/* The rows of a window that one chunk of an axis has, or all those of a group of axes; returns how many.  `padding`
 * stands for those that are no data. */
static int rows_of_chunk(const struct taps *axis, int64_t chunk, const char *base, const char *padding,
                         const char **rows)
{
    const int64_t first = chunk * POOL_GROUP, last = least(axis->window, first + POOL_GROUP);
    for (int64_t t = first; t < last; t++)
        *rows++ = t >= axis->in.first && t < axis->in.last ? base + t * axis->step : padding;
    return (int)(last - first);
}

static int rows_of_group(const struct taps *axes, int count, int n, const char *base, const char *padding,
                         const char **rows)
{
    int64_t tap[POOL_GROUP] = {0};
    for (int i = 0; i < n; i++) {
        int there = 1;
        rows[i] = base;
        for (int a = 0; a < count; a++) {
            rows[i] += tap[a] * axes[a].step;
            there &= tap[a] >= axes[a].in.first && tap[a] < axes[a].in.last;
        }
        if (!there) rows[i] = padding;
        for (int a = count - 1; a >= 0 && ++tap[a] == axes[a].window; a--) tap[a] = 0;
    }
    return n;
}

void fold_rows(const struct pool_job *job, const struct pool_kernel *kernel, char *scratch, const char *base,
               const struct taps *axes, int count, int group_axes, int64_t width, int64_t inner, char *acc)
{
    const struct pool_geometry *g = job->g;
    const int chunks_last = group_axes == 0 && count > 0;
    const int outer = count - group_axes - chunks_last;
    const struct taps *last = &axes[count - 1];
    /* Many short rows go down in one go, tap 0 first: the tree over them depends on where they stand. */
    const int down = chunks_last && job->rows_contiguous && !g->power && last->in.first == 0 &&
                     last->window > POOL_GROUP &&
                     width * inner * g->lane_bytes <= POOL_DOWN_BYTES;
    const int64_t chunk_rows = down ? POOL_DOWN : POOL_GROUP;
    const struct pool_range chunks = chunks_last ? (struct pool_range){last->in.first / chunk_rows,
                                                             (last->in.last - 1) / chunk_rows + 1}
                                            : (struct pool_range){0, 1};
    int64_t at[POOL_MAX_AXES + 1];
    struct key keys[KEYS];
    int depth = 0, groups = 0;
    for (int a = 0; a < outer; a++) at[a] = axes[a].in.first;
    for (;;) {
        struct key above = {0, 0};
        const char *rows_base = base;
        for (int a = 0; a < outer; a++) {
            above = key_below(above, bits_of(axes[a].window), at[a]);
            rows_base += at[a] * axes[a].step;
        }
        for (int64_t chunk = chunks.first; chunk < chunks.last; chunk++) {
            const char *rows[POOL_GROUP];
            int n = 0;
            if ((down ? chunk > chunks.first : ++groups % PATIENCE == 0) && pool_stop()) return;
            if (down) rows_base += chunk == chunks.first ? 0 : POOL_DOWN * last->step;
            else if (chunks_last) n = rows_of_chunk(last, chunk, rows_base, scratch, rows);
            else n = rows_of_group(axes + outer, group_axes, (int)job->group_rows, rows_base, scratch, rows);
            if (!job->rows_contiguous || g->power)
                gather(job, scratch, chunks_last ? last->step : 0, width, inner, rows, n);
            const int bits = bits_of(chunks_last ? ceil_div(last->window, chunk_rows) : 1);
            const struct key key = key_below(above, bits, chunk);
            while (depth >= 2 && (kernel->idempotent || meeting_level(keys[depth - 1], keys[depth - 2]) <
                                                            meeting_level(keys[depth - 1], key))) {
                depth--;
                merge_levels(job, kernel, acc, depth, width * inner);
            }
            char *const into = acc + depth * job->acc_bytes;
            if (down)
                kernel->fold_down(rows_base, last->step, least(POOL_DOWN, last->in.last - chunk * POOL_DOWN),
                                  scratch, width * inner, 1, 0, 0, 0, into);
            else kernel->fold(rows, n, 0, width * inner, into);
            keys[depth++] = key;
        }
        int a = outer - 1;
        for (; a >= 0 && ++at[a] == axes[a].in.last; a--) at[a] = axes[a].in.first;
        if (a < 0) break;
    }
    for (; depth >= 2; depth--) merge_levels(job, kernel, acc, depth - 1, width * inner);
}

/* ---- a unit ------------------------------------------------------------------------------------------------ */

void fill_empty(const struct pool_kernel *kernel, const char *scratch, int64_t count, char *acc)
{
    if (count > 0) kernel->fold(&scratch, 1, 0, count, acc);
}

/* One window: its taps modulo POOL_LEAVES, then along what they make. */
static void reduce_chunked(const struct pool_job *job, const struct pool_kernel *kernel, char *scratch,
                           const struct unit *u, char *lanes)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const struct pool_range taps = taps_in(along, u->first, 0, along->size);
    char *const levels = scratch + job->at_levels;
    struct taps axes[POOL_MAX_AXES + 1];
    for (int a = 0; a < g->lead_axes; a++) axes[a + 1] = u->lead[a];
    const char *base = u->base + axis_start(along, u->first) * along->in_step;
    const int64_t columns = least(POOL_LEAVES, along->window);
    for (int64_t column = 0, upto; column < columns; column = upto) {
        /* Columns up to the next where the taps begin or end have the same chunks; dilated ones lie apart. */
        const int64_t begin = taps.first % POOL_LEAVES, end = taps.last % POOL_LEAVES;
        upto = columns;
        if (begin > column) upto = least(upto, begin);
        if (end > column) upto = least(upto, end);
        if (along->dilation > 1) upto = column + 1;
        axes[0] = (struct taps){
            .window = ceil_div(along->window, POOL_LEAVES),
            .in = {taps.first / POOL_LEAVES + (column < begin), taps.last / POOL_LEAVES + (column < end)},
            .step = POOL_LEAVES * along->dilation * along->in_step,
        };
        char *acc = levels + column * u->inner * g->lane_bytes;
        if (axes[0].in.first >= axes[0].in.last) fill_empty(kernel, scratch, (upto - column) * u->inner, acc);
        else
            fold_rows(job, kernel, scratch, base + column * along->dilation * along->in_step, axes, g->lead_axes + 1,
                      g->lead_axes ? job->group_axes : 0, upto - column, u->inner, acc);
    }
    kernel->along(levels, scratch + job->at_spare, u->inner, columns, 1, 1, 1, 0, NULL, lanes);
}

/* How many of a unit's rows of outputs have too little after them for a vector that runs past their ends. */
static int64_t strict_outputs(const struct pool_job *job, const struct unit *u)
{
    if (job->dense && u->units_after >= POOL_VECTOR) return 0;         /* without a division */
    const int64_t row = u->outputs * u->inner * least(job->g->lane_bytes, job->g->out_bytes);
    return job->dense ? most(0, ceil_div(POOL_VECTOR, row) - u->units_after) : u->repeats;
}

/* And how many of their windows; what follows a plane is known where planes lie end to end. */
static int64_t strict_windows(const struct pool_job *job, const struct unit *u)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *y = &g->lead[g->lead_axes - 1];
    if (job->far) return 0;         /* a slab ends in slack */
    if (!job->rows_contiguous || y->in_step <= 0) return u->repeats;
    int64_t after = 0;
    if (job->in_dense) {
        int64_t planes = u->units_after, plane = y->size * y->in_step;
        for (int a = 0; a < g->lead_axes; a++) planes /= g->lead[a].outputs;
        for (int a = 0; a + 1 < g->lead_axes; a++) plane *= g->lead[a].size;
        after = least(planes, 2 * POOL_VECTOR) * plane;
    }
    return after >= 2 * POOL_VECTOR ? 0 : ceil_div(2 * POOL_VECTOR - after, y->stride * y->in_step);
}

int64_t loose_rows(const struct pool_job *job, const struct unit *u)
{
    if (!job->dense) return 0;
    return most(0, u->repeats - most(strict_windows(job, u), strict_outputs(job, u)));
}

/* The rows of a window of which all are data, or with `lead` those that are: the others are `padding`. */
static void rows_of_window(const struct pool_job *job, const char *base, const struct taps *lead, const char *padding,
                           const char **rows)
{
    const struct pool_geometry *g = job->g;
    int64_t tap[POOL_GROUP] = {0};
    for (int n = 0; n < job->fused_rows; n++) {
        rows[n] = base;
        int there = 1;
        for (int a = 0; a < g->lead_axes; a++) {
            rows[n] += tap[a] * g->lead[a].dilation * g->lead[a].in_step;
            there &= !lead || (tap[a] >= lead[a].in.first && tap[a] < lead[a].in.last);
        }
        if (!there) rows[n] = padding;
        for (int a = g->lead_axes - 1; a >= 0 && ++tap[a] == g->lead[a].window; a--) tap[a] = 0;
    }
}

/* The kernel for small windows, if those of this unit are such; returns whether they are.  With `finishes` it makes
 * results, else lanes. */
static int reduce_fused(const struct pool_job *job, const struct pool_kernel *kernel, char *scratch,
                        const struct unit *u, int finishes, char *to, int64_t to_step)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along, *y = g->lead_axes ? &g->lead[g->lead_axes - 1] : NULL;
    const int64_t end = u->first + u->outputs;
    struct pool_finish finish = {.divisor = 1};
    struct pool_edges edges = {.before = job->edge_before && u->first == 0,
                               .after = job->edge_after && end == along->outputs, .first = finish, .last = finish};
    const int64_t first = u->first + edges.before, last = end - edges.after;
    if (first < job->inside.first || last > job->inside.last || first >= last || u->data == 0) return 0;
    if (finishes &&
        !(finish_of(g, u->counted * along->window, &finish) &&
          (!edges.before || finish_of(g, u->counted * counted(along, job->inside, 0), &edges.first)) &&
          (!edges.after || finish_of(g, u->counted * counted(along, job->inside, along->outputs - 1), &edges.last))))
        return 0;
    const int64_t pixel = u->inner * g->elem_bytes;
    const char *rows[POOL_ROWS];
    if (!u->inside)     /* else rows of data may begin where that would be */
        edges.padding = scratch + (kernel == g->plain ? job->at_plain : 0) + edges.before * (along->stride - 1) * pixel;
    rows_of_window(job, u->base + axis_start(along, first) * along->in_step, u->inside ? NULL : u->lead, edges.padding,
                   rows);
    kernel->fused(rows, (int)job->fused_rows, u->inner, along->window, along->stride, last - first, u->repeats,
                  loose_rows(job, u), distance(g), y ? y->stride * y->in_step : 0, to_step, &finish, &edges,
                  to + edges.before * u->inner * (finishes ? g->out_bytes : g->lane_bytes));
    return 1;
}

static char *nodes_of(const struct pool_job *job, const struct pool_kernel *kernel, char *scratch)
{
    return scratch + job->at_slid + (kernel == job->g->beside ? pool_slide_bytes(job) : 0);
}

/* Planes of which each is one window: the rows of each fold into POOL_LEAVES columns at most, side by side. */
static void reduce_whole(const struct pool_job *job, const struct pool_kernel *kernel, char *scratch,
                         const struct unit *u, char *lanes)
{
    const struct pool_geometry *g = job->g;
    const struct taps *rows = &u->lead[0];
    const int64_t width = g->along.window, chunks = ceil_div(width, job->columns_folded);
    int64_t columns = job->columns_folded;
    const int64_t plane_step = g->outer_axes ? g->outer[0].in_step : 0, lane = g->lane_bytes;
    char *const acc = scratch + job->at_levels, *const spare = scratch + job->at_spare;
    char *const folded = scratch + job->at_folded;
    const char *plane = u->base;
    if (job->folds_down) {
        const int64_t vector = kernel->lanes * g->elem_bytes, plane_bytes = most(1, size_of(plane_step));
        const int64_t strict = job->in_dense ? most(0, ceil_div(vector, plane_bytes) - u->units_after) : u->repeats;
        kernel->fold_down(plane, rows->step, rows->window, scratch, width, u->repeats, most(0, u->repeats - strict),
                          plane_step, columns, folded);
        for (; columns > POOL_LEAVES; columns /= 2)
            for (int64_t i = 0; i < u->repeats * columns / (2 * POOL_LEAVES); i++) {
                char *const pair = folded + i * 2 * POOL_LEAVES * lane;
                kernel->merge(folded + i * POOL_LEAVES * lane, (const void *[]){pair, pair + POOL_LEAVES * lane}, 2,
                              0, POOL_LEAVES);
            }
    } else {
        for (int64_t i = 0; i < u->repeats; i++, plane += plane_step) {
            char *const to = folded + i * columns * lane;
            if (u->index) memcpy(acc, u->index + i * width * lane, (size_t)(width * lane));
            else fold_rows(job, kernel, scratch, plane, u->lead, g->lead_axes, job->group_axes, width, 1, acc);
            if (chunks > 1) {
                fill_empty(kernel, scratch, chunks * columns - width, acc + width * lane);
                kernel->along(acc, spare, 1, chunks, 1, columns, columns, 1, NULL, to);
            } else {
                memcpy(to, acc, (size_t)(columns * lane));
            }
        }
    }
    const int loose = lanes != u->out || u->units_after >= POOL_VECTOR / g->out_bytes;
    kernel->along(folded, folded + job->folded_bytes, 1, columns, columns, 1, u->repeats, loose, NULL, lanes);
}

/* What the sums of a unit are divided by, each, and by 1 a vector more: what happens to lie there may be slow to divide
 * by.  Most rows have what the row before had: `for_what` they are says. */
static struct pool_divisors divisors_of(const struct pool_job *job, char *scratch, const struct unit *u)
{
    const struct pool_geometry *g = job->g;
    char *const row = scratch + job->at_divisors + u->counted % divisor_rows(job) * divisor_row_bytes(job);
    int64_t *const for_what = (int64_t *)row;
    char *const by = row + POOL_VECTOR, *const inverse = by + divisor_bytes(job);
    const struct pool_divisors divisors = {by, inverse};
    const int64_t wanted[] = {u->counted, u->first, u->outputs, u->inner};
    if (memcmp(for_what, wanted, sizeof wanted) == 0) return divisors;
    memcpy(for_what, wanted, sizeof wanted);
    const int64_t vector = POOL_VECTOR / g->lane_bytes;
    for (int64_t o = 0, i = 0; o <= u->outputs; o++) {
        const int is_one = o < u->outputs;
        const int64_t count = is_one ? u->counted * counted(&g->along, job->inside, u->first + o) : 1;
        const int64_t divisor = is_one ? divisor_of(g, count) : 1;
        const double inverted = pool_inverse(divisor);
        for (int64_t c = 0; c < (is_one ? u->inner : vector); c++, i++)
            if (g->lane_bytes == 8) ((double *)by)[i] = (double)divisor, ((double *)inverse)[i] = inverted;
            else ((float *)by)[i] = (float)(double)divisor, ((float *)inverse)[i] = (float)inverted;
    }
    return divisors;
}

void take(char *to, const char *from, const int32_t *places, int64_t count, int64_t inner, int bytes)
{
    const int64_t pixel = inner * bytes;
#define TAKE(size) for (int64_t i = 0; i < count; i++, to += size) memcpy(to, from + places[i] * size, (size_t)(size))
    switch (pixel) {
    case 1: TAKE(1); break;
    case 2: TAKE(2); break;
    case 4: TAKE(4); break;
    case 8: TAKE(8); break;
    default: TAKE(pixel);
    }
#undef TAKE
}

/* They are the same for all rows: the first output, before them, says of which. */
const int32_t *bin_places(const struct pool_job *job, char *scratch, const struct unit *u)
{
    const struct pool_axis *along = &job->g->along;
    int64_t *const of_which = (int64_t *)(scratch + job->at_bins);
    int32_t *const places = (int32_t *)(scratch + job->at_bins + POOL_VECTOR);
    const int64_t start = bin_first(along, u->first), span = bins_span(along, u);
    if (*of_which == u->first) return places;
    *of_which = u->first;
    for (int64_t o = 0; o < u->outputs; o++) {
        const int64_t first = bin_first(along, u->first + o) - start, size = bin_size(along, u->first + o);
        const int64_t past = job->g->index_bytes ? first + size - 1 : span;
        for (int64_t t = 0; t < along->window; t++)
            places[t * u->outputs + o] = (int32_t)(t < size ? first + t : past);
    }
    return places;
}

/* Bins: their rows fold, and what all of them have as one tap comes together, so they are windows side by side. */
static void reduce_bins(const struct pool_job *job, const struct pool_kernel *kernel, char *scratch,
                        const struct unit *u, int loose, const struct pool_divisors *divisors, char *lanes)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t span = bins_span(along, u);
    char *const acc = scratch + job->at_levels, *const binned = scratch + job->at_binned;
    fold_rows(job, kernel, scratch, u->base + bin_first(along, u->first) * along->in_step, u->lead, g->lead_axes,
              job->group_axes, span, u->inner, acc);
    fill_empty(kernel, scratch, u->inner, acc + span * u->inner * g->lane_bytes);
    take(binned, acc, bin_places(job, scratch, u), along->window * u->outputs, u->inner, g->lane_bytes);
    kernel->along(binned, binned + binned_bytes(job), u->outputs * u->inner, along->window, 1, 1, 1, loose, divisors,
                  lanes);
}

/* Whether what the plain kernel made NaN of is done again by kernels for small windows too, which know no cubes. */
static int mends_fused(const struct pool_job *job) { return job->fused_rows <= POOL_GROUP; }

static void reduce(const struct pool_job *job, const struct pool_kernel *kernel, char *scratch, const struct unit *u,
                   char *lanes, int64_t lanes_step)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    if (job->whole) {
        reduce_whole(job, kernel, scratch, u, lanes);
        return;
    }
    if (job->chunked) {
        reduce_chunked(job, kernel, scratch, u, lanes);
        return;
    }
    const int fused = job->fused && (!g->plain || mends_fused(job));
    if (fused && reduce_fused(job, kernel, scratch, u, 0, lanes, lanes_step)) return;
    const int loose = lanes != u->out || strict_outputs(job, u) == 0;
    if (u->repeats > 1) {
        char *const acc = scratch + job->at_levels;
        kernel->fold_down(u->base + axis_start(along, 0) * along->in_step, u->lead[0].step, u->lead[0].window, scratch,
                          span_of(along, along->outputs), u->repeats, 0,
                          g->lead[0].stride * g->lead[0].in_step, job->pitch, acc);
        kernel->along(acc, scratch + job->at_spare, 1, along->window, along->stride, along->dilation,
                      u->repeats * u->outputs, loose, NULL, lanes);
        return;
    }
    struct pool_divisors divided;
    if (job->divides_along) divided = divisors_of(job, scratch, u);
    const struct pool_divisors *const divisors = job->divides_along ? &divided : NULL;
    if (along->bins) {
        reduce_bins(job, kernel, scratch, u, loose, divisors, lanes);
        return;
    }
    const int64_t start = axis_start(along, u->first);
    const int64_t end = start + span_of(along, u->outputs);
    const int64_t left = most(0, -start), right = most(0, end - along->size), width = end - start - left - right;
    const char *base = u->base + (start + left) * along->in_step;
    /* The padding after is written last: the fold may touch what follows its row. */
    char *acc = scratch + job->at_levels;
    if (job->slide_nodes) {
        const struct slide s = {job, kernel, scratch, nodes_of(job, kernel, scratch),
                                base - u->row * g->lead[0].in_step, left, width, u->inner};
        acc = slide_to(&s, u->row, u->rows);
    } else {
        fill_empty(kernel, scratch, left * u->inner, acc);
        fold_rows(job, kernel, scratch, base, u->lead, g->lead_axes, job->group_axes, width, u->inner,
                  acc + left * u->inner * g->lane_bytes);
    }
    fill_empty(kernel, scratch, right * u->inner, acc + (left + width) * u->inner * g->lane_bytes);
    kernel->along(acc, scratch + job->at_spare, u->inner, along->window, along->stride, along->dilation, u->outputs,
                  loose, divisors, lanes);
}

/* Whether what a sum is divided by does not depend on where its window lies: it is given, or what was counted beside,
 * for no padding counts. */
static int divides_alike(const struct pool_geometry *g)
{
    int no_padding = g->plain != NULL;
    for (int a = 0; a <= g->lead_axes; a++) {
        const struct pool_axis *axis = axis_of(g, a);
        no_padding &= axis->counted_first >= 0 && axis->counted_last <= axis->size;
    }
    return g->divisor > 0 || no_padding;
}

/* Sums to averages.  Outputs inside the row share one divisor; those at its ends have their own. */
static void divide(const struct pool_job *job, const struct unit *u, char *sums, const char *beside)
{
    const struct pool_geometry *g = job->g;
    const struct pool_axis *along = &g->along;
    const int64_t lane = g->mid_bytes;
    if (divides_alike(g)) {
        g->divide->divide(sums, beside, u->outputs * u->inner * u->repeats, most(1, g->divisor),
                          g->divisor > 0 ? -1 : 0, g->rounding);
        return;
    }
    for (int64_t r = 0, at = 0; r < u->repeats; r++) {
        for (int64_t o = u->first, upto; o < u->first + u->outputs; o = upto) {
            const int inside = o >= job->inside.first && o < job->inside.last;
            int64_t data = along->window;
            if (!inside) {
                const struct pool_range taps = taps_in(along, o, 0, along->size);
                data = taps.last - taps.first;
            }
            upto = inside ? least(u->first + u->outputs, job->inside.last) : o + 1;
            int64_t count = (upto - o) * u->inner;
            if (count == u->outputs * u->inner) {       /* nothing but inside: all rows at once */
                count *= u->repeats;
                r = u->repeats;
            }
            const int64_t all = u->counted * counted(along, job->inside, o);
            g->divide->divide(sums + at * lane, beside ? beside + at * lane : NULL, count, divisor_of(g, all),
                              g->divisor > 0 ? -1 : all - u->data * data, g->rounding);
            at += count;
        }
    }
}

struct unit rows_of_unit(const struct pool_job *job, const struct unit *u, int64_t first, int64_t last)
{
    const struct pool_axis *y = &job->g->lead[job->g->lead_axes - 1];
    struct unit part = *u;
    part.base += first * y->stride * y->in_step;
    part.out += first * y->out_step;
    if (part.index) part.index += first * y->out_step / job->g->out_bytes * job->g->index_bytes;
    part.place += first * y->stride * y->place_weight;
    part.row += first * y->stride;
    part.repeats = last - first;
    part.units_after += u->repeats - last;
    return part;
}

/* Whether any of so many results is NaN. */
static int any_is_nan(const struct pool_geometry *g, const char *results, int64_t count)
{
    int any = 0;
#define LOOK(type, is_nan)                                                      \
    for (int64_t i = 0; i < count; i++) {                                       \
        type x;                                                                 \
        memcpy(&x, results + i * (int64_t)sizeof x, sizeof x);                  \
        any |= is_nan;                                                          \
    }
    const int is_half = g->last_cast && g->out_bytes == 2;
    const uint16_t infinity = is_half && strcmp(g->last_cast->to, "float16") == 0 ? 0x7c00 : 0x7f80;
    if (is_half) LOOK(uint16_t, (x & 0x7fff) > infinity)
    else if (g->out_bytes == 4) LOOK(float, x != x)
    else LOOK(double, x != x)
#undef LOOK
    return any;
}

static void do_unit(const struct pool_job *job, char *scratch, const struct unit *u);

/* The rows of a unit that the plain kernel made NaN of, once more: as many at once as scratch has room for. */
static void mend_rows(const struct pool_job *job, char *scratch, const struct unit *u)
{
    const struct pool_geometry *g = job->g;
    const int64_t step = g->lead_axes ? g->lead[g->lead_axes - 1].out_step : 0, count = u->outputs * u->inner;
    const int at_once = step == count * g->out_bytes && mends_fused(job);
    const int64_t room = at_once ? most(1, TILE_BYTES / g->lane_bytes / count) : 1;
    for (int64_t first = 0, last; first < u->repeats; first = last) {
        last = first + 1;
        if (!any_is_nan(g, u->out + first * step, count)) continue;
        while (last < u->repeats && last - first < room && any_is_nan(g, u->out + last * step, count)) last++;
        struct unit rows = u->repeats > 1 ? rows_of_unit(job, u, first, last) : *u;
        rows.mends = 1;
        rows.units_after = 0;           /* what follows is written already */
        do_unit(job, scratch, &rows);
    }
}

static void do_unit(const struct pool_job *job, char *scratch, const struct unit *u)
{
    const struct pool_geometry *g = job->g;
    const int64_t block = u->outputs * u->inner, count = block * u->repeats;
    const int64_t out_step = job->out_contiguous && g->lead_axes ? g->lead[g->lead_axes - 1].out_step : 0;
    char *const to = job->out_contiguous ? u->out : scratch + job->at_out;
    char *lanes = to;
    if (job->overlap) {
        struct pool_overlaps planes;
        overlap_planes(job, scratch, u, &planes);
        g->kernel->overlaps(&planes);
        return;
    }
    if (job->finishes && !u->mends && reduce_fused(job, fused_of(g), scratch, u, 1, to, out_step)) {
        if (g->plain) mend_rows(job, scratch, u);
    } else {
        const int direct = !g->first_cast && !g->last_cast && job->out_contiguous;
        char *beside = NULL;
        if (!direct) lanes = scratch + job->at_lanes;
        reduce(job, g->kernel, scratch, u, lanes, direct ? out_step : block * g->lane_bytes);
        if (g->beside) {
            beside = scratch + job->at_beside;
            reduce(job, g->beside, scratch, u, beside, block * g->lane_bytes);
        }
        if (g->root) g->root->root(lanes, count, g->exponent);
        if (g->first_cast) {
            char *const mid = g->last_cast ? scratch + job->at_mid : to;
            g->first_cast->cast(lanes, mid, count);
            lanes = mid;
        }
        if (g->divide && !job->divides_along) divide(job, u, lanes, beside);
        if (g->last_cast) {
            g->last_cast->cast(lanes, to, count);
            lanes = to;
        }
    }
    if (!job->out_contiguous)
        g->copy(u->out, g->along.out_step, g->inner.out_step, lanes, u->inner * g->out_bytes, g->out_bytes, u->outputs,
                u->inner, g->out_bytes, 0);
    else if (lanes != u->out)
        memcpy(u->out, lanes, (size_t)(count * g->out_bytes));
}

/* ---- the way ----------------------------------------------------------------------------------------------- */

/* A unit's number in mixed radix: outer ..., block of the inner axis, lead ..., and but for strips block of the row. */
struct digits {
    int count, c, lead, x;      /* where those stand */
    int64_t digit[2 * POOL_MAX_AXES + 2], radix[2 * POOL_MAX_AXES + 2];
};

static struct digits digits_of(const struct pool_job *job, int64_t unit)
{
    const struct pool_geometry *g = job->g;
    struct digits at;
    at.c = g->outer_axes;
    at.lead = at.c + 1;
    at.x = at.lead + g->lead_axes;
    at.count = at.x + 1;
    for (int a = 0; a < g->outer_axes; a++) at.radix[a] = g->outer[a].size;
    at.radix[at.c] = job->c_blocks;
    for (int a = 0; a < g->lead_axes; a++) at.radix[at.lead + a] = g->lead[a].outputs;
    at.radix[at.x] = job->strips ? 1 : job->x_blocks;
    for (int d = at.count - 1; d >= 0; d--) {
        at.digit[d] = unit % at.radix[d];
        unit /= at.radix[d];
    }
    return at;
}

/* Sets u to the unit that begins at these digits; its repeats are at most `rows`. */
static void place_unit(const struct pool_job *job, const char *in, char *out, const struct digits *at, int64_t x,
                       int64_t rows, struct unit *u)
{
    const struct pool_geometry *g = job->g;
    u->base = in;
    u->out = out;
    u->inside = 1;
    u->counted = u->data = u->repeats = 1;
    u->row = 0;
    u->mends = 0;
    u->place = g->first_place;
    u->rows = rows;
    for (int a = 0; a < g->outer_axes; a++) {
        u->base += at->digit[a] * g->outer[a].in_step;
        u->out += at->digit[a] * g->outer[a].out_step;
        u->place += at->digit[a] * g->outer[a].place_weight;
    }
    for (int a = 0; a < g->lead_axes; a++) {
        const struct pool_axis *axis = &g->lead[a];
        const int64_t o = at->digit[at->lead + a];
        u->lead[a] = (struct taps){axis->window, {0, axis->window}, axis->dilation * axis->in_step};
        u->base += axis_start(axis, o) * axis->in_step;
        u->out += o * axis->out_step;
        u->place += axis_start(axis, o) * axis->place_weight;
        u->plane = u->row;
        u->row = axis_start(axis, o);
        if (o >= job->lead_inside[a].first && o < job->lead_inside[a].last) {
            u->data *= axis->window;
            u->counted *= axis->window;
        } else {
            u->lead[a].in = taps_in(axis, o, 0, axis->size);
            u->inside &= u->lead[a].in.first == 0 && u->lead[a].in.last == axis->window;
            u->data *= u->lead[a].in.last - u->lead[a].in.first;
            u->counted *= counted(axis, job->lead_inside[a], o);
        }
    }
    const int64_t c = at->digit[at->c] * job->c_block;
    const struct pool_range outputs = outputs_of(job, x);
    u->first = outputs.first;
    u->outputs = outputs.last - outputs.first;
    u->inner = least(job->c_block, g->inner.size - c);
    u->base += c * g->inner.in_step;
    u->out += c * g->inner.out_step + u->first * g->along.out_step;
    u->place += c * g->inner.place_weight + axis_start(&g->along, u->first) * g->along.place_weight;
    const int some_inside = most(u->first, job->inside.first) < least(outputs.last, job->inside.last);
    if (job->whole || job->overlap) {
        u->repeats = rows;
    } else if (job->repeats > 1 && (u->inside || (job->fused && job->fused_rows > POOL_GROUP)) && some_inside &&
               (job->pads || (job->inside.first - job->edge_before <= u->first &&
                              outputs.last <= job->inside.last + job->edge_after))) {
        const struct pool_range inside = job->lead_inside[g->lead_axes - 1];
        const int64_t y = at->digit[at->lead + g->lead_axes - 1];
        if (y >= inside.first && y < inside.last)
            u->repeats = least(least(job->repeats, rows), inside.last - y);
    }
}

/* A row of elements that take no part. */
static void fill_row(const struct pool_kernel *kernel, int elem_bytes, char *row, int64_t bytes)
{
    if (bytes > 0) memcpy(row, &kernel->empty, (size_t)elem_bytes);
    for (int64_t filled = elem_bytes; filled < bytes; filled *= 2)
        memcpy(row + filled, row, (size_t)least(filled, bytes - filled));
}

/* The row that is nothing but padding lies at the front of the scratch. */
static void fill_padding(const struct pool_job *job, char *scratch, int64_t bytes)
{
    const struct pool_geometry *g = job->g;
    fill_row(g->kernel, g->elem_bytes, scratch, bytes);
    if (g->plain) fill_row(g->plain, g->elem_bytes, scratch + job->at_plain, bytes);
}

/* What lies past the ends of rows of sums is divided too: subnormals are slow (7x7x2, 3x3/1: 6.5 ns an element, so
 * 2.5). */
static void clear_ends(const struct pool_job *job, char *row, int64_t rows)
{
    enum { END = POOL_SLACK + POOL_VECTOR };
    for (; rows > 0; rows--, row += job->acc_bytes) memset(row + job->acc_bytes - END, 0, END);
}

int64_t walk(const struct pool_job *job, const char *in, char *out, char *index, char *scratch, int64_t first,
                    int64_t last)
{
    const struct pool_geometry *g = job->g;
    struct digits at = digits_of(job, first);

    fill_padding(job, scratch, job->row_bytes);
    if (job->pads) pool_pad_rows(job, scratch);
    if (job->divides_along) {
        for (int n = 0; n < divisor_rows(job); n++)
            memset(scratch + job->at_divisors + n * divisor_row_bytes(job), 0, POOL_VECTOR);
        clear_ends(job, scratch + job->at_levels, (job->at_slid - job->at_levels) / job->acc_bytes);
        if (job->slide_nodes) clear_ends(job, slide_windows(job, nodes_of(job, g->kernel, scratch)), job->slide_rows);
    }

    if (is_binned(job)) {
        memset(scratch + job->at_binned, 0, (size_t)(job->at_bins - job->at_binned));
        *(int64_t *)(scratch + job->at_bins) = -1;
    }

    /* In strips, all rows that are this thread's in one plane for each block along them in turn: rows that windows
     * share are still in L1, and no two threads write side by side.  Else a unit at a time, as memory lies. */
    int64_t *const y = &at.digit[at.lead + g->lead_axes - 1];
    const int64_t row_outputs = g->along.outputs * g->inner.size;
    const int64_t most_rows = job->overlap ? most(OVERLAPS / row_outputs, 8 * g->lead[0].window) : INT64_MAX;
    for (int64_t unit = first, rows = 1; unit < last; unit += rows) {
        const int64_t top = *y;
        if (goes_on(job) && unit > first && pool_stop()) return -1;
        if (job->strips) rows = least(most_rows, least(last - unit, at.radix[at.lead + g->lead_axes - 1] - top));
        if (job->whole && g->outer_axes) rows = least(job->repeats, least(last - unit, at.radix[0] - at.digit[0]));
        for (int64_t block = 0; block < (job->strips ? job->x_blocks : 1); block++) {
            if (block > 0 && pool_stop()) return -1;
            const int64_t x = job->strips ? block : at.digit[at.x];
            if (job->parted && outputs_of(job, x).first == outputs_of(job, x).last) continue;
            struct slab near = {in, {0, 0}};
            struct unit u;
            if (job->slide_nodes) slide_anew(job, nodes_of(job, g->kernel, scratch));
            if (job->slide_nodes && g->beside) slide_anew(job, nodes_of(job, g->beside, scratch));
            for (int64_t row = 0, fetched = 0; row < rows; row += u.repeats) {
                if (goes_on(job) && row > 0 && pool_stop()) return -1;
                if (job->strips) *y = top + row;
                if (job->far && row == fetched)
                    fetched += fetch_slab(job, in, scratch, at.digit, at.digit + at.lead, rows - row, x, &near);
                place_unit(job, near.in, out, &at, x, (job->far ? fetched : rows) - row, &u);
                u.units_after = last - unit - row - u.repeats;
                u.index = index ? index + unit * g->along.window * g->lane_bytes : NULL;        /* of whole planes */
                if (g->index_bytes) {
                    u.index = index + (u.out - out) / g->out_bytes * g->index_bytes;
                    pool_locate(job, scratch, &u);
                } else {
                    do_unit(job, scratch, &u);
                }
            }
        }
        if (job->whole) at.digit[0] += rows - 1;
        else if (job->strips) *y = top + rows - 1;
        for (int d = at.count - 1; d >= 0 && ++at.digit[d] == at.radix[d]; d--) at.digit[d] = 0;
    }
    return -1;
}

/* Some columns of planes that are a window each, whose rows are folded.  A part is a block of them; those of one plane
 * go down it at once, for memory is slow where a row is left soon (8192x4096 on two threads: 4.7 ms, so 3.1). */
int64_t walk_columns(const struct pool_job *job, const char *in, char *out, char *index, char *scratch,
                            int64_t first, int64_t last)
{
    const struct pool_geometry *g = job->g;
    const int64_t blocks = job->parts / job->units, width = g->along.window;
    fill_padding(job, scratch, job->row_bytes);
    for (int64_t part = first, upto; part < last && !pool_stop(); part = upto) {
        const int64_t plane = part / blocks;
        upto = least(last, (plane + 1) * blocks);
        const int64_t begin = part % blocks * width / blocks, end = (upto - plane * blocks) * width / blocks;
        const struct digits at = digits_of(job, plane);
        char *const acc = scratch + job->at_levels;
        struct unit u;
        place_unit(job, in, out, &at, 0, 1, &u);
        fold_rows(job, g->kernel, scratch, u.base + begin * g->elem_bytes, u.lead, g->lead_axes, job->group_axes,
                  end - begin, 1, acc);
        memcpy(index + (plane * width + begin) * g->lane_bytes, acc, (size_t)((end - begin) * g->lane_bytes));
    }
    return -1;
}

/* Small windows that are whole, from dense planes to a dense result: nothing but the kernel, a plane at a time. */
int64_t walk_fused(const struct pool_job *job, const char *in, char *out, char *index, char *scratch,
                          int64_t first, int64_t last)
{
    (void)index, (void)scratch;
    const struct pool_geometry *g = job->g;
    const struct pool_axis *y = &g->lead[g->lead_axes - 1];
    const struct pool_edges none = {0};
    const char *taps[POOL_ROWS], *rows[POOL_ROWS];
    in += axis_start(&g->along, 0) * g->along.in_step;          /* whole windows may begin past it */
    for (int a = 0; a < g->lead_axes; a++) in += axis_start(&g->lead[a], 0) * g->lead[a].in_step;
    rows_of_window(job, in, NULL, NULL, taps);
    int64_t count = g->along.window;
    for (int a = 0; a < g->lead_axes; a++) count *= g->lead[a].window;
    struct pool_finish finish;
    finish_of(g, count, &finish);
    /* Units that must not be touched past their ends: with each that follows there is as much again. */
    const int64_t strict = most(ceil_div(2 * POOL_VECTOR, least(y->stride, y->window) * y->in_step),
                                ceil_div(g->kernel->lanes * g->out_bytes, y->out_step));
    for (int64_t unit = first, repeats; unit < last; unit += repeats) {
        const int64_t top = unit % y->outputs;
        int64_t at = top * y->stride * y->in_step, plane = unit / y->outputs;
        for (int a = g->lead_axes - 2; a >= 0; plane /= g->lead[a--].outputs)
            at += plane % g->lead[a].outputs * g->lead[a].stride * g->lead[a].in_step;
        if (g->outer_axes) at += plane * g->outer[0].in_step;
        for (int n = 0; n < job->fused_rows; n++) rows[n] = taps[n] + at;
        repeats = least(last - unit, y->outputs - top);
        g->kernel->fused(rows, (int)job->fused_rows, g->inner.size, g->along.window, g->along.stride, g->along.outputs,
                         repeats, last - strict - unit, distance(g), y->stride * y->in_step, y->out_step,
                         &finish, &none, out + unit * y->out_step);
    }
    return -1;
}

/* Planes that a kernel takes whole, windows that reach past them too: a unit is one of them. */
int64_t walk_planes(const struct pool_job *job, const char *in, char *out, char *index, char *scratch,
                           int64_t first, int64_t last)
{
    (void)index;
    const struct pool_geometry *g = job->g;
    const struct pool_axis *y = &g->lead[0];
    const int64_t in_step = g->outer_axes ? g->outer[0].in_step : 0, out_step = y->outputs * y->out_step;
    fill_padding(job, scratch, job->row_bytes);
    if (job->overlap) {
        const struct digits at = digits_of(job, 0);
        struct unit u;
        struct pool_overlaps planes;
        place_unit(job, in, out, &at, 0, y->outputs, &u);
        overlap_planes(job, scratch, &u, &planes);
        planes.in += first * in_step, planes.out += first * out_step;
        planes.in_step = in_step, planes.out_step = out_step;
        planes.planes = last - first;
        const int64_t beside = in_step ? ceil_div(2 * POOL_VECTOR, size_of(in_step)) : job->units;
        planes.tight = beside - first;
        planes.loose = job->units - beside - first;
        g->kernel->overlaps(&planes);
        return -1;
    }
    /* Nothing may be read past the last plane of all, nor written past the last of this thread's. */
    const int64_t unread = ceil_div(2 * POOL_VECTOR, y->size * y->in_step) - (job->units - last);
    const int64_t unwritten = ceil_div(most(2 * POOL_VECTOR, g->kernel->lanes * g->out_bytes), out_step);
    const struct pool_planes planes = {
        .y = y, .x = &g->along, .padding = scratch,
        .in = in + first * in_step, .in_step = in_step, .out = out + first * out_step, .out_step = out_step,
        .count = last - first, .loose = last - first - most(unread, unwritten),
        .divides = g->divide != NULL && (g->divisor != 1 || wide_of(g)),    /* no pool_rounds are by 1 */
        .as_elements = g->last_cast != NULL, .divisor = (double)most(0, g->divisor),
        .wide = wide_of(g), .rounding = g->rounding, .far = distance(g) != POOL_IN_CACHE,
        .pitch = job->spaced ? spaced_pitch(g) : flat_pitch(g), .rows = spaced_rows(g), .acc = scratch + job->at_levels,
        .spare = scratch + job->at_spare, .counts = scratch + job->at_lanes,
    };
    (job->narrow ? g->kernel->narrow : job->flat ? g->kernel->flat : g->kernel->spaced)(&planes);
    return -1;
}
