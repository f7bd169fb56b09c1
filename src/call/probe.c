// SPDX-License-Identifier: MIT
#include "call/probe.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "call/list.h"
#include "io/knock.h"

/* Of a server that somebody named, and which may be far away. */
enum { NAMED_MS = 1'000 };

struct server {
	struct provider_facts facts;
	struct str model_id; /* "" none */
};

struct probe {
	struct route_wish wish;
	struct arena *arena;
	struct probe_sink sink;
	struct server servers[KNOCK_MAX];
	size_t count;
	struct lists *lists;
	struct route found;
};

/* Models that only turn text into vectors are listed beside the others. */
static bool may_answer(struct str id)
{
	static const char *const words[] = {"embed", "bge-", "rerank", "minilm"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_find(id, str_from(words[i]), 0) != SIZE_MAX)
			return false;
	return true;
}

static bool take(struct probe *probe, const struct server *server)
{
	struct route_wish wish = probe->wish;
	struct str name = server->facts.name;
	struct err e;

	if (!server->model_id.n)
		return false;
	wish.model =
		arena_printf(probe->arena, "%.*s/%.*s", STR_ARG(name), STR_ARG(server->model_id)).p;
	if (!route_choose(&wish, probe->arena, &probe->found, &e)) {
		log_debug("probe: %s", e.text);
		return false;
	}
	snprintf(probe->found.why, sizeof probe->found.why,
		"no key and no --model given; %.*s answers on this machine, its first model",
		STR_ARG(name));
	return true;
}

static void finish(struct probe *probe)
{
	const struct route *found = NULL;

	for (size_t i = 0; i < probe->count && !found; i++)
		if (take(probe, &probe->servers[i]))
			found = &probe->found;
	probe->sink.end(probe->sink.self, found);
	free(probe);
}

static void got_list(void *self, size_t place, const struct call_result *result,
	const struct model_list *list, bool is_last)
{
	struct probe *probe = self;
	struct server *server = &probe->servers[place];

	if (!list)
		log_debug("probe: %s", result->error->text);
	for (size_t i = 0; list && i < list->count && !server->model_id.n; i++)
		if (may_answer(list->models[i].id))
			server->model_id = arena_copy(probe->arena, list->models[i].id);
	if (is_last)
		finish(probe);
}

static void add_server(void *self, const struct provider_facts *facts)
{
	struct probe *probe = self;

	if (!facts->usual_port)
		return;
	must(probe->count < KNOCK_MAX);
	probe->servers[probe->count++] = (struct server){*facts, STR("")};
}

/* Those stay that are named or listen where they usually do. */
static void keep_open(struct probe *probe)
{
	int ports[KNOCK_MAX];
	bool is_open[KNOCK_MAX];
	size_t knocked = 0, kept = 0, next = 0;

	for (size_t i = 0; i < probe->count; i++)
		if (!probe->servers[i].facts.is_named)
			ports[knocked++] = probe->servers[i].facts.usual_port;
	knock(ports, knocked, PROBE_MS, is_open);
	for (size_t i = 0; i < probe->count; i++)
		if (probe->servers[i].facts.is_named || is_open[next++])
			probe->servers[kept++] = probe->servers[i];
	probe->count = kept;
}

struct probe *probe_start(const struct call_world *world, const struct route_wish *wish,
	struct arena *a, const struct probe_sink *sink)
{
	struct probe *probe = must_alloc(1, sizeof *probe);
	struct call_world once = {world->loop, world->http, {0}};
	int64_t begun = clock_ns();
	struct list_wish wanted[KNOCK_MAX];

	*probe = (struct probe){.wish = *wish, .arena = a, .sink = *sink};
	route_survey(wish, a, add_server, probe);
	keep_open(probe);
	/* What the knocking took is gone; a millisecond is left at least. */
	int64_t left_ms = PROBE_MS - (clock_ns() - begun) / 1'000'000;
	for (size_t i = 0; i < probe->count; i++)
		wanted[i] = (struct list_wish){
			probe->servers[i].facts.name, probe->servers[i].facts.is_named ? NAMED_MS
						      : left_ms > 1                    ? left_ms
										       : 1};
	probe->lists = lists_start(
		&once, wish, a, wanted, probe->count, &(struct lists_sink){got_list, probe});
	if (probe->lists)
		return probe;
	free(probe);
	return NULL;
}

void probe_cancel(struct probe *probe)
{
	if (probe)
		lists_cancel(probe->lists);
}
