// SPDX-License-Identifier: MIT
/* Conditions of the scripted provider's replies: reading them, and judging requests by them. */
#include "cmd/mock_script.h"

#include "cmd/mock_read.h"

/* ---- reading ---- */

static const char *wire_names(struct arena *a)
{
	AUTO(buf) names = {0};

	for (size_t i = 0; wires[i]; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", wires[i]->name);
	return arena_text(a, buf_str(&names));
}

static bool read_wire(struct reading *r, struct str value, void *target, struct err *e)
{
	struct str name;

	if (!reading_text(r, value, &name, e))
		return false;
	const struct wire *wire = wire_find(name);
	if (!wire)
		return reading_wrong(r, e, "no wire is called \"%.*s\", known are %s",
			STR_ARG(name), wire_names(r->arena));
	*(const struct wire **)target = wire;
	return true;
}

static bool read_tools(struct reading *r, struct str value, void *target, struct err *e)
{
	struct mock_match *match = target;
	struct str key, item, name;
	size_t index = 0;

	if (!reading_type(r, value, JSON_ARRAY, e))
		return false;
	json_each (value, key, item) {
		size_t before = reading_enter_index(r, index++);

		if (!reading_text(r, item, &name, e))
			return false;
		vec_push(&match->tools, name);
		reading_leave(r, before);
	}
	return true;
}

static bool read_result(struct reading *r, struct str value, void *target, struct err *e)
{
	static const struct key keys[] = {
		{"id", KEY_TEXT, offsetof(struct mock_match, result_id)},
		{"contains", KEY_TEXT, offsetof(struct mock_match, result_text)},
		{"is_error", KEY_FLAG, offsetof(struct mock_match, result_is_error)},
		{0},
	};

	((struct mock_match *)target)->has_result = true;
	return reading_object(r, value, keys, target, e);
}

struct condition {
	struct str contains;
	int64_t exists;
};

/* {"contains": ...} and {"exists": ...} are conditions, any other value is to be equal. */
static bool read_condition(
	struct reading *r, struct str value, struct mock_test *test, struct err *e)
{
	static const struct key keys[] = {
		{"contains", KEY_TEXT, offsetof(struct condition, contains)},
		{"exists", KEY_FLAG, offsetof(struct condition, exists)},
		{0},
	};
	struct condition condition = {.exists = -1};

	test->kind = TEST_EQUALS;
	test->value = value;
	if (json_type(value) != JSON_OBJECT)
		return true;
	if (json_count(value) != 1)
		return reading_wrong(r, e, "must be {\"contains\": ...} or {\"exists\": ...}");
	if (!reading_object(r, value, keys, &condition, e))
		return false;
	test->kind = condition.contains.p ? TEST_CONTAINS : TEST_EXISTS;
	test->value = condition.contains;
	test->exists = condition.exists == 1;
	return true;
}

static bool read_headers(struct reading *r, struct str value, void *target, struct err *e)
{
	struct mock_match *match = target;
	struct str key, member;

	if (!reading_type(r, value, JSON_OBJECT, e))
		return false;
	json_each (value, key, member) {
		struct mock_test test = {.name = json_text(key, r->arena)};
		size_t before = reading_enter(r, test.name);

		if (!read_condition(r, member, &test, e))
			return false;
		if (test.kind == TEST_EQUALS && !reading_text(r, member, &test.value, e))
			return false;
		vec_push(&match->headers, test);
		reading_leave(r, before);
	}
	return true;
}

static bool read_places(struct reading *r, struct str value, void *target, struct err *e)
{
	struct mock_match *match = target;
	struct str key, member;

	if (!reading_type(r, value, JSON_OBJECT, e))
		return false;
	json_each (value, key, member) {
		struct mock_test test = {.name = json_text(key, r->arena)};
		size_t before = reading_enter(r, test.name);

		if (test.name.n && test.name.p[0] != '/')
			return reading_wrong(r, e, "a JSON pointer begins with \"/\"");
		if (!read_condition(r, member, &test, e))
			return false;
		vec_push(&match->places, test);
		reading_leave(r, before);
	}
	return true;
}

bool mock_match_read(struct reading *r, struct str value, void *target, struct err *e)
{
	static const struct key keys[] = {
		{"wire", KEY_READ, offsetof(struct mock_match, wire), .read = read_wire},
		{"path", KEY_TEXT, offsetof(struct mock_match, path)},
		{"model", KEY_TEXT, offsetof(struct mock_match, model)},
		{"turn", KEY_INT, offsetof(struct mock_match, turn), 0, 100'000},
		{"last_text_contains", KEY_TEXT, offsetof(struct mock_match, last_text)},
		{"system_contains", KEY_TEXT, offsetof(struct mock_match, system)},
		{"tools_include", KEY_READ, .read = read_tools},
		{"tool_result", KEY_READ, .read = read_result},
		{"header", KEY_READ, .read = read_headers},
		{"json", KEY_READ, .read = read_places},
		{0},
	};

	return reading_object(r, value, keys, target, e);
}

void mock_match_release(struct mock_match *m)
{
	vec_release(&m->tools);
	vec_release(&m->headers);
	vec_release(&m->places);
}

/* ---- judging: each check is true when its key asks for nothing or is met, else says why ---- */

struct judging {
	const struct mock_match *match;
	const struct mock_question *question;
	struct arena *arena;
	struct buf *why;
};

/* Always false. Only the first reason is kept. */
__attribute__((format(printf, 2, 3))) static bool unmet(struct judging *j, const char *format, ...)
{
	va_list arguments;

	if (j->why->n == 0) {
		va_start(arguments, format);
		buf_vprintf(j->why, format, arguments);
		va_end(arguments);
	}
	return false;
}

static bool wire_fits(struct judging *j)
{
	return !j->match->wire || j->match->wire == j->question->wire ||
	       unmet(j, "\"wire\" is %s, not %s", j->question->wire->name, j->match->wire->name);
}

static bool path_fits(struct judging *j)
{
	return !j->match->path.p || str_eq(j->match->path, j->question->path) ||
	       unmet(j, "\"path\" is %.*s, not %.*s", STR_ARG(j->question->path),
		       STR_ARG(j->match->path));
}

static bool model_fits(struct judging *j)
{
	struct str model = j->question->prompt.model;

	return !j->match->model.p || str_eq(j->match->model, model) ||
	       unmet(j, "\"model\" is \"%.*s\", not \"%.*s\"", STR_ARG(model),
		       STR_ARG(j->match->model));
}

static bool turn_fits(struct judging *j)
{
	const struct prompt *prompt = &j->question->prompt;
	int64_t turn = 0;

	for (size_t i = 0; i < prompt->message_count; i++)
		turn += prompt->messages[i].role == ROLE_ASSISTANT;
	return j->match->turn < 0 || j->match->turn == turn ||
	       unmet(j, "\"turn\" is %lld, not %lld", (long long)turn, (long long)j->match->turn);
}

static bool any_text_contains(const struct message *m, struct str text, bool *has_text)
{
	bool found = false;

	for (size_t i = 0; i < m->block_count; i++) {
		if (m->blocks[i].kind != BLOCK_TEXT)
			continue;
		*has_text = true;
		found |= str_contains(m->blocks[i].text, text);
	}
	return found;
}

static bool last_text_fits(struct judging *j)
{
	const struct prompt *prompt = &j->question->prompt;
	bool has_text = false, found = false;

	if (!j->match->last_text.p)
		return true;
	for (size_t i = prompt->message_count; i-- > 0 && !has_text;)
		if (prompt->messages[i].role == ROLE_USER)
			found = any_text_contains(
				&prompt->messages[i], j->match->last_text, &has_text);
	return found || unmet(j, "the last user text does not contain \"%.*s\"",
				STR_ARG(j->match->last_text));
}

static bool system_fits(struct judging *j)
{
	return !j->match->system.p || str_contains(j->question->prompt.system, j->match->system) ||
	       unmet(j, "the system text does not contain \"%.*s\"", STR_ARG(j->match->system));
}

static bool tools_fit(struct judging *j)
{
	const struct prompt *prompt = &j->question->prompt;

	vec_each (&j->match->tools, name) {
		bool found = false;

		for (size_t i = 0; i < prompt->tool_count && !found; i++)
			found = str_eq(prompt->tools[i].name, *name);
		if (!found)
			return unmet(j, "no tool \"%.*s\" is offered", STR_ARG(*name));
	}
	return true;
}

static bool result_is(const struct mock_match *m, const struct block *b)
{
	return b->kind == BLOCK_TOOL_RESULT && (!m->result_id.p || str_eq(m->result_id, b->id)) &&
	       (!m->result_text.p || str_contains(b->text, m->result_text)) &&
	       (m->result_is_error < 0 || (m->result_is_error == 1) == b->is_error);
}

/* Results that came after the last answer; earlier ones have been matched already. */
static bool result_fits(struct judging *j)
{
	const struct prompt *prompt = &j->question->prompt;

	if (!j->match->has_result)
		return true;
	for (size_t i = prompt->message_count; i-- > 0;) {
		const struct message *m = &prompt->messages[i];

		if (m->role == ROLE_ASSISTANT)
			break;
		for (size_t k = 0; k < m->block_count; k++)
			if (result_is(j->match, &m->blocks[k]))
				return true;
	}
	return unmet(j, "no new tool result is as \"tool_result\" wants it");
}

static struct str header_value(const struct mock_question *q, struct str name)
{
	for (size_t i = 0; i < q->header_count; i++)
		if (str_eq_nocase(str_from(q->headers[i].name), name))
			return q->headers[i].value;
	return (struct str){0};
}

static bool text_meets(const struct mock_test *test, struct str text)
{
	switch (test->kind) {
	case TEST_EXISTS: return test->exists == (text.p != NULL);
	case TEST_CONTAINS: return text.p && str_contains(text, test->value);
	case TEST_EQUALS: break;
	}
	return text.p && str_eq(text, test->value);
}

static bool headers_fit(struct judging *j)
{
	vec_each (&j->match->headers, test)
		if (!text_meets(test, header_value(j->question, test->name)))
			return unmet(j, "header %.*s is not as wanted", STR_ARG(test->name));
	return true;
}

static bool scalar_equals(struct str a, struct str b, struct arena *arena)
{
	double x, y;

	if (json_type(a) != json_type(b))
		return false;
	if (json_type(a) == JSON_STRING)
		return str_eq(json_text(a, arena), json_text(b, arena));
	if (json_type(a) == JSON_NUMBER && json_double(a, &x) && json_double(b, &y))
		return x == y;
	return str_eq(str_trim(a), str_trim(b));
}

/* As deep as json_check lets a script be; order matters in arrays only. */
static bool value_equals(struct str a, struct str b, struct arena *arena)
{
	struct str key, member;
	size_t index = 0;

	if (json_type(a) != JSON_OBJECT && json_type(a) != JSON_ARRAY)
		return scalar_equals(a, b, arena);
	if (json_type(a) != json_type(b) || json_count(a) != json_count(b))
		return false;
	json_each (a, key, member) {
		struct str other = json_type(a) == JSON_ARRAY
					   ? json_at(b, index++)
					   : json_get(b, arena_text(arena, json_text(key, arena)));
		if (!value_equals(member, other, arena))
			return false;
	}
	return true;
}

static bool place_meets(const struct mock_test *test, struct str value, struct arena *arena)
{
	if (test->kind == TEST_EXISTS)
		return test->exists == (json_type(value) != JSON_NONE);
	if (test->kind == TEST_EQUALS)
		return value_equals(test->value, value, arena);
	/* A string is searched as text, anything else as it is written. */
	if (json_type(value) == JSON_STRING)
		value = json_text(value, arena);
	return value.p && str_contains(value, test->value);
}

static bool places_fit(struct judging *j)
{
	vec_each (&j->match->places, test) {
		struct str value = json_pointer(j->question->body, test->name);

		if (!place_meets(test, value, j->arena))
			return unmet(j, "the body's %.*s is not as wanted: %.*s",
				STR_ARG(test->name),
				STR_ARG(value.p ? str_head(value, 100) : STR("absent")));
	}
	return true;
}

static bool (*const checks[])(struct judging *j) = {wire_fits, path_fits, model_fits, turn_fits,
	last_text_fits, system_fits, tools_fit, result_fits, headers_fit, places_fit};

/* Number of checks that fail; the first reason goes to why. */
static size_t match_misses(
	struct mock_match *match, const struct mock_question *q, struct arena *a, struct buf *why)
{
	struct judging judging = {match, q, a, why};
	size_t misses = 0;

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		misses += !checks[i](&judging);
	return misses;
}

struct mock_reply *mock_script_choose(
	struct mock_script *s, const struct mock_question *q, struct arena *a, struct buf *why)
{
	size_t fewest = SIZE_MAX;
	AUTO(buf) nearest = {0};

	vec_each (&s->replies, reply) {
		AUTO(buf) reason = {0};
		if (q->side && !reply->match.path.p)
			continue;
		size_t misses = match_misses(&reply->match, q, a, &reason);

		if (misses == 0 && (reply->times == 0 || reply->used < reply->times)) {
			reply->used++;
			return reply;
		}
		if (misses == 0)
			buf_printf(&reason, "it fits but its %lld \"times\" are used up",
				(long long)reply->times);
		if (misses >= fewest)
			continue;
		fewest = misses;
		buf_clear(&nearest);
		buf_printf(&nearest, "no reply fits; nearest is /replies/%zu: %s",
			(size_t)(reply - s->replies.p), buf_text(&reason));
	}
	buf_put_text(why, nearest.n ? buf_text(&nearest) : "the script has no replies");
	return NULL;
}
