// SPDX-License-Identifier: MIT
/* skill: the body of a skill, or a file that belongs to it. */
#include "agent/hands.h"
#include "agent/tool/plain.h"

extern const char embed_skill_md[];

static void run(const struct tool_call *call, struct tool_result *out);
static void touch(const struct tool_call *call, struct tool_touch *out);

const struct tool tool_skill = {
	.name = "skill",
	.needs = TOOL_READS,
	.target = "name",
	.document = embed_skill_md,
	.run = run,
	.touch = touch,
};

/* No path of the workspace that something could write to. */
static void touch(const struct tool_call *, struct tool_touch *)
{
}

static void fail_unknown(const struct skills *skills, struct str name, struct tool_result *out)
{
	AUTO(buf) known = {0};

	vec_each (&skills->list, skill)
		buf_printf(&known, "%s%.*s", known.n ? ", " : "", STR_ARG(skill->name));
	tool_fail(out, "there is no skill %.*s; there are: %s", STR_ARG(name), buf_text(&known));
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	const struct skills *skills = &call->hands->skills;
	struct str name = tool_argument(call, "name", STR(""));
	struct str file = tool_argument(call, "file", STR(""));
	const struct skill *skill = skills_find(skills, name);
	AUTO(buf) text = {0};
	AUTO(buf) files = {0};
	struct err e;

	if (!skill) {
		fail_unknown(skills, name, out);
		return;
	}
	if (!skill_read(skill, call->workspace, file, &text, &e)) {
		tool_fail(out, "%s", e.text);
		return;
	}
	plain_put_text(&out->text, buf_str(&text));
	if (out->text.n && out->text.p[out->text.n - 1] != '\n')
		buf_put_char(&out->text, '\n');
	if (file.n)
		return;
	skill_put_files(skill, call->workspace, &files);
	if (files.n) {
		buf_put_text(&out->text, "[further files of this skill: ");
		plain_put_line(&out->text, buf_str(&files));
		buf_put_text(&out->text, "]\n");
	}
}
