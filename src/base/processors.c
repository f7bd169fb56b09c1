// SPDX-License-Identifier: MIT
#include "base/processors.h"

#include <sched.h>

int processors_count(int most)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

	return count < 1 ? 1 : count > most ? most : count;
}
