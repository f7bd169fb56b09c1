// SPDX-License-Identifier: MIT
/* view: lines of one file, streamed, so that a file of any size costs one buffer. */
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/hands.h"
#include "agent/tool/place.h"
#include "agent/tool/plain.h"
#include "base/file.h"
#include "base/utf8.h"

extern const char embed_view_md[];

static void run(const struct tool_call *call, struct tool_result *out);

const struct tool tool_view = {
	.name = "view",
	.needs = TOOL_READS,
	.target = "path",
	.document = embed_view_md,
	.run = run,
};

enum {
	LINES_MAX = 2000,
	LINE_MAX_BYTES = 2000,
	TEXT_MAX_BYTES = 50 << 10,
	CHUNK_BYTES = SEEN_PIECE_BYTES,
};

struct view {
	struct buf *out;
	uint64_t first, limit; /* the lines asked for */
	uint64_t newlines; /* in all that was read */
	uint64_t bytes;
	uint64_t shown; /* lines in out */
	bool is_full; /* no further line is wanted */
	uint64_t line_bytes; /* of the line being read, of which head holds the start */
	struct buf head;
	char last; /* byte read */
	struct seen_mark mark; /* of the whole file */
};

/* Puts the line that ends here; the cut is at a character's border. */
static void end_line(struct view *v)
{
	struct str text = buf_str(&v->head);
	uint64_t whole = v->line_bytes;
	AUTO(buf) line = {0};

	if (whole && v->last == '\r') {
		whole--;
		text = str_head(text, whole);
	}
	buf_printf(&line, "%" PRIu64 "\t", v->first + v->shown);
	plain_put_line(&line, utf8_head(text, LINE_MAX_BYTES));
	if (whole > LINE_MAX_BYTES)
		buf_printf(&line, " [cut, %" PRIu64 " bytes]", whole);
	buf_put_char(&line, '\n');
	v->line_bytes = 0;
	buf_clear(&v->head);
	if (v->shown && v->out->n + line.n > TEXT_MAX_BYTES) {
		v->is_full = true;
		return;
	}
	buf_put_str(v->out, buf_str(&line));
	v->shown++;
	v->is_full = v->shown == v->limit;
}

static void add_to_line(struct view *v, struct str piece)
{
	/* Some bytes more than are shown, so that utf8_head sees the character at the cut. */
	size_t room = LINE_MAX_BYTES + 8 - v->head.n;

	buf_put_str(&v->head, str_head(piece, room));
	v->line_bytes += piece.n;
	if (piece.n)
		v->last = piece.p[piece.n - 1];
}

/* Shows what chunk holds of the wanted lines. */
static void show_chunk(struct view *v, struct str chunk)
{
	for (uint64_t skip = v->newlines; skip + 1 < v->first && chunk.n; skip++) {
		size_t end = str_find_char(chunk, '\n', 0);
		chunk = str_skip(chunk, end == SIZE_MAX ? chunk.n : end + 1);
	}
	while (chunk.n && !v->is_full) {
		size_t end = str_find_char(chunk, '\n', 0);
		add_to_line(v, str_head(chunk, end));
		chunk = str_skip(chunk, end == SIZE_MAX ? chunk.n : end + 1);
		if (end != SIZE_MAX)
			end_line(v);
	}
}

/* Fills the buffer, so that the first chunk is enough to tell binary from text. */
static ssize_t read_chunk(int fd, char *buffer)
{
	size_t n = 0;

	while (n < CHUNK_BYTES) {
		ssize_t more = read(fd, buffer + n, CHUNK_BYTES - n);
		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return -1;
		if (more == 0)
			break;
		n += (size_t)more;
	}
	return (ssize_t)n;
}

/* False when the file is binary, cannot be read or the run is stopped; out says which. */
static bool read_lines(const struct tool_call *call, const struct place *place, struct view *v,
	struct tool_result *out)
{
	char *buffer = arena_alloc(call->arena, CHUNK_BYTES, 1);
	char last = '\n';
	ssize_t n;

