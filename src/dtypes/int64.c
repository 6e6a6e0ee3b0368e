/* int64.c - 64-bit signed integers. */
#include "vec.h"

#define DTYPE int64
#define ELEM int64_t
#define LOWEST 0x8000000000000000
#define HIGHEST 0x7fffffffffffffff
#define ZERO 0
#define PICK_NAN(x, yes, no) (no)
#define NAN_TO_TOP(x) (x)
#define NAN_TO_BOTTOM(x) (x)

#define LANE int64
#define WIDEN(x) (x)
#include "reductions/max.h"
#include "reductions/min.h"
#undef LANE
#undef WIDEN

#define WIDEN(x) JOIN(INT64_TO_, LANE)(x)
#define SUMS_FUSE 1
#define LANE int64
#include "reductions/sum.h"
#define HIGH_BITS(x) ((x) >> 32)
#include "reductions/lowsum.h"
#include "reductions/highsum.h"
#undef LANE
#define LANE float64
#include "reductions/sum.h"
