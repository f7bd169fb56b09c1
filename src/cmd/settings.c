// SPDX-License-Identifier: MIT
#include "cmd/settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/utf8.h"
#include "base/xdg.h"

void settings_release(struct settings *s)
{
	vec_release(&s->files);
	vec_release(&s->warnings);
	conf_release(&s->conf);
	conf_release(&s->preset.own);
	arena_release(&s->arena);
	*s = (struct settings){0};
}

bool settings_check(const struct settings *s, struct err *e)
{
	return conf_check(&s->conf, e) && conf_check(&s->preset.own, e);
}

void settings_warn(const struct settings *s)
{
	vec_each (&s->conf.problems, problem)
		fprintf(stderr, "fettle: %s\n", problem->text);
	vec_each (&s->preset.own.problems, problem)
		fprintf(stderr, "fettle: %s\n", problem->text);
	vec_each (&s->warnings, warning) {
		AUTO(buf) shown = {0};
		/* Names of directories are in it. */
		utf8_put_line(&shown, str_from(*warning), 1000);
		fprintf(stderr, "fettle: %s\n", buf_text(&shown));
	}
}

/* ---- files ---- */

static bool is_literal_secret(const struct conf_value *v)
{
	/* Headers hold all sorts of things. */
	return (v->key->flags & CONF_SECRET) && v->key->type == CONF_STRING && !v->has_variable;
}

static void warn_readable(
	struct settings *s, const char *path, mode_t mode, const struct conf *c, size_t from)
{
	if (!(mode & (S_IRGRP | S_IROTH)))
		return;
	for (size_t i = from; i < c->values.n; i++)
		if (is_literal_secret(&c->values.p[i])) {
			vec_push(&s->warnings,
				arena_printf(&s->arena,
					"%s:%d: others can read this key: chmod 600 %s", path,
					c->values.p[i].line, path)
					.p);
			return;
		}
}

static void read_open_file(struct settings *s, int fd, const char *path,
	const struct conf_key *table, bool is_trusted, struct conf *into)
{
	struct conf_source source = {path, is_trusted, s->user_file, s->environment};
	size_t before = into->values.n;
	AUTO(buf) text = {0};
	struct stat st;
	struct err e;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		conf_fail(into, "%s: not a regular file", path);
	else if (!file_read_fd(fd, path, CONF_FILE_MAX_BYTES, &text, &e))
		conf_fail(into, "%s", e.text);
	else
		(void)conf_read(into, table, arena_copy(&into->arena, buf_str(&text)), &source);
	if (is_trusted)
		warn_readable(s, path, st.st_mode, into, before);
}

void settings_read_file(struct settings *s, const char *path, const struct conf_key *table,
	bool is_trusted, struct conf *into)
{
	struct settings_file file = {path, is_trusted, true};
	struct err e;
	AUTO_FD fd = file_open_regular(AT_FDCWD, path, &e);

	if (fd >= 0)
		read_open_file(s, fd, path, table, is_trusted, into);
	else if (e.code == ERR_NOT_FOUND)
		file.exists = false;
	else
		conf_fail(into, "%s", e.text);
	vec_push(&s->files, file);
}

/* A repository's file is opened beneath its root: a link cannot show another file's words. */
static void read_repository_file(
	struct settings *s, const struct workspace *w, struct str directory)
{
	struct str relative = arena_printf(
		&s->arena, "%.*s%s" SETTINGS_FILE, STR_ARG(directory), directory.n ? "/" : "");
	const char *path = workspace_show(w, relative, &s->arena).p;
	struct settings_file file = {path, false, true};
	struct err e;
	AUTO_FD fd = workspace_open_path(w, relative, O_RDONLY, &e);

	if (fd >= 0)
		read_open_file(s, fd, path, settings_keys, false, &s->conf);
	else if (e.code == ERR_NOT_FOUND)
		file.exists = false;
	else
		conf_fail(&s->conf, "%s", e.text);
	vec_push(&s->files, file);
}

static void find_directory(struct settings *s)
{
	s->directory = xdg_directory(XDG_CONFIG, "", s->environment, &s->arena);
	s->user_file = s->directory ? arena_printf(&s->arena, "%s/config.json", s->directory).p
				    : "~/.config/fettle/config.json";
}

struct str settings_variable(const struct conf_key *key, struct arena *a)
{
	char name[80] = "FETTLE_";
	size_t n = strlen(name);

	if (key->type >= CONF_WORDS)
		return (struct str){0};
	for (const char *p = key->name; *p && n + 1 < sizeof name; p++)
		name[n++] = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
	return arena_copy(a, (struct str){name, n});
}

