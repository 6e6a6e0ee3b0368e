/* forward.tmpl.c - the kernels of one reduction over one dtype (struct pool_kernel says what each promises).
 *
 * Parameters: REDUCTION DTYPE LANE   names (LANE one of vec.h's)
 *             ELEM                   the type in memory
 *             WIDEN(elems)           elements to lanes
 *             LEAF(lanes)            what an element is worth before it meets others
 *             RULE(a, b)             the reduction of two
 *             QUICK_RULE(a, b)       the same where neither is NaN, if that is quicker
 *             FOLDED(lanes)          what becomes of a column once its rows are folded, if anything
 *             BETTER(b, a)           for best.tmpl.c, where the reduction picks an element
 *             EMPTY                  the element that takes no part, as bits
 *             IDEMPOTENT             1 where rule(a, a) == a
 *             FUSES                  1 where it has a fused kernel: most of what there is to compile
 *             CUBES                  0 where that does not know windows of three planes
 *             IS_NEAR                1 where what that reads was read just before
 *             NARROWS                1 where it has kernels for whole planes
 *             DIVIDES                1 where that divides its lanes as it writes them
 *             ROOTS                  1 where it writes the roots of its lanes, if anything
 *             PAIR(lanes)            the sums of each two, from a vector of elements half as wide as lanes, if they are
 *             WRITTEN(lanes)         lanes to elements, if the fused kernel may write those
 *
 * No scalar arithmetic: a row shorter than a vector is loaded and stored in part, a longer one ends in a part or in
 * a vector that steps back and overlaps.  Single lanes are only copied, where strides past 2 thin a row. */
#include "pool.h"

#ifndef FOLDED
#define FOLDED(x) (x)
#endif
#ifndef ROOTS
#define ROOTS 0
#endif
#ifndef NARROWS
#define NARROWS 0
#endif
#ifndef CUBES
#define CUBES 1
#endif
#ifndef IS_NEAR
#define IS_NEAR 0
#endif

#define NAME_(part, reduction, dtype, lane) part##_##reduction##_##dtype##_##lane
#define NAME_EXPANDED(part, reduction, dtype, lane) NAME_(part, reduction, dtype, lane)
#define NAME(part) NAME_EXPANDED(part, REDUCTION, DTYPE, LANE)
#define EXPORTED JOIN(ISA, _kernel)
#define VEC JOIN(vec_, LANE)
#define TYPE JOIN(lane_, LANE)
#define N LANES_OF(TYPE)
#define EVEN JOIN(even_, LANE)
#define ODD JOIN(odd_, LANE)
#define SLIDE1 JOIN(slide1_, LANE)
#define SLIDE2 JOIN(slide2_, LANE)
#define SLIDE_BACK JOIN(slide_back_, LANE)

typedef ELEM NAME(elems) __attribute__((vector_size(VECTOR_BYTES / sizeof(TYPE) * sizeof(ELEM))));
typedef NAME(elems) NAME(elems_at) UNALIGNED;
typedef VEC NAME(lanes_at) UNALIGNED;

INLINE VEC NAME(load)(const TYPE *p)
{
    return *(const NAME(lanes_at) *)p;
}

INLINE void NAME(store)(TYPE *p, VEC v)
{
    *(NAME(lanes_at) *)p = v;
}

#if JOIN(HAS_NAN_, LANE)
#define FLOATING 1
#else
#define FLOATING 0
#endif
#define LANES_ARE_SHORT (JOIN(BITS_OF_, LANE) == 16)
#define LANES_ARE_LONG (JOIN(BITS_OF_, LANE) == 64)

#define PARTS_THREES MOVES_LANES(JOIN(BITS_OF_, LANE))      /* windows of 3 side by side, in registers */

#include "finish.tmpl.c"

INLINE void NAME(store_part)(TYPE *p, VEC v, int64_t count)
{
    STORE_PART((char *)p, &v, (size_t)count * sizeof(TYPE));
}

/* Where a column of the window comes from: `n` rows of elements, or one row of lanes (n == 0) already folded.
 * n is a constant wherever this is used, so the rows stay in registers. */
typedef struct {
    const char *rows[POOL_ROWS];
    int n;
} NAME(source);

/* A rule that must mind NaN may have a quick form that need not.  With `doubt` (null or not, a constant) that is what
 * is used, and *doubt gathers the sum of all elements: where it is NaN, the result is worth nothing. */
#if defined(QUICK_RULE) && FLOATING
#define MINDS_NAN 1
#else
#define MINDS_NAN 0
#endif

INLINE VEC NAME(rule)(VEC *doubt, VEC a, VEC b)
{
#if MINDS_NAN
    if (doubt) return QUICK_RULE(a, b);
#else
    (void)doubt;
#endif
    return RULE(a, b);
}

/* The rule over taps[0 .. n), as a tree; its quick form with `doubt`, which is not written. */
INLINE VEC NAME(tree)(VEC *doubt, const VEC *taps, int n)
{
    VEC node[POOL_MERGED];
#pragma GCC unroll 8
    for (int k = 0; k < n; k++) node[k] = taps[k];
#pragma GCC unroll 3
    for (int half = 1; half < n; half *= 2)
#pragma GCC unroll 4
        for (int k = 0; k + half < n; k += 2 * half) node[k] = NAME(rule)(doubt, node[k], node[k + half]);
    return node[0];
}

/* The same, quick where none is NaN. */
INLINE VEC NAME(careful_tree)(const VEC *taps, int n)
{
#if MINDS_NAN
    unsigned any = 0;
#pragma GCC unroll 4
    for (int k = 0; k < n; k += 2) any |= JOIN(UNORDERED_, LANE)(taps[k], taps[k + 1 < n ? k + 1 : k]);
    VEC unasked;
    if (__builtin_expect(!any, 1)) return NAME(tree)(&unasked, taps, n);
#endif
    return NAME(tree)(NULL, taps, n);
}

INLINE NAME(source) NAME(rows)(const char *const *rows, int n)
{
    NAME(source) s = {.n = n};
    for (int i = 0; i < n; i++) s.rows[i] = rows[i];
    return s;
}

INLINE NAME(source) NAME(folded)(const TYPE *acc)
{
    NAME(source) s = {.rows = {(const char *)acc}, .n = 0};
    return s;
}

INLINE VEC NAME(leaf)(const char *row, int64_t at, int whole, int64_t count)
{
    NAME(elems) elems;
    if (whole) elems = *(const NAME(elems_at) *)(row + at * (int64_t)sizeof(ELEM));
    else LOAD_PART(&elems, row + at * (int64_t)sizeof(ELEM), (size_t)count * sizeof(ELEM));
    VEC lanes = WIDEN(elems);
    return LEAF(lanes);
}

/* In a register: what is used twice the compiler would load twice. */
INLINE VEC NAME(kept)(VEC *doubt, VEC v)
{
    if (doubt) KEEP(v);
    return v;
}

/* Columns [at, at + N) of n rows, POOL_GROUP at most, folded; *sum gathers them too. */
INLINE VEC NAME(group_of)(const char *const *rows, int n, VEC *doubt, VEC *sum, int64_t at, int whole, int64_t count)
{
    VEC v = NAME(kept)(doubt, NAME(leaf)(rows[0], at, whole, count));
    *sum += v;
    if (n > 1) {
        const VEC second = NAME(kept)(doubt, NAME(leaf)(rows[1], at, whole, count));
        v = NAME(rule)(doubt, v, second);
        *sum += second;
    }
    if (n > 2) {
        VEC third = NAME(kept)(doubt, NAME(leaf)(rows[2], at, whole, count));
        *sum += third;
        if (n > 3) {
            const VEC fourth = NAME(kept)(doubt, NAME(leaf)(rows[3], at, whole, count));
            third = NAME(rule)(doubt, third, fourth);
            *sum += fourth;
        }
        v = NAME(rule)(doubt, v, third);
    }
    return v;
}

/* The same of three planes of three rows. */
INLINE_UNCHECKED VEC NAME(planes_of)(const char *const *rows, VEC *doubt, VEC *sum, int64_t at, int whole,
                                     int64_t count)
{
    VEC v[3];
#pragma GCC unroll 3
    for (int k = 0; k < 3; k++) v[k] = NAME(group_of)(rows + 3 * k, 3, doubt, sum, at, whole, count);
    return NAME(tree)(doubt, v, 3);
}

/* Columns [at, at + N) of the window, its rows folded; only the first `count` are read unless `whole`. */
INLINE VEC NAME(columns)(const NAME(source) *s, VEC *doubt, int64_t at, int whole, int64_t count)
{
    if (s->n == 0) return NAME(load)((const TYPE *)s->rows[0] + at);
    VEC sum = -(VEC){0}, v;
    if (s->n > POOL_GROUP) v = NAME(planes_of)(s->rows, doubt, &sum, at, whole, count);
    else v = NAME(group_of)(s->rows, s->n, doubt, &sum, at, whole, count);
    if (MINDS_NAN && doubt) *doubt += sum;
    return FOLDED(v);
}

INLINE VEC NAME(column)(const NAME(source) *s, VEC *doubt, int64_t at)
{
    return NAME(columns)(s, doubt, at, 1, N);
}

/* acc[at .. at + count) = columns at .. at + count. */
INLINE void NAME(fold_n)(const char *const *rows, int n, VEC *doubt, int64_t at, int64_t count, TYPE *acc)
{
    const NAME(source) s = NAME(rows)(rows, n);
    const int64_t end = at + count;
    if (count < N) {
        NAME(store)(acc + at, NAME(columns)(&s, doubt, at, 0, count));
        return;
    }
    for (int64_t i = at; i < end; i = stepped(i, N, end)) {
        if (MINDS_NAN && !doubt && n > 1) {
            VEC taps[POOL_GROUP];
#pragma GCC unroll 4
            for (int k = 0; k < n; k++) taps[k] = NAME(leaf)(rows[k], i, 1, N);
            const VEC v = NAME(careful_tree)(taps, n);
            NAME(store)(acc + i, FOLDED(v));
        } else {
            NAME(store)(acc + i, NAME(column)(&s, doubt, i));
        }
    }
}

INLINE void NAME(fold_some)(const char *const *rows, int n, VEC *doubt, int64_t at, int64_t count, TYPE *acc)
{
    switch (n) {
    case 1: NAME(fold_n)(rows, 1, doubt, at, count, acc); break;
    case 2: NAME(fold_n)(rows, 2, doubt, at, count, acc); break;
    case 3: NAME(fold_n)(rows, 3, doubt, at, count, acc); break;
    default: NAME(fold_n)(rows, POOL_GROUP, doubt, at, count, acc);
    }
}

static void NAME(fold)(const char *const *rows, int n, int64_t at, int64_t count, void *acc)
{
    NAME(fold_some)(rows, n, NULL, at, count, acc);
}

#if !IDEMPOTENT
/* Each two rows are met once for the two nodes that they are in. */
static void NAME(nodes)(const char *const *rows, int64_t at, int64_t count, void *const *nodes)
{
    const int64_t end = at + count;
    for (int64_t c = at; c < end; c = stepped(c, N, end)) {
        VEC before = NAME(leaf)(rows[0], c, count >= N, count), pairs[POOL_GROUP + 2];
#pragma GCC unroll 8
        for (int k = 0; k < POOL_GROUP + 2; k++) {
            const VEC row = NAME(leaf)(rows[k + 1], c, count >= N, count);
            pairs[k] = RULE(before, row);
            before = row;
            if (k < 2) continue;
            const VEC node = RULE(pairs[k - 2], pairs[k]);
            NAME(store)((TYPE *)nodes[k - 2] + c, FOLDED(node));
        }
    }
}

/* So many runs of lanes from column c on, and as the last of them with `below` what v holds: a tree, to v. */
INLINE void NAME(tall_level)(const void *const *run, int runs, int below, int vectors, int64_t c, VEC *v)
{
#pragma GCC unroll 4
    for (int i = 0; i < vectors; i++) {
        VEC taps[4];
        if (below) taps[runs] = v[i];
#pragma GCC unroll 4
        for (int k = 0; k < runs; k++) taps[k] = NAME(load)((const TYPE *)run[k] + c + i * N);
        v[i] = NAME(tree)(NULL, taps, runs + below);
    }
}

/* Columns [c, c + vectors*N) of a tall window. */
INLINE void NAME(tall_columns)(const struct pool_tall *w, int vectors, int whole, int64_t c, int64_t count, TYPE *acc)
{
    VEC v[4] = {{0}};
#pragma GCC unroll 4
    for (int i = 0; i < vectors; i++) {
        if (w->rows > 0) v[i] = NAME(leaf)(w->row[0], c + i * N, whole, count);
        if (w->rows > 1) v[i] = RULE(v[i], NAME(leaf)(w->row[1], c + i * N, whole, count));
        if (w->rows > 2) v[i] = RULE(v[i], NAME(leaf)(w->row[2], c + i * N, whole, count));
    }
    int below = w->rows > 0;
    for (int l = 0; l < w->levels; l++) {
        const void *const *const run = w->level[l].run;
        switch (2 * w->level[l].runs + below) {
        case 0: case 1: continue;
        case 2: NAME(tall_level)(run, 1, 0, vectors, c, v); break;
        case 3: NAME(tall_level)(run, 1, 1, vectors, c, v); break;
        case 4: NAME(tall_level)(run, 2, 0, vectors, c, v); break;
        case 5: NAME(tall_level)(run, 2, 1, vectors, c, v); break;
        case 6: NAME(tall_level)(run, 3, 0, vectors, c, v); break;
        case 7: NAME(tall_level)(run, 3, 1, vectors, c, v); break;
        default: NAME(tall_level)(run, 4, 0, vectors, c, v);
        }
        below = 1;
    }
#pragma GCC unroll 4
    for (int i = 0; i < vectors; i++) NAME(store)(acc + c + i * N, v[i]);
}

