// SPDX-License-Identifier: MIT
/*
 * usage export: every answer for other programs. Answers come in no order; they are read and put
 * into order some days at a time, so that it takes the same memory however many there are.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cmd/usage.h"
#include "usage/export.h"

enum { WINDOW_ANSWERS = 100'000, PIECE_BYTES = 64 << 10 };

struct kept {
	struct usage_entry entry;
	size_t tools_at;
};

struct export;

struct format {
	const char *name;
	bool needs_file;
	void (*begin)(struct export *x);
	/* NULL: there is nothing to say of single answers. */
	bool (*put)(struct export *x, const struct usage_entry *entry, struct err *e);
	void (*end)(struct export *x);
};

struct export
{
	struct usage_run *run;
	const struct format *format;
	const char *path; /* NULL: stdout */
	struct beside file;
	struct usage_database *database;
	struct usage_sieve sieve;
	struct arena arena;
	VEC(struct kept) answers; /* of a window */
	VEC(uint32_t) tools;
	bool has_answers;
	bool is_over; /* stdout takes no more; the end of the command tells why */
};

/* ---- formats ---- */

static void begin_csv(struct export *x)
{
	usage_put_csv_head(&x->run->look);
}

static bool put_csv(struct export *x, const struct usage_entry *entry, struct err *)
{
	usage_put_csv_answer(&x->run->look, entry);
	return true;
}

static void begin_json(struct export *x)
{
	buf_put_char(&x->run->out, '[');
}

static bool put_json(struct export *x, const struct usage_entry *entry, struct err *)
{
	buf_put_text(&x->run->out, x->has_answers ? ",\n" : "\n");
	usage_put_json_answer(&x->run->look, entry);
	return true;
}

static void end_json(struct export *x)
{
	buf_put_text(&x->run->out, x->has_answers ? "\n]\n" : "]\n");
}

static void put_totals(struct export *x)
{
	struct usage_query query = x->run->query;
	struct usage_rows rows;

	query.by = USAGE_BY_SOURCE;
	query.is_by_project = false;
	usage_group(x->run->view, &query, &rows);
	usage_put_prometheus(&x->run->look, &rows, x->run->now_ms);
	usage_rows_release(&rows);
}

static bool put_row(struct export *x, const struct usage_entry *entry, struct err *e)
{
	return usage_database_add(x->database, x->run->view, entry, x->run->query.mode, e);
}

static const struct format formats[] = {
	{"csv", false, begin_csv, put_csv, NULL},
	{"json", false, begin_json, put_json, end_json},
	{"prometheus", false, put_totals, NULL, NULL},
	{"sqlite", true, NULL, put_row, NULL},
};

static const struct format *find_format(const char *word)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i].name, word) == 0)
			return &formats[i];
	return NULL;
}

static bool read_words(struct export *x, struct err *e)
{
	const struct usage_run *u = x->run;

	x->format = u->word_count ? find_format(u->words[0]) : NULL;
	if (!x->format)
		return err_set(e, ERR_USAGE,
			"usage export needs a format: csv, json, prometheus or sqlite%s%s",
			u->word_count ? ", and not " : "", u->word_count ? u->words[0] : "");
	if (u->word_count > 2)
		return err_set(
			e, ERR_USAGE, "usage export takes one file at most: %s", u->words[2]);
	if (u->word_count == 2 && strcmp(u->words[1], "-") != 0)
		x->path = u->words[1];
	if (x->format->needs_file && !x->path)
		return err_set(
			e, ERR_USAGE, "usage export %s needs a file to write", x->format->name);
	return true;
}

/* ---- out ---- */

static bool flush(struct export *x, struct err *e)
{
	struct buf *out = &x->run->out;
	bool is_good = true;

	if (out->overflow)
		return err_set(e, ERR_LIMIT, "an answer is too large");
	if (x->path)
		is_good = beside_put(&x->file, buf_str(out), e);
	else
		x->is_over |= fwrite(out->p, 1, out->n, stdout) < out->n;
	buf_clear(out);
	return is_good;
}

static int by_time(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->entry.time_ms != y->entry.time_ms)
		return x->entry.time_ms < y->entry.time_ms ? -1 : 1;
	if (x->entry.file != y->entry.file)
		return x->entry.file < y->entry.file ? -1 : 1;
	return x->tools_at < y->tools_at ? -1 : x->tools_at > y->tools_at;
}

static bool keep(void *self, const struct usage_entry *entry)
{
	struct export *x = self;

	if (!usage_sieve_passes(&x->sieve, entry->project, entry->model, entry->flags & USAGE_FAST,
		    entry->provider))
		return true;
	vec_push(&x->answers, (struct kept){*entry, x->tools.n});
	for (size_t i = 0; i < entry->tool_count; i++)
		vec_push(&x->tools, entry->tools[i]);
	return true;
}

