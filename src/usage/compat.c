// SPDX-License-Identifier: MIT
#include "usage/compat.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "usage/cells.h"
#include "usage/compat_inside.h"
#include "usage/names.h"
#include "usage/provider.h"
#include "usage/read.h"
#include "usage/zone.h"

struct compat {
	struct usage_view view;
	struct names names;
	struct usual_providers providers;
	struct cells cells;
	struct compat_join join;
	struct compat_files files;
	struct arena scratch;
	VEC(struct usage_file_facts) facts;
	VEC(struct usage_reset) resets;
	struct usage_limits limits;
	struct buf key;
	uint32_t source, file; /* of the file at hand */
	struct str slug, session; /* what its path says it is */
};

static void close_compat(void *self)
{
	struct compat *c = self;

	names_release(&c->names);
	cells_release(&c->cells);
	compat_join_release(&c->join);
	compat_files_release(&c->files);
	arena_release(&c->scratch);
	vec_release(&c->facts);
	vec_release(&c->resets);
	buf_release(&c->key);
	free(c);
}

/* Never 0, which is for what is no copy of anything. */
static uint64_t key_of(
	struct compat *c, const char *kind, struct str a, struct str b, int64_t time_ms)
{
	buf_clear(&c->key);
	buf_printf(&c->key, "%s %lld %zu ", kind, (long long)time_ms, a.n);
	buf_put_str(&c->key, a);
	buf_put_str(&c->key, b);
	return hash_bytes(buf_str(&c->key)) | 1;
}

/* ---- Claude Code ---- */

/*
 * "slug/session.jsonl", "slug/session/subagents/x.jsonl"; what is deeper is a session by itself, of
 * a project by itself; but not so by day.
 */
static void take_path(struct compat *c, struct str below)
{
	struct str stem = str_head(below, below.n - STR(".jsonl").n), parts[5], rest = stem;
	size_t n = 0;

	while (n < 5 && str_split(&rest, '/', &parts[n]))
		n++;
	c->slug = n > 1 ? parts[0] : STR("");
	c->session = n > 1 ? parts[1] : stem;
	if (n <= 2 || c->join.is_by_day || (n == 4 && str_is(parts[2], "subagents")))
		return;
	const char *last = memrchr(stem.p, '/', stem.n);
	const char *above = memrchr(stem.p, '/', (size_t)(last - stem.p));
	c->session = str_range(above + 1, last);
	c->slug = str_range(stem.p, above);
}

static uint32_t model_name(struct compat *c, const struct compat_line *line)
{
	if (!line->model.p || str_is(line->model, "<synthetic>"))
		return 0;
	if (!line->is_fast)
		return names_add(&c->names, line->model);
	return names_add(&c->names, arena_printf(&c->scratch, "%.*s-fast", STR_ARG(line->model)));
}

static void take_line(struct usage_file *file, struct str text)
{
	struct compat *c = file->self;
	struct compat_line line;

	if (compat_line_read(text, c->join.is_by_day, &c->scratch, &line)) {
		struct str session = line.session.p ? line.session : c->session;
		struct compat_price price = compat_price_find(line.model);
		struct compat_entry entry = {.time_ms = line.time_ms,
			.tokens = line.tokens,
			.reported_nanousd = line.cost_nanousd,
			.calculated_nanousd = compat_price_cost(&price, &line.tokens, line.is_fast),
			.source = c->source,
			.session = names_add(&c->names, c->session),
			.project = names_add(&c->names, c->slug),
			.model = model_name(c, &line),
			.file = c->file,
			.flags = line.is_sidechain ? USAGE_SIDECHAIN : 0,
			.resets_ms = line.resets_ms,
			.has_speed = line.has_speed};
		if (line.id.p) {
			int64_t time_ms = c->join.is_by_day ? line.time_ms : 0;
			entry.exact = line.request.p
					      ? key_of(c, "request", line.id, line.request, 0)
					      : key_of(c, "session", line.id, session, time_ms);
			entry.side = key_of(c, "side", line.id, session, 0);
		}
		compat_join_line(&c->join, &entry);
	}
	arena_clear(&c->scratch);
}

