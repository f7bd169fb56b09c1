// SPDX-License-Identifier: MIT
#include "cmd/queue_place.h"

#include <stdlib.h>

enum { DEAD_USUAL_S = 30, DEAD_MAX_S = 24 * 3'600, BEATS_A_LIFE = 6 };

static struct queue_times times_of(int64_t dead_s)
{
	struct queue_times times = queue_times_usual;

	times.dead_ms = dead_s * 1'000;
	times.owner_ms = 2 * times.dead_ms;
	times.beat_ms = times.dead_ms / BEATS_A_LIFE;
	return times;
}

bool queue_place_read(const struct options *given, struct queue_place *out, struct err *e)
{
	const char *name = options_value(given, "queue-name");
	int64_t dead_s;

	if (!options_int(given, "dead-after", 1, DEAD_USUAL_S, &dead_s, e))
		return false;
	if (dead_s > DEAD_MAX_S)
		return err_set(
			e, ERR_USAGE, "option --dead-after: more than %d seconds", DEAD_MAX_S);
	*out = (struct queue_place){.url = str_from(options_value(given, "queue")),
		.password = str_from(getenv("FETTLE_QUEUE_PASSWORD")),
		.name = str_from(name),
		.times = times_of(dead_s)};
	if (queue_place_check(out, e))
		return true;
	e->code = ERR_USAGE;
	return err_context(e, "option --queue");
}
