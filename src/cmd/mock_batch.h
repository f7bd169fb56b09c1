// SPDX-License-Identifier: MIT
/*
 * mock_batch: the batches of the scripted provider. Each request of one gets the reply that it
 * would get alone; how long a batch is under way, the script says. Private to the files of the
 * mock.
 */
#ifndef CMD_MOCK_BATCH_H
#define CMD_MOCK_BATCH_H

#include "cmd/mock_script.h"

/* Of a script's "batches"; target is its struct mock_script. */
[[nodiscard]] bool mock_batch_read(
	struct reading *r, struct str value, void *target, struct err *e);
void mock_batches_release(struct mock_script *s);

/* Answers as of struct mock_side. */
bool mock_batch_take_file(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e);
bool mock_batch_create(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e);
bool mock_batch_list(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e);
bool mock_batch_look(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e);
bool mock_batch_cancel(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e);
bool mock_batch_results(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e);
bool mock_batch_content(struct mock_script *s, const struct mock_question *q, struct arena *a,
	struct buf *out, struct err *e);

#endif
