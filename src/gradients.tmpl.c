/* gradients.tmpl.c - what the backward pass does with rows of lanes (struct pool_gradient says what each promises).
 *
 * Parameters: LANE   float32 or float64
 *             CODE   the integer as wide, in which places inside windows are compared */
#define NAME_(part, lane) part##_##lane
#define NAME_EXPANDED(part, lane) NAME_(part, lane)
#define NAME(part) NAME_EXPANDED(part, LANE)
#define TYPE JOIN(lane_, LANE)
#define VEC JOIN(vec_, LANE)
#define CODES JOIN(vec_, CODE)
#define N LANES_OF(TYPE)

typedef VEC NAME(lanes_at) UNALIGNED;
typedef CODES NAME(codes_at) UNALIGNED;
typedef JOIN(mask_, LANE) NAME(mask);

INLINE VEC NAME(load)(const TYPE *p)
{
    return *(const NAME(lanes_at) *)p;
}

INLINE void NAME(store)(TYPE *p, VEC v)
{
    *(NAME(lanes_at) *)p = v;
}

/* A part of a vector: nothing is read, and of acc nothing written, past its `count` lanes. */
INLINE void NAME(share_part)(TYPE *acc, const TYPE *grad, int64_t count, VEC divisor, int add)
{
    VEC g, a = {0};
    LOAD_PART(&g, (const char *)grad, (size_t)count * sizeof(TYPE));
    if (add) LOAD_PART(&a, (const char *)acc, (size_t)count * sizeof(TYPE));
    g = add ? a + g / divisor : g / divisor;
    STORE_PART((char *)acc, &g, (size_t)count * sizeof(TYPE));
}

static void NAME(share)(void *acc, const void *grad, int64_t count, int64_t divisor, int add, int64_t rows,
                        int64_t acc_step)
{
    TYPE *a = acc;
    const TYPE *g = grad;
    const VEC by = (VEC){0} + (TYPE)divisor, inverse = (VEC){0} + 1 / (TYPE)divisor;
    const int exact = (divisor & (divisor - 1)) == 0;       /* the same to the bit, and no division */
    for (int64_t r = 0; r < rows; r++, g += count, a += acc_step / (int64_t)sizeof(TYPE)) {
        int64_t i = 0, whole = count - N + 1;
        while (i < whole) {
            const VEC v = NAME(load)(g + i), share = exact ? v * inverse : v / by;
            NAME(store)(a + i, add ? NAME(load)(a + i) + share : share);
            i += N;
            /* What is not added to may be written twice. */
            if (!add && i < count && i >= whole) i = count - N, whole = count;
        }
        if (i < count) NAME(share_part)(a + i, g + i, count - i, by, add);
    }
}

/* ---- each position gathers from the windows over it -------------------------------------------------------- */

/* N codes: one beside each lane, of its width or, where the instruction set compares those to masks, a byte. */
typedef uint8_t NAME(byte_codes) __attribute__((vector_size(N)));
typedef NAME(byte_codes) NAME(byte_codes_at) UNALIGNED;
typedef struct {
    CODES lanes;
    NAME(byte_codes) bytes;
} NAME(codes);

INLINE NAME(codes) NAME(load_codes)(const char *p, int code_bytes)
{
    NAME(codes) codes = {0};
    if (code_bytes == 1) codes.bytes = *(const NAME(byte_codes_at) *)p;
    else if (code_bytes) codes.lanes = *(const NAME(codes_at) *)p;
    return codes;
}

INLINE NAME(codes) NAME(same_codes)(int64_t is, int code_bytes)
{
    NAME(codes) codes = {0};
    if (code_bytes == 1) codes.bytes = (NAME(byte_codes)){0} + (uint8_t)is;
    else if (code_bytes) codes.lanes = (CODES){0} + (JOIN(lane_, CODE))is;
    return codes;
}

/* Lanes join those whose sum is never -0.0, where codes are asked for those whose code `is`. */
INLINE VEC NAME(join)(VEC sum, VEC lanes, NAME(codes) codes, NAME(codes) is, int code_bytes)
{
#if BYTES_ARE_MASKS
    if (code_bytes == 1) return JOIN(ADD_WHERE_BYTES_, LANE)(sum, lanes, codes.bytes, is.bytes);
#endif
    return code_bytes ? JOIN(ADD_WHERE_SAME_, LANE)(sum, lanes, codes.lanes, is.lanes) : sum + lanes;
}

