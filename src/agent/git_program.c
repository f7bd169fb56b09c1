// SPDX-License-Identifier: MIT
#include "agent/git_program.h"

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
	for (; from && *from; from++)
		vec_push(&to->list, *from);
}

static void put_environment(struct git_program *g)
{
	for (const char *const *name = passed; *name; name++) {
		const char *value = getenv(*name);
		if (value)
			vec_push(&g->environment, arena_printf(&g->arena, "%s=%s", *name, value).p);
	}
	for (const char *const *word = fixed; *word; word++)
		vec_push(&g->environment, *word);
	/* Not above the workspace, should the repository turn out to be broken. */
	vec_push(&g->environment,
		arena_printf(&g->arena, "GIT_CEILING_DIRECTORIES=%s/..", g->root).p);
}

bool git_program_open(struct git_program *g, const char *root, struct err *e)
{
	AUTO(buf) path = {0};

	if (!child_find("git", &path))
		return err_set(e, ERR_NOT_FOUND, "git is not installed");
	*g = (struct git_program){0};
	g->path = arena_text(&g->arena, buf_str(&path));
	g->root = arena_text(&g->arena, str_from(root));
	put_environment(g);
	return true;
}

void git_program_release(struct git_program *g)
{
	vec_release(&g->environment);
	arena_release(&g->arena);
	*g = (struct git_program){0};
}

bool git_program_run(const struct git_program *g, const struct git_words *words,
	struct child_result *result, struct err *e)
{
	struct words all = {0}, environment = {0};

	vec_push(&all.list, "git");
	vec_push(&all.list, "-C");
	vec_push(&all.list, g->root);
	add_all(&all, hardening);
	add_all(&all, words->arguments);
	vec_push(&all.list, NULL);
	vec_each (&g->environment, word)
		vec_push(&environment.list, *word);
	add_all(&environment, words->variables);
	vec_push(&environment.list, NULL);
	struct child_options options = {
		.program = g->path,
		.arguments = all.list.p,
		.environment = environment.list.p,
		.input = words->input,
		.out_max_bytes = words->out_max_bytes,
		.errors_max_bytes = ERRORS_MAX_BYTES,
		.deadline_ms = words->deadline_ms,
		.cancel = words->cancel,
	};
	bool done = child_run(&options, result, e);
	vec_release(&all.list);
	vec_release(&environment.list);
	return done;
}

static void set_config(struct git_program *g, size_t *count, const char *key, const char *value)
{
	vec_push(&g->environment, arena_printf(&g->arena, "GIT_CONFIG_KEY_%zu=%s", *count, key).p);
	vec_push(&g->environment,
		arena_printf(&g->arena, "GIT_CONFIG_VALUE_%zu=%s", *count, value).p);
	++*count;
}

bool git_program_silence(
	struct git_program *g, bool all_of_them, const atomic_bool *cancel, struct err *e)
{
	static const char *const list[] = {"config", "--includes", "--show-scope", "--name-only",
		"-z", "--get-regexp", "^filter\\.", NULL};
	struct git_words words = {.arguments = list,
		.out_max_bytes = FILTERS_MAX_BYTES,
		.deadline_ms = DEADLINE_MS,
		.cancel = cancel};
	AUTO(child_result) found = {0};
	size_t count = 0;

	if (!git_program_run(g, &words, &found, e))
		return false;
	if (found.out_bytes > FILTERS_MAX_BYTES)
		return err_set(
			e, ERR_LIMIT, "the repository's configuration names too many filters");
	struct str rest = buf_str(&found.out), scope, key;
	while (rest.n && str_split(&rest, '\0', &scope) && str_split(&rest, '\0', &key)) {
		if (!all_of_them && !str_is(scope, "local") && !str_is(scope, "worktree"))
			continue;
		bool is_flag = str_ends(key, STR(".required"));
		set_config(g, &count, arena_text(&g->arena, key), is_flag ? "false" : "");
	}
	vec_push(&g->environment, arena_printf(&g->arena, "GIT_CONFIG_COUNT=%zu", count).p);
	return true;
}

struct str git_program_complaint(const struct child_result *result)
{
	struct str errors = str_trim(buf_str(&result->errors)), line = {0};

	(void)str_split(&errors, '\n', &line);
	if (str_starts(line, STR("fatal: ")) || str_starts(line, STR("error: ")))
		line = str_skip(line, 7);
	return line;
}
