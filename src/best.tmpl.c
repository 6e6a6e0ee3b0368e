/* best.tmpl.c - where the best element of each window is (struct pool_kernel: best, settle, thin); part of
 * forward.tmpl.c for the reductions that pick an element.
 *
 * Parameters: BETTER(b, a)    where b, that comes later in the window, takes the place of a
 *             SAME_ZEROS(x)   what makes zeros of either sign equal, where the lanes' order does not */
#ifndef SAME_ZEROS
#define SAME_ZEROS(x) (x)
#endif

typedef JOIN(mask_, LANE) NAME(mask);

/* Lanes [i, i + count) of a tap, each `stride` elements after the one before; nothing past the last of them is read. */
INLINE VEC NAME(tap)(const char *row, int stride, int64_t i, int64_t count)
{
    if (stride == 1) {
        const VEC lanes = NAME(leaf)(row, i, count == N, count);
        return SAME_ZEROS(lanes);
    }
    const int64_t low = count <= N / 2 ? 2 * count - 1 : N, high = 2 * count - 1 - (N - 1);
    const VEC a = NAME(leaf)(row, 2 * i, count == N, low);
    const VEC b = count == N || high > 0 ? NAME(leaf)(row, 2 * i + N - 1, count == N, high) : a;
    const VEC lanes = JOIN(even_odd_, LANE)(a, b);
    return SAME_ZEROS(lanes);
}

typedef JOIN(vec_, JOIN(CODE_OF_, LANE)) NAME(codes);
typedef NAME(codes) NAME(codes_at) UNALIGNED;

INLINE NAME(codes) NAME(code)(int64_t code)
{
    return (NAME(codes)){0} + (JOIN(lane_, JOIN(CODE_OF_, LANE)))code;
}

INLINE void NAME(consider)(VEC *best, NAME(codes) *at, VEC b, NAME(codes) here)
{
    const NAME(mask) better = BETTER(b, *best);
    *best = PICK(better, b, *best);
    *at = PICK(better, here, *at);
}

/* The best of the taps for `count` lanes from i on.  Each row of three or pair has a best of its own first: so many
 * comparisons need not wait for each other. */
INLINE void NAME(best_of)(const struct pool_taps *t, int stride, int64_t shift, int64_t i, int64_t count, TYPE *best,
                          TYPE *code)
{
    VEC a = {0};
    NAME(codes) at = {0};
    if (!t->fresh) {
        a = NAME(load)(best + i);
        at = *(const NAME(codes_at) *)(code + i);
    }
    const int group = t->n % 3 == 0 ? 3 : 2;
    for (int k = 0; k < t->n;) {
        const char *const row = t->taps[k] + shift;
        NAME(codes) here = NAME(code)(t->codes[k]);
        const int last = k + group < t->n ? k + group : t->n;
        VEC b;
        /* Two taps side by side are the even and the odd ones of the same elements. */
        if (stride == 2 && k + 1 < last && t->taps[k + 1] - t->taps[k] == sizeof(ELEM)) {
            const int64_t low = 2 * count < N ? 2 * count : N;
            const VEC x = NAME(leaf)(row, 2 * i, count == N, low);
            const VEC y = 2 * count > N ? NAME(leaf)(row, 2 * i + N, count == N, 2 * count - N) : x;
            const VEC even = EVEN(x, y), odd = ODD(x, y);
            b = SAME_ZEROS(even);
            NAME(consider)(&b, &here, SAME_ZEROS(odd), NAME(code)(t->codes[k + 1]));
            k += 2;
        } else {
            b = NAME(tap)(row, stride, i, count);
            k++;
        }
        for (; k < last; k++)
            NAME(consider)(&b, &here, NAME(tap)(t->taps[k] + shift, stride, i, count), NAME(code)(t->codes[k]));
        if (t->fresh && last <= group) {
            a = b;
            at = here;
        } else {
            NAME(consider)(&a, &at, b, here);
        }
    }
    a = JOIN(ONE_ZERO_, LANE)(a);
    if (count == N) {
        NAME(store)(best + i, a);
        NAME(store)(code + i, (VEC)at);
    } else {
        NAME(store_part)(best + i, a, count);
        NAME(store_part)(code + i, (VEC)at, count);
    }
}

