// SPDX-License-Identifier: MIT
/* usage_doctor: what was read, what was not and why, and where prices come from. */
#include <stdlib.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "ui/usage_inside.h"
#include "usage/price.h"

enum { PATH_CELLS = 400, INDENT = 4 };

struct source_count {
	int64_t files[USAGE_FILE_MERGED + 1]; /* by state */
	int64_t entries, damaged;
};

static const char *const states[] = {
	[USAGE_FILE_READ] = "read",
	[USAGE_FILE_GONE] = "gone",
	[USAGE_FILE_UNREADABLE] = "unreadable",
	[USAGE_FILE_MERGED] = "merged",
};

static struct source_count count_source(const struct usage_view *view, const char *name)
{
	struct source_count count = {0};

	for (size_t i = 0; i < view->file_count; i++) {
		const struct usage_file_facts *file = &view->files[i];
		if (!str_is(usage_name(view, file->source), name))
			continue;
		count.files[file->state]++;
		count.entries += file->entries;
		count.damaged += file->damaged;
	}
	return count;
}

static bool is_empty(const struct source_count *count)
{
	for (size_t i = 0; i <= USAGE_FILE_MERGED; i++)
		if (count->files[i])
			return false;
	return true;
}

static const char *index_state(const struct usage_diagnosis *d)
{
	if (!d->index_path)
		return "none";
	if (d->view->index_trouble.p)
		return "not used";
	return d->view->was_rebuilt ? "made anew" : "used";
}

/* A model as one provider has it. */
struct priced {
	const struct usage_part *part;
	uint32_t provider;
	struct str model,
		source; /* what it was taken for, and who says the price; absent: nobody */
	int64_t unpriced; /* answers that lack one all the same */
};

struct priced_list {
	const struct usage_view *view;
	VEC(struct priced) all;
};

/*
 * The sums tell whether the price was known: a fast mode may lack one where the model has it, and
 * so may an answer that searched. A provider that is only the usual one does not count for it.
 */
static void find_price(const struct usage_diagnosis *d, struct priced *p)
{
	const struct usage_view *view = d->view;
	struct str name = usage_name(view, p->part->name);
	const struct usage_price *price;

	if (p->part->sum.unpriced[USAGE_CALCULATE] && !p->part->sum.cost_nanousd[USAGE_CALCULATE])
		return;
	p->unpriced = p->part->sum.unpriced[USAGE_CALCULATE];
	price = usage_prices_find(d->prices, usage_name(view, p->provider), name);
	if (!price)
		price = usage_prices_find(d->prices, STR(""), name);
	if (price)
		usage_price_source(price, &p->model, &p->source);
}

static int compare_priced(const void *a, const void *b, void *self)
{
	const struct priced *x = a, *y = b;
	const struct usage_view *view = self;
	const struct usage_sum *m = &x->part->sum, *n = &y->part->sum;

	if (m->cost_nanousd[USAGE_AUTO] != n->cost_nanousd[USAGE_AUTO])
		return m->cost_nanousd[USAGE_AUTO] > n->cost_nanousd[USAGE_AUTO] ? -1 : 1;
	int64_t k = usage_tokens_total(&m->tokens), l = usage_tokens_total(&n->tokens);
	if (k != l)
		return k > l ? -1 : 1;
	int by_name = str_cmp(usage_name(view, x->part->name), usage_name(view, y->part->name));
	return by_name ? by_name
		       : str_cmp(usage_name(view, x->provider), usage_name(view, y->provider));
}

/* The dearest first; released by its owner. */
static void list_models(const struct usage_diagnosis *d, struct priced_list *list)
{
	*list = (struct priced_list){.view = d->view};
	for (size_t i = 0; i < d->providers->count; i++) {
		const struct usage_row *row = &d->providers->list[i];
		for (size_t k = 0; k < row->part_count; k++) {
			struct priced p = {.part = &row->parts[k], .provider = row->name};
			if (usage_tokens_total(&p.part->sum.tokens) == 0)
				continue;
			find_price(d, &p);
			vec_push(&list->all, p);
		}
	}
	if (list->all.n > 1)
		qsort_r(list->all.p, list->all.n, sizeof *list->all.p, compare_priced,
			(void *)d->view);
}

/* ---- for people ---- */

static void put_sources(const struct usage_look *look, const struct usage_diagnosis *d)
{
	static const struct grid_column columns[] = {{"Assistant", false, 0}, {"Read", true, 3},
		{"Gone", true, 5}, {"Unreadable", true, 0}, {"Merged", true, 6},
		{"Entries", true, 4}, {"Damaged lines", true, 1}};
	struct grid g = {.columns = columns, .column_count = sizeof columns / sizeof *columns};

	for (const struct usage_reader *const *r = usage_readers; *r; r++) {
		struct source_count count = count_source(d->view, (*r)->name);
		if (is_empty(&count))
			continue;
		grid_put_own(&g, str_from((*r)->title), 0);
		for (size_t i = 0; i <= USAGE_FILE_MERGED; i++)
			grid_put_count(&g, count.files[i], 0);
		grid_put_count(&g, count.entries, 0);
		grid_put_count(&g, count.damaged, 0);
	}
	struct grid_look shape = usage_grid_look(look);
	grid_write(&g, &shape, look->out);
	grid_release(&g);
	AUTO(buf) line = {0};
	buf_put_text(&line, "entries that were copies of others: ");
	buf_put_count(&line, d->view->copies);
	buf_put_char(look->out, '\n');
	usage_put_prose(look, buf_str(&line), INDENT);
}

