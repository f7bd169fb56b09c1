// SPDX-License-Identifier: MIT
/* prompt: what a model is told besides the task: our own words, the project's, and today's facts.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/tool/plain.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/option.h"
#include "base/utf8.h"
#include "base/vec.h"

extern const char embed_system_md[], embed_editor_md[], embed_reader_md[], embed_sub_md[];

/* Both are read where both exist; a link from one to the other is read once. */
static const char *const instruction_names[] = {"AGENTS.md", "CLAUDE.md"};

struct seen_file {
	dev_t device;
	ino_t inode;
};

struct loader {
	const struct workspace *workspace;
	struct buf *system;
	struct buf *notice;
	size_t used_bytes;
	VEC(struct seen_file) seen;
};

static bool is_seen(struct loader *l, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return true;
	vec_each (&l->seen, file)
		if (file->device == st.st_dev && file->inode == st.st_ino)
			return true;
	vec_push(&l->seen, (struct seen_file){st.st_dev, st.st_ino});
	return false;
}

/* What a repository's link makes of a file of the user's is no instruction. */
static bool holds_secrets(struct loader *l, int fd)
{
	AUTO(arena) a = {0};
	struct str real;

	return !workspace_real(l->workspace, fd, &a, &real) || secret_is_path(NULL, real);
}

static void add_file(struct loader *l, struct str path)
{
	struct err e;
	AUTO(buf) text = {0};
	AUTO_FD fd = workspace_open_path(l->workspace, path, O_RDONLY, &e);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || holds_secrets(l, fd) ||
		is_seen(l, fd))
		return;
	size_t left = INSTRUCTIONS_MAX_BYTES - l->used_bytes;
	/* One read is enough: what is beyond the cap is not wanted. */
	char *at = buf_reserve(&text, left + 1);
	ssize_t n = at ? pread(fd, at, left + 1, 0) : -1;
	if (n <= 0)
		return;
	text.n = (size_t)n;
	struct str body = utf8_head(buf_str(&text), left);
	bool cut = body.n < text.n;
	buf_printf(l->system, "\n# Instructions from %.*s\n", STR_ARG(path));
	plain_put_text(l->system, str_trim(body));
	buf_put_text(l->system, cut ? "\n[cut here: too long]\n" : "\n");
	l->used_bytes += body.n;
	if (cut)
		buf_printf(l->notice, "%s%.*s is cut at %d KB of instructions",
			l->notice->n ? "; " : "", STR_ARG(path), INSTRUCTIONS_MAX_BYTES >> 10);
}

static void add_directory(struct loader *l, struct str directory)
{
	char path[4096];

	for (size_t i = 0; i < 2; i++) {
		int n = snprintf(path, sizeof path, "%.*s%s%s", STR_ARG(directory),
			directory.n ? "/" : "", instruction_names[i]);
		if (n > 0 && (size_t)n < sizeof path && l->used_bytes < INSTRUCTIONS_MAX_BYTES)
			add_file(l, (struct str){path, (size_t)n});
	}
}

static void add_instructions(struct loader *l)
{
	struct str inside = str_from(l->workspace->inside);

	add_directory(l, STR(""));
	for (size_t at = 0; at < inside.n;) {
		size_t slash = str_find_char(inside, '/', at);
		struct str directory = str_head(inside, slash);
		add_directory(l, directory);
		at = directory.n + 1;
	}
	vec_release(&l->seen);
}

static void put_branch(const struct workspace *w, struct buf *facts)
{
	AUTO(arena) a = {0};
	bool is_branch;
	struct str branch = workspace_branch(w, &a, &is_branch);

	if (!branch.p)
		return;
	buf_put_text(facts, is_branch ? "git branch: " : "git commit: ");
	utf8_put_line(facts, branch, 200);
	buf_put_char(facts, '\n');
}

static void put_facts(const struct workspace *w, int64_t wall_s, struct buf *facts)
{
	char date[11];

	clock_date(wall_s, date);
	buf_printf(facts, "# Facts\ndate: %s\nworking directory: ", date);
	utf8_put_line(facts, str_from(w->root), 1000);
	if (w->inside[0]) {
		buf_put_char(facts, '/');
		utf8_put_line(facts, str_from(w->inside), 1000);
		buf_put_text(facts, "\nrepository root: ");
		utf8_put_line(facts, str_from(w->root), 1000);
	}
	buf_put_char(facts, '\n');
	put_branch(w, facts);
}

/* OpenAI's models from GPT-5 on, and those named for Codex, have learnt patches. */
static bool knows_patches(const struct route *route)
{
	struct str id = route->model_id;
	const char *slash = id.n ? memrchr(id.p, '/', id.n) : NULL;

	if (slash)
		id = str_range(slash + 1, id.p + id.n);
	if (!route->wire || (strcmp(route->wire->name, "openai") != 0 &&
				    strcmp(route->wire->name, "responses") != 0))
		return false;
	return str_contains(id, STR("codex")) ||
	       (str_starts(id, STR("gpt-")) && id.n > 4 && id.p[4] >= '5' && id.p[4] <= '9');
}

static bool tool_suits_model(const struct tool *tool, const struct route *route)
{
	return tool->taste == TASTE_ANY ||
	       (tool->taste == TASTE_PATCHES) == (route && knows_patches(route));
}

