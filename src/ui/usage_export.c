// SPDX-License-Identifier: MIT
/* usage_export: answers as CSV and JSON. */
#include "ui/usage_inside.h"

static bool is_wanted(const struct usage_look *look, const struct usage_field *field)
{
	return field->kind != USAGE_FIELD_COST || !look->hides_cost;
}

/* ---- CSV ---- */

void usage_put_csv_head(const struct usage_look *look)
{
	buf_put_text(look->out, "time");
	for (const struct usage_field *f = usage_fields; f->name; f++)
		if (is_wanted(look, f))
			buf_printf(look->out, ",%s", f->name);
	buf_put_text(look->out, ",tools\r\n");
}

static void put_tools(const struct usage_look *look, const struct usage_entry *entry)
{
	AUTO(buf) tools = {0};

	for (size_t i = 0; i < entry->tool_count; i++) {
		buf_put_text(&tools, i ? " " : "");
		buf_put_str(&tools, usage_name(look->view, entry->tools[i]));
	}
	usage_put_field(look->out, buf_str(&tools));
}

void usage_put_csv_answer(const struct usage_look *look, const struct usage_entry *entry)
{
	int64_t cost = usage_entry_cost(entry, look->mode);
	struct buf *out = look->out;

	usage_put_instant(out, entry->time_ms);
	for (const struct usage_field *f = usage_fields; f->name; f++) {
		if (!is_wanted(look, f))
			continue;
		buf_put_char(out, ',');
		if (f->kind == USAGE_FIELD_NAME)
			usage_put_field(out, usage_name(look->view, usage_field_name(f, entry)));
		else if (f->kind == USAGE_FIELD_CREDITS)
			usage_put_usd(out, usage_field_number(f, entry));
		else if (f->kind != USAGE_FIELD_COST)
			buf_printf(out, "%lld", (long long)usage_field_number(f, entry));
		else if (cost >= 0)
			usage_put_usd(out, cost);
	}
	buf_put_char(out, ',');
	put_tools(look, entry);
	buf_put_text(out, "\r\n");
}

/* ---- JSON ---- */

static void put_member(struct json_writer *w, const struct usage_look *look,
	const struct usage_field *f, const struct usage_entry *entry)
{
	int64_t cost = usage_entry_cost(entry, look->mode);

	if (f->kind == USAGE_FIELD_NAME) {
		json_member_str(w, f->name, usage_name(look->view, usage_field_name(f, entry)));
	} else if (f->kind == USAGE_FIELD_FLAG) {
		json_member_bool(w, f->name, usage_field_number(f, entry));
	} else if (f->kind == USAGE_FIELD_CREDITS) {
		usage_member_usd(w, f->name, usage_field_number(f, entry));
	} else if (f->kind != USAGE_FIELD_COST) {
		json_member_int(w, f->name, usage_field_number(f, entry));
	} else if (cost >= 0) {
		usage_member_usd(w, f->name, cost);
	} else {
		json_key(w, f->name);
		json_put_null(w);
	}
}

void usage_put_json_answer(const struct usage_look *look, const struct usage_entry *entry)
{
	AUTO(buf) json = {0};
	struct json_writer w = {.buf = &json};

	json_open(&w, '{');
	usage_member_instant(&w, "time", entry->time_ms);
	for (const struct usage_field *f = usage_fields; f->name; f++)
		if (is_wanted(look, f))
			put_member(&w, look, f, entry);
	json_key(&w, "tools");
	json_open(&w, '[');
	for (size_t i = 0; i < entry->tool_count; i++)
		json_put_str(&w, usage_name(look->view, entry->tools[i]));
	json_close(&w, ']');
	json_close(&w, '}');
	json_put_visible(look->out, buf_str(&json));
}
