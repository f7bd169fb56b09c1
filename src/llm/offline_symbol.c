// SPDX-License-Identifier: MIT
/* What a single line defines, by its shape. One row a family of languages. */
#include <ctype.h>

#include "llm/offline.h"

struct keyword {
	const char *word, *noun;
};

typedef bool shape_fn(struct str path, struct str line, struct definition *out);

struct family {
	const char *languages; /* names of language.h, each between two bars */
	const char *modifiers; /* words that may stand before a keyword */
	struct keyword keywords[16];
	const char *comments[4]; /* what begins one */
	shape_fn *shape; /* tried after the keywords; NULL: nothing */
	bool is_braced; /* blocks end with "}", else with the indent */
};

static bool is_id(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct str left_trim(struct str s)
{
	while (s.n && is_blank(s.p[0]))
		s = str_skip(s, 1);
	return s;
}

static struct str identifier(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_id(s.p[n]))
		n++;
	return str_head(s, n);
}

static bool has_word(const char *list, struct str word)
{
	struct str rest = str_from(list), entry;

	while (str_split(&rest, ' ', &entry))
		if (entry.n && str_eq(entry, word))
			return true;
	return false;
}

static bool is_indented(struct str line)
{
	return line.n && is_blank(line.p[0]);
}

static bool found(struct definition *out, struct str name, const char *noun, bool is_declaration)
{
	if (name.n == 0 || isdigit((unsigned char)name.p[0]))
		return false;
	*out = (struct definition){name, noun, is_declaration};
	return true;
}

/* ---- shapes ---- */

static bool is_header(struct str path)
{
	return str_ends(path, STR(".h")) || str_ends(path, STR(".hpp")) ||
	       str_ends(path, STR(".hh"));
}

/* "[[nodiscard]] ", "__attribute__((x)) ", "extern "C" " in front of a declaration. */
static struct str without_attributes(struct str s)
{
	for (;;) {
		size_t end;
		if (str_starts(s, STR("[[")) && (end = str_find(s, STR("]]"), 0)) != SIZE_MAX)
			s = left_trim(str_skip(s, end + 2));
		else if (str_starts(s, STR("__attribute__")) &&
			 (end = str_find(s, STR("))"), 0)) != SIZE_MAX)
			s = left_trim(str_skip(s, end + 2));
		else if (str_starts(s, STR("@")))
			s = left_trim(str_skip(s, 1 + identifier(str_skip(s, 1)).n));
		else
			return s;
	}
}

static const char not_types[] =
	"return if while for switch else case goto sizeof do typedef new delete throw await yield "
	"assert catch in not and or elif except print using defined lambda with raise del";

/* The line's end without a comment. */
static struct str code_of(struct str path, struct str line)
{
	size_t comment = symbol_comment(path, line);

	return str_trim(comment == SIZE_MAX ? line : str_head(line, comment));
}

/* "type name(...": what stands before the bracket is words, stars and nothing that computes. */
static bool function_shape(struct str path, struct str line, struct definition *out)
{
	struct str code = without_attributes(code_of(path, line));
	size_t open = str_find_char(code, '(', 0), at = open;

	if (open == SIZE_MAX || open == 0 || has_word(not_types, identifier(code)))
		return false;
	while (at > 0 && is_blank(code.p[at - 1]))
		at--;
	size_t end = at;
	while (at > 0 && (is_id(code.p[at - 1]) || code.p[at - 1] == '~'))
		at--;
	struct str name = str_range(code.p + at, code.p + end),
		   before = str_trim(str_head(code, at));
	for (size_t i = 0; i < before.n; i++)
		if (!is_id(before.p[i]) && !strchr(" \t*&:<>,[]~?", before.p[i]))
			return false;
	if (has_word(not_types, name) || (before.n && strchr(",?", before.p[before.n - 1])))
		return false;
	char last = code.p[code.n - 1];
	bool is_declaration = last == ';' && str_find_char(code, '{', 0) == SIZE_MAX;
	if (before.n == 0 && (last == ';' || is_indented(line)))
		return false;
	if (str_find_char(str_skip(code, open), ')', 0) == SIZE_MAX && last != ',' && last != '(')
		return false;
	is_declaration |= is_header(path) && (last == ',' || last == '(') &&
			  !str_contains(before, STR("inline"));
	return found(out, name, "function", is_declaration);
}

