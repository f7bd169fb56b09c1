// SPDX-License-Identifier: MIT
#include "usage/reader/parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/money.h"
#include "base/utf8.h"

static bool is_cut(struct str text)
{
	text = str_trim(text);
	return text.n > 0 && (text.p[0] == '{' || text.p[0] == '[') && text.p[text.n - 1] != '}' &&
	       text.p[text.n - 1] != ']';
}

/* Absent where it is damaged. */
static struct str checked(struct usage_file *file, struct str text)
{
	struct err ignored;
	size_t offset;

	if (json_check_at(text, &offset, &ignored))
		return str_trim(text);
	if (offset >= text.n || utf8_is_valid(text))
		return (struct str){0};
	/* A name that is no UTF-8 does not make the counts wrong. */
	AUTO(buf) repaired = {0};
	utf8_put_repaired(&repaired, text);
	if (repaired.overflow || !json_check_at(buf_str(&repaired), &offset, &ignored))
		return (struct str){0};
	return str_trim(arena_copy(file->arena, buf_str(&repaired)));
}

struct str parts_document(struct usage_file *file, struct str text)
{
	struct str whole = checked(file, text);

	if (!whole.p)
		usage_complain(file, str_trim(text).n == 0 ? "an empty file"
				     : is_cut(text)        ? "cut off"
							   : "not JSON");
	return whole;
}

struct str parts_line(struct usage_file *file, struct str line)
{
	struct str whole = checked(file, line);

	if (!whole.p)
		usage_complain(file, "a damaged line");
	return whole;
}

struct str parts_text(struct usage_file *file, struct str object, const char *name)
{
	return json_text(json_get(object, name), file->arena);
}

int64_t parts_count(struct str object, const char *name)
{
	return usage_json_count(json_get(object, name));
}

int64_t parts_credits(struct str object)
{
	struct str value = json_get(object, "credits");
	int64_t nano = json_type(value) == JSON_NUMBER ? usage_json_cost(value) : 0;

	return nano > 0 ? nano : 0;
}

int64_t parts_count_of(struct str object, const char *const *names)
{
	for (; *names; names++) {
		struct str value = json_get(object, *names);
		if (value.p)
			return usage_json_count(value);
	}
	return 0;
}

struct str parts_first(struct str a, struct str b)
{
	return a.n > 0 ? a : b;
}

void parts_tools(
	struct usage_file *file, struct str items, const char *type, struct usage_record *record)
{
	struct str key, item;
	size_t count = json_type(items) == JSON_ARRAY ? json_count(items) : 0;

	if (count == 0)
		return;
	struct str *names = arena_alloc(file->arena, count, sizeof *names);
	record->tools = names;
	record->tool_count = 0;
	json_each (items, key, item) {
		if (type && !json_text_is(json_get(item, "type"), type))
			continue;
		struct str name = parts_text(file, item, "name");
		if (name.n > 0)
			names[record->tool_count++] = name;
	}
}

bool parts_has_tokens(const struct usage_tokens *tokens)
{
	return usage_tokens_total(tokens) > 0;
}

struct str parts_name(struct str path)
{
	const char *slash = path.n > 0 ? memrchr(path.p, '/', path.n) : NULL;

	return slash ? str_range(slash + 1, path.p + path.n) : path;
}

struct str parts_parent(struct str path)
{
	const char *slash = path.n > 0 ? memrchr(path.p, '/', path.n) : NULL;

	return slash ? str_range(path.p, slash) : (struct str){0};
}

void parts_add_thoughts(
	const struct usage_file *file, struct usage_tokens *tokens, int64_t thoughts)
{
	tokens->reasoning = file->is_compat ? 0 : thoughts;
	if (file->is_compat)
		tokens->other = money_add(tokens->other, thoughts);
	else
		tokens->output = money_add(tokens->output, thoughts);
}

void parts_fill_total(const struct usage_file *file, struct usage_tokens *tokens, int64_t total)
{
	if (file->is_compat && !parts_has_tokens(tokens))
		tokens->output = total;
	else
		usage_fill_total(tokens, total);
}

struct str parts_id(struct usage_file *file, struct str a, struct str b)
{
	if (b.n == 0)
		return (struct str){0};
	return arena_printf(file->arena, "%.*s %.*s", STR_ARG(a), STR_ARG(b));
}

static int compare(const void *a, const void *b)
{
	const struct parts_entry *x = a, *y = b;
	int order = str_cmp(x->key, y->key);

	return order ? order : (x->value > y->value) - (x->value < y->value);
}

void parts_sort(struct parts_entry *entries, size_t count)
{
	if (count > 0)
		qsort(entries, count, sizeof *entries, compare);
}

size_t parts_find(const struct parts_entry *entries, size_t count, struct str key)
{
	size_t low = 0, high = count;

	if (key.n == 0)
		return SIZE_MAX;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(entries[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && str_eq(entries[low].key, key) ? entries[low].value : SIZE_MAX;
}
