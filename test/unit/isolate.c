// SPDX-License-Identifier: MIT
/* Tasks in work trees of their own: what they see, what becomes of their changes, who clears up. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "isolated.h"

static const char much[] =
	"printf 'one\\nTWO\\n' >plain.txt; printf 'one\\r\\nzwei\\r\\n' >windows.txt;"
	"printf 'still none' >open-ended; chmod 644 tool.sh; chmod 755 deep/down/leaf.c;"
	"git mv -k x y; mv data.bin moved.bin; printf '\\0\\3' >more.bin; rm empty; mkdir new;"
	"printf 'a\\n' >'new/with\nline end'; ln -s ../nowhere new/dangling; rm link;"
	"ln -s deep/down/leaf.c link; printf 'changed\\n' >n*m*.txt; : >new/empty";

static void test_all_kinds_of_changes_come_back(void **)
{
	begin();
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);

	assert_same(picture(t->workspace.root), picture(tree_root));
	work(t, much);
	char *made = picture(t->workspace.root);
	struct isolate_change change = leave(t);
	assert_true(change.files >= 12 && change.added > 3 && change.removed > 3);
	isolate_close(i);
	apply(run, 1);
	assert_applied(0);
	assert_same(made, picture(tree_root));
	assert_same(shell_in(tree_root, "git worktree list | wc -l"), must_copy("1\n", 2));
	assert_same(shell_in(cache, "ls -A worktrees | wc -l"), must_copy("0\n", 2));
	assert_same(shell_in(state, "stat -c %a batch/*/patches batch/*/patches/*"),
		must_copy("700\n600\n", 8));
}

static void test_files_and_directories_change_places(void **)
{
	begin();
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);

	work(t, "rm -r deep; echo file >deep; rm plain.txt; mkdir plain.txt;"
		"echo below >plain.txt/below; rm link; mkdir link; echo x >link/x");
	char *made = picture(t->workspace.root);
	assert_int_equal(leave(t).files > 4, true);
	/* And a second time in the same tree, which has to be as it was before. */
	t = enter(i, 1);
	assert_same(picture(t->workspace.root), picture(tree_root));
	isolate_abandon(t);
	isolate_close(i);
	apply(run, 1);
	assert_applied(0);
	assert_same(made, picture(tree_root));
}

static void test_tasks_see_what_the_user_has_not_committed(void **)
{
	begin();
	shell("echo staged >staged && git add staged; echo more >>plain.txt; echo new >'new\nfile';"
	      "rm empty; mkdir build && echo o >build/x; echo o >deep/y.o; git rm -q --cached link;"
	      "echo add >intent && git add -N intent; git init -q inner; echo i >inner/i;"
	      "chmod 644 tool.sh");
	char *before = shell_in(tree_root, "git status --porcelain -z; sha256sum .git/index");
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);
	assert_same(before, shell_in(tree_root, "git status --porcelain -z; sha256sum .git/index"));
	assert_same(picture(t->workspace.root),
		shell_in(tree_root,
			"cp -a . ../copy && cd ../copy && rm -rf build deep/y.o inner && "
			"find . -name .git -prune -o ! -type d -printf '%p %y %l ' "
			"\\( -perm -100 -printf x -o -true \\) -printf '\\0' | sort -z | tr '\\0' '\\n'; "
			"find . -name .git -prune -o -type f -print0 | sort -z | "
			"xargs -0 sha256sum; cd ..; rm -r copy"));
	/* Changes are against that, so that they fit what the user has. */
	work(t, "sed -i s/more/most/ plain.txt; git status --porcelain >../status; cat ../status");
	assert_int_equal(leave(t).files, 1);
	isolate_close(i);
	apply(run, 1);
	assert_applied(0);
	assert_same(shell_in(tree_root, "tail -1 plain.txt"), must_copy("most\n", 5));
}

