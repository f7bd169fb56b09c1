// SPDX-License-Identifier: MIT
/*
 * prefault: memory that is soon to be needed is brought in by a thread, while another processor has
 * nothing to do. Each page that a program touches for the first time costs it about a microsecond.
 */
#ifndef IO_PREFAULT_H
#define IO_PREFAULT_H

#include <stddef.h>

struct prefault; /* may be NULL, which is nothing */

struct prefault *prefault_begin(size_t bytes);
/* What is allocated from here on comes from there, as far as the thread came. Large blocks stay
   with the process. */
void prefault_end(struct prefault *p);

#endif
