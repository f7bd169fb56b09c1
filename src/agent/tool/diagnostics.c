// SPDX-License-Identifier: MIT
/* diagnostics: what the language server says of one file, or of all that were edited. */
#include "agent/hands.h"
#include "agent/lsp.h"
#include "agent/tool/place.h"

extern const char embed_diagnostics_md[];

static void run(const struct tool_call *call, struct tool_result *out);

const struct tool tool_diagnostics = {
	.name = "diagnostics",
	.needs = TOOL_READS,
	.target = "path",
	.document = embed_diagnostics_md,
	.run = run,
};

static void look_at_one(const struct tool_call *call, struct tool_result *out)
{
	AUTO(place) place = {.fd = -1};

	if (!place_open(call, STR("."), &place, out))
		return;
	if (place_is_directory(&place)) {
		tool_fail(out, "%.*s: a directory; name a file", STR_ARG(place.written));
		return;
	}
	struct lsp_file file = {.path = place.relative,
		.shown = workspace_show(call->workspace, place.relative, call->arena)};
	out->is_error = !lsp_put_diagnostics(call, &file, 1, &out->text);
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	size_t count;

	if (!call->hands->lsp) {
		tool_fail(out, "diagnostics are turned off");
		return;
	}
	if (tool_argument(call, "path", (struct str){0}).p) {
		look_at_one(call, out);
		return;
	}
	const struct lsp_file *files = lsp_edited_files(call, &count);
	if (!count)
		tool_fail(out, "no file was edited yet; name one with path");
	else
		out->is_error = !lsp_put_diagnostics(call, files, count, &out->text);
}
