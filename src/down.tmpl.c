/* down.tmpl.c - many rows folded at once, as a tree of groups of them (struct pool_kernel: fold_down); part of
 * forward.tmpl.c. */

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
