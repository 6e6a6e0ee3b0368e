/* overlap.tmpl.c - windows that overlap along both axes, by the rule of forward.tmpl.c, which includes this where that
 * may meet an element twice.
 *
 * Down first: several rows of outputs at once, of which all have the middle rows of the input in common; those above,
 * from the last to the first, and those below, from the first to the last, are what each has beside.  Of tall windows
 * most of what is in common was folded before, in blocks of rows that stay in scratch.  Then along each row. */

/* The rows, or the pixels, that the windows of a group meet: `stride` above for each but the last, those in common, and
 * as many below as above.  Each lies `step` bytes after the one before, from `base` on; or rows lie where `above` says,
 * and `rest` of the others, in bytes from there, and `blocks` rows of lanes, `pitch` apart, hold more of what is in
 * common. */
typedef struct {
    const char *base;
    int64_t stride, common, step;
    const int64_t *above, *rest;
    int64_t blocks, pitch;
    const TYPE *block;
} NAME(group_taps);

/* What rows hold: elements, of which the first `count` of a part are read; lanes; or elements of which those of a part
 * are read whose bits in `count` are set. */
enum { NAME(of_elements), NAME(of_lanes), NAME(of_some) };

INLINE int64_t NAME(met_width)(int of) { return of == NAME(of_lanes) ? sizeof(TYPE) : sizeof(ELEM); }

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

/* v = what a row holds, so many vectors of it; or the rule over both. */
INLINE void NAME(take_row)(int of, const char *row, int vectors, int whole, const int64_t *count, VEC *v)
{
#pragma GCC unroll 2
    for (int i = 0; i < vectors; i++) v[i] = NAME(met)(of, row, i * N, whole, whole ? N : count[i]);
}

INLINE void NAME(join_row)(VEC *doubt, int of, const char *row, int vectors, int whole, const int64_t *count, VEC *v)
{
    VEC met[2];
    NAME(take_row)(of, row, vectors, whole, count, met);
#pragma GCC unroll 2
    for (int i = 0; i < vectors; i++) v[i] = NAME(rule)(doubt, v[i], met[i]);
}

INLINE void NAME(keep_window)(VEC (*windows)[8], int w, int vectors, const VEC *v)
{
#pragma GCC unroll 2
    for (int i = 0; i < vectors; i++) windows[i][w] = v[i];
}

/* Lanes [at, at + vectors*N) of each window of a group (`group` a constant, and so is `single`, where the stride is 1,
 * and `even`, where there is a step).  Of a part of a vector `count` says what is read. */
