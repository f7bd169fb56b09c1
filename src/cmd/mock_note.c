// SPDX-License-Identifier: MIT
#include "cmd/mock_note.h"

#include <string.h>

#include "base/utf8.h"

enum {
	SECRET_LEAST_BYTES = 8, /* shorter ones would be found in harmless words */
	TEXT_BYTES = 200, /* of the user's words, to know a request by */
	WAIT_MAX_MS = 600'000, /* what a script may wait */
};

void exchange_release(struct exchange *x)
{
	vec_release(&x->secrets);
	vec_release(&x->headers);
	vec_release(&x->waits);
	buf_release(&x->body);
	arena_release(&x->arena);
}

/* ---- the request ---- */

bool exchange_is_secret(struct str header_name)
{
	static const char *const names[] = {"authorization", "proxy-authorization", "x-api-key",
		"api-key", "x-goog-api-key", "x-auth-token", "cookie", "set-cookie"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq_nocase(header_name, str_from(names[i])))
			return true;
	return false;
}

static void keep_secret(struct exchange *x, struct str secret)
{
	secret = str_trim(secret);
	if (secret.n >= SECRET_LEAST_BYTES)
		vec_push(&x->secrets, arena_copy(&x->arena, secret));
}

/* "name=value; name=value" and "?name=value&name=value": the values. */
static void keep_values(struct exchange *x, struct str pairs, char separator, bool has_plain_ones)
{
	static const char *const words[] = {"key", "token", "sig", "auth", "secret", "password"};
	struct str pair;

	while (str_split(&pairs, separator, &pair)) {
		struct str name = str_head(pair, str_find_char(pair, '=', 0));
		bool is_secret = !has_plain_ones;

		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			is_secret |= str_contains(name, str_from(words[i]));
		if (is_secret)
			keep_secret(x, str_skip(pair, name.n + 1));
	}
}

/* "Bearer sk-...": the last word is the secret, and the others are too short to be one. */
static void keep_words(struct exchange *x, struct str value)
{
	struct str word;

	while (str_split(&value, ' ', &word))
		keep_secret(x, word);
}

/* Of the last message of the user that has text, as conditions see it: the text behind others. */
static struct str last_text(const struct prompt *prompt)
{
	struct str text = {0};

	for (size_t i = prompt->message_count; i-- > 0 && !text.n;) {
		const struct message *m = &prompt->messages[i];

		for (size_t k = 0; m->role == ROLE_USER && k < m->block_count; k++)
			if (m->blocks[k].kind == BLOCK_TEXT)
				text = m->blocks[k].text;
	}
	return text;
}

/* The part in front of the first secret. */
static struct str without_secrets(const struct exchange *x, struct str text)
{
	vec_each (&x->secrets, secret)
		text = str_head(text, str_find(text, *secret, 0));
	return text;
}

static int64_t turn_of(const struct prompt *prompt)
{
	int64_t turn = 0;

	for (size_t i = 0; i < prompt->message_count; i++)
		turn += prompt->messages[i].role == ROLE_ASSISTANT;
	return turn;
}

/* The first result that came since the last answer; its call's id was the recorded answer's. */
static const struct block *new_result(const struct prompt *prompt)
{
	const struct block *result = NULL;

	for (size_t i = prompt->message_count; i-- > 0;) {
		const struct message *m = &prompt->messages[i];

		if (m->role == ROLE_ASSISTANT)
			break;
		for (size_t k = m->block_count; k-- > 0;)
			if (m->blocks[k].kind == BLOCK_TOOL_RESULT)
				result = &m->blocks[k];
	}
	return result;
}

static void put_match(const struct exchange *x, const struct mock_question *q, struct buf *out)
{
	const struct block *result = new_result(&q->prompt);
	struct str text = without_secrets(x, last_text(&q->prompt));
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_text(&w, "wire", q->wire->name);
	json_member_str(&w, "model", q->prompt.model);
	json_member_int(&w, "turn", turn_of(&q->prompt));
	text = utf8_head(text, TEXT_BYTES);
	if (text.n && utf8_is_valid(text))
		json_member_str(&w, "last_text_contains", text);
	if (result && result->id.n && without_secrets(x, result->id).n == result->id.n) {
		json_key(&w, "tool_result");
		json_open(&w, '{');
		json_member_str(&w, "id", result->id);
		json_close(&w, '}');
	}
	json_close(&w, '}');
}

/* Lists and vectors: what the script is asked for by its path only. */
static void put_side_match(const struct exchange *x, const struct mock_question *q, struct buf *out)
{
	struct str input = str_trim(json_get(q->body, "input"));
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_str(&w, "path", q->path);
	if (q->prompt.model.n)
		json_member_str(&w, "model", q->prompt.model);
	if (input.n && without_secrets(x, input).n == input.n) {
		json_key(&w, "json");
		json_open(&w, '{');
		json_key(&w, "/input");
		json_put_raw(&w, input);
		json_close(&w, '}');
	}
	json_close(&w, '}');
}

