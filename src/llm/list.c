// SPDX-License-Identifier: MIT
#include "llm/list.h"

#include "llm/inside.h"

struct str list_path(const struct wire *wire, struct str after, struct arena *a)
{
	AUTO(buf) path = {0};

	buf_put_text(&path, wire->list_path);
	/* Pages are Anthropic's alone; elsewhere unknown parameters may be refused. */
	if (!wire->list_has_pages)
		return arena_copy(a, buf_str(&path));
	buf_printf(&path, "?limit=%d", LIST_PAGE_MODELS);
	if (after.n)
		buf_put_text(&path, "&after_id=");
	for (size_t i = 0; i < after.n; i++) {
		char c = after.p[i];
		bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				(c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
		if (is_plain)
			buf_put_char(&path, c);
		else
			buf_printf(&path, "%%%02X", (unsigned char)c);
	}
	return arena_copy(a, buf_str(&path));
}

/* ---- reading ---- */

static int64_t first_count(struct str model, const char *const *names)
{
	for (; *names; names++) {
		int64_t count = json_int_or(json_pointer(model, str_from(*names)), 0);
		if (count > 0 && usage_count(json_pointer(model, str_from(*names))) > 0)
			return count;
	}
	return 0;
}

/* Where servers tell the window, and the longest answer. */
static const char *const context_names[] = {
	"/max_input_tokens", /* Anthropic */
	"/context_length", /* OpenRouter */
	"/top_provider/context_length",
	"/max_model_len", /* vLLM */
	"/context_window", /* Groq */
	"/max_context_length", /* Mistral */
	"/details/context_length", /* Ollama */
	NULL,
};
static const char *const output_names[] = {
	"/max_tokens", /* Anthropic */
	"/top_provider/max_completion_tokens", /* OpenRouter */
	"/max_completion_tokens", /* Groq */
	NULL,
};

static struct str id_of(struct str model, struct arena *a)
{
	static const char *const names[] = {"id", "model", "name"};

	for (size_t i = 0; i < 3; i++) {
		struct str id = json_text(json_get(model, names[i]), a);
		if (id.n)
			return id;
	}
	return STR("");
}

static bool is_error(struct str value)
{
	return json_type(value) == JSON_OBJECT || json_type(value) == JSON_STRING;
}

bool body_open(struct str body, struct arena *a, struct str *value, struct err *e)
{
	struct llm_error error;

	*value = str_trim(body);
	if (!json_check(*value, e))
		return err_context(e, "the answer is no JSON");
	if (json_type(*value) != JSON_OBJECT || !is_error(json_get(*value, "error")))
		return true;
	error_read(json_get(*value, "error"), 0, a, &error);
	return err_set(e, ERR_PROVIDER, "%.*s",
		STR_ARG(error.message.n ? error.message : STR("an error without explanation")));
}

/* The array, under whatever name; absent when there is none. */
static struct str find_models(struct str body)
{
	static const char *const names[] = {"data", "models"};

	if (json_type(body) == JSON_ARRAY)
		return body;
	for (size_t i = 0; i < 2; i++)
		if (json_type(json_get(body, names[i])) == JSON_ARRAY)
			return json_get(body, names[i]);
	return (struct str){0};
}

static struct str next_page(const struct wire *wire, struct str body, struct arena *a)
{
	if (!wire->list_has_pages || !json_bool_or(json_get(body, "has_more"), false))
		return STR("");
	return text_or_empty(body, "last_id", a);
}

bool list_get(const struct wire *wire, struct str body, struct arena *a, struct model_list *out,
	struct err *e)
{
	struct str value, key, item;
	const char *prefix = wire->dialect ? wire->dialect->id_prefix : NULL;