INLINE void NAME(best_by)(const struct pool_taps *t, int stride, void *best, void *code)
{
    TYPE *to = best, *at = code;
    for (int64_t r = 0; r < t->repeats; r++)
        for (int64_t o = 0; o < t->outputs; o++, to += t->count, at += t->count) {
            const int64_t shift = r * t->row_step + o * t->step;
            int64_t i = 0, whole = r < t->loose ? t->count : t->count - N + 1;
            while (i < whole) {
                NAME(best_of)(t, stride, shift, i, N, to, at);
                i += N;
                /* A vector steps back where parts are dear: what is done twice stays as it is. */
                if (!PARTS_ARE_CHEAP && i < t->count && i >= whole) i = t->count - N, whole = t->count;
            }
            if (i < t->count) NAME(best_of)(t, stride, shift, i, t->count - i, to, at);
        }
}

static void NAME(best)(const struct pool_taps *t, void *best, void *code)
{
    if (t->stride == 1) NAME(best_by)(t, 1, best, code);
    else NAME(best_by)(t, 2, best, code);
}

#if FUSES
#define FINDS_ALL (NARROWS && !FEW_KERNELS)     /* windows of one row, and cubes, beside squares */
#define CODE_LANE JOIN(CODE_OF_, LANE)

/* The best of some elements, and the code of the first that is as good. */
typedef struct {
    VEC best;
    NAME(codes) at;
} NAME(spot);

/* Where the best may be NaN, because all are: the first of them, which comparisons do not find. */
INLINE NAME(codes) NAME(or_first)(VEC best, NAME(codes) first, NAME(codes) at)
{
#if JOIN(HAS_NAN_, LANE) && !MINDS_NAN
    return (NAME(codes))JOIN(PICK_NAN_, LANE)(best, (VEC)first, (VEC)at);
#else
    (void)best, (void)first;
    return at;
#endif
}

/* The best of a few, by the quick form of the rule. */
INLINE VEC NAME(best_of_few)(const VEC *few, int n)
{
    VEC unasked;
    return NAME(tree)(MINDS_NAN ? &unasked : NULL, few, n);
}

/* Of taps in their order: first what is best, then the first tap that is.  Of the last two, *nan says whether there are
 * such. */
INLINE NAME(spot) NAME(found)(unsigned *nan, const VEC *taps, int n, const NAME(codes) *codes)
{
    NAME(spot) s = {NAME(best_of_few)(taps, n), codes[n - 1]};
#pragma GCC unroll 8
    for (int k = n - 2; k >= 0; k--) s.at = JOIN(PICK_SAME_, LANE)(taps[k], s.best, codes[k], s.at);
    s.at = NAME(or_first)(s.best, codes[0], s.at);
#if MINDS_NAN
    if (n > 1) *nan |= JOIN(UNORDERED_, LANE)(taps[n - 2], taps[n - 1]);
#else
    (void)nan;
#endif
    return s;
}

/* Of columns side by side.  Codes rise in the order of the window, so the first of equals has the lowest. */
INLINE NAME(spot) NAME(found_across)(const NAME(spot) *columns, int n)
{
    VEC bests[POOL_FOUND];
#pragma GCC unroll 3
    for (int t = 0; t < n; t++) bests[t] = columns[t].best;
    NAME(spot) s = {NAME(best_of_few)(bests, n), ~(NAME(codes)){0}};
#pragma GCC unroll 3
    for (int t = 0; t < n; t++) {
        const NAME(codes) here = columns[t].at, lower = JOIN(SMALLER_, CODE_LANE)(here, s.at);
        s.at = JOIN(PICK_SAME_, LANE)(bests[t], s.best, t == 0 ? here : lower, s.at);
    }
    s.at = NAME(or_first)(s.best, columns[0].at, s.at);
    return s;
}

/* Of two such, the first of which comes first. */
INLINE NAME(spot) NAME(better_of)(NAME(spot) a, NAME(spot) b)
{
    const VEC both[] = {a.best, b.best};
    NAME(spot) s = {NAME(best_of_few)(both, 2), b.at};
    s.at = JOIN(PICK_SAME_, LANE)(a.best, s.best, a.at, s.at);
    s.at = NAME(or_first)(s.best, a.at, s.at);
    return s;
}

