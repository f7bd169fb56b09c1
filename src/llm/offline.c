// SPDX-License-Identifier: MIT
/* The offline model: reads the request, looks, and says what was found. See offline.h. */
#include "llm/offline.h"

static const char connect_hint[] =
	"To connect a model, set ANTHROPIC_API_KEY or OPENAI_API_KEY, or give --model provider/model "
	"(with --base-url for a local server).\n";

static void answer_nothing(struct desk *, const struct request *, struct buf *)
{
}

static void answer_help(struct desk *, const struct request *, struct buf *out)
{
	buf_put_text(out,
		"Without a language model fettle looks things up in this directory: files by name, kind "
		"or size; lines and files counted; text, TODO comments, definitions and uses of names; "
		"parts of files; the layout; the state and history in git.\n"
		"For example: `where is main defined`, `how many lines of C`, `last 3 commits`.\n");
	buf_put_text(out, connect_hint);
}

static bool is_worth_telling(const struct buf *found)
{
	return found->n && !str_starts(buf_str(found), STR("Nothing")) &&
	       !str_starts(buf_str(found), STR("That could not"));
}

static void answer_cannot(struct desk *d, const struct request *r, struct buf *out)
{
	AUTO(buf) found = {0};

	if (r->is_explaining && !r->names.n && r->topics.n)
		answer_topic(d, r, &found);
	if (r->is_guess && is_worth_telling(&found)) {
		buf_put_text(out, "Without a language model this is all that the words lead to: ");
		buf_put_str(out, buf_str(&found));
		buf_put_text(out, connect_hint);
		return;
	}
	buf_put_text(out,
		r->is_guess
			? "I cannot tell what to look up for that; more than looking up needs a language model.\n"
			: "I cannot do that: it needs a language model, and without one fettle only looks "
			  "things up.\n");
	buf_put_text(out, connect_hint);
	put_facts(d, r, out);
	if (r->is_explaining && r->paths.n && !r->names.n)
		answer_outline(d, r, out);
	/* Only what was found is worth saying here. */
	if (is_worth_telling(&found)) {
		buf_put_text(out, "What can be looked up: ");
		buf_put_str(out, buf_str(&found));
	}
}

static answer_fn *const answers[ASK_KINDS] = {
	[ASK_NOTHING] = answer_nothing,
	[ASK_HELP] = answer_help,
	[ASK_CANNOT] = answer_cannot,
	[ASK_LIST] = answer_list,
	[ASK_COUNT] = answer_count,
	[ASK_RANK] = answer_rank,
	[ASK_GROUPS] = answer_groups,
	[ASK_SHOW] = answer_show,
	[ASK_LAYOUT] = answer_layout,
	[ASK_FIND] = answer_find,
	[ASK_MARKS] = answer_marks,
	[ASK_DEFINED] = answer_defined,
	[ASK_USED] = answer_used,
	[ASK_BODY] = answer_body,
	[ASK_OUTLINE] = answer_outline,
	[ASK_IMPORTS] = answer_imports,
	[ASK_TOPIC] = answer_topic,
	[ASK_LOG] = answer_log,
	[ASK_STATUS] = answer_status,
	[ASK_COMMIT] = answer_commit,
	[ASK_DIFF] = answer_diff,
	[ASK_AUTHORS] = answer_authors,
	[ASK_BLAME] = answer_blame,
	[ASK_HOWTO] = answer_howto,
};

struct speaker {
	delta_fn *sink;
	void *self;
	bool stopped;
};

static void say(struct speaker *s, struct delta delta)
{
	if (!s->stopped)
		s->stopped = !s->sink(s->self, &delta);
}

static void say_text(struct speaker *s, struct str text)
{
	while (text.n) {
		size_t end = str_find_char(text, '\n', 0);
		size_t n = end == SIZE_MAX ? text.n : end + 1;
		say(s, (struct delta){.kind = DELTA_TEXT, .text = str_head(text, n)});
		text = str_skip(text, n);
	}
}

static void say_calls(struct speaker *s, const struct desk *d)
{
	for (size_t i = 0; i < d->wanted_count; i++) {
		const struct desk_call *call = &d->wanted[i];
		struct str id = arena_printf(d->a, "call_%zu", d->ids + i + 1);
		int index = (int)i;
		say(s, (struct delta){.kind = DELTA_TOOL_USE,
			       .index = index,
			       .id = id,
			       .name = call->name});
		say(s, (struct delta){
			       .kind = DELTA_TOOL_INPUT, .index = index, .text = call->input});
		say(s, (struct delta){.kind = DELTA_BLOCK_STOP, .index = index});
	}
}

/*
 * A word that narrows the request in a way no rule applies; "" when there is none. Answering as if
 * it were not there would be an answer to another question.
 */
