// SPDX-License-Identifier: MIT
#include "agent/lsp/words.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/language.h"
#include "base/must.h"
#include "base/url.h"
#include "base/utf8.h"

enum {
	DIAGNOSTICS_MAX = 10'000, /* of one file; what comes after is not looked at */
	MESSAGE_COLUMNS = 400,
	FIELD_COLUMNS = 60,
};

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("/-._~", c));
}

void lsp_put_uri(struct buf *out, struct str path)
{
	buf_put_text(out, "file://");
	for (size_t i = 0; i < path.n; i++)
		if (is_plain(path.p[i]))
			buf_put_char(out, path.p[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)path.p[i]);
}

struct str lsp_uri_path(struct str uri, struct arena *a)
{
	AUTO(buf) path = {0};

	if (!str_starts(uri, STR("file:///")))
		return (struct str){0};
	url_unescape(&path, str_skip(uri, 7));
	return arena_copy(a, buf_str(&path));
}

/* Lines end in LF, CRLF or CR. */
static size_t line_end(struct str text)
{
	size_t end = 0;

	while (end < text.n && text.p[end] != '\n' && text.p[end] != '\r')
		end++;
	return end;
}

struct str lsp_line(struct str text, int64_t number)
{
	size_t end = line_end(text);

	for (; number > 0 && end < text.n; number--) {
		bool is_pair = text.p[end] == '\r' && end + 1 < text.n && text.p[end + 1] == '\n';
		text = str_skip(text, end + (is_pair ? 2 : 1));
		end = line_end(text);
	}
	return number > 0 ? STR("") : str_head(text, end);
}

int64_t lsp_column(struct str line, int64_t character, enum lsp_encoding encoding)
{
	int64_t column = 1, units = 0;

	while (line.n && units < character) {
		size_t length;
		uint32_t c = utf8_get(line, &length);
		units += encoding == LSP_UTF8    ? (int64_t)length
			 : encoding == LSP_UTF16 ? 1 + (c > 0xffff)
						 : 1;
		/* A position inside of a character is the character's. */
		column += units <= character;
		line = str_skip(line, length);
	}
	return column;
}

enum lsp_encoding lsp_encoding_of(struct str result)
{
	struct str said = json_get(json_get(result, "capabilities"), "positionEncoding");

	if (!said.p)
		said = json_get(result, "offsetEncoding");
	if (json_text_is(said, "utf-8"))
		return LSP_UTF8;
	return json_text_is(said, "utf-32") ? LSP_UTF32 : LSP_UTF16;
}

struct str lsp_language_id(struct str path, struct arena *a)
{
	static const struct {
		const char *name, *id;
	} ids[] = {{"C", "c"}, {"C++", "cpp"}, {"C#", "csharp"}, {"Shell", "shellscript"},
		{"Make", "makefile"}, {"Vue", "vue"}};
	const struct language *language = language_of(path);

	if (str_ends(path, STR(".tsx")))
		return STR("typescriptreact");
	if (str_ends(path, STR(".jsx")))
		return STR("javascriptreact");
	if (!language)
		return STR("plaintext");
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		if (strcmp(ids[i].name, language->name) == 0)
			return str_from(ids[i].id);
	struct str name = arena_copy(a, str_from(language->name));
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] >= 'A' && name.p[i] <= 'Z')
			((char *)name.p)[i] |= 0x20;
	return name;
}

#define CAPABILITIES \
	"{\"general\":{\"positionEncodings\":[\"utf-8\",\"utf-16\"]}," \
	"\"offsetEncoding\":[\"utf-8\",\"utf-16\"]," \
	"\"textDocument\":{\"synchronization\":{\"didSave\":true}," \
	"\"publishDiagnostics\":{\"versionSupport\":true,\"relatedInformation\":true}," \
	"\"diagnostic\":{\"dynamicRegistration\":false,\"relatedDocumentSupport\":true}}," \
	"\"workspace\":{\"diagnostics\":{\"refreshSupport\":true},\"configuration\":true," \
	"\"workspaceFolders\":true},\"window\":{\"workDoneProgress\":true}}"

static void put_folders(struct json_writer *w, struct str uri)
{
	json_open(w, '[');
	json_open(w, '{');
	json_member_str(w, "uri", uri);
	json_member_text(w, "name", "workspace");
	json_close(w, '}');
	json_close(w, ']');
}

void lsp_put_initialize(struct buf *out, const char *root, const char *extra)
{
	struct json_writer w = {.buf = out};
	AUTO(buf) uri = {0};

	lsp_put_uri(&uri, str_from(root));
	json_open(&w, '{');
	/* A server that looks for this process from within a sandbox would not find it, and end. */
	json_key(&w, "processId");
	json_put_null(&w);
	json_key(&w, "clientInfo");
	json_put_raw(&w, STR("{\"name\":\"fettle\",\"version\":\"" FETTLE_VERSION "\"}"));
	json_member_str(&w, "rootUri", buf_str(&uri));
	json_key(&w, "workspaceFolders");
	put_folders(&w, buf_str(&uri));
	json_key(&w, "capabilities");
	json_put_raw(&w, STR(CAPABILITIES));
	if (extra) {
		json_key(&w, "initializationOptions");
		json_put_raw(&w, str_from(extra));
	}
	json_close(&w, '}');
}

