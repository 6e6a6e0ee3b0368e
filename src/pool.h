/* pool.h - the contract between the door, the driver and the kernels. */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>
#include <stdint.h>

enum { POOL_MAX_AXES = 64 };            /* NumPy's limit */
enum { POOL_VECTOR = 64 };              /* bytes of the widest */
enum { POOL_SLACK = 256 };              /* bytes past the end of a scratch row that vector loads may touch */
enum { POOL_L1_BYTES = 32768 };         /* the smallest L1 in use */
enum { POOL_BYTES_PER_THREAD = 128 * 1024 };    /* 2 threads, max 2x2: 0.5 MB 16.0 -> 12.0 us, 1 MB 26.7 -> 18.5 us */

/* Rows of a window that are folded at once: a power of two, since sums are binary trees; those of the largest that is
 * fused, three of each of three planes; rows of lanes that are merged. */
enum { POOL_GROUP = 4 };
enum { POOL_ROWS = 9 };
enum { POOL_MERGED = 7 };
enum { POOL_LEAVES = 64 };              /* columns into which a longer window is folded first; a power of two */
enum { POOL_RINGS = 12 };               /* levels of nodes that slide, of runs of 4**11 rows at most */

/* Rows folded down at once, and bytes of the lanes of such a row; groups of them are a tree of so many levels. */
enum { POOL_DOWN = 1024 };
enum { POOL_DOWN_BYTES = 1024 };
enum { POOL_DOWN_LEVELS = 9 };          /* 1 + log2(POOL_DOWN / POOL_GROUP) */

enum { POOL_AT_END = 16 };              /* vectors of outputs that are made by way of a row of lanes */
enum { POOL_CAREFUL = 2 };              /* rows that are taken to have NaN, from one on that has */
enum { POOL_NARROW = 8 };               /* vectors of a row of planes that a kernel takes whole */
enum { POOL_DOUBLINGS = 5 };            /* of runs along a row that are made in registers, to two vectors of 16 lanes */
enum { POOL_OVERLAP_TAPS = 64 };        /* rows, or pixels, that windows which overlap are folded from at once */
enum { POOL_INVERTED = 1 << 20 };       /* the largest divisor whose inverse corrects what it gives (vec.h) */

/* Finding the best elements: rows and columns of the largest window that is done at once; vectors of a pixel whose best
 * are kept for the next windows; taps whose lanes are brought together at once. */
enum { POOL_FOUND = 3 };
enum { POOL_KEPT = 16 };
enum { POOL_THINNED = 16 };

/* Gradients: windows over a position from which it is gathered at once; strides of which each position has a phase of
 * its own, a multiple of lanes; positions of a window whose places are kept, of at most so many axes. */
enum { POOL_TOUCHES = 128 };
enum { POOL_STRIDE = 32 };
enum { POOL_TABLE = 256 };
enum { POOL_TABLE_AXES = 3 };

/* Elements of a row, and their bytes, from which it is gone along rather than laid beside others (turn.c); in the order
 * of _layout.py's LONG, LONG_BYTES. */
enum { POOL_LONG = 24, POOL_LONG_BYTES = 96 };

/* Bytes between what is read and what is fetched, in rows that follow each other; and between what is written and what
 * is made this thread's own, where there is as much of it as of input (103 MB, 3x3/1, two threads, maxima: 1.08 of the
 * floor, so 0.71); of less, 2x2/2, that saves nothing but of pixels. */
enum { POOL_AHEAD = 4096 };
enum { POOL_WRITE_AHEAD = 2048 };

/* In the order of _plan.py's ROUNDINGS. */
enum pool_rounding { POOL_HALF_EVEN, POOL_HALF_UP, POOL_FLOOR, POOL_TRUNC };

/* From `at`, where the next step to `end` begins: the last steps back, so that it ends there. */
static inline int64_t stepped(int64_t at, int64_t step, int64_t end)
{
    return at + 2 * step <= end || at + step >= end ? at + step : end - step;
}

/* 1 / divisor, or NaN if it is past POOL_INVERTED: what a quotient is found by (vec.h). */
static inline double pool_inverse(int64_t divisor)
{
    return divisor <= POOL_INVERTED ? 1 / (double)divisor : __builtin_nan("");
}

/* Where the arrays of a call are. */
enum pool_distance { POOL_IN_CACHE, POOL_NEAR, POOL_FAR };

/* How a sum of integers is divided and rounded in its lanes:
 *   by 2**shift, if that is not 0: (sum + half + (sum >> shift & odd)) >> shift;
 *   in lanes of 16 bits: raised = sum + bias, and with `truncates` divisor - 1 more where sum < 0; quotient = raised *
 *     multiplier >> 16, with `ties` one less where raised == quotient * divisor and quotient is odd; less offset;
 *   in wider ones: sum / divisor + lift, or - lift with `truncates` where sum < 0, to the nearest integer, of two the
 *     even one.  With `ties` the quotient is that of floats; else a product with the inverse: it is nearer to it than
 *     to where rounding changes. */