static bool enumerator_shape(struct str path, struct str line, struct definition *out)
{
	struct str code = code_of(path, line), name = identifier(code);

	if (!is_indented(line) || name.n < 2)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (islower((unsigned char)name.p[i]))
			return false;
	struct str rest = left_trim(str_skip(code, name.n));
	bool ends =
		rest.n == 0 || str_is(rest, ",") ||
		(rest.p[0] == '=' && rest.n > 1 && rest.p[1] != '=' && rest.p[rest.n - 1] != ';');
	return ends && found(out, name, "enumerator", false);
}

/* "type name = ...", "type name[3];", "extern type name;" at the margin. */
static bool variable_shape(struct str path, struct str line, struct definition *out)
{
	struct str code = code_of(path, line);
	bool is_extern = str_starts(code, STR("extern "));
	size_t end = 0;

	while (end < code.n && (is_id(code.p[end]) || strchr(" \t*:<>&,", code.p[end])))
		end++;
	if (end == code.n || !strchr("=[;", code.p[end]) || has_word(not_types, identifier(code)))
		return false;
	struct str head = str_trim(str_head(code, end));
	size_t at = head.n;
	while (at > 0 && is_id(head.p[at - 1]))
		at--;
	struct str type = str_trim(str_head(head, at));
	if (type.n == 0 || has_word("struct union enum class import package use", type))
		return false;
	return found(out, str_skip(head, at),
		str_contains(type, STR("const")) ? "constant" : "variable", is_extern);
}

static bool typedef_shape(struct str line, struct definition *out)
{
	struct str code = str_trim(line);
	size_t pointer = str_find(code, STR("(*"), 0);

	if (pointer != SIZE_MAX)
		return found(
			out, identifier(left_trim(str_skip(code, pointer + 2))), "typedef", false);
	size_t end = str_find_char(code, ';', 0);
	if (end == SIZE_MAX)
		return false;
	size_t bracket = str_find_char(code, '(', 0);
	if (bracket < end)
		end = bracket;
	while (end > 0 && !is_id(code.p[end - 1]))
		end--;
	size_t at = end;
	while (at > 0 && is_id(code.p[at - 1]))
		at--;
	return found(out, str_range(code.p + at, code.p + end), "typedef", false);
}

static bool aggregate_shape(struct str path, struct str code, struct definition *out)
{
	struct str keyword = identifier(code);

	if (!has_word("struct union enum class namespace", keyword))
		return false;
	struct str rest = left_trim(str_skip(code, keyword.n));
	if (str_is(identifier(rest), "class"))
		rest = left_trim(str_skip(rest, 5));
	struct str name = identifier(rest);
	rest = left_trim(str_skip(rest, name.n));
	if (name.n == 0 || (rest.n && !strchr("{:;", rest.p[0]) && symbol_comment(path, rest) != 0))
		return false;
	static const char *const nouns[] = {"struct", "union", "enum", "class", "namespace"};
	for (int i = 0; i < 5; i++)
		if (str_is(keyword, nouns[i]))
			return found(out, name, nouns[i], rest.n && rest.p[0] == ';');
	return false;
}

static bool c_shape(struct str path, struct str line, struct definition *out)
{
	struct str code = without_attributes(left_trim(line));

	if (code.n && code.p[0] == '#') {
		struct str directive = left_trim(str_skip(code, 1));
		if (!str_starts(directive, STR("define")))
			return false;
		struct str name = identifier(left_trim(str_skip(directive, 6)));
		struct str value = str_trim(str_skip(left_trim(str_skip(directive, 6)), name.n));
		bool is_guard =
			value.n == 0 && (str_ends(name, STR("_H")) || str_ends(name, STR("_H_")) ||
						str_ends(name, STR("_HPP")));
		return !is_guard && found(out, name, "macro", false);
	}
	if (str_starts(code, STR("typedef ")) && !str_ends(str_trim(code), STR("{")))
		return typedef_shape(code, out);
	if (str_starts(code, STR("typedef ")))
		return aggregate_shape(path, left_trim(str_skip(code, 8)), out);
	if (aggregate_shape(path, code, out))
		return true;
	if (code.n && code.p[0] == '}' && !is_indented(line))
		return found(out, identifier(left_trim(str_skip(code, 1))), "typedef", false);
	if (is_indented(line))
		return enumerator_shape(path, line, out) ||
		       (!is_header(path) && str_ends(path, STR(".c"))
				       ? false
				       : str_ends(str_trim(line), STR("{")) &&
						 !str_ends(path, STR(".h")) &&
						 function_shape(path, line, out));
	return function_shape(path, line, out) || variable_shape(path, line, out);
}

