// SPDX-License-Identifier: MIT
/* journal_read: the reading half. Results stay in the file; only where they are is remembered. */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "batch/journal_inside.h"

enum { PIECE_BYTES = 1 << 20 };

/* Larger counts are no counts, and a million of them would not fit a sum. */
static const int64_t tokens_max = 1'000'000'000'000;

void run_past_begin(struct run_past *past, size_t task_count)
{
	*past = (struct run_past){.head.task_count = task_count,
		.tasks = must_alloc(task_count, sizeof *past->tasks),
		.counts[TASK_WAITING] = task_count,
		.spent = {.tokens = USAGE_UNKNOWN}};
}

void run_past_release(struct run_past *past)
{
	free(past->tasks);
	vec_release(&past->parcels);
	arena_release(&past->arena);
	*past = (struct run_past){0};
}

/* ---- the head ---- */

void journal_put_first(struct buf *line, const struct run_head *head)
{
	struct json_writer w = {.buf = line};
	char digest[SHA256_TEXT];

	sha256_text(&head->definition, digest);
	json_open(&w, '{');
	json_member_int(&w, "version", 1);
	json_member_text(&w, "run", head->name);
	json_member_int(&w, "tasks", (int64_t)head->task_count);
	json_member_text(&w, "definition", digest);
	json_member_int(&w, "at", head->at_ms);
	json_key(&w, "options");
	json_put_compact(line, head->options);
	json_close(&w, '}');
	buf_put_char(line, '\n');
}

static bool read_head(struct str line, struct arena *a, struct run_head *out)
{
	struct str name = json_text(json_get(line, "run"), a);
	struct str digest = json_text(json_get(line, "definition"), a);
	struct run_head head = {.options = json_get(line, "options")};
	int64_t count;
	struct err e;

	if (!json_check(line, &e) || json_int_or(json_get(line, "version"), 0) != 1 ||
		!journal_is_run_name(name) || !digest.p || !sha256_read(digest, &head.definition) ||
		!json_int(json_get(line, "tasks"), &count) || count < 1 || count > TASKS_MAX ||
		json_type(head.options) != JSON_OBJECT)
		return false;
	snprintf(head.name, sizeof head.name, "%.*s", STR_ARG(name));
	head.task_count = (size_t)count;
	head.at_ms = json_int_or(json_get(line, "at"), 0);
	head.options = arena_copy(a, head.options);
	*out = head;
	return true;
}

/* ---- the lines ---- */

struct event {
	struct run_past *past;
	struct run_task *task;
	struct str line;
	uint64_t offset;
	struct str at, attempt, usage, final; /* members; absent: none */
};

static int64_t count_of(struct str value)
{
	int64_t count = json_int_or(value, -1);

	return count <= tokens_max ? count : -1;
}

static void read_usage(struct str usage, struct run_usage *out)
{
	static const struct str names[] = {STR("input"), STR("output"), STR("cache_read"),
		STR("cache_write"), STR("cache_write_1h"), STR("reasoning"), STR("cost_nanousd")};
	struct str values[7];

	json_pick(usage, names, 7, values);
	*out = (struct run_usage){
		.tokens = {count_of(values[0]), count_of(values[1]), count_of(values[2]),
			count_of(values[3]), count_of(values[4]), count_of(values[5]), -1},
		.cost_nanousd = json_int_or(values[6], -1)};
}

void run_usage_add(struct run_usage *sum, const struct run_usage *more)
{
	usage_add(&sum->tokens, &more->tokens);
	if (sum->cost_nanousd < 0 || more->cost_nanousd < 0)
		sum->cost_nanousd = -1;
	else if (__builtin_add_overflow(sum->cost_nanousd, more->cost_nanousd, &sum->cost_nanousd))
		sum->cost_nanousd = INT64_MAX;
}

static void spend(struct event *event)
{
	struct run_usage usage;

	read_usage(event->usage, &usage);
	run_usage_add(&event->past->spent, &usage);
}