/* N columns from element `at` on, of so many rows of each of so many planes. */
INLINE NAME(spot) NAME(column_found)(unsigned *nan, const char *const *rows, int n, int planes, int64_t at,
                                     const NAME(codes) *codes)
{
    NAME(spot) best = {{0}, {0}};
    for (int z = 0; z < planes; z++, rows += n, codes += n) {
        VEC taps[POOL_FOUND];
#pragma GCC unroll 3
        for (int k = 0; k < n; k++) {
            const VEC tap = NAME(leaf)(rows[k], at, 1, N);
            taps[k] = SAME_ZEROS(tap);
            KEEP(taps[k]);
        }
#if MINDS_NAN
        if (n == 1 || planes > 1) *nan |= JOIN(UNORDERED_, LANE)(taps[0], taps[0]);
#endif
        const NAME(spot) here = NAME(found)(nan, taps, n, codes);
        best = z == 0 ? here : NAME(better_of)(best, here);
    }
    return best;
}

INLINE NAME(spot) NAME(evens)(NAME(spot) a, NAME(spot) b)
{
    return (NAME(spot)){EVEN(a.best, b.best), JOIN(even_, CODE_LANE)(a.at, b.at)};
}

INLINE NAME(spot) NAME(odds)(NAME(spot) a, NAME(spot) b)
{
    return (NAME(spot)){ODD(a.best, b.best), JOIN(odd_, CODE_LANE)(a.at, b.at)};
}

INLINE NAME(spot) NAME(slid_by_one)(NAME(spot) a, NAME(spot) b)
{
    return (NAME(spot)){SLIDE1(a.best, b.best), JOIN(slide1_, CODE_LANE)(a.at, b.at)};
}

INLINE NAME(spot) NAME(slid_by_two)(NAME(spot) a, NAME(spot) b)
{
    return (NAME(spot)){SLIDE2(a.best, b.best), JOIN(slide2_, CODE_LANE)(a.at, b.at)};
}

/* Codes i, i + 1, ... of `bytes` each: as wide as lanes, or single bytes. */
INLINE void NAME(put_codes)(char *code, int bytes, int64_t i, NAME(codes) at)
{
    if (sizeof(TYPE) > 1 && bytes == 1) {
#ifdef STORE_BYTES
        STORE_BYTES(code + i, at);
#else
        typedef uint8_t single __attribute__((vector_size(N)));
        typedef uint16_t pairs __attribute__((vector_size(2 * N)));
        typedef uint32_t words __attribute__((vector_size(4 * N)));
        /* By steps: the compiler knows no instruction but for half the width. */
        single narrow;
        if (sizeof(TYPE) == 2) narrow = __builtin_convertvector(at, single);
        else {
            const words half = __builtin_convertvector(at, words);
            narrow = __builtin_convertvector(__builtin_convertvector(half, pairs), single);
        }
        memcpy(code + i, &narrow, sizeof narrow);
#endif
    } else {
        *(NAME(codes_at) *)(code + i * (int64_t)sizeof(TYPE)) = at;
    }
}

/* One row of windows of single elements, 2 or 3, at stride 1 or 2, of n rows of so many planes.  Columns that
 * windows share slide over in registers. */
