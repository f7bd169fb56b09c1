// SPDX-License-Identifier: MIT
/* Tasks in work trees of their own: what their commands reach, many at once, edits at random. */
#include <pthread.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "io/child.h"
#include "isolated.h"

/* ---- the sandbox ---- */

static struct child_result boxed(const struct isolated *t, const char *command)
{
	AUTO(buf) bash = {0};
	int out[2];
	pid_t pid;
	struct child_result result = {0};
	const char *const words[] = {"bash", "-c", command, NULL};

	assert_true(child_find("bash", &bash));
	const struct sandbox *sandbox = fence_sandbox(t->hands.fence, &failure);
	assert_non_null(sandbox);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	struct child_start start = {.program = buf_text(&bash),
		.arguments = words,
		.environment = fence_environment(t->hands.fence),
		.directory = t->workspace.root,
		.in_fd = -1,
		.out_fd = out[1],
		.errors_fd = out[1],
		.sandbox = sandbox};
	assert_true(child_spawn(&start, &pid, &failure));
	close(out[1]);
	assert_true(file_read_fd(out[0], "pipe", 1 << 20, &result.out, &failure));
	close(out[0]);
	/* The keeper ends by itself, with the status. */
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	result.status = WEXITSTATUS(status);
	return result;
}

/* Whatever the first task must not change: the user's files, git's, and other tasks'. */
static char *picture_beside(void)
{
	AUTO(buf) command = {0};

	buf_printf(&command,
		"find . %s -type f ! -path '*fettle-1/*' -print0 | sort -z | xargs -0 sha256sum",
		cache);
	return shell_in(tree_root, buf_text(&command));
}

static void fence_in(enum sandbox_wish wish)
{
	static struct secret_rules secrets;
	struct fence_options o = {.workspace = &workspace, .secrets = &secrets, .wish = wish};
	AUTO(buf) command = {0};

	begin();
	if (sandbox_probe(wish) == SANDBOX_NONE)
		return;
	setenv("XDG_CACHE_HOME", cache, 1);
	shell("echo KEY=1 >build.o; echo other >.git/info/mine");
	hands.fence = fence_new(&o);
	struct isolate *i = open_run(new_run());
	struct isolated *a = enter(i, 0), *b = enter(i, 1);
	char *before = picture_beside();
	buf_printf(&command,
		"echo ok >deep/inside || echo 'FAILED inside'\n"
		"git log --oneline | grep -q one || echo FAILED log\n"
		"git status --porcelain | grep -q deep/inside || echo FAILED status\n"
		"for f in %s/new %s/plain.txt %s/.git/config %s/.git/hooks/x %s/.git/HEAD "
		"%s/new %s/plain.txt %s/../1.index .git; do\n"
		"  (echo x >>$f) 2>/dev/null && echo WROTE $f; done\n"
		"rm -f .git 2>/dev/null && echo REMOVED .git\n"
		"git commit -qam x --allow-empty 2>/dev/null && echo COMMITTED\n"
		"git config a.b c 2>/dev/null && echo CONFIGURED\n"
		"cat %s/build.o 2>/dev/null && echo READ 1\n"
		"cat %s/plain.txt 2>/dev/null && echo READ 2\n"
		"true",
		tree_root, tree_root, tree_root, tree_root, tree_root, b->workspace.root,
		b->workspace.root, b->workspace.root, tree_root, b->workspace.root);
	struct child_result said = boxed(a, buf_text(&command));
	assert_string_equal(buf_text(&said.out), "");
	assert_int_equal(said.status, 0);
	child_result_release(&said);
	assert_same(before, picture_beside());
	assert_int_equal(leave(a).files, 1);
	isolate_abandon(b);
	isolate_close(i);
	fence_free(hands.fence);
	hands.fence = NULL;
	unsetenv("XDG_CACHE_HOME");
}

static void test_commands_reach_nothing_else_with_bubblewrap(void **)
{
	fence_in(SANDBOX_WISH_BUBBLEWRAP);
}

static void test_commands_reach_nothing_else_with_landlock(void **)
{
	char *home = must_copy(getenv("HOME"), strlen(getenv("HOME")));

	/* The tests' own may lie in /dev/shm, of which Landlock shows nothing. */
	setenv("HOME", "/nowhere", 1);
	fence_in(SANDBOX_WISH_LANDLOCK);
	setenv("HOME", home, 1);
	free(home);
}

/* ---- many at once, and at random ---- */

enum { THREADS = 6, ROUNDS = 8 };

struct worker {
	struct isolate *isolate;
	uint32_t first;
	size_t wrong;
};