/* A phase of at most MOST_HELD taps: held in registers wherever n is a constant. */
typedef struct {
    const char *grads[MOST_HELD], *codes[MOST_HELD];
    NAME(codes) is[MOST_HELD];
} NAME(held);

/* How many bytes into the gradients and codes of its taps a row is. */
typedef struct {
    int64_t grads, codes;
} NAME(row);

INLINE NAME(held) NAME(hold)(const struct pool_phase *p, int n, int code_bytes, NAME(row) at)
{
    NAME(held) h;
#pragma GCC unroll 9
    for (int k = 0; k < n; k++) {
        h.grads[k] = (const char *)p->taps[k].grad + at.grads;
        if (!code_bytes) continue;
        h.codes[k] = (const char *)p->taps[k].code + at.codes;
        h.is[k] = NAME(same_codes)(p->taps[k].is, code_bytes);
    }
    return h;
}

/* Lanes from lane `at` on of a phase of n taps, from zero on, as where indices are followed. */
INLINE VEC NAME(gathered)(const NAME(held) *h, int n, int code_bytes, int64_t at)
{
    VEC sum = {0};
#pragma GCC unroll 9
    for (int k = 0; k < n; k++) {
        const NAME(codes) codes = NAME(load_codes)(h->codes[k] + at * code_bytes, code_bytes);
        sum = NAME(join)(sum, NAME(load)((const TYPE *)h->grads[k] + at), codes, h->is[k], code_bytes);
    }
    return sum;
}

/* The same of any number. */
INLINE VEC NAME(gathered_all)(const struct pool_phase *p, int code_bytes, NAME(row) row, int64_t at)
{
    VEC sum = {0};
    for (int k = 0; k < p->n; k++) {
        const struct pool_touch *const tap = &p->taps[k];
        const NAME(codes) is = NAME(same_codes)(tap->is, code_bytes);
        const NAME(codes) codes = NAME(load_codes)((const char *)tap->code + row.codes + at * code_bytes, code_bytes);
        const TYPE *const lanes = (const TYPE *)((const char *)tap->grad + row.grads) + at;
        sum = NAME(join)(sum, NAME(load)(lanes), codes, is, code_bytes);
    }
    return sum;
}

/* Either, of n taps that are held or, where n is 0, of any number. */
INLINE VEC NAME(of_phase)(const struct pool_phase *p, const NAME(held) *h, int n, int code_bytes, NAME(row) row,
                          int64_t at)
{
    return n ? NAME(gathered)(h, n, code_bytes, at) : NAME(gathered_all)(p, code_bytes, row, at);
}

/* Two phases that alternate, of so many taps, or of any number where n_even is 0. */
INLINE void NAME(gather_two)(TYPE *dst, const struct pool_phase *phases, int n_even, int n_odd, int code_bytes,
                             NAME(row) row, int64_t inner, int64_t count)
{
    const NAME(held) evens = NAME(hold)(&phases[0], n_even, code_bytes, row);
    const NAME(held) odds = NAME(hold)(&phases[1], n_odd, code_bytes, row);
    for (int64_t i = 0; inner == 1 && i < count; i += N) {
        const VEC even = NAME(of_phase)(&phases[0], &evens, n_even, code_bytes, row, i);
        const VEC odd = NAME(of_phase)(&phases[1], &odds, n_odd, code_bytes, row, i);
        NAME(store)(dst + 2 * i, JOIN(zip_low_, LANE)(even, odd));
        NAME(store)(dst + 2 * i + N, JOIN(zip_high_, LANE)(even, odd));
    }
    for (int64_t j = 0, pixel = 0; inner > 1 && j < count; j++, dst += 2 * inner, pixel += inner)
        for (int64_t c = 0; c < inner; c = stepped(c, N, inner)) {
            NAME(store)(dst + c, NAME(of_phase)(&phases[0], &evens, n_even, code_bytes, row, pixel + c));
            NAME(store)(dst + inner + c, NAME(of_phase)(&phases[1], &odds, n_odd, code_bytes, row, pixel + c));
        }
}

