// SPDX-License-Identifier: MIT
#include "usage/ruin.h"

#include <string.h>

enum page_kind { INNER_INDEX = 2, INNER_TABLE = 5, LEAF_INDEX = 10, LEAF_TABLE = 13 };

enum page_mark { PAGE_REACHED = 1, PAGE_FREE = 2, PAGE_KIND = 4 /* behind it: its kind */ };

enum {
	FILE_HEAD = 100,
	LOG_HEAD = 32,
	FRAME_HEAD = 24,
	USUAL_PAGE_BYTES = 4096,
	TREE_DEPTH_MAX = 40,
	ROOTS_MAX = 64,
	/* Rows that share their pages with others are damaged: a damaged file costs little more
	   than a whole one. */
	BUDGET_FACTOR = 4,
};

/* ---- numbers ---- */

static uint32_t be16(const char *p)
{
	return (uint32_t)(uint8_t)p[0] << 8 | (uint8_t)p[1];
}

static uint32_t be32(const char *p)
{
	return be16(p) << 16 | be16(p + 2);
}

/* SQLite's: big end first, the ninth byte whole. False: it passes the end. */
static bool take_varint(struct str *s, uint64_t *number)
{
	uint64_t n = 0;

	for (size_t i = 0; i < 9 && i < s->n; i++) {
		uint8_t byte = (uint8_t)s->p[i];
		n = i == 8 ? n << 8 | byte : n << 7 | (byte & 0x7f);
		if (i == 8 || byte < 0x80) {
			*number = n;
			*s = str_skip(*s, i + 1);
			return true;
		}
	}
	return false;
}

/* ---- the log ---- */

struct checksum {
	uint32_t a, b;
	bool is_big; /* words begin with their big end */
};

static uint32_t word(const char *p, bool is_big)
{
	uint32_t n = be32(p);

	return is_big ? n : __builtin_bswap32(n);
}

static void add_bytes(struct checksum *sum, const char *p, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		sum->a += word(p + i, sum->is_big) + sum->b;
		sum->b += word(p + i + 4, sum->is_big) + sum->a;
	}
}

static bool is_sum(const struct checksum *sum, const char *p)
{
	return sum->a == be32(p) && sum->b == be32(p + 4);
}

static const char *frame_at(const struct ruin *ruin, size_t frame)
{
	return ruin->log.p + LOG_HEAD + (frame - 1) * (FRAME_HEAD + ruin->page_bytes);
}

/* Frames up to the last commit of those that are whole, as SQLite takes them; 0: there is none. */
static size_t committed_frames(struct ruin *ruin)
{
	const char *head = ruin->log.p;
	struct checksum sum = {.is_big = true};
	size_t committed = 0;

	if (ruin->log.n < LOG_HEAD || (be32(head) & ~1u) != 0x377f0682 ||
		be32(head + 8) != ruin->page_bytes)
		return 0;
	sum.is_big = be32(head) & 1;
	add_bytes(&sum, head, 24);
	if (!is_sum(&sum, head + 24))
		return 0;
	size_t count = (ruin->log.n - LOG_HEAD) / (FRAME_HEAD + ruin->page_bytes);
	for (size_t i = 1; i <= count; i++) {
		const char *frame = frame_at(ruin, i);
		add_bytes(&sum, frame, 8);
		add_bytes(&sum, frame + FRAME_HEAD, ruin->page_bytes);
		if (memcmp(frame + 8, head + 16, 8) != 0 || !is_sum(&sum, frame + 16) ||
			be32(frame) == 0)
			break;
		if (be32(frame + 4) == 0)
			continue;
		committed = i;
		ruin->page_count = be32(frame + 4);
	}
	return committed;
}

static void take_log(struct ruin *ruin)
{
	uint32_t most = (uint32_t)((ruin->file.n + ruin->log.n) / ruin->page_bytes) + 1;
	size_t count = committed_frames(ruin);

	if (ruin->page_count > most)
		ruin->page_count = most;
	if (count == 0)
		return;
	ruin->frames = must_alloc((size_t)ruin->page_count + 1, sizeof *ruin->frames);
	for (size_t i = 1; i <= count; i++) {
		uint32_t page = be32(frame_at(ruin, i));
		if (page <= ruin->page_count)
			ruin->frames[page] = (uint32_t)i;
	}
}

