/* float32.c - single precision. */
#include "vec.h"

#define DTYPE float32
#define SUMS_FUSE 1
#define ELEM float
#define LOWEST 0xff800000
#define HIGHEST 0x7f800000
#define NOT_A_NUMBER 0x7fc00000
#define ZERO 0x80000000      /* -0.0: x + -0.0 is x, whatever its sign */

#define LANE float32
#define WIDEN(x) (x)
#define PICK_NAN PICK_NAN_float32
#define NAN_TO_TOP(x) (x)
#define NAN_TO_BOTTOM(x) (x)
#include "reductions/max.h"
#include "reductions/min.h"
#include "reductions/fmax.h"
#include "reductions/fmin.h"
#include "reductions/sum.h"
#include "reductions/squares.h"
#include "reductions/nansum.h"
#include "reductions/nancount.h"
#undef LANE
#undef WIDEN
#undef PICK_NAN

#undef SUMS_FUSE
#define SUMS_FUSE 0     /* a result wider than its elements is rare */
#define LANE float64
#define WIDEN(x) JOIN(FLOAT32_TO_, LANE)(x)
#define PICK_NAN PICK_NAN_float64
#include "reductions/sum.h"
#include "reductions/nansum.h"
#include "reductions/nancount.h"