INLINE void NAME(find_along)(unsigned *nan, const char *const *rows, int n, int planes, int window, int stride,
                             int64_t outputs, const NAME(codes) *down, const NAME(codes) *across, TYPE *best,
                             char *code, int bytes)
{
    const int64_t met = stride * (outputs - 1) + window;        /* columns */
    NAME(spot) a = NAME(column_found)(nan, rows, n, planes, 0, down), b = a;
    if (stride == 2) b = NAME(column_found)(nan, rows, n, planes, N, down);
    NAME(spot) columns[POOL_FOUND] = {stride == 2 ? NAME(evens)(a, b) : a};
    for (int64_t i = 0;; i += N) {
        const int64_t beyond = stride * (i + N);
        NAME(spot) next = columns[0];
        if (stride == 2) columns[1] = NAME(odds)(a, b);
        if (stride == 2 && i + N < outputs) {
            a = NAME(column_found)(nan, rows, n, planes, beyond, down);
            b = NAME(column_found)(nan, rows, n, planes, beyond + N, down);
            next = NAME(evens)(a, b);
        } else if (beyond < met && (stride == 1 || window == 3)) {      /* one vector holds what is wanted */
            next = NAME(column_found)(nan, rows, n, planes, beyond, down);
        }
        if (stride == 1) columns[1] = NAME(slid_by_one)(columns[0], next), columns[1].at += across[1];
        if (window == 3) {
            columns[2] = stride == 1 ? NAME(slid_by_two)(columns[0], next) : NAME(slid_by_one)(columns[0], next);
            columns[2].at += across[2];
        }
        const NAME(spot) s = NAME(found_across)(columns, window);
        NAME(store)(best + i, JOIN(ONE_ZERO_, LANE)(s.best));
        NAME(put_codes)(code, bytes, i, s.at);
        if (i + N >= outputs) return;
        columns[0] = next;
    }
}

/* One row of windows of pixels; columns that the next windows share are kept, if a pixel is of few vectors. */
INLINE void NAME(find_pixels)(unsigned *nan, const char *const *rows, int n, int planes, int window, int64_t inner,
                              int64_t stride, int64_t outputs, const NAME(codes) *down, const NAME(codes) *across,
                              TYPE *best, char *code, int bytes)
{
    NAME(spot) kept[POOL_FOUND][POOL_KEPT];
    const int shared = stride < window && inner <= POOL_KEPT * N ? window - (int)stride : 0;
    for (int64_t o = 0; o < outputs; o++, best += inner, code += inner * bytes)
        for (int64_t c = 0, i = 0; c < inner; c = stepped(c, N, inner), i++) {
            NAME(spot) columns[POOL_FOUND];
#pragma GCC unroll 3
            for (int t = 0; t < window; t++) {
                if (o > 0 && t < shared) columns[t] = kept[t][i];
                else columns[t] = NAME(column_found)(nan, rows, n, planes, (o * stride + t) * inner + c, down);
            }
#pragma GCC unroll 3
            for (int t = 1; t < window; t++)
                if (t >= window - shared) kept[t - (window - shared)][i] = columns[t];
#pragma GCC unroll 3
            for (int t = 1; t < window; t++) columns[t].at += across[t];
            const NAME(spot) s = NAME(found_across)(columns, window);
            NAME(store)(best + c, JOIN(ONE_ZERO_, LANE)(s.best));
            NAME(put_codes)(code, bytes, c, s.at);
        }
}

/* A row where there are NaN. */
INLINE void NAME(find_carefully)(const char *const *rows, int n, int window, int64_t inner, int64_t stride,
                                 int64_t outputs, const int64_t *codes, TYPE *best, TYPE *code)
{
    const char *taps[POOL_ROWS * POOL_FOUND];
    for (int k = 0; k < n * window; k++)
        taps[k] = rows[k / window] + k % window * inner * (int64_t)sizeof(ELEM);
    const struct pool_taps t = {
        .taps = taps, .codes = codes, .n = n * window, .stride = inner == 1 ? (int)stride : 1, .fresh = 1,
        .repeats = 1, .outputs = inner == 1 ? 1 : outputs, .step = stride * inner * (int64_t)sizeof(ELEM),
        .count = inner == 1 ? outputs : inner,
    };
    NAME(best)(&t, best, code);
}

