// SPDX-License-Identifier: MIT
/* batch: what was typed for a run is kept in its journal, so that it can go on as it began. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cmd/batch.h"
#include "io/redis_url.h"

/* Of this call, not of the run. */
static const char *const passing[] = {"resume", "retry-failed", "only", "status", "quiet",
	"verbose", "context", "context-file", "for-each", "array", "skip-bad", "summarize", NULL};
/* What makes the list and what goes with it; a run that goes on has both. */
static const char *const begins[] = {
	"for-each", "array", "summarize", "skip-bad", "context", "context-file", NULL};
/* Names of files, which another directory would change. */
static const char *const paths[] = {
	"schema", "ca-file", "image", "replay", "mcp-config", "directory", "output-dir", NULL};

static bool is_among(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* ---- into the journal ---- */

static void put_path(struct buf *out, const char *path, const char *cwd)
{
	if (*path != '/' && cwd)
		buf_printf(out, "%s/", cwd);
	buf_put_text(out, path);
}

/* "FORMAT:FILE", or "FILE" alone. */
static void put_output(struct buf *out, const char *word, const char *cwd)
{
	size_t n = strcspn(word, ":");

	if (word[n] && format_find(str_head(str_from(word), n))) {
		buf_put_str(out, str_head(str_from(word), n + 1));
		word += n + 1;
	}
	put_path(out, word, cwd);
}

/* Whoever uses it, and the password, are typed again, or the environment has it. */
static void put_queue(struct buf *out, const char *word)
{
	AUTO(arena) arena = {0};
	struct redis_url url;
	struct err e;

	if (redis_url_read(str_from(word), &arena, &url, &e))
		redis_url_put(out, &url);
}

static void put_option(struct json_writer *w, const struct option_match *match, const char *cwd)
{
	const char *name = match->option->name;
	AUTO(buf) value = {0};

	if (is_among(paths, name))
		put_path(&value, match->value, cwd);
	else if (strcmp(name, "output") == 0)
		put_output(&value, match->value, cwd);
	else if (strcmp(name, "queue") == 0)
		put_queue(&value, match->value);
	else
		buf_put_text(&value, match->value);
	json_open(w, '[');
	json_put_str(w, str_from(name));
	json_put_str(w, buf_str(&value));
	json_close(w, ']');
}

void batch_put_options(const struct batch *b, struct buf *out)
{
	const struct options *given = &b->typed;
	struct json_writer w = {.buf = out};
	char *cwd = getcwd(NULL, 0);

	json_open(&w, '{');
	if (cwd)
		json_member_text(&w, "directory", cwd);
	json_key(&w, "options");
	json_open(&w, '[');
	for (size_t i = 0; i < given->match_count; i++)
		if (!is_among(passing, given->matches[i].option->name))
			put_option(&w, &given->matches[i], cwd);
	json_close(&w, ']');
	if (b->context.n)
		json_member_str(&w, "context", b->context);
	json_close(&w, '}');
	free(cwd);
}

/* ---- out of it ---- */

static const struct option *find_option(const struct option *table, struct str name)
{
	for (; table->name; table++)
		if (str_is(name, table->name))
			return table;
	return NULL;
}

/* What is typed now goes before what was typed then. */
static void merge(struct batch *b, const struct option *table, struct str stored)
{
	struct options *given = &b->run.given;
	struct arena *a = &b->run.arena;
	struct str key, pair, list = json_get(stored, "options");
	size_t count = given->match_count;
	struct option_match *all = arena_alloc(a, count + json_count(list) + 2, sizeof *all);

	memcpy(all, given->matches, count * sizeof *all);
	json_each (list, key, pair) {
		const struct option *option = find_option(table, json_text(json_at(pair, 0), a));
		struct str value = json_text(json_at(pair, 1), a);
		if (option && value.p && !options_has(given, option->name))
			all[count++] = (struct option_match){option, arena_text(a, value)};
	}
	struct options merged = *given;
	merged.matches = all;
	merged.match_count = count;
	struct str directory = json_text(json_get(stored, "directory"), a);
	if (directory.n && !options_has(&merged, "directory"))
		all[merged.match_count++] = (struct option_match){
			find_option(table, STR("directory")), arena_text(a, directory)};
	*given = merged;
}

bool batch_resume(struct batch *b, const struct option *table, struct err *e)
{
	const struct options *given = &b->run.given;
	const char *word = options_value(given, "resume"),
		   *failed = options_value(given, "retry-failed");

	if (word && failed)
		return err_set(e, ERR_USAGE, "--resume and --retry-failed: only one of them");
	if (given->operand_count)
		return err_set(e, ERR_USAGE, "--%s goes on with a run's own list: no other one",
			word ? "resume" : "retry-failed");
	for (size_t i = 0; begins[i]; i++)
		if (options_has(given, begins[i]))
			return err_set(e, ERR_USAGE,
				"--%s is for a new run: one that goes on has its list and context",
				begins[i]);
	word = word ? word : failed;
	b->options.tries_failed_again = failed;
	if (!journal_find(b->state, word, b->name, e) ||
		!(b->journal = journal_resume(b->state, b->name, &b->tasks, &b->past, e))) {
		if (e->code == ERR_NOT_FOUND)
			e->code = ERR_USAGE;
		return false;
	}
	b->context = json_text(json_get(b->past.head.options, "context"), &b->run.arena);
	merge(b, table, b->past.head.options);
	return true;
}
