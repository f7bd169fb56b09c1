// SPDX-License-Identifier: MIT
#include "llm/batch.h"

#include "llm/inside.h"

/* ---- requests ---- */

void batch_put_item(const struct wire *wire, struct str id, const struct prompt *prompt,
	bool is_first, struct buf *items)
{
	AUTO(buf) body = {0};

	must(!prompt->stream && id.n > 0 && id.n <= BATCH_ID_MAX_BYTES);
	wire->put_request(prompt, &body);
	wire->batch->put_item(wire, id, buf_str(&body), is_first, items);
}

void batch_put_end(const struct wire *wire, struct buf *items)
{
	wire->batch->put_end(items);
}

void batch_put_upload(struct str items, struct str boundary, struct buf *body, struct buf *type)
{
	buf_printf(type, "multipart/form-data; boundary=%.*s", STR_ARG(boundary));
	buf_printf(body,
		"--%.*s\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
		"--%.*s\r\nContent-Disposition: form-data; name=\"file\"; "
		"filename=\"%.*s.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n",
		STR_ARG(boundary), STR_ARG(boundary), STR_ARG(boundary));
	buf_put_str(body, items);
	buf_printf(body, "\r\n--%.*s--\r\n", STR_ARG(boundary));
}

void batch_put_create(const struct wire *wire, struct str file, struct str label, struct buf *body)
{
	wire->batch->put_create(wire, file, label, body);
}

/* ---- paths ---- */

