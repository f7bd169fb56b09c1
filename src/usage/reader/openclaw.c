// SPDX-License-Identifier: MIT
/*
 * openclaw: OpenClaw, by all the names it had. Sessions are pi's; the model may be told apart from
 * the messages, and a session that was deleted or reset is kept as "x.jsonl.deleted.TIME".
 */
#include "base/json.h"
#include "usage/reader.h"
#include "usage/reader/pi.h"

extern const struct usage_reader usage_reader_openclaw;

static void set_model(struct usage_file *file, struct str holder)
{
	struct str model = json_text(json_get(holder, "modelId"), file->arena);
	struct str provider = json_text(json_get(holder, "provider"), file->arena);

	if (model.n == 0)
		return;
	usage_remember(file, PI_TEXT_MODEL, model);
	usage_remember(file, PI_TEXT_PROVIDER, provider);
}

static void line(struct usage_file *file, struct str whole)
{
	if (!usage_line_is_whole(file, whole))
		return;
	struct str type = json_get(whole, "type");
	if (json_text_is(type, "session"))
		pi_session(file, whole);
	else if (json_text_is(type, "model_change"))
		set_model(file, whole);
	else if (json_text_is(type, "custom") &&
		 json_text_is(json_get(whole, "customType"), "model-snapshot"))
		set_model(file, json_get(whole, "data"));
	else if (!type.p || json_text_is(type, "message"))
		pi_message(file, whole);
}

static void places(struct usage_places *places)
{
	static const char *const homes[] = {
		"~/.openclaw", "~/.clawdbot", "~/.moltbot", "~/.moldbot"};

	if (usage_places_variable(places, "OPENCLAW_DIR", "", 0) ||
		usage_places_variable(places, "OPENCLAW_STATE_DIR", "", 0))
		return;
	for (size_t i = 0; i < sizeof homes / sizeof *homes; i++)
		usage_places_add(places, homes[i], 0);
}

static bool wants(struct str below, unsigned)
{
	return str_ends(below, STR(".jsonl")) || str_contains(below, STR(".jsonl.deleted.")) ||
	       str_contains(below, STR(".jsonl.reset."));
}

const struct usage_reader usage_reader_openclaw = {
	.name = "openclaw",
	.title = "OpenClaw",
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"usage\""), STR("\"session\""), STR("\"model_change\""),
		STR("\"model-snapshot\"")},
};
