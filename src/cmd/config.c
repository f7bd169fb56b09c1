// SPDX-License-Identifier: MIT
/* config: what the settings are, where they are looked for, and what is wrong with them. */
#include "cmd/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cmd/command.h"
#include "io/trust.h"

extern const struct command command_config;

static const struct option options[] = {
	{"json", 0, NULL, "show: as JSON (docs/config-show.schema.json)"},
	{"directory", 'C', "DIR", "as if started in this directory"},
	{0},
};

struct task {
	struct settings settings;
	struct workspace workspace;
	struct options given;
	struct arena arena;
	struct buf out;
	size_t problem_count;
};

static const char *get_environment(const char *name)
{
	return getenv(name);
}

static void say(struct buf *out, const char *text)
{
	utf8_put_line(out, str_from(text), 1000);
	buf_put_char(out, '\n');
}

static bool open_settings(struct task *t, struct err *e)
{
	if (!workspace_open(&t->workspace, options_value(&t->given, "directory"), e)) {
		e->code = ERR_USAGE;
		return false;
	}
	settings_read(&t->settings, &t->workspace, get_environment);
	return true;
}

static bool show(struct task *t, struct err *e)
{
	const char *preset = options_value(&t->given, "preset");

	if (!open_settings(t, e) || !settings_check(&t->settings, e) ||
		(preset && !preset_choose(&t->settings, preset, e)))
		return false;
	t->settings.given = &t->given;
	config_show(&t->settings, options_has(&t->given, "json"), &t->out);
	return true;
}

/* ---- check ---- */

static void say_problems(struct task *t, const struct conf *c)
{
	vec_each (&c->problems, problem)
		say(&t->out, problem->text);
	t->problem_count += c->problems.n;
}

/* A preset's file by its place, a repository's by its name; the user's own otherwise. */
static void check_file(struct task *t, const char *path)
{
	struct str rest = str_from(path), part, name = {0}, directory = {0};
	struct settings *s = &t->settings;
	struct conf own = {0};

	while (str_split(&rest, '/', &part)) {
		directory = name;
		name = part;
	}
	bool is_preset = str_is(directory, "presets");
	settings_read_file(s, path, is_preset ? preset_keys : settings_keys,
		!str_is(name, SETTINGS_FILE), &own);
	if (!s->files.p[s->files.n - 1].exists)
		conf_fail(&own, "%s: there is no such file", path);
	say_problems(t, &own);
	conf_release(&own);
}

static void check_preset(void *self, const char *name)
{
	struct task *t = self;

	check_file(t, arena_printf(&t->arena, "%s/presets/%s.json", t->settings.directory, name).p);
}

static void say_problem(struct task *t, const struct err *e)
{
	say(&t->out, e->text);
	t->problem_count++;
}

/* Its address, key and version. Whether the environment has a key for it is not the files' matter.
 */
static void check_provider(
	struct task *t, const struct route_wish *wish, const struct provider_wish *provider)
{
	struct provider_wish own = *provider;
	struct route_wish one = *wish;
	struct route route;
	struct err e;

	own.key = own.key ? own.key : "any";
	own.key_name = own.key_name ? own.key_name : "";
	one.providers = &own;
	one.provider_count = 1;
	if (!route_choose_provider(&one, own.name, &t->arena, &route, &e))
		say_problem(t, &e);
}

/* Whether there is a provider for it; with an address given no key is asked for. */
static void check_model(
	struct task *t, const struct route_wish *wish, const struct conf_value *v, struct str model)
{
	struct route_wish one = *wish;
	struct route route;
	struct err e;

	one.base_url = "http://127.0.0.1";
	one.option = arena_printf(&t->arena, "%s:%d: %s", v->file, v->line, v->key->name).p;
	one.model = arena_text(&t->arena, model);
	/* What is wrong with the provider is told once, with the provider. */
	if (!route_choose(&one, &t->arena, &route, &e) && strstr(e.text, one.model))
		say_problem(t, &e);
}

static void check_authorities(struct task *t, const struct conf_value *v)
{
	struct err e;

	if (!trust_check_file(arena_text(&t->arena, v->text), &e) &&
		!err_context(&e, "%s:%d: ca_file", v->file, v->line))
		say_problem(t, &e);
}

static void check_prices(struct task *t)
{
	struct usage_prices *prices = NULL;
	struct err e;

	if (!settings_prices(&t->settings, &prices, &e))
		say_problem(t, &e);
	usage_prices_free(prices);
}

/* Beyond what each file says by itself. */
static void check_wish(struct task *t)
{
	struct route_wish wish = {.environment = get_environment};
	struct err e;

	if (t->problem_count)
		return;
	if (!settings_wish(&t->settings, &wish, &e)) {
		say_problem(t, &e);
		return;
	}
	struct rates rates;
	if (!settings_rates(&t->settings, &t->given, &rates, &e))
		say_problem(t, &e);
	check_prices(t);
	for (size_t i = 0; i < wish.provider_count; i++)
		check_provider(t, &wish, &wish.providers[i]);
	vec_each (&t->settings.conf.values, v) {
		const char *name = v->key->name;
		if (strcmp(name, "fallback") == 0)
			for (size_t i = 0; i < v->item_count; i++)
				check_model(t, &wish, v, v->items[i]);
		else if (str_ends(str_from(name), STR("model")))
			check_model(t, &wish, v, v->text);
		else if (strcmp(name, "ca_file") == 0)
			check_authorities(t, v);
	}
}