static bool python_shape(struct str, struct str line, struct definition *out)
{
	struct str code = left_trim(line), name = identifier(code);
	struct str rest = left_trim(str_skip(code, name.n));
	size_t indent = line.n - code.n;

	if (name.n == 0 || indent > 4 || rest.n < 2)
		return false;
	for (size_t i = 0; indent && i < name.n; i++)
		if (islower((unsigned char)name.p[i]))
			return false;
	bool is_assigned = (rest.p[0] == '=' && rest.p[1] != '=') ||
			   (rest.p[0] == ':' && str_find_char(rest, '=', 0) != SIZE_MAX);
	return is_assigned && found(out, name, "variable", false);
}

static bool script_shape(struct str, struct str line, struct definition *out)
{
	struct str code = str_trim(line);

	if (str_starts(code, STR("exports.")) || str_starts(code, STR("module.exports."))) {
		size_t dot = str_find(code, STR("exports."), 0) + 8;
		return found(out, identifier(str_skip(code, dot)), "function", false);
	}
	static const char *const marks[] = {"async ", "static ", "get ", "set ", "public ",
		"private ", "protected ", "readonly ", "*"};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (str_starts(code, str_from(marks[i])))
			code = left_trim(str_skip(code, strlen(marks[i])));
	struct str name = identifier(code), rest = left_trim(str_skip(code, name.n));
	if (!is_indented(line) || rest.n == 0 || has_word(not_types, name) ||
		str_is(name, "function"))
		return false;
	if (rest.p[0] == '(' && str_ends(code, STR("{")) && !str_contains(code, STR("=>")))
		return found(out, name, "method", false);
	return rest.p[0] == ':' &&
	       (str_contains(rest, STR("function")) || str_contains(rest, STR("=>"))) &&
	       str_ends(code, STR("{")) && found(out, name, "function", false);
}

static bool shell_shape(struct str, struct str line, struct definition *out)
{
	struct str code = left_trim(line), name = identifier(code), rest = str_skip(code, name.n);

	if (str_starts(left_trim(rest), STR("()")))
		return found(out, name, "function", false);
	return !is_indented(line) && rest.n && rest.p[0] == '=' &&
	       found(out, name, "variable", false);
}

static bool make_shape(struct str, struct str line, struct definition *out)
{
	size_t n = 0;

	while (n < line.n && (is_id(line.p[n]) || strchr("-./%", line.p[n])))
		n++;
	struct str name = str_head(line, n), rest = left_trim(str_skip(line, n));
	if (n == 0 || rest.n == 0 || line.p[0] == '.')
		return false;
	if (rest.p[0] == '=' || (rest.n > 1 && strchr(":?+", rest.p[0]) && rest.p[1] == '='))
		return found(out, name, "variable", false);
	return rest.p[0] == ':' && found(out, name, "target", false);
}

static bool data_shape(struct str, struct str line, struct definition *out)
{
	struct str code = left_trim(line);

	if (str_starts(code, STR("- ")))
		code = left_trim(str_skip(code, 2));
	if (code.n && code.p[0] == '[') {
		size_t end = str_find_char(code, ']', 0);
		return end != SIZE_MAX && end > 1 && str_trim(str_skip(code, end + 1)).n == 0 &&
		       found(out, str_range(code.p + 1, code.p + end), "section", false);
	}
	char quote = code.n && (code.p[0] == '"' || code.p[0] == '\'') ? code.p[0] : 0;
	size_t n = quote ? 1 : 0;
	while (n < code.n && (is_id(code.p[n]) || strchr("-./", code.p[n])))
		n++;
	struct str name = str_range(code.p + (quote ? 1 : 0), code.p + n);
	if (quote && (n >= code.n || code.p[n] != quote))
		return false;
	struct str rest = left_trim(str_skip(code, n + (quote ? 1 : 0)));
	return rest.n && strchr(":=", rest.p[0]) && found(out, name, "key", false);
}

static bool prose_shape(struct str, struct str line, struct definition *out)
{
	size_t level = 0;

	while (level < line.n && line.p[level] == '#')
		level++;
	if (level == 0 || level > 6 || level >= line.n || line.p[level] != ' ')
		return false;
	*out = (struct definition){str_trim(str_skip(line, level)), "heading", false};
	return out->name.n > 0;
}

