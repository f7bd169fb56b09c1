// SPDX-License-Identifier: MIT
#include "agent/secret.h"

#include <ctype.h>

#include "base/vec.h"
#include "index/index.h"

/* ---- files ---- */

/* In lower case; the first that matches decides, '!' says that it is no secret. */
static const char *const paths[] = {
	"!.env.example",
	"!.env.sample",
	"!.env.template",
	"!.env.dist",
	"!*.pub",
	".env",
	".env.*",
	"*.env",
	".envrc",
	"*.pem",
	"*.key",
	"*.p12",
	"*.pfx",
	"*.jks",
	"*.keystore",
	"*.kdbx",
	"*.ppk",
	"id_rsa*",
	"id_dsa*",
	"id_ecdsa*",
	"id_ed25519*",
	".netrc",
	"_netrc",
	".npmrc",
	".pypirc",
	".pgpass",
	".my.cnf",
	".htpasswd",
	".git-credentials",
	".vault-token",
	".{bash,zsh,python,psql,mysql}_history",
	"credentials",
	"credentials.{json,toml,yml,yaml,ini}",
	"secrets.{json,toml,yml,yaml,ini}",
	"client_secret*.json",
	"service-account*.json",
	"service_account*.json",
	"**/.ssh/**",
	"**/.aws/**",
	"**/.gnupg/**",
	"**/.kube/config",
	"**/.docker/config.json",
	"**/.config/gh/**",
	"**/.config/gcloud/**",
	"**/.azure/**",
	NULL,
};

static bool is_readable(const struct secret_rules *rules, struct str path)
{
	for (size_t i = 0; rules && i < rules->readable_count; i++)
		if (glob_match(rules->readable[i], path))
			return true;
	return false;
}

/* Most files are looked at once per search: what cannot be one is told from its name at once. */
static bool could_be(struct str path)
{
	static const char *const starts[] = {
		"id_", "cred", "secret", "client_", "service", "_netrc", NULL};
	static const char *const ends[] = {
		"env", "pem", "key", "p12", "pfx", "jks", "keystore", "kdbx", "ppk", NULL};
	const char *slash = memrchr(path.p, '/', path.n);
	struct str base = slash ? str_range(slash + 1, path.p + path.n) : path;
	const char *dot = memrchr(base.p, '.', base.n);

	if (str_starts(path, STR(".")) || str_find(path, STR("/."), 0) != SIZE_MAX)
		return true;
	for (const char *const *s = starts; *s; s++)
		if (str_starts(base, str_from(*s)))
			return true;
	struct str end = dot ? str_range(dot + 1, base.p + base.n) : STR("");
	for (const char *const *s = ends; *s; s++)
		if (str_is(end, *s))
			return true;
	return false;
}

bool secret_is_path(const struct secret_rules *rules, struct str path)
{
	AUTO(buf) low = {0};

	if (rules && own_has(rules->own, rules->own_count, path))
		return !is_readable(rules, path);
	for (size_t i = 0; i < path.n; i++)
		buf_put_char(&low, (char)tolower((unsigned char)path.p[i]));
	if (!could_be(buf_str(&low)))
		return false;
	for (const char *const *p = paths; *p; p++)
		if (glob_match(str_from(*p + (**p == '!')), buf_str(&low)))
			return **p != '!' && !is_readable(rules, path);
	return false;
}

/* ---- keys in texts ---- */

enum {
	WORD = 1, /* letters and digits */
	MARKS = 2, /* and - and _ */
	UPPER = 4, /* capital letters and digits only */
	MIXED = 8, /* only when it has a capital and a digit: names of things look like it, too */
};

