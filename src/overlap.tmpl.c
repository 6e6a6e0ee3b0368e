/* overlap.tmpl.c - windows that overlap along both axes, by the rule of forward.tmpl.c, which includes this where that
 * may meet an element twice.
 *
 * Down first: several rows of outputs at once, of which all have the middle rows of the input in common; those above,
 * from the last to the first, and those below, from the first to the last, are what each has beside.  Of tall windows
 * most of what is in common was folded before, in blocks of rows that stay in scratch.  Then along each row. */

/* The rows, or the pixels, that the windows of a group meet, in bytes from `base`: `stride` above for each but the
 * last; at `rest` those in common, and as many as above again.  `blocks` rows of lanes, `pitch` apart, hold more of
 * what is in common. */
typedef struct {
    const char *base;
    const int64_t *above, *rest;
    int64_t stride, common, blocks, pitch;
    const TYPE *block;
} NAME(group_taps);

/* What rows hold: elements, of which the first `count` of a part are read; lanes; or elements of which those of a part
 * are read whose bits in `count` are set. */
enum { NAME(of_elements), NAME(of_lanes), NAME(of_some) };

INLINE VEC NAME(met)(int of, const char *row, int64_t at, int whole, int64_t count)
{
    if (of == NAME(of_lanes)) return NAME(load)((const TYPE *)row + at);
#ifdef LOAD_LANES
    if (of == NAME(of_some) && !whole) {
        NAME(elems) elems;
        LOAD_LANES(&elems, row + at * (int64_t)sizeof(ELEM), (uint64_t)count);
        const VEC lanes = WIDEN(elems);
        return LEAF(lanes);
    }
#endif
    return NAME(leaf)(row, at, whole, count);
}

/* Lanes [at, at + N) of each window of a group (`group` a constant, and `single` where the stride is 1). */
INLINE void NAME(group_column)(int quick, int group, int single, int of, const NAME(group_taps) *g, int64_t at,
                               int whole, int64_t count, VEC *windows)
{
    VEC unasked, *const doubt = quick ? &unasked : NULL;
    const int64_t stride = single ? 1 : g->stride;
    const int64_t *above = g->above + (group - 1) * stride, *below = g->rest + g->common;
    VEC v = NAME(met)(of, g->base + g->rest[0], at, whole, count);
    for (int64_t t = 1; t < g->common; t++)
        v = NAME(rule)(doubt, v, NAME(met)(of, g->base + g->rest[t], at, whole, count));
    for (int64_t b = 0; b < g->blocks; b++) v = NAME(rule)(doubt, v, NAME(load)(g->block + b * g->pitch + at));
    windows[group - 1] = v;
#pragma GCC unroll 8
    for (int w = group - 2; w >= 0; w--) {
        for (int64_t t = 0; t < stride; t++)
            v = NAME(rule)(doubt, v, NAME(met)(of, g->base + *--above, at, whole, count));
        windows[w] = v;
    }
    v = NAME(met)(of, g->base + *below, at, whole, count);
#pragma GCC unroll 8
    for (int w = 1; w < group; w++) {
        for (int64_t t = w == 1; t < stride; t++)
            v = NAME(rule)(doubt, v, NAME(met)(of, g->base + below[t], at, whole, count));
        windows[w] = NAME(rule)(doubt, windows[w], v);
        below += stride;
    }
}

/* The variants of a function of groups. */
#define OF_GROUP(function, quick, group, stride, ...)                           \
    switch (10 * (group) + (!(quick) && MINDS_NAN ? 0 : (stride) == 1 ? 2 : 1)) {  \
    case 20: if (MINDS_NAN) NAME(function)(0, 2, 0, __VA_ARGS__); break;        \
    case 21: NAME(function)(1, 2, 0, __VA_ARGS__); break;                       \
    case 22: NAME(function)(1, 2, 1, __VA_ARGS__); break;                       \
    case 40: if (MINDS_NAN) NAME(function)(0, 4, 0, __VA_ARGS__); break;        \
    case 41: NAME(function)(1, 4, 0, __VA_ARGS__); break;                       \
    case 42: NAME(function)(1, 4, 1, __VA_ARGS__); break;                       \
    case 80: if (MINDS_NAN) NAME(function)(0, 8, 0, __VA_ARGS__); break;        \
    case 81: NAME(function)(1, 8, 0, __VA_ARGS__); break;                       \
    default: NAME(function)(1, 8, 1, __VA_ARGS__);                              \
    }

