/* bfloat16.c - the upper half of float32: ordered as 16-bit integers, summed in float32 or float64. */
#include "vec.h"
#include "halves.h"

#define DTYPE bfloat16
#define SUMS_FUSE 1
#define ELEM uint16_t
#define LOWEST 0xff80
#define HIGHEST 0x7f80
#define NOT_A_NUMBER 0x7fc0
#define ZERO 0x8000      /* -0.0: x + -0.0 is x, whatever its sign */

#define LANE int16
#define WIDEN(x) order_of_halves(x)
#define WRITTEN(x) order_of_halves((vec_uint16)(x))     /* its own inverse */
#define SAME_ZEROS(x) HALF_SAME_ZEROS(x)
#define NAN_TO_TOP(x) HALF_NAN_TO_TOP(x, HIGHEST)
#define NAN_TO_BOTTOM(x) HALF_NAN_TO_BOTTOM(x, HIGHEST)
#define PICK_NAN(x, yes, no) (no)
#include "reductions/max.h"
#include "reductions/min.h"
#include "reductions/fmax.h"
#include "reductions/fmin.h"
#undef SAME_ZEROS
#undef LANE
#undef WIDEN
#undef WRITTEN
#undef PICK_NAN

#define LANE float32
#define WIDEN(x) bfloat16_to_float32(x)
#define WRITTEN(x) float32_to_bfloat16(x)
#define PICK_NAN PICK_NAN_float32
#include "reductions/sum.h"
#include "reductions/squares.h"
#include "reductions/nansum.h"
#include "reductions/nancount.h"
#undef LANE
#undef WIDEN
#undef WRITTEN
#undef PICK_NAN

#undef SUMS_FUSE
#define SUMS_FUSE 0     /* a result wider than its elements is rare */
#define LANE float64
#define WIDEN(x) bfloat16_to_float64(x)
#define PICK_NAN PICK_NAN_float64
#include "reductions/sum.h"
#include "reductions/nansum.h"
#include "reductions/nancount.h"
