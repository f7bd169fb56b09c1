// SPDX-License-Identifier: MIT
/* html: any document as Markdown or text; first byte: which. What comes is UTF-8, and limited. */
#include <stdint.h>

#include "agent/tool/charset.h"
#include "agent/tool/html.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(html_page) page = {.text = {.max = 1 << 20}};
	AUTO(buf) text = {0};
	struct err e;

	if (size == 0)
		return 0;
	struct str bytes = {(const char *)data + 1, size - 1};
	charset_put(&text, bytes, charset_of_html(bytes));
	must(utf8_is_valid(buf_str(&text)));
	struct html_request request = {.html = buf_str(&text),
		.url = STR("https://host.example/a/b"),
		.is_markdown = data[0] & 1};
	if (!html_convert(&request, &page, &e)) {
		must(e.code == ERR_LIMIT);
		return 0;
	}
	must(page.text.n <= 1 << 20);
	must(page.text.overflow || utf8_is_valid(buf_str(&page.text)));
	must(!str_contains(buf_str(&page.title), STR("\n")));
	return 0;
}