static void test_nothing_changed_is_an_empty_patch(void **)
{
	begin();
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);

	work(t, "touch plain.txt; mkdir -p build hollow; echo x >build/x; echo y >deep/down/leaf.o");
	struct isolate_change change = leave(t);
	assert_true(change.files == 0 && change.size_bytes == 0 && change.added == 0);
	isolate_close(i);
	apply(run, 2);
	assert_int_equal(told[0].outcome, ISOLATE_EMPTY);
	assert_int_equal(told[1].outcome, ISOLATE_FAILED);
}

static void test_a_tree_is_as_new_for_the_next_task(void **)
{
	begin();
	struct isolate *i = open_run(new_run());
	struct isolated *t = enter(i, 0);
	AUTO(buf) root = {0};

	buf_put_text(&root, t->workspace.root);
	work(t, "rm -rf deep; echo x >new; mkdir build; echo y >build/y; git init -q own;"
		"echo z >own/z; mkdir -p shut/in; echo s >shut/in/s; chmod 0 shut/in shut;"
		"echo '*.txt' >.gitignore; echo hidden >kept.txt; echo 'A b' >.gitattributes;"
		"p=long; for n in 1 2 3 4 5 6; do p=$p/$p; done; mkdir -p $p; echo l >$p/l");
	isolate_abandon(t);
	for (uint32_t n = 1; n < 4; n++) {
		t = enter(i, n);
		assert_string_equal(t->workspace.root, buf_text(&root));
		assert_same(picture(t->workspace.root), picture(tree_root));
		assert_same(shell_in(t->workspace.root, "git status --porcelain; ls -A"),
			shell_in(tree_root, "git status --porcelain; ls -A"));
		/* Git is led astray, and what makes a tree one is gone. */
		if (n == 1)
			work(t, "git update-index --skip-worktree plain.txt; echo w >plain.txt");
		if (n == 2)
			work(t, "rm .git; echo w >>plain.txt");
		isolate_abandon(t);
	}
	isolate_close(i);
}

static void test_what_git_is_told_to_overlook_is_in_the_patch(void **)
{
	begin();
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);

	work(t, "git update-index --skip-worktree plain.txt; echo w >plain.txt;"
		"git checkout -q -b astray; git -c user.name=a -c user.email=a@b commit -qm c "
		"--allow-empty; git init -q own; echo x >own/x");
	struct isolate_change change = leave(t);
	assert_int_equal(change.files, 1);
	assert_int_equal(change.left_out, 1);
	t = enter(i, 1);
	assert_same(picture(t->workspace.root), picture(tree_root));
	isolate_abandon(t);
	isolate_close(i);
	shell("git branch -D -q astray");
}

static void test_each_task_is_alone(void **)
{
	begin();
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *a = enter(i, 0), *b = enter(i, 1);

	assert_string_not_equal(a->workspace.root, b->workspace.root);
	char *before = picture(tree_root);
	work(a, "sed -i s/one/EINS/ plain.txt; echo a >only-a");
	assert_same(picture(b->workspace.root), picture(tree_root));
	work(b, "sed -i s/nine/NEUN/ plain.txt; echo b >only-b");
	leave(b);
	leave(a);
	assert_same(before, picture(tree_root));
	isolate_close(i);
	apply(run, 2);
	assert_applied(0);
	assert_applied(1);
	assert_same(shell_in(tree_root, "sed -n '1p;9p' plain.txt; cat only-a only-b"),
		must_copy("EINS\nNEUN\na\nb\n", 14));
}

