// SPDX-License-Identifier: MIT
/*
 * read READER PATH [--compat] [--split] [--below TEXT] [--note N]: what a reader takes out of one
 * file, a line of JSON for each record, each complaint and each limit. --split writes PATH anew,
 * line by line, and reads what is new behind each, without the lines before in mind: the output has
 * to be the same. read READER
 * --places: where it looks, by HOME and the environment. read READER --wants BELOW: "true" where a
 * file there is a transcript.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "usage/limit.h"
#include "usage/read.h"
#include "usage/reader/track.h"

struct reading {
	const struct usage_reader *reader;
	struct usage_piece *piece;
	const char *path;
	struct usage_file file;
	struct usage_tracks tracks;
	struct arena kept; /* what the memory's texts are in between two readings */
	int64_t end;
};

static const struct {
	unsigned flag;
	const char *name;
} flags[] = {
	{USAGE_FAST, "fast"},
	{USAGE_US, "us"},
	{USAGE_SIDECHAIN, "sidechain"},
	{USAGE_GUESSED_MODEL, "guessed_model"},
	{USAGE_BATCH, "batch"},
	{USAGE_SUMMED, "summed"},
};

static void put_count(struct json_writer *w, const char *name, int64_t count)
{
	if (count != 0)
		json_member_int(w, name, count);
}

static void put_text(struct json_writer *w, const char *name, struct str text)
{
	if (text.n > 0)
		json_member_str(w, name, text);
}

static void put_tokens(struct json_writer *w, const struct usage_tokens *t)
{
	put_count(w, "input", t->input);
	put_count(w, "output", t->output);
	put_count(w, "cache_write_5m", t->cache_write_5m);
	put_count(w, "cache_write_1h", t->cache_write_1h);
	put_count(w, "cache_read", t->cache_read);
	put_count(w, "other", t->other);
	put_count(w, "reasoning", t->reasoning);
	put_count(w, "web_searches", t->web_searches);
	put_count(w, "nanocredits", t->nanocredits);
	put_count(w, "messages", t->messages);
}

static void put_lists(struct json_writer *w, const struct usage_record *r)
{
	if (r->flags) {
		json_key(w, "flags");
		json_open(w, '[');
		for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
			if (r->flags & flags[i].flag)
				json_put_text(w, flags[i].name);
		json_close(w, ']');
	}
	if (r->tool_count) {
		json_key(w, "tools");
		json_open(w, '[');
		for (size_t i = 0; i < r->tool_count; i++)
			json_put_str(w, r->tools[i]);
		json_close(w, ']');
	}
}

static void print(struct buf *line)
{
	buf_put_char(line, '\n');
	fwrite(line->p, 1, line->n, stdout);
}

static void take(void *, struct usage_file *, const struct usage_record *r)
{
	AUTO(buf) line = {0};
	struct json_writer w = {.buf = &line};

	json_open(&w, '{');
	put_text(&w, "id", r->id);
	json_member_int(&w, "time_ms", r->time_ms);
	put_text(&w, "session", r->session);
	put_text(&w, "project", r->project);
	put_text(&w, "branch", r->branch);
	put_text(&w, "agent", r->agent);
	put_text(&w, "model", r->model);
	put_text(&w, "provider", r->provider);
	put_tokens(&w, &r->tokens);
	if (r->cost_reported_nanousd != -1)
		json_member_int(&w, "cost_reported_nanousd", r->cost_reported_nanousd);
	put_lists(&w, r);
	if (r->is_replacing)
		json_member_bool(&w, "is_replacing", true);
	json_close(&w, '}');
	print(&line);
}

static void complain(void *self, struct usage_file *, const char *why)
{
	struct reading *reading = self;
	AUTO(buf) line = {0};
	struct json_writer w = {.buf = &line};

	json_open(&w, '{');
	json_member_text(&w, "complaint", why);
	json_member_int(&w, "offset", usage_piece_offset(reading->piece));
	json_close(&w, '}');
	print(&line);
}

/* An arena of its own for each reading, so that nothing outlives one unseen. */
static bool read_on(struct reading *reading, struct err *e)
{
	struct arena now = {0}, kept = {0};
	struct stat st;

	if (stat(reading->path, &st) == 0)
		reading->file.modified_ms = (int64_t)st.st_mtime * 1000;
	reading->file.arena = &now;
	bool ok = usage_read(
		reading->reader, &reading->file, reading->piece, reading->end, &reading->end, e);
	for (int i = 0; i < USAGE_TEXTS; i++) {
		struct str *text = &reading->file.memory.texts[i];
		if (text->p)
			*text = arena_copy(&kept, *text);
	}
	arena_release(&reading->kept);
	reading->kept = kept;
	arena_release(&now);
	return ok;
}