/* Java and its like: methods are functions that may stand inside of something. */
static bool method_shape(struct str path, struct str line, struct definition *out)
{
	struct str code = str_trim(line);

	return (str_ends(code, STR("{")) || str_ends(code, STR(",")) || !is_indented(line)) &&
	       function_shape(path, line, out);
}

/* ---- families ---- */

static const struct family families[] = {
	{"|C|C++|", "", {{0}}, {"//", "/*", "*"}, c_shape, true},
	{"|Python|", "async", {{"def", "function"}, {"class", "class"}}, {"#", "\"\"\""},
		python_shape, false},
	{"|JavaScript|TypeScript|Vue|",
		"export default async declare public private protected static abstract readonly",
		{{"function", "function"}, {"class", "class"}, {"interface", "interface"},
			{"enum", "enum"}, {"type", "type"}, {"const", "constant"},
			{"let", "variable"}, {"var", "variable"}, {"namespace", "namespace"}},
		{"//", "/*", "*"}, script_shape, true},
	{"|Go|", "",
		{{"func", "function"}, {"type", "type"}, {"const", "constant"},
			{"var", "variable"}},
		{"//", "/*", "*"}, NULL, true},
	{"|Rust|", "pub async unsafe const extern default",
		{{"fn", "function"}, {"struct", "struct"}, {"enum", "enum"}, {"trait", "trait"},
			{"type", "type"}, {"static", "constant"}, {"mod", "module"},
			{"union", "union"}, {"macro_rules!", "macro"}, {"const", "constant"}},
		{"//", "/*", "*"}, NULL, true},
	{"|Java|C#|Kotlin|Swift|Scala|Dart|PHP|Zig|",
		"public private protected internal static final abstract sealed open override async data "
		"suspend inline partial export pub readonly virtual unsafe lazy implicit case fileprivate",
		{{"class", "class"}, {"interface", "interface"}, {"enum", "enum"},
			{"record", "record"}, {"struct", "struct"}, {"trait", "trait"},
			{"object", "object"}, {"fun", "function"}, {"func", "function"},
			{"function", "function"}, {"def", "function"}, {"fn", "function"},
			{"protocol", "protocol"}, {"extension", "extension"},
			{"namespace", "namespace"}},
		{"//", "/*", "*"}, method_shape, true},
	{"|Ruby|Elixir|Lua|Perl|", "local",
		{{"def", "function"}, {"class", "class"}, {"module", "module"},
			{"defmodule", "module"}, {"defp", "function"}, {"function", "function"},
			{"sub", "function"}, {"package", "package"}},
		{"#", "--"}, NULL, false},
	{"|Shell|Dockerfile|", "export local readonly declare", {{"function", "function"}}, {"#"},
		shell_shape, true},
	{"|Make|", "export", {{"define", "variable"}}, {"#"}, make_shape, false},
	{"|CMake|Meson|R|", "", {{0}}, {"#"}, python_shape, false},
	{"|JSON|YAML|TOML|INI|", "", {{0}}, {"#", ";", "//"}, data_shape, false},
	{"|Markdown|reStructuredText|Text|", "", {{0}}, {"<!--"}, prose_shape, false},
	{"|SQL|",
		"create or replace temporary if not exists CREATE OR REPLACE TEMPORARY IF NOT EXISTS",
		{{"table", "table"}, {"TABLE", "table"}, {"view", "view"}, {"VIEW", "view"},
			{"index", "index"}, {"INDEX", "index"}, {"function", "function"},
			{"FUNCTION", "function"}},
		{"--", "/*"}, NULL, false},
	{"|Protobuf|", "",
		{{"message", "message"}, {"service", "service"}, {"enum", "enum"}, {"rpc", "rpc"}},
		{"//", "/*", "*"}, NULL, true},
	{"|HTML|XML|", "", {{0}}, {"<!--"}, NULL, false},
	{"|CSS|", "", {{0}}, {"/*", "//", "*"}, NULL, true},
	{"|Haskell|OCaml|Erlang|", "",
		{{"data", "type"}, {"type", "type"}, {"newtype", "type"}, {"let", "value"},
			{"class", "class"}},
		{"--", "(*", "%"}, NULL, false},
	{"|Assembly|LaTeX|", "", {{0}}, {"#", ";", "%"}, NULL, false},
};

static const struct family unknown = {"", "", {{0}}, {"#", "//"}, NULL, true};