static void test_conflicts_name_the_file_and_change_nothing(void **)
{
	static const char *const edits[] = {
		"sed -i s/five/FIVE/ plain.txt; echo 0 >zero",
		"sed -i s/five/FUENF/ plain.txt; echo 1 >another",
		"echo 2 >zero",
		"rm open-ended; echo 3 >third",
		"echo 4 >>open-ended",
		"printf '\\0\\7' >data.bin",
		"printf '\\0\\10' >data.bin",
	};
	enum { COUNT = sizeof edits / sizeof *edits };
	static const char *const files[COUNT] = {
		NULL, "plain.txt", "zero", NULL, "open-ended", NULL, "data.bin"};
	begin();
	const char *run = new_run();
	struct isolate *i = open_run(run);

	for (uint32_t n = 0; n < COUNT; n++) {
		struct isolated *t = enter(i, n);
		work(t, edits[n]);
		leave(t);
	}
	isolate_close(i);
	apply(run, COUNT);
	for (size_t n = 0; n < COUNT; n++) {
		if (!files[n]) {
			assert_applied(n);
			continue;
		}
		assert_int_equal(told[n].outcome, ISOLATE_CONFLICT);
		assert_string_equal(told_files[n], files[n]);
		assert_true(told_why[n][0]);
	}
	assert_same(
		shell_in(tree_root, "sed -n 5p plain.txt; cat zero third; ls another 2>&1 | wc -l;"
				    "git status --porcelain | wc -l"),
		must_copy("FIVE\n0\n3\n1\n5\n", 13));
}

static void test_what_was_applied_can_be_undone(void **)
{
	begin();
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);
	char *before = picture(tree_root);

	work(t, much);
	leave(t);
	isolate_close(i);
	struct keep *keep = keep_new(&workspace, state, "apply-run", STR("batch"));
	apply_with(run, 1, keep);
	assert_applied(0);
	keep_free(keep);
	struct undo_wish wish = {.workspace = &workspace, .directory = state, .own_id = "undo-run"};
	struct undo_plan *plan = undo_plan_new(&wish, &failure);
	assert_non_null(plan);
	assert_true(undo_apply(plan, false, &failure));
	undo_plan_free(plan);
	assert_same(before, picture(tree_root));
}

static void test_protected_files_are_not_applied(void **)
{
	static const char *const edits[] = {"echo 'export A=1' >.envrc; echo x >x",
		"mkdir -p sub/.vscode; echo '{}' >sub/.vscode/tasks.json", "mv .profile profile"};

	begin();
	tree_text(".profile", "true\n");
	shell("git add -A; git commit -qm profile");
	const char *run = new_run();
	struct isolate *i = open_run(run);
	for (uint32_t n = 0; n < 3; n++) {
		struct isolated *t = enter(i, n);
		work(t, edits[n]);
		leave(t);
	}
	isolate_close(i);
	char *before = picture(tree_root);
	apply(run, 3);
	for (size_t n = 0; n < 3; n++)
		assert_int_equal(told[n].outcome, ISOLATE_FAILED);
	assert_same(before, picture(tree_root));
}

static void refuse(enum err_code code, const char *part)
{
	struct isolate_options o = options(new_run());

	assert_null(isolate_open(&o, NULL, &failure));
	assert_int_equal(failure.code, code);
	if (!strstr(failure.text, part))
		fail_msg("%s", failure.text);
}

static void test_what_cannot_be_isolated(void **)
{
	begin_bare();
	open_workspace();
	refuse(ERR_USAGE, "no commit yet");
	shell("rm -rf .git");
	open_workspace();
	refuse(ERR_USAGE, "no git repository");
	shell("mkdir .git && echo 'ref: refs/heads/x' >.git/HEAD");
	open_workspace();
	refuse(ERR_USAGE, "git");
	begin();
	setenv("GIT_DIR", "/nowhere", 1);
	setenv("GIT_INDEX_FILE", "/nowhere/index", 1);
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolate_options o = options(run);
	assert_null(isolate_open(&o, NULL, &failure));
	assert_int_equal(failure.code, ERR_DENIED);
	isolate_close(i);
	unsetenv("GIT_DIR");
	unsetenv("GIT_INDEX_FILE");
	char *path = must_copy(getenv("PATH"), strlen(getenv("PATH")));
	setenv("PATH", tree_root, 1);
	o.run = run;
	assert_null(isolate_open(&o, NULL, &failure));
	assert_int_equal(failure.code, ERR_USAGE);
	setenv("PATH", path, 1);
	tree_text("git", "#!/bin/sh\necho git version 2.30.9\n");
	AUTO(buf) first = {0};
	buf_printf(&first, "%s:%s", tree_root, path ? path : "");
	shell("chmod 755 git");
	setenv("PATH", buf_text(&first), 1);
	assert_null(isolate_open(&o, NULL, &failure));
	setenv("PATH", path, 1);
	assert_int_equal(failure.code, ERR_USAGE);
	assert_non_null(strstr(failure.text, "2.31"));
	free(path);
}