struct pool_rounds {
    int shift, ties, truncates;
    int64_t half, odd, multiplier, bias, offset;
    double lift;
};

/* No less than so many integers of so many bytes make, whatever their sign. */
static inline int64_t pool_most_sum(int64_t count, int bytes)
{
    return bytes < 8 ? count << 8 * bytes : INT64_MAX / 4;
}

/* Of sums of `most` at most, whatever their sign, in lanes of so many bytes; whether they can be divided so. */
static inline int pool_rounds_of(int64_t divisor, enum pool_rounding rounding, int lane_bytes, int64_t most,
                                 struct pool_rounds *r)
{
    const int is_power = (divisor & (divisor - 1)) == 0, is_even = divisor % 2 == 0;
    const int to_even = rounding == POOL_HALF_EVEN && is_even;
    const int to_nearest = rounding == POOL_HALF_EVEN || rounding == POOL_HALF_UP;
    *r = (struct pool_rounds){.ties = to_even, .truncates = rounding == POOL_TRUNC, .odd = to_even,
                              .half = (to_nearest ? divisor / 2 : 0) - to_even};
    if (divisor > POOL_INVERTED) return 0;
    if (is_power && !r->truncates) r->shift = __builtin_ctzll((uint64_t)divisor);
    if (lane_bytes > 2) {
        r->ties &= !is_power;           /* else the product is exact */
        r->lift = !to_nearest ? 0.5 / (double)divisor - 0.5 : is_even && !to_even ? 0.5 / (double)divisor : 0;
        return 3 * most + divisor < (lane_bytes == 4 ? 1 << 23 : (int64_t)1 << 52);
    }
    r->offset = (most / divisor + 2) / 2 * 2;           /* even, so that an odd quotient stays odd; nothing is < 0 */
    r->bias = r->offset * divisor + (to_nearest ? divisor / 2 : 0);
    r->multiplier = 65535 / divisor + 1;
    const int64_t raised = most + r->bias + divisor;
    return raised < 65536 && raised * (r->multiplier * divisor - 65536) < 65536;
}

/* What holds all that sums of integers make: those or their averages. */
enum pool_wide { POOL_NOT_WIDE, POOL_INT64, POOL_FLOAT32, POOL_FLOAT64 };

static inline int pool_wide_bytes(enum pool_wide wide) { return wide == POOL_FLOAT32 ? 4 : 8; }

/* How lanes become what is written.  They are divided, floats by way of the inverse where a product with that is the
 * quotient to the bit; and may become elements, or something wider. */
struct pool_finish {
    double divisor, inverse;    /* as pool_inverse says */
    int exact_inverse, roots;   /* `roots`: their roots are drawn instead */
    struct pool_rounds rounds;
    int as_elements;
    enum pool_wide wide;
};

/* Rows of a tall window that are a tree: at the end fewer than POOL_GROUP of elements; before them, from the lowest
 * level on, runs that were folded to lanes. */
struct pool_tall {
    int rows, levels;
    const char *row[POOL_GROUP - 1];
    struct {
        int runs;
        const void *run[4];
    } level[POOL_RINGS];
};

/* What lanes are divided by, each by its own; and the inverses of that, by the same rule. */
struct pool_divisors {
    const void *by, *inverse;
};

/* Windows that reach past the ends of a row by 1: whether there is one before the first whole one and one after
 * the last, and how they become results.  Of windows of three planes a row that is `padding` is so for all repeats; it
 * is null where no row is. */
struct pool_edges {
    int before, after;
    struct pool_finish first, last;
    const char *padding;
};

struct pool_axis;

/* Planes, `in_step` and `out_step` bytes apart. */
struct pool_planes {
    const struct pool_axis *y, *x;
    const char *in, *padding;   /* `padding`: POOL_NARROW vectors of elements that take no part */
    char *out;
    int64_t in_step, out_step, count;
    int64_t loose;              /* planes, from the first, whose rows and outputs may be overrun by two vectors */
    int divides;                /* whether lanes are sums to be divided */
    int as_elements;            /* whether what is written are elements, not lanes; */
    enum pool_wide wide;        /* of `narrow`: or something wider, */
    int far;                    /* and whether planes come from memory */
    enum pool_rounding rounding;
    double divisor;             /* 0 for the number of elements that count */
    /* For `flat`: lanes of a plane and the padding around it, twice, and of a row of outputs.  Rows lie `pitch` lanes
     * apart, of whole vectors: a row and the padding on either side, but not on both. */
    int64_t pitch;
    void *acc, *spare, *counts;
    /* For `spaced`: lanes of so many rows of windows, folded, and the padding on both sides, `pitch` apart, a multiple
     * of the stride; and once more those, parted, with a vector for each tap.  `padding` is a row. */
    int64_t rows;
};

