// SPDX-License-Identifier: MIT
/* What a batch has noted is there after any end, whole and once. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/file.h"
#include "batch/journal.h"
#include "tree.h"

static struct err failure;
static const struct run_usage cheap = {.tokens = {10, 20, -1, -1, -1, -1, -1},
	.cost_nanousd = 5,
	.duration_ms = 7,
	.turns = 2,
	.tool_calls = 3,
	.model = STR("mock/a")};

static void make_list(struct tasks *t, size_t count)
{
	AUTO(buf) text = {0};

	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "task %zu\n", i);
	tasks_read_lines(t, buf_str(&text));
	assert_true(tasks_finish(t, false, &failure));
}

/* A new run of so many tasks, in a directory of its own. */
static struct journal_writer *begin(size_t count)
{
	AUTO(tasks) t = {0};

	tree_new();
	make_list(&t, count);
	struct journal_writer *j =
		journal_begin(tree_root, &t, STR("{\"model\": \"m\"}"), &failure);
	assert_non_null(j);
	return j;
}

static void note_done(struct journal_writer *j, uint32_t task)
{
	char text[40];

	snprintf(text, sizeof text, "result \"%u\"\n", task);
	journal_note_started(j, task, 1);
	journal_note_done(j, task, 1, &cheap, str_from(text));
}

static void commit(struct journal_writer *j)
{
	bool good = journal_commit(j, &failure);

	assert_true(good);
}

static void look(const char *run, struct run_past *past)
{
	run_past_release(past);
	if (!journal_look(tree_root, run, NULL, past, &failure))
		fail_msg("%s", failure.text);
}

static void assert_result(const char *run, const struct run_past *past, uint32_t task)
{
	AUTO(arena) arena = {0};
	struct run_outcome outcome;
	char text[40];
	AUTO_FD fd = journal_open(tree_root, run, &failure);

	snprintf(text, sizeof text, "result \"%u\"\n", task);
	assert_int_equal(past->tasks[task].state, TASK_DONE);
	assert_true(journal_outcome(fd, past, task, &arena, &outcome, &failure));
	assert_true(str_is(outcome.result, text));
	assert_int_equal(outcome.usage.tokens.output, 20);
	assert_int_equal(outcome.usage.cost_nanousd, 5);
	assert_int_equal(outcome.usage.duration_ms, 7);
	assert_int_equal(outcome.usage.turns, 2);
	assert_int_equal(outcome.usage.tool_calls, 3);
	assert_true(str_is(outcome.usage.model, "mock/a"));
}

static struct journal_writer *resume(const char *run, struct run_past *past)
{
	AUTO(tasks) t = {0};

	run_past_release(past);
	struct journal_writer *j = journal_resume(tree_root, run, &t, past, &failure);
	if (j)
		assert_int_equal(t.items.n, past->head.task_count);
	return j;
}

static const char *file_of(const char *run, const char *name)
{
	static char path[200];

	snprintf(path, sizeof path, "%s/batch/%s/%s", tree_root, run, name);
	return path;
}

/* ---- there and back ---- */

static void notes_come_back(void **)
{
	struct journal_writer *j = begin(5);
	AUTO(run_past) past = {0};
	AUTO(arena) arena = {0};
	struct run_outcome outcome;

	look(journal_run(j), &past);
	assert_int_equal(past.counts[TASK_WAITING], 5);
	assert_true(str_is(past.head.options, "{\"model\":\"m\"}"));
	note_done(j, 3);
	journal_note_started(j, 0, 1);
	uint64_t at = journal_end(j);
	journal_note_failed(j, 0, 1, &cheap, "limit", STR("slow \xff down"), false);
	journal_note_started(j, 0, 2);
	journal_note_failed(j, 0, 2, &cheap, "auth", STR("no"), true);
	journal_note_skipped(j, 1, 0);
	uint64_t number = journal_note_started(j, 2, 1);
	assert_true(journal_has_more(j));
	assert_false(journal_is_safe(j, 1));
	look(journal_run(j), &past);
	assert_int_equal(past.counts[TASK_WAITING], 5);
	commit(j);
	assert_true(journal_is_safe(j, number));
	assert_false(journal_has_more(j));
	look(journal_run(j), &past);
	assert_result(journal_run(j), &past, 3);
	assert_int_equal(past.tasks[0].state, TASK_FAILED);
	assert_int_equal(past.tasks[0].attempts, 2);
	assert_int_equal(past.tasks[1].state, TASK_SKIPPED);
	assert_int_equal(past.tasks[2].state, TASK_RUNNING);
	assert_int_equal(past.spent.tokens.output, 60);
	assert_int_equal(past.spent.cost_nanousd, 15);
	assert_int_equal(past.bad_lines, 0);
	AUTO_FD fd = journal_open(tree_root, journal_run(j), &failure);
	assert_true(journal_outcome(fd, &past, 0, &arena, &outcome, &failure));
	assert_true(str_is(outcome.class, "auth") && str_is(outcome.message, "no"));
	assert_true(journal_outcome(fd, &past, 1, &arena, &outcome, &failure));
	assert_int_equal(outcome.because, 0);
	assert_int_equal(journal_end(j), past.size_bytes);
	assert_true(at < past.tasks[0].offset && past.tasks[0].offset < past.size_bytes);
	assert_false(journal_outcome(fd, &past, 4, &arena, &outcome, &failure));
	journal_note_ended(j, 1, 1, 1);
	commit(j);
	look(journal_run(j), &past);
	assert_true(past.has_ended);
	journal_free(j);
}