/* ---- other processes ---- */

/* Enters two tasks, says so and waits to be killed. */
static pid_t start_other(const char *run)
{
	int ready[2];
	char c;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		/* Not to outlive a test that is cut off. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		struct isolate_options o = options(run);
		struct isolate *i = isolate_open(&o, NULL, &failure);
		struct isolated *t = i ? isolate_enter(i, 0, NULL, &failure) : NULL;
		if (!t || !isolate_enter(i, 1, NULL, &failure) || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_other(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_dead_runs_are_cleared_and_living_ones_left(void **)
{
	begin();
	shell("mkdir ../mine && git worktree add -q ../mine/tree && rm -r ../mine/tree");
	pid_t dead = start_other(new_run()), living = start_other(new_run());
	assert_same(shell_in(tree_root, "git worktree list | wc -l"), must_copy("6\n", 2));
	end_other(dead);
	const char *run = new_run();
	struct isolate *i = open_run(run);
	isolate_abandon(enter(i, 0));
	assert_same(shell_in(tree_root, "git worktree list | wc -l"), must_copy("5\n", 2));
	assert_same(shell_in(cache, "ls worktrees | wc -l"), must_copy("2\n", 2));
	isolate_close(i);
	end_other(living);
	/* The same run goes on. */
	i = open_run(run);
	isolate_abandon(enter(i, 0));
	isolate_close(i);
	pid_t last = start_other(new_run());
	end_other(last);
	isolate_sweep(cache);
	/* The user's own, which is gone but not ours to forget, stays. */
	assert_same(shell_in(tree_root, "git worktree list | wc -l"), must_copy("2\n", 2));
	assert_same(shell_in(cache, "ls worktrees | wc -l"), must_copy("0\n", 2));
	shell("rm -r ../mine");
}

static void test_dead_runs_of_a_repository_that_is_gone(void **)
{
	begin();
	pid_t pid = start_other(new_run());
	end_other(pid);
	shell("rm -rf .git");
	isolate_sweep(cache);
	assert_same(shell_in(cache, "ls worktrees | wc -l"), must_copy("0\n", 2));
}

/* ---- what repositories can be like ---- */

static void test_nothing_of_the_configuration_is_run(void **)
{
	begin();
	shell("printf '#!/bin/sh\\ntouch %s/../ran\\n' $PWD >.git/hooks/post-checkout;"
	      "chmod 755 .git/hooks/*; cp .git/hooks/post-checkout .git/hooks/pre-commit;"
	      "cp .git/hooks/post-checkout ../filter; rm -f ../ran;"
	      "git config core.fsmonitor $PWD/../filter; git config diff.x.textconv $PWD/../filter;"
	      "git config diff.external $PWD/../filter;"
	      "git config filter.x.clean $PWD/../filter; git config filter.x.smudge $PWD/../filter;"
	      "git config filter.x.required true; git config apply.whitespace error-all;"
	      "git config diff.noprefix true; git config core.pager $PWD/../filter;"
	      "printf '* filter=x diff=x\\n' >.gitattributes; echo x >>plain.txt");
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);
	assert_same(picture(t->workspace.root), picture(tree_root));
	AUTO(buf) command = {0};
	buf_printf(&command, "printf 'trailing \\n \\n' >>%s/plain.txt", t->workspace.root);
	shell(buf_text(&command));
	leave(t);
	isolate_close(i);
	apply(run, 1);
	assert_applied(0);
	assert_same(shell_in(tree_root, "ls ../ran 2>/dev/null; tail -1 plain.txt; rm ../filter"),
		must_copy(" \n", 2));
}

