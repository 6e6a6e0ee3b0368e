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