/* How a row that ends in a part of a vector does so: which lanes of that are data, and what takes no part. */
typedef struct {
    JOIN(mask_, LANE) within;
    VEC none;
} NAME(row_end);

/* A group of rows to lanes, `pitch` apart, to whole vectors where loads of parts are cheap or a row is no more than a
 * part; else the last vector steps back. */
INLINE void NAME(group_down)(int quick, int group, int single, const NAME(group_taps) *g, int64_t count, int loose,
                             const NAME(row_end) *end, TYPE *lanes, int64_t pitch)
{
    VEC windows[8];
    int64_t c = 0;
    for (; c < count; c += N) {
        const int is_part = count - c < N;
        if (is_part && (PARTS_ARE_CHEAP || count < N)) break;
        if (is_part) c = count - N;
        NAME(group_column)(quick, group, single, NAME(of_elements), g, c, 1, N, windows);
#pragma GCC unroll 8
        for (int w = 0; w < group; w++) NAME(store)(lanes + w * pitch + c, FOLDED(windows[w]));
    }
    if (c >= count) return;
    NAME(group_column)(quick, group, single, NAME(of_elements), g, c, loose, count - c, windows);
#pragma GCC unroll 8
    for (int w = 0; w < group; w++) {
        const VEC folded = FOLDED(windows[w]), there = PICK(end->within, folded, end->none);
        NAME(store)(lanes + w * pitch + c, there);
    }
}

static __attribute__((noinline)) void NAME(down)(int quick, int group, const NAME(group_taps) *g, int64_t count,
                                                 int loose, const NAME(row_end) *end, TYPE *lanes, int64_t pitch)
{
    OF_GROUP(group_down, quick, group, g->stride, g, count, loose, end, lanes, pitch)
}

/* Pixels of N lanes at least to `outputs` results, `out_step` bytes apart; `in_step` is from a group to the next. */
INLINE void NAME(group_across)(int quick, int group, int single, NAME(group_taps) g, int64_t inner, int64_t in_step,
                               int64_t outputs, int as_elements, char *out, int64_t out_step)
{
    const NAME(finish) f = {.as_elements = as_elements};
    VEC windows[8];
    g.blocks = 0;
    for (; outputs > 0; outputs -= group, g.base += in_step, out += group * out_step)
        for (int64_t c = 0; c < inner; c = c + 2 * N <= inner || c + N >= inner ? c + N : inner - N) {
            NAME(group_column)(quick, group, single, NAME(of_lanes), &g, c, 1, N, windows);
#pragma GCC unroll 8
            for (int w = 0; w < group; w++) {
                if (w >= outputs) break;
                if (w + group < outputs) PREFETCH_OWN(out + (w + group) * out_step + c * (int64_t)sizeof(TYPE));
                NAME(put)(out + w * out_step, c, windows[w], f, 1, N);
            }
        }
}

static __attribute__((noinline)) void NAME(across)(int quick, int group, const NAME(group_taps) *g, int64_t inner,
                                                   int64_t in_step, int64_t outputs, int as_elements, char *out,
                                                   int64_t out_step)
{
    OF_GROUP(group_across, quick, group, g->stride, *g, inner, in_step, outputs, as_elements, out, out_step)
}
#undef OF_GROUP

