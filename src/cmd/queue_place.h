// SPDX-License-Identifier: MIT
/* queue_place: the options that say where a queue of tasks is, the same on both of its sides. */
#ifndef CMD_QUEUE_PLACE_H
#define CMD_QUEUE_PLACE_H

#include "base/option.h"
#include "batch/queue.h"

#define QUEUE_OPTIONS \
	{"queue-name", 0, "NAME", "which queue there (default: default)"}, \
	{ \
		"dead-after", 0, "SECONDS", \
			"workers that are silent for so long are dead (default 30); the same on both " \
			"sides" \
	}

/*
 * From --queue, --queue-name, --dead-after and FETTLE_QUEUE_PASSWORD. ERR_USAGE; nothing is asked.
 * The strings are those of the options and of the environment.
 */
[[nodiscard]] bool queue_place_read(
	const struct options *given, struct queue_place *out, struct err *e);

#endif
