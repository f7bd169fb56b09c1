// SPDX-License-Identifier: MIT
/* cells: the sums by day and all that an answer belongs to. */
#ifndef USAGE_CELLS_H
#define USAGE_CELLS_H

#include "base/buf.h"
#include "base/vec.h"
#include "usage/usage.h"

struct cells {
	VEC(struct usage_cell) all; /* those that became empty have no answers */
	uint32_t *slots;
	size_t slot_count;
	size_t last; /* the cell that was asked for last */
	uint32_t flags; /* those that there are */
	VEC(bool) changed; /* groups; those behind its end have not */
};

enum { CELL_GROUP = 96 };

void cells_release(struct cells *cells);
/* The cell with these: day, names, flags; made where there is none. Valid until the next call. */
struct usage_cell *cells_at(struct cells *cells, const struct usage_cell *like);
/* Its group is not any more what the index has. */
void cells_note_change(struct cells *cells, const struct usage_cell *cell);
bool cells_has_changed(const struct cells *cells, size_t group);
/* For the index: those of a group. */
void cells_put(const struct cells *cells, size_t group, struct buf *out);
[[nodiscard]] bool cells_take(
	struct cells *cells, struct str bytes, size_t name_count, struct err *e);

#endif
