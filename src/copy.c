/* copy.c - elements between memory of any steps and either byte order. */
#include <string.h>

#include "vec.h"
#include "walk.h"

enum { NARROW = 4 };            /* fewer elements are not worth a loop of their own */
enum { AHEAD_BYTES = 1 << 18 };         /* of memory that is turned, of which as much again is fetched */

#define SWAP_8(v) (v)
#define SWAP_16(v) __builtin_bswap16(v)
#define SWAP_32(v) __builtin_bswap32(v)
#define SWAP_64(v) __builtin_bswap64(v)

/* to[p][q] = from[p][q], p side by side in `to` and q in `from`: a square of 16 bytes by as many rows, or two of them,
 * one after the other p.  Within the halves of a vector any two zip in one instruction, and two a cycle; across them in
 * one or two of one each (int16, 28x28, 4x4/4: 2.9 of the floor, so 1.8). */
#define DEFINE_SQUARE(name, bits, side, bytes, load, of)                                                       \
    INLINE void name(char *restrict to, int64_t to_step, const char *restrict from, int64_t from_step)         \
    {                                                                                                          \
        typedef uint##bits##_t vector __attribute__((vector_size(bytes)));                                     \
        vector rows[side], zipped[side];                                                                       \
        _Pragma("GCC unroll 16")                                                                               \
        for (int i = 0; i < side; i++) rows[i] = (vector)load(from + i * from_step, side * from_step);         \
        _Pragma("GCC unroll 4")                                                                                \
        for (int span = 1; span < side; span *= 2) {                                                           \
            _Pragma("GCC unroll 8")                                                                            \
            for (int i = 0; i < side / 2; i++) {                                                               \
                const vector a = rows[i], b = rows[i + side / 2];                                              \
                zipped[2 * i] = __builtin_shufflevector(a, b, of(ZIP##side, side, 0));                         \
                zipped[2 * i + 1] = __builtin_shufflevector(a, b, of(ZIP##side, side, side / 2));              \
            }                                                                                                  \
            _Pragma("GCC unroll 16")                                                                           \
            for (int i = 0; i < side; i++) rows[i] = zipped[i];                                                \
        }                                                                                                      \
        _Pragma("GCC unroll 16")                                                                               \
        for (int i = 0; i < side; i++) memcpy(to + i * to_step, &rows[i], sizeof rows[i]);                     \
    }
typedef uint8_t half_vector __attribute__((vector_size(16)));
INLINE half_vector load_one(const char *p, int64_t step)
{
    (void)step;
    half_vector half;
    memcpy(&half, p, sizeof half);
    return half;
}
#define OF_ONE(list, side, first) list(first, side)
DEFINE_SQUARE(square_8, 8, 16, 16, load_one, OF_ONE)
DEFINE_SQUARE(square_16, 16, 8, 16, load_one, OF_ONE)
DEFINE_SQUARE(square_32, 32, 4, 16, load_one, OF_ONE)
DEFINE_SQUARE(square_64, 64, 2, 16, load_one, OF_ONE)
#if VECTOR_BYTES > 16
enum { SQUARES = 2 };
typedef uint64_t half_pair __attribute__((vector_size(16)));
typedef uint64_t two_halves __attribute__((vector_size(32)));
INLINE two_halves load_two(const char *p, int64_t step)
{
    return __builtin_shufflevector((half_pair)load_one(p, 0), (half_pair)load_one(p + step, 0), 0, 1, 2, 3);
}
#define OF_TWO(list, side, first) list(first, 2 * (side)), list((side) + (first), 2 * (side))
DEFINE_SQUARE(squares_8, 8, 16, 32, load_two, OF_TWO)
DEFINE_SQUARE(squares_16, 16, 8, 32, load_two, OF_TWO)
DEFINE_SQUARE(squares_32, 32, 4, 32, load_two, OF_TWO)
DEFINE_SQUARE(squares_64, 64, 2, 32, load_two, OF_TWO)
#else
enum { SQUARES = 1 };
#define squares_8 square_8
#define squares_16 square_16
#define squares_32 square_32
#define squares_64 square_64
#endif

/* steps: to[i] = from[i], i in [0, n).  run: the same; steps that are common are constants for the compiler's vectors.
 * turn: to[p][q] = from[p][q], p side by side in `to`: where q are so in `from` by squares, as many beside each other
 * as make a cache line of `to`, the last stepped back.  32x56x56 float32, NCHW to NHWC on the way: 1.35 of NumPy's copy
 * and call an element at a time, 0.5 by squares (Zen 4). */
#define DEFINE_COPIES(bits, side)                                                                              \
    static inline __attribute__((always_inline)) void steps_##bits(                                            \
        char *restrict to, int64_t to_step, const char *restrict from, int64_t from_step, int64_t n,           \
        int swapped)                                                                                           \
    {                                                                                                          \
        for (int64_t i = 0; i < n; i++) {                                                                      \
            uint##bits##_t v;                                                                                  \
            memcpy(&v, from + i * from_step, sizeof v);                                                        \
            if (swapped) v = SWAP_##bits(v);                                                                   \
            memcpy(to + i * to_step, &v, sizeof v);                                                            \
        }                                                                                                      \
    }                                                                                                          \
    static void run_##bits(char *restrict to, int64_t to_step, const char *restrict from, int64_t from_step,   \
                           int64_t n, int swapped)                                                             \
    {                                                                                                          \
        enum { SIZE = bits / 8 };                                                                              \
        const int64_t ratio = to_step == SIZE && from_step % SIZE == 0 ? from_step / SIZE : 0;                 \
        if (swapped) {                                                                                         \
            if (ratio == 1) steps_##bits(to, SIZE, from, SIZE, n, 1);                                          \
            else steps_##bits(to, to_step, from, from_step, n, 1);                                             \
            return;                                                                                            \
        }                                                                                                      \
        switch (ratio) {                                                                                       \
        case 1: memcpy(to, from, (size_t)(n * SIZE)); break;                                                   \
        case 2: steps_##bits(to, SIZE, from, 2 * SIZE, n, 0); break;                                           \
        case 3: steps_##bits(to, SIZE, from, 3 * SIZE, n, 0); break;                                           \
        case 4: steps_##bits(to, SIZE, from, 4 * SIZE, n, 0); break;                                           \
        case -1: steps_##bits(to, SIZE, from, -SIZE, n, 0); break;                                             \
        default: steps_##bits(to, to_step, from, from_step, n, 0);                                             \
        }                                                                                                      \
    }                                                                                                          \
    static void turn_##bits(char *restrict to, int64_t to_q, const char *restrict from, int64_t from_p,        \
                            int64_t from_q, int64_t p_size, int64_t q_size, int flags)                           \
    {                                                                                                          \
        enum { SIZE = bits / 8, LINE = 64 / SIZE };                                                            \
        if (flags & POOL_SWAPPED || from_q != SIZE || p_size < side || q_size < side) {                          \
            for (int64_t q = 0; q < q_size; q++)                                                               \
                steps_##bits(to + q * to_q, SIZE, from + q * from_q, from_p, p_size, flags & POOL_SWAPPED);      \
            return;                                                                                            \
        }                                                                                                      \
        /* What vectors go across ends before the machine sees what comes next: that is fetched to be read     \
         * (7x7 float32, 3x3/2 pad 1, 26 MB, one thread: 63 -> 45 ns a plane), or to be written (7x7/1 of int8 \
         * of 28x28, two threads: 0.67 of the time). */                                                        \
        const int writes_on = flags & POOL_WRITES_ON;                                                            \
        const int64_t turned = writes_on ? q_size * to_q : p_size * from_p;                                    \
        const char *ahead = (writes_on ? to : from) + turned;                                                  \
        const int both = p_size >= SQUARES * side;                                                             \
        const int64_t width = both ? SQUARES * side : side;                                                    \
        const int64_t fetched = turned <= AHEAD_BYTES ? width * side * SIZE : 0;                               \
        for (int64_t line = 0; line < p_size; line += LINE)                                                    \
            for (int64_t q = 0; q < q_size; q = stepped(q, side, q_size))                                      \
                for (int64_t i = line; i < least(p_size, line + LINE); i += width, ahead += fetched) {         \
                    const int64_t p = least(i, p_size - width);                                                \
                    char *const there = to + p * SIZE + q * to_q;                                              \
                    const char *const here = from + p * from_p + q * SIZE;                                     \
                    for (int64_t at = 0; at < fetched; at += 64) {                                             \
                        if (writes_on) PREFETCH_OWN(ahead + at);                                               \
                        else PREFETCH(ahead + at);                                                             \
                    }                                                                                          \
                    if (both) squares_##bits(there, to_q, here, from_p);                                       \
                    else square_##bits(there, to_q, here, from_p);                                             \
                }                                                                                              \
    }
DEFINE_COPIES(8, 16)
DEFINE_COPIES(16, 8)
DEFINE_COPIES(32, 4)
DEFINE_COPIES(64, 2)

static void run(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n, int bytes, int flags)
{
    switch (bytes) {
    case 1: run_8(to, to_step, from, from_step, n, 0); break;
    case 2: run_16(to, to_step, from, from_step, n, flags & POOL_SWAPPED); break;
    case 4: run_32(to, to_step, from, from_step, n, flags & POOL_SWAPPED); break;
    default: run_64(to, to_step, from, from_step, n, flags & POOL_SWAPPED);
    }
}

static void turn(char *to, int64_t to_q, const char *from, int64_t from_p, int64_t from_q, int64_t p_size,
                 int64_t q_size, int bytes, int flags)
{
    switch (bytes) {
    case 1: turn_8(to, to_q, from, from_p, from_q, p_size, q_size, flags & ~POOL_SWAPPED); break;
    case 2: turn_16(to, to_q, from, from_p, from_q, p_size, q_size, flags); break;
    case 4: turn_32(to, to_q, from, from_p, from_q, p_size, q_size, flags); break;
    default: turn_64(to, to_q, from, from_p, from_q, p_size, q_size, flags);
    }
}

extern pool_copy JOIN(ISA, _copy);
void JOIN(ISA, _copy)(char *to, int64_t to_x, int64_t to_c, const char *from, int64_t from_x, int64_t from_c,
                      int64_t width, int64_t inner, int bytes, int flags)
{
    if (inner == 1 || (to_x == inner * to_c && from_x == inner * from_c)) {
        run(to, inner == 1 ? to_x : to_c, from, inner == 1 ? from_x : from_c, width * inner, bytes, flags);
        return;
    }
    const int narrow = least(width, inner) < NARROW;
    const int from_by_x = size_of(from_x) < size_of(from_c), to_by_x = size_of(to_x) < size_of(to_c);
    if (!narrow && from_by_x && !to_by_x && to_c == bytes) {
        turn(to, to_x, from, from_c, from_x, inner, width, bytes, flags);
    } else if (!narrow && !from_by_x && to_by_x && to_x == bytes) {
        turn(to, to_c, from, from_x, from_c, width, inner, bytes, flags);
    } else if (narrow ? width > inner : to_by_x) {
        for (int64_t c = 0; c < inner; c++, to += to_c, from += from_c)
            run(to, to_x, from, from_x, width, bytes, flags);
    } else {
        for (int64_t x = 0; x < width; x++, to += to_x, from += from_x)
            run(to, to_c, from, from_c, inner, bytes, flags);
    }
}
