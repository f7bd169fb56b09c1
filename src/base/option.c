// SPDX-License-Identifier: MIT
#include "base/option.h"

#include <string.h>

#include "base/vec.h"

struct parser {
	const struct option *table;
	char *const *words;
	int count, at;
	struct arena *arena;
	VEC(struct option_match) matches;
	VEC(const char *) operands;
};

static const struct option *by_name(const struct option *table, struct str name)
{
	for (; table->name; table++)
		if (str_is(name, table->name))
			return table;
	return NULL;
}

static const struct option *by_letter(const struct option *table, char letter)
{
	for (; table->name; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

const char *option_nearest(struct str word, const char *const *candidates)
{
	unsigned limit = word.n <= 5 ? 1 : 2, best = limit + 1;
	const char *nearest = NULL;

	for (; *candidates; candidates++) {
		unsigned distance = str_distance(word, str_from(*candidates));
		if (distance < best) {
			best = distance;
			nearest = *candidates;
		}
	}
	return nearest;
}

static bool unknown(const struct parser *p, struct str name, struct err *e)
{
	const char *names[64];
	size_t n = 0;

	for (const struct option *o = p->table; o->name && n < 63; o++)
		if (!o->instead)
			names[n++] = o->name;
	names[n] = NULL;
	const char *near = option_nearest(name, names);
	if (near)
		return err_set(e, ERR_USAGE, "unknown option --%.*s (did you mean --%s?)",
			STR_ARG(name), near);
	return err_set(e, ERR_USAGE, "unknown option --%.*s", STR_ARG(name));
}

static bool take_value(struct parser *p, const struct option *o, const char *given, struct err *e)
{
	if (o->instead)
		return err_set(e, ERR_USAGE, "there is no option --%s: %s", o->name, o->instead);
	if (!o->value && given)
		return err_set(e, ERR_USAGE, "option --%s takes no value", o->name);
	if (o->value && !given) {
		if (p->at + 1 >= p->count)
			return err_set(
				e, ERR_USAGE, "option --%s needs a value: %s", o->name, o->value);
		given = p->words[++p->at];
	}
	vec_push(&p->matches, (struct option_match){o, given ? given : ""});
	return true;
}

static bool long_option(struct parser *p, const char *word, struct err *e)
{
	const char *equals = strchr(word, '=');
	struct str name = equals ? str_range(word, equals) : str_from(word);
	const struct option *o = by_name(p->table, name);

	return o ? take_value(p, o, equals ? equals + 1 : NULL, e) : unknown(p, name, e);
}

static bool letters(struct parser *p, const char *word, struct err *e)
{
	for (; *word; word++) {
		const struct option *o = by_letter(p->table, *word);
		if (!o)
			return err_set(e, ERR_USAGE, "unknown option -%c", *word);
		if (o->value)
			return take_value(p, o, word[1] ? word + 1 : NULL, e);
		if (!take_value(p, o, NULL, e))
			return false;
	}
	return true;
}

static bool parse(struct parser *p, struct options *out, struct err *e)
{
	size_t literal_from = SIZE_MAX;

	for (p->at = 0; p->at < p->count; p->at++) {
		const char *word = p->words[p->at];
		bool literal = literal_from != SIZE_MAX || word[0] != '-' || !word[1];
		if (literal)
			vec_push(&p->operands, word);
		else if (strcmp(word, "--") == 0)
			literal_from = p->operands.n;
		else if (word[1] == '-' ? !long_option(p, word + 2, e) : !letters(p, word + 1, e))
			return false;
	}
	out->match_count = p->matches.n;
	out->matches = arena_alloc(p->arena, p->matches.n, sizeof *out->matches);
	if (p->matches.n)
		memcpy(out->matches, p->matches.p, p->matches.n * sizeof *out->matches);
	out->operand_count = p->operands.n;
	out->operands = arena_alloc(p->arena, p->operands.n, sizeof *out->operands);
	if (p->operands.n)
		memcpy(out->operands, p->operands.p, p->operands.n * sizeof *out->operands);
	out->literal_from = literal_from == SIZE_MAX ? p->operands.n : literal_from;
	return true;
}

bool options_parse(const struct option *table, int count, char *const *words, struct arena *a,
	struct options *out, struct err *e)
{
	struct parser p = {.table = table, .words = words, .count = count, .arena = a};
	bool ok = parse(&p, out, e);

	vec_release(&p.matches);
	vec_release(&p.operands);
	return ok;
}

const char *options_value(const struct options *options, const char *name)
{
	for (size_t i = options->match_count; i-- > 0;)
		if (strcmp(options->matches[i].option->name, name) == 0)
			return options->matches[i].value;
	return NULL;
}

const char *options_nth(const struct options *options, const char *name, size_t n)
{
	for (size_t i = 0; i < options->match_count; i++)
		if (strcmp(options->matches[i].option->name, name) == 0 && n-- == 0)
			return options->matches[i].value;
	return NULL;
}

bool options_has(const struct options *options, const char *name)
{
	return options_value(options, name) != NULL;
}

bool options_int(const struct options *options, const char *name, int64_t minimum, int64_t fallback,
	int64_t *out, struct err *e)
{
	const char *text = options_value(options, name);
	int64_t number = fallback;

	if (text && (!str_int(str_from(text), &number) || number < minimum))
		return err_set(e, ERR_USAGE,
			"option --%s: %s is not a whole number of at least %lld", name, text,
			(long long)minimum);
	*out = number;
	return true;
}
