// SPDX-License-Identifier: MIT
/*
 * sink: where formats write to. A file is kept in memory until the run's end: until then nothing of
 * it can be seen by the tools that work beside it, and what ends the program leaves the old one.
 */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"
#include "ui/view.h"

const struct format formats[] = {
	{"text", "the answer, as plain text", .event = text_event, .is_kept_when_empty = true},
	{"json", "one object when the task is done (docs/result.schema.json)", {".json"},
		.event = json_event},
	{"stream-json", "one object a line while it happens (docs/stream.schema.json)",
		{".jsonl", ".ndjson"}, .begin = stream_json_begin, .event = stream_json_event},
	{"markdown", "a report: the task, the answer, tools and usage", {".md", ".markdown"},
		.begin = document_begin, .event = document_event},
	{"diff", "what the run has changed, as a unified diff", {".diff", ".patch"},
		.event = diff_event, .end = diff_end},
	{0},
};

const struct format *format_find(struct str name)
{
	for (const struct format *f = formats; f->name; f++)
		if (str_is(name, f->name))
			return f;
	return NULL;
}

const struct format *format_of_file(struct str path)
{
	for (const struct format *f = formats; f->name; f++)
		for (size_t i = 0; i < 4 && f->endings[i]; i++)
			if (str_ends(path, str_from(f->endings[i])))
				return f;
	return formats;
}

void sink_put(struct sink *s, struct str bytes)
{
	if (s->path)
		buf_put_str(&s->out, bytes);
	else
		view_put(s->ui, bytes);
}

void sink_put_shown(struct sink *s, struct str text)
{
	AUTO(buf) shown = {0};

	if (!s->path && s->ui->stdout_is_terminal) {
		utf8_put_shown(&shown, text);
		text = buf_str(&shown);
	}
	sink_put(s, text);
}

static bool write_file(const struct sink *s, struct err *e)
{
	if (s->out.overflow)
		return err_set(
			e, ERR_LIMIT, "%s: more than %zu MB", s->path, BUF_MAX_DEFAULT >> 20);
	if (!s->out.n && s->format->is_kept_when_empty)
		return true;
	return file_replace(s->path, buf_str(&s->out), e);
}

bool ui_write_outputs(struct ui *ui)
{
	bool is_whole = true;
	struct err e;

	vec_each (&ui->sinks, s) {
		if (!s->path || write_file(s, &e))
			continue;
		err_context(&e, "the output is lost");
		ui_error(ui, &e);
		is_whole = false;
	}
	return is_whole;
}
