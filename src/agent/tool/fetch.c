// SPDX-License-Identifier: MIT
/* fetch: a page from the web. What may be asked is io/web's to judge, with the user's policy. */
#include <inttypes.h>

#include "agent/hands.h"
#include "agent/tool/charset.h"
#include "agent/tool/html.h"
#include "agent/tool/plain.h"
#include "base/url.h"
#include "base/utf8.h"
#include "io/web.h"

extern const char embed_fetch_md[];

static void run(const struct tool_call *call, struct tool_result *out);
static void show(const struct tool_call *call, struct buf *out);

const struct tool tool_fetch = {
	.name = "fetch",
	.needs = TOOL_NET,
	.target = "url",
	.document = embed_fetch_md,
	.run = run,
	.show = show,
};

enum {
	PAGE_BYTES = 30 << 10,
	PAGE_MAX_BYTES = 50 << 10,
	ERROR_PAGE_BYTES = 2 << 10,
	TEXT_MAX_BYTES = 16 << 20, /* 5 MB of HTML, its links made absolute */
};

enum format { FORMAT_MARKDOWN, FORMAT_TEXT, FORMAT_HTML };

static bool is_success(const struct web_answer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

/* As people write them: "example.com/docs" is https. */
static const char *whole_url(const struct tool_call *call)
{
	struct str url = str_trim(tool_argument(call, "url", STR("")));

	if (!url.n || str_contains(url, STR("://")))
		return arena_text(call->arena, url);
	return arena_text(call->arena, arena_printf(call->arena, "https://%.*s", STR_ARG(url)));
}

static void show(const struct tool_call *call, struct buf *out)
{
	buf_printf(out, "GET %s", whole_url(call));
}

static bool read_format(const struct tool_call *call, enum format *out)
{
	static const char *const names[] = {"markdown", "text", "html"};
	struct str name = tool_argument(call, "format", STR("markdown"));

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(name, names[i])) {
			*out = (enum format)i;
			return true;
		}
	return false;
}

/* ---- what the answer is ---- */

/* Without parameters; absent when the server does not say. */
static struct str media_type(const struct web_answer *answer)
{
	struct str type = web_header(answer, "content-type");

	return str_trim(str_head(type, str_find_char(type, ';', 0)));
}

static bool is_html(struct str type, struct str body)
{
	struct str start = str_trim(str_head(body, 512));

	if (type.n)
		return str_eq_nocase(type, STR("text/html")) ||
		       str_eq_nocase(type, STR("application/xhtml+xml"));
	return str_eq_nocase(str_head(start, 14), STR("<!doctype html")) ||
	       str_eq_nocase(str_head(start, 5), STR("<html"));
}

/* Types whose bytes are text; of others the bytes themselves tell. */
static bool is_text_type(struct str type)
{
	static const char *const types[] = {"application/json", "application/xml",
		"application/javascript", "application/x-javascript", "application/x-ndjson",
		"application/yaml", "application/x-yaml", "application/toml", "application/x-sh",
		"application/sql", "image/svg+xml"};
	static const char *const endings[] = {"+json", "+xml", "+yaml"};

	if (str_eq_nocase(str_head(type, 5), STR("text/")))
		return true;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_eq_nocase(type, str_from(types[i])))
			return true;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (str_ends(type, str_from(endings[i])))
			return true;
	return false;
}

static bool looks_like_text(struct str body)
{
	struct str head = utf8_head(body, PLAIN_BINARY_BYTES);

	return !plain_is_binary(head) && utf8_is_valid(head) && !str_starts(head, STR("%PDF-"));
}

/* ---- as text ---- */

struct page {
	struct buf title, text;
	bool is_cut; /* there was more than may be kept */
};

static void page_release(struct page *page)
{
	buf_release(&page->title);
	buf_release(&page->text);
}

static bool convert(const struct tool_call *call, struct str html, struct str url,
	enum format format, struct page *page, struct err *e)
{
	struct html_request request = {.html = html,
		.url = url,
		.is_markdown = format == FORMAT_MARKDOWN,
		.cancel = call->cancel};
	struct html_page converted = {.text = {.max = TEXT_MAX_BYTES}};

	if (!html_convert(&request, &converted, e))
		return false;
	page->is_cut = converted.text.overflow;
	plain_put_text(&page->text, buf_str(&converted.text));
	plain_put_text(&page->title, buf_str(&converted.title));
	html_page_release(&converted);
	return true;
}

