/* narrow.tmpl.c - whole planes whose rows few vectors hold (struct pool_kernel: narrows, narrow); part of
 * forward.tmpl.c. */

/* Of a window of which so many elements count. */
INLINE double NAME(divisor_of)(const struct pool_planes *p, int64_t counted)
{
    return p->divisor > 0 ? p->divisor : (double)counted;
}

/* Lane l of divisors and their inverses. */
INLINE void NAME(divide_by)(const struct pool_planes *p, int64_t counted, int64_t l, VEC *by, VEC *inverse)
{
    const double divisor = NAME(divisor_of)(p, counted);
    (*by)[l] = (TYPE)divisor;
    (*inverse)[l] = (TYPE)pool_inverse((int64_t)divisor);
}

enum { NAME(narrow_vectors) = sizeof(TYPE) == 1 ? 2 : POOL_NARROW };      /* of a row, at most; bytes are turned */

typedef struct {
    int divides, as_elements, pairs;    /* `pairs`: of vectors in a row */
    int far;                    /* whether rows of whole vectors are fetched to be written; short ones gain nothing */
    int64_t whole;              /* vectors, from the first, that are so, as is the one after them; an even number */
    VEC none;                   /* what takes no part */
    JOIN(mask_, LANE) within;   /* the columns that there are of the last vector */
    JOIN(mask_, LANE) taps[3];  /* of outputs in a row that a vector holds */
    /* How outputs are divided, by rows counted. */
#if ROUNDS
    int rounds_all;             /* or makes floats */
    NAME(rounds) rounds[3][NAME(narrow_vectors)];
    struct pool_finish finish;
    struct pool_divisors wide[3][NAME(narrow_vectors)];
#else
    VEC by[3][NAME(narrow_vectors)], inverse[3][NAME(narrow_vectors)];
#endif
} NAME(narrow_plan);

/* Whether one vector holds a row, and a shuffle of it what windows meet.  What takes no part needs a lane of its own;
 * where a rule may meet an element twice, the nearest stands for it. */
INLINE int NAME(shuffles)(const struct pool_axis *x)
{
    const int all_inside = x->before == 0 && (x->outputs - 1) * x->stride + 3 <= x->size;
    return JOIN(SHUFFLES_, VECTOR_BYTES)(sizeof(TYPE)) && x->outputs <= N &&
           (x->size < N || (x->size == N && (IDEMPOTENT || all_inside)));
}

/* Columns [v*N, (v + 1)*N) of a row of `width`, the window's rows folded. */
INLINE VEC NAME(narrow_columns)(const NAME(source) *s, const NAME(narrow_plan) *plan, VEC *doubt, int64_t v,
                                int64_t width, int whole, int loose)
{
    const int64_t left = width - v * N;
    if (whole || left >= N) return NAME(column)(s, doubt, v * N);
    if (left <= 0) return plan->none;
    const VEC all = NAME(columns)(s, doubt, v * N, loose, left);
    return PICK(plan->within, all, plan->none);
}

/* Vector v of a row of outputs. */
INLINE void NAME(put_narrow)(const struct pool_planes *p, const NAME(narrow_plan) *plan, int64_t counted, int64_t v,
                             VEC windows, int whole, int loose, char *out)
{
    const int64_t left = p->x->outputs - v * N;
    NAME(finish) f = {.as_elements = plan->as_elements, .far = whole && plan->far};
    if (!whole && left <= 0) return;
#if ROUNDS
    if (WIDENS) f.wide = plan->finish.wide, f.all = &plan->finish;
    if (plan->rounds_all) {
        f.how = MAKES_FLOATS && plan->finish.wide ? NAME(floats) : NAME(rounded);
        f.rounds = plan->rounds[counted - 1][v];
        f.by_lanes = &plan->wide[counted - 1][v];
    }
#else
    if (plan->divides) {
        f.how = NAME(nearly_times);
        f.by = plan->by[counted - 1][v];
        f.inverse = plan->inverse[counted - 1][v];
    }
#endif
    NAME(put)(out, v * N, windows, f, whole || loose || left >= N, left);
}

