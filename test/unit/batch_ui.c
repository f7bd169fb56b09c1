// SPDX-License-Identifier: MIT
/* A batch as it is shown: every format, files, lines, and the view on a terminal. */
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "tree.h"

#include "base/file.h"
#include "base/json.h"
#include "base/schema.h"
#include "fake_runner.h"
#include "screen.h"
#include "ui/batch_inside.h"

static struct err failure;
static int saved[2] = {-1, -1}; /* the real stdout and stderr, while they are taken away */

static const char *no_environment(const char *)
{
	return NULL;
}

static const char *terminal_environment(const char *name)
{
	return strcmp(name, "TERM") == 0 ? "xterm" : strcmp(name, "NO_COLOR") == 0 ? "1" : NULL;
}

/* ---- a batch whose outputs are kept ---- */

struct stage {
	struct loop *loop;
	struct runner runner;
	struct batch_ui *ui;
	struct batch_ui_options options;
	bool is_good; /* what batch_ui_end said */
	struct err error;
	struct buf out, err; /* what was written */
};

/* From here on fd 1 and 2 are files. */
static void stage_open(struct stage *s, const char *list, const char *format)
{
	static const char *const names[] = {"stdout", "stderr"};
	char path[100];

	s->loop = loop_new(&failure);
	assert_non_null(s->loop);
	fake_new(&s->runner, str_from(list));
	s->options.format = format_find(str_from(format));
	if (!s->options.environment)
		s->options.environment = no_environment;
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", tree_root, names[i]);
		int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		saved[i] = dup(i + 1);
		dup2(fd, i + 1);
		close(fd);
	}
}

static void stage_begin(struct stage *s)
{
	s->ui = batch_ui_new(s->loop, &s->options, &s->runner.tasks, "20261121-aaaa");
	s->runner.ui = s->ui;
	batch_ui_begin(s->ui, &s->runner);
}

static void stage_new(struct stage *s, const char *list, const char *format)
{
	*s = (struct stage){.options = s->options};
	tree_new();
	stage_open(s, list, format);
	stage_begin(s);
}

/* Also behind a test that has failed on its way: its words are to be seen. */
static int stage_restore(void **)
{
	for (int i = 0; i < 2; i++) {
		if (saved[i] >= 0)
			dup2(saved[i], i + 1);
		file_close(&saved[i]);
	}
	return 0;
}

static void stage_end(struct stage *s)
{
	fake_over(&s->runner);
	loop_run(s->loop, batch_ui_done(s->ui));
	s->is_good = batch_ui_end(s->ui, &s->error);
	batch_ui_free(s->ui);
	stage_restore(NULL);
	AUTO_FD top = open(tree_root, O_RDONLY | O_DIRECTORY);
	assert_true(file_read(top, "stdout", 256 << 20, &s->out, &failure));
	assert_true(file_read(top, "stderr", 256 << 20, &s->err, &failure));
}

static void stage_release(struct stage *s)
{
	fake_release(&s->runner);
	loop_free(s->loop);
	buf_release(&s->out);
	buf_release(&s->err);
}

static void read_file(const char *name, struct buf *out)
{
	AUTO_FD top = open(tree_root, O_RDONLY | O_DIRECTORY);

	if (!file_read(top, name, 256 << 20, out, &failure))
		fail_msg("%s", failure.text);
}

static void assert_holds(const struct buf *text, const char *words)
{
	if (str_contains(buf_str(text), str_from(words)))
		return;
	stage_restore(NULL);
	fail_msg("\"%s\" is missing in\n%s", words, buf_text(text));
}

static void assert_text(const struct buf *text, const char *expected)
{
	assert_string_equal(buf_text(text), expected);
}

static void assert_fits(struct str value, const char *name)
{
	AUTO(arena) a = {0};
	AUTO(buf) text = {0};
	AUTO_FD docs = open(TEST_UNIT "/../../docs", O_RDONLY | O_DIRECTORY);
	struct schema_faults faults = {0};

	assert_true(file_read(docs, name, 1 << 20, &text, &failure));
	struct schema *schema = schema_new(buf_str(&text), NULL, &failure);
	if (!schema)
		fail_msg("%s: %s", name, failure.text);
	if (!schema_check(schema, value, &a, &faults))
		fail_msg("%s: %.*s %.*s\n%.*s", name, STR_ARG(faults.items[0].path),
			STR_ARG(faults.items[0].message), STR_ARG(value));
	schema_free(schema);
}

static const char four[] =
	"{\"id\": \"a\", \"prompt\": \"p\"}\n{\"id\": \"b/c\", \"prompt\": \"p\"}\n"
	"{\"id\": \"it's\", \"prompt\": \"p\"}\n{\"id\": \"d\", \"prompt\": \"p\"}\n";

/* The third first; the second fails, the last is not begun. */
static void play_four(struct stage *s)
{
	for (uint32_t i = 0; i < 3; i++)
		fake_start(&s->runner, i);
	fake_end(&s->runner, 2, TASK_DONE, "third\n");
	fake_end(&s->runner, 1, TASK_FAILED, "too many \x1b[31mrequests");
	fake_end(&s->runner, 0, TASK_DONE, "first");
}