static struct str narrowing(const struct request *r)
{
	static const char *const words[] = {"not", "isn't", "aren't", "don't", "doesn't", "without",
		"except", "excluding", "exclude", "excludes", "besides", "ignoring", "before",
		"after", "until", "since", "than", NULL};
	bool is_status = r->ask == ASK_STATUS;
	bool knows_not =
		is_status || (r->is_negated && (r->ask == ASK_FIND || r->ask == ASK_IMPORTS));
	bool knows_times = r->ask == ASK_COMMIT || r->ask == ASK_DIFF || is_status;

	if (r->ask == ASK_CANNOT || r->ask == ASK_HELP || r->ask == ASK_NOTHING ||
		r->ask == ASK_HOWTO)
		return STR("");
	if (r->ask == ASK_COUNT && request_has(r, W_COMMENT) && request_has(r, W_LINE))
		return STR("comments");
	for (size_t i = 0; i < r->words.n; i++) {
		const struct word *w = &r->words.p[i];
		int k = 0;
		while (words[k] && !str_is(w->low, words[k]))
			k++;
		bool is_time = words[k] && k >= 12 && k < 16;
		if (w->kind != WORD_PLAIN || w->is_object || !words[k] ||
			(is_time && knows_times) || (k < 6 && knows_not) ||
			(k == 16 && r->threshold))
			continue;
		return w->low;
	}
	return STR("");
}

static bool put_narrowing(const struct request *r, struct buf *out)
{
	struct str word = narrowing(r);

	if (!word.n)
		return false;
	buf_printf(out,
		"I cannot apply \"%.*s\" here: that needs a language model. Asked without it, or with "
		"the directory or kind of files to look at, I can look it up.\n%s",
		STR_ARG(word), connect_hint);
	return true;
}

/* What a tool could not read is missing from every answer built on it. */
static void put_unreadable(const struct desk *d, struct buf *out)
{
	int64_t most = 0, n;

	for (size_t i = 0; i < d->made_count; i++) {
		struct str text = d->made[i].finding.text;
		size_t at = str_find(text, STR(" unreadable, left out]"), 0);
		const char *open = at == SIZE_MAX ? NULL : memrchr(text.p, '[', at);
		if (open && str_int(str_range(open + 1, text.p + at), &n) && n > most)
			most = n;
	}
	if (most)
		buf_printf(out,
			"%lld file%s or director%s could not be read and %s left out: this is "
			"incomplete.\n",
			(long long)most, most == 1 ? "" : "s", most == 1 ? "y" : "ies",
			most == 1 ? "was" : "were");
}

/* An answer from the rest alone would be taken for one that knows the image. */
static void put_unseen(const struct prompt *prompt, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < prompt->message_count; i++)
		for (size_t k = 0; k < prompt->messages[i].block_count; k++)
			n += prompt->messages[i].blocks[k].kind == BLOCK_IMAGE;
	if (n == 1)
		buf_put_text(
			out, "I cannot see images: the one that came along was not looked at. ");
	else if (n)
		buf_printf(out, "I cannot see images: the %zu that came along were not looked at. ",
			n);
	if (n)
		buf_printf(out, "That needs a language model.\n%s", connect_hint);
}

/* A part that waits for results leaves no text: it is written again when they are there. */
static void answer_all(
	struct desk *d, const struct request *requests, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(buf) part = {0};
		if (!put_narrowing(&requests[i], &part))
			answers[requests[i].ask](d, &requests[i], &part);
		if (part.n == 0)
			continue;
		buf_put_text(out, out->n ? "\n" : "");
		buf_put_str(out, buf_str(&part));
	}
}

void offline_answer(const struct prompt *prompt, struct arena *a, delta_fn *sink, void *self)
{
	struct speaker speaker = {.sink = sink, .self = self};
	struct request requests[REQUESTS_MAX];
	AUTO(buf) text = {0};
	struct desk desk;
	struct str task;

	desk_open(&desk, prompt, a, &task);
	size_t count = offline_requests(task, requests, a);
	answer_all(&desk, requests, count, &text);
	bool is_done = desk.wanted_count == 0;
	put_unreadable(&desk, &text);
	if (is_done)
		put_unseen(prompt, &text);
	say(&speaker,
		(struct delta){
			.kind = DELTA_START, .id = STR("offline-1"), .model = STR(OFFLINE_MODEL)});
	if (is_done)
		say_text(&speaker, text.n ? buf_str(&text) : STR("Nothing was found.\n"));
	else
		say_calls(&speaker, &desk);
	say(&speaker, (struct delta){.kind = DELTA_USAGE, .usage = {0}});
	say(&speaker,
		(struct delta){.kind = DELTA_STOP, .reason = is_done ? STOP_END : STOP_TOOL_USE});
	say(&speaker, (struct delta){.kind = DELTA_END});
}
