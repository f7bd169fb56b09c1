// SPDX-License-Identifier: MIT
#include "agent/permit.h"

#include <stdlib.h>

#include "base/option.h"
#include "index/index.h"

/* Rules are also written with the names that other programs have for the same. */
static const struct {
	const char *theirs, *ours;
} other_names[] = {
	{"Read", "view"},
	{"Edit", "edit"},
	{"Edit", "multiedit"},
	{"Edit", "apply_patch"},
	{"MultiEdit", "multiedit"},
	{"Write", "write"},
	{"Bash", "bash"},
	{"Grep", "grep"},
	{"Glob", "glob"},
	{"LS", "ls"},
	{"WebFetch", "fetch"},
	{"Task", "task"},
	{"Skill", "skill"},
	{"TodoWrite", "todo"},
};

enum { OTHER_NAMES = sizeof other_names / sizeof *other_names };

bool permit_mode_find(struct str name, enum permit_mode *out)
{
	static const char *const names[] = {"read", "edit", "all"};

	for (int i = 0; i < 3; i++) {
		if (!str_is(name, names[i]))
			continue;
		*out = (enum permit_mode)i;
		return true;
	}
	return false;
}

/* The pattern is absent where the rule has none. */
static bool split_rule(struct str rule, struct str *name, struct str *pattern)
{
	size_t open = str_find_char(rule, '(', 0);

	*name = str_trim(str_head(rule, open));
	*pattern = (struct str){0};
	if (open == SIZE_MAX)
		return name->n > 0;
	if (rule.p[rule.n - 1] != ')')
		return false;
	*pattern = str_range(rule.p + open + 1, rule.p + rule.n - 1);
	return name->n > 0 && pattern->n > 0;
}

static bool names_tool(struct str written, struct str name)
{
	if (str_eq(written, name) || glob_match(written, name))
		return true;
	for (size_t i = 0; i < OTHER_NAMES; i++)
		if (str_is(written, other_names[i].theirs) && str_is(name, other_names[i].ours))
			return true;
	return false;
}

static bool names_any(struct str written)
{
	if (str_starts(written, STR("mcp__")))
		return true;
	for (const struct tool *const *t = tools; *t; t++)
		if (names_tool(written, str_from((*t)->name)))
			return true;
	return false;
}

bool permit_check_rule(struct str rule, struct err *e)
{
	struct str name, pattern;
	const char *known[64];
	size_t n = 0;

	if (!split_rule(str_trim(rule), &name, &pattern))
		return err_set(e, ERR_USAGE, "%.*s: neither NAME nor NAME(PATTERN)", STR_ARG(rule));
	if (names_any(name))
		return true;
	for (; tools[n] && n < 63; n++)
		known[n] = tools[n]->name;
	known[n] = NULL;
	const char *near = option_nearest(name, known);
	return near ? err_set(e, ERR_USAGE, "no tool %.*s (did you mean %s?)", STR_ARG(name), near)
		    : err_set(e, ERR_USAGE, "no tool %.*s", STR_ARG(name));
}