/* As git-lfs is set up for a user; the program must not be needed. */
static void test_large_file_pointers_stay_pointers(void **)
{
	begin();
	shell("printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:0\\n' >big.dat;"
	      "git add big.dat; git commit -qm big; echo '*.dat filter=lfs' >.gitattributes;"
	      "git add .gitattributes; git commit -qm lfs;"
	      "git config --global filter.lfs.smudge 'git-lfs smudge %f';"
	      "git config --global filter.lfs.clean 'git-lfs clean %f';"
	      "git config --global filter.lfs.process 'git-lfs filter-process';"
	      "git config --global filter.lfs.required true");
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);
	assert_same(picture(t->workspace.root), picture(tree_root));
	free(shell_in(t->workspace.root, "echo x >x.dat; echo y >>plain.txt"));
	assert_int_equal(leave(t).files, 2);
	isolate_close(i);
	apply(run, 1);
	assert_applied(0);
	shell("git config --global --remove-section filter.lfs");
}

static void test_submodules_are_left_alone(void **)
{
	begin();
	shell("git init -q ../part-$$ && cd ../part-$$ && git config user.name a && "
	      "git config user.email a@b && echo p >p && git add p && git commit -qm p && "
	      "cd $OLDPWD && "
	      "git -c protocol.file.allow=always submodule -q add $PWD/../part-$$ part && "
	      "git commit -qm part; echo q >part/q; git -C part add q;"
	      "git -C part -c user.name=a -c user.email=a@b commit -qm q; echo r >part/r");
	open_workspace();
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);
	work(t, "ls -A part >../listed; rmdir part; echo x >>plain.txt");
	assert_int_equal(leave(t).files, 1);
	t = enter(i, 1);
	work(t, "test -d part; echo stray >part/stray; echo y >>plain.txt");
	leave(t);
	isolate_close(i);
	apply(run, 1);
	assert_applied(0);
	assert_same(shell_in(tree_root, "cat part/q part/r"), must_copy("q\nr\n", 4));
}

static void test_sparse_checkouts_stay_sparse(void **)
{
	begin();
	tree_text("wide/a", "a\n");
	shell("git add -A; git commit -qm wide; git sparse-checkout set --cone deep; test ! -e wide;"
	      "echo changed >>deep/down/leaf.c");
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);
	assert_same(picture(t->workspace.root), picture(tree_root));
	work(t, "echo x >>deep/down/leaf.c");
	assert_int_equal(leave(t).files, 1);
	isolate_close(i);
	apply(run, 1);
	assert_applied(0);
	shell("test ! -e wide; git sparse-checkout disable; cat wide/a");
}

static void test_line_ends_are_the_repository_s(void **)
{
	begin();
	shell("git config core.autocrlf true; echo '*.sh eol=lf' >.gitattributes; rm plain.txt;"
	      "git checkout -q plain.txt; grep -c \"$(printf '\\r')\" plain.txt");
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);
	work(t, "sed -i 's/five/FIVE/' plain.txt; grep -c \"$(printf '\\r')\" plain.txt");
	assert_int_equal(leave(t).files, 1);
	isolate_close(i);
	apply(run, 1);
	assert_applied(0);
	assert_same(
		shell_in(tree_root, "sed -n 5p plain.txt; grep -c \"$(printf '\\r')\" plain.txt"),
		must_copy("FIVE\r\n9\n", 8));
}