/* Pixels of one phase, of one tap or, where n is 0, of any number. */
INLINE void NAME(gather_pixels)(TYPE *dst, const struct pool_phase *phase, int n, int code_bytes, NAME(row) row,
                                int64_t stride, int64_t inner, int64_t count)
{
    const NAME(held) taps = NAME(hold)(phase, n, code_bytes, row);
    for (int64_t j = 0, pixel = 0; j < count; j++, dst += stride * inner, pixel += inner)
        for (int64_t c = 0; c < inner; c = stepped(c, N, inner))
            NAME(store)(dst + c, NAME(of_phase)(phase, &taps, n, code_bytes, row, pixel + c));
}

/* The only phase, of so many taps or, where n is 0, of any number. */
INLINE void NAME(gather_lanes)(TYPE *dst, const struct pool_phase *phase, int n, int code_bytes, NAME(row) row,
                               int64_t count)
{
    const NAME(held) taps = NAME(hold)(phase, n, code_bytes, row);
    const char *const grads = (const char *)phase->taps->grad + row.grads;
    for (int64_t i = 0; i < count; i += N) {
        PREFETCH(grads + i * (int64_t)sizeof(TYPE) + POOL_AHEAD);
        PREFETCH_OWN(dst + i + POOL_WRITE_AHEAD / sizeof(TYPE));
        NAME(store)(dst + i, NAME(of_phase)(phase, &taps, n, code_bytes, row, i));
    }
}

/* A row of lanes and the positions of a stride that it meets, a bit each. */
typedef struct {
    const char *grad;
    uint32_t on;
} NAME(term);

/* The terms of so many phases, each phase's taps in their order. */
INLINE int NAME(terms_of)(const struct pool_phase *phases, int64_t stride, NAME(term) *terms)
{
    int n = 0;
    for (int64_t p = 0; p < stride; p++)
        for (int k = 0, i = 0; k < phases[p].n; k++, i++) {
            const char *const grad = phases[p].taps[k].grad;
            int at = i;
            while (at < n && terms[at].grad != grad) at++;
            if (at < n) i = at;
            else {
                memmove(terms + i + 1, terms + i, (size_t)(n++ - i) * sizeof *terms);
                terms[i] = (NAME(term)){.grad = grad};
            }
            terms[i].on |= (uint32_t)1 << p;
        }
    return n;
}

INLINE void NAME(gather_pair)(TYPE *dst, const struct pool_phase *phases, int code_bytes, NAME(row) row, int64_t inner,
                              int64_t count)
{
    switch (phases[0].n << 8 | phases[1].n) {
    case 1 << 8 | 1: NAME(gather_two)(dst, phases, 1, 1, code_bytes, row, inner, count); break;
    case 1 << 8 | 2: NAME(gather_two)(dst, phases, 1, 2, code_bytes, row, inner, count); break;
    case 2 << 8 | 1: NAME(gather_two)(dst, phases, 2, 1, code_bytes, row, inner, count); break;
    case 2 << 8 | 4: NAME(gather_two)(dst, phases, 2, 4, code_bytes, row, inner, count); break;
    case 4 << 8 | 2: NAME(gather_two)(dst, phases, 4, 2, code_bytes, row, inner, count); break;
    default: NAME(gather_two)(dst, phases, 0, 0, code_bytes, row, inner, count);
    }
}

INLINE void NAME(gather_row)(TYPE *dst, const struct pool_phase *phases, int code_bytes, NAME(row) row, int64_t stride,
                             int64_t inner, int64_t count)
{
    if (stride == 1) {
        switch (phases->n) {
        case 4: NAME(gather_lanes)(dst, phases, 4, code_bytes, row, count * inner); break;
        case 9: NAME(gather_lanes)(dst, phases, 9, code_bytes, row, count * inner); break;
        default: NAME(gather_lanes)(dst, phases, 0, code_bytes, row, count * inner);
        }
    } else if (stride == 2 && inner >= N) {
        NAME(gather_pair)(dst, phases, code_bytes, row, inner, count);
    } else if (inner >= N) {
        for (int64_t p = 0; p < stride; p++, phases++, dst += inner)
            switch (phases->n) {
            case 1: NAME(gather_pixels)(dst, phases, 1, code_bytes, row, stride, inner, count); break;
            default: NAME(gather_pixels)(dst, phases, 0, code_bytes, row, stride, inner, count);
            }
    } else if (inner == 1 && stride == 2) {
        NAME(gather_pair)(dst, phases, code_bytes, row, 1, count);
    } else {                        /* what is written past a pixel, the next one writes over */
        for (int64_t j = 0; j < count; j++)
            for (int64_t p = 0; p < stride; p++, dst += inner)
                NAME(store)(dst, NAME(gathered_all)(&phases[p], 0, row, j * inner));
    }
}

