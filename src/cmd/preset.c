// SPDX-License-Identifier: MIT
/* preset: which presets there are, and what is in one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cmd/command.h"
#include "cmd/settings.h"

extern const struct command command_preset;

static const struct option options[] = {
	{"directory", 'C', "DIR", "as if started in this directory"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static const char *get_environment(const char *name)
{
	return getenv(name);
}

static void list_one(void *self, const char *name, const char *where, struct str description)
{
	struct buf *out = self;
	AUTO(buf) line = {0};

	buf_printf(&line, "%-16s %.*s%s(%s)", name, STR_ARG(description), description.n ? " " : "",
		where);
	utf8_put_line(out, buf_str(&line), 1000);
	buf_put_char(out, '\n');
}

static void put_value(struct json_writer *w, const struct conf_value *v)
{
	json_key(w, v->key->name);
	if (v->key->type == CONF_STRING) {
		json_put_str(w, v->text);
	} else if (v->key->type == CONF_LIST) {
		json_open(w, '[');
		for (size_t i = 0; i < v->item_count; i++)
			json_put_str(w, v->items[i]);
		json_close(w, ']');
	} else {
		json_put_raw(w, v->text);
	}
}

/* As a file of its own could say it. */
static void show(const struct settings *s, struct buf *out)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	for (const struct conf_key *key = preset_keys; key->name; key++) {
		const struct conf_value *v = settings_preset_value(s, key->name);
		if (v)
			put_value(&w, v);
	}
	json_close(&w, '}');
	json_put_pretty(out, buf_str(&b));
	buf_put_char(out, '\n');
}

static bool work(struct settings *s, const struct options *given, struct buf *out, struct err *e)
{
	const char *word = given->operand_count ? given->operands[0] : "";
	size_t n = given->operand_count;

	if (strcmp(word, "list") == 0 && n == 1) {
		preset_each(s, list_one, out);
		return true;
	}
	if (strcmp(word, "show") != 0 || n != 2)
		return err_set(e, ERR_USAGE, "preset: list, or show NAME");
	if (!preset_choose(s, given->operands[1], e))
		return false;
	show(s, out);
	return true;
}

static int run(const struct program *program, int count, char *const *words)
{
	struct settings settings = {0};
	struct workspace workspace = {0};
	AUTO(arena) arena = {0};
	AUTO(buf) out = {0};
	struct options given;
	int status = EXIT_DONE;
	struct err e;

	if (!options_parse(options, count, words, &arena, &given, &e))
		return command_wrong_usage(&command_preset, &e);
	if (options_has(&given, "help")) {
		char word[] = "preset", *const help[] = {word, NULL};
		return command_find("help")->run(program, 1, help);
	}
	if (!workspace_open(&workspace, options_value(&given, "directory"), &e))
		return command_wrong_usage(&command_preset, &e);
	settings_read(&settings, &workspace, get_environment);
	if (!settings_check(&settings, &e) || !work(&settings, &given, &out, &e)) {
		status = command_failed(&command_preset, &e);
	} else {
		settings_warn(&settings);
		fputs(buf_text(&out), stdout);
		status = command_end_output();
	}
	settings_release(&settings);
	workspace_release(&workspace);
	return status;
}

const struct command command_preset = {
	.name = "preset",
	.brief = "list the presets of --preset, or show one",
	.synopsis = {"list", "show NAME"},
	.description =
		"A preset is a prompt, a model, a choice of tools and limits under one name, for fettle "
		"--preset NAME. Some are built in; others are files presets/NAME.json beside the "
		"user's config.json, or stand under presets in a settings file. show prints one as a "
		"file of your own could say it.",
	.options = options,
	.examples = {"fettle preset list", "fettle preset show review",
		"git diff | fettle --preset review"},
	.run = run,
};