static void what_is_not_committed_is_lost_whole(void **)
{
	struct journal_writer *j = begin(2);
	AUTO(run_past) past = {0};
	char run[RUN_NAME_BYTES];

	snprintf(run, sizeof run, "%s", journal_run(j));
	note_done(j, 0);
	commit(j);
	note_done(j, 1);
	journal_free(j);
	j = resume(run, &past);
	assert_non_null(j);
	assert_int_equal(past.counts[TASK_DONE], 1);
	journal_free(j);
}

static void first_result_counts(void **)
{
	struct journal_writer *j = begin(1);
	AUTO(run_past) past = {0};

	note_done(j, 0);
	journal_note_done(j, 0, 2, &cheap, STR("another"));
	journal_note_failed(j, 0, 3, &cheap, "limit", STR("late"), true);
	journal_note_started(j, 0, 4);
	commit(j);
	look(journal_run(j), &past);
	assert_int_equal(past.doubled, 2);
	assert_result(journal_run(j), &past, 0);
	journal_free(j);
}

/* ---- one at a time, and the same list ---- */

static void a_run_has_one_writer(void **)
{
	struct journal_writer *j = begin(1);
	AUTO(run_past) past = {0};
	char run[RUN_NAME_BYTES];

	snprintf(run, sizeof run, "%s", journal_run(j));
	assert_null(resume(run, &past));
	assert_int_equal(failure.code, ERR_DENIED);
	look(run, &past);
	journal_free(j);
	j = resume(run, &past);
	assert_non_null(j);
	journal_free(j);
}

static void another_list_is_refused(void **)
{
	struct journal_writer *j = begin(3);
	AUTO(run_past) past = {0};
	char run[RUN_NAME_BYTES];

	snprintf(run, sizeof run, "%s", journal_run(j));
	journal_free(j);
	assert_true(
		file_replace(file_of(run, "tasks.jsonl"), STR("{\"prompt\":\"x\"}\n"), &failure));
	assert_null(resume(run, &past));
	assert_int_equal(failure.code, ERR_PARSE);
	assert_int_equal(unlink(file_of(run, "tasks.jsonl")), 0);
	assert_null(resume(run, &past));
	assert_int_equal(failure.code, ERR_NOT_FOUND);
}

static void strange_names_are_no_runs(void **)
{
	static const char *const names[] = {"", "..", "../x", "a/b", "-x", "a b", "gone", ".",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL};
	AUTO(run_past) past = {0};

	journal_free(begin(1));
	for (const char *const *name = names; *name; name++) {
		assert_null(resume(*name, &past));
		assert_int_equal(failure.code, ERR_NOT_FOUND);
	}
}

/* ---- damage ---- */

static void put_file(const char *path, struct str bytes)
{
	assert_true(file_replace(path, bytes, &failure));
}

