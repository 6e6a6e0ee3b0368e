/* float64.c - double precision. */
#include "vec.h"

#define DTYPE float64
#define SUMS_FUSE 1
#define ELEM double
#define LOWEST 0xfff0000000000000
#define HIGHEST 0x7ff0000000000000
#define NOT_A_NUMBER 0x7ff8000000000000
#define ZERO 0x8000000000000000      /* -0.0: x + -0.0 is x, whatever its sign */

#define LANE float64
#define WIDEN(x) (x)
#define PICK_NAN PICK_NAN_float64
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
