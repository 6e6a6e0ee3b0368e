/* stream.h - memcpy to an output that no cache could hold: its lines are not read first. */
#ifndef STREAM_H
#define STREAM_H

#include <stdint.h>
#include <string.h>

/* stream_end() before others see what was written. */
#ifdef __SSE2__
#include <emmintrin.h>
/* Whole lines alone: of one that is left half written the machine may write the halves apart. */
static inline void stream(char *to, const char *from, int64_t bytes)
{
    const int64_t before = -(int64_t)(uintptr_t)to & 63, head = bytes < before ? bytes : before;
    memcpy(to, from, (size_t)head);
    int64_t at = head;
    for (; at + 64 <= bytes; at += 64)
        for (int64_t part = at; part < at + 64; part += 16)
            _mm_stream_si128((__m128i *)(to + part), _mm_loadu_si128((const __m128i *)(from + part)));
    memcpy(to + at, from + at, (size_t)(bytes - at));
}
static inline void stream_end(void) { _mm_sfence(); }
#else
static inline void stream(char *to, const char *from, int64_t bytes) { memcpy(to, from, (size_t)bytes); }
static inline void stream_end(void) {}
#endif

#endif
