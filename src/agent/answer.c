// SPDX-License-Identifier: MIT
#include "agent/answer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "index/index.h"

extern const char embed_answer_md[], embed_correct_md[];

enum { SCHEMA_MAX_BYTES = 256 << 10, NAME_MAX_BYTES = 64 };

struct answer_schema {
	struct buf text; /* compact: it is part of every request */
	struct str name;
	char name_bytes[NAME_MAX_BYTES];
	struct schema *schema;
};

/* The file's name without directory and ending, in the characters that providers take. */
static void set_name(struct answer_schema *s, struct str path)
{
	const char *slash = memrchr(path.p, '/', path.n);
	struct str file = slash ? str_range(slash + 1, path.p + path.n) : path;
	struct str stem = str_head(file, str_find_char(file, '.', 0));

	for (size_t i = 0; i < stem.n && i < NAME_MAX_BYTES; i++) {
		char c = stem.p[i];
		bool is_taken = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9') || c == '-' || c == '_';
		s->name_bytes[i] = is_taken ? c : '_';
	}
	s->name = stem.n ? str_head((struct str){s->name_bytes, stem.n}, NAME_MAX_BYTES)
			 : STR("answer");
}

/* What says something to validators only is not sent, nor refused by providers then. */
static void put_sent(struct buf *out, struct str schema)
{
	static const char *const left_out[] = {"$schema", "$id", "$comment"};
	struct str key, value;

	json_each (str_trim(schema), key, value) {
		bool is_sent = true;
		for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
			is_sent &= !json_key_is(key, left_out[i]);
		if (!is_sent)
			continue;
		buf_put_char(out, out->n ? ',' : '{');
		buf_put_str(out, key);
		buf_put_char(out, ':');
		json_put_compact(out, value);
	}
	buf_put_text(out, out->n ? "}" : "{}");
}

struct answer_schema *answer_schema_load(const char *path, struct err *e)
{
	struct answer_schema *s = must_alloc(1, sizeof *s);
	AUTO(buf) bytes = {0};

	if (file_read(AT_FDCWD, path, SCHEMA_MAX_BYTES, &bytes, e)) {
		/* As it stands in the file first, so that offsets are the file's. */
		struct schema *as_written = schema_new(buf_str(&bytes), &pattern_functions, e);
		if (as_written) {
			schema_free(as_written);
			put_sent(&s->text, buf_str(&bytes));
			s->schema = schema_new(buf_str(&s->text), &pattern_functions, e);
		} else {
			err_context(e, "%s", path);
		}
	}
	if (s->schema) {
		set_name(s, str_from(path));
		return s;
	}
	answer_schema_free(s);
	err_context(e, "--schema");
	return NULL;
}

void answer_schema_free(struct answer_schema *s)
{
	if (!s)
		return;
	schema_free(s->schema);
	buf_release(&s->text);
	free(s);
}

struct str answer_instruction(const struct answer_schema *s, struct arena *a)
{
	return arena_printf(a, "%s<schema>\n%s\n</schema>", embed_answer_md, buf_text(&s->text));
}

void answer_address(const struct answer_schema *s, struct prompt *prompt)
{
	prompt->schema = buf_str(&s->text);
	prompt->schema_name = s->name;
}

/* "```json\n{...}\n```" to "{...}": many models cannot help it. */
static struct str without_fence(struct str text)
{
	text = str_trim(text);
	size_t line = str_find_char(text, '\n', 0);
	if (!str_starts(text, STR("```")) || line == SIZE_MAX || !str_ends(text, STR("```")) ||
		line + 3 >= text.n)
		return text;
	struct str language = str_trim(str_skip(str_head(text, line), 3));
	if (language.n && !str_eq_nocase(language, STR("json")))
		return text;
	return str_trim(str_head(str_skip(text, line + 1), text.n - line - 4));
}

bool answer_check(const struct answer_schema *s, struct str text, struct arena *a,
	struct str *value, struct schema_faults *faults)
{
	struct str inside = without_fence(text);

	if (!schema_check(s->schema, inside, a, faults))
		return false;
	*value = inside;
	return true;
}

struct str answer_complaint(const struct schema_faults *faults, struct arena *a)
{
	AUTO(buf) text = {0};

	buf_put_text(&text, "Your answer does not fit the JSON Schema:\n");
	schema_faults_put(&text, faults);
	buf_printf(&text, "\n%s", embed_correct_md);
	return arena_copy(a, str_trim(buf_str(&text)));
}

void answer_set_error(const struct schema_faults *faults, struct err *e)
{
	AUTO(buf) text = {0};
	struct str rest, line;

	schema_faults_put(&text, faults);
	rest = str_trim(buf_str(&text));
	AUTO(buf) reasons = {0};
	while (str_split(&rest, '\n', &line))
		buf_printf(&reasons, "%s%.*s", reasons.n ? "; " : "", STR_ARG(line));
	err_set(e, ERR_TASK, "the answer does not fit the schema: %s", buf_text(&reasons));
}
