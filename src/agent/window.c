// SPDX-License-Identifier: MIT
#include "agent/window.h"

#include <string.h>

#include "agent/tokens.h"
#include "agent/trim.h"
#include "base/buf.h"
#include "base/utf8.h"

enum { KEEP_TURNS = 3 };
/*
 * Of the room beside system, tools and task, in percent: what a shrink aims at; what is good enough
 * where placeholders alone do it; what the results of one turn may take.
 */
enum { AIM_PERCENT = 60, ENOUGH_PERCENT = 75, RESULTS_PERCENT = 70 };
/* Of the whole window: 1/3 at most for the answer, 1/64 because an estimate is one. */
enum { OUTPUT_PART = 3, MARGIN_PART = 64 };
/* Of a summary, by estimate: an eighth of the room within these. */
enum { SUMMARY_PART = 8, SUMMARY_MIN_TOKENS = 96, SUMMARY_MAX_TOKENS = 4096 };
/* Counts that no tokenizer comes to are no counts: servers that leave out what they had cached. */
enum { SCALE_MIN = WINDOW_SCALE_ONE * 2 / 5, SCALE_MAX = WINDOW_SCALE_ONE * 4 };

/* ---- sizes ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t to_provider(const struct window *w, int64_t ours)
{
	return (int64_t)((__int128)ours * w->scale / WINDOW_SCALE_ONE);
}

static int64_t to_ours(const struct window *w, int64_t providers)
{
	return (int64_t)((__int128)providers * WINDOW_SCALE_ONE / w->scale);
}

/* What a request may take, by estimate. */
static int64_t budget(const struct window *w)
{
	return to_ours(w, w->tokens - w->output_tokens - w->tokens / MARGIN_PART);
}

static int64_t task_size(const struct window *w)
{
	return w->sizes.n ? w->sizes.p[0].whole : 0;
}

/* What is left for the turns. */
static int64_t room(const struct window *w)
{
	return most(budget(w) - w->fixed - task_size(w), 0);
}

static int64_t allowance(const struct window *w)
{
	return most(least(room(w) / SUMMARY_PART, SUMMARY_MAX_TOKENS), SUMMARY_MIN_TOKENS);
}

int64_t window_summary_tokens(const struct window *w)
{
	return to_provider(w, allowance(w));
}

int64_t window_request_tokens(const struct window *w)
{
	return to_provider(w, w->fixed + w->viewed);
}

/* ---- the view ---- */

static struct message cut_to_fit(struct window *w, size_t i)
{
	const struct message *m = &w->session->messages.p[i];
	int64_t before = i > 1 ? w->sizes.p[i - 1].whole : 0;

	if (!w->tokens || i == 0 || m->role != ROLE_USER)
		return *m;
	return trim_results(m, most(room(w) * RESULTS_PERCENT / 100 - before, 0), &w->arena);
}

static struct window_size measure(const struct message *m)
{
	struct window_size size = {.role = m->role, .whole = tokens_of_message(m)};

	size.shortened = size.whole;
	for (size_t i = 0; i < m->block_count; i++)
		if (trim_is_worth(&m->blocks[i])) {
			size.shortened -= tokens_of_text(m->blocks[i].text) - PLACEHOLDER_TOKENS;
			size.results++;
		}
	return size;
}

static void put_view(struct window *w, const struct message *m, int64_t size)
{
	vec_push(&w->view, *m);
	w->viewed += size;
}

/* Appends what the session has more of. */
static void catch_up(struct window *w)
{
	for (size_t i = w->sizes.n; i < w->session->messages.n; i++) {
		struct message m = w->session->messages.p[i];
		if (w->tokens)
			m = cut_to_fit(w, i);
		vec_push(&w->sizes, measure(&m));
		put_view(w, &m, w->sizes.p[i].whole);
	}
}

/* What stands behind the task in place of the turns that left. */
static struct str replacement(struct window *w)
{
	AUTO(buf) text = {0};

