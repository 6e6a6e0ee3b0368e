/* rows.tmpl.c - rows of small windows, each of which meets ROWS rows of elements, or (0) one of lanes folded before;
 * part of fused.tmpl.c, which includes it for each number that there is.  Were it a parameter, the compiler would copy
 * what is for other numbers into all that is made of these, and drop it late: a quarter of the time it takes. */

#define OF_(part, rows) NAME(part##_of_##rows)
#define OF_EXPANDED(part, rows) OF_(part, rows)
#define OF(part) OF_EXPANDED(part, ROWS)

/* Whether windows of so many along the row may be of so many rows. */
#define ROWS_FIT(window) (ROWS <= 1 || ROWS == (window) || ROWS == (window) * (window))

INLINE VEC OF(columns)(const NAME(source) *s, VEC *doubt, int64_t at, int whole, int64_t count)
{
    return NAME(columns_of)(s->rows, ROWS, doubt, at, whole, count);
}

INLINE VEC OF(column)(const NAME(source) *s, VEC *doubt, int64_t at)
{
    return OF(columns)(s, doubt, at, 1, N);
}

/* What comes in each of a source's rows, where it is far: narrow elements are read in parts of lines, of which the
 * machine does not look ahead enough (103 MB of float16, 64 channels, averages of 2x2: 1.31 of the floor, so 0.97). */
INLINE void OF(fetch_pixels)(const NAME(source) *s, int far, int64_t at)
{
    if (!far) return;
#pragma GCC unroll 4
    for (int k = ROWS > POOL_GROUP ? 6 : 0; k < ROWS; k++) NAME(fetch)(s->rows[k], at);
}

/* Windows of any size along a row of `inner` >= N elements side by side; nothing is shuffled. */
INLINE void OF(pixels)(const NAME(source) *s, VEC *doubt, int far, int64_t inner, int64_t window, int64_t step,
                       int64_t tap_step, int64_t outputs, NAME(finish) f, char *dst)
{
    for (int64_t o = 0; o < outputs; o++) {
        for (int64_t c = 0; c < inner; c = stepped(c, N, inner)) {
            const int64_t at = o * step + c;
            VEC tree[POOL_LEAVES];
            f.far = far && c * (int64_t)sizeof(TYPE) % POOL_VECTOR == 0;      /* once a line */
            OF(fetch_pixels)(s, far, at);
            tree[0] = OF(column)(s, doubt, at);
            if (IDEMPOTENT) {
                for (int64_t t = 1; t < window; t++)
                    tree[0] = NAME(rule)(doubt, tree[0], OF(column)(s, doubt, at + t * tap_step));
            } else {
                for (int64_t t = 1; t < window; t++) tree[t] = OF(column)(s, doubt, at + t * tap_step);
                for (int64_t half = 1; half < window; half *= 2)
                    for (int64_t t = 0; t + half < window; t += 2 * half) tree[t] = RULE(tree[t], tree[t + half]);
            }
            NAME(put)(dst, o * inner + c, tree[0], f, 1, N);
        }
    }
}

#if FUSES
/* The sums of the pairs of elements [at, at + 2 N), the window's rows folded. */
INLINE VEC OF(pairs)(const NAME(source) *s, VEC *doubt, int64_t at)
{
#ifdef PAIR
    VEC sum = {0};
#pragma GCC unroll 4
    for (int i = 0; i < ROWS; i++) {
        const VEC both = *(const NAME(lanes_at) *)(s->rows[i] + at * (int64_t)sizeof(ELEM));
        sum += PAIR(both);
    }
    if (ROWS > 0) return sum;
#endif
    const VEC a = OF(column)(s, doubt, at), b = OF(column)(s, doubt, at + N);
    return NAME(rule)(doubt, EVEN(a, b), ODD(a, b));
}