/* A journal that ends anywhere: what was whole counts, and going on spoils nothing. */
static void cuts_lose_one_line_at_most(void **)
{
	struct journal_writer *j = begin(4);
	AUTO(run_past) past = {0};
	AUTO(buf) whole = {0};
	char run[RUN_NAME_BYTES];

	snprintf(run, sizeof run, "%s", journal_run(j));
	for (uint32_t i = 0; i < 3; i++)
		note_done(j, i);
	commit(j);
	journal_free(j);
	assert_true(file_read(AT_FDCWD, file_of(run, "journal.jsonl"), 1 << 20, &whole, &failure));
	size_t head = str_find_char(buf_str(&whole), '\n', 0) + 1, done = 0;
	for (size_t n = 0; n < head; n++) {
		put_file(file_of(run, "journal.jsonl"), str_head(buf_str(&whole), n));
		assert_null(resume(run, &past));
	}
	for (size_t n = head; n <= whole.n; n++) {
		put_file(file_of(run, "journal.jsonl"), str_head(buf_str(&whole), n));
		j = resume(run, &past);
		assert_non_null(j);
		if (whole.p[n - 1] == '\n' && past.counts[TASK_DONE] > done)
			done++;
		assert_int_equal(past.counts[TASK_DONE], done);
		assert_int_equal(past.bad_lines, 0);
		for (uint32_t i = 0; i < 4; i++)
			if (past.tasks[i].state != TASK_DONE)
				note_done(j, i);
		commit(j);
		look(run, &past);
		assert_int_equal(past.counts[TASK_DONE], 4);
		assert_int_equal(past.doubled + past.bad_lines, 0);
		journal_free(j);
	}
	assert_int_equal(done, 3);
	for (uint32_t i = 0; i < 4; i++)
		assert_result(run, &past, i);
}

static void bad_lines_are_counted(void **)
{
	static const char *const lines[] = {"", "{}", "{\"done\":9}", "{\"done\":-1}", "[1]",
		"{\"done\":\"0\"}", "{\"other\":1}", "{\"done\":0", "\xff", NULL};
	struct journal_writer *j = begin(2);
	AUTO(run_past) past = {0};
	AUTO(buf) text = {0};
	char run[RUN_NAME_BYTES];

	snprintf(run, sizeof run, "%s", journal_run(j));
	journal_free(j);
	assert_true(file_read(AT_FDCWD, file_of(run, "journal.jsonl"), 1 << 20, &text, &failure));
	for (const char *const *line = lines; *line; line++)
		buf_printf(&text, "%s\n", *line);
	buf_put(&text, "\0\0\0\n", 4);
	size_t before = text.n;
	put_file(file_of(run, "journal.jsonl"), buf_str(&text));
	look(run, &past);
	assert_int_equal(past.bad_lines, 10);
	assert_int_equal(past.first_bad_line, 2);
	assert_int_equal(past.counts[TASK_WAITING], 2);
	buf_put_text(&text, "{\"done\":1,\"usage\":{\"input\":1e300,\"cost_nanousd\":"
			    "9223372036854775807},\"result\":\"r\"}\n"
			    "{\"failed\":1,\"usage\":{\"cost_nanousd\":9223372036854775807}}\n\0");
	buf_put(&text, "{\"done\":0", 9);
	put_file(file_of(run, "journal.jsonl"), buf_str(&text));
	j = resume(run, &past);
	assert_non_null(j);
	assert_int_equal(past.counts[TASK_DONE], 1);
	assert_true(past.spent.cost_nanousd == INT64_MAX && past.size_bytes > before);
	note_done(j, 0);
	commit(j);
	journal_free(j);
	look(run, &past);
	assert_result(run, &past, 0);
}