/* Lengths are those behind the prefix; maximum 0: none. */
static const struct form {
	const char *prefix;
	unsigned flags;
	size_t minimum, maximum;
} forms[] = {
	{"sk-ant-", WORD | MARKS, 16, 0},
	{"sk-proj-", WORD | MARKS, 16, 0},
	{"sk-or-v1-", WORD, 16, 0},
	{"sk_live_", WORD, 16, 0},
	{"rk_live_", WORD, 16, 0},
	{"sk-", WORD | MARKS | MIXED, 20, 0},
	{"ghp_", WORD, 36, 255},
	{"gho_", WORD, 36, 255},
	{"ghu_", WORD, 36, 255},
	{"ghs_", WORD, 36, 255},
	{"ghr_", WORD, 36, 255},
	{"github_pat_", WORD | MARKS, 22, 255},
	{"glpat-", WORD | MARKS, 20, 0},
	{"AKIA", UPPER, 16, 16},
	{"ASIA", UPPER, 16, 16},
	{"AIza", WORD | MARKS, 35, 35},
	{"xoxa-", WORD | MARKS, 10, 0},
	{"xoxb-", WORD | MARKS, 10, 0},
	{"xoxp-", WORD | MARKS, 10, 0},
	{"xoxr-", WORD | MARKS, 10, 0},
	{"xoxs-", WORD | MARKS, 10, 0},
	{"hf_", WORD | MIXED, 30, 64},
	{"npm_", WORD, 36, 36},
	{"pypi-", WORD | MARKS, 50, 0},
	{"gsk_", WORD | MIXED, 40, 64},
};

enum { FORM_COUNT = sizeof forms / sizeof *forms };

static bool is_of(unsigned flags, char c)
{
	if (flags & UPPER)
		return isupper((unsigned char)c) || isdigit((unsigned char)c);
	return isalnum((unsigned char)c) || ((flags & MARKS) && (c == '-' || c == '_'));
}

static bool is_mixed(struct str s)
{
	bool has_capital = false, has_digit = false;

	for (size_t i = 0; i < s.n; i++) {
		has_capital |= !!isupper((unsigned char)s.p[i]);
		has_digit |= !!isdigit((unsigned char)s.p[i]);
	}
	return has_capital && has_digit;
}

static bool stands_alone(struct str text, size_t at)
{
	return at == 0 || (!isalnum((unsigned char)text.p[at - 1]) && text.p[at - 1] != '_');
}

/* What is kept of the text from at on, and what is masked behind it. masked 0: nothing is. */
struct cut {
	size_t kept, masked;
};

static struct cut form_at(struct str text, size_t at)
{
	for (size_t i = 0; i < FORM_COUNT; i++) {
		const struct form *f = &forms[i];
		struct str prefix = str_from(f->prefix), rest = str_skip(text, at);
		if (!str_starts(rest, prefix) || !stands_alone(text, at))
			continue;
		size_t n = prefix.n;
		while (n < rest.n && is_of(f->flags, rest.p[n]))
			n++;
		struct str key = str_range(rest.p + prefix.n, rest.p + n);
		if (key.n >= f->minimum && (!f->maximum || key.n <= f->maximum) &&
			(!(f->flags & MIXED) || is_mixed(key)))
			return (struct cut){prefix.n, key.n};
	}
	return (struct cut){0};
}

static size_t part(struct str text, size_t at)
{
	size_t n = 0;

	while (at + n < text.n && is_of(WORD | MARKS, text.p[at + n]))
		n++;
	return n;
}

/* A JSON Web Token (RFC 7519): three parts in base64url, the first an object. */
static struct cut token_at(struct str text, size_t at)
{
	if (!str_starts(str_skip(text, at), STR("eyJ")) || !stands_alone(text, at))
		return (struct cut){0};
	size_t head = part(text, at), body, end;
	if (head < 10 || at + head >= text.n || text.p[at + head] != '.')
		return (struct cut){0};
	body = part(text, at + head + 1);
	end = at + head + 1 + body;
	if (body < 4 || end >= text.n || text.p[end] != '.')
		return (struct cut){0};
	size_t signature = part(text, end + 1);
	return signature < 10 ? (struct cut){0} : (struct cut){3, end + 1 + signature - at - 3};
}

/* A private key (RFC 7468), to its end or that of the text. */
static struct cut private_key_at(struct str text, size_t at)
{
	static const struct str begin = STR("-----BEGIN "), end = STR("-----END ");
	struct str rest = str_skip(text, at);

	if (!str_starts(rest, begin))
		return (struct cut){0};
	size_t line = str_find_char(rest, '\n', 0);
	struct str head = str_head(rest, line);
	if (str_find(head, STR("PRIVATE KEY-----"), 0) == SIZE_MAX)
		return (struct cut){0};
	size_t kept = str_find(head, STR("KEY-----"), 0) + 8;
	size_t last = str_find(rest, end, kept);
	size_t stop = last == SIZE_MAX ? rest.n : last;
	return (struct cut){kept, stop - kept};
}