INLINE void NAME(group_columns)(int quick, int group, int single, int vectors, int of, int even,
                                const NAME(group_taps) *g, int64_t at, int whole, const int64_t *count,
                                VEC (*windows)[8])
{
    VEC unasked, *const doubt = quick ? &unasked : NULL, v[2];
    const int64_t stride = single ? 1 : g->stride, beside = (group - 1) * stride, common = g->common;
    const char *const base = g->base + at * NAME(met_width)(of);
#define ABOVE(t) base + (even ? (t) * g->step : g->above[t])
#define REST(t) base + (even ? (beside + (t)) * g->step : g->rest[t])
    NAME(take_row)(of, REST(0), vectors, whole, count, v);
    for (int64_t t = 1; t < common; t++) NAME(join_row)(doubt, of, REST(t), vectors, whole, count, v);
    for (int64_t b = 0; !even && b < g->blocks; b++)
        NAME(join_row)(doubt, NAME(of_lanes), (const char *)(g->block + b * g->pitch + at), vectors, 1, NULL, v);
    NAME(keep_window)(windows, group - 1, vectors, v);
#pragma GCC unroll 8
    for (int w = group - 2; w >= 0; w--) {
        for (int64_t t = stride - 1; t >= 0; t--)
            NAME(join_row)(doubt, of, ABOVE(w * stride + t), vectors, whole, count, v);
        NAME(keep_window)(windows, w, vectors, v);
    }
    NAME(take_row)(of, REST(common), vectors, whole, count, v);
#pragma GCC unroll 8
    for (int w = 1; w < group; w++) {
        for (int64_t t = w == 1; t < stride; t++)
            NAME(join_row)(doubt, of, REST(common + (w - 1) * stride + t), vectors, whole, count, v);
#pragma GCC unroll 2
        for (int i = 0; i < vectors; i++) windows[i][w] = NAME(rule)(doubt, windows[i][w], v[i]);
    }
#undef REST
#undef ABOVE
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
    VEC windows[1][8];
    int64_t c = 0, left;
    for (; c < count; c += N) {
        const int is_part = count - c < N;
        if (is_part && (PARTS_ARE_CHEAP || count < N)) break;
        if (is_part) c = count - N;
        NAME(group_columns)(quick, group, single, 1, NAME(of_elements), 0, g, c, 1, NULL, windows);
#pragma GCC unroll 8
        for (int w = 0; w < group; w++) NAME(store)(lanes + w * pitch + c, FOLDED(windows[0][w]));
    }
    if (c >= count) return;
    left = count - c;
    NAME(group_columns)(quick, group, single, 1, NAME(of_elements), 0, g, c, loose, &left, windows);
#pragma GCC unroll 8
    for (int w = 0; w < group; w++) {
        const VEC folded = FOLDED(windows[0][w]), there = PICK(end->within, folded, end->none);
        NAME(store)(lanes + w * pitch + c, there);
    }
}

static __attribute__((noinline)) void NAME(down)(int quick, int group, const NAME(group_taps) *g, int64_t count,
                                                 int loose, const NAME(row_end) *end, TYPE *lanes, int64_t pitch)
{
    OF_GROUP(group_down, quick, group, g->stride, g, count, loose, end, lanes, pitch)
}

/* Rows of lanes, pixels of N at least, to `outputs` results; those that windows meet lie where `places` says. */
INLINE void NAME(group_across)(int quick, int group, int single, const struct pool_overlaps *p, const TYPE *lanes,
                               const int64_t *places, char *out)
{
    const NAME(finish) f = {.as_elements = p->as_elements};
    const int64_t stride = single ? 1 : p->x->stride, beside = (group - 1) * stride, inner = p->inner;
    const int64_t outputs = p->outputs, out_step = p->x->out_step;
    NAME(group_taps) g = {.base = (const char *)lanes, .stride = stride, .common = p->x->window - beside};
    VEC windows[1][8];
    for (int64_t o = 0; o < outputs; o = stepped(o, group, outputs)) {
        g.above = places + o * stride;
        g.rest = g.above + beside;
        for (int64_t c = 0; c < inner; c = stepped(c, N, inner)) {
            char *to = out + o * out_step;
            NAME(group_columns)(quick, group, single, 1, NAME(of_lanes), 0, &g, c, 1, NULL, windows);
#pragma GCC unroll 8
            for (int w = 0; w < group; w++, to += out_step) {
                if (w >= outputs) break;
                PREFETCH_OWN(to + group * out_step + c * NAME(width)(f));
                NAME(put)(to, c, windows[0][w], f, 1, N);
            }
        }
    }
}

static __attribute__((noinline)) void NAME(across)(int quick, const struct pool_overlaps *p, const TYPE *lanes,
                                                   const int64_t *places, char *out)
{
    OF_GROUP(group_across, quick, p->across, p->x->stride, p, lanes, places, out)
}
#undef OF_GROUP

#if NARROWS
/* Rows of lanes, of windows along them, to a plane of outputs.  From the last of each row to the first: what is written
 * past one is the next one's first. */
