// SPDX-License-Identifier: MIT
/* budget: reservations, chains, and the day's budget that processes share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/money.h"
#include "call/budget_inside.h"
#include "call/day.h"
#include "call/ledger.h"
#include "call/ledger_read.h"

/* ---- money ---- */

static void test_money_is_read_exactly(void **)
{
	static const struct {
		const char *text, *shown;
		int64_t nanousd;
	} right[] = {
		{"0", "$0.00", 0},
		{"0.50", "$0.50", 500'000'000},
		{"12", "$12.00", 12'000'000'000},
		{"0.000000001", "$0.000000001", 1},
		{"0.1230000000000", "$0.123", 123'000'000},
		{"1000000000", "$1000000000.00", 1'000'000'000'000'000'000},
	};
	static const char *const wrong[] = {"", ".", ".5", "5.", "-1", "+1", "1e3", "1,5", "$1",
		" 1", "1 ", "0x10", "nan", "inf", "1.2.3", "01", "00.5", "0.0000000001",
		"1000000001", "99999999999999999999999"};
	struct err e;
	int64_t nanousd;

	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		AUTO(buf) shown = {0};
		assert_true(money_parse(str_from(right[i].text), &nanousd, &e));
		assert_int_equal(nanousd, right[i].nanousd);
		money_put(&shown, nanousd);
		assert_string_equal(buf_text(&shown), right[i].shown);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		e.code = ERR_NONE;
		assert_false(money_parse(str_from(wrong[i]), &nanousd, &e));
		assert_int_equal(e.code, ERR_USAGE);
	}
	AUTO(buf) b = {0};
	money_put(&b, INT64_MIN);
	assert_string_equal(buf_text(&b), "-$9223372036.854775808");
	assert_int_equal(money_add(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(money_add(INT64_MIN, -1), INT64_MIN);
}

/* ---- reservations ---- */

static struct budget *make(struct budget *parent, int64_t nanousd, int64_t tokens)
{
	return budget_new(parent, &(struct budget_limits){.most = {nanousd, tokens},
					  .cost_name = "the cost",
					  .tokens_name = "the tokens"});
}

static void note(void *self)
{
	*(bool *)self = true;
}

static void test_what_waits_and_what_is_refused(void **)
{
	struct budget *b = make(NULL, 100, -1);
	bool is_awake = false;
	struct budget_hold first = {0}, second = {.wake = note, .self = &is_awake}, third = {0};
	struct err e = {0};

	assert_int_equal(budget_ask(b, &(struct spend){60, 5}, &first, &e), BUDGET_GO);
	assert_int_equal(budget_left(b).nanousd, 40);
	assert_int_equal(budget_left(b).tokens, INT64_MAX);
	assert_int_equal(budget_ask(b, &(struct spend){60, 5}, &second, &e), BUDGET_WAIT);
	/* Nothing that ends could leave room for this one. */
	assert_int_equal(budget_ask(b, &(struct spend){101, 5}, &third, &e), BUDGET_NO);
	assert_int_equal(e.code, ERR_BUDGET);
	assert_string_equal(e.text,
		"the cost of $0.0000001 allows no further call: $0.00 is spent, and it may cost "
		"about $0.000000101");
	assert_true(budget_is_used_up(b));
	/* It costs nothing. */
	assert_int_equal(budget_ask(b, &(struct spend){0, 5}, &third, &e), BUDGET_GO);
	assert_false(budget_is_used_up(b));
	budget_settle(&third, NULL, true);
	budget_settle(&first, &(struct spend){40, 5}, true);
	assert_true(is_awake);
	assert_int_equal(budget_ask(b, &(struct spend){60, 5}, &second, &e), BUDGET_GO);
	budget_settle(&second, &(struct spend){70, 6}, true);
	/* More than was expected: nothing but what is free goes now. */
	assert_int_equal(budget_spent(b).nanousd, 110);
	assert_int_equal(budget_spent(b).tokens, 11);
	assert_int_equal(budget_left(b).nanousd, 0);
	assert_true(budget_is_used_up(b));
	assert_int_equal(budget_ask(b, &(struct spend){1, 0}, &first, &e), BUDGET_NO);
	assert_int_equal(budget_ask(b, &(struct spend){0, 0}, &first, &e), BUDGET_GO);
	budget_settle(&first, NULL, true);
	budget_free(b);
}

static void test_a_failed_attempt_gives_all_back(void **)
{
	struct budget *b = make(NULL, -1, 10);
	struct budget_hold hold = {0};
	struct err e = {0};

	for (int i = 0; i < 3; i++) {
		assert_int_equal(budget_ask(b, &(struct spend){5, 10}, &hold, &e), BUDGET_GO);
		budget_settle(&hold, NULL, true);
		budget_settle(&hold, &(struct spend){5, 5}, true);
	}
	assert_int_equal(budget_spent(b).tokens, 0);
	assert_int_equal(budget_ask(b, &(struct spend){5, 11}, &hold, &e), BUDGET_NO);
	assert_non_null(strstr(e.text, "the tokens of 10 allows no further call: 0 are used"));
	budget_free(b);
}

static void test_each_budget_of_a_chain_has_to_do(void **)
{
	struct budget *run = make(NULL, 100, -1), *a = make(run, 50, -1), *b = make(run, -1, 10);
	struct budget_hold holds[4] = {0};
	bool is_awake = false;
	struct err e = {0};

	assert_int_equal(budget_ask(a, &(struct spend){51, 1}, &holds[0], &e), BUDGET_NO);
	assert_true(budget_is_used_up(a));
	assert_false(budget_is_used_up(run));
	assert_int_equal(budget_ask(a, &(struct spend){50, 1}, &holds[0], &e), BUDGET_GO);
	holds[1].wake = note;
	holds[1].self = &is_awake;
	assert_int_equal(budget_ask(b, &(struct spend){60, 1}, &holds[1], &e), BUDGET_WAIT);
	assert_int_equal(budget_ask(b, &(struct spend){50, 11}, &holds[2], &e), BUDGET_NO);
	assert_int_equal(budget_ask(b, &(struct spend){50, 10}, &holds[2], &e), BUDGET_GO);
	assert_int_equal(budget_left(a).nanousd, 0);
	/* Who waits may leave; who then is there no more is not woken. */
	budget_settle(&holds[1], NULL, true);
	budget_settle(&holds[0], &(struct spend){10, 1}, true);
	assert_false(is_awake);
	budget_settle(&holds[2], &(struct spend){90, 10}, true);
	assert_int_equal(budget_spent(a).nanousd, 10);
	assert_int_equal(budget_spent(b).nanousd, 90);
	assert_int_equal(budget_spent(run).nanousd, 100);
	assert_true(budget_is_used_up(a));
	budget_free(a);
	budget_free(b);
	budget_free(run);
}

static void test_answers_teach_how_long_they_are(void **)
{
	struct budget *run = make(NULL, 100, -1), *task = make(run, -1, -1);

	assert_int_equal(budget_expects(task, 32'000), BUDGET_FIRST_TOKENS);
	assert_int_equal(budget_expects(task, 100), 100);
	budget_learn(task, 10);
	assert_int_equal(budget_expects(task, 32'000), BUDGET_LEAST_TOKENS);
	budget_learn(task, 8'000);
	assert_int_equal(budget_expects(run, 32'000), 10'000);
	for (int i = 0; i < 200; i++)
		budget_learn(task, 100);
	assert_int_equal(budget_expects(task, 32'000), BUDGET_LEAST_TOKENS);
	budget_learn(task, INT64_MAX);
	assert_int_equal(budget_expects(task, 32'000), 32'000);
	budget_free(task);
	budget_free(run);
}

/* Absurd numbers are refused or saturate; none wraps around. */
static void test_nothing_overflows(void **)
{
	struct budget *b = make(NULL, INT64_MAX, INT64_MAX);
	struct budget_hold holds[100] = {0};
	struct err e = {0};

	for (int i = 0; i < 100; i++)
		assert_int_equal(
			budget_ask(b, &(struct spend){INT64_MAX, INT64_MAX}, &holds[i], &e),
			BUDGET_GO);
	for (int i = 0; i < 100; i++)
		budget_settle(&holds[i], &(struct spend){INT64_MAX, INT64_MIN}, true);
	assert_true(budget_spent(b).nanousd > 0);
	assert_int_equal(budget_spent(b).tokens, 0);
	budget_free(b);
}

/* ---- a long life with everything in it ---- */

enum { TASKS = 8, CALLS = 40, STEPS = 200'000 };

struct life {
	struct budget *run, *tasks[TASKS];
	struct one {
		struct budget_hold hold;
		struct spend need;
		int task;
		bool is_woken;
		enum { IDLE, WAITING, RUNNING } state;
	} calls[CALLS];
	struct spend sum;
	uint64_t seed;
};

static uint32_t chance(struct life *l, uint32_t below)
{
	l->seed = l->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(l->seed >> 33) % below;
}

static void begin(struct life *l, struct one *c)
{
	struct err e = {0};

	if (c->state == IDLE) {
		c->task = (int)chance(l, TASKS);
		c->need = (struct spend){chance(l, 1000), chance(l, 1000)};
		c->hold = (struct budget_hold){.wake = note, .self = &c->is_woken};
	}
	c->is_woken = false;
	enum budget_word word = budget_ask(l->tasks[c->task], &c->need, &c->hold, &e);
	c->state = word == BUDGET_GO ? RUNNING : word == BUDGET_WAIT ? WAITING : IDLE;
	assert_int_not_equal(word, BUDGET_POLL);
	assert_true(word != BUDGET_NO || e.code == ERR_BUDGET);
}

/* Whole, cancelled, or failed and tried again. Answers are never longer than expected here. */
static void end(struct life *l, struct one *c)
{
	struct spend took = {
		chance(l, (uint32_t)c->need.nanousd + 1), chance(l, (uint32_t)c->need.tokens + 1)};

	if (c->state == RUNNING && chance(l, 3)) {
		l->sum.nanousd += took.nanousd;
		l->sum.tokens += took.tokens;
		budget_settle(&c->hold, &took, true);
	} else {
		budget_settle(&c->hold, NULL, true);
	}
	c->state = IDLE;
}

static void check(const struct life *l, const struct spend *most)
{
	struct spend reserved = {0};

	for (int i = 0; i < CALLS; i++)
		if (l->calls[i].state == RUNNING) {
			reserved.nanousd += l->calls[i].need.nanousd;
			reserved.tokens += l->calls[i].need.tokens;
		}
	assert_int_equal(budget_spent(l->run).nanousd, l->sum.nanousd);
	assert_int_equal(budget_spent(l->run).tokens, l->sum.tokens);
	assert_true(l->sum.nanousd + reserved.nanousd <= most->nanousd);
	assert_true(l->sum.tokens + reserved.tokens <= most->tokens);
	assert_int_equal(
		budget_left(l->run).nanousd, most->nanousd - l->sum.nanousd - reserved.nanousd);
}

static void live(uint64_t seed, const struct spend *most)
{
	struct life l = {.seed = seed};
	struct spend sum = {0};

	l.run = make(NULL, most->nanousd, most->tokens);
	for (int i = 0; i < TASKS; i++)
		l.tasks[i] = make(l.run, most->nanousd / 4, -1);
	for (int step = 0; step < STEPS; step++) {
		struct one *c = &l.calls[chance(&l, CALLS)];
		if (c->state == RUNNING || (c->state == WAITING && chance(&l, 8) == 0))
			end(&l, c);
		else if (c->state == IDLE || c->is_woken)
			begin(&l, c);
		if (step % 64 == 0)
			check(&l, most);
	}
	/* Nobody waits for ever: when all that runs has ended, all are woken. */
	for (int left = CALLS; left;) {
		left = 0;
		for (int i = 0; i < CALLS; i++)
			if (l.calls[i].state == RUNNING)
				end(&l, &l.calls[i]);
		for (int i = 0; i < CALLS; i++)
			if (l.calls[i].state == WAITING) {
				assert_true(l.calls[i].is_woken);
				begin(&l, &l.calls[i]);
				left++;
			}
	}
	check(&l, most);
	for (int i = 0; i < TASKS; i++) {
		sum.nanousd += budget_spent(l.tasks[i]).nanousd;
		assert_true(budget_spent(l.tasks[i]).nanousd <= most->nanousd / 4);
		budget_free(l.tasks[i]); /* which checks that nothing is reserved */
	}
	assert_int_equal(sum.nanousd, l.sum.nanousd);
	budget_free(l.run);
}

static void test_no_reservation_is_lost(void **)
{
	/* Used up soon; never; some way on. */
	live(1, &(struct spend){20'000, 20'000});
	live(2, &(struct spend){INT64_MAX / 2, INT64_MAX / 2});
	live(3, &(struct spend){5'000'000, 50'000'000});
}

/* ---- the day ---- */

static int64_t now_ms;

static int64_t wall_ms(void)
{
	return now_ms;
}

struct place {
	char path[64];
};

static void open_place(struct place *p)
{
	snprintf(p->path, sizeof p->path, "/tmp/fettle-budget-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	setenv("TZ", "UTC", 1);
	tzset();
}

static void close_place(struct place *p)
{
	DIR *d = opendir(p->path);

	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d));)
		unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
	assert_int_equal(rmdir(p->path), 0);
}

static int64_t at(int year, int month, int day, int hour, int minute)
{
	struct tm t = {.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute,
		.tm_isdst = -1};

	return (int64_t)mktime(&t) * 1'000;
}

static void spend_at(struct ledger *l, int64_t time_ms, int64_t cost, int64_t estimated)
{
	assert_true(ledger_add(l, &(struct ledger_line){.time_ms = time_ms,
					  .kind = "answer",
					  .provider = STR("p"),
					  .model = STR("m"),
					  .usage = USAGE_UNKNOWN,
					  .cost_nanousd = cost,
					  .estimated_nanousd = estimated,
					  .outcome = "ok"}));
}

/* How much still fits, found out by asking. */
static int64_t room(struct day *d)
{
	struct budget_hold hold = {0};
	int64_t low = 0, high = 1'000'000;
	struct err e;

	while (high - low > 1) {
		int64_t middle = (low + high) / 2;
		bool fits = budget_ask(day_budget(d), &(struct spend){middle, 0}, &hold, &e) ==
			    BUDGET_GO;
		budget_settle(&hold, NULL, true);
		*(fits ? &low : &high) = middle;
	}
	return low;
}

static void test_a_day_is_what_the_ledger_says(void **)
{
	struct place p;

	open_place(&p);
	struct ledger *l = ledger_new(p.path, NULL, NULL);
	struct day *d = day_new(p.path, 1'000, wall_ms);
	now_ms = at(2026, 11, 21, 12, 0);
	assert_int_equal(room(d), 1'000);
	spend_at(l, at(2026, 11, 20, 23, 59), 500, -1);
	spend_at(l, at(2026, 11, 21, 0, 0), 100, -1);
	spend_at(l, at(2026, 11, 21, 11, 0), -1, 20);
	spend_at(l, at(2026, 11, 21, 11, 0), -1, -1);
	assert_int_equal(room(d), 880);
	spend_at(l, at(2026, 11, 21, 12, 0), 80, -1);
	assert_int_equal(room(d), 800);
	/* Another process that begins now finds the same; one that begins anew, too. */
	struct day *other = day_new(p.path, 1'000, wall_ms);
	assert_int_equal(room(other), 800);
	char file[100];
	snprintf(file, sizeof file, "%s/" DAY_FILE, p.path);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(room(other), 800);
	/* What the ledger did not take is counted all the same. */
	struct budget_hold hold = {0};
	struct err e;
	assert_int_equal(budget_ask(day_budget(d), &(struct spend){300, 0}, &hold, &e), BUDGET_GO);
	budget_settle(&hold, &(struct spend){250, 0}, false);
	assert_int_equal(room(d), 550);
	assert_int_equal(room(other), 550);
	now_ms = at(2026, 11, 22, 0, 0);
	assert_int_equal(room(d), 1'000);
	day_free(other);
	day_free(d);
	ledger_free(l);
	close_place(&p);
}

static void test_days_are_local(void **)
{
	struct place p;

	open_place(&p);
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	struct ledger *l = ledger_new(p.path, NULL, NULL);
	struct day *d = day_new(p.path, 1'000, wall_ms);
	/* The first of the month begins in the file of the one before. */
	now_ms = at(2026, 10, 1, 9, 0);
	spend_at(l, at(2026, 9, 30, 23, 50), 1, -1);
	spend_at(l, at(2026, 10, 1, 0, 10), 10, -1);
	spend_at(l, at(2026, 10, 1, 8, 0), 100, -1);
	assert_int_equal(room(d), 890);
	/* A day of 25 hours. */
	spend_at(l, at(2026, 10, 25, 0, 1), 10, -1);
	now_ms = at(2026, 10, 25, 0, 1) + 25 * 3'600'000LL - 120'000;
	spend_at(l, now_ms, 100, -1);
	assert_int_equal(room(d), 890);
	now_ms += 120'000;
	assert_int_equal(room(d), 1'000);
	/* And one of 23. */
	now_ms = at(2027, 3, 28, 0, 0) + 23 * 3'600'000LL - 1'000;
	spend_at(l, now_ms, 7, -1);
	assert_int_equal(room(d), 993);
	now_ms += 1'000;
	assert_int_equal(room(d), 1'000);
	day_free(d);
	ledger_free(l);
	close_place(&p);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void test_damage_is_passed_over(void **)
{
	struct place p;
	char file[100];
	char garbage[3000];

	open_place(&p);
	now_ms = at(2026, 11, 21, 12, 0);
	struct ledger *l = ledger_new(p.path, NULL, NULL);
	spend_at(l, now_ms, 5, -1);
	/* A line that a full disk cut: the next one begins anew. */
	snprintf(file, sizeof file, "%s/2026-11.jsonl", p.path);
	int fd = open(file, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"time_ms\":17952", 16), 16);
	spend_at(l, now_ms, 7, -1);
	assert_int_equal(write(fd, "\n\n{}\nnull\n\xff\n{\"time_ms\":1e99}\n", 27), 27);
	spend_at(l, now_ms, 11, -1);
	close(fd);
	struct day *d = day_new(p.path, 1'000, wall_ms);
	assert_int_equal(room(d), 977);
	/* Somebody has made it anew, or written nonsense into the small file. */
	assert_int_equal(truncate(file, 0), 0);
	spend_at(l, now_ms, 1, -1);
	assert_int_equal(room(d), 999);
	memset(garbage, 0x5a, sizeof garbage);
	snprintf(file, sizeof file, "%s/" DAY_FILE, p.path);
	fd = open(file, O_WRONLY);
	assert_int_equal(write(fd, garbage, sizeof garbage), sizeof garbage);
	close(fd);
	assert_int_equal(room(d), 999);
	day_free(d);
	ledger_free(l);
	close_place(&p);
}

/* A file of a month that is long: the start of the day is found without reading what is before. */
static void test_a_long_file_is_halved(void **)
{
	enum { LINES = 60'000 };
	struct place p;
	char file[100];
	int64_t begin = at(2026, 11, 21, 0, 0), sum = 0, offset;
	AUTO(buf) text = {0};

	open_place(&p);
	for (int i = 0; i < LINES; i++)
		ledger_put(&text,
			&(struct ledger_line){.time_ms = begin + (i - LINES + 1'000) * 30'000LL,
				.kind = "answer",
				.usage = USAGE_UNKNOWN,
				.cost_nanousd = 1,
				.estimated_nanousd = -1,
				.outcome = "ok"});
	snprintf(file, sizeof file, "%s/2026-11.jsonl", p.path);
	int fd = open(file, O_RDWR | O_CREAT | O_APPEND, 0600);
	assert_int_equal(write(fd, text.p, text.n), text.n);
	offset = ledger_find(fd, (int64_t)text.n, begin);
	assert_true(offset > (int64_t)text.n * 95 / 100);
	assert_true(text.p[offset - 1] == '\n');
	assert_true(ledger_sum(fd, &offset, begin, begin + 86'400'000, &sum));
	assert_int_equal(sum, 1'000);
	assert_int_equal(offset, text.n);
	assert_int_equal(ledger_find(fd, (int64_t)text.n, 0), 0);
	close(fd);
	close_place(&p);
}

/* A process that has reserved, and tells so; then it waits to be killed. */
static pid_t start_holder(const char *path, int64_t nanousd, int64_t most)
{
	int told[2];
	char c;

	assert_int_equal(pipe(told), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct day *d = day_new(path, most, wall_ms);
		struct budget_hold hold = {0};
		struct err e;
		if (budget_ask(day_budget(d), &(struct spend){nanousd, 0}, &hold, &e) != BUDGET_GO)
			_exit(1);
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(told[1]);
	assert_int_equal(read(told[0], &c, 1), 1);
	close(told[0]);
	return pid;
}

static void test_reservations_of_others_count_until_they_are_gone(void **)
{
	struct place p;
	struct budget_hold hold = {0};
	struct err e = {0};

	open_place(&p);
	now_ms = at(2026, 11, 21, 12, 0);
	pid_t pid = start_holder(p.path, 700, 1'000);
	struct day *d = day_new(p.path, 1'000, wall_ms);
	struct spend need = {400, 0};
	assert_int_equal(budget_ask(day_budget(d), &need, &hold, &e), BUDGET_POLL);
	budget_settle(&hold, NULL, true);
	assert_int_equal(room(d), 300);
	assert_int_equal(
		budget_ask(day_budget(d), &(struct spend){1'001, 0}, &hold, &e), BUDGET_NO);
	assert_non_null(strstr(e.text, "daily_budget of $0.000001 allows no further call today"));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(budget_ask(day_budget(d), &need, &hold, &e), BUDGET_GO);
	budget_settle(&hold, NULL, true);
	assert_int_equal(room(d), 1'000);
	day_free(d);
	close_place(&p);
}

enum { WRITERS = 4 };

/* Spends 10 of what fits, until nothing does any more. */
static void spend_all(const char *path)
{
	struct ledger *l = ledger_new(path, NULL, NULL);
	struct day *d = day_new(path, 1'000, wall_ms);
	struct budget_hold hold = {0};
	struct err e;

	for (;;) {
		enum budget_word word =
			budget_ask(day_budget(d), &(struct spend){10, 0}, &hold, &e);
		if (word == BUDGET_NO)
			break;
		if (word != BUDGET_GO)
			continue;
		spend_at(l, now_ms, 10, -1);
		budget_settle(&hold, &(struct spend){10, 0}, true);
	}
	day_free(d);
	ledger_free(l);
	_exit(0);
}

static void test_processes_spend_it_once(void **)
{
	struct place p;
	pid_t pids[WRITERS];
	AUTO(buf) text = {0};
	char file[100];
	int status;

	open_place(&p);
	now_ms = at(2026, 11, 21, 12, 0);
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			spend_all(p.path);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	/* To the last one, and not one more. */
	int64_t sum = 0, offset = 0;
	snprintf(file, sizeof file, "%s/2026-11.jsonl", p.path);
	int fd = open(file, O_RDONLY);
	assert_true(ledger_sum(fd, &offset, 0, INT64_MAX, &sum));
	assert_int_equal(sum, 1'000);
	close(fd);
	close_place(&p);
}

/* ---- the ledger ---- */

static void count_loss(void *self, const struct err *e)
{
	(*(int *)self)++;
	assert_true(e->code);
}

static void test_a_ledger_that_cannot_be_written_is_told_once(void **)
{
	struct place p;
	char below[100];
	int told = 0;
	struct ledger_line line = {
		.kind = "answer", .usage = USAGE_UNKNOWN, .cost_nanousd = -1, .outcome = "ok"};

	open_place(&p);
	snprintf(below, sizeof below, "%s/file", p.path);
	close(open(below, O_WRONLY | O_CREAT, 0600));
	struct ledger *l = ledger_new(below, count_loss, &told);
	assert_false(ledger_add(l, &line));
	assert_false(ledger_add(l, &line));
	assert_int_equal(told, 1);
	ledger_free(l);
	close_place(&p);
}

static void test_each_month_has_a_file(void **)
{
	struct place p;
	char name[LEDGER_NAME], path[100];
	struct stat st;

	open_place(&p);
	struct ledger *l = ledger_new(p.path, NULL, NULL);
	spend_at(l, at(2026, 11, 30, 23, 59), 1, -1);
	spend_at(l, at(2026, 12, 1, 0, 0), 1, -1);
	spend_at(l, at(2026, 11, 30, 23, 59), 1, -1);
	for (int month = 11; month <= 12; month++) {
		snprintf(path, sizeof path, "%s/2026-%d.jsonl", p.path, month);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	/* Somebody takes it away: the next line makes it anew. */
	assert_int_equal(unlink(path), 0);
	spend_at(l, at(2026, 12, 1, 0, 0), 1, -1);
	assert_int_equal(stat(path, &st), 0);
	ledger_name(INT64_MAX, name);
	assert_string_equal(name, "1970-01.jsonl");
	ledger_free(l);
	close_place(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_money_is_read_exactly),
		cmocka_unit_test(test_what_waits_and_what_is_refused),
		cmocka_unit_test(test_a_failed_attempt_gives_all_back),
		cmocka_unit_test(test_each_budget_of_a_chain_has_to_do),
		cmocka_unit_test(test_answers_teach_how_long_they_are),
		cmocka_unit_test(test_nothing_overflows),
		cmocka_unit_test(test_no_reservation_is_lost),
		cmocka_unit_test(test_a_day_is_what_the_ledger_says),
		cmocka_unit_test(test_days_are_local),
		cmocka_unit_test(test_damage_is_passed_over),
		cmocka_unit_test(test_a_long_file_is_halved),
		cmocka_unit_test(test_reservations_of_others_count_until_they_are_gone),
		cmocka_unit_test(test_processes_spend_it_once),
		cmocka_unit_test(test_a_ledger_that_cannot_be_written_is_told_once),
		cmocka_unit_test(test_each_month_has_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
