/* kernels.c - the table of one instruction set.  A dtype is one line here and one file in dtypes/. */
#include <stddef.h>

#include "pool.h"
#include "vec.h"

#define ORDERED(K, dtype, lane) K(max, dtype, lane) K(min, dtype, lane)
#define SUMMED(K, dtype, lane) K(sum, dtype, lane)
#define WITH_NAN(K, dtype, order, lane) \
    ORDERED(K, dtype, order) K(fmax, dtype, order) K(fmin, dtype, order) K(squares, dtype, lane) \
    WITH_NAN_SUMMED(K, dtype, lane)
#define WITH_NAN_SUMMED(K, dtype, lane) K(sum, dtype, lane) K(nansum, dtype, lane) K(nancount, dtype, lane)
/* Sums in 64 bits wrap alike whatever the sign, so int64's are uint64's too; not those of high halves, nor floats. */
#define BOTH_SIGNS(K) K(sum, int64, int64) K(lowsum, int64, int64)
#define EACH_SIGN(K, dtype) K(highsum, dtype, int64) K(sum, dtype, float64)

#define ALL_KERNELS(K)                                                                                        \
    ORDERED(K, bool, uint8) SUMMED(K, bool, int16) SUMMED(K, bool, int32) SUMMED(K, bool, int64)              \
    ORDERED(K, int8, int8) SUMMED(K, int8, int16) SUMMED(K, int8, int32) SUMMED(K, int8, int64)               \
    ORDERED(K, uint8, uint8) SUMMED(K, uint8, int16) SUMMED(K, uint8, int32) SUMMED(K, uint8, int64)          \
    ORDERED(K, int16, int16) SUMMED(K, int16, int32) SUMMED(K, int16, int64)                                  \
    ORDERED(K, uint16, uint16) SUMMED(K, uint16, int32) SUMMED(K, uint16, int64)                              \
    ORDERED(K, int32, int32) SUMMED(K, int32, int64)                                                          \
    ORDERED(K, uint32, uint32) SUMMED(K, uint32, int64)                                                       \
    ORDERED(K, int64, int64) BOTH_SIGNS(K) EACH_SIGN(K, int64)                                                \
    ORDERED(K, uint64, uint64) EACH_SIGN(K, uint64)                                                           \
    WITH_NAN(K, float16, int16, float32) WITH_NAN_SUMMED(K, float16, float64)                                 \
    WITH_NAN(K, bfloat16, int16, float32) WITH_NAN_SUMMED(K, bfloat16, float64)                               \
    WITH_NAN(K, float32, float32, float32) WITH_NAN_SUMMED(K, float32, float64)                               \
    WITH_NAN(K, float64, float64, float64)

#define KERNEL_NAME(reduction, dtype, lane) JOIN(ISA, _kernel_##reduction##_##dtype##_##lane)
#define DECLARE(reduction, dtype, lane) extern const struct pool_kernel KERNEL_NAME(reduction, dtype, lane);
#define POINT(reduction, dtype, lane) &KERNEL_NAME(reduction, dtype, lane),

ALL_KERNELS(DECLARE)
static const struct pool_kernel *const kernels[] = {ALL_KERNELS(POINT) NULL};

extern const struct pool_cast JOIN(ISA, _casts)[];
extern const struct pool_divide JOIN(ISA, _divides)[];
extern const struct pool_place JOIN(ISA, _places)[];
extern const struct pool_power JOIN(ISA, _powers)[];
extern const struct pool_gradient JOIN(ISA, _gradients)[];
extern pool_copy JOIN(ISA, _copy);

const struct pool_isa JOIN(pool_isa_, ISA) = {
    .name = STRING(ISA), .needs = ISA_NEEDS,
    .kernels = kernels, .casts = JOIN(ISA, _casts), .divides = JOIN(ISA, _divides),
    .places = JOIN(ISA, _places), .powers = JOIN(ISA, _powers),
    .gradients = JOIN(ISA, _gradients),
    .copy = JOIN(ISA, _copy),
};