static bool check(struct task *t, struct err *e)
{
	if (!open_settings(t, e))
		return false;
	if (t->given.operand_count > 1) {
		t->settings.warnings.n = t->settings.files.n = 0;
		for (size_t i = 1; i < t->given.operand_count; i++)
			check_file(t, t->given.operands[i]);
	} else {
		say_problems(t, &t->settings.conf);
		preset_files(&t->settings, check_preset, t);
		check_wish(t);
	}
	vec_each (&t->settings.warnings, warning)
		say(&t->out, *warning);
	size_t read = 0;
	vec_each (&t->settings.files, file)
		read += file->exists;
	buf_printf(&t->out, "%zu problem%s in %zu file%s\n", t->problem_count,
		t->problem_count == 1 ? "" : "s", read, read == 1 ? "" : "s");
	return true;
}

/* ---- the others ---- */

static bool path(struct task *t, struct err *e)
{
	if (!open_settings(t, e))
		return false;
	vec_each (&t->settings.files, file) {
		AUTO(buf) line = {0};
		buf_printf(&line, "%-7s %s", file->exists ? "read" : "absent", file->path);
		say(&t->out, buf_text(&line));
	}
	if (!t->settings.directory)
		return true;
	const char *presets = arena_printf(&t->arena, "%s/presets/", t->settings.directory).p;
	AUTO(buf) line = {0};
	buf_printf(&line, "%-7s %s", access(presets, R_OK) == 0 ? "presets" : "absent", presets);
	say(&t->out, buf_text(&line));
	return true;
}

static bool schema(struct task *t, struct err *)
{
	config_schema(&t->out);
	return true;
}

static bool keys(struct task *t, struct err *)
{
	config_keys(&t->out);
	return true;
}

static const struct part {
	const char *name;
	bool (*run)(struct task *t, struct err *e);
	size_t words_max;
} parts[] = {
	{"show", show, 1},
	{"check", check, SIZE_MAX},
	{"path", path, 1},
	{"schema", schema, 1},
	{"keys", keys, 1},
};

enum { PART_COUNT = sizeof parts / sizeof *parts };

static const struct part *find_part(const struct options *given, struct err *e)
{
	const char *names[PART_COUNT + 1] = {0};
	const char *word = given->operand_count ? given->operands[0] : NULL;

	for (size_t i = 0; i < PART_COUNT; i++) {
		names[i] = parts[i].name;
		if (!word || strcmp(word, parts[i].name) != 0)
			continue;
		if (given->operand_count <= parts[i].words_max)
			return &parts[i];
		err_set(e, ERR_USAGE, "config %s takes no words: %s", word, given->operands[1]);
		return NULL;
	}
	const char *near = word ? option_nearest(str_from(word), names) : NULL;
	if (near)
		err_set(e, ERR_USAGE, "config: %s is unknown (did you mean %s?)", word, near);
	else
		err_set(e, ERR_USAGE, "config: one of show, check, path, schema, keys");
	return NULL;
}

/* Its own options and those of run, whose values are shown. */
static const struct option *all_options(struct arena *a)
{
	const struct option *others = command_find("run")->options;
	size_t n = 0, count = sizeof options / sizeof *options;

	while (others[n].name)
		n++;
	struct option *all = arena_alloc(a, count + n, sizeof *all);
	memcpy(all, options, (count - 1) * sizeof *all);
	memcpy(all + count - 1, others, n * sizeof *all);
	return all;
}

static int run(const struct program *program, int count, char *const *words)
{
	struct task t = {0};
	const struct part *part = NULL;
	struct err e;
	int status = EXIT_DONE;

	if (!options_parse(all_options(&t.arena), count, words, &t.arena, &t.given, &e)) {
		status = command_wrong_usage(&command_config, &e);
	} else if (options_has(&t.given, "help")) {
		char word[] = "config", *const help[] = {word, NULL};
		status = command_find("help")->run(program, 1, help);
	} else if (!(part = find_part(&t.given, &e))) {
		status = command_wrong_usage(&command_config, &e);
	} else if (!part->run(&t, &e)) {
		status = command_failed(&command_config, &e);
	} else {
		fputs(buf_text(&t.out), stdout);
		status = command_end_output();
		if (status == EXIT_DONE && t.problem_count)
			status = EXIT_USAGE;
	}
	buf_release(&t.out);
	settings_release(&t.settings);
	workspace_release(&t.workspace);
	arena_release(&t.arena);
	return status;
}

const struct command command_config = {
	.name = "config",
	.brief = "show and check the settings",
	.synopsis = {"show [--json] [options of run]", "check [FILE ...]", "path", "schema",
		"keys"},
	.description =
		"show prints every setting with its value and where it came from; keys and headers are "
		"masked. check reads the settings' files, or those that are named, and tells all that "
		"is wrong with them: status 0 when there is nothing, 2 otherwise. path says which "
		"files are looked for. schema prints the JSON Schema of the files, keys their keys as a "
		"Markdown table.\n\n"
		"Settings come from options, a preset, the environment (FETTLE_MAX_TURNS for "
		"max_turns), .fettle.json from the working directory up to the repository's root, "
		"and config.json in $XDG_CONFIG_HOME/fettle or ~/.config/fettle, in this order. "
		"Strings in the user's own files may hold ${VARIABLE}.",
	.options = options,
	.examples = {"fettle config show", "fettle config check .fettle.json",
		"fettle config show --preset review --max-turns 5"},
	.run = run,
};
