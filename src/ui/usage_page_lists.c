// SPDX-License-Identifier: MIT
/* usage_page_lists: tables of a page that are not by rows: of tools, and of blocks. */
#include "ui/usage_page.h"
#include "usage/zone.h"

static void begin_table(const struct page *page, const char *caption, const char *heads)
{
	buf_printf(page->out, "<table>\n<caption id=\"rows\">%s</caption>\n<thead><tr>%s", caption,
		heads);
}

static void begin_row(const struct page *page, const char *class, struct str name)
{
	buf_printf(page->out, "<tr%s%s%s><th scope=\"row\">", *class ? " class=\"" : "", class,
		*class ? "\"" : "");
	page_put_text(page, name);
	buf_put_text(page->out, "</th>");
}

static void begin_total(const struct page *page)
{
	buf_put_text(page->out, "</tbody>\n<tfoot><tr><th scope=\"row\">Total</th>");
}

static void end_table(const struct page *page)
{
	buf_put_text(page->out, "</tr>\n</tfoot>\n</table>\n");
}

/* ---- tools ---- */

static const bool *choose_tools(const struct page *page, struct arena *arena)
{
	const struct usage_tools *tools = page->what->tools;
	struct page_size *sizes = arena_alloc(arena, tools->count, sizeof *sizes);

	for (size_t i = 0; i < tools->count; i++)
		sizes[i] = (struct page_size){
			usage_size_of(page->look, &tools->list[i].sum, page->by_cost), i};
	return page_choose(page, sizes, tools->count, tools->count, "largest", arena);
}

static void put_tool_sum(const struct page *page, int64_t calls, const struct usage_sum *sum)
{
	page_put_count_cell(page, calls);
	page_put_count_cell(page, sum->answers);
	page_put_count_cell(page, sum->tokens.output);
	page_put_count_cell(page, usage_tokens_total(&sum->tokens));
	page_put_cost_cell(page, sum);
}

void page_put_tools(const struct page *page)
{
	static const char *const numbers[] = {"Calls", "Answers", "Output", "Total"};
	const struct usage_tools *tools = page->what->tools;
	AUTO(arena) arena = {0};
	const bool *is_drawn = choose_tools(page, &arena);

	begin_table(
		page, "Usage by tool", "<th scope=\"col\">Tool</th><th scope=\"col\">Server</th>");
	page_put_number_heads(page, numbers, sizeof numbers / sizeof *numbers, "");
	for (size_t i = 0; i < tools->count; i++) {
		const struct usage_tool_row *row = &tools->list[i];
		if (!is_drawn[i])
			continue;
		begin_row(page, "", usage_tool_shown(row));
		buf_put_text(page->out, "<td class=\"names\">");
		page_put_text(page, row->server);
		buf_put_text(page->out, "</td>");
		put_tool_sum(page, row->calls, &row->sum);
		buf_put_text(page->out, "</tr>\n");
	}
	begin_total(page);
	buf_put_text(page->out, "<td></td>");
	put_tool_sum(page, tools->calls, &tools->total);
	end_table(page);
}

/* ---- blocks ---- */

static struct usage_sum sum_of(const struct usage_block *block)
{
	struct usage_sum sum = {.tokens = block->tokens, .answers = block->answers};

	for (int mode = 0; mode < USAGE_MODES; mode++) {
		sum.cost_nanousd[mode] = block->cost_nanousd;
		sum.unpriced[mode] = block->unpriced;
	}
	return sum;
}

/* A cell for each model, and one for the answers that no model gave. */
static size_t put_cells(
	const struct page *page, const struct usage_block *block, struct usage_cell *cells)
{
	struct usage_cell cell = {.day = usage_zone_day(page->look->view->zone, block->start_ms),
		.first_ms = block->first_ms,
		.last_ms = block->last_ms};
	int64_t answers = block->answers;
	size_t count = 0;

	for (size_t i = 0; i < block->model_count; i++) {
		const struct usage_part *model = &block->models[i];
		cell.model = model->name;
		cell.flags = model->is_fast ? USAGE_FAST : 0;
		cell.sum = model->sum;
		answers -= model->sum.answers;
		cells[count++] = cell;
	}
	cell.model = cell.flags = 0;
	cell.sum = (struct usage_sum){.answers = answers};
	cells[count] = cell;
	return count + (answers > 0);
}