static void a_full_disk_leaves_the_journal_whole(void **)
{
	struct journal_writer *j = begin(200);
	struct rlimit limit, small;
	AUTO(run_past) past = {0};
	struct stat before, after;

	signal(SIGXFSZ, SIG_IGN);
	note_done(j, 0);
	commit(j);
	assert_int_equal(stat(file_of(journal_run(j), "journal.jsonl"), &before), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	for (uint32_t i = 1; i < 200; i++)
		note_done(j, i);
	for (int step = 0; step < 300; step++) {
		small = limit;
		small.rlim_cur = (rlim_t)before.st_size + (rlim_t)step;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		bool good = journal_commit(j, &failure);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_false(good);
		assert_int_equal(failure.code, ERR_IO);
		assert_true(journal_has_more(j));
		stat(file_of(journal_run(j), "journal.jsonl"), &after);
		assert_int_equal(after.st_size, before.st_size);
	}
	commit(j);
	look(journal_run(j), &past);
	assert_int_equal(past.counts[TASK_DONE], 200);
	assert_int_equal(past.doubled + past.bad_lines, 0);
	journal_free(j);
}

static void a_run_that_cannot_begin_leaves_nothing(void **)
{
	AUTO(tasks) t = {0};
	AUTO(arena) arena = {0};
	struct rlimit limit, small;
	run_list runs = {0};

	tree_new();
	make_list(&t, 100);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 1000;
	setrlimit(RLIMIT_FSIZE, &small);
	struct journal_writer *j = journal_begin(tree_root, &t, STR("{}"), &failure);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_null(j);
	assert_true(journal_list(tree_root, &arena, &runs, &failure));
	assert_int_equal(runs.n, 0);
	vec_release(&runs);
}

/* ---- several threads ---- */

enum { NOTERS = 4, NOTES = 500 };

struct noter {
	struct journal_writer *journal;
	uint32_t first;
	pthread_t thread;
};

static void *note_many(void *self)
{
	struct noter *n = self;

	for (uint32_t i = 0; i < NOTES; i++)
		note_done(n->journal, n->first + i);
	return NULL;
}

static void threads_note_while_one_commits(void **)
{
	struct journal_writer *j = begin(NOTERS * NOTES);
	struct noter noters[NOTERS];
	AUTO(run_past) past = {0};

	for (uint32_t i = 0; i < NOTERS; i++) {
		noters[i] = (struct noter){j, i * NOTES};
		assert_int_equal(pthread_create(&noters[i].thread, NULL, note_many, &noters[i]), 0);
	}
	for (int i = 0; i < 50; i++)
		commit(j);
	for (int i = 0; i < NOTERS; i++)
		pthread_join(noters[i].thread, NULL);
	commit(j);
	look(journal_run(j), &past);
	assert_int_equal(past.counts[TASK_DONE], NOTERS * NOTES);
	assert_int_equal(past.bad_lines, 0);
	journal_free(j);
}

/* ---- batches ---- */

static void batches_come_back_until_they_are_collected(void **)
{
	static const uint32_t first[] = {2, 0, 1}, second[] = {3, 0};
	struct journal_writer *j = begin(4);
	AUTO(run_past) past = {0};

	journal_note_sending(j, STR("fa"), STR("anthropic"), first, 3);
	commit(j);
	look(journal_run(j), &past);
	assert_int_equal(past.parcels.n, 1);
	assert_true(str_is(past.parcels.p[0].provider, "anthropic"));
	assert_int_equal(past.parcels.p[0].batch.n, 0);
	assert_int_equal(past.parcels.p[0].task_count, 3);
	assert_memory_equal(past.parcels.p[0].tasks, first, sizeof first);
	assert_int_equal(past.tasks[2].state, TASK_RUNNING);
	assert_int_equal(past.tasks[2].attempts, 1);
	assert_int_equal(past.tasks[3].state, TASK_WAITING);

	journal_note_sent(j, STR("fa"), STR("msgbatch_1"));
	note_done(j, 0);
	journal_note_sending(j, STR("fb"), STR("openai"), second, 2);
	commit(j);
	look(journal_run(j), &past);
	assert_int_equal(past.parcels.n, 2);
	assert_true(str_is(past.parcels.p[0].batch, "msgbatch_1"));
	assert_int_equal(past.tasks[0].state, TASK_DONE);
	assert_int_equal(past.tasks[3].state, TASK_RUNNING);

	journal_note_collected(j, STR("fa"));
	commit(j);
	look(journal_run(j), &past);
	assert_int_equal(past.parcels.n, 1);
	assert_true(str_is(past.parcels.p[0].label, "fb"));
	journal_note_collected(j, STR("fb"));
	commit(j);
	look(journal_run(j), &past);
	assert_int_equal(past.parcels.n + past.bad_lines + past.doubled, 0);
	journal_free(j);
}

/* They are bad, and the good ones around them are read. */
static void bad_lines_of_batches(void **)
{
	static const char *const bad[] = {"{\"sending\":\"\",\"tasks\":[0]}", "{\"sending\":\"x\"}",
		"{\"sending\":\"x\",\"tasks\":[]}", "{\"sending\":\"x\",\"tasks\":[4]}",
		"{\"sending\":\"x\",\"tasks\":[-1]}", "{\"sending\":\"x\",\"tasks\":[0,\"1\"]}",
		"{\"sending\":\"x\",\"tasks\":{\"a\":0}}",
		"{\"sending\":\"x\",\"tasks\":[0,1,2,3,0]}", "{\"sent\":\"x\",\"batch\":\"b\"}",
		"{\"sent\":\"good\"}", "{\"sent\":\"good\",\"batch\":\"\"}",
		"{\"sent\":\"good\",\"batch\":7}", "{\"collected\":\"x\"}",
		"{\"sending\":\"good\",\"tasks\":[1]}", "{\"done\":\"good\"}",
		"{\"other\":\"good\"}"};
	enum { BAD = sizeof bad / sizeof bad[0] };
	struct journal_writer *j = begin(4);
	AUTO(run_past) past = {0};
	AUTO(buf) text = {0};
	char run[RUN_NAME_BYTES];

	snprintf(run, sizeof run, "%s", journal_run(j));
	journal_note_sending(j, STR("good"), STR("openai"), (const uint32_t[]){3}, 1);
	commit(j);
	journal_free(j);
	const char *path = file_of(run, "journal.jsonl");
	assert_true(file_read(AT_FDCWD, path, 1 << 20, &text, &failure));
	for (size_t i = 0; i < BAD; i++)
		buf_printf(&text, "%s\n", bad[i]);
	buf_put_text(&text, "{\"sent\":\"good\",\"batch\":\"b\"}\n");
	put_file(path, buf_str(&text));
	look(run, &past);
	assert_int_equal(past.bad_lines, BAD);
	assert_int_equal(past.parcels.n, 1);
	assert_true(str_is(past.parcels.p[0].batch, "b"));
	assert_int_equal(past.counts[TASK_RUNNING], 1);
}

/* ---- kill -9 ---- */

enum { SWEEP_TASKS = 300, SWEEP_KILLS = 200 };

/* What a person has seen, in memory that outlives the writer. */
struct seen {
	atomic_int times[SWEEP_TASKS];
	atomic_bool is_done;
};

struct commits {
	struct journal_writer *journal;
	struct seen *seen;
	uint64_t numbers[SWEEP_TASKS]; /* of the lines that say done */
	uint32_t tasks[SWEEP_TASKS];
	atomic_size_t noted;
	atomic_bool ends;
};

static void *commit_and_tell(void *self)
{
	struct commits *c = self;
	size_t told = 0;

	for (bool ends = false; !ends;) {
		ends = atomic_load(&c->ends);
		must(journal_commit(c->journal, &failure));
		/* More is noted meanwhile: telling that would be too early, and a kill shows it. */
		usleep(300);
		size_t noted = atomic_load(&c->noted);
		for (; told < noted && journal_is_safe(c->journal, c->numbers[told]); told++)
			atomic_fetch_add(&c->seen->times[c->tasks[told]], 1);
		usleep(300);
	}
	return NULL;
}

/* What goes out together is noted before, and in the end; one that died left its own behind. */
static void note_parcels(struct journal_writer *j, const struct run_past *past, uint32_t from)
{
	static const uint32_t count = SWEEP_TASKS / 10;
	uint32_t tasks[SWEEP_TASKS / 10];
	char label[20];

	if (from % count)
		return;
	if (from == 0) {
		vec_each (&past->parcels, parcel)
			journal_note_collected(j, parcel->label);
	} else {
		snprintf(label, sizeof label, "f%d-%u", (int)getpid(), from - count);
		journal_note_collected(j, str_from(label));
	}
	for (uint32_t i = 0; i < count; i++)
		tasks[i] = from + i;
	snprintf(label, sizeof label, "f%d-%u", (int)getpid(), from);
	journal_note_sending(j, str_from(label), STR("anthropic"), tasks, count);
	journal_note_sent(j, str_from(label), STR("batch"));
}

/* The process that is killed: does what is not done yet, as an own thread commits. */
static void work(const char *run, struct seen *seen)
{
	AUTO(tasks) t = {0};
	AUTO(run_past) past = {0};
	struct commits c = {.seen = seen};
	pthread_t thread;
	char text[40];

	c.journal = journal_resume(tree_root, run, &t, &past, &failure);
	must(c.journal);
	must(pthread_create(&thread, NULL, commit_and_tell, &c) == 0);
	for (uint32_t i = 0; i < SWEEP_TASKS; i++) {
		note_parcels(c.journal, &past, i);
		if (past.tasks[i].state == TASK_DONE)
			continue;
		size_t at = atomic_load(&c.noted);
		snprintf(text, sizeof text, "result \"%u\"\n", i);
		journal_note_started(c.journal, i, (int)past.tasks[i].attempts + 1);
		c.tasks[at] = i;
		c.numbers[at] = journal_note_done(
			c.journal, i, (int)past.tasks[i].attempts + 1, &cheap, str_from(text));
		atomic_store(&c.noted, at + 1);
		usleep(50);
	}
	atomic_store(&c.ends, true);
	pthread_join(thread, NULL);
	atomic_store(&seen->is_done, true);
}

static void check_after_kill(const char *run, const struct seen *seen)
{
	AUTO(run_past) past = {0};

	look(run, &past);
	assert_int_equal(past.doubled + past.bad_lines, 0);
	assert_true(past.parcels.n <= 1);
	for (uint32_t i = 0; i < SWEEP_TASKS; i++) {
		assert_true(seen->times[i] <= 1);
		if (seen->times[i])
			assert_result(run, &past, i);
	}
	if (seen->is_done)
		assert_int_equal(past.counts[TASK_DONE], SWEEP_TASKS);
}

static void kills_lose_and_double_nothing(void **)
{
	struct seen *seen =
		mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char run[RUN_NAME_BYTES] = "";
	int kills = 0, status;

	assert_true(seen != MAP_FAILED);
	while (kills < SWEEP_KILLS) {
		if (!*run || seen->is_done) {
			struct journal_writer *j = begin(SWEEP_TASKS);
			snprintf(run, sizeof run, "%s", journal_run(j));
			journal_free(j);
			memset(seen, 0, sizeof *seen);
		}
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			work(run, seen);
			_exit(0);
		}
		usleep((useconds_t)tree_random(20'000));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
		kills += WIFSIGNALED(status);
		check_after_kill(run, seen);
	}
	munmap(seen, sizeof *seen);
}

/* ---- all runs ---- */

static void runs_are_listed_and_found(void **)
{
	AUTO(tasks) t = {0};
	AUTO(arena) arena = {0};
	struct journal_writer *j[3];
	run_list runs = {0};
	char name[RUN_NAME_BYTES];

	tree_new();
	assert_true(journal_list(tree_root, &arena, &runs, &failure));
	assert_int_equal(runs.n, 0);
	assert_false(journal_find(tree_root, "last", name, &failure));
	make_list(&t, 2);
	for (int i = 0; i < 3; i++)
		assert_non_null(j[i] = journal_begin(tree_root, &t, STR("{}"), &failure));
	note_done(j[0], 0);
	commit(j[0]);
	snprintf(name, sizeof name, "%s", journal_run(j[1]));
	journal_free(j[1]);
	put_file(file_of(name, "journal.jsonl"), STR("{}\n"));
	assert_true(journal_list(tree_root, &arena, &runs, &failure));
	assert_int_equal(runs.n, 3);
	vec_each (&runs, run) {
		bool is_first = !strcmp(run->name, journal_run(j[0]));
		bool is_broken = !strcmp(run->name, name);
		assert_int_equal(!!run->problem, is_broken);
		assert_int_equal(run->counts[TASK_DONE], is_first);
		assert_int_equal(run->is_at_work, !is_broken);
	}
	assert_true(journal_find(tree_root, journal_run(j[0]), name, &failure));
	assert_string_equal(name, journal_run(j[0]));
	assert_true(journal_find(tree_root, "last", name, &failure));
	assert_string_equal(name, runs.p[0].name);
	assert_false(journal_find(tree_root, "2", name, &failure));
	assert_int_equal(failure.code, ERR_USAGE);
	assert_false(journal_find(tree_root, "nothing", name, &failure));
	assert_int_equal(failure.code, ERR_NOT_FOUND);
	vec_release(&runs);
	journal_free(j[0]);
	journal_free(j[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_come_back),
		cmocka_unit_test(what_is_not_committed_is_lost_whole),
		cmocka_unit_test(first_result_counts),
		cmocka_unit_test(a_run_has_one_writer),
		cmocka_unit_test(another_list_is_refused),
		cmocka_unit_test(strange_names_are_no_runs),
		cmocka_unit_test(cuts_lose_one_line_at_most),
		cmocka_unit_test(bad_lines_are_counted),
		cmocka_unit_test(a_full_disk_leaves_the_journal_whole),
		cmocka_unit_test(a_run_that_cannot_begin_leaves_nothing),
		cmocka_unit_test(threads_note_while_one_commits),
		cmocka_unit_test(batches_come_back_until_they_are_collected),
		cmocka_unit_test(bad_lines_of_batches),
		cmocka_unit_test(kills_lose_and_double_nothing),
		cmocka_unit_test(runs_are_listed_and_found),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
