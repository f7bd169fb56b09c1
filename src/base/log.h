// SPDX-License-Identifier: MIT
/* log: words for people who debug fettle, on stderr. Off by default; -v turns it on. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

void log_enable(bool on); /* once, in main */
__attribute__((format(printf, 1, 2))) void log_debug(const char *format, ...);

#endif
