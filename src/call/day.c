// SPDX-License-Identifier: MIT
#include "call/day.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/money.h"
#include "base/must.h"
#include "base/private.h"
#include "call/budget_inside.h"
#include "call/ledger.h"
#include "call/ledger_read.h"
#include "call/share.h"

enum {
	HOLDERS = 64,
	MONTHS = 2, /* a local day lies in two of UTC at most */
	LOCKED_MAX = 50, /* in a row, some seconds; who holds it was stopped, and we go on alone */
	STRANGER_MS = 15 * 60 * 1'000, /* whose processes cannot be looked for, from then on */
};
/* Changes with struct record. */
#define MAGIC 0x31796164706c7466ULL

struct record {
	uint64_t magic, sum; /* of what follows */
	int64_t begin_ms, end_ms; /* the day */
	int64_t read_bytes[MONTHS]; /* of the ledger's files; -1: not begun */
	int64_t ledger_nanousd, other_nanousd; /* spent; by what is not in the ledger */
	struct day_holder {
		int64_t pid; /* 0: a free place */
		uint64_t started, scope;
		int64_t reserved_nanousd, touched_ms;
	} holders[HOLDERS];
};

/* Every byte is in the sum. */
_Static_assert(sizeof(struct record) == 8 * (4 + MONTHS + 2 + 5 * HOLDERS), "no gaps");

struct day {
	char *directory;
	int64_t most_nanousd;
	int64_t (*wall_ms)(void);
	struct budget *budget;
	struct day_holder who; /* we */
	int fd; /* -1: not open */
	bool is_tried, is_shared; /* the record is that of the file, whose lock we have */
	int locked; /* times in a row that somebody else had it */
	int64_t reserved_nanousd; /* by us */
	int64_t other_nanousd; /* spent by us, in neither record nor ledger yet */
	struct record record;
};

/* ---- the day ---- */

