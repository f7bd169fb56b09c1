// SPDX-License-Identifier: MIT
#include "cmd/mock_batch.h"

#include "base/clock.h"
#include "cmd/mock_read.h"
#include "cmd/mock_side.h"
#include "llm/batch.h"

enum { POLLS_MAX = 1'000'000, WAIT_MAX_MS = 600'000 };

bool mock_batch_read(struct reading *r, struct str value, void *target, struct err *e)
{
	static const struct key keys[] = {
		{"polls", KEY_INT, offsetof(struct mock_script, batch_polls), 0, POLLS_MAX},
		{"ms", KEY_INT, offsetof(struct mock_script, batch_ms), 0, WAIT_MAX_MS},
		{"fail", KEY_TEXT, offsetof(struct mock_script, batch_fault)},
		{0},
	};

	return reading_object(r, value, keys, target, e);
}

void mock_batches_release(struct mock_script *s)
{
	vec_each (&s->batches, batch)
		vec_release(&batch->lines);
	vec_release(&s->batches);
	vec_release(&s->files);
}

/* ---- names: what stands behind "/batches/" or "/files/" in the path ---- */

static struct str name_in_path(const struct mock_question *q, struct str folder)
{
	size_t at = str_find(q->path, folder, 0);
	struct str name = at == SIZE_MAX ? STR("") : str_skip(q->path, at + folder.n);

	return str_head(name, str_find_char(name, '/', 0));
}

static struct mock_batch *find_batch(
	struct mock_script *s, const struct mock_question *q, struct err *e)
{
	struct str name = name_in_path(q, STR("/batches/"));

	vec_each (&s->batches, batch)
		if (str_eq(batch->name, name) &&
			batch->is_anthropics == !q->wire->batch->files_path)
			return batch;
	err_set(e, ERR_NOT_FOUND, "no batch is called %.*s", STR_ARG(name));
	return NULL;
}

/* ---- the results ---- */

static const char *const ends[] = {[BATCH_SUCCEEDED] = "completed",
	[BATCH_CANCELED] = "cancelled",
	[BATCH_EXPIRED] = "expired"};

static struct str answer_of(
	const struct mock_reply *reply, const struct mock_question *q, struct arena *a)
{
	struct whole_answer answer = {0};
	AUTO(buf) body = {0};

	vec_each (&reply->pieces, piece) {
		struct delta delta = piece->delta;
		if (delta.kind == DELTA_START) {
			delta.id = STR("msg_mock_batch");
			delta.model = q->prompt.model;
		}
		for (int64_t i = 0; i < piece->repeat && !piece->raw.p; i++)
			whole_answer_take(&answer, &delta);
	}
	q->wire->put_answer(&answer, &body);
	whole_answer_release(&answer);
	return arena_copy(a, buf_str(&body));
}

static void put_error(struct batch_result *result, const struct mock_question *q, int64_t status,
	const struct llm_error *error, struct buf *body)
{
	result->outcome = BATCH_ERRORED;
	result->error.status = (int)status;
	mock_put_error(q->wire, status, error->type,
		error->message.p ? error->message : STR("scripted error"), body);
}

static void put_line(struct mock_script *s, const struct mock_question *q, struct str id,
	struct buf *line, enum batch_outcome *outcome)
{
	AUTO(arena) a = {0};
	AUTO(buf) why = {0};
	AUTO(buf) body = {0};
	struct batch_result result = {.id = id, .error.message = STR("scripted")};
	struct mock_reply *reply = mock_script_choose(s, q, &a, &why);