static void count_attempt(struct event *event)
{
	int64_t attempt = json_int_or(event->attempt, 0);

	if (attempt > event->task->attempts && attempt <= INT32_MAX)
		event->task->attempts = (uint32_t)attempt;
}

static void count_end(struct event *event)
{
	count_attempt(event);
	event->task->told = event->task->attempts;
}

static void keep_outcome(struct event *event, enum task_state state)
{
	event->task->state = state;
	event->task->offset = event->offset;
	event->task->length = (uint32_t)event->line.n;
}

static void on_started(struct event *event)
{
	count_attempt(event);
	if (event->task->state != TASK_DONE)
		event->task->state = TASK_RUNNING;
}

static void on_done(struct event *event)
{
	count_end(event);
	spend(event);
	if (event->task->state == TASK_DONE)
		event->past->doubled++;
	else
		keep_outcome(event, TASK_DONE);
}

static void on_failed(struct event *event)
{
	bool is_final = json_bool_or(event->final, false);

	count_end(event);
	spend(event);
	if (event->task->state == TASK_DONE)
		event->past->doubled++;
	else
		keep_outcome(event, is_final ? TASK_FAILED : TASK_WAITING);
}

static void on_skipped(struct event *event)
{
	if (event->task->state != TASK_DONE && event->task->state != TASK_FAILED)
		keep_outcome(event, TASK_SKIPPED);
}

static const struct {
	const char *name;
	void (*take)(struct event *event);
} events[] = {
	{"started", on_started},
	{"done", on_done},
	{"failed", on_failed},
	{"skipped", on_skipped},
};

/* ---- batches ---- */

static struct run_parcel *find_parcel(struct run_past *past, struct str label)
{
	vec_each (&past->parcels, parcel)
		if (str_eq(parcel->label, label))
			return parcel;
	return NULL;
}

static bool read_positions(struct run_past *past, struct str values, struct run_parcel *parcel)
{
	size_t room = json_count(values);
	struct str key, value;
	int64_t position;

	if (json_type(values) != JSON_ARRAY || room == 0 || room > past->head.task_count)
		return false;
	parcel->tasks = arena_alloc(&past->arena, room, sizeof *parcel->tasks);
	json_each (values, key, value) {
		if (!json_int(value, &position) || position < 0 ||
			(uint64_t)position >= past->head.task_count)
			return false;
		parcel->tasks[parcel->task_count++] = (uint32_t)position;
	}
	return true;
}

static bool on_sending(struct run_past *past, struct str line, struct str label)
{
	struct str provider = json_text(json_get(line, "provider"), &past->arena);
	struct run_parcel parcel = {.label = label,
		.provider = arena_copy(&past->arena, provider.p ? provider : STR("")),
		.batch = STR(""),
		.at_ms = json_int_or(json_get(line, "at"), 0)};

	if (find_parcel(past, label) || !read_positions(past, json_get(line, "tasks"), &parcel))
		return false;
	for (size_t i = 0; i < parcel.task_count; i++) {
		struct run_task *task = &past->tasks[parcel.tasks[i]];
		task->attempts += task->attempts < INT32_MAX;
		if (task->state != TASK_DONE)
			task->state = TASK_RUNNING;
	}
	vec_push(&past->parcels, parcel);
	return true;
}

static bool on_sent(struct run_past *past, struct str line, struct str label)
{
	struct run_parcel *parcel = find_parcel(past, label);
	struct str batch = json_text(json_get(line, "batch"), &past->arena);

	if (!parcel || !batch.n || batch.n > PARCEL_BATCH_MAX_BYTES)
		return false;
	parcel->batch = arena_copy(&past->arena, batch);
	return true;
}

static bool on_collected(struct run_past *past, struct str, struct str label)
{
	struct run_parcel *parcel = find_parcel(past, label);

	if (!parcel)
		return false;
	*parcel = past->parcels.p[--past->parcels.n];
	return true;
}

static const struct {
	const char *name;
	bool (*take)(struct run_past *past, struct str line, struct str label);
} parcel_events[] = {
	{"sending", on_sending},
	{"sent", on_sent},
	{"collected", on_collected},
};

