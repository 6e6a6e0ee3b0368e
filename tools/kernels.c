/* kernels.c - kernels of one instruction set (ISA, neon if not given) against scalar C, where Python does not run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#ifndef ISA
#define ISA neon
#endif
#define TABLE_(isa) pool_isa_##isa
#define TABLE(isa) TABLE_(isa)

extern const struct pool_isa TABLE(ISA);

enum { MOST = 300, MOST_INNER = 40, ROWS = 3 };

static long checked, failed;

static const struct pool_kernel *find(const char *reduction, const char *dtype)
{
    for (const struct pool_kernel *const *k = TABLE(ISA).kernels; *k; k++)
        if (!strcmp((*k)->reduction, reduction) && !strcmp((*k)->dtype, dtype)) return *k;
    return NULL;
}

/* Of one dtype and one reduction: fold, then windows inside the rows at once, for every width; rows end where their
 * memory does, so that a sanitizer or qemu's own checks may see what is read past it. */
#define DEFINE(type, dtype, reduction, rule)                                                                        \
    static type rule_##reduction##_##dtype(type a, type b)                                                          \
    {                                                                                                               \
        return rule;                                                                                                \
    }                                                                                                               \
    static void check_##reduction##_##dtype(void)                                                                   \
    {                                                                                                               \
        const struct pool_kernel *const k = find(#reduction, #dtype);                                               \
        static const int windows[][3] = {{2, 2, 0}, {2, 1, 0}, {2, 1, 1}, {3, 2, 0}, {3, 1, 0}, {3, 2, 1},          \
                                         {3, 1, 1}};                                                                \
        for (int64_t width = 1; width <= MOST; width++) {                                                           \
            type *rows[ROWS];                                                                                       \
            for (int r = 0; r < ROWS; r++) {                                                                        \
                rows[r] = malloc((size_t)width * sizeof(type));                                                     \
                for (int64_t i = 0; i < width; i++) rows[r][i] = (type)(rand() % 17);                               \
            }                                                                                                       \
            type out[MOST + 2 * MOST_INNER + POOL_SLACK / sizeof(type)];                                            \
            const int64_t half = width / 2;     /* as two calls */                                                  \
            if (half > 0) k->fold((const char *const *)rows, ROWS, 0, half, out);                                   \
            k->fold((const char *const *)rows, ROWS, half, width - half, out);                                      \
            for (int64_t i = 0; i < width; i++) {                                                                   \
                const type wanted = rule_##reduction##_##dtype(                                                     \
                    rule_##reduction##_##dtype(rows[0][i], rows[1][i]), rows[2][i]);                                \
                checked++;                                                                                          \
                if (out[i] != wanted && failed++ < 10)                                                              \
                    printf("fold %s %s: width %d, column %d\n", #reduction, #dtype, (int)width, (int)i);            \
            }                                                                                                       \
            for (int w = 0; w < 7; w++)                                                                             \
                for (int64_t inner = 1; inner <= MOST_INNER; inner += inner == 1 ? 15 : 8) {                        \
                    const int window = windows[w][0], stride = windows[w][1], pad = windows[w][2], n = window;      \
                    const int64_t columns = width / inner;                                                          \
                    if (columns + 2 * pad < window || !k->fuses || !k->fuses(n, inner, window, stride, 1)) continue;\
                    const int64_t outputs = (columns + 2 * pad - window) / stride + 1;                              \
                    const int after = (outputs - 1) * stride - pad + window > columns;                              \
                    if (outputs <= pad + after) continue;       /* none is whole */                                 \
                    const struct pool_finish one = {.divisor = 1};                                                  \
                    const struct pool_edges edges = {pad, after, one, one, NULL};                                   \
                    const char *whole[ROWS];                                                                        \
                    for (int r = 0; r < n; r++) whole[r] = (const char *)(rows[r] + pad * (stride - 1) * inner);    \
                    k->fused(whole, n, inner, window, stride, outputs - pad - after, 1, 0, 0, 0, 0, &one, &edges,   \
                             out + pad * inner);                                                                    \
                    for (int64_t o = 0; o < outputs; o++)                                                           \
                        for (int64_t c = 0; c < inner; c++) {                                                       \
                            const int64_t start = o * stride - pad, end = start + window;                           \
                            const int64_t first = start < 0 ? 0 : start, last = end > columns ? columns : end;      \
                            type wanted = rows[0][first * inner + c];                                               \
                            for (int r = 0; r < n; r++)                                                             \
                                for (int64_t x = first; x < last; x++)                                              \
                                    if (r || x > first)                                                             \
                                        wanted = rule_##reduction##_##dtype(wanted, rows[r][x * inner + c]);        \
                            checked++;                                                                              \
                            if (out[o * inner + c] != wanted && failed++ < 10)                                      \
                                printf("fused %s %s: width %d, inner %d, window %d/%d, padding %d, output %d\n",    \
                                       #reduction, #dtype, (int)width, (int)inner, window, stride, pad, (int)o);    \
                        }                                                                                           \
                }                                                                                                   \
            for (int r = 0; r < ROWS; r++) free(rows[r]);                                                           \
        }                                                                                                           \
    }

#define ORDERED(type, dtype) DEFINE(type, dtype, max, a > b ? a : b) DEFINE(type, dtype, min, a < b ? a : b)
#define ALL(DO)         \
    DO(int8_t, int8)    \
    DO(uint8_t, uint8)  \
    DO(int16_t, int16)  \
    DO(uint16_t, uint16)\
    DO(int32_t, int32)  \
    DO(uint32_t, uint32)\
    DO(int64_t, int64)  \
    DO(uint64_t, uint64)\
    DO(float, float32)  \
    DO(double, float64)

ALL(ORDERED)
DEFINE(float, float32, sum, a + b)
DEFINE(double, float64, sum, a + b)

int main(void)
{
    srand(1);
#define RUN(type, dtype) check_max_##dtype(), check_min_##dtype();
    ALL(RUN)
    check_sum_float32();
    check_sum_float64();
    printf("%s: %ld results, %ld wrong\n", TABLE(ISA).name, checked, failed);
    return failed != 0;
}