static void NAME(tall)(const struct pool_tall *w, int64_t at, int64_t count, void *acc)
{
    if (count < N) {
        NAME(tall_columns)(w, 1, 0, at, count, acc);
    } else if (count < 4 * N) {
        for (int64_t c = 0; c < count; c = stepped(c, N, count))
            NAME(tall_columns)(w, 1, 1, at + c, N, acc);
    } else {
        for (int64_t c = 0; c < count; c = stepped(c, 4 * N, count))
            NAME(tall_columns)(w, 4, 1, at + c, N, acc);
    }
}
#endif

typedef TYPE NAME(levels)[POOL_DOWN_LEVELS][POOL_DOWN_BYTES / sizeof(TYPE)];

/* Columns [c, c + N) of a group of rows, `node`, join those of the i groups before in a tree, of which level d holds
 * the run of 2**d of them where bit d of i is set.  What may come in any order has one level. */
INLINE void NAME(join)(VEC *doubt, int64_t i, int top, VEC node, int64_t c, NAME(levels) level)
{
    if (IDEMPOTENT && i > 0) node = NAME(rule)(doubt, NAME(load)(level[0] + c), node);
    for (int d = 0; d < top; d++) node = RULE(NAME(load)(level[d] + c), node);
    NAME(store)(level[top] + c, node);
}

/* What will be read POOL_AHEAD bytes on; and what of short rows that follow each other. */
INLINE void NAME(fetch)(const char *row, int64_t at)
{
    PREFETCH(row + at * (int64_t)sizeof(ELEM) + POOL_AHEAD);
}

INLINE void NAME(fetch_all)(const char *rows, int64_t bytes)
{
    if (bytes > POOL_AHEAD) return;
    for (int64_t b = 0; b < bytes; b += POOL_VECTOR) PREFETCH(rows + b + POOL_AHEAD);
}

/* So many vectors of columns, from c, of group i; row by row, as memory lies: column by column the machine does not see
 * what comes (103 MB of planes 112 x 112: 6.1 ms, so 4.0). */
INLINE void NAME(join_columns)(const NAME(source) *s, VEC *doubt, int64_t i, int top, int vectors, int64_t c,
                               NAME(levels) level)
{
    VEC pair[2][4];
    unsigned any = 0;
#pragma GCC unroll 4
    for (int k = 0; k < POOL_GROUP; k++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            VEC row = NAME(leaf)(s->rows[k], c + v * N, 1, N);
            NAME(fetch)(s->rows[k], c + v * N);
            KEEP(row);
#if MINDS_NAN
            if (doubt && k % 2) any |= JOIN(UNORDERED_, LANE)(pair[k / 2][v], row);
#endif
            pair[k / 2][v] = k % 2 ? NAME(rule)(doubt, pair[k / 2][v], row) : row;
        }
    if (__builtin_expect(any != 0, 0)) *doubt += (TYPE)__builtin_nan("");
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        const VEC node = NAME(rule)(doubt, pair[0][v], pair[1][v]);
        NAME(join)(doubt, i, top, FOLDED(node), c + v * N, level);
    }
}

INLINE void NAME(join_rows)(const NAME(source) *s, VEC *doubt, int64_t i, int top, int vectors, int64_t count,
                            NAME(levels) level)
{
    const int64_t step = vectors * N;
    for (int64_t c = 0; c < count; c = stepped(c, step, count))
        NAME(join_columns)(s, doubt, i, top, vectors, c, level);
}

/* Group i; returns at which level it is. */
INLINE int NAME(join_group)(const NAME(source) *s, VEC *doubt, int64_t i, int64_t count, NAME(levels) level)
{
    const int top = IDEMPOTENT ? 0 : __builtin_ctzll(~(uint64_t)i);
    if (count < N) NAME(join)(doubt, i, top, NAME(columns)(s, doubt, 0, 0, count), 0, level);
    else if (count < 4 * N) NAME(join_rows)(s, doubt, i, top, 1, count, level);
    else if (top == 0) NAME(join_rows)(s, doubt, i, 0, 4, count, level);
    else NAME(join_rows)(s, doubt, i, top, 4, count, level);
    return top;
}

/* The first of `left` rows; after them come rows of padding. */
INLINE NAME(source) NAME(group)(const char *row, int64_t step, int64_t left, const char *padding)
{
    return (NAME(source)){.n = POOL_GROUP, .rows = {left > 0 ? row : padding,
                                                    left > 1 ? row + step : padding,
                                                    left > 2 ? row + 2 * step : padding,
                                                    left > 3 ? row + 3 * step : padding}};
}

INLINE void NAME(fold_rows_down)(const char *row, int64_t step, int64_t n, const char *padding, VEC *doubt,
                                 int64_t count, TYPE *acc)
{
    _Alignas(VECTOR_BYTES) NAME(levels) level;
    const int64_t groups = (n + POOL_GROUP - 1) / POOL_GROUP;
    int top = 0;
    for (int64_t i = 0; i < groups; i++, row += POOL_GROUP * step) {
        const NAME(source) s = NAME(group)(row, step, n - i * POOL_GROUP, padding);
        top = NAME(join_group)(&s, doubt, i, count, level);
    }
    for (int64_t c = 0; c < count; c += N) {
        VEC v = NAME(load)(level[top] + c);
        if (!IDEMPOTENT)
            for (int d = top + 1; groups >> d; d++)
                if (groups >> d & 1) v = RULE(NAME(load)(level[d] + c), v);
        NAME(store)(acc + c, v);
    }
}

/* The same of N columns, from c on, of so few rows that two groups are all, or four. */
INLINE VEC NAME(few_rows)(const char *row, int64_t step, int64_t n, const char *padding, VEC *doubt, int groups,
                          int64_t c)
{
    VEC node[4];
#pragma GCC unroll 4
    for (int k = 0; k < groups; k++, row += POOL_GROUP * step) {
        const int64_t left = n - k * POOL_GROUP;
        const NAME(source) s = NAME(group)(row, step, k < groups / 2 ? POOL_GROUP : left, padding);
        node[k] = NAME(column)(&s, doubt, c);
    }
    const VEC v = NAME(rule)(doubt, node[0], node[1]);
    return groups == 2 ? v : NAME(rule)(doubt, v, NAME(rule)(doubt, node[2], node[3]));
}

/* The same of any number of rows, where they may come in any order. */
INLINE VEC NAME(more_rows)(const char *row, int64_t step, int64_t n, const char *padding, VEC *doubt, int64_t c)
{
    const NAME(source) first = NAME(group)(row, step, n, padding);
    VEC v = NAME(column)(&first, doubt, c);
    for (int64_t r = POOL_GROUP; r < n; r += POOL_GROUP) {
        const NAME(source) s = NAME(group)(row + r * step, step, n - r, padding);
        v = NAME(rule)(doubt, v, NAME(column)(&s, doubt, c));
    }
    return v;
}

/* So many planes of those, each of 2 groups or 4 (a constant) whose rows one vector holds, or of any number (0) whose
 * rows several may; whether there is no NaN. */
INLINE int NAME(few_planes)(int groups, const char *row, int64_t step, int64_t n, const char *padding, int64_t count,
                            int64_t planes, int64_t plane_step, int64_t acc_step, TYPE *acc)
{
    const VEC none = NAME(leaf)(padding, 0, 1, N);
    const int64_t end = count < N ? N : count;
    VEC doubt = {0};
    VEC *const quick = MINDS_NAN ? &doubt : NULL;
    for (int64_t i = 0; i < planes; i++, row += plane_step, acc += acc_step) {
        NAME(fetch_all)(row, n * step);
        if (groups) {
            NAME(store)(acc, NAME(few_rows)(row, step, n, padding, quick, groups, 0));
            NAME(store)(acc + count, none);
            continue;
        }
        for (int64_t c = 0; c < end; c = stepped(c, N, end)) {
            if (IDEMPOTENT) NAME(store)(acc + c, NAME(more_rows)(row, step, n, padding, quick, c));
            else if (n <= 2 * POOL_GROUP) NAME(store)(acc + c, NAME(few_rows)(row, step, n, padding, quick, 2, c));
            else NAME(store)(acc + c, NAME(few_rows)(row, step, n, padding, quick, 4, c));
        }
        for (int64_t c = count; c < acc_step; c += N) NAME(store)(acc + c, none);
    }
    return !JOIN(ANY_NAN_, LANE)(doubt);
}

/* How many planes that is done for: none, or those that are loose, or all whose rows are vectors; of small ones, since
 * it goes from column to column. */
INLINE int64_t NAME(fold_few_down)(const char *row, int64_t step, int64_t n, const char *padding, int64_t count,
                                   int64_t planes, int64_t loose, int64_t plane_step, int64_t acc_step, TYPE *acc)
{
    if (n <= POOL_GROUP || (n > 4 * POOL_GROUP && !IDEMPOTENT) || n * step > POOL_AHEAD || count > 6 * N) return 0;
    const int64_t done = count > N ? planes : loose;
#define FEW(groups) done * NAME(few_planes)(groups, row, step, n, padding, count, done, plane_step, acc_step, acc)
    if (count > N || n > 4 * POOL_GROUP) return FEW(0);
    return n > 2 * POOL_GROUP ? FEW(4) : FEW(2);
#undef FEW
}

static void NAME(fold_down)(const char *row, int64_t step, int64_t n, const char *padding, int64_t count,
                            int64_t planes, int64_t loose, int64_t plane_step, int64_t acc_step, void *acc)
{
    const VEC none = NAME(leaf)(padding, 0, 1, N);
    for (int64_t i = NAME(fold_few_down)(row, step, n, padding, count, planes, loose, plane_step, acc_step, acc);
         i < planes; i++) {
        const char *const from = row + i * plane_step;
        TYPE *const to = (TYPE *)acc + i * acc_step;
        const int64_t width = i < loose && count < N ? N : count;
        const char *const rows[POOL_GROUP] = {from, from + step, from + 2 * step, from + 3 * step};
        VEC doubt = {0};
        VEC *const quick = MINDS_NAN ? &doubt : NULL;
        if (planes > 1 && n <= POOL_GROUP) NAME(fetch_all)(from, n * step);
        if (n <= POOL_GROUP) NAME(fold_some)(rows, (int)n, quick, 0, width, to);
        else NAME(fold_rows_down)(from, step, n, padding, quick, width, to);
        if (JOIN(ANY_NAN_, LANE)(doubt)) NAME(fold_rows_down)(from, step, n, padding, NULL, width, to);
        for (int64_t c = count; c < acc_step; c += N) NAME(store)(to + c, none);
    }
}

#define BY_LANES (DIVIDES && FLOATING)      /* sums may be divided as they are written */

/* Lanes i, i + 1, ... over the divisors of those. */
INLINE VEC NAME(by_lanes)(VEC v, const struct pool_divisors *d, int64_t i)
{
#if BY_LANES
    return JOIN(QUOTIENT_, LANE)(v, NAME(load)((const TYPE *)d->by + i), NAME(load)((const TYPE *)d->inverse + i));
#else
    (void)d, (void)i;
    return v;
#endif
}

/* dst[i] = rule over rows[0 .. n)[i], over by[i] unless that is null, i in [at, end).  dst may be one of the rows, and
 * those start anywhere after it.  `quick` where there is no NaN; `exact` where nothing past the end of dst may be
 * written. */
INLINE void NAME(merge_n)(int quick, int exact, const struct pool_divisors *by, TYPE *dst, const void *const *rows,
                          int n, int64_t at, int64_t end)
{
    VEC unasked;
    const TYPE *row[POOL_MERGED];
    for (int k = 0; k < n; k++) row[k] = rows[k];
    for (int64_t i = at; i < end; i += N) {
        VEC taps[POOL_MERGED];
#pragma GCC unroll 8
        for (int k = 0; k < n; k++) taps[k] = NAME(load)(row[k] + i);
        VEC v = quick ? NAME(tree)(&unasked, taps, n) : NAME(careful_tree)(taps, n);
        if (by) v = NAME(by_lanes)(v, by, i);
        if (exact && end - i < N) NAME(store_part)(dst + i, v, end - i);
        else NAME(store)(dst + i, v);
    }
}

INLINE void NAME(merge_some)(int quick, int exact, const struct pool_divisors *by, TYPE *dst, const void *const *rows,
                             int n, int64_t at, int64_t end)
{
    switch (n) {
    case 2: NAME(merge_n)(quick, exact, by, dst, rows, 2, at, end); break;
    case 3: NAME(merge_n)(quick, exact, by, dst, rows, 3, at, end); break;
    case 4: NAME(merge_n)(quick, exact, by, dst, rows, 4, at, end); break;
    case 5: NAME(merge_n)(quick, exact, by, dst, rows, 5, at, end); break;
    case 6: NAME(merge_n)(quick, exact, by, dst, rows, 6, at, end); break;
    default: NAME(merge_n)(quick, exact, by, dst, rows, POOL_MERGED, at, end);
    }
}

