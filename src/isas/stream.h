/* stream.h - memcpy to an output that no cache could hold: its lines are not read first. */
#ifndef STREAM_H
#define STREAM_H

#include <stdint.h>
#include <string.h>

/* stream_end() before others see what was written. */
#ifdef __SSE2__
#include <emmintrin.h>
static inline void stream(char *to, const char *from, int64_t bytes)
{
    const int64_t before = -(int64_t)(uintptr_t)to & 15, head = bytes < before ? bytes : before;
    memcpy(to, from, (size_t)head);
    int64_t at = head;
    for (; at + 16 <= bytes; at += 16)
        _mm_stream_si128((__m128i *)(to + at), _mm_loadu_si128((const __m128i *)(from + at)));
    memcpy(to + at, from + at, (size_t)(bytes - at));
}
static inline void stream_end(void) { _mm_sfence(); }
#else
static inline void stream(char *to, const char *from, int64_t bytes) { memcpy(to, from, (size_t)bytes); }
static inline void stream_end(void) {}
#endif

#endif
