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

static void NAME(share)(void *acc, const void *grad, int64_t count, int64_t divisor, int add)
{
    TYPE *const a = acc;
    const TYPE *const g = grad, d = (TYPE)divisor, inverse = 1 / d;
    if ((divisor & (divisor - 1)) == 0) {           /* the same to the bit, and no division */
        if (add) for (int64_t i = 0; i < count; i++) a[i] += g[i] * inverse;
        else for (int64_t i = 0; i < count; i++) a[i] = g[i] * inverse;
    } else {
        if (add) for (int64_t i = 0; i < count; i++) a[i] += g[i] / d;
        else for (int64_t i = 0; i < count; i++) a[i] = g[i] / d;
    }
}

/* ---- each position gathers from the windows over it -------------------------------------------------------- */

/* Lanes of a phase, `at` bytes into its taps. */
INLINE VEC NAME(gathered)(const struct pool_phase *p, int coded, int64_t at)
{
    VEC sum = {0};
    for (int k = 0; k < p->n; k++) {
        VEC v = *(const NAME(lanes_at) *)((const char *)p->taps[k].grad + at);
        if (coded) {
            const CODES code = *(const NAME(codes_at) *)((const char *)p->taps[k].code + at);
            const NAME(mask) here = code == (JOIN(lane_, CODE))p->taps[k].is;
            v = PICK(here, v, (VEC){0});
        }
        sum = k == 0 && !coded ? v : sum + v;
    }
    return sum;
}

INLINE void NAME(gather_row)(TYPE *dst, const struct pool_phase *phases, int coded, int64_t at, int64_t stride,
                             int64_t inner, int64_t count)
{
    const int64_t vector = VECTOR_BYTES, pixel = inner * (int64_t)sizeof(TYPE);
    if (stride == 1) {
        for (int64_t i = 0; i < count * inner; i += N, at += vector)
            NAME(store)(dst + i, NAME(gathered)(phases, coded, at));
    } else if (inner > 1) {
        for (int64_t j = 0; j < count; j++, at += pixel)
            for (int64_t p = 0; p < stride; p++, dst += inner)
                for (int64_t c = 0; c < inner; c += N)
                    NAME(store)(dst + c, NAME(gathered)(&phases[p], coded, at + c * (int64_t)sizeof(TYPE)));
    } else if (stride == 2) {
        for (int64_t i = 0; i < count; i += N, at += vector) {
            const VEC even = NAME(gathered)(&phases[0], coded, at), odd = NAME(gathered)(&phases[1], coded, at);
            NAME(store)(dst + 2 * i, JOIN(zip_low_, LANE)(even, odd));
            NAME(store)(dst + 2 * i + N, JOIN(zip_high_, LANE)(even, odd));
        }
    } else {
        TYPE block[POOL_TOUCHES][N];
        for (int64_t i = 0; i < count; i += N, at += vector, dst += stride * N) {
            for (int64_t p = 0; p < stride; p++) NAME(store)(block[p], NAME(gathered)(&phases[p], coded, at));
            for (int64_t j = 0; j < N; j++)
                for (int64_t p = 0; p < stride; p++) dst[j * stride + p] = block[p][j];
        }
    }
}

INLINE void NAME(gather_rows)(char *dst, const struct pool_phase *phases, int coded, int64_t classes, int64_t stride,
                              int64_t inner, int64_t count, int64_t first, int64_t last, int64_t source_step,
                              int64_t dst_step)
{
    int64_t class = first % classes, at = first / classes * source_step;
    for (int64_t r = first; r < last; r++, dst += dst_step) {
        NAME(gather_row)((TYPE *)dst, phases + class * stride, coded, at, stride, inner, count);
        if (++class == classes) {
            class = 0;
            at += source_step;
        }
    }
}

static void NAME(gather)(void *dst, const struct pool_phase *phases, int coded, int64_t classes, int64_t stride,
                         int64_t inner, int64_t count, int64_t first, int64_t last, int64_t source_step,
                         int64_t dst_step)
{
    if (coded) NAME(gather_rows)(dst, phases, 1, classes, stride, inner, count, first, last, source_step, dst_step);
    else NAME(gather_rows)(dst, phases, 0, classes, stride, inner, count, first, last, source_step, dst_step);
}

/* ---- indices to places inside their windows ---------------------------------------------------------------- */

/* Of N places, those in one of the ranges. */
INLINE CODES NAME(fitting)(CODES code, const struct pool_ranges *r)
{
    typedef JOIN(vec_, JOIN(u, CODE)) at;
    CODES fits = {0};
    for (int k = 0; k < r->n; k++)
        fits |= (CODES)((at)(code - (JOIN(lane_, CODE))r->first[k]) < (JOIN(lane_, JOIN(u, CODE)))r->length);
    return fits;
}

INLINE int NAME(all)(CODES fits)
{
    CODES none = ~fits;
    JOIN(lane_, CODE) any = 0;
    for (int i = 0; i < N; i++) any |= none[i];
    return any == 0;
}

#define DEFINE_ENCODE(index)                                                                                       \
    static int NAME(encode_##index)(const lane_##index *indices, const JOIN(lane_, CODE) *bases, int64_t first,    \
                                    int64_t first_step, int64_t count, int64_t rows, int64_t step,                 \
                                    const struct pool_ranges *ranges, char *codes)                                 \
    {                                                                                                              \
        typedef lane_##index source __attribute__((vector_size(N * sizeof(lane_##index)), aligned(1), may_alias)); \
        CODES fit = ~(CODES){0};                                                                                   \
        source seen = {0};                                                                                         \
        for (int64_t r = 0; r < rows; r++, indices += count, codes += step, first += first_step)                   \
            for (int64_t i = 0; i < count; i = i + 2 * N <= count || i + N >= count ? i + N : count - N) {         \
                source here = {0};                                                                                 \
                if (count >= N) here = *(const source *)(indices + i);                                             \
                else memcpy(&here, indices, (size_t)count * sizeof(lane_##index));                                 \
                seen |= here;                                                                                      \
                const CODES base = *(const NAME(codes_at) *)(bases + i) + (JOIN(lane_, CODE))first;                \
                const CODES code = __builtin_convertvector(here, CODES) - base;                                    \
                CODES fits = NAME(fitting)(code, ranges);                                                          \
                if (count >= N) {                                                                                  \
                    *(NAME(codes_at) *)(codes + i * (int64_t)sizeof(TYPE)) = code;                                 \
                } else {                                                                                           \
                    memcpy(codes, &code, (size_t)count * sizeof(TYPE));                                            \
                    for (int64_t k = count; k < N; k++) fits[k] = -1;                                              \
                }                                                                                                  \
                fit &= fits;                                                                                       \
            }                                                                                                      \
        uint64_t high = 0;                                                                                         \
        for (int i = 0; i < N; i++) high |= (uint64_t)(int64_t)seen[i];                                            \
        return high <= INT32_MAX && NAME(all)(fit);                                                                \
    }
DEFINE_ENCODE(uint8)
DEFINE_ENCODE(int64)
#undef DEFINE_ENCODE

static int NAME(encode)(const void *indices, int index_bytes, const void *bases, int64_t first, int64_t first_step,
                        int64_t count, int64_t rows, int64_t step, const struct pool_ranges *ranges, void *codes)
{
    return index_bytes == 1 ? NAME(encode_uint8)(indices, bases, first, first_step, count, rows, step, ranges, codes)
                            : NAME(encode_int64)(indices, bases, first, first_step, count, rows, step, ranges, codes);
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
