/* fmax - the largest element that is not NaN; NaN where there is none. */
#define REDUCTION fmax
#define EMPTY NOT_A_NUMBER
#define IDEMPOTENT 1
#define FUSES 1
#define DIVIDES 0
#define LEAF(x) NAN_TO_BOTTOM(x)
#define RULE(a, b) PICK_NAN(a, b, JOIN(LARGER_, LANE)(b, a))
/* One NaN for all, as one zero: it does not matter which was met first. */
#define FOLDED(x) PICK_NAN(x, (VEC)((JOIN(mask_, LANE)){0} + NOT_A_NUMBER), JOIN(ONE_ZERO_, LANE)(x))
#define BETTER(b, a) (~((b) <= (a)) & ((b) == (b)))
#include "forward.tmpl.c"
