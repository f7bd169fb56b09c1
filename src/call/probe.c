// SPDX-License-Identifier: MIT
#include "call/probe.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "call/list.h"
#include "io/knock.h"

/* Of a server that somebody named, and which may be far away. */
enum { NAMED_MS = 1'000 };

static const struct local {
	const char *provider, *any, *variable;
	int port;
} locals[] = {
	{"ollama", "ollama/any", "OLLAMA_HOST", 11434},
	{"llamacpp", "llamacpp/any", "LLAMACPP_BASE_URL", 8080},
	{"lmstudio", "lmstudio/any", "LMSTUDIO_BASE_URL", 1234},
};

enum { LOCALS = sizeof locals / sizeof *locals };

struct asked {
	struct probe *probe;
	const struct local *local;
	struct route route;
	struct listing *listing;
	struct str model_id; /* "" none */
};

struct probe {
	struct route_wish wish;
	struct arena *arena;
	struct probe_sink sink;
	struct asked asked[LOCALS];
	size_t waiting;
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

static bool take(struct probe *probe, const struct asked *asked)
{
	struct route_wish wish = probe->wish;
	struct err e;

	if (!asked->model_id.n)
		return false;
	wish.model = arena_printf(
		probe->arena, "%s/%.*s", asked->local->provider, STR_ARG(asked->model_id))
			     .p;
	if (!route_choose(&wish, probe->arena, &probe->found, &e)) {
		log_debug("probe: %s", e.text);
		return false;
	}
	snprintf(probe->found.why, sizeof probe->found.why,
		"no key and no --model given; %s answers on this machine, its first model",
		asked->local->provider);
	return true;
}

static void finish(struct probe *probe)
{
	const struct route *found = NULL;

	for (size_t i = 0; i < LOCALS && !found; i++)
		if (take(probe, &probe->asked[i]))
			found = &probe->found;
	probe->sink.end(probe->sink.self, found);
	free(probe);
}

static void got_list(void *self, const struct call_result *result, const struct model_list *list)
{
	struct asked *asked = self;
	struct probe *probe = asked->probe;

	asked->listing = NULL;
	if (!list)
		log_debug("probe: %s: %s", asked->local->provider, result->error->text);
	for (size_t i = 0; list && i < list->count && !asked->model_id.n; i++)
		if (may_answer(list->models[i].id))
			asked->model_id = arena_copy(probe->arena, list->models[i].id);
	if (--probe->waiting == 0)
		finish(probe);
}

static bool ask(struct asked *asked, const struct call_world *world, bool is_named)
{
	struct probe *probe = asked->probe;
	struct list_sink sink = {got_list, asked};
	struct call_world once = *world;
	struct route_wish wish = probe->wish;
	struct err e;

	once.retry = (struct retry_limits){0};
	wish.model = asked->local->any;
	if (!route_choose(&wish, probe->arena, &asked->route, &e)) {
		log_debug("probe: %s", e.text);
		return false;
	}
	asked->listing = list_start(&once, &asked->route, is_named ? NAMED_MS : PROBE_MS, &sink);
	return asked->listing;
}

static const char *named(const struct route_wish *wish, const struct local *local)
{
	const char *value = wish->environment(local->variable);

	return value && *value ? value : NULL;
}

struct probe *probe_start(const struct call_world *world, const struct route_wish *wish,
	struct arena *a, const struct probe_sink *sink)
{
	int ports[LOCALS];
	bool is_open[LOCALS];
	struct probe *probe;

	for (size_t i = 0; i < LOCALS; i++)
		ports[i] = locals[i].port;
	knock(ports, LOCALS, PROBE_MS, is_open);
	probe = must_alloc(1, sizeof *probe);
	*probe = (struct probe){.wish = *wish, .arena = a, .sink = *sink};
	for (size_t i = 0; i < LOCALS; i++) {
		struct asked *asked = &probe->asked[i];
		bool is_named = named(wish, &locals[i]);
		*asked = (struct asked){.probe = probe, .local = &locals[i], .model_id = STR("")};
		if ((is_named || is_open[i]) && ask(asked, world, is_named))
			probe->waiting++;
	}
	if (probe->waiting)
		return probe;
	free(probe);
	return NULL;
}

void probe_cancel(struct probe *probe)
{
	for (size_t i = 0; probe && i < LOCALS; i++)
		list_cancel(probe->asked[i].listing);
}
