// SPDX-License-Identifier: MIT
/*
 * table: GFM's tables for a terminal. A table is held until it ends, so that its columns fit what
 * is in them; of a long one only the first rows are, and its widths are those of these.
 */
#ifndef UI_TABLE_H
#define UI_TABLE_H

#include "ui/styled.h"

struct table;

/* Whether the line is what stands below a table's head: "| --- | :-: |". */
bool table_is_rule(struct str line);
/* Both begin with a bar. What stands in front of the table goes with it. */
struct table *table_new(struct str head, struct str rule, const struct styled *prefix);
void table_free(struct table *t); /* NULL is nothing */
/* columns: of the terminal. A long table writes what it has. */
void table_add(struct table *t, struct str line, size_t columns, const struct pen *pen);
void table_end(struct table *t, size_t columns, const struct pen *pen);

#endif
