// SPDX-License-Identifier: MIT
/* html_tree: an HTML5 document as a tree, with a limit on the time and memory it may take. */
#ifndef AGENT_TOOL_HTML_TREE_H
#define AGENT_TOOL_HTML_TREE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "io/gumbo_table.h"

struct html_tree {
	struct arena arena; /* all of it */
	const struct gumbo_table *gumbo;
	const GumboNode *document;
	char *source; /* that the nodes point into */
};

/*
 * html is UTF-8. ERR_LIMIT: it would take too long or too much memory; ERR_CANCELLED;
 * ERR_NOT_FOUND: the parser is not installed.
 */
[[nodiscard]] bool html_tree_parse(
	struct html_tree *out, struct str html, const atomic_bool *cancel, struct err *e);
void html_tree_release(struct html_tree *tree);
/* "" when the element has none of this name. */
struct str html_attribute(
	const struct html_tree *tree, const GumboElement *element, const char *name);

#endif
