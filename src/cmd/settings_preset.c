// SPDX-License-Identifier: MIT
/* Presets: a prompt, a model, tools and limits under one name. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cmd/settings.h"

extern const char embed_commit_message_json[], embed_explain_json[], embed_review_json[],
	embed_sec_review_json[];

static const struct {
	const char *name, *text;
} built_in[] = {
	{"commit-message", embed_commit_message_json},
	{"explain", embed_explain_json},
	{"review", embed_review_json},
	{"sec-review", embed_sec_review_json},
};

enum { BUILT_IN_COUNT = sizeof built_in / sizeof *built_in, NAME_MAX_BYTES = 64 };

/* Names become file names: no dots, no slashes. */
static bool is_preset_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			       (c >= '0' && c <= '9') || c == '-' || c == '_';
		if (!is_word)
			return false;
	}
	return name.n > 0 && name.n <= NAME_MAX_BYTES;
}

/* ---- the four places ---- */

static bool find_file(struct settings *s, const char *name, struct preset *p)
{
	if (!s->directory)
		return false;
	p->where = arena_printf(&s->arena, "%s/presets/%s.json", s->directory, name).p;
	p->is_trusted = true;
	settings_read_file(s, p->where, preset_keys, true, &p->own);
	return s->files.p[s->files.n - 1].exists;
}

static bool find_in_files(struct settings *s, const char *name, bool is_trusted, struct preset *p)
{
	vec_each (&s->conf.values, v)
		if (v->map && str_is(str_from(v->map->name), "presets") && str_is(v->name, name) &&
			v->is_trusted == is_trusted) {
			p->where = arena_printf(&s->arena, "%s:%d", v->file, v->line).p;
			p->is_in_files = true;
			p->is_trusted = is_trusted;
			return true;
		}
	return false;
}

static const char *nowhere(const char *)
{
	return NULL;
}

static bool find_built_in(const char *name, struct preset *p)
{
	struct conf_source source = {"built in", true, "", nowhere};

	for (size_t i = 0; i < BUILT_IN_COUNT; i++)
		if (strcmp(built_in[i].name, name) == 0) {
			p->where = "built in";
			p->is_trusted = true;
			return conf_read(&p->own, preset_keys, str_from(built_in[i].text), &source);
		}
	return false;
}

static bool find_preset(struct settings *s, const char *name, struct preset *p)
{
	*p = (struct preset){.name = name};
	return find_file(s, name, p) || find_in_files(s, name, true, p) || find_built_in(name, p) ||
	       find_in_files(s, name, false, p);
}

/* ---- all of them ---- */

struct lister {
	struct settings *settings;
	void (*visit)(void *self, const char *name, const char *where, struct str description);
	void *self;
	VEC(const char *) names;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void preset_files(struct settings *s, void (*visit)(void *self, const char *name), void *self)
{
	const char *path =
		s->directory ? arena_printf(&s->arena, "%s/presets", s->directory).p : NULL;
	DIR *directory = path ? opendir(path) : NULL;
	VEC(const char *) names = {0};
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		struct str name = str_from(entry->d_name);
		if (!str_ends(name, STR(".json")))
			continue;
		name.n -= 5;
		if (is_preset_name(name))
			vec_push(&names, arena_text(&s->arena, name));
	}
	if (directory)
		closedir(directory);
	if (names.n)
		qsort(names.p, names.n, sizeof *names.p, by_name);
	vec_each (&names, name)
		visit(self, *name);
	vec_release(&names);
}

static void list_one(void *self, const char *name)
{
	struct lister *l = self;
	struct settings *s = l->settings;
	struct preset kept = s->preset;

	vec_each (&l->names, known)
		if (strcmp(*known, name) == 0)
			return;
	vec_push(&l->names, name);
	if (find_preset(s, name, &s->preset)) {
		const struct conf_value *v = settings_preset_value(s, "description");
		const char *why = s->preset.own.problems.n ? s->preset.own.problems.p[0].text : "";
		l->visit(l->self, name, s->preset.where, v ? v->text : str_from(why));
	}
	conf_release(&s->preset.own);
	s->preset = kept;
}

static void list_from_files(struct lister *l, bool is_trusted)
{
	struct settings *s = l->settings;

	for (size_t i = 0; i < s->conf.values.n; i++) {
		struct conf_value v = s->conf.values.p[i];
		if (v.map && str_is(str_from(v.map->name), "presets") && is_preset_name(v.name) &&
			v.is_trusted == is_trusted)
			list_one(l, arena_text(&s->arena, v.name));
	}
}

void preset_each(struct settings *s,
	void (*visit)(void *self, const char *name, const char *where, struct str description),
	void *self)
{
	struct lister l = {s, visit, self, {0}};

	preset_files(s, list_one, &l);
	list_from_files(&l, true);
	for (size_t i = 0; i < BUILT_IN_COUNT; i++)
		list_one(&l, built_in[i].name);
	list_from_files(&l, false);
	vec_release(&l.names);
}

/* ---- the chosen one ---- */

struct names {
	VEC(const char *) known;
};

static void note_name(void *self, const char *name, const char *, struct str)
{
	struct names *n = self;

	vec_push(&n->known, name);
}

static bool tell_unknown(struct settings *s, const char *name, struct err *e)
{
	struct names n = {0};

	preset_each(s, note_name, &n);
	vec_push(&n.known, NULL);
	const char *near = option_nearest(str_from(name), n.known.p);
	if (near)
		err_set(e, ERR_USAGE, "no preset %s (did you mean %s?)", name, near);
	else
		err_set(e, ERR_USAGE, "no preset %s (fettle preset list)", name);
	vec_release(&n.known);
	return false;
}

/* A repository's preset that is hidden by another one of its name would surprise silently. */
static void warn_hidden(struct settings *s)
{
	struct preset other = {0};

	if (s->preset.is_trusted && find_in_files(s, s->preset.name, false, &other))
		vec_push(&s->warnings,
			arena_printf(&s->arena,
				"%s: preset %s does not replace the one that is there (%s)",
				other.where, s->preset.name, s->preset.where)
				.p);
}

bool preset_choose(struct settings *s, const char *name, struct err *e)
{
	struct preset found = {0};

	if (!is_preset_name(str_from(name)))
		return err_set(e, ERR_USAGE,
			"preset %.80s: a name is letters, digits, - and _, at most %d", name,
			NAME_MAX_BYTES);
	bool is_found = find_preset(s, name, &found);
	if (is_found && conf_check(&found.own, e)) {
		s->preset = found;
		warn_hidden(s);
		return true;
	}
	conf_release(&found.own);
	return is_found ? false : tell_unknown(s, name, e);
}

const struct conf_value *settings_preset_value(const struct settings *s, const char *key)
{
	const struct preset *p = &s->preset;

	if (!p->name || !p->is_in_files)
		return p->name ? conf_find(&p->own, NULL, (struct str){0}, key) : NULL;
	vec_each (&s->conf.values, v)
		if (v->map && str_is(str_from(v->map->name), "presets") &&
			str_is(v->name, p->name) && v->is_trusted == p->is_trusted &&
			str_is(str_from(v->key->name), key))
			return v;
	return NULL;
}
