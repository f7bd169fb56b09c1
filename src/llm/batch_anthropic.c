// SPDX-License-Identifier: MIT
/* batch_anthropic: Message Batches. The requests are the body, results are lines of JSON. */
#include <time.h>

#include "llm/batch.h"
#include "llm/inside.h"

static void put_item(
	const struct wire *, struct str id, struct str body, bool is_first, struct buf *out)
{
	struct json_writer w = {.buf = out};

	buf_put_text(out, is_first ? "{\"requests\":[" : ",");
	json_open(&w, '{');
	json_member_str(&w, "custom_id", id);
	json_key(&w, "params");
	json_put_raw(&w, body);
	json_close(&w, '}');
}

static void put_end(struct buf *out)
{
	buf_put_text(out, "]}");
}

/* The batch is made by its requests. */
static void put_create(const struct wire *, struct str input, struct str, struct buf *out)
{
	buf_put_str(out, input);
}

/* RFC 3339 in UTC, as the provider writes it: "2026-11-20T08:30:00.5Z", or "+00:00" in the end. */
static int64_t read_time(struct str text)
{
	AUTO(buf) copy = {0};
	struct tm tm = {0};

	buf_put_str(&copy, str_head(text, 19));
	if (text.n < 20 || memchr(copy.p, '\0', copy.n))
		return 0;
	const char *end = strptime(copy.p, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t seconds = end && !*end ? timegm(&tm) : 0;
	return seconds > 0 ? seconds : 0;
}

static void get_status(struct str value, struct arena *a, struct batch_status *out)
{
	static const char *const failed[] = {"errored", "canceled", "expired"};
	struct str counts = json_get(value, "request_counts");
	int64_t processing = usage_count(json_get(counts, "processing"));

	out->word = text_or_empty(value, "processing_status", a);
	out->phase = str_is(out->word, "ended") ? BATCH_ENDED : BATCH_UNDER_WAY;
	out->created_s = read_time(text_or_empty(value, "created_at", a));
	if (processing < 0)
		return;
	out->failed = 0;
	for (size_t i = 0; i < 3; i++)
		out->failed += usage_known(usage_count(json_get(counts, failed[i])));
	out->finished = out->failed + usage_known(usage_count(json_get(counts, "succeeded")));
	out->total = out->finished + processing;
}

static bool get_result(struct str value, struct arena *a, struct batch_result *out,
	struct str *body, struct err *e)
{
	struct str result = json_get(value, "result"), type = json_get(result, "type");

	if (json_text_is(type, "succeeded")) {
		out->outcome = BATCH_SUCCEEDED;
		*body = json_get(result, "message");
		if (json_type(*body) != JSON_OBJECT)
			return err_set(e, ERR_PARSE, "a result without a message");
	} else if (json_text_is(type, "errored")) {
		out->outcome = BATCH_ERRORED;
		struct str error = json_get(result, "error");
		struct str inner = json_get(error, "error");
		error_read(json_type(inner) == JSON_OBJECT ? inner : error, 0, a, &out->error);
	} else if (json_text_is(type, "canceled")) {
		out->outcome = BATCH_CANCELED;
		out->error.message = STR("canceled before the provider began it");
	} else if (json_text_is(type, "expired")) {
		out->outcome = BATCH_EXPIRED;
		out->error.message = STR("the provider had no time for it within a day");
	} else {
		return err_set(e, ERR_PARSE, "a result of an unknown type");
	}
	return true;
}

/* ---- server ---- */

static bool get_items(
	struct str text, struct arena *a, batch_item_fn *visit, void *self, struct err *e)
{
	struct str key, request;

	if (!json_check(text, e))
		return err_context(e, "the request is no JSON");
	struct str requests = json_get(text, "requests");
	if (json_type(requests) != JSON_ARRAY || json_count(requests) == 0)
		return err_set(e, ERR_PARSE, "requests: a list of at least one is needed");
	json_each (requests, key, request) {
		struct batch_item item = {.id = json_text(json_get(request, "custom_id"), a),
			.url = STR(""),
			.body = json_get(request, "params")};
		if (!visit(self, &item))
			return true;
	}
	return true;
}

static void put_status(const struct batch_status *status, struct buf *out)
{
	struct json_writer w = {.buf = out};
	int64_t left = status->total - status->finished;
	struct tm tm;
	char created[32];
	time_t at = (time_t)status->created_s;

	gmtime_r(&at, &tm);
	strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_open(&w, '{');
	json_member_str(&w, "id", status->id);
	json_member_text(&w, "type", "message_batch");
	json_member_str(&w, "processing_status", status->word);
	json_key(&w, "request_counts");
	json_open(&w, '{');
	json_member_int(&w, "processing", left > 0 ? left : 0);
	json_member_int(&w, "succeeded", status->finished - status->failed);
	json_member_int(&w, "errored", status->failed);
	json_member_int(&w, "canceled", 0);
	json_member_int(&w, "expired", 0);
	json_close(&w, '}');
	json_member_text(&w, "created_at", created);
	json_key(&w, "results_url");
	AUTO(buf) url = {0};
	buf_printf(&url, "/v1/messages/batches/%.*s/results", STR_ARG(status->id));
	if (status->phase == BATCH_ENDED)
		json_put_str(&w, buf_str(&url));
	else
		json_put_null(&w);
	json_close(&w, '}');
}

static void put_result(const struct batch_result *result, struct str body, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_str(&w, "custom_id", result->id);
	json_key(&w, "result");
	json_open(&w, '{');
	json_member_text(&w, "type", batch_outcome_name(result->outcome));
	if (result->outcome == BATCH_SUCCEEDED || result->outcome == BATCH_ERRORED) {
		json_key(&w, result->outcome == BATCH_SUCCEEDED ? "message" : "error");
		json_put_compact(out, body);
		w.comma = true;
	}
	json_close(&w, '}');
	json_close(&w, '}');
	buf_put_char(out, '\n');
}

const struct wire_batch batch_anthropic = {
	.path = "/v1/messages/batches",
	.requests_max = 100'000,
	.size_max_bytes = 256'000'000,
	.put_item = put_item,
	.put_end = put_end,
	.put_create = put_create,
	.get_status = get_status,
	.get_result = get_result,
	.get_items = get_items,
	.put_status = put_status,
	.put_result = put_result,
};
