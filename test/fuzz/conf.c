// SPDX-License-Identifier: MIT
/* Settings: what is kept is as the table wants it, and a repository's text gets nothing of the
 * user. */
#include <string.h>

#include "base/utf8.h"
#include "cmd/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char secret[] = "hunter2-from-the-environment";

static const char *environment(const char *name)
{
	return name[0] == 'S' ? secret : name[0] == 'E' ? "" : NULL;
}

static void check_text(struct str text, bool may_be_secret)
{
	must(text.p && (may_be_secret || !str_contains(text, str_from(secret))));
}

static void check_value(const struct conf_value *v, bool is_trusted, bool may_be_secret)
{
	unsigned flags = v->key->flags | (v->map ? v->map->flags : 0);
	int64_t number;

	must(v->line > 0 && v->file && v->is_trusted == is_trusted);
	must(is_trusted || (!v->has_variable && !(flags & CONF_USER_ONLY)));
	must((v->map != NULL) == (v->name.p != NULL));
	check_text(v->text, may_be_secret);
	for (size_t i = 0; i < v->item_count; i++)
		check_text(v->items[i], may_be_secret);
	if (v->key->type == CONF_INT || v->key->type == CONF_SECONDS)
		must(str_int(v->text, &number) && number >= v->key->minimum &&
			number <= v->key->maximum);
	if (v->key->type == CONF_STRING)
		must(v->text.n && !memchr(v->text.p, '\0', v->text.n));
	AUTO(arena) a = {0};
	must(conf_masked(v->text, &a).n <= 8);
}

static void read(struct str text, const struct conf_key *table, bool is_trusted)
{
	struct conf_source source = {"file", is_trusted, "other", environment};
	AUTO(buf) shown = {0};
	/* The text may say by itself what the variable holds, once nothing invisible is in it. */
	utf8_put_line(&shown, text, 4 * text.n);
	bool says_it = str_contains(text, str_from(secret)) || memchr(text.p, '\\', text.n) ||
		       str_contains(buf_str(&shown), str_from(secret));
	struct conf c = {0};
	struct err e = {0};

	bool is_right = conf_read(&c, table, text, &source);
	must(is_right == (c.error_count == 0) && is_right == conf_check(&c, &e));
	must(c.problems.n <= CONF_PROBLEMS_MAX && c.error_count <= c.problems.n);
	vec_each (&c.problems, problem) {
		must(utf8_is_valid(str_from(problem->text)) && !strchr(problem->text, '\n'));
		must(strncmp(problem->text, "file:", 5) == 0);
		must(says_it || !strstr(problem->text, secret));
	}
	vec_each (&c.values, v) {
		check_value(v, is_trusted, is_trusted || says_it);
		must(conf_find(&c, v->map ? v->map->name : NULL, v->name, v->key->name) == v);
	}
	conf_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {size ? (const char *)data : "", size};

	read(text, settings_keys, false);
	read(text, settings_keys, true);
	read(text, preset_keys, true);
	return 0;
}
