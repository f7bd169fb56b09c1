// SPDX-License-Identifier: MIT
/*
 * usage: any bytes for any reader. The first line names it: "codex" for one of lines, "amp?" for
 * one of documents, "goose#" for one of databases; with a "!" behind it by ccusage's rules. Any
 * other name stands for one of them. Lines that are read in two parts, and each by itself, are what
 * is read in one with the lines before in mind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/must.h"
#include "usage/reader.h"
#include "usage/reader/track.h"

#define BASE_MS 1'772'366'400'000

enum { READERS_MAX = 32, CUTS = 8 };

/* What a reading gave, as one number that depends on every byte of it. */
struct gist {
	uint64_t hash;
	int64_t records, complaints;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mix(struct gist *gist, struct str text)
{
	gist->hash = gist->hash * 1'099'511'628'211 + hash_bytes(text) + text.n;
}

static void take(void *self, struct usage_file *, const struct usage_record *r)
{
	struct gist *gist = self;
	const struct str texts[] = {
		r->id, r->session, r->project, r->branch, r->agent, r->model, r->provider};

	gist->records++;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		must(texts[i].n == 0 || texts[i].p);
		mix(gist, texts[i]);
	}
	for (size_t i = 0; i < r->tool_count; i++)
		mix(gist, r->tools[i]);
	const struct usage_tokens *t = &r->tokens;
	must(t->input >= 0 && t->output >= 0 && t->cache_write_5m >= 0 && t->cache_write_1h >= 0);
	must(t->cache_read >= 0 && t->other >= 0 && t->reasoning >= 0 && t->web_searches >= 0);
	must(t->nanocredits >= 0 && t->messages >= 0);
	must(r->cost_reported_nanousd >= -1);
	mix(gist, (struct str){(const char *)t, sizeof *t});
	mix(gist, (struct str){(const char *)&r->time_ms, sizeof r->time_ms});
	mix(gist, (struct str){(const char *)&r->flags, sizeof r->flags});
}

static void complain(void *self, struct usage_file *, const char *why)
{
	struct gist *gist = self;

	gist->complaints++;
	mix(gist, str_from(why));
}

/* A reading ends here: the memory's texts move on, everything else is gone. */
static void keep_memory(struct usage_file *file, struct arena *now, struct arena *kept)
{
	struct arena next = {0};

	for (int i = 0; i < USAGE_TEXTS; i++) {
		struct str *text = &file->memory.texts[i];
		if (text->p)
			*text = arena_copy(&next, *text);
	}
	arena_release(kept);
	arena_release(now);
	*kept = next;
}

/* Reads line by line, as two readings where the line at cut begins. */
static struct gist read_lines(const struct usage_reader *reader, struct str text, bool is_compat,
	size_t cut, struct usage_tracks *tracks)
{
	struct gist gist = {0};
	struct arena now = {0}, kept = {0};
	struct usage_file file = {.path = STR("/nowhere/sessions/a/b/wire.jsonl"),
		.below = STR("sessions/a/b/wire.jsonl"),
		.is_compat = is_compat,
		.arena = &now,
		.modified_ms = BASE_MS,
		.tracks = tracks,
		.self = &gist,
		.take = take,
		.complain = complain};
	struct str line;

	for (size_t i = 0; str_split(&text, '\n', &line); i++) {
		if (i == cut)
			keep_memory(&file, &now, &kept);
		/* A copy: the sanitizer sees what looks beyond its end. */
		char *bytes = must_alloc(line.n + !line.n, 1);
		memcpy(bytes, line.p, line.n);
		reader->line(&file, (struct str){bytes, line.n});
		free(bytes);
	}
	/* The limits that were told. */
	mix(&gist, (struct str){(const char *)(file.memory.numbers + USAGE_OWN_NUMBERS),
			   sizeof file.memory.numbers - USAGE_OWN_NUMBERS * sizeof(int64_t)});
	arena_release(&now);
	arena_release(&kept);
	return gist;
}

static struct usage_file make_file(struct gist *gist, struct arena *arena, bool is_compat)
{
	return (struct usage_file){.path = STR("/nowhere/a/b/chats/c/x.settings.json"),
		.below = STR("b/chats/c/x.settings.json"),
		.is_compat = is_compat,
		.arena = arena,
		.modified_ms = BASE_MS,
		.self = gist,
		.take = take,
		.complain = complain};
}

static struct gist read_document(const struct usage_reader *reader, struct str text, bool is_compat)
{
	AUTO(arena) arena = {0};
	struct gist gist = {0};
	struct usage_file file = make_file(&gist, &arena, is_compat);
	char *bytes = must_alloc(text.n + !text.n, 1);

	memcpy(bytes, text.p, text.n);
	reader->document(&file, (struct str){bytes, text.n});
	free(bytes);
	return gist;
}

static struct gist read_database(const struct usage_reader *reader, struct str text, bool is_compat)
{
	AUTO(arena) arena = {0};
	struct gist gist = {0};
	struct usage_file file = make_file(&gist, &arena, is_compat);
	struct err e = {0};
	int fd = memfd_create("usage", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
	file.path = arena_printf(&arena, "/proc/self/fd/%d", fd);
	if (!reader->database(&file, &e))
		must(e.text[0] && e.code != ERR_NONE);
	close(fd);
	return gist;
}

enum kind { LINES, DOCUMENT, DATABASE };

static bool reads(const struct usage_reader *reader, enum kind kind)
{
	if (kind == LINES)
		return reader->line != NULL;
	return kind == DOCUMENT ? reader->document != NULL : reader->database != NULL;
}

static const struct usage_reader *choose(struct str name, enum kind kind)
{
	const struct usage_reader *readers[READERS_MAX];
	size_t count = 0;

	for (size_t i = 0; usage_readers[i] && count < READERS_MAX; i++) {
		if (!reads(usage_readers[i], kind))
			continue;
		if (str_is(name, usage_readers[i]->name))
			return usage_readers[i];
		readers[count++] = usage_readers[i];
	}
	return readers[hash_bytes(name) % count];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, name;

	if (!str_split(&text, '\n', &name) || text.n == 0)
		return 0;
	bool is_compat = str_ends(name, STR("!"));
	name = str_head(name, name.n - is_compat);
	enum kind kind = str_ends(name, STR("?"))   ? DOCUMENT
			 : str_ends(name, STR("#")) ? DATABASE
						    : LINES;
	const struct usage_reader *reader = choose(str_head(name, name.n - (kind != LINES)), kind);
	if (kind != LINES) {
		(kind == DOCUMENT ? read_document : read_database)(reader, text, is_compat);
		return 0;
	}
	struct usage_tracks tracks = {0};
	struct gist once = read_lines(reader, text, is_compat, SIZE_MAX, &tracks);
	struct gist twice = read_lines(reader, text, is_compat, 1 + size % CUTS, NULL);
	must(once.hash == twice.hash && once.records == twice.records);
	must(once.complaints == twice.complaints);
	return 0;
}
