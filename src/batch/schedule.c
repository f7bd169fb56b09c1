// SPDX-License-Identifier: MIT
#include "batch/schedule.h"

enum { STATES = TASK_SKIPPED + 1 };

struct entry {
	enum task_state state;
	int attempts;
	uint32_t missing; /* needed tasks that are not done */
	uint32_t because; /* SKIPPED */
	uint32_t users, user_count; /* within schedule.users: who needs it */
};

struct schedule {
	const struct tasks *tasks;
	struct schedule_options options;
	struct entry *entries;
	uint32_t *users;
	uint32_t *ready; /* a heap, the first of the list on top */
	size_t ready_count;
	uint32_t *skipped; /* in the order in which they became so */
	size_t skipped_count, skipped_taken;
	size_t counts[STATES];
	size_t after_all; /* waiting tasks that start when all others have ended */
	bool is_stopped, is_failed;
	bool has_only;
	uint32_t only; /* the one that may start */
};

static struct entry *entry_of(const struct schedule *s, uint32_t task)
{
	must(task < s->tasks->items.n);
	return &s->entries[task];
}

static void set_state(struct schedule *s, uint32_t task, enum task_state state)
{
	struct entry *entry = entry_of(s, task);

	s->counts[entry->state]--;
	s->counts[state]++;
	entry->state = state;
}

/* ---- the heap ---- */

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t kept = *a;

	*a = *b;
	*b = kept;
}

static void make_ready(struct schedule *s, uint32_t task)
{
	if (s->has_only && task != s->only) {
		set_state(s, task, TASK_WAITING);
		return;
	}
	size_t at = s->ready_count++;

	set_state(s, task, TASK_READY);
	s->ready[at] = task;
	for (; at && s->ready[at] < s->ready[(at - 1) / 2]; at = (at - 1) / 2)
		swap(&s->ready[at], &s->ready[(at - 1) / 2]);
}

static uint32_t take_first(struct schedule *s)
{
	uint32_t first = s->ready[0];

	s->ready[0] = s->ready[--s->ready_count];
	for (size_t at = 0, child; (child = 2 * at + 1) < s->ready_count; at = child) {
		if (child + 1 < s->ready_count && s->ready[child + 1] < s->ready[child])
			child++;
		if (s->ready[at] < s->ready[child])
			break;
		swap(&s->ready[at], &s->ready[child]);
	}
	return first;
}

/* ---- who needs whom ---- */

/* Two passes, counting first. */
static void collect_users(struct schedule *s)
{
	const struct tasks *t = s->tasks;
	uint32_t at = 0;

	vec_each (&t->items, task)
		for (size_t i = 0; i < task->need_count; i++)
			s->entries[task->needs[i]].user_count++;
	for (size_t i = 0; i < t->items.n; i++) {
		s->entries[i].users = at;
		at += s->entries[i].user_count;
		s->entries[i].user_count = 0;
	}
	s->users = must_alloc(at + 1, sizeof *s->users);
	for (uint32_t i = 0; i < t->items.n; i++)
		for (size_t k = 0; k < t->items.p[i].need_count; k++) {
			struct entry *needed = &s->entries[t->items.p[i].needs[k]];
			s->users[needed->users + needed->user_count++] = i;
		}
}

/* ---- what an end does to others ---- */

static void count_down(struct schedule *s, uint32_t task)
{
	const struct entry *entry = entry_of(s, task);

	for (uint32_t i = 0; i < entry->user_count; i++)
		s->entries[s->users[entry->users + i]].missing--;
}

static void release_users(struct schedule *s, uint32_t task)
{
	const struct entry *entry = entry_of(s, task);

	count_down(s, task);
	for (uint32_t i = 0; i < entry->user_count; i++) {
		uint32_t user = s->users[entry->users + i];
		if (!s->entries[user].missing && s->entries[user].state == TASK_WAITING)
			make_ready(s, user);
	}
}

/* Whatever waits for it, directly or not. The queue of the skipped ones is the way. */
static void skip_users(struct schedule *s, uint32_t task)
{
	uint32_t at = task;

	for (size_t next = s->skipped_count;; at = s->skipped[next++]) {
		const struct entry *entry = entry_of(s, at);
		for (uint32_t i = 0; i < entry->user_count; i++) {
			uint32_t user = s->users[entry->users + i];
			if (s->entries[user].state != TASK_WAITING)
				continue;
			set_state(s, user, TASK_SKIPPED);
			s->entries[user].because = at;
			s->skipped[s->skipped_count++] = user;
		}
		if (next == s->skipped_count)
			return;
	}
}

static void release_after_all(struct schedule *s)
{
	if (!s->after_all || s->has_only || s->counts[TASK_WAITING] > s->after_all ||
		s->counts[TASK_READY] || s->counts[TASK_RUNNING] || s->counts[TASK_PAUSED])
		return;
	s->after_all = 0;
	for (uint32_t i = 0; i < s->tasks->items.n; i++)
		if (s->entries[i].state == TASK_WAITING)
			make_ready(s, i);
}

/* ---- begin and end ---- */