static const struct family *family_of(struct str path)
{
	const struct language *l = language_of(path);
	char name[40];

	if (!l)
		return &unknown;
	snprintf(name, sizeof name, "|%s|", l->name);
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (strstr(families[i].languages, name))
			return &families[i];
	return &unknown;
}

bool symbol_is_code(struct str path)
{
	const struct language *l = language_of(path);

	return l && l->is_code && strcmp(l->name, "HTML") != 0 && strcmp(l->name, "CSS") != 0;
}

/* A Go receiver or "self." in front of the name: "func (r *T) name(", "def self.name". */
static struct str name_after(struct str rest)
{
	rest = left_trim(rest);
	if (rest.n && rest.p[0] == '(') {
		size_t close = str_find_char(rest, ')', 0);
		rest = close == SIZE_MAX ? rest : left_trim(str_skip(rest, close + 1));
	}
	if (rest.n && rest.p[0] == '*')
		rest = left_trim(str_skip(rest, 1));
	struct str name = identifier(rest);
	struct str after = str_skip(rest, name.n);
	if (after.n > 1 && (after.p[0] == '.' || after.p[0] == ':') && is_id(after.p[1]))
		return name_after(str_skip(after, 1));
	return name;
}

static struct str first_word(struct str code)
{
	size_t n = 0;

	while (n < code.n && !is_blank(code.p[n]) && code.p[n] != '(')
		n++;
	return str_head(code, n);
}

static bool keyword_shape(const struct family *f, struct str line, struct definition *out)
{
	struct str code = without_attributes(left_trim(line));

	for (int limit = 0; limit < 8; limit++) {
		struct str word = first_word(code);
		for (int i = 0; i < 16 && f->keywords[i].word; i++) {
			if (!str_is(word, f->keywords[i].word))
				continue;
			const char *noun = f->keywords[i].noun;
			/* Locals are no definitions that anybody asks for. */
			if (is_indented(line) &&
				(strcmp(noun, "constant") == 0 || strcmp(noun, "variable") == 0))
				return false;
			struct str rest = str_skip(code, word.n);
			struct str next = first_word(left_trim(rest));
			if (has_word(f->modifiers, word) && next.n && str_is(next, "fn"))
				break;
			return found(out, name_after(rest), noun, false);
		}
		if (word.n == 0)
			return false;
		struct str base = str_starts(word, STR("pub")) ? STR("pub") : word;
		if (!has_word(f->modifiers, base))
			return false;
		code = left_trim(str_skip(code, word.n));
		if (code.n && code.p[0] == '(') { /* pub(crate) */
			size_t close = str_find_char(code, ')', 0);
			code = close == SIZE_MAX ? code : left_trim(str_skip(code, close + 1));
		}
	}
	return false;
}

bool symbol_defined(struct str path, struct str line, struct definition *out)
{
	const struct family *f = family_of(path);

	if (line.n == 0 || line.n > 4000 ||
		symbol_comment(path, line) == line.n - left_trim(line).n)
		return f->shape == prose_shape && prose_shape(path, line, out);
	return keyword_shape(f, line, out) || (f->shape && f->shape(path, line, out));
}

bool symbol_defines(struct str path, struct str line, struct str name, struct definition *out)
{
	struct definition d;
	bool is_any = symbol_defined(path, line, &d);

	if (is_any && str_eq(d.name, name) && strcmp(d.noun, "heading") != 0) {
		*out = d;
		return true;
	}
	/* enum { NAME = 1, OTHER }; in one line */
	size_t brace = str_find_char(line, '{', 0), at;
	if (str_find(line, STR("enum"), 0) < brace && brace != SIZE_MAX &&
		(at = symbol_find(line, name, brace)) != SIZE_MAX) {
		struct str rest = left_trim(str_skip(line, at + name.n));
		char before = line.p[at - 1];
		if (rest.n && strchr(",=}", rest.p[0]) && strchr("{, \t", before))
			return found(out, name, "enumerator", false);
	}
	/* a, b = 1, 2 and const x = 1, y = 2 are rare enough to be left as uses */
	return false;
}

size_t symbol_find(struct str line, struct str name, size_t from)
{
	if (name.n == 0)
		return SIZE_MAX;
	for (size_t at = str_find(line, name, from); at != SIZE_MAX;
		at = str_find(line, name, at + 1)) {
		bool starts = at == 0 || !is_id(line.p[at - 1]) || !is_id(name.p[0]);
		bool ends = at + name.n >= line.n || !is_id(line.p[at + name.n]) ||
			    !is_id(name.p[name.n - 1]);
		if (starts && ends)
			return at;
	}
	return SIZE_MAX;
}