/* Rows of outputs of windows that overlap, of so many planes. */
struct pool_overlaps {
    const struct pool_axis *y, *x;      /* not dilated */
    const char *in;             /* the first of the inner block at position 0 of row 0 */
    const char *padding;        /* two vectors of elements that take no part */
    char *out;                  /* the first output */
    int64_t in_step, out_step, planes;
    int64_t tight, loose;       /* planes [tight, loose) may be read two vectors before and past their rows */
    int64_t row, rows, first, outputs;          /* the first row of outputs, how many; the first output of each */
    int64_t inner;
    int as_elements;
    /* Rows of outputs folded at once, and outputs of a row, or 0; blocks of rows that their windows have in common; the
     * lanes of two such groups, of one where outputs are folded so, or of more rows than those, of as many rows to
     * spare as go along `together`, and of the blocks, `pitch` apart; room for the places of so many rows, as many at
     * least as a group meets, and of the pixels that a row of outputs meets, of `across` at least. */
    int group, across, together;
    int64_t blocks, pitch, lane_rows, most_taps;
    void *lanes, *spare, *ring;
    int64_t *taps, *pixels;
};

/* Taps of windows: element i of output o of row r lies at taps[k] + r*row_step + o*step, `stride` (1 or 2) elements
 * after the one before.  Each has a code, which says where it is. */
struct pool_taps {
    const char *const *taps;
    const int64_t *codes;
    int n, stride;
    int fresh;                  /* nothing is best as yet */
    int64_t repeats, row_step, outputs, step, count;
    int64_t loose;              /* rows, from the first, that may be read two vectors past their ends; `fresh` only */
};

/* The kernels of one reduction over one dtype.  Rows hold elements as memory has them, lanes hold what
 * arithmetic uses.  Kernels are serial, allocate nothing and return nothing; they trust their arguments.
 *
 * A sum is a perfect binary tree over the positions of its window: rows first (the last leading axis in the
 * low bits), then along the row (past POOL_LEAVES positions, position modulo POOL_LEAVES last of all).  What
 * is not there is an empty leaf.  So its bits depend on the window alone. */
struct pool_kernel {
    const char *reduction, *dtype, *lane;
    uint64_t empty;             /* the element that takes no part, as memory holds it */
    int idempotent;             /* rule(a, a) == a: any order and any overlap will do */
    int lanes;                  /* of a vector */
    enum { POOL_ADDS, POOL_DIVIDES, POOL_ROUNDS, POOL_ROOTS } divides;  /* what `fused` can do with a sum */
    int widens;                 /* `fused` can write what is wide */
    int writes_elements;        /* `fused` can */

    /* acc[i] = rule over rows[0 .. n)[i], i in [at, at + count), n at most POOL_GROUP.  May touch POOL_SLACK bytes past
     * the end of those in acc, never in a row. */
    void (*fold)(const char *const *rows, int n, int64_t at, int64_t count, void *acc);

    /* The same of POOL_GROUP rows from each of as many on, or null: nodes[k] = rule over rows[k .. k + POOL_GROUP). */
    void (*nodes)(const char *const *rows, int64_t at, int64_t count, void *const *nodes);
    /* Likewise or null: of the rows of a tall window. */
    void (*tall)(const struct pool_tall *window, int64_t at, int64_t count, void *acc);

    /* As fold, of n rows `step` bytes apart, n at most POOL_DOWN, their lanes POOL_DOWN_BYTES, with a row of elements
     * that take no part; for each of so many planes, whose rows begin plane_step bytes and whose lanes acc_step lanes
     * after those of the one before: what is left of those takes no part.  Of the first `loose` planes rows shorter
     * than a vector may be read to its end. */
    void (*fold_down)(const char *row, int64_t step, int64_t n, const char *padding, int64_t count, int64_t planes,
                      int64_t loose, int64_t plane_step, int64_t acc_step, void *acc);

    /* dst[i] = rule over rows[0 .. n)[i], i in [at, at + count), n from 2 to POOL_MERGED; dst may be any of them.  May
     * touch POOL_SLACK bytes past the end of those in all. */
    void (*merge)(void *dst, const void *const *rows, int n, int64_t at, int64_t count);

