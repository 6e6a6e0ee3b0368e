/* highsum - the bits above the low 32 of all elements. */
#define REDUCTION highsum
#define EMPTY ZERO
#define IDEMPOTENT 0
#define FUSES SUMS_FUSE
#define DIVIDES 0
#define LEAF(x) HIGH_BITS(x)
#define RULE(a, b) ((a) + (b))
#include "forward.tmpl.c"
