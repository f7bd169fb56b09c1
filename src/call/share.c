// SPDX-License-Identifier: MIT
#include "call/share.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { TRIES = 20 }; /* of 50 us: the lock is held for some us */
#define TRY_NS 50'000

uint64_t process_start(int32_t pid)
{
	AUTO(buf) text = {.max = 4096};
	struct err e;
	char path[64];
	unsigned long long ticks;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !file_read_fd(fd, path, 4096, &text, &e))
		return 0;
	/* The name is in parentheses and may hold anything; the 20th behind it is the start. */
	const char *behind = strrchr(buf_text(&text), ')');
	if (!behind || sscanf(behind + 1,
			       " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			       "%*s %*s %*s %llu",
			       &ticks) != 1)
		return 0;
	return ticks;
}

bool process_is_gone(int32_t pid, uint64_t started)
{
	if (kill(pid, 0) < 0 && errno == ESRCH)
		return true;
	/* Without /proc the id alone has to do. */
	uint64_t now = process_start(pid);
	return now && now != started;
}

struct sha256 share_scope(void)
{
	static const char *const spaces[] = {"/proc/self/ns/pid", "/proc/self/ns/time"};
	AUTO(buf) text = {.max = 4096};
	char space[64];
	struct err e;

	AUTO_FD fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !file_read_fd(fd, "boot_id", 256, &text, &e))
		buf_clear(&text);
	for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
		ssize_t n = readlink(spaces[i], space, sizeof space);
		buf_put_str(&text, (struct str){space, n > 0 ? (size_t)n : 0});
	}
	return sha256_of(buf_str(&text));
}

bool share_lock(int fd)
{
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	for (int i = 0; i < TRIES; i++) {
		if (fcntl(fd, F_OFD_SETLK, &range) == 0)
			return true;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = TRY_NS}, NULL);
	}
	return false;
}

void share_unlock(int fd)
{
	struct flock range = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	fcntl(fd, F_OFD_SETLK, &range);
}

bool share_is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || st.st_nlink == 0;
}
