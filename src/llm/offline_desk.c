// SPDX-License-Identifier: MIT
/* Calls made and wanted, and the tools' results read into values. */
#include <ctype.h>

#include "llm/offline.h"

/* ---- the messages ---- */

static bool is_context(struct str text)
{
	return str_starts(text, STR("# Instructions")) || str_starts(text, STR("# Facts")) ||
	       str_starts(text, STR("<stdin>"));
}

/* The last text of the last user message that has one; texts that are context only when alone. */
static size_t find_task(const struct prompt *prompt, struct str *task)
{
	for (size_t i = prompt->message_count; i-- > 0;) {
		const struct message *m = &prompt->messages[i];
		bool is_found = false;
		for (size_t k = 0; m->role == ROLE_USER && k < m->block_count; k++) {
			const struct block *b = &m->blocks[k];
			if (b->kind != BLOCK_TEXT || str_trim(b->text).n == 0)
				continue;
			if (is_context(b->text) && is_found && !is_context(*task))
				continue;
			*task = b->text;
			is_found = true;
		}
		if (is_found)
			return i;
	}
	*task = STR("");
	return prompt->message_count;
}

static void note_calls(struct desk *d, const struct message *m)
{
	bool has_calls = false;

	for (size_t k = 0; k < m->block_count; k++) {
		const struct block *b = &m->blocks[k];
		if (b->kind != BLOCK_TOOL_USE)
			continue;
		has_calls = true;
		d->made[d->made_count++] =
			(struct desk_call){.name = b->name, .input = b->input, .id = b->id};
	}
	d->rounds += has_calls;
}

static void note_results(struct desk *d, const struct message *m)
{
	for (size_t k = 0; k < m->block_count; k++) {
		const struct block *b = &m->blocks[k];
		if (b->kind != BLOCK_TOOL_RESULT)
			continue;
		for (size_t i = d->made_count; i-- > 0;) {
			struct desk_call *call = &d->made[i];
			if (call->has_result || !str_eq(call->id, b->id))
				continue;
			call->finding = (struct finding){b->text, b->is_error};
			call->has_result = true;
			break;
		}
	}
}

static size_t count_calls(const struct prompt *prompt, size_t from)
{
	size_t count = 0;

	for (size_t i = from; i < prompt->message_count; i++)
		for (size_t k = 0; k < prompt->messages[i].block_count; k++)
			count += prompt->messages[i].blocks[k].kind == BLOCK_TOOL_USE;
	return count;
}

void desk_open(struct desk *d, const struct prompt *prompt, struct arena *a, struct str *task)
{
	size_t start = find_task(prompt, task);

	*d = (struct desk){.prompt = prompt, .a = a};
	d->ids = count_calls(prompt, 0);
	d->made = arena_alloc(a, count_calls(prompt, start) + 1, sizeof *d->made);
	for (size_t i = start; i < prompt->message_count; i++) {
		if (prompt->messages[i].role == ROLE_ASSISTANT)
			note_calls(d, &prompt->messages[i]);
		else
			note_results(d, &prompt->messages[i]);
	}
}

/* ---- calls ---- */

/* The bytes may have been rendered anew on the way, so members are compared. */
static bool is_same_input(struct desk *d, struct str x, struct str y)
{
	struct str key, value;

	x = str_trim(x);
	y = str_trim(y);
	if (str_eq(x, y))
		return true;
	if (json_count(x) != json_count(y))
		return false;
	json_each (x, key, value) {
		struct str other = json_get(y, arena_text(d->a, json_text(key, d->a)));
		if (json_type(value) == JSON_STRING
				? !str_eq(json_text(value, d->a), json_text(other, d->a))
				: !str_eq(str_trim(value), str_trim(other)))
			return false;
	}
	return true;
}

static bool is_offered(const struct desk *d, const char *name)
{
	for (size_t i = 0; i < d->prompt->tool_count; i++)
		if (str_is(d->prompt->tools[i].name, name))
			return true;
	return false;
}

static const struct finding *failure(struct desk *d, struct str sentence)
{
	struct finding *f = arena_alloc(d->a, 1, sizeof *f);

	*f = (struct finding){sentence, true};
	return f;
}