/* A block of a plane on its way: what is the same for all its groups. */
typedef struct {
    const struct pool_overlaps *p;
    NAME(row_end) end;
    int64_t left, width, right; /* positions of padding before the data, of data, of padding after it */
    int64_t segments, segment;  /* of a row: runs of so many elements, side by side */
    int64_t low, high;          /* the rows that there are, and that windows meet */
} NAME(overlap_plan);

/* Where rows [first, last) lie, or the nearest there are: those are in each of the windows too. */
INLINE void NAME(nearest_rows)(const NAME(overlap_plan) *o, int64_t first, int64_t last, int64_t *rows)
{
    for (int64_t r = first; r < last; r++)
        *rows++ = (r < o->low ? o->low : r >= o->high ? o->high - 1 : r) * o->p->y->in_step;
}

/* Whether any of rows [first, last) that there are holds NaN. */
static __attribute__((noinline)) unsigned NAME(rows_have_nan)(const NAME(overlap_plan) *o, const char *plane,
                                                              int64_t first, int64_t last)
{
    unsigned any = 0;
    if (first < o->low) first = o->low;
    if (last > o->high) last = o->high;
    if (!MINDS_NAN || first >= last) return 0;
    const int64_t step = o->p->y->in_step;
    plane += first * step;
    if (o->segments == 1 && step == o->segment * (int64_t)sizeof(ELEM))
        return NAME(any_nan)(plane, (last - first) * o->segment);
    for (int64_t r = first; r < last; r++, plane += step)
        for (int64_t s = 0; s < o->segments; s++) any |= NAME(any_nan)(plane + s * o->p->x->in_step, o->segment);
    return any;
}

/* The fold of a group's rows, to lanes. */
INLINE void NAME(rows_down)(const NAME(overlap_plan) *o, int quick, int group, NAME(group_taps) *g, int loose,
                            TYPE *lanes)
{
    const struct pool_overlaps *const p = o->p;
    for (int64_t s = 0; s < o->segments; s++) {
        NAME(down)(quick, group, g, o->segment, loose, &o->end, lanes, p->pitch);
        lanes += p->inner;
        g->block += p->inner;
        g->base += p->x->in_step;
    }
}

/* The fold of so many rows, to lanes. */
static __attribute__((noinline)) void NAME(fold_block)(const NAME(overlap_plan) *o, int quick, const char *base,
                                                       const int64_t *rows, int64_t n, int loose, TYPE *lanes)
{
    VEC unasked, *const doubt = quick ? &unasked : NULL;
    const int64_t count = o->segment;
    for (int64_t s = 0; s < o->segments; s++, lanes += o->p->inner, base += o->p->x->in_step)
        for (int64_t c = 0;; c = c + 2 * N <= count ? c + N : count - N) {
            VEC v = NAME(leaf)(base + rows[0], c, loose || count >= N, count);
            for (int64_t t = 1; t < n; t++)
                v = NAME(rule)(doubt, v, NAME(leaf)(base + rows[t], c, loose || count >= N, count));
            NAME(store)(lanes + c, v);
            if (c + N >= count) break;
        }
}

/* The padding around the data of a row of lanes, which is gone; nothing of the rows beside. */
INLINE void NAME(pad_row)(const NAME(overlap_plan) *o, TYPE *lanes)
{
    const int64_t inner = o->p->inner, data = (o->left + o->width) * inner, end = data + o->right * inner;
    for (int64_t c = 0; c < o->left * inner; c += N) NAME(store)(lanes + c, o->end.none);
    for (int64_t c = data; c < end; c += N) NAME(store_part)(lanes + c, o->end.none, end - c < N ? end - c : N);
}