/* ---- pages ---- */

/* NULL: it is not there. */
static const char *page_at(const struct ruin *ruin, uint32_t number)
{
	if (number == 0 || number > ruin->page_count)
		return NULL;
	if (ruin->frames && ruin->frames[number])
		return frame_at(ruin, ruin->frames[number]) + FRAME_HEAD;
	return (size_t)number * ruin->page_bytes <= ruin->file.n
		       ? ruin->file.p + (size_t)(number - 1) * ruin->page_bytes
		       : NULL;
}

struct page {
	const char *p;
	uint32_t number;
	enum page_kind kind;
	size_t cells_at, cell_count;
	bool is_inner, has_ids;
};

/* False: it is none of that kind. */
static bool open_as(
	const struct ruin *ruin, uint32_t number, enum page_kind kind, struct page *page)
{
	const char *p = page_at(ruin, number);
	size_t head = number == 1 ? FILE_HEAD : 0;

	*page = (struct page){.p = p, .number = number, .kind = kind};
	page->is_inner = page->kind == INNER_INDEX || page->kind == INNER_TABLE;
	page->has_ids = page->kind == INNER_TABLE || page->kind == LEAF_TABLE;
	if (!page->is_inner && page->kind != LEAF_INDEX && page->kind != LEAF_TABLE)
		return false;
	page->cell_count = be16(p + head + 3);
	page->cells_at = head + (page->is_inner ? 12 : 8);
	return page->cells_at + 2 * page->cell_count <= ruin->usable_bytes;
}

/* False: it is no page of a tree. */
static bool open_page(const struct ruin *ruin, uint32_t number, struct page *page)
{
	const char *p = page_at(ruin, number);
	uint8_t kind = p ? (uint8_t)p[number == 1 ? FILE_HEAD : 0] : 0;

	if (p && ruin->marks && ruin->marks[number] >= PAGE_KIND)
		kind = ruin->marks[number] / PAGE_KIND;
	return p && open_as(ruin, number, (enum page_kind)kind, page);
}

/* The bytes from the place of a cell to the page's end; empty: it has none there. */
static struct str cell_at(const struct ruin *ruin, const struct page *page, size_t cell)
{
	size_t at = be16(page->p + page->cells_at + 2 * cell);

	return at < page->cells_at + 2 * page->cell_count || at >= ruin->usable_bytes
		       ? STR("")
		       : (struct str){page->p + at, ruin->usable_bytes - at};
}

/* ---- the head ---- */

bool ruin_version(const struct ruin *ruin, uint32_t *version)
{
	static const struct str magic = {"SQLite format 3", 16};
	const char *head = page_at(ruin, 1);

	/* Fractions of payloads are always these, the schema's format is 4, and the text UTF-8. */
	if (!head || memcmp(head, magic.p, magic.n) != 0 ||
		memcmp(head + 21, "\100\40\40", 3) != 0 || be32(head + 44) != 4 ||
		be32(head + 56) != 1)
		return false;
	*version = be32(head + 60);
	return true;
}

static void take_page_size(struct ruin *ruin)
{
	enum { AT_PAGE_BYTES = 16, AT_RESERVED = 20, BYTES_MIN = 512 };

	ruin->page_bytes = ruin->usable_bytes = USUAL_PAGE_BYTES;
	if (ruin->file.n < FILE_HEAD || memcmp(ruin->file.p, "SQLite format 3", 16) != 0)
		return;
	size_t bytes = be16(ruin->file.p + AT_PAGE_BYTES);
	size_t reserved = (uint8_t)ruin->file.p[AT_RESERVED];
	bytes = bytes == 1 ? 1 << 16 : bytes;
	if (bytes < BYTES_MIN || (bytes & (bytes - 1)) != 0)
		return;
	ruin->page_bytes = bytes;
	ruin->usable_bytes = bytes - (reserved <= 32 ? reserved : 0);
}

/* ---- rows ---- */

