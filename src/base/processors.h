// SPDX-License-Identifier: MIT
/* processors: how many there are. */
#ifndef BASE_PROCESSORS_H
#define BASE_PROCESSORS_H

/* Those that this process may use (taskset, containers' sets), from 1 to most. */
int processors_count(int most);

#endif
