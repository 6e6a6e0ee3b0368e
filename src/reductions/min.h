/* min - the smallest element; NaN wins over all. */
#define REDUCTION min
#define EMPTY HIGHEST
#define IDEMPOTENT 1
#define FUSES 1
#define NARROWS 1
#define DIVIDES 0
#define LEAF(x) NAN_TO_BOTTOM(x)
#define RULE(a, b) JOIN(OR_NAN_, LANE)(JOIN(SMALLER_, LANE)(b, a), JOIN(SMALLER_, LANE)(a, b))
#define FOLDED(x) JOIN(ONE_ZERO_, LANE)(x)
#define QUICK_RULE(a, b) JOIN(SMALLER_, LANE)(a, b)
#define BETTER(b, a) (~((a) <= (b)) & ((a) == (a)))
#include "forward.tmpl.c"
