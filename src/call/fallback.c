// SPDX-License-Identifier: MIT
/* fallback: routes beside the first one: asked when it cannot answer, or for work at the side. */
#include "call/call.h"

bool route_choose_beside(const struct route_wish *wish, struct arena *a, const struct route *first,
	struct route *out, struct err *e)
{
	struct route_wish own = *wish;

	if (!route_choose(&own, a, out, e))
		return false;
	/* A base URL is one server's: of use only to models of the same provider. */
	own.base_url = NULL;
	if (wish->base_url && !str_eq(out->provider, first->provider) &&
		!route_choose(&own, a, out, e))
		return false;
	if (first->wire)
		out->limits = first->limits;
	return true;
}

static bool add_fallback(struct str name, const struct route_wish *wish, struct arena *a,
	const struct route *first, struct route *out, struct err *e)
{
	struct route_wish own = *wish;

	own.option = wish->fallback_option ? wish->fallback_option : "--fallback";
	if (!name.n)
		return err_set(e, ERR_USAGE, "%s: an empty name in the list", own.option);
	own.model = arena_text(a, name);
	return route_choose_beside(&own, a, first, out, e);
}

bool route_add_fallbacks(const char *list, const struct route_wish *wish, struct arena *a,
	struct route *first, struct err *e)
{
	struct str rest = str_from(list), name;
	const struct route **end = &first->fallback;

	while (str_split(&rest, ',', &name)) {
		struct route *next = arena_alloc(a, 1, sizeof *next);
		if (!add_fallback(str_trim(name), wish, a, first, next, e))
			return false;
		*end = next;
		end = &next->fallback;
	}
	return true;
}