	if (!body_open(body, a, &value, e))
		return false;
	struct str models = find_models(value);
	if (!models.p)
		return err_set(e, ERR_PARSE, "the answer holds no list of models");
	struct model_list list = {.next = next_page(wire, value, a)};
	size_t room = json_count(models);
	if (room > LIST_MODELS_MAX)
		return err_set(e, ERR_LIMIT, "a list of %zu models", room);
	list.models = arena_alloc(a, room + 1, sizeof *list.models);
	json_each (models, key, item) {
		struct listed_model *model = &list.models[list.count];
		model->id = id_of(item, a);
		if (prefix && str_starts(model->id, str_from(prefix)))
			model->id = str_skip(model->id, strlen(prefix));
		model->context_tokens = first_count(item, context_names);
		model->max_output_tokens = first_count(item, output_names);
		list.count += model->id.n > 0;
	}
	*out = list;
	return true;
}

bool list_get_version(struct str body, struct arena *a, struct str *version, struct err *e)
{
	struct str value;

	if (!body_open(body, a, &value, e))
		return false;
	struct str text = json_text(json_get(value, "version"), a);
	if (!text.n)
		return err_set(e, ERR_PARSE, "the answer names no version");
	*version = text;
	return true;
}

bool list_get_context(struct str body, int64_t *context_tokens, struct err *e)
{
	static const char *const props[] = {"/default_generation_settings/n_ctx", "/n_ctx", NULL};
	AUTO(arena) a = {0};
	struct str value;

	if (!body_open(body, &a, &value, e))
		return false;
	struct str info = json_get(value, "model_info");
	struct str family = json_text(json_get(info, "general.architecture"), &a);
	if (!family.p) {
		*context_tokens = first_count(value, props);
		return true;
	}
	struct str name = arena_printf(&a, "%.*s.context_length", STR_ARG(family));
	int64_t count = usage_count(json_get(info, name.p));
	*context_tokens = count > 0 ? count : 0;
	return true;
}

/* ---- writing ---- */

static void open_list(struct json_writer *w, const char *name)
{
	json_open(w, '{');
	json_key(w, name);
	json_open(w, '[');
}

void anthropic_put_list(const struct model_list *list, struct buf *out)
{
	struct json_writer w = {.buf = out};

	open_list(&w, "data");
	for (size_t i = 0; i < list->count; i++) {
		const struct listed_model *m = &list->models[i];
		json_open(&w, '{');
		json_member_text(&w, "type", "model");
		json_member_str(&w, "id", m->id);
		json_member_str(&w, "display_name", m->id);
		json_member_text(&w, "created_at", "1970-01-01T00:00:00Z");
		if (m->context_tokens)
			json_member_int(&w, "max_input_tokens", m->context_tokens);
		if (m->max_output_tokens)
			json_member_int(&w, "max_tokens", m->max_output_tokens);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_member_bool(&w, "has_more", list->next.n > 0);
	json_key(&w, "first_id");
	if (list->count)
		json_put_str(&w, list->models[0].id);
	else
		json_put_null(&w);
	json_key(&w, "last_id");
	if (list->count)
		json_put_str(&w, list->models[list->count - 1].id);
	else
		json_put_null(&w);
	json_close(&w, '}');
}

void openai_put_list(const struct model_list *list, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_text(&w, "object", "list");
	json_key(&w, "data");
	json_open(&w, '[');
	for (size_t i = 0; i < list->count; i++) {
		const struct listed_model *m = &list->models[i];
		json_open(&w, '{');
		json_member_str(&w, "id", m->id);
		json_member_text(&w, "object", "model");
		json_member_int(&w, "created", 0);
		json_member_text(&w, "owned_by", "fettle");
		if (m->context_tokens)
			json_member_int(&w, "context_length", m->context_tokens);
		if (m->max_output_tokens)
			json_member_int(&w, "max_completion_tokens", m->max_output_tokens);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
}

void ollama_put_list(const struct model_list *list, struct buf *out)
{
	struct json_writer w = {.buf = out};

	open_list(&w, "models");
	for (size_t i = 0; i < list->count; i++) {
		const struct listed_model *m = &list->models[i];
		json_open(&w, '{');
		json_member_str(&w, "name", m->id);
		json_member_str(&w, "model", m->id);
		json_member_text(&w, "modified_at", "1970-01-01T00:00:00Z");
		json_member_int(&w, "size", 0);
		json_member_text(&w, "digest", "");
		json_key(&w, "details");
		json_open(&w, '{');
		json_member_text(&w, "format", "gguf");
		if (m->context_tokens)
			json_member_int(&w, "context_length", m->context_tokens);
		json_close(&w, '}');
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
}
