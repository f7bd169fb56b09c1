// SPDX-License-Identifier: MIT
/*
 * embed: the bytes are read as vectors, as a list of models, as a request for vectors and as
 * base64; what was understood is written and must be read back as the same.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "llm/embed.h"
#include "llm/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str texts[] = {STR("a"), STR("b"), STR("c")};

static void fuzz_answer(const struct wire *wire, struct str body, size_t count, bool is_base64)
{
	AUTO(arena) a = {0};
	AUTO(buf) written = {0};
	struct embed_request q = {
		.model = STR("m"), .texts = texts, .text_count = count, .is_base64 = is_base64};
	struct embeddings first, second;
	struct err e = {0};

	if (!embed_get_answer(wire, &q, body, &a, &first, &e)) {
		must(e.code == ERR_PARSE || e.code == ERR_PROVIDER);
		return;
	}
	size_t n = first.count * first.dimensions;
	must(first.count == count && first.dimensions > 0);
	for (size_t i = 0; i < n; i++)
		must(isfinite(first.values[i]));
	embed_put_answer(wire, &q, &first, &written);
	must(embed_get_answer(wire, &q, buf_str(&written), &a, &second, &e));
	must(second.count == count && second.dimensions == first.dimensions);
	/* As numbers: -0 is written as such, and so is every other one. */
	must(memcmp(first.values, second.values, n * sizeof(float)) == 0);
	must(second.usage.input == first.usage.input);
}

static void fuzz_request(const struct wire *wire, struct str body)
{
	AUTO(arena) a = {0};
	AUTO(buf) first = {0};
	AUTO(buf) second = {0};
	struct embed_request q;
	struct err e;

	if (!embed_get_request(wire, body, &a, &q, &e))
		return;
	must(q.text_count > 0 && q.text_count <= EMBED_TEXTS_MAX && q.model.n);
	embed_put_request(wire, &q, &first);
	must(embed_get_request(wire, buf_str(&first), &a, &q, &e));
	embed_put_request(wire, &q, &second);
	must(str_eq(buf_str(&first), buf_str(&second)));
}

static void fuzz_list(const struct wire *wire, struct str body)
{
	AUTO(arena) a = {0};
	AUTO(buf) written = {0};
	struct model_list first, second;
	struct err e = {0};
	int64_t context = 0;
	struct str version;

	if (list_get_context(body, &context, &e))
		must(context >= 0);
	if (list_get_version(body, &a, &version, &e))
		must(version.n);
	if (!list_get(wire, body, &a, &first, &e))
		return;
	wire->put_list(&first, &written);
	must(list_get(wire, buf_str(&written), &a, &second, &e));
	must(first.count == second.count);
	for (size_t i = 0; i < first.count; i++) {
		must(first.models[i].id.n && first.models[i].context_tokens >= 0);
		must(str_eq(first.models[i].id, second.models[i].id));
		must(first.models[i].context_tokens == second.models[i].context_tokens);
	}
	must(list_path(wire, first.next, &a).n < 100 + 3 * first.next.n);
}

static void fuzz_base64(struct str text)
{
	AUTO(buf) bytes = {0};
	AUTO(buf) back = {0};
	struct err e;

	if (base64_get(text, &bytes, &e)) {
		base64_put(&back, buf_str(&bytes));
		must(str_eq(buf_str(&back), text));
	}
	buf_clear(&bytes);
	buf_clear(&back);
	base64_put(&back, text);
	must(base64_get(buf_str(&back), &bytes, &e) && str_eq(buf_str(&bytes), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};

	for (size_t count = 1; count <= 3; count++) {
		fuzz_answer(&wire_openai, bytes, count, count % 2);
		fuzz_answer(&wire_ollama, bytes, count, false);
	}
	for (const struct wire *const *wire = wires; *wire; wire++) {
		if ((*wire)->embed_path)
			fuzz_request(*wire, bytes);
		fuzz_list(*wire, bytes);
	}
	fuzz_base64(bytes);
	return 0;
}