static bool read_page(const struct tool_call *call, const struct web_answer *answer,
	enum format format, struct page *page, struct err *e)
{
	struct str body = buf_str(&answer->body), type = media_type(answer);
	struct str label = charset_of_type(web_header(answer, "content-type"));
	bool has_html = is_html(type, body);
	AUTO(buf) text = {0};

	if (!has_html && !is_text_type(type) && !looks_like_text(body))
		return err_set(e, ERR_PARSE, "%.*s, %zu bytes: not text, and not shown",
			STR_ARG(type.n ? type : STR("no type")), body.n);
	if (has_html && !label.n)
		label = charset_of_html(body);
	charset_put(&text, body, label);
	if (plain_is_binary(buf_str(&text)))
		return err_set(e, ERR_PARSE, "%.*s, %zu bytes: binary content, and not shown",
			STR_ARG(type.n ? type : STR("no type")), body.n);
	if (has_html && format != FORMAT_HTML)
		return convert(call, buf_str(&text), buf_str(&answer->url), format, page, e);
	plain_put_text(&page->text, buf_str(&text));
	return true;
}

/* ---- the result ---- */

static void put_head(const struct web_answer *answer, const struct page *page, struct buf *out)
{
	struct str type = media_type(answer);

	plain_put_field(out, buf_str(&answer->url));
	buf_printf(out, " %d ", answer->status);
	plain_put_field(out, type.n ? type : STR("no type"));
	buf_put_char(out, '\n');
	if (page->title.n)
		buf_printf(out, "title: %s\n", buf_text(&page->title));
	buf_put_char(out, '\n');
}

/* Offsets are those of the text as it is shown. */
static void put_part(const struct page *page, int64_t offset, int64_t limit, struct buf *out)
{
	struct str whole = buf_str(&page->text);
	size_t from = (uint64_t)offset < whole.n ? (size_t)offset : whole.n;

	/* Into the middle of a character: from its start. */
	while (from && from < whole.n && ((unsigned char)whole.p[from] & 0xc0) == 0x80)
		from--;
	struct str part = utf8_head(str_skip(whole, from), (size_t)limit);
	buf_put_str(out, part);
	if (part.n && part.p[part.n - 1] != '\n')
		buf_put_char(out, '\n');
	if (!whole.n)
		buf_put_text(out, "[no text]\n");
	else if (from + part.n < whole.n)
		buf_printf(out, "[bytes %zu-%zu of %zu; fetch with offset %zu for more]\n", from,
			from + part.n, whole.n, from + part.n);
	else if (!part.n)
		buf_printf(
			out, "[offset %" PRId64 " is past the end: %zu bytes]\n", offset, whole.n);
	else if (page->is_cut)
		buf_printf(out, "[the page goes on beyond %zu bytes, which is all that is read]\n",
			whole.n);
}

static void put_answer(const struct tool_call *call, const struct web_answer *answer,
	enum format format, struct tool_result *out)
{
	int64_t offset = tool_argument_int(call, "offset", 0);
	int64_t limit = tool_argument_int(call, "limit", PAGE_BYTES);
	AUTO(page) page = {0};
	struct err e;

	if (limit < 1 || limit > PAGE_MAX_BYTES)
		limit = limit < 1 ? PAGE_BYTES : PAGE_MAX_BYTES;
	if (!is_success(answer))
		limit = ERROR_PAGE_BYTES;
	if (!read_page(call, answer, format, &page, &e)) {
		tool_fail(out, "%s %d: %s", buf_text(&answer->url), answer->status, e.text);
		return;
	}
	put_head(answer, &page, &out->text);
	put_part(&page, offset < 0 ? 0 : offset, limit, &out->text);
	out->is_error = !is_success(answer);
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	static const struct http_header headers[] = {
		{"Accept", STR("text/markdown, text/html;q=0.9, text/plain;q=0.8, */*;q=0.5")},
		{NULL},
	};
	struct web_policy policy = call->hands->web ? *call->hands->web : (struct web_policy){0};
	struct web_request request = {.headers = headers,
		.url = whole_url(call),
		.policy = &policy,
		.cancel = call->cancel};
	AUTO(web_answer) answer = {0};
	enum format format;
	struct err e;

	policy.named_in = call->memory ? call->memory->task_text : (struct str){0};
	if (!*request.url) {
		tool_fail(out, "fetch needs a url");
		return;
	}
	if (!read_format(call, &format)) {
		tool_fail(out, "format is one of markdown, text, html");
		return;
	}
	if (!web_get(&request, &answer, &e)) {
		tool_fail(out, "%s: %s", request.url, e.text);
		return;
	}
	put_answer(call, &answer, format, out);
}