static const struct usage_reader claude_lines = {
	.name = "claude",
	.line = take_line,
	.needles = {STR("\"usage\":{")},
};

/* ---- the others ---- */

/* 2026-04-21: what Kimi's answers without a model's name are priced as from then on. */
#define KIMI_K26_MS 1'776'729'600'000

/* What stands for a model that is not named; and pi's totals beyond their parts cost nothing. */
static int64_t record_cost(const struct compat *c, const struct usage_record *record)
{
	struct str source = names_get(&c->names, c->source), model = record->model;
	struct usage_tokens tokens = record->tokens;

	if (str_is(source, "kimi") && str_is(model, "kimi-for-coding"))
		model = record->time_ms < KIMI_K26_MS ? STR("kimi-k2.5") : STR("kimi-k2.6");
	if (str_is(source, "pi") || str_is(source, "openclaw"))
		tokens.other = 0;
	struct compat_price price = compat_price_find(model);
	return compat_price_cost(&price, &tokens, record->flags & USAGE_FAST);
}

/* What stands for the project of all sessions. */
static struct str record_project(const struct compat *c, const struct usage_record *record)
{
	struct str source = names_get(&c->names, c->source);

	return str_is(source, "copilot")    ? STR("GitHub Copilot CLI")
	       : str_is(source, "openclaw") ? STR("OpenClaw")
					    : record->project;
}

static uint32_t record_model(struct compat *c, const struct usage_record *record)
{
	struct str source = names_get(&c->names, c->source), model = record->model;

	if (model.n > 0 && (str_is(source, "pi") || str_is(source, "openclaw")))
		model = arena_printf(&c->scratch, "[%.*s] %.*s", STR_ARG(source), STR_ARG(model));
	return names_add(&c->names, model);
}

static void take_record(void *self, struct usage_file *, const struct usage_record *record)
{
	struct compat *c = self;
	struct compat_entry entry = {.time_ms = record->time_ms,
		.tokens = record->tokens,
		.reported_nanousd = record->cost_reported_nanousd,
		.calculated_nanousd = record_cost(c, record),
		.source = c->source,
		.session = names_add(&c->names, record->session),
		.project = names_add(&c->names, record_project(c, record)),
		.provider = names_add(&c->names, record->provider),
		.branch = names_add(&c->names, record->branch),
		.model = record_model(c, record),
		.file = c->file,
		.flags = record->flags & (USAGE_FAST | USAGE_GUESSED_MODEL | USAGE_SUMMED)};

	if (record->id.n > 0)
		entry.exact = key_of(c, "id", names_get(&c->names, c->source), record->id, 0);
	compat_join_record(&c->join, &entry, record->is_replacing);
	arena_clear(&c->scratch);
}

static void ignore(void *, struct usage_file *, const char *)
{
}

/* ---- files ---- */

static void read_file(struct compat *c, const struct compat_file *at, struct usage_piece *piece)
{
	bool is_claude = str_is(str_from(at->reader->name), "claude");
	struct str below = str_skip(at->path, at->place_n);
	struct arena arena = {0};
	struct usage_file file = {.path = at->path,
		.below = below,
		.note = at->note,
		.is_compat = true,
		.arena = &arena,
		.self = c,
		.take = take_record,
		.complain = ignore};
	struct usage_file_facts facts = {.path = at->path, .state = USAGE_FILE_READ};
	int64_t end;
	struct err e;

	c->source = names_add(&c->names, str_from(at->reader->name));
	c->file = (uint32_t)c->facts.n;
	facts.source = c->source;
	if (is_claude)
		take_path(c, below);
	if (!usage_read(is_claude ? &claude_lines : at->reader, &file, piece, 0, &end, &e)) {
		facts.state = USAGE_FILE_UNREADABLE;
		facts.why = arena_copy(&c->files.arena, str_from(e.text));
	}
	arena_release(&arena);
	vec_push(&c->facts, facts);
}

static void add_cost(struct usage_sum *sum, const struct usage_entry *entry)
{
	for (int mode = 0; mode < USAGE_MODES; mode++) {
		int64_t cost = usage_entry_cost(entry, (enum usage_mode)mode);
		sum->cost_nanousd[mode] = cost > 0 ? cost : 0;
		sum->unpriced[mode] = cost < 0 && usage_tokens_total(&entry->tokens) > 0;
	}
}