	if (!reply) {
		put_error(&result, q, 404, &(struct llm_error){.message = buf_str(&why)}, &body);
	} else if (reply->raw.p) {
		buf_put_str(line, reply->raw);
		buf_put_char(line, '\n');
	} else if (reply->is_expired) {
		result.outcome = BATCH_EXPIRED;
	} else if (reply->status >= 300 || reply->breaks_off) {
		put_error(&result, q,
			reply->status >= 300 ? reply->status : mock_error_status(reply->error.type),
			&reply->error, &body);
	} else {
		buf_put_str(&body, answer_of(reply, q, &a));
	}
	if (!reply || !reply->raw.p)
		q->wire->batch->put_result(&result, buf_str(&body), line);
	*outcome = result.outcome;
}

struct taking {
	struct mock_script *script;
	struct mock_batch *batch;
	const struct wire *wire;
	struct arena *a;
	struct err error;
};

static bool take_item(void *self, const struct batch_item *item)
{
	struct taking *t = self;
	struct mock_question q = {
		.wire = t->wire, .path = str_from("/v1/messages"), .body = item->body};
	struct mock_batch_line line = {.id = arena_copy(&t->script->arena, item->id)};
	AUTO(buf) text = {0};

	if (item->url.n) {
		q.path = item->url;
		q.wire = str_ends(item->url, STR("/responses")) ? &wire_responses : &wire_openai;
	}
	if (!item->id.n || item->id.n > BATCH_ID_MAX_BYTES)
		return err_set(&t->error, ERR_PARSE, "requests.%zu.custom_id: 1 to %d characters",
			t->batch->lines.n, BATCH_ID_MAX_BYTES);
	if (json_bool_or(json_get(item->body, "stream"), false))
		return err_set(&t->error, ERR_PARSE, "requests.%zu: no streams in a batch",
			t->batch->lines.n);
	if (!q.wire->get_request(item->body, t->a, &q.prompt, &t->error))
		return err_context(&t->error, "requests.%zu", t->batch->lines.n);
	put_line(t->script, &q, line.id, &text, &line.outcome);
	line.text = arena_copy(&t->script->arena, buf_str(&text));
	vec_push(&t->batch->lines, line);
	return true;
}

/* ---- one batch ---- */

static bool is_over(const struct mock_script *s, const struct mock_batch *batch)
{
	int64_t age_ms = (clock_ns() - batch->created_ns) / 1'000'000;

	return batch->is_canceled || batch->is_failed ||
	       (batch->polls >= s->batch_polls && age_ms >= s->batch_ms);
}

static bool has_lines(const struct mock_batch *batch, bool of_errors)
{
	for (size_t i = 0; i < batch->lines.n; i++)
		if ((batch->lines.p[i].outcome != BATCH_SUCCEEDED) == of_errors)
			return true;
	return false;
}

static struct str word_of(const struct mock_batch *batch, bool over)
{
	enum batch_outcome worst = batch->is_canceled ? BATCH_CANCELED : BATCH_SUCCEEDED;

	if (batch->is_anthropics)
		return over ? STR("ended") : STR("in_progress");
	if (batch->is_failed)
		return STR("failed");
	vec_each (&batch->lines, line)
		if (line->outcome == BATCH_EXPIRED && !batch->is_canceled)
			worst = BATCH_EXPIRED;
	return over ? str_from(ends[worst]) : STR("in_progress");
}

static struct batch_status status_of(
	const struct mock_script *s, const struct mock_batch *batch, struct arena *a)
{
	bool over = is_over(s, batch);
	struct batch_status status = {.id = batch->name,
		.word = word_of(batch, over),
		.phase = over ? BATCH_ENDED : BATCH_UNDER_WAY,
		.total = (int64_t)batch->lines.n,
		.finished = over ? (int64_t)batch->lines.n : 0,
		.created_s = batch->created_s,
		.label = batch->label,
		.input = batch->input,
		.message = batch->is_failed ? s->batch_fault : STR("")};

	for (size_t i = 0; over && i < batch->lines.n; i++)
		status.failed += batch->lines.p[i].outcome != BATCH_SUCCEEDED;
	for (int i = 0; i < 2 && over && !batch->is_failed; i++)
		if (has_lines(batch, i == 1))
			status.files[i] = arena_printf(
				a, "file-%.*s-%s", STR_ARG(batch->name), i ? "errors" : "output");
	return status;
}

static void put_batch(const struct mock_script *s, const struct mock_batch *batch,
	const struct mock_question *q, struct arena *a, struct buf *out)
{
	struct batch_status status = status_of(s, batch, a);

	q->wire->batch->put_status(&status, out);
}

/* ---- answers ---- */

bool mock_batch_take_file(struct mock_script *s, const struct mock_question *q, struct arena *,
	struct buf *out, struct err *e)
{
	struct json_writer w = {.buf = out};
	struct str type = {0}, file;