static __attribute__((noinline)) void NAME(merge)(void *dst, const void *const *rows, int n, int64_t at, int64_t count)
{
    NAME(merge_some)(0, 0, NULL, dst, rows, n, at, at + count);
}

static __attribute__((noinline)) void NAME(merge_either)(int quick, int exact, const struct pool_divisors *by,
                                                         TYPE *dst, const void *const *rows, int n, int64_t count)
{
    if (BY_LANES && by) NAME(merge_some)(0, 1, by, dst, rows, n, 0, count);
    else if (MINDS_NAN && quick) NAME(merge_some)(1, exact, NULL, dst, rows, n, 0, count);
    else NAME(merge_some)(0, exact, NULL, dst, rows, n, 0, count);
}

#if PARTS_THREES
/* Every third of 3 N lanes, from lane `first` on.  No two of those have the same place in their vectors. */
INLINE VEC NAME(third)(VEC a, VEC b, VEC c, int first)
{
    JOIN(mask_, LANE) of_b = {0}, of_c = {0}, from = {0};
#pragma GCC unroll 64
    for (int i = 0; i < N; i++) {
        const int at = first + 3 * i, place = at % N;
        from[i] = (__typeof__(from[0]))place;
        of_b[place] = at / N == 1 ? -1 : 0;
        of_c[place] = at / N == 2 ? -1 : 0;
    }
    const VEC all = PICK(of_c, c, PICK(of_b, b, a));
    return SHUFFLE(all, from);
}
#endif

/* Windows of 2 or 3, of which `first` are the first taps and `next` those of the windows N further on; at stride 2
 * `odd` are the second. */
INLINE VEC NAME(slid)(VEC *doubt, int window, int stride, VEC first, VEC odd, VEC next)
{
    VEC v = NAME(rule)(doubt, first, stride == 2 ? odd : SLIDE1(first, next));
    if (window == 3) v = NAME(rule)(doubt, v, stride == 2 ? SLIDE1(first, next) : SLIDE2(first, next));
    return v;
}

#if FUSES
static void NAME(taps_at_end)(NAME(source) s, int quick, int64_t at, int window, int stride, int64_t outputs,
                              const struct pool_finish *how, char *dst);

/* The sums of the pairs of elements [at, at + 2 N), the window's rows folded. */
INLINE VEC NAME(pairs)(const NAME(source) *s, VEC *doubt, int64_t at)
{
#ifdef PAIR
    VEC sum = {0};
#pragma GCC unroll 4
    for (int i = 0; i < s->n; i++) {
        const VEC both = *(const NAME(lanes_at) *)(s->rows[i] + at * (int64_t)sizeof(ELEM));
        sum += PAIR(both);
    }
    if (s->n > 0) return sum;
#endif
    const VEC a = NAME(column)(s, doubt, at), b = NAME(column)(s, doubt, at + N);
    return NAME(rule)(doubt, EVEN(a, b), ODD(a, b));
}

/* The last of them, of which `left` elements are there: fewer than 2 N. */
INLINE VEC NAME(last_pairs)(const NAME(source) *s, VEC *doubt, int64_t at, int64_t left)
{
    const VEC a = NAME(columns)(s, doubt, at, left >= N, left);
    const VEC b = left > N ? NAME(columns)(s, doubt, at + N, 0, left - N) : a;
    return NAME(rule)(doubt, EVEN(a, b), ODD(a, b));
}

#if PARTS_THREES
/* Windows of 3 side by side from column `at` on, of which `outputs` are wanted: no more is read than those need. */
INLINE VEC NAME(side_by_side)(const NAME(source) *s, VEC *doubt, int64_t at, int64_t outputs)
{
    const VEC a = NAME(column)(s, doubt, at), b = 3 * outputs > N ? NAME(column)(s, doubt, at + N) : a;
    const VEC c = 3 * outputs > 2 * N ? NAME(column)(s, doubt, at + 2 * N) : a;
    const VEC v = NAME(rule)(doubt, NAME(third)(a, b, c, 0), NAME(third)(a, b, c, 1));
    return NAME(rule)(doubt, v, NAME(third)(a, b, c, 2));
}
#endif

/* Windows of 2 or 3 along a row of single elements (inner == 1), stride up to 3, that keep within the row.  Each column
 * is folded once and slides over to the next vector in a register.  Window and stride are constants; a `loose` row is
 * read and written in whole vectors past its end. */
INLINE void NAME(taps)(const NAME(source) *s, VEC *doubt, int window, int stride, int64_t outputs, int loose,
                       NAME(finish) f, char *dst)
{
    const int64_t width = (outputs - 1) * stride + window;
    const int64_t ahead = window == stride ? window * N : stride == 2 ? 4 * N : 2 * N;      /* that a step touches */
    const int64_t last = loose ? outputs - (window > stride) * N : width < ahead ? 0 : (width - ahead) / stride + 1;
    int64_t i = 0;              /* a step begins before `last` */
    if (window == 2 && stride == 2) {
        for (; i < last; i += N) NAME(put)(dst, i, NAME(pairs)(s, doubt, 2 * i), f, 1, N);
        if (i < outputs)
            NAME(put)(dst, i, NAME(last_pairs)(s, doubt, 2 * i, 2 * (outputs - i)), f, 0, outputs - i);
        return;
#if PARTS_THREES
    } else if (window == stride) {
        for (; i + N < last; i += N) NAME(put)(dst, i, NAME(side_by_side)(s, doubt, 3 * i, N), f, 1, N);
        if (i < last) {
            NAME(put)(dst, i, NAME(side_by_side)(s, doubt, 3 * i, outputs - i), f, 1, N);
            i += N;
        }
#endif
    } else if (loose || last > 0) {
        VEC a = NAME(column)(s, doubt, 0), b = a, first = a;
        if (stride == 2) b = NAME(column)(s, doubt, N), first = EVEN(a, b);
        for (; i < last; i += N) {
            const VEC odd = ODD(a, b);
            a = NAME(column)(s, doubt, stride * (i + N));
            if (stride == 2) b = NAME(column)(s, doubt, 2 * (i + N) + N);
            const VEC next = stride == 2 ? EVEN(a, b) : a;
            NAME(put)(dst, i, NAME(slid)(doubt, window, stride, first, odd, next), f, 1, N);
            first = next;
        }
        if (loose) {            /* of the next windows no more than a column or two is wanted */
            VEC next = first;
            if (stride == 1 || i + N == outputs) next = NAME(column)(s, doubt, stride * (i + N));
            NAME(put)(dst, i, NAME(slid)(doubt, window, stride, first, ODD(a, b), next), f, 1, N);
            return;
        }
    }
    if (i < outputs)
        NAME(taps_at_end)(*s, MINDS_NAN, i * stride, window, stride, outputs - i, f.all, dst + i * NAME(width)(f));
}

/* The windows that have a path of their own along a row of single elements. */
INLINE void NAME(taps_of)(const NAME(source) *s, VEC *doubt, int window, int64_t stride, int64_t outputs, int loose,
                          NAME(finish) f, char *dst)
{
    if (window == 2 && stride == 2) NAME(taps)(s, doubt, 2, 2, outputs, loose, f, dst);
    else if (window == 2) NAME(taps)(s, doubt, 2, 1, outputs, loose, f, dst);
#if PARTS_THREES
    else if (stride == 3) NAME(taps)(s, doubt, 3, 3, outputs, loose, f, dst);
#endif
    else if (stride == 2) NAME(taps)(s, doubt, 3, 2, outputs, loose, f, dst);
    else NAME(taps)(s, doubt, 3, 1, outputs, loose, f, dst);
}

/* A row of lanes, which may be read past its end. */
static __attribute__((noinline)) void NAME(taps_of_lanes)(const TYPE *acc, int window, int64_t stride, int64_t outputs,
                                                          TYPE *dst)
{
    const NAME(source) s = NAME(folded)(acc);
    NAME(taps_of)(&s, NULL, window, stride, outputs, 1, NAME(untouched), (char *)dst);
}

/* to[0 .. width) = columns from `at` on; no others are read. */
INLINE void NAME(columns_to)(const NAME(source) *s, VEC *doubt, int64_t at, int64_t width, TYPE *to)
{
    if (width < N) NAME(store)(to, NAME(columns)(s, doubt, at, 0, width));
    for (int64_t i = 0; width >= N && i < width; i = stepped(i, N, width))
        NAME(store)(to + i, NAME(column)(s, doubt, at + i));
}

/* The last outputs of a row, POOL_AT_END vectors at most, from column `at` on: by way of rows that are loose.  `quick`
 * where there may be no NaN. */
static __attribute__((noinline)) void NAME(taps_at_end)(NAME(source) s, int quick, int64_t at, int window, int stride,
                                                        int64_t outputs, const struct pool_finish *how, char *dst)
{
    const NAME(finish) f = NAME(finish_of)(how);
    TYPE columns[(3 * POOL_AT_END + 1) * N], results[POOL_AT_END * N];
    const int64_t width = (outputs - 1) * stride + window, end = stride * ((outputs + N - 1) / N) * N + N;
    VEC doubt = {0};
    /* What lies past the end may be subnormal, which is slow to multiply (8 planes of 8 x 8: a tenth of the call). */
    for (int64_t i = width / N * N; i < end; i += N) NAME(store)(columns + i, (VEC){0});
    if (quick) NAME(columns_to)(&s, &doubt, at, width, columns);
    if (!quick || JOIN(ANY_NAN_, LANE)(doubt)) NAME(columns_to)(&s, NULL, at, width, columns);
    NAME(taps_of_lanes)(columns, window, stride, outputs, results);
    for (int64_t i = 0; i < outputs; i += N)
        NAME(put)(dst, i, NAME(load)(results + i), f, outputs - i >= N, outputs - i);
}
#endif

/* What comes in each of a source's rows, where it is far: narrow elements are read in parts of lines, of which the
 * machine does not look ahead enough (103 MB of float16, 64 channels, averages of 2x2: 1.31 of the floor, so 0.97). */
INLINE void NAME(fetch_pixels)(const NAME(source) *s, int far, int64_t at)
{
    if (!far) return;
#pragma GCC unroll 4
    for (int k = s->n > POOL_GROUP ? 6 : 0; k < s->n; k++) NAME(fetch)(s->rows[k], at);
}

/* Windows of any size along a row of `inner` >= N elements side by side; nothing is shuffled. */
INLINE void NAME(pixels)(const NAME(source) *s, VEC *doubt, int far, int64_t inner, int64_t window, int64_t step,
                         int64_t tap_step, int64_t outputs, NAME(finish) f, char *dst)
{
    for (int64_t o = 0; o < outputs; o++) {
        for (int64_t c = 0; c < inner; c = stepped(c, N, inner)) {
            const int64_t at = o * step + c;
            VEC tree[POOL_LEAVES];
            f.far = far && c * (int64_t)sizeof(TYPE) % POOL_VECTOR == 0;      /* once a line */
            NAME(fetch_pixels)(s, far, at);
            tree[0] = NAME(column)(s, doubt, at);
            if (IDEMPOTENT) {
                for (int64_t t = 1; t < window; t++)
                    tree[0] = NAME(rule)(doubt, tree[0], NAME(column)(s, doubt, at + t * tap_step));
            } else {
                for (int64_t t = 1; t < window; t++) tree[t] = NAME(column)(s, doubt, at + t * tap_step);
                for (int64_t half = 1; half < window; half *= 2)
                    for (int64_t t = 0; t + half < window; t += 2 * half) tree[t] = RULE(tree[t], tree[t + half]);
            }
            NAME(put)(dst, o * inner + c, tree[0], f, 1, N);
        }
    }
}

#if FUSES
/* One tap or two are left of a window at the edge: columns [at, at + taps), of rows shorter than a vector or of
 * pixels. */
static __attribute__((noinline)) void NAME(edge)(const NAME(source) *s, int64_t inner, int64_t at, int taps,
                                                 const struct pool_finish *how, char *dst)
{
    const NAME(finish) f = NAME(finish_of)(how);
    if (inner == 1) {
        TYPE columns[2];
        for (int t = 0; t < taps; t++) columns[t] = NAME(columns)(s, NULL, at + t, 0, 1)[0];
        const VEC first = (VEC){0} + columns[0];
        NAME(put)(dst, 0, taps == 2 ? RULE(first, (VEC){0} + columns[1]) : first, f, 0, 1);
        return;
    }
    for (int64_t c = 0; c < inner; c = stepped(c, N, inner)) {
        VEC v = NAME(column)(s, NULL, at * inner + c);
        if (taps == 2) v = RULE(v, NAME(column)(s, NULL, (at + 1) * inner + c));
        NAME(put)(dst, c, v, f, 1, N);
    }
}

