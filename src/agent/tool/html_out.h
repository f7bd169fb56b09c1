// SPDX-License-Identifier: MIT
/*
 * html_out: running text, laid out as Markdown or plain text: white space collapses, line breaks
 * wait until something follows them, quotes and lists have their prefix on every line.
 */
#ifndef AGENT_TOOL_HTML_OUT_H
#define AGENT_TOOL_HTML_OUT_H

#include "base/buf.h"

/* Levels of quotes and lists; deeper ones look like these. */
enum { HTML_OUT_DEPTH_MAX = 12 };

/* {.text, .is_markdown} is a valid start; text stays the caller's. */
struct html_out {
	struct buf *text;
	bool is_markdown;
	bool is_in_cell; /* a bar would end it */
	unsigned inlines; /* above 0 line breaks are spaces */
	unsigned breaks; /* newlines before what comes next, at most 2 */
	bool wants_space;
	struct buf opening; /* "**", "[": shown with the first character behind them */
	struct buf prefix; /* of every line */
	size_t least; /* the shortest that it was since the last line began */
	struct buf marker; /* on the next line it stands in the prefix' place from marker_at on */
	size_t marker_at;
	size_t levels[HTML_OUT_DEPTH_MAX]; /* the prefix' length before each */
	unsigned depth;
};

void html_out_release(struct html_out *o);
/* 1: a new line, 2: an empty line between. */
void html_out_break(struct html_out *o, unsigned breaks);
void html_out_text(struct html_out *o, struct str text);
void html_out_raw(struct html_out *o, struct str text); /* one line, as it is */
/* Something around what follows. False on closing: nothing followed, and it was not shown. */
void html_out_open(struct html_out *o, const char *mark);
bool html_out_close(struct html_out *o, const char *mark);
/* A level whose first line begins with first and all others with rest, as long. */
void html_out_push(struct html_out *o, const char *first, const char *rest);
void html_out_pop(struct html_out *o);
/* Code in a line, and several lines of it in a language that may be "". */
void html_out_code(struct html_out *o, struct str code);
void html_out_block(struct html_out *o, struct str code, struct str language);

#endif