bool batch_is_name(struct str name)
{
	if (name.n == 0 || name.n > BATCH_NAME_MAX_BYTES || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

const char *batch_path(
	const struct wire *wire, struct str batch, const char *behind, struct arena *a)
{
	must(batch_is_name(batch));
	return arena_printf(a, "%s/%.*s%s", wire->batch->path, STR_ARG(batch), behind).p;
}

const char *batch_page_path(const struct wire *wire, struct str after, struct arena *a)
{
	const char *name = wire->batch->files_path ? "after" : "after_id";

	if (!after.n)
		return arena_printf(a, "%s?limit=100", wire->batch->path).p;
	must(batch_is_name(after));
	return arena_printf(a, "%s?limit=100&%s=%.*s", wire->batch->path, name, STR_ARG(after)).p;
}

/*
 * A URL that the provider names is not followed: the key goes along. What it names is where the API
 * says that it is.
 */
const char *batch_results_path(
	const struct wire *wire, const struct batch_status *status, int number, struct arena *a)
{
	const char *files_path = wire->batch->files_path;

	must(number == 0 || number == 1);
	if (status->phase != BATCH_ENDED)
		return NULL;
	if (!files_path)
		return number == 0 ? batch_path(wire, status->id, "/results", a) : NULL;
	struct str file = status->files[number];
	if (!file.n)
		return NULL;
	must(batch_is_name(file));
	return arena_printf(a, "%s/%.*s/content", files_path, STR_ARG(file)).p;
}

/* ---- what the provider says of batches ---- */

static struct str name_or_empty(struct str name)
{
	return batch_is_name(name) ? name : STR("");
}

static bool read_status(
	const struct wire *wire, struct str value, struct arena *a, struct batch_status *out)
{
	struct batch_status status = {.id = name_or_empty(text_or_empty(value, "id", a)),
		.total = -1,
		.finished = -1,
		.failed = -1,
		.label = STR(""),
		.input = STR(""),
		.files = {STR(""), STR("")},
		.message = STR("")};

	wire->batch->get_status(value, a, &status);
	status.input = name_or_empty(status.input);
	for (int i = 0; i < 2; i++)
		status.files[i] = name_or_empty(status.files[i]);
	*out = status;
	return status.id.n && status.word.n;
}

bool batch_get_status(const struct wire *wire, struct str body, struct arena *a,
	struct batch_status *out, struct err *e)
{
	struct str value;
	struct batch_status status;

	if (!body_open(body, a, &value, e))
		return false;
	if (!read_status(wire, value, a, &status))
		return err_set(e, ERR_PARSE, "the answer tells of no batch");
	*out = status;
	return true;
}

bool batch_get_page(const struct wire *wire, struct str body, struct arena *a,
	struct batch_page *out, struct err *e)
{
	struct str value, key, item;
	struct batch_page page = {.next = STR("")};

	if (!body_open(body, a, &value, e))
		return false;
	struct str items = json_get(value, "data");
	size_t room = json_count(items);
	if (json_type(items) != JSON_ARRAY)
		return err_set(e, ERR_PARSE, "the answer holds no list of batches");
	if (room > BATCH_LIST_MAX)
		return err_set(e, ERR_LIMIT, "a page of %zu batches", room);
	page.batches = arena_alloc(a, room + 1, sizeof *page.batches);
	json_each (items, key, item)
		page.count += read_status(wire, item, a, &page.batches[page.count]);
	if (json_bool_or(json_get(value, "has_more"), false))
		page.next = name_or_empty(text_or_empty(value, "last_id", a));
	*out = page;
	return true;
}

bool batch_get_upload(struct str body, struct arena *a, struct str *file, struct err *e)
{
	struct str value;

	if (!body_open(body, a, &value, e))
		return false;
	struct str name = text_or_empty(value, "id", a);
	if (!batch_is_name(name))
		return err_set(e, ERR_PARSE, "the answer names no file");
	*file = name;
	return true;
}

void batch_put_page(const struct wire *wire, const struct batch_page *page, struct buf *out)
{
	struct json_writer w = {.buf = out};
	AUTO(buf) item = {0};

	json_open(&w, '{');
	json_member_text(&w, "object", "list");
	json_key(&w, "data");
	json_open(&w, '[');
	for (size_t i = 0; i < page->count; i++) {
		buf_clear(&item);
		wire->batch->put_status(&page->batches[i], &item);
		json_put_raw(&w, buf_str(&item));
	}
	json_close(&w, ']');
	json_member_bool(&w, "has_more", page->next.n > 0);
	json_key(&w, "last_id");
	if (page->count)
		json_put_str(&w, page->batches[page->count - 1].id);
	else
		json_put_null(&w);
	json_close(&w, '}');
}

/* ---- results ---- */

const char *batch_outcome_name(enum batch_outcome outcome)
{
	static const char *const names[] = {
		[BATCH_SUCCEEDED] = "succeeded",
		[BATCH_ERRORED] = "errored",
		[BATCH_CANCELED] = "canceled",
		[BATCH_EXPIRED] = "expired",
	};

	return names[outcome];
}

struct gathering {
	struct batch_result *out;
	struct arena *a;
	struct buf text;
};

static bool gather(void *self, const struct delta *delta)
{
	struct gathering *g = self;

	switch (delta->kind) {
	case DELTA_TEXT: buf_put_str(&g->text, delta->text); break;
	case DELTA_USAGE: usage_merge(&g->out->usage, &delta->usage); break;
	case DELTA_STOP: g->out->stop = delta->reason; break;
	case DELTA_ERROR:
		g->out->error = delta->error;
		g->out->error.type = arena_copy(g->a, delta->error.type);
		g->out->error.message = arena_copy(g->a, delta->error.message);
		break;
	default: break;
	}
	return true;
}

/* What makes no sense as an answer was paid for all the same, and would be again. */
static void read_answer(
	const struct wire *wire, struct str body, struct arena *a, struct batch_result *out)
{
	struct gathering g = {out, a, {.max = BATCH_LINE_MAX_BYTES}};
	struct wire_reader reader = {.wire = wire};
	struct err e;
	bool is_whole =
		wire_feed_whole(&reader, body, gather, &g, &e) && wire_end(&reader, gather, &g, &e);

	out->text = arena_copy(a, g.text.n ? buf_str(&g.text) : STR(""));
	if (!is_whole || g.text.overflow) {
		out->outcome = BATCH_ERRORED;
		if (!out->error.message.n)
			out->error = (struct llm_error){.type = STR("no_answer"),
				.message = arena_printf(a, "the result is no whole answer")};
	}
	wire_reader_release(&reader);
	buf_release(&g.text);
}

bool batch_get_result(const struct wire *wire, struct str line, struct arena *a,
	struct batch_result *out, struct err *e)
{
	struct batch_result result = {.usage = USAGE_UNKNOWN, .text = STR("")};
	struct str body = {0};

	if (!json_check(line, e))
		return false;
	if (json_type(line) != JSON_OBJECT)
		return err_set(e, ERR_PARSE, "no JSON object");
	result.id = json_text(json_get(line, "custom_id"), a);
	if (!result.id.n)
		return err_set(e, ERR_PARSE, "no \"custom_id\"");
	if (!wire->batch->get_result(str_trim(line), a, &result, &body, e))
		return false;
	if (result.outcome == BATCH_SUCCEEDED)
		read_answer(wire, body, a, &result);
	if (result.outcome != BATCH_SUCCEEDED && !result.error.message.n)
		result.error.message = STR("no explanation");
	*out = result;
	return true;
}

/* ---- forms with fields (RFC 7578), as a server reads them ---- */

static bool next_part(struct str *rest, struct str mark, struct str *head, struct str *content)
{
	size_t at = str_find(*rest, mark, 0);

	if (at == SIZE_MAX)
		return false;
	struct str part = str_skip(*rest, at + mark.n);
	size_t end = str_find(part, mark, 0);
	if (end == SIZE_MAX)
		return false;
	*rest = str_skip(part, end);
	part = str_head(part, end);
	size_t blank = str_find(part, STR("\r\n\r\n"), 0);
	if (blank == SIZE_MAX)
		return false;
	*head = str_head(part, blank);
	*content = str_skip(part, blank + 4);
	if (str_ends(*content, STR("\r\n")))
		content->n -= 2;
	return true;
}

bool batch_get_form(struct str type, struct str body, struct str *file, struct err *e)
{
	static const struct str name = STR("boundary=");
	AUTO(buf) mark = {0};
	struct str head, content, boundary = {0};
	size_t at = str_find(type, name, 0);

	if (!str_starts(type, STR("multipart/form-data")) || at == SIZE_MAX)
		return err_set(e, ERR_PARSE, "the request is no multipart/form-data");
	boundary = str_skip(type, at + name.n);
	if (boundary.n >= 2 && boundary.p[0] == '"' && boundary.p[boundary.n - 1] == '"')
		boundary = str_head(str_skip(boundary, 1), boundary.n - 2);
	buf_printf(&mark, "--%.*s", STR_ARG(boundary));
	while (boundary.n && next_part(&body, buf_str(&mark), &head, &content))
		if (str_contains(head, STR("name=\"file\"")) ||
			str_contains(head, STR("name=file"))) {
			*file = content;
			return true;
		}
	return err_set(e, ERR_PARSE, "the form has no file");
}
