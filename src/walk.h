/* walk.h - one thread's way through the units of a call. */
#ifndef WALK_H
#define WALK_H

#include "pool.h"

/* Does units [first, last). */
void pool_walk(const struct pool_job *job, const char *in, char *out, char *scratch, int64_t first, int64_t last);

#endif