void exchange_ask(struct exchange *x, const struct mock_question *q)
{
	AUTO(buf) match = {0};

	keep_values(x, q->query, '&', true);
	for (size_t i = 0; i < q->header_count; i++) {
		struct str name = str_from(q->headers[i].name), value = q->headers[i].value;

		if (str_eq_nocase(name, STR("cookie")))
			keep_values(x, value, ';', false);
		else if (exchange_is_secret(name))
			keep_words(x, value);
	}
	if (q->side)
		put_side_match(x, q, &match);
	else
		put_match(x, q, &match);
	x->match = arena_copy(&x->arena, buf_str(&match));
}

/* ---- the answer ---- */

/* What a script may hold as a header's value. */
static bool is_sendable(struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' && value.p[i] != '\t')
			return false;
	return true;
}

static bool is_kept(struct str name)
{
	static const char *const names[] = {
		"retry-after", "retry-after-ms", "x-should-retry", "request-id", "x-request-id"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(name, names[i]))
			return true;
	return str_starts(name, STR("x-ratelimit-")) ||
	       str_starts(name, STR("anthropic-ratelimit-"));
}

static struct str header_of(const struct exchange *x, const char *name)
{
	vec_each (&x->headers, header)
		if (str_is(str_from(header->name), name))
			return header->value;
	return (struct str){0};
}

/* Every byte of a secret becomes a star, so that places and lengths stay. */
static struct str masked(const struct exchange *x, struct str text, struct arena *a)
{
	struct str copy = arena_copy(a, text);

	vec_each (&x->secrets, secret)
		for (size_t at = 0; (at = str_find(copy, *secret, at)) != SIZE_MAX; at += secret->n)
			memset((char *)copy.p + at, '*', secret->n);
	return copy;
}

/* A wait until a date is as long as it was only beside the date it was told on. */
static void put_headers(const struct exchange *x, struct json_writer *w, struct arena *a)
{
	struct str after = header_of(x, "retry-after");
	bool is_date = after.n && (after.p[0] < '0' || after.p[0] > '9');
	bool is_open = false;

	vec_each (&x->headers, header) {
		struct str name = str_from(header->name);

		if (!is_sendable(header->value) ||
			(!is_kept(name) && !(is_date && str_is(name, "date"))))
			continue;
		if (!is_open) {
			json_key(w, "headers");
			json_open(w, '{');
		}
		is_open = true;
		json_key_str(w, name);
		json_put_str(w, masked(x, header->value, a));
	}
	if (is_open)
		json_close(w, '}');
}

/* The body's pieces and the waits between them. A character is not cut in two. */
static void put_pieces(const struct exchange *x, struct str body, struct json_writer *w)
{
	size_t from = 0;

	json_key(w, "raw");
	json_open(w, '[');
	vec_each (&x->waits, wait) {
		struct str piece = utf8_head(str_skip(body, from), wait->at - from);

		if (piece.n)
			json_put_str(w, piece);
		json_put_int(w, wait->ms < WAIT_MAX_MS ? wait->ms : WAIT_MAX_MS);
		from += piece.n;
	}
	if (from < body.n)
		json_put_str(w, str_skip(body, from));
	json_close(w, ']');
}

static void put_reply(const struct exchange *x, struct json_writer *w, struct arena *a)
{
	struct str body = masked(x, buf_str(&x->body), a), type = header_of(x, "content-type");
	bool is_plain = header_of(x, "content-length").n && !x->waits.n && x->end == EXCHANGE_WHOLE;

	if (x->delay_ms >= MOCK_NOTE_WAIT_MS)
		json_member_int(
			w, "delay_ms", x->delay_ms < WAIT_MAX_MS ? x->delay_ms : WAIT_MAX_MS);
	if (!x->status && x->end == EXCHANGE_CUT) {
		json_member_bool(w, "close_before_head", true);
		return;
	}
	if (x->status && x->status != 200)
		json_member_int(w, "status", x->status);
	put_headers(x, w, a);
	if (type.n && is_sendable(type))
		json_member_str(w, "content_type", masked(x, type, a));
	if (is_plain)
		json_member_str(w, "raw", body);
	else
		put_pieces(x, body, w);
	if (x->end == EXCHANGE_CUT)
		json_member_int(w, "cut_after_bytes", (int64_t)body.n);
	if (x->end == EXCHANGE_LEFT)
		json_member_int(w, "stall_after_bytes", (int64_t)body.n);
}

const char *exchange_obstacle(const struct exchange *x)
{
	if (x->status &&
		(x->status < 200 || x->status > 599 || x->status == 204 || x->status == 304))
		return "its status is none that a script can give";
	if (header_of(x, "content-encoding").n &&
		!str_eq_nocase(header_of(x, "content-encoding"), STR("identity")))
		return "its body is compressed";
	if (x->body.overflow)
		return "its body is too large";
	if (!utf8_is_valid(buf_str(&x->body)) && x->end == EXCHANGE_WHOLE)
		return "its body is no text";
	return NULL;
}

void exchange_put(const struct exchange *x, struct json_writer *w)
{
	AUTO(arena) arena = {0};

	json_open(w, '{');
	json_key(w, "match");
	json_put_raw(w, x->match);
	json_key(w, "reply");
	json_open(w, '{');
	put_reply(x, w, &arena);
	json_close(w, '}');
	json_close(w, '}');
}
