// SPDX-License-Identifier: MIT
#include "agent/shell_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/shell.h"
#include "agent/tool/plain.h"
#include "base/file.h"
#include "base/utf8.h"

enum {
	PIECE_BYTES = 64 << 10,
	TURN_MAX_BYTES =
		4 << 20, /* one that writes without end must not keep us from its deadline */
	/* Of longer output only so much at each end is looked at: escapes make text shorter. */
	LOOK_BYTES = 1 << 20,
};

bool output_open(struct output *o, const char *directory, int number, int *writer, struct err *e)
{
	AUTO_FD dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ends[2];

	*o = (struct output){.pipe_fd = -1, .file_fd = -1};
	snprintf(o->name, sizeof o->name, "fettle-output-%d.txt", number);
	/* A command may have put something there under this name. */
	if (dir_fd >= 0)
		unlinkat(dir_fd, o->name, 0);
	o->file_fd =
		openat(dir_fd, o->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (o->file_fd < 0)
		return err_errno(e, "%s/%s", directory, o->name);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		err_errno(e, "pipe");
		file_close(&o->file_fd);
		return false;
	}
	o->pipe_fd = ends[0];
	*writer = ends[1];
	fcntl(o->pipe_fd, F_SETFL, O_NONBLOCK);
	return true;
}

static void keep(struct output *o, struct str bytes)
{
	size_t room = o->kept_bytes < SHELL_FILE_MAX_BYTES
			      ? (size_t)(SHELL_FILE_MAX_BYTES - o->kept_bytes)
			      : 0;
	struct str kept = str_head(bytes, room);
	struct err e;

	if (kept.n && !o->lost_bytes && file_write_fd(o->file_fd, kept, &e))
		o->kept_bytes += kept.n;
	else
		kept.n = 0;
	o->lost_bytes += bytes.n - kept.n;
}

void output_take(struct output *o)
{
	char bytes[PIECE_BYTES];
	size_t total = 0;

	while (o->pipe_fd >= 0 && total < TURN_MAX_BYTES) {
		ssize_t n = read(o->pipe_fd, bytes, sizeof bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			file_close(&o->pipe_fd);
			return;
		}
		keep(o, (struct str){bytes, (size_t)n});
		total += (size_t)n;
	}
}

static void read_part(const struct output *o, uint64_t from, uint64_t to, struct buf *out)
{
	while (from < to) {
		char *room = buf_reserve(out, (size_t)(to - from));
		ssize_t n = room ? pread(o->file_fd, room, (size_t)(to - from), (off_t)from) : 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		out->n += (size_t)n;
		from += (uint64_t)n;
	}
}

static size_t count_characters(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

/* Where the character with this number begins; text is valid UTF-8. */
static size_t offset_of(struct str text, size_t character)
{
	for (size_t i = 0; i < text.n; i++)
		if (((unsigned char)text.p[i] & 0xc0) != 0x80 && character-- == 0)
			return i;
	return text.n;
}

static void put_ends(const struct output *o, struct str head, struct str tail, bool is_exact,
	const char *seen, struct buf *out)
{
	size_t half = SHELL_TEXT_MAX / 2, n = count_characters(tail);
	struct str first = str_head(head, offset_of(head, half));
	struct str last = str_skip(tail, offset_of(tail, n > half ? n - half : 0));

	buf_put_str(out, first);
	if (first.n && first.p[first.n - 1] != '\n')
		buf_put_char(out, '\n');
	if (is_exact)
		buf_printf(out, "[%zu characters left out", n - 2 * half);
	else
		buf_put_text(out, "[the middle left out");
	buf_printf(out, "; all of it in %s/%s]\n", seen, o->name);
	buf_put_str(out, last);
}

void output_show(struct output *o, const char *seen, struct buf *out)
{
	uint64_t from = o->shown_bytes, to = o->kept_bytes;
	bool is_whole = to - from <= 2 * LOOK_BYTES;
	AUTO(buf) raw = {0}, head = {0}, tail = {0};

	o->shown_bytes = to;
	read_part(o, from, is_whole ? to : from + LOOK_BYTES, &raw);
	plain_put_screen(&head, buf_str(&raw));
	if (is_whole && count_characters(buf_str(&head)) <= SHELL_TEXT_MAX) {
		buf_put_str(out, buf_str(&head));
	} else if (is_whole) {
		put_ends(o, buf_str(&head), buf_str(&head), true, seen, out);
		o->has_left_out = true;
	} else {
		buf_clear(&raw);
		read_part(o, to - LOOK_BYTES, to, &raw);
		plain_put_screen(&tail, buf_str(&raw));
		put_ends(o, buf_str(&head), buf_str(&tail), false, seen, out);
		o->has_left_out = true;
	}
	if (out->n && out->p[out->n - 1] != '\n')
		buf_put_char(out, '\n');
	if (o->lost_bytes)
		buf_printf(out, "[%llu bytes more were not kept]\n",
			(unsigned long long)o->lost_bytes);
}

void output_close(struct output *o, const char *directory)
{
	AUTO_FD dir_fd = o->has_left_out ? -1 : open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir_fd >= 0)
		unlinkat(dir_fd, o->name, 0);
	file_close(&o->pipe_fd);
	file_close(&o->file_fd);
}
