/* limit.c - the floor of a pooling call: its bytes moved once, no other work. */
#include <omp.h>
#include <stdint.h>
#include <string.h>

enum { LINE = 64 };

/* A cache line.  GCC splits it as it must: one register of AVX-512, two of AVX2, four of SSE2. */
typedef uint64_t line __attribute__((vector_size(LINE)));
typedef line line_in_memory __attribute__((aligned(1), may_alias));

static inline line load(const char *in) { return *(const line_in_memory *)in; }

static inline void store(char *out, line v) { *(line_in_memory *)out = v; }

/* Reads every line of in and writes every line of out, interleaved as in pooling: line o of out follows
 * the first (o+1) * lines_in / lines_out lines of in.  The bytes after the last whole line are written,
 * not read. */
static void move(const char *in, size_t bytes_in, char *out, size_t bytes_out) {
    size_t lines_in = bytes_in / LINE, lines_out = bytes_out / LINE, i = 0;
    line all = {0};
    for (size_t o = 0; o < lines_out; o++) {
        size_t end = (size_t)((double)(o + 1) * (double)lines_in / (double)lines_out);
        for (; i + 4 <= end; i += 4)
            all |= (load(in + i * LINE) | load(in + i * LINE + LINE)) |
                   (load(in + i * LINE + 2 * LINE) | load(in + i * LINE + 3 * LINE));
        for (; i < end; i++) all |= load(in + i * LINE);
        store(out + o * LINE, all);
    }
    for (; i < lines_in; i++) all |= load(in + i * LINE);
    memcpy(out + lines_out * LINE, &all, bytes_out % LINE);
}

/* Moves in[0 .. bytes_in) and out[0 .. bytes_out), an equal share of both on each thread.  A single
 * thread stays outside OpenMP, which costs 0.7 us to enter. */
void move_bytes(const char *in, size_t bytes_in, char *out, size_t bytes_out,
                int threads) {
    if (threads == 1) {
        move(in, bytes_in, out, bytes_out);
        return;
    }
    #pragma omp parallel num_threads(threads)
    {
        size_t t = omp_get_thread_num(), n = omp_get_num_threads();
        size_t lines_in = bytes_in / LINE, lines_out = bytes_out / LINE;
        size_t first_in = lines_in * t / n * LINE, first_out = lines_out * t / n * LINE;
        size_t last_in = t + 1 < n ? lines_in * (t + 1) / n * LINE : bytes_in;
        size_t last_out = t + 1 < n ? lines_out * (t + 1) / n * LINE : bytes_out;
        move(in + first_in, last_in - first_in, out + first_out, last_out - first_out);
    }
}
