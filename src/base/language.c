// SPDX-License-Identifier: MIT
#include "base/language.h"

#include <string.h>

const struct language languages[] = {
	{"C", {"c"}, {".c", ".h"}, true},
	{"C++", {"c++", "cpp", "cxx"}, {".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx", ".inl"},
		true},
	{"Python", {"python", "py"}, {".py", ".pyi", ".pyx"}, true},
	{"JavaScript", {"javascript", "js", "node"}, {".js", ".mjs", ".cjs", ".jsx"}, true},
	{"TypeScript", {"typescript", "ts"}, {".ts", ".tsx", ".mts", ".cts"}, true},
	{"Go", {"go", "golang"}, {".go"}, true},
	{"Rust", {"rust", "rs"}, {".rs"}, true},
	{"Java", {"java"}, {".java"}, true},
	{"Kotlin", {"kotlin"}, {".kt", ".kts"}, true},
	{"Swift", {"swift"}, {".swift"}, true},
	{"C#", {"c#", "csharp", "dotnet"}, {".cs"}, true},
	{"Ruby", {"ruby", "rb"}, {".rb", ".rake", "Rakefile", "Gemfile"}, true},
	{"PHP", {"php"}, {".php"}, true},
	{"Perl", {"perl"}, {".pl", ".pm", ".t"}, true},
	{"Lua", {"lua"}, {".lua"}, true},
	{"Scala", {"scala"}, {".scala", ".sbt"}, true},
	{"Haskell", {"haskell"}, {".hs"}, true},
	{"OCaml", {"ocaml"}, {".ml", ".mli"}, true},
	{"Elixir", {"elixir"}, {".ex", ".exs"}, true},
	{"Erlang", {"erlang"}, {".erl", ".hrl"}, true},
	{"Zig", {"zig"}, {".zig"}, true},
	{"Dart", {"dart"}, {".dart"}, true},
	{"R", {NULL}, {".r", ".R"}, true},
	{"Assembly", {"assembly", "asm", "assembler"}, {".s", ".S", ".asm"}, true},
	{"Shell", {"shell", "bash", "sh"}, {".sh", ".bash", ".zsh"}, true},
	{"SQL", {"sql"}, {".sql"}, true},
	{"HTML", {"html", "htm"}, {".html", ".htm"}, true},
	{"CSS", {"css", "scss", "sass"}, {".css", ".scss", ".sass", ".less"}, true},
	{"Vue", {"vue"}, {".vue"}, true},
	{"Protobuf", {"protobuf", "proto"}, {".proto"}, true},
	{"Make", {"make", "makefile", "makefiles"}, {".mk", "Makefile", "makefile", "GNUmakefile"},
		true},
	{"CMake", {"cmake"}, {".cmake", "CMakeLists.txt"}, true},
	{"Meson", {"meson"}, {"meson.build", "meson_options.txt"}, true},
	{"Dockerfile", {"dockerfile", "dockerfiles", "docker"}, {"Dockerfile", ".dockerfile"},
		true},
	{"Markdown", {"markdown", "md"}, {".md", ".markdown"}, false},
	{"reStructuredText", {"rst", "restructuredtext"}, {".rst"}, false},
	{"Text", {"text", "txt"}, {".txt"}, false},
	{"JSON", {"json", "jsonl"}, {".json", ".jsonl"}, false},
	{"YAML", {"yaml", "yml"}, {".yaml", ".yml"}, false},
	{"TOML", {"toml"}, {".toml"}, false},
	{"XML", {"xml"}, {".xml"}, false},
	{"INI", {"ini"}, {".ini", ".cfg", ".conf"}, false},
	{"CSV", {"csv"}, {".csv", ".tsv"}, false},
	{"LaTeX", {"latex", "tex"}, {".tex"}, false},
	{0},
};

static bool ends_as(struct str base, const char *ending)
{
	struct str e = str_from(ending);

	return e.p[0] == '.' ? base.n > e.n && str_ends(base, e) : str_eq(base, e);
}

const struct language *language_of(struct str path)
{
	const struct language *best = NULL;
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	struct str base = slash ? str_range(slash + 1, path.p + path.n) : path;
	size_t longest = 0;

	for (const struct language *l = languages; l->name; l++)
		for (int i = 0; l->endings[i]; i++)
			if (strlen(l->endings[i]) > longest && ends_as(base, l->endings[i])) {
				best = l;
				longest = strlen(l->endings[i]);
			}
	return best;
}