/* The windows along N columns, `here`, between those before and after. */
INLINE VEC NAME(narrow_windows)(const struct pool_planes *p, VEC *doubt, VEC prior, VEC here, VEC after)
{
    if (!p->x->before) return NAME(slid)(doubt, 3, 1, here, here, after);
    const VEC two = NAME(rule)(doubt, SLIDE_BACK(prior, here), here);
    return NAME(rule)(doubt, two, SLIDE1(here, after));
}

/* The outputs of vectors v and v + 1 of columns, of which `here` are the first and `prior` those before; `after` may be
 * none after the second. */
INLINE void NAME(narrow_pair)(const struct pool_planes *p, const NAME(narrow_plan) *plan, VEC *doubt, int last,
                              const NAME(source) *s, int64_t counted, int64_t v, VEC *prior, VEC *here, int whole,
                              int loose, char *out)
{
    VEC windows[2];
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) {
        const VEC after = last && h == 1
                              ? plan->none
                              : NAME(narrow_columns)(s, plan, doubt, v + h + 1, p->x->size, whole, loose);
        windows[h] = NAME(narrow_windows)(p, doubt, *prior, *here, after);
        *prior = *here, *here = after;
    }
    if (p->x->stride == 2) {
        NAME(put_narrow)(p, plan, counted, v / 2, EVEN(windows[0], windows[1]), whole, loose, out);
    } else {
        NAME(put_narrow)(p, plan, counted, v, windows[0], whole, loose, out);
        NAME(put_narrow)(p, plan, counted, v + 1, windows[1], whole, loose, out);
    }
}

/* A row of outputs of which one vector holds all that windows meet. */
INLINE void NAME(narrow_one)(const struct pool_planes *p, const NAME(narrow_plan) *plan, VEC *doubt,
                             const NAME(source) *s, int64_t counted, int loose, char *out)
{
    const VEC here = NAME(narrow_columns)(s, plan, doubt, 0, p->x->size, 0, loose);
    const VEC windows = NAME(narrow_windows)(p, doubt, plan->none, here, plan->none);
    NAME(put_narrow)(p, plan, counted, 0, p->x->stride == 2 ? EVEN(windows, windows) : windows, 0, loose, out);
}

/* A row of outputs: of one vector that is shuffled (`pairs` a constant 0) or slides past what takes no part (a constant
 * -1), or of vectors whose neighbours slide past each other in registers, two at a time (1 or 2 a constant). */
INLINE void NAME(narrow_row)(const struct pool_planes *p, const NAME(narrow_plan) *plan, VEC *doubt, int pairs,
                             const NAME(source) *s, int64_t counted, int loose, char *out)
{
    const int64_t width = p->x->size;
    if (pairs < 0) {
        NAME(narrow_one)(p, plan, doubt, s, counted, loose, out);
        return;
    }
    if (pairs == 0) {
        const VEC all = NAME(columns)(s, doubt, 0, loose || width == N, width);
        const VEC columns = IDEMPOTENT || width == N ? all : PICK(plan->within, all, plan->none);
        VEC unasked, taps[3];
#pragma GCC unroll 3
        for (int k = 0; k < 3; k++) taps[k] = SHUFFLE(columns, plan->taps[k]);
        NAME(put_narrow)(p, plan, counted, 0, NAME(tree)(doubt ? &unasked : NULL, taps, 3), 0, loose, out);
        return;
    }
    VEC prior = plan->none, here = NAME(narrow_columns)(s, plan, doubt, 0, width, pairs > 1, loose);
    if (pairs <= 2) {
#pragma GCC unroll 2
        for (int k = 0; k < pairs; k++)
            NAME(narrow_pair)(p, plan, doubt, k + 1 == pairs, s, counted, 2 * k, &prior, &here, 0, loose, out);
        return;
    }
    int64_t v = 0;
    for (; v < plan->whole; v += 2)
        NAME(narrow_pair)(p, plan, doubt, 0, s, counted, v, &prior, &here, 1, loose, out);
    for (; v < 2 * pairs; v += 2)
        NAME(narrow_pair)(p, plan, doubt, 0, s, counted, v, &prior, &here, 0, loose, out);
}