static struct usage_entry entry_of(const struct compat *c, const struct compat_entry *e)
{
	return (struct usage_entry){.time_ms = e->time_ms,
		.source = e->source,
		.session = e->session,
		.project = e->project,
		.branch = e->branch,
		.model = e->model,
		.provider = usual_provider(&c->providers, e->source, e->provider),
		.flags = e->flags,
		.file = e->file,
		.tokens = e->tokens,
		.cost_reported_nanousd = e->reported_nanousd,
		.cost_calculated_nanousd = e->calculated_nanousd};
}

static void fill_cells(struct compat *c, const struct usage_zone *zone)
{
	vec_each (&c->join.all, e) {
		struct usage_entry entry = entry_of(c, e);
		struct usage_cell like = {.day = usage_zone_day(zone, e->time_ms),
			.source = e->source,
			.session = e->session,
			.project = e->project,
			.branch = e->branch,
			.model = e->model,
			.provider = entry.provider,
			.flags = e->flags & ~(unsigned)USAGE_SIDECHAIN};
		struct usage_sum sum = {.tokens = e->tokens, .answers = 1};
		struct usage_cell *cell = cells_at(&c->cells, &like);
		if (cell->sum.answers == 0)
			cell->first_ms = cell->last_ms = e->time_ms;
		if (e->time_ms < cell->first_ms)
			cell->first_ms = e->time_ms;
		if (e->time_ms > cell->last_ms)
			cell->last_ms = e->time_ms;
		add_cost(&sum, &entry);
		usage_sum_add(&cell->sum, &sum);
		c->facts.p[e->file].entries++;
	}
}

static void fill_resets(struct compat *c)
{
	vec_each (&c->join.all, e)
		if (e->resets_ms)
			vec_push(&c->resets,
				(struct usage_reset){e->source, e->time_ms, e->resets_ms});
	c->limits = (struct usage_limits){.resets = c->resets.p, .reset_count = c->resets.n};
}

static const struct usage_limits *limits(void *self)
{
	return &((struct compat *)self)->limits;
}

static bool each(void *self, int64_t since_ms, int64_t until_ms,
	const struct usage_visitor *visitor, struct err *)
{
	const struct compat *c = self;
	uint32_t item = 0;

	vec_each (&c->join.all, e) {
		struct usage_entry entry = entry_of(c, e);
		entry.item = item++;
		if (e->time_ms < since_ms || e->time_ms >= until_ms ||
			(visitor->wants && !visitor->wants(visitor->self, &entry)))
			continue;
		if (!visitor->visit(visitor->hands[0], &entry))
			break;
	}
	return true;
}

struct usage_view *usage_compat_view(const struct usage_wish *wish)
{
	struct compat *c = must_alloc(1, sizeof *c);
	struct usage_piece *piece = usage_piece_new();

	(void)names_add(&c->names, STR(""));
	c->join.is_by_day = wish->compat_report == USAGE_COMPAT_DAYS;
	c->join.mode = wish->compat_mode;
	compat_files_find(&c->files, wish->environment, wish->sources);
	vec_each (&c->files.all, file)
		read_file(c, file, piece);
	usage_piece_free(piece);
	compat_join_leave_out(&c->join);
	usual_providers_find(&c->providers, &c->names);
	fill_cells(c, wish->zone);
	fill_resets(c);
	size_t unread = c->files.shut;
	vec_each (&c->facts, file)
		unread += file->state == USAGE_FILE_UNREADABLE;
	c->view = (struct usage_view){.names = c->names.all.p,
		.name_count = c->names.all.n,
		.cells = c->cells.all.p,
		.cell_count = c->cells.all.n,
		.files = wish->needs_files ? c->facts.p : NULL,
		.file_count = wish->needs_files ? c->facts.n : 0,
		.unread = unread,
		.copies = c->join.copies,
		.zone = wish->zone,
		.self = c,
		.limits = limits,
		.each = each,
		.close = close_compat};
	return &c->view;
}
