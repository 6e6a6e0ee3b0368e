/* nancount - how many elements are not NaN. */
#define REDUCTION nancount
#define EMPTY NOT_A_NUMBER
#define IDEMPOTENT 0
#define FUSES SUMS_FUSE
#define CUBES 0
#define IS_NEAR 1       /* of rows that the plain kernel made NaN of */
#define DIVIDES 0
#define LEAF(x) PICK_NAN(x, (VEC){0}, (VEC){0} + 1)
#define RULE(a, b) ((a) + (b))
#include "forward.tmpl.c"