	for (size_t i = 0; i < q->header_count; i++)
		if (str_is(str_from(q->headers[i].name), "content-type"))
			type = q->headers[i].value;
	if (!batch_get_form(type, q->raw_body, &file, e))
		return false;
	vec_push(&s->files, arena_copy(&s->arena, file));
	AUTO(buf) name = {0};
	buf_printf(&name, "file-mock-%zu", s->files.n);
	json_open(&w, '{');
	json_member_str(&w, "id", buf_str(&name));
	json_member_text(&w, "object", "file");
	json_member_int(&w, "bytes", (int64_t)file.n);
	json_member_text(&w, "purpose", "batch");
	json_close(&w, '}');
	return true;
}

static bool find_file(const struct mock_script *s, struct str name, struct str *text, struct err *e)
{
	static const struct str prefix = STR("file-mock-");
	int64_t number;

	if (!str_starts(name, prefix) || !str_int(str_skip(name, prefix.n), &number) ||
		number < 1 || (size_t)number > s->files.n)
		return err_set(e, ERR_NOT_FOUND, "no file is called %.*s", STR_ARG(name));
	*text = s->files.p[number - 1];
	return true;
}

/* The text of the requests, and what OpenAI's batches name besides. */
static bool open_input(const struct mock_script *s, const struct mock_question *q,
	struct mock_batch *batch, struct arena *a, struct str *text, struct err *e)
{
	*text = q->body;
	batch->label = batch->input = STR("");
	batch->is_anthropics = !q->wire->batch->files_path;
	if (batch->is_anthropics)
		return true;
	struct str input = json_text(json_get(q->body, "input_file_id"), a);
	struct str label = json_text(json_pointer(q->body, STR("/metadata/fettle")), a);
	batch->input = input;
	batch->label = label.p ? label : STR("");
	return find_file(s, input.p ? input : STR(""), text, e);
}

bool mock_batch_create(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e)
{
	struct mock_batch batch = {.created_ns = clock_ns(), .created_s = clock_wall_s()};
	struct taking t = {s, &batch, q->wire, a, {0}};
	struct str text;

	if (!open_input(s, q, &batch, a, &text, e))
		return false;
	batch.is_failed = s->batch_fault.p && !batch.is_anthropics;
	if (!batch.is_failed && !q->wire->batch->get_items(text, a, take_item, &t, e)) {
		vec_release(&batch.lines);
		return false;
	}
	if (t.error.code) {
		vec_release(&batch.lines);
		*e = t.error;
		return false;
	}
	batch.label = arena_copy(&s->arena, batch.label);
	batch.input = arena_copy(&s->arena, batch.input);
	batch.name = arena_printf(&s->arena, "%s_mock_%zu",
		batch.is_anthropics ? "msgbatch" : "batch", s->batches.n + 1);
	vec_push(&s->batches, batch);
	put_batch(s, &batch, q, a, out);
	return true;
}

bool mock_batch_list(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *)
{
	struct str after =
		mock_side_parameter(q, q->wire->batch->files_path ? "after" : "after_id");
	struct batch_page page = {
		.batches = arena_alloc(a, s->batches.n + 1, sizeof *page.batches)};
	int64_t limit;
	bool is_behind = !after.n;

	if (!str_int(mock_side_parameter(q, "limit"), &limit) || limit < 1)
		limit = 20;
	for (size_t i = s->batches.n; i > 0; i--) {
		const struct mock_batch *batch = &s->batches.p[i - 1];
		if (batch->is_anthropics != !q->wire->batch->files_path)
			continue;
		if (is_behind && (int64_t)page.count == limit)
			page.next = page.batches[page.count - 1].id;
		else if (is_behind)
			page.batches[page.count++] = status_of(s, batch, a);
		is_behind |= str_eq(batch->name, after);
	}
	batch_put_page(q->wire, &page, out);
	return true;
}

bool mock_batch_look(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e)
{
	struct mock_batch *batch = find_batch(s, q, e);

	if (!batch)
		return false;
	put_batch(s, batch, q, a, out);
	batch->polls++;
	return true;
}

/* Nothing of it was begun yet. */
bool mock_batch_cancel(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e)
{
	struct mock_batch *batch = find_batch(s, q, e);

	if (!batch)
		return false;
	if (!is_over(s, batch)) {
		batch->is_canceled = true;
		vec_each (&batch->lines, line) {
			struct batch_result result = {.id = line->id,
				.outcome = BATCH_CANCELED,
				.error.message = STR("canceled")};
			AUTO(buf) text = {0};
			q->wire->batch->put_result(&result, (struct str){0}, &text);
			line->outcome = BATCH_CANCELED;
			line->text = arena_copy(&s->arena, buf_str(&text));
		}
	}
	put_batch(s, batch, q, a, out);
	return true;
}

/* The last one first: results come in any order. */
bool mock_batch_results(struct mock_script *s, const struct mock_question *q, struct arena *,
	struct buf *out, struct err *e)
{
	struct mock_batch *batch = find_batch(s, q, e);

	if (!batch)
		return false;
	if (!is_over(s, batch))
		return err_set(e, ERR_NOT_FOUND, "the batch has not ended");
	for (size_t i = batch->lines.n; i > 0; i--)
		buf_put_str(out, batch->lines.p[i - 1].text);
	return true;
}

bool mock_batch_content(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e)
{
	struct str name = name_in_path(q, STR("/files/")), text;

	vec_each (&s->batches, batch) {
		struct batch_status status = status_of(s, batch, a);
		for (int errors = 0; errors < 2; errors++) {
			if (!status.files[errors].n || !str_eq(status.files[errors], name))
				continue;
			for (size_t i = batch->lines.n; i > 0; i--)
				if ((batch->lines.p[i - 1].outcome != BATCH_SUCCEEDED) == errors)
					buf_put_str(out, batch->lines.p[i - 1].text);
			return true;
		}
	}
	if (!find_file(s, name, &text, e))
		return false;
	buf_put_str(out, text);
	return true;
}