/* Two rows and two phases, over whose positions lie one or two windows, the same for all four, down and along. */
typedef struct {
    const char *grads, *codes;          /* of the first of those windows */
    int64_t is[2][2][2][2];             /* for each row and phase what each of them says there */
} NAME(square);

/* The first of two windows that is over position 0 or 1 of a pair, over each of which there are so many. */
INLINE int NAME(first_over)(const int *over, int position)
{
    return position == 1 && over[0] > over[1];
}

/* Whether phases are such, of so many windows. */
INLINE int NAME(squared)(const struct pool_phase *phases, const int *down, const int *along, int64_t inner,
                         NAME(row) step, NAME(square) *s)
{
    *s = (NAME(square)){.grads = phases->taps->grad, .codes = phases->taps->code};
    for (int q = 0; q < 2; q++)
        for (int p = 0; p < 2; p++, phases++) {
            if (phases->n != down[q] * along[p]) return 0;
            for (int k = 0; k < phases->n; k++) {
                const int a = NAME(first_over)(down, q) + k / along[p];
                const int b = NAME(first_over)(along, p) + k % along[p];
                s->is[q][p][a][b] = phases->taps[k].is;
                if (phases->taps[k].grad != s->grads + a * step.grads + b * inner * (int64_t)sizeof(TYPE)) return 0;
            }
        }
    return 1;
}

/* Pairs of rows, the last of each first: what is written past the end of one, the other writes over. */
INLINE void NAME(gather_square)(char *dst, const NAME(square) *s, const int *down, const int *along, int code_bytes,
                                NAME(row) at, int64_t inner, int64_t count, int64_t pairs, NAME(row) step,
                                int64_t dst_step)
{
    const int64_t block = inner == 1 ? N : 1;
    const int most_down = down[0] > down[1] ? down[0] : down[1], most_along = along[0] > along[1] ? along[0] : along[1];
    NAME(codes) is[2][2][2][2];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
        is[i >> 3][i >> 2 & 1][i >> 1 & 1][i & 1] =
            NAME(same_codes)(s->is[i >> 3][i >> 2 & 1][i >> 1 & 1][i & 1], code_bytes);
    for (int64_t r = 0; r < pairs; r++, at.grads += step.grads, at.codes += step.codes, dst += 2 * dst_step)
        for (int64_t j = (count - 1) / block * block, n = 0; n < count; n += block, j = n - block)
            for (int64_t c = 0; c < inner; c = stepped(c, N, inner)) {
                const int64_t from = j * inner + c;
                VEC lanes[2][2], sums[2][2];
                NAME(codes) codes[2][2];
#pragma GCC unroll 2
                for (int a = 0; a < most_down; a++)
#pragma GCC unroll 2
                    for (int b = 0; b < most_along; b++) {
                        const TYPE *const first = (const TYPE *)(s->grads + at.grads + a * step.grads);
                        const char *const codes_first = s->codes + at.codes + a * step.codes;
                        lanes[a][b] = NAME(load)(first + from + b * inner);
                        codes[a][b] = NAME(load_codes)(codes_first + (from + b * inner) * code_bytes, code_bytes);
                    }
#pragma GCC unroll 2
                for (int q = 0; q < 2; q++)
#pragma GCC unroll 2
                    for (int p = 0; p < 2; p++) {
                        VEC sum = {0};
#pragma GCC unroll 2
                        for (int k = 0, a = NAME(first_over)(down, q); k < down[q]; k++, a++)
#pragma GCC unroll 2
                            for (int l = 0, b = NAME(first_over)(along, p); l < along[p]; l++, b++)
                                sum = NAME(join)(sum, lanes[a][b], codes[a][b], is[q][p][a][b], code_bytes);
                        sums[q][p] = sum;
                    }
                TYPE *to = (TYPE *)dst + 2 * j * inner + c;
#pragma GCC unroll 2
                for (int q = 0; q < 2; q++, to += dst_step / (int64_t)sizeof(TYPE)) {
                    const VEC even = sums[q][0], odd = sums[q][1];
                    const char *const later = (const char *)to + (inner == 1 ? 2 * dst_step : POOL_WRITE_AHEAD / 2);
                    PREFETCH_OWN(later);
                    PREFETCH_OWN((const TYPE *)later + (inner == 1 ? N : inner));
                    NAME(store)(to, inner == 1 ? JOIN(zip_low_, LANE)(even, odd) : even);
                    NAME(store)(to + (inner == 1 ? N : inner), inner == 1 ? JOIN(zip_high_, LANE)(even, odd) : odd);
                }
            }
}

