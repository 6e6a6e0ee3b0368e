/* sum - all elements. */
#define REDUCTION sum
#define EMPTY ZERO
#define IDEMPOTENT 0
#define FUSES SUMS_FUSE
#define NARROWS SUMS_FUSE
#define DIVIDES 1
#define LEAF(x) (x)
#define RULE(a, b) ((a) + (b))
#include "forward.tmpl.c"
