// SPDX-License-Identifier: MIT
/* lists: the models of several providers, asked for at once (call/list.h). */
#include "call/list.h"

struct asked {
	struct lists *lists;
	size_t place;
	struct route route;
	struct listing *listing;
};

struct lists {
	struct lists_sink sink;
	struct asked *asked;
	size_t count, waiting;
};

static void got_list(void *self, const struct call_result *result, const struct model_list *list)
{
	struct asked *asked = self;
	struct lists *lists = asked->lists;

	asked->listing = NULL;
	lists->waiting--;
	lists->sink.got(lists->sink.self, asked->place, result, list, lists->waiting == 0);
}

static bool ask(struct asked *asked, const struct call_world *world, const struct route_wish *wish,
	const struct list_wish *wanted, struct arena *a)
{
	const struct lists_sink *sink = &asked->lists->sink;
	struct err e;

	if (!route_choose_provider(wish, wanted->provider, a, &asked->route, &e)) {
		sink->got(
			sink->self, asked->place, &(struct call_result){.error = &e}, NULL, false);
		return false;
	}
	asked->listing = list_start(
		world, &asked->route, wanted->deadline_ms, &(struct list_sink){got_list, asked});
	return true;
}

struct lists *lists_start(const struct call_world *world, const struct route_wish *wish,
	struct arena *a, const struct list_wish *wanted, size_t count,
	const struct lists_sink *sink)
{
	struct lists *lists = arena_alloc(a, 1, sizeof *lists);

	*lists = (struct lists){*sink, arena_alloc(a, count, sizeof *lists->asked), count, 0};
	for (size_t i = 0; i < count; i++) {
		lists->asked[i] = (struct asked){.lists = lists, .place = i};
		lists->waiting += ask(&lists->asked[i], world, wish, &wanted[i], a);
	}
	return lists->waiting ? lists : NULL;
}

bool lists_cancel(struct lists *lists)
{
	for (size_t i = 0; lists && i < lists->count; i++)
		list_cancel(lists->asked[i].listing);
	return lists && lists->waiting;
}