INLINE void NAME(group_flat)(int quick, int group, const struct pool_planes *p, int loose, const TYPE *lanes, char *out)
{
    const int64_t rows = p->y->outputs, outputs = p->x->outputs, out_step = p->y->out_step;
    const NAME(finish) f = {.as_elements = p->as_elements};
    VEC windows[1][8];
    for (int64_t r = 0; r < rows; r = stepped(r, group, rows)) {
        const NAME(group_taps) g = {
            .base = (const char *)(lanes + r * p->pitch), .common = p->y->window - group + 1,
            .step = p->pitch * (int64_t)sizeof(TYPE),
        };
        for (int64_t c = (outputs - 1) / N * N; c >= 0; c -= N) {
            NAME(group_columns)(quick, group, 1, 1, NAME(of_lanes), 1, &g, c, 1, NULL, windows);
            const int whole = loose || outputs - c >= N;
#pragma GCC unroll 8
            for (int w = 0; w < group; w++)
                NAME(put)(out + (r + w) * out_step, c, windows[0][w], f, whole, outputs - c);
        }
    }
}

static __attribute__((noinline)) void NAME(down_flat)(int quick, int group, const struct pool_planes *p, int loose,
                                                      const TYPE *lanes, char *out)
{
    switch (group + (MINDS_NAN && quick)) {
    case 4: NAME(group_flat)(0, 4, p, loose, lanes, out); break;
    case 5: NAME(group_flat)(1, 4, p, loose, lanes, out); break;
    case 8: NAME(group_flat)(0, 8, p, loose, lanes, out); break;
    default: NAME(group_flat)(1, 8, p, loose, lanes, out);
    }
}
#endif

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

/* Where the pixels of a row of lanes lie that windows meet, or the nearest there are: no others need be there. */
static void NAME(nearest_pixels)(const NAME(overlap_plan) *o, int64_t left)
{
    const struct pool_overlaps *const p = o->p;
    const int64_t outputs = p->outputs < p->across ? p->across : p->outputs;
    const int64_t met = (outputs - 1) * p->x->stride + p->x->window;
    for (int64_t t = 0; t < met; t++) {
        const int64_t at = t < left ? 0 : t - left;
        p->pixels[t] = (at < o->width ? at : o->width - 1) * p->inner * (int64_t)sizeof(TYPE);
    }
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
        for (int64_t c = 0; c < count; c = stepped(c, N, count)) {
            VEC v = NAME(leaf)(base + rows[0], c, loose || count >= N, count);
            for (int64_t t = 1; t < n; t++)
                v = NAME(rule)(doubt, v, NAME(leaf)(base + rows[t], c, loose || count >= N, count));
            NAME(store)(lanes + c, v);
        }
}

