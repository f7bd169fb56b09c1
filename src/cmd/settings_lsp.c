// SPDX-License-Identifier: MIT
/* What settings say about language servers. */
#include "cmd/settings.h"

static bool is_of(const struct conf_value *v)
{
	return v->map && str_is(str_from(v->map->name), "language_servers");
}

static struct lsp_program *place_of(struct lsp_program *all, size_t *count, struct str name)
{
	for (size_t i = 0; i < *count; i++)
		if (str_eq(all[i].name, name))
			return &all[i];
	all[*count] = (struct lsp_program){.name = name};
	return &all[(*count)++];
}

/* What was read first is nearer, and counts. */
static void put(struct lsp_program *program, const struct conf_value *v)
{
	struct str key = str_from(v->key->name);

	if (str_is(key, "enabled")) {
		program->is_off |= str_is(v->text, "false");
	} else if (str_is(key, "command") && !program->command_count) {
		program->command = v->items;
		program->command_count = v->item_count;
	} else if (str_is(key, "extensions") && !program->ending_count) {
		program->endings = v->items;
		program->ending_count = v->item_count;
	}
}

void settings_lsp(struct settings *s, const struct workspace *w, struct lsp_options *out)
{
	struct str mode = settings_get(s, "diagnostics").text;
	int64_t seconds = 0;
	size_t members = 0;

	vec_each (&s->conf.values, v)
		members += is_of(v);
	struct lsp_program *all = arena_alloc(&s->arena, members + 1, sizeof *all);
	*out = (struct lsp_options){.workspace = w, .programs = all};
	vec_each (&s->conf.values, v)
		if (is_of(v))
			put(place_of(all, &out->program_count, v->name), v);
	out->mode = str_is(mode, "off") ? LSP_OFF : str_is(mode, "on") ? LSP_ON : LSP_AUTO;
	if (str_int(settings_get(s, "diagnostics_wait").text, &seconds))
		out->wait_ms = seconds * 1000;
}
