// SPDX-License-Identifier: MIT
#include "agent/tool/git_run.h"

#include "base/vec.h"

enum {
	DEADLINE_MS = 10'000,
	ERRORS_MAX_BYTES = 4 << 10,
	FILTERS_MAX_BYTES = 256 << 10,
};

struct words {
	VEC(const char *) list;
};

/* Passed on from our environment; everything else stays here, keys above all. */
static const char *const passed[] = {
	"PATH", "HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "TMPDIR", "TZ", NULL};

static const char *const fixed[] = {
	"LC_ALL=C.UTF-8",
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_LITERAL_PATHSPECS=1",
	"GIT_NO_REPLACE_OBJECTS=1",
	/* No transport at all: a partial clone would fetch what a diff lacks. */
	"GIT_ALLOW_PROTOCOL=none",
	"GIT_NO_LAZY_FETCH=1",
	NULL,
};

static const char *const hardening[] = {
	"--no-pager",
	"-c",
	"core.fsmonitor=false",
	"-c",
	"core.hooksPath=/dev/null",
	"-c",
	"protocol.ext.allow=never",
	/* Would start the program that gpg.program names. */
	"-c",
	"log.showSignature=false",
	"-c",
	"core.quotePath=false",
	"-c",
	"color.ui=false",
	"-c",
	"i18n.logOutputEncoding=UTF-8",
	"-c",
	"diff.noprefix=false",
	"-c",
	"diff.mnemonicPrefix=false",
	NULL,
};

static void add_all(struct words *to, const char *const *from)
{
	for (; *from; from++)
		vec_push(&to->list, *from);
}

static void put_environment(const struct tool_call *call, struct words *environment)
{
	for (const char *const *name = passed; *name; name++) {
		const char *value = getenv(*name);
		if (value)
			vec_push(&environment->list,
				arena_printf(call->arena, "%s=%s", *name, value).p);
	}
	add_all(environment, fixed);
	/* Not above the workspace, should the repository turn out to be broken. */
	vec_push(&environment->list,
		arena_printf(call->arena, "GIT_CEILING_DIRECTORIES=%s/..", call->workspace->root)
			.p);
}

static bool start(const struct tool_call *call, const char *const *arguments,
	const char *const *environment, size_t max_bytes, struct child_result *result,
	struct tool_result *out)
{
	AUTO(buf) program = {0};
	struct words all = {0};
	struct err e;

	if (!child_find("git", &program)) {
		tool_fail(out, "git is not installed");
		return false;
	}
	vec_push(&all.list, "git");
	vec_push(&all.list, "-C");
	vec_push(&all.list, call->workspace->root);
	add_all(&all, hardening);
	add_all(&all, arguments);
	vec_push(&all.list, NULL);
	struct child_options options = {
		.program = program.p,
		.arguments = all.list.p,
		.environment = environment,
		.out_max_bytes = max_bytes,
		.errors_max_bytes = ERRORS_MAX_BYTES,
		.deadline_ms = DEADLINE_MS,
		.cancel = call->cancel,
	};
	bool done = child_run(&options, result, &e);
	vec_release(&all.list);
	if (!done)
		tool_fail(out, e.code == ERR_TIMEOUT ? "%s; narrow it with path or limit" : "%s",
			e.text);
	return done;
}

static void set_config(const struct tool_call *call, struct words *environment, size_t *count,
	const char *key, const char *value)
{
	vec_push(&environment->list,
		arena_printf(call->arena, "GIT_CONFIG_KEY_%zu=%s", *count, key).p);
	vec_push(&environment->list,
		arena_printf(call->arena, "GIT_CONFIG_VALUE_%zu=%s", *count, value).p);
	++*count;
}

/*
 * Filters (clean, smudge, process) that the repository's own configuration names would be run by
 * status and diff. They are set to nothing; those of the user's configuration stay.
 */
static bool silence_filters(
	const struct tool_call *call, struct words *environment, struct tool_result *out)
{
	static const char *const list[] = {"config", "--includes", "--show-scope", "--name-only",
		"-z", "--get-regexp", "^filter\\.", NULL};
	AUTO(child_result) found = {0};
	struct words plain = {0};
	size_t count = 0;

	vec_each (&environment->list, word)
		vec_push(&plain.list, *word);
	vec_push(&plain.list, NULL);
	bool done = start(call, list, plain.list.p, FILTERS_MAX_BYTES, &found, out);
	vec_release(&plain.list);
	if (!done)
		return false;
	if (found.out_bytes > FILTERS_MAX_BYTES) {
		tool_fail(out, "the repository's configuration names too many filters");
		return false;
	}
	struct str rest = buf_str(&found.out), scope, key;
	while (rest.n && str_split(&rest, '\0', &scope) && str_split(&rest, '\0', &key)) {
		if (!str_is(scope, "local") && !str_is(scope, "worktree"))
			continue;
		bool is_flag = str_ends(key, STR(".required"));
		set_config(call, environment, &count, arena_text(call->arena, key),
			is_flag ? "false" : "");
	}
	vec_push(&environment->list, arena_printf(call->arena, "GIT_CONFIG_COUNT=%zu", count).p);
	return true;
}

static void fail_as_git(const struct child_result *result, struct tool_result *out)
{
	struct str errors = str_trim(buf_str(&result->errors)), line = {0};

	(void)str_split(&errors, '\n', &line);
	if (str_starts(line, STR("fatal: ")))
		line = str_skip(line, 7);
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
	struct words environment = {0};

	if (!call->workspace->has_git) {
		tool_fail(out, "%s is not a git repository", call->workspace->root);
		return false;
	}
	put_environment(call, &environment);
	bool done = !command->reads_worktree || silence_filters(call, &environment, out);
	vec_push(&environment.list, NULL);
	done = done && start(call, command->arguments, environment.list.p, command->out_max_bytes,
			       result, out);
	vec_release(&environment.list);
	if (done && result->status != 0) {
		fail_as_git(result, out);
		done = false;
	}
	return done;
}