/* The padding around the data of a row of lanes, which is gone; nothing of the rows beside. */
INLINE void NAME(pad_row)(const NAME(overlap_plan) *o, TYPE *lanes)
{
    const int64_t inner = o->p->inner, data = (o->left + o->width) * inner, end = data + o->right * inner;
    for (int64_t c = 0; c < o->left * inner; c += N) NAME(store)(lanes + c, o->end.none);
    for (int64_t c = data; c < end; c += N) NAME(store_part)(lanes + c, o->end.none, end - c < N ? end - c : N);
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
            NAME(across)(quick, p, lanes, p->pixels, out);
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
/* How windows are made along rows that two vectors hold, in registers, before they are down.  Lane l is position
 * l - left.  For what is before the data stands the first of it, for what is after it the last: each is in all windows
 * that reach there. */
typedef struct {
    int group, vectors, doublings;
    int64_t most_rows;          /* of outputs that are made at once */
    TYPE *lanes;                /* of the rows that those meet */
    uint64_t within[2];         /* lanes of data, a bit each */
    /* Where each doubling, and the last, finds what it joins: in both vectors; in the last alone. */
    JOIN(mask_, LANE) from[POOL_DOUBLINGS], from_last[POOL_DOUBLINGS];
} NAME(short_rows);

/* Whether rows are such, whose windows lie side by side. */
static int NAME(are_short)(const NAME(overlap_plan) *o, NAME(short_rows) *s)
{
    const struct pool_overlaps *const p = o->p;
    const struct pool_axis *const x = p->x;
    const int64_t last = o->left + o->width - 1;
    const int64_t room = p->lane_rows - p->y->window + 1;
    if (p->inner > 1 || x->stride > 1 || p->y->stride > 1 || p->blocks || p->group < 4 || !NAME(runs)(1, x->window) ||
        p->rows < 4 || o->high - o->low < 4 || room < 4 || last >= 2 * N || last >= p->pitch || p->outputs > last + 1 ||
        o->left >= (x->window < N ? x->window : N))
        return 0;
    s->most_rows = p->rows < room ? p->rows : room;
    s->group = s->most_rows < p->group ? 4 : p->group;
    s->lanes = (TYPE *)(((uintptr_t)p->lanes + VECTOR_BYTES - 1) / VECTOR_BYTES * VECTOR_BYTES);
    s->vectors = last < N ? 1 : 2;
    s->doublings = NAME(doublings)(x->window);
    s->within[0] = s->within[1] = 0;
    for (int64_t l = o->left; l <= last; l++) s->within[l / N] |= 1ULL << l % N;
    const int64_t first = (s->vectors - 1) * N;         /* lane of the last vector */
    NAME(shifts)(s->doublings, 1, x->window, s->from);
    for (int d = 0; d <= s->doublings; d++)
        for (int l = 0; l < N; l++) {
            int64_t from = (int64_t)s->from[d][l], in_last = first + from;
            if (d == 0 && from < o->left) from = o->left;       /* what is before the data is not yet anything */
            if (d == 0 && in_last < o->left) in_last = o->left;
            s->from[d][l] = (__typeof__(s->from[0][0]))(from < last ? from : last);
            s->from_last[d][l] = (__typeof__(s->from[0][0]))((in_last < last ? in_last : last) - first);
        }
    return 1;
}

/* So many rows, four at least, to rows of windows along them; if `quick`, not 0 where there is NaN in one, or just
 * after.  With `loose` what lies beside rows may be read.  `ahead` lies what will be read later. */
INLINE unsigned NAME(short_across)(int quick, int vectors, int loose, int64_t left, const NAME(short_rows) *s,
                                   const char *in, int64_t step, int64_t rows, int64_t ahead, TYPE *lanes)
{
    const uint64_t within[2] = {s->within[0], s->within[1]};
    const int last = s->doublings;
    const unsigned all = (1u << N % 32) - 1;         /* lanes; of fewer bits there are no such rows */
    unsigned ordered = all;
    VEC unasked, *const doubt = quick ? &unasked : NULL, row[4][2];
    in -= left * (int64_t)sizeof(ELEM);
    for (int64_t r = 0; r < rows; r = stepped(r, 4, rows)) {
        const char *from = in + r * step;
        TYPE *to = lanes + r * vectors * N;
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++, from += step) {
            PREFETCH(from + ahead);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++)
                row[i][v] = NAME(met)(NAME(of_some), from, v * N, loose, (int64_t)within[v]);
#if MINDS_NAN
            if (quick) ordered = JOIN(STILL_ORDERED_, LANE)(ordered, row[i][0], row[i][vectors - 1]);
#endif
        }
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            VEC *const first = &row[i][0], *const second = &row[i][vectors - 1];
            if (vectors == 2) {
                const VEC shifted = CHOOSE(*first, *second, s->from[0]);
                *first = PICK_LANES(within[0], NAME(rule)(doubt, *first, shifted), shifted);
                *second = NAME(rule)(doubt, *second, __builtin_shuffle(*second, s->from_last[0]));
            } else {
                const VEC shifted = __builtin_shuffle(*first, s->from_last[0]);
                *first = PICK_LANES(within[0], NAME(rule)(doubt, *first, shifted), shifted);
            }
        }
        for (int d = 1; d <= last; d++) {
            const JOIN(mask_, LANE) from = s->from[d], from_last = s->from_last[d];
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++) {
                VEC *const first = &row[i][0], *const second = &row[i][vectors - 1];
                if (vectors == 2) *first = NAME(rule)(doubt, *first, CHOOSE(*first, *second, from));
                *second = NAME(rule)(doubt, *second, __builtin_shuffle(*second, from_last));
            }
        }
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) NAME(store)(to + (i * vectors + v) * N, row[i][v]);
    }
    return ordered != all;
}

