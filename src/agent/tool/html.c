// SPDX-License-Identifier: MIT
#include "agent/tool/html.h"

#include <stddef.h>
#include <stdio.h>

#include "agent/tool/html_out.h"
#include "agent/tool/html_tree.h"
#include "base/url.h"
#include "base/vec.h"

enum { TITLE_MAX_BYTES = 300, URL_MAX_BYTES = 64 << 10 };

struct list {
	bool is_ordered;
	int64_t number; /* of the next item */
};

struct place {
	const GumboNode *node;
	unsigned child; /* to visit next */
};

/* From the document down to where a walk is. */
struct path {
	VEC(struct place) open;
};

struct html {
	const struct html_request *request;
	struct html_tree tree;
	struct html_page *page;
	struct html_out out;
	struct buf base; /* what references are relative to */
	const GumboElement *captured; /* whose text goes to capture: pre, code, title */
	struct buf capture;
	struct str language; /* of a pre */
	const GumboElement *link;
	unsigned strong, emphasis, struck, heading; /* open ones */
	struct list lists[HTML_OUT_DEPTH_MAX];
	unsigned list_depth;
	VEC(bool) layouts; /* by a table's number: other tables are in it */
	unsigned table_number; /* of the next table */
	VEC(unsigned) tables; /* open ones, by number */
	unsigned row, cells; /* of a table of data: its rows so far, the cells of this one */
};

typedef void step(struct html *h, const GumboElement *element);

struct element {
	bool is_dropped;
	unsigned breaks; /* before and behind it */
	step *enter, *leave;
};

/* ---- what is left out ---- */

static struct str attribute(const struct html *h, const GumboElement *element, const char *name)
{
	return html_attribute(&h->tree, element, name);
}

static bool has_word(struct str words, const char *word)
{
	struct str one;

	while (str_split(&words, ' ', &one))
		if (str_eq_nocase(one, str_from(word)))
			return true;
	return false;
}

static bool is_hidden(const struct html *h, const GumboElement *element)
{
	struct str style = attribute(h, element, "style");
	size_t at = str_find(style, STR("display"), 0);

	if (h->tree.gumbo->attribute(&element->attributes, "hidden") ||
		str_is(attribute(h, element, "aria-hidden"), "true") ||
		str_is(attribute(h, element, "role"), "navigation"))
		return true;
	if (at == SIZE_MAX)
		return false;
	style = str_trim(str_skip(style, at + 7));
	return str_starts(style, STR(":")) && str_starts(str_trim(str_skip(style, 1)), STR("none"));
}

/* The sign beside a heading that links to it. */
static bool is_permalink(const struct html *h, const GumboElement *element)
{
	static const char *const classes[] = {
		"anchor", "headerlink", "permalink", "anchor-link", "doc-anchor"};
	struct str class = attribute(h, element, "class");

	if (element->tag != GUMBO_TAG_A || !str_starts(attribute(h, element, "href"), STR("#")))
		return false;
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (has_word(class, classes[i]))
			return true;
	return false;
}

static const struct element *element_of(GumboTag tag);

static bool is_dropped(const struct html *h, const GumboNode *node)
{
	if (node->type == GUMBO_NODE_COMMENT || node->type == GUMBO_NODE_TEMPLATE)
		return true;
	if (node->type != GUMBO_NODE_ELEMENT)
		return false;
	const GumboElement *element = &node->v.element;
	return element_of(element->tag)->is_dropped || is_hidden(h, element) ||
	       is_permalink(h, element);
}

/* ---- marks around text ---- */

static void enter_mark(struct html *h, unsigned *open, const char *mark)
{
	if (h->out.is_markdown && (*open)++ == 0)
		html_out_open(&h->out, mark);
}

static void leave_mark(struct html *h, unsigned *open, const char *mark)
{
	if (h->out.is_markdown && --*open == 0 && html_out_close(&h->out, mark))
		buf_put_text(h->out.text, mark);
}

static void enter_strong(struct html *h, const GumboElement *)
{
	enter_mark(h, &h->strong, "**");
}

static void leave_strong(struct html *h, const GumboElement *)
{
	leave_mark(h, &h->strong, "**");
}

