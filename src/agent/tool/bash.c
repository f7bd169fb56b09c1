// SPDX-License-Identifier: MIT
/* bash: a command in a shell of its own, in the fence. */
#include "agent/hands.h"
#include "agent/tool/command.h"
#include "agent/tool/plain.h"

extern const char embed_bash_md[];

static void run(const struct tool_call *call, struct tool_result *out);
static void touch(const struct tool_call *call, struct tool_touch *out);
static void show(const struct tool_call *call, struct buf *out);

const struct tool tool_bash = {
	.name = "bash",
	.needs = TOOL_READS | TOOL_WRITES | TOOL_RUNS,
	.target = "command",
	.document = embed_bash_md,
	.run = run,
	.touch = touch,
	.show = show,
};

enum { TIMEOUT_S = 120, TIMEOUT_MAX_S = 600 };

/* Others take milliseconds: what would be more than ten minutes in seconds is that. */
static int64_t timeout_ms(const struct tool_call *call)
{
	int64_t n = tool_argument_int(call, "timeout", TIMEOUT_S);

	if (n <= 0)
		n = TIMEOUT_S;
	if (n <= TIMEOUT_MAX_S)
		return n * 1000;
	return n < TIMEOUT_MAX_S * 1000 ? n : TIMEOUT_MAX_S * 1000;
}

/* What a refusal by the sandbox looks like from inside. */
static bool looks_refused(struct str text)
{
	static const char *const signs[] = {"Permission denied", "Operation not permitted",
		"Read-only file system", "Network is unreachable", "Could not resolve host",
		"Temporary failure in name resolution", "Name or service not known", NULL};

	for (const char *const *sign = signs; *sign; sign++)
		if (str_contains(text, str_from(*sign)))
			return true;
	return false;
}

static void put_hint(const struct shell_report *r, struct buf *out)
{
	if (r->kind == SANDBOX_NONE || !looks_refused(buf_str(&r->text)))
		return;
	buf_printf(out,
		"[sandbox (%s): commands cannot write outside of the workspace and %s nor "
		"to .git, read files with secrets, or use the network unless the user "
		"allows it%s]\n",
		sandbox_kind_name(r->kind), r->kind == SANDBOX_BUBBLEWRAP ? "/tmp" : "$TMPDIR",
		r->kind == SANDBOX_LANDLOCK ? "; nor make anything new directly in the workspace's "
					      "top directory: the editing tools can"
					    : "");
}

static void put_status(const struct shell_report *r, struct buf *out)
{
	if (r->status > 128 && r->status < 128 + 65)
		buf_printf(out, "[killed by signal %d]\n", r->status - 128);
	else if (r->status)
		buf_printf(out, "[exit status %d]\n", r->status);
}

static void put_end(const struct shell_report *r, struct buf *out)
{
	double seconds = (double)r->ran_ms / 1000;

	switch (r->end) {
	case SHELL_RUNS:
		buf_printf(out, "[job %d: running for %.1f s]\n", r->number, seconds);
		break;
	case SHELL_TIMED_OUT:
		buf_printf(out, "[stopped after %.1f s: its time was up]\n", seconds);
		break;
	case SHELL_STOPPED: buf_printf(out, "[stopped after %.1f s]\n", seconds); break;
	case SHELL_LIMITED: buf_printf(out, "[stopped: %s]\n", r->why); break;
	default: put_status(r, out); break;
	}
	if (r->number && r->end == SHELL_ENDED && r->status == 0)
		buf_printf(out, "[job %d: ended with exit status 0]\n", r->number);
}

static void put_report(struct shell_report *r, struct tool_result *out)
{
	if (r->text.n)
		buf_put_str(&out->text, buf_str(&r->text));
	else if (r->end == SHELL_ENDED || r->end == SHELL_RUNS)
		buf_put_text(&out->text, r->number ? "[nothing new]\n" : "[no output]\n");
	put_end(r, &out->text);
	out->is_error = r->end > SHELL_ENDED || (r->end == SHELL_ENDED && r->status);
	if (out->is_error)
		put_hint(r, &out->text);
	shell_report_release(r);
}

static void run_command(const struct tool_call *call, struct str text, struct tool_result *out)
{
	const struct workspace *w = call->workspace;
	struct shell_command command = {.fence = call->hands->fence,
		.text = text,
		.directory = *w->inside ? arena_printf(call->arena, "%s/%s", w->root, w->inside).p
					: w->root,
		.timeout_ms = timeout_ms(call),
		.cancel = call->cancel};
	struct shell_report report;
	struct err e;
	int number;

	if (!tool_argument_bool(call, "background", false)) {
		if (shell_run(call->memory->shell, &command, &report, &e))
			put_report(&report, out);
		else
			tool_fail(out, "the command was not started: %s", e.text);
		return;
	}
	command.timeout_ms = 0;
	if (shell_start(call->memory->shell, &command, &number, &e))
		buf_printf(&out->text, "[job %d started; read it with {\"job\": %d}]\n", number,
			number);
	else
		tool_fail(out, "the command was not started: %s", e.text);
}

static void run_job(const struct tool_call *call, int64_t number, struct tool_result *out)
{
	struct str action = tool_argument(call, "action", STR("read"));
	struct shell *s = call->memory->shell;
	struct shell_report report;
	struct err e;
	bool done;

	if (str_is(action, "stop"))
		done = shell_stop(s, (int)number, call->cancel, &report, &e);
	else if (str_is(action, "wait"))
		done = shell_read(s, (int)number, timeout_ms(call), call->cancel, &report, &e);
	else if (str_is(action, "read"))
		done = shell_read(s, (int)number, 0, call->cancel, &report, &e);
	else
		done = err_set(
			&e, ERR_USAGE, "action %.*s is none of read, wait, stop", STR_ARG(action));
	if (!done) {
		tool_fail(out, "%s", e.text);
		return;
	}
	/* That it was stopped is what was asked for. */
	bool is_wanted = str_is(action, "stop");
	put_report(&report, out);
	out->is_error = out->is_error && !is_wanted;
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	struct str text = tool_argument(call, "command", (struct str){0});
	int64_t job = tool_argument_int(call, "job", -1);

	if (text.p && str_find_char(text, '\0', 0) != SIZE_MAX)
		tool_fail(out, "the command has a NUL byte in it");
	else if (!call->hands->fence)
		tool_fail(out, "no commands can be run here");
	else if (str_trim(text).n)
		run_command(call, text, out);
	else if (job >= 0 && job <= INT32_MAX)
		run_job(call, job, out);
	else
		tool_fail(out, "command is required, or the job to read, wait for or stop");
}

static void touch(const struct tool_call *call, struct tool_touch *out)
{
	struct str text = tool_argument(call, "command", (struct str){0});

	/* A job is looked at: whatever it changes, it does so at any time. */
	if (!str_trim(text).n) {
		*out = (struct tool_touch){0};
		return;
	}
	if (command_only_reads(text)) {
		*out = (struct tool_touch){.paths = {STR("")}, .path_count = 1};
		return;
	}
	*out = (struct tool_touch){.is_alone = true, .writes = true};
}

static void show(const struct tool_call *call, struct buf *out)
{
	struct str text = tool_argument(call, "command", (struct str){0});

	if (text.p)
		buf_put_str(out, text);
	else
		buf_put_str(out, call->input);
	if (tool_argument_bool(call, "background", false))
		buf_put_text(out, "\n(in the background)");
}
