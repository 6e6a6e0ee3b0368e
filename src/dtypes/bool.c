/* bool.c - booleans: a byte, true where it is not zero. */
#include "vec.h"

#define DTYPE bool
#define ELEM uint8_t
#define LOWEST 0
#define HIGHEST 1
#define ZERO 0
#define PICK_NAN(x, yes, no) (no)
#define NAN_TO_TOP(x) (x)
#define NAN_TO_BOTTOM(x) (x)

#define LANE uint8
#define WIDEN(x) ((VEC)((x) != 0) & 1)
#include "reductions/max.h"
#include "reductions/min.h"
#undef LANE
#undef WIDEN

#define WIDEN(x) -(VEC)(JOIN(UINT8_TO_, LANE)(x) != 0)
#define SUMS_FUSE 1
#define LANE int16
#include "reductions/sum.h"
#undef LANE
#undef SUMS_FUSE
#define SUMS_FUSE 0     /* wider lanes are for windows past what fuses */
#define LANE int32
#include "reductions/sum.h"
#undef LANE
#define LANE int64
#include "reductions/sum.h"