/* The last of them, of which `left` elements are there: fewer than 2 N. */
INLINE VEC OF(last_pairs)(const NAME(source) *s, VEC *doubt, int64_t at, int64_t left)
{
    const VEC a = OF(columns)(s, doubt, at, left >= N, left);
    const VEC b = left > N ? OF(columns)(s, doubt, at + N, 0, left - N) : a;
    return NAME(rule)(doubt, EVEN(a, b), ODD(a, b));
}

#if PARTS_THREES
/* Windows of 3 side by side from column `at` on, of which `outputs` are wanted: no more is read than those need. */
INLINE VEC OF(side_by_side)(const NAME(source) *s, VEC *doubt, int64_t at, int64_t outputs)
{
    const VEC a = OF(column)(s, doubt, at), b = 3 * outputs > N ? OF(column)(s, doubt, at + N) : a;
    const VEC c = 3 * outputs > 2 * N ? OF(column)(s, doubt, at + 2 * N) : a;
    const VEC v = NAME(rule)(doubt, NAME(third)(a, b, c, 0), NAME(third)(a, b, c, 1));
    return NAME(rule)(doubt, v, NAME(third)(a, b, c, 2));
}
#endif

/* Windows of 2 or 3 along a row of single elements (inner == 1), stride up to 3, that keep within the row.  Each column
 * is folded once and slides over to the next vector in a register.  Window and stride are constants; a `loose` row is
 * read and written in whole vectors past its end. */
INLINE void OF(taps)(const NAME(source) *s, VEC *doubt, int window, int stride, int64_t outputs, int loose,
                     NAME(finish) f, char *dst)
{
    const int64_t width = (outputs - 1) * stride + window;
    const int64_t ahead = window == stride ? window * N : stride == 2 ? 4 * N : 2 * N;      /* that a step touches */
    const int64_t last = loose ? outputs - (window > stride) * N : width < ahead ? 0 : (width - ahead) / stride + 1;
    int64_t i = 0;              /* a step begins before `last` */
    if (window == 2 && stride == 2) {
        for (; i < last; i += N) NAME(put)(dst, i, OF(pairs)(s, doubt, 2 * i), f, 1, N);
        if (i < outputs)
            NAME(put)(dst, i, OF(last_pairs)(s, doubt, 2 * i, 2 * (outputs - i)), f, 0, outputs - i);
        return;
#if PARTS_THREES
    } else if (window == stride) {
        for (; i + N < last; i += N) NAME(put)(dst, i, OF(side_by_side)(s, doubt, 3 * i, N), f, 1, N);
        if (i < last) {
            NAME(put)(dst, i, OF(side_by_side)(s, doubt, 3 * i, outputs - i), f, 1, N);
            i += N;
        }
#endif
    } else if (loose || last > 0) {
        VEC a = OF(column)(s, doubt, 0), b = a, first = a;
        if (stride == 2) b = OF(column)(s, doubt, N), first = EVEN(a, b);
        for (; i < last; i += N) {
            const VEC odd = ODD(a, b);
            a = OF(column)(s, doubt, stride * (i + N));
            if (stride == 2) b = OF(column)(s, doubt, 2 * (i + N) + N);
            const VEC next = stride == 2 ? EVEN(a, b) : a;
            NAME(put)(dst, i, NAME(slid)(doubt, window, stride, first, odd, next), f, 1, N);
            first = next;
        }
        if (loose) {            /* of the next windows no more than a column or two is wanted */
            VEC next = first;
            if (stride == 1 || i + N == outputs) next = OF(column)(s, doubt, stride * (i + N));
            NAME(put)(dst, i, NAME(slid)(doubt, window, stride, first, ODD(a, b), next), f, 1, N);
            return;
        }
    }
    if (i < outputs)
        NAME(taps_at_end)(*s, MINDS_NAN, i * stride, window, stride, outputs - i, f.all, dst + i * NAME(width)(f));
}