/* Whether windows are as a square asks, and so pairs of rows are done. */
INLINE int NAME(square_done)(int down_even, int down_odd, int along_even, int along_odd, char *dst,
                             const struct pool_phase *phases, int code_bytes, NAME(row) at, int64_t inner,
                             int64_t count, int64_t pairs, NAME(row) step, int64_t dst_step)
{
    const int down[] = {down_even, down_odd}, along[] = {along_even, along_odd};
    NAME(square) s;
    if (!NAME(squared)(phases, down, along, inner, step, &s)) return 0;
    if (inner == 1) NAME(gather_square)(dst, &s, down, along, code_bytes, at, 1, count, pairs, step, dst_step);
    else NAME(gather_square)(dst, &s, down, along, code_bytes, at, inner, count, pairs, step, dst_step);
    return 1;
}

INLINE int NAME(gather_pairs)(char *dst, const struct pool_phase *phases, int code_bytes, NAME(row) at, int64_t inner,
                              int64_t count, int64_t pairs, NAME(row) step, int64_t dst_step)
{
#define SQUARE(...) NAME(square_done)(__VA_ARGS__, dst, phases, code_bytes, at, inner, count, pairs, step, dst_step)
    switch (phases[0].n << 4 | phases[3].n) {
    case 1 << 4 | 1: return SQUARE(1, 1, 1, 1);
    case 4 << 4 | 1: return SQUARE(2, 1, 2, 1);
    case 1 << 4 | 4: return SQUARE(1, 2, 1, 2);
    case 2 << 4 | 2: return phases[1].n == 1 ? SQUARE(1, 2, 2, 1) : SQUARE(2, 1, 1, 2);
    default: return 0;
    }
#undef SQUARE
}

INLINE void NAME(gather_rows)(char *dst, const struct pool_phase *phases, int code_bytes, NAME(row) at, int64_t classes,
                              int64_t stride, int64_t inner, int64_t count, int64_t rows, NAME(row) step,
                              int64_t dst_step)
{
    if (stride == 2 && classes == 2 && rows > 1 && (inner == 1 || inner >= N) &&
        NAME(gather_pairs)(dst, phases, code_bytes, at, inner, count, rows / 2, step, dst_step)) {
        const int64_t done = rows / 2;
        at.grads += done * step.grads;
        at.codes += done * step.codes;
        dst += 2 * done * dst_step;
        rows -= 2 * done;
    }
    for (int64_t r = 0, class = 0; r < rows; r++, dst += dst_step) {
        NAME(gather_row)((TYPE *)dst, phases + class * stride, code_bytes, at, stride, inner, count);
        if (++class == classes) {
            class = 0;
            at.grads += step.grads;
            at.codes += step.codes;
        }
    }
}

/* Single elements at strides past 2: lanes are the positions of a stride. */
static void NAME(gather_strides)(char *dst, const struct pool_phase *phases, int64_t at, int64_t classes,
                                 int64_t stride, int64_t count, int64_t rows, int64_t grads_step, int64_t dst_step)
{
    typedef const TYPE element UNALIGNED;
    NAME(term) terms[POOL_TOUCHES];
    int first[POOL_TOUCHES + 1] = {0};      /* term of each class */
    CODES bit[POOL_STRIDE / N];
    for (int p = 0; p < POOL_STRIDE; p++) bit[p / N][p % N] = (JOIN(lane_, CODE))((uint32_t)1 << p);
    for (int64_t q = 0; q < classes; q++)
        first[q + 1] = first[q] + NAME(terms_of)(phases + q * stride, stride, terms + first[q]);
    for (int64_t r = 0, class = 0; r < rows; r++, dst += dst_step) {
        for (int64_t j = 0; j < count; j++)
            for (int64_t c = 0; c < stride; c += N) {
                VEC sum = {0};
                for (int k = first[class]; k < first[class + 1]; k++) {
                    const VEC v = ((element *)(terms[k].grad + at))[j] - (VEC){0};
                    const NAME(mask) meets = (((CODES){0} + (JOIN(lane_, CODE))terms[k].on) & bit[c / N]) != 0;
                    sum += PICK(meets, v, (VEC){0});
                }
                NAME(store)((TYPE *)dst + j * stride + c, sum);
            }
        if (++class == classes) {
            class = 0;
            at += grads_step;
        }
    }
}