/* ---- formats ---- */

static void text_is_in_the_order_of_the_list(void **)
{
	struct stage s = {0};

	stage_new(&s, four, "text");
	play_four(&s);
	stage_end(&s);
	assert_true(s.is_good);
	assert_text(&s.out,
		"== a ==\nfirst\n\n== b/c ==\nFAILED limit: too many requests\nrun alone: "
		"fettle batch --resume 20261121-aaaa --only b/c\n\n== it's ==\nthird\n\n");
	stage_release(&s);
	s.options.is_unordered = true;
	stage_new(&s, four, "text");
	play_four(&s);
	stage_end(&s);
	assert_text(&s.out,
		"== it's ==\nthird\n\n== b/c ==\nFAILED limit: too many requests\nrun alone: "
		"fettle batch --resume 20261121-aaaa --only b/c\n\n== a ==\nfirst\n\n");
	stage_release(&s);
}

static void one_task_is_its_answer_alone(void **)
{
	struct stage s = {0};

	stage_new(&s, "{\"prompt\": \"p\"}\n", "text");
	fake_start(&s.runner, 0);
	fake_end(&s.runner, 0, TASK_DONE, "the answer");
	stage_end(&s);
	assert_text(&s.out, "the answer\n");
	stage_release(&s);
}

static void json_is_one_document(void **)
{
	struct stage s = {.options.has_schema = true};
	AUTO(arena) a = {0};
	struct str tasks;

	stage_new(&s, four, "json");
	fake_start(&s.runner, 3);
	fake_end(&s.runner, 3, TASK_DONE, "{\"n\": 1}");
	fake_end(&s.runner, 2, TASK_DONE, "no JSON");
	fake_end(&s.runner, 0, TASK_SKIPPED, "it needs d");
	err_set(&s.runner.stop, ERR_LIMIT, "the budget is spent");
	stage_end(&s);
	assert_fits(buf_str(&s.out), "batch.schema.json");
	tasks = json_get(buf_str(&s.out), "tasks");
	assert_int_equal(json_count(tasks), 4);
	assert_true(json_text_is(json_pointer(tasks, STR("/0/error/message")), "it needs d"));
	assert_true(json_text_is(json_pointer(tasks, STR("/0/error/class")), "skipped"));
	assert_true(json_text_is(json_pointer(tasks, STR("/1/state")), "unfinished"));
	assert_int_equal(json_type(json_pointer(tasks, STR("/2/structured"))), JSON_NULL);
	assert_int_equal(json_int_or(json_pointer(tasks, STR("/3/structured/n")), 0), 1);
	assert_int_equal(json_int_or(json_pointer(tasks, STR("/3/usage/input_tokens")), 0), 1000);
	assert_int_equal(
		json_int_or(json_pointer(buf_str(&s.out), STR("/usage/output_tokens")), 0), 400);
	assert_true(json_text_is(json_pointer(buf_str(&s.out), STR("/stopped/code")), "limit"));
	assert_true(json_text_is(
		json_get(buf_str(&s.out), "resume"), "fettle batch --resume 20261121-aaaa"));
	stage_release(&s);
}

static void play_agent(struct stage *s, uint32_t task)
{
	struct block block = {.kind = BLOCK_TEXT, .text = STR("said")};
	struct message message = {.role = ROLE_ASSISTANT, .blocks = &block, .block_count = 1};
	struct route route = {.model_id = STR("one"), .name = STR("mock/one")};
	struct call_result call = {.route = &route, .usage = USAGE_UNKNOWN};
	struct tool_run run = {.name = STR("bash"), .target = STR("make \x1b[2Jtest")};

	fake_agent(&s->runner, task, (struct agent_event){.kind = AGENT_ASKS, .turn = 1});
	fake_agent(&s->runner, task, (struct agent_event){.kind = AGENT_TEXT, .text = STR("said")});
	fake_agent(&s->runner, task,
		(struct agent_event){.kind = AGENT_ANSWERED, .message = &message, .call = &call});
	fake_agent(&s->runner, task, (struct agent_event){.kind = AGENT_TOOL, .run = &run});
}

