// SPDX-License-Identifier: MIT
#include "agent/tool/git_run.h"

#include "agent/git_program.h"

enum { DEADLINE_MS = 10'000 };

static void fail_as_git(const struct child_result *result, struct tool_result *out)
{
	struct str line = git_program_complaint(result);

	if (str_contains(line, STR("does not have any commits yet")) ||
		str_contains(line, STR("bad revision 'HEAD'")) ||
		str_contains(line, STR("bad revision 'HEAD^{commit}'")) ||
		str_contains(line, STR("no such ref: HEAD")))
		tool_fail(out, "no commits yet");
	else if (line.n == 0)
		tool_fail(out, "git ended with status %d", result->status);
	else
		tool_fail(out, "git: %.*s", STR_ARG(line));
}

bool git_run(const struct tool_call *call, const struct git_command *command,
	struct child_result *result, struct tool_result *out)
{
	AUTO(git_program) git = {0};
	struct git_words words = {.arguments = command->arguments,
		.out_max_bytes = command->out_max_bytes,
		.deadline_ms = DEADLINE_MS,
		.cancel = call->cancel};
	struct err e;

	if (!call->workspace->has_git) {
		tool_fail(out, "%s is not a git repository", call->workspace->root);
		return false;
	}
	bool done =
		git_program_open(&git, call->workspace->root, &e) &&
		(!command->reads_worktree || git_program_silence(&git, false, call->cancel, &e)) &&
		git_program_run(&git, &words, result, &e);
	if (!done) {
		tool_fail(out, e.code == ERR_TIMEOUT ? "%s; narrow it with path or limit" : "%s",
			e.text);
		return false;
	}
	if (result->status != 0) {
		fail_as_git(result, out);
		return false;
	}
	return true;
}