/* A row of lanes of which windows are pixels. */
INLINE void NAME(pixels_across)(const struct pool_overlaps *p, int quick, const TYPE *lanes, char *out)
{
    const int64_t stride = p->x->stride, group = p->across, step = p->inner * (int64_t)sizeof(TYPE);
    int64_t pixels[POOL_OVERLAP_TAPS];
    const int64_t taps = p->x->window + (group - 1) * stride;
    for (int64_t t = 0; t < taps; t++) pixels[t] = t * step;
    const NAME(group_taps) g = {
        .base = (const char *)lanes, .above = pixels, .rest = pixels + (group - 1) * stride,
        .stride = stride, .common = p->x->window - (group - 1) * stride,
    };
    NAME(across)(quick, (int)group, &g, p->inner, group * stride * step, p->outputs, p->as_elements, out,
                 p->x->out_step);
}

/* Rows of outputs from rows of lanes, whose padding is as it was. */
static void NAME(rows_across)(const NAME(overlap_plan) *o, int quick, TYPE *lanes, int64_t rows, char *out)
{
    const struct pool_overlaps *const p = o->p;
    const struct pool_axis *const x = p->x;
    const int64_t inner = p->inner, count = ((p->outputs - 1) * x->stride + 1) * inner;
    const NAME(finish) f = {.as_elements = p->as_elements};
    const int side_by_side = x->out_step == inner * NAME(width)(f);
    if (p->across) {
        for (int64_t r = 0; r < rows; r++, lanes += p->pitch, out += p->y->out_step)
            NAME(pixels_across)(p, quick, lanes, out);
        return;
    }
#ifdef CHOOSE
    if (x->stride == 1 && side_by_side && NAME(runs)(inner, x->window)) {
        NAME(run)(quick, lanes, inner, x->window, count, p->as_elements, rows, p->pitch, p->y->out_step, out);
        return;
    }
#endif
    const int64_t runs = side_by_side ? 1 : p->outputs, run = side_by_side ? p->outputs * inner : inner;
    for (int64_t r = 0, n; r < rows; r += n) {
        n = rows - r < p->together ? rows - r : p->together;
        TYPE *const first = lanes + r * p->pitch;
        TYPE *const last = n == 1 && x->stride == 1 && side_by_side && !p->as_elements ? (TYPE *)out : NULL;
        TYPE *row = NAME(quadrupled)(quick, first, p->spare, last, NULL, inner, x->window, (n - 1) * p->pitch + count);
        TYPE *const thinned = row == first ? p->spare : first;
        for (int64_t i = 0; i < n; i++, row += p->pitch, out += p->y->out_step) {
            if (row == last) continue;
            if (x->stride > 1) NAME(thin)(row, inner, x->stride * inner, p->outputs, thinned);
            const TYPE *const result = x->stride > 1 ? thinned : row;
            for (int64_t k = 0; k < runs; k++)
                for (int64_t c = 0; c < run; c += N)
                    NAME(put)(out + k * x->out_step, c, NAME(load)(result + k * inner + c), f, run - c >= N, run - c);
        }
        for (int64_t i = 0; i < n; i++) NAME(pad_row)(o, first + i * p->pitch);
    }
}

#if defined(CHOOSE) && NARROWS
/* How rows of two vectors at most, padding included, become rows of outputs in registers. */
typedef struct {
    uint64_t within[2];                                 /* lanes of data, a bit each */
    JOIN(mask_, LANE) from[POOL_DOUBLINGS];             /* for each doubling, and the last */
    int vectors, doublings;
} NAME(short_rows);

/* Whether rows are such, whose windows lie side by side. */
static int NAME(are_short)(const NAME(overlap_plan) *o, NAME(short_rows) *s)
{
    const struct pool_overlaps *const p = o->p;
    const struct pool_axis *const x = p->x;
    const int64_t padded = o->left + o->width + o->right;
    if (p->inner > 1 || x->stride > 1 || p->y->stride > 1 || p->blocks || p->group < 4 || !NAME(runs)(1, x->window) ||
        padded > 2 * N)
        return 0;
    memset(s->within, 0, sizeof s->within);
    for (int64_t l = o->left; l < o->left + o->width; l++) s->within[l / N] |= 1ULL << l % N;
    s->vectors = padded > N ? 2 : 1;
    s->doublings = NAME(doublings)(x->window);
    NAME(shifts)(s->doublings, 1, x->window, s->from);
    return 1;
}

