/* fused.tmpl.c - rows of small windows from the rows they meet, with nothing stored in between (struct pool_kernel:
 * fuses, fused); part of forward.tmpl.c. */

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

#endif

#define ROWS 0
#include "rows.tmpl.c"

#if FUSES
/* A row of lanes, which may be read past its end. */
static __attribute__((noinline)) void NAME(taps_of_lanes)(const TYPE *acc, int window, int64_t stride, int64_t outputs,
                                                          TYPE *dst)
{
    const NAME(source) s = NAME(folded)(acc);
    NAME(any_taps_of_0)(&s, NULL, window, stride, outputs, 1, NAME(untouched), (char *)dst);
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

#if FUSES
/* One tap or two are left of a window at the edge: columns [at, at + taps), of rows shorter than a vector or of
 * pixels. */
static __attribute__((noinline)) void NAME(edge)(const NAME(source) *s, int64_t inner, int64_t at, int taps,
                                                 const struct pool_finish *how, char *dst)
{
    const NAME(finish) f = NAME(finish_of)(how);
    if (inner == 1) {
        VEC columns[2];         /* in every lane; less 0, from which -0.0 stays */
        for (int t = 0; t < taps; t++) columns[t] = NAME(columns)(s, NULL, at + t, 0, 1)[0] - (VEC){0};
        NAME(put)(dst, 0, taps == 2 ? RULE(columns[0], columns[1]) : columns[0], f, 0, 1);
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

static int NAME(fuses)(int n, int64_t inner, int64_t window, int64_t stride, int64_t dilation)
{
    if (dilation != 1 || !(n == 1 || n == window || n == window * window) || (n > POOL_GROUP && !CUBES)) return 0;
    if (inner >= N) return window == 2 || window == 3;
    return inner == 1 && ((window == 2 && stride <= 2) || (window == 3 && stride <= 2 + PARTS_THREES));
}

/* How many windows of pixels slide past each other at once, or 0.  Sliding goes along the row once for every few
 * vectors of a pixel, so the rows must stay in L1, with what is written: else a part of them at a time (56x56x64 in L2,
 * AVX2, maxima: 78 us, so 38; 28x28x256, sums: 59, so 38).  But from memory, or at stride 2, that takes 1.08 of it, and
 * on Zen 3, whose L1 is no more than those rows, maxima 1.2 to 1.5. */
INLINE int64_t NAME(sliding)(int n, int64_t inner, int64_t stride, int64_t outputs, enum pool_distance far)
{
    if (inner <= 4 * N) return outputs;
    const int64_t room = 3 * POOL_L1_BYTES / 4 / (n * stride * inner * (int64_t)sizeof(ELEM));
    if (room >= outputs) return outputs;
    return room >= 4 && stride == 1 && far < POOL_FAR ? room : 0;
}

#define ROWS 1
#include "rows.tmpl.c"
#define ROWS 2
#include "rows.tmpl.c"
#define ROWS 3
#include "rows.tmpl.c"
#define ROWS 4
#include "rows.tmpl.c"
#if CUBES
#define ROWS 9
#include "rows.tmpl.c"
#endif

static void NAME(fused)(const char *const *rows, int n, int64_t inner, int64_t window, int64_t stride, int64_t outputs,
                        int64_t repeats, int64_t loose, enum pool_distance far, int64_t in_step, int64_t out_step,
                        const struct pool_finish *how, const struct pool_edges *edges, void *dst)
{
#define FUSED_N(n, window) \
    NAME(fused_of_##n)(rows, inner, window, stride, outputs, repeats, loose, far, in_step, out_step, f, edges, dst)
#define FUSED_2 \
    switch (n) {                            \
    case 1: FUSED_N(1, 2); break;           \
    case 2: FUSED_N(2, 2); break;           \
    default: FUSED_N(4, 2);                 \
    }
    NAME(finish) f = NAME(finish_of)(how);
    if (IS_NEAR) far = POOL_IN_CACHE;
#if CUBES
    if (n > POOL_GROUP) {
        FUSED_N(9, 3);
        return;
    }
#endif
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
