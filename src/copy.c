/* copy.c - elements between memory of any steps and either byte order. */
#include <string.h>

#include "vec.h"
#include "walk.h"

enum { NARROW = 4 };            /* fewer elements are not worth a loop of their own */
enum { AHEAD_BYTES = 1 << 16 };       /* 7x7 float32, 3x3/2 pad 1, 26 MB: 63 -> 45 ns a plane, one thread */

#define SWAP_8(v) (v)
#define SWAP_16(v) __builtin_bswap16(v)
#define SWAP_32(v) __builtin_bswap32(v)
#define SWAP_64(v) __builtin_bswap64(v)

/* to[p][q] = from[p][q] of `side` by `side` elements, p side by side in `to` and q in `from`. */
#define DEFINE_SQUARE(bits, side)                                                                              \
    typedef uint##bits##_t square_row_##bits##x##side __attribute__((vector_size(side * bits / 8)));           \
    static inline void square_##bits##x##side(char *restrict to, int64_t to_step, const char *restrict from,   \
                                              int64_t from_step)                                               \
    {                                                                                                          \
        square_row_##bits##x##side rows[side], zipped[side];                                                   \
        _Pragma("GCC unroll 16")                                                                               \
        for (int i = 0; i < side; i++) memcpy(&rows[i], from + i * from_step, sizeof rows[i]);                 \
        _Pragma("GCC unroll 4")                                                                                \
        for (int span = 1; span < side; span *= 2) {                                                           \
            _Pragma("GCC unroll 8")                                                                            \
            for (int i = 0; i < side / 2; i++) {                                                               \
                zipped[2 * i] = __builtin_shufflevector(rows[i], rows[i + side / 2], ZIP##side(0, side));      \
                zipped[2 * i + 1] =                                                                            \
                    __builtin_shufflevector(rows[i], rows[i + side / 2], ZIP##side(side / 2, side));           \
            }                                                                                                  \
            _Pragma("GCC unroll 16")                                                                           \
            for (int i = 0; i < side; i++) rows[i] = zipped[i];                                                \
        }                                                                                                      \
        _Pragma("GCC unroll 16")                                                                               \
        for (int i = 0; i < side; i++) memcpy(to + i * to_step, &rows[i], sizeof rows[i]);                     \
    }
DEFINE_SQUARE(8, 16)
DEFINE_SQUARE(16, 8)
DEFINE_SQUARE(32, 4)
DEFINE_SQUARE(64, 2)
/* Where any two vectors zip in one instruction, squares fill the registers (7x7 float32: 13.7 -> 7.8 ns a plane). */
#if VECTOR_BYTES == 64
DEFINE_SQUARE(16, 16)
DEFINE_SQUARE(32, 16)
DEFINE_SQUARE(64, 8)
#endif

/* steps: to[i] = from[i], i in [0, n).  run: the same; steps that are common are constants for the compiler's vectors.
 * turn: to[p][q] = from[p][q], p side by side in `to` and q in `from`: squares, as many beside each other as make a
 * cache line of `to`.  32x56x56 float32, NCHW to NHWC on the way: 1.35 of NumPy's copy and call an element at a time,
 * 0.5 by squares (Zen 4). */
#define DEFINE_COPIES(bits, side, large)                                                                       \
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
                            int64_t from_q, int64_t p_size, int64_t q_size, int swapped)                       \
    {                                                                                                          \
        enum { SIZE = bits / 8, LINE = 64 / SIZE };                                                            \
        /* What vectors go across ends before the machine sees what comes next: as much again is fetched. */   \
        const char *ahead = from + p_size * from_p;                                                            \
        const int fetches = p_size * from_p <= AHEAD_BYTES;                                                    \
        for (int64_t line = 0; line < p_size; line += LINE) {                                                  \
            const int64_t upto = least(p_size, line + LINE);                                                   \
            const int plain = !swapped && from_q == SIZE;                                                      \
            int64_t q = 0;                                                                                     \
            for (; large > side && plain && upto - line == LINE && q + large <= q_size; q += large)            \
                for (int64_t p = line; p < upto; p += large, ahead += fetches * large * large * SIZE) {        \
                    for (int at = 0; fetches && at < large * large * SIZE; at += 64)                           \
                        __builtin_prefetch(ahead + at);                                                        \
                    square_##bits##x##large(to + p * SIZE + q * to_q, to_q, from + p * from_p + q * SIZE,      \
                                            from_p);                                                           \
                }                                                                                              \
            const int64_t squares = plain ? upto - (upto - line) % side : line;                                \
            for (; q < q_size; q += side) {                                                                    \
                const int64_t some = least(side, q_size - q);                                                  \
                int64_t p = line;                                                                              \
                if (some == side)                                                                              \
                    for (; p < squares; p += side, ahead += fetches * side * 16) {                             \
                        for (int at = 0; fetches && at < side * 16; at += 64) __builtin_prefetch(ahead + at);  \
                        square_##bits##x##side(to + p * SIZE + q * to_q, to_q, from + p * from_p + q * SIZE,   \
                                               from_p);                                                        \
                    }                                                                                          \
                for (int64_t i = 0; p < upto && i < some; i++)                                                 \
                    steps_##bits(to + p * SIZE + (q + i) * to_q, SIZE, from + p * from_p + (q + i) * from_q,   \
                                 from_p, upto - p, swapped);                                                   \
            }                                                                                                  \
        }                                                                                                      \
    }
