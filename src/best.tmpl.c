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
    const int64_t low = count < N / 2 ? 2 * count - 1 : N, high = 2 * count - 1 - (N - 1);
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

