// SPDX-License-Identifier: MIT
/* condition: waiting for another thread with deadlines of the monotonic clock. */
#ifndef IO_CONDITION_H
#define IO_CONDITION_H

#include <pthread.h>

/* pthread_cond_timedwait takes times of CLOCK_MONOTONIC then. */
void condition_init(pthread_cond_t *condition);

#endif
