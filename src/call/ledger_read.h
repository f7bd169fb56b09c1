// SPDX-License-Identifier: MIT
/* ledger_read: sums over the end of a ledger's file. Private to the room. */
#ifndef CALL_LEDGER_READ_H
#define CALL_LEDGER_READ_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Where to begin for lines from that time on: the start of a line, found by halving the file. Lines
 * are in the order of their times, but for some minutes.
 */
int64_t ledger_find(int fd, int64_t size, int64_t from_ms);
/*
 * Adds what the whole lines from *offset on cost whose time is from begin on and before end, and
 * moves *offset behind them. False when the file cannot be read.
 */
bool ledger_sum(int fd, int64_t *offset, int64_t begin_ms, int64_t end_ms, int64_t *nanousd);

#endif
