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

/* The best of the taps for `count` lanes from i on. */
INLINE void NAME(best_of)(const char *const *taps, const int64_t *codes, int n, int stride, int64_t shift, int64_t i,
                          int64_t count, int fresh, TYPE *best, TYPE *code)
{
    typedef JOIN(vec_, JOIN(CODE_OF_, LANE)) codes_vec;
    typedef codes_vec codes_at UNALIGNED;
    VEC a;
    codes_vec at;
    if (fresh) {
        a = NAME(tap)(taps[0] + shift, stride, i, count);
        at = (codes_vec){0} + (JOIN(lane_, JOIN(CODE_OF_, LANE)))codes[0];
    } else {
        a = NAME(load)(best + i);
        at = *(const codes_at *)(code + i);
    }
    for (int k = fresh; k < n; k++) {
        const VEC b = NAME(tap)(taps[k] + shift, stride, i, count);
        const codes_vec here = (codes_vec){0} + (JOIN(lane_, JOIN(CODE_OF_, LANE)))codes[k];
        const NAME(mask) better = BETTER(b, a);
        a = PICK(better, b, a);
        at = PICK(better, here, at);
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
            const int64_t shift = r * t->row_step + o * t->step;
            int64_t i = 0;
            for (; i + N <= t->count; i += N)
                NAME(best_of)(t->taps, t->codes, t->n, stride, shift, i, N, t->fresh, to, at);
            if (i == t->count) continue;
            if (!PARTS_ARE_CHEAP && i > 0)      /* what is done twice stays as it is */
                NAME(best_of)(t->taps, t->codes, t->n, stride, shift, t->count - N, N, t->fresh, to, at);
            else
                NAME(best_of)(t->taps, t->codes, t->n, stride, shift, i, t->count - i, t->fresh, to, at);
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

