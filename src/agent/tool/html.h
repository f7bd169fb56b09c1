// SPDX-License-Identifier: MIT
/*
 * html: what a document says, as Markdown or plain text. Scripts, styles, navigation, controls and
 * what is hidden are left out; links become absolute, images their words. Nothing recurses.
 */
#ifndef AGENT_TOOL_HTML_H
#define AGENT_TOOL_HTML_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/err.h"

struct html_request {
	struct str html; /* UTF-8 */
	struct str url; /* that it came from; absolute */
	bool is_markdown;
	const atomic_bool *cancel; /* or NULL */
};

struct html_page {
	struct buf title; /* one line, "" none */
	struct buf text; /* its max is a limit: what is beyond is left out, and overflow set */
};

/* Errors as html_tree_parse. out is {0} but for the maximum of its text. */
[[nodiscard]] bool html_convert(
	const struct html_request *request, struct html_page *out, struct err *e);
void html_page_release(struct html_page *page);

#endif
