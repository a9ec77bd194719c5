/* core/clock.h: time and randomness behind a seam.
 *
 * Everything that asks for the time or for random bytes asks here, so that a test can say what time it is
 * and a simulation can be repeated from its seed. The seam is process-wide and set before threads start. */
#ifndef SCAMBIO_CORE_CLOCK_H
#define SCAMBIO_CORE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_now(void);     /* seconds since 1970 UTC */
int64_t clock_now_ms(void);  /* milliseconds since 1970 UTC */
int64_t clock_mono_us(void); /* microseconds of a clock that never jumps; for durations and time-outs */

/* Cryptographically strong bytes; never fails (aborts when the kernel has none). */
void random_bytes(void *p, size_t n);
uint64_t random_u64(void);

/* For tests: a fixed wall clock (0: the real one again), and a generator with a seed (0: the real one). */
void clock_set(int64_t seconds);
void random_seed(uint64_t seed);

#endif
