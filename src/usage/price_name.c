// SPDX-License-Identifier: MIT
/*
 * What models are called in transcripts. A name is one model's or nobody's: all forms are compared
 * whole, so "gpt-5.4-mini" is never "gpt-5.4", and a wrong price is worse than none.
 */
#include "usage/price_inside.h"

/* Longer ones are nobody's. */
enum { NAME_MAX_BYTES = 200 };

/* What a maker is called where only its own models are sold. */
static const struct {
	const char *name, *maker;
} makers[] = {
	{"anthropic", "anthropic"},
	{"deepseek", "deepseek"},
	{"gemini", "google"},
	{"google", "google"},
	{"google-ai-studio", "google"},
	{"kimi", "moonshotai"},
	{"kimi-for-coding", "moonshotai"},
	{"meta", "meta"},
	{"minimax", "minimax"},
	{"mistral", "mistral"},
	{"mistralai", "mistral"},
	{"moonshot", "moonshotai"},
	{"moonshotai", "moonshotai"},
	{"openai", "openai"},
	{"openai-codex", "openai"},
	{"x-ai", "xai"},
	{"xai", "xai"},
	{"xiaomi", "xiaomi"},
	{"z-ai", "zai"},
	{"z.ai", "zai"},
	{"zai", "zai"},
	{"zai-coding-plan", "zai"},
	{"zhipuai", "zai"},
};

static bool is_one_of(struct str word, const char *const *words)
{
	for (; *words; words++)
		if (str_is(word, *words))
			return true;
	return false;
}

bool is_maker(struct str provider)
{
	for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
		if (str_is(provider, makers[i].maker))
			return true;
	return false;
}

bool is_sole_seller(struct str maker)
{
	static const char *const words[] = {"anthropic", "openai", "google", "xai", NULL};

	return is_one_of(maker, words);
}

bool is_own_server(struct str seller)
{
	static const char *const words[] = {"ollama", "lmstudio", "lm-studio", "lm_studio",
		"llamacpp", "llama.cpp", "llama-cpp", "vllm", "sglang", "mlx", "local", "localai",
		"localhost", "jan", NULL};

	return is_one_of(seller, words);
}

static struct str lower(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n + 1, 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] - 'A' + 'a') : s.p[i];
	return (struct str){p, s.n};
}

struct str provider_key(struct str provider, struct arena *a)
{
	struct str name = lower(str_trim(provider), a);

	for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
		if (str_is(name, makers[i].name))
			return str_from(makers[i].maker);
	return name;
}

/* ---- one id ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void drop_end(struct str *id, struct str end)
{
	if (str_ends(*id, end))
		id->n -= end.n;
}

/* "us." of "us.anthropic.claude-opus-5" (Amazon Bedrock): letters and hyphens. */
static size_t region_length(struct str id)
{
	size_t at = str_find(id, STR("anthropic."), 0);

	if (at == SIZE_MAX || (at && id.p[at - 1] != '.'))
		return SIZE_MAX;
	for (size_t i = 0; i + 1 < at; i++)
		if ((id.p[i] < 'a' || id.p[i] > 'z') && id.p[i] != '-')
			return SIZE_MAX;
	return at;
}

static struct str without_region(struct str id)
{
	size_t at = region_length(id);

	return at == SIZE_MAX ? id : str_skip(id, at + sizeof "anthropic." - 1);
}

static bool is_in_region(struct str id)
{
	size_t at = region_length(id);

	return at != SIZE_MAX && at > 0 && !str_starts(id, STR("global."));
}

/* "-v1:0", "-v1", "-v1:0:200k": the revision of a model at Amazon Bedrock. */
static struct str without_revision(struct str id)
{
	size_t at = SIZE_MAX;

	for (size_t i = 0; i + 2 < id.n; i++)
		if (id.p[i] == '-' && id.p[i + 1] == 'v' && is_digit(id.p[i + 2]))
			at = i;
	if (at == SIZE_MAX)
		return id;
	for (size_t i = at + 2; i < id.n; i++)
		if (!is_digit(id.p[i]) && id.p[i] != ':' && !(id.p[i] == 'k' && i + 1 == id.n))
			return id;
	return str_head(id, at);
}

