// SPDX-License-Identifier: MIT
/*
 * The formats differ in little, so they are read together: where a field is, not who is asked,
 * decides. The wire decides what is written.
 */
#include "llm/embed.h"

#include <math.h>
#include <string.h>

#include "base/base64.h"
#include "llm/inside.h"

_Static_assert(sizeof(float) == 4, "vectors are IEEE 754 single precision");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "base64 vectors are little-endian");

static bool is_ollama(const struct wire *wire)
{
	return wire->framing == FRAMING_LINES;
}

/* ---- writing a request ---- */

static const char *dimensions_name(const struct dialect *dialect)
{
	return dialect && dialect->dimensions_name ? dialect->dimensions_name : "dimensions";
}

static void put_texts(struct json_writer *w, const struct embed_request *q)
{
	json_key(w, "input");
	json_open(w, '[');
	for (size_t i = 0; i < q->text_count; i++)
		json_put_str(w, q->texts[i]);
	json_close(w, ']');
}

void embed_put_request(const struct wire *wire, const struct embed_request *q, struct buf *body)
{
	struct json_writer w = {.buf = body};

	must(q->text_count > 0);
	json_open(&w, '{');
	json_member_str(&w, "model", q->model);
	if (q->dimensions > 0)
		json_member_int(&w, dimensions_name(q->dialect), q->dimensions);
	if (is_ollama(wire)) {
		json_member_bool(&w, "truncate", q->is_cut);
		if (q->keep_alive.n)
			json_member_str(&w, "keep_alive", q->keep_alive);
	} else if (q->is_base64) {
		json_member_text(&w, "encoding_format", "base64");
	}
	put_texts(&w, q);
	json_close(&w, '}');
}

/* ---- reading an answer ---- */

/* The vectors that are known so far. */
struct gathering {
	const struct embed_request *asked;
	struct arena *a;
	size_t body_bytes;
	struct embeddings out;
	bool *is_known;
};

/* The first vector decides how long all of them are. */
static bool agree_on(struct gathering *g, size_t dimensions, struct err *e)
{
	int64_t asked = g->asked->dimensions;

	if (g->out.dimensions)
		return g->out.dimensions == dimensions ||
		       err_set(e, ERR_PARSE, "vectors of %zu and of %zu numbers in one answer",
			       g->out.dimensions, dimensions);
	if (dimensions == 0)
		return err_set(e, ERR_PARSE, "an empty vector");
	if (asked > 0 && (int64_t)dimensions != asked)
		return err_set(e, ERR_PARSE, "a vector of %zu numbers where %lld were asked for",
			dimensions, (long long)asked);
	if (dimensions > EMBED_DIMENSIONS_MAX)
		return err_set(e, ERR_PARSE, "a vector of %zu numbers", dimensions);
	/* No number takes less than a byte: what is missing is not made room for. */
	if (g->asked->text_count * dimensions > g->body_bytes)
		return err_set(e, ERR_PARSE, "%zu bytes for %zu vectors of %zu numbers",
			g->body_bytes, g->asked->text_count, dimensions);
	g->out.dimensions = dimensions;
	g->out.values = arena_alloc(g->a, g->asked->text_count * dimensions, sizeof(float));
	return true;
}

static bool check_finite(const float *values, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(values[i]))
			return err_set(e, ERR_PARSE, "number %zu of a vector is not finite", i + 1);
	return true;
}

static bool take_numbers(struct gathering *g, size_t index, struct str vector, struct err *e)
{
	struct str key, item;
	size_t n = 0;
	double number;

	if (!agree_on(g, json_count(vector), e))
		return false;
	float *values = &g->out.values[index * g->out.dimensions];
	json_each (vector, key, item) {
		if (!json_double(item, &number))
			return err_set(e, ERR_PARSE, "item %zu of a vector is no number", n + 1);
		values[n++] = (float)number;
	}
	return check_finite(values, n, e);
}

