// SPDX-License-Identifier: MIT
#include "base/private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static void make_directories(const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		size_t n = slash ? (size_t)(slash - path) : strlen(path);
		if (n >= sizeof part)
			return;
		memcpy(part, path, n);
		part[n] = '\0';
		mkdir(part, 0700);
		if (!slash)
			return;
	}
}

static bool is_private(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       !(st.st_mode & 077);
}

int private_open(const char *path, bool makes, struct err *e)
{
	enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	AUTO_FD fd = open(path, FLAGS);

	if (fd < 0 && makes && errno == ENOENT) {
		make_directories(path);
		fd = open(path, FLAGS);
	}
	if (fd < 0) {
		err_errno(e, "%s", path);
		return -1;
	}
	if (!is_private(fd, S_IFDIR)) {
		err_set(e, ERR_DENIED, "%s: others may reach it: chmod 700 %s", path, path);
		return -1;
	}
	int kept = fd;
	fd = -1;
	return kept;
}

bool private_read(int directory, const char *name, size_t max_bytes, struct buf *out, struct err *e)
{
	AUTO_FD fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "%s", name);
	if (!is_private(fd, S_IFREG))
		return err_set(e, ERR_DENIED, "%s: not a file of the user's alone", name);
	return file_read_fd(fd, name, max_bytes, out, e);
}

int private_open_file(int directory, const char *name, struct err *e)
{
	enum { FLAGS = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };
	AUTO_FD fd = openat(directory, name, FLAGS, 0600);

	if (fd < 0) {
		err_errno(e, "%s", name);
		return -1;
	}
	if (!is_private(fd, S_IFREG)) {
		err_set(e, ERR_DENIED, "%s: not a file of the user's alone", name);
		return -1;
	}
	int kept = fd;
	fd = -1;
	return kept;
}

bool private_write(int directory, const char *name, struct str bytes, struct err *e)
{
	return file_replace_at(directory, name, bytes, 0600, e);
}

bool private_keep(int directory, const char *name, struct str bytes, struct err *e)
{
	if (!private_write(directory, name, bytes, e))
		return false;
	AUTO_FD fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fdatasync(fd) < 0 || fsync(directory) < 0)
		return err_errno(e, "%s", name);
	return true;
}
