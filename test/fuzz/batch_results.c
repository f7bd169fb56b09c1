// SPDX-License-Identifier: MIT
/*
 * batch_results: the bytes are read as lines of results, as a batch, a page of them, a form and as
 * requests; what was understood is written and read back as the same.
 */
#include <stdint.h>

#include "llm/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_result(const struct wire *wire, struct str line)
{
	AUTO(arena) a = {0};
	struct batch_result result;
	struct err e = {0};

	if (!batch_get_result(wire, line, &a, &result, &e)) {
		must(e.code == ERR_PARSE);
		return;
	}
	must(result.id.n > 0 && result.text.p);
	must(result.outcome == BATCH_SUCCEEDED || result.error.message.n > 0);
	must(batch_outcome_name(result.outcome));
}

static void fuzz_status(const struct wire *wire, struct str body)
{
	AUTO(arena) a = {0};
	AUTO(buf) written = {0};
	struct batch_status first, second;
	struct err e = {0};

	if (!batch_get_status(wire, body, &a, &first, &e))
		return;
	must(batch_is_name(first.id) && first.total >= -1 && first.created_s >= 0);
	must(first.failed <= first.finished);
	for (int i = 0; i < 2; i++) {
		const char *path = batch_results_path(wire, &first, i, &a);
		must(!path || first.phase == BATCH_ENDED);
	}
	wire->batch->put_status(&first, &written);
	must(batch_get_status(wire, buf_str(&written), &a, &second, &e));
	must(str_eq(first.id, second.id) && str_eq(first.word, second.word));
	must(first.phase == second.phase);
}

static void fuzz_page(const struct wire *wire, struct str body)
{
	AUTO(arena) a = {0};
	AUTO(buf) written = {0};
	struct batch_page first, second;
	struct err e = {0};

	if (!batch_get_page(wire, body, &a, &first, &e))
		return;
	must(batch_page_path(wire, first.next, &a));
	batch_put_page(wire, &first, &written);
	must(batch_get_page(wire, buf_str(&written), &a, &second, &e));
	must(first.count == second.count);
}

static bool count_item(void *self, const struct batch_item *item)
{
	size_t *count = self;

	must(item->url.p);
	return ++*count < 1000;
}

static void fuzz_items(const struct wire *wire, struct str text)
{
	AUTO(arena) a = {0};
	size_t count = 0;
	struct err e;

	if (wire->batch->get_items(text, &a, count_item, &count, &e))
		must(count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size}, file, upload;
	AUTO(arena) a = {0};
	struct err e;

	for (const struct wire *const *wire = wires; *wire; wire++) {
		if (!(*wire)->batch)
			continue;
		fuzz_result(*wire, bytes);
		fuzz_status(*wire, bytes);
		fuzz_page(*wire, bytes);
		fuzz_items(*wire, bytes);
	}
	if (batch_get_form(STR("multipart/form-data; boundary=x"), bytes, &file, &e))
		must(file.p >= bytes.p && file.p + file.n <= bytes.p + bytes.n);
	if (batch_get_upload(bytes, &a, &upload, &e))
		must(batch_is_name(upload));
	return 0;
}
