// SPDX-License-Identifier: MIT
/*
 * needs: which task waits for which. Ids become positions, and tasks that would wait for ever are
 * found as the strongly connected components of the graph (Tarjan 1972), in linear time and without
 * recursion: a list may be one chain of a million tasks. Components come out with those they need
 * before them, so what needs a bad task is known to be bad in the same walk.
 */
#include "base/hash.h"
#include "batch/tasks_inside.h"
#include "batch/template.h"

enum { NONE = UINT32_MAX, RING_SHOWN = 12 };

struct node {
	uint32_t order, low; /* of the walk, from 1; 0: not seen yet */
	uint32_t parent; /* in the walk */
	uint32_t previous; /* on a way through the component */
	uint32_t edge; /* the next one to look at */
	uint32_t component; /* 0: still open */
	uint32_t needed_by; /* the last task that was found to need it */
};

struct graph {
	struct tasks *tasks;
	bool skips_bad;
	uint32_t *slots; /* tasks by id */
	size_t slot_count; /* a power of two */
	struct node *nodes;
	uint32_t *stack, *queue;
	size_t depth;
	uint32_t last_order, last_component;
};

/* ---- ids ---- */

static uint32_t *slot_of(struct graph *g, struct str id)
{
	size_t at = hash_bytes(id) & (g->slot_count - 1);

	while (g->slots[at] != NONE && !str_eq(g->tasks->items.p[g->slots[at]].id, id))
		at = (at + 1) & (g->slot_count - 1);
	return &g->slots[at];
}

static void collect_ids(struct graph *g)
{
	struct tasks *t = g->tasks;

	for (uint32_t i = 0; i < t->items.n; i++) {
		struct task *task = &t->items.p[i];
		uint32_t *slot = slot_of(g, task->id);
		if (*slot == NONE)
			*slot = i;
		else
			task_problem(t, task, "id %.*s is that of %s %zu, too", STR_ARG(task->id),
				t->unit, t->items.p[*slot].line);
	}
}

/* ---- edges ---- */

static void add_edge(struct graph *g, uint32_t from, struct str id)
{
	struct task *task = &g->tasks->items.p[from];
	uint32_t to = *slot_of(g, id);

	if (to == NONE) {
		task_problem(
			g->tasks, task, "it needs %.*s, and there is no such task", STR_ARG(id));
		return;
	}
	if (task->is_after_all || g->tasks->items.p[to].is_after_all) {
		task_problem(g->tasks, task,
			"%.*s comes after all others: it needs none, and none needs it",
			STR_ARG(task->is_after_all ? task->id : id));
		return;
	}
	if (g->nodes[to].needed_by == from)
		return;
	g->nodes[to].needed_by = from;
	task->needs[task->need_count++] = to;
}

static void add_edges(struct graph *g, uint32_t from)
{
	struct task *task = &g->tasks->items.p[from];
	struct str rest = task->prompt;
	struct template_part part;
	size_t most = task->need_id_count;

	while (template_next(&rest, &part))
		most += part.kind == TEMPLATE_RESULT;
	task->need_count = 0;
	if (!most)
		return;
	task->needs = arena_alloc(&g->tasks->arena, most, sizeof *task->needs);
	for (size_t i = 0; i < task->need_id_count; i++)
		add_edge(g, from, task->need_ids[i]);
	rest = task->prompt;
	while (template_next(&rest, &part))
		if (part.kind == TEMPLATE_RESULT)
			add_edge(g, from, part.text);
}

/* ---- rings ---- */

/* A shortest way from first back to itself, within its component: first to last in g->queue. */
static size_t find_ring(struct graph *g, uint32_t first)
{
	const struct task *items = g->tasks->items.p;
	size_t head = 0, tail = 0;
	uint32_t at = first;

	g->nodes[first].previous = first;
	for (;;) {
		for (size_t i = 0; i < items[at].need_count; i++) {
			uint32_t next = items[at].needs[i];
			struct node *node = &g->nodes[next];
			if (node->component != g->nodes[first].component)
				continue;
			if (next == first)
				goto found;
			if (node->previous != NONE)
				continue;
			node->previous = at;
			g->queue[tail++] = next;
		}
		must(head < tail);
		at = g->queue[head++];
	}
found:
	tail = 0;
	for (; at != first; at = g->nodes[at].previous)
		g->queue[tail++] = at;
	g->queue[tail++] = first;
	return tail;
}

