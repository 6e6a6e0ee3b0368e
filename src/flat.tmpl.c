/* flat.tmpl.c - whole planes that lie in scratch as one row of lanes, over which all windows go at once (struct
 * pool_kernel: flat, spaced); part of forward.tmpl.c. */

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
#define LAY(n) NAME(lay_spaced)(p, n, loose, first, last, in)
    switch (p->y->window) {
    case 1: LAY(1); break;
    case 2: LAY(2); break;
    case 3: LAY(3); break;
    case 4: LAY(4); break;
    case 5: LAY(5); break;
    case 6: LAY(6); break;
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
