// SPDX-License-Identifier: MIT
/* What runs change is kept and comes back, byte for byte, whatever happens in between. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "agent/keep.h"
#include "agent/keep/inside.h"
#include "agent/undo.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/sha256_block.h"
#include "tree.h"

static char state[80]; /* fettle's own directory */
static struct workspace workspace;
static int last_run;
static struct err failure;

/* ---- a workspace with all kinds of files ---- */

static char *shell(const char *command)
{
	char *text = tree_shell(command);

	assert_non_null(text);
	return text;
}

static void begin_workspace(void)
{
	workspace_release(&workspace);
	tree_new();
	snprintf(state, sizeof state, "%s-state", tree_root);
	free(shell("mkdir .git && echo ref >.git/HEAD"));
	tree_text("plain.txt", "one\ntwo\nthree\n");
	tree_text("windows.txt", "one\r\ntwo\r\n");
	tree_text("open-ended", "no newline at the end");
	tree_text("tool.sh", "#!/bin/sh\necho hello\n");
	tree_text("deep/down/leaf.c", "int leaf;\n");
	tree_put("data.bin", "\0\1\2\377", 4);
	tree_text("empty", "");
	tree_text("n\xff m\n\".txt", "a name that is no UTF-8\n");
	free(shell("chmod 755 tool.sh; chmod 640 plain.txt; ln -s plain.txt link; mkdir hollow"));
	assert_true(workspace_open(&workspace, tree_root, &failure));
}

/* Everything there is, with permissions and contents. */
static char *picture(void)
{
	return shell("find . -name .git -prune -o -printf '%p %y %m %l\\n' | sort; "
		     "find . -name .git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum");
}

static void assert_picture(const char *expected)
{
	char *found = picture();

	assert_string_equal(found, expected);
	free(found);
}

static const char *run_name(int number)
{
	static char name[2][24];
	static int turn;
	char *out = name[turn ^= 1];

	snprintf(out, sizeof name[0], "%08d-run", number);
	return out;
}

static struct keep *begin_run(void)
{
	return keep_new(&workspace, state, run_name(++last_run), STR("mend the roof"));
}

