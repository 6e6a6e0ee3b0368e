/* uint64.c - 64-bit unsigned integers, whose sums in 64 bits are those of int64.c. */
#include "vec.h"

#define DTYPE uint64
#define ELEM uint64_t
#define LOWEST 0
#define HIGHEST 0xffffffffffffffff
#define ZERO 0
#define PICK_NAN(x, yes, no) (no)
#define NAN_TO_TOP(x) (x)
#define NAN_TO_BOTTOM(x) (x)

#define LANE uint64
#define WIDEN(x) (x)
#include "reductions/max.h"
#include "reductions/min.h"
#undef LANE
#undef WIDEN

#define WIDEN(x) JOIN(UINT64_TO_, LANE)(x)
#define SUMS_FUSE 1
#define LANE int64
#define HIGH_BITS(x) ((VEC)((vec_uint64)(x) >> 32))
#include "reductions/highsum.h"
#undef LANE
#define LANE float64
#include "reductions/sum.h"
