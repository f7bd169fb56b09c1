// SPDX-License-Identifier: MIT
/* stream: CPU time that reading a streamed answer costs, per delta. Best of several rounds. */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "llm/llm.h"

enum { DELTAS = 20'000, ROUNDS = 15, PIECE_BYTES = 16 << 10 };

static const char *const texts[] = {
	" the", " function", "\n\t", " \"buf\"", "return", " p->n;", " \xc3\xbc", "_put(", " of"};

static bool count(void *self, const struct delta *)
{
	++*(int *)self;
	return true;
}

/* As providers write: all members, each chunk an event of its own. */
static void put_openai(struct buf *out, int i)
{
	struct json_writer w = {.buf = out};

	buf_put_text(out,
		"data: {\"id\":\"chatcmpl-C0ABCdefGHIjklMNOpqrSTUvwxYZ1\",\"object\":"
		"\"chat.completion.chunk\",\"created\":1763690000,\"model\":\"gpt-4o-mini-2024-07-18\","
		"\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\",\"choices\":"
		"[{\"index\":0,\"delta\":{\"content\":");
	json_put_text(&w, texts[(unsigned)i % (sizeof texts / sizeof texts[0])]);
	buf_put_text(out, "},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n");
}

static void put_anthropic(struct buf *out, int i)
{
	struct json_writer w = {.buf = out};

	buf_put_text(out, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
			  "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":");
	json_put_text(&w, texts[(unsigned)i % (sizeof texts / sizeof texts[0])]);
	buf_put_text(out, "}}\n\n");
}

static int64_t read_all(const struct wire *wire, struct str bytes)
{
	struct wire_reader r = {.wire = wire};
	struct err e;
	int deltas = 0;
	int64_t start = clock_cpu_ns();

	for (size_t at = 0; at < bytes.n; at += PIECE_BYTES)
		if (!wire_feed(&r, str_head(str_skip(bytes, at), PIECE_BYTES), count, &deltas, &e))
			must(false);
	int64_t took = clock_cpu_ns() - start;
	must(deltas >= DELTAS);
	wire_reader_release(&r);
	return took;
}

static void measure(const struct wire *wire, void (*put)(struct buf *out, int i))
{
	AUTO(buf) stream = {0};
	int64_t best = INT64_MAX;

	for (int i = 0; i < DELTAS; i++)
		put(&stream, i);
	for (int i = 0; i < ROUNDS; i++) {
		int64_t took = read_all(wire, buf_str(&stream));
		best = took < best ? took : best;
	}
	printf("%-10s %6.1f ns/delta  %5.2f ms for %d deltas of %zu bytes\n", wire->name,
		(double)best / DELTAS, (double)best / 1e6, DELTAS, stream.n / DELTAS);
}

int main(void)
{
	measure(&wire_openai, put_openai);
	measure(&wire_anthropic, put_anthropic);
}
