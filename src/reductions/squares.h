/* squares - the squares of all elements; what is written is the root of their sum. */
#define REDUCTION squares
#define EMPTY ZERO
#define IDEMPOTENT 0
#define FUSES SUMS_FUSE
#define CUBES 0
#define DIVIDES 0
#define ROOTS 1
#define LEAF(x) ((x) * (x))
#define RULE(a, b) ((a) + (b))
#include "forward.tmpl.c"