static bool is_offered(
	const struct hands *hands, const struct tool *tool, const struct route *route)
{
	if (!tool_suits_model(tool, route))
		return false;
	if (tool == &tool_skill && !hands->skills.list.n)
		return false;
	if (tool == &tool_diagnostics && !hands->lsp)
		return false;
	return permit_offers(&hands->permit, str_from(tool->name), tool);
}

/* Whether one of them changes something. */
static bool offer_tools(
	struct agent_context *c, const struct hands *hands, const struct route *route)
{
	size_t count = 0;
	bool changes = false;

	while (tools[count])
		count++;
	c->tools = arena_alloc(&c->arena, count, sizeof *c->tools);
	for (const struct tool *const *t = tools; *t; t++) {
		if (!is_offered(hands, *t, route))
			continue;
		c->tools[c->tool_count++] = (struct tool_spec){.name = str_from((*t)->name),
			.description = tool_description(*t),
			.schema = tool_schema(*t)};
		changes |= (*t)->needs & TOOL_WRITES;
	}
	return changes;
}

static void offer_reading_tools(struct agent_context *c, const struct agent_context *other)
{
	c->tools = arena_alloc(&c->arena, other->tool_count, sizeof *c->tools);
	for (size_t i = 0; i < other->tool_count; i++) {
		const struct tool *tool = tool_find(other->tools[i].name);
		if (tool && tool->needs == TOOL_READS && tool->run)
			c->tools[c->tool_count++] = other->tools[i];
	}
}

/* ways: how to work, behind what holds for everybody. */
static void put_words(struct agent_context *c, const char *ways, const struct workspace *w,
	const struct hands *hands, int64_t wall_s)
{
	AUTO(buf) system = {0};
	AUTO(buf) notice = {0};
	AUTO(buf) facts = {0};
	struct loader loader = {.workspace = w, .system = &system, .notice = &notice};

	buf_put_str(&system, str_trim(str_from(embed_system_md)));
	buf_put_char(&system, '\n');
	buf_put_text(&system, ways);
	add_instructions(&loader);
	if (agent_context_has_tool(c, STR("skill")))
		skills_put_list(&hands->skills, &system);
	put_facts(w, wall_s, &facts);
	c->system = arena_copy(&c->arena, buf_str(&system));
	c->facts = arena_copy(&c->arena, buf_str(&facts));
	c->notice = arena_copy(&c->arena, buf_str(&notice));
}

void agent_context_load(struct agent_context *c, const struct workspace *w,
	const struct hands *hands, const struct route *route, int64_t wall_s)
{
	bool changes = offer_tools(c, hands, route);

	put_words(c, changes ? embed_editor_md : embed_reader_md, w, hands, wall_s);
}

void agent_context_load_reader(struct agent_context *c, const struct agent_context *other,
	const struct workspace *w, const struct hands *hands, int64_t wall_s)
{
	offer_reading_tools(c, other);
	put_words(c, embed_sub_md, w, hands, wall_s);
}

void agent_context_instruct(struct agent_context *c, struct str text)
{
	c->system = arena_printf(&c->arena, "%.*s\n# Instructions for this run\n%.*s\n",
		STR_ARG(c->system), STR_ARG(str_trim(text)));
}

static bool is_among(const struct str *names, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

static bool unknown_tool(struct str name, struct err *e)
{
	const char *known[32];
	size_t n = 0;

	for (; tools[n] && n < 31; n++)
		known[n] = tools[n]->name;
	known[n] = NULL;
	const char *near = option_nearest(name, known);
	return near ? err_set(e, ERR_USAGE, "no tool %.*s (did you mean %s?)", STR_ARG(name), near)
		    : err_set(e, ERR_USAGE, "no tool %.*s", STR_ARG(name));
}

bool agent_context_keep_tools(
	struct agent_context *c, const struct str *names, size_t count, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!tool_find(names[i]))
			return unknown_tool(names[i], e);
	for (size_t i = 0; i < c->tool_count; i++)
		if (is_among(names, count, c->tools[i].name))
			c->tools[kept++] = c->tools[i];
	c->tool_count = kept;
	c->kept = names;
	c->kept_count = count;
	return true;
}

void agent_context_add_tools(struct agent_context *c, const struct tool_spec *added, size_t count)
{
	struct tool_spec *all = arena_alloc(&c->arena, c->tool_count + count, sizeof *all);

	if (c->tool_count)
		memcpy(all, c->tools, c->tool_count * sizeof *all);
	c->tools = all;
	for (size_t i = 0; i < count; i++)
		if (!c->kept || is_among(c->kept, c->kept_count, added[i].name))
			all[c->tool_count++] = added[i];
}

bool agent_context_has_tool(const struct agent_context *c, struct str name)
{
	for (size_t i = 0; i < c->tool_count; i++)
		if (str_eq(c->tools[i].name, name))
			return true;
	return false;
}

void agent_context_release(struct agent_context *c)
{
	arena_release(&c->arena);
	*c = (struct agent_context){0};
}

void agent_context_free(struct agent_context *c)
{
	if (c)
		agent_context_release(c);
	free(c);
}