static void NAME(gather)(void *dst, const struct pool_phase *phases, int code_bytes, int64_t grads_at,
                         int64_t classes, int64_t stride, int64_t inner, int64_t count, int64_t rows,
                         int64_t grads_step, int64_t codes_step, int64_t dst_step)
{
    const NAME(row) at = {grads_at, 0}, step = {grads_step, codes_step};
#define ROWS(code_bytes) \
    NAME(gather_rows)(dst, phases, code_bytes, at, classes, stride, inner, count, rows, step, dst_step)
    if (BYTES_ARE_MASKS && code_bytes == 1) ROWS(1);
    else if (code_bytes) ROWS(sizeof(TYPE));
    else if (inner == 1 && stride > 2)
        NAME(gather_strides)(dst, phases, grads_at, classes, stride, count, rows, grads_step, dst_step);
    else ROWS(0);
#undef ROWS
}

/* ---- indices to places inside their windows ---------------------------------------------------------------- */

typedef JOIN(vec_, JOIN(u, CODE)) NAME(distances);

INLINE NAME(distances) NAME(nearer)(NAME(distances) least, CODES code, int64_t first)
{
    const NAME(distances) here = (NAME(distances))(code - (JOIN(lane_, CODE))first);
    return JOIN(SMALLER_, JOIN(u, CODE))(least, here);
}

/* How far N places are past the beginning of a range, of that where they are least so: inside it, if less than its
 * length.  Of n ranges, or of as many as there are where n is 0. */
INLINE NAME(distances) NAME(distance)(CODES code, const struct pool_ranges *r, int n)
{
    NAME(distances) least = (NAME(distances))(code - (JOIN(lane_, CODE))r->first[0]);
#pragma GCC unroll 4
    for (int k = 1; k < n; k++) least = NAME(nearer)(least, code, r->first[k]);
    for (int k = 1; n == 0 && k < r->n; k++) least = NAME(nearer)(least, code, r->first[k]);
    return least;
}

INLINE int NAME(all_less)(NAME(distances) far, int64_t length)
{
    const CODES past = (CODES)(far >= (JOIN(lane_, JOIN(u, CODE)))length);
    JOIN(lane_, CODE) any = 0;
    for (int i = 0; i < N; i++) any |= past[i];
    return any == 0;
}

static int NAME(fits)(const void *codes, int64_t count, int64_t rows, int64_t step, const struct pool_ranges *ranges)
{
    typedef JOIN(lane_, JOIN(u, CODE)) distance;
    const JOIN(lane_, CODE) *code = codes;
    NAME(distances) far = {0};
    distance farthest = 0;
    for (int64_t r = 0; r < rows; r++, code += step / (int64_t)sizeof *code) {
        int64_t i = 0;
        for (; i + N <= count; i += N) {
            const CODES here = *(const NAME(codes_at) *)(code + i);
            const NAME(distances) distances = NAME(distance)(here, ranges, 0);
            far = JOIN(LARGER_, JOIN(u, CODE))(far, distances);
        }
        for (; i < count; i++) {
            distance least = ~(distance)0;
            for (int k = 0; k < ranges->n; k++) {
                const distance here = (distance)code[i] - (distance)ranges->first[k];
                least = here < least ? here : least;
            }
            farthest = least > farthest ? least : farthest;
        }
    }
    return farthest < (distance)ranges->length && NAME(all_less)(far, ranges->length);
}

/* N indices, of 1 or 8 bytes; the bits that are too high for a code join `high`, beside others. */
INLINE CODES NAME(indices)(const char *p, int bytes, CODES *high)
{
    if (bytes == 8) {
        const CODES first = *(const NAME(codes_at) *)p;
        if (sizeof(TYPE) == 8) return first;
        const CODES second = *(const NAME(codes_at) *)(p + sizeof(CODES));
        *high |= first | second;
        const int little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
        return little ? JOIN(even_, CODE)(first, second) : JOIN(odd_, CODE)(first, second);
    }
    typedef uint8_t bytes_of __attribute__((vector_size(N)));
    typedef uint16_t pairs_of __attribute__((vector_size(2 * N)));
    typedef uint32_t words_of __attribute__((vector_size(4 * N)));
    bytes_of index;
    memcpy(&index, p, sizeof index);
    /* By steps: the compiler knows no instruction but for twice the width. */
    const words_of words = __builtin_convertvector(__builtin_convertvector(index, pairs_of), words_of);
    return __builtin_convertvector(words, CODES);
}