static void enter_emphasis(struct html *h, const GumboElement *)
{
	enter_mark(h, &h->emphasis, "*");
}

static void leave_emphasis(struct html *h, const GumboElement *)
{
	leave_mark(h, &h->emphasis, "*");
}

static void enter_struck(struct html *h, const GumboElement *)
{
	enter_mark(h, &h->struck, "~~");
}

static void leave_struck(struct html *h, const GumboElement *)
{
	leave_mark(h, &h->struck, "~~");
}

static const char *heading_mark(const GumboElement *element)
{
	static const char *const marks[] = {"# ", "## ", "### ", "#### ", "##### ", "###### "};

	return marks[element->tag - GUMBO_TAG_H1];
}

/* A heading is one line, whatever is in it. */
static void enter_heading(struct html *h, const GumboElement *element)
{
	if (h->heading++)
		return;
	if (h->out.is_markdown && !h->out.inlines)
		html_out_open(&h->out, heading_mark(element));
	h->out.inlines++;
}

static void leave_heading(struct html *h, const GumboElement *element)
{
	if (--h->heading)
		return;
	h->out.inlines--;
	if (h->out.is_markdown && !h->out.inlines)
		html_out_close(&h->out, heading_mark(element));
}

/* ---- links and images ---- */

/* The reference; "" where following it would lead nowhere. */
static struct str target_of(const struct html *h, const GumboElement *element)
{
	static const char *const schemes[] = {"http", "https", "mailto", "ftp"};
	struct str target = str_trim(attribute(h, element, "href"));
	struct str scheme = url_scheme(target);

	if (!h->out.is_markdown || str_starts(target, STR("#")))
		return STR("");
	for (size_t i = 0; scheme.p && i < sizeof schemes / sizeof *schemes; i++)
		if (str_eq_nocase(scheme, str_from(schemes[i])))
			return target;
	return scheme.p ? STR("") : target;
}

static void enter_link(struct html *h, const GumboElement *element)
{
	if (h->link || !target_of(h, element).n)
		return;
	h->link = element;
	html_out_open(&h->out, "[");
	h->out.inlines++;
}

static void leave_link(struct html *h, const GumboElement *element)
{
	AUTO(buf) url = {.max = URL_MAX_BYTES};

	if (h->link != element)
		return;
	h->link = NULL;
	h->out.inlines--;
	if (!html_out_close(&h->out, "["))
		return;
	url_resolve(&url, buf_str(&h->base), target_of(h, element));
	bool has_bracket = str_find_char(buf_str(&url), '(', 0) != SIZE_MAX ||
			   str_find_char(buf_str(&url), ')', 0) != SIZE_MAX;
	buf_printf(
		h->out.text, has_bracket ? "](<%s>)" : "](%s)", url.overflow ? "" : buf_text(&url));
}

static void enter_base(struct html *h, const GumboElement *element)
{
	AUTO(buf) url = {.max = URL_MAX_BYTES};
	struct str target = attribute(h, element, "href");

	if (!target.n)
		return;
	url_resolve(&url, h->request->url, target);
	if (url.overflow || !str_eq_nocase(str_head(url_scheme(buf_str(&url)), 4), STR("http")))
		return;
	buf_clear(&h->base);
	buf_put_str(&h->base, buf_str(&url));
}

static void enter_image(struct html *h, const GumboElement *element)
{
	struct str words = str_trim(attribute(h, element, "alt"));

	if (!words.n)
		return;
	html_out_raw(&h->out, STR("[image: "));
	html_out_text(&h->out, words);
	buf_put_char(h->out.text, ']');
}

static void enter_input(struct html *h, const GumboElement *element)
{
	if (!str_eq_nocase(attribute(h, element, "type"), STR("checkbox")))
		return;
	bool is_checked = h->tree.gumbo->attribute(&element->attributes, "checked");
	html_out_raw(&h->out, is_checked ? STR("[x]") : STR("[ ]"));
	h->out.wants_space = true;
}

/* ---- lines, quotes and lists ---- */

