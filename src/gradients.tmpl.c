/* gradients.tmpl.c - what the backward pass does with rows of lanes (struct pool_gradient says what each promises).
 *
 * Parameter: LANE   float32 or float64. */
#define NAME_(part, lane) part##_##lane
#define NAME_EXPANDED(part, lane) NAME_(part, lane)
#define NAME(part) NAME_EXPANDED(part, LANE)
#define TYPE JOIN(lane_, LANE)

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

static void NAME(sum)(void *dst, const void *const *rows, int64_t n, int64_t count)
{
    TYPE *const d = dst;
    if (n == 0) {
        memset(dst, 0, (size_t)count * sizeof(TYPE));
        return;
    }
    const TYPE *const first = rows[0];
    if (n == 1) {
        memcpy(dst, first, (size_t)count * sizeof(TYPE));
        return;
    }
    const TYPE *const second = rows[1];
    for (int64_t i = 0; i < count; i++) d[i] = first[i] + second[i];
    for (int64_t k = 2; k < n; k++) {
        const TYPE *const next = rows[k];
        for (int64_t i = 0; i < count; i++) d[i] += next[i];
    }
}

static void NAME(weave)(void *dst, const void *const *phases, int64_t n, int64_t count)
{
    TYPE *const d = dst;
    if (n == 2) {
        const TYPE *const p = phases[0], *const q = phases[1];
        for (int64_t j = 0; j < count; j++) {
            d[2 * j] = p[j];
            d[2 * j + 1] = q[j];
        }
        return;
    }
    for (int64_t k = 0; k < n; k++) {
        const TYPE *const p = phases[k];
        for (int64_t j = 0; j < count; j++) d[n * j + k] = p[j];
    }
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