/* Those of rows [low, high).  Apart from the loop that needs it, whose registers are few. */
static __attribute__((noinline)) void NAME(edges)(NAME(source) s, int64_t inner, int window, int64_t low, int64_t high,
                                                  const struct pool_edges *edges, char *dst, int64_t outputs)
{
    const NAME(finish) at_first = NAME(finish_of)(&edges->first), at_last = NAME(finish_of)(&edges->last);
    char *const before = dst - inner * NAME(width)(at_first);
    char *const after = dst + outputs * inner * NAME(width)(at_last);
    if (window < 3 || s.n < 3 || inner > 1 || high - low < N) {
        if (edges->before) NAME(edge)(&s, inner, low, window - 1, &edges->first, before);
        if (edges->after) NAME(edge)(&s, inner, high - window + 1, window - 1, &edges->last, after);
        return;
    }
    VEC unsure = {0}, *const doubt = MINDS_NAN ? &unsure : NULL;        /* whole vectors, of windows of 3 */
    VEC v = {0}, last = {0};
    if (edges->before) v = NAME(column)(&s, doubt, low);
    if (edges->after) last = NAME(column)(&s, doubt, high - N);
    if (doubt && JOIN(ANY_NAN_, LANE)(unsure)) {
        if (edges->before) v = NAME(column)(&s, NULL, low);
        if (edges->after) last = NAME(column)(&s, NULL, high - N);
    }
    if (edges->before) NAME(put)(before, 0, RULE(v, SLIDE1(v, v)), at_first, 0, 1);
    if (edges->after) {
        last = RULE(last, SLIDE1(last, last));
        last[0] = last[N - 2];
        NAME(put)(after, 0, last, at_last, 0, 1);
    }
}

/* Windows of 3 at stride 1 or 2, outputs [first, last) of a row, all elements side by side, up to `most` vectors of
 * them at a time: columns that windows share are folded once and stay in registers. */
INLINE void NAME(pixels_of_3)(const NAME(source) *s, VEC *doubt, int most, int far, int64_t inner, int even, int stride,
                              int64_t first, int64_t last, NAME(finish) f, char *dst)
{
    for (int64_t c = 0; c < inner;) {
        const int vectors = inner - c < most * N ? (int)((inner - c + N - 1) / N) : most;
        /* The last steps back where it would end past the pixel (17: one pass of two vectors, so 1.4 to 1.1). */
        const int64_t back = even || inner - c >= vectors * N ? 0 : vectors * N - (inner - c);
        VEC a[4] = {{0}}, b[4] = {{0}};
#pragma GCC unroll 4
        for (int v = 0; v < most; v++) {
            if (v == vectors) break;
            const int64_t at = first * stride * inner + c + v * N - (!even && v + 1 == vectors ? back : 0);
            a[v] = NAME(column)(s, doubt, at);
            if (stride == 1) b[v] = NAME(column)(s, doubt, inner + at);
        }
        for (int64_t o = first; o < last; o++)
#pragma GCC unroll 4
            for (int v = 0; v < most; v++) {
                if (v == vectors) break;
                const int64_t at = c + v * N - (!even && v + 1 == vectors ? back : 0);
                if (stride == 2) {
                    NAME(fetch_pixels)(s, far, (2 * o + 1) * inner + at);
                    b[v] = NAME(column)(s, doubt, (2 * o + 1) * inner + at);
                }
                NAME(fetch_pixels)(s, far, (o * stride + 2) * inner + at);
                const VEC next = NAME(column)(s, doubt, (o * stride + 2) * inner + at);
                VEC result = NAME(rule)(doubt, a[v], b[v]);
                result = NAME(rule)(doubt, result, next);
                f.far = far && v * VECTOR_BYTES % POOL_VECTOR == 0;
                NAME(put)(dst, o * inner + at, result, f, 1, N);
                a[v] = stride == 1 ? b[v] : next;
                b[v] = next;
            }
        c += vectors * N;
    }
}

static int NAME(fuses)(int n, int64_t inner, int64_t window, int64_t stride, int64_t dilation)
{
    if (dilation != 1 || !(n == 1 || n == window || n == window * window) || (n > POOL_GROUP && !CUBES)) return 0;
    if (inner >= N) return window == 2 || window == 3;
    return inner == 1 && ((window == 2 && stride <= 2) || (window == 3 && stride <= 2 + PARTS_THREES));
}

/* A row of windows of pixels, of n rows, so many of which slide past each other at once, or 0; n and `far` are
 * constants. */
INLINE void NAME(pixel_row)(const NAME(source) *s, int n, VEC *doubt, int far, int64_t inner, int window,
                            int64_t stride, int64_t outputs, int64_t slides, NAME(finish) f, char *dst)
{
    f.far = far;
    if (window != 3 || n < 3 || stride > 2 || !slides) {
        NAME(pixels)(s, doubt, far, inner, window, stride * inner, inner, outputs, f, dst);
        return;
    }
#define OF_3(most, even, stride) NAME(pixels_of_3)(s, doubt, most, far, inner, even, stride, o, end, f, dst)
    for (int64_t o = 0, end; o < outputs; o = end) {
        end = outputs - o < slides ? outputs : o + slides;
        if (n > POOL_GROUP) OF_3(1, 0, (int)stride);
        else if (stride == 2 && inner % N) OF_3(4, 0, 2);
        else if (stride == 2) OF_3(4, 1, 2);
        else if (inner % N) OF_3(4, 0, 1);
        else OF_3(4, 1, 1);
    }
#undef OF_3
}

/* A row.  What is asked of each vector, where all is in cache, takes as long as the rest (baseline, 56x56x32, averages
 * of 2x2: 1.5 of the time). */
INLINE void NAME(fused_row)(const NAME(source) *s, int n, VEC *doubt, int64_t inner, int window, int64_t stride,
                            int64_t outputs, int loose, int64_t slides, int far, NAME(finish) f, char *dst)
{
    if (n > POOL_GROUP) {       /* asked all the same: so many rows hide it, and one variant is enough to compile */
        f.far = far;
        if (inner == 1) NAME(taps_of)(s, doubt, window, stride, outputs, loose, f, dst);
        else NAME(pixel_row)(s, n, doubt, far, inner, window, stride, outputs, slides, f, dst);
    } else if (inner == 1) {
        f.far = 1;
        if (far && stride == 1) {
            NAME(taps_of)(s, doubt, window, 1, outputs, loose, f, dst);
            return;
        }
        f.far = 0;
        NAME(taps_of)(s, doubt, window, stride, outputs, loose, f, dst);
    } else if (far) {
        NAME(pixel_row)(s, n, doubt, 1, inner, window, stride, outputs, slides, f, dst);
    } else {
        NAME(pixel_row)(s, n, doubt, 0, inner, window, stride, outputs, slides, f, dst);
    }
}

/* The same where there are NaN. */
INLINE void NAME(careful_row)(const NAME(source) *s, int64_t inner, int window, int64_t stride, int64_t outputs,
                              NAME(finish) f, char *dst)
{
    if (inner > 1) {
        NAME(pixels)(s, NULL, 0, inner, window, stride * inner, inner, outputs, f, dst);
        return;
    }
    for (int64_t i = 0, most = POOL_AT_END * N; i < outputs; i += most)
        NAME(taps_at_end)(*s, 0, i * stride, window, (int)stride, outputs - i < most ? outputs - i : most, f.all,
                          dst + i * NAME(width)(f));
}

/* How many windows of pixels slide past each other at once, or 0.  Sliding goes along the row once for every few
 * vectors of a pixel, so the rows must stay in L1: else a part of them at a time (56x56x64 in L2, AVX2, maxima: 78 us,
 * so 38; 28x28x256, sums: 59, so 38; but sums from memory, or at stride 2, take 1.08 of it). */
INLINE int64_t NAME(sliding)(int n, int64_t inner, int64_t stride, int64_t outputs, enum pool_distance far)
{
    if (inner <= 4 * N) return outputs;
    const int64_t room = POOL_L1_BYTES / (n * stride * inner * (int64_t)sizeof(ELEM));
    if (room >= outputs) return outputs;
    return room >= 4 && stride == 1 && (IDEMPOTENT || far < POOL_FAR) ? room : 0;
}

INLINE void NAME(fused_rows)(const char *const *rows, int n, int64_t inner, int window, int64_t stride, int64_t outputs,
                             int64_t repeats, int64_t loose, int64_t slides, int far, int64_t in_step, int64_t out_step,
                             NAME(finish) f, const struct pool_edges *edges, char *dst)
{
    const int64_t low = edges->before ? 1 - stride : 0;
    const int64_t high = edges->after ? outputs * stride + window - 1 : (outputs - 1) * stride + window;
    const int edged = edges->before || edges->after;
    const int64_t apart = rows[n > 1] - rows[0];
    NAME(source) s = NAME(rows)(rows, n);
    int careful = 0;            /* rows, from one with NaN on: where there are some there are more */
    for (int64_t r = 0; r < repeats; r++, dst += out_step) {
        VEC doubt = {0};
        VEC *const quick = MINDS_NAN ? &doubt : NULL;
        for (int k = 0; far && k < n; k += POOL_GROUP - 1)
            NAME(fetch_all)(s.rows[k], n > 1 && n * apart < in_step ? n * apart : in_step);
        if (careful == 0) {
            NAME(fused_row)(&s, n, quick, inner, window, stride, outputs, r < loose, slides, far, f, dst);
            if (quick && JOIN(ANY_NAN_, LANE)(doubt)) careful = POOL_CAREFUL;
        }
        if (careful > 0) {
            NAME(careful_row)(&s, inner, window, stride, outputs, f, dst);
            careful--;
        }
        if (edged) NAME(edges)(s, inner, window, low, high, edges, dst, outputs);
        for (int i = 0; i < n; i++)
            if (n <= POOL_GROUP || s.rows[i] != edges->padding) s.rows[i] += in_step;
    }
}

/* Of single elements at stride 2 each row asks for nothing that is the same for all (float32 of 56 x 56 in L1, ns a
 * plane: maxima of 2 x 2 162, so 146, averages 133, so 112). */
INLINE void NAME(fused_n)(const char *const *rows, int n, int64_t inner, int window, int64_t stride, int64_t outputs,
                          int64_t repeats, int64_t loose, enum pool_distance far, int64_t in_step, int64_t out_step,
                          NAME(finish) f, const struct pool_edges *edges, char *dst)
{
#define ROWS_OF(inner, stride, slides) \
    NAME(fused_rows)(rows, n, inner, window, stride, outputs, repeats, loose, slides, far != POOL_IN_CACHE, in_step, \
                     out_step, f, edges, dst)
    if (inner == 1 && stride == 2) ROWS_OF(1, 2, 0);
    else ROWS_OF(inner, stride, NAME(sliding)(n, inner, stride, outputs, far));
#undef ROWS_OF
}

static void NAME(fused)(const char *const *rows, int n, int64_t inner, int64_t window, int64_t stride, int64_t outputs,
                        int64_t repeats, int64_t loose, enum pool_distance far, int64_t in_step, int64_t out_step,
                        const struct pool_finish *how, const struct pool_edges *edges, void *dst)
{
#define FUSED_N(n, window) \
    NAME(fused_n)(rows, n, inner, window, stride, outputs, repeats, loose, far, in_step, out_step, f, edges, dst)
#define FUSED_2 \
    switch (n) {                            \
    case 1: FUSED_N(1, 2); break;           \
    case 2: FUSED_N(2, 2); break;           \
    default: FUSED_N(4, 2);                 \
    }
    NAME(finish) f = NAME(finish_of)(how);
    if (IS_NEAR) far = POOL_IN_CACHE;
    if (CUBES && n > POOL_GROUP) {
        NAME(fused_rows)(rows, POOL_ROWS, inner, 3, stride, outputs, repeats, loose,
                         NAME(sliding)(POOL_ROWS, inner, stride, outputs, far), far != POOL_IN_CACHE, in_step, out_step,
                         f, edges, dst);
        return;
    }
#if ROUNDS
    /* What is asked of each vector costs as much as the rest (uint8, 56x56, 2x2). */
    if (f.how == NAME(rounded) && f.rounds.shift && f.as_elements && window == 2) {
        f.how = NAME(shifted), f.as_elements = 1, f.wide = POOL_NOT_WIDE;
        FUSED_2
        return;
    }
#endif
    if (window == 2) FUSED_2
    else if (n == 1) FUSED_N(1, 3);
    else FUSED_N(3, 3);
#undef FUSED_2
#undef FUSED_N
}

#else
static int NAME(fuses)(int n, int64_t inner, int64_t window, int64_t stride, int64_t dilation)
{
    (void)n, (void)inner, (void)window, (void)stride, (void)dilation;
    return 0;
}
#endif

#if NARROWS
/* Of a window of which so many elements count. */
INLINE double NAME(divisor_of)(const struct pool_planes *p, int64_t counted)
{
    return p->divisor > 0 ? p->divisor : (double)counted;
}

/* Lane l of divisors and their inverses. */
INLINE void NAME(divide_by)(const struct pool_planes *p, int64_t counted, int64_t l, VEC *by, VEC *inverse)
{
    const double divisor = NAME(divisor_of)(p, counted);
    (*by)[l] = (TYPE)divisor;
    (*inverse)[l] = (TYPE)pool_inverse((int64_t)divisor);
}

enum { NAME(narrow_vectors) = sizeof(TYPE) == 1 ? 2 : POOL_NARROW };      /* of a row, at most; bytes are turned */

