// SPDX-License-Identifier: MIT
#include "agent/tool/command.h"

#include <ctype.h>
#include <string.h>

/* The second column: the only first arguments; the third: arguments it must not have. */
static const struct reader {
	const char *name;
	const char *verbs; /* each with a space around it; NULL: any */
	const char *but; /* beginnings of arguments, the same way; NULL: none */
} readers[] = {
	{"basename"},
	{"cat"},
	{"cksum"},
	{"cmp"},
	{"cut"},
	{"date", NULL, " -s --set "},
	{"df"},
	{"diff", NULL, " --output -o "},
	{"dirname"},
	{"du"},
	{"echo"},
	{"egrep"},
	{"false"},
	{"fgrep"},
	{"file", NULL, " -C --compile "},
	{"find", NULL, " -exec -ok -delete -fprint -fls "},
	{"git", " status log diff show blame shortlog describe rev-parse ls-files ls-tree rev-list ",
		" --output -o --ext-diff --textconv "},
	{"grep"},
	{"head"},
	{"id"},
	{"jq"},
	{"ls"},
	{"md5sum"},
	{"nl"},
	{"od"},
	{"printf"},
	{"pwd"},
	{"readlink"},
	{"realpath"},
	{"rg", NULL, " --pre "},
	{"sha1sum"},
	{"sha256sum"},
	{"sort", NULL, " -o --output -T --temporary "},
	{"stat"},
	{"tail", NULL, " -f -F --follow "},
	{"test"},
	{"tr"},
	{"tree", NULL, " -o "},
	{"true"},
	{"type"},
	{"uname"},
	{"wc"},
	{"which"},
	{"whoami"},
	{"xxd", NULL, " -r "},
	{NULL},
};

/* Words may stand in quotes; what a shell looks at in them is refused before. */
static bool take_word(struct str *rest, struct str *word)
{
	*rest = str_trim(*rest);
	if (rest->n == 0)
		return false;
	size_t n = 0;
	char quote = '\0';
	for (; n < rest->n && (quote || !isspace((unsigned char)rest->p[n])); n++) {
		char c = rest->p[n];
		if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '\'' || c == '"')
			quote = c;
	}
	*word = str_head(*rest, n);
	*rest = str_skip(*rest, n);
	return !quote;
}

static bool lists(const char *list, struct str word, bool whole)
{
	struct str rest = str_from(list), one;

	while (str_split(&rest, ' ', &one))
		if (one.n && (whole ? str_eq(one, word) : str_starts(word, one)))
			return true;
	return false;
}

static const struct reader *find_reader(struct str name)
{
	for (const struct reader *r = readers; r->name; r++)
		if (str_is(name, r->name))
			return r;
	return NULL;
}

static bool is_reader(struct str part)
{
	struct str word;

	if (!take_word(&part, &word))
		return false;
	const struct reader *r = find_reader(word);
	if (!r)
		return false;
	if (r->verbs && (!take_word(&part, &word) || !lists(r->verbs, word, true)))
		return false;
	while (str_trim(part).n) {
		if (!take_word(&part, &word))
			return false;
		/* An option in quotes is still one. */
		if (word.p[0] == '"' || word.p[0] == '\'')
			word = str_skip(word, 1);
		if (r->but && lists(r->but, word, false))
			return false;
	}
	return true;
}

/* The next '|' outside of quotes; false at anything else that a shell takes for more than a word.
 */
static bool find_pipe(struct str command, size_t *at)
{
	char quote = '\0';

	for (*at = 0; *at < command.n; ++*at) {
		char c = command.p[*at];
		if (c == '\\' || c == '\n' || c == '\r' || c == '\0')
			return false;
		if (quote != '\'' && (c == '$' || c == '`'))
			return false;
		if (quote) {
			quote = c == quote ? '\0' : quote;
		} else if (c == '\'' || c == '"') {
			quote = c;
		} else if (strchr(";&<>(){}!#~", c)) {
			return false;
		} else if (c == '|') {
			return true;
		}
	}
	return !quote;
}

bool command_only_reads(struct str command)
{
	size_t pipe;

	command = str_trim(command);
	do {
		if (!find_pipe(command, &pipe) || !is_reader(str_head(command, pipe)))
			return false;
		bool is_last = pipe == command.n;
		command = str_skip(command, pipe + 1);
		if (is_last)
			return true;
	} while (command.n);
	return false;
}
