// SPDX-License-Identifier: MIT
/* clock: monotonic time for durations, wall time for dates, CPU time for our own cost. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_ns(void); /* CLOCK_MONOTONIC */
int64_t clock_wall_s(void); /* seconds since 1970 */
int64_t clock_wall_ms(void); /* the same in milliseconds */
int64_t clock_cpu_ns(void); /* user + system time of this process */
double clock_ms(int64_t ns); /* for output */
/* Calendar date in local time, "2026-11-21". out holds at least 11 bytes. */
void clock_date(int64_t wall_s, char out[11]);

struct tm;
/* As strftime, but years have four digits at least (ISO 8601). */
size_t clock_put(char *out, size_t size, const char *format, const struct tm *t);
/* The same of a moment, in local time or UTC; "" for what is no time. */
enum { CLOCK_TEXT = 32 };
void clock_text(int64_t wall_ms, bool is_local, const char *format, char out[CLOCK_TEXT]);

#endif