typedef struct {
    int divides, as_elements, pairs;    /* `pairs`: of vectors in a row */
    int far;                    /* whether rows of whole vectors are fetched to be written; short ones gain nothing */
    int64_t whole;              /* vectors, from the first, that are so, as is the one after them; an even number */
    VEC none;                   /* what takes no part */
    JOIN(mask_, LANE) within;   /* the columns that there are of the last vector */
    JOIN(mask_, LANE) taps[3];  /* of outputs in a row that a vector holds */
    /* How outputs are divided, by rows counted. */
#if ROUNDS
    int rounds_all;             /* or makes floats */
    NAME(rounds) rounds[3][NAME(narrow_vectors)];
    struct pool_finish finish;
    struct pool_divisors wide[3][NAME(narrow_vectors)];
#else
    VEC by[3][NAME(narrow_vectors)], inverse[3][NAME(narrow_vectors)];
#endif
} NAME(narrow_plan);

/* Whether one vector holds a row, and a shuffle of it what windows meet.  What takes no part needs a lane of its own;
 * where a rule may meet an element twice, the nearest stands for it. */
INLINE int NAME(shuffles)(const struct pool_axis *x)
{
    const int all_inside = x->before == 0 && (x->outputs - 1) * x->stride + 3 <= x->size;
    return JOIN(SHUFFLES_, VECTOR_BYTES)(sizeof(TYPE)) && x->outputs <= N &&
           (x->size < N || (x->size == N && (IDEMPOTENT || all_inside)));
}

/* Columns [v*N, (v + 1)*N) of a row of `width`, the window's rows folded. */
INLINE VEC NAME(narrow_columns)(const NAME(source) *s, const NAME(narrow_plan) *plan, VEC *doubt, int64_t v,
                                int64_t width, int whole, int loose)
{
    const int64_t left = width - v * N;
    if (whole || left >= N) return NAME(column)(s, doubt, v * N);
    if (left <= 0) return plan->none;
    const VEC all = NAME(columns)(s, doubt, v * N, loose, left);
    return PICK(plan->within, all, plan->none);
}

/* Vector v of a row of outputs. */
INLINE void NAME(put_narrow)(const struct pool_planes *p, const NAME(narrow_plan) *plan, int64_t counted, int64_t v,
                             VEC windows, int whole, int loose, char *out)
{
    const int64_t left = p->x->outputs - v * N;
    NAME(finish) f = {.as_elements = plan->as_elements, .far = whole && plan->far};
    if (!whole && left <= 0) return;
#if ROUNDS
    if (WIDENS) f.wide = plan->finish.wide, f.all = &plan->finish;
    if (plan->rounds_all) {
        f.how = MAKES_FLOATS && plan->finish.wide ? NAME(floats) : NAME(rounded);
        f.rounds = plan->rounds[counted - 1][v];
        f.by_lanes = &plan->wide[counted - 1][v];
    }
#else
    if (plan->divides) {
        f.how = NAME(nearly_times);
        f.by = plan->by[counted - 1][v];
        f.inverse = plan->inverse[counted - 1][v];
    }
#endif
    NAME(put)(out, v * N, windows, f, whole || loose || left >= N, left);
}

/* The windows along N columns, `here`, between those before and after. */
INLINE VEC NAME(narrow_windows)(const struct pool_planes *p, VEC *doubt, VEC prior, VEC here, VEC after)
{
    if (!p->x->before) return NAME(slid)(doubt, 3, 1, here, here, after);
    const VEC two = NAME(rule)(doubt, SLIDE_BACK(prior, here), here);
    return NAME(rule)(doubt, two, SLIDE1(here, after));
}

/* The outputs of vectors v and v + 1 of columns, of which `here` are the first and `prior` those before; `after` may be
 * none after the second. */
INLINE void NAME(narrow_pair)(const struct pool_planes *p, const NAME(narrow_plan) *plan, VEC *doubt, int last,
                              const NAME(source) *s, int64_t counted, int64_t v, VEC *prior, VEC *here, int whole,
                              int loose, char *out)
{
    VEC windows[2];
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) {
        const VEC after = last && h == 1
                              ? plan->none
                              : NAME(narrow_columns)(s, plan, doubt, v + h + 1, p->x->size, whole, loose);
        windows[h] = NAME(narrow_windows)(p, doubt, *prior, *here, after);
        *prior = *here, *here = after;
    }
    if (p->x->stride == 2) {
        NAME(put_narrow)(p, plan, counted, v / 2, EVEN(windows[0], windows[1]), whole, loose, out);
    } else {
        NAME(put_narrow)(p, plan, counted, v, windows[0], whole, loose, out);
        NAME(put_narrow)(p, plan, counted, v + 1, windows[1], whole, loose, out);
    }
}

/* A row of outputs of which one vector holds all that windows meet. */
INLINE void NAME(narrow_one)(const struct pool_planes *p, const NAME(narrow_plan) *plan, VEC *doubt,
                             const NAME(source) *s, int64_t counted, int loose, char *out)
{
    const VEC here = NAME(narrow_columns)(s, plan, doubt, 0, p->x->size, 0, loose);
    const VEC windows = NAME(narrow_windows)(p, doubt, plan->none, here, plan->none);
    NAME(put_narrow)(p, plan, counted, 0, p->x->stride == 2 ? EVEN(windows, windows) : windows, 0, loose, out);
}

/* A row of outputs: of one vector that is shuffled (`pairs` a constant 0) or slides past what takes no part (a constant
 * -1), or of vectors whose neighbours slide past each other in registers, two at a time (1 or 2 a constant). */
INLINE void NAME(narrow_row)(const struct pool_planes *p, const NAME(narrow_plan) *plan, VEC *doubt, int pairs,
                             const NAME(source) *s, int64_t counted, int loose, char *out)
{
    const int64_t width = p->x->size;
    if (pairs < 0) {
        NAME(narrow_one)(p, plan, doubt, s, counted, loose, out);
        return;
    }
    if (pairs == 0) {
        const VEC all = NAME(columns)(s, doubt, 0, loose || width == N, width);
        const VEC columns = IDEMPOTENT || width == N ? all : PICK(plan->within, all, plan->none);
        VEC unasked, taps[3];
#pragma GCC unroll 3
        for (int k = 0; k < 3; k++) taps[k] = SHUFFLE(columns, plan->taps[k]);
        NAME(put_narrow)(p, plan, counted, 0, NAME(tree)(doubt ? &unasked : NULL, taps, 3), 0, loose, out);
        return;
    }
    VEC prior = plan->none, here = NAME(narrow_columns)(s, plan, doubt, 0, width, pairs > 1, loose);
    if (pairs <= 2) {
#pragma GCC unroll 2
        for (int k = 0; k < pairs; k++)
            NAME(narrow_pair)(p, plan, doubt, k + 1 == pairs, s, counted, 2 * k, &prior, &here, 0, loose, out);
        return;
    }
    int64_t v = 0;
    for (; v < plan->whole; v += 2)
        NAME(narrow_pair)(p, plan, doubt, 0, s, counted, v, &prior, &here, 1, loose, out);
    for (; v < 2 * pairs; v += 2)
        NAME(narrow_pair)(p, plan, doubt, 0, s, counted, v, &prior, &here, 0, loose, out);
}

/* Results of a plane. */
INLINE void NAME(narrow_plane)(const struct pool_planes *p, const NAME(narrow_plan) *plan, VEC *doubt, int pairs,
                               int loose, const char *in, char *out)
{
    const struct pool_axis *const y = p->y;
    const int64_t height = y->size, step = y->in_step, stride = y->stride, out_step = y->out_step;
    const int64_t last = y->outputs * stride - y->before;
    const char *const padding = p->padding;
    for (int64_t top = -y->before; top < last; top += stride, out += out_step) {
        const char *const at = in + top * step;
        const NAME(source) s = {.n = 3, .rows = {top >= 0 && top < height ? at : padding,
                                                 top >= -1 && top + 1 < height ? at + step : padding,
                                                 top >= -2 && top + 2 < height ? at + 2 * step : padding}};
        int64_t counted = 3;
        if (plan->divides) {
            const int64_t end = top + 3 < y->counted_last ? top + 3 : y->counted_last;
            counted = end - (top > y->counted_first ? top : y->counted_first);
        }
        for (int64_t b = 0; b < stride * step; b += POOL_VECTOR) PREFETCH(at + b + POOL_AHEAD);
        NAME(narrow_row)(p, plan, doubt, pairs, &s, counted, loose, out);
    }
}

/* The same where there are NaN. */
static __attribute__((noinline)) void NAME(careful_narrow)(const struct pool_planes *p, const NAME(narrow_plan) *plan,
                                                           int loose, const char *in, char *out)
{
    NAME(narrow_plane)(p, plan, NULL, plan->pairs, loose, in, out);
}

INLINE void NAME(narrow_planes)(const struct pool_planes *p, const NAME(narrow_plan) *plan, int pairs)
{
    for (int64_t i = 0; i < p->count; i++) {
        const char *const in = p->in + i * p->in_step;
        char *const out = p->out + i * p->out_step;
        VEC doubt = {0};
        NAME(narrow_plane)(p, plan, MINDS_NAN ? &doubt : NULL, pairs, i < p->loose, in, out);
        if (JOIN(ANY_NAN_, LANE)(doubt)) NAME(careful_narrow)(p, plan, i < p->loose, in, out);
    }
}

#ifdef CHOOSE
/* Planes of which two vectors hold what each half of the rows of outputs needs, one the columns of those rows of which
 * the window's are folded, and one the outputs. */
typedef struct {
    int64_t base[2], span[2];           /* elements that a half needs */
    JOIN(mask_, LANE) within[2][2], down[2][3], across[3];
    VEC by, inverse;            /* divisors of outputs */
} NAME(tiny_plan);

/* The rows of data that the windows of half h meet. */
INLINE struct pool_range NAME(rows_of_half)(const struct pool_axis *y, int h)
{
    const int64_t outputs = (y->outputs + 1) / 2, top = h * outputs * y->stride - y->before;
    const int64_t bottom = top + (outputs - 1) * y->stride + 3, first = top < 0 ? 0 : top;
    const int64_t last = bottom < y->size ? bottom : y->size;
    return (struct pool_range){first, last < first ? first : last};
}

INLINE int NAME(are_tiny)(const struct pool_axis *y, const struct pool_axis *x)
{
    const struct pool_range upper = NAME(rows_of_half)(y, 0), lower = NAME(rows_of_half)(y, 1);
    const int64_t upper_rows = upper.last - upper.first, lower_rows = lower.last - lower.first;
    /* Bytes are chosen one by one, and integers rounded by rows. */
    return sizeof(TYPE) > 1 && !ROUNDS && (y->outputs + 1) / 2 * x->size < N && y->outputs * x->outputs <= N &&
           (upper_rows > lower_rows ? upper_rows : lower_rows) * x->size < 2 * N;
}

/* How lanes of such planes are chosen; what takes no part is in the last lane of all. */
INLINE void NAME(plan_tiny)(const struct pool_planes *p, NAME(tiny_plan) *t)
{
    typedef __typeof__(t->across[0][0]) choice;
    const struct pool_axis *const y = p->y, *const x = p->x;
    const int64_t rows = (y->outputs + 1) / 2, outputs = y->outputs * x->outputs;
    for (int h = 0; h < 2; h++) {
        const struct pool_range data = NAME(rows_of_half)(y, h);
        t->base[h] = data.first * x->size;
        t->span[h] = (data.last - data.first) * x->size;
        memset(t->within[h], -1, (size_t)t->span[h] * sizeof(TYPE));
        for (int k = 0; k < 3; k++)
            for (int l = 0; l < N; l++) {
                const int64_t row = (h * rows + l / x->size) * y->stride - y->before + k;
                const int there = l < rows * x->size && row >= data.first && row < data.last;
                t->down[h][k][l] = (choice)(there ? row * x->size + l % x->size - t->base[h] : 2 * N - 1);
            }
    }
    for (int k = 0; k < 3; k++)
        for (int o = 0; o < N; o++) {
            const int64_t row = o / x->outputs, column = o % x->outputs * x->stride - x->before + k, h = row / rows;
            const int there = o < outputs && column >= 0 && column < x->size;
            t->across[k][o] = (choice)(there ? h * N + row % rows * x->size + column : N - 1);
        }
    for (int64_t o = 0; p->divides && o < outputs; o++) {
        const int64_t counted = pool_counted(y, o / x->outputs) * pool_counted(x, o % x->outputs);
        NAME(divide_by)(p, counted, o, &t->by, &t->inverse);
    }
}

INLINE VEC NAME(tiny_half)(const NAME(tiny_plan) *t, int h, const char *in, VEC none, int loose, VEC *all)
{
    VEC part[2];
#pragma GCC unroll 2
    for (int v = 0; v < 2; v++) {
        const int64_t left = t->span[h] - v * N;
        part[v] = left > 0 ? NAME(leaf)(in, t->base[h] + v * N, loose || left >= N, left) : none;
        part[v] = PICK(t->within[h][v], part[v], none);
        all[2 * h + v] = part[v];
    }
    VEC unasked, taps[3];
#pragma GCC unroll 3
    for (int k = 0; k < 3; k++) taps[k] = CHOOSE(part[0], part[1], t->down[h][k]);
    const VEC folded = NAME(tree)(&unasked, taps, 3);
    return FOLDED(folded);
}

