// SPDX-License-Identifier: MIT
#include "call/ledger.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/must.h"
#include "base/private.h"

/* Paths and names come from outside; a line stays one that is written at once. */
enum { TEXT_MAX_BYTES = 4096 };

struct ledger {
	char *directory;
	void (*tell)(void *self, const struct err *e);
	void *self;
	int fd; /* -1: not open */
	char name[LEDGER_NAME]; /* of the open file */
	bool is_told;
};

struct ledger *ledger_new(
	const char *directory, void (*tell)(void *self, const struct err *e), void *self)
{
	struct ledger *l = must_alloc(1, sizeof *l);

	*l = (struct ledger){.directory = must_copy(directory, strlen(directory)),
		.tell = tell,
		.self = self,
		.fd = -1};
	return l;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	file_close(&l->fd);
	free(l->directory);
	free(l);
}

void ledger_name(int64_t time_ms, char out[LEDGER_NAME])
{
	time_t seconds = (time_t)(time_ms / 1'000);
	struct tm t;

	if (!gmtime_r(&seconds, &t) || strftime(out, LEDGER_NAME, "%Y-%m.jsonl", &t) == 0)
		snprintf(out, LEDGER_NAME, "1970-01.jsonl");
}

/* ---- a line ---- */

static void put_text(struct json_writer *w, const char *name, struct str text)
{
	if (text.n)
		json_member_str(w, name, str_head(text, TEXT_MAX_BYTES));
}

static void put_count(struct json_writer *w, const char *name, int64_t count)
{
	if (count >= 0)
		json_member_int(w, name, count);
}

static void put_usage(struct json_writer *w, const struct usage *u)
{
	put_count(w, "input", u->input);
	put_count(w, "output", u->output);
	put_count(w, "cache_read", u->cache_read);
	put_count(w, "cache_write", u->cache_write);
	put_count(w, "cache_write_1h", u->cache_write_1h);
	put_count(w, "reasoning", u->reasoning);
}

void ledger_put(struct buf *out, const struct ledger_line *line)
{
	static const struct ledger_who nobody;
	const struct ledger_who *who = line->who ? line->who : &nobody;
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_int(&w, "time_ms", line->time_ms);
	put_text(&w, "run_id", who->run_id);
	put_text(&w, "session_id", who->session_id);
	put_text(&w, "task_id", who->task_id);
	json_member_text(&w, "kind", line->kind);
	put_text(&w, "provider", line->provider);
	put_text(&w, "model", line->model);
	put_usage(&w, &line->usage);
	put_count(&w, "cost_nanousd", line->cost_nanousd);
	put_count(&w, "estimated_nanousd", line->estimated_nanousd);
	put_count(&w, "duration_ms", line->duration_ms);
	json_member_text(&w, "outcome", line->outcome);
	put_text(&w, "project", who->project);
	put_text(&w, "branch", who->branch);
	json_close(&w, '}');
	buf_put_char(out, '\n');
}

/* ---- the file ---- */

static bool open_file(struct ledger *l, const char *name, struct err *e)
{
	AUTO_FD directory = private_open(l->directory, true, e);

	if (directory < 0)
		return false;
	l->fd = private_open_file(directory, name, e);
	if (l->fd < 0)
		return err_context(e, "%s", l->directory);
	if (fcntl(l->fd, F_SETFL, O_APPEND) < 0) {
		err_errno(e, "%s", name);
		file_close(&l->fd);
		return false;
	}
	memcpy(l->name, name, LEDGER_NAME);
	return true;
}

/* The file of that month; *is_cut: what was written last is no whole line. */
static bool make_ready(struct ledger *l, int64_t time_ms, bool *is_cut, struct err *e)
{
	char name[LEDGER_NAME] = "", last = '\n';
	struct stat st;

	ledger_name(time_ms, name);
	if (l->fd >= 0 && (strcmp(name, l->name) != 0 || fstat(l->fd, &st) < 0 || !st.st_nlink))
		file_close(&l->fd);
	if (l->fd < 0 && !open_file(l, name, e))
		return false;
	if (fstat(l->fd, &st) == 0 && st.st_size > 0 && pread(l->fd, &last, 1, st.st_size - 1) < 0)
		return err_errno(e, "%s/%s", l->directory, name);
	*is_cut = last != '\n';
	return true;
}

static bool add(struct ledger *l, const struct ledger_line *line, struct err *e)
{
	AUTO(buf) text = {0};
	bool is_cut;

	if (!make_ready(l, line->time_ms, &is_cut, e))
		return false;
	if (is_cut)
		buf_put_char(&text, '\n');
	ledger_put(&text, line);
	ssize_t n = write(l->fd, text.p, text.n);
	if (n == (ssize_t)text.n)
		return true;
	if (n >= 0)
		return err_set(e, ERR_IO, "%s/%s: the disk is full", l->directory, l->name);
	return err_errno(e, "%s/%s", l->directory, l->name);
}

bool ledger_add(struct ledger *l, const struct ledger_line *line)
{
	struct err e;

	if (add(l, line, &e))
		return true;
	if (!l->is_told && l->tell)
		l->tell(l->self, &e);
	l->is_told = true;
	return false;
}