static void enter_line_break(struct html *h, const GumboElement *)
{
	html_out_break(&h->out, h->out.breaks < 2 ? h->out.breaks + 1 : 2);
}

static void enter_rule(struct html *h, const GumboElement *)
{
	if (h->out.is_markdown && !h->out.inlines)
		html_out_raw(&h->out, STR("---"));
}

static void enter_quote(struct html *h, const GumboElement *)
{
	html_out_push(&h->out, "> ", "> ");
}

static void leave_level(struct html *h, const GumboElement *)
{
	html_out_pop(&h->out);
}

static void enter_list(struct html *h, const GumboElement *element)
{
	struct list list = {.is_ordered = element->tag == GUMBO_TAG_OL, .number = 1};

	html_out_break(&h->out, h->list_depth ? 1 : 2);
	if (!str_int(attribute(h, element, "start"), &list.number) || list.number < 0 ||
		list.number > 999'999)
		list.number = 1;
	if (h->list_depth++ < HTML_OUT_DEPTH_MAX)
		h->lists[h->list_depth - 1] = list;
}

static void leave_list(struct html *h, const GumboElement *)
{
	h->list_depth--;
	html_out_break(&h->out, h->list_depth ? 1 : 2);
}

static void enter_item(struct html *h, const GumboElement *)
{
	static const char spaces[] = "                        ";
	char first[24] = "- ";

	if (h->list_depth && h->list_depth <= HTML_OUT_DEPTH_MAX) {
		struct list *list = &h->lists[h->list_depth - 1];
		if (list->is_ordered)
			snprintf(first, sizeof first, "%lld. ", (long long)list->number++);
	}
	html_out_push(&h->out, first, spaces + sizeof spaces - 1 - strlen(first));
}

static void enter_definition(struct html *h, const GumboElement *)
{
	html_out_push(&h->out, "  ", "  ");
}

/* ---- code and titles: their text is taken together first ---- */

static void enter_capture(struct html *h, const GumboElement *element)
{
	h->captured = element;
	buf_clear(&h->capture);
}

static void leave_code(struct html *h, const GumboElement *)
{
	html_out_code(&h->out, buf_str(&h->capture));
}

/* "language-c", "lang-c", "highlight-source-c", "c" behind "sourceCode" or "brush:". */
static struct str language_in(struct str class)
{
	static const char *const heads[] = {"language-", "lang-", "highlight-source-", "brush:"};
	struct str word;

	while (str_split(&class, ' ', &word))
		for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
			struct str head = str_from(heads[i]);
			if (str_starts(word, head))
				return str_head(str_skip(word, head.n), 20);
		}
	return STR("");
}

static void note_language(struct html *h, const GumboElement *element)
{
	struct str language = language_in(attribute(h, element, "class"));

	for (size_t i = 0; i < language.n; i++)
		if (language.p[i] <= ' ' || language.p[i] == '`')
			return;
	if (!h->language.n)
		h->language = language;
}

static void enter_pre(struct html *h, const GumboElement *element)
{
	const char *node = (const char *)element - offsetof(GumboNode, v.element);
	const GumboNode *parent = ((const GumboNode *)node)->parent;

	enter_capture(h, element);
	h->language = (struct str){0};
	note_language(h, element);
	if (parent && parent->type == GUMBO_NODE_ELEMENT)
		note_language(h, &parent->v.element);
}

static void leave_pre(struct html *h, const GumboElement *)
{
	html_out_block(&h->out, buf_str(&h->capture), h->language);
}

static void leave_title(struct html *h, const GumboElement *)
{
	struct html_out line = {.text = &h->page->title, .inlines = 1};

	if (!h->page->title.n)
		html_out_text(&line, str_head(buf_str(&h->capture), TITLE_MAX_BYTES));
	html_out_release(&line);
}

/* ---- tables: of data, or only for the layout of what is in them ---- */

static void enter_table(struct html *h, const GumboElement *)
{
	vec_push(&h->tables, h->table_number++);
	h->row = h->cells = 0;
}

static void leave_table(struct html *h, const GumboElement *)
{
	h->tables.n--;
}

static bool is_data(const struct html *h)
{
	return h->tables.n && !h->layouts.p[h->tables.p[h->tables.n - 1]];
}

