// SPDX-License-Identifier: MIT
#include "agent/keep/journal.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"

bool kept_state_eq(const struct kept_state *a, const struct kept_state *b)
{
	if (a->mode != b->mode)
		return false;
	if (a->mode == 0 || S_ISDIR(a->mode))
		return true;
	return a->size_bytes == b->size_bytes && a->has_digest && b->has_digest &&
	       sha256_eq(&a->digest, &b->digest);
}

/* ---- writing ---- */

static void put_state(struct json_writer *w, const char *name, const struct kept_state *state)
{
	char digest[SHA256_TEXT];

	json_key(w, name);
	if (!state->mode) {
		json_put_null(w);
		return;
	}
	json_open(w, '{');
	json_member_int(w, "mode", state->mode);
	if (!S_ISDIR(state->mode))
		json_member_int(w, "size", state->size_bytes);
	if (state->has_digest) {
		sha256_text(&state->digest, digest);
		json_member_text(w, "sha256", digest);
	}
	json_close(w, '}');
}

static void put_bytes(
	struct json_writer *w, const char *name, const char *encoded_name, struct str bytes)
{
	AUTO(buf) encoded = {0};

	if (utf8_is_valid(bytes)) {
		json_member_str(w, name, bytes);
		return;
	}
	base64_put(&encoded, bytes);
	json_member_str(w, encoded_name, buf_str(&encoded));
}

void journal_put_head(struct buf *line, const struct journal_head *head)
{
	struct json_writer w = {.buf = line};

	json_open(&w, '{');
	json_member_int(&w, "version", 1);
	json_member_str(&w, "run", head->run);
	put_bytes(&w, "root", "root_base64", head->root);
	json_member_str(&w, "task", head->task);
	json_member_int(&w, "at", head->at_ms);
	if (head->undoes.p)
		json_member_str(&w, "undoes", head->undoes);
	json_close(&w, '}');
	buf_put_char(line, '\n');
}

void journal_put_change(struct buf *line, const struct journal_change *change, int64_t at_ms)
{
	struct json_writer w = {.buf = line};

	json_open(&w, '{');
	json_member_int(&w, "change", change->number);
	put_bytes(&w, "path", "path_base64", change->path);
	put_state(&w, "from", &change->from);
	put_state(&w, "to", &change->to);
	json_member_str(&w, "tool", change->tool);
	json_member_int(&w, "at", at_ms);
	if (change->unkept.p)
		json_member_str(&w, "unkept", change->unkept);
	json_close(&w, '}');
	buf_put_char(line, '\n');
}

void journal_put_mark(struct buf *line, const char *mark, int64_t number)
{
	struct json_writer w = {.buf = line};

	json_open(&w, '{');
	json_member_int(&w, mark, number);
	json_close(&w, '}');
	buf_put_char(line, '\n');
}

/* A line of two numbers. */
static void put_pair(struct buf *line, const char *first, int64_t a, const char *second, int64_t b)
{
	struct json_writer w = {.buf = line};

	json_open(&w, '{');
	json_member_int(&w, first, a);
	json_member_int(&w, second, b);
	json_close(&w, '}');
	buf_put_char(line, '\n');
}

void journal_put_watch(struct buf *line, int64_t number, int64_t at_ns)
{
	put_pair(line, "watch", number, "at_ns", at_ns);
}

void journal_put_lines(struct buf *line, int64_t added, int64_t removed)
{
	put_pair(line, "added", added, "removed", removed);
}

void journal_put_undone(struct buf *line)
{
	buf_put_text(line, "{\"undone\":true}\n");
}

bool journal_append(int fd, const struct buf *line, bool is_safe, struct err *e)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (line->overflow)
		return err_set(e, ERR_LIMIT, "journal: too long a line");
	if (file_write_fd(fd, buf_str(line), e) && (!is_safe || fdatasync(fd) == 0))
		return true;
	(void)err_errno(e, "journal");
	/* Half a line would spoil the next one. */
	(void)!ftruncate(fd, end);
	return false;
}

/* ---- reading ---- */

struct reading {
	struct journal *journal;
	struct arena *a;
};

static bool read_state(struct str value, struct kept_state *out)
{
	int64_t mode;
	struct str digest = json_get(value, "sha256");

	if (json_type(value) == JSON_NULL)
		return true;
	if (!json_int(json_get(value, "mode"), &mode) || mode <= 0 || mode > UINT32_MAX)
		return false;
	out->mode = (mode_t)mode;
	out->size_bytes = json_int_or(json_get(value, "size"), 0);
	if (!digest.p)
		return true;
	out->has_digest = digest.n == 2 * SHA256_BYTES + 2 &&
			  sha256_read(str_head(str_skip(digest, 1), digest.n - 2), &out->digest);
	return out->has_digest;
}