static void begin(struct schedule *s, const enum task_state *earlier)
{
	size_t count = s->tasks->items.n;

	for (uint32_t i = 0; i < count; i++)
		s->entries[i].missing = (uint32_t)s->tasks->items.p[i].need_count;
	for (uint32_t i = 0; earlier && i < count; i++)
		if (earlier[i] == TASK_DONE || earlier[i] == TASK_FAILED)
			set_state(s, i, earlier[i]);
	for (uint32_t i = 0; i < count; i++)
		if (s->entries[i].state == TASK_DONE)
			count_down(s, i);
	for (uint32_t i = 0; i < count; i++)
		if (s->entries[i].state == TASK_FAILED)
			skip_users(s, i);
	for (uint32_t i = 0; i < count; i++) {
		bool is_after_all = s->tasks->items.p[i].is_after_all;
		if (s->entries[i].state == TASK_WAITING && is_after_all)
			s->after_all++;
		else if (s->entries[i].state == TASK_WAITING && !s->entries[i].missing)
			make_ready(s, i);
	}
	release_after_all(s);
}

struct schedule *schedule_new(const struct tasks *tasks, const struct schedule_options *options,
	const enum task_state *earlier)
{
	struct schedule *s = must_alloc(1, sizeof *s);
	size_t count = tasks->items.n;

	s->tasks = tasks;
	s->options = *options;
	s->entries = must_alloc(count + 1, sizeof *s->entries);
	s->ready = must_alloc(count + 1, sizeof *s->ready);
	s->skipped = must_alloc(count + 1, sizeof *s->skipped);
	s->counts[TASK_WAITING] = count;
	collect_users(s);
	begin(s, earlier);
	return s;
}

void schedule_free(struct schedule *s)
{
	if (!s)
		return;
	free(s->entries);
	free(s->users);
	free(s->ready);
	free(s->skipped);
	free(s);
}

bool schedule_only(struct schedule *s, uint32_t task, struct err *e)
{
	const struct entry *entry = entry_of(s, task);
	struct str id = s->tasks->items.p[task].id;

	if (entry->state == TASK_DONE)
		return err_set(e, ERR_USAGE, "task %.*s is done", STR_ARG(id));
	if (entry->missing || entry->state == TASK_SKIPPED)
		return err_set(
			e, ERR_USAGE, "task %.*s needs others that are not done", STR_ARG(id));
	while (s->ready_count)
		set_state(s, s->ready[--s->ready_count], TASK_WAITING);
	s->has_only = true;
	s->only = task;
	make_ready(s, task);
	return true;
}

/* ---- the run ---- */

void schedule_adopt(struct schedule *s, const uint32_t *tasks, size_t count)
{
	size_t before = s->ready_count;
	uint32_t *ready = must_alloc(before + 1, sizeof *ready);

	memcpy(ready, s->ready, before * sizeof *ready);
	for (size_t i = 0; i < count; i++)
		if (entry_of(s, tasks[i])->state == TASK_READY) {
			set_state(s, tasks[i], TASK_RUNNING);
			s->entries[tasks[i]].attempts = 1;
		}
	s->ready_count = 0;
	for (size_t i = 0; i < before; i++)
		if (s->entries[ready[i]].state == TASK_READY)
			make_ready(s, ready[i]);
	free(ready);
}

bool schedule_next(struct schedule *s, uint32_t *task)
{
	if (s->is_stopped || s->is_failed || !s->ready_count)
		return false;
	*task = take_first(s);
	set_state(s, *task, TASK_RUNNING);
	s->entries[*task].attempts++;
	return true;
}

void schedule_done(struct schedule *s, uint32_t task)
{
	must(entry_of(s, task)->state == TASK_RUNNING);
	set_state(s, task, TASK_DONE);
	release_users(s, task);
	release_after_all(s);
}

enum verdict schedule_failed(struct schedule *s, uint32_t task, enum failure failure)
{
	struct entry *entry = entry_of(s, task);

	must(entry->state == TASK_RUNNING);
	if (failure == FAILURE_PASSING && s->options.on_error == ON_ERROR_RETRY && !s->is_failed &&
		entry->attempts <= s->options.max_retries) {
		set_state(s, task, TASK_PAUSED);
		return VERDICT_AGAIN;
	}
	set_state(s, task, TASK_FAILED);
	skip_users(s, task);
	release_after_all(s);
	if (s->options.on_error == ON_ERROR_ABORT) {
		s->is_failed = true;
		return VERDICT_ABORT;
	}
	if (!s->options.fails_fast && failure != FAILURE_COMMON)
		return VERDICT_FAILED;
	s->is_failed = true;
	return VERDICT_STOP;
}

void schedule_again(struct schedule *s, uint32_t task)
{
	enum task_state state = entry_of(s, task)->state;

	must(state == TASK_PAUSED || state == TASK_RUNNING);
	make_ready(s, task);
}

void schedule_stop(struct schedule *s)
{
	s->is_stopped = true;
}

void schedule_continue(struct schedule *s)
{
	s->is_stopped = false;
}

bool schedule_take_skipped(struct schedule *s, uint32_t *task, uint32_t *because)
{
	if (s->skipped_taken == s->skipped_count)
		return false;
	*task = s->skipped[s->skipped_taken++];
	*because = s->entries[*task].because;
	return true;
}

enum task_state schedule_state(const struct schedule *s, uint32_t task)
{
	return entry_of(s, task)->state;
}

int schedule_attempts(const struct schedule *s, uint32_t task)
{
	return entry_of(s, task)->attempts;
}

size_t schedule_count(const struct schedule *s, enum task_state state)
{
	return s->counts[state];
}

bool schedule_is_over(const struct schedule *s)
{
	return !s->counts[TASK_RUNNING] && !s->counts[TASK_PAUSED] &&
	       (s->is_stopped || s->is_failed || !s->ready_count);
}
