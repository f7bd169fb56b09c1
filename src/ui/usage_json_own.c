// SPDX-License-Identifier: MIT
/*
 * usage_json_own: members that only some assistants' reports have: credits, messages, and what
 * ccusage calls otherwise for Codex.
 */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "ui/usage_inside.h"

static bool is_codex(const struct usage_look *look)
{
	return look->only && strcmp(look->only, "codex") == 0;
}

/* ---- sums ---- */

void usage_member_credits(struct json_writer *w, const struct usage_sum *sum)
{
	/* Written as money is: both are counted in billionths. */
	if (sum->tokens.nanocredits)
		usage_member_usd(w, "credits", sum->tokens.nanocredits);
}

void usage_put_own_members(struct json_writer *w, const struct usage_look *look,
	const struct usage_sum *sum, bool is_total)
{
	if (!look->only)
		return;
	usage_member_credits(w, sum);
	if (sum->tokens.messages && !is_total)
		json_member_int(w, "messageCount", sum->tokens.messages);
	if (!is_codex(look))
		return;
	if (!look->hides_cost)
		usage_member_usd(w, "costUSD", sum->cost_nanousd[look->mode]);
	json_member_int(w, "reasoningOutputTokens", sum->tokens.reasoning);
}

static bool has_guessed(const struct usage_view *view, uint32_t model)
{
	for (size_t i = 0; i < view->cell_count; i++)
		if (view->cells[i].model == model && view->cells[i].sum.answers > 0 &&
			view->cells[i].flags & USAGE_GUESSED_MODEL)
			return true;
	return false;
}

void usage_put_codex_models(
	struct json_writer *w, const struct usage_look *look, const struct usage_row *row)
{
	if (!is_codex(look))
		return;
	json_key(w, "models");
	json_open(w, '{');
	for (size_t i = 0; i < row->part_count; i++) {
		const struct usage_part *part = &row->parts[i];
		AUTO(buf) name = {0};
		usage_put_model(&name, look->view, part);
		json_key_str(w, buf_str(&name));
		json_open(w, '{');
		usage_put_token_members(w, &part->sum.tokens);
		json_member_int(w, "reasoningOutputTokens", part->sum.tokens.reasoning);
		json_member_int(w, "totalTokens", usage_tokens_total(&part->sum.tokens));
		json_member_bool(w, "isFallback", has_guessed(look->view, part->name));
		json_close(w, '}');
	}
	json_close(w, '}');
}

/* ---- sessions ---- */

struct rollout {
	struct str thread, path; /* the path without its end */
};

static struct str without_end(struct str path)
{
	return str_ends(path, STR(".jsonl")) ? str_head(path, path.n - STR(".jsonl").n) : path;
}

static int compare_rollouts(const void *a, const void *b)
{
	const struct rollout *x = a, *y = b;
	int by_thread = str_cmp(x->thread, y->thread);

	return by_thread ? by_thread : str_cmp(x->path, y->path);
}

/* A rollout's name ends with its thread's id, which begins behind the time: "...T10-00-00-". */
static struct str thread_of(struct str path)
{
	enum { ID_CHARS = 36 };

	return str_skip(path, path.n > ID_CHARS ? path.n - ID_CHARS : path.n);
}

void usage_rollouts_find(struct usage_rollouts *rollouts, const struct usage_look *look)
{
	const struct usage_view *view = look->view;

	if (!is_codex(look))
		return;
	rollouts->list = must_alloc(view->file_count + 1, sizeof *rollouts->list);
	for (size_t i = 0; i < view->file_count; i++) {
		struct str path = without_end(view->files[i].path);
		rollouts->list[rollouts->count++] = (struct rollout){thread_of(path), path};
	}
	qsort(rollouts->list, rollouts->count, sizeof *rollouts->list, compare_rollouts);
}

void usage_rollouts_release(struct usage_rollouts *rollouts)
{
	free(rollouts->list);
}

/* The path of the rollout in which the session began, or what stands for one. */
static struct str rollout_of(const struct usage_rollouts *rollouts, struct str session)
{
	size_t low = 0, high = rollouts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(rollouts->list[middle].thread, session) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	bool is_there = low < rollouts->count && str_eq(rollouts->list[low].thread, session);
	return is_there ? rollouts->list[low].path : session;
}

/* What is below "sessions" or "archived_sessions"; a session's id as it is. */
static struct str below_sessions(struct str path)
{
	static const struct str places[] = {STR("/sessions/"), STR("/archived_sessions/")};

	for (size_t at = path.n; at-- > 0;)
		for (size_t i = 0; i < sizeof places / sizeof *places; i++)
			if (str_starts(str_skip(path, at), places[i]))
				return str_skip(path, at + places[i].n);
	if (!str_starts(path, STR("/")))
		return path;
	const char *slash = memrchr(path.p, '/', path.n);
	return str_range(slash + 1, path.p + path.n);
}

/* ccusage names sessions of Codex after their files: "2026/11/20" and "rollout-...". */
static void put_place(
	struct json_writer *w, const struct usage_rollouts *rollouts, struct str session)
{
	struct str below = below_sessions(rollout_of(rollouts, session));
	const char *slash = below.n ? memrchr(below.p, '/', below.n) : NULL;

	json_member_str(w, "directory", slash ? str_range(below.p, slash) : STR(""));
	json_member_str(w, "sessionFile", slash ? str_range(slash + 1, below.p + below.n) : below);
}

static void put_metadata(
	struct json_writer *w, const struct usage_look *look, const struct usage_row *row)
{
	json_key(w, "metadata");
	json_open(w, '{');
	usage_member_instant(w, "lastActivity", row->last_ms);
	usage_member_instant(w, "firstActivity", row->first_ms);
	json_member_str(w, "projectPath", usage_name(look->view, row->project));
	usage_member_credits(w, &row->sum);
	if (str_is(usage_name(look->view, row->source), "codex"))
		json_member_int(w, "reasoningOutputTokens", row->sum.tokens.reasoning);
	json_close(w, '}');
}

void usage_put_session_members(struct json_writer *w, const struct usage_look *look,
	const struct usage_rollouts *rollouts, const struct usage_row *row)
{
	struct str session = usage_name(look->view, row->name);

	if (!look->only) {
		json_member_str(w, "period", session);
		json_member_str(w, "agent", usage_name(look->view, row->source));
		put_metadata(w, look, row);
		return;
	}
	json_member_str(w, "sessionId", session);
	if (is_codex(look))
		put_place(w, rollouts, session);
	json_member_str(w, "projectPath", usage_name(look->view, row->project));
	usage_member_instant(w, "firstActivity", row->first_ms);
	usage_member_instant(w, "lastActivity", row->last_ms);
}
