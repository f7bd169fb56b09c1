// SPDX-License-Identifier: MIT
/* usage_view: views of usage that no transcript was read for. */
#ifndef TEST_USAGE_VIEW_H
#define TEST_USAGE_VIEW_H

#include "usage/usage.h"

static const struct str view_names[] = {STR(""), STR("claude"), STR("codex"), STR("s1"), STR("s2"),
	STR("/home/me/alpha"), STR("/home/me/beta"), STR("claude-opus-4-5"), STR("gpt-5"),
	STR("main"), STR("/home/me/alpha/sub"), STR("mystery"), STR("openai")};

enum name {
	NONE,
	CLAUDE,
	CODEX,
	S1,
	S2,
	ALPHA,
	BETA,
	OPUS,
	GPT,
	MAIN,
	ALPHA_SUB,
	MYSTERY,
	OPENAI,
	NAME_COUNT,
};

#define DAY_MS 86'400'000LL

/* input tokens and the cost in nano-dollars; -1 unknown. */
static inline struct usage_cell cell(int32_t day, uint32_t source, uint32_t session,
	uint32_t project, uint32_t model, int64_t input, int64_t cost)
{
	struct usage_cell c = {.day = day,
		.source = source,
		.session = session,
		.project = project,
		.model = model,
		.branch = MAIN,
		.provider = model == GPT ? OPENAI : NONE,
		.first_ms = day * DAY_MS + 1000,
		.last_ms = day * DAY_MS + 2000,
		.sum = {.tokens = {.input = input}, .answers = 1}};

	for (int i = 0; i < USAGE_MODES; i++)
		if (cost < 0)
			c.sum.unpriced[i] = 1;
		else
			c.sum.cost_nanousd[i] = cost;
	return c;
}

#endif
