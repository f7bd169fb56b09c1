// SPDX-License-Identifier: MIT
/*
 * knock: does anything listen at these ports of this machine? Costs microseconds where nothing
 * does, so that nobody loads a network library to find that out.
 */
#ifndef IO_KNOCK_H
#define IO_KNOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KNOCK_MAX = 8 };

/*
 * Connects to 127.0.0.1 at each port, all at once, and closes what opens. is_open[i] tells of
 * ports[i]. Waits no longer than wait_ms; what has not answered by then is not open.
 */
void knock(const int *ports, size_t count, int wait_ms, bool *is_open);

#endif
