// SPDX-License-Identifier: MIT
#include "cmd/mock_side.h"

#include "base/json.h"
#include "cmd/mock_batch.h"
#include "cmd/mock_read.h"
#include "llm/embed.h"
#include "llm/list.h"

enum { CONTEXT_TOKENS = 32'768, TOKENS_MAX = 1'000'000'000, ANTHROPIC_PAGE_MODELS = 20 };

/* ---- errors ---- */

static const struct {
	int status;
	const char *type;
} error_types[] = {{400, "invalid_request_error"}, {401, "authentication_error"},
	{403, "permission_error"}, {404, "not_found_error"}, {413, "request_too_large"},
	{429, "rate_limit_error"}, {529, "overloaded_error"}};

static const char *error_type(int64_t status)
{
	for (size_t i = 0; i < sizeof error_types / sizeof *error_types; i++)
		if (error_types[i].status == status)
			return error_types[i].type;
	return "api_error";
}

int64_t mock_error_status(struct str type)
{
	for (size_t i = 0; i < sizeof error_types / sizeof *error_types; i++)
		if (str_is(type, error_types[i].type))
			return error_types[i].status;
	return 500;
}

void mock_put_error(const struct wire *wire, int64_t status, struct str type, struct str message,
	struct buf *out)
{
	struct llm_error error = {.status = (int)status, .type = type, .message = message};

	if (!error.type.p)
		error.type = str_from(error_type(status));
	wire->put_error(&error, out);
}

/* ---- models ---- */

bool mock_side_read_models(struct reading *r, struct str value, void *target, struct err *e)
{
	static const struct key keys[] = {
		{"id", KEY_TEXT, offsetof(struct listed_model, id)},
		{"context_tokens", KEY_INT, offsetof(struct listed_model, context_tokens), 0,
			TOKENS_MAX},
		{"max_output_tokens", KEY_INT, offsetof(struct listed_model, max_output_tokens), 0,
			TOKENS_MAX},
		{0},
	};
	struct mock_script *script = target;
	struct str key, item;
	size_t index = 0;

	if (!reading_type(r, value, JSON_ARRAY, e))
		return false;
	script->has_models = true;
	json_each (value, key, item) {
		size_t before = reading_enter_index(r, index++);
		struct listed_model model = {0};
		if (!reading_object(r, item, keys, &model, e))
			return false;
		if (!model.id.n)
			return reading_wrong(r, e, "needs an \"id\"");
		vec_push(&script->models, model);
		reading_leave(r, before);
	}
	return true;
}

static struct model_list all_models(const struct mock_script *s)
{
	static struct listed_model only = {STR("mock"), CONTEXT_TOKENS, 0};

	return s->has_models ? (struct model_list){s->models.p, s->models.n, STR("")}
			     : (struct model_list){&only, 1, STR("")};
}

struct str mock_side_parameter(const struct mock_question *q, const char *name)
{
	struct str rest = q->query, part, key;

	while (str_split(&rest, '&', &part)) {
		struct str value = part;
		if (str_split(&value, '=', &key) && str_is(key, name) && value.p)
			return value;
	}
	return STR("");
}

/* Pages as Anthropic has them: behind after_id, at most limit. */
static struct model_list page_of(struct model_list all, const struct mock_question *q)
{
	struct str after = mock_side_parameter(q, "after_id");
	int64_t limit;
	size_t from = 0;

	if (!str_int(mock_side_parameter(q, "limit"), &limit) || limit < 1)
		limit = ANTHROPIC_PAGE_MODELS;
	for (size_t i = 0; after.n && i < all.count; i++)
		if (str_eq(all.models[i].id, after))
			from = i + 1;
	struct model_list page = {all.models + from, all.count - from, STR("")};
	if ((int64_t)page.count > limit) {
		page.count = (size_t)limit;
		page.next = page.models[page.count - 1].id;
	}
	return page;
}

static bool answer_list(struct mock_script *s, const struct mock_question *q, struct arena *,
	struct buf *out, struct err *)
{
	struct model_list list = all_models(s);

	if (q->wire->list_has_pages)
		list = page_of(list, q);
	q->wire->put_list(&list, out);
	return true;
}

static bool answer_version(struct mock_script *, const struct mock_question *, struct arena *,
	struct buf *out, struct err *)
{
	buf_put_text(out, "{\"version\":\"" FETTLE_VERSION "\"}");
	return true;
}

static bool answer_show(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e)
{
	struct model_list list = all_models(s);
	struct str model = json_text(json_get(q->body, "model"), a);
	struct json_writer w = {.buf = out};
	size_t i = 0;

	while (i < list.count && !str_eq(list.models[i].id, model))
		i++;
	if (i == list.count)
		return err_set(e, ERR_NOT_FOUND, "model '%.*s' not found", STR_ARG(model));
	json_open(&w, '{');
	json_key(&w, "model_info");
	json_open(&w, '{');
	json_member_text(&w, "general.architecture", "mock");
	if (list.models[i].context_tokens)
		json_member_int(&w, "mock.context_length", list.models[i].context_tokens);
	json_close(&w, '}');
	json_key(&w, "capabilities");
	json_put_raw(&w, STR("[\"completion\",\"tools\"]"));
	json_close(&w, '}');
	return true;
}

/* ---- vectors ---- */

