// SPDX-License-Identifier: MIT
/* whole_view: what reports see of a whole. */
#include <string.h>

#include "usage/whole.h"

static bool is_wanted_name(const struct whole *w, uint32_t source)
{
	struct str name = names_get(&w->state.names, source);

	for (int i = 0; usage_readers[i]; i++)
		if (w->is_wanted[i] && str_is(name, usage_readers[i]->name))
			return true;
	return false;
}

/* The cells have been saved, and nothing is counted any more. */
static void name_providers(void *self)
{
	struct whole *w = self;

	must(!w->is_early);
	if (w->has_providers)
		return;
	w->has_providers = true;
	usual_providers_find(&w->providers, &w->state.names);
	vec_each (&w->state.cells.all, cell)
		cell->provider = usual_provider(&w->providers, cell->source, cell->provider);
	vec_each (&w->cells, cell)
		cell->provider = usual_provider(&w->providers, cell->source, cell->provider);
	w->view.names = w->state.names.all.p;
	w->view.name_count = w->state.names.all.n;
}

static void show_cells(struct whole *w)
{
	bool has_sums = w->state.cells.flags & USAGE_SUMMED;

	w->view.cells = w->state.cells.all.p;
	w->view.cell_count = w->state.cells.all.n;
	if (has_sums)
		overlaps_find(&w->overlaps, w->state.cells.all.p, w->state.cells.all.n);
	if (w->state.wish.sources.n == 0 && !has_sums)
		return;
	vec_each (&w->state.cells.all, cell) {
		struct usage_cell shown = *cell;
		overlaps_place(
			&w->overlaps, cell->source, cell->session, &shown.project, &shown.branch);
		if (is_wanted_name(w, cell->source) &&
			!overlaps_leave_out(&w->overlaps, cell->source, cell->session, cell->flags))
			vec_push(&w->cells, shown);
	}
	w->view.cells = w->cells.p;
	w->view.cell_count = w->cells.n;
}

static void show_files(struct whole *w)
{
	const struct known *known = &w->state.known;

	vec_each (&known->files, file) {
		const struct known_dir *dir = &known->dirs.p[file->dir];
		struct known_extra extra;
		if (!w->is_wanted[dir->source])
			continue;
		known_take_extra(file, &extra);
		struct str source = str_from(usage_readers[dir->source]->name);
		struct usage_file_facts facts = {
			.path = known_path(known, file, &w->state.arena),
			.source = names_add(&w->state.names, source),
			.state = file->state,
			.size_bytes = file->facts.size_bytes,
			.modified_ms = file->facts.modified_ns / 1'000'000,
			.entries = file->items,
			.damaged = file->damaged,
			.damage_count = extra.damage_count,
			.why = file->why,
		};
		memcpy(facts.damages, extra.damages, sizeof facts.damages);
		vec_push(&w->files, facts);
	}
	vec_each (&known->dirs, dir)
		if (dir->why.p && w->is_wanted[dir->source])
			vec_push(&w->files,
				(struct usage_file_facts){.path = dir->path,
					.source = names_add(&w->state.names,
						str_from(usage_readers[dir->source]->name)),
					.state = USAGE_FILE_UNREADABLE,
					.why = dir->why});
	w->view.files = w->files.p;
	w->view.file_count = w->files.n;
}

static size_t count_unread(const struct whole *w)
{
	const struct known *known = &w->state.known;
	size_t count = 0;

	if (!known->has_unread)
		return 0;
	vec_each (&known->files, file)
		count += file->state == USAGE_FILE_UNREADABLE &&
			 w->is_wanted[known->dirs.p[file->dir].source];
	vec_each (&known->dirs, dir)
		count += dir->why.p && w->is_wanted[dir->source];
	return count;
}

struct wanting {
	struct whole *whole;
	const struct usage_visitor *visitor;
};

static bool wants(void *self, struct usage_entry *like)
{
	const struct wanting *wanting = self;
	struct whole *w = wanting->whole;
	const struct usage_visitor *visitor = wanting->visitor;

	w->view.names = w->state.names.all.p;
	w->view.name_count = w->state.names.all.n;
	if (!is_wanted_name(w, like->source) ||
		overlaps_leave_out(&w->overlaps, like->source, like->session, like->flags))
		return false;
	like->provider = usual_provider(&w->providers, like->source, like->provider);
	overlaps_place(&w->overlaps, like->source, like->session, &like->project, &like->branch);
	return !visitor->wants || visitor->wants(visitor->self, like);
}

static bool each(void *self, int64_t since_ms, int64_t until_ms,
	const struct usage_visitor *visitor, struct err *e)
{
	struct whole *w = self;
	struct wanting wanting = {w, visitor};
	struct usage_visitor ours = *visitor;

	must(!w->is_early);
	name_providers(w);
	ours.wants = wants;
	ours.self = &wanting;
	bool is_good = state_each(&w->state, since_ms, until_ms, &ours, e);
	w->view.names = w->state.names.all.p;
	w->view.name_count = w->state.names.all.n;
	if (!is_good && e->code == ERR_PARSE && w->index_path) {
		whole_set_aside(w);
		w->view.will_be_rebuilt = true;
	}
	return is_good;
}

static void show_names(struct whole *w)
{
	w->view.names = w->state.names.all.p;
	w->view.name_count = w->state.names.all.n;
}

void whole_show_early(struct whole *w)
{
	w->view.zone = w->state.wish.zone;
	w->view.self = w;
	w->view.limits = whole_limits;
	w->view.name_providers = name_providers;
	w->view.each = each;
	w->view.close = whole_close;
	show_cells(w);
	show_names(w);
}

void whole_show(struct whole *w)
{
	whole_show_early(w);
	if (w->state.wish.needs_files)
		show_files(w);
	show_names(w);
	w->view.unread = count_unread(w);
	w->view.copies = w->state.copies;
	w->view.index_path = w->index_path;
	w->view.is_new_index = w->index_path && !w->state.pieces;
	w->view.history = w->state.history.sum;
}