static bool begins_comment(const struct family *f, struct str line, size_t at)
{
	for (int i = 0; i < 4 && f->comments[i]; i++) {
		struct str mark = str_from(f->comments[i]);
		if (!str_starts(str_skip(line, at), mark))
			continue;
		/* A lone star continues a block comment only as the first thing in a line. */
		if (str_is(mark, "*") && left_trim(line).p != line.p + at)
			continue;
		if (str_is(mark, "*") && at + 1 < line.n && !strchr(" \t/*", line.p[at + 1]))
			continue;
		if (strchr("#;%", mark.p[0]) && at && !is_blank(line.p[at - 1]))
			continue;
		if (str_is(mark, "//") && at && line.p[at - 1] == ':')
			continue;
		return true;
	}
	return false;
}

size_t symbol_comment(struct str path, struct str line)
{
	const struct family *f = family_of(path);
	bool is_prose = f->shape == prose_shape;
	char quote = 0;

	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];
		if (quote) {
			if (c == '\\')
				i++;
			else if (c == quote)
				quote = 0;
			continue;
		}
		if (begins_comment(f, line, i))
			return i;
		if (!is_prose &&
			(c == '"' || c == '`' ||
				(c == '\'' && str_find_char(line, '\'', i + 1) != SIZE_MAX)))
			quote = c;
	}
	return SIZE_MAX;
}

bool symbol_is_import(struct str path, struct str line)
{
	static const char *const starts[] = {"#include", "# include", "#  include", "import ",
		"from ", "use ", "using ", "require", "include ", "-include ", "source ", ". ",
		"mod ", "@import", "extern crate", NULL};
	struct str code = left_trim(line);

	(void)path;
	for (int i = 0; starts[i]; i++)
		if (str_starts(code, str_from(starts[i])))
			return !str_starts(code, STR("from ")) || str_contains(code, STR("import"));
	return str_contains(code, STR("require(")) || str_contains(code, STR("import(")) ||
	       (str_starts(code, STR("export ")) && str_contains(code, STR(" from ")));
}

/* ---- how far a definition goes ---- */

static size_t indent_of(struct str line)
{
	return line.n - left_trim(line).n;
}

static size_t indented_extent(struct str *lines, size_t count)
{
	size_t indent = indent_of(lines[0]), last = 0;

	for (size_t i = 1; i < count; i++) {
		if (str_trim(lines[i]).n == 0)
			continue;
		if (indent_of(lines[i]) <= indent &&
			!strchr(")]}", lines[i].p[indent_of(lines[i])]))
			break;
		last = i;
	}
	return last + 1;
}

static size_t braced_extent(struct str path, struct str *lines, size_t count)
{
	int depth = 0;
	bool opened = false;

	for (size_t i = 0; i < count; i++) {
		struct str code = code_of(path, lines[i]);
		char quote = 0;
		for (size_t k = 0; k < code.n; k++) {
			char c = code.p[k];
			if (quote) {
				if (c == '\\')
					k++;
				else if (c == quote)
					quote = 0;
			} else if (c == '"' ||
				   (c == '\'' && str_find_char(code, '\'', k + 1) != SIZE_MAX)) {
				quote = c;
			} else if (c == '{') {
				depth++;
				opened = true;
			} else if (c == '}') {
				depth--;
			}
		}
		bool goes_on = code.n && code.p[code.n - 1] == '\\';
		if (opened && depth <= 0)
			return i + 1;
		if (!opened && !goes_on && code.n &&
			(code.p[code.n - 1] == ';' || code.p[0] == '#'))
			return i + 1;
		if (!opened && i && lines[i - 1].n && lines[0].p[0] == '#' && !goes_on)
			return i + 1;
		if (!opened && i > 12)
			return 1;
	}
	return opened ? count : 1;
}

size_t symbol_extent(struct str path, struct str *lines, size_t count)
{
	const struct family *f = family_of(path);

	if (count == 0)
		return 0;
	if (f->shape == data_shape && !str_ends(str_trim(lines[0]), STR("{")))
		return str_starts(left_trim(lines[0]), STR("[")) ? 1
								 : indented_extent(lines, count);
	if (f->shape == data_shape || f->is_braced)
		return braced_extent(path, lines, count);
	return indented_extent(lines, count);
}
