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
            const int64_t shift = r * t->row_step + o * t->step, whole = r < t->loose ? t->count : t->count - N + 1;
            int64_t i = 0;
            for (; i < whole; i += N) NAME(best_of)(t, stride, shift, i, N, to, at);
            if (i >= t->count) continue;
            if (!PARTS_ARE_CHEAP && i > 0)      /* what is done twice stays as it is */
                NAME(best_of)(t, stride, shift, t->count - N, N, to, at);
            else
                NAME(best_of)(t, stride, shift, i, t->count - i, to, at);
        }
}

static void NAME(best)(const struct pool_taps *t, void *best, void *code)
{
    if (t->stride == 1) NAME(best_by)(t, 1, best, code);
    else NAME(best_by)(t, 2, best, code);
}

#if FUSES
/* Small windows whose taps are all at hand: first what is best, then the first tap that equals it. */
INLINE VEC NAME(found)(const VEC *taps, int n, const NAME(codes) *codes, NAME(codes) *at)
{
    VEC tree[9];
#pragma GCC unroll 9
    for (int k = 0; k < n; k++) tree[k] = taps[k];
#pragma GCC unroll 4
    for (int half = 1; half < n; half *= 2)
#pragma GCC unroll 5
        for (int k = 0; k + half < n; k += 2 * half) tree[k] = RULE(tree[k], tree[k + half]);
    const VEC best = tree[0];
    *at = codes[n - 1];
#pragma GCC unroll 8
    for (int k = n - 2; k >= 0; k--) *at = PICK(taps[k] == best, codes[k], *at);
    if (JOIN(ANY_NAN_, LANE)(best))         /* equals nothing */
#pragma GCC unroll 9
        for (int k = n - 1; k >= 0; k--) *at = PICK(taps[k] != taps[k], codes[k], *at);
    return best;
}

INLINE void NAME(find_n)(const char *const *rows, int window, int64_t inner, int64_t stride, int64_t outputs,
                         int64_t repeats, int64_t in_step, const int64_t *codes, TYPE *best, TYPE *code)
{
    const char *row[3];
    NAME(codes) place[9];
    for (int k = 0; k < window; k++) row[k] = rows[k];
#pragma GCC unroll 9
    for (int k = 0; k < window * window; k++) place[k] = NAME(code)(codes[k]);
    for (int64_t r = 0; r < repeats; r++) {
        VEC taps[9];
        NAME(codes) at;
        if (inner == 1) {
            for (int64_t i = 0; i < outputs; i += N) {
#pragma GCC unroll 3
                for (int k = 0; k < window; k++) {
                    const VEC a = NAME(leaf)(row[k], 2 * i, 1, N), b = NAME(leaf)(row[k], 2 * i + N, 1, N);
                    const VEC even = EVEN(a, b), odd = ODD(a, b);
                    taps[window * k] = SAME_ZEROS(even);
                    taps[window * k + 1] = SAME_ZEROS(odd);
                    if (window == 2) continue;
                    const VEC c = NAME(leaf)(row[k], 2 * i + 2, 1, N), d = NAME(leaf)(row[k], 2 * i + 2 + N, 1, N);
                    const VEC next = EVEN(c, d);
                    taps[window * k + 2] = SAME_ZEROS(next);
                }
                NAME(store)(best + i, NAME(found)(taps, window * window, place, &at));
                NAME(store)(code + i, (VEC)at);
            }
            best += outputs, code += outputs;
        } else {
            for (int64_t o = 0; o < outputs; o++, best += inner, code += inner)
                for (int64_t c = 0; c < inner; c = c + 2 * N <= inner || c + N >= inner ? c + N : inner - N) {
#pragma GCC unroll 3
                    for (int k = 0; k < window; k++)
#pragma GCC unroll 3
                        for (int t = 0; t < window; t++) {
                            const VEC tap = NAME(leaf)(row[k], (o * stride + t) * inner + c, 1, N);
                            taps[window * k + t] = SAME_ZEROS(tap);
                        }
                    NAME(store)(best + c, NAME(found)(taps, window * window, place, &at));
                    NAME(store)(code + c, (VEC)at);
                }
        }
        for (int k = 0; k < window; k++) row[k] += in_step;
    }
}

static int NAME(finds)(int n, int64_t inner, int64_t window, int64_t stride, int64_t dilation)
{
    return dilation == 1 && n == window && (window == 2 || window == 3) && (inner >= N || (inner == 1 && stride == 2));
}

static void NAME(find)(const char *const *rows, int64_t inner, int64_t window, int64_t stride, int64_t outputs,
                       int64_t repeats, int64_t in_step, const int64_t *codes, void *best, void *code)
{
    if (inner == 1 && window == 2) NAME(find_n)(rows, 2, 1, 2, outputs, repeats, in_step, codes, best, code);
    else if (inner == 1) NAME(find_n)(rows, 3, 1, 2, outputs, repeats, in_step, codes, best, code);
    else if (window == 2) NAME(find_n)(rows, 2, inner, stride, outputs, repeats, in_step, codes, best, code);
    else NAME(find_n)(rows, 3, inner, stride, outputs, repeats, in_step, codes, best, code);
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

