// SPDX-License-Identifier: MIT
/*
 * markdown: a model's answer as a person reads it on a terminal, while it comes (CommonMark 0.31
 * and GFM's tables, as far as models write them).
 *
 * A line of the source is a line of its own, wrapped at the terminal's width. Rows that nothing can
 * change any more are never touched again; those of the open line that something still can change
 * (a word that does not fit any more, a ** that finds its end) are written over, within a
 * synchronized update. A table is held until it ends. Code is never wrapped or altered.
 *
 * What is on the screen in the end does not depend on the pieces in which the text came.
 */
#ifndef UI_MARKDOWN_H
#define UI_MARKDOWN_H

#include "base/buf.h"

struct markdown;

[[nodiscard]] struct markdown *markdown_new(bool has_colour);
void markdown_free(struct markdown *m); /* NULL is nothing */
/* The terminal as it is now; 80 and 24 at the start. */
void markdown_resize(struct markdown *m, size_t columns, size_t rows);
/* Appends to out what goes to the terminal, to which only this writes between two lines. */
void markdown_put(struct markdown *m, struct str text, struct buf *out);
/* The end of the text: shows what is held, without a line's end; then begins anew. */
void markdown_end(struct markdown *m, struct buf *out);
/* Whether the cursor stands behind something in its row. */
bool markdown_is_mid_line(const struct markdown *m);

#endif