bool lsp_put_reply(struct buf *out, const char *root, struct str method, struct str params)
{
	static const char *const nothing[] = {"client/registerCapability",
		"client/unregisterCapability", "window/workDoneProgress/create",
		"workspace/diagnostic/refresh", "window/showMessageRequest", NULL};
	struct json_writer w = {.buf = out};

	for (const char *const *name = nothing; *name; name++)
		if (str_is(method, *name)) {
			json_put_null(&w);
			return true;
		}
	if (str_is(method, "workspace/configuration")) {
		json_open(&w, '[');
		for (size_t left = json_count(json_get(params, "items")); left > 0; left--)
			json_put_null(&w);
		json_close(&w, ']');
		return true;
	}
	if (!str_is(method, "workspace/workspaceFolders"))
		return false;
	AUTO(buf) uri = {0};
	lsp_put_uri(&uri, str_from(root));
	put_folders(&w, buf_str(&uri));
	return true;
}

static void push(struct lsp_list *list, struct lsp_diagnostic item)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 16;
		list->items = must_resize(list->items, list->capacity, sizeof *list->items);
	}
	list->items[list->count++] = item;
}

/* Lines and characters count up to 2^31 - 1. */
static int64_t get_number(struct str object, const char *name)
{
	int64_t number = json_int_or(json_get(object, name), 0);

	return number < 0 || number > INT32_MAX ? 0 : number;
}

void lsp_list_add(struct lsp_list *list, struct str array, enum lsp_severity least)
{
	struct str key, item;

	json_each (array, key, item) {
		struct str start = json_get(json_get(item, "range"), "start");
		int64_t severity = json_int_or(json_get(item, "severity"), LSP_ERROR);
		if (severity > (int64_t)least || severity < LSP_ERROR ||
			list->count >= DIAGNOSTICS_MAX)
			continue;
		push(list, (struct lsp_diagnostic){.line = get_number(start, "line"),
				   .character = get_number(start, "character"),
				   .severity = severity,
				   .message = json_get(item, "message"),
				   .source = json_get(item, "source"),
				   .code = json_get(item, "code")});
	}
}

static int compare(const void *left, const void *right)
{
	const struct lsp_diagnostic *a = left, *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->character != b->character)
		return a->character < b->character ? -1 : 1;
	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	return str_cmp(a->message, b->message);
}

void lsp_list_sort(struct lsp_list *list)
{
	size_t kept = 0;

	if (!list->count)
		return;
	qsort(list->items, list->count, sizeof *list->items, compare);
	for (size_t i = 1; i < list->count; i++)
		if (compare(&list->items[kept], &list->items[i]) != 0)
			list->items[++kept] = list->items[i];
	list->count = kept + 1;
}

static void put_field(struct buf *out, struct str value, size_t columns)
{
	struct arena scratch = {0};
	struct str text = json_type(value) == JSON_STRING ? json_text(value, &scratch)
			  : json_type(value) == JSON_NUMBER
				  ? str_trim(value)
				  : json_text(json_get(value, "value"), &scratch);

	utf8_put_line(out, str_trim(text), columns);
	arena_release(&scratch);
}

static void put_one(struct buf *out, const struct lsp_list *list, const struct lsp_diagnostic *d,
	struct str shown)
{
	int64_t column = lsp_column(lsp_line(list->text, d->line), d->character, list->encoding);
	AUTO(buf) source = {0};
	AUTO(buf) code = {0};

	put_field(&source, d->source, FIELD_COLUMNS);
	put_field(&code, d->code, FIELD_COLUMNS);
	buf_printf(out, "%.*s:%lld:%lld: %s: ", STR_ARG(shown), (long long)d->line + 1,
		(long long)column, d->severity == LSP_ERROR ? "error" : "warning");
	put_field(out, d->message, MESSAGE_COLUMNS);
	if (source.n || code.n)
		buf_printf(out, " [%s%s%s]", buf_text(&source), source.n && code.n ? " " : "",
			buf_text(&code));
	buf_put_char(out, '\n');
}

void lsp_list_put(struct buf *out, const struct lsp_list *list, struct str shown, size_t max)
{
	size_t n = list->count < max ? list->count : max;

	for (size_t i = 0; i < n; i++)
		put_one(out, list, &list->items[i], shown);
	if (list->count > n)
		buf_printf(out, "[%zu more in %.*s]\n", list->count - n, STR_ARG(shown));
}

void lsp_list_release(struct lsp_list *list)
{
	free(list->items);
	*list = (struct lsp_list){0};
}
