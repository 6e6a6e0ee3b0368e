/* along.tmpl.c - windows of any size along a row of lanes (struct pool_kernel: along); part of forward.tmpl.c. */

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
        NAME(pixels_of_0)(&s, NULL, 0, inner, window, stride * inner, dilation * inner, outputs, NAME(untouched),
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