/* '*' stands for any bytes, all else for itself. */
static bool matches_words(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.n && pattern.p[p] == text.p[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static bool is_one_command(struct str command)
{
	for (size_t i = 0; i < command.n; i++)
		if (strchr(";&|<>$`(){}\n\r\\", command.p[i]))
			return false;
	return true;
}

static bool matches_command(struct str pattern, struct str command, bool is_allowing)
{
	/* "git diff:*" is how others write "git diff*". */
	AUTO(buf) plain = {0};
	struct str trimmed = str_trim(command);
	bool is_prefix = pattern.n > 2 && str_starts(str_skip(pattern, pattern.n - 2), STR(":*"));

	buf_put_str(&plain, is_prefix ? str_head(pattern, pattern.n - 2) : pattern);
	if (is_allowing && !is_one_command(trimmed))
		return false;
	if (!is_prefix)
		return matches_words(buf_str(&plain), trimmed);
	return str_starts(trimmed, buf_str(&plain)) &&
	       (trimmed.n == plain.n || trimmed.p[plain.n] == ' ');
}

static struct str host_of(struct str url)
{
	size_t start = str_find(url, STR("://"), 0), n = 0;
	struct str host = start == SIZE_MAX ? url : str_skip(url, start + 3);

	while (n < host.n && !strchr("/?#", host.p[n]))
		n++;
	host = str_head(host, n);
	const char *at = memrchr(host.p, '@', host.n);
	if (at)
		host = str_range(at + 1, host.p + host.n);
	size_t colon = host.n && host.p[0] == '[' ? SIZE_MAX : str_find_char(host, ':', 0);
	return str_head(host, colon);
}

/* "domain:HOST" is a host and those below it; else '*' stands for anything in the URL. */
static bool matches_url(struct str pattern, struct str url)
{
	static const struct str domain = STR("domain:");

	if (!str_starts(pattern, domain))
		return matches_words(pattern, url);
	struct str wanted = str_skip(pattern, domain.n), host = host_of(url);
	if (host.n <= wanted.n)
		return str_eq_nocase(host, wanted);
	return host.p[host.n - wanted.n - 1] == '.' &&
	       str_eq_nocase(str_skip(host, host.n - wanted.n), wanted);
}

/* Without links, as far as the path is there; as it is when it leads outside. */
static struct str real_path(const struct tool_call *call, struct str path)
{
	struct str root = str_from(call->workspace->root), head = path;

	for (;;) {
		struct str full =
			arena_printf(call->arena, "%.*s/%.*s", STR_ARG(root), STR_ARG(head));
		char *found = realpath(full.p, NULL);
		if (found) {
			struct str real = arena_copy(call->arena, str_from(found));
			free(found);
			bool is_inside = str_starts(real, root) &&
					 (real.n == root.n || root.n == 1 || real.p[root.n] == '/');
			if (!is_inside)
				return path;
			real = str_skip(
				real, root.n == 1 || real.n == root.n ? root.n : root.n + 1);
			struct str rest = str_skip(path, head.n);
			return arena_printf(call->arena, "%.*s%.*s", STR_ARG(real),
				STR_ARG(real.n ? rest : str_skip(rest, rest.n > 0)));
		}
		const char *slash = memrchr(head.p, '/', head.n);
		if (!head.n)
			return path;
		head = str_head(head, slash ? (size_t)(slash - head.p) : 0);
	}
}

/* What is allowed has to be so by its own name, too, and what is refused by any. */
static bool matches_path(
	struct str pattern, const struct tool_call *call, struct str path, bool is_allowing)
{
	bool by_words = glob_match(pattern, path),
	     by_links = glob_match(pattern, real_path(call, path));

	return is_allowing ? by_words && by_links : by_words || by_links;
}

static bool matches_paths(struct str pattern, const struct tool_call *call,
	const struct tool_touch *touch, bool is_allowing)
{
	size_t matching = 0;

	for (size_t i = 0; i < touch->path_count; i++)
		matching += matches_path(pattern, call, touch->paths[i], is_allowing);
	/* What touches more than was counted is alone, and may touch anything. */
	if (is_allowing)
		return matching && matching == touch->path_count && !touch->is_alone;
	return matching || touch->is_alone;
}

static bool matches(
	struct str rule, const struct tool *tool, const struct tool_call *call, bool is_allowing)
{
	struct str name, pattern;
	struct tool_touch touch;

	if (!split_rule(str_trim(rule), &name, &pattern) || !names_tool(name, call->name))
		return false;
	if (!pattern.p)
		return true;
	if (tool->needs & TOOL_RUNS)
		return matches_command(
			pattern, tool_argument(call, "command", STR("")), is_allowing);
	if (tool->needs & TOOL_NET)
		return matches_url(pattern, tool_argument(call, "url", STR("")));
	tool_touched(tool, call, &touch);
	return matches_paths(pattern, call, &touch, is_allowing);
}

static bool is_allowed_by_mode(const struct permit *p, unsigned needs)
{
	switch (p->mode) {
	case PERMIT_READ: return !(needs & ~(unsigned)TOOL_READS);
	case PERMIT_EDIT: return !(needs & TOOL_RUNS) || p->has_sandbox;
	default: return true;
	}
}

bool permit_offers(const struct permit *p, struct str name, const struct tool *tool)
{
	struct str written, pattern;

	for (size_t i = 0; i < p->denied_count; i++)
		if (split_rule(str_trim(p->denied[i]), &written, &pattern) && !pattern.p &&
			names_tool(written, name))
			return false;
	/* Without a fence only the word for everything will do. */
	if ((tool->needs & TOOL_RUNS) && !p->has_sandbox)
		return p->mode == PERMIT_ALL;
	if (is_allowed_by_mode(p, tool->needs))
		return true;
	for (size_t i = 0; i < p->allowed_count; i++)
		if (split_rule(str_trim(p->allowed[i]), &written, &pattern) &&
			names_tool(written, name))
			return true;
	return false;
}

static bool matches_one(const struct str *rules, size_t count, const struct tool *tool,
	const struct tool_call *call, bool is_allowing)
{
	for (size_t i = 0; i < count; i++)
		if (matches(rules[i], tool, call, is_allowing))
			return true;
	return false;
}

enum permission permit_judge(const struct permit *p, const struct tool *tool,
	const struct tool_call *call, struct buf *why)
{
	bool is_allowed = matches_one(p->allowed, p->allowed_count, tool, call, true);

	if (matches_one(p->denied, p->denied_count, tool, call, false)) {
		buf_put_text(why, "not permitted: the user has refused this (--deny-tool)");
		return PERMISSION_REFUSED;
	}
	if ((tool->needs & TOOL_RUNS) && !p->has_sandbox && p->mode != PERMIT_ALL) {
		buf_put_text(why, "not permitted: there is no sandbox to run commands in here");
		return PERMISSION_REFUSED;
	}
	if (is_allowed)
		return PERMISSION_GIVEN;
	if (!is_allowed_by_mode(p, tool->needs)) {
		buf_printf(why,
			"not permitted: this run may only read (--permit %s); say what you would "
			"have done",
			p->mode == PERMIT_READ ? "read" : "edit");
		return PERMISSION_REFUSED;
	}
	return p->asks && (tool->needs & ~(unsigned)TOOL_READS) ? PERMISSION_ASK : PERMISSION_GIVEN;
}
