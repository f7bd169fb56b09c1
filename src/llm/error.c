// SPDX-License-Identifier: MIT
/* error: what went wrong, out of every shape servers put it in, and whether to try again. */
#include "base/utf8.h"
#include "llm/inside.h"

enum verdict { VERDICT_RETRY, VERDICT_NEVER, VERDICT_GENERAL, VERDICT_OVERFLOW };

/*
 * Types and codes with a meaning of their own. RETRY counts inside a stream only, where there is no
 * HTTP status to decide by; GENERAL ones come with any status, and mean NEVER only without one.
 */
static const struct {
	const char *type;
	enum verdict verdict;
} verdicts[] = {
	{"context_length_exceeded", VERDICT_OVERFLOW}, /* OpenAI, OpenRouter */
	{"exceed_context_size_error", VERDICT_OVERFLOW}, /* llama.cpp */
	{"token_limit_exceeded", VERDICT_OVERFLOW}, /* OpenRouter */
	{"request_too_large", VERDICT_OVERFLOW}, /* Anthropic, 413 */
	{"payload_too_large", VERDICT_OVERFLOW}, /* OpenRouter */
	{"model_context_window_exceeded", VERDICT_OVERFLOW},
	{"insufficient_quota", VERDICT_NEVER},
	{"billing_error", VERDICT_NEVER},
	{"payment_required", VERDICT_NEVER},
	{"usage_not_included", VERDICT_NEVER},
	{"billing_hard_limit_reached", VERDICT_NEVER},
	{"enforced_spend_limit_reached", VERDICT_NEVER},
	{"contract_spend_limit_reached", VERDICT_NEVER},
	{"invalid_request_error", VERDICT_GENERAL},
	{"invalid_request", VERDICT_GENERAL},
	{"invalid_prompt", VERDICT_NEVER},
	{"BadRequestError", VERDICT_GENERAL},
	{"authentication_error", VERDICT_NEVER},
	{"authentication", VERDICT_NEVER},
	{"invalid_api_key", VERDICT_NEVER},
	{"permission_error", VERDICT_NEVER},
	{"permission_denied", VERDICT_NEVER},
	{"not_found_error", VERDICT_NEVER},
	{"not_found", VERDICT_NEVER},
	{"model_not_found", VERDICT_NEVER},
	{"not_supported_error", VERDICT_NEVER},
	{"content_policy_violation", VERDICT_NEVER},
	{"refusal", VERDICT_NEVER},
	{"overloaded_error", VERDICT_RETRY},
	{"api_error", VERDICT_RETRY},
	{"timeout_error", VERDICT_RETRY},
	{"rate_limit_error", VERDICT_RETRY},
	{"rate_limit_exceeded", VERDICT_RETRY},
	{"server_error", VERDICT_RETRY},
};

/* Last resort where the type is a general one. Lower case. */
static const char *const overflow_words[] = {
	"prompt is too long",
	"input is too long",
	"context length",
	"context window",
	"context size",
	"context limit",
	"context_length",
	"reduce the length of",
	"maximum number of tokens allowed",
	"maximum prompt length",
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static size_t find_nocase(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++) {
		size_t n = 0;
		while (n < needle.n && lower(s.p[i + n]) == needle.p[n])
			n++;
		if (n == needle.n)
			return i;
	}
	return SIZE_MAX;
}

static struct str one_line(struct str text, size_t columns, struct arena *a)
{
	AUTO(buf) line = {0};

	utf8_put_line(&line, str_trim(text), columns);
	return arena_copy(a, str_trim(buf_str(&line)));
}

static bool says_overflow(int status, struct str message)
{
	if (status != 0 && status != 400 && status != 413 && status != 422 && status != 500)
		return false;
	for (size_t i = 0; i < sizeof overflow_words / sizeof overflow_words[0]; i++)
		if (find_nocase(message, str_from(overflow_words[i])) != SIZE_MAX)
			return true;
	return false;
}

/* How servers name their window's size; the number follows, with or without commas. */
static const char *const limit_words[] = {
	"context length is ",
	"context size (",
	"context window of ",
	"context window (",
	"context length of ",
	"context length (",
	"model length of ",
	"prompt length is ",
	"configured limit of ",
	"tokens allowed (",
	"limit is ",
	"n_ctx = ",
	"tokens > ",
	" > ",
};
/* Smaller ones are no windows, larger ones no numbers of tokens. */
enum { LIMIT_MIN_TOKENS = 256, LIMIT_MAX_TOKENS = 1'000'000'000 };

static int64_t leading_number(struct str text)
{
	int64_t number = 0;

	for (size_t i = 0; i < text.n && number < LIMIT_MAX_TOKENS; i++) {
		if (text.p[i] >= '0' && text.p[i] <= '9')
			number = number * 10 + (text.p[i] - '0');
		else if (text.p[i] != ',')
			break;
	}
	return number;
}

static bool is_limit(int64_t tokens)
{
	return tokens >= LIMIT_MIN_TOKENS && tokens < LIMIT_MAX_TOKENS;
}

/* "... for model with 32768 maximum context length": the number stands before. */
static int64_t number_before(struct str text, struct str words)
{
	size_t end = find_nocase(text, words);
	size_t start = end;

	if (end == SIZE_MAX)
		return 0;
	while (start > 0 && text.p[start - 1] >= '0' && text.p[start - 1] <= '9')
		start--;
	return leading_number(str_skip(str_head(text, end), start));
}

static int64_t stated_limit(struct str message)
{
	int64_t tokens;

	for (size_t i = 0; i < sizeof limit_words / sizeof limit_words[0]; i++) {
		struct str words = str_from(limit_words[i]);
		size_t at = find_nocase(message, words);
		if (at == SIZE_MAX)
			continue;
		tokens = leading_number(str_skip(message, at + words.n));
		if (is_limit(tokens))
			return tokens;
	}
	tokens = number_before(message, STR(" maximum context length"));
	return is_limit(tokens) ? tokens : 0;
}

static bool is_retryable_status(int status)
{
	return status == 408 || status == 409 || status == 429 || status >= 500;
}

/* An error inside a stream that says nothing of itself is the server's: a bad request never
 * streams. */
static void judge(struct llm_error *out, int status, const struct str *types, size_t count)
{
	bool never = false, again = false;

	out->is_overflow = says_overflow(status, out->message);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < sizeof verdicts / sizeof verdicts[0]; j++)
			if (str_eq_nocase(types[i], str_from(verdicts[j].type))) {
				out->is_overflow |= verdicts[j].verdict == VERDICT_OVERFLOW;
				never |= verdicts[j].verdict == VERDICT_NEVER ||
					 (verdicts[j].verdict == VERDICT_GENERAL && !status);
				again |= verdicts[j].verdict == VERDICT_RETRY;
			}
	if (out->is_overflow)
		out->is_retryable = false;
	else if (out->status)
		out->is_retryable = is_retryable_status(out->status) && !never;
	else
		out->is_retryable = !never && (again || status == 0 || is_retryable_status(status));
}