/* Those to so many rows of outputs. */
INLINE void NAME(short_down)(int quick, int group, int vectors, const struct pool_overlaps *p, const TYPE *lanes,
                             int64_t rows, char *out)
{
    const int64_t outputs = p->outputs, out_step = p->y->out_step, common = p->y->window - group + 1;
    const NAME(finish) f = {.as_elements = p->as_elements};
    /* A part of a vector is as slow to store as a whole one that crosses lines, but for parts that are vectors. */
    const int64_t tail = sizeof(ELEM) == sizeof(TYPE) ? (outputs - N) * (int64_t)sizeof(TYPE) : 0;
    VEC row[2][8];
    for (int64_t r = 0; r < rows; r = stepped(r, group, rows)) {
        const NAME(group_taps) g = {
            .base = (const char *)(lanes + r * vectors * N), .common = common, .step = vectors * VECTOR_BYTES,
        };
        NAME(group_columns)(quick, group, 1, vectors, NAME(of_lanes), 1, &g, 0, 1, NULL, row);
        char *to = out + r * out_step;
#pragma GCC unroll 8
        for (int w = 0; w < group; w++, to += out_step) {
            NAME(put)(to, 0, FOLDED(row[0][w]), f, outputs >= N, outputs);
            if (vectors == 1 || outputs <= N) continue;
            const VEC second = FOLDED(row[1][w]);
            if (tail == 16) memcpy(to + N * NAME(width)(f), &second, 16);
            else if (tail == 32) memcpy(to + N * NAME(width)(f), &second, 32);
            else NAME(put)(to, N, second, f, outputs == 2 * N, outputs - N);
        }
    }
}

/* So many rows of outputs of a plane, whose windows begin at row `top`; or if `quick` no more than to find NaN there,
 * which it returns.  Of the rows that windows meet and there are not, copies of the nearest stand for them. */
INLINE unsigned NAME(short_plane)(int quick, int vectors, int loose, const NAME(overlap_plan) *o,
                                  const NAME(short_rows) *s, const char *plane, int64_t top, int64_t count, char *out)
{
    const struct pool_overlaps *const p = o->p;
    const int64_t end = top + count - 1 + p->y->window, in_step = p->y->in_step, unit = vectors * N;
    const int64_t low = top < o->low ? o->low : top, high = end < o->high ? end : o->high, rows = high - low;
    TYPE *const lanes = s->lanes, *const first = lanes + (low - top) * unit, *const last = first + (rows - 1) * unit;
    TYPE *const beyond = lanes + (end - top) * unit;
    plane += low * in_step;
    if (NAME(short_across)(quick, vectors, loose, o->left, s, plane, in_step, rows, p->in_step, first)) return 1;
    VEC nearest[2], farthest[2];
    for (int v = 0; v < vectors; v++) {
        nearest[v] = NAME(load)(first + v * N);
        farthest[v] = NAME(load)(last + v * N);
    }
    for (TYPE *to = lanes; to < first; to += unit)
        for (int v = 0; v < vectors; v++) NAME(store)(to + v * N, nearest[v]);
    for (TYPE *to = last + unit; to < beyond; to += unit)
        for (int v = 0; v < vectors; v++) NAME(store)(to + v * N, farthest[v]);
    if (s->group == 8) NAME(short_down)(quick, 8, vectors, p, lanes, count, out);
    else NAME(short_down)(quick, 4, vectors, p, lanes, count, out);
    return 0;
}