static bool take_base64(struct gathering *g, size_t index, struct str vector, struct err *e)
{
	AUTO(arena) a = {0};
	AUTO(buf) bytes = {0};

	if (!base64_get(json_text(vector, &a), &bytes, e))
		return false;
	if (bytes.n % sizeof(float) != 0)
		return err_set(e, ERR_PARSE, "a vector of %zu bytes", bytes.n);
	if (!agree_on(g, bytes.n / sizeof(float), e))
		return false;
	float *values = &g->out.values[index * g->out.dimensions];
	memcpy(values, bytes.p, bytes.n);
	return check_finite(values, g->out.dimensions, e);
}

static bool take_vector(struct gathering *g, int64_t index, struct str vector, struct err *e)
{
	if (index < 0 || index >= (int64_t)g->asked->text_count)
		return err_set(e, ERR_PARSE, "a vector for text %lld of %zu", (long long)index + 1,
			g->asked->text_count);
	if (g->is_known[index])
		return err_set(e, ERR_PARSE, "two vectors for text %lld", (long long)index + 1);
	g->is_known[index] = true;
	g->out.count++;
	switch (json_type(vector)) {
	case JSON_ARRAY: return take_numbers(g, (size_t)index, vector, e);
	case JSON_STRING: return take_base64(g, (size_t)index, vector, e);
	default:
		return err_set(
			e, ERR_PARSE, "the vector of text %lld is none", (long long)index + 1);
	}
}

/* {data: [{index, embedding}]} or {embeddings: [[...]]}; one without an index has its place's. */
static bool take_vectors(struct gathering *g, struct str body, struct err *e)
{
	struct str key, item, data = json_get(body, "data"), bare = json_get(body, "embeddings");
	int64_t place = 0;

	if (json_type(data) != JSON_ARRAY && json_type(bare) != JSON_ARRAY)
		return err_set(e, ERR_PARSE, "the answer holds no list of vectors");
	bool is_bare = json_type(data) != JSON_ARRAY;
	json_each (is_bare ? bare : data, key, item) {
		struct str index = is_bare ? (struct str){0} : json_get(item, "index");
		int64_t at = index.p ? json_int_or(index, -1) : place;
		if (!take_vector(g, at, is_bare ? item : json_get(item, "embedding"), e))
			return false;
		place++;
	}
	return g->out.count == g->asked->text_count ||
	       err_set(e, ERR_PARSE, "%zu vectors for %zu texts", g->out.count,
		       g->asked->text_count);
}

static struct usage usage_of(
	const struct wire *wire, const struct embed_request *q, struct str body)
{
	struct str told = json_get(body, "usage");
	struct usage u = USAGE_UNKNOWN;
	const char *cost = q->dialect ? q->dialect->cost_name : NULL;

	u.input = is_ollama(wire) ? usage_count(json_get(body, "prompt_eval_count"))
				  : usage_count(json_get(told, "prompt_tokens"));
	if (u.input < 0)
		u.input = usage_count(json_get(told, "total_tokens"));
	if (u.input >= 0)
		u.output = 0;
	if (cost)
		u.reported_cost_nanousd = usage_cost(json_get(told, cost));
	return u;
}

bool embed_get_answer(const struct wire *wire, const struct embed_request *q, struct str body,
	struct arena *a, struct embeddings *out, struct err *e)
{
	struct gathering g = {.asked = q, .a = a, .body_bytes = body.n};
	struct str value;

	if (!body_open(body, a, &value, e))
		return false;
	g.is_known = arena_alloc(a, q->text_count, sizeof *g.is_known);
	if (!take_vectors(&g, value, e))
		return false;
	g.out.model = text_or_empty(value, "model", a);
	g.out.usage = usage_of(wire, q, value);
	*out = g.out;
	return true;
}

/* ---- the server's side ---- */

static bool get_texts(struct str input, struct arena *a, struct embed_request *q, struct err *e)
{
	struct str key, item;
	bool is_one = json_type(input) == JSON_STRING;

	if (!is_one && json_type(input) != JSON_ARRAY)
		return err_set(e, ERR_PARSE, "the request has no input");
	size_t count = is_one ? 1 : json_count(input);
	if (count == 0 || count > EMBED_TEXTS_MAX)
		return err_set(e, ERR_PARSE, "an input of %zu texts: 1 to %d are taken", count,
			EMBED_TEXTS_MAX);
	struct str *texts = arena_alloc(a, count, sizeof *texts);
	if (is_one)
		texts[q->text_count++] = json_text(input, a);
	json_each (input, key, item)
		texts[q->text_count++] = json_text(item, a);
	for (size_t i = 0; i < count; i++)
		if (!texts[i].n)
			return err_set(e, ERR_PARSE, "input %zu is no text, or empty", i + 1);
	q->texts = texts;
	return true;
}