enum {
	ERROR_MESSAGE,
	ERROR_MSG,
	ERROR_DETAIL,
	ERROR_ERROR,
	ERROR_CODE,
	ERROR_TYPE,
	ERROR_STATUS,
	ERROR_METADATA,
	ERROR_DETAILS,
	ERROR_FIELDS
};

static const struct str error_names[ERROR_FIELDS] = {
	[ERROR_MESSAGE] = STR("message"),
	[ERROR_MSG] = STR("msg"),
	[ERROR_DETAIL] = STR("detail"),
	[ERROR_ERROR] = STR("error"),
	[ERROR_CODE] = STR("code"),
	[ERROR_TYPE] = STR("type"),
	[ERROR_STATUS] = STR("status"),
	[ERROR_METADATA] = STR("metadata"),
	[ERROR_DETAILS] = STR("details"),
};

static struct str first_text(const struct str *values, size_t count, struct arena *a)
{
	for (size_t i = 0; i < count; i++) {
		struct str value = values[i];
		if (json_type(value) == JSON_ARRAY) /* FastAPI: detail: [{msg}] */
			value = json_get(json_at(value, 0), "msg");
		struct str text = str_trim(json_text(value, a));
		if (text.n)
			return text;
	}
	return STR("");
}

void error_read(struct str value, int status, struct arena *a, struct llm_error *out)
{
	struct str m[ERROR_FIELDS];

	json_pick(value, error_names, ERROR_FIELDS, m);
	struct str types[] = {
		json_text(m[ERROR_CODE], a),
		json_text(json_get(m[ERROR_METADATA], "error_type"), a),
		json_text(m[ERROR_TYPE], a),
		json_text(m[ERROR_STATUS], a),
		json_text(json_get(m[ERROR_DETAILS], "error_code"), a),
	};
	size_t count = sizeof types / sizeof types[0], known = 0;
	while (known < count && (!types[known].n || str_is(types[known], "error")))
		known++;
	struct str message = json_type(value) == JSON_STRING ? json_text(value, a)
							     : first_text(m, ERROR_ERROR + 1, a);
	*out = (struct llm_error){
		.status = status,
		.type = known < count ? one_line(types[known], 80, a) : STR(""),
		.message = one_line(message, 400, a),
	};
	int64_t code = json_int_or(m[ERROR_CODE], 0);
	if (status == 0 && code >= 400 && code < 600) /* OpenRouter, vLLM: the status as a number */
		status = (int)code;
	judge(out, status, types, count);
	int64_t window = json_int_or(json_get(value, "n_ctx"), 0); /* llama.cpp */
	if (out->is_overflow)
		out->context_tokens = is_limit(window) ? window : stated_limit(out->message);
}

/* A body that is no JSON, or JSON without a message: what a person can use of it. */
static struct str describe(int status, struct str body, struct arena *a)
{
	struct str text = str_trim(body);

	if (!text.n)
		return arena_printf(a, "HTTP %d with an empty body", status);
	if (text.p[0] != '<') {
		text = one_line(text, 200, a);
		return arena_printf(a, "HTTP %d: %.*s", status, STR_ARG(text));
	}
	size_t start = find_nocase(text, STR("<title>"));
	size_t end = find_nocase(text, STR("</title>"));
	if (start == SIZE_MAX || end == SIZE_MAX || end < start)
		return arena_printf(a, "HTTP %d with a web page instead of an answer", status);
	start += STR("<title>").n;
	struct str title = one_line(str_head(str_skip(text, start), end - start), 100, a);
	return arena_printf(a, "HTTP %d with a web page titled \"%.*s\"", status, STR_ARG(title));
}

void error_get(int status, struct str body, struct arena *a, struct llm_error *out)
{
	struct str value = str_trim(body);
	struct err e;

	if (json_check(value, &e)) {
		if (json_type(value) == JSON_ARRAY) /* Gemini */
			value = json_at(value, 0);
		struct str inner = json_get(value, "error");
		bool is_inner = json_type(inner) == JSON_OBJECT || json_type(inner) == JSON_STRING;
		error_read(is_inner ? inner : value, status, a, out);
	} else {
		error_read((struct str){0}, status, a, out);
		out->is_overflow = says_overflow(status, value);
		out->is_retryable &= !out->is_overflow;
		if (out->is_overflow)
			out->context_tokens = stated_limit(str_head(value, 400));
	}
	if (!out->message.n)
		out->message = describe(status, body, a);
}