static void NAME(tiny_planes)(const struct pool_planes *p, const NAME(tiny_plan) *t, const NAME(narrow_plan) *plan)
{
    const int64_t outputs = p->y->outputs * p->x->outputs;
    const NAME(finish) f = {
        .how = p->divides ? NAME(nearly_times) : NAME(as_it_is), .as_elements = p->as_elements,
        .by = t->by, .inverse = t->inverse,
    };
    for (int64_t i = 0; i < p->count; i++) {
        const char *const in = p->in + i * p->in_step;
        char *const out = p->out + i * p->out_step;
        const int loose = i < p->loose;
        VEC all[4], unasked, taps[3];
        const VEC upper = NAME(tiny_half)(t, 0, in, plan->none, loose, all);
        const VEC lower = NAME(tiny_half)(t, 1, in, plan->none, loose, all);
#pragma GCC unroll 3
        for (int k = 0; k < 3; k++) taps[k] = CHOOSE(upper, lower, t->across[k]);
#if MINDS_NAN
        if (__builtin_expect(JOIN(UNORDERED_, LANE)(all[0], all[1]) | JOIN(UNORDERED_, LANE)(all[2], all[3]), 0)) {
            NAME(careful_narrow)(p, plan, 0, in, out);
            continue;
        }
#endif
        NAME(put)(out, 0, NAME(tree)(&unasked, taps, 3), f, loose || outputs == N, outputs);
    }
}
#endif

#if ROUNDS
enum { NAME(narrow_lanes) = 3 * NAME(narrow_vectors) * N };

/* How outputs are rounded; or what they are divided by if they are to be wide, for which there is room. */
INLINE void NAME(plan_rounds)(const struct pool_planes *p, NAME(narrow_plan) *plan, double *by, double *inverse)
{
    const int64_t outputs = p->x->outputs;
    plan->finish = (struct pool_finish){.divisor = 1, .inverse = 1, .exact_inverse = !p->divides, .wide = p->wide};
    plan->rounds_all = p->divides || (MAKES_FLOATS && p->wide);
    for (int64_t rows = 1; plan->rounds_all && rows <= 3; rows++)
        for (int64_t o = 0; o < outputs || o % N > 0; o++) {
            const int is_divided = p->divides && o < outputs;
            const double divisor = is_divided ? NAME(divisor_of)(p, rows * pool_counted(p->x, o)) : 1;
            const double inverted = pool_inverse((int64_t)divisor);
            const int64_t v = o / N, l = o % N, at = ((rows - 1) * NAME(narrow_vectors) + v) * N;
            if (WIDENS && p->wide == POOL_FLOAT64) {
                by[at + l] = divisor, inverse[at + l] = inverted;
            } else if (WIDENS && p->wide) {
                ((float *)(by + at))[l] = (float)divisor, ((float *)(inverse + at))[l] = (float)inverted;
            } else {
                struct pool_rounds r;
                pool_rounds_of((int64_t)divisor, p->rounding, sizeof(TYPE), pool_most_sum(9, sizeof(ELEM)), &r);
                NAME(round_lane)(&plan->rounds[rows - 1][v], l, divisor, &r);
            }
            plan->wide[rows - 1][v] = (struct pool_divisors){by + at, inverse + at};
        }
}
#endif

static void NAME(narrow)(const struct pool_planes *p)
{
    const struct pool_axis *const x = p->x;
    NAME(narrow_plan) plan = {.divides = p->divides, .as_elements = p->as_elements};
    plan.none = NAME(leaf)(p->padding, 0, 1, N);
    memset(&plan.within, -1, (size_t)(x->size % N) * sizeof(TYPE));
    const int64_t last = (x->outputs - 1) * x->stride, positions = last < x->size ? x->size : last + 1;
    plan.pairs = (int)((positions + 2 * N - 1) / (2 * N));
    plan.far = p->far && x->stride == 1;
    const int64_t columns = x->size / N - 1, outputs = x->outputs / N * x->stride;
    plan.whole = columns < 2 ? 0 : (columns < outputs ? columns : outputs) / 2 * 2;
#if ROUNDS
    double by[NAME(narrow_lanes)], inverse[NAME(narrow_lanes)];
    NAME(plan_rounds)(p, &plan, by, inverse);
#else
    for (int64_t o = 0; p->divides && o < x->outputs; o++)
        for (int64_t rows = 1; rows <= 3; rows++)
            NAME(divide_by)(p, rows * pool_counted(x, o), o % N, &plan.by[rows - 1][o / N],
                            &plan.inverse[rows - 1][o / N]);
#endif
#ifdef CHOOSE
    if (NAME(are_tiny)(p->y, x)) {
        NAME(tiny_plan) tiny = {0};
        NAME(plan_tiny)(p, &tiny);
        NAME(tiny_planes)(p, &tiny, &plan);
        return;
    }
#endif
    if (!NAME(shuffles)(x)) {
        if (positions <= N) plan.pairs = -1;
        switch (plan.pairs) {
        case -1: NAME(narrow_planes)(p, &plan, -1); break;
        case 1: NAME(narrow_planes)(p, &plan, 1); break;
        case 2: NAME(narrow_planes)(p, &plan, 2); break;
        default: NAME(narrow_planes)(p, &plan, plan.pairs);
        }
        return;
    }
    for (int k = 0; k < 3; k++)
        for (int64_t o = 0; o < N; o++) {
            const int64_t at = o * x->stride - x->before + k, nearest = at < 0 ? 0 : at < x->size ? at : x->size - 1;
            plan.taps[k][o] = (__typeof__(plan.taps[0][0]))(IDEMPOTENT || at == nearest ? nearest : N - 1);
        }
    NAME(narrow_planes)(p, &plan, 0);
}

static int NAME(narrows)(const struct pool_axis *y, const struct pool_axis *x)
{
    const int64_t most = NAME(narrow_vectors) * N;
    if (y->window != 3 || x->window != 3 || y->dilation > 1 || x->dilation > 1 || x->stride > 2 || x->before < 0 ||
        x->before > 1 || x->size > most || x->outputs > (x->stride == 1 ? most : most / 2))
        return 0;
#ifdef CHOOSE
    if (NAME(are_tiny)(y, x)) return 2;
#endif
    return 1;
}
#endif

#if IDEMPOTENT
/* Whether any of the elements is NaN, as far as the rule minds. */
INLINE unsigned NAME(any_nan)(const char *row, int64_t count)
{
    unsigned any = 0;
#if MINDS_NAN
    int64_t c = 0;
    for (; c + 2 * N <= count; c += 2 * N)
        any |= JOIN(UNORDERED_, LANE)(NAME(leaf)(row, c, 1, N), NAME(leaf)(row, c + N, 1, N));
    for (; c < count; c += N) {
        const int64_t left = count - c;
        const VEC v = NAME(leaf)(row, c, left >= N, left);
        any |= JOIN(UNORDERED_, LANE)(v, v);
    }
#else
    (void)row, (void)count;
#endif
    return any;
}

#ifdef CHOOSE
/* How often a run doubles that makes windows of so many, the last time by less. */
INLINE int NAME(doublings)(int64_t window)
{
    return 63 - __builtin_clzll((uint64_t)window - 1);
}

/* Whether windows along lanes `unit` apart can be made in registers: no shift is by more than a vector. */
INLINE int NAME(runs)(int64_t unit, int64_t window)
{
    if (sizeof(TYPE) < 4 || window < 2 || window > 2 * N) return 0;
    const int doublings = NAME(doublings)(window);
    return (window - ((int64_t)1 << doublings)) * unit <= N && (unit << doublings) <= 2 * N;
}

/* Where each doubling, and the last, finds the lane that it joins to lane i: in two vectors. */
INLINE void NAME(shifts)(int doublings, int64_t unit, int64_t window, JOIN(mask_, LANE) *from)
{
#pragma GCC unroll 6
    for (int d = 0; d <= doublings; d++) {
        const int64_t shift = (d < doublings ? (int64_t)1 << d : window - ((int64_t)1 << doublings)) * unit;
        for (int l = 0; l < N; l++) from[d][l] = (__typeof__(from[0][0]))(l + shift);
    }
}

/* dst[i] = rule over acc[i + t*unit], t in [0, window), i in [0, count), for windows that `runs` admits, in so many
 * rows; dst may be acc.  From the last vector to the first, so that each meets what is after it in a register. */
INLINE void NAME(run_n)(int quick, int doublings, const TYPE *acc, int64_t unit, int64_t window, int64_t count,
                        int as_elements, int64_t rows, int64_t acc_step, int64_t dst_step, char *dst)
{
    const NAME(finish) f = {.as_elements = as_elements};
    VEC unasked, *const doubt = quick ? &unasked : NULL;
    JOIN(mask_, LANE) from[POOL_DOUBLINGS];
    NAME(shifts)(doublings, unit, window, from);
    for (; rows > 0; rows--, acc += acc_step, dst += dst_step) {
        VEC after[POOL_DOUBLINGS];
        int64_t i = (count - 1 + (window - 1) * unit) / N * N;
#pragma GCC unroll 6
        for (int d = 0; d <= doublings; d++) after[d] = NAME(load)(acc + i);
        for (; i >= 0; i -= N) {
            VEC v = NAME(load)(acc + i);
#pragma GCC unroll 6
            for (int d = 0; d <= doublings; d++) {
                const VEC shifted = CHOOSE(v, after[d], from[d]);
                after[d] = v;
                v = NAME(rule)(doubt, v, shifted);
            }
            if (i < count) NAME(put)(dst, i, v, f, count - i >= N, count - i);
        }
    }
}

INLINE void NAME(run_some)(int quick, const TYPE *acc, int64_t unit, int64_t window, int64_t count, int as_elements,
                           int64_t rows, int64_t acc_step, int64_t dst_step, char *dst)
{
    switch (NAME(doublings)(window)) {
    case 0: NAME(run_n)(quick, 0, acc, unit, window, count, as_elements, rows, acc_step, dst_step, dst); break;
    case 1: NAME(run_n)(quick, 1, acc, unit, window, count, as_elements, rows, acc_step, dst_step, dst); break;
    case 2: NAME(run_n)(quick, 2, acc, unit, window, count, as_elements, rows, acc_step, dst_step, dst); break;
    case 3: NAME(run_n)(quick, 3, acc, unit, window, count, as_elements, rows, acc_step, dst_step, dst); break;
    default: NAME(run_n)(quick, 4, acc, unit, window, count, as_elements, rows, acc_step, dst_step, dst);
    }
}

static __attribute__((noinline)) void NAME(run)(int quick, const TYPE *acc, int64_t unit, int64_t window, int64_t count,
                                                int as_elements, int64_t rows, int64_t acc_step, int64_t dst_step,
                                                char *dst)
{
    if (sizeof(TYPE) < 4) return;
    if (MINDS_NAN && quick) NAME(run_some)(1, acc, unit, window, count, as_elements, rows, acc_step, dst_step, dst);
    else NAME(run_some)(0, acc, unit, window, count, as_elements, rows, acc_step, dst_step, dst);
}
#endif
#endif

#if !IDEMPOTENT && defined(CHOOSE)
/* The step from windows of h to those of 4h (acc), and to those of the digits below (to), of which `rest` are the ones
 * there were, or null: `step` lanes are h positions, three times that at most a vector.  In place, so from the last
 * vector to the first. */
INLINE void NAME(quadruple_n)(int digit, TYPE *acc, const TYPE *rest, TYPE *to, int64_t step, int64_t length)
{
    JOIN(mask_, LANE) by[3];
#pragma GCC unroll 3
    for (int k = 0; k < 3; k++)
        for (int l = 0; l < N; l++) by[k][l] = (__typeof__(by[0][0]))(l + (k + 1) * step);
    int64_t i = (length - 1) / N * N;
    VEC after = NAME(load)(acc + i + N), rest_after = after;
    if (rest) rest_after = NAME(load)(rest + i + N);
    for (; i >= 0; i -= N) {
        const VEC v = NAME(load)(acc + i);
        const VEC third = CHOOSE(v, after, by[1]), pair = RULE(v, CHOOSE(v, after, by[0]));
        NAME(store)(acc + i, RULE(pair, RULE(third, CHOOSE(v, after, by[2]))));
        after = v;
        if (digit == 0) continue;
        VEC below = digit == 1 ? v : pair, last = third;
        if (rest) {
            const VEC r = NAME(load)(rest + i);
            last = CHOOSE(r, rest_after, by[digit - 1]);
            if (digit == 3) last = RULE(third, last);
            rest_after = r;
        }
        if (rest || digit == 3) below = RULE(below, last);
        NAME(store)(to + i, below);
    }
}

static __attribute__((noinline)) void NAME(quadruple)(int64_t digit, TYPE *acc, const TYPE *rest, TYPE *to,
                                                      int64_t step, int64_t length)
{
    switch (digit) {
    case 0: NAME(quadruple_n)(0, acc, NULL, to, step, length); break;
    case 1: NAME(quadruple_n)(1, acc, rest, to, step, length); break;
    case 2: NAME(quadruple_n)(2, acc, rest, to, step, length); break;
    default: NAME(quadruple_n)(3, acc, rest, to, step, length);
    }
}
#endif

/* Windows of any size at every position of acc: those of 4h from those of h.  Returns where they are, acc, spare or
 * `last`, which may be null: result[i] = rule over acc[i + t*unit], t in [0, window), for i in [0, count), in `last`
 * over by[i], unless that is null.  Nothing is written past the end of `last`.  `quick` where there is no NaN. */