static int64_t wanted_dimensions(struct str body)
{
	static const char *const names[] = {"dimensions", "output_dimension"};

	for (size_t i = 0; i < 2; i++) {
		int64_t n = json_int_or(json_get(body, names[i]), 0);
		if (n > 0)
			return n;
	}
	return 0;
}

bool embed_get_request(const struct wire *wire, struct str body, struct arena *a,
	struct embed_request *out, struct err *e)
{
	struct embed_request q = {.is_cut = is_ollama(wire), .dialect = wire->dialect};

	body = str_trim(body);
	if (!json_check(body, e))
		return err_context(e, "the request");
	q.model = text_or_empty(body, "model", a);
	if (!q.model.n)
		return err_set(e, ERR_PARSE, "the request names no model");
	q.dimensions = wanted_dimensions(body);
	if (q.dimensions > EMBED_DIMENSIONS_MAX)
		return err_set(e, ERR_PARSE, "vectors of %lld numbers", (long long)q.dimensions);
	q.keep_alive = text_or_empty(body, "keep_alive", a);
	if (is_ollama(wire))
		q.is_cut = json_bool_or(json_get(body, "truncate"), true);
	else
		q.is_base64 = json_text_is(json_get(body, "encoding_format"), "base64");
	if (!get_texts(json_get(body, "input"), a, &q, e))
		return false;
	*out = q;
	return true;
}

/* Nine digits tell every float apart from its neighbours. */
static void put_numbers(struct json_writer *w, const float *values, size_t n)
{
	AUTO(buf) number = {0};

	json_open(w, '[');
	for (size_t i = 0; i < n; i++) {
		buf_clear(&number);
		buf_printf(&number, "%.9g", (double)values[i]);
		json_put_raw(w, buf_str(&number));
	}
	json_close(w, ']');
}

static void put_base64(struct json_writer *w, const float *values, size_t n)
{
	AUTO(buf) text = {0};

	base64_put(&text, (struct str){(const char *)values, n * sizeof *values});
	json_put_str(w, buf_str(&text));
}

static void ollama_put_vectors(
	const struct embed_request *q, const struct embeddings *vectors, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_str(&w, "model", q->model);
	json_key(&w, "embeddings");
	json_open(&w, '[');
	for (size_t i = 0; i < vectors->count; i++)
		put_numbers(&w, &vectors->values[i * vectors->dimensions], vectors->dimensions);
	json_close(&w, ']');
	json_member_int(&w, "total_duration", 0);
	json_member_int(&w, "load_duration", 0);
	if (vectors->usage.input >= 0)
		json_member_int(&w, "prompt_eval_count", vectors->usage.input);
	json_close(&w, '}');
}

static void openai_put_vectors(
	const struct embed_request *q, const struct embeddings *vectors, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_text(&w, "object", "list");
	json_key(&w, "data");
	json_open(&w, '[');
	for (size_t i = 0; i < vectors->count; i++) {
		const float *values = &vectors->values[i * vectors->dimensions];
		json_open(&w, '{');
		json_member_text(&w, "object", "embedding");
		json_member_int(&w, "index", (int64_t)i);
		json_key(&w, "embedding");
		(q->is_base64 ? put_base64 : put_numbers)(&w, values, vectors->dimensions);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_member_str(&w, "model", q->model);
	if (vectors->usage.input >= 0) {
		json_key(&w, "usage");
		json_open(&w, '{');
		json_member_int(&w, "prompt_tokens", vectors->usage.input);
		json_member_int(&w, "total_tokens", vectors->usage.input);
		json_close(&w, '}');
	}
	json_close(&w, '}');
}

void embed_put_answer(const struct wire *wire, const struct embed_request *q,
	const struct embeddings *vectors, struct buf *out)
{
	(is_ollama(wire) ? ollama_put_vectors : openai_put_vectors)(q, vectors, out);
}