/* Length of "4", "3-5", "4.5" at the front; 0 for anything else. Dates are longer. */
static size_t version_length(struct str s)
{
	size_t n = 0, digits;

	for (int part = 0; part < 2; part++) {
		size_t from = part ? n + 1 : 0;
		for (digits = 0; from + digits < s.n && is_digit(s.p[from + digits]);)
			digits++;
		if (digits < 1 || digits > 2)
			break;
		n = from + digits;
		if (n >= s.n || s.p[n] != '-')
			break;
	}
	return n;
}

/* "claude-3-5-haiku" as "claude-haiku-3-5", the order of later names. */
static struct str with_version_behind(struct str id, struct arena *a)
{
	static const char *const families[] = {"opus", "sonnet", "haiku", "fable", "mythos"};
	struct str tail = str_skip(id, sizeof "claude-" - 1);
	size_t n = version_length(tail);

	if (!n || n >= tail.n || tail.p[n] != '-')
		return id;
	struct str version = str_head(tail, n), word = str_skip(tail, n + 1);
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		struct str family = str_from(families[i]), rest = str_skip(word, family.n);
		if (str_starts(word, family) && (!rest.n || rest.p[0] == '-'))
			return arena_printf(a, "claude-%s-%.*s%.*s", families[i], STR_ARG(version),
				STR_ARG(rest));
	}
	return id;
}

static struct str claude_key(struct str id, struct arena *a)
{
	id = without_revision(id);
	drop_end(&id, STR("-default")); /* Vertex: "@default" */
	drop_end(&id, STR("-thinking"));
	drop_end(&id, STR("-latest"));
	id = with_version_behind(id, a);
	/* "claude-opus-4-0" is the maker's own alias of "claude-opus-4". */
	if (id.n > 4 && str_ends(id, STR("-0")) && is_digit(id.p[id.n - 3]) &&
		id.p[id.n - 4] == '-')
		id.n -= 2;
	return id;
}

struct str price_key(struct str id, struct arena *a)
{
	struct str key = lower(id, a);

	drop_end(&key, STR("[1m]"));
	key = without_region(key);
	char *p = arena_alloc(a, key.n + 1, 1);
	for (size_t i = 0; i < key.n; i++)
		p[i] = key.p[i] == '.' || key.p[i] == '@' ? '-' : key.p[i];
	key.p = p;
	return str_starts(key, STR("claude-")) ? claude_key(key, a) : key;
}

/* ---- a whole name ---- */

static bool is_name(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return text.n && text.n <= NAME_MAX_BYTES;
}

static void put_forms(struct str id, struct arena *a, struct str *forms)
{
	forms[0] = price_key(id, a);
	forms[1] = catalog_undated(forms[0]);
}

static struct str behind_last_slash(struct str text)
{
	for (size_t i = text.n; i > 0; i--)
		if (text.p[i - 1] == '/')
			return str_skip(text, i);
	return text;
}

/* Of "a/b/c" it is "b"; absent without a slash. */
static struct str segment_before(struct str text, struct str last)
{
	if (last.n == text.n)
		return (struct str){0};
	return behind_last_slash(str_head(text, text.n - last.n - 1));
}

bool model_name_read(struct str provider, struct str model, struct arena *a, struct model_name *out)
{
	struct str text = str_trim(model);

	if (!is_name(text) || provider.n > NAME_MAX_BYTES)
		return false;
	if (str_starts(text, STR("models/"))) /* Gemini's own names */
		text = str_skip(text, sizeof "models/" - 1);
	size_t slash = str_find_char(text, '/', 0);
	struct str first = slash == SIZE_MAX ? STR("") : provider_key(str_head(text, slash), a);
	struct str id = behind_last_slash(text), before = segment_before(text, id);
	struct model_name name = {.seller = provider_key(provider, a), .rest = text};
	if (slash != SIZE_MAX && (!name.seller.n || str_eq(name.seller, first))) {
		name.seller = first;
		name.rest = str_skip(text, slash + 1);
	}
	name.maker = before.p ? provider_key(before, a) : STR("");
	if (!is_maker(name.maker))
		name.maker = STR("");
	name.is_regional = is_in_region(lower(id, a));
	put_forms(name.rest, a, name.rests);
	put_forms(id, a, name.ids);
	*out = name;
	return true;
}