void page_group_blocks(const struct page *page, enum usage_by by, struct usage_rows *out)
{
	const struct usage_blocks *blocks = page->what->blocks;
	struct usage_query query = *page->what->query;
	struct usage_view view = *page->look->view;
	AUTO(arena) arena = {0};
	size_t most = 0;

	for (size_t i = 0; i < blocks->count; i++)
		most += blocks->list[i].model_count + 1;
	struct usage_cell *cells = arena_alloc(&arena, most, sizeof *cells);
	view.cells = cells;
	view.cell_count = 0;
	for (size_t i = 0; i < blocks->count; i++)
		if (!blocks->list[i].is_gap &&
			usage_block_is_shown(&blocks->list[i], page->what->block_look))
			view.cell_count +=
				put_cells(page, &blocks->list[i], cells + view.cell_count);
	query.filter = USAGE_FILTER_ALL; /* they have passed it */
	query.by = by;
	query.order = USAGE_ORDER_UP;
	usage_group(&view, &query, out);
}

static const bool *choose_blocks(const struct page *page, struct arena *arena)
{
	const struct usage_blocks *blocks = page->what->blocks;
	struct page_size *sizes = arena_alloc(arena, blocks->count, sizeof *sizes);
	size_t count = 0;

	for (size_t i = 0; i < blocks->count; i++)
		if (usage_block_is_shown(&blocks->list[i], page->what->block_look))
			sizes[count++] = (struct page_size){blocks->list[i].start_ms, i};
	return page_choose(page, sizes, count, blocks->count, "newest", arena);
}

static void put_words(const struct page *page, struct str words, const struct usage_block *block)
{
	buf_put_text(page->out, "<td class=\"when\">");
	page_put_text(page, words);
	buf_put_text(page->out, "</td>");
	page_put_models_cell(page, block->models, block->model_count);
}

static void put_block(const struct page *page, const struct usage_block *block)
{
	struct usage_sum sum = sum_of(block);
	AUTO(buf) text = {0};

	usage_zone_put(page->look->view->zone, block->start_ms, "%Y-%m-%d %H:%M", &text);
	begin_row(page, block->is_gap ? "part" : "", buf_str(&text));
	buf_clear(&text);
	usage_put_block_state(&text, page->what->block_look, block);
	if (block->limit_resets_ms) {
		buf_put_text(&text, "; limit reached, ");
		usage_put_block_reset(&text, page->look, block);
	}
	if (block->is_gap) {
		buf_printf(page->out, "<td colspan=\"%d\">", page->look->hides_cost ? 8 : 9);
		page_put_text(page, buf_str(&text));
		buf_put_text(page->out, "</td>");
	} else {
		page_put_sum(page, &sum);
		put_words(page, buf_str(&text), block);
	}
	buf_put_text(page->out, "</tr>\n");
}

/* What comes of the active block by its end. */
static void put_outlook(const struct page *page, const struct usage_block *block)
{
	struct usage_sum sum = {0};
	AUTO(buf) text = {0};

	if (!block->has_projection)
		return;
	sum.cost_nanousd[page->look->mode] = block->projected_nanousd;
	sum.unpriced[page->look->mode] = block->unpriced;
	begin_row(page, "part", STR("at this rate"));
	buf_put_text(page->out, "<td colspan=\"5\">");
	buf_put_count(&text, (int64_t)block->tokens_per_minute);
	buf_put_text(&text, " tokens a minute; by its end");
	page_put_text(page, buf_str(&text));
	buf_put_text(page->out, "</td>");
	page_put_count_cell(page, block->projected_tokens);
	page_put_cost_cell(page, &sum);
	buf_put_text(page->out, "<td></td><td></td></tr>\n");
}

void page_put_blocks(const struct page *page)
{
	const struct usage_blocks *blocks = page->what->blocks;
	AUTO(arena) arena = {0};
	const bool *is_drawn = choose_blocks(page, &arena);

	begin_table(page, "Usage by block", "<th scope=\"col\">Block</th>");
	page_put_sum_heads(page, "<th scope=\"col\">Time</th><th scope=\"col\">Models</th>");
	for (size_t i = 0; i < blocks->count; i++) {
		size_t at = page->what->block_look->is_down ? blocks->count - 1 - i : i;
		if (!is_drawn[at])
			continue;
		put_block(page, &blocks->list[at]);
		if (blocks->list[at].is_active)
			put_outlook(page, &blocks->list[at]);
	}
	begin_total(page);
	page_put_sum(page, &page->rows->total.sum);
	buf_put_text(page->out, "<td></td><td></td>");
	end_table(page);
}