static bool read_split(struct reading *reading, struct err *e)
{
	AUTO(buf) whole = {0};
	struct str rest, line;

	if (!file_read(AT_FDCWD, reading->path, BUF_MAX_DEFAULT, &whole, e))
		return false;
	rest = buf_str(&whole);
	FILE *out = fopen(reading->path, "w");
	must(out);
	bool ok = true;
	while (ok && str_split(&rest, '\n', &line)) {
		fwrite(line.p, 1, line.n, out);
		if (rest.p)
			putc('\n', out);
		fflush(out);
		ok = read_on(reading, e);
	}
	fclose(out);
	return ok;
}

static void put_limits(const struct usage_file *file)
{
	struct usage_limit limit;

	for (int place = 0; place < USAGE_LIMIT_PLACES; place++) {
		AUTO(buf) line = {0};
		struct json_writer w = {.buf = &line};
		if (!usage_limit_of(&file->memory, place, &limit))
			continue;
		json_open(&w, '{');
		json_member_int(&w, "limit", limit.used_permyriad);
		json_member_int(&w, "told_ms", limit.told_ms);
		put_count(&w, "minutes", limit.window_minutes);
		put_count(&w, "resets_ms", limit.resets_ms);
		json_close(&w, '}');
		print(&line);
	}
}

static void put_resets(const struct usage_file *file)
{
	struct usage_reset resets[USAGE_RESETS_MAX];
	size_t count = usage_resets_of(&file->memory, resets);

	for (size_t i = 0; i < count; i++) {
		AUTO(buf) line = {0};
		struct json_writer w = {.buf = &line};
		json_open(&w, '{');
		json_member_text(&w, "limit", "reached");
		json_member_int(&w, "told_ms", resets[i].told_ms);
		json_member_int(&w, "resets_ms", resets[i].resets_ms);
		json_close(&w, '}');
		print(&line);
	}
}

static const char *environment(const char *name)
{
	return getenv(name);
}

static void add_place(struct usage_places *, struct str path, unsigned note)
{
	AUTO(buf) line = {0};
	struct json_writer w = {.buf = &line};

	json_open(&w, '{');
	json_member_str(&w, "place", path);
	json_member_int(&w, "note", note);
	json_close(&w, '}');
	print(&line);
}

static int show_places(const struct usage_reader *reader)
{
	struct arena arena = {0};
	const char *home = getenv("HOME");
	struct usage_places places = {.environment = environment,
		.home = home && *home == '/' ? home : NULL,
		.arena = &arena,
		.add = add_place};

	reader->places(&places);
	arena_release(&arena);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "read READER PATH [--compat] [--split] [--below TEXT] [--note N]\n");
	return 2;
}

int main(int count, char **words)
{
	struct reading reading = {.file = {.self = &reading, .take = take, .complain = complain}};
	bool is_split = false;
	struct err e;

	if (count < 3 || !(reading.reader = usage_reader_find(str_from(words[1]))))
		return usage();
	if (strcmp(words[2], "--places") == 0)
		return show_places(reading.reader);
	if (strcmp(words[2], "--wants") == 0 && count == 4)
		return puts(reading.reader->wants(str_from(words[3]), 0) ? "true" : "false") < 0;
	const char *slash = strrchr(words[2], '/');
	reading.path = words[2];
	reading.file.path = str_from(words[2]);
	reading.file.below = str_from(slash ? slash + 1 : words[2]);
	for (int i = 3; i < count; i++) {
		if (strcmp(words[i], "--compat") == 0)
			reading.file.is_compat = true;
		else if (strcmp(words[i], "--split") == 0)
			is_split = true;
		else if (strcmp(words[i], "--below") == 0 && i + 1 < count)
			reading.file.below = str_from(words[++i]);
		else if (strcmp(words[i], "--note") == 0 && i + 1 < count)
			reading.file.note = (unsigned)strtoul(words[++i], NULL, 10);
		else
			return usage();
	}
	reading.file.tracks = is_split ? NULL : &reading.tracks;
	reading.piece = usage_piece_new();
	bool ok = is_split ? read_split(&reading, &e) : read_on(&reading, &e);
	usage_piece_free(reading.piece);
	put_limits(&reading.file);
	put_resets(&reading.file);
	arena_release(&reading.kept);
	if (!ok)
		fprintf(stderr, "%s\n", e.text);
	return ok ? 0 : 1;
}