/* The same where there are NaN. */
static __attribute__((noinline)) void NAME(careful_plane)(const NAME(overlap_plan) *o, const NAME(short_rows) *s,
                                                          const char *plane, int64_t top, int64_t count, char *out)
{
    if (s->vectors == 1) NAME(short_plane)(0, 1, 0, o, s, plane, top, count, out);
    else NAME(short_plane)(0, 2, 0, o, s, plane, top, count, out);
}

/* The same rows of planes that follow each other. */
INLINE void NAME(short_vectors)(int vectors, int loose, const NAME(overlap_plan) *o, const NAME(short_rows) *s,
                                const char *plane, int64_t planes, int64_t top, int64_t count, char *out)
{
    for (; planes > 0; planes--, plane += o->p->in_step, out += o->p->out_step)
        if (__builtin_expect(NAME(short_plane)(1, vectors, loose, o, s, plane, top, count, out), 0))
            NAME(careful_plane)(o, s, plane, top, count, out);
}

static __attribute__((noinline)) void NAME(short_planes)(const NAME(overlap_plan) *o, const NAME(short_rows) *s,
                                                         int loose, const char *plane, int64_t planes, int64_t top,
                                                         int64_t count, char *out)
{
    switch (2 * s->vectors + loose) {
    case 2: NAME(short_vectors)(1, 0, o, s, plane, planes, top, count, out); break;
    case 3: NAME(short_vectors)(1, 1, o, s, plane, planes, top, count, out); break;
    case 4: NAME(short_vectors)(2, 0, o, s, plane, planes, top, count, out); break;
    default: NAME(short_vectors)(2, 1, o, s, plane, planes, top, count, out);
    }
}

/* All planes; tall ones a number of rows at a time. */
static void NAME(short_overlaps)(const NAME(overlap_plan) *o, const NAME(short_rows) *s, const char *plane, int64_t top)
{
    const struct pool_overlaps *const p = o->p;
    const int64_t rows = p->rows, most = s->most_rows;
    for (int64_t i = 0, n; i < p->planes; i += n) {
        const int loose = i >= p->tight && i < p->loose;
        const int64_t end = i < p->tight ? p->tight : loose ? p->loose : p->planes;
        n = most < rows ? 1 : (end < p->planes ? end : p->planes) - i;
        for (int64_t at = 0; at < rows; at = stepped(at, most, rows))
            NAME(short_planes)(o, s, loose, plane + i * p->in_step, n, top + at, most,
                               p->out + i * p->out_step + at * p->y->out_step);
    }
}
#endif

/* Rows of lanes that are made wait for the next to be: what was just stored is slow to load in other vectors. */
typedef struct {
    int quick;
    TYPE *lanes, *free;         /* those, and room for as many */
    int64_t rows;
    char *out;
} NAME(waiting_rows);

/* None: their padding is laid out, which pixels do without. */
static NAME(waiting_rows) NAME(none_made)(const NAME(overlap_plan) *o)
{
    TYPE *const lanes = o->p->lanes;
    for (int64_t r = 0; r < (o->p->across ? 0 : 2 * o->p->group); r++) NAME(pad_row)(o, lanes + r * o->p->pitch);
    return (NAME(waiting_rows)){.lanes = lanes + o->p->group * o->p->pitch, .free = lanes};
}

