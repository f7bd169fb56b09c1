// SPDX-License-Identifier: MIT
#include "cmd/local.h"

#include "call/probe.h"

struct search {
	struct route *out;
	bool is_done, has_found;
};

static void got_end(void *self, const struct route *found)
{
	struct search *s = self;

	s->has_found = found;
	if (found)
		*s->out = *found;
	s->is_done = true;
}

bool local_find(const struct route_wish *wish, struct arena *a, struct route *out)
{
	struct search search = {.out = out};
	struct probe_sink sink = {got_end, &search};
	struct err e;
	struct loop *loop = loop_new(&e);

	if (!loop)
		return false;
	struct http_client *http = http_client_new(loop);
	if (probe_start(&(struct call_world){.loop = loop, .http = http}, wish, a, &sink))
		loop_run(loop, &search.is_done);
	http_client_free(http);
	loop_free(loop);
	return search.has_found;
}