static __attribute__((noinline)) TYPE *NAME(quadrupled)(int quick, TYPE *acc, TYPE *spare, TYPE *last,
                                                        const struct pool_divisors *by, int64_t unit, int64_t window,
                                                        int64_t count)
{
    TYPE *rest = NULL;          /* windows of the digits of `window` below the one at hand */
    int64_t run = 1;
#if IDEMPOTENT && defined(CHOOSE)
    /* Short windows are merged in less time than a look for NaN takes (7x7 at dilation 2: 1.13 of it). */
    if (quick || window > POOL_MERGED) {
        if (!quick) quick = !NAME(any_nan)((const char *)acc, count + (window - 1) * unit);
        if (NAME(runs)(unit, window)) {
            NAME(run)(quick, acc, unit, window, count, 0, 1, 0, 0, (char *)(last ? last : acc));
            return last ? last : acc;
        }
        while (2 * run < window && NAME(runs)(unit, 2 * run)) run *= 2;
        if (run > 1) NAME(run)(quick, acc, unit, run, count + (window - run) * unit, 0, 1, 0, 0, (char *)acc);
    }
#endif
    if (run == 1 && window > 1 && window <= POOL_MERGED) {
        const void *taps[POOL_MERGED];
        for (int64_t t = 0; t < window; t++) taps[t] = acc + t * unit;
        NAME(merge_either)(quick, last != NULL, last ? by : NULL, last ? last : acc, taps, (int)window, count);
        return last ? last : acc;
    }
    for (int64_t h = run;; h *= 4) {
        const int64_t step = h * unit, digit = window / h % 4;
        const int at_last = 4 * h > window || (IDEMPOTENT && 4 * h == window);
        if (IDEMPOTENT && at_last) {        /* runs may overlap */
            if (window == h) return acc;
            TYPE *const to = last ? last : acc;
            const TYPE *const end = acc + (window - h) * unit;
            const void *runs[4] = {acc, end};
            int n = 2;
            if (window > 2 * h) runs[1] = acc + step, runs[n++] = end;
            if (window > 3 * h) runs[2] = end - step, runs[n++] = end;
            NAME(merge_either)(quick, to == last, NULL, to, runs, n, count);
            return to;
        }
#if !IDEMPOTENT && defined(CHOOSE)
        if (sizeof(TYPE) >= 4 && !at_last && 3 * step <= N) {
            const int64_t reach = window - (digit ? window % (4 * h) : 4 * h);
            NAME(quadruple)(digit, acc, rest, spare, step, count + reach * unit);
            if (digit) rest = spare;
            continue;
        }
#endif
        if (!IDEMPOTENT && digit) {         /* rest = `digit` runs of h, then the rest there was */
            const int64_t length = count + (window - window % (4 * h)) * unit;
            const int n = (int)digit + (rest != NULL);
            if (n == 1 && at_last) return acc;
            TYPE *const to = at_last && last ? last : spare;
            const void *row[4] = {acc, acc + step, acc + 2 * step};
            if (rest) row[digit] = rest + digit * step;
            if (n == 1) memcpy(to, acc, (size_t)length * sizeof(TYPE));
            else NAME(merge_either)(quick, to == last, to == last ? by : NULL, to, row, n, length);
            rest = to;
        }
        if (at_last) return rest;
        NAME(merge_either)(quick, 0, NULL, acc, (const void *[]){acc, acc + step, acc + 2 * step, acc + 3 * step}, 4,
                      count + (window - 4 * h) * unit);
    }
}

#if !IDEMPOTENT
/* The same of more than POOL_LEAVES positions: their tree is one over the columns modulo POOL_LEAVES, each of which is
 * one over its run of positions.  The first `rest` columns have one more: what is all of those, what is all of the
 * others, and the one node on the way up that is of both. */
static TYPE *NAME(quadrupled_far)(TYPE *acc, TYPE *spare, TYPE *third, int64_t unit, int64_t window, int64_t count)
{
    const int64_t runs = window / POOL_LEAVES, rest = window % POOL_LEAVES, step = POOL_LEAVES * unit;
    const int64_t all = count + (POOL_LEAVES - 1) * unit;
    if (rest == 0) {
        TYPE *const columns = NAME(quadrupled)(0, acc, spare, NULL, NULL, step, runs, all);
        return NAME(quadrupled)(0, columns, columns == acc ? spare : acc, NULL, NULL, unit, POOL_LEAVES, count);
    }
    memcpy(spare, acc, (size_t)(count + (window - 1) * unit) * sizeof(TYPE));
    TYPE *const longer = NAME(quadrupled)(0, spare, third, NULL, NULL, step, runs + 1, count + (rest - 1) * unit);
    TYPE *const unused = longer == spare ? third : spare;
    TYPE *const shorter = NAME(quadrupled)(0, acc, unused, NULL, NULL, step, runs, all);
    TYPE *const both = shorter == acc ? unused : acc;
    for (int64_t h = 1, at = -1; h < POOL_LEAVES; h *= 2) {     /* nodes of h columns; that of both begins at `at` */
        if (at < 0 && (rest & h)) {
            at = rest - h;
            NAME(merge)(both, (const void *[]){longer + at * unit, shorter + rest * unit}, 2, 0, count);
        } else if (at >= 0 && (at & h)) {
            at -= h;
            NAME(merge)(both, (const void *[]){longer + at * unit, both}, 2, 0, count);
        } else if (at >= 0) {
            NAME(merge)(both, (const void *[]){both, shorter + (at + h) * unit}, 2, 0, count);
        }
        NAME(merge)(shorter, (const void *[]){shorter, shorter + h * unit}, 2, 0, count + (POOL_LEAVES - 2 * h) * unit);
        if (rest >= 2 * h)
            NAME(merge)(longer, (const void *[]){longer, longer + h * unit}, 2, 0, count + (rest - 2 * h) * unit);
    }
    return both;
}
#endif

#if PARTS_THREES
/* Windows of 3 side by side, whole vectors of them. */
static __attribute__((noinline)) void NAME(threes)(const TYPE *acc, int64_t outputs, TYPE *dst)
{
    for (int64_t o = 0; o < outputs; o += N, acc += 3 * N) {
        const VEC a = NAME(load)(acc), b = NAME(load)(acc + N), c = NAME(load)(acc + 2 * N);
        const VEC taps[] = {NAME(third)(a, b, c, 0), NAME(third)(a, b, c, 1), NAME(third)(a, b, c, 2)};
        NAME(store)(dst + o, NAME(careful_tree)(taps, 3));
    }
}
#endif

/* dst[o*inner + c] = row[o*step + c]. */
INLINE void NAME(thin)(const TYPE *row, int64_t inner, int64_t step, int64_t outputs, TYPE *dst)
{
    typedef TYPE element UNALIGNED;
    const element *const from = (const element *)row;
    if (step == inner) {
        memcpy(dst, row, (size_t)(outputs * inner) * sizeof(TYPE));
    } else if (inner == 1) {
        int64_t o = 0;
        if (step == 2)
            for (; o + N <= outputs; o += N)
                NAME(store)(dst + o, EVEN(NAME(load)(row + 2 * o), NAME(load)(row + 2 * o + N)));
        /* Past the last of these there is one more: a row of elements may end with the last. */
#if PARTS_THREES
        if (step == 3)
            for (; o + N < outputs; o += N) {
                const TYPE *const at = row + 3 * o;
                NAME(store)(dst + o, NAME(third)(NAME(load)(at), NAME(load)(at + N), NAME(load)(at + 2 * N), 0));
            }
#endif
        if (step == 4)
            for (; o + N < outputs; o += N) {
                const TYPE *const at = row + 4 * o;
                const VEC low = EVEN(NAME(load)(at), NAME(load)(at + N));
                const VEC high = EVEN(NAME(load)(at + 2 * N), NAME(load)(at + 3 * N));
                NAME(store)(dst + o, EVEN(low, high));
            }
        for (; o < outputs; o++) dst[o] = from[o * step];
    } else if (inner < N) {
        /* Whole vectors, each overwriting what the one before wrote too much. */
        int64_t o = 0;
        for (; o * inner + N <= outputs * inner; o++) NAME(store)(dst + o * inner, NAME(load)(row + o * step));
        for (; o < outputs; o++) NAME(store_part)(dst + o * inner, NAME(load)(row + o * step), inner);
    } else {
        for (int64_t o = 0; o < outputs; o++) memcpy(dst + o * inner, row + o * step, (size_t)inner * sizeof(TYPE));
    }
}

#if IDEMPOTENT && FUSES
#include "overlap.tmpl.c"
#endif

#if NARROWS
/* The rows of a plane and those of padding around it, `pitch` apart; past the columns of each lies what is both its
 * padding after and the next one's before.  `doubt` gathers all elements. */
INLINE void NAME(lay_flat)(const struct pool_planes *p, VEC *doubt, VEC none, int loose, const char *in, int64_t pitch,
                           int64_t rows, TYPE *acc)
{
    const int64_t width = p->x->size, last = (width - 1) / N * N;
    const int64_t top = p->y->before, height = p->y->size < rows - top ? p->y->size : rows - top;
    JOIN(mask_, LANE) within = {0};
    memset(&within, -1, (size_t)(width - last) * sizeof(TYPE));
    for (int64_t c = 0; c < top * pitch; c += N) NAME(store)(acc + c, none);
    acc += top * pitch;
    for (int64_t r = 0; r < height; r++, in += p->y->in_step, acc += pitch) {
        for (int64_t c = 0; c < last; c += N) {
            const VEC v = NAME(leaf)(in, c, 1, N);
            *doubt += v;
            NAME(store)(acc + c, FOLDED(v));
        }
        const VEC v = NAME(leaf)(in, last, loose, width - last), there = PICK(within, v, none);
        *doubt += v;
        NAME(store)(acc + last, FOLDED(there));
        for (int64_t c = last + N; c < pitch; c += N) NAME(store)(acc + c, none);
    }
    for (int64_t c = 0; c < (rows - top - height) * pitch; c += N) NAME(store)(acc + c, none);
}

/* Rows of outputs [first, last) from windows, those of one row `step` lanes after those of the one before, and `stride`
 * lanes from each other, brought together in `thinned` where that is more than one. */
INLINE void NAME(put_flat)(const struct pool_planes *p, NAME(finish) f, int loose, int64_t first, int64_t last,
                           const TYPE *windows, int64_t step, int64_t stride, TYPE *thinned, char *out)
{
    const struct pool_axis *const y = p->y, *const x = p->x;
    const int counts = p->divides && p->divisor == 0;
    if (p->divides && !counts) f.by = (VEC){0} + (TYPE)p->divisor;
    /* What lies past a row may be subnormal, which is slow to divide (float16, 16x16, 4x4/2: 590 -> 240 ns a plane). */
    if (p->divides && stride > 1) NAME(store)(thinned + x->outputs, (VEC){0});
    out += first * y->out_step;
    for (int64_t o = first; o < last; o++, out += y->out_step, windows += step) {
        const TYPE *row = windows;
        if (stride > 1) NAME(thin)(row, 1, stride, x->outputs, thinned), row = thinned;
        const VEC counted = (VEC){0} + (TYPE)(counts ? pool_counted(y, o) : 0);
        for (int64_t c = 0; c < x->outputs; c += N) {
            if (counts) f.by = NAME(load)((const TYPE *)p->counts + c) * counted;
            NAME(put)(out, c, NAME(load)(row + c), f, loose || x->outputs - c >= N, x->outputs - c);
        }
    }
}

/* How many elements of each window of a row count; to whole vectors: what happens to lie there may be slow to divide
 * by. */
INLINE void NAME(count_flat)(const struct pool_planes *p)
{
    const int64_t outputs = p->x->outputs;
    for (int64_t o = 0; p->divides && o < outputs + N; o++)
        ((TYPE *)p->counts)[o] = (TYPE)(o < outputs ? pool_counted(p->x, o) : 1);
}

static void NAME(flat)(const struct pool_planes *p)
{
    const struct pool_axis *const y = p->y, *const x = p->x;
    const int64_t pitch = p->pitch, top = (y->outputs - 1) * y->stride;        /* of the last windows */
    const int64_t rows = top + 1 + (y->window - 1) * y->dilation;
    const int64_t firsts = top * pitch + (x->outputs - 1) * x->stride + 1;
    const VEC none = NAME(leaf)(p->padding, 0, 1, N);
    const NAME(finish) f = {.how = p->divides ? NAME(over) : NAME(as_it_is), .as_elements = p->as_elements};
    NAME(count_flat)(p);
#if IDEMPOTENT
    const int apart = x->stride > 1 || y->stride > 1 || x->dilation > 1 || y->dilation > 1;
    const int group = apart ? 0 : y->outputs >= 8 && y->window >= 8 ? 8 : y->outputs >= 4 && y->window >= 4 ? 4 : 0;
#endif
    for (int64_t i = 0; i < p->count; i++) {
        TYPE *const acc = p->acc, *const spare = p->spare;
        VEC doubt = {0};
        NAME(lay_flat)(p, &doubt, none, i < p->loose, p->in + i * p->in_step, pitch, rows, acc);
        const int quick = !JOIN(ANY_NAN_, LANE)(doubt);
#if IDEMPOTENT
        if (group) {
            TYPE *const data = acc + y->before * pitch - x->before;
            for (int64_t c = 0; c < x->before; c += N) NAME(store)(acc - c - N, none);
            NAME(quadrupled)(quick, data, spare, NULL, NULL, 1, x->window, y->size * pitch);
            NAME(down_flat)(quick, group, p, i < p->loose, acc - x->before, p->out + i * p->out_step);
            continue;
        }
#endif
        TYPE *const down = NAME(quadrupled)(quick, acc, spare, NULL, NULL, y->dilation * pitch, y->window,
                                            (top + 1) * pitch);
        for (int64_t c = 0; c < x->before; c += N) NAME(store)(down - c - N, none);
        TYPE *const from = down - x->before, *const rest = (down == acc ? spare : acc) - x->before;
        TYPE *const across = NAME(quadrupled)(quick, from, rest, NULL, NULL, x->dilation, x->window, firsts);
        NAME(put_flat)(p, f, i < p->loose, 0, y->outputs, across, y->stride * pitch, x->stride,
                       across == from ? rest : from, p->out + i * p->out_step);
    }
}