    /* dst[o*inner + c] = rule over acc[(o*stride + t*dilation)*inner + c], t in [0, window), over the divisor of
     * o*inner + c unless those are null (POOL_DIVIDES; POOL_SLACK bytes after them may be read).  Overwrites acc and
     * spare; both hold the windows' whole extent and POOL_SLACK bytes, and spare does so twice for sums of more than
     * POOL_LEAVES.  Where it is `loose` it may write a vector past dst's end. */
    void (*along)(void *acc, void *spare, int64_t inner, int64_t window, int64_t stride, int64_t dilation,
                  int64_t outputs, int loose, const struct pool_divisors *divisors, void *dst);

    /* Both steps at once for the windows that `fuses` admits, of n rows, those of one plane or POOL_ROWS of three:
     * windows wholly inside the rows but for those at the edges, `repeats` rows of outputs, each `in_step` and
     * `out_step` bytes after the one before; fetched ahead where they are `far` at all.  In the first `loose` of
     * them it may read two vectors past the rows and write one past the outputs, over what the repeats to come will
     * write. */
    int (*fuses)(int n, int64_t inner, int64_t window, int64_t stride, int64_t dilation);
    void (*fused)(const char *const *rows, int n, int64_t inner, int64_t window, int64_t stride, int64_t outputs,
                  int64_t repeats, int64_t loose, enum pool_distance far, int64_t in_step, int64_t out_step,
                  const struct pool_finish *f, const struct pool_edges *edges, void *dst);

    /* Whole planes, windows that reach past them included, or null: those of 3 x 3 that `narrows` admits, over rows of
     * POOL_NARROW vectors at most (2 where a few hold a plane); any of at most POOL_LEAVES columns, over planes that
     * lie in scratch; and those of POOL_MERGED rows and columns at most, of which some rows do. */
    int (*narrows)(const struct pool_axis *y, const struct pool_axis *x);
    void (*narrow)(const struct pool_planes *planes);
    void (*flat)(const struct pool_planes *planes);
    void (*spaced)(const struct pool_planes *planes);

    /* Windows that overlap, by a rule that may meet an element twice; else null.  Of single elements side by side the
     * longest that a row's are made of in registers, or 0. */
    int64_t longest_run;
    void (*overlaps)(const struct pool_overlaps *planes);

    /* For the reductions that pick an element, or null.  best[r][o][i] = the best of what it holds and of the taps, the
     * first of equals; code likewise, in integers as wide as a lane.  May touch POOL_SLACK bytes past both. */
    void (*best)(const struct pool_taps *taps, void *best, void *code);

    /* The same for windows that are small and whole: window taps of each of n rows, with a code each: one row, or those
     * of a square or cube; `repeats` rows of outputs, `in_step` bytes apart in the input.  Codes are as wide as lanes
     * or single bytes; `wide` is room for a row of the former.  With inner == 1 it may read two vectors past the rows,
     * and write one past each row of best, and as many codes. */
    int (*finds)(int n, int64_t inner, int64_t window, int64_t stride, int64_t dilation);
    void (*find)(const char *const *rows, int n, int64_t inner, int64_t window, int64_t stride, int64_t outputs,
                 int64_t repeats, int64_t in_step, const int64_t *codes, void *best, void *code, int bytes,
                 void *wide);

    /* best[0 .. count) = the better of best and other, of equals the one whose place is lower; place with it. */
    void (*settle)(void *best, int64_t *place, const void *other, const int64_t *other_place, int64_t count);

    /* dst[o*inner + c] = row[o*step + c], of elements as memory has them. */
    void (*thin)(const void *row, int64_t inner, int64_t step, int64_t outputs, void *dst);
};

/* index[r*count + i] = first + r*run_step + i*step + code[r*count + i], i in [0, count), r in [0, runs); `after` more
 * may be written. */
struct pool_place {
    int code_bytes, index_bytes;
    void (*place)(const void *code, int64_t count, int64_t first, int64_t step, int64_t runs, int64_t run_step,
                  int64_t after, void *index);
};

/* to[x][c] = from[x][c], x in [0, width), c in [0, inner), of 1, 2, 4 or 8 bytes, any steps on either side.  Bytes may
 * be swapped on the way; what will be met next lies after what is written, or else after what is read. */
enum { POOL_SWAPPED = 1, POOL_WRITES_ON = 2 };
typedef void pool_copy(char *to, int64_t to_x, int64_t to_c, const char *from, int64_t from_x, int64_t from_c,
                       int64_t width, int64_t inner, int bytes, int flags);

/* How a lane becomes what memory holds.  dst may be src where the two types have one size. */
struct pool_cast {
    const char *from, *to;
    void (*cast)(const void *src, void *dst, int64_t count);
};

/* sum[0 .. count) /= divisor, in place; or its square roots, whatever the divisor.  `other` holds what a pair of sums
 * needs beside: how many elements were counted (nansum), or the sums of the elements' high halves (lowsum).  `extra`
 * joins that count; below 0, the divisor stands whatever the count. */
