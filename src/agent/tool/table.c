// SPDX-License-Identifier: MIT
#include <stdarg.h>

#include "agent/mcp/mcp.h"
#include "agent/tool/plain.h"
#include "agent/tool/tool.h"
#include "base/json.h"

extern const struct tool tool_view, tool_ls, tool_glob, tool_grep, tool_count, tool_git, tool_bash,
	tool_fetch, tool_todo;
extern const struct tool tool_edit, tool_multiedit, tool_write, tool_apply_patch;
extern const struct tool tool_task;

const struct tool *const tools[] = {
	&tool_view,
	&tool_ls,
	&tool_glob,
	&tool_grep,
	&tool_count,
	&tool_git,
	&tool_diagnostics,
	&tool_edit,
	&tool_multiedit,
	&tool_write,
	&tool_apply_patch,
	&tool_bash,
	&tool_todo,
	&tool_skill,
	&tool_fetch,
	&tool_task,
	NULL,
};

/* Names that models know from other programs. The first column is ours. */
static const struct alias {
	const char *name;
	const char *others[6];
} aliases[] = {
	{"path", {"file_path", "filePath", "file", "dir_path", "directory"}},
	{"pattern", {"query", "regex"}},
	{"offset", {"start_line"}},
	{"mode", {"output_mode"}},
	{"limit", {"head_limit"}},
	{"glob", {"include"}},
	{"ignore_case", {"-i", "case_insensitive"}},
	{"context", {"-C"}},
	{"before", {"-B"}},
	{"after", {"-A"}},
	{"old_string", {"old_str", "oldText", "oldString", "old_text"}},
	{"new_string", {"new_str", "newText", "newString", "new_text"}},
	{"replace_all", {"replaceAll", "allow_multiple"}},
	{"content", {"file_text", "contents", "text"}},
	{"input", {"patch", "patchText", "patch_text"}},
	{"command", {"cmd"}},
	{"background", {"run_in_background", "is_background"}},
	{"job", {"bash_id", "shell_id", "session_id"}},
	{NULL},
};

extern const struct tool tool_mcp;

const struct tool *tool_find(struct str name)
{
	if (str_starts(name, STR(MCP_PREFIX)))
		return &tool_mcp;
	for (const struct tool *const *t = tools; *t; t++)
		if (str_is(name, (*t)->name))
			return *t;
	return NULL;
}

#define FENCE STR("```json\n")

struct str tool_description(const struct tool *tool)
{
	struct str document = str_from(tool->document);
	size_t fence = str_find(document, FENCE, 0);

	must(fence != SIZE_MAX);
	return str_trim(str_head(document, fence));
}

struct str tool_schema(const struct tool *tool)
{
	struct str document = str_from(tool->document);
	size_t fence = str_find(document, FENCE, 0);

	must(fence != SIZE_MAX);
	struct str schema = str_skip(document, fence + FENCE.n);
	size_t end = str_find(schema, STR("\n```"), 0);
	must(end != SIZE_MAX);
	return str_trim(str_head(schema, end));
}

void tool_fail(struct tool_result *out, const char *format, ...)
{
	AUTO(buf) sentence = {0};
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&sentence, format, arguments);
	va_end(arguments);
	buf_clear(&out->text);
	plain_put_text(&out->text, buf_str(&sentence));
	out->is_error = true;
}

struct str tool_argument_value(const struct tool_call *call, const char *name)
{
	struct str value = json_get(call->input, name);

	if (value.p && json_type(value) != JSON_NULL)
		return value;
	for (const struct alias *a = aliases; a->name; a++) {
		if (strcmp(a->name, name) != 0)
			continue;
		for (int i = 0; a->others[i]; i++) {
			value = json_get(call->input, a->others[i]);
			if (value.p && json_type(value) != JSON_NULL)
				return value;
		}
	}
	return (struct str){0};
}

struct str tool_argument(const struct tool_call *call, const char *name, struct str fallback)
{
	struct str text = json_text(tool_argument_value(call, name), call->arena);

	return text.p ? text : fallback;
}

int64_t tool_argument_int(const struct tool_call *call, const char *name, int64_t fallback)
{
	struct str value = tool_argument_value(call, name);
	int64_t number;

	if (json_type(value) == JSON_NUMBER)
		return json_int_or(value, fallback);
	if (json_type(value) != JSON_STRING)
		return fallback;
	return str_int(str_trim(json_text(value, call->arena)), &number) ? number : fallback;
}

bool tool_argument_bool(const struct tool_call *call, const char *name, bool fallback)
{
	static const char *const yes[] = {"true", "yes", "1", NULL}, *const no[] = {"false", "no",
									     "0", NULL};
	struct str value = tool_argument_value(call, name);

	if (json_type(value) == JSON_BOOL)
		return json_bool_or(value, fallback);
	if (json_type(value) == JSON_NUMBER)
		return json_int_or(value, fallback) != 0;
	if (json_type(value) != JSON_STRING)
		return fallback;
	struct str text = str_trim(json_text(value, call->arena));
	for (int i = 0; yes[i]; i++) {
		if (str_eq_nocase(text, str_from(yes[i])))
			return true;
		if (str_eq_nocase(text, str_from(no[i])))
			return false;
	}
	return fallback;
}