static struct str read_bytes(
	struct str object, const char *name, const char *encoded_name, struct arena *a)
{
	struct str text = json_text(json_get(object, name), a);
	AUTO(buf) bytes = {0};
	struct err e;

	if (text.p)
		return arena_copy(a, text);
	text = json_text(json_get(object, encoded_name), a);
	return text.p && base64_get(text, &bytes, &e) ? arena_copy(a, buf_str(&bytes))
						      : (struct str){0};
}

/* It came from a file: nothing in it may lead out of the workspace. */
static bool is_plain_path(struct str path)
{
	struct str rest = path, word;

	if (path.n == 0 || memchr(path.p, '\0', path.n))
		return false;
	while (str_split(&rest, '/', &word))
		if (word.n == 0 || str_is(word, ".") || str_is(word, ".."))
			return false;
	return true;
}

static bool read_change(struct reading *r, struct str line, int64_t number)
{
	struct journal_change change = {.number = number,
		.path = read_bytes(line, "path", "path_base64", r->a),
		.tool = arena_copy(r->a, json_text(json_get(line, "tool"), r->a))};
	struct str unkept = json_text(json_get(line, "unkept"), r->a);

	if (unkept.p)
		change.unkept = arena_copy(r->a, unkept);
	if (!change.path.p || !is_plain_path(change.path) ||
		!read_state(json_get(line, "from"), &change.from) ||
		!read_state(json_get(line, "to"), &change.to))
		return false;
	r->journal->last_number = number;
	vec_push(&r->journal->changes, change);
	return true;
}

static bool mark_change(struct reading *r, int64_t number, enum outcome outcome)
{
	for (size_t i = r->journal->changes.n; i-- > 0;) {
		struct journal_change *change = &r->journal->changes.p[i];
		if (change->number != number)
			continue;
		change->outcome = outcome;
		return true;
	}
	return false;
}

/* The lines that mark what has happened to others. */
static bool read_mark(struct reading *r, struct str line)
{
	struct journal *j = r->journal;
	int64_t number;

	if (json_int(json_get(line, "done"), &number))
		return mark_change(r, number, OUTCOME_DONE);
	if (json_int(json_get(line, "left"), &number))
		return mark_change(r, number, OUTCOME_LEFT);
	if (json_int(json_get(line, "watched"), &number)) {
		j->open_watch = 0;
		return true;
	}
	j->is_undone = json_bool_or(json_get(line, "undone"), false);
	return j->is_undone;
}

static bool read_line(struct reading *r, struct str line)
{
	struct journal *j = r->journal;
	struct err e;
	int64_t number;

	if (!json_check(line, &e))
		return false;
	if (json_int(json_get(line, "change"), &number))
		return read_change(r, line, number);
	if (json_int(json_get(line, "watch"), &number)) {
		j->open_watch = number;
		j->watch_ns = json_int_or(json_get(line, "at_ns"), 0);
		j->last_number = number;
		return true;
	}
	if (json_int(json_get(line, "added"), &number)) {
		j->added = number;
		j->removed = json_int_or(json_get(line, "removed"), 0);
		return true;
	}
	return read_mark(r, line);
}

static bool read_head(struct reading *r, struct str line)
{
	struct journal_head *head = &r->journal->head;
	struct str undoes = json_text(json_get(line, "undoes"), r->a);
	struct err e;

	if (!json_check(line, &e) || json_int_or(json_get(line, "version"), 0) != 1)
		return false;
	head->run = arena_copy(r->a, json_text(json_get(line, "run"), r->a));
	head->root = read_bytes(line, "root", "root_base64", r->a);
	head->task = arena_copy(r->a, json_text(json_get(line, "task"), r->a));
	head->at_ms = json_int_or(json_get(line, "at"), 0);
	if (undoes.p)
		head->undoes = arena_copy(r->a, undoes);
	return head->run.n && head->root.n;
}

bool journal_read(
	int directory_fd, const char *name, struct arena *a, struct journal *out, struct err *e)
{
	AUTO(buf) text = {.max = JOURNAL_MAX_BYTES + 1};
	struct journal journal = {.added = -1, .removed = -1};
	struct reading r = {&journal, a};
	struct str rest, line;
	int number = 1;

	if (!file_read(directory_fd, name, JOURNAL_MAX_BYTES, &text, e))
		return false;
	rest = buf_str(&text);
	if (!str_split(&rest, '\n', &line) || !rest.p)
		return err_set(e, ERR_NOT_FOUND, "%s: the run ended before it began", name);
	if (!read_head(&r, line))
		return err_set(e, ERR_PARSE, "%s: no journal of a run", name);
	while (str_split(&rest, '\n', &line) && rest.p) {
		number++;
		if (read_line(&r, line))
			continue;
		journal.first_bad_line = journal.bad_lines++ ? journal.first_bad_line : number;
	}
	*out = journal;
	return true;
}

void journal_release(struct journal *j)
{
	vec_release(&j->changes);
	*j = (struct journal){0};
}
