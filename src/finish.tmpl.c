/* finish.tmpl.c - how lanes become what is written: divided, rounded, rooted, of which type.  forward.tmpl.c includes
 * this. */

/* Sums of integers are rounded to integers; where they fuse, they may be written as wider types than their lanes, or as
 * floats as wide. */
#define ROUNDS (DIVIDES && !FLOATING)
#define WIDENS (ROUNDS && FUSES && !LANES_ARE_LONG)
#define MAKES_FLOATS (ROUNDS && FUSES && LANES_ARE_LONG)

#if ROUNDS
/* struct pool_rounds, of lanes. */
#if LANES_ARE_SHORT
#define ROUNDS_OF(SET) \
    SET(half, r->half) SET(odd, r->odd) SET(by, divisor) SET(multiplier, r->multiplier) SET(bias, r->bias) \
    SET(offset, r->offset) SET(below, divisor - 1)
#define REAL VEC
#else
#define ROUNDS_OF(SET) \
    SET(half, r->half) SET(odd, r->odd) SET(by, divisor) SET(inverse, pool_inverse((int64_t)divisor)) SET(lift, r->lift)
#define REAL JOIN(vec_, JOIN(REAL_OF_, LANE))
#endif

typedef struct {
    int shift, ties, truncates;
    VEC half, odd;
    REAL by;
#if LANES_ARE_SHORT
    VEC multiplier, bias, offset, below;
#else
    REAL inverse, lift;
#endif
} NAME(rounds);

INLINE NAME(rounds) NAME(rounds_of)(double divisor, const struct pool_rounds *r)
{
    NAME(rounds) all = {.shift = r->shift, .ties = r->ties, .truncates = r->truncates};
#define SET_ALL(field, value) all.field += (__typeof__(all.field[0]))(value);
    ROUNDS_OF(SET_ALL)
#undef SET_ALL
    return all;
}

/* In lane l alone. */
INLINE void NAME(round_lane)(NAME(rounds) *all, int64_t l, double divisor, const struct pool_rounds *r)
{
    all->ties |= r->ties;
    all->truncates = r->truncates;
#define SET_LANE(field, value) all->field[l] = (__typeof__(all->field[0]))(value);
    ROUNDS_OF(SET_LANE)
#undef SET_LANE
}
#endif

typedef struct {
    enum { NAME(as_it_is), NAME(times), NAME(over), NAME(nearly_times), NAME(shifted), NAME(rounded),
           NAME(floats), NAME(rooted) } how;
    VEC by, inverse;
#if ROUNDS
    NAME(rounds) rounds;
#endif
    int exact_inverse;          /* of what is divided as floats */
    int as_elements, far;       /* `far`: whether what will be written is fetched */
    enum pool_wide wide;
    const struct pool_divisors *by_lanes;       /* of what is wide, or null */
    const struct pool_finish *all;
} NAME(finish);

static const NAME(finish) NAME(untouched) = {.how = NAME(as_it_is)};

INLINE NAME(finish) NAME(finish_of)(const struct pool_finish *how)
{
    NAME(finish) f = {.as_elements = how->as_elements, .all = how};
    if (WIDENS) f.wide = how->wide;
#if MAKES_FLOATS
    if (how->wide == POOL_FLOAT64) {
        f.how = NAME(floats);
        f.rounds = NAME(rounds_of)(how->divisor, &how->rounds);
        f.exact_inverse = how->exact_inverse;
        return f;
    }
#endif
    if (ROOTS && how->roots) f.how = NAME(rooted);
    if (!DIVIDES || how->divisor == 1 || f.wide) return f;
#if FLOATING
    f.how = how->exact_inverse ? NAME(times) : NAME(nearly_times);
    f.by += (TYPE)(how->exact_inverse ? 1 / how->divisor : how->divisor);
    f.inverse += (TYPE)how->inverse;
#elif ROUNDS
    f.how = NAME(rounded);
    f.rounds = NAME(rounds_of)(how->divisor, &how->rounds);
#endif
    return f;
}

#if ROUNDS
/* As struct pool_rounds says. */
INLINE VEC NAME(quotient)(VEC v, NAME(rounds) r)
{
    const int top = 8 * (int)sizeof(TYPE) - 1;
#if LANES_ARE_SHORT
    if (r.truncates) v += v >> top & r.below;
    v += r.bias;
    const VEC quotient = HIGH_PRODUCT(v, r.multiplier), tied = v == quotient * r.by;
    return (r.ties ? quotient - (tied & quotient & r.odd) : quotient) - r.offset;
#else
    const REAL sums = JOIN(TO_REAL_, LANE)(v);
    const REAL quotient = r.ties ? JOIN(QUOTIENT_, JOIN(REAL_OF_, LANE))(sums, r.by, r.inverse) : sums * r.inverse;
    const REAL lift = r.truncates ? (REAL)((VEC)r.lift ^ (v >> top << top)) : r.lift;
    return JOIN(NEAREST_, LANE)(quotient + lift);
#endif
}
#endif