struct cell {
	int64_t id;
	size_t n; /* of the whole payload */
	struct str local; /* what of it is in the page */
	uint32_t more; /* the page with the rest; 0 none */
};

static bool take_cell(
	const struct ruin *ruin, const struct page *page, struct str s, struct cell *cell)
{
	size_t usable = ruin->usable_bytes, least = (usable - 12) * 32 / 255 - 23;
	size_t most = page->has_ids ? usable - 35 : (usable - 12) * 64 / 255 - 23;
	uint64_t n, id = 0;

	if (page->is_inner)
		s = str_skip(s, 4);
	if (!take_varint(&s, &n) || (page->has_ids && !take_varint(&s, &id)) ||
		n > ruin->file.n + ruin->log.n)
		return false;
	*cell = (struct cell){.id = (int64_t)id, .n = (size_t)n};
	size_t local = cell->n;
	if (local > most) {
		local = least + (cell->n - least) % (usable - 4);
		local = local <= most ? local : least;
		if (s.n < local + 4)
			return false;
		cell->more = be32(s.p + local);
	}
	if (s.n < local)
		return false;
	cell->local = str_head(s, local);
	return true;
}

/* All of a payload, of one that goes on in other pages in a copy. */
static bool gather(struct ruin *ruin, const struct cell *cell, struct str *payload)
{
	size_t piece = ruin->usable_bytes - 4;
	uint32_t next = cell->more;

	*payload = cell->local;
	if (cell->local.n == cell->n)
		return true;
	buf_clear(&ruin->payload);
	buf_put_str(&ruin->payload, cell->local);
	while (ruin->payload.n < cell->n) {
		const char *p = page_at(ruin, next);
		size_t left = cell->n - ruin->payload.n, n = left < piece ? left : piece;
		if (!p || ruin->budget < n)
			return false;
		ruin->budget -= n;
		buf_put(&ruin->payload, p + 4, n);
		if (ruin->payload.overflow)
			return false;
		next = be32(p);
	}
	*payload = buf_str(&ruin->payload);
	return true;
}

/* Of a number of so many bytes, big end first, with its sign. */
static int64_t take_signed(const char *p, size_t n)
{
	uint64_t number = n > 0 && (uint8_t)p[0] >= 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < n; i++)
		number = number << 8 | (uint8_t)p[i];
	return (int64_t)number;
}

static bool take_column(uint64_t type, struct str *body, struct ruin_column *column)
{
	static const uint8_t number_bytes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
	uint64_t n = type < 10 ? number_bytes[type] : (type - 12) / 2;

	if (type == 10 || type == 11 || n > body->n)
		return false;
	*column = (struct ruin_column){.kind = type == 0   ? RUIN_NULL
					       : type < 10 ? RUIN_NUMBER
							   : RUIN_BYTES};
	if (type >= 12)
		column->bytes = str_head(*body, (size_t)n);
	else if (type == 8 || type == 9)
		column->number = type == 9;
	else
		column->number = take_signed(body->p, (size_t)n);
	*body = str_skip(*body, (size_t)n);
	return true;
}

static bool take_record(struct str payload, struct ruin_row *row)
{
	struct str head = payload;
	uint64_t head_bytes, type;

	row->column_count = 0;
	if (!take_varint(&head, &head_bytes) || head_bytes > payload.n ||
		head_bytes < payload.n - head.n)
		return false;
	struct str body = str_skip(payload, (size_t)head_bytes);
	head = str_head(head, head.n - body.n);
	while (head.n > 0) {
		if (row->column_count == RUIN_COLUMNS || !take_varint(&head, &type) ||
			!take_column(type, &body, &row->columns[row->column_count++]))
			return false;
	}
	return body.n == 0;
}

static bool visit_page(
	struct ruin *ruin, const struct page *page, bool is_sure, ruin_fn *visit, void *self)
{
	struct cell cell;
	struct str payload;
	struct ruin_row row;