INLINE void NAME(find_n)(const char *const *rows, int n, int planes, int window, int64_t inner, int64_t stride,
                         int64_t outputs, int64_t repeats, int64_t in_step, const int64_t *codes, TYPE *best,
                         char *code, int bytes, TYPE *wide)
{
    const char *row[POOL_ROWS];
    NAME(codes) down[POOL_ROWS], across[POOL_FOUND];
    for (int k = 0; k < window; k++) across[k] = NAME(code)(codes[k] - codes[0]);
    for (int k = 0; k < n * planes; k++) {
        row[k] = rows[k];
        down[k] = NAME(code)(codes[k * window]);
        /* Along single elements two apart every second is the second tap. */
        if (inner == 1 && stride == 2) down[k] = JOIN(zip_low_, CODE_LANE)(down[k], NAME(code)(codes[k * window + 1]));
    }
    const char *seen[2] = {NULL, NULL};
    unsigned nan = 0;
    for (int64_t r = 0; r < repeats; r++, best += outputs * inner, code += outputs * inner * bytes) {
        /* The first of three rows was among those before, if there were none of NaN. */
        const int is_seen = !nan && (row[0] == seen[0] || row[0] == seen[1]), asks = n == 3 && planes == 1;
        nan = asks && !is_seen ? NAME(any_nan)(row[0], ((outputs - 1) * stride + 3) * inner) : 0;
        if (asks) seen[0] = row[1], seen[1] = row[2];
        if (inner == 1)
            NAME(find_along)(&nan, row, n, planes, window, (int)stride, outputs, down, across, best, code, bytes);
        else NAME(find_pixels)(&nan, row, n, planes, window, inner, stride, outputs, down, across, best, code, bytes);
        if (nan) {
            const int narrow = bytes != sizeof(TYPE);
            const int64_t count = outputs * inner;
            NAME(find_carefully)(row, n * planes, window, inner, stride, outputs, codes, best,
                                 narrow ? wide : (TYPE *)code);
            for (int64_t i = 0; narrow && i < count; i = stepped(i, N, count))
                NAME(put_codes)(code, bytes, i, *(const NAME(codes_at) *)(wide + i));
        }
        for (int k = 0; k < n * planes; k++) row[k] += in_step;
    }
}

static int NAME(finds)(int n, int64_t inner, int64_t window, int64_t stride, int64_t dilation)
{
    return dilation == 1 && (n == window || (FINDS_ALL && (n == 1 || n == window * window))) &&
           (window == 2 || window == 3) && (inner >= N || (inner == 1 && stride <= 2));
}

static void NAME(find)(const char *const *rows, int n, int64_t inner, int64_t window, int64_t stride, int64_t outputs,
                       int64_t repeats, int64_t in_step, const int64_t *codes, void *best, void *code, int bytes,
                       void *wide)
{
#define FIND(n, planes, window, inner, stride) \
    NAME(find_n)(rows, n, planes, window, inner, stride, outputs, repeats, in_step, codes, best, code, bytes, wide)
#define FIND_2(n, planes)                                                   \
    if (inner == 1 && stride == 1) FIND(n, planes, 2, 1, 1);                \
    else if (inner == 1) FIND(n, planes, 2, 1, 2);                          \
    else FIND(n, planes, 2, inner, stride)
#define FIND_3(n, planes)                                                   \
    if (inner == 1 && stride == 1) FIND(n, planes, 3, 1, 1);                \
    else if (inner == 1) FIND(n, planes, 3, 1, 2);                          \
    else if (n * planes == 3 && stride == 1) FIND(n, planes, 3, inner, 1);  \
    else if (n * planes == 3 && stride == 2) FIND(n, planes, 3, inner, 2);  \
    else FIND(n, planes, 3, inner, stride)
    switch (10 * n + (int)window) {
    case 22: FIND_2(2, 1); break;
    case 33: FIND_3(3, 1); break;
#if FINDS_ALL
    case 12: FIND_2(1, 1); break;
    case 13: FIND_3(1, 1); break;
    case 42: FIND_2(2, 2); break;
    case 93: FIND_3(3, 3);
#endif
    }
#undef FIND
#undef FIND_2
#undef FIND_3
}
#endif

static void NAME(settle)(void *best, int64_t *place, const void *other, const int64_t *other_place, int64_t count)
{
    TYPE *const a_row = best;
    const TYPE *const b_row = other;
    for (int64_t i = 0; i < count; i++) {
        const VEC a = (VEC){0} + a_row[i], b = (VEC){0} + b_row[i];
        const NAME(mask) better = BETTER(b, a), worse = BETTER(a, b);
        if (better[0] || (!worse[0] && other_place[i] < place[i])) {
            a_row[i] = b_row[i];
            place[i] = other_place[i];
        }
    }
}

static void NAME(thin_row)(const void *row, int64_t inner, int64_t step, int64_t outputs, void *dst)
{
    NAME(thin)(row, inner, step, outputs, dst);
}