static void enter_row(struct html *h, const GumboElement *)
{
	html_out_break(&h->out, 1);
	h->cells = 0;
}

static void leave_row(struct html *h, const GumboElement *)
{
	if (is_data(h) && h->cells && h->out.is_markdown && !h->out.inlines) {
		buf_put_text(h->out.text, " |");
		html_out_break(&h->out, 1);
		if (h->row++ == 0) {
			html_out_raw(&h->out, STR("|"));
			for (unsigned i = 0; i < h->cells; i++)
				buf_put_text(h->out.text, "---|");
		}
	}
	html_out_break(&h->out, 1);
}

/* Before the next cell's text, also where it turns out to have none. */
static void enter_cell(struct html *h, const GumboElement *)
{
	if (!is_data(h)) {
		html_out_break(&h->out, 1);
		return;
	}
	if (h->cells == 0 && !h->out.inlines)
		html_out_raw(&h->out, h->out.is_markdown ? STR("|") : STR(""));
	else
		buf_put_text(h->out.text, " |");
	h->out.wants_space = h->out.is_markdown || h->cells;
	h->cells++;
	h->out.inlines++;
	h->out.is_in_cell = true;
}

static void leave_cell(struct html *h, const GumboElement *)
{
	if (!is_data(h)) {
		html_out_break(&h->out, 1);
		return;
	}
	h->out.inlines--;
	h->out.is_in_cell = false;
	h->out.wants_space = false;
}

/* ---- the table of elements ---- */

#define DROPPED \
	{ \
		.is_dropped = true \
	}
#define BLOCK \
	{ \
		.breaks = 1 \
	}
#define SECTION \
	{ \
		.breaks = 2 \
	}
#define HEADING \
	{ \
		.breaks = 2, .enter = enter_heading, .leave = leave_heading \
	}
#define STRONG \
	{ \
		.enter = enter_strong, .leave = leave_strong \
	}
#define SLANTED \
	{ \
		.enter = enter_emphasis, .leave = leave_emphasis \
	}
#define STRUCK \
	{ \
		.enter = enter_struck, .leave = leave_struck \
	}
#define CODE \
	{ \
		.enter = enter_capture, .leave = leave_code \
	}
#define LIST \
	{ \
		.enter = enter_list, .leave = leave_list \
	}
#define CELL \
	{ \
		.enter = enter_cell, .leave = leave_cell \
	}

