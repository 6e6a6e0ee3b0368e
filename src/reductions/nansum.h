/* nansum - all elements that are not NaN. */
#define REDUCTION nansum
#define EMPTY NOT_A_NUMBER      /* as for nancount, its companion */
#define IDEMPOTENT 0
#define FUSES SUMS_FUSE
#define CUBES 0
#define IS_NEAR 1       /* of rows that the plain kernel made NaN of */
#define DIVIDES 0
#define LEAF(x) PICK_NAN(x, -(VEC){0}, x)
#define RULE(a, b) ((a) + (b))
#include "forward.tmpl.c"