static void read_variables(struct settings *s)
{
	struct err e;

	for (size_t i = 0; settings_keys[i].name; i++) {
		must(i < SETTINGS_MAX);
		struct str name = settings_variable(&settings_keys[i], &s->arena);
		const char *word = name.p ? s->environment(name.p) : NULL;
		struct conf_value *v = &s->variables[i];
		/* Empty is as good as unset, as it is for keys and base URLs. */
		if (!word || !*word)
			continue;
		if (conf_from_word(&settings_keys[i], str_from(word), &s->arena, v, &e))
			v->file = name.p;
		else
			conf_fail(&s->conf, "%s: %s", name.p, e.text);
	}
}

void settings_read(
	struct settings *s, const struct workspace *w, const char *(*environment)(const char *name))
{
	s->environment = environment;
	find_directory(s);
	read_variables(s);
	for (struct str at = str_from(w->inside);;) {
		read_repository_file(s, w, at);
		const char *slash = at.n ? memrchr(at.p, '/', at.n) : NULL;
		if (!at.n)
			break;
		at = str_head(at, slash ? (size_t)(slash - at.p) : 0);
	}
	if (s->directory)
		settings_read_file(s, s->user_file, settings_keys, true, &s->conf);
}

/* ---- looking up ---- */

static struct setting from_value(struct settings *s, const struct conf_value *v, enum origin origin)
{
	struct setting found = {.origin = origin,
		.text = v->text,
		.items = v->items,
		.item_count = v->item_count,
		.where = v->file,
		.is_repository = origin == ORIGIN_FILE && !v->is_trusted};

	if (origin == ORIGIN_FILE)
		found.where = arena_printf(&s->arena, "%s:%d", v->file, v->line).p;
	return found;
}

struct setting settings_get(struct settings *s, const char *name)
{
	const struct conf_key *key = conf_key_find(settings_keys, str_from(name));
	struct setting found = {.where = "", .text = STR("")};
	const struct conf_value *v;

	must(key);
	const char *word = s->given && key->option ? options_value(s->given, key->option) : NULL;
	if (word)
		found = (struct setting){ORIGIN_OPTION,
			/* Those that take no value are on when they are there. */
			key->type == CONF_BOOL ? STR("true") : str_from(word),
			.where = arena_printf(&s->arena, "--%s", key->option).p};
	else if ((v = settings_preset_value(s, name)))
		found = (struct setting){ORIGIN_PRESET, v->text, v->items, v->item_count,
			arena_printf(&s->arena, "preset %s", s->preset.name).p, !v->is_trusted};
	else if (s->variables[key - settings_keys].key)
		found = from_value(s, &s->variables[key - settings_keys], ORIGIN_ENVIRONMENT);
	else if ((v = conf_find(&s->conf, NULL, (struct str){0}, name)))
		found = from_value(s, v, ORIGIN_FILE);
	else if (key->fallback)
		found = (struct setting){
			ORIGIN_DEFAULT, str_from(key->fallback), .where = "default"};
	return found;
}

static void put_told(struct buf *list, struct str name, struct str value)
{
	buf_printf(list, "%s%.*s %.*s", list->n ? ", " : "", STR_ARG(name), STR_ARG(value));
}

void settings_tell_repository(struct settings *s)
{
	AUTO(buf) list = {0};
	AUTO(buf) shown = {0};

	for (const struct conf_key *key = settings_keys; key->name; key++) {
		/* Which model it is, and who says so, is told with the choice. */
		if (key->type == CONF_MAP || strcmp(key->name, "model") == 0)
			continue;
		struct setting found = settings_get(s, key->name);
		if (found.is_repository)
			put_told(&list, str_from(key->name), found.text);
	}
	vec_each (&s->conf.values, v)
		if (v->map && !v->is_trusted && str_is(str_from(v->map->name), "models"))
			put_told(&list,
				arena_printf(&s->arena, "models.%.*s.%s", STR_ARG(v->name),
					v->key->name),
				v->text);
	utf8_put_line(&shown, buf_str(&list), 300);
	if (list.n)
		fprintf(stderr, "fettle: set by the repository: %s (fettle config show)\n",
			buf_text(&shown));
}

void settings_fill(
	struct settings *s, const struct option *table, struct options *given, struct arena *a)
{
	struct option_match *all = arena_alloc(a, given->match_count + SETTINGS_MAX, sizeof *all);
	size_t n = given->match_count;

	if (n)
		memcpy(all, given->matches, n * sizeof *all);
	s->given = given;
	for (const struct conf_key *key = settings_keys; key->name; key++) {
		const struct option *option = table;
		while (key->option && option->name && strcmp(option->name, key->option) != 0)
			option++;
		if (!key->option || !option->name)
			continue;
		struct setting found = settings_get(s, key->name);
		bool is_off = !option->value && str_is(found.text, "false");
		if (found.origin == ORIGIN_NONE || found.origin == ORIGIN_OPTION || is_off)
			continue;
		all[n++] = (struct option_match){
			option, option->value ? arena_text(a, found.text) : ""};
	}
	/* What is found later must not be taken for what was typed. */
	struct options *typed = arena_alloc(a, 1, sizeof *typed);
	*typed = *given;
	s->given = typed;
	given->matches = all;
	given->match_count = n;
}
