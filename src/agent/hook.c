// SPDX-License-Identifier: MIT
#include "agent/hook.h"

#include <unistd.h>

#include "agent/tool/plain.h"
#include "base/json.h"
#include "index/index.h"
#include "io/child.h"

enum { SAYS_NO = 2, OUT_MAX_BYTES = 16 << 10, REASON_MAX_BYTES = 4 << 10 };

static const char *const moments[] = {
	[HOOK_BEFORE_TOOL] = "before_tool", [HOOK_AFTER_TOOL] = "after_tool", [HOOK_END] = "end"};

bool hook_moment_find(struct str name, enum hook_moment *out)
{
	for (int i = HOOK_BEFORE_TOOL; i <= HOOK_END; i++) {
		if (!str_is(name, moments[i]))
			continue;
		*out = (enum hook_moment)i;
		return true;
	}
	return false;
}

static bool is_for(const struct hook *hook, enum hook_moment moment, struct str tool)
{
	if (hook->moment != moment)
		return false;
	for (size_t i = 0; i < hook->tool_count; i++)
		if (glob_match(hook->tools[i], tool))
			return true;
	return hook->tool_count == 0 || moment == HOOK_END;
}

static void begin(struct json_writer *w, const struct hooks *hooks, const struct workspace *in,
	enum hook_moment moment)
{
	json_open(w, '{');
	json_member_text(w, "event", moments[moment]);
	json_member_text(w, "session_id", hooks->session_id ? hooks->session_id : "");
	json_member_text(w, "workspace", in->root);
	json_member_text(w, "directory", in->inside);
}

static void tell_failure(const struct hooks *hooks, const struct hook *hook, const char *what)
{
	AUTO(buf) sentence = {0};

	buf_printf(&sentence, "hook %s: %s", hook->name, what);
	if (hooks->failed)
		hooks->failed(hooks->self, buf_text(&sentence));
}

static void put_reason(const struct hook *hook, struct str errors, struct buf *why)
{
	buf_printf(why, "hook %s says no", hook->name);
	if (str_trim(errors).n) {
		buf_put_text(why, ": ");
		plain_put_text(why, str_trim(errors));
	}
}

/* False when it says no. What it prints is appended to out. */
static bool run_one(const struct hooks *hooks, const struct hook *hook, struct str input,
	const struct workspace *w, const atomic_bool *cancel, struct buf *out, struct buf *why)
{
	const char *arguments[] = {"sh", "-c", hook->command, NULL};
	struct child_result result = {0};
	AUTO(buf) sentence = {0};
	struct err e;

	struct child_options options = {.program = "/bin/sh",
		.arguments = arguments,
		.environment = (const char *const *)environ,
		.directory = w->root,
		.input = input,
		.out_max_bytes = OUT_MAX_BYTES,
		.errors_max_bytes = REASON_MAX_BYTES,
		.deadline_ms = hook->timeout_ms,
		.cancel = cancel};
	if (!child_run(&options, &result, &e)) {
		if (e.code != ERR_CANCELLED)
			tell_failure(hooks, hook, e.text);
		return true;
	}
	bool says_no = result.status == SAYS_NO;
	if (says_no) {
		put_reason(hook, buf_str(&result.errors), why);
	} else if (result.status) {
		buf_printf(&sentence, "it ended with %d: ", result.status);
		plain_put_line(&sentence, str_trim(buf_str(&result.errors)));
		tell_failure(hooks, hook, buf_text(&sentence));
	} else {
		plain_put_text(out, buf_str(&result.out));
	}
	child_result_release(&result);
	return !says_no;
}

static void put_call(struct json_writer *w, const struct tool_call *call)
{
	json_member_str(w, "tool", call->name);
	json_member_str(w, "id", call->id);
	json_key(w, "input");
	json_put_raw(w, call->input);
}

bool hooks_before(const struct hooks *hooks, const struct tool_call *call, struct buf *why)
{
	for (size_t i = 0; i < hooks->count; i++) {
		const struct hook *hook = &hooks->list[i];
		AUTO(buf) input = {0};
		AUTO(buf) ignored = {0};
		struct json_writer w = {.buf = &input};
		if (!is_for(hook, HOOK_BEFORE_TOOL, call->name))
			continue;
		begin(&w, hooks, call->workspace, HOOK_BEFORE_TOOL);
		put_call(&w, call);
		json_close(&w, '}');
		if (!run_one(hooks, hook, buf_str(&input), call->workspace, call->cancel, &ignored,
			    why))
			return false;
	}
	return true;
}

void hooks_after(
	const struct hooks *hooks, const struct tool_call *call, struct tool_result *result)
{
	for (size_t i = 0; i < hooks->count; i++) {
		const struct hook *hook = &hooks->list[i];
		AUTO(buf) input = {0};
		AUTO(buf) said = {0};
		struct json_writer w = {.buf = &input};
		if (!is_for(hook, HOOK_AFTER_TOOL, call->name))
			continue;
		begin(&w, hooks, call->workspace, HOOK_AFTER_TOOL);
		put_call(&w, call);
		json_member_str(&w, "result", buf_str(&result->text));
		json_member_bool(&w, "is_error", result->is_error);
		json_close(&w, '}');
		if (!run_one(hooks, hook, buf_str(&input), call->workspace, call->cancel, &said,
			    &said))
			result->is_error = true;
		if (!said.n)
			continue;
		if (result->text.n && result->text.p[result->text.n - 1] != '\n')
			buf_put_char(&result->text, '\n');
		buf_put_str(&result->text, buf_str(&said));
	}
}

bool hooks_has_end(const struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->count; i++)
		if (hooks->list[i].moment == HOOK_END)
			return true;
	return false;
}

bool hooks_end(const struct hooks *hooks, const struct workspace *w, struct str text,
	const struct err *error, const atomic_bool *cancel, struct buf *why)
{
	for (size_t i = 0; i < hooks->count; i++) {
		const struct hook *hook = &hooks->list[i];
		AUTO(buf) input = {0};
		AUTO(buf) ignored = {0};
		struct json_writer j = {.buf = &input};
		if (!is_for(hook, HOOK_END, STR("")))
			continue;
		begin(&j, hooks, w, HOOK_END);
		json_member_str(&j, "result", text);
		json_member_bool(&j, "is_error", error);
		if (error)
			json_member_text(&j, "error", error->text);
		json_close(&j, '}');
		if (!run_one(hooks, hook, buf_str(&input), w, cancel, &ignored, why))
			return false;
	}
	return true;
}
