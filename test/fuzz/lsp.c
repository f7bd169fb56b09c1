// SPDX-License-Identifier: MIT
/*
 * lsp: what a language server says, about a text: up to the first NUL the text, then a message. The
 * first byte chooses the encoding.
 */
#include "agent/lsp/words.h"
#include "base/json.h"
#include "base/must.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void list_all(struct str text, struct str message, enum lsp_encoding encoding)
{
	AUTO(lsp_list) list = {.text = text, .encoding = encoding};
	AUTO(buf) out = {0};
	size_t lines = 0;

	lsp_list_add(&list, json_get(message, "diagnostics"), LSP_WARNING);
	lsp_list_add(&list, json_get(message, "items"), LSP_WARNING);
	lsp_list_sort(&list);
	lsp_list_put(&out, &list, STR("x"), 20);
	for (size_t i = 0; i < out.n; i++)
		lines += out.p[i] == '\n';
	must(lines == (list.count > 20 ? 21 : list.count));
	must(utf8_is_valid(buf_str(&out)));
}

static void go_round(struct str path)
{
	AUTO(buf) uri = {0};
	struct arena a = {0};

	lsp_put_uri(&uri, path);
	struct str back = lsp_uri_path(buf_str(&uri), &a);
	must(!str_starts(path, STR("/")) || str_eq(back, path));
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf) reply = {0};
	struct err e;

	if (size < 2)
		return 0;
	struct str bytes = {(const char *)data + 1, size - 1};
	size_t end = str_find_char(bytes, '\0', 0);
	struct str text = str_head(bytes, end), message = str_skip(text, text.n);
	if (end != SIZE_MAX)
		message = str_skip(bytes, end + 1);
	go_round(text);
	if (!json_check(message, &e))
		return 0;
	(void)lsp_encoding_of(message);
	list_all(text, message, (enum lsp_encoding)(data[0] % 3));
	if (lsp_put_reply(&reply, "/r", STR("workspace/configuration"), message))
		must(json_check(buf_str(&reply), &e));
	return 0;
}