/* "/path/to/file:123: why" */
static void put_fault(const struct usage_look *look, const struct usage_file_facts *file,
	int64_t offset, const char *words, struct str why)
{
	AUTO(buf) line = {0};

	utf8_put_line(&line, file->path, PATH_CELLS);
	if (offset >= 0)
		buf_printf(&line, ":%lld", (long long)offset);
	buf_printf(&line, ": %s", words);
	utf8_put_line(&line, why, PATH_CELLS);
	usage_put_prose(look, buf_str(&line), INDENT);
}

static void put_faults(const struct usage_look *look, const struct usage_diagnosis *d)
{
	AUTO(buf) words = {0};

	for (size_t i = 0; i < d->view->file_count; i++) {
		const struct usage_file_facts *file = &d->view->files[i];
		if (file->state == USAGE_FILE_UNREADABLE)
			put_fault(look, file, -1, "not read: ", file->why);
		for (size_t k = 0; k < file->damage_count; k++)
			put_fault(look, file, file->damages[k].offset, "", file->damages[k].why);
		if (file->damaged <= (int64_t)file->damage_count)
			continue;
		buf_clear(&words);
		buf_printf(&words, "and %lld more",
			(long long)(file->damaged - (int64_t)file->damage_count));
		put_fault(look, file, -1, buf_text(&words), STR(""));
	}
}

static void put_models(const struct usage_look *look, const struct usage_diagnosis *d)
{
	static const struct grid_column columns[] = {{"Model", false, 0}, {"Provider", false, 2},
		{"Total", true, 3}, {"Priced as", false, 0}, {"By", false, 4}};
	struct grid g = {.columns = columns, .column_count = sizeof columns / sizeof *columns};
	struct priced_list list;

	list_models(d, &list);
	vec_each (&list.all, p) {
		AUTO(buf) name = {0};
		usage_put_model(&name, d->view, p->part);
		grid_put(&g, name.n ? buf_str(&name) : STR("(none)"), 0);
		grid_put(&g, usage_name(d->view, p->provider), STYLE_DIM);
		grid_put_count(&g, usage_tokens_total(&p->part->sum.tokens), 0);
		buf_clear(&name);
		buf_put_str(&name, p->source.p ? p->model : STR("unknown"));
		if (p->unpriced)
			buf_printf(&name, ", not %lld %s", (long long)p->unpriced,
				p->unpriced == 1 ? "answer" : "answers");
		grid_put(&g, buf_str(&name),
			(!p->source.p || p->unpriced) && look->has_colour ? COLOUR_YELLOW : 0);
		grid_put(&g, p->source, 0);
	}
	vec_release(&list.all);
	struct grid_look shape = usage_grid_look(look);
	buf_put_char(look->out, '\n');
	grid_write(&g, &shape, look->out);
	grid_release(&g);
	AUTO(buf) line = {0};
	buf_printf(&line, "prices: catalogue of %.*s", STR_ARG(d->catalogue_date));
	buf_put_char(look->out, '\n');
	usage_put_prose(look, buf_str(&line), INDENT);
}

static void put_number(struct buf *out, int64_t n, const char *what)
{
	buf_put_count(out, n);
	buf_printf(out, " %s%s", what, n == 1 ? "" : "s");
}

void usage_put_losses(struct buf *out, const struct usage_history *history)
{
	if (history->lost_answers == 0 && history->lost_pieces == 0)
		return;
	buf_put_text(out, "; ");
	if (history->lost_answers)
		put_number(out, history->lost_answers, "answer");
	if (history->lost_answers && history->lost_pieces)
		buf_put_text(out, " and ");
	if (history->lost_pieces)
		put_number(out, history->lost_pieces, "piece");
	buf_put_text(out, " of it could not be read");
}

static bool has_history(const struct usage_history *h)
{
	return h->answers || h->lost_answers || h->lost_pieces;
}

static void put_old_indexes(const struct usage_look *look, const struct usage_view *view)
{
	AUTO(buf) line = {0};

	if (has_history(&view->history)) {
		buf_put_text(&line, "taken over from indexes that were damaged: ");
		put_number(&line, view->history.answers, "answer");
		usage_put_losses(&line, &view->history);
		usage_put_prose(look, buf_str(&line), INDENT);
	}
	buf_clear(&line);
	if (view->newer_index.p) {
		buf_put_text(&line, "of a later version, and left alone: ");
		utf8_put_line(&line, view->newer_index, PATH_CELLS);
		usage_put_prose(look, buf_str(&line), INDENT);
	}
}