/* What a tool does: text NULL removes the file. The new file is made outside, then renamed. */
static bool change(struct keep *k, const char *path, const char *text, mode_t mode)
{
	AUTO(buf) old = {0};
	AUTO(buf) whole = {0};
	char made[80];
	struct kept_state now;

	buf_printf(&whole, "%s/%s", tree_root, path);
	assert_true(keep_look(&workspace, str_from(path), &now, &old, &failure));
	struct keep_state before = {now.mode, buf_str(&old)};
	struct keep_state after = {text ? S_IFREG | mode : 0, text ? str_from(text) : STR("")};
	bool is_kept = keep_before(k, str_from(path), &before, &after, "edit", &failure);
	if (!text) {
		assert_int_equal(unlink(buf_text(&whole)), 0);
		keep_after(k, str_from(path), true);
		return is_kept;
	}
	for (char *slash = whole.p + strlen(tree_root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		assert_true(mkdir(whole.p, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	snprintf(made, sizeof made, "%s-made.%d", tree_root, (int)gettid());
	int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_true(file_write_fd(fd, str_from(text), &failure) && fchmod(fd, mode) == 0);
	close(fd);
	assert_int_equal(rename(made, buf_text(&whole)), 0);
	keep_after(k, str_from(path), true);
	return is_kept;
}

static void change_much(struct keep *k)
{
	assert_true(change(k, "plain.txt", "one\nTWO\nthree\n", 0640));
	assert_true(change(k, "windows.txt", "one\r\ntwo\r\nthree\r\n", 0600));
	assert_true(change(k, "open-ended", "still none", 0600));
	assert_true(change(k, "tool.sh", NULL, 0));
	assert_true(change(k, "new/deeper/made.txt", "made\n", 0644));
	assert_true(change(k, "plain.txt", "one\nTWO\nTHREE\n", 0640));
	assert_true(change(k, "n\xff m\n\".txt", "changed\n", 0600));
	assert_true(change(k, "empty", "full\n", 0755));
}

static void explain(int n, const struct undo_plan *p)
{
	size_t count;
	const struct undo_file *files = undo_plan_files(p, &count);

	for (size_t i = 0; i < count; i++)
		if (files[i].problem)
			print_error("%.*s: %s\n", STR_ARG(files[i].path), files[i].problem);
	fail_msg("killed at call %d: %s (%s)", n, failure.text, undo_plan_problem(p));
}

static struct undo_plan *plan(const char *id, bool takes_interrupted)
{
	static char own[24];
	struct undo_wish wish = {.workspace = &workspace,
		.directory = state,
		.id = id,
		.own_id = own,
		.takes_interrupted = takes_interrupted};

	snprintf(own, sizeof own, "%s", run_name(++last_run));
	return undo_plan_new(&wish, &failure);
}

static bool undo(const char *id, bool partial)
{
	struct undo_plan *p = plan(id, false);
	bool is_done = p && undo_apply(p, partial, &failure);

	undo_plan_free(p);
	return is_done;
}

/* How often it says so; problem NULL: any. */
static size_t problems(const char *id, const char *path, const char *problem)
{
	struct undo_plan *p = plan(id, false);
	size_t count, found = 0;

	assert_non_null(p);
	const struct undo_file *files = undo_plan_files(p, &count);
	for (size_t i = 0; i < count; i++)
		found += files[i].problem && (!path || str_is(files[i].path, path)) &&
			 (!problem || strstr(files[i].problem, problem));
	undo_plan_free(p);
	return found;
}

/* ---- undo ---- */

static void test_undo_and_redo(void **)
{
	begin_workspace();
	char *before = picture();
	struct keep *k = begin_run();
	assert_int_not_equal(access(state, F_OK), 0);
	change_much(k);
	char *after = picture();
	assert_string_not_equal(before, after);
	keep_free(k);
	assert_true(undo(NULL, false));
	assert_picture(before);
	assert_false(undo(NULL, false));
	assert_non_null(strstr(failure.text, "no run"));
	/* The undo is a run of its own: undone, the changes are there again, and so on. */
	const char *first_undo = run_name(last_run - 1);
	char name[24];
	snprintf(name, sizeof name, "%s", first_undo);
	assert_true(undo(name, false));
	assert_picture(after);
	assert_true(undo(NULL, false));
	assert_picture(before);
	free(before);
	free(after);
}

static void test_changed_since(void **)
{
	begin_workspace();
	struct keep *k = begin_run();
	change_much(k);
	keep_free(k);
	tree_text("windows.txt", "somebody else\n");
	free(shell("rm open-ended; echo >>new/deeper/made.txt; echo again >tool.sh"));
	char *after = picture();
	assert_int_equal(problems(NULL, NULL, NULL), 4);
	assert_int_equal(problems(NULL, "windows.txt", "changed since"), 1);
	assert_int_equal(problems(NULL, "open-ended", "removed since"), 1);
	assert_int_equal(problems(NULL, "new/deeper/made.txt", "changed since"), 1);
	assert_int_equal(problems(NULL, "tool.sh", "made again since"), 1);
	assert_false(undo(NULL, false));
	assert_picture(after);
	/* The others come back, and those stay. */
	assert_true(undo(NULL, true));
	free(shell("grep -q two plain.txt && test ! -s empty && grep -q somebody windows.txt && "
		   "test -e new/deeper/made.txt && grep -q again tool.sh"));
	/* What stands in the way has gone: the rest follows, and the run is undone. */
	free(shell("printf 'one\\r\\ntwo\\r\\nthree\\r\\n' >windows.txt; printf 'still none' "
		   ">open-ended; echo made >new/deeper/made.txt; rm tool.sh"));
	assert_int_equal(problems(NULL, NULL, NULL), 0);
	assert_true(undo(NULL, false));
	free(shell("test -x tool.sh && test ! -e new && grep -q newline open-ended"));
	assert_null(plan(NULL, false));
	free(after);
}

static void test_permissions_since(void **)
{
	begin_workspace();
	struct keep *k = begin_run();
	change(k, "plain.txt", "other\n", 0640);
	change(k, "tool.sh", "#!/bin/sh\necho hello\n", 0700);
	keep_free(k);
	free(shell("chmod 604 plain.txt; chmod 711 tool.sh"));
	assert_int_equal(problems(NULL, NULL, NULL), 1);
	assert_int_equal(problems(NULL, "tool.sh", "permissions"), 1);
	free(shell("chmod 700 tool.sh"));
	assert_true(undo(NULL, false));
	free(shell(
		"test $(stat -c %a plain.txt) = 604 && test $(stat -c %a tool.sh) = 755 && grep -q "
		"two plain.txt"));
}

static void test_several_runs(void **)
{
	begin_workspace();
	char *before = picture();
	struct keep *k = begin_run();
	change(k, "plain.txt", "first\n", 0640);
	change(k, "tool.sh", "first\n", 0755);
	keep_free(k);
	char first[24], second[24];
	snprintf(first, sizeof first, "%s", run_name(last_run));
	usleep(2000); /* runs of one millisecond are in the order of their names */
	k = begin_run();
	change(k, "plain.txt", "second\n", 0640);
	change(k, "empty", "second\n", 0600);
	keep_free(k);
	snprintf(second, sizeof second, "%s", run_name(last_run));
	/* The older one first: the younger stands in its way where both have been. */
	assert_int_equal(problems(first, NULL, NULL), 1);
	assert_false(undo(first, false));
	assert_true(undo(NULL, false));
	assert_false(undo(second, false));
	assert_non_null(strstr(failure.text, "undone already"));
	assert_true(undo(NULL, false));
	assert_picture(before);
	free(before);
}

/* The beginning of an id will do, where it is one run's; another workspace's run is named. */
static void test_choice(void **)
{
	begin_workspace();
	struct keep *k = begin_run();
	change(k, "empty", "x", 0600);
	keep_free(k);
	usleep(2000);
	k = begin_run();
	change(k, "plain.txt", "x", 0600);
	assert_null(plan(run_name(last_run), false));
	assert_non_null(strstr(failure.text, "still at work"));
	keep_free(k);
	assert_null(plan("0000", false));
	assert_non_null(strstr(failure.text, "several runs"));
	assert_null(plan("nothing", false));
	assert_non_null(strstr(failure.text, "no run begins"));
	char kept_state[80], root[80], id[24];
	snprintf(kept_state, sizeof kept_state, "%s", state);
	snprintf(root, sizeof root, "%s", tree_root);
	snprintf(id, sizeof id, "%s", run_name(last_run - 3));
	begin_workspace();
	snprintf(state, sizeof state, "%s", kept_state);
	assert_null(plan(id, false));
	assert_non_null(strstr(failure.text, root));
}

/* ---- commands ---- */

static char *command(struct keep *k, const char *words, struct buf *note)
{
	AUTO(buf) out = {0};
	struct keep_tree *t = keep_tree_before(k, NULL, note);

	assert_non_null(t);
	free(shell(words));
	keep_tree_after(k, t, "bash", &out);
	return must_copy(buf_text(&out), out.n);
}

static void test_command(void **)
{
	AUTO(buf) note = {0};
	begin_workspace();
	char *before = picture();
	struct keep *k = begin_run();
	change(k, "plain.txt", "by a tool\n", 0640);
	char *out = command(k,
		"sed -i s/hello/there/ tool.sh; rm -r deep; mkdir -p made/here empty.d; echo x "
		">made/here/x; ln -sfn data.bin link; chmod 600 plain.txt; rmdir hollow; echo a "
		">hollow; rm empty; mkdir empty; echo b >empty/b; mv windows.txt unix.txt",
		&note);
	assert_int_equal(note.n, 0);
	assert_string_equal(out,
		"changed: D deep/down/leaf.c, M empty, A empty/b, M hollow, M link, "
		"A made/here/x, M plain.txt, M tool.sh, A unix.txt, D windows.txt\n");
	char *after = picture();
	keep_free(k);
	assert_true(undo(NULL, false));
	assert_picture(before);
	assert_true(undo(run_name(last_run), false));
	assert_picture(after);
	free(before);
	free(after);
	free(out);
}

static void test_command_that_changes_nothing(void **)
{
	AUTO(buf) note = {0};
	char path[200];
	begin_workspace();
	struct keep *k = begin_run();
	char *out =
		command(k, "cat plain.txt >/dev/null; touch plain.txt; chmod 640 plain.txt", &note);
	assert_string_equal(out, "");
	free(out);
	keep_free(k);
	/* No trace of the run is left. */
	struct undo_run *runs;
	size_t count;
	AUTO(arena) a = {0};
	assert_true(undo_list(&workspace, state, &a, &runs, &count, &failure));
	assert_int_equal(count, 0);
	snprintf(path, sizeof path, "test $(stat -c %%a %s/undo) = 700", state);
	free(shell(path));
}

/* The same size, in the same tick of the clock: nothing but the bytes tells. */
static void test_quick_change(void **)
{
	AUTO(buf) note = {0};
	begin_workspace();
	struct keep *k = begin_run();
	for (int i = 0; i < 20; i++) {
		AUTO(buf) out = {0};
		char text[16];
		snprintf(text, sizeof text, "%04d", i);
		tree_text("quick", text);
		struct keep_tree *t = keep_tree_before(k, NULL, &note);
		snprintf(text, sizeof text, "%04d", i + 5000);
		tree_text("quick", text);
		keep_tree_after(k, t, "bash", &out);
		assert_string_equal(buf_text(&out), "changed: M quick\n");
	}
	keep_free(k);
	assert_true(undo(NULL, false));
	free(shell("test $(cat quick) = 0000"));
}

/* Rules that change bring old files to light, and hide some: neither is a change. */
static void test_ignored(void **)
{
	AUTO(buf) note = {0};
	begin_workspace();
	tree_text(".gitignore", "*.o\n");
	tree_text("old.o", "object");
	tree_text("old.x", "x");
	usleep(20'000);
	char *before = picture();
	struct keep *k = begin_run();
	char *out = command(k, "echo '*.x' >.gitignore; echo y >new.x", &note);
	assert_string_equal(out, "changed: M .gitignore\n");
	keep_free(k);
	assert_true(undo(NULL, false));
	free(shell("rm new.x"));
	assert_picture(before);
	free(before);
	free(out);
}

static void test_state_inside(void **)
{
	AUTO(buf) note = {0};
	begin_workspace();
	snprintf(state, sizeof state, "%s/own/fettle", tree_root);
	struct keep *k = begin_run();
	char *out = command(k, "echo x >empty", &note);
	assert_string_equal(out, "changed: M empty\n");
	free(out);
	keep_free(k);
	assert_true(undo(NULL, false));
	free(shell("test ! -s empty"));
}

/* ---- what cannot be kept is told ---- */

static void test_too_large(void **)
{
	AUTO(buf) note = {0};
	AUTO(arena) a = {0};
	struct undo_run *runs;
	size_t count;
	begin_workspace();
	free(shell("truncate -s 17M large; truncate -s 17M larger"));
	AUTO(buf) large = {0};
	memset(buf_reserve(&large, 17 << 20), 0, 17 << 20);
	large.n = 17 << 20;
	struct keep *k = begin_run();
	struct keep_state old = {S_IFREG | 0600, buf_str(&large)};
	struct keep_state new = {S_IFREG | 0600, STR("small")};
	assert_false(keep_before(k, STR("large"), &old, &new, "write", &failure));
	assert_string_equal(failure.text, "more than 16 MB");
	tree_text("large", "small");
	keep_after(k, STR("large"), true);
	char *out = command(k, "echo >>larger; echo >>empty", &note);
	assert_string_equal(buf_text(&note),
		"[1 file is not kept, changes to it cannot be undone: 1 over 16 MB]\n");
	assert_string_equal(out, "changed: M empty, M larger\n[1 of them cannot be undone]\n");
	free(out);
	keep_free(k);
	assert_true(undo_list(&workspace, state, &a, &runs, &count, &failure));
	assert_int_equal(count, 1);
	assert_int_equal(runs[0].unkept, 2);
	assert_int_equal(problems(NULL, "large", "not kept: more than 16 MB"), 1);
	assert_int_equal(problems(NULL, "larger", "more than 16 MB"), 1);
	assert_false(undo(NULL, false));
	free(shell("test -s empty"));
}

static void test_nowhere(void **)
{
	AUTO(buf) note = {0};
	begin_workspace();
	struct keep *k = keep_new(&workspace, NULL, "a", STR("t"));
	assert_false(change(k, "empty", "x", 0600));
	assert_non_null(strstr(failure.text, "XDG_STATE_HOME"));
	assert_null(keep_tree_before(k, NULL, &note));
	assert_non_null(strstr(buf_text(&note), "cannot be undone"));
	keep_free(k);
	k = keep_new(&workspace, "/proc/nowhere", "a", STR("t"));
	assert_false(change(k, "empty", "y", 0600));
	keep_free(k);
	assert_true(keep_before(NULL, STR("a"), NULL, NULL, "x", &failure));
}

/* The oldest go, the newest stays, and what stays can be undone. */
static void test_sweep(void **)
{
	char *before = NULL;
	char big[3000], id[8][24];
	begin_workspace();
	for (int i = 0; i < 8; i++) {
		memset(big, 'a' + i, sizeof big);
		big[sizeof big - 1] = '\0';
		tree_text("plain.txt", big);
		free(before);
		before = picture();
		struct keep *k = begin_run();
		snprintf(id[i], sizeof id[i], "%s", run_name(last_run));
		change(k, "plain.txt", "x", 0640);
		keep_sweep(k, 10'000);
		store_close(&k->store);
		assert_true(store_open(&k->store, state, false, &failure));
		keep_free(k);
		usleep(12'000);
	}
	assert_null(plan(id[0], false));
	assert_null(plan(id[3], false));
	AUTO(arena) a = {0};
	struct undo_run *runs;
	size_t count;
	assert_true(undo_list(&workspace, state, &a, &runs, &count, &failure));
	assert_in_range(count, 2, 4);
	assert_true(undo(NULL, false));
	assert_picture(before);
	free(before);
}

/* ---- damage ---- */

static void spoil(const char *words)
{
	AUTO(buf) line = {0};

	buf_printf(&line, "cd %s/undo && %s", state, words);
	free(shell(buf_text(&line)));
}

static void test_damage(void **)
{
	static const struct {
		const char *words, *problem;
	} cases[] = {
		{"find objects -type f -size +1c | head -1 | xargs truncate -s 1", "damaged"},
		{"f=$(find objects -type f | head -1); n=$(stat -c %s $f); head -c $n /dev/zero | tr "
		 "'\\0' z >$f",
			"damaged"},
		{"rm $(find objects -type f | head -1)", "missing"},
		{"sed -i '2i garbage' trees/*/runs/*", NULL},
		{"sed -i '4s/plain/..\\/plain/' trees/*/runs/*", NULL},
		{"sed -i '2s/\"mode\":[0-9]*/\"mode\":-1/' trees/*/runs/*", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin_workspace();
		struct keep *k = begin_run();
		change(k, "open-ended", "w\n", 0640);
		change(k, "plain.txt", "x\n", 0640);
		change(k, "tool.sh", NULL, 0);
		keep_free(k);
		spoil(cases[i].words);
		char *after = picture();
		struct undo_plan *p = plan(NULL, false);
		assert_non_null(p);
		if (!cases[i].problem && !undo_plan_problem(p))
			fail_msg("not noticed: %s", cases[i].words);
		undo_plan_free(p);
		if (cases[i].problem)
			assert_int_equal(problems(NULL, NULL, cases[i].problem), 1);
		assert_false(undo(NULL, false));
		assert_picture(after);
		free(after);
	}
	/* Of a journal without its first line nothing is known but that it is there. */
	begin_workspace();
	struct keep *k = begin_run();
	change(k, "plain.txt", "x\n", 0640);
	keep_free(k);
	spoil("for f in trees/*/runs/*; do echo garbage >$f; done");
	assert_false(undo(NULL, false));
	free(shell("grep -q x plain.txt"));
}

/* A damaged index costs time, nothing else. */
static void test_damaged_index(void **)
{
	AUTO(buf) note = {0};
	begin_workspace();
	for (int i = 0; i < 4; i++) {
		struct keep *k = begin_run();
		char *out = command(k, "date +%N >>plain.txt", &note);
		assert_string_equal(out, "changed: M plain.txt\n");
		free(out);
		keep_free(k);
		spoil(i == 0     ? "truncate -s 100 trees/*/index"
			: i == 1 ? "for f in trees/*/index; do echo >$f; done"
			: i == 2 ? "rm -r objects/* size"
				 : "true");
	}
	assert_int_equal(note.n, 0);
	assert_true(undo(NULL, false));
}

/* ---- at the same time ---- */

static void *change_mine(void *self)
{
	struct keep *k = self;
	char path[40];

	for (int i = 0; i < 12; i++) {
		snprintf(path, sizeof path, "t%d/%d", (int)gettid(), i % 4);
		assert_true(change(k, path, i % 3 ? "again\n" : "here\n", 0600));
	}
	return NULL;
}

static void test_threads(void **)
{
	pthread_t threads[6];
	begin_workspace();
	char *before = picture();
	struct keep *k = begin_run();
	for (int i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, change_mine, k), 0);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	keep_free(k);
	assert_true(undo(NULL, false));
	assert_picture(before);
	free(before);
}

static void test_runs_at_once(void **)
{
	AUTO(buf) note = {0};
	begin_workspace();
	char *before = picture();
	struct keep *a = begin_run(), *b = begin_run();
	char first[24];
	snprintf(first, sizeof first, "%s", run_name(last_run - 1));
	change(a, "plain.txt", "a\n", 0640);
	free(command(b, "echo b >tool.sh", &note));
	change(a, "empty", "a\n", 0600);
	free(command(a, "echo a >windows.txt", &note));
	change(b, "data.bin", "b\n", 0600);
	keep_free(b);
	assert_true(undo(NULL, false));
	keep_free(a);
	assert_true(undo(first, false));
	assert_picture(before);
	free(before);
}

/* ---- killed ---- */

/* Runs deed in a process that is killed at its n-th system call; false when it came to its end. */
static bool kill_at(int n, void (*deed)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		deed();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Two stops a call: before it and after it. */
	for (int i = 0; i < 2 * n && WIFSTOPPED(status); i++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	if (!WIFSTOPPED(status)) {
		assert_int_equal(status, 0);
		return false;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return true;
}

static bool can_trace(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void three_changes(void)
{
	struct keep *k = keep_new(&workspace, state, "killed", STR("t"));

	(void)!change(k, "plain.txt", "changed\n", 0640);
	(void)!change(k, "new/made", "made\n", 0640);
	(void)!change(k, "tool.sh", NULL, 0);
	keep_free(k);
}

static void test_killed_run(void **)
{
	bool is_killed = true;
	int points = 0;

	if (!can_trace())
		skip();
	for (int n = 1; is_killed; n += 3, points++) {
		begin_workspace();
		char *before = picture();
		is_killed = kill_at(n, three_changes);
		struct undo_plan *p = plan(NULL, false);
		if (p) {
			if (!undo_apply(p, false, &failure))
				explain(n, p);
			undo_plan_free(p);
		}
		/* A directory that was made before its file was is all that may be left. */
		free(shell("rmdir new 2>&1 || true"));
		assert_picture(before);
		free(before);
	}
	assert_true(points > 20);
}

static void undo_killed(void)
{
	(void)!undo("killed", false);
}

static void test_killed_undo(void **)
{
	bool is_killed = true;
	int points = 0;

	if (!can_trace())
		skip();
	for (int n = 1; is_killed; n += 5, points++) {
		begin_workspace();
		char *before = picture();
		three_changes();
		is_killed = kill_at(n, undo_killed);
		last_run++;
		struct undo_plan *p = plan("killed", false);
		if (p) {
			if (!undo_apply(p, false, &failure))
				explain(n, p);
			undo_plan_free(p);
		}
		free(shell("rm -f .fettle-undo.*"));
		assert_picture(before);
		free(before);
	}
	assert_true(points > 20);
}

static void half_a_command(void)
{
	AUTO(buf) note = {0};
	struct keep *k = keep_new(&workspace, state, "half", STR("t"));

	(void)!change(k, "plain.txt", "by a tool\n", 0640);
	(void)!keep_tree_before(k, NULL, &note);
	free(shell("echo by the command >windows.txt; rm tool.sh; echo >made"));
	_exit(0);
}

static void test_interrupted_command(void **)
{
	begin_workspace();
	char *before = picture();
	pid_t pid = fork();
	if (pid == 0)
		half_a_command();
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(problems(NULL, NULL, "cut off"), 3);
	assert_false(undo(NULL, false));
	struct undo_plan *p = plan(NULL, true);
	assert_non_null(p);
	assert_true(undo_apply(p, false, &failure));
	undo_plan_free(p);
	assert_picture(before);
	free(before);
}

/* ---- the net difference ---- */

static void test_net_diff(void **)
{
	AUTO(buf) diff = {0};
	AUTO(buf) notes = {0};
	AUTO(buf) line = {0};
	AUTO(arena) a = {0};
	struct keep_change *changes;
	begin_workspace();
	free(shell("rm data.bin; rm n*; cp -a . ../copy-of-it"));
	struct keep *k = begin_run();
	assert_true(change(k, "plain.txt", "one\nTWO\nthree\n", 0640));
	assert_true(change(k, "windows.txt", "one\r\nand\r\ntwo\r\n", 0600));
	assert_true(change(k, "open-ended", "still none", 0600));
	assert_true(change(k, "tool.sh", NULL, 0));
	assert_true(change(k, "new/made.txt", "made\n", 0755));
	assert_true(change(k, "empty", "x\n", 0600));
	assert_true(change(k, "empty", "", 0600));
	free(command(k, "chmod 755 deep/down/leaf.c; rm link; ln -s tool.sh link; rmdir hollow",
		&notes));
	assert_int_equal(notes.n, 0);
	assert_int_equal(keep_changes(k, &a, &changes), 7);
	assert_string_equal(changes[0].path.p, "deep/down/leaf.c");
	assert_int_equal(changes[0].kind, 'M');
	assert_string_equal(changes[2].path.p, "new/made.txt");
	assert_int_equal(changes[2].kind, 'A');
	assert_int_equal(changes[2].added, 1);
	assert_int_equal(changes[5].kind, 'D');
	assert_int_equal(changes[5].removed, 2);
	keep_put_diff(k, &diff, &notes);
	assert_int_equal(notes.n, 0);
	tree_put("../the.diff", diff.p, diff.n);
	free(shell("cd ../copy-of-it && rm -rf .git hollow && git init -q . 2>&1 && git apply "
		   "../the.diff && rm -rf .git && diff -r --no-dereference --exclude=.git . "
		   "$OLDPWD && test -x new/made.txt && test -x deep/down/leaf.c && rm -rf "
		   "../copy-of-it"));
	keep_free(k);
	assert_int_equal(undo(NULL, false), true);
}

static void test_dry_run(void **)
{
	AUTO(buf) diff = {0};
	AUTO(buf) note = {0};
	AUTO(arena) a = {0};
	struct keep_change *changes;
	begin_workspace();
	struct keep *k = keep_new_dry(&workspace);
	struct keep_state old = {S_IFREG | 0640, STR("one\ntwo\nthree\n")};
	struct keep_state middle = {S_IFREG | 0640, STR("one\n")};
	struct keep_state new = {S_IFREG | 0640, STR("one\ntwo\nfour\n")};
	assert_true(keep_before(k, STR("plain.txt"), &old, &middle, "edit", &failure));
	keep_after(k, STR("plain.txt"), true);
	assert_true(keep_before(k, STR("plain.txt"), &middle, &new, "edit", &failure));
	keep_after(k, STR("plain.txt"), true);
	assert_null(keep_tree_before(k, NULL, &note));
	assert_int_equal(keep_changes(k, &a, &changes), 1);
	assert_int_equal(changes[0].added, 1);
	assert_int_equal(changes[0].removed, 1);
	keep_put_diff(k, &diff, &note);
	assert_non_null(strstr(buf_text(&diff), "\n-three\n+four\n"));
	assert_int_equal(note.n, 0);
	keep_free(k);
	assert_int_not_equal(access(state, F_OK), 0);
}

/* What goes on beside the run is noted when it ends, whatever else was noted in between. */
static void test_beside_the_run(void **)
{
	AUTO(buf) note = {0};
	AUTO(arena) a = {0};
	struct keep_change *changes;
	begin_workspace();
	char *before = picture();
	struct keep *k = begin_run();
	keep_tree_stay(k, keep_tree_before(k, NULL, &note), "bash");
	free(shell("echo 1 >windows.txt"));
	assert_true(change(k, "plain.txt", "x\n", 0640));
	keep_tree_stay(k, keep_tree_before(k, NULL, &note), "bash");
	char *out = command(k, "echo 2 >tool.sh", &note);
	assert_string_equal(out, "changed: M tool.sh\n");
	free(out);
	assert_int_equal(keep_changes(k, &a, &changes), 3);
	free(shell("echo 3 >>windows.txt; rm -r deep; echo >born"));
	keep_free(k);
	assert_true(undo(NULL, false));
	assert_picture(before);
	free(before);
}

static void test_binary_differences_up_to_a_size(void **)
{
	AUTO(buf) diff = {0};
	AUTO(buf) notes = {0};
	begin_workspace();
	struct keep *k = begin_run();
	change(k, "data.bin", "text\n", 0600);
	keep_put_diff(k, &diff, &notes);
	assert_non_null(strstr(buf_text(&diff), "\nGIT binary patch\nliteral 5\n"));
	assert_int_equal(notes.n, 0);
	free(command(k, "head -c 300000 /dev/zero >data.bin", &notes));
	buf_clear(&diff);
	keep_put_diff(k, &diff, &notes);
	assert_int_equal(diff.n, 0);
	assert_string_equal(
		buf_text(&notes), "data.bin: not text, and more than 200 KB: no diff\n");
	keep_free(k);
}

static void test_sha256(void **)
{
	/* FIPS 180-4, examples; and every length around the padding's edge. */
	char text[SHA256_TEXT];
	struct sha256 d = sha256_of(STR("abc")), back;
	sha256_text(&d, text);
	assert_string_equal(
		text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(sha256_read(str_from(text), &back) && sha256_eq(&d, &back));
	d = sha256_of(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
	sha256_text(&d, text);
	assert_string_equal(
		text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	d = sha256_of((struct str){0});
	sha256_text(&d, text);
	assert_string_equal(
		text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_false(sha256_read(STR("e3b0"), &back));
	text[5] = 'E';
	assert_false(sha256_read(str_from(text), &back));
}

/* With the processor's instructions and without; that they count right is tested above. */
static void test_sha256_ways(void **)
{
	unsigned char blocks[5 * SHA256_BLOCK_BYTES];
	uint32_t number = 1;

	for (int round = 0; round < 500; round++) {
		uint32_t a[8], b[8];
		size_t count = (size_t)round % 6;
		for (size_t i = 0; i < sizeof blocks; i++)
			blocks[i] = (unsigned char)((number = number * 1664525 + 1013904223) >> 24);
		for (size_t i = 0; i < 8; i++)
			a[i] = b[i] = number = number * 1664525 + 1013904223;
		sha256_take(a, blocks, count);
		sha256_take_plain(b, blocks, count);
		assert_memory_equal(a, b, sizeof a);
	}
}

static int teardown(void **self)
{
	workspace_release(&workspace);
	return tree_teardown(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_sha256_ways),
		cmocka_unit_test(test_undo_and_redo),
		cmocka_unit_test(test_changed_since),
		cmocka_unit_test(test_permissions_since),
		cmocka_unit_test(test_several_runs),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_command_that_changes_nothing),
		cmocka_unit_test(test_quick_change),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_state_inside),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_damaged_index),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_runs_at_once),
		cmocka_unit_test(test_killed_run),
		cmocka_unit_test(test_killed_undo),
		cmocka_unit_test(test_interrupted_command),
		cmocka_unit_test(test_net_diff),
		cmocka_unit_test(test_binary_differences_up_to_a_size),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_beside_the_run),
	};

	return cmocka_run_group_tests(tests, tree_setup, teardown);
}
