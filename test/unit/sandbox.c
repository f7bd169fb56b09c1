// SPDX-License-Identifier: MIT
/* What a child can and cannot do in a sandbox of each kind; kinds that this machine lacks are
 * skipped. */
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "io/child.h"
#include "io/sandbox_inside.h"

enum { PATH_BYTES = 200, WAIT_MS = 60'000 };

/* A place with a workspace, a directory for temporary files, a secret and a bystander. */
struct place {
	char top[PATH_BYTES], root[PATH_BYTES], temporary[PATH_BYTES], outside[PATH_BYTES];
	char git[PATH_BYTES], missing[PATH_BYTES], environment_file[PATH_BYTES], home[PATH_BYTES];
	char ssh[PATH_BYTES];
	const char *writable[2], *readonly[3], *hidden[3];
	struct sandbox_rules rules;
};

#define JOIN(out, directory, name) \
	assert_true(snprintf(out, sizeof out, "%.*s/%s", 100, directory, name) > 0)

static void put_file(const char *path, const char *text)
{
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct err e;

	assert_true(fd >= 0);
	assert_true(file_write_fd(fd, str_from(text), &e));
}

static void build(struct place *p)
{
	char path[PATH_BYTES];

	*p = (struct place){0};
	/* Not in /tmp, which is covered in one of the kinds. */
	JOIN(p->top, "/var/tmp", "sandbox.XXXXXX");
	assert_non_null(mkdtemp(p->top));
	JOIN(p->root, p->top, "work");
	JOIN(p->temporary, p->top, "temporary");
	JOIN(p->home, p->top, "home");
	JOIN(p->outside, p->top, "outside");
	JOIN(p->git, p->root, ".git");
	JOIN(p->missing, p->root, ".mcp.json");
	JOIN(p->environment_file, p->root, ".env");
	JOIN(p->ssh, p->home, ".ssh");
	const char *const directories[] = {p->root, p->temporary, p->home, p->git, p->ssh};
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		assert_int_equal(mkdir(directories[i], 0755), 0);
	JOIN(path, p->git, "hooks");
	assert_int_equal(mkdir(path, 0755), 0);
	JOIN(path, p->root, "src");
	assert_int_equal(mkdir(path, 0755), 0);
	JOIN(path, p->root, "src/a");
	put_file(path, "old\n");
	JOIN(path, p->ssh, "id_rsa");
	put_file(path, "private key\n");
	put_file(p->environment_file, "PASSWORD=hush\n");
	put_file(p->outside, "outside\n");
	p->writable[0] = p->root;
	p->readonly[0] = p->git;
	p->readonly[1] = p->missing;
	p->hidden[0] = p->environment_file;
	p->hidden[1] = p->ssh;
	p->rules = (struct sandbox_rules){.writable = p->writable,
		.readonly = p->readonly,
		.hidden = p->hidden,
		.temporary = p->temporary};
}

static void clean(struct place *p)
{
	const char *arguments[] = {"rm", "-rf", p->top, NULL}, *environment[] = {NULL};
	struct child_options options = {.program = "/bin/rm",
		.arguments = arguments,
		.environment = environment,
		.deadline_ms = WAIT_MS};
	struct child_result r;
	struct err e;

	assert_true(child_run(&options, &r, &e));
	child_result_release(&r);
}

struct said {
	char text[8192];
	int status;
};

static pid_t begin(struct sandbox *s, const struct place *p, const char *script, int *out_fd)
{
	const char *arguments[] = {"sh", "-c", script, NULL};
	const char *environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL};
	struct child_start start = {.program = "/bin/sh",
		.arguments = arguments,
		.environment = environment,
		.directory = p->root,
		.in_fd = -1,
		.sandbox = s};
	int out[2];
	pid_t pid;
	struct err e = {0};

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	start.out_fd = start.errors_fd = out[1];
	bool is_running = child_spawn(&start, &pid, &e);
	close(out[1]);
	if (!is_running)
		fail_msg("%s", e.text);
	*out_fd = out[0];
	return pid;
}