struct pool_divide {
    const char *name;
    void (*divide)(void *sum, const void *other, int64_t count, int64_t divisor, int64_t extra,
                   enum pool_rounding rounding);
};

/* Lp pooling: dst[0 .. count) = |src|**p in lanes, before the sum; sums **= 1/p after it. */
struct pool_power {
    const char *dtype;
    void (*raise)(const void *src, void *dst, int64_t count, double p);
    void (*root)(void *sums, int64_t count, double p);
};

/* The windows over the positions of one phase, those that are equal modulo a stride: lane i gathers from lane i of each
 * row of gradients, or only where code i is `is`. */
struct pool_touch {
    const void *grad, *code;
    int64_t is;
};
struct pool_phase {
    const struct pool_touch *taps;
    int n;
};

/* The places inside its window that an index may say, in runs. */
struct pool_ranges {
    int64_t first[POOL_TOUCHES], length;
    int n;
};

/* Row r of codes, `step` bytes after the one before: [0 .. count) = index - (first + r*first_step) - base, or the index
 * as it is where that is a byte.  The rows of gradients, one after the other, go `beside` in the same steps, unless
 * that is null. */
struct pool_codes {
    const void *bases;
    int64_t first, first_step, count, rows, step;
    const struct pool_ranges *ranges;
    const void *grads;
    void *codes, *beside;
};

/* The backward pass over rows of lanes; codes are integers as wide. */
struct pool_gradient {
    const char *lane;
    int lanes;                  /* of a vector */
    /* Row r of acc, `acc_step` bytes after the one before: [0 .. count) = or += grad / divisor, of rows of grad that
     * follow each other. */
    void (*share)(void *acc, const void *grad, int64_t count, int64_t divisor, int add, int64_t rows,
                  int64_t acc_step);
    /* Row r of dst, `dst_step` bytes after the one before: [(j*stride + p)*inner + c] = sum over the taps of phase
     * r % classes * stride + p, at lane j*inner + c of row r / classes, in their order, j in [0, count).  Row 0 of
     * gradients begins `grads_at` bytes after what the taps say; rows are `grads_step`, of codes `codes_step`, of dst
     * `dst_step` bytes apart.  With codes, of so many bytes or of none, the stride is 1, or pixels are of a vector at
     * least, or single at stride 2.  May touch POOL_SLACK bytes past the ends of the taps, and a vector or pixel for
     * each phase, and one more, past that of dst. */
    void (*gather)(void *dst, const struct pool_phase *phases, int code_bytes, int64_t grads_at, int64_t classes,
                   int64_t stride, int64_t inner, int64_t count, int64_t rows, int64_t grads_step, int64_t codes_step,
                   int64_t dst_step);
    /* Codes of indices of 1 or 8 bytes, each read once; returns whether all are in range.  May read POOL_SLACK bytes
     * past the end of bases. */
    int (*encode)(const void *indices, int index_bytes, const struct pool_codes *c);
    /* Whether codes [0 .. count) of each row, `step` bytes apart, are in one of the ranges, of which there is one at
     * least. */
    int (*fits)(const void *codes, int64_t count, int64_t rows, int64_t step, const struct pool_ranges *ranges);
    /* The same of rows of codes that are bytes, each read once, which go to `to` too, unless `to_step` is 0.  Null
     * where codes are never so. */
    int (*bytes_fit)(const char *codes, char *to, int64_t count, int64_t rows, int64_t step, int64_t to_step,
                     const struct pool_ranges *ranges);
    /* acc[at[o*width + c]*acc_inner + c] += grad[o*grad_inner + c]. */
    void (*scatter)(void *acc, const int64_t *at, const void *grad, int64_t outputs, int64_t width, int64_t acc_inner,
                    int64_t grad_inner);
    /* at[0 .. count) = index, each read once; returns the highest, past all others if it is negative. */
    uint64_t (*check)(const int64_t *index, int64_t count, int64_t *at);
};

/* All that one instruction set offers. */
struct pool_isa {
    const char *name, *needs;   /* needs: CPU features by the compiler's names, space separated */
    const struct pool_kernel *const *kernels;
    const struct pool_cast *casts;
    const struct pool_divide *divides;      /* each list ends with a null name */
    const struct pool_place *places;        /* ends with zeros */
    const struct pool_power *powers;        /* ends with a null dtype */
    const struct pool_gradient *gradients;  /* ends with a null lane */
    pool_copy *copy;
};

/* A pooled axis.  Output o covers o*stride - before + t*dilation, t in [0, window); those in [0, size) are data,
 * those in [counted_first, counted_last) count in an average. */
