// SPDX-License-Identifier: MIT
/*
 * A search is a scan whose visitor reads each file. Every thread has a searcher: a buffer, a
 * matcher and what it found so far; nothing is shared while the scan runs but the compiled pattern.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"
#include "index/found.h"
#include "index/index.h"
#include "index/regex.h"
#include "index/scan.h"
#include "index/text.h"

struct searcher {
	const struct grep_options *options;
	const struct bytes *bytes;
	struct matcher *matcher;
	struct text text;
	struct found found;
	/* in the file at hand; offsets into text.p */
	uint32_t number; /* of the line that begins at counted_to */
	size_t counted_to;
	size_t emitted_to; /* lines before it are kept, or not wanted */
	int after_left; /* lines behind the last match that are still to be kept */
	uint64_t searched_files, searched_bytes, binary_files, unreadable_files;
} __attribute__((aligned(128))); /* a pair of cache lines, so that threads do not disturb others */

struct search {
	const struct grep_options *options;
	struct searcher *searchers;
};

/* ---- one piece of a file ---- */

static uint32_t number_at(struct searcher *s, size_t at)
{
	const char *p = s->text.p;

	s->number += (uint32_t)s->bytes->count(p + s->counted_to, p + at, '\n');
	s->counted_to = at;
	return s->number;
}

static size_t line_end(const struct searcher *s, size_t at, size_t end)
{
	const char *feed = memchr(s->text.p + at, '\n', end - at);

	return feed ? (size_t)(feed + 1 - s->text.p) : end;
}

/* Start of the line that is `lines` lines before at, but not before floor. */
static size_t back(const struct searcher *s, size_t at, size_t floor, int lines)
{
	while (at > floor && lines-- > 0) {
		const char *feed = memrchr(s->text.p + floor, '\n', at - floor - 1);
		at = feed ? (size_t)(feed + 1 - s->text.p) : floor;
	}
	return at;
}

static void emit(struct searcher *s, size_t at, size_t end, bool is_match)
{
	struct str line = {s->text.p + at, end - at};

	found_put(&s->found, number_at(s, at), line, is_match);
	s->emitted_to = end;
}

/* Context lines behind the last match, as far as end. */
static void emit_after(struct searcher *s, size_t end)
{
	while (s->after_left > 0 && s->emitted_to < end) {
		s->after_left--;
		emit(s, s->emitted_to, line_end(s, s->emitted_to, end), false);
	}
}

static void emit_match(struct searcher *s, size_t at, size_t end)
{
	emit_after(s, at);
	size_t before = back(s, at, s->emitted_to, s->options->before);
	while (before < at) {
		size_t next = line_end(s, before, at);
		emit(s, before, next, false);
		before = next;
	}
	emit(s, at, end, true);
	s->after_left = s->options->after;
}

static bool is_cancelled(const struct searcher *s)
{
	const atomic_bool *cancel = s->options->scan.cancel;

	return cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

/* False when the rest of the file need not be seen. */
static bool search_piece(struct searcher *s, struct str piece)
{
	struct regex_walk walk = {.text = piece, .at = piece.p};
	size_t base = (size_t)(piece.p - s->text.p), end = base + piece.n;
	struct str line;

	while (regex_next(s->matcher, &walk, &line)) {
		s->found.matches++;
		if (s->options->mode == GREP_FILES)
			return false;
		if (found_has_room(&s->found)) {
			size_t at = (size_t)(line.p - s->text.p);
			emit_match(s, at, line_end(s, at + line.n, end));
		}
	}
	emit_after(s, end);
	return !is_cancelled(s);
}

/* ---- one file ---- */

static void search_file(struct searcher *s, int fd, struct str path)
{
	struct str piece;
	size_t keep = 0;

	text_begin(&s->text, fd);
	matcher_begin(s->matcher);
	s->number = 1;
	s->counted_to = s->emitted_to = 0;
	s->after_left = 0;
	while (text_next(&s->text, keep, &piece)) {
		s->counted_to -= keep;
		s->emitted_to -= keep < s->emitted_to ? keep : s->emitted_to;
		if (!search_piece(s, piece) || s->text.has_ended)
			break;
		keep = back(s, s->text.shown, s->emitted_to, s->options->before);
		if (s->options->mode == GREP_CONTENT)
			number_at(s, keep);
		else
			s->counted_to = keep;
	}
	s->searched_files++;
	s->searched_bytes += s->text.bytes;
	s->binary_files += s->text.is_binary;
	s->unreadable_files += s->text.has_failed;
	found_end_file(&s->found, path);
}

enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

static bool visit(void *self, const struct scan_file *file)
{
	struct search *search = self;
	struct searcher *s = &search->searchers[file->worker];

	if (file->type != DT_REG)
		return true;
	AUTO_FD fd = openat(file->dir_fd, file->name, OPEN_FLAGS | O_NOFOLLOW);
	if (fd < 0)
		s->unreadable_files++;
	else
		search_file(s, fd, file->path);
	return true;
}

static bool search_one(struct search *search, struct err *e)
{
	const struct scan_options *o = &search->options->scan;
	AUTO(buf) path = {0};
	struct stat st;

	if (o->start && *o->start)
		buf_printf(&path, "%s/", o->start);
	buf_put_text(&path, search->options->file);
	AUTO_FD fd = scan_open(o->root, buf_text(&path), OPEN_FLAGS, e);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_DENIED, "%s: not a regular file", buf_text(&path));
	search_file(&search->searchers[0], fd, str_from(search->options->file));
	return true;
}

/* ---- the whole ---- */

static void merge(struct searcher *searchers, int count, struct grep_result *out)
{
	struct found *found = must_alloc((size_t)count, sizeof *found);

	for (int i = 0; i < count; i++) {
		struct searcher *s = &searchers[i];
		out->searched_files += s->searched_files;
		out->searched_bytes += s->searched_bytes;
		out->binary_files += s->binary_files;
		out->unreadable_files += s->unreadable_files;
		out->limited_lines += matcher_limited_lines(s->matcher);
		found[i] = s->found;
		s->found = (struct found){0};
	}
	found_merge(found, (size_t)count, out);
	free(found);
}

bool grep_run(const struct grep_options *options, struct grep_result *out, struct err *e)
{
	struct regex_options how = {.is_literal = options->is_literal,
		.ignore_case = options->ignore_case,
		.whole_word = options->whole_word};
	struct regex *regex = regex_new(options->pattern, &how, e);
	int count = options->file ? 1 : scan_workers(&options->scan);
	struct search search = {.options = options};
	struct grep_result result = {0};

	if (!regex)
		return false;
	log_debug("grep: %.*s by %s", STR_ARG(options->pattern), regex_finder(regex));
	search.searchers = aligned_alloc(128, (size_t)count * sizeof *search.searchers);
	must(search.searchers);
	for (int i = 0; i < count; i++) {
		search.searchers[i] = (struct searcher){.options = options,
			.bytes = bytes_fastest(),
			.matcher = matcher_new(regex),
			.found = {.max_matches = options->max_matches,
				.max_columns = options->max_columns,
				.mode = options->mode}};
	}
	bool is_done = options->file ? search_one(&search, e)
				     : scan_tree(&options->scan, visit, &search, &result.scan, e);
	if (is_done) {
		merge(search.searchers, count, &result);
		*out = result;
	}
	for (int i = 0; i < count; i++) {
		matcher_free(search.searchers[i].matcher);
		text_release(&search.searchers[i].text);
		found_release(&search.searchers[i].found);
	}
	free(search.searchers);
	regex_free(regex);
	return is_done;
}