static const struct finding *look(struct desk *d, const char *name, struct str input)
{
	for (size_t i = 0; i < d->made_count; i++) {
		struct desk_call *call = &d->made[i];
		if (!str_is(call->name, name) || !is_same_input(d, input, call->input))
			continue;
		if (!call->has_result)
			return failure(d, arena_printf(d->a, "the %s call gave no result", name));
		return &call->finding;
	}
	if (!is_offered(d, name))
		return failure(d, arena_printf(d->a, "the tool `%s` is not offered here", name));
	if (d->rounds >= ROUNDS_MAX)
		return failure(d, STR("this needs more rounds of looking than are allowed"));
	for (size_t i = 0; i < d->wanted_count; i++)
		if (str_is(d->wanted[i].name, name) && str_eq(d->wanted[i].input, input))
			return NULL;
	if (d->wanted_count == CALLS_MAX)
		return failure(d, STR("too many things were asked for at once"));
	d->wanted[d->wanted_count++] = (struct desk_call){.name = str_from(name), .input = input};
	return NULL;
}

static void member(struct json_writer *w, const char *name, struct str text)
{
	if (text.n)
		json_member_str(w, name, text);
}

static void member_int(struct json_writer *w, const char *name, int64_t number)
{
	if (number)
		json_member_int(w, name, number);
}

static const struct finding *look_with(struct desk *d, const char *name, struct json_writer *w)
{
	json_close(w, '}');
	return look(d, name, arena_copy(d->a, buf_str(w->buf)));
}

const struct finding *desk_view(struct desk *d, struct str path, int64_t offset, int64_t limit)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	member(&w, "path", path);
	member_int(&w, "offset", offset);
	member_int(&w, "limit", limit);
	return look_with(d, "view", &w);
}

const struct finding *desk_ls(struct desk *d, struct str path, int64_t depth)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	member(&w, "path", path);
	member_int(&w, "depth", depth);
	return look_with(d, "ls", &w);
}

const struct finding *desk_glob(struct desk *d, struct str pattern, struct str path)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	member(&w, "pattern", pattern);
	member(&w, "path", path);
	return look_with(d, "glob", &w);
}

const struct finding *desk_grep(struct desk *d, const struct grep_ask *ask)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	member(&w, "pattern", ask->pattern);
	member(&w, "path", ask->path);
	member(&w, "glob", ask->glob);
	if (ask->mode)
		json_member_text(&w, "mode", ask->mode);
	if (ask->ignore_case)
		json_member_bool(&w, "ignore_case", true);
	if (ask->word)
		json_member_bool(&w, "word", true);
	if (ask->literal)
		json_member_bool(&w, "literal", true);
	member_int(&w, "limit", ask->limit);
	return look_with(d, "grep", &w);
}

const struct finding *desk_count(struct desk *d, struct str path, struct str glob, const char *by,
	const char *sort, int64_t limit)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	member(&w, "path", path);
	member(&w, "glob", glob);
	json_member_text(&w, "by", by);
	if (sort)
		json_member_text(&w, "sort", sort);
	member_int(&w, "limit", limit);
	return look_with(d, "count", &w);
}

const struct finding *desk_git(struct desk *d, const struct git_ask *ask)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	json_member_text(&w, "show", ask->show);
	member(&w, "path", ask->path);
	member(&w, "revision", ask->revision);
	member_int(&w, "offset", ask->offset);
	member_int(&w, "limit", ask->limit);
	return look_with(d, "git", &w);
}

/* ---- results ---- */

static size_t line_count(struct str text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.n; i++)
		count += text.p[i] == '\n';
	return count;
}

size_t desk_numbers(struct str text, int64_t *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < text.n && count < max;) {
		if (!isdigit((unsigned char)text.p[i])) {
			i++;
			continue;
		}
		int64_t value = 0;
		bool fits = true;
		for (; i < text.n && (isdigit((unsigned char)text.p[i]) ||
					     (text.p[i] == ',' && i + 1 < text.n &&
						     isdigit((unsigned char)text.p[i + 1])));
			i++)
			if (text.p[i] != ',')
				fits &= !__builtin_mul_overflow(value, 10, &value) &&
					!__builtin_add_overflow(value, text.p[i] - '0', &value);
		out[count++] = fits ? value : INT64_MAX;
	}
	return count;
}

/* "path:12:text"; the path may hold colons. */
static bool read_match(struct str line, struct match *out)
{
	for (size_t at = str_find_char(line, ':', 1); at != SIZE_MAX && line.n;
		at = str_find_char(line, ':', at + 1)) {
		size_t end = at + 1;
		while (end < line.n && isdigit((unsigned char)line.p[end]))
			end++;
		if (end == at + 1 || end >= line.n || line.p[end] != ':')
			continue;
		int64_t number;
		if (!str_int(str_range(line.p + at + 1, line.p + end), &number))
			continue;
		*out = (struct match){str_head(line, at), number, str_skip(line, end + 1)};
		return true;
	}
	return false;
}

