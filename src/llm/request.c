// SPDX-License-Identifier: MIT
/* request: what both wires need to write a prompt as a body and to read one back. */
#include "llm/inside.h"

bool run_next(const struct prompt *p, struct run *run)
{
	const struct message *all_end = p->messages + p->message_count;

	run->first = run->end ? run->end : p->messages;
	if (run->first == all_end)
		return false;
	run->end = run->first + 1;
	while (run->end < all_end && run->end->role == run->first->role)
		run->end++;
	return true;
}

static bool is_object(struct str text)
{
	struct err e;

	return json_type(text) == JSON_OBJECT && json_check(text, &e);
}

/* Servers refuse a request for one call's broken input, also for one from long ago. */
void put_input_object(struct buf *b, struct str input)
{
	struct json_writer w = {.buf = b};

	input = str_trim(input);
	if (is_object(input)) {
		buf_put_str(b, input);
		return;
	}
	json_open(&w, '{');
	if (input.n)
		json_member_str(&w, "unparsed", input);
	json_close(&w, '}');
}

struct str input_object(struct str input, struct arena *a)
{
	AUTO(buf) b = {0};

	put_input_object(&b, input);
	return arena_copy(a, buf_str(&b));
}

static struct str tool_schema_object(const struct tool_spec *tool)
{
	struct str schema = str_trim(tool->schema);

	return is_object(schema) ? schema : STR("{\"type\":\"object\",\"properties\":{}}");
}

void tool_put(struct json_writer *w, const struct tool_spec *tool, const char *schema_name)
{
	json_member_str(w, "name", tool->name);
	if (tool->description.n)
		json_member_str(w, "description", tool->description);
	json_key(w, schema_name);
	json_put_raw(w, tool_schema_object(tool));
}

void builder_start(struct prompt_builder *b, size_t messages, size_t blocks)
{
	b->message_room = messages;
	b->block_room = blocks;
	b->blocks = arena_alloc(b->a, blocks + 1, sizeof *b->blocks);
	b->prompt->messages = arena_alloc(b->a, messages + 1, sizeof *b->prompt->messages);
}

void builder_put(struct prompt_builder *b, enum role role, struct block block)
{
	struct prompt *p = b->prompt;
	struct message *last = p->message_count ? &p->messages[p->message_count - 1] : NULL;

	must(b->block_count < b->block_room);
	if (!last || last->role != role) {
		must(p->message_count < b->message_room);
		last = &p->messages[p->message_count++];
		*last = (struct message){.role = role, .blocks = &b->blocks[b->block_count]};
	}
	b->blocks[b->block_count++] = block;
	last->block_count++;
}

void builder_system(struct prompt_builder *b, struct str text)
{
	struct prompt *p = b->prompt;
	AUTO(buf) both = {0};

	if (!text.n)
		return;
	if (p->message_count) {
		builder_put(b, ROLE_USER, (struct block){.kind = BLOCK_TEXT, .text = text});
		return;
	}
	if (p->system.n) {
		buf_put_str(&both, p->system);
		buf_put_text(&both, "\n\n");
	}
	buf_put_str(&both, text);
	p->system = arena_copy(b->a, buf_str(&both));
}

struct str content_text(struct str content, struct arena *a)
{
	struct str key, item;
	AUTO(buf) all = {0};
	bool is_first = true;

	if (json_type(content) != JSON_ARRAY) {
		struct str text = json_text(content, a);
		return text.p ? text : STR("");
	}
	json_each (content, key, item) {
		struct str text = json_text(json_get(item, "text"), a);
		if (!text.p)
			continue;
		if (!is_first)
			buf_put_char(&all, '\n');
		is_first = false;
		buf_put_str(&all, text);
	}
	return arena_copy(a, buf_str(&all));
}

void builder_content(struct prompt_builder *b, enum role role, struct str content)
{
	struct str key, part;

	if (json_type(content) != JSON_ARRAY) {
		struct str text = json_text(content, b->a);
		if (text.n)
			builder_put(b, role, (struct block){.kind = BLOCK_TEXT, .text = text});
		return;
	}
	json_each (content, key, part) {
		struct str text = text_or_empty(part, "text", b->a);
		struct str image = json_get(part, "image_url");
		/* Chat Completions has an object there, Responses the URL itself. */
		if (json_type(image) == JSON_OBJECT)
			image = json_get(image, "url");
		if (role == ROLE_USER && image.p)
			image_get_url(b, json_text(image, b->a));
		if (text.n)
			builder_put(b, role, (struct block){.kind = BLOCK_TEXT, .text = text});
	}
}

struct str text_or_empty(struct str object, const char *name, struct arena *a)
{
	struct str text = json_text(json_get(object, name), a);

	return text.p ? text : STR("");
}

static int64_t first_positive(const struct str *values, size_t count, int64_t fallback)
{
	for (size_t i = 0; i < count; i++) {
		int64_t number = json_int_or(values[i], 0);
		if (number > 0)
			return number;
	}
	return fallback;
}

bool request_open(struct str body, const char *name, bool allows_text, struct arena *a,
	struct prompt *out, struct str *messages, struct err *e)
{
	enum { MODEL, STREAM, MAX_COMPLETION, MAX, MAX_OUTPUT, FIELDS };
	static const struct str names[FIELDS] = {
		[MODEL] = STR("model"),
		[STREAM] = STR("stream"),
		[MAX_COMPLETION] = STR("max_completion_tokens"),
		[MAX] = STR("max_tokens"),
		[MAX_OUTPUT] = STR("max_output_tokens"),
	};
	struct str m[FIELDS];

	body = str_trim(body);
	if (!json_check(body, e))
		return err_context(e, "the request");
	json_pick(body, names, FIELDS, m);
	struct str model = json_text(m[MODEL], a);
	if (!model.n)
		return err_set(e, ERR_PARSE, "the request names no model");
	struct str value = json_get(body, name);
	if (json_type(value) != JSON_ARRAY && !(allows_text && json_type(value) == JSON_STRING))
		return err_set(e, ERR_PARSE, "the request has no array %s", name);
	*messages = value;
	*out = (struct prompt){
		.model = model,
		.system = STR(""),
		.effort = STR(""),
		.max_output_tokens = first_positive(&m[MAX_COMPLETION], 3, OUTPUT_TOKENS_DEFAULT),
		.stream = json_bool_or(m[STREAM], false),
	};
	return true;
}

void request_tools(struct str tools, const char *wrapper, const char *schema_name, struct arena *a,
	struct prompt *out)
{
	struct str key, value;

	if (json_type(tools) != JSON_ARRAY)
		return;
	out->tools = arena_alloc(a, json_count(tools) + 1, sizeof *out->tools);
	json_each (tools, key, value) {
		struct str entry = wrapper ? json_get(value, wrapper) : value;
		struct tool_spec tool = {
			.name = text_or_empty(entry, "name", a),
			.description = text_or_empty(entry, "description", a),
			.schema = json_get(entry, schema_name),
		};
		if (!tool.name.n)
			continue;
		tool.schema = tool_schema_object(&tool);
		out->tools[out->tool_count++] = tool;
	}
}