/* Results of a plane. */
INLINE void NAME(narrow_plane)(const struct pool_planes *p, const NAME(narrow_plan) *plan, VEC *doubt, int pairs,
                               int loose, const char *in, char *out)
{
    const struct pool_axis *const y = p->y;
    const int64_t height = y->size, step = y->in_step, stride = y->stride, out_step = y->out_step;
    const int64_t last = y->outputs * stride - y->before;
    const char *const padding = p->padding;
    for (int64_t top = -y->before; top < last; top += stride, out += out_step) {
        const char *const at = in + top * step;
        const NAME(source) s = {.n = 3, .rows = {top >= 0 && top < height ? at : padding,
                                                 top >= -1 && top + 1 < height ? at + step : padding,
                                                 top >= -2 && top + 2 < height ? at + 2 * step : padding}};
        int64_t counted = 3;
        if (plan->divides) {
            const int64_t end = top + 3 < y->counted_last ? top + 3 : y->counted_last;
            counted = end - (top > y->counted_first ? top : y->counted_first);
        }
        for (int64_t b = 0; b < stride * step; b += POOL_VECTOR) PREFETCH(at + b + POOL_AHEAD);
        NAME(narrow_row)(p, plan, doubt, pairs, &s, counted, loose, out);
    }
}

/* The same where there are NaN. */
static __attribute__((noinline)) void NAME(careful_narrow)(const struct pool_planes *p, const NAME(narrow_plan) *plan,
                                                           int loose, const char *in, char *out)
{
    NAME(narrow_plane)(p, plan, NULL, plan->pairs, loose, in, out);
}

INLINE void NAME(narrow_planes)(const struct pool_planes *p, const NAME(narrow_plan) *plan, int pairs)
{
    for (int64_t i = 0; i < p->count; i++) {
        const char *const in = p->in + i * p->in_step;
        char *const out = p->out + i * p->out_step;
        VEC doubt = {0};
        NAME(narrow_plane)(p, plan, MINDS_NAN ? &doubt : NULL, pairs, i < p->loose, in, out);
        if (JOIN(ANY_NAN_, LANE)(doubt)) NAME(careful_narrow)(p, plan, i < p->loose, in, out);
    }
}

#ifdef CHOOSE
/* Planes of which two vectors hold what each half of the rows of outputs needs, one the columns of those rows of which
 * the window's are folded, and one the outputs. */
typedef struct {
    int64_t base[2], span[2];           /* elements that a half needs */
    JOIN(mask_, LANE) within[2][2], down[2][3], across[3];
    VEC by, inverse;            /* divisors of outputs */
} NAME(tiny_plan);

/* The rows of data that the windows of half h meet. */
INLINE struct pool_range NAME(rows_of_half)(const struct pool_axis *y, int h)
{
    const int64_t outputs = (y->outputs + 1) / 2, top = h * outputs * y->stride - y->before;
    const int64_t bottom = top + (outputs - 1) * y->stride + 3, first = top < 0 ? 0 : top;
    const int64_t last = bottom < y->size ? bottom : y->size;
    return (struct pool_range){first, last < first ? first : last};
}

INLINE int NAME(are_tiny)(const struct pool_axis *y, const struct pool_axis *x)
{
    const struct pool_range upper = NAME(rows_of_half)(y, 0), lower = NAME(rows_of_half)(y, 1);
    const int64_t upper_rows = upper.last - upper.first, lower_rows = lower.last - lower.first;
    /* Bytes are chosen one by one, and integers rounded by rows. */
    return sizeof(TYPE) > 1 && !ROUNDS && (y->outputs + 1) / 2 * x->size < N && y->outputs * x->outputs <= N &&
           (upper_rows > lower_rows ? upper_rows : lower_rows) * x->size < 2 * N;
}