struct pool_axis {
    int64_t size, window, stride, dilation, before, outputs;
    int64_t counted_first, counted_last;
    int64_t in_step, out_step;              /* bytes */
    int64_t place_weight, tap_weight;       /* of a position and of a tap in the places that are returned */
    int64_t skipped;                        /* taps before the first, which meet data in no output */
    int bins;                               /* output o covers [floor(o*n/m), ceil((o + 1)*n/m)) instead, of n and m */
};

struct pool_range {
    int64_t first, last;
};

/* Where bin o begins, how long it is; where the window of output o begins. */
static inline int64_t bin_first(const struct pool_axis *a, int64_t o) { return o * a->size / a->outputs; }
static inline int64_t bin_size(const struct pool_axis *a, int64_t o)
{
    const int64_t ends = (o + 1) * a->size;
    return ends / a->outputs + (ends % a->outputs > 0) - bin_first(a, o);
}
static inline int64_t axis_start(const struct pool_axis *a, int64_t o)
{
    return a->bins ? bin_first(a, o) : o * a->stride - a->before;
}

/* The taps of output o that fall in [first, last). */
static inline struct pool_range taps_in(const struct pool_axis *a, int64_t o, int64_t first, int64_t last)
{
    const int64_t start = axis_start(a, o), window = a->bins ? bin_size(a, o) : a->window;
    int64_t below = first > start ? first - start : 0, upto = last > start ? last - start : 0;
    if (a->dilation > 1) {          /* few divisions: this is asked of every output at an end */
        below = below / a->dilation + (below % a->dilation > 0);
        upto = upto / a->dilation + (upto % a->dilation > 0);
    }
    return (struct pool_range){below < window ? below : window, upto < window ? upto : window};
}

/* How many elements of the window of output o count in an average. */
static inline int64_t pool_counted(const struct pool_axis *a, int64_t o)
{
    const struct pool_range taps = taps_in(a, o, a->counted_first, a->counted_last);
    return taps.last - taps.first;
}

struct pool_span {
    int64_t size, in_step, out_step;        /* elements; bytes */
    int64_t place_weight;
};

/* One call's problem: outer x (lead ... along) x inner, with what finishes its rows. */
struct pool_geometry {
    int outer_axes, lead_axes;
    struct pool_span outer[POOL_MAX_AXES];
    struct pool_axis lead[POOL_MAX_AXES];   /* the pooled axes but the last, in their order */
    struct pool_axis along;                 /* the last pooled axis */
    struct pool_span inner;
    int source_bytes;                       /* of an element of the input: elem_bytes but for powers */
    int elem_bytes, lane_bytes, mid_bytes, out_bytes;
    int swapped;                            /* the input's bytes are in the other order: POOL_SWAPPED, or 0 */

    const struct pool_power *power;         /* makes the kernel's elements, or null */
    const struct pool_power *root;          /* makes results of its sums, or null */
    double exponent;
    const struct pool_kernel *kernel;
    const struct pool_kernel *beside;       /* a second sum that the divide needs, or null */
    const struct pool_kernel *plain;        /* makes the same of what has no NaN, by itself; or null */
    const struct pool_cast *first_cast;     /* before the divide, or null; lane_bytes to mid_bytes */
    const struct pool_divide *divide;       /* or null */
    const struct pool_cast *last_cast;      /* after it, or null; mid_bytes to out_bytes */
    enum pool_rounding rounding;
    int64_t divisor;                        /* stands for the count where positive */
    int index_bytes;                        /* 0 where places are not wanted; else out and index are in C order */
    int64_t first_place;                    /* where a window would be whose weights are 0 */
    const struct pool_place *places;
    pool_copy *copy;
    int in_windows;                         /* indices to follow are positions in windows, else in planes */
    int64_t window_count;
    const struct pool_gradient *gradient;
    int64_t bytes;                          /* read and written: what decides on threads */
};

/* Work worth a thread of its own; of norms a byte takes as long as four (float32, so and on two threads: p 3, 300 kB
 * 62, 46 us, p 1.5, 200 kB 120, 72 us). */
static inline int64_t pool_bytes_per_thread(const struct pool_geometry *g)
{
    return g->root ? POOL_BYTES_PER_THREAD / 4 : POOL_BYTES_PER_THREAD;
}

/* What to do with a problem: pool it; or backwards, from where its outputs are to where its inputs are, spread sums,
 * follow indices and add, or put the last; or pick, the other way. */
enum pool_task { POOL_FORWARD, POOL_SPREAD, POOL_ADD, POOL_PUT, POOL_PICK };

struct pool_ring {
    int64_t first, size;
};

/* Does units [first, last) with one thread's scratch.  Returns the first index that points nowhere, or -1. */
struct pool_job;
typedef int64_t pool_way(const struct pool_job *job, const char *in, char *out, char *index, char *scratch,
                         int64_t first, int64_t last);