static void a_stream_names_the_task_of_each_line(void **)
{
	struct stage s = {.options.shows_partial = true};
	struct err why = {ERR_PROVIDER, "busy"};
	struct str rest, line, last = {0};
	size_t results = 0, lines = 0, of_agents = 0;

	stage_new(&s, four, "stream-json");
	for (uint32_t i = 0; i < 3; i++)
		fake_start(&s.runner, i);
	play_agent(&s, 1);
	fake_tell(&s.runner, (struct runner_event){.kind = RUNNER_PAUSED,
				     .task = 2,
				     .attempt = 1,
				     .error = &why,
				     .class = "server",
				     .delay_ms = 1000});
	fake_end(&s.runner, 2, TASK_DONE, "third\n");
	fake_end(&s.runner, 1, TASK_FAILED, "no");
	stage_end(&s);
	rest = buf_str(&s.out);
	while (str_split(&rest, '\n', &line) && line.n) {
		assert_fits(line, "batch-stream.schema.json");
		if (json_text_is(json_get(line, "type"), "assistant") ||
			json_text_is(json_get(line, "type"), "stream_event")) {
			assert_fits(line, "stream.schema.json");
			assert_true(json_text_is(json_get(line, "task_id"), "b/c"));
			of_agents++;
		}
		results += json_text_is(json_get(line, "type"), "task_result");
		last = line;
		lines++;
	}
	assert_int_equal(of_agents, 2);
	assert_int_equal(results, 4);
	assert_int_equal(lines, 3 + 2 + 1 + 4 + 1);
	assert_true(json_text_is(json_get(last, "type"), "batch_result"));
	stage_release(&s);
}

static void a_report_has_a_table(void **)
{
	struct stage s = {0};

	stage_new(&s, four, "markdown");
	play_four(&s);
	assert_int_equal(s.runner.asked, 0);
	stage_end(&s);
	assert_holds(&s.out, "# Batch 20261121-aaaa\n\n| task |");
	assert_holds(&s.out, "\n| a | done | 1 | 2.1 s | 1.0k | 200 | $0.0120 |\n| b/c | failed |");
	assert_holds(&s.out, "\n| d | unfinished |");
	assert_holds(
		&s.out, "\n4 tasks: 2 done, 1 failed, 0 skipped, 1 unfinished; 3.0k tokens in");
	assert_holds(
		&s.out, "\n## b/c\n\n**Failed:** limit: too many requests\n\n## it's\n\nthird\n");
	stage_release(&s);
	assert_false(batch_takes_format(format_find(STR("diff")), &failure));
	assert_int_equal(failure.code, ERR_USAGE);
}

/* What ended in an earlier session is as if it had ended now, but is told nowhere else. */
static void a_resume_shows_the_whole(void **)
{
	struct stage s = {0};

	tree_new();
	stage_open(&s, four, "text");
	fake_note(&s.runner, 0, TASK_DONE, "long ago");
	stage_begin(&s);
	fake_start(&s.runner, 1);
	fake_end(&s.runner, 1, TASK_DONE, "now");
	fake_tell(&s.runner, (struct runner_event){.kind = RUNNER_ENDED,
				     .task = 1,
				     .attempt = 1,
				     .outcome = &s.runner.outcomes[1]});
	stage_end(&s);
	assert_text(&s.out, "== a ==\nlong ago\n\n== b/c ==\nnow\n\n");
	assert_false(str_contains(buf_str(&s.err), STR("[1/4]")));
	assert_holds(&s.err, "fettle: [2/4] b/c done 2.1 s, 1.2k tokens, $0.0120\n");
	stage_release(&s);
}

static void what_cannot_be_read_back_is_told_once(void **)
{
	struct stage s = {0};

	stage_new(&s, four, "json");
	s.runner.is_unreadable = true;
	for (uint32_t i = 4; i-- > 0;)
		fake_end(&s.runner, i, TASK_DONE, "x");
	stage_end(&s);
	assert_false(s.is_good);
	assert_fits(buf_str(&s.out), "batch.schema.json");
	assert_true(json_text_is(
		json_pointer(buf_str(&s.out), STR("/tasks/3/error/class")), "journal"));
	size_t at = str_find(buf_str(&s.err), STR("cannot be read back"), 0);
	assert_int_not_equal(at, SIZE_MAX);
	assert_int_equal(str_find(buf_str(&s.err), STR("cannot be read back"), at + 1), SIZE_MAX);
	stage_release(&s);
}

/* ---- many results, a slow reader ---- */

enum { MANY = 10'000, ANSWER_BYTES = 2'000 };

struct reader {
	struct stage *stage;
	int fd;
	size_t bytes, most_queued;
	struct timer *timer;
	bool is_through;
};

static void read_some(void *self)
{
	static char bytes[8 << 10];
	struct reader *r = self;
	size_t queued = r->stage->ui->ui->out.n;
	ssize_t n = read(r->fd, bytes, sizeof bytes);

	r->bytes += n > 0 ? (size_t)n : 0;
	r->most_queued = queued > r->most_queued ? queued : r->most_queued;
	r->is_through = n <= 0 && *batch_ui_done(r->stage->ui);
	r->timer = r->is_through ? NULL : loop_after(r->stage->loop, n > 0 ? 0 : 1, read_some, r);
}

static void make_many(struct buf *list, struct buf *answer)
{
	for (int i = 0; i < MANY; i++)
		buf_put_text(list, "{\"prompt\": \"p\"}\n");
	for (int i = 0; i < ANSWER_BYTES; i++)
		buf_put_char(answer, 'x');
}