/* How lanes of such planes are chosen; what takes no part is in the last lane of all. */
INLINE void NAME(plan_tiny)(const struct pool_planes *p, NAME(tiny_plan) *t)
{
    typedef __typeof__(t->across[0][0]) choice;
    const struct pool_axis *const y = p->y, *const x = p->x;
    const int64_t rows = (y->outputs + 1) / 2, outputs = y->outputs * x->outputs;
    for (int h = 0; h < 2; h++) {
        const struct pool_range data = NAME(rows_of_half)(y, h);
        t->base[h] = data.first * x->size;
        t->span[h] = (data.last - data.first) * x->size;
        memset(t->within[h], -1, (size_t)t->span[h] * sizeof(TYPE));
        for (int k = 0; k < 3; k++)
            for (int l = 0; l < N; l++) {
                const int64_t row = (h * rows + l / x->size) * y->stride - y->before + k;
                const int there = l < rows * x->size && row >= data.first && row < data.last;
                t->down[h][k][l] = (choice)(there ? row * x->size + l % x->size - t->base[h] : 2 * N - 1);
            }
    }
    for (int k = 0; k < 3; k++)
        for (int o = 0; o < N; o++) {
            const int64_t row = o / x->outputs, column = o % x->outputs * x->stride - x->before + k, h = row / rows;
            const int there = o < outputs && column >= 0 && column < x->size;
            t->across[k][o] = (choice)(there ? h * N + row % rows * x->size + column : N - 1);
        }
    for (int64_t o = 0; p->divides && o < outputs; o++) {
        const int64_t counted = pool_counted(y, o / x->outputs) * pool_counted(x, o % x->outputs);
        NAME(divide_by)(p, counted, o, &t->by, &t->inverse);
    }
}

INLINE VEC NAME(tiny_half)(const NAME(tiny_plan) *t, int h, const char *in, VEC none, int loose, VEC *all)
{
    VEC part[2];
#pragma GCC unroll 2
    for (int v = 0; v < 2; v++) {
        const int64_t left = t->span[h] - v * N;
        part[v] = left > 0 ? NAME(leaf)(in, t->base[h] + v * N, loose || left >= N, left) : none;
        part[v] = PICK(t->within[h][v], part[v], none);
        all[2 * h + v] = part[v];
    }
    VEC unasked, taps[3];
#pragma GCC unroll 3
    for (int k = 0; k < 3; k++) taps[k] = CHOOSE(part[0], part[1], t->down[h][k]);
    const VEC folded = NAME(tree)(&unasked, taps, 3);
    return FOLDED(folded);
}

static void NAME(tiny_planes)(const struct pool_planes *p, const NAME(tiny_plan) *t, const NAME(narrow_plan) *plan)
{
    const int64_t outputs = p->y->outputs * p->x->outputs;
    const NAME(finish) f = {
        .how = p->divides ? NAME(nearly_times) : NAME(as_it_is), .as_elements = p->as_elements,
        .by = t->by, .inverse = t->inverse,
    };
    for (int64_t i = 0; i < p->count; i++) {
        const char *const in = p->in + i * p->in_step;
        char *const out = p->out + i * p->out_step;
        const int loose = i < p->loose;
        VEC all[4], unasked, taps[3];
        const VEC upper = NAME(tiny_half)(t, 0, in, plan->none, loose, all);
        const VEC lower = NAME(tiny_half)(t, 1, in, plan->none, loose, all);
#pragma GCC unroll 3
        for (int k = 0; k < 3; k++) taps[k] = CHOOSE(upper, lower, t->across[k]);
#if MINDS_NAN
        if (__builtin_expect(JOIN(UNORDERED_, LANE)(all[0], all[1]) | JOIN(UNORDERED_, LANE)(all[2], all[3]), 0)) {
            NAME(careful_narrow)(p, plan, 0, in, out);
            continue;
        }
#endif
        NAME(put)(out, 0, NAME(tree)(&unasked, taps, 3), f, loose || outputs == N, outputs);
    }
}
#endif

#if ROUNDS
enum { NAME(narrow_lanes) = 3 * NAME(narrow_vectors) * N };

