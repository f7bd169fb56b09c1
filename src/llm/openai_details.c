// SPDX-License-Identifier: MIT
/*
 * openai_details: reasoning_details, thoughts with their signatures, which the server wants back as
 * it gave them. A stream cuts texts into pieces; pieces of the same type and index in a row are
 * one.
 */
#include "llm/inside.h"

enum { TYPE, INDEX, TEXT, SUMMARY, SIGNATURE, ID, FORMAT, DETAIL_FIELDS };

static const struct str detail_names[DETAIL_FIELDS] = {
	[TYPE] = STR("type"),
	[INDEX] = STR("index"),
	[TEXT] = STR("text"),
	[SUMMARY] = STR("summary"),
	[SIGNATURE] = STR("signature"),
	[ID] = STR("id"),
	[FORMAT] = STR("format"),
};

static bool is_text(const struct str *m)
{
	return json_text_is(m[TYPE], "reasoning.text") ||
	       json_text_is(m[TYPE], "reasoning.summary");
}

static struct str text_of(const struct str *m, struct arena *a)
{
	return json_text(json_text_is(m[TYPE], "reasoning.summary") ? m[SUMMARY] : m[TEXT], a);
}

static bool continues(const struct detail *last, const struct str *m)
{
	return last->type.p && str_eq(last->type, m[TYPE]) && str_eq(last->index, m[INDEX]);
}

static void keep(struct arena *a, struct str *kept, struct str value)
{
	if (value.p && json_type(value) != JSON_NULL)
		*kept = arena_copy(a, value);
}

static void take(struct wire_reader *r, struct str item)
{
	struct str m[DETAIL_FIELDS];
	struct detail *last = r->details.n ? &r->details.p[r->details.n - 1] : NULL;

	json_pick(item, detail_names, DETAIL_FIELDS, m);
	if (!last || !is_text(m) || !continues(last, m)) {
		struct detail begun = {.first = arena_copy(&r->kept, item)};
		if (is_text(m)) {
			begun.type = arena_copy(&r->kept, m[TYPE]);
			begun.index = m[INDEX].p ? arena_copy(&r->kept, m[INDEX]) : m[INDEX];
		}
		vec_push(&r->details, begun);
		last = &r->details.p[r->details.n - 1];
	}
	if (!is_text(m))
		return;
	buf_put_str(&last->text, text_of(m, &r->arena));
	keep(&r->kept, &last->signature, m[SIGNATURE]);
	keep(&r->kept, &last->id, m[ID]);
	keep(&r->kept, &last->format, m[FORMAT]);
}

void details_take(struct wire_reader *r, struct str items)
{
	struct str key, item;

	if (json_type(items) != JSON_ARRAY)
		return;
	if (r->details_block < 0 && r->open_block >= 0 && r->open_kind == BLOCK_THINKING)
		r->details_block = r->open_block;
	json_each (items, key, item)
		if (json_type(item) == JSON_OBJECT && r->details.n < ANSWER_CALLS_MAX)
			take(r, item);
}

struct str details_text(struct str items, struct arena *a)
{
	struct str key, item, m[DETAIL_FIELDS];
	AUTO(buf) all = {0};

	if (json_type(items) != JSON_ARRAY)
		return STR("");
	json_each (items, key, item) {
		json_pick(item, detail_names, DETAIL_FIELDS, m);
		if (is_text(m))
			buf_put_str(&all, text_of(m, a));
	}
	return arena_copy(a, buf_str(&all));
}

static void put_newest(struct json_writer *w, const char *name, struct str newest)
{
	if (!newest.p)
		return;
	json_key(w, name);
	json_put_raw(w, newest);
}

/* The object it began with, with the whole text and the newest of what may change. */
static void put(struct json_writer *w, const struct detail *d)
{
	struct str key, value;
	bool is_summary = json_text_is(d->type, "reasoning.summary");

	if (!d->type.p) {
		json_put_raw(w, d->first);
		return;
	}
	json_open(w, '{');
	json_each (d->first, key, value) {
		if (json_key_is(key, "text") || json_key_is(key, "summary") ||
			json_key_is(key, "signature") || json_key_is(key, "id") ||
			json_key_is(key, "format"))
			continue;
		if (w->comma)
			buf_put_char(w->buf, ',');
		buf_put_str(w->buf, key);
		buf_put_char(w->buf, ':');
		buf_put_str(w->buf, value);
		w->comma = true;
	}
	json_member_str(w, is_summary ? "summary" : "text", buf_str(&d->text));
	put_newest(w, "signature", d->signature);
	put_newest(w, "id", d->id);
	put_newest(w, "format", d->format);
	json_close(w, '}');
}

bool details_put(const struct outlet *o)
{
	struct wire_reader *r = o->r;
	AUTO(buf) all = {0};
	struct json_writer w = {.buf = &all};

	if (!r->details.n)
		return true;
	if (r->details_block < 0)
		r->details_block = r->block_count++;
	json_open(&w, '[');
	vec_each (&r->details, detail)
		put(&w, detail);
	json_close(&w, ']');
	return outlet_text(o, DELTA_EXTRA, r->details_block, buf_str(&all));
}

void details_release(struct wire_reader *r)
{
	vec_each (&r->details, detail)
		buf_release(&detail->text);
	vec_release(&r->details);
}
