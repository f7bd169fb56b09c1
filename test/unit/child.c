// SPDX-License-Identifier: MIT
/* Programs run to their end, or stopped before it. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/child.h"

static bool run_shell(const char *script, int64_t deadline_ms, const atomic_bool *cancel,
	struct child_result *result, struct err *e)
{
	const char *arguments[] = {"sh", "-c", script, NULL}, *environment[] = {"A=b", NULL};
	struct child_options options = {.program = "/bin/sh",
		.arguments = arguments,
		.environment = environment,
		.out_max_bytes = 1000,
		.errors_max_bytes = 100,
		.deadline_ms = deadline_ms,
		.cancel = cancel};

	return child_run(&options, result, e);
}

static void test_child(void **)
{
	struct child_result r = {0};
	struct err e;

	setenv("SECRET_KEY", "x", 1);
	assert_true(
		run_shell("echo $A$SECRET_KEY; echo bad >&2; cat; exit 3", 50'000, NULL, &r, &e));
	assert_string_equal(r.out.p, "b\n");
	assert_string_equal(r.errors.p, "bad\n");
	assert_int_equal(r.status, 3);
	child_result_release(&r);
	assert_true(run_shell("head -c 3000000 /dev/zero; echo end >&2", 50'000, NULL, &r, &e));
	assert_int_equal(r.out.n, 1000);
	assert_int_equal(r.out_bytes, 3'000'000);
	assert_string_equal(r.errors.p, "end\n");
	child_result_release(&r);
	assert_true(run_shell("kill -9 $$", 50'000, NULL, &r, &e));
	assert_int_equal(r.status, 128 + 9);
	child_result_release(&r);
	/* Whoever stays behind with the pipe does not hold us up, and is gone afterwards. */
	int64_t start = clock_ns();
	assert_true(run_shell("sleep 30 & echo $!", 50'000, NULL, &r, &e));
	assert_true(clock_ns() - start < 20'000'000'000);
	int64_t pid;
	assert_true(str_int(str_trim(buf_str(&r.out)), &pid));
	for (int i = 0; i < 100 && kill((pid_t)pid, 0) == 0; i++) {
		char path[64], state[512] = "";
		snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
		int fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, state, sizeof state - 1) > 0 && strstr(state, ") Z "))
			i = 100;
		close(fd);
		usleep(10'000);
	}
	child_result_release(&r);
}

static void test_child_stopped(void **)
{
	struct child_result r = {0};
	atomic_bool cancel = true;
	struct err e;

	int64_t start = clock_ns();
	assert_false(run_shell("trap '' TERM INT; while :; do echo x; done", 100, NULL, &r, &e));
	assert_int_equal(e.code, ERR_TIMEOUT);
	assert_false(run_shell("sleep 60 | sleep 60", 50, NULL, &r, &e));
	assert_int_equal(e.code, ERR_TIMEOUT);
	assert_false(run_shell("sleep 60", 60'000, &cancel, &r, &e));
	assert_int_equal(e.code, ERR_CANCELLED);
	assert_true(clock_ns() - start < 20'000'000'000);
	const char *none[] = {"x", NULL};
	struct child_options missing = {.program = "/nowhere/x",
		.arguments = none,
		.environment = none,
		.out_max_bytes = 1,
		.errors_max_bytes = 1,
		.deadline_ms = 1000};
	assert_false(child_run(&missing, &r, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	AUTO(buf) path = {0};
	assert_false(child_find("no-such-program-here", &path));
	assert_int_equal(path.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_child_stopped),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
