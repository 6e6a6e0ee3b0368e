/* int32.c - 32-bit signed integers. */
#include "vec.h"

#define DTYPE int32
#define ELEM int32_t
#define LOWEST 0x80000000
#define HIGHEST 0x7fffffff
#define ZERO 0
#define PICK_NAN(x, yes, no) (no)
#define NAN_TO_TOP(x) (x)
#define NAN_TO_BOTTOM(x) (x)

#define LANE int32
#define WIDEN(x) (x)
#include "reductions/max.h"
#include "reductions/min.h"
#undef LANE
#undef WIDEN

#define WIDEN(x) JOIN(INT32_TO_, LANE)(x)
#define WRITTEN(x) __builtin_convertvector(x, NAME(elems))
#define SUMS_FUSE 1
#define LANE int64
#include "reductions/sum.h"
