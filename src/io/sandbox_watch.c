// SPDX-License-Identifier: MIT
/*
 * sandbox_watch: limits on a whole tree of processes and on what it leaves on the disk.
 * RLIMIT_NPROC counts a user's processes everywhere and does not hold root; control groups need
 * rights that we do not have. So the machine's own sums are looked at, which cost nothing, and only
 * when they have grown are the child's shares counted.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "io/sandbox_inside.h"

enum { DEPTH_MAX = 64, STAT_BYTES = 512 };

#define TEMPORARY_MAX_BYTES ((uint64_t)2 << 30)
#define FREE_MIN_BYTES      ((uint64_t)512 << 20)

static size_t read_line(int dir_fd, const char *path, char *text, size_t size_bytes)
{
	AUTO_FD fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size_bytes - 1);

	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* "0.1 0.2 0.3 running/all ...": all tasks of the machine (proc(5)). */
uint64_t sandbox_all_tasks(void)
{
	char text[128];
	uint64_t running, all = 0;

	if (!read_line(AT_FDCWD, "/proc/loadavg", text, sizeof text) ||
		sscanf(text, "%*s %*s %*s %lu/%lu", &running, &all) != 2)
		return 0;
	return all;
}

static uint64_t free_bytes(const char *path)
{
	struct statvfs fs;

	return path && statvfs(path, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
}

static const char *working(const struct sandbox *s)
{
	return s->rules.writable ? s->rules.writable[0] : NULL;
}

void sandbox_watch_begin(struct sandbox_watch *w, const struct sandbox *s, pid_t pid)
{
	*w = (struct sandbox_watch){.sandbox = s,
		.pid = pid,
		.tasks_before = sandbox_all_tasks(),
		.free_before = free_bytes(working(s)),
		.temporary_free_before = free_bytes(s->rules.temporary)};
}

struct process {
	pid_t pid, parent;
	uint64_t tasks;
	bool is_ours;
};

struct processes {
	VEC(struct process) list;
};

/* The name is in parentheses and may hold anything; behind the last one: state, parent ... tasks.
 */
static bool read_process(int proc_fd, const char *name, struct process *p)
{
	char path[64], text[STAT_BYTES];
	long parent, tasks;

	snprintf(path, sizeof path, "%.20s/stat", name);
	if (!read_line(proc_fd, path, text, sizeof text))
		return false;
	const char *behind = strrchr(text, ')');
	if (!behind || sscanf(behind + 1,
			       " %*c %ld %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			       "%*s %ld",
			       &parent, &tasks) != 2)
		return false;
	*p = (struct process){(pid_t)strtol(name, NULL, 10), (pid_t)parent, (uint64_t)tasks, false};
	return true;
}

static void read_processes(struct processes *all)
{
	DIR *d = opendir("/proc");
	struct process p;
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			read_process(dirfd(d), entry->d_name, &p))
			vec_push(&all->list, p);
	if (d)
		closedir(d);
}

static int by_pid(const void *a, const void *b)
{
	const struct process *p = a, *q = b;

	return (p->pid > q->pid) - (p->pid < q->pid);
}

/* Up from each to the keeper or to the top; what is known on the way shortens the next one's. */
static uint64_t count_tasks(pid_t keeper)
{
	struct processes all = {0};
	uint64_t total = 0;

	read_processes(&all);
	if (all.list.n)
		qsort(all.list.p, all.list.n, sizeof *all.list.p, by_pid);
	vec_each (&all.list, p) {
		const struct process *up = p;
		for (int i = 0; up && up->pid != keeper && !up->is_ours && i < DEPTH_MAX; i++)
			up = bsearch(&(struct process){.pid = up->parent}, all.list.p, all.list.n,
				sizeof *up, by_pid);
		p->is_ours = up && (up->pid == keeper || up->is_ours);
		total += p->is_ours ? p->tasks : 0;
	}
	vec_release(&all.list);
	return total;
}

/*
 * Growth of the machine's own sum beyond all doubt is not counted: in such a flood counting takes
 * the longer, the more it is needed.
 */
static bool is_flood(const struct sandbox_watch *w, uint64_t max)
{
	uint64_t now = sandbox_all_tasks(),
		 more = now > w->tasks_before ? now - w->tasks_before : 0;

	return more > 2 * max || (more > max / 2 && count_tasks(w->pid) > max);
}

/* What the files below take, up to enough; links are not followed. */
static uint64_t tree_bytes(int fd, int depth, uint64_t enough)
{
	DIR *d = fdopendir(fd);
	uint64_t total = 0;
	struct dirent *entry;
	struct stat st;

	if (!d) {
		file_close(&fd);
		return 0;
	}
	while (total <= enough && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		total += (uint64_t)st.st_blocks * 512;
		int below = !S_ISDIR(st.st_mode) || depth == DEPTH_MAX
				    ? -1
				    : openat(dirfd(d), entry->d_name,
					      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			total += tree_bytes(below, depth + 1, enough);
	}
	closedir(d);
	return total;
}

static bool is_temporary_full(const struct sandbox_watch *w, uint64_t max)
{
	const char *path = w->sandbox->rules.temporary;
	uint64_t now = free_bytes(path);

	if (!path || now >= w->temporary_free_before || w->temporary_free_before - now < max / 8)
		return false;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && tree_bytes(fd, 0, max) > max;
}

static bool is_full(const struct sandbox_watch *w, const char *path, uint64_t before, uint64_t min)
{
	if (min > before / 2 && !w->sandbox->rules.limits.free_min_bytes)
		min = before / 2;
	return path && free_bytes(path) < min;
}

/* Temporary files may lie on another one, and those that are open without a name count only here.
 */
static bool is_disk_full(const struct sandbox_watch *w, uint64_t min)
{
	return is_full(w, working(w->sandbox), w->free_before, min) ||
	       is_full(w, w->sandbox->rules.temporary, w->temporary_free_before, min);
}

const char *sandbox_watch_look(const struct sandbox_watch *w)
{
	const struct sandbox_limits *l = &w->sandbox->rules.limits;

	if (is_flood(w, l->tasks_max ? l->tasks_max : SANDBOX_TASKS_MAX))
		return "it started too many processes and threads";
	if (is_temporary_full(
		    w, l->temporary_max_bytes ? l->temporary_max_bytes : TEMPORARY_MAX_BYTES))
		return "it wrote too much into its directory for temporary files";
	if (is_disk_full(w, l->free_min_bytes ? l->free_min_bytes : FREE_MIN_BYTES))
		return "the disk is nearly full";
	return NULL;
}
