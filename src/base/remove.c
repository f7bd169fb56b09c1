// SPDX-License-Identifier: MIT
#include "base/remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { DEPTH_MAX = 100, FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/*
 * Closes fd. What lies too deep is moved up, into top, to be met there again: false then.
 */
static bool empty_directory(int fd, int top, int depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;
	bool is_whole = true;
	char name[32];

	if (!d) {
		file_close(&fd);
		return true;
	}
	while ((entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			unlinkat(dirfd(d), entry->d_name, 0) == 0)
			continue;
		/* A directory without rights stays in our way otherwise. */
		(void)!fchmodat(dirfd(d), entry->d_name, 0700, AT_SYMLINK_NOFOLLOW);
		if (depth == DEPTH_MAX) {
			snprintf(name, sizeof name, ".deep-%016" PRIx64, clock_ns());
			is_whole &= renameat(dirfd(d), entry->d_name, top, name) < 0;
			continue;
		}
		int below = openat(dirfd(d), entry->d_name, FLAGS);
		if (below < 0)
			continue;
		is_whole &= empty_directory(below, top, depth + 1);
		unlinkat(dirfd(d), entry->d_name, AT_REMOVEDIR);
	}
	closedir(d);
	return is_whole;
}

void remove_tree(const char *path)
{
	(void)!fchmodat(AT_FDCWD, path, 0700, AT_SYMLINK_NOFOLLOW);
	AUTO_FD top = open(path, FLAGS);

	/* Each round takes DEPTH_MAX levels away. */
	while (top >= 0 && !empty_directory(openat(top, ".", FLAGS), top, 0))
		continue;
	if (top >= 0)
		rmdir(path);
}
