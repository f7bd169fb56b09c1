// SPDX-License-Identifier: MIT
/* redis: the same values however the bytes are cut. The first byte chooses the size of the pieces.
 */
#include "base/buf.h"
#include "base/must.h"
#include "io/redis_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_value(struct buf *out, const struct redis_value *v)
{
	buf_printf(out, "%d %lld %zu ", v->type, (long long)v->integer, v->text.n);
	buf_put_str(out, v->text);
	/* An array's items may be many millions of nothing. */
	buf_printf(out, "[%zu", v->count);
	for (size_t i = 0; i < v->count && i < 1'000; i++)
		put_value(out, redis_item(v, i));
	buf_put_char(out, ']');
}

static void decode(struct redis_reader *r, struct str bytes, size_t piece, struct buf *out)
{
	const struct redis_value *value;
	struct err e;

	redis_reader_clear(r);
	for (; bytes.n; bytes = str_skip(bytes, piece)) {
		if (!redis_reader_feed(r, str_head(bytes, piece), &e))
			return;
		while (redis_reader_next(r, &value, &e) && value)
			put_value(out, value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf) whole = {0};
	AUTO(buf) cut = {0};
	struct err e;

	struct redis_reader *r = redis_reader_new(&e);
	if (size >= 2 && r) {
		struct str bytes = {(const char *)data + 1, size - 1};
		decode(r, bytes, bytes.n, &whole);
		decode(r, bytes, 1 + data[0] % 7, &cut);
		must(str_eq(buf_str(&whole), buf_str(&cut)));
	}
	redis_reader_free(r);
	return 0;
}