/* A problem cut into units of work: each one row of outputs, or a block of its inner elements, and but for strips a
 * block of its outputs. */
struct pool_job {
    const struct pool_geometry *g;
    const struct pool_turned *turned;       /* how small planes are turned first, or null */
    const struct pool_packed *packed;       /* how those that lie apart are packed first, or null */
    const struct pool_cut *cut;             /* how long rows are cut, or null */
    /* The problem as it is given, where rows of its input are brought together in scratch first, or null: g is then
     * the same over that slab, whose position 0 of every axis lies where its steps say. */
    const struct pool_geometry *far;
    enum pool_task task;
    pool_way *walk;
    int64_t x_block, x_blocks, c_block, c_blocks;       /* outputs along the row, inner elements */
    int64_t units;
    /* Where threads outnumber units: parts of those, as many of each, which leave what they make in memory that all
     * share.  That is the `index` of the units then, which make the rest of it. */
    pool_way *walk_parts;
    int64_t parts, shared_bytes;
    int64_t piece;              /* units between two looks at whether to stop, to begin with; 0: the call is short */
    int64_t reach;              /* input positions that a window spans along the row */
    int chunked;                /* the window is longer than POOL_LEAVES, and folded into so many columns first */
    int group_axes;             /* trailing leading axes whose window rows fold as one group; 0: the last in chunks */
    int64_t group_rows, fused_rows;     /* of such a group; of a window, for the fused kernel */
    int rows_contiguous, out_contiguous;
    int strips;                 /* blocks of outputs are done down the rows of a plane in turn */
    int coded;                  /* places fit the lanes: they ride there as they are, else as numbers of taps */
    int columns;                /* one window is wide: its row is first cut into so many, each of which has a best */
    int finds;                  /* small windows: the kernel finds rows of them at once, */
    int64_t found_rows;         /* of which each has so many rows */
    int parted;                 /* blocks of a row are the windows that begin before it, those within, those after */
    int64_t pads;               /* so many rows of windows are found at once with their padding, in scratch */
    int thinned;                /* the lanes of a tap are too far apart for the kernel, and brought together first */
    int fused;                  /* windows inside the input go to the fused kernel */
    int edge_before, edge_after;        /* and so do those that reach past the ends of the row, one on each side */
    int finishes;               /* which makes results of those; or the plain one does, unless there are NaN */
    int divides_along;          /* sums are divided as windows go along the row, each by what lies in scratch */
    int narrow, flat, spaced;   /* planes for a kernel of their own: as it `narrows` them, or that lie in scratch */
    int overlap, overlap_across;        /* rows of outputs whose windows overlap, done at once, or 0; and pixels */
    int64_t overlap_blocks;     /* of rows that those have in common */
    int all_fused;              /* and there are no others: no row needs scratch */
    int64_t repeats;            /* rows of outputs that one call of it may make */
    int64_t pitch;              /* of those where they lie in line before the kernel goes along, or 0 */
    int slide_height;           /* rows of the lowest nodes */
    /* Rows of nodes, 0 where windows are folded one by one; of windows done at once; so many columns at a time. */
    int64_t slide_nodes, slide_rows, slide_columns;
    struct pool_ring rings[POOL_RINGS];         /* of the nodes of each level */
    int dense, in_dense;        /* rows of outputs, of the input lie end to end, and so do planes */
    int whole;                  /* a window is a whole plane, and rows of many planes lie side by side in scratch */
    int folds_down;             /* many of those at once */
    int64_t columns_folded;     /* of each: then a power of two, else those of the row or POOL_LEAVES */
    int64_t slab_rows;          /* of the last leading axis that a slab holds */
    /* Outputs whose every tap is data and counts, along the row and along each leading axis. */
    struct pool_range inside, lead_inside[POOL_MAX_AXES];

    /* Gathering: lanes of a phase of a row; rows of the last leading axis in a band, and the slots they need, the
     * first of which is `first_shift` windows on; rows of windows along the axes before it; what a tap along each axis
     * adds to the place in its window, from `first_code` on. */
    int64_t phase_count, band, slots, first_shift, leading;
    struct pool_axis rows_axis;
    int64_t first_code, code_step, row_weight, code_weight[POOL_MAX_AXES], positions_after[POOL_MAX_AXES];
    int64_t slot_bytes, margin_bytes, code_slot_bytes, code_margin_bytes, spare_bytes, overrun_rows, grad_rows;
    int code_bytes;             /* of a code beside a lane, or 0 */
    int64_t bins_over;          /* bins over a position at most, where all of a row are done at once, or 0 */
    int streams;                /* rows go past the caches */
    int all_inside;             /* no window reaches past the ends of a row */