/* The password of "scheme://user:password@host", at its "://". */
static struct cut password_at(struct str text, size_t at)
{
	enum { LONGEST = 256 };

	if (!str_starts(str_skip(text, at), STR("://")))
		return (struct cut){0};
	size_t colon = 0;
	for (size_t i = at + 3; i < text.n && i < at + LONGEST; i++) {
		char c = text.p[i];
		if (c == '@' && colon && i > colon + 1)
			return (struct cut){colon + 1 - at, i - colon - 1};
		if (c == '@' || c == '/' || c == '"' || c == '\'' || c == '<' || c == '>' ||
			isspace((unsigned char)c))
			break;
		if (c == ':' && !colon)
			colon = i;
	}
	return (struct cut){0};
}

/* A key without a form of its own, behind the name it is given under. */
static struct cut named_at(struct str text, size_t at)
{
	static const struct str name = STR("aws_secret_access_key");
	enum { AWS_KEY_BYTES = 40, BETWEEN = 8 };
	struct str rest = str_skip(text, at);

	if (rest.n < name.n || !str_eq_nocase(str_head(rest, name.n), name))
		return (struct cut){0};
	size_t start = name.n;
	while (start < rest.n && start < name.n + BETWEEN && strchr(" \t=:\"'", rest.p[start]))
		start++;
	size_t n = 0;
	while (start + n < rest.n &&
		(isalnum((unsigned char)rest.p[start + n]) || strchr("/+", rest.p[start + n])))
		n++;
	return n == AWS_KEY_BYTES ? (struct cut){start, n} : (struct cut){0};
}

static struct cut value_at(const struct secret_rules *rules, struct str text, size_t at)
{
	for (size_t i = 0; rules && i < rules->value_count; i++)
		if (rules->values[i].n >= SECRET_VALUE_MIN_BYTES &&
			str_starts(str_skip(text, at), rules->values[i]))
			return (struct cut){0, rules->values[i].n};
	return (struct cut){0};
}

/* The first two bytes of everything that is looked for, a bit each. */
struct starts {
	uint64_t pairs[(1 << 16) / 64];
};

static size_t pair_at(const char *p)
{
	return (size_t)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

static void mark(struct starts *s, const char *first_two)
{
	size_t pair = pair_at(first_two);

	s->pairs[pair / 64] |= (uint64_t)1 << pair % 64;
}

static bool is_start(const struct starts *s, const char *p)
{
	size_t pair = pair_at(p);

	return s->pairs[pair / 64] >> pair % 64 & 1;
}

static void mark_starts(const struct secret_rules *rules, struct starts *s)
{
	static const char *const others[] = {"ey", "--", ":/", "aw", "aW", "Aw", "AW"};

	for (size_t i = 0; i < FORM_COUNT; i++)
		mark(s, forms[i].prefix);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		mark(s, others[i]);
	for (size_t i = 0; rules && i < rules->value_count; i++)
		if (rules->values[i].n >= SECRET_VALUE_MIN_BYTES)
			mark(s, rules->values[i].p);
}

static struct cut cut_at(const struct secret_rules *rules, struct str text, size_t at)
{
	struct cut found = value_at(rules, text, at);

	if (!found.masked)
		found = form_at(text, at);
	if (!found.masked)
		found = token_at(text, at);
	if (!found.masked)
		found = private_key_at(text, at);
	if (!found.masked)
		found = password_at(text, at);
	if (!found.masked)
		found = named_at(text, at);
	return found;
}

size_t secret_mask(const struct secret_rules *rules, struct buf *buf)
{
	struct starts starts = {0};
	struct str text = buf_str(buf);
	AUTO(buf) masked = {0};
	size_t from = 0, count = 0;

	mark_starts(rules, &starts);
	for (size_t at = 0; at + 1 < text.n; at++) {
		if (!is_start(&starts, text.p + at))
			continue;
		struct cut cut = cut_at(rules, text, at);
		if (!cut.masked)
			continue;
		buf_put_str(&masked, str_range(text.p + from, text.p + at + cut.kept));
		buf_put_text(&masked, "****");
		from = at + cut.kept + cut.masked;
		at = from - 1;
		count++;
	}
	if (!count)
		return 0;
	buf_put_str(&masked, str_skip(text, from));
	buf_clear(buf);
	buf_put_str(buf, buf_str(&masked));
	return count;
}