/* Groups of such rows without NaN, `rows` of outputs in all; with `loose`, what lies beside rows may be read.  From
 * `next` on lies what will be read later. */
INLINE void NAME(short_groups)(int group, int vectors, const NAME(overlap_plan) *o, const NAME(short_rows) *s,
                               NAME(group_taps) g, int loose, int64_t rows, const char *next, char *out)
{
    const int64_t outputs = o->p->outputs, out_step = o->p->y->out_step, in_bytes = group * o->p->y->in_step;
    const NAME(finish) f = {.as_elements = o->p->as_elements};
    const VEC none = o->end.none;
    VEC unasked, row[2][8];
    g.blocks = 0;
    for (; rows > 0; rows -= group, g.above += group, g.rest += group, next += in_bytes) {
        for (int64_t b = 0; b < in_bytes; b += POOL_VECTOR) PREFETCH(next + b);
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            NAME(group_column)(1, group, 1, NAME(of_some), &g, v * N - o->left, loose, (int64_t)s->within[v],
                               row[v]);
#pragma GCC unroll 8
            for (int w = 0; w < group; w++) {
                const VEC folded = FOLDED(row[v][w]);
                row[v][w] = PICK_LANES(s->within[v], folded, none);
            }
        }
        for (int d = 0; d <= s->doublings; d++) {
            const JOIN(mask_, LANE) from = s->from[d];
#pragma GCC unroll 8
            for (int w = 0; w < group; w++) {
                const VEC after = vectors == 2 ? row[1][w] : none;
                row[0][w] = NAME(rule)(&unasked, row[0][w], CHOOSE(row[0][w], after, from));
                if (vectors == 2) row[1][w] = NAME(rule)(&unasked, after, CHOOSE(after, none, from));
            }
        }
#pragma GCC unroll 8
        for (int w = 0; w < group; w++) {
            if (w >= rows) return;
            NAME(put)(out, 0, row[0][w], f, outputs >= N, outputs);
            if (vectors == 2 && outputs > N) NAME(put)(out, N, row[1][w], f, outputs == 2 * N, outputs - N);
            out += out_step;
        }
    }
}

static __attribute__((noinline)) void NAME(short_rows_done)(int group, const NAME(overlap_plan) *o,
                                                            const NAME(short_rows) *s, const NAME(group_taps) *g,
                                                            int loose, int64_t rows, const char *next, char *out)
{
    switch (group + s->vectors) {
    case 5: NAME(short_groups)(4, 1, o, s, *g, loose, rows, next, out); break;
    case 6: NAME(short_groups)(4, 2, o, s, *g, loose, rows, next, out); break;
    case 9: NAME(short_groups)(8, 1, o, s, *g, loose, rows, next, out); break;
    default: NAME(short_groups)(8, 2, o, s, *g, loose, rows, next, out);
    }
}
#endif

/* Rows of lanes that are made wait for the next to be: what was just stored is slow to load in other vectors. */
typedef struct {
    int quick;
    TYPE *lanes;
    int64_t rows;
    char *out;
} NAME(waiting_rows);