/* Midnight may be twice or not at all where clocks are changed then. */
static void find_day(int64_t now_ms, int64_t *begin_ms, int64_t *end_ms)
{
	time_t now = (time_t)(now_ms / 1'000);
	struct tm t, next;

	*begin_ms = now_ms;
	*end_ms = now_ms + 3'600'000;
	if (!localtime_r(&now, &t))
		return;
	t.tm_hour = t.tm_min = t.tm_sec = 0;
	t.tm_isdst = -1;
	next = t;
	next.tm_mday++;
	time_t begin = mktime(&t), end = mktime(&next);
	if (begin <= now)
		*begin_ms = (int64_t)begin * 1'000;
	if (end > now)
		*end_ms = (int64_t)end * 1'000;
}

static void begin_day(struct record *r, int64_t now_ms)
{
	find_day(now_ms, &r->begin_ms, &r->end_ms);
	r->ledger_nanousd = r->other_nanousd = 0;
	for (int i = 0; i < MONTHS; i++)
		r->read_bytes[i] = -1;
}

/* Lines of that file that nobody has counted. False: it became shorter, all begins anew. */
static bool read_month(struct record *r, int directory, const char *name, int64_t *read_bytes)
{
	struct stat st;

	AUTO_FD fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return *read_bytes <= 0;
	if (st.st_size < *read_bytes)
		return false;
	if (*read_bytes < 0)
		*read_bytes = ledger_find(fd, st.st_size, r->begin_ms);
	if (st.st_size > *read_bytes)
		(void)ledger_sum(fd, read_bytes, r->begin_ms, r->end_ms, &r->ledger_nanousd);
	return true;
}

static bool read_months(struct day *d)
{
	struct record *r = &d->record;
	char first[LEDGER_NAME], last[LEDGER_NAME];
	struct err e;

	AUTO_FD directory = private_open(d->directory, false, &e);
	if (directory < 0)
		return true;
	ledger_name(r->begin_ms, first);
	ledger_name(r->end_ms - 1, last);
	return read_month(r, directory, first, &r->read_bytes[0]) &&
	       (strcmp(first, last) == 0 || read_month(r, directory, last, &r->read_bytes[1]));
}

static void count_ledger(struct day *d, int64_t now_ms)
{
	struct record *r = &d->record;

	if (now_ms < r->begin_ms || now_ms >= r->end_ms)
		begin_day(r, now_ms);
	if (!read_months(d)) {
		begin_day(r, now_ms);
		(void)read_months(d);
	}
}

/* ---- who has reserved ---- */

static bool is_us(const struct day *d, const struct day_holder *h)
{
	return h->pid == d->who.pid && h->started == d->who.started && h->scope == d->who.scope;
}

static void reap(struct day *d, int64_t now_ms)
{
	for (int i = 0; i < HOLDERS; i++) {
		struct day_holder *h = &d->record.holders[i];
		if (!h->pid || is_us(d, h))
			continue;
		bool is_gone = h->scope == d->who.scope
				       ? process_is_gone((int32_t)h->pid, h->started)
				       : now_ms - h->touched_ms > STRANGER_MS;
		if (is_gone)
			*h = (struct day_holder){0};
	}
}

static int64_t reserved(const struct day *d)
{
	int64_t sum = d->reserved_nanousd;

	for (int i = 0; i < HOLDERS; i++)
		if (!is_us(d, &d->record.holders[i]))
			sum = money_add(sum, d->record.holders[i].reserved_nanousd);
	return sum;
}

/* What we have reserved, whatever was there before. Where all places are taken, nobody knows. */
static void hold(struct day *d, int64_t now_ms)
{
	struct day_holder *place = NULL;

	for (int i = 0; i < HOLDERS; i++) {
		struct day_holder *h = &d->record.holders[i];
		if (is_us(d, h) || (!h->pid && !place))
			place = h;
		if (is_us(d, h))
			break;
	}
	if (!place)
		return;
	*place = d->who;
	place->reserved_nanousd = d->reserved_nanousd;
	place->touched_ms = now_ms;
	if (!d->reserved_nanousd)
		*place = (struct day_holder){0};
}

/* ---- the file ---- */

static uint64_t sum_of(const struct record *r)
{
	size_t head = offsetof(struct record, begin_ms);

	return hash_bytes((struct str){(const char *)r + head, sizeof *r - head});
}

static bool is_good(const struct record *r)
{
	if (r->magic != MAGIC || r->sum != sum_of(r) || r->ledger_nanousd < 0 ||
		r->other_nanousd < 0)
		return false;
	for (int i = 0; i < HOLDERS; i++)
		if (r->holders[i].reserved_nanousd < 0)
			return false;
	return true;
}

static void open_file(struct day *d)
{
	struct err e;

	d->is_tried = true;
	AUTO_FD directory = private_open(d->directory, true, &e);
	if (directory >= 0)
		d->fd = private_open_file(directory, DAY_FILE, &e);
}

/* False: not now, another process has it. Without a file the record is our own. */
static bool take(struct day *d)
{
	d->is_shared = false;
	if (d->fd >= 0 && share_is_removed(d->fd)) {
		file_close(&d->fd);
		d->is_tried = false;
	}
	if (d->fd < 0 && !d->is_tried)
		open_file(d);
	if (d->fd < 0)
		return true;
	if (!share_lock(d->fd))
		return ++d->locked > LOCKED_MAX;
	d->locked = 0;
	d->is_shared = true;
	ssize_t n = pread(d->fd, &d->record, sizeof d->record, 0);
	if (n != (ssize_t)sizeof d->record || !is_good(&d->record))
		d->record = (struct record){.magic = MAGIC};
	return true;
}

static void give(struct day *d, int64_t now_ms)
{
	struct record *r = &d->record;

	hold(d, now_ms);
	r->other_nanousd = money_add(r->other_nanousd, d->other_nanousd);
	d->other_nanousd = 0;
	if (!d->is_shared)
		return;
	r->sum = sum_of(r);
	ssize_t n = pwrite(d->fd, r, sizeof *r, 0);
	share_unlock(d->fd);
	if (n != (ssize_t)sizeof *r)
		file_close(&d->fd);
}

/* ---- for the budget ---- */

static void refuse(const struct day *d, int64_t spent, int64_t need, struct err *e)
{
	AUTO(buf) all = {0};
	AUTO(buf) gone = {0};
	AUTO(buf) wanted = {0};

	money_put(&all, d->most_nanousd);
	money_put(&gone, spent);
	money_put(&wanted, need);
	err_set(e, ERR_BUDGET,
		"daily_budget of %s allows no further call today: %s is spent in all, and it may "
		"cost about %s",
		buf_text(&all), buf_text(&gone), buf_text(&wanted));
}

static enum budget_word reserve(void *self, int64_t nanousd, struct err *e)
{
	struct day *d = self;
	int64_t now_ms = d->wall_ms(), spent;

	if (nanousd <= 0)
		return BUDGET_GO;
	if (!take(d))
		return BUDGET_POLL;
	count_ledger(d, now_ms);
	spent = money_add(
		money_add(d->record.ledger_nanousd, d->record.other_nanousd), d->other_nanousd);
	enum budget_word word = budget_judge(d->most_nanousd, spent, reserved(d), nanousd);
	if (word == BUDGET_WAIT) {
		reap(d, now_ms);
		word = budget_judge(d->most_nanousd, spent, reserved(d), nanousd);
	}
	if (word == BUDGET_NO)
		refuse(d, spent, nanousd, e);
	if (word == BUDGET_GO)
		d->reserved_nanousd = money_add(d->reserved_nanousd, nanousd);
	give(d, now_ms);
	return word == BUDGET_WAIT ? BUDGET_POLL : word;
}

static void settle(void *self, int64_t reserved_nanousd, int64_t spent, bool is_kept)
{
	struct day *d = self;

	if (reserved_nanousd <= 0 && (is_kept || spent <= 0))
		return;
	d->reserved_nanousd -= reserved_nanousd;
	if (!is_kept)
		d->other_nanousd = money_add(d->other_nanousd, spent);
	/* Where another one has it, the next time tells; who has ended holds nothing. */
	if (take(d))
		give(d, d->wall_ms());
}

struct day *day_new(const char *directory, int64_t most_nanousd, int64_t (*wall_ms)(void))
{
	struct day *d = must_alloc(1, sizeof *d);
	struct sha256 scope = share_scope();

	*d = (struct day){.directory = must_copy(directory, strlen(directory)),
		.most_nanousd = most_nanousd,
		.wall_ms = wall_ms,
		.fd = -1,
		.who = {.pid = getpid(), .started = process_start(getpid())}};
	memcpy(&d->who.scope, scope.bytes, sizeof d->who.scope);
	d->record.magic = MAGIC;
	d->budget = budget_new_shared(
		&(struct budget_store){.reserve = reserve, .settle = settle, .self = d});
	return d;
}

void day_free(struct day *d)
{
	if (!d)
		return;
	budget_free(d->budget);
	file_close(&d->fd);
	free(d->directory);
	free(d);
}

struct budget *day_budget(struct day *d)
{
	return d->budget;
}