/* What is not here is text in a line. */
static const struct element elements[GUMBO_TAG_LAST + 1] = {
	[GUMBO_TAG_SCRIPT] = DROPPED,
	[GUMBO_TAG_STYLE] = DROPPED,
	[GUMBO_TAG_NOSCRIPT] = DROPPED,
	[GUMBO_TAG_TEMPLATE] = DROPPED,
	[GUMBO_TAG_SVG] = DROPPED,
	[GUMBO_TAG_IFRAME] = DROPPED,
	[GUMBO_TAG_OBJECT] = DROPPED,
	[GUMBO_TAG_CANVAS] = DROPPED,
	[GUMBO_TAG_AUDIO] = DROPPED,
	[GUMBO_TAG_VIDEO] = DROPPED,
	[GUMBO_TAG_NAV] = DROPPED,
	[GUMBO_TAG_BUTTON] = DROPPED,
	[GUMBO_TAG_SELECT] = DROPPED,
	[GUMBO_TAG_DATALIST] = DROPPED,
	[GUMBO_TAG_TEXTAREA] = DROPPED,
	[GUMBO_TAG_TITLE] = {.enter = enter_capture, .leave = leave_title},
	[GUMBO_TAG_BASE] = {.enter = enter_base},
	[GUMBO_TAG_P] = SECTION,
	[GUMBO_TAG_SECTION] = SECTION,
	[GUMBO_TAG_ARTICLE] = SECTION,
	[GUMBO_TAG_ASIDE] = SECTION,
	[GUMBO_TAG_HEADER] = SECTION,
	[GUMBO_TAG_FOOTER] = SECTION,
	[GUMBO_TAG_MAIN] = SECTION,
	[GUMBO_TAG_FIGURE] = SECTION,
	[GUMBO_TAG_FORM] = SECTION,
	[GUMBO_TAG_DL] = SECTION,
	[GUMBO_TAG_DIV] = BLOCK,
	[GUMBO_TAG_ADDRESS] = BLOCK,
	[GUMBO_TAG_FIELDSET] = BLOCK,
	[GUMBO_TAG_LEGEND] = BLOCK,
	[GUMBO_TAG_FIGCAPTION] = BLOCK,
	[GUMBO_TAG_DETAILS] = BLOCK,
	[GUMBO_TAG_SUMMARY] = BLOCK,
	[GUMBO_TAG_CENTER] = BLOCK,
	[GUMBO_TAG_DT] = BLOCK,
	[GUMBO_TAG_CAPTION] = BLOCK,
	[GUMBO_TAG_H1] = HEADING,
	[GUMBO_TAG_H2] = HEADING,
	[GUMBO_TAG_H3] = HEADING,
	[GUMBO_TAG_H4] = HEADING,
	[GUMBO_TAG_H5] = HEADING,
	[GUMBO_TAG_H6] = HEADING,
	[GUMBO_TAG_STRONG] = STRONG,
	[GUMBO_TAG_B] = STRONG,
	[GUMBO_TAG_EM] = SLANTED,
	[GUMBO_TAG_I] = SLANTED,
	[GUMBO_TAG_DEL] = STRUCK,
	[GUMBO_TAG_S] = STRUCK,
	[GUMBO_TAG_CODE] = CODE,
	[GUMBO_TAG_KBD] = CODE,
	[GUMBO_TAG_SAMP] = CODE,
	[GUMBO_TAG_TT] = CODE,
	[GUMBO_TAG_PRE] = {.breaks = 2, .enter = enter_pre, .leave = leave_pre},
	[GUMBO_TAG_LISTING] = {.breaks = 2, .enter = enter_pre, .leave = leave_pre},
	[GUMBO_TAG_A] = {.enter = enter_link, .leave = leave_link},
	[GUMBO_TAG_IMG] = {.enter = enter_image},
	[GUMBO_TAG_INPUT] = {.enter = enter_input},
	[GUMBO_TAG_BR] = {.enter = enter_line_break},
	[GUMBO_TAG_HR] = {.breaks = 2, .enter = enter_rule},
	[GUMBO_TAG_BLOCKQUOTE] = {.breaks = 2, .enter = enter_quote, .leave = leave_level},
	[GUMBO_TAG_UL] = LIST,
	[GUMBO_TAG_OL] = LIST,
	[GUMBO_TAG_MENU] = LIST,
	[GUMBO_TAG_LI] = {.breaks = 1, .enter = enter_item, .leave = leave_level},
	[GUMBO_TAG_DD] = {.breaks = 1, .enter = enter_definition, .leave = leave_level},
	[GUMBO_TAG_TABLE] = {.breaks = 2, .enter = enter_table, .leave = leave_table},
	[GUMBO_TAG_TR] = {.enter = enter_row, .leave = leave_row},
	[GUMBO_TAG_TD] = CELL,
	[GUMBO_TAG_TH] = CELL,
};

static const struct element *element_of(GumboTag tag)
{
	return &elements[tag <= GUMBO_TAG_LAST ? tag : GUMBO_TAG_LAST];
}

/* ---- the walk ---- */

static void enter(struct html *h, const GumboNode *node)
{
	const GumboElement *element = &node->v.element;
	const struct element *what = element_of(element->tag);

	if (!h->captured) {
		if (what->breaks)
			html_out_break(&h->out, what->breaks);
		if (what->enter)
			what->enter(h, element);
	} else if (element->tag == GUMBO_TAG_BR) {
		buf_put_char(&h->capture, '\n');
	} else if (element->tag == GUMBO_TAG_CODE) {
		note_language(h, element);
	}
}