static void put_index(const struct usage_look *look, const struct usage_diagnosis *d)
{
	AUTO(buf) line = {0};

	buf_printf(&line, "index: %s", index_state(d));
	if (d->index_path) {
		buf_put_text(&line, ", ");
		utf8_put_line(&line, str_from(d->index_path), PATH_CELLS);
	}
	if (d->view->index_trouble.p) {
		buf_put_text(&line, ": ");
		utf8_put_line(&line, d->view->index_trouble, PATH_CELLS);
	}
	usage_put_prose(look, buf_str(&line), INDENT);
	put_old_indexes(look, d->view);
}

static void show_text(const struct usage_look *look, const struct usage_diagnosis *d)
{
	put_sources(look, d);
	put_faults(look, d);
	put_models(look, d);
	put_index(look, d);
}

/* ---- JSON ---- */

static void put_source_json(
	struct json_writer *w, const struct usage_reader *reader, const struct source_count *count)
{
	json_open(w, '{');
	json_member_text(w, "source", reader->name);
	json_member_text(w, "title", reader->title);
	for (size_t i = 0; i <= USAGE_FILE_MERGED; i++)
		json_member_int(w, states[i], count->files[i]);
	json_member_int(w, "entries", count->entries);
	json_member_int(w, "damaged", count->damaged);
	json_close(w, '}');
}

static void put_file_json(struct json_writer *w, const struct usage_file_facts *file)
{
	json_open(w, '{');
	json_member_str(w, "path", file->path);
	json_member_text(w, "state", states[file->state]);
	if (file->state == USAGE_FILE_UNREADABLE)
		json_member_str(w, "why", file->why);
	json_member_int(w, "damaged", file->damaged);
	json_key(w, "damages");
	json_open(w, '[');
	for (size_t i = 0; i < file->damage_count; i++) {
		json_open(w, '{');
		json_member_int(w, "offset", file->damages[i].offset);
		json_member_str(w, "why", file->damages[i].why);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}

static void put_str_or_null(struct json_writer *w, const char *key, struct str text)
{
	json_key(w, key);
	if (text.n)
		json_put_str(w, text);
	else
		json_put_null(w);
}

static void put_models_json(struct json_writer *w, const struct usage_diagnosis *d)
{
	struct priced_list list;

	list_models(d, &list);
	json_key(w, "models");
	json_open(w, '[');
	vec_each (&list.all, p) {
		AUTO(buf) name = {0};
		usage_put_model(&name, d->view, p->part);
		json_open(w, '{');
		json_member_str(w, "model", buf_str(&name));
		put_str_or_null(w, "provider", usage_name(d->view, p->provider));
		json_member_int(w, "totalTokens", usage_tokens_total(&p->part->sum.tokens));
		put_str_or_null(w, "pricedAs", p->model);
		put_str_or_null(w, "priceSource", p->source);
		if (p->unpriced)
			json_member_int(w, "unpricedAnswers", p->unpriced);
		json_close(w, '}');
	}
	json_close(w, ']');
	vec_release(&list.all);
}

static void put_index_json(struct json_writer *w, const struct usage_diagnosis *d)
{
	json_key(w, "index");
	json_open(w, '{');
	json_key(w, "path");
	if (d->index_path)
		json_put_text(w, d->index_path);
	else
		json_put_null(w);
	json_member_text(w, "state", index_state(d));
	if (d->view->index_trouble.p)
		json_member_str(w, "trouble", d->view->index_trouble);
	if (d->view->newer_index.p)
		json_member_str(w, "newer", d->view->newer_index);
	if (has_history(&d->view->history)) {
		json_key(w, "takenOver");
		json_open(w, '{');
		json_member_int(w, "answers", d->view->history.answers);
		json_member_int(w, "lostAnswers", d->view->history.lost_answers);
		json_member_int(w, "lostPieces", d->view->history.lost_pieces);
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void show_json(const struct usage_look *look, const struct usage_diagnosis *d)
{
	AUTO(buf) json = {0};
	struct json_writer w = {.buf = &json};

	json_open(&w, '{');
	json_key(&w, "sources");
	json_open(&w, '[');
	for (const struct usage_reader *const *r = usage_readers; *r; r++) {
		struct source_count count = count_source(d->view, (*r)->name);
		if (!is_empty(&count))
			put_source_json(&w, *r, &count);
	}
	json_close(&w, ']');
	json_member_int(&w, "copies", d->view->copies);
	json_key(&w, "faults");
	json_open(&w, '[');
	for (size_t i = 0; i < d->view->file_count; i++)
		if (d->view->files[i].state == USAGE_FILE_UNREADABLE || d->view->files[i].damaged)
			put_file_json(&w, &d->view->files[i]);
	json_close(&w, ']');
	put_models_json(&w, d);
	json_member_str(&w, "catalogueDate", d->catalogue_date);
	put_index_json(&w, d);
	json_close(&w, '}');
	usage_put_document(look, &json);
}

void usage_show_diagnosis(const struct usage_look *look, const struct usage_diagnosis *diagnosis)
{
	if (look->form == USAGE_JSON)
		show_json(look, diagnosis);
	else
		show_text(look, diagnosis);
}
