// SPDX-License-Identifier: MIT
/* Scripts of the scripted provider; what is taken is also played against a request. */
#include "base/json.h"
#include "cmd/mock_script.h"

/* As every wire reads it. */
static const char request[] =
	"{\"model\":\"m\",\"max_tokens\":1,\"stream\":true,\"system\":\"s\",\"messages\":["
	"{\"role\":\"user\",\"content\":\"hi\"}],\"input\":\"hi\"}";

static void write_out(struct mock_script *s, const struct mock_question *q)
{
	vec_each (&s->replies, reply) {
		struct wire_writer writer = {.wire = q->wire};
		AUTO(buf) out = {.max = 1 << 20};

		vec_each (&reply->pieces, piece)
			q->wire->put_delta(&writer, &piece->delta, &out);
		q->wire->put_error(&reply->error, &out);
		wire_writer_release(&writer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mock_script s = {0};
	struct err e = {0};
	AUTO(arena) a = {0};
	AUTO(buf) why = {0};

	if (!mock_script_read(&s, (struct str){(const char *)data, size}, "fuzz", &e))
		return 0;
	for (size_t i = 0; wires[i]; i++) {
		struct mock_question q = {
			.wire = wires[i], .path = STR("/"), .body = str_from(request)};

		if (!q.wire->get_request(q.body, &a, &q.prompt, &e))
			continue;
		mock_script_choose(&s, &q, &a, &why);
		write_out(&s, &q);
	}
	mock_script_release(&s);
	return 0;
}