    /* Following: positions of a plane; where those of a small window lie. */
    int64_t plane, table_size, table[POOL_TABLE];
    uint8_t table_taps[POOL_TABLE][POOL_TABLE_AXES];

    /* Scratch of one thread: its bytes, and where each part begins. */
    int64_t scratch_bytes, row_bytes, acc_bytes, folded_bytes;
    int64_t at_slab, at_gathered, at_source, at_levels, at_spare, at_slid, at_folded, at_lanes, at_beside, at_mid;
    int64_t at_binned, at_bins, at_counts, at_over, at_divisors, at_plain;
    int64_t at_out, at_code, at_other, at_place, at_other_place, at_index, at_row;
};

/* Some of `planes` planes, the inner elements of `g`, whose elements lie side by side where the job finds them. */
struct pool_turned {
    struct pool_geometry g, near;
    struct pool_job job;
    int64_t planes, from_positions, to_positions;       /* of a plane that is read, of one that is made */
    int in_bytes;
};

/* Some of `planes` planes, which lie apart or whose elements do: side by side in C order, where the job finds them. */
struct pool_packed {
    struct pool_geometry g, near;
    struct pool_job job;
    struct pool_turned turned;
    int64_t planes, beside, from_bytes, to_positions;   /* in all, of a pack; of a plane that is read, that is made */
    int reads, writes;                                  /* full packs: where they lie, to where they belong */
};

/* A long row of positions in stretches of so many: the first, those between, and the last. */
struct pool_cut {
    struct pool_geometry g[3];
    struct pool_job job[3];
    int64_t length, stretches;                          /* of a row */
};

enum pool_status { POOL_OK, POOL_NO_MEMORY, POOL_BAD_INDEX, POOL_INTERRUPTED };

/* The units of a problem; job refers to g from then on, and to `near`, where it may put what a slab needs. */
void pool_plan_forward(struct pool_job *job, const struct pool_geometry *g, struct pool_geometry *near);    /* plan.c */
/* Whether positions may gather from the windows over them: sums always, indices where windows are small.  That way's
 * first bad index is only one outside its window: then follow. */
int pool_plan_gather(struct pool_job *job, const struct pool_geometry *g, enum pool_task task);     /* gather.c */
void pool_plan_follow(struct pool_job *job, const struct pool_geometry *g, enum pool_task task);    /* follow.c */
/* Of a job that is planned: where planes are many and better turned, the job does that, and refers to `turned` too. */
void pool_plan_turned(struct pool_job *job, struct pool_turned *turned);                            /* turn.c */

/* Whether small planes that lie apart, or whose elements do, are packed first, by a plan in place of the job's; g is
 * the problem as it is given. */
int pool_may_pack(const struct pool_job *job, const struct pool_geometry *g);                       /* pack.c */
void pool_plan_packed(struct pool_job *job, const struct pool_geometry *g, struct pool_packed *packed);

/* The same of gradients that are gathered along rows that are long and few: those are cut. */
int pool_may_cut(const struct pool_job *job, const struct pool_geometry *g);                        /* cut.c */
void pool_plan_cut(struct pool_job *job, const struct pool_geometry *g, struct pool_cut *cut);

/* driver.c */
void pool_plan_pieces(struct pool_job *job);            /* of a job that is planned */

/* `interrupted` is asked now and then, on the caller's thread; not 0 ends the call.  It may be null. */
enum pool_status pool_run(const struct pool_job *job, const void *in, void *out, void *index, int workers,
                          int (*interrupted)(void), int64_t *bad_index);
int pool_stop(void);                    /* for long loops of a walk: whether to return at once, whatever the result */
int64_t pool_now(void);                 /* nanoseconds of a clock that only goes forward */
int pool_thread_limit(void);            /* what others have limited OpenMP to in this thread, else INT_MAX */
int pool_has_openmp(void);

/* dispatch.c: best first; null at the end. */
const struct pool_isa *pool_isa(int i);
int pool_isa_runs_here(const struct pool_isa *isa);
const struct pool_kernel *pool_find_kernel(const struct pool_isa *isa, const char *reduction, const char *dtype,
                                           const char *lane);
/* Takes the kernels of g from a narrower instruction set than number `isa` where pixels are shorter than its vectors,
 * and that is faster, of those `offered`, a bit each.  All make the same of the same. */
void pool_fit_kernels(struct pool_geometry *g, int isa, uint64_t offered);
const struct pool_cast *pool_find_cast(const struct pool_isa *isa, const char *from, const char *to);
const struct pool_divide *pool_find_divide(const struct pool_isa *isa, const char *name);
const struct pool_power *pool_find_power(const struct pool_isa *isa, const char *dtype);
const struct pool_gradient *pool_find_gradient(const struct pool_isa *isa, const char *lane);

#endif