	/* What is in the inner pages of a table with rowids are only ways. */
	if (page->is_inner && page->has_ids)
		return true;
	for (size_t i = 0; i < page->cell_count; i++) {
		struct str s = cell_at(ruin, page, i);
		if (!take_cell(ruin, page, s, &cell) || !gather(ruin, &cell, &payload) ||
			!take_record(payload, &row))
			continue;
		row.id = cell.id;
		row.is_sure = is_sure;
		if (!visit(self, &row))
			return false;
	}
	return true;
}

static bool visit_pages(struct ruin *ruin, bool has_ids, bool is_sure, ruin_fn *visit, void *self)
{
	struct page page;

	for (uint32_t number = 1; number <= ruin->page_count; number++) {
		if ((ruin->marks[number] & PAGE_FREE) ||
			is_sure != ((ruin->marks[number] & PAGE_REACHED) != 0))
			continue;
		if (open_page(ruin, number, &page) && page.has_ids == has_ids &&
			!visit_page(ruin, &page, is_sure, visit, self))
			return false;
	}
	return true;
}

void ruin_each(struct ruin *ruin, bool has_ids, ruin_fn *visit, void *self)
{
	ruin->budget = BUDGET_FACTOR * (ruin->file.n + ruin->log.n);
	if (visit_pages(ruin, has_ids, true, visit, self) && ruin->is_broken)
		(void)visit_pages(ruin, has_ids, false, visit, self);
}

/* ---- which pages are what ---- */

/* Only a list that is whole is believed. */
static void mark_free(struct ruin *ruin)
{
	enum { AT_TRUNK = 32, AT_COUNT = 36 };
	const char *head = page_at(ruin, 1);
	VEC(uint32_t) all = {0};
	uint32_t version;

	if (!ruin_version(ruin, &version))
		return;
	uint32_t trunk = be32(head + AT_TRUNK), count = be32(head + AT_COUNT);
	if (count > ruin->page_count)
		return;
	while (trunk && all.n < count) {
		const char *p = page_at(ruin, trunk);
		uint32_t leaves = p ? be32(p + 4) : UINT32_MAX;
		if (leaves > ruin->usable_bytes / 4 - 2)
			break;
		vec_push(&all, trunk);
		for (uint32_t i = 0; i < leaves && all.n < count; i++)
			vec_push(&all, be32(p + 8 + 4 * i));
		trunk = be32(p);
	}
	ruin->knows_free = trunk == 0 && all.n == count;
	vec_each (&all, page)
		if (ruin->knows_free && *page <= ruin->page_count)
			ruin->marks[*page] |= PAGE_FREE;
	vec_release(&all);
}

struct stack {
	VEC(uint32_t) pages;
	bool has_ids;
};

static void push_children(struct ruin *ruin, struct stack *stack, const struct page *page)
{
	vec_push(&stack->pages, be32(page->p + page->cells_at - 4));
	for (size_t i = 0; i < page->cell_count; i++) {
		struct str cell = cell_at(ruin, page, i);
		vec_push(&stack->pages, cell.n >= 4 ? be32(cell.p) : 0);
	}
}

/* Cells lie behind the places of all, in what the page says that they take. */
static bool is_likely(const struct ruin *ruin, const struct page *page)
{
	size_t start = be16(page->p + page->cells_at - (page->is_inner ? 12 : 8) + 5);

	for (size_t i = 0; i < page->cell_count; i++) {
		struct str cell = cell_at(ruin, page, i);
		if (cell.n == 0 || (size_t)(cell.p - page->p) < start)
			return false;
	}
	return page->cell_count > 0;
}

/* Whether the page is what it is taken for. */
static bool has_sense(struct ruin *ruin, const struct page *page)
{
	struct page child;
	struct cell cell;
	struct ruin_row row;
	struct str payload;

	if (!is_likely(ruin, page))
		return false;
	if (page->is_inner)
		return open_page(ruin, be32(page->p + page->cells_at - 4), &child) &&
		       child.has_ids == page->has_ids;
	return take_cell(ruin, page, cell_at(ruin, page, 0), &cell) &&
	       gather(ruin, &cell, &payload) && take_record(payload, &row);
}

