// SPDX-License-Identifier: MIT
/* sse: the same events however the bytes are cut. The first byte chooses the size of the pieces. */
#include "base/sse.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool note(void *self, struct str name, struct str data)
{
	buf_printf(self, "%zu %zu ", name.n, data.n);
	buf_put_str(self, name);
	buf_put_str(self, data);
	return true;
}

static void decode(struct str bytes, size_t piece, struct buf *out)
{
	AUTO(sse) s = {0};
	struct err e;

	for (; bytes.n; bytes = str_skip(bytes, piece))
		must(sse_feed(&s, str_head(bytes, piece), note, out, &e));
	must(sse_end(&s, note, out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf) whole = {0};
	AUTO(buf) cut = {0};

	if (size < 2)
		return 0;
	struct str bytes = {(const char *)data + 1, size - 1};
	decode(bytes, bytes.n, &whole);
	decode(bytes, 1 + data[0] % 7, &cut);
	must(str_eq(buf_str(&whole), buf_str(&cut)));
	return 0;
}