static void finish(pid_t pid, int out_fd, struct said *said)
{
	size_t n = 0;
	ssize_t more;
	int status;

	while ((more = read(out_fd, said->text + n, sizeof said->text - 1 - n)) > 0)
		n += (size_t)more;
	said->text[n] = '\0';
	close(out_fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	said->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void say(struct sandbox *s, const struct place *p, const char *script, struct said *said)
{
	int out;
	pid_t pid = begin(s, p, script, &out);

	finish(pid, out, said);
}

/* ---- the kinds, one after another ---- */

struct kind {
	const char *name;
	enum sandbox_wish wish;
	int abi; /* pretended; 0: as it is */
};

static const struct kind kinds[] = {
	{"bubblewrap", SANDBOX_WISH_BUBBLEWRAP, 0},
	{"landlock", SANDBOX_WISH_LANDLOCK, 0},
	{"landlock of Linux 6.1", SANDBOX_WISH_LANDLOCK, 2},
};

/* NULL where the kind does not work; the place is made in both cases. */
static struct sandbox *open_kind(const struct kind *kind, struct place *p)
{
	enum sandbox_kind k = sandbox_probe(kind->wish);

	build(p);
	if (k == SANDBOX_NONE) {
		print_message("# skipped: %s does not work here\n", kind->name);
		return NULL;
	}
	struct sandbox *s = sandbox_new(k, &p->rules);
	if (kind->abi)
		s->abi = kind->abi;
	return s;
}

static void close_kind(struct sandbox *s, struct place *p)
{
	sandbox_free(s);
	clean(p);
}

#define EACH_KIND(s, p) \
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) \
		for (struct sandbox *s = open_kind(&kinds[k], p), *once = (void *)p; once; \
			close_kind(s, p), once = NULL) \
			if (s)

static void expect(struct sandbox *s, struct place *p, const char *script, const char *says,
	const char *says_not)
{
	struct said said;

	say(s, p, script, &said);
	if (says && !strstr(said.text, says))
		fail_msg("%s: does not say %s but: %s", script, says, said.text);
	if (says_not && strstr(said.text, says_not))
		fail_msg("%s: says %s: %s", script, says_not, said.text);
}

static bool holds(const char *path, const char *text)
{
	AUTO(buf) bytes = {0};
	struct err e;

	return file_read(AT_FDCWD, path, 1 << 20, &bytes, &e) && str_is(buf_str(&bytes), text);
}

/* ---- files ---- */

static void test_works(void **)
{
	struct place p;
	struct said said;

	EACH_KIND(s, &p)
	{
		char path[PATH_BYTES];
		say(s, &p,
			"pwd; cat; echo new >>src/a; mkdir src/d && echo x >src/d/x && "
			"mv src/d src/e && cat src/e/x; exit 7",
			&said);
		assert_int_equal(said.status, 7);
		assert_non_null(strstr(said.text, p.root));
		assert_non_null(strstr(said.text, "\nx\n"));
		JOIN(path, p.root, "src/a");
		assert_true(holds(path, "old\nnew\n"));
		assert_true(
			snprintf(path, sizeof path, "echo kept >%s/t", sandbox_temporary(s)) > 0);
		expect(s, &p, path, NULL, "denied");
		JOIN(path, p.temporary, "t");
		assert_true(holds(path, "kept\n"));
		say(s, &p, "kill -9 $$", &said);
		assert_int_equal(said.status, 128 + 9);
	}
}

static void test_protected(void **)
{
	static const char *const scripts[] = {"echo x >.git/hooks/pre-commit", "touch .git/config",
		"mkdir .git/new", "ln -s ../src/a .git/hooks/pre-commit",
		"mv src/a .git/hooks/pre-commit", "ln src/a .git/hooks/pre-commit",
		"rm -rf .git/hooks", "mv .git src/git",
		"rm -rf .git; mkdir .git; echo x >.git/config",
		"echo x >/proc/self/cwd/.git/config", "cd .git && echo x >config",
		"echo x >.mcp.json", "mkdir .mcp.json", "ln -s src/a .mcp.json",
		"mv src/a .mcp.json", "rm -f .mcp.json; echo x >.mcp.json", NULL};
	struct place p;

	EACH_KIND(s, &p)
	{
		char path[PATH_BYTES];
		struct said said;
		for (const char *const *script = scripts; *script; script++) {
			say(s, &p, *script, &said);
			if (access(p.missing, F_OK) == 0)
				fail_msg("%s: made it: %s", *script, said.text);
			JOIN(path, p.git, "hooks");
			assert_int_equal(access(path, F_OK), 0);
			assert_int_equal(rmdir(path), 0); /* so it is empty */
			assert_int_equal(mkdir(path, 0755), 0);
			JOIN(path, p.git, "config");
			if (access(path, F_OK) == 0)
				fail_msg("%s: made it: %s", *script, said.text);
			JOIN(path, p.git, "new");
			assert_int_not_equal(access(path, F_OK), 0);
		}
	}
}

static void test_hidden(void **)
{
	static const char *const scripts[] = {"cat .env", "cat src/../.env",
		"cat /proc/self/cwd/.env", "cat /proc/self/root/$PWD/.env",
		"cp .env src/c; cat src/c", "ln .env src/l; cat src/l", "mv .env src/m; cat src/m",
		"ln -s ../.env src/s; cat src/s", "grep -r hush .",
		"mount --bind src/a .env; umount .env; cat .env", "chmod 777 .env; cat .env",
		"umount .env; cat .env", "unshare -Urm sh -c 'umount .env; cat .env'",
		"cat ../home/.ssh/id_rsa", "cat ../home/.ssh/*",
		"mv ../home/.ssh src/; cat src/.ssh/*", "cd ../home/.ssh && cat id_rsa", NULL};
	struct place p;

	EACH_KIND(s, &p)
	for (const char *const *script = scripts; *script; script++) {
		expect(s, &p, *script, NULL, "hush\n");
		expect(s, &p, *script, NULL, "private key");
	}
}

static void test_outside(void **)
{
	static const char *const scripts[] = {"echo x >../outside", "echo x >$PWD/../outside",
		"echo x >/proc/self/root$(dirname $PWD)/outside", "rm -f ../outside",
		"mv ../outside src/", "ln -s ../../outside src/o && echo x >src/o",
		"ln ../outside src/h && echo x >src/h", "truncate -s 0 ../outside",
		"cp src/a ../outside", "mv src/a ../outside", "sed -i s/outside/x/ ../outside",
		"cat src/a >../home/new && mv ../home/new ../outside",
		"mkdir -p src/n && mount --bind .. src/n && echo x >src/n/outside", NULL};
	struct place p;

	EACH_KIND(s, &p)
	for (const char *const *script = scripts; *script; script++) {
		struct said said;
		say(s, &p, *script, &said);
		if (!holds(p.outside, "outside\n"))
			fail_msg("%s: changed it: %s", *script, said.text);
	}
}

static void test_readonly(void **)
{
	struct place p;

	EACH_KIND(s, &p)
	{
		struct sandbox_rules rules = p.rules;
		char path[PATH_BYTES];
		rules.writable = NULL;
		struct sandbox *closed = sandbox_new(sandbox_kind(s), &rules);
		expect(closed, &p, "cat src/a; echo x >src/a; rm -f src/a; echo x >src/b; ls",
			"old", NULL);
		JOIN(path, p.root, "src/a");
		assert_true(holds(path, "old\n"));
		JOIN(path, p.root, "src/b");
		assert_int_not_equal(access(path, F_OK), 0);
		sandbox_free(closed);
	}
}

/* ---- processes ---- */

/* Those whose words hold the mark, zombies not counted. */
static int count_marked(const char *mark)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	int total = 0;

	while ((entry = readdir(d))) {
		AUTO(buf) words = {0};
		char path[64];
		struct err e;
		snprintf(path, sizeof path, "/proc/%.20s/cmdline", entry->d_name);
		AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || fd < 0 ||
			!file_read_fd(fd, path, 64 << 10, &words, &e))
			continue;
		total += str_contains(buf_str(&words), str_from(mark));
	}
	closedir(d);
	return total;
}

