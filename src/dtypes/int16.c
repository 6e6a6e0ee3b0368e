/* int16.c - 16-bit signed integers. */
#include "vec.h"

#define DTYPE int16
#define ELEM int16_t
#define LOWEST 0x8000
#define HIGHEST 0x7fff
#define ZERO 0
#define PICK_NAN(x, yes, no) (no)
#define NAN_TO_TOP(x) (x)
#define NAN_TO_BOTTOM(x) (x)

#define LANE int16
#define WIDEN(x) (x)
#include "reductions/max.h"
#include "reductions/min.h"
#undef LANE
#undef WIDEN

#define WIDEN(x) JOIN(INT16_TO_, LANE)(x)
#define WRITTEN(x) __builtin_convertvector(x, NAME(elems))
#define PAIR(x) (((x) << 16 >> 16) + ((x) >> 16))
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
