// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int file_open_regular(int dir_fd, const char *path, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		err_errno(e, "%s", path);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(e, ERR_DENIED, "%s: %s, not a regular file", path,
			S_ISDIR(st.st_mode)    ? "a directory"
			: S_ISFIFO(st.st_mode) ? "a FIFO"
			: S_ISSOCK(st.st_mode) ? "a socket"
					       : "a device");
		return -1;
	}
	int result = fd;
	fd = -1;
	return result;
}

bool file_read_fd(int fd, const char *name, size_t max_bytes, struct buf *out, struct err *e)
{
	size_t start = out->n, step = 4 << 10;
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uint64_t)st.st_size > max_bytes)
			return err_set(e, ERR_LIMIT, "%s: %lld bytes, more than the limit of %zu",
				name, (long long)st.st_size, max_bytes);
		step = (size_t)st.st_size + 1;
	}
	for (;;) {
		char *at = buf_reserve(out, step);
		if (!at || out->n - start > max_bytes)
			return err_set(e, ERR_LIMIT, "%s: more than the limit of %zu bytes", name,
				max_bytes);
		ssize_t n = read(fd, at, step);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "%s", name);
		if (n == 0)
			break;
		out->n += (size_t)n;
		step = 64 << 10;
	}
	out->p[out->n] = '\0';
	if (out->n - start > max_bytes)
		return err_set(
			e, ERR_LIMIT, "%s: more than the limit of %zu bytes", name, max_bytes);
	return true;
}

bool file_read(int dir_fd, const char *path, size_t max_bytes, struct buf *out, struct err *e)
{
	AUTO_FD fd = file_open_regular(dir_fd, path, e);

	return fd >= 0 && file_read_fd(fd, path, max_bytes, out, e);
}

static bool wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, -1) > 0 || errno == EINTR;
}

bool file_write_fd(int fd, struct str bytes, struct err *e)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && wait_for(fd, POLLOUT))
			continue;
		if (n < 0)
			return err_errno(e, "write");
		bytes = str_skip(bytes, (size_t)n);
	}
	return true;
}

bool file_wait_writable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, timeout_ms) > 0;
}

ssize_t file_write_ready(int fd, struct str bytes, struct err *e)
{
	size_t sent = 0;

	/* A pipe that is ready has room for PIPE_BUF bytes: writing no more never blocks. */
	while (sent < bytes.n && file_wait_writable(fd, 0)) {
		struct str piece = str_head(str_skip(bytes, sent), PIPE_BUF);
		ssize_t n = write(fd, piece.p, piece.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			err_errno(e, "write");
			return -1;
		}
		sent += (size_t)n;
	}
	return (ssize_t)sent;
}

/* ---- replacing ---- */

void beside_release(struct beside *r)
{
	if (r->temporary.n) {
		file_close(&r->fd);
		unlink(buf_text(&r->temporary));
	}
	buf_release(&r->name);
	buf_release(&r->path);
	buf_release(&r->temporary);
}

/* The file that path leads to, whether it is there or not yet. */
static bool find_target(const char *path, struct buf *real_path, mode_t *mode, struct err *e)
{
	char real[PATH_MAX];
	struct stat st;

	*mode = 0666;
	if (stat(path, &st) < 0) {
		if (errno != ENOENT || !*path)
			return err_errno(e, "%s", path);
		buf_put_text(real_path, path);
		return true;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DENIED, "%s: not a regular file", path);
	if (access(path, W_OK) < 0 || !realpath(path, real))
		return err_errno(e, "%s", path);
	*mode = st.st_mode & 0777;
	buf_put_text(real_path, real);
	return true;
}

bool beside_begin(struct beside *r, const char *path, struct err *e)
{
	AUTO(beside) begun = {0};
	AUTO(buf) name = {0};
	mode_t mode;

	if (!find_target(path, &begun.path, &mode, e))
		return false;
	buf_printf(&name, "%s.%08x.tmp", buf_text(&begun.path), (unsigned)arc4random());
	begun.fd = open(buf_text(&name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (begun.fd < 0)
		return err_errno(e, "%s", path);
	buf_put_text(&begun.name, path);
	buf_put_str(&begun.temporary, buf_str(&name));
	/* An existing file's mode counts whatever the umask. */
	if (mode != 0666 && fchmod(begun.fd, mode) < 0)
		return err_errno(e, "%s", path);
	*r = begun;
	begun = (struct beside){0};
	return true;
}

bool beside_put(struct beside *r, struct str bytes, struct err *e)
{
	return file_write_fd(r->fd, bytes, e) || err_context(e, "%s", buf_text(&r->name));
}

bool beside_end(struct beside *r, struct err *e)
{
	/* Else a crash of the system could leave an empty file where an old one was. */
	if (fsync(r->fd) < 0 || rename(buf_text(&r->temporary), buf_text(&r->path)) < 0)
		return err_errno(e, "%s", buf_text(&r->name));
	buf_clear(&r->temporary);
	file_close(&r->fd);
	return true;
}

bool file_can_replace(const char *path, struct err *e)
{
	AUTO(beside) r = {0};

	return beside_begin(&r, path, e);
}

bool file_replace(const char *path, struct str bytes, struct err *e)
{
	AUTO(beside) r = {0};

	return beside_begin(&r, path, e) && beside_put(&r, bytes, e) && beside_end(&r, e);
}

bool file_replace_at(int dir_fd, const char *name, struct str bytes, mode_t mode, struct err *e)
{
	char beside[NAME_MAX + 1];

	snprintf(beside, sizeof beside, ".%.*s.%08x", NAME_MAX - 10, name, (unsigned)arc4random());
	AUTO_FD fd =
		openat(dir_fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_errno(e, "%s", name);
	bool good = file_write_fd(fd, bytes, e) || err_context(e, "%s", name);
	if (good && renameat(dir_fd, beside, dir_fd, name) < 0)
		good = err_errno(e, "%s", name);
	if (!good)
		unlinkat(dir_fd, beside, 0);
	return good;
}
