// SPDX-License-Identifier: MIT
/*
 * batch_openai: a file of requests, a line each, is uploaded and made a batch; answers and errors
 * are two further files. The same for Chat Completions and Responses.
 */
#include "llm/batch.h"
#include "llm/inside.h"

/* In metadata, which the list of batches shows. */
static const char label_name[] = "fettle";

static void put_item(const struct wire *wire, struct str id, struct str body, bool, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_str(&w, "custom_id", id);
	json_member_text(&w, "method", "POST");
	AUTO(buf) url = {0};
	buf_printf(&url, "/v1%s", wire->path);
	json_member_str(&w, "url", buf_str(&url));
	json_key(&w, "body");
	json_put_raw(&w, body);
	json_close(&w, '}');
	buf_put_char(out, '\n');
}

static void put_end(struct buf *)
{
}

static void put_create(const struct wire *wire, struct str input, struct str label, struct buf *out)
{
	struct json_writer w = {.buf = out};
	AUTO(buf) url = {0};

	buf_printf(&url, "/v1%s", wire->path);
	json_open(&w, '{');
	json_member_str(&w, "input_file_id", input);
	json_member_str(&w, "endpoint", buf_str(&url));
	json_member_text(&w, "completion_window", "24h");
	json_key(&w, "metadata");
	json_open(&w, '{');
	json_member_str(&w, label_name, label);
	json_close(&w, '}');
	json_close(&w, '}');
}

static enum batch_phase phase_of(struct str word)
{
	static const char *const ended[] = {"completed", "expired", "cancelled"};

	for (size_t i = 0; i < 3; i++)
		if (str_is(word, ended[i]))
			return BATCH_ENDED;
	return str_is(word, "failed") ? BATCH_FAILED : BATCH_UNDER_WAY;
}

static void get_status(struct str value, struct arena *a, struct batch_status *out)
{
	struct str counts = json_get(value, "request_counts");
	struct str why = json_pointer(value, STR("/errors/data/0/message"));

	out->word = text_or_empty(value, "status", a);
	out->phase = phase_of(out->word);
	out->total = usage_count(json_get(counts, "total"));
	if (out->total >= 0) {
		out->failed = usage_known(usage_count(json_get(counts, "failed")));
		out->finished =
			out->failed + usage_known(usage_count(json_get(counts, "completed")));
	}
	out->created_s = usage_known(usage_count(json_get(value, "created_at")));
	out->label = text_or_empty(json_get(value, "metadata"), label_name, a);
	out->input = text_or_empty(value, "input_file_id", a);
	out->files[0] = text_or_empty(value, "output_file_id", a);
	out->files[1] = text_or_empty(value, "error_file_id", a);
	if (json_type(why) == JSON_STRING)
		out->message = json_text(why, a);
}

static void take_error(struct str error, int status, struct arena *a, struct batch_result *out)
{
	out->outcome = BATCH_ERRORED;
	error_read(error, status, a, &out->error);
	if (str_is(out->error.type, "batch_expired"))
		out->outcome = BATCH_EXPIRED;
	else if (str_is(out->error.type, "batch_cancelled"))
		out->outcome = BATCH_CANCELED;
}

static bool get_result(struct str value, struct arena *a, struct batch_result *out,
	struct str *body, struct err *e)
{
	struct str response = json_get(value, "response"), error = json_get(value, "error");
	int64_t status = json_int_or(json_get(response, "status_code"), 200);

	*body = json_get(response, "body");
	if (json_type(error) == JSON_OBJECT || json_type(error) == JSON_STRING) {
		take_error(error, 0, a, out);
	} else if (status < 200 || status >= 300) {
		struct str inner = json_get(*body, "error");
		take_error(inner.p ? inner : *body, status < 1000 ? (int)status : 500, a, out);
	} else if (json_type(*body) != JSON_OBJECT) {
		return err_set(e, ERR_PARSE, "a result with neither an answer nor an error");
	} else {
		out->outcome = BATCH_SUCCEEDED;
	}
	return true;
}

/* ---- server ---- */

static bool get_items(
	struct str text, struct arena *a, batch_item_fn *visit, void *self, struct err *e)
{
	struct str rest = text, line;
	size_t number = 0, count = 0;

	while (str_split(&rest, '\n', &line)) {
		number++;
		line = str_trim(line);
		if (!line.n)
			continue;
		if (!json_check(line, e))
			return err_context(e, "line %zu", number);
		struct batch_item item = {.id = json_text(json_get(line, "custom_id"), a),
			.url = text_or_empty(line, "url", a),
			.body = json_get(line, "body")};
		count++;
		if (!visit(self, &item))
			return true;
	}
	return count > 0 || err_set(e, ERR_PARSE, "the file has no requests");
}

static void put_name(struct json_writer *w, const char *name, struct str value)
{
	json_key(w, name);
	if (value.n)
		json_put_str(w, value);
	else
		json_put_null(w);
}

static void put_status(const struct batch_status *status, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_str(&w, "id", status->id);
	json_member_text(&w, "object", "batch");
	json_member_str(&w, "status", status->word);
	json_member_int(&w, "created_at", status->created_s);
	json_key(&w, "request_counts");
	json_open(&w, '{');
	json_member_int(&w, "total", status->total);
	json_member_int(&w, "completed", status->finished - status->failed);
	json_member_int(&w, "failed", status->failed);
	json_close(&w, '}');
	put_name(&w, "input_file_id", status->input);
	put_name(&w, "output_file_id", status->files[0]);
	put_name(&w, "error_file_id", status->files[1]);
	json_key(&w, "metadata");
	json_open(&w, '{');
	if (status->label.n)
		json_member_str(&w, label_name, status->label);
	json_close(&w, '}');
	if (status->message.n) {
		json_key(&w, "errors");
		json_open(&w, '{');
		json_key(&w, "data");
		json_open(&w, '[');
		json_open(&w, '{');
		json_member_str(&w, "message", status->message);
		json_close(&w, '}');
		json_close(&w, ']');
		json_close(&w, '}');
	}
	json_close(&w, '}');
}

static void put_response(struct json_writer *w, int status, struct str body)
{
	json_key(w, "response");
	json_open(w, '{');
	json_member_int(w, "status_code", status);
	json_key(w, "body");
	json_put_compact(w->buf, body);
	json_close(w, '}');
	json_key(w, "error");
	json_put_null(w);
}

static void put_result(const struct batch_result *result, struct str body, struct buf *out)
{
	struct json_writer w = {.buf = out};
	int status = result->error.status;

	json_open(&w, '{');
	json_member_str(&w, "custom_id", result->id);
	if (result->outcome == BATCH_SUCCEEDED) {
		put_response(&w, 200, body);
	} else if (result->outcome == BATCH_ERRORED) {
		put_response(&w, status ? status : 500, body);
	} else {
		json_key(&w, "response");
		json_put_null(&w);
		json_key(&w, "error");
		json_open(&w, '{');
		json_member_text(&w, "code",
			result->outcome == BATCH_EXPIRED ? "batch_expired" : "batch_cancelled");
		json_member_str(&w, "message", result->error.message);
		json_close(&w, '}');
	}
	json_close(&w, '}');
	buf_put_char(out, '\n');
}

const struct wire_batch batch_openai = {
	.path = "/batches",
	.files_path = "/files",
	.requests_max = 50'000,
	.size_max_bytes = 200'000'000,
	.has_labels = true,
	.put_item = put_item,
	.put_end = put_end,
	.put_create = put_create,
	.get_status = get_status,
	.get_result = get_result,
	.get_items = get_items,
	.put_status = put_status,
	.put_result = put_result,
};