/* The windows that have a path of their own along a row of single elements. */
INLINE void OF(any_taps)(const NAME(source) *s, VEC *doubt, int window, int64_t stride, int64_t outputs, int loose,
                         NAME(finish) f, char *dst)
{
#if ROWS_FIT(2)
    if (window == 2 && stride == 2) OF(taps)(s, doubt, 2, 2, outputs, loose, f, dst);
    else if (window == 2) OF(taps)(s, doubt, 2, 1, outputs, loose, f, dst);
#endif
#if ROWS_FIT(3) && PARTS_THREES
    if (window == 3 && stride == 3) OF(taps)(s, doubt, 3, 3, outputs, loose, f, dst);
#endif
#if ROWS_FIT(3)
    if (window == 3 && stride == 2) OF(taps)(s, doubt, 3, 2, outputs, loose, f, dst);
    else if (window == 3 && stride == 1) OF(taps)(s, doubt, 3, 1, outputs, loose, f, dst);
#endif
}

#if ROWS > 0
/* Windows of 3 at stride 1 or 2, outputs [first, last) of a row, all elements side by side, up to `most` vectors of
 * them at a time: columns that windows share are folded once and stay in registers. */
INLINE void OF(pixels_of_3)(const NAME(source) *s, VEC *doubt, int most, int far, int64_t inner, int even, int stride,
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
            a[v] = OF(column)(s, doubt, at);
            if (stride == 1) b[v] = OF(column)(s, doubt, inner + at);
        }
        for (int64_t o = first; o < last; o++)