	if (w->summary.n)
		buf_printf(&text,
			"[%zu earlier turns were taken out of this conversation to save room. "
			"What they came to:]\n\n%.*s\n",
			w->left - w->unsummarised, STR_ARG(w->summary));
	if (w->unsummarised)
		buf_printf(&text,
			"%s[%zu%s turns were taken out of this conversation to save room, and there "
			"is no summary of them; what they found has to be looked up again.]\n",
			w->summary.n ? "\n" : "", w->unsummarised,
			w->summary.n ? " later" : " earlier");
	return arena_copy(&w->arena, buf_str(&text));
}

static struct message first_message(struct window *w)
{
	struct message m = w->session->messages.p[0];

	if (!w->left)
		return m;
	struct block *blocks = arena_alloc(&w->arena, m.block_count + 1, sizeof *blocks);
	memcpy(blocks, m.blocks, m.block_count * sizeof *blocks);
	blocks[m.block_count++] = (struct block){.kind = BLOCK_TEXT, .text = replacement(w)};
	m.blocks = blocks;
	return m;
}

static void rebuild(struct window *w)
{
	w->view.n = 0;
	w->viewed = 0;
	arena_clear(&w->arena);
	struct message m = first_message(w);
	put_view(w, &m, tokens_of_message(&m));
	for (size_t i = w->now.keep_from; i < w->sizes.n; i++) {
		int64_t size;
		if (i < w->now.placeholders_to && w->sizes.p[i].results) {
			m = trim_to_placeholders(&w->session->messages.p[i], &w->arena);
			size = tokens_of_message(&m);
		} else {
			/* How much is cut goes with what the provider has reported since. */
			m = cut_to_fit(w, i);
			w->sizes.p[i] = measure(&m);
			size = w->sizes.p[i].whole;
		}
		put_view(w, &m, size);
	}
}

/* ---- what to take away ---- */

/* Where the last few turns begin: at an answer. */
static size_t turns_from(const struct window *w, size_t turns)
{
	size_t i = w->sizes.n;

	while (i > 1 && turns > 0)
		turns -= w->sizes.p[--i].role == ROLE_ASSISTANT;
	return i > 1 ? i : 1;
}

static int64_t put_placeholders(
	const struct window *w, struct window_plan *p, size_t limit, int64_t aim, int64_t size)
{
	for (; p->placeholders_to < limit && size > aim; p->placeholders_to++)
		if (p->placeholders_to >= p->keep_from)
			size -= w->sizes.p[p->placeholders_to].whole -
				w->sizes.p[p->placeholders_to].shortened;
	return size;
}

static int64_t leave(
	const struct window *w, struct window_plan *p, size_t limit, int64_t aim, int64_t size)
{
	while (p->keep_from < limit && size > aim)
		do {
			const struct window_size *s = &w->sizes.p[p->keep_from];
			size -= p->keep_from < p->placeholders_to ? s->shortened : s->whole;
			p->keep_from++;
		} while (p->keep_from < limit && w->sizes.p[p->keep_from].role != ROLE_ASSISTANT);
	return size;
}

static struct window_plan make_plan(const struct window *w, int64_t aim, int64_t enough)
{
	struct window_plan p = w->now;
	int64_t size = w->fixed + w->viewed;
	size_t few = turns_from(w, KEEP_TURNS), last = turns_from(w, 1);

	size = put_placeholders(w, &p, few, aim, size);
	if (size <= enough || last <= p.keep_from)
		return p;
	/* Counted in advance; the one that it takes the place of goes. */
	size += allowance(w) - most(tokens_of_text(w->summary), 0);
	size = leave(w, &p, few, aim, size);
	if (size <= enough)
		return p;
	size = put_placeholders(w, &p, last, aim, size);
	leave(w, &p, last, aim, size);
	return p;
}