static void results_wait_in_the_journal_for_a_slow_reader(void **)
{
	AUTO(buf) list = {0};
	AUTO(buf) answer = {0};
	struct stage s = {.options.is_quiet = true};
	struct reader reader = {.stage = &s};
	int ends[2];

	make_many(&list, &answer);
	tree_new();
	stage_open(&s, buf_text(&list), "text");
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	stage_begin(&s);
	reader.fd = ends[0];
	reader.timer = loop_after(s.loop, 0, read_some, &reader);
	for (uint32_t i = MANY; i-- > 0;)
		fake_end(&s.runner, i, TASK_DONE, buf_text(&answer));
	fake_over(&s.runner);
	loop_run(s.loop, &reader.is_through);
	assert_true(batch_ui_end(s.ui, &s.error));
	batch_ui_free(s.ui);
	stage_restore(NULL);
	close(ends[0]);
	size_t digits = 9 + 90 * 2 + 900 * 3 + 9000 * 4 + 5;
	assert_int_equal(
		reader.bytes, (size_t)MANY * (ANSWER_BYTES + strlen("==  ==\n\n\n")) + digits);
	assert_true(reader.most_queued < (96 << 10));
	stage_release(&s);
}

static void a_reader_that_leaves_is_no_end_for_files(void **)
{
	AUTO(buf) text = {0};
	struct ui_output output = {.format = format_find(STR("text"))};
	char path[100];
	struct stage s = {.options = {.outputs = &output, .output_count = 1}};
	int ends[2];

	tree_new();
	snprintf(path, sizeof path, "%s/answers", tree_root);
	output.path = path;
	signal(SIGPIPE, SIG_IGN);
	stage_open(&s, four, "json");
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	close(ends[0]);
	stage_begin(&s);
	play_four(&s);
	stage_end(&s);
	assert_false(s.is_good);
	assert_int_equal(s.error.code, ERR_CANCELLED);
	read_file("answers", &text);
	assert_holds(&text, "== it's ==\nthird\n");
	stage_release(&s);
}

/* ---- files ---- */