static void expect_none(const char *mark)
{
	int left = count_marked(mark);

	if (left)
		fail_msg("%d processes are left", left);
}

static void mark(char out[64], const char *word)
{
	static int number;

	snprintf(out, 64, "%s-%d-%d", word, (int)getpid(), ++number);
}

static void test_nothing_stays(void **)
{
	static const char *const scripts[] = {"sleep 1000 & exit 3",
		"setsid sleep 1000 & sleep 0.1; exit 3",
		"(setsid sh -c 'sleep 1000; sleep 1000' >/dev/null 2>&1 </dev/null &) ; exit 3",
		"trap '' TERM INT HUP; (trap '' TERM; setsid setsid sleep 1000 &) & exit 3",
		"sh -c 'kill -STOP $$' & exit 3", NULL};
	struct place p;

	EACH_KIND(s, &p)
	for (const char *const *script = scripts; *script; script++) {
		char name[64], whole[400];
		struct said said;
		mark(name, "stay");
		snprintf(whole, sizeof whole, ": %s\n%s", name, *script);
		say(s, &p, whole, &said);
		assert_int_equal(said.status, 3);
		expect_none(name);
	}
}

static void test_ends(void **)
{
	struct place p;

	EACH_KIND(s, &p)
	{
		struct said said;
		char ready;
		int out;
		pid_t pid = begin(s, &p,
			"trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.05; done",
			&out);
		assert_int_equal(read(out, &ready, 1), 1);
		sandbox_end(pid, SANDBOX_ASK);
		finish(pid, out, &said);
		assert_non_null(strstr(said.text, "bye"));
		assert_int_equal(said.status, 9);

		pid = begin(s, &p, "trap '' TERM; echo ready; sleep 1000", &out);
		assert_int_equal(read(out, &ready, 1), 1);
		int64_t start = clock_ns();
		sandbox_end(pid, SANDBOX_ASK);
		finish(pid, out, &said);
		assert_true(clock_ns() - start > 1'500'000'000);
		assert_int_equal(said.status, 128 + 9);

		pid = begin(s, &p, "trap '' TERM; echo ready; sleep 1000", &out);
		assert_int_equal(read(out, &ready, 1), 1);
		sandbox_end(pid, SANDBOX_KILL);
		finish(pid, out, &said);
		assert_int_equal(said.status, 128 + 9);
	}
}

/* Whoever started it goes without a word. */
static void test_parent_dies(void **)
{
	struct place p;

	EACH_KIND(s, &p)
	{
		char name[64], script[200], ready;
		int out, status;
		int ends[2];
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		mark(name, "orphan");
		snprintf(script, sizeof script,
			": %s\ntrap '' TERM; echo ready; sleep 1000; :", name);
		pid_t starter = fork();
		if (starter == 0) {
			begin(s, &p, script, &out);
			if (read(out, &ready, 1) == 1)
				(void)!write(ends[1], "x", 1);
			kill(getpid(), SIGKILL);
		}
		close(ends[1]);
		assert_int_equal(read(ends[0], &ready, 1), 1);
		close(ends[0]);
		assert_int_equal(waitpid(starter, &status, 0), starter);
		for (int i = 0; i < 3'000 && count_marked(name); i++)
			usleep(10'000);
		expect_none(name);
	}
}

static void test_others(void **)
{
	struct place p;

	EACH_KIND(s, &p)
	{
		/* Linux 6.1 does not keep the keeper from it: that ends the script, too. */
		const char *keeper = kinds[k].abi ? "" : "kill -9 $PPID; kill -QUIT $PPID; ";
		char script[400];
		snprintf(script, sizeof script,
			"kill -9 %d; kill -TERM %d; kill -9 -%d; %secho alive", (int)getpid(),
			(int)getpid(), (int)getpgrp(), keeper);
		expect(s, &p, script, "alive", NULL);
		/* Would be our end. */
		expect(s, &p, "(kill -9 -1) 2>/dev/null; kill -9 -1", NULL, NULL);
		snprintf(script, sizeof script,
			"cat /proc/%d/environ && echo OPEN; cat /proc/$PPID/environ && echo OPEN; "
			"readlink /proc/%d/fd/1 && echo OPEN; ls /proc/%d/cwd/ && echo OPEN",
			(int)getpid(), (int)getpid(), (int)getpid());
		if (sandbox_kind(s) == SANDBOX_LANDLOCK)
			expect(s, &p, script, NULL, "OPEN");
		snprintf(script, sizeof script, "prlimit --pid %d --nofile=5 && echo OPEN",
			(int)getpid());
		expect(s, &p, script, NULL, "OPEN");
		expect(s, &p,
			"unshare -Ur true && echo OPEN; mount -t tmpfs x src && echo OPEN; "
			"unshare -m true && echo OPEN; chroot / true && echo OPEN",
			NULL, "OPEN");
		expect(s, &p,
			"for f in sys/kernel/core_pattern sys/kernel/pid_max sys/vm/swappiness; do "
			"v=$(cat /proc/$f); echo \"$v\" >/proc/$f && echo OPEN; done",
			NULL, "OPEN");
	}
}

/* What we have open without O_CLOEXEC, as others' programs may when they start us. */
static void test_descriptors(void **)
{
	struct place p;

	EACH_KIND(s, &p)
	{
		int fd = open(p.environment_file, O_RDONLY); /* inherited on purpose */
		assert_int_equal(dup2(fd, 60), 60);
		close(fd);
		expect(s, &p, "cat <&60", NULL, "hush");
		expect(s, &p, "cat /proc/self/fd/60", NULL, "hush");
		expect(s, &p, "ls /proc/self/fd | wc -l", NULL, "60");
		close(60);
	}
}

/* ---- limits ---- */

static const char *watch_until_limit(struct sandbox *s, pid_t pid)
{
	struct sandbox_watch w;
	const char *why = NULL;

	sandbox_watch_begin(&w, s, pid);
	for (int64_t start = clock_ns(); !why && clock_ns() - start < 60'000'000'000;) {
		usleep(10'000);
		why = sandbox_watch_look(&w);
	}
	return why;
}

static void run_into_limit(
	struct sandbox *s, struct place *p, const char *script, const char *reason)
{
	char name[64], whole[400];
	struct said said;
	int out;

	mark(name, "limit");
	snprintf(whole, sizeof whole, ": %s\n%s", name, script);
	pid_t pid = begin(s, p, whole, &out);
	const char *why = watch_until_limit(s, pid);
	sandbox_end(pid, SANDBOX_KILL);
	finish(pid, out, &said);
	expect_none(name);
	assert_non_null(why);
	if (!strstr(why, reason))
		fail_msg("%s", why);
}

static void test_fork_bomb(void **)
{
	struct place p;

	EACH_KIND(s, &p)
	{
		s->rules.limits.tasks_max = 200;
		/* Doubles ten times, lest the machine suffers when nobody stops it. */
		run_into_limit(s, &p,
			"b() { [ $1 -gt 0 ] || exec sleep 1000; b $(($1 - 1)) & b $(($1 - 1)) & wait; }; "
			"b 10",
			"processes");
		/* Fewer at a time, and none that lives long. */
		run_into_limit(s, &p,
			"i=0; while [ $i -lt 300 ]; do setsid sleep 1000 & i=$((i + 1)); done; wait",
			"processes");
	}
}

static void test_disk(void **)
{
	struct place p;

	EACH_KIND(s, &p)
	{
		char script[400];
		struct stat st;
		s->rules.limits.temporary_max_bytes = 16 << 20;
		snprintf(script, sizeof script,
			"i=0; while :; do head -c 2000000 /dev/zero >%s/f$i; i=$((i + 1)); "
			"[ $i -lt 40 ] || sleep 1000; done",
			sandbox_temporary(s));
		run_into_limit(s, &p, script, "temporary");
		/* What was written is there still. */
		s->rules.limits.temporary_max_bytes = INT64_MAX;
		s->rules.limits.free_min_bytes = UINT64_MAX;
		run_into_limit(s, &p, "sleep 1000", "disk");
		s->rules.writable = NULL;
		run_into_limit(s, &p, "sleep 1000", "disk");
		s->rules.writable = p.writable;
		/* A hole, so it costs nothing. */
		expect(s, &p, "dd if=/dev/zero of=src/big bs=1M count=2 seek=1100", NULL, NULL);
		char path[PATH_BYTES];
		JOIN(path, p.root, "src/big");
		assert_true(stat(path, &st) < 0 || st.st_size <= 1 << 30);
		expect(s, &p, "ulimit -c", "0", NULL);
	}
}

/* ---- sockets ---- */

static int listen_at(int family, const struct sockaddr *address, socklen_t size_bytes)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, address, size_bytes), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void expect_no_caller(int fd)
{
	assert_int_equal(accept(fd, NULL, NULL), -1);
	close(fd);
}

static void test_network(void **)
{
	struct place p;

	EACH_KIND(s, &p)
	{
		struct sockaddr_in inet = {
			.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		struct sockaddr_un hidden = {.sun_family = AF_UNIX};
		socklen_t n = sizeof inet;
		char script[400];
		int port = listen_at(AF_INET, (struct sockaddr *)&inet, sizeof inet);
		assert_int_equal(getsockname(port, (struct sockaddr *)&inet, &n), 0);
		mark(hidden.sun_path + 1, "abstract");
		int abstract = listen_at(AF_UNIX, (struct sockaddr *)&hidden, sizeof hidden);
		snprintf(script, sizeof script,
			"/usr/bin/python3 -c 'import socket\ntry: "
			"socket.create_connection((\"127.0.0.1\", %d), 5); print(\"OPEN\")\n"
			"except OSError as e: print(e)'",
			ntohs(inet.sin_port));
		expect(s, &p, script, "[Errno", "OPEN");
		snprintf(script, sizeof script,
			"/usr/bin/python3 -c 'import socket\ntry: s = socket.socket(socket.AF_UNIX); "
			"s.connect(b\"\\0\" + b\"%s\".ljust(107, b\"\\0\")); print(\"OPEN\")\n"
			"except OSError as e: print(e)'",
			hidden.sun_path + 1);
		expect(s, &p, script, "[Errno", "OPEN");
		expect_no_caller(port);
		expect_no_caller(abstract);
		expect(s, &p, "/usr/bin/python3 -c 'import socket; socket.socketpair(); print(1)'",
			"1", NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_works),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_nothing_stays),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_parent_dies),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_fork_bomb),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_network),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