static void NAME(overlaps)(const struct pool_overlaps *p)
{
    const struct pool_axis *const y = p->y, *const x = p->x;
    const int64_t start = p->first * x->stride - x->before, end = start + (p->outputs - 1) * x->stride + x->window;
    const int64_t left = start < 0 ? -start : 0, right = end > x->size ? end - x->size : 0;
    const int64_t top = p->row * y->stride - y->before, bottom = top + (p->rows - 1) * y->stride + y->window;
    const int64_t step = p->group * y->stride, span = (p->group - 1) * y->stride + y->window;
    NAME(overlap_plan) o = {
        .p = p, .end.none = NAME(leaf)(p->padding, 0, 1, N),
        .left = left, .width = end - start - left - right, .right = right, .segments = 1,
        .low = top < 0 ? 0 : top, .high = bottom < y->size ? bottom : y->size,
    };
    o.segment = o.width * p->inner;
    if (x->in_step != p->inner * (int64_t)sizeof(ELEM)) o.segments = o.width, o.segment = p->inner;
    memset(&o.end.within, -1, (size_t)(o.segment % N) * sizeof(TYPE));

    TYPE *lanes = p->lanes, *const ring = (TYPE *)p->ring + left * p->inner;
    for (int64_t r = 0; r < 2 * p->group; r++) NAME(pad_row)(&o, lanes + r * p->pitch);
    NAME(waiting_rows) made = {.lanes = lanes + p->group * p->pitch};
#if defined(CHOOSE) && NARROWS
    NAME(short_rows) in_registers;
    const int are_short = NAME(are_short)(&o, &in_registers);
#endif
    int64_t *const rows = p->taps;
    const int few = bottom - top + step <= p->most_taps;
    if (few) NAME(nearest_rows)(&o, top, bottom + step, rows);
    for (int64_t i = 0; i < p->planes; i++) {
        const char *const plane = p->in + i * p->in_step + (start + left) * x->in_step;
        int64_t careful = -1, seen = top;       /* the last group that NaN reach; the rows that were looked at */
        for (int64_t at = 0, number = 0, groups = 1; at < p->rows; at += groups * p->group, number += groups) {
            const int64_t row = top + at * y->stride, left_over = p->rows - at;
            if (seen < row + span) {
                const int64_t upto = p->planes > 1 ? o.high : row + span;
                if (NAME(rows_have_nan)(&o, plane, seen, upto)) careful = number + (upto - row) / step + 1;
                seen = upto;
            }
            if (!few) NAME(nearest_rows)(&o, row, row + span, rows);
            const int64_t *const taps = few ? rows + row - top : rows;
            const int quick = number > careful;
            const int group = p->blocks || left_over > p->group / 2 || p->group == 2 ? p->group : p->group / 2;
            const int64_t beside = (group - 1) * y->stride;
            /* Blocks: rows [beside + k*step, beside + (k + 1)*step) of the group, k in [0, blocks); the last is new. */
            for (int64_t k = number && p->blocks ? p->blocks - 1 : 0; k < p->blocks; k++)
                NAME(fold_block)(&o, quick, plane, taps + beside + k * step, step, i < p->loose,
                                 ring + (number + k) % p->blocks * p->pitch);
            NAME(group_taps) g = {
                .base = plane, .above = taps, .rest = taps + beside + p->blocks * step, .stride = y->stride,
                .common = y->window - beside - p->blocks * step,
                .blocks = p->blocks, .pitch = p->pitch, .block = ring,
            };
            char *const out = p->out + i * p->out_step + at * y->out_step;
            const int64_t wanted = left_over < group ? left_over : group;
#if defined(CHOOSE) && NARROWS
            groups = 1;
            if (are_short && quick && group > 2) {      /* all that are whole, if NaN are in none */
                if (few && seen >= o.high && left_over > group) groups = left_over / group;
                NAME(short_rows_done)(group, &o, &in_registers, &g, i >= p->tight && i < p->loose,
                                      groups > 1 ? groups * group : wanted, plane + p->in_step + at * y->in_step, out);
                continue;
            }
#endif
            NAME(rows_down)(&o, quick, group, &g, i < p->loose, lanes + left * p->inner);
            TYPE *const free = made.lanes;
            if (made.rows) NAME(rows_across)(&o, made.quick, made.lanes, made.rows, made.out);
            made = (NAME(waiting_rows)){.quick = quick, .lanes = lanes, .rows = wanted, .out = out};
            lanes = free;
        }
    }
    NAME(rows_across)(&o, made.quick, made.lanes, made.rows, made.out);
}