static void files_appear_whole_at_the_end(void **)
{
	AUTO(buf) json = {0};
	AUTO(buf) lines = {0};
	struct ui_output outputs[] = {
		{.format = format_find(STR("json"))}, {.format = format_find(STR("stream-json"))}};
	char paths[2][100];
	struct stage s = {.options = {.outputs = outputs, .output_count = 2, .is_quiet = true}};
	AUTO(buf) answer = {0};

	tree_new();
	for (int i = 0; i < 2; i++) {
		snprintf(paths[i], sizeof paths[i], "%s/%d", tree_root, i);
		outputs[i].path = paths[i];
	}
	tree_text("0", "old");
	stage_open(&s, four, "text");
	stage_begin(&s);
	for (int i = 0; i < 100'000; i++)
		buf_put_char(&answer, "\n\"x"[i % 3]);
	for (uint32_t i = 0; i < 4; i++)
		fake_end(&s.runner, i, TASK_DONE, buf_text(&answer));
	read_file("0", &json);
	assert_text(&json, "old");
	assert_true(s.ui->sinks.p[1].sink.out.n < 64 << 10);
	assert_true(access(paths[1], F_OK) < 0);
	buf_clear(&json);
	stage_end(&s);
	assert_true(s.is_good);
	read_file("0", &json);
	assert_fits(buf_str(&json), "batch.schema.json");
	read_file("1", &lines);
	assert_holds(&lines, "\"type\":\"batch_result\"");
	char *left = tree_shell("ls -A");
	assert_string_equal(left, "0\n1\nstderr\nstdout\n");
	free(left);
	stage_release(&s);
}

static void a_full_disk_is_told_once_and_the_old_file_stays(void **)
{
	AUTO(buf) text = {0};
	AUTO(buf) answer = {0};
	struct ui_output output = {.format = format_find(STR("json"))};
	char path[100];
	struct stage s = {.options = {.outputs = &output, .output_count = 1, .is_quiet = true}};
	struct rlimit before, small;

	for (int i = 0; i < 100'000; i++)
		buf_put_char(&answer, 'x');
	tree_new();
	snprintf(path, sizeof path, "%s/report.json", tree_root);
	output.path = path;
	tree_text("report.json", "old");
	signal(SIGXFSZ, SIG_IGN);
	stage_open(&s, four, "markdown");
	stage_begin(&s);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){150'000, before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	for (uint32_t i = 0; i < 4; i++)
		fake_end(&s.runner, i, TASK_DONE, buf_text(&answer));
	setrlimit(RLIMIT_FSIZE, &before);
	stage_end(&s);
	assert_false(s.is_good);
	assert_int_equal(s.error.code, ERR_NONE);
	size_t at = str_find(buf_str(&s.err), STR("the output is lost: "), 0);
	assert_int_not_equal(at, SIZE_MAX);
	assert_int_equal(str_find(buf_str(&s.err), STR("the output is lost: "), at + 1), SIZE_MAX);
	read_file("report.json", &text);
	assert_text(&text, "old");
	char *left = tree_shell("ls -A");
	assert_string_equal(left, "report.json\nstderr\nstdout\n");
	free(left);
	stage_release(&s);
}

static void check_directory(const char *list, const char *sentence)
{
	AUTO(arena) a = {0};
	AUTO(tasks) tasks = {0};
	const char *directory = arena_printf(&a, "%s/made/out", tree_root).p;

	tree_new();
	tasks_read_jsonl(&tasks, str_from(list));
	bool good = tasks_finish(&tasks, false, &failure) &&
		    batch_check_directory(&tasks, directory, false, &failure);
	if (good != !sentence || (sentence && !strstr(failure.text, sentence)))
		fail_msg("%s: %s", list, good ? "it passes" : failure.text);
	assert_true(access(directory, F_OK) == (good ? 0 : -1));
}

static void names_stay_in_the_directory(void **)
{
	static const char *const wrong[][2] = {
		{"{\"prompt\": \"p\", \"output\": \"../x\"}", "would leave"},
		{"{\"prompt\": \"p\", \"output\": \"a/../../x\"}", "would leave"},
		{"{\"prompt\": \"p\", \"output\": \"/x\"}", "would leave"},
		{"{\"prompt\": \"p\", \"output\": \"{{d}}/x\", \"vars\": {\"d\": \"..\"}}",
			"would leave"},
		{"{\"prompt\": \"p\", \"output\": \"x/\"}", "no name of a file"},
		{"{\"prompt\": \"p\", \"output\": \".\"}", "no name of a file"},
		{"{\"id\": \"1\", \"prompt\": \"p\", \"output\": \"x//y\"}\n{\"id\": \"2\", \"prompt\": \"p\", \"output\": \"./x/y\"}",
			"output: x/y is that of line 1, too"},
		{"{\"id\": \"one\", \"prompt\": \"p\"}\n{\"id\": \"2\", \"prompt\": \"p\", \"output\": \"one.md\"}",
			"the same file"},
		{"{\"id\": \"1\", \"prompt\": \"p\", \"output\": \"x\"}\n{\"id\": \"2\", \"prompt\": \"p\", \"output\": \"x-\"}\n"
		 "{\"id\": \"3\", \"prompt\": \"p\", \"output\": \"x/y/z\"}",
			"a file and a directory"},
	};

	check_directory(
		"{\"id\": \"a/b\", \"prompt\": \"p\"}\n{\"id\": \"a_b\", \"prompt\": \"p\"}\n"
		"{\"id\": \"a%2Fb\", \"prompt\": \"p\"}",
		NULL);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		check_directory(wrong[i][0], wrong[i][1]);
}

static void assert_name(const char *id, const char *expected)
{
	AUTO(buf) name = {0};
	struct task task = {.id = str_from(id)};

	assert_true(batch_file_name(&task, false, &name, &failure));
	assert_string_equal(buf_text(&name), expected);
}

static void ids_become_names(void **)
{
	AUTO(buf) name = {0};
	char longest[400];

	assert_name("plain-1", "plain-1.md");
	assert_name("../etc/passwd", "%2E.%2Fetc%2Fpasswd.md");
	assert_name("..", "%2E..md");
	assert_name("a b\n%", "a%20b%0A%25.md");
	assert_name("\xe6\xbc\xa2", "\xe6\xbc\xa2.md");
	memset(longest, 'y', sizeof longest);
	struct task task = {.id = {longest, sizeof longest}};
	assert_true(batch_file_name(&task, true, &name, &failure));
	assert_true(name.n < 255 && str_ends(buf_str(&name), STR(".json")));
}

static const char placed[] = "{\"id\": \"a\", \"prompt\": \"p\", \"output\": \"deep/er/a.txt\"}\n"
			     "{\"id\": \"b\", \"prompt\": \"p\"}\n"
			     "{\"id\": \"c\", \"prompt\": \"p\", \"output\": \"link/c.txt\"}\n"
			     "{\"id\": \"d\", \"prompt\": \"p\", \"output\": \"taken\"}\n"
			     "{\"id\": \"e\", \"prompt\": \"p\"}\n";

static void each_answer_has_its_file_at_once(void **)
{
	AUTO(buf) text = {0};
	struct stage s = {0};
	char path[100];

	tree_new();
	snprintf(path, sizeof path, "%s/out", tree_root);
	s.options.directory = path;
	tree_text("out/taken/by", "a directory");
	tree_text("elsewhere/", "");
	free(tree_shell("ln -s ../elsewhere out/link; ln -s ../kept out/b.md; echo kept >kept"));
	stage_open(&s, placed, "json");
	fake_note(&s.runner, 4, TASK_DONE, "of an earlier session");
	stage_begin(&s);
	fake_end(&s.runner, 0, TASK_DONE, "first");
	read_file("out/deep/er/a.txt", &text);
	fake_end(&s.runner, 1, TASK_DONE, "second\n");
	fake_end(&s.runner, 2, TASK_DONE, "third");
	fake_end(&s.runner, 3, TASK_DONE, "fourth");
	stage_end(&s);
	assert_text(&text, "first\n");
	assert_false(s.is_good);
	assert_holds(&s.err, "2 files of ");
	assert_holds(&s.err, " could not be written; the first: link: ");
	char *left = tree_shell(
		"cat kept out/b.md out/e.md; ls elsewhere; find out -name '*.txt' -o -name '.*'");
	assert_string_equal(left, "kept\nsecond\nof an earlier session\nout/deep/er/a.txt\n");
	free(left);
	struct str tasks = json_get(buf_str(&s.out), "tasks");
	assert_fits(buf_str(&s.out), "batch.schema.json");
	assert_true(
		str_ends(json_pointer(tasks, STR("/0/output_file")), STR("/out/deep/er/a.txt\"")));
	assert_false(json_pointer(tasks, STR("/2/output_file")).p);
	assert_false(json_pointer(tasks, STR("/3/output_file")).p);
	stage_release(&s);
}

/* ---- stderr ---- */

static void a_pipe_gets_a_line_a_task_and_a_summary(void **)
{
	struct stage s = {.options.is_verbose = true};
	struct err why = {ERR_PROVIDER, "busy"}, full = {ERR_IO, "no space left"};

	stage_new(&s, four, "text");
	fake_tell(&s.runner, (struct runner_event){.kind = RUNNER_PAUSED,
				     .task = 3,
				     .attempt = 1,
				     .error = &why,
				     .class = "server",
				     .delay_ms = 2000});
	fake_tell(&s.runner, (struct runner_event){.kind = RUNNER_STUCK, .error = &full});
	fake_tell(&s.runner, (struct runner_event){.kind = RUNNER_UNSTUCK});
	play_four(&s);
	fake_end(&s.runner, 3, TASK_FAILED, "no");
	stage_end(&s);
	assert_text(&s.err,
		"fettle: d attempt 1: server: busy; again in 2.0 s\n"
		"fettle: no space left\nfettle: the journal takes lines again\n"
		"fettle: [1/4] it's done 2.1 s, 1.2k tokens, $0.0120\n"
		"fettle: [2/4] b/c FAILED limit: too many requests\n"
		"fettle: [3/4] a done 2.1 s, 1.2k tokens, $0.0120\n"
		"fettle: [4/4] d FAILED limit: no\n"
		"batch 20261121-aaaa: 2 done, 2 failed of 4 in 0.0 s; 4.0k tokens in, 800 out, $0.0480\n"
		"  b/c: limit, 1 attempt; alone: fettle batch --resume 20261121-aaaa --only b/c\n"
		"  d: limit, 1 attempt; alone: fettle batch --resume 20261121-aaaa --only d\n");
	stage_release(&s);
	s.options = (struct batch_ui_options){.is_quiet = true};
	stage_new(&s, four, "text");
	play_four(&s);
	stage_end(&s);
	assert_text(&s.err, "fettle: [2/4] b/c FAILED limit: too many requests\n");
	stage_release(&s);
}

static void commands_can_be_pasted(void **)
{
	static const char *const words[][2] = {
		{"it's", "fettle batch --resume R --only 'it'\\''s'"},
		{"-x", "fettle batch --resume R --only='-x'"},
		{"$(rm -rf)", "fettle batch --resume R --only '$(rm -rf)'"},
		{"", "fettle batch --resume R --only ''"},
		{"src/a.c", "fettle batch --resume R --only src/a.c"},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		AUTO(buf) line = {0};
		batch_put_alone(&line, "R", str_from(words[i][0]));
		assert_string_equal(buf_text(&line), words[i][1]);
	}
}

static void only_twenty_failures_are_shown(void **)
{
	AUTO(buf) list = {0};
	struct stage s = {0};

	for (int i = 0; i < 30; i++)
		buf_put_text(&list, "{\"prompt\": \"p\"}\n");
	stage_new(&s, buf_text(&list), "text");
	for (uint32_t i = 0; i < 29; i++)
		fake_end(&s.runner, i, TASK_FAILED, "no");
	stage_end(&s);
	assert_holds(&s.err,
		"--only 20\n  and 9 more that failed\nto go on: fettle batch --resume 20261121-aaaa\n");
	stage_release(&s);
}

/* ---- the view ---- */

struct terminal {
	struct stage stage;
	int fd; /* the other side */
	struct screen screen;
	struct timer *timer;
	bool is_through;
	size_t step;
};

static void terminal_read(struct terminal *t)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(t->fd, bytes, sizeof bytes)) > 0)
		screen_write(&t->screen, (struct str){bytes, (size_t)n});
}

