// SPDX-License-Identifier: MIT
#include "usage/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/money.h"
#include "base/vec.h"
#include "usage/numbering.h"
#include "usage/zone.h"

bool usage_by_is_period(enum usage_by by)
{
	return by == USAGE_BY_DAY || by == USAGE_BY_WEEK || by == USAGE_BY_MONTH;
}

/* ---- names ---- */

struct str usage_name(const struct usage_view *view, uint32_t name)
{
	return name < view->name_count && view->names[name].p ? view->names[name] : STR("");
}

uint32_t usage_name_find(const struct usage_view *view, struct str name)
{
	for (uint32_t i = 0; i < view->name_count; i++)
		if (str_eq(view->names[i], name))
			return i;
	return 0;
}

/* ---- periods ---- */

int32_t usage_period_start(enum usage_by by, int32_t day, int first_weekday)
{
	if (by == USAGE_BY_WEEK)
		return day_week_start(day, first_weekday);
	return by == USAGE_BY_MONTH ? day_month_start(day) : day;
}

int32_t usage_period_back(enum usage_by by, int32_t day, int first_weekday, int64_t count)
{
	enum { MOST_DAYS = 4'000'000, MOST_MONTHS = 130'000 }; /* some 10,000 years */
	int64_t back = count > MOST_DAYS ? MOST_DAYS : count > 0 ? count - 1 : 0;
	int32_t start = usage_period_start(by, day, first_weekday);

	if (by != USAGE_BY_MONTH)
		return (int32_t)(start - back * (by == USAGE_BY_WEEK ? 7 : 1));
	for (int64_t i = 0; i < back && i < MOST_MONTHS; i++)
		start = day_month_start(start - 1);
	return start;
}

/* ---- filters ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool contains_nocase(struct str s, struct str part)
{
	for (size_t at = 0; at + part.n <= s.n; at++) {
		size_t n = 0;
		while (n < part.n && lower(s.p[at + n]) == lower(part.p[n]))
			n++;
		if (n == part.n)
			return true;
	}
	return false;
}

/* Claude Code's names of directories: "-home-me-work" is "/home/me/work" and "/home/me.work". */
static bool is_slug_of(struct str slug, struct str path)
{
	if (slug.n != path.n)
		return false;
	for (size_t i = 0; i < path.n; i++) {
		char c = lower(path.p[i]);
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (slug.p[i] != (is_plain ? path.p[i] : '-'))
			return false;
	}
	return true;
}

bool usage_project_is(struct str project, struct str wanted)
{
	while (wanted.n > 1 && wanted.p[wanted.n - 1] == '/')
		wanted.n--;
	if (wanted.n == 0)
		return true;
	if (wanted.p[0] == '-')
		return is_slug_of(wanted, project);
	if (wanted.p[0] == '/')
		return str_starts(project, wanted) &&
		       (project.n == wanted.n || wanted.n == 1 || project.p[wanted.n] == '/');
	return contains_nocase(project, wanted);
}

static bool is_whole(struct str project, struct str wanted)
{
	return str_eq(project, wanted);
}

/* Of answers in fast mode the name ends with "-fast". */
static bool contains_fast(struct str model, struct str part)
{
	AUTO(buf) name = {0};

	buf_put_str(&name, model);
	buf_put_text(&name, "-fast");
	return contains_nocase(buf_str(&name), part);
}

static int8_t *judgements(const struct usage_view *view, struct str wanted, struct arena *arena)
{
	return wanted.n ? arena_alloc(arena, view->name_count, 1) : NULL;
}

void usage_sieve_begin(struct usage_sieve *sieve, const struct usage_view *view,
	const struct usage_filter *filter, struct arena *arena)
{
	if (filter->provider.n)
		usage_name_providers(view);
	*sieve = (struct usage_sieve){.view = view,
		.filter = *filter,
		.projects = judgements(view, filter->project, arena),
		.models = judgements(view, filter->model, arena),
		.fast_models = judgements(view, filter->model, arena),
		.providers = judgements(view, filter->provider, arena)};
}

static bool passes(const struct usage_view *view, int8_t *judged, uint32_t name, struct str wanted,
	bool (*is)(struct str, struct str))
{
	if (!judged)
		return true;
	if (name >= view->name_count)
		return false;
	if (!judged[name])
		judged[name] = is(usage_name(view, name), wanted) ? 1 : -1;
	return judged[name] > 0;
}

bool usage_sieve_passes(struct usage_sieve *sieve, uint32_t project, uint32_t model, bool is_fast,
	uint32_t provider)
{
	const struct usage_filter *f = &sieve->filter;

	return passes(sieve->view, sieve->projects, project, f->project,
		       f->is_whole_project ? is_whole : usage_project_is) &&
	       passes(sieve->view, is_fast ? sieve->fast_models : sieve->models, model, f->model,
		       is_fast ? contains_fast : contains_nocase) &&
	       passes(sieve->view, sieve->providers, provider, f->provider, contains_nocase);
}

static bool cell_passes(struct usage_sieve *sieve, const struct usage_cell *cell)
{
	const struct usage_filter *f = &sieve->filter;

	return cell->day >= f->since && cell->day <= f->until &&
	       (!f->session || f->session == cell->session) &&
	       usage_sieve_passes(
		       sieve, cell->project, cell->model, cell->flags & USAGE_FAST, cell->provider);
}

/* ---- rows ---- */

static uint32_t of_day(const struct usage_cell *cell, const struct usage_query *q)
{
	return (uint32_t)usage_period_start(q->by, cell->day, q->first_weekday);
}

#define OF(member) \
	static uint32_t of_##member(const struct usage_cell *cell, const struct usage_query *) \
	{ \
		return cell->member; \
	}

OF(session)
OF(project)
OF(model)
OF(branch)
OF(agent)
OF(source)
OF(provider)

static uint32_t (*const key_of[USAGE_BY_COUNT])(
	const struct usage_cell *cell, const struct usage_query *q) = {
	[USAGE_BY_DAY] = of_day,
	[USAGE_BY_WEEK] = of_day,
	[USAGE_BY_MONTH] = of_day,
	[USAGE_BY_SESSION] = of_session,
	[USAGE_BY_PROJECT] = of_project,
	[USAGE_BY_MODEL] = of_model,
	[USAGE_BY_BRANCH] = of_branch,
	[USAGE_BY_AGENT] = of_agent,
	[USAGE_BY_SOURCE] = of_source,
	[USAGE_BY_PROVIDER] = of_provider,
};

/* A cell that counts, and the part it belongs to. */
struct pick {
	const struct usage_cell *cell;
	uint32_t part;
};

struct grouping {
	const struct usage_view *view;
	const struct usage_query *query;
	struct numbering rows, parts, sources; /* parts and sources: a is the row */
	VEC(struct usage_row) row;
	VEC(struct pick) picks;
};

static bool is_in_front(
	const struct usage_view *view, const struct usage_cell *cell, const struct usage_row *row)
{
	if (cell->first_ms != row->first_ms || cell->project == row->project)
		return cell->first_ms < row->first_ms;
	return str_cmp(usage_name(view, cell->project), usage_name(view, row->project)) < 0;
}

static void widen_row(const struct usage_view *view, struct usage_row *row, bool is_new,
	const struct usage_cell *cell)
{
	if (is_new || is_in_front(view, cell, row)) {
		row->first_ms = cell->first_ms;
		row->project = cell->project;
	}
	if (is_new || cell->last_ms > row->last_ms)
		row->last_ms = cell->last_ms;
}

void usage_part_add(
	struct usage_part *part, const struct usage_sum *sum, int64_t first_ms, int64_t last_ms)
{
	bool is_new = part->sum.answers == 0;

	part->first_ms = is_new || first_ms < part->first_ms ? first_ms : part->first_ms;
	part->last_ms = is_new || last_ms > part->last_ms ? last_ms : part->last_ms;
	usage_sum_add(&part->sum, sum);
}

static void add_cell(struct grouping *g, const struct usage_cell *cell)
{
	const struct usage_query *q = g->query;
	uint32_t value = key_of[q->by](cell, q);
	bool is_fast = cell->flags & USAGE_FAST, is_fast_row = is_fast && q->by == USAGE_BY_MODEL;
	bool is_parted = q->parts_projects_of && q->parts_projects_of == cell->source;
	struct numbered_key key = {value, q->is_by_project || is_parted ? cell->project : 0,
		q->by == USAGE_BY_SESSION || q->is_by_source ? cell->source : 0, is_fast_row};
	uint32_t at = numbering_of(&g->rows, key);
	bool is_new = at == g->row.n;

	if (is_new)
		vec_push(&g->row,
			(struct usage_row){.day = usage_by_is_period(q->by) ? (int32_t)value : 0,
				.name = usage_by_is_period(q->by) ? 0 : value,
				.is_fast = is_fast_row,
				.source = cell->source});
	struct usage_row *row = &g->row.p[at];
	widen_row(g->view, row, is_new, cell);
	if (is_new || cell->source != row->source)
		numbering_of(&g->sources, (struct numbered_key){.a = at, .b = cell->source});
	uint32_t part = numbering_of(&g->parts, (struct numbered_key){at, cell->model, is_fast, 0});
	vec_push(&g->picks, (struct pick){cell, part});
}

/* ---- order ---- */

struct order {
	const struct usage_view *view;
	const struct usage_query *query;
};

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_sums(const struct usage_sum *a, const struct usage_sum *b, enum usage_mode mode)
{
	int by_cost = compare(a->cost_nanousd[mode], b->cost_nanousd[mode]);

	return by_cost ? by_cost
		       : compare(usage_tokens_total(&a->tokens), usage_tokens_total(&b->tokens));
}

/* Of models: the dearest first, then by name. */
static int compare_parts(const void *a, const void *b, void *self)
{
	const struct usage_part *x = a, *y = b;
	const struct order *order = self;
	int by_sum = compare_sums(&y->sum, &x->sum, order->query->mode);

	if (by_sum)
		return by_sum;
	int by_name = str_cmp(usage_name(order->view, x->name), usage_name(order->view, y->name));
	return by_name ? by_name : x->is_fast - y->is_fast;
}

static int compare_names(const struct order *order, uint32_t a, uint32_t b)
{
	return a == b ? 0 : str_cmp(usage_name(order->view, a), usage_name(order->view, b));
}

static int compare_rows(const void *a, const void *b, void *self)
{
	const struct usage_row *x = a, *y = b;
	const struct order *order = self;
	const struct usage_query *q = order->query;
	bool is_period = usage_by_is_period(q->by);
	bool is_down = q->order == USAGE_ORDER_USUAL ? !is_period : q->order == USAGE_ORDER_DOWN;
	int by_project = q->is_by_project ? compare_names(order, x->project, y->project) : 0;

	if (by_project)
		return by_project;
	int by_value =
		is_period ? compare(x->day, y->day) : compare_sums(&x->sum, &y->sum, q->mode);
	if (by_value)
		return is_down ? -by_value : by_value;
	int by_name = compare_names(order, x->name, y->name);
	if (by_name || x->is_fast != y->is_fast)
		return by_name ? by_name : x->is_fast - y->is_fast;
	return compare_names(order, x->source, y->source);
}

static int compare_newest(const void *a, const void *b, void *self)
{
	const struct usage_row *x = a, *y = b;
	int newer = compare(y->last_ms, x->last_ms);
	int by_name = newer ? newer : compare_names(self, x->name, y->name);

	return by_name ? by_name : x->is_fast - y->is_fast;
}

static int compare_numbers(const void *a, const void *b, void *self)
{
	return compare_names(self, *(const uint32_t *)a, *(const uint32_t *)b);
}

/* ---- putting it together ---- */

/* Each row's parts lie side by side in the arena; a row is the sum of them. */
static void give_parts(struct grouping *g, struct arena *arena, struct order *order)
{
	const struct numbered_key *keys = g->parts.keys.p;
	size_t count = g->parts.keys.n;
	struct usage_part *parts = arena_alloc(arena, count, sizeof *parts);
	size_t *at = must_alloc(g->row.n + 1, sizeof *at);
	struct usage_part **part_of = must_alloc(count + 1, sizeof *part_of);

	for (size_t i = 0; i < count; i++)
		at[keys[i].a + 1]++;
	for (size_t i = 0; i < g->row.n; i++) {
		g->row.p[i].part_count = at[i + 1];
		at[i + 1] += at[i];
		g->row.p[i].parts = parts + at[i];
	}
	for (size_t i = 0; i < count; i++) {
		part_of[i] = &parts[at[keys[i].a]++];
		*part_of[i] = (struct usage_part){.name = keys[i].b, .is_fast = keys[i].c};
	}
	vec_each (&g->picks, pick)
		usage_part_add(part_of[pick->part], &pick->cell->sum, pick->cell->first_ms,
			pick->cell->last_ms);
	vec_each (&g->row, row) {
		for (size_t i = 0; i < row->part_count; i++)
			usage_sum_add(&row->sum, &row->parts[i].sum);
		qsort_r(row->parts, row->part_count, sizeof *row->parts, compare_parts, order);
	}
	free(part_of);
	free(at);
}

static void give_sources(struct grouping *g, struct arena *arena, struct order *order)
{
	size_t count = g->sources.keys.n;
	uint32_t *names = arena_alloc(arena, count, sizeof *names);
	size_t *at = must_alloc(g->row.n + 1, sizeof *at);

	for (size_t i = 0; i < count; i++)
		at[g->sources.keys.p[i].a + 1]++;
	for (size_t i = 0; i < g->row.n; i++) {
		g->row.p[i].source_count = at[i + 1];
		at[i + 1] += at[i];
		g->row.p[i].sources = names + at[i];
	}
	for (size_t i = 0; i < count; i++)
		names[at[g->sources.keys.p[i].a]++] = g->sources.keys.p[i].b;
	for (size_t i = 0; i < g->row.n; i++)
		qsort_r(names + (i ? at[i - 1] : 0), g->row.p[i].source_count, sizeof *names,
			compare_numbers, order);
	free(at);
}

static void add_up(struct usage_rows *out, struct order *order)
{
	struct usage_row *total = &out->total;
	struct numbering models = {0}, sources = {0};
	VEC(struct usage_part) parts = {0};

	for (size_t i = 0; i < out->count; i++) {
		const struct usage_row *row = &out->list[i];
		total->first_ms =
			i && total->first_ms < row->first_ms ? total->first_ms : row->first_ms;
		total->last_ms = i && total->last_ms > row->last_ms ? total->last_ms : row->last_ms;
		usage_sum_add(&total->sum, &row->sum);
		for (size_t k = 0; k < row->source_count; k++)
			numbering_of(&sources, (struct numbered_key){.a = row->sources[k]});
		for (size_t k = 0; k < row->part_count; k++) {
			struct usage_part *part = &row->parts[k];
			uint32_t at = numbering_of(
				&models, (struct numbered_key){part->name, part->is_fast, 0, 0});
			if (at == parts.n)
				vec_push(&parts, (struct usage_part){.name = part->name,
							 .is_fast = part->is_fast});
			usage_part_add(&parts.p[at], &part->sum, part->first_ms, part->last_ms);
		}
	}
	uint32_t *names = arena_alloc(&out->arena, sources.keys.n, sizeof *names);
	for (size_t i = 0; i < sources.keys.n; i++)
		names[i] = sources.keys.p[i].a;
	qsort_r(names, sources.keys.n, sizeof *names, compare_numbers, order);
	total->sources = names;
	total->source_count = sources.keys.n;
	total->part_count = parts.n;
	total->parts = arena_alloc(&out->arena, parts.n, sizeof *total->parts);
	if (parts.n)
		memcpy(total->parts, parts.p, parts.n * sizeof *parts.p);
	qsort_r(total->parts, parts.n, sizeof *parts.p, compare_parts, order);
	vec_release(&parts);
	numbering_release(&models);
	numbering_release(&sources);
}

/* Days of an assistant without tokens are no rows that a week or a month could be made of. */
struct days {
	struct numbering numbers;
	VEC(int64_t) tokens;
};

static uint32_t number_of_day(struct days *days, const struct usage_cell *cell)
{
	return numbering_of(
		&days->numbers, (struct numbered_key){(uint32_t)cell->day, cell->source, 0, 0});
}

static void count_days(const struct grouping *g, struct usage_sieve *sieve, struct days *days)
{
	for (size_t i = 0; i < g->view->cell_count && g->query->drops_empty; i++) {
		const struct usage_cell *cell = &g->view->cells[i];
		if (!cell_passes(sieve, cell))
			continue;
		uint32_t at = number_of_day(days, cell);
		if (at == days->tokens.n)
			vec_push(&days->tokens, 0);
		days->tokens.p[at] =
			money_add(days->tokens.p[at], usage_tokens_total(&cell->sum.tokens));
	}
}

static bool is_dropped(const struct grouping *g, struct days *days, const struct usage_cell *cell)
{
	return g->query->drops_empty && usage_by_is_period(g->query->by) &&
	       days->tokens.p[number_of_day(days, cell)] == 0;
}

static void drop_empty(struct grouping *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->row.n; i++)
		if (usage_tokens_total(&g->row.p[i].sum.tokens) > 0)
			g->row.p[n++] = g->row.p[i];
	g->row.n = n;
}