static void *work_on(void *self)
{
	struct worker *w = self;
	struct isolate_change change;
	struct err e;

	for (uint32_t n = 0; n < ROUNDS; n++) {
		struct isolated *t = isolate_enter(w->isolate, w->first + n, NULL, &e);
		AUTO(buf) path = {0};
		char text[20];
		if (!t) {
			print_error("%s\n", e.text);
			w->wrong++;
			continue;
		}
		snprintf(text, sizeof text, "%u\n", w->first + n);
		buf_printf(&path, "%s/made-%u", t->workspace.root, w->first + n);
		int fd = open(buf_text(&path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		w->wrong += fd < 0 || !file_write_fd(fd, str_from(text), &e);
		close(fd);
		w->wrong += !isolate_leave(t, NULL, &change, &e) || change.files != 1;
	}
	return NULL;
}

static void test_many_at_once(void **)
{
	pthread_t threads[THREADS];
	struct worker workers[THREADS] = {0};

	begin();
	const char *run = new_run();
	struct isolate *i = open_run(run);
	for (uint32_t n = 0; n < THREADS; n++) {
		workers[n] = (struct worker){.isolate = i, .first = n * ROUNDS};
		assert_int_equal(pthread_create(&threads[n], NULL, work_on, &workers[n]), 0);
	}
	for (size_t n = 0; n < THREADS; n++) {
		pthread_join(threads[n], NULL);
		assert_int_equal(workers[n].wrong, 0);
	}
	isolate_close(i);
	apply(run, THREADS * ROUNDS);
	assert_same(
		shell_in(tree_root, "cat $(ls made-* | sort -V) | tr '\\n' ' '; ls made-* | wc -l"),
		shell_in(tree_root, "seq 0 47 | tr '\\n' ' '; echo 48"));
}

/* One of a few names, so that files and directories get into each other's way. */
static void random_name(struct buf *out)
{
	static const char *const names[] = {"a", "b", "c d", "e\nf", "\xfe", "link", "g.h"};
	int depth = 1 + (int)tree_random(3);

	for (int n = 0; n < depth; n++)
		buf_printf(out, "%s%s", n ? "/" : "",
			names[tree_random(sizeof names / sizeof *names)]);
}

static void random_edit(struct buf *script)
{
	AUTO(buf) name = {0};
	AUTO(buf) other = {0};

	random_name(&name);
	random_name(&other);
	buf_printf(script, "n='%s'; o='%s'\n", buf_text(&name), buf_text(&other));
	switch (tree_random(8)) {
	case 0: buf_put_text(script, "rm -rf \"$n\"\n"); break;
	case 1: buf_put_text(script, "mkdir -p \"$(dirname \"$o\")\"; mv \"$n\" \"$o\"\n"); break;
	case 2: buf_put_text(script, "test -f \"$n\" && chmod 755 \"$n\"\n"); break;
	case 3:
		buf_put_text(script, "mkdir -p \"$(dirname \"$n\")\"; ln -sfn \"$o\" \"$n\"\n");
		break;
	case 4:
		buf_printf(script, "test -f \"$n\" && sed -i '%u s/^/edit/' \"$n\"\n",
			1 + (unsigned)tree_random(20));
		break;
	case 5:
		buf_printf(script, "mkdir -p \"$(dirname \"$n\")\"; printf 'b\\0%u' >\"$n\"\n",
			(unsigned)tree_random(1000));
		break;
	default:
		buf_printf(script, "mkdir -p \"$(dirname \"$n\")\"; seq %u %u >\"$n\"\n",
			(unsigned)tree_random(5), (unsigned)tree_random(40));
	}
}

static void edit_at_random(const char *directory, int count)
{
	AUTO(buf) script = {0};

	buf_printf(&script, "cd '%s' || exit 1\n", directory);
	for (int n = 0; n < count; n++)
		random_edit(&script);
	buf_put_text(&script, "true\n");
	tree_text("../script", buf_text(&script));
	shell("sh ../script 2>/dev/null");
}

static void test_random_edits_of_two_tasks(void **)
{
	begin_bare();
	edit_at_random(tree_root, 60);
	shell("git add -A; git commit -qm random");
	edit_at_random(tree_root, 6);
	open_workspace();
	const char *run = new_run();
	struct isolate *i = open_run(run);
	for (int round = 0; round < 12; round++) {
		struct isolated *t[2] = {enter(i, 0), enter(i, 1)};
		char *made[2];
		shell("rm -rf ../start && cp -a . ../start");
		for (int n = 0; n < 2; n++) {
			edit_at_random(t[n]->workspace.root, 15);
			made[n] = picture(t[n]->workspace.root);
		}
		leave(t[1]);
		leave(t[0]);
		for (uint32_t n = 0; n < 2; n++) {
			struct isolate_apply a = {.workspace = &workspace,
				.state = state,
				.run = run,
				.tasks = &n,
				.count = 1,
				.tell = tell};
			AUTO(buf) notes = {0};
			told_count = 0;
			assert_true(isolate_apply(&a, &notes, &failure));
			if (told[0].outcome != ISOLATE_EMPTY)
				assert_applied(0);
			assert_same(made[n], picture(tree_root));
			shell("find . -mindepth 1 -maxdepth 1 -exec rm -rf {} + && "
			      "cp -a ../start/. .");
		}
	}
	isolate_close(i);
}

/* Not asserted, as other work on the machine would decide; with the figures wanted, it is told. */
static void test_the_next_task_of_a_tree_has_not_to_wait(void **)
{
	begin_bare();
	shell("for n in $(seq 1000); do mkdir -p d$((n % 50)); seq $n $((n + 200)) >d$((n % 50))/f$n;"
	      "done; git add -A; git commit -qm many");
	open_workspace();
	struct isolate *i = open_run(new_run());
	int64_t best = INT64_MAX, first = clock_ns();
	isolate_abandon(enter(i, 0));
	first = clock_ns() - first;
	for (uint32_t n = 1; n < 10; n++) {
		int64_t began = clock_ns();
		struct isolated *t = enter(i, n);
		int64_t took = clock_ns() - began;
		best = took < best ? took : best;
		work(t, "echo x >>d1/f1; rm -r d2; echo y >new");
		isolate_abandon(t);
	}
	isolate_close(i);
	print_message(
		"1,000 files: first %.1f ms, then %.1f ms\n", clock_ms(first), clock_ms(best));
	assert_true(best < first * 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands_reach_nothing_else_with_bubblewrap),
		cmocka_unit_test(test_commands_reach_nothing_else_with_landlock),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_random_edits_of_two_tasks),
		cmocka_unit_test(test_the_next_task_of_a_tree_has_not_to_wait),
	};

	return cmocka_run_group_tests(tests, tree_setup, isolated_teardown);
}
