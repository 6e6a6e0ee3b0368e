/* float_mode.h - the kernels' floating-point mode, and the caller's back after it. */
#ifndef FLOAT_MODE_H
#define FLOAT_MODE_H

/* Whatever the caller's floating-point mode: to nearest, subnormals kept, no traps.  It has its mode and flags back. */
#ifdef __x86_64__
#include <xmmintrin.h>
typedef unsigned float_mode;
static inline float_mode plain_floats(void)
{
    const float_mode before = _mm_getcsr();
    _mm_setcsr(0x1F80);         /* as a process starts: to nearest, all exceptions masked, subnormals kept */
    return before;
}
static inline void restore_floats(float_mode before) { _mm_setcsr(before); }
#else
#include <fenv.h>
typedef fenv_t float_mode;
static inline float_mode plain_floats(void)
{
    fenv_t before;
    fegetenv(&before);
    fesetenv(FE_DFL_ENV);
    return before;
}
static inline void restore_floats(float_mode before) { fesetenv(&before); }
#endif

#endif