static void leave(struct html *h, const GumboNode *node)
{
	const GumboElement *element = &node->v.element;
	const struct element *what = element_of(element->tag);

	if (h->captured && h->captured != element) {
		/* A line of code may be an element of its own. */
		if (what->breaks && h->capture.n && h->capture.p[h->capture.n - 1] != '\n')
			buf_put_char(&h->capture, '\n');
		return;
	}
	h->captured = NULL;
	if (what->leave)
		what->leave(h, element);
	if (what->breaks)
		html_out_break(&h->out, what->breaks);
}

static void put_text(struct html *h, const char *text)
{
	struct str rest = str_from(text);

	if (h->captured) {
		buf_put_str(&h->capture, rest);
		return;
	}
	/* U+00A0 is for keeping words on one line. */
	while (rest.n) {
		size_t space = str_find(rest, STR("\xc2\xa0"), 0);
		html_out_text(&h->out, str_head(rest, space));
		if (space == SIZE_MAX)
			break;
		html_out_text(&h->out, STR(" "));
		rest = str_skip(rest, space + 2);
	}
}

static const GumboVector *children_of(const GumboNode *node)
{
	if (node->type == GUMBO_NODE_DOCUMENT)
		return &node->v.document.children;
	return node->type == GUMBO_NODE_ELEMENT ? &node->v.element.children : NULL;
}

/* The next step of a walk: whether node is entered, or left; NULL at the end. */
static const GumboNode *next(const struct html *h, struct path *path, bool *is_left)
{
	while (path->open.n) {
		struct place *here = &path->open.p[path->open.n - 1];
		const GumboVector *children = children_of(here->node);
		*is_left = here->child == children->length;
		if (*is_left) {
			path->open.n--;
			return here->node;
		}
		const GumboNode *child = children->data[here->child++];
		if (is_dropped(h, child))
			continue;
		if (children_of(child))
			vec_push(&path->open, (struct place){.node = child});
		return child;
	}
	return NULL;
}

static bool is_table(const GumboNode *node)
{
	return node->type == GUMBO_NODE_ELEMENT && node->v.element.tag == GUMBO_TAG_TABLE;
}

/* A table in a table: the outer one is no table of data. Numbers follow the order of entering. */
static void find_layouts(struct html *h)
{
	struct path path = {0};
	const GumboNode *node;
	bool is_left;

	vec_push(&path.open, (struct place){.node = h->tree.document});
	while ((node = next(h, &path, &is_left))) {
		if (!is_table(node))
			continue;
		if (is_left) {
			h->tables.n--;
			continue;
		}
		if (h->tables.n)
			h->layouts.p[h->tables.p[h->tables.n - 1]] = true;
		vec_push(&h->tables, (unsigned)h->layouts.n);
		vec_push(&h->layouts, false);
	}
	vec_release(&path.open);
}

/* In code a table is not entered, but has its number all the same. */
static void count_table(struct html *h, const GumboNode *node)
{
	if (h->captured && is_table(node))
		h->table_number++;
}

static void walk(struct html *h)
{
	struct path path = {0};
	const GumboNode *node;
	bool is_left;

	vec_push(&path.open, (struct place){.node = h->tree.document});
	while (!h->out.text->overflow && (node = next(h, &path, &is_left))) {
		if (node->type == GUMBO_NODE_ELEMENT && is_left) {
			leave(h, node);
		} else if (node->type == GUMBO_NODE_ELEMENT) {
			count_table(h, node);
			enter(h, node);
		} else if (node->type != GUMBO_NODE_DOCUMENT) {
			put_text(h, node->v.text.text);
		}
	}
	vec_release(&path.open);
}

bool html_convert(const struct html_request *request, struct html_page *out, struct err *e)
{
	struct html h = {.request = request, .page = out};

	if (!html_tree_parse(&h.tree, request->html, request->cancel, e))
		return false;
	h.out = (struct html_out){.text = &out->text, .is_markdown = request->is_markdown};
	buf_put_str(&h.base, request->url);
	find_layouts(&h);
	walk(&h);
	html_out_release(&h.out);
	html_tree_release(&h.tree);
	buf_release(&h.base);
	buf_release(&h.capture);
	vec_release(&h.layouts);
	vec_release(&h.tables);
	return true;
}

void html_page_release(struct html_page *page)
{
	buf_release(&page->title);
	buf_release(&page->text);
}