static bool put_span(struct export *x, int64_t since_ms, int64_t until_ms, struct err *e)
{
	x->answers.n = x->tools.n = 0;
	if (x->is_over)
		return true;
	if (!usage_each(x->run->view, since_ms, until_ms, keep, x, e))
		return false;
	if (x->answers.n > 1)
		qsort(x->answers.p, x->answers.n, sizeof *x->answers.p, by_time);
	vec_each (&x->answers, kept) {
		kept->entry.tools = x->tools.p ? x->tools.p + kept->tools_at : NULL;
		if (!x->format->put(x, &kept->entry, e) ||
			(x->run->out.n >= PIECE_BYTES && !flush(x, e)))
			return false;
		x->has_answers = true;
		if (x->is_over)
			break;
	}
	return true;
}

/* ---- windows ---- */

struct day {
	int32_t day;
	int64_t answers;
};

static int by_day(const void *a, const void *b)
{
	const struct day *x = a, *y = b;

	return x->day < y->day ? -1 : x->day > y->day;
}

struct window {
	int64_t since_ms, until_ms;
	int32_t first, last; /* its days that have answers */
	int64_t answers;
};

/* A day that has too many answers is cut by hours, minutes ... */
static bool put_window(struct export *x, const struct window *w, struct err *e)
{
	int64_t parts = w->answers / WINDOW_ANSWERS + 1, since = w->since_ms;
	int64_t from = usage_zone_start_ms(x->run->zone, w->first);
	int64_t step = (usage_zone_start_ms(x->run->zone, w->last + 1) - from) / parts;

	for (int64_t i = 1; i < parts; i++) {
		if (!put_span(x, since, from + step * i, e))
			return false;
		since = from + step * i;
	}
	return put_span(x, since, w->until_ms, e);
}

/* Days with so many answers that a window ends before the next one. */
static bool put_windows(struct export *x, const struct day *days, size_t count, struct err *e)
{
	int64_t since, until;

	usage_run_span(x->run, &since, &until);
	struct window w = {.since_ms = since};
	for (size_t i = 0; i < count; i++) {
		if (w.answers && w.answers + days[i].answers > WINDOW_ANSWERS) {
			w.until_ms = usage_zone_start_ms(x->run->zone, days[i].day);
			if (!put_window(x, &w, e))
				return false;
			w = (struct window){.since_ms = w.until_ms};
		}
		w.first = w.answers ? w.first : days[i].day;
		w.last = days[i].day;
		w.answers += days[i].answers;
	}
	w.until_ms = until;
	return w.answers == 0 || put_window(x, &w, e);
}

static bool put_answers(struct export *x, struct err *e)
{
	const struct usage_view *view = x->run->view;
	const struct usage_filter *f = &x->run->query.filter;
	VEC(struct day) days = {0};

	usage_sieve_begin(&x->sieve, view, f, &x->arena);
	for (size_t i = 0; i < view->cell_count; i++) {
		const struct usage_cell *cell = &view->cells[i];
		if (cell->day < f->since || cell->day > f->until || cell->sum.answers == 0)
			continue;
		vec_push(&days, (struct day){cell->day, cell->sum.answers});
	}
	if (days.n > 1)
		qsort(days.p, days.n, sizeof *days.p, by_day);
	size_t n = 0;
	for (size_t i = 0; i < days.n; i++)
		if (n && days.p[n - 1].day == days.p[i].day)
			days.p[n - 1].answers += days.p[i].answers;
		else
			days.p[n++] = days.p[i];
	bool is_good = put_windows(x, days.p, n, e);
	vec_release(&days);
	return is_good;
}

/* ---- the report ---- */

static bool begin(struct export *x, struct err *e)
{
	if (x->format->needs_file)
		return usage_database_new(x->path, !x->run->look.hides_cost, &x->database, e);
	return !x->path || beside_begin(&x->file, x->path, e);
}

static bool write_all(struct export *x, struct err *e)
{
	if (!begin(x, e))
		return false;
	if (x->format->begin)
		x->format->begin(x);
	if (x->format->put && !put_answers(x, e))
		return false;
	if (x->format->end)
		x->format->end(x);
	if (x->database)
		return usage_database_add_limits(x->database, x->run->view, x->run->now_ms, e) &&
		       usage_database_end(x->database, e);
	return flush(x, e) && (!x->path || beside_end(&x->file, e));
}

static bool pass(void *, const struct usage_entry *)
{
	return true;
}

/* What was put out cannot be taken back: an index that is damaged is made anew before. */
static bool check_index(struct usage_run *u, struct err *e)
{
	int64_t since, until;

	usage_run_span(u, &since, &until);
	if (usage_each(u->view, since, until, pass, NULL, e))
		return true;
	return e->code == ERR_PARSE && usage_run_open(u, e);
}

int usage_run_export(struct usage_run *u, struct err *e)
{
	struct export x = {.run = u};

	if (!read_words(&x, e))
		return EXIT_USAGE;
	bool is_good = (!x.format->put || check_index(u, e)) && write_all(&x, e);
	usage_database_free(x.database);
	beside_release(&x.file);
	arena_release(&x.arena);
	vec_release(&x.answers);
	vec_release(&x.tools);
	buf_clear(&u->out);
	return is_good ? EXIT_DONE : EXIT_TASK_FAILED;
}
