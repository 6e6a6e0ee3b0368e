/* max - the largest element; NaN wins over all. */
#define REDUCTION max
#define EMPTY LOWEST
#define IDEMPOTENT 1
#define FUSES 1
#define NARROWS 1
#define DIVIDES 0
#define LEAF(x) NAN_TO_TOP(x)
#define RULE(a, b) JOIN(OR_NAN_, LANE)(JOIN(LARGER_, LANE)(b, a), JOIN(LARGER_, LANE)(a, b))
#define FOLDED(x) JOIN(ONE_ZERO_, LANE)(x)
#define QUICK_RULE(a, b) JOIN(LARGER_, LANE)(a, b)
#define BETTER(b, a) (~((a) >= (b)) & ((a) == (a)))
#include "forward.tmpl.c"