/* How outputs are rounded; or what they are divided by if they are to be wide, for which there is room. */
INLINE void NAME(plan_rounds)(const struct pool_planes *p, NAME(narrow_plan) *plan, double *by, double *inverse)
{
    const int64_t outputs = p->x->outputs;
    plan->finish = (struct pool_finish){.divisor = 1, .inverse = 1, .exact_inverse = !p->divides, .wide = p->wide};
    plan->rounds_all = p->divides || (MAKES_FLOATS && p->wide);
    for (int64_t rows = 1; plan->rounds_all && rows <= 3; rows++)
        for (int64_t o = 0; o < outputs || o % N > 0; o++) {
            const int is_divided = p->divides && o < outputs;
            const double divisor = is_divided ? NAME(divisor_of)(p, rows * pool_counted(p->x, o)) : 1;
            const double inverted = pool_inverse((int64_t)divisor);
            const int64_t v = o / N, l = o % N, at = ((rows - 1) * NAME(narrow_vectors) + v) * N;
            if (WIDENS && p->wide == POOL_FLOAT64) {
                by[at + l] = divisor, inverse[at + l] = inverted;
            } else if (WIDENS && p->wide) {
                ((float *)(by + at))[l] = (float)divisor, ((float *)(inverse + at))[l] = (float)inverted;
            } else {
                struct pool_rounds r;
                pool_rounds_of((int64_t)divisor, p->rounding, sizeof(TYPE), pool_most_sum(9, sizeof(ELEM)), &r);
                NAME(round_lane)(&plan->rounds[rows - 1][v], l, divisor, &r);
            }
            plan->wide[rows - 1][v] = (struct pool_divisors){by + at, inverse + at};
        }
}
#endif

static void NAME(narrow)(const struct pool_planes *p)
{
    const struct pool_axis *const x = p->x;
    NAME(narrow_plan) plan = {.divides = p->divides, .as_elements = p->as_elements};
    plan.none = NAME(leaf)(p->padding, 0, 1, N);
    memset(&plan.within, -1, (size_t)(x->size % N) * sizeof(TYPE));
    const int64_t last = (x->outputs - 1) * x->stride, positions = last < x->size ? x->size : last + 1;
    plan.pairs = (int)((positions + 2 * N - 1) / (2 * N));
    plan.far = p->far && x->stride == 1;
    const int64_t columns = x->size / N - 1, outputs = x->outputs / N * x->stride;
    plan.whole = columns < 2 ? 0 : (columns < outputs ? columns : outputs) / 2 * 2;
#if ROUNDS
    double by[NAME(narrow_lanes)], inverse[NAME(narrow_lanes)];
    NAME(plan_rounds)(p, &plan, by, inverse);
#else
    for (int64_t o = 0; p->divides && o < x->outputs; o++)
        for (int64_t rows = 1; rows <= 3; rows++)
            NAME(divide_by)(p, rows * pool_counted(x, o), o % N, &plan.by[rows - 1][o / N],
                            &plan.inverse[rows - 1][o / N]);
#endif
#ifdef CHOOSE
    if (NAME(are_tiny)(p->y, x)) {
        NAME(tiny_plan) tiny = {0};
        NAME(plan_tiny)(p, &tiny);
        NAME(tiny_planes)(p, &tiny, &plan);
        return;
    }
#endif
    if (!NAME(shuffles)(x)) {
        if (positions <= N) plan.pairs = -1;
        switch (plan.pairs) {
        case -1: NAME(narrow_planes)(p, &plan, -1); break;
        case 1: NAME(narrow_planes)(p, &plan, 1); break;
        case 2: NAME(narrow_planes)(p, &plan, 2); break;
        default: NAME(narrow_planes)(p, &plan, plan.pairs);
        }
        return;
    }
    for (int k = 0; k < 3; k++)
        for (int64_t o = 0; o < N; o++) {
            const int64_t at = o * x->stride - x->before + k, nearest = at < 0 ? 0 : at < x->size ? at : x->size - 1;
            plan.taps[k][o] = (__typeof__(plan.taps[0][0]))(IDEMPOTENT || at == nearest ? nearest : N - 1);
        }
    NAME(narrow_planes)(p, &plan, 0);
}

static int NAME(narrows)(const struct pool_axis *y, const struct pool_axis *x)
{
    const int64_t most = NAME(narrow_vectors) * N;
    if (y->window != 3 || x->window != 3 || y->dilation > 1 || x->dilation > 1 || x->stride > 2 || x->before < 0 ||
        x->before > 1 || x->size > most || x->outputs > (x->stride == 1 ? most : most / 2))
        return 0;
#ifdef CHOOSE
    if (NAME(are_tiny)(y, x)) return 2;
#endif
    return 1;
}
