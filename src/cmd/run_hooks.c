// SPDX-License-Identifier: MIT
/* run: the user's hooks, as the settings say. */
#include <stdio.h>

#include "base/utf8.h"
#include "cmd/run.h"

enum { HOOK_TIMEOUT_MS = 60'000 };

/* From a worker: one line at once. */
static void tell_failure(void *, const char *sentence)
{
	AUTO(buf) line = {0};

	utf8_put_line(&line, str_from(sentence), 1000);
	fprintf(stderr, "fettle: %s\n", buf_text(&line));
}

static const struct conf_value *member(struct run *r, struct str name, const char *key)
{
	return conf_find(&r->settings.conf, "hooks", name, key);
}

static bool read_hook(struct run *r, struct str name, struct hook *out, struct err *e)
{
	const struct conf_value *on = member(r, name, "on"), *only = member(r, name, "tools"),
				*command = member(r, name, "command"),
				*timeout = member(r, name, "timeout");
	int64_t seconds;

	if (!on || !command)
		return err_set(e, ERR_USAGE, "hook %.*s: \"on\" and \"command\" are required",
			STR_ARG(name));
	*out = (struct hook){.name = arena_text(&r->arena, name),
		.command = arena_text(&r->arena, command->text),
		.tools = only ? only->items : NULL,
		.tool_count = only ? only->item_count : 0,
		.timeout_ms = HOOK_TIMEOUT_MS};
	if (timeout && str_int(timeout->text, &seconds))
		out->timeout_ms = seconds * 1000;
	return hook_moment_find(on->text, &out->moment) ||
	       err_set(e, ERR_USAGE, "hook %.*s: on %.*s", STR_ARG(name), STR_ARG(on->text));
}

static bool is_known(const struct hooks *hooks, struct str name)
{
	for (size_t i = 0; i < hooks->count; i++)
		if (str_is(name, hooks->list[i].name))
			return true;
	return false;
}

bool run_read_hooks(struct run *r, struct err *e)
{
	struct hooks *hooks = &r->hands.hooks;
	const struct conf *conf = &r->settings.conf;
	struct hook *list = arena_alloc(&r->arena, conf->values.n + 1, sizeof *list);

	hooks->list = list;
	hooks->session_id = r->session_id;
	hooks->failed = tell_failure;
	vec_each (&conf->values, value) {
		if (!value->map || strcmp(value->map->name, "hooks") != 0 ||
			is_known(hooks, value->name))
			continue;
		if (!read_hook(r, value->name, &list[hooks->count], e))
			return false;
		hooks->count++;
	}
	return true;
}
