#ifndef PARSER_H
#define PARSER_H

#include "parcel.h"

enum token_kind {
	TOKEN_WORD,
	TOKEN_NUMBER,
	TOKEN_COMMA,
	TOKEN_END,
};

struct token {
	enum token_kind kind;
	const char *start;
	size_t length;
};

struct parser {
	const char *text;
	const char *cursor;
	int line;
	const char *error;
};

void parser_init(struct parser *parser, const char *text);
int parser_next(struct parser *parser, struct token *out);
int parser_read_parcel(struct parser *parser, struct parcel *out);
int parse_weight(const char *text, int *grams);
int is_oversize(int grams);

#endif
