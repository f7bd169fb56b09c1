// SPDX-License-Identifier: MIT
/*
 * url: a reference, and behind a newline a text that may name hosts. What is absolute once stays as
 * it is, on one line and without spaces; no text names a host that is not in it.
 */
#include <stdint.h>

#include "agent/tool/charset.h"
#include "base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str base = STR("https://host.example/a/b?c#d");

static void check_reference(struct str reference)
{
	AUTO(buf) once = {0};
	AUTO(buf) twice = {0};

	url_resolve(&once, base, reference);
	for (size_t i = 0; i < once.n; i++)
		must((unsigned char)once.p[i] > ' ');
	must(url_scheme(buf_str(&once)).p);
	url_resolve(&twice, base, buf_str(&once));
	must(str_eq(buf_str(&once), buf_str(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, reference;

	if (!size || !str_split(&text, '\n', &reference))
		return 0;
	check_reference(reference);
	must(!url_text_names(text, STR("")));
	if (url_text_names(text, STR("a.org")))
		must(size >= 5);
	must(!url_text_names(text, STR("not in it.example")));
	struct str label = charset_of_type(text);
	must(!label.p || str_contains(text, label));
	return 0;
}
