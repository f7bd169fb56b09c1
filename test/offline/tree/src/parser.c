#include "parser.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define GRAMS_PER_KG   1000
#define OVERSIZE_GRAMS 31500

/*
 * The parser reads lines of the form
 *
 *     id, carrier, weight
 *
 * where weight is a number followed by g or kg. Empty lines and lines that
 * begin with # are skipped. The text must stay valid as long as the tokens.
 */

void parser_init(struct parser *parser, const char *text)
{
	parser->text = text;
	parser->cursor = text;
	parser->line = 1;
	parser->error = NULL;
}

static void skip_blank(struct parser *parser)
{
	while (*parser->cursor == ' ' || *parser->cursor == '\t')
		parser->cursor++;
}

static void skip_comment(struct parser *parser)
{
	while (*parser->cursor != '\0' && *parser->cursor != '\n')
		parser->cursor++;
}

static int is_word(int c)
{
	return isalnum(c) || c == '_' || c == '-' || c == '.';
}

static size_t span_word(const char *start)
{
	size_t n = 0;

	while (is_word((unsigned char)start[n]))
		n++;
	return n;
}

int parser_next(struct parser *parser, struct token *out)
{
	skip_blank(parser);
	if (*parser->cursor == '#')
		skip_comment(parser);
	out->start = parser->cursor;
	out->length = 1;
	if (*parser->cursor == '\0' || *parser->cursor == '\n') {
		out->kind = TOKEN_END;
		out->length = 0;
		return 0;
	}
	if (*parser->cursor == ',') {
		out->kind = TOKEN_COMMA;
		parser->cursor++;
		return 0;
	}
	out->length = span_word(parser->cursor);
	if (out->length == 0) {
		parser->error = "unexpected character";
		return -1;
	}
	out->kind = isdigit((unsigned char)*out->start) ? TOKEN_NUMBER : TOKEN_WORD;
	parser->cursor += out->length;
	return 0;
}

static int expect_comma(struct parser *parser)
{
	struct token token;

	if (parser_next(parser, &token) != 0)
		return -1;
	if (token.kind != TOKEN_COMMA) {
		parser->error = "expected a comma";
		return -1;
	}
	return 0;
}

static char *copy_token(const struct token *token)
{
	char *copy = malloc(token->length + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, token->start, token->length);
	copy[token->length] = '\0';
	return copy;
}

/* A number with g or kg behind it, "2.5kg" or "800g"; grams on success. */
int parse_weight(const char *text, int *grams)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || value < 0)
		return -1;
	if (strcmp(end, "kg") == 0)
		value *= GRAMS_PER_KG;
	else if (strcmp(end, "g") != 0)
		return -1;
	*grams = (int)value;
	return 0;
}

int is_oversize(int grams)
{
	return grams > OVERSIZE_GRAMS;
}

static int read_field(struct parser *parser, char **out)
{
	struct token token;

	if (parser_next(parser, &token) != 0)
		return -1;
	if (token.kind == TOKEN_END || token.kind == TOKEN_COMMA) {
		parser->error = "a field is missing";
		return -1;
	}
	*out = copy_token(&token);
	return *out == NULL ? -1 : 0;
}

int parser_read_parcel(struct parser *parser, struct parcel *out)
{
	char *id = NULL, *carrier = NULL, *weight = NULL;
	int result = -1;

	/* FIXME: the carrier's name is never freed */
	if (read_field(parser, &id) == 0 && expect_comma(parser) == 0 &&
		read_field(parser, &carrier) == 0 && expect_comma(parser) == 0 &&
		read_field(parser, &weight) == 0 && parcel_init(out, id, carrier) == 0)
		result = parse_weight(weight, &out->weight_grams);
	if (result == 0 && is_oversize(out->weight_grams))
		log_line("%s is oversize", id);
	free(weight);
	free(id);
	parser->line++;
	return result;
}