	while ((n = read_chunk(place->fd, buffer)) > 0) {
		struct str chunk = {buffer, (size_t)n};
		if (v->bytes == 0 && plain_is_binary(chunk)) {
			tool_fail(out, "%.*s: binary file, %lld bytes", STR_ARG(place->written),
				(long long)place->st.st_size);
			return false;
		}
		if (call->cancel && atomic_load(call->cancel)) {
			tool_fail(out, "stopped");
			return false;
		}
		size_t newlines = plain_newlines(chunk);
		if (!v->is_full && v->newlines + newlines + 1 >= v->first)
			show_chunk(v, chunk);
		v->newlines += newlines;
		v->bytes += chunk.n;
		seen_mark_add(&v->mark, chunk);
		last = chunk.p[chunk.n - 1];
	}
	if (n < 0) {
		tool_fail(out, "%.*s: %s", STR_ARG(place->written), strerror(errno));
		return false;
	}
	if (!v->is_full && v->line_bytes)
		end_line(v);
	v->newlines += last != '\n';
	return true;
}

static void show_end(const struct view *v, const struct place *place, struct tool_result *out)
{
	uint64_t total = v->newlines, shown_to = v->first + v->shown - 1;

	if (v->bytes == 0)
		buf_put_text(&out->text, "[empty file]\n");
	else if (v->shown == 0)
		tool_fail(out, "%.*s has %" PRIu64 " line%s: offset %" PRIu64 " is past the end",
			STR_ARG(place->written), total, total == 1 ? "" : "s", v->first);
	else if (shown_to < total)
		buf_printf(&out->text,
			"[lines %" PRIu64 "-%" PRIu64 " of %" PRIu64 "; view with offset %" PRIu64
			" for more]\n",
			v->first, shown_to, total, shown_to + 1);
}

/* What a dry run has made of the file takes the place of what is on the disk. */
static bool take_draft(const struct tool_call *call, struct place *place, struct tool_result *out)
{
	struct str bytes;
	struct err e;

	if (!call->hands->is_dry_run || !call->memory ||
		!seen_draft(call->memory->seen, place->relative, call->arena, &bytes))
		return false;
	file_close(&place->fd);
	place->fd = bytes.p ? memfd_create("draft", MFD_CLOEXEC) : -1;
	if (!bytes.p)
		tool_fail(out, "%.*s: no such file any more", STR_ARG(place->written));
	else if (place->fd < 0 || !file_write_fd(place->fd, bytes, &e) ||
		 lseek(place->fd, 0, SEEK_SET) < 0 || fstat(place->fd, &place->st) < 0)
		tool_fail(out, "%.*s: cannot be shown in a dry run", STR_ARG(place->written));
	return true;
}

/* The file, or what a dry run has made of it, also where there is none on the disk. */
static bool open_file(const struct tool_call *call, struct place *place, struct tool_result *out)
{
	struct err e;

	if (place_open(call, (struct str){0}, place, out)) {
		if (!take_draft(call, place, out))
			return true;
		return !out->is_error;
	}
	place->written = tool_argument(call, "path", STR(""));
	if (!workspace_relative(call->workspace, place->written, call->arena, &place->relative, &e))
		return false;
	struct tool_result ours = {0};
	bool is_draft = take_draft(call, place, &ours);
	buf_release(is_draft ? &out->text : &ours.text);
	if (is_draft)
		*out = ours;
	return is_draft && !ours.is_error;
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	int64_t offset = tool_argument_int(call, "offset", 1);
	int64_t limit = tool_argument_int(call, "limit", LINES_MAX);
	AUTO(place) place = {.fd = -1};

	if (!open_file(call, &place, out))
		return;
	if (place_is_directory(&place)) {
		tool_fail(out, "%.*s: a directory; use ls", STR_ARG(place.written));
		return;
	}
	struct view v = {
		.out = &out->text,
		.first = offset < 1 ? 1 : (uint64_t)offset,
		.limit = limit < 1 || limit > LINES_MAX ? LINES_MAX : (uint64_t)limit,
	};
	if (read_lines(call, &place, &v, out)) {
		show_end(&v, &place, out);
		if (call->memory)
			seen_note(call->memory->seen, place.relative, v.mark);
	}
	buf_release(&v.head);
}
