// SPDX-License-Identifier: MIT
/*
 * frames: the same messages and the same end however the bytes are cut, in both framings; and what
 * is put comes out. The first byte chooses the size of the pieces.
 */
#include "io/frames.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_apart(enum rpc_framing framing, struct str bytes, size_t piece, struct buf *out)
{
	AUTO(frames) f = {.framing = framing};
	struct str message;
	struct err e;

	for (; bytes.n; bytes = str_skip(bytes, piece)) {
		frames_feed(&f, str_head(bytes, piece));
		for (;;) {
			if (!frames_next(&f, &message, &e)) {
				buf_printf(out, "broken %d", e.code);
				return;
			}
			if (!message.p)
				break;
			must(message.n);
			buf_printf(out, "%zu ", message.n);
			buf_put_str(out, message);
		}
	}
}

static void compare(enum rpc_framing framing, struct str bytes, size_t piece)
{
	AUTO(buf) whole = {0};
	AUTO(buf) cut = {0};

	take_apart(framing, bytes, bytes.n, &whole);
	take_apart(framing, bytes, piece, &cut);
	must(str_eq(buf_str(&whole), buf_str(&cut)));
}

static void round_trip(enum rpc_framing framing, struct str body)
{
	AUTO(frames) f = {.framing = framing};
	AUTO(buf) framed = {0};
	struct str message;
	struct err e;

	if (framing == RPC_LINES &&
		(!str_trim(body).n || str_contains(body, STR("\n")) || str_ends(body, STR("\r"))))
		return;
	frame_put(&framed, framing, body);
	frames_feed(&f, buf_str(&framed));
	must(frames_next(&f, &message, &e) && str_eq(message, body));
	must(frames_next(&f, &message, &e) && !message.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct str bytes = {(const char *)data + 1, size - 1};
	for (enum rpc_framing framing = RPC_LINES; framing <= RPC_HEADERS; framing++) {
		compare(framing, bytes, 1 + data[0] % 7);
		round_trip(framing, bytes);
	}
	return 0;
}