#pragma GCC unroll 4
            for (int v = 0; v < most; v++) {
                if (v == vectors) break;
                const int64_t at = c + v * N - (!even && v + 1 == vectors ? back : 0);
                if (stride == 2) {
                    OF(fetch_pixels)(s, far, (2 * o + 1) * inner + at);
                    b[v] = OF(column)(s, doubt, (2 * o + 1) * inner + at);
                }
                OF(fetch_pixels)(s, far, (o * stride + 2) * inner + at);
                const VEC next = OF(column)(s, doubt, (o * stride + 2) * inner + at);
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

/* A row of windows of pixels, so many of which slide past each other at once, or 0; `far` is a constant. */
INLINE void OF(pixel_row)(const NAME(source) *s, VEC *doubt, int far, int64_t inner, int window, int64_t stride,
                          int64_t outputs, int64_t slides, NAME(finish) f, char *dst)
{
    f.far = far;
    if (window != 3 || ROWS < 3 || stride > 2 || !slides) {
        OF(pixels)(s, doubt, far, inner, window, stride * inner, inner, outputs, f, dst);
        return;
    }
#define OF_3(most, even, stride) OF(pixels_of_3)(s, doubt, most, far, inner, even, stride, o, end, f, dst)
    for (int64_t o = 0, end; o < outputs; o = end) {
        end = outputs - o < slides ? outputs : o + slides;
        if (ROWS > POOL_GROUP) OF_3(1, 0, (int)stride);
        else if (stride == 2 && inner % N) OF_3(4, 0, 2);
        else if (stride == 2) OF_3(4, 1, 2);
        else if (inner % N) OF_3(4, 0, 1);
        else OF_3(4, 1, 1);
    }
#undef OF_3
}

/* A row.  What is asked of each vector, where all is in cache, takes as long as the rest (baseline, 56x56x32, averages
 * of 2x2: 1.5 of the time). */
INLINE void OF(fused_row)(const NAME(source) *s, VEC *doubt, int64_t inner, int window, int64_t stride,
                          int64_t outputs, int loose, int64_t slides, int far, NAME(finish) f, char *dst)
{
    if (ROWS > POOL_GROUP) {    /* asked all the same: so many rows hide it, and one variant is enough to compile */
        f.far = far;
        if (inner == 1) OF(any_taps)(s, doubt, window, stride, outputs, loose, f, dst);
        else OF(pixel_row)(s, doubt, far, inner, window, stride, outputs, slides, f, dst);
    } else if (inner == 1) {
        f.far = 1;
        if (far && stride == 1) {
            OF(any_taps)(s, doubt, window, 1, outputs, loose, f, dst);
            return;
        }
        f.far = 0;
        OF(any_taps)(s, doubt, window, stride, outputs, loose, f, dst);
    } else if (far) {
        OF(pixel_row)(s, doubt, 1, inner, window, stride, outputs, slides, f, dst);
    } else {
        OF(pixel_row)(s, doubt, 0, inner, window, stride, outputs, slides, f, dst);
    }
}

/* The same where there are NaN. */
INLINE void OF(careful_row)(const NAME(source) *s, int64_t inner, int window, int64_t stride, int64_t outputs,
                            NAME(finish) f, char *dst)
{
    if (inner > 1) {
        OF(pixels)(s, NULL, 0, inner, window, stride * inner, inner, outputs, f, dst);
        return;
    }
    for (int64_t i = 0, most = POOL_AT_END * N; i < outputs; i += most)
        NAME(taps_at_end)(*s, 0, i * stride, window, (int)stride, outputs - i < most ? outputs - i : most, f.all,
                          dst + i * NAME(width)(f));
}

INLINE void OF(fused_rows)(const char *const *rows, int64_t inner, int window, int64_t stride, int64_t outputs,
                           int64_t repeats, int64_t loose, int64_t slides, int far, int64_t in_step, int64_t out_step,
                           NAME(finish) f, const struct pool_edges *edges, char *dst)
{
    const int64_t low = edges->before ? 1 - stride : 0;
    const int64_t high = edges->after ? outputs * stride + window - 1 : (outputs - 1) * stride + window;
    const int edged = edges->before || edges->after;
    const int64_t apart = rows[ROWS > 1] - rows[0];
    NAME(source) s = NAME(rows)(rows, ROWS);
    int careful = 0;            /* rows, from one with NaN on: where there are some there are more */
    for (int64_t r = 0; r < repeats; r++, dst += out_step) {
        VEC doubt = {0};
        VEC *const quick = MINDS_NAN ? &doubt : NULL;
        for (int k = 0; far && k < ROWS; k += POOL_GROUP - 1)
            NAME(fetch_all)(s.rows[k], ROWS > 1 && ROWS * apart < in_step ? ROWS * apart : in_step);
        if (careful == 0) {
            OF(fused_row)(&s, quick, inner, window, stride, outputs, r < loose, slides, far, f, dst);
            if (quick && JOIN(ANY_NAN_, LANE)(doubt)) careful = POOL_CAREFUL;
        }
        if (careful > 0) {
            OF(careful_row)(&s, inner, window, stride, outputs, f, dst);
            careful--;
        }
        if (edged) NAME(edges)(s, inner, window, low, high, edges, dst, outputs);
        for (int i = 0; i < ROWS; i++)
            if (ROWS <= POOL_GROUP || s.rows[i] != edges->padding) s.rows[i] += in_step;
    }
}

/* Of single elements at stride 2 each row asks for nothing that is the same for all (float32 of 56 x 56 in L1, ns a
 * plane: maxima of 2 x 2 162, so 146, averages 133, so 112). */
INLINE void OF(fused)(const char *const *rows, int64_t inner, int window, int64_t stride, int64_t outputs,
                      int64_t repeats, int64_t loose, enum pool_distance far, int64_t in_step, int64_t out_step,
                      NAME(finish) f, const struct pool_edges *edges, char *dst)
{
#define ROWS_OF(inner, stride, slides) \
    OF(fused_rows)(rows, inner, window, stride, outputs, repeats, loose, slides, far != POOL_IN_CACHE, in_step, \
                   out_step, f, edges, dst)
    if (ROWS <= POOL_GROUP && inner == 1 && stride == 2) ROWS_OF(1, 2, 0);
    else ROWS_OF(inner, stride, NAME(sliding)(ROWS, inner, stride, outputs, far));
#undef ROWS_OF
}

#endif
#endif

#undef OF_
#undef OF_EXPANDED
#undef OF
#undef ROWS_FIT
#undef ROWS
