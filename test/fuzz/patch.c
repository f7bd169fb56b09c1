// SPDX-License-Identifier: MIT
/*
 * patch: any patch, and behind a NUL any file for its updates. What does not fit changes nothing
 * and says why; what fits keeps the end of the file as it was.
 */
#include <stdint.h>

#include "agent/tool/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void update(const struct patch_file *file, struct str before)
{
	AUTO(arena) arena = {0};
	AUTO(buf) text = {0};
	AUTO(buf) why = {0};

	buf_put_str(&text, before);
	if (!patch_update(&text, file, &arena, &why)) {
		must(why.n && str_eq(buf_str(&text), before));
		return;
	}
	must(!text.overflow);
	if (file->hunks.n == 0)
		must(str_eq(buf_str(&text), before));
	if (text.n && before.n && before.p[before.n - 1] == '\n')
		must(text.p[text.n - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size}, text;
	struct patch patch;
	struct err e = {0};

	if (size == 0 || !str_split(&rest, '\0', &text))
		return 0;
	if (!patch_parse(&patch, text, &e)) {
		must(e.code == ERR_PARSE && e.text[0]);
		return 0;
	}
	must(patch.files.n);
	vec_each (&patch.files, file) {
		must(file->path.n);
		if (file->kind == PATCH_UPDATE)
			update(file, rest.p ? rest : STR(""));
	}
	patch_release(&patch);
	return 0;
}
