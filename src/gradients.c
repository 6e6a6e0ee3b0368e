/* gradients.c - the table of what the backward pass does with rows, in one instruction set. */
#include "vec.h"
#include "pool.h"

#define LANE float32
#include "gradients.tmpl.c"
#undef LANE
#define LANE float64
#include "gradients.tmpl.c"
#undef LANE

#define ENTRY(lane) {#lane, share_##lane, sum_##lane, weave_##lane, scatter_##lane},
const struct pool_gradient JOIN(ISA, _gradients)[] = {ENTRY(float32) ENTRY(float64) {0}};