static bool read_parcel_event(
	struct run_past *past, struct str line, struct str key, struct str value)
{
	struct str label = json_text(value, &past->arena);

	if (!label.n || label.n > PARCEL_LABEL_MAX_BYTES)
		return false;
	label = arena_copy(&past->arena, label);
	for (size_t i = 0; i < sizeof parcel_events / sizeof parcel_events[0]; i++)
		if (json_key_is(key, parcel_events[i].name) &&
			parcel_events[i].take(past, line, label)) {
			past->has_ended = false;
			past->last_ms = json_int_or(json_get(line, "at"), past->last_ms);
			return true;
		}
	return false;
}

/* All of them in one pass, as a result may be long. */
static void pick_members(struct event *event)
{
	static const struct str names[] = {STR("at"), STR("attempt"), STR("usage"), STR("final")};
	struct str values[4];

	json_pick(event->line, names, 4, values);
	event->at = values[0];
	event->attempt = values[1];
	event->usage = values[2];
	event->final = values[3];
}

/* The first member says what the line is. */
static bool read_event(struct run_past *past, struct str line, uint64_t offset)
{
	struct event event = {past, .line = line, .offset = offset};
	struct json_iter it = json_iter(line);
	struct str key, value;
	int64_t number;
	struct err e;

	if (!json_check(line, &e) || json_type(line) != JSON_OBJECT ||
		!json_next(&it, &key, &value))
		return false;
	if (json_type(value) == JSON_STRING)
		return read_parcel_event(past, line, key, value);
	if (!json_int(value, &number) || number < 0)
		return false;
	pick_members(&event);
	past->has_ended = json_key_is(key, "ended");
	past->last_ms = past->has_ended ? number : json_int_or(event.at, past->last_ms);
	if (past->has_ended)
		return true;
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
		if (!json_key_is(key, events[i].name) || (uint64_t)number >= past->head.task_count)
			continue;
		event.task = &past->tasks[number];
		events[i].take(&event);
		return true;
	}
	return false;
}

/* ---- the file ---- */

struct reading {
	struct run_past *past;
	struct buf bytes; /* not used up yet */
	uint64_t offset; /* of them in the file */
	size_t line; /* the number of the last whole one */
	bool is_skipping; /* the rest of a line that is too long */
};

static bool take_line(struct reading *r, struct str line, struct err *e)
{
	struct run_past *past = r->past;
	bool is_good = !r->is_skipping;

	r->is_skipping = false;
	if (++r->line == 1) {
		if (!is_good || !read_head(line, &past->arena, &past->head))
			return err_set(e, ERR_PARSE, "%s: no journal of a run", RUN_JOURNAL);
		past->tasks = must_alloc(past->head.task_count, sizeof *past->tasks);
		past->last_ms = past->head.at_ms;
	} else if (!is_good || !read_event(past, line, r->offset)) {
		past->first_bad_line = past->bad_lines++ ? past->first_bad_line : r->line;
		return true;
	}
	past->size_bytes = r->offset + line.n + 1;
	return true;
}

static bool take_lines(struct reading *r, struct err *e)
{
	struct str rest = buf_str(&r->bytes);
	size_t end;

	while ((end = str_find_char(rest, '\n', 0)) != SIZE_MAX) {
		if (!take_line(r, str_head(rest, end), e))
			return false;
		r->offset += end + 1;
		rest = str_skip(rest, end + 1);
	}
	if (rest.n > JOURNAL_LINE_MAX_BYTES) {
		r->is_skipping = true;
		r->offset += rest.n;
		rest.n = 0;
	}
	buf_drop_front(&r->bytes, r->bytes.n - rest.n);
	return true;
}