static void take_rows(struct grouping *g, struct usage_rows *out, struct order *order)
{
	const struct usage_query *q = g->query;

	if (q->drops_empty)
		drop_empty(g);
	out->count = g->row.n;
	if (q->limit && q->limit < out->count) {
		qsort_r(g->row.p, g->row.n, sizeof *g->row.p, compare_newest, order);
		out->count = q->limit;
	}
	out->list = arena_alloc(&out->arena, out->count, sizeof *out->list);
	if (out->count)
		memcpy(out->list, g->row.p, out->count * sizeof *out->list);
	qsort_r(out->list, out->count, sizeof *out->list, compare_rows, order);
}

void usage_group(
	const struct usage_view *view, const struct usage_query *query, struct usage_rows *out)
{
	struct grouping g = {.view = view, .query = query};
	struct order order = {view, query};
	struct usage_sieve sieve;
	struct days days = {0};

	*out = (struct usage_rows){0};
	if (query->by == USAGE_BY_PROVIDER)
		usage_name_providers(view);
	usage_sieve_begin(&sieve, view, &query->filter, &out->arena);
	count_days(&g, &sieve, &days);
	for (size_t i = 0; i < view->cell_count; i++)
		if (cell_passes(&sieve, &view->cells[i]) && view->cells[i].sum.answers > 0 &&
			!is_dropped(&g, &days, &view->cells[i]))
			add_cell(&g, &view->cells[i]);
	give_parts(&g, &out->arena, &order);
	give_sources(&g, &out->arena, &order);
	take_rows(&g, out, &order);
	add_up(out, &order);
	numbering_release(&days.numbers);
	vec_release(&days.tokens);
	numbering_release(&g.rows);
	numbering_release(&g.parts);
	numbering_release(&g.sources);
	vec_release(&g.row);
	vec_release(&g.picks);
}

void usage_rows_release(struct usage_rows *rows)
{
	arena_release(&rows->arena);
	*rows = (struct usage_rows){0};
}