DEFINE_COPIES(8, 16, 16)
#if VECTOR_BYTES == 64
DEFINE_COPIES(16, 8, 16)
DEFINE_COPIES(32, 4, 16)
DEFINE_COPIES(64, 2, 8)
#else
DEFINE_COPIES(16, 8, 8)
DEFINE_COPIES(32, 4, 4)
DEFINE_COPIES(64, 2, 2)
#endif

static void run(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n, int bytes, int swapped)
{
    switch (bytes) {
    case 1: run_8(to, to_step, from, from_step, n, 0); break;
    case 2: run_16(to, to_step, from, from_step, n, swapped); break;
    case 4: run_32(to, to_step, from, from_step, n, swapped); break;
    default: run_64(to, to_step, from, from_step, n, swapped);
    }
}

static void turn(char *to, int64_t to_q, const char *from, int64_t from_p, int64_t from_q, int64_t p_size,
                 int64_t q_size, int bytes, int swapped)
{
    switch (bytes) {
    case 1: turn_8(to, to_q, from, from_p, from_q, p_size, q_size, 0); break;
    case 2: turn_16(to, to_q, from, from_p, from_q, p_size, q_size, swapped); break;
    case 4: turn_32(to, to_q, from, from_p, from_q, p_size, q_size, swapped); break;
    default: turn_64(to, to_q, from, from_p, from_q, p_size, q_size, swapped);
    }
}

extern pool_copy JOIN(ISA, _copy);
void JOIN(ISA, _copy)(char *to, int64_t to_x, int64_t to_c, const char *from, int64_t from_x, int64_t from_c,
                      int64_t width, int64_t inner, int bytes, int swapped)
{
    if (inner == 1 || (to_x == inner * to_c && from_x == inner * from_c)) {
        run(to, inner == 1 ? to_x : to_c, from, inner == 1 ? from_x : from_c, width * inner, bytes, swapped);
        return;
    }
    const int narrow = least(width, inner) < NARROW;
    const int from_by_x = size_of(from_x) < size_of(from_c), to_by_x = size_of(to_x) < size_of(to_c);
    if (!narrow && from_by_x && !to_by_x && to_c == bytes) {
        turn(to, to_x, from, from_c, from_x, inner, width, bytes, swapped);
    } else if (!narrow && !from_by_x && to_by_x && to_x == bytes) {
        turn(to, to_c, from, from_x, from_c, width, inner, bytes, swapped);
    } else if (narrow ? width > inner : to_by_x) {
        for (int64_t c = 0; c < inner; c++, to += to_c, from += from_c)
            run(to, to_x, from, from_x, width, bytes, swapped);
    } else {
        for (int64_t x = 0; x < width; x++, to += to_x, from += from_x)
            run(to, to_c, from, from_c, inner, bytes, swapped);
    }
}
