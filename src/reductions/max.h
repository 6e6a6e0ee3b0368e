/* max - the largest element; NaN wins over all. */
#define REDUCTION max
#define EMPTY LOWEST
#define IDEMPOTENT 1
#define FUSES 1
#define DIVIDES 0
#define LEAF(x) NAN_TO_TOP(x)
#define RULE(a, b) PICK_NAN(b, b, JOIN(LARGER_, LANE)(b, a))
#define BETTER(b, a) (~((a) >= (b)) & ((a) == (a)))
#include "forward.tmpl.c"
