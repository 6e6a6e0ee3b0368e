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

/* Columns [at, at + N) of a window of n rows, those folded; only the first `count` are read unless `whole`. */
INLINE VEC NAME(columns_of)(const char *const *rows, int n, VEC *doubt, int64_t at, int whole, int64_t count)
{
    if (n == 0) return NAME(load)((const TYPE *)rows[0] + at);
    VEC sum = -(VEC){0}, v;
    if (n > POOL_GROUP) v = NAME(planes_of)(rows, doubt, &sum, at, whole, count);
    else v = NAME(group_of)(rows, n, doubt, &sum, at, whole, count);
    if (MINDS_NAN && doubt) *doubt += sum;
    return FOLDED(v);
}

INLINE VEC NAME(columns)(const NAME(source) *s, VEC *doubt, int64_t at, int whole, int64_t count)
{
    return NAME(columns_of)(s->rows, s->n, doubt, at, whole, count);
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

#include "down.tmpl.c"

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

#include "fused.tmpl.c"

#if NARROWS
#include "narrow.tmpl.c"
#endif

#include "along.tmpl.c"

#if IDEMPOTENT && FUSES
#include "overlap.tmpl.c"
#endif

#if NARROWS
#include "flat.tmpl.c"
#endif

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