static void terminal_open(struct terminal *t, const char *list, const char *format,
	unsigned short columns, unsigned short rows)
{
	struct winsize size = {.ws_col = columns, .ws_row = rows};
	int slave;

	t->stage.options.environment = terminal_environment;
	t->screen = (struct screen){.columns = columns, .height = rows};
	tree_new();
	stage_open(&t->stage, list, format);
	assert_int_equal(openpty(&t->fd, &slave, NULL, NULL, &size), 0);
	fcntl(t->fd, F_SETFL, O_NONBLOCK);
	dup2(slave, STDOUT_FILENO);
	dup2(slave, STDERR_FILENO);
	close(slave);
	stage_begin(&t->stage);
}

static void terminal_text(struct terminal *t, struct buf *out)
{
	terminal_read(t);
	buf_clear(out);
	screen_text(&t->screen, false, out);
}

/* Lets the loop go on until these words stand there. */
static void look_again(void *self)
{
	struct terminal *t = self;

	t->is_through = true;
}

static void terminal_wait(struct terminal *t, const char *words, struct buf *out)
{
	for (int i = 0; i < 3000; i++) {
		terminal_text(t, out);
		if (str_contains(buf_str(out), str_from(words)))
			return;
		t->is_through = false;
		loop_after(t->stage.loop, 10, look_again, t);
		loop_run(t->stage.loop, &t->is_through);
	}
	stage_restore(NULL);
	fail_msg("\"%s\" never came:\n%s", words, buf_text(out));
}

