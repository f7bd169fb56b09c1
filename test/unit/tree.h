// SPDX-License-Identifier: MIT
/* tree: files made for a test in a directory of its own, and random numbers that repeat. */
#ifndef TREE_H
#define TREE_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"

static char tree_top[32];
static char tree_root[64]; /* the tree at hand, in tree_top */

/* A new, empty tree; what the one before held stays until the end. */
__attribute__((unused)) static void tree_new(void)
{
	static int count;

	snprintf(tree_root, sizeof tree_root, "%s/%d", tree_top, count++);
	assert_int_equal(mkdir(tree_root, 0700), 0);
}

/* Nobody's settings but the test's own. */
static int tree_setup(void **)
{
	char home[64];
	bool has_memory = access("/dev/shm", W_OK) == 0;

	/* Thousands of files take their time on a disk. */
	snprintf(tree_top, sizeof tree_top, "%s/fettle-tree.XXXXXX",
		has_memory ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(tree_top));
	snprintf(home, sizeof home, "%s/home", tree_top);
	mkdir(home, 0700);
	setenv("HOME", home, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	unsetenv("XDG_CONFIG_HOME");
	return 0;
}

static int tree_teardown(void **)
{
	char command[200];

	snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", tree_top, tree_top);
	return system(command);
}

/* Below the root, the directories in front made when they are missing. */
static void tree_put(const char *path, const void *bytes, size_t n)
{
	AUTO(buf) whole = {0};

	buf_printf(&whole, "%s/%s", tree_root, path);
	for (char *slash = whole.p + strlen(tree_root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		assert_true(mkdir(whole.p, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	if (str_ends(buf_str(&whole), STR("/")))
		return;
	int fd = open(whole.p, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

__attribute__((unused)) static void tree_text(const char *path, const char *text)
{
	tree_put(path, text, strlen(text));
}

/* In the root; its output, or NULL when it fails. The caller frees. */
__attribute__((unused)) static char *tree_shell(const char *command)
{
	AUTO(buf) text = {0};
	AUTO(buf) words = {0};
	char bytes[4096];
	size_t n;

	buf_printf(&words, "cd %s && %s", tree_root, command);
	FILE *pipe = popen(buf_text(&words), "r");
	assert_non_null(pipe);
	while ((n = fread(bytes, 1, sizeof bytes, pipe)) > 0)
		buf_put(&text, bytes, n);
	return pclose(pipe) == 0 ? must_copy(buf_text(&text), text.n) : NULL;
}

/* xorshift64 (Marsaglia 2003) */
__attribute__((unused)) static uint64_t tree_random(uint64_t limit)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

#endif
