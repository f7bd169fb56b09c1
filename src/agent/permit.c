// SPDX-License-Identifier: MIT
#include "agent/permit.h"

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

static bool matches_paths(struct str pattern, const struct tool_touch *touch, bool is_allowing)
{
	size_t matching = 0;

	for (size_t i = 0; i < touch->path_count; i++)
		matching += glob_match(pattern, touch->paths[i]);
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
	tool_touched(tool, call, &touch);
	return matches_paths(pattern, &touch, is_allowing);
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