static void terminal_end(struct terminal *t, struct buf *out)
{
	struct stage *s = &t->stage;

	fake_over(&s->runner);
	loop_run(s->loop, batch_ui_done(s->ui));
	s->is_good = batch_ui_end(s->ui, &s->error);
	batch_ui_free(s->ui);
	terminal_text(t, out);
	stage_restore(NULL);
	close(t->fd);
	if (t->screen.mistake)
		fail_msg("%s\n%s", t->screen.mistake, buf_text(out));
	screen_release(&t->screen);
	stage_release(s);
}

static void a_terminal_shows_what_runs(void **)
{
	AUTO(buf) text = {0};
	struct terminal t = {0};

	terminal_open(&t, four, "text", 100, 24);
	fake_start(&t.stage.runner, 0);
	fake_start(&t.stage.runner, 1);
	play_agent(&t.stage, 1);
	terminal_wait(&t, "0/4 done, 2 running, 2 waiting\n", &text);
	assert_holds(&text, "\n  a                             0.0 s\n");
	assert_holds(&text, "\n  b/c                           0.0 s  turn 1  bash make test\n");
	assert_false(str_contains(buf_str(&text), STR("left")));
	fake_end(&t.stage.runner, 0, TASK_DONE, "The **first** answer.");
	terminal_wait(&t, "1/4 done", &text);
	assert_holds(&text, "== a ==\nThe first answer.\n\n[=======>");
	assert_holds(&text, " left\n");
	batch_ui_wait(t.stage.ui, STR("the provider's limit of tokens a minute"));
	terminal_wait(&t, "\nwaiting: the provider's limit of tokens a minute\n", &text);
	fake_end(&t.stage.runner, 1, TASK_FAILED, "no");
	terminal_wait(&t, "1 failed", &text);
	assert_holds(&text, "\nfettle: [2/4] b/c FAILED limit: no\n");
	terminal_end(&t, &text);
	assert_false(str_contains(buf_str(&text), STR("running")));
	assert_holds(&text,
		"fettle: [2/4] b/c FAILED limit: no\n== b/c ==\nFAILED limit: no\nrun alone:");
	assert_holds(&text,
		"--only b/c\n\nbatch 20261121-aaaa: 1 done, 1 failed, 2 unfinished of 4 in ");
}

static void a_small_terminal_shows_what_fits(void **)
{
	AUTO(buf) list = {0};
	AUTO(buf) text = {0};
	struct terminal t = {0};

	for (int i = 0; i < 50; i++)
		buf_printf(
			&list, "{\"id\": \"\xe6\xbc\xa2\xe5\xad\x97 %d\", \"prompt\": \"p\"}\n", i);
	terminal_open(&t, buf_text(&list), "text", 30, 8);
	for (uint32_t i = 0; i < 50; i++)
		fake_start(&t.stage.runner, i);
	terminal_wait(&t, "and 49 more", &text);
	assert_int_equal(t.screen.wraps, 0);
	for (uint32_t i = 0; i < 50; i++)
		fake_end(&t.stage.runner, i, TASK_DONE, "x");
	terminal_wait(&t, "50/50", &text);
	terminal_end(&t, &text);
	assert_false(str_contains(buf_str(&text), STR("running")));
}

static void lines_are_reckoned_from_the_last_minutes(void **)
{
	AUTO(buf) text = {0};
	struct stage s = {0};
	int64_t second = 1'000'000'000, now;

	stage_new(&s, four, "text");
	s.ui->has_live = true;
	fake_start(&s.runner, 0);
	fake_start(&s.runner, 1);
	fake_end(&s.runner, 0, TASK_DONE, "x");
	now = s.ui->rate.begun;
	batch_live_put(s.ui, &text, 120, 10, now + 60 * second);
	assert_holds(&text,
		"1/4 done, 1 running, 2 waiting\n1.0 tasks/min, 1.0k tokens in, 200 out, $0.0120, about 3 min 0 s left\n");
	buf_clear(&text);
	batch_live_put(s.ui, &text, 120, 10, now + 3601 * second);
	assert_holds(&text,
		"waiting\n1.0k tokens in, 200 out, $0.0120\n  b/c                           1 h 0 min\n");
	buf_clear(&text);
	batch_live_put(s.ui, &text, 120, 1, now);
	assert_int_equal(str_find_char(buf_str(&text), '\n', 0), text.n - 1);
	s.ui->has_live = false;
	stage_end(&s);
	stage_release(&s);
}

