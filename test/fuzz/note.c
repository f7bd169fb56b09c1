// SPDX-License-Identifier: MIT
/*
 * Recordings: whatever a provider sends, the entry is a script that can be read, tells the same
 * bytes, and holds no key. The first four bytes choose how it ends, the status and the waits.
 */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cmd/mock_note.h"

static const char request[] = "{\"model\":\"m\",\"max_tokens\":1,\"stream\":true,\"messages\":["
			      "{\"role\":\"user\",\"content\":\"hi k-secret-key there\"}]}";

static const char *const secrets[] = {"k-secret-key", "c-secret-key", "q-secret-key"};

static void ask(struct exchange *x)
{
	struct header headers[] = {
		{"x-api-key", STR("k-secret-key")}, {"cookie", STR("a=b; session=c-secret-key")}};
	struct mock_question q = {.wire = &wire_anthropic,
		.body = str_from(request),
		.headers = headers,
		.header_count = 2,
		.query = STR("key=q-secret-key&beta=true")};
	AUTO(arena) a = {0};
	struct err e;

	must(q.wire->get_request(q.body, &a, &q.prompt, &e));
	exchange_ask(x, &q);
}

static void answer(struct exchange *x, const uint8_t *how, struct str body)
{
	x->end = how[0] % 3;
	x->status = how[1] % 8 ? 200 + how[1] * 2 : 0;
	x->delay_ms = how[2] * 4;
	if (how[1] & 64)
		vec_push(&x->headers, (struct header){"content-length", STR("1")});
	vec_push(&x->headers, (struct header){"retry-after", str_head(body, 20)});
	vec_push(&x->headers, (struct header){"content-type", str_head(body, 30)});
	vec_push(&x->headers, (struct header){"set-cookie", STR("s-secret-key")});
	for (size_t at = 0; how[3] && at < body.n && x->waits.n < 1000; at += how[3])
		vec_push(&x->waits, (struct exchange_wait){at, how[3] * 7});
	buf_put_str(&x->body, body);
}

static void check(const struct exchange *x, const struct buf *script)
{
	AUTO(buf) told = {0};
	struct mock_script s = {0};
	struct err e = {0};

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		must(!strstr(buf_text(script), secrets[i]));
	must(mock_script_read(&s, buf_str(script), "fuzz", &e));
	must(s.replies.n == 1);
	struct mock_reply *reply = &s.replies.p[0];
	buf_put_str(&told, reply->raw);
	vec_each (&reply->pieces, piece)
		buf_put_str(&told, piece->raw);
	bool has_body = x->status || x->end != EXCHANGE_CUT;
	if (has_body && utf8_is_valid(buf_str(&x->body)))
		must(told.n == x->body.n);
	if (has_body && x->end == EXCHANGE_CUT)
		must(reply->cut_after_bytes == (int64_t)x->body.n);
	mock_script_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exchange x = {0};
	AUTO(buf) script = {0};
	struct json_writer w = {.buf = &script};

	if (size < 4)
		return 0;
	ask(&x);
	answer(&x, data, (struct str){(const char *)data + 4, size - 4});
	buf_put_text(&script, "{\"replies\":[");
	if (!exchange_obstacle(&x)) {
		exchange_put(&x, &w);
		buf_put_text(&script, "]}");
		check(&x, &script);
	}
	exchange_release(&x);
	return 0;
}