/* FNV-1a over the text, then a step of splitmix64 for each number, from -1 to 1. */
static void make_vector(struct str text, float *values, size_t n)
{
	uint64_t state = 0xcbf29ce484222325;

	for (size_t i = 0; i < text.n; i++)
		state = (state ^ (unsigned char)text.p[i]) * 0x100000001b3;
	for (size_t i = 0; i < n; i++) {
		uint64_t z = state += 0x9e3779b97f4a7c15;
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		z ^= z >> 31;
		values[i] = (float)((double)(z >> 11) / 0x1p52 - 1);
	}
}

/* A word is a token here. */
static int64_t count_words(struct str text)
{
	struct str rest = text, word;
	int64_t n = 0;

	while (str_split(&rest, ' ', &word))
		n += word.n > 0;
	return n;
}

static bool answer_vectors(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e)
{
	struct embed_request asked;
	struct embeddings vectors = {.usage = USAGE_UNKNOWN};

	if (!embed_get_request(q->wire, q->body, a, &asked, e))
		return false;
	vectors.count = asked.text_count;
	vectors.dimensions = (size_t)(asked.dimensions ? asked.dimensions : s->dimensions);
	vectors.values = arena_alloc(a, vectors.count * vectors.dimensions, sizeof(float));
	vectors.usage.input = vectors.usage.output = 0;
	for (size_t i = 0; i < vectors.count; i++) {
		make_vector(asked.texts[i], &vectors.values[i * vectors.dimensions],
			vectors.dimensions);
		vectors.usage.input += count_words(asked.texts[i]);
	}
	embed_put_answer(q->wire, &asked, &vectors, out);
	if (!out->overflow)
		return true;
	buf_clear(out);
	return err_set(e, ERR_PARSE, "the vectors are too many for one answer");
}

/* ---- which ---- */

static const struct mock_side sides[] = {
	{"GET", "/v1/models", &wire_anthropic, answer_list},
	{"GET", "/v1/models", &wire_openai, answer_list},
	{"GET", "/models", &wire_openai, answer_list},
	{"POST", "/v1/embeddings", &wire_openai, answer_vectors},
	{"POST", "/embeddings", &wire_openai, answer_vectors},
	{"GET", "/api/tags", &wire_ollama, answer_list},
	{"GET", "/api/version", &wire_ollama, answer_version},
	{"POST", "/api/show", &wire_ollama, answer_show},
	{"POST", "/api/embed", &wire_ollama, answer_vectors},
	{"POST", "/v1/messages/batches", &wire_anthropic, mock_batch_create},
	{"GET", "/v1/messages/batches", &wire_anthropic, mock_batch_list},
	{"GET", "/v1/messages/batches/*", &wire_anthropic, mock_batch_look},
	{"POST", "/v1/messages/batches/*/cancel", &wire_anthropic, mock_batch_cancel},
	{"GET", "/v1/messages/batches/*/results", &wire_anthropic, mock_batch_results},
	{"POST", "/v1/files", &wire_openai, mock_batch_take_file, .takes_any = true},
	{"POST", "/files", &wire_openai, mock_batch_take_file, .takes_any = true},
	{"GET", "/v1/files/*/content", &wire_openai, mock_batch_content},
	{"GET", "/files/*/content", &wire_openai, mock_batch_content},
	{"POST", "/v1/batches", &wire_openai, mock_batch_create},
	{"POST", "/batches", &wire_openai, mock_batch_create},
	{"GET", "/v1/batches", &wire_openai, mock_batch_list},
	{"GET", "/batches", &wire_openai, mock_batch_list},
	{"GET", "/v1/batches/*", &wire_openai, mock_batch_look},
	{"GET", "/batches/*", &wire_openai, mock_batch_look},
	{"POST", "/v1/batches/*/cancel", &wire_openai, mock_batch_cancel},
	{"POST", "/batches/*/cancel", &wire_openai, mock_batch_cancel},
	{0},
};

/* One path is two providers' own: their headers tell them apart. */
static bool is_anthropics(const struct mock_question *q)
{
	for (size_t i = 0; i < q->header_count; i++)
		if (str_is(str_from(q->headers[i].name), "anthropic-version") ||
			str_is(str_from(q->headers[i].name), "x-api-key"))
			return true;
	return false;
}

const struct wire *mock_side_owner(const struct mock_question *q)
{
	if (str_starts(q->path, STR("/api/")))
		return &wire_ollama;
	return is_anthropics(q) || str_starts(q->path, STR("/v1/messages")) ? &wire_anthropic
									    : &wire_openai;
}

/* '*' is one name. */
static bool path_fits(struct str path, const char *pattern)
{
	struct str rest = str_from(pattern), part, step;

	while (str_split(&rest, '/', &part)) {
		if (!str_split(&path, '/', &step))
			return false;
		if (!str_eq(part, step) && !(str_is(part, "*") && step.n))
			return false;
	}
	return !path.p;
}

const struct mock_side *mock_side_find(const char *method, const struct mock_question *q)
{
	for (const struct mock_side *side = sides; side->path; side++)
		if (strcmp(side->method, method) == 0 && path_fits(q->path, side->path) &&
			(side->wire != &wire_anthropic || is_anthropics(q) ||
				str_starts(q->path, STR("/v1/messages/"))))
			return side;
	return NULL;
}