/* Plane i, whose windows begin at row `top`; where those are `placed`, places of rows from there on. */
static void NAME(plane_by_groups)(const NAME(overlap_plan) *o, int64_t i, const char *plane, char *out, int64_t top,
                                  const int64_t *placed, NAME(waiting_rows) *made)
{
    const struct pool_overlaps *const p = o->p;
    const struct pool_axis *const y = p->y;
    const int64_t step = p->group * y->stride, span = (p->group - 1) * y->stride + y->window;
    TYPE *const ring = (TYPE *)p->ring + o->left * p->inner;
    const int loose = i >= p->tight && i < p->loose;
    int64_t careful = -1, seen = top;       /* the last group that NaN reach; the rows that were looked at */
    for (int64_t at = 0, number = 0; at < p->rows; at += p->group, number++) {
        const int64_t row = top + at * y->stride, left_over = p->rows - at;
        if (seen < row + span) {
            const int64_t upto = p->planes > 1 ? o->high : row + span;
            if (NAME(rows_have_nan)(o, plane, seen, upto)) careful = number + (upto - row) / step + 1;
            seen = upto;
        }
        if (!placed) NAME(nearest_rows)(o, row, row + span, p->taps);
        const int64_t *const taps = placed ? placed + row - top : p->taps;
        const int quick = number > careful;
        const int group = p->blocks || left_over > p->group / 2 || p->group == 2 ? p->group : p->group / 2;
        const int64_t beside = (group - 1) * y->stride;
        /* Blocks: rows [beside + k*step, beside + (k + 1)*step) of the group, k in [0, blocks); the last is new. */
        for (int64_t k = number && p->blocks ? p->blocks - 1 : 0; k < p->blocks; k++)
            NAME(fold_block)(o, quick, plane, taps + beside + k * step, step, loose,
                             ring + (number + k) % p->blocks * p->pitch);
        NAME(group_taps) g = {
            .base = plane, .above = taps, .rest = taps + beside + p->blocks * step, .stride = y->stride,
            .common = y->window - beside - p->blocks * step,
            .blocks = p->blocks, .pitch = p->pitch, .block = ring,
        };
        TYPE *const lanes = made->free;
        NAME(rows_down)(o, quick, group, &g, loose, lanes + o->left * p->inner);
        if (p->across) {
            NAME(rows_across)(o, quick, lanes, left_over < group ? left_over : group, out + at * y->out_step);
            continue;
        }
        if (made->rows) NAME(rows_across)(o, made->quick, made->lanes, made->rows, made->out);
        *made = (NAME(waiting_rows)){
            .quick = quick, .lanes = lanes, .free = made->lanes, .rows = left_over < group ? left_over : group,
            .out = out + at * y->out_step,
        };
    }
}

static void NAME(overlaps)(const struct pool_overlaps *p)
{
    const struct pool_axis *const y = p->y, *const x = p->x;
    const int64_t start = p->first * x->stride - x->before, end = start + (p->outputs - 1) * x->stride + x->window;
    const int64_t left = start < 0 ? -start : 0, right = end > x->size ? end - x->size : 0;
    const int64_t top = p->row * y->stride - y->before, bottom = top + (p->rows - 1) * y->stride + y->window;
    NAME(overlap_plan) o = {
        .p = p, .end.none = NAME(leaf)(p->padding, 0, 1, N),
        .left = p->across ? 0 : left, .width = end - start - left - right, .right = right, .segments = 1,
        .low = top < 0 ? 0 : top, .high = bottom < y->size ? bottom : y->size,
    };
    o.segment = o.width * p->inner;
    if (x->in_step != p->inner * (int64_t)sizeof(ELEM)) o.segments = o.width, o.segment = p->inner;
    memset(&o.end.within, -1, (size_t)(o.segment % N) * sizeof(TYPE));

    const char *const in = p->in + (start + left) * x->in_step;
    if (p->across) NAME(nearest_pixels)(&o, left);
#if defined(CHOOSE) && NARROWS
    NAME(short_rows) in_registers;
    if (NAME(are_short)(&o, &in_registers)) {
        NAME(short_overlaps)(&o, &in_registers, in, top);
        return;
    }
#endif
    /* Past the last row, as many as a group that is not whole looks for. */
    const int64_t beyond = p->group * y->stride;
    const int few = bottom - top + beyond <= p->most_taps;
    if (few) NAME(nearest_rows)(&o, top, bottom + beyond, p->taps);
    NAME(waiting_rows) made = NAME(none_made)(&o);
    for (int64_t i = 0; i < p->planes; i++)
        NAME(plane_by_groups)(&o, i, in + i * p->in_step, p->out + i * p->out_step, top, few ? p->taps : NULL, &made);
    if (made.rows) NAME(rows_across)(&o, made.quick, made.lanes, made.rows, made.out);
}
