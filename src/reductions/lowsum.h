/* lowsum - the low 32 bits of all elements; with highsum, a sum of 64-bit integers that no window overflows. */
#define REDUCTION lowsum
#define EMPTY ZERO
#define IDEMPOTENT 0
#define FUSES SUMS_FUSE
#define DIVIDES 0
#define LEAF(x) ((x) & 0xffffffff)
#define RULE(a, b) ((a) + (b))
#include "forward.tmpl.c"
