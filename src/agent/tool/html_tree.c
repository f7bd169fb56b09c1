// SPDX-License-Identifier: MIT
/*
 * The parser takes a hostile document as it is: each of 100,000 open elements can cost as many
 * steps, and formatting elements are cloned into every paragraph. It cannot be told to stop, but it
 * asks for memory all the time: where the answer would be no, it is left by longjmp, and all that
 * it had was in the arena. Its own function to free a tree recurses as deep as the tree is, so it
 * is never called, and <frameset>, for which the parser itself would call it, is made unknown.
 */
#include "agent/tool/html_tree.h"

#include <setjmp.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"

enum {
	TREE_MAX_BYTES = 256 << 20, /* 5 MB of dense markup take about 110 */
	PARSE_MAX_MS = 3000,
	LOOKS_EVERY = 256, /* requests for memory */
};

struct guard {
	jmp_buf out;
	struct arena *arena;
	size_t bytes;
	unsigned requests;
	int64_t deadline;
	const atomic_bool *cancel;
};

static void *allocate(void *self, size_t n)
{
	struct guard *g = self;
	bool is_time_up = ++g->requests % LOOKS_EVERY == 0 && clock_ns() > g->deadline;

	g->bytes += n;
	if (is_time_up || g->bytes > TREE_MAX_BYTES || (g->cancel && atomic_load(g->cancel)))
		longjmp(g->out, 1);
	return arena_alloc(g->arena, 1, n ? n : 1);
}

static void keep(void *, void *)
{
}

static void hide_framesets(char *text, size_t n)
{
	struct str word = STR("<frameset");

	for (size_t i = 0; i + word.n <= n; i++)
		if (text[i] == '<' && str_eq_nocase((struct str){text + i, word.n}, word))
			text[i + 1] = 'x';
}

/* NULL when it was left. */
static const GumboOutput *parse(
	const struct gumbo_table *gumbo, struct guard *g, const char *text, size_t n)
{
	GumboOptions options = *gumbo->defaults;

	options.allocator = allocate;
	options.deallocator = keep;
	options.userdata = g;
	options.max_errors = 0;
	if (setjmp(g->out))
		return NULL;
	return gumbo->parse(&options, text, n);
}

bool html_tree_parse(
	struct html_tree *out, struct str html, const atomic_bool *cancel, struct err *e)
{
	struct html_tree tree = {.gumbo = gumbo_table_open(e)};
	struct guard guard = {.arena = &tree.arena,
		.cancel = cancel,
		.deadline = clock_ns() + PARSE_MAX_MS * INT64_C(1'000'000)};

	if (!tree.gumbo)
		return false;
	tree.source = must_copy(html.p ? html.p : "", html.n);
	hide_framesets(tree.source, html.n);
	const GumboOutput *output = parse(tree.gumbo, &guard, tree.source, html.n);
	if (output) {
		tree.document = output->document;
		*out = tree;
		return true;
	}
	html_tree_release(&tree);
	if (cancel && atomic_load(cancel))
		return err_set(e, ERR_CANCELLED, "stopped");
	return err_set(e, ERR_LIMIT, "the HTML is too deep or too large to be converted");
}

void html_tree_release(struct html_tree *tree)
{
	arena_release(&tree->arena);
	free(tree->source);
	*tree = (struct html_tree){0};
}

struct str html_attribute(
	const struct html_tree *tree, const GumboElement *element, const char *name)
{
	const GumboAttribute *found = tree->gumbo->attribute(&element->attributes, name);

	return found ? str_from(found->value) : STR("");
}