static void test_a_linked_work_tree_is_a_repository_too(void **)
{
	begin();
	shell("echo main >>plain.txt; git worktree add -q -b side ../linked");
	AUTO(buf) path = {0};
	buf_printf(&path, "%s/../linked/deep", tree_root);
	shell("cd ../linked && echo side >>open-ended && mkdir -p deep/empty");
	workspace_release(&workspace);
	assert_true(workspace_open(&workspace, buf_text(&path), &failure));
	const char *run = new_run();
	struct isolate *i = open_run(run);
	struct isolated *t = enter(i, 0);
	assert_string_equal(t->workspace.inside, "deep");
	assert_same(picture(t->workspace.root), picture(workspace.root));
	work(t, "echo more >>open-ended");
	leave(t);
	isolate_close(i);
	apply(run, 1);
	assert_applied(0);
	shell("tail -1 ../linked/open-ended | grep more; git worktree remove --force ../linked");
	open_workspace();
}

/* ---- faults ---- */

static void test_a_full_disk_is_the_task_s_error(void **)
{
	struct rlimit old, small;

	begin();
	shell("head -c 300000 /dev/urandom >large; git add large; git commit -qm large");
	struct isolate *i = open_run(new_run());
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){100'000, old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	struct isolated *t = isolate_enter(i, 0, NULL, &failure);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	assert_null(t);
	assert_int_equal(failure.code, ERR_IO);
	assert_non_null(strstr(failure.text, "large"));
	/* And with room again it goes on. */
	t = enter(i, 0);
	assert_same(picture(t->workspace.root), picture(tree_root));
	isolate_abandon(t);
	isolate_close(i);
}

static void test_cancelled(void **)
{
	static atomic_bool cancel = true;

	begin();
	struct isolate_options o = options(new_run());
	struct isolate_change change;
	assert_null(isolate_open(&o, &cancel, &failure));
	assert_int_equal(failure.code, ERR_CANCELLED);
	struct isolate *i = open_run(o.run);
	assert_null(isolate_enter(i, 0, &cancel, &failure));
	assert_int_equal(failure.code, ERR_CANCELLED);
	struct isolated *t = enter(i, 0);
	assert_false(isolate_leave(t, &cancel, &change, &failure));
	assert_int_equal(failure.code, ERR_CANCELLED);
	isolate_close(i);
	assert_same(shell_in(tree_root, "git worktree list | wc -l"), must_copy("1\n", 2));
}

static void test_a_patch_has_a_limit(void **)
{
	struct isolate_change change;

	begin();
	struct isolate *i = open_run(new_run());
	struct isolated *t = enter(i, 0);
	work(t, "head -c 70000000 /dev/urandom >huge");
	assert_false(isolate_leave(t, NULL, &change, &failure));
	assert_int_equal(failure.code, ERR_LIMIT);
	isolate_close(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds_of_changes_come_back),
		cmocka_unit_test(test_files_and_directories_change_places),
		cmocka_unit_test(test_tasks_see_what_the_user_has_not_committed),
		cmocka_unit_test(test_nothing_changed_is_an_empty_patch),
		cmocka_unit_test(test_a_tree_is_as_new_for_the_next_task),
		cmocka_unit_test(test_what_git_is_told_to_overlook_is_in_the_patch),
		cmocka_unit_test(test_each_task_is_alone),
		cmocka_unit_test(test_conflicts_name_the_file_and_change_nothing),
		cmocka_unit_test(test_what_was_applied_can_be_undone),
		cmocka_unit_test(test_protected_files_are_not_applied),
		cmocka_unit_test(test_what_cannot_be_isolated),
		cmocka_unit_test(test_dead_runs_are_cleared_and_living_ones_left),
		cmocka_unit_test(test_dead_runs_of_a_repository_that_is_gone),
		cmocka_unit_test(test_nothing_of_the_configuration_is_run),
		cmocka_unit_test(test_large_file_pointers_stay_pointers),
		cmocka_unit_test(test_submodules_are_left_alone),
		cmocka_unit_test(test_sparse_checkouts_stay_sparse),
		cmocka_unit_test(test_line_ends_are_the_repository_s),
		cmocka_unit_test(test_a_linked_work_tree_is_a_repository_too),
		cmocka_unit_test(test_a_full_disk_is_the_task_s_error),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_a_patch_has_a_limit),
	};

	return cmocka_run_group_tests(tests, tree_setup, isolated_teardown);
}