static void tell_ring(struct graph *g, uint32_t first)
{
	struct task *items = g->tasks->items.p;
	size_t count = find_ring(g, first);
	AUTO(buf) names = {.max = 2 << 10};

	if (count == 1) {
		task_problem(g->tasks, &items[first], "it needs itself");
		return;
	}
	for (size_t i = count; i-- > 0;) {
		if (count - i > RING_SHOWN) {
			buf_printf(&names, " > ... (%zu more)", i + 1);
			break;
		}
		buf_printf(&names, "%s%.*s", i + 1 < count ? " > " : "",
			STR_ARG(items[g->queue[i]].id));
	}
	task_problem(g->tasks, &items[first], "tasks that need each other: %s > %.*s",
		buf_text(&names), STR_ARG(items[first].id));
}

static void close_ring(struct graph *g, const uint32_t *members, size_t count)
{
	struct task *items = g->tasks->items.p;
	uint32_t first = members[0];

	for (size_t i = 1; i < count; i++)
		first = members[i] < first ? members[i] : first;
	tell_ring(g, first);
	for (size_t i = 0; i < count; i++) {
		struct task *task = &items[members[i]];
		if (members[i] != first && g->skips_bad && !task->is_bad)
			task_problem(g->tasks, task, "it needs itself by way of others: see %s %zu",
				g->tasks->unit, items[first].line);
		task->is_bad = true;
	}
}

static void check_needed(struct graph *g, struct task *task)
{
	for (size_t i = 0; i < task->need_count && !task->is_bad; i++) {
		const struct task *needed = &g->tasks->items.p[task->needs[i]];
		if (needed->is_bad)
			task_problem(g->tasks, task, "it needs %.*s, which is left out",
				STR_ARG(needed->id));
	}
}

static bool needs_itself(const struct task *task, uint32_t self)
{
	for (size_t i = 0; i < task->need_count; i++)
		if (task->needs[i] == self)
			return true;
	return false;
}

/* ---- the walk ---- */

static void open_node(struct graph *g, uint32_t at, uint32_t parent)
{
	g->nodes[at].order = g->nodes[at].low = ++g->last_order;
	g->nodes[at].parent = parent;
	g->stack[g->depth++] = at;
}

static void close_component(struct graph *g, uint32_t top)
{
	size_t count = 0;

	g->last_component++;
	do {
		g->nodes[g->stack[g->depth - ++count]].component = g->last_component;
	} while (g->stack[g->depth - count] != top);
	g->depth -= count;
	if (count > 1 || needs_itself(&g->tasks->items.p[top], top))
		close_ring(g, g->stack + g->depth, count);
	else if (g->skips_bad)
		check_needed(g, &g->tasks->items.p[top]);
}

static void lower(struct node *node, uint32_t to)
{
	node->low = to < node->low ? to : node->low;
}

static void walk_from(struct graph *g, uint32_t root)
{
	const struct task *items = g->tasks->items.p;
	uint32_t at = root;

	open_node(g, root, NONE);
	while (at != NONE) {
		struct node *node = &g->nodes[at];
		if (node->edge < items[at].need_count) {
			uint32_t next = items[at].needs[node->edge++];
			if (!g->nodes[next].order) {
				open_node(g, next, at);
				at = next;
			} else if (!g->nodes[next].component) {
				lower(node, g->nodes[next].order);
			}
			continue;
		}
		if (node->low == node->order)
			close_component(g, at);
		at = node->parent;
		if (at != NONE)
			lower(&g->nodes[at], node->low);
	}
}

void needs_resolve(struct tasks *t, bool skips_bad)
{
	uint32_t count = (uint32_t)t->items.n;
	struct graph g = {.tasks = t, .skips_bad = skips_bad, .slot_count = 16};

	while (g.slot_count < (size_t)count * 2)
		g.slot_count *= 2;
	g.slots = must_alloc(g.slot_count, sizeof *g.slots);
	memset(g.slots, 0xff, g.slot_count * sizeof *g.slots);
	g.nodes = must_alloc(count + 1, sizeof *g.nodes);
	g.stack = must_alloc(count + 1, sizeof *g.stack);
	g.queue = must_alloc(count + 1, sizeof *g.queue);
	for (uint32_t i = 0; i < count; i++)
		g.nodes[i].previous = g.nodes[i].needed_by = NONE;
	collect_ids(&g);
	for (uint32_t i = 0; i < count; i++)
		add_edges(&g, i);
	for (uint32_t i = 0; i < count; i++)
		if (!g.nodes[i].order)
			walk_from(&g, i);
	free(g.slots);
	free(g.nodes);
	free(g.stack);
	free(g.queue);
}
