// SPDX-License-Identifier: MIT
/*
 * sandbox_landlock: rules as a Landlock ruleset. Landlock grants below a directory and takes
 * nothing back there, so a directory with something protected in it is not granted itself, but
 * entry by entry: then nothing new can be made right in it. Numbers are those of landlock(7) and of
 * the kernel's documentation; the headers of Debian 12 know the first two versions only.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "io/sandbox_inside.h"

enum {
	CREATE_RULESET = 444,
	ADD_RULE = 445,
	RESTRICT_SELF = 446,
	RULE_PATH_BENEATH = 1,
	ASK_VERSION = 1,
};

enum right {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	ALL_OF_1 = (1 << 13) - 1,
	REFER = 1 << 13, /* from version 2 */
	TRUNCATE = 1 << 14, /* 3 */

	READS = EXECUTE | READ_FILE | READ_DIR,
	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE,
	MAKE_CHARACTER_DEVICE = 1 << 6,
	MAKE_BLOCK_DEVICE = 1 << 11,
	WRITES = (ALL_OF_1 | REFER | TRUNCATE) & ~(MAKE_CHARACTER_DEVICE | MAKE_BLOCK_DEVICE),
};

enum { SCOPE_ABSTRACT_SOCKETS = 1 << 0, SCOPE_SIGNALS = 1 << 1 };

struct ruleset {
	uint64_t files, network, scopes;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

int landlock_abi(void)
{
	long abi = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);

	return abi > 0 ? (int)abi : 0;
}

bool landlock_enter(int ruleset_fd)
{
	return syscall(RESTRICT_SELF, ruleset_fd, 0) == 0;
}

/* Kernels take as much of the struct as they know. */
static int create(const struct ruleset *r, int abi)
{
	size_t size_bytes = abi >= SANDBOX_SIGNALS_ABI ? sizeof *r : abi >= 4 ? 16 : 8;
	int fd = (int)syscall(CREATE_RULESET, r, size_bytes, 0);

	return fd;
}

int landlock_guard(int abi)
{
	struct ruleset r = {.scopes = SCOPE_SIGNALS};

	return abi >= SANDBOX_SIGNALS_ABI ? create(&r, abi) : -1;
}

static uint64_t known(int abi)
{
	return ALL_OF_1 | (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0);
}

struct grant {
	int ruleset_fd;
	uint64_t rights;
	const char *const *except[3]; /* lists of paths */
	const char *const *shown;
	bool has_failed;
};

static void allow(struct grant *g, int fd, uint64_t rights)
{
	struct path_rule rule = {.allowed = rights, .parent_fd = fd};
	struct stat st;

	if (fstat(fd, &st) < 0 || S_ISLNK(st.st_mode))
		return;
	if (!S_ISDIR(st.st_mode))
		rule.allowed &= OF_FILES;
	if (rule.allowed && syscall(ADD_RULE, g->ruleset_fd, RULE_PATH_BENEATH, &rule, 0) < 0)
		g->has_failed = true;
}

enum relation { APART, HOLDS, IS_EXCEPTED };

/* Whether path lies in something that is shown, and that in the place that is excepted. */
static bool is_shown(const struct grant *g, const char *path, const char *excepted)
{
	for (const char *const *s = g->shown; s && *s; s++)
		if (path_is_below(path, *s) && path_is_below(*s, excepted) &&
			strcmp(*s, excepted) != 0)
			return true;
	return false;
}

static enum relation relate(const struct grant *g, const char *path)
{
	enum relation found = APART;

	for (size_t i = 0; i < sizeof g->except / sizeof *g->except; i++)
		for (const char *const *e = g->except[i]; e && *e; e++) {
			if (is_shown(g, path, *e))
				continue;
			if (path_is_below(path, *e))
				return IS_EXCEPTED;
			if (path_is_below(*e, path))
				found = HOLDS;
		}
	return found;
}

static void grant_below(struct grant *g, struct buf *path);

static void grant_entries(struct grant *g, struct buf *path)
{
	DIR *d = opendir(buf_text(path));
	struct dirent *entry;
	size_t n = path->n;

	while (d && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			entry->d_type == DT_LNK)
			continue;
		buf_printf(path, "%s%s", n > 1 ? "/" : "", entry->d_name);
		grant_below(g, path);
		buf_cut(path, n);
	}
	if (d)
		closedir(d);
}

/* path is a place to work in, and comes back as it was. */
static void grant_below(struct grant *g, struct buf *path)
{
	enum relation relation = relate(g, buf_text(path));

	if (relation == IS_EXCEPTED)
		return;
	AUTO_FD fd = open(buf_text(path), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	allow(g, fd, relation == APART ? g->rights : 0);
	if (relation == HOLDS)
		grant_entries(g, path);
}

static void grant_path(struct grant *g, const char *path)
{
	AUTO(buf) place = {0};
	char *real = realpath(path, NULL);

	if (real)
		buf_put_text(&place, real);
	free(real);
	if (place.n)
		grant_below(g, &place);
}

static void grant_list(struct grant *g, const char *const *paths)
{
	for (; paths && *paths; paths++)
		grant_path(g, *paths);
}

/* Where names, and nothing else, can be read, hidden places included. */
static void grant_names(struct grant *g)
{
	AUTO_FD fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		allow(g, fd, READ_DIR);
}

/* Terminals, shared memory and the temporary files of others are left out. */
static void grant_reads(struct grant *g, const struct sandbox *s)
{
	static const char *const others[] = {"/dev", "/tmp", NULL};
	static const char *const devices[] = {
		"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", NULL};

	g->rights = READS;
	g->except[0] = s->rules.hidden;
	g->except[1] = others;
	grant_names(g);
	grant_path(g, "/");
	g->except[1] = NULL;
	grant_list(g, s->rules.writable);
	grant_list(g, s->rules.readonly);
	g->rights = READ_FILE | WRITE_FILE;
	grant_list(g, devices);
}

bool plan_landlock(struct plan *p, const struct sandbox *s, struct err *e)
{
	struct ruleset r = {.files = known(s->abi),
		.scopes =
			s->abi >= SANDBOX_SIGNALS_ABI ? SCOPE_SIGNALS | SCOPE_ABSTRACT_SOCKETS : 0};

	p->ruleset_fd = create(&r, s->abi);
	if (p->ruleset_fd < 0 || fcntl(p->ruleset_fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_errno(e, "landlock_create_ruleset");
	struct grant g = {.ruleset_fd = p->ruleset_fd, .shown = s->rules.shown};
	grant_reads(&g, s);
	g.rights = WRITES & r.files;
	g.except[0] = s->rules.hidden;
	g.except[1] = s->rules.readonly;
	grant_list(&g, s->rules.writable);
	if (s->rules.temporary)
		grant_path(&g, s->rules.temporary);
	return !g.has_failed || err_errno(e, "landlock_add_rule");
}
