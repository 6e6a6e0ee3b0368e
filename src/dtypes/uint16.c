/* uint16.c - 16-bit unsigned integers. */
#include "vec.h"

#define DTYPE uint16
#define ELEM uint16_t
#define LOWEST 0
#define HIGHEST 0xffff
#define ZERO 0
#define PICK_NAN(x, yes, no) (no)
#define NAN_TO_TOP(x) (x)
#define NAN_TO_BOTTOM(x) (x)

#define LANE uint16
#define WIDEN(x) (x)
#include "reductions/max.h"
#include "reductions/min.h"
#undef LANE
#undef WIDEN

#define WIDEN(x) JOIN(UINT16_TO_, LANE)(x)
#define WRITTEN(x) __builtin_convertvector(x, NAME(elems))
#define PAIR(x) (((x) & 0xffff) + ((x) >> 16 & 0xffff))
#define SUMS_FUSE 1
#define LANE int32
#include "reductions/sum.h"
#undef LANE
#undef PAIR
#undef WRITTEN
#undef SUMS_FUSE
#define SUMS_FUSE 0     /* wider lanes are for windows past what fuses */
#define LANE int64
#include "reductions/sum.h"