/* ---- status ---- */

static void runs_on_the_disk_have_a_state(void **)
{
	AUTO(tasks) t = {0};
	AUTO(buf) text = {0};
	char run[RUN_NAME_BYTES];
	struct run_usage u = {.tokens = {10, 20, -1, -1, -1, -1, -1}, .cost_nanousd = 5'000'000};

	tree_new();
	assert_true(batch_status_list(tree_root, true, &text, &failure));
	assert_fits(buf_str(&text), "batch-status.schema.json");
	tasks_read_jsonl(&t, str_from(four));
	assert_true(tasks_finish(&t, false, &failure));
	struct journal_writer *j = journal_begin(tree_root, &t, STR("{}"), &failure);
	assert_non_null(j);
	snprintf(run, sizeof run, "%s", journal_run(j));
	journal_note_started(j, 0, 1);
	journal_note_done(j, 0, 1, &u, STR("x"));
	journal_note_failed(j, 2, 2, &u, "limit", STR("too \x1b[31mmany"), true);
	assert_true(journal_commit(j, &failure));
	buf_clear(&text);
	assert_true(batch_status_list(tree_root, true, &text, &failure));
	assert_fits(buf_str(&text), "batch-status.schema.json");
	assert_true(json_bool_or(json_pointer(buf_str(&text), STR("/runs/0/at_work")), false));
	journal_free(j);
	buf_clear(&text);
	assert_true(batch_status_list(tree_root, false, &text, &failure));
	assert_holds(&text, "interrupted        4       1       1       0          2\n");
	buf_clear(&text);
	assert_true(batch_status_run(tree_root, "last", true, &text, &failure));
	assert_fits(buf_str(&text), "batch-status.schema.json");
	assert_true(json_text_is(json_pointer(buf_str(&text), STR("/failed/0/class")), "limit"));
	assert_int_equal(
		json_int_or(json_pointer(buf_str(&text), STR("/usage/input_tokens")), 0), 20);
	buf_clear(&text);
	assert_true(batch_status_run(tree_root, run, false, &text, &failure));
	assert_holds(&text, ": 4 tasks: 1 done, 1 failed, 0 skipped, 2 unfinished\nbegun ");
	assert_holds(&text,
		"\nspent: 20 tokens in, 40 out, $0.0100\n  it's, 2 attempts: limit: too many\n    alone: fettle batch --resume ");
	assert_holds(&text, " --only 'it'\\''s'\nto go on: fettle batch --resume ");
	assert_false(batch_status_run(tree_root, "none", false, &text, &failure));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(text_is_in_the_order_of_the_list, stage_restore),
		cmocka_unit_test_teardown(one_task_is_its_answer_alone, stage_restore),
		cmocka_unit_test_teardown(json_is_one_document, stage_restore),
		cmocka_unit_test_teardown(a_stream_names_the_task_of_each_line, stage_restore),
		cmocka_unit_test_teardown(a_report_has_a_table, stage_restore),
		cmocka_unit_test_teardown(a_resume_shows_the_whole, stage_restore),
		cmocka_unit_test_teardown(what_cannot_be_read_back_is_told_once, stage_restore),
		cmocka_unit_test_teardown(
			results_wait_in_the_journal_for_a_slow_reader, stage_restore),
		cmocka_unit_test_teardown(a_reader_that_leaves_is_no_end_for_files, stage_restore),
		cmocka_unit_test_teardown(files_appear_whole_at_the_end, stage_restore),
		cmocka_unit_test_teardown(
			a_full_disk_is_told_once_and_the_old_file_stays, stage_restore),
		cmocka_unit_test_teardown(names_stay_in_the_directory, stage_restore),
		cmocka_unit_test_teardown(ids_become_names, stage_restore),
		cmocka_unit_test_teardown(each_answer_has_its_file_at_once, stage_restore),
		cmocka_unit_test_teardown(a_pipe_gets_a_line_a_task_and_a_summary, stage_restore),
		cmocka_unit_test_teardown(commands_can_be_pasted, stage_restore),
		cmocka_unit_test_teardown(only_twenty_failures_are_shown, stage_restore),
		cmocka_unit_test_teardown(a_terminal_shows_what_runs, stage_restore),
		cmocka_unit_test_teardown(a_small_terminal_shows_what_fits, stage_restore),
		cmocka_unit_test_teardown(lines_are_reckoned_from_the_last_minutes, stage_restore),
		cmocka_unit_test_teardown(runs_on_the_disk_have_a_state, stage_restore),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