INLINE VEC NAME(divided)(VEC v, NAME(finish) f)
{
#if ROOTS
    if (f.how == NAME(rooted)) return JOIN(SQRT_, LANE)(v);
#elif DIVIDES && FLOATING
    if (f.how == NAME(times)) return v * f.by;
    if (f.how == NAME(over)) return v / f.by;
    if (f.how == NAME(nearly_times)) return JOIN(QUOTIENT_, LANE)(v, f.by, f.inverse);
#elif ROUNDS
    if (f.how == NAME(shifted)) return (v + (v >> f.rounds.shift & f.rounds.odd) + f.rounds.half) >> f.rounds.shift;
    if (f.how == NAME(rounded)) return NAME(quotient)(v, f.rounds);
#if MAKES_FLOATS
    if (f.how == NAME(floats)) {
        const REAL sums = JOIN(TO_REAL_, LANE)(v);
        return (VEC)(f.exact_inverse ? sums * f.rounds.inverse : QUOTIENT_float64(sums, f.rounds.by, f.rounds.inverse));
    }
#endif
#else
    (void)f;
#endif
    return v;
}

#if WIDENS
/* The first `count` lanes as such ones, by way of integers as wide: divided, by their own divisors unless there are
 * none. */
#define DEFINE_PUT_WIDE(type, integer)                                                                        \
    INLINE void NAME(put_##type)(char *to, const TYPE *lanes, const struct pool_finish *how,                  \
                                 const struct pool_divisors *by_lanes, int64_t count)                         \
    {                                                                                                         \
        typedef TYPE some __attribute__((vector_size(sizeof(TYPE) * LANES_OF(lane_##type)), may_alias));      \
        typedef vec_##type results UNALIGNED;                                                                 \
        vec_##type by = (vec_##type){0} + (lane_##type)how->divisor;                                          \
        vec_##type inverse = (vec_##type){0} + (lane_##type)how->inverse;                                     \
        for (int64_t i = 0; i < count; i += LANES_OF(lane_##type), to += VECTOR_BYTES) {                      \
            const vec_##integer wider = JOIN(JOIN(WIDER_, LANE), _##integer)(*(const some *)(lanes + i));     \
            const vec_##type sums = TO_REAL_##integer(wider);                                                 \
            if (by_lanes) {                                                                                   \
                by = *(const results *)((const lane_##type *)by_lanes->by + i);                               \
                inverse = *(const results *)((const lane_##type *)by_lanes->inverse + i);                     \
            }                                                                                                 \
            const vec_##type result = how->exact_inverse ? sums * inverse : QUOTIENT_##type(sums, by, inverse); \
            if (count - i >= LANES_OF(lane_##type)) *(results *)to = result;                                  \
            else STORE_PART(to, &result, (size_t)(count - i) * sizeof(lane_##type));                          \
        }                                                                                                     \
    }
DEFINE_PUT_WIDE(float64, int64)
DEFINE_PUT_WIDE(float32, int32)

INLINE void NAME(put_int64)(char *to, const TYPE *lanes, int64_t count)
{
    typedef TYPE some __attribute__((vector_size(sizeof(TYPE) * LANES_OF(int64_t)), may_alias));
    typedef vec_int64 results UNALIGNED;
    for (int64_t i = 0; i < count; i += LANES_OF(int64_t), to += VECTOR_BYTES) {
        const vec_int64 result = JOIN(JOIN(WIDER_, LANE), _int64)(*(const some *)(lanes + i));
        if (count - i >= LANES_OF(int64_t)) *(results *)to = result;
        else STORE_PART(to, &result, (size_t)(count - i) * sizeof(int64_t));
    }
}

/* Out of line, for there are many places where this might be done. */
static __attribute__((noinline)) void NAME(put_wide)(char *to, VEC v, const struct pool_finish *how,
                                                     const struct pool_divisors *by_lanes, int64_t count)
{
    _Alignas(VECTOR_BYTES) TYPE lanes[N];
    NAME(store)(lanes, v);
    switch (how->wide) {
    case POOL_INT64: NAME(put_int64)(to, lanes, count); break;
    case POOL_FLOAT32: NAME(put_float32)(to, lanes, how, by_lanes, count); break;
    default: NAME(put_float64)(to, lanes, how, by_lanes, count);
    }
}
#endif

/* What `put` writes has so many bytes each. */
INLINE int64_t NAME(width)(NAME(finish) f)
{
    if (WIDENS && f.wide) return pool_wide_bytes(f.wide);
    return f.as_elements ? sizeof(ELEM) : sizeof(TYPE);
}

/* Results i, i + 1, ... of those at dst; of the first vector only `count` unless `whole`.  A single one is
 * stored as such: of a vector of short elements a part would wait for the whole to be written to the stack. */
INLINE void NAME(put)(char *dst, int64_t i, VEC v, NAME(finish) f, int whole, int64_t count)
{
    char *const to = dst + i * NAME(width)(f);
    if (f.far) PREFETCH_OWN(to + POOL_WRITE_AHEAD);
#if WIDENS
    if (__builtin_expect(f.wide, 0)) {
        NAME(put_wide)(to, v, f.all, f.by_lanes, whole ? N : count);
        return;
    }
#endif
    v = NAME(divided)(v, f);
#ifdef WRITTEN
    if (f.as_elements) {
        const NAME(elems) elems = (NAME(elems))WRITTEN(v);
        if (whole) *(NAME(elems_at) *)to = elems;
        else if (__builtin_constant_p(count) && count == 1) memcpy(to, &elems, sizeof(ELEM));
        else STORE_PART(to, &elems, (size_t)count * sizeof(ELEM));
        return;
    }
#endif
    if (whole) *(NAME(lanes_at) *)to = v;
    else if (__builtin_constant_p(count) && count == 1) memcpy(to, &v, sizeof(TYPE));
    else STORE_PART(to, &v, (size_t)count * sizeof(TYPE));
}