static size_t count_turns(const struct window *w, size_t from, size_t to)
{
	size_t turns = 0;

	for (size_t i = from; i < to; i++)
		turns += w->sizes.p[i].role == ROLE_ASSISTANT;
	return turns;
}

static void apply(struct window *w)
{
	struct window_change *c = &w->change;

	c->is_overflow = w->must_shrink;
	c->tokens_before = window_request_tokens(w);
	for (size_t i = most(w->now.placeholders_to, w->next.keep_from);
		i < w->next.placeholders_to; i++) {
		c->results += w->sizes.p[i].results;
		c->result_tokens += to_provider(w, w->sizes.p[i].whole - w->sizes.p[i].shortened);
	}
	w->now = w->next;
	w->must_shrink = false;
	rebuild(w);
	c->tokens_after = window_request_tokens(w);
	w->counts.shrinks++;
	w->counts.results += c->results;
}

static bool is_same(const struct window_plan *a, const struct window_plan *b)
{
	return a->placeholders_to == b->placeholders_to && a->keep_from == b->keep_from;
}

/* Whether what has to stay is more than the whole window. */
static bool is_hopeless(const struct window *w, struct err *e)
{
	size_t last = turns_from(w, 1);
	int64_t least_size = w->fixed + task_size(w);
	bool is_task = last >= w->sizes.n;

	for (size_t i = last; i < w->sizes.n; i++)
		least_size += w->sizes.p[i].whole;
	if (!w->is_known || to_provider(w, least_size) <= w->tokens)
		return false;
	AUTO(buf) has = {0};
	AUTO(buf) takes = {0};
	buf_put_count(&has, to_provider(w, least_size - w->fixed));
	buf_put_count(&takes, most(w->tokens - to_provider(w, w->fixed), 0));
	err_set(e, ERR_LIMIT,
		"%s about %s tokens, and beside its instructions the model's context window takes "
		"%s",
		is_task ? "the task is" : "the task and the last tool results are", buf_text(&has),
		buf_text(&takes));
	return true;
}

enum window_verdict window_fit(struct window *w, bool *has_shrunk, struct err *e)
{
	*has_shrunk = false;
	catch_up(w);
	if (!w->tokens)
		return WINDOW_FITS;
	int64_t size = w->fixed + w->viewed, around = w->fixed + task_size(w);
	if (size <= budget(w) && !w->must_shrink)
		return WINDOW_FITS;
	int64_t aim = around + room(w) * AIM_PERCENT / 100;
	if (w->must_shrink)
		aim = least(aim, around + (size - around) * AIM_PERCENT / 100);
	int64_t enough = most(aim, around + room(w) * ENOUGH_PERCENT / 100);
	w->next = make_plan(w, aim, w->must_shrink ? aim : enough);
	w->change = (struct window_change){0};
	if (w->next.keep_from > w->now.keep_from) {
		w->change.turns = count_turns(w, w->now.keep_from, w->next.keep_from);
		return WINDOW_SUMMARISE;
	}
	if (!is_same(&w->next, &w->now)) {
		apply(w);
		*has_shrunk = true;
	}
	return is_hopeless(w, e) ? WINDOW_TOO_SMALL : WINDOW_FITS;
}

/* No longer than what was counted for it. */
static struct str shorten(struct window *w, struct str text)
{
	struct str head = str_trim(text);

	while (head.n && tokens_of_text(head) > allowance(w) - SUMMARY_MIN_TOKENS / 2)
		head = utf8_head(head, head.n - head.n / 16 - 1);
	return arena_copy(&w->kept, head);
}

void window_close_summary(struct window *w, struct str text)
{
	size_t turns = w->change.turns;

	w->left += turns;
	w->change.is_summarised = str_trim(text).n > 0;
	if (w->change.is_summarised) {
		w->summary = shorten(w, text);
		w->unsummarised = 0;
		w->counts.turns_summarised += turns;
	} else {
		w->unsummarised += turns;
		w->counts.turns_dropped += turns;
	}
	apply(w);
}

