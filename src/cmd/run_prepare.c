// SPDX-License-Identifier: MIT
/* run: what has to be there before the first task. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/run.h"

/* Near enough that no sum overflows. */
enum { TIMEOUT_MAX_S = 1'000'000'000 };

const char *run_environment(const char *name)
{
	return getenv(name);
}

static bool read_schema(struct run *r, struct err *e)
{
	const char *path = options_value(&r->given, "schema");

	if (!path)
		return true;
	r->schema = answer_schema_load(path, e);
	r->ui_options.has_schema = true;
	return r->schema;
}

/* Those that go on with the model's settings; they are judged as these are. */
static bool check_wishes(struct run *r, struct err *e)
{
	static const char *const names[] = {"effort", "max_output_tokens"};
	struct conf_value v;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct conf_key *key = conf_key_find(settings_keys, str_from(names[i]));
		const char *word = options_value(&r->given, key->option);
		if (word && !conf_from_word(key, str_from(word), &r->arena, &v, e))
			return err_context(e, "option --%s", key->option);
	}
	return true;
}

bool run_read_options(struct run *r, struct err *e)
{
	const struct options *given = &r->given;
	const char *format = options_value(given, "output-format");

	r->ui_options =
		(struct ui_options){.format = format ? format_find(str_from(format)) : formats,
			.is_quiet = options_has(given, "quiet"),
			.is_verbose = options_has(given, "verbose"),
			.shows_thinking = options_has(given, "show-thinking"),
			.shows_timings = options_has(given, "timings"),
			.is_plain = options_has(given, "plain"),
			.shows_partial = options_has(given, "include-partial-messages"),
			.environment = run_environment};
	if (!r->ui_options.format)
		return err_set(e, ERR_USAGE,
			"option --output-format: %s is none of text, json, stream-json, markdown, "
			"diff",
			format);
	log_enable(r->ui_options.is_verbose);
	if (!check_wishes(r, e))
		return false;
	if (!options_int(given, "max-turns", 1, 0, &r->max_turns, e) ||
		!options_int(given, "timeout", 1, 0, &r->timeout_s, e))
		return false;
	if (r->timeout_s > TIMEOUT_MAX_S)
		return err_set(
			e, ERR_USAGE, "option --timeout: more than %d seconds", TIMEOUT_MAX_S);
	return true;
}

/* Everything that is not on the command line. */
bool run_read_settings(struct run *r, const struct option *options, struct err *e)
{
	struct settings *s = &r->settings;
	const char *preset = options_value(&r->given, "preset");

	if (!workspace_open(&r->workspace, options_value(&r->given, "directory"), e)) {
		e->code = ERR_USAGE;
		return false;
	}
	r->times.workspace_at = clock_ns();
	settings_read(s, &r->workspace, run_environment);
	if (!settings_check(s, e) || (preset && !preset_choose(s, preset, e)))
		return false;
	settings_fill(s, options, &r->given, &r->arena);
	r->times.settings_at = clock_ns();
	return true;
}

static bool apply_preset(struct run *r, struct agent_context *context, struct err *e)
{
	const struct conf_value *prompt = settings_preset_value(&r->settings, "prompt"),
				*offered = settings_preset_value(&r->settings, "tools");

	if (prompt)
		agent_context_instruct(context, prompt->text);
	if (!offered || agent_context_keep_tools(context, offered->items, offered->item_count, e))
		return true;
	return err_context(e, "preset %s (%s)", r->settings.preset.name, r->settings.preset.where);
}

/* Nobody bills what a script answers. */
static bool open_spending(struct run *r, struct err *e)
{
	const struct spending_wish wish = {.given = &r->given,
		.settings = &r->settings,
		.workspace = &r->workspace,
		.environment = run_environment,
		.run_id = r->session_id,
		.is_play = r->replay.path};

	return spending_open(&r->spending, &wish, &r->arena, e) &&
	       spending_check(&r->spending, &r->route, e) &&
	       spending_check(&r->spending, &r->summary_route, e);
}

static bool load_images(struct run *r, struct err *e)
{
	const char *path;

	for (size_t n = 0; (path = options_nth(&r->given, "image", n)); n++)
		if (!agent_images_add(&r->images, path, &r->arena, e))
			return false;
	return !r->images.block_count || agent_images_suit(&r->route, e);
}

bool run_prepare_model(struct run *r, struct err *e)
{
	if (!settings_rates(&r->settings, &r->given, &r->rates, e) || !read_schema(r, e) ||
		!run_open_outputs(r, e) || !run_choose_model(r, e) || !load_images(r, e))
		return false;
	uuid_make(r->session_id);
	if (!open_spending(r, e))
		return false;
	r->times.chosen_at = clock_ns();
	return true;
}

bool run_prepare_hands(struct run *r, struct err *e)
{
	r->times.tasks_at = clock_ns();
	if (!run_make_hands(r, e) || !run_read_mcp(r, e))
		return false;
	bool is_good = run_load_context(r, &r->workspace, &r->hands, &r->context, e);
	r->times.context_at = clock_ns();
	return is_good;
}

bool run_load_context(struct run *r, const struct workspace *w, const struct hands *hands,
	struct agent_context *out, struct err *e)
{
	agent_context_load(out, w, hands, &r->route, clock_wall_s());
	return apply_preset(r, out, e);
}

void run_release(struct run *r)
{
	spending_close(&r->spending);
	trace_free(r->trace);
	replay_release(&r->replay);
	mcp_servers_release(&r->servers);
	agent_context_release(&r->context);
	agent_context_free(r->hands.reader);
	skills_release(&r->hands.skills);
	lsp_free(r->hands.lsp);
	fence_free(r->hands.fence);
	answer_schema_free(r->schema);
	keep_free(r->hands.keep);
	buf_release(&r->net_diff);
	workspace_release(&r->workspace);
	settings_release(&r->settings);
	buf_release(&r->piped);
	arena_release(&r->arena);
}