#if !FEW_KERNELS
/* Rows of windows [first, last), folded down from n rows each (a constant) to acc, around which lies what takes no
 * part, as far as `pitch`. */
INLINE void NAME(lay_spaced)(const struct pool_planes *p, int n, int loose, int64_t first, int64_t last, const char *in)
{
    const struct pool_axis *const y = p->y, *const x = p->x;
    const int64_t before = x->before, end = (x->size - 1) / N * N, rest = x->size - end;
    const VEC none = NAME(leaf)(p->padding, 0, 1, N);
    JOIN(mask_, LANE) within = {0};
    memset(&within, -1, (size_t)rest * sizeof(TYPE));
    TYPE *acc = p->acc;
    for (int64_t o = first; o < last; o++, acc += p->pitch) {
        const char *rows[POOL_MERGED];
#pragma GCC unroll 8
        for (int k = 0; k < n; k++) {
            const int64_t at = o * y->stride - y->before + k * y->dilation;
            rows[k] = at >= 0 && at < y->size ? in + at * y->in_step : p->padding;
        }
        for (int64_t c = 0; c < before; c += N) NAME(store)(acc + c, none);
        VEC taps[POOL_MERGED];
        for (int64_t c = 0; c < end; c += N) {
#pragma GCC unroll 8
            for (int k = 0; k < n; k++) taps[k] = NAME(leaf)(rows[k], c, 1, N);
            const VEC v = NAME(careful_tree)(taps, n);
            NAME(store)(acc + before + c, FOLDED(v));
        }
#pragma GCC unroll 8
        for (int k = 0; k < n; k++) taps[k] = NAME(leaf)(rows[k], end, loose, rest);
        const VEC v = NAME(careful_tree)(taps, n), there = PICK(within, v, none);
        NAME(store)(acc + before + end, FOLDED(there));
        for (int64_t c = before + end + N; c < p->pitch; c += N) NAME(store)(acc + c, none);
    }
}

/* Rows of outputs [first, last) of a plane. */
INLINE void NAME(spaced_rows)(const struct pool_planes *p, NAME(finish) f, int loose, int64_t first, int64_t last,
                              const char *in, char *out)
{
    const struct pool_axis *const x = p->x;
#define LAY(n) NAME(lay_spaced)(p, n, loose, first, last, in); break
    switch (p->y->window) {
    case 1: LAY(1);
    case 2: LAY(2);
    case 3: LAY(3);
    case 4: LAY(4);
    case 5: LAY(5);
    case 6: LAY(6);
    default: LAY(POOL_MERGED);
    }
#undef LAY

    /* Every stride-th of the lanes that are a tap lie side by side, of all rows. */
    const int64_t apart = p->pitch / x->stride, count = (last - first - 1) * apart + x->outputs;
    const void *taps[POOL_MERGED];
    TYPE *const acc = p->acc, *phase = p->spare;
    for (int64_t t = 0; t < x->window; t++) {
        const int64_t at = t * x->dilation, of = at % x->stride;
        int64_t same = 0;               /* the first tap of the same phase */
        while (same * x->dilation % x->stride != of) same++;
        if (x->stride == 1) {
            taps[t] = acc + at;
        } else if (same < t) {
            taps[t] = (const TYPE *)taps[same] + (at - same * x->dilation) / x->stride;
        } else {
            const int64_t lanes = (count + (x->window - 1) * x->dilation / x->stride + N) / N * N;
            NAME(thin)(acc + of, 1, x->stride, lanes, phase);
            taps[t] = phase + at / x->stride;
            phase += lanes;
        }
    }
    if (x->window > 1) NAME(merge)(acc, taps, (int)x->window, 0, count);
    NAME(put_flat)(p, f, loose, first, last, x->window > 1 ? acc : taps[0], apart, 1, NULL, out);
}

static void NAME(spaced)(const struct pool_planes *p)
{
    const NAME(finish) f = {.how = p->divides ? NAME(over) : NAME(as_it_is), .as_elements = p->as_elements};
    const int64_t outputs = p->y->outputs;
    NAME(count_flat)(p);
    for (int64_t i = 0; i < p->count; i++)
        for (int64_t o = 0; o < outputs; o += p->rows)
            NAME(spaced_rows)(p, f, i < p->loose, o, o + p->rows < outputs ? o + p->rows : outputs,
                              p->in + i * p->in_step, p->out + i * p->out_step);
}
#endif
#endif

/* Windows side by side, of a power of two: dst[o] = rule over acc[o*window + t], t in [0, window).  In place. */
INLINE void NAME(halved)(TYPE *acc, int64_t window, int64_t outputs)
{
    for (; window > 1; window /= 2)
        for (int64_t i = 0; i < outputs * window / 2; i += N) {
            const VEC a = NAME(load)(acc + 2 * i), b = NAME(load)(acc + 2 * i + N);
            NAME(store)(acc + i, RULE(EVEN(a, b), ODD(a, b)));
        }
}

#ifdef CHOOSE
/* Windows of 2 or 3 at stride 2 along small pixels, as many in a step as a vector holds; it writes a vector past the
 * last. */
static void NAME(small_pixels)(const TYPE *acc, int64_t inner, int64_t window, int64_t outputs,
                               const struct pool_divisors *by, TYPE *dst)
{
    JOIN(mask_, LANE) first = {0}, second = {0};
    const int64_t pixels = N / inner;
    for (int64_t l = 0; l < pixels * inner; l++) {
        first[l] = (__typeof__(first[0]))(l / inner * 2 * inner + l % inner);
        second[l] = (__typeof__(first[0]))(first[l] + inner);
    }
    for (int64_t o = 0; o < outputs; o += pixels, acc += 2 * pixels * inner, dst += pixels * inner) {
        const VEC a = NAME(load)(acc), b = NAME(load)(acc + N);
        VEC v = RULE(CHOOSE(a, b, first), CHOOSE(a, b, second));
        if (window == 3) {
            const VEC c = NAME(load)(acc + 2 * inner), d = NAME(load)(acc + 2 * inner + N);
            v = RULE(v, CHOOSE(c, d, first));
        }
        if (by) v = NAME(by_lanes)(v, by, o * inner);
        NAME(store)(dst, v);
    }
}
#endif

/* Windows along a row of lanes; whether they were divided. */
INLINE int NAME(windows_along)(TYPE *acc, TYPE *spare, int64_t inner, int64_t window, int64_t stride, int64_t dilation,
                               int64_t outputs, int loose, const struct pool_divisors *by, TYPE *dst)
{
    (void)loose;                /* asked only where there are kernels that write whole vectors */
#if FUSES
    if (inner == 1 && dilation == 1 && ((window == 2 && stride == 2) || (window == 3 && stride <= 2))) {
        if (loose) {
            NAME(taps_of_lanes)(acc, (int)window, stride, outputs, dst);
        } else {
            NAME(taps_of_lanes)(acc, (int)window, stride, outputs, spare);
            memcpy(dst, spare, (size_t)outputs * sizeof(TYPE));
        }
        return 0;
    }
#endif
    if (inner == 1 && dilation == 1 && stride == window && (window & (window - 1)) == 0) {
        NAME(halved)(acc, window, outputs);
        memcpy(dst, acc, (size_t)outputs * sizeof(TYPE));
        return 0;
    }
#if PARTS_THREES
    if (inner == 1 && dilation == 1 && stride == 3 && window == 3) {
        NAME(threes)(acc, outputs, loose ? dst : spare);
        if (!loose) memcpy(dst, spare, (size_t)outputs * sizeof(TYPE));
        return 0;
    }
#endif
#ifdef CHOOSE
    if (inner > 1 && 2 * inner <= N && dilation == 1 && stride == 2 && (window == 2 || window == 3)) {
        NAME(small_pixels)(acc, inner, window, outputs, by, loose ? dst : spare);
        if (!loose) memcpy(dst, spare, (size_t)(outputs * inner) * sizeof(TYPE));
        return by != NULL;
    }
#endif
    const NAME(source) s = NAME(folded)(acc);
    if (inner >= N && window <= (stride < POOL_LEAVES ? (stride > 3 ? stride : 3) : POOL_LEAVES))
        NAME(pixels)(&s, NULL, 0, inner, window, stride * inner, dilation * inner, outputs, NAME(untouched),
                     (char *)dst);
    else {
        const int64_t count = ((outputs - 1) * stride + 1) * inner;
#if !IDEMPOTENT
        if (window > POOL_LEAVES) {
            const int64_t extent = count + (window - 1) * dilation * inner + POOL_SLACK / (int64_t)sizeof(TYPE);
            NAME(thin)(NAME(quadrupled_far)(acc, spare, spare + extent, dilation * inner, window, count), inner,
                       stride * inner, outputs, dst);
            return 0;
        }
#endif
        TYPE *const last = stride == 1 ? dst : NULL;
        const TYPE *const windows = NAME(quadrupled)(0, acc, spare, last, by, dilation * inner, window, count);
        if (windows == dst) return by != NULL;
        NAME(thin)(windows, inner, stride * inner, outputs, dst);
    }
    return 0;
}

static void NAME(along)(void *acc, void *spare, int64_t inner, int64_t window, int64_t stride, int64_t dilation,
                        int64_t outputs, int loose, const struct pool_divisors *divisors, void *dst)
{
    const int divided = NAME(windows_along)(acc, spare, inner, window, stride, dilation, outputs, loose, divisors, dst);
    if (!BY_LANES || !divisors || divided) return;
    TYPE *const sums = dst;
    const int64_t count = outputs * inner, whole = count / N * N;
    for (int64_t i = 0; i < whole; i += N)
        NAME(store)(sums + i, NAME(by_lanes)(NAME(load)(sums + i), divisors, i));
    if (whole == count) return;
    VEC rest;
    LOAD_PART(&rest, (const char *)(sums + whole), (size_t)(count - whole) * sizeof(TYPE));
    NAME(store_part)(sums + whole, NAME(by_lanes)(rest, divisors, whole), count - whole);
}

#ifdef BETTER
#include "best.tmpl.c"
#endif

const struct pool_kernel NAME(EXPORTED) = {
    .reduction = STRING(REDUCTION), .dtype = STRING(DTYPE), .lane = STRING(LANE),
    .empty = EMPTY, .idempotent = IDEMPOTENT, .lanes = N,
    .divides = ROOTS ? POOL_ROOTS : !DIVIDES ? POOL_ADDS : FLOATING ? POOL_DIVIDES : POOL_ROUNDS,
    .widens = WIDENS || MAKES_FLOATS,
#ifdef WRITTEN
    .writes_elements = 1,
#endif
#if !IDEMPOTENT
    .nodes = NAME(nodes), .tall = NAME(tall),
#endif
    .fold = NAME(fold), .fold_down = NAME(fold_down), .merge = NAME(merge), .along = NAME(along), .fuses = NAME(fuses),
#if FUSES
    .fused = NAME(fused),
#if NARROWS
    .narrows = NAME(narrows), .narrow = NAME(narrow), .flat = NAME(flat),
#if !FEW_KERNELS
    .spaced = NAME(spaced),
#endif
#endif
#if IDEMPOTENT
    .overlaps = NAME(overlaps),
#ifdef CHOOSE
    .longest_run = sizeof(TYPE) < 4 ? 0 : 2 * N,
#endif
#endif
#endif
#ifdef BETTER
#if FUSES
    .finds = NAME(finds), .find = NAME(find),
#endif
    .best = NAME(best), .settle = NAME(settle), .thin = NAME(thin_row),
#endif
};

#undef NAME_
#undef NAME_EXPANDED
#undef NAME
#undef EXPORTED
#undef VEC
#undef TYPE
#undef N
#undef REAL
#undef LANES_ARE_SHORT
#undef LANES_ARE_LONG
#undef ROUNDS
#undef WIDENS
#undef MAKES_FLOATS
#undef DEFINE_PUT_WIDE
#undef ROUNDS_OF
#undef EVEN
#undef ODD
#undef SLIDE1
#undef SLIDE2
#undef SLIDE_BACK
#undef PARTS_THREES
#undef BY_LANES
#undef RULE
#undef QUICK_RULE
#undef FOLDED
#undef MINDS_NAN
#undef FLOATING
#undef BETTER
#undef LEAF
#undef EMPTY
#undef IDEMPOTENT
#undef FUSES
#undef NARROWS
#undef DIVIDES
#undef ROOTS
#undef CUBES
#undef IS_NEAR
#undef REDUCTION