/* ---- limits ---- */

static void set_tokens(struct window *w, int64_t tokens)
{
	w->tokens = tokens;
	w->output_tokens = w->output_max;
	if (tokens)
		w->output_tokens = most(least(w->output_max, tokens / OUTPUT_PART), 1);
}

void window_start(struct window *w, const struct session *session, const struct prompt *base)
{
	*w = (struct window){
		.session = session, .scale = WINDOW_SCALE_ONE, .now = {1, 1}, .summary = STR("")};
	w->fixed = tokens_of_text(base->system);
	for (size_t i = 0; i < base->tool_count; i++)
		w->fixed += tokens_of_tool(&base->tools[i]);
}

void window_release(struct window *w)
{
	vec_release(&w->sizes);
	vec_release(&w->view);
	arena_release(&w->arena);
	arena_release(&w->kept);
}

void window_set_limits(struct window *w, int64_t tokens, bool is_known, int64_t output_max)
{
	w->is_known = is_known && tokens > 0;
	w->output_max = output_max;
	w->scale = WINDOW_SCALE_ONE;
	set_tokens(w, tokens);
	/* Without a limit everything comes back. */
	if (!tokens) {
		w->now = (struct window_plan){1, 1};
		w->left = w->unsummarised = 0;
	}
	size_t seen = w->sizes.n;
	w->sizes.n = 0;
	for (size_t i = 0; i < seen; i++) {
		struct message m = cut_to_fit(w, i);
		vec_push(&w->sizes, measure(&m));
	}
	if (seen)
		rebuild(w);
}

void window_learn(struct window *w, const struct usage *u)
{
	int64_t ours = w->fixed + w->viewed;

	if (u->input < 0 || ours <= 0)
		return;
	__int128 total = (__int128)u->input + most(u->cache_read, 0) + most(u->cache_write, 0);
	__int128 scale = total * WINDOW_SCALE_ONE / ours;
	if (scale >= SCALE_MIN && scale <= SCALE_MAX)
		w->scale = (int64_t)scale;
}

static void learn_limit(struct window *w, int64_t stated)
{
	int64_t size = w->fixed + w->viewed, takes = to_provider(w, size);

	if (stated > 0) {
		w->is_known = true;
		set_tokens(w, w->tokens ? least(w->tokens, stated) : stated);
		/* It was more than that, whatever was reckoned. */
		if (takes < w->tokens)
			w->scale = least(w->tokens * WINDOW_SCALE_ONE / most(size, 1), SCALE_MAX);
	} else {
		/* Half of what the conversation has; system and tools do not get smaller. */
		int64_t all_of_it = w->tokens ? least(budget(w), size) : size;
		int64_t half = to_provider(w, w->fixed + most(all_of_it - w->fixed, 0) / 2);
		set_tokens(w, most(half * OUTPUT_PART / (OUTPUT_PART - 1), 1));
	}
}

/* Where no turn can leave, the results that have to stay may still be cut shorter. */
static bool cut_shorter(struct window *w, int64_t stated)
{
	int64_t viewed = w->viewed, tokens = w->tokens, scale = w->scale;
	bool was_known = w->is_known;

	learn_limit(w, stated);
	rebuild(w);
	if (w->viewed < viewed)
		return true;
	w->is_known = was_known;
	w->scale = scale;
	set_tokens(w, tokens);
	rebuild(w);
	return false;
}

bool window_overflowed(struct window *w, int64_t stated)
{
	catch_up(w);
	struct window_plan all = make_plan(w, 0, 0);
	bool is_last = is_same(&all, &w->now);

	if (is_last && !cut_shorter(w, stated))
		return false;
	w->counts.overflows++;
	if (!is_last) {
		w->must_shrink = true;
		learn_limit(w, stated);
	}
	return true;
}
