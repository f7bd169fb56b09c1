// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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