/* Whether the bits that are too high are all 0, of those that were gathered. */
INLINE int NAME(none_high)(CODES high)
{
    const int little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const CODES past = little ? JOIN(odd_, CODE)(high, high) : JOIN(even_, CODE)(high, high);
    return sizeof(TYPE) == 8 || NAME(all_less)((NAME(distances))past, 1);
}

/* Positions in windows, which single bytes are, say so already. */
INLINE CODES NAME(encoded)(const char *indices, int bytes, const JOIN(lane_, CODE) *bases, CODES start, CODES *high)
{
    const CODES index = NAME(indices)(indices, bytes, high);
    return bytes == 1 ? index : index - *(const NAME(codes_at) *)bases - start;
}

INLINE int NAME(encode_n)(const char *indices, int bytes, const struct pool_codes *c, int n)
{
    const JOIN(lane_, CODE) *const bases = c->bases;
    const TYPE *grads = c->grads;
    char *codes = c->codes, *beside = c->beside;
    const int64_t count = c->count;
    NAME(distances) far = {0};
    CODES high = {0};
    int fit = 1;
    for (int64_t r = 0; r < c->rows; r++, indices += count * bytes, codes += c->step) {
        const CODES start = (CODES){0} + (JOIN(lane_, CODE))(c->first + r * c->first_step);
        if (count < N) {
            char part[N * 8] = {0};
            memcpy(part, indices, (size_t)(count * bytes));
            const CODES code = NAME(encoded)(part, bytes, bases, start, &high);
            memcpy(codes, &code, (size_t)count * sizeof(TYPE));
            if (beside) memcpy(beside, grads, (size_t)count * sizeof(TYPE));
            fit &= NAME(fits)(codes, count, 1, 0, c->ranges);
        }
        for (int64_t i = 0; i + N <= count; i = stepped(i, N, count)) {
            for (int b = 0; b < N * bytes; b += 64) PREFETCH(indices + i * bytes + POOL_AHEAD + b);
            const CODES code = NAME(encoded)(indices + i * bytes, bytes, bases + i, start, &high);
            const NAME(distances) distance = NAME(distance)(code, c->ranges, n);
            *(NAME(codes_at) *)(codes + i * (int64_t)sizeof(TYPE)) = code;
            if (beside) NAME(store)((TYPE *)beside + i, NAME(load)(grads + i));
            far = JOIN(LARGER_, JOIN(u, CODE))(far, distance);
        }
        if (!beside) continue;
        grads += count;
        beside += c->step;
    }
    return fit && NAME(all_less)(far, c->ranges->length) && NAME(none_high)(high);
}

/* Of so many ranges the beginnings stay in registers. */
INLINE int NAME(encode_of)(const char *indices, int bytes, const struct pool_codes *c)
{
    switch (c->ranges->n) {
    case 1: return NAME(encode_n)(indices, bytes, c, 1);
    case 2: return NAME(encode_n)(indices, bytes, c, 2);
    case 3: return NAME(encode_n)(indices, bytes, c, 3);
    default: return NAME(encode_n)(indices, bytes, c, 0);
    }
}

static int NAME(encode)(const void *indices, int index_bytes, const struct pool_codes *c)
{
    return index_bytes == 1 ? NAME(encode_of)(indices, 1, c) : NAME(encode_of)(indices, 8, c);
}

static void NAME(scatter)(void *acc, const int64_t *at, const void *grad, int64_t outputs, int64_t width,
                          int64_t acc_inner, int64_t grad_inner)
{
    TYPE *const a = acc;
    const TYPE *const g = grad;
    if (width == 1 && acc_inner == 1 && grad_inner == 1)
        for (int64_t o = 0; o < outputs; o++) a[at[o]] += g[o];
    else
        for (int64_t o = 0; o < outputs; o++)
            for (int64_t c = 0; c < width; c++) a[at[o * width + c] * acc_inner + c] += g[o * grad_inner + c];
}

#undef NAME_
#undef NAME_EXPANDED
#undef NAME
#undef TYPE
#undef VEC
#undef CODES
#undef N