/* One byte says what kind a page is: where that has changed, it is what it looks like. */
static void guess_kind(struct ruin *ruin, uint32_t number, bool is_root, bool has_ids)
{
	static const enum page_kind kinds[] = {LEAF_INDEX, LEAF_TABLE, INNER_INDEX, INNER_TABLE};
	struct page page;

	if (!page_at(ruin, number) || ruin->marks[number] ||
		(open_page(ruin, number, &page) && (is_root || page.has_ids == has_ids) &&
			is_likely(ruin, &page)))
		return;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!open_as(ruin, number, kinds[i], &page) || !has_sense(ruin, &page) ||
			!(is_root || page.has_ids == has_ids))
			continue;
		ruin->marks[number] |= (uint8_t)(kinds[i] * PAGE_KIND);
		return;
	}
}

/* Nobody knows which tree's a root was. */
static void note_broken(struct ruin *ruin, bool is_root, bool has_ids)
{
	ruin->is_broken = true;
	ruin->lacks_pages[has_ids] = true;
	ruin->lacks_pages[!has_ids] |= is_root;
}

/* Each page is visited once, so that loops end. */
static void mark_tree(struct ruin *ruin, uint32_t root)
{
	struct stack stack = {0};
	struct page page;

	vec_push(&stack.pages, root);
	while (stack.pages.n > 0) {
		uint32_t number = stack.pages.p[--stack.pages.n];
		guess_kind(ruin, number, number == root, stack.has_ids);
		if (!open_page(ruin, number, &page) ||
			ruin->marks[number] & (PAGE_REACHED | PAGE_FREE) ||
			(number != root && page.has_ids != stack.has_ids)) {
			note_broken(ruin, number == root, stack.has_ids);
			continue;
		}
		ruin->marks[number] |= PAGE_REACHED;
		stack.has_ids = page.has_ids;
		if (page.is_inner)
			push_children(ruin, &stack, &page);
	}
	vec_release(&stack.pages);
}

/* ---- the doors ---- */

struct roots {
	uint32_t pages[ROOTS_MAX];
	size_t count;
};

/* A row of the schema: type, name, table, root, statement. */
static bool take_root(void *self, const struct ruin_row *row)
{
	struct roots *roots = self;
	enum { AT_ROOT = 3, COLUMNS = 5 };

	if (row->column_count == COLUMNS && roots->count < ROOTS_MAX &&
		row->columns[AT_ROOT].number > 0 && row->columns[AT_ROOT].number <= UINT32_MAX)
		roots->pages[roots->count++] = (uint32_t)row->columns[AT_ROOT].number;
	return true;
}

/* Of a first page that cannot be read: roots are where they are in a new file. */
static void find_roots(struct ruin *ruin, struct roots *roots)
{
	enum { USUAL_ROOTS = 3 };
	struct page page;

	if (open_page(ruin, 1, &page) && page.kind == LEAF_TABLE)
		(void)visit_page(ruin, &page, true, take_root, roots);
	if (roots->count >= USUAL_ROOTS)
		return;
	roots->count = 0;
	while (roots->count < USUAL_ROOTS) {
		roots->pages[roots->count] = (uint32_t)roots->count + 2;
		roots->count++;
	}
}

void ruin_begin(struct ruin *ruin, struct str file, struct str log)
{
	struct roots roots = {0};

	*ruin = (struct ruin){.file = file, .log = log, .payload.max = SIZE_MAX};
	take_page_size(ruin);
	ruin->page_count = (uint32_t)(file.n / ruin->page_bytes);
	take_log(ruin);
	ruin->marks = must_alloc((size_t)ruin->page_count + 1, 1);
	mark_free(ruin);
	ruin->marks[0] = PAGE_FREE;
	ruin->budget = BUDGET_FACTOR * (file.n + log.n);
	find_roots(ruin, &roots);
	if (ruin->page_count > 0)
		ruin->marks[1] |= PAGE_REACHED;
	for (size_t i = 0; i < roots.count; i++)
		mark_tree(ruin, roots.pages[i]);
}

void ruin_release(struct ruin *ruin)
{
	free(ruin->frames);
	free(ruin->marks);
	buf_release(&ruin->payload);
	*ruin = (struct ruin){0};
}