static bool read_file(struct reading *r, int fd, struct err *e)
{
	for (;;) {
		char *room = buf_reserve(&r->bytes, PIECE_BYTES);
		must(room);
		ssize_t n = pread(fd, room, PIECE_BYTES, (off_t)(r->offset + r->bytes.n));
		if (n < 0)
			return err_errno(e, "%s", RUN_JOURNAL);
		if (n == 0)
			break;
		r->bytes.n += (size_t)n;
		if (!take_lines(r, e))
			return false;
	}
	return r->line > 0 ||
	       err_set(e, ERR_NOT_FOUND, "%s: the run ended before it began", RUN_JOURNAL);
}

bool journal_read_past(int journal_fd, struct run_past *past, struct err *e)
{
	AUTO(run_past) found = {.spent = {.tokens = USAGE_UNKNOWN}};
	struct reading r = {&found, .bytes.max = (size_t)2 * JOURNAL_LINE_MAX_BYTES};
	bool good = read_file(&r, journal_fd, e);

	buf_release(&r.bytes);
	if (!good)
		return false;
	for (size_t i = 0; i < found.head.task_count; i++)
		found.counts[found.tasks[i].state]++;
	*past = found;
	found = (struct run_past){0};
	return true;
}

bool journal_read_tasks(int run_fd, const struct run_head *head, struct tasks *tasks, struct err *e)
{
	AUTO(buf) text = {.max = (size_t)4 << 30};
	AUTO(tasks) list = {0};

	if (!file_read(run_fd, RUN_TASKS, (size_t)4 << 30, &text, e))
		return false;
	struct sha256 digest = sha256_of(buf_str(&text));
	if (!sha256_eq(&digest, &head->definition))
		return err_set(
			e, ERR_PARSE, "%s is not the list that the run began with", RUN_TASKS);
	tasks_read_jsonl(&list, buf_str(&text));
	if (!tasks_finish(&list, false, e))
		return err_context(e, "%s", RUN_TASKS);
	if (list.items.n != head->task_count)
		return err_set(e, ERR_PARSE, "%s has %zu tasks, the journal %zu", RUN_TASKS,
			list.items.n, head->task_count);
	*tasks = list;
	list = (struct tasks){0};
	return true;
}

/* ---- single outcomes ---- */

static int small_of(struct str value)
{
	int64_t n = json_int_or(value, 0);

	return n > 0 && n < INT_MAX ? (int)n : 0;
}

static void read_work(struct str work, struct arena *a, struct run_usage *out)
{
	out->model = json_text(json_get(work, "model"), a);
	out->turns = small_of(json_get(work, "turns"));
	out->tool_calls = small_of(json_get(work, "tools"));
	out->duration_ms = json_int_or(json_get(work, "ms"), 0);
}

void run_usage_read(struct str object, struct arena *a, struct run_usage *out)
{
	read_usage(json_get(object, "usage"), out);
	read_work(json_get(object, "work"), a, out);
}

bool journal_outcome(int fd, const struct run_past *past, uint32_t task, struct arena *a,
	struct run_outcome *out, struct err *e)
{
	must(task < past->head.task_count);
	const struct run_task *t = &past->tasks[task];
	char *bytes = arena_alloc(a, t->length + 1, 1);
	struct str line = {bytes, t->length};

	if (t->length == 0)
		return err_set(e, ERR_NOT_FOUND, "task %u has not ended", task);
	for (size_t n = 0; n < t->length;) {
		ssize_t more = pread(fd, bytes + n, t->length - n, (off_t)(t->offset + n));
		if (more < 0)
			return err_errno(e, "%s", RUN_JOURNAL);
		if (more == 0)
			return err_set(e, ERR_IO, "%s is shorter than it was", RUN_JOURNAL);
		n += (size_t)more;
	}
	if (!json_check(line, e))
		return err_context(e, "%s", RUN_JOURNAL);
	*out = (struct run_outcome){.result = json_text(json_get(line, "result"), a),
		.class = json_text(json_get(line, "class"), a),
		.message = json_text(json_get(line, "message"), a),
		.because = (uint32_t)count_of(json_get(line, "because")),
		.attempt = (int)json_int_or(json_get(line, "attempt"), 0)};
	run_usage_read(line, a, &out->usage);
	return true;
}