static bool is_note(struct str line)
{
	return line.n > 2 && line.p[0] == '[' && line.p[line.n - 1] == ']';
}

struct matches desk_matches(struct desk *d, const struct finding *f)
{
	struct matches m = {0};
	struct str rest = f->text, line, last = {0};

	if (f->is_error)
		return m;
	m.p = arena_alloc(d->a, line_count(f->text), sizeof *m.p);
	while (str_split(&rest, '\n', &line)) {
		if (line.n)
			last = line;
		if (read_match(line, &m.p[m.n]))
			m.n++;
	}
	int64_t numbers[3];
	size_t count = is_note(last) && !str_starts(last, STR("[no "))
			       ? desk_numbers(last, numbers, 3)
			       : 0;
	m.is_cut = str_starts(last, STR("[first "));
	m.total = m.is_cut && count == 3    ? numbers[1]
		  : count >= 1 && !m.is_cut ? numbers[0]
					    : (int64_t)m.n;
	m.files = m.is_cut && count == 3 ? numbers[2] : count >= 2 ? numbers[1] : 0;
	return m;
}

static bool read_entry(struct str line, struct entry *out)
{
	struct str part[4] = {0};
	size_t n = 0;

	while (n < 4 && str_split(&line, '\t', &part[n]))
		n++;
	if (n < 4 || part[0].n == 0)
		return false;
	*out = (struct entry){.path = part[0]};
	if (str_find_char(part[3], '-', 0) != SIZE_MAX) {
		out->date = part[3];
		out->files = 1;
		return str_int(part[1], &out->lines) && str_int(part[2], &out->bytes);
	}
	return str_int(part[1], &out->files) && str_int(part[2], &out->lines) &&
	       str_int(part[3], &out->bytes);
}

struct entries desk_entries(struct desk *d, const struct finding *f)
{
	struct entries e = {0};
	struct str rest = f->text, line, last = {0};

	if (f->is_error)
		return e;
	e.p = arena_alloc(d->a, line_count(f->text), sizeof *e.p);
	while (str_split(&rest, '\n', &line)) {
		if (line.n)
			last = line;
		if (read_entry(line, &e.p[e.n]))
			e.n++;
	}
	int64_t numbers[5] = {0};
	size_t count = is_note(last) ? desk_numbers(last, numbers, 5) : 0;
	e.is_cut = str_contains(last, STR(" shown;")) && count == 5;
	const int64_t *totals = e.is_cut ? numbers + 2 : numbers;
	e.files = totals[0];
	e.lines = totals[1];
	e.bytes = totals[2];
	return e;
}

struct entries desk_paths(struct desk *d, const struct finding *f)
{
	struct entries e = {0};
	struct str rest = f->text, line, last = {0};

	if (f->is_error)
		return e;
	e.p = arena_alloc(d->a, line_count(f->text), sizeof *e.p);
	while (str_split(&rest, '\n', &line)) {
		if (line.n == 0)
			continue;
		last = line;
		if (!is_note(line))
			e.p[e.n++] = (struct entry){.path = line, .files = 1};
	}
	int64_t numbers[2] = {0};
	size_t count = is_note(last) && !str_starts(last, STR("[no "))
			       ? desk_numbers(last, numbers, 2)
			       : 0;
	e.is_cut = count == 2 && str_contains(last, STR(" of "));
	e.files = e.is_cut ? numbers[1] : (int64_t)e.n;
	return e;
}

size_t desk_lines(struct desk *d, const struct finding *f, struct str **lines, struct str *note)
{
	struct str rest = f->text, line;
	size_t n = 0;

	*note = (struct str){0};
	*lines = arena_alloc(d->a, line_count(f->text), sizeof **lines);
	if (f->is_error)
		return 0;
	while (str_split(&rest, '\n', &line)) {
		size_t tab = 0;
		while (tab < line.n && isdigit((unsigned char)line.p[tab]))
			tab++;
		if (tab && tab < line.n && line.p[tab] == '\t')
			(*lines)[n++] = str_skip(line, tab + 1);
		else if (is_note(line))
			*note = line;
	}
	return n;
}
