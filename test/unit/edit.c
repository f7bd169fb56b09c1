// SPDX-License-Identifier: MIT
/* Tools that change files: what they find, what they keep, what they refuse. */
#include "tree.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/hands.h"
#include "agent/protect.h"
#include "agent/tool/likeness.h"
#include "agent/tool/patch.h"
#include "agent/tool/replace.h"
#include "agent/tool/tool.h"
#include "base/file.h"
#include "base/json.h"

/* ---- one conversation in a workspace made for the purpose ---- */

static struct workspace workspace;
static struct hands hands;
static struct memory *memory;
static struct buf said; /* by the last call */
static bool is_error;

static void end_world(void)
{
	workspace_release(&workspace);
	memory_free(memory);
	buf_release(&said);
	memory = NULL;
	hands = (struct hands){0};
}

static void new_world(void)
{
	struct err e = {0};

	if (memory)
		end_world();
	tree_new();
	tree_text("ws/", "");
	tree_text("out/f", "outside\n");
	char path[128];
	snprintf(path, sizeof path, "%s/ws", tree_root);
	if (!workspace_open(&workspace, path, &e))
		fail_msg("%s", e.text);
	memory = memory_new(STR(""));
}

static int end_last_world(void **)
{
	end_world();
	return 0;
}

static void call_json(const char *name, struct str input)
{
	AUTO(arena) arena = {0};
	struct tool_result result = {0};
	struct err e;

	if (!json_check(input, &e))
		fail_msg("%.*s: %s", STR_ARG(input), e.text);
	struct tool_call call = {.workspace = &workspace,
		.input = input,
		.arena = &arena,
		.hands = &hands,
		.memory = memory,
		.name = str_from(name)};
	tool_find(call.name)->run(&call, &result);
	buf_release(&said);
	said = result.text;
	is_error = result.is_error;
	assert_false(said.overflow);
}

/* "'" stands for '"' in the input. */
static void call(const char *name, const char *input)
{
	AUTO(buf) json = {0};

	buf_put_text(&json, input);
	for (size_t i = 0; i < json.n; i++)
		if (json.p[i] == '\'')
			json.p[i] = '"';
	call_json(name, buf_str(&json));
}

static void edit(const char *path, const char *old, const char *new)
{
	AUTO(buf) json = {0};
	struct json_writer w = {.buf = &json};

	json_open(&w, '{');
	json_member_text(&w, "path", path);
	json_member_text(&w, "old_string", old);
	json_member_text(&w, "new_string", new);
	json_close(&w, '}');
	call_json("edit", buf_str(&json));
}

static void patch(const char *text)
{
	AUTO(buf) json = {0};
	struct json_writer w = {.buf = &json};

	json_open(&w, '{');
	json_member_text(&w, "input", text);
	json_close(&w, '}');
	call_json("apply_patch", buf_str(&json));
}

static void assert_said(const char *words)
{
	if (!str_contains(buf_str(&said), str_from(words)))
		fail_msg("not in what was said: %s\n%s", words, buf_text(&said));
}

static void assert_done(void)
{
	if (is_error)
		fail_msg("%s", buf_text(&said));
}

static void assert_refused(const char *words)
{
	if (!is_error)
		fail_msg("was done: %s", buf_text(&said));
	assert_said(words);
}

static const char *in_tree(const char *path)
{
	static char whole[2][PATH_MAX];
	static int turn;

	turn = !turn;
	snprintf(whole[turn], PATH_MAX, "%s/%s", tree_root, path);
	return whole[turn];
}

static void assert_bytes(const char *path, const char *bytes, size_t n)
{
	AUTO(buf) got = {0};
	struct err e;

	if (!file_read(AT_FDCWD, in_tree(path), 64 << 20, &got, &e))
		fail_msg("%s", e.text);
	if (!str_eq(buf_str(&got), (struct str){bytes, n}))
		fail_msg("%s holds\n%s\nand not\n%.*s", path, buf_text(&got), (int)n, bytes);
}

static void assert_file(const char *path, const char *text)
{
	assert_bytes(path, text, strlen(text));
}

static void assert_gone(const char *path)
{
	assert_int_equal(access(in_tree(path), F_OK), -1);
}

/* Nothing that was there for the time of writing is left. */
static void assert_no_litter(void)
{
	char *found = tree_shell("find . -name '.fettle-*'");

	assert_string_equal(found, "");
	free(found);
}

/* ---- edit ---- */

static void test_edit(void **)
{
	new_world();
	tree_text("ws/a.c", "one\ntwo\nthree\n");
	edit("a.c", "two", "2");
	assert_done();
	assert_string_equal(buf_text(&said),
		"edited a.c (+1 -1)\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n"
		"@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
	assert_file("ws/a.c", "one\n2\nthree\n");
	edit("a.c", "one\n", "");
	assert_file("ws/a.c", "2\nthree\n");
	edit(in_tree("ws/a.c"), "2\nthree\n", "all");
	assert_file("ws/a.c", "all");
	assert_no_litter();
}

static void test_edit_needs_one_place(void **)
{
	new_world();
	tree_text("ws/a", "x\ny\nx\nz\nxx\n");
	edit("a", "x\n", "w\n");
	assert_refused("a: old_string is there 3 times (lines 1, 3, 5)");
	call("edit", "{'path':'a','old_string':'x','new_string':'w','replace_all':true}");
	assert_done();
	assert_file("ws/a", "w\ny\nw\nz\nww\n");
	tree_text("ws/b", "aaa\n");
	edit("b", "aa", "b");
	assert_refused("there 2 times (lines 1, 1)");
	edit("b", "aaa", "aaa");
	assert_refused("are the same");
	edit("b", "", "b");
	assert_refused("old_string is empty");
	assert_file("ws/b", "aaa\n");
}

static void test_edit_makes_files(void **)
{
	new_world();
	edit("d/e/new.c", "", "int x;\n");
	assert_done();
	assert_string_equal(buf_text(&said), "created d/e/new.c (+1 -0)\n");
	assert_file("ws/d/e/new.c", "int x;\n");
	edit("d/e/nwe.c", "x", "y");
	assert_refused("d/e/nwe.c: no such file; did you mean: d/e/new.c");
	tree_text("ws/empty", "");
	edit("empty", "", "y\n");
	assert_done();
	assert_file("ws/empty", "y\n");
}

static void test_names_of_others(void **)
{
	new_world();
	tree_text("ws/a", "x y\n");
	call("edit", "{'filePath':'a','oldString':'x','newString':'z','replaceAll':'false'}");
	assert_done();
	call("edit", "{'file_path':'a','old_str':'z','new_str':'w'}");
	assert_done();
	call("write", "{'path':'b','file_text':'t'}");
	assert_done();
	call("multiedit",
		"{'file_path':'a','edits':'[{\\'oldText\\':\\'w\\',\\'newText\\':\\'v\\'}]'}");
	call("edit", "{'path':'a','old_string':'w'}");
	assert_refused("\"new_string\" is required");
	call("edit", "{'old_string':'w','new_string':''}");
	assert_refused("\"path\" is required");
	call("write", "{'path':'b','content':{}}");
	assert_refused("\"content\" is required, as a string");
}

/* What models get wrong is found when there is but one place for it, and told. */
static void test_edit_in_plain(void **)
{
	new_world();
	tree_text("ws/a", "say \xe2\x80\x9chi\xe2\x80\x9d \xe2\x80\x93 it\xe2\x80\x99s  \nend\n");
	edit("a", "say \"hi\" - it's\nend", "bye\nend");
	assert_done();
	assert_said("typographic");
	assert_file("ws/a", "bye\nend\n");
	tree_text("ws/b", "f(x);   \n\tg(y);\t\nh(z);\n");
	edit("b", "f(x);\n\tg(y);\n", "f(x, y);\n");
	assert_done();
	assert_file("ws/b", "f(x, y);\nh(z);\n");
	tree_text("ws/c", "a  \nb\na \nb\n");
	edit("c", "a\nb\n", "c\n");
	assert_refused("not there");
	assert_refused("more than once");
}

static void test_edit_by_lines(void **)
{
	new_world();
	tree_text("ws/a", "\t\tif (x) {\n\t\t\tf(x,  y);\n\t\t}\n");
	edit("a", "if (x) {\n\tf(x, y);\n}\n", "if (x) {\n\tg();\n\n\tif (y)\n\t\th();\n}\n");
	assert_done();
	assert_said("indented like it");
	assert_file("ws/a", "\t\tif (x) {\n\t\t\tg();\n\n\t\t\tif (y)\n\t\t\t\th();\n\t\t}\n");
	tree_text("ws/b", "a:\n  b:\n    - c\n");
	edit("b", "    b:\n      - c\n", "    b:\n      - d\n");
	assert_file("ws/b", "a:\n  b:\n    - d\n");
	/* Tabs for spaces: what has an indentation that is known is found. */
	tree_text("ws/c", "\tif (x) {\n\t\tf();\n\t}\n");
	edit("c", "    if (x) {\n        f();\n    }\n", "    if (y) {\n        g();\n    }\n");
	assert_file("ws/c", "\tif (y) {\n\t\tg();\n\t}\n");
	edit("c", "    if (y) {\n        g();\n    }\n", "  if (z) {\n");
	assert_refused("not there; the nearest lines are\n1\t\tif (y) {\n");
}

static void test_edit_tells_the_nearest(void **)
{
	new_world();
	tree_text("ws/a", "int main(void)\n{\n\tint count = 0;\n\treturn count;\n}\n");
	edit("a", "\tint counter = 0;\n", "");
	assert_refused("the nearest lines are\n3\t\tint count = 0;\n");
	edit("a", "{\n\tint count = 1;\n\treturn count;\n}\n", "");
	assert_refused(
		"the nearest lines are\n2\t{\n3\t\tint count = 0;\n4\t\treturn count;\n5\t}\n");
	edit("a", "nothing like it whatsoever", "");
	assert_string_equal(buf_text(&said), "a: old_string is not there");
}

static void test_line_ends_stay(void **)
{
	new_world();
	tree_text("ws/crlf", "one\r\ntwo\r\nthree\r\n");
	edit("crlf", "one\ntwo\n", "1\n2\n3\n");
	assert_done();
	assert_file("ws/crlf", "1\r\n2\r\n3\r\nthree\r\n");
	edit("crlf", "three", "3\n4");
	assert_file("ws/crlf", "1\r\n2\r\n3\r\n3\r\n4\r\n");
	tree_text("ws/lf", "one\ntwo");
	edit("lf", "one\r\ntwo", "1\r\n2");
	assert_file("ws/lf", "1\n2");
	tree_text("ws/mixed", "a\r\nb\nc\r\nd\n");
	edit("mixed", "b\n", "x\ny\n");
	assert_file("ws/mixed", "a\r\nx\ny\nc\r\nd\n");
	edit("mixed", "c", "x\ny");
	assert_file("ws/mixed", "a\r\nx\ny\nx\r\ny\r\nd\n");
	tree_text("ws/mark", "\xef\xbb\xbfone\ntwo");
	edit("mark", "\xef\xbb\xbfone", "1");
	assert_file("ws/mark", "\xef\xbb\xbf"
			       "1\ntwo");
	edit("mark", "two", "");
	assert_file("ws/mark", "\xef\xbb\xbf"
			       "1\n");
	tree_text("ws/all", "a\r\na\r\n");
	call("edit", "{'path':'all','old_string':'a\\n','new_string':'b\\nc\\n',"
		     "'replace_all':true}");
	assert_file("ws/all", "b\r\nc\r\nb\r\nc\r\n");
}

static void test_mode_and_links_stay(void **)
{
	struct stat st;

	new_world();
	tree_text("ws/run", "a\n");
	assert_int_equal(chmod(in_tree("ws/run"), 0751), 0);
	edit("run", "a", "b");
	assert_int_equal(stat(in_tree("ws/run"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0751);
	if (geteuid() == 0) {
		assert_int_equal(chown(in_tree("ws/run"), 1234, 4321), 0);
		edit("run", "b", "c");
		assert_int_equal(stat(in_tree("ws/run"), &st), 0);
		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 4321);
		assert_int_equal(st.st_mode & 07777, 0751);
	}
	tree_text("ws/d/real", "a\n");
	assert_int_equal(symlink("d/real", in_tree("ws/link")), 0);
	edit("link", "a", "b");
	assert_done();
	assert_file("ws/d/real", "b\n");
	assert_int_equal(lstat(in_tree("ws/link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	umask(027);
	call("write", "{'path':'fresh','content':'x'}");
	umask(022);
	assert_int_equal(stat(in_tree("ws/fresh"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void test_size_and_kind(void **)
{
	AUTO(buf) large = {0};

	new_world();
	tree_put("ws/binary", "a\0b\n", 4);
	edit("binary", "b", "c");
	assert_refused("a binary file");
	while (large.n <= 10 << 20)
		buf_put_text(&large, "a line of a file that is too large for an edit\n");
	tree_put("ws/large", large.p, large.n);
	edit("large", "x", "c");
	assert_refused("more than the limit");
	call("edit", "{'path':'large','old_string':'x','new_string':'y'}");
	assert_true(is_error);
}

/* ---- what the model has seen ---- */

static void test_changed_since(void **)
{
	new_world();
	tree_text("ws/a", "one\ntwo\n");
	call("view", "{'path':'a'}");
	tree_text("ws/a", "one\nTWO\n");
	edit("a", "one", "1");
	assert_refused("a: changed since you read it; view it again");
	call("multiedit", "{'edits':[{'path':'./a','old_string':'one','new_string':'1'}]}");
	assert_refused("changed since");
	call("write", "{'path':'a','content':''}");
	assert_refused("changed since");
	patch("*** Begin Patch\n*** Update File: a\n@@\n-one\n+1\n*** End Patch");
	assert_refused("changed since");
	patch("*** Begin Patch\n*** Delete File: a\n*** End Patch");
	assert_refused("changed since");
	call("view", "{'path':'a','limit':1}");
	edit("a", "one", "1");
	assert_done();
	/* Its own writing is no surprise, a touch no change. */
	assert_int_equal(utimensat(AT_FDCWD, in_tree("ws/a"), NULL, 0), 0);
	edit("a", "TWO", "2");
	assert_done();
	call("write", "{'path':'a','content':'all\\n'}");
	assert_done();
	assert_said("edited a (+1 -2)");
	assert_file("ws/a", "all\n");
}

static void test_write(void **)
{
	new_world();
	tree_text("ws/a", "one\n");
	call("write", "{'path':'a','content':'x'}");
	assert_refused("a is there already: view it before");
	call("write", "{'path':'b/c','content':'x\\ny\\n'}");
	assert_string_equal(buf_text(&said), "created b/c (+2 -0)\n");
	call("write", "{'path':'b/c','content':'x\\nz\\n'}");
	assert_said("edited b/c (+1 -1)\ndiff --git");
	call("write", "{'path':'b/c','content':'x\\nz\\n'}");
	assert_string_equal(buf_text(&said), "nothing to change: it is so already\n");
	call("write", "{'path':'empty','content':''}");
	assert_file("ws/empty", "");
	call("write", "{'path':'d/','content':''}");
	assert_refused("not the path of a file");
	call("write", "{'path':'b','content':''}");
	assert_refused("a directory");
	call("write", "{'path':'b/c/d','content':''}");
	assert_refused("no directory");
	call("write", "{'path':'','content':''}");
	assert_refused("not the path of a file");
	assert_no_litter();
}

static void test_long_difference_is_cut(void **)
{
	AUTO(buf) before = {0};

	new_world();
	for (int i = 0; i < 300; i++)
		buf_printf(&before, "x%d\n", i);
	tree_put("ws/a", before.p, before.n);
	call("edit", "{'path':'a','old_string':'x','new_string':'y','replace_all':true}");
	assert_said("edited a (+300 -300)\n");
	assert_said("\n[404 more lines of the difference]\n");
}

/* ---- several at once ---- */

static void test_multiedit(void **)
{
	new_world();
	tree_text("ws/a", "one\ntwo\n");
	tree_text("ws/b", "three\n");
	call("multiedit", "{'edits':["
			  "{'path':'a','old_string':'one','new_string':'two'},"
			  "{'path':'a','old_string':'two\\ntwo','new_string':'2'},"
			  "{'path':'b','old_string':'three','new_string':'3'},"
			  "{'path':'c/d','old_string':'','new_string':'4\\n'}]}");
	assert_done();
	assert_said("edited a (+1 -2)\nedited b (+1 -1)\ncreated c/d (+1 -0)\n");
	assert_file("ws/a", "2\n");
	assert_file("ws/b", "3\n");
	assert_file("ws/c/d", "4\n");
	call("multiedit", "{'path':'a','edits':{'old_string':'2','new_string':'5'}}");
	assert_file("ws/a", "5\n");
	call("multiedit", "{'edits':["
			  "{'path':'a','old_string':'5','new_string':'6'},"
			  "{'path':'e/f','old_string':'','new_string':'x'},"
			  "{'path':'b','old_string':'none','new_string':''}]}");
	assert_refused("edit 3 of 3 failed, nothing was written: b: old_string is not there");
	assert_file("ws/a", "5\n");
	assert_gone("ws/e");
	call("multiedit", "{'edits':[]}");
	assert_refused("\"edits\" is required");
	call("multiedit", "{'edits':['x']}");
	assert_refused("edit 1 of 1 failed");
	call("multiedit", "{}");
	assert_refused("\"edits\" is required");
}

/* One that cannot be written takes the others back. */
static void test_all_or_nothing(void **)
{
	new_world();
	tree_text("ws/a", "a\n");
	tree_text("ws/b", "b\n");
	/* A file cannot become the directory of another one of the same set. */
	call("multiedit", "{'edits':["
			  "{'path':'a','old_string':'a','new_string':'A'},"
			  "{'path':'n/new','old_string':'','new_string':'x'},"
			  "{'path':'b','old_string':'b','new_string':'B'},"
			  "{'path':'n/new/deeper','old_string':'','new_string':'x'}]}");
	assert_refused("n/new");
	assert_file("ws/a", "a\n");
	assert_file("ws/b", "b\n");
	assert_gone("ws/n");
	assert_no_litter();
}

/* ---- apply_patch ---- */

static void test_patch(void **)
{
	new_world();
	tree_text("ws/a", "class A:\n  def f():\n    pass\n  def g():\n    pass\n");
	tree_text("ws/gone", "x\n");
	tree_text("ws/old", "1\n2\n3\n");
	assert_int_equal(chmod(in_tree("ws/old"), 0755), 0);
	patch("*** Begin Patch\n"
	      "*** Add File: d/new\n+hello\n++plus\n+\n"
	      "*** Update File: a\n@@ class A:\n@@   def g():\n-    pass\n+    return 1\n"
	      "*** Update File: old\n*** Move to: d/moved\n@@\n 1\n-2\n+two\n 3\n"
	      "*** Delete File: gone\n"
	      "*** End Patch\n");
	assert_done();
	assert_string_equal(buf_text(&said),
		"Success. Updated the following files:\nA d/new\nM a\nD old\nA d/moved\nD gone\n");
	assert_file("ws/d/new", "hello\n+plus\n\n");
	assert_file("ws/a", "class A:\n  def f():\n    pass\n  def g():\n    return 1\n");
	assert_file("ws/d/moved", "1\ntwo\n3\n");
	assert_gone("ws/old");
	assert_gone("ws/gone");
	struct stat st;
	assert_int_equal(stat(in_tree("ws/d/moved"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_no_litter();
}

static void patch_text(const char *before, const char *hunks, const char *after)
{
	AUTO(buf) text = {0};

	tree_text("ws/f", before);
	buf_printf(&text, "*** Begin Patch\n*** Update File: f\n%s*** End Patch", hunks);
	patch(buf_text(&text));
	if (after)
		assert_file("ws/f", after);
	else
		assert_true(is_error);
	/* The next one finds another file than this conversation has written. */
	seen_forget(memory->seen, STR("f"));
}

static void test_patch_places(void **)
{
	new_world();
	patch_text("a\nb\n", "-b\n+c\n", "a\nc\n");
	/* White space at the end, at both sides, typography. */
	patch_text("a  \nb\n", "@@\n a\n-b\n+c\n", "a  \nc\n");
	patch_text("\ta\n\tb\n", "@@\n a\n-b\n+\tc\n", "\ta\n\tc\n");
	patch_text("\xe2\x80\x9cx\xe2\x80\x9d\nb\n", "@@\n \"x\"\n-b\n+c\n",
		"\xe2\x80\x9cx\xe2\x80\x9d\nc\n");
	/* An exact place further down goes before a near one. */
	patch_text(" x\nx\n", "@@\n-x\n+y\n", " x\ny\n");
	/* Each hunk behind the one before. */
	patch_text("x\nx\nx\n", "@@\n-x\n+1\n@@\n-x\n+2\n", "1\n2\nx\n");
	patch_text("a\nb\n", "@@\n-b\n+B\n@@\n-a\n+A\n", NULL);
	assert_said("behind the change before it");
	patch_text("x\ny\nx\n", "@@\n-x\n+1\n*** End of File\n", "x\ny\n1\n");
	patch_text("x\ny\n", "@@\n-x\n+1\n*** End of File\n", NULL);
	assert_said("at the end of the file");
	/* Lines without a place of their own. */
	patch_text("a\nb\n", "@@\n+c\n", "a\nb\nc\n");
	patch_text("a\nb\n", "@@ a\n+c\n", "a\nc\nb\n");
	patch_text("", "@@\n+c\n", "c\n");
	patch_text("a", "@@\n+c\n", "a\nc");
	patch_text("a\nb", "@@\n-b\n+c\n", "a\nc");
	patch_text("a\n\nb\n", "@@\n a\n\n-b\n+c\n", "a\n\nc\n");
	patch_text("a\nb\n", "@@\n a\n-b\n+c\n\n", "a\nc\n");
	patch_text("a\r\nb\r\n", "@@\n a\n-b\n+c\n+d\n", "a\r\nc\r\nd\r\n");
	patch_text("\xef\xbb\xbf"
		   "a\nb\n",
		"@@\n-a\n+c\n",
		"\xef\xbb\xbf"
		"c\nb\n");
	patch_text("a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n", "a\nc\n");
	patch_text("a\n", "@@\n-a\n", "");
	patch_text("alpha beta\n", "@@\n-alpha betta\n+x\n", NULL);
	assert_said(
		"f: these lines are not there:\nalpha betta\nthe nearest lines are\n1\talpha beta\n");
	patch_text("a\n", "@@ none\n-a\n", NULL);
	assert_said("the line of @@ is not there");
}

static void test_patch_wrappings(void **)
{
	static const char *const around[][2] = {{"", ""}, {"\n\n", "\n\n"},
		{"apply_patch <<'EOF'\n", "EOF\n"}, {"<<EOF\n", "EOF"}, {"```\n", "```\n"},
		{"apply_patch <<\"PATCH\"\n", "PATCH\n"}};
	AUTO(buf) text = {0};

	for (size_t i = 0; i < 6; i++) {
		new_world();
		buf_clear(&text);
		buf_printf(&text,
			"%s*** Begin Patch\r\n*** Add File: n\r\n+x\r\n*** End Patch\r\n%s",
			around[i][0], around[i][1]);
		patch(buf_text(&text));
		assert_done();
		assert_file("ws/n", "x\n");
	}
}

static void test_patch_refusals(void **)
{
	static const char *const bad[][2] = {
		{"", "begins with"},
		{"hello", "begins with"},
		{"cd x && apply_patch <<EOF\n*** Begin Patch\n", "line 1"},
		{"*** Begin Patch\n*** Add File: n\n+x\n", "cut off"},
		{"*** Begin Patch\n*** End Patch\n", "changes nothing"},
		{"*** Begin Patch\n+x\n*** End Patch", "line 2 of the patch: expected ***"},
		{"*** Begin Patch\n*** Add File:\n*** End Patch", "the path is missing"},
		{"*** Begin Patch\n*** Add File: n\nx\n*** End Patch", "begin with +"},
		{"*** Begin Patch\n*** Add File: a\n+x\n*** End Patch", "already"},
		{"*** Begin Patch\n*** Delete File: none\n*** End Patch", "no such file"},
		{"*** Begin Patch\n*** Delete File: a\n-x\n*** End Patch", "nothing may stand"},
		{"*** Begin Patch\n*** Update File: none\n@@\n-a\n*** End Patch", "no such file"},
		{"*** Begin Patch\n*** Update File: a\n*** End Patch", "no hunks"},
		{"*** Begin Patch\n*** Update File: a\nx\n*** End Patch", "begin with a space"},
		{"*** Begin Patch\n*** Update File: a\n*** Move to: a\n*** End Patch", "itself"},
		{"*** Begin Patch\n*** Update File: a\n*** Move to: b\n*** End Patch", "already"},
		{"*** Begin Patch\n*** Update File: a\n*** Move to: .git/x\n*** End Patch",
			"protected"},
		{"*** Begin Patch\n*** Update File: a\n@@\n-1\n*** Move to: c\n*** End Patch",
			"behind"},
		{"*** Begin Patch\n*** Add File: n\n+x\n*** Delete File: ../out/f\n*** End Patch",
			"outside"},
		{"*** Begin Patch\n*** Delete File: a\n*** End Patch\nrm -rf /\n", "behind ***"},
	};

	new_world();
	tree_text("ws/a", "1\n");
	tree_text("ws/b", "2\n");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		patch(bad[i][0]);
		assert_refused(bad[i][1]);
	}
	assert_file("ws/a", "1\n");
	assert_file("ws/b", "2\n");
	assert_gone("ws/n");
	call("apply_patch", "{}");
	assert_refused("\"input\" is required");
}

/* ---- refusals ---- */

static void assert_all_refuse(const char *path, const char *words)
{
	AUTO(buf) text = {0};

	edit(path, "outside", "inside");
	assert_refused(words);
	buf_printf(&text, "{\"path\":\"%s\",\"content\":\"x\"}", path);
	call_json("write", buf_str(&text));
	assert_refused(words);
	buf_clear(&text);
	buf_printf(&text, "*** Begin Patch\n*** Delete File: %s\n*** End Patch", path);
	patch(buf_text(&text));
	assert_refused(words);
	buf_clear(&text);
	buf_printf(&text,
		"{\"edits\":[{\"path\":\"%s\",\"old_string\":\"outside\",\"new_string\":\"\"}]}",
		path);
	call_json("multiedit", buf_str(&text));
	assert_refused(words);
}

static void test_outside(void **)
{
	new_world();
	assert_all_refuse("../out/f", "outside of the workspace");
	assert_all_refuse("x/../../out/f", "outside of the workspace");
	assert_all_refuse(in_tree("out/f"), "outside of the workspace");
	assert_int_equal(symlink("../out/f", in_tree("ws/link")), 0);
	assert_all_refuse("link", "leads outside");
	assert_int_equal(symlink("../out", in_tree("ws/dir")), 0);
	assert_all_refuse("dir/f", "leads outside");
	call("write", "{'path':'dir/new','content':'x'}");
	assert_refused("leads outside");
	call("write", "{'path':'dir/deep/new','content':'x'}");
	assert_refused("leads outside");
	assert_int_equal(symlink(in_tree("out/f"), in_tree("ws/absolute")), 0);
	assert_all_refuse("absolute", "leads outside");
	assert_int_equal(symlink("../out/none", in_tree("ws/dangling")), 0);
	call("write", "{'path':'dangling','content':'x'}");
	assert_true(is_error);
	assert_int_equal(symlink("none", in_tree("ws/nowhere")), 0);
	call("write", "{'path':'nowhere','content':'x'}");
	assert_refused("a link that leads nowhere");
	assert_int_equal(link(in_tree("out/f"), in_tree("ws/hard")), 0);
	assert_all_refuse("hard", "hard links");
	assert_all_refuse("/proc/self/environ", "outside of the workspace");
	assert_int_equal(symlink("/proc/self", in_tree("ws/self")), 0);
	assert_all_refuse("self/comm", "leads outside");
	assert_file("out/f", "outside\n");
	assert_gone("out/new");
	assert_gone("out/deep");
	assert_gone("out/none");
}

static void test_odd_files(void **)
{
	new_world();
	assert_int_equal(mkfifo(in_tree("ws/fifo"), 0600), 0);
	assert_all_refuse("fifo", "a FIFO");
	assert_int_equal(symlink("/dev/null", in_tree("ws/null")), 0);
	assert_all_refuse("null", "leads outside");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", in_tree("ws/socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_all_refuse("socket", "a socket");
	close(fd);
	tree_text("ws/d/f", "x\n");
	assert_all_refuse("d", "a directory");
	assert_all_refuse(".", "a directory");
	tree_text("ws/.env", "KEY=outside\n");
	assert_all_refuse(".env", "may hold secrets");
	if (geteuid() == 0)
		return;
	tree_text("ws/readonly", "outside\n");
	assert_int_equal(chmod(in_tree("ws/readonly"), 0444), 0);
	assert_all_refuse("readonly", "may not be written");
}

/* The kernel's own files, where the workspace is the whole system. */
static void test_whole_system(void **)
{
	struct workspace small = workspace;
	struct err e;

	new_world();
	small = workspace;
	assert_true(workspace_open(&workspace, "/", &e));
	call("write", "{'path':'/proc/self/comm','content':'x'}");
	assert_refused("a file system that the kernel makes");
	call("write", "{'path':'/proc/self/new','content':'x'}");
	assert_refused("a file system that the kernel makes");
	edit("/dev/null", "", "x");
	assert_refused("a device");
	workspace_release(&workspace);
	workspace = small;
}

static void test_protected(void **)
{
	static const char *const paths[] = {".git/config", ".git/hooks/post-commit", ".GIT/config",
		"sub/.git/config", "sub/.git", ".git", ".gitmodules", "sub/.gitmodules",
		".fettle.json", ".Fettle.json", ".mcp.json", ".claude/settings.json", ".agents/x",
		".vscode/tasks.json", ".idea/workspace.xml", ".envrc", "sub/.envrc", ".bashrc",
		".profile", ".zshrc", ".zshenv", ".config/fish/config.fish", ".ssh/authorized_keys",
		".git/./config", "x/../.git/config", NULL};

	new_world();
	for (int i = 0; paths[i]; i++) {
		AUTO(buf) text = {0};
		buf_printf(&text, "{\"path\":\"%s\",\"content\":\"x\"}", paths[i]);
		call_json("write", buf_str(&text));
		assert_refused("protected");
	}
	call("write", "{'path':'.gitignore','content':'x'}");
	assert_done();
	call("write", "{'path':'git/config','content':'x'}");
	assert_done();
	/* Links to them, and repositories of other names. */
	tree_text("ws/.git/config", "outside\n");
	assert_int_equal(symlink(".git/config", in_tree("ws/innocent")), 0);
	assert_all_refuse("innocent", "protected");
	assert_int_equal(symlink(".git", in_tree("ws/directory")), 0);
	assert_all_refuse("directory/config", "protected");
	call("write", "{'path':'directory/hooks/pre-push','content':'x'}");
	assert_refused("protected");
	free(tree_shell("git init -q --bare ws/bare.repo"));
	call("write", "{'path':'bare.repo/hooks/pre-push','content':'x'}");
	assert_refused("git's own files");
	call("write", "{'path':'bare.repo/new/deep/f','content':'x'}");
	assert_refused("git's own files");
	edit("bare.repo/config", "bare", "x");
	assert_refused("git's own files");
	assert_file("ws/.git/config", "outside\n");
}

/* ---- a dry run ---- */

static void test_dry_run(void **)
{
	new_world();
	hands.is_dry_run = true;
	tree_text("ws/a", "one\ntwo\n");
	edit("a", "one", "1");
	assert_done();
	assert_said("edited a (+1 -1)\n[dry run");
	assert_said("-one\n+1\n");
	assert_file("ws/a", "one\ntwo\n");
	call("view", "{'path':'a'}");
	assert_string_equal(buf_text(&said), "1\t1\n2\ttwo\n");
	edit("a", "1\ntwo", "both");
	assert_done();
	call("write", "{'path':'d/new','content':'x\\n'}");
	assert_done();
	assert_gone("ws/d");
	call("view", "{'path':'d/new'}");
	assert_string_equal(buf_text(&said), "1\tx\n");
	edit("d/new", "x", "y");
	assert_done();
	patch("*** Begin Patch\n*** Delete File: a\n*** End Patch");
	assert_done();
	assert_said("dry run");
	call("view", "{'path':'a'}");
	assert_refused("no such file any more");
	edit("a", "both", "x");
	assert_refused("no such file");
	call("view", "{'path':'none'}");
	assert_refused("no such file or directory");
	assert_file("ws/a", "one\ntwo\n");
}

/* ---- races ---- */

struct swapper {
	atomic_bool stop;
	char link[PATH_MAX], inside[PATH_MAX], spare[PATH_MAX];
};

/* A link that leads inside and outside by turns, as fast as it goes. */
static void *swap_link(void *self)
{
	struct swapper *s = self;

	for (int turn = 0; !atomic_load(&s->stop); turn++) {
		must(symlink(turn % 2 ? "../out" : "in", s->spare) == 0);
		must(rename(s->spare, s->link) == 0);
	}
	return NULL;
}

static void test_link_swapped(void **)
{
	struct swapper s = {0};
	pthread_t thread;
	int done = 0;

	new_world();
	tree_text("ws/in/f", "outside\n");
	snprintf(s.link, sizeof s.link, "%s", in_tree("ws/way"));
	snprintf(s.spare, sizeof s.spare, "%s", in_tree("ws/spare"));
	assert_int_equal(symlink("in", s.link), 0);
	assert_int_equal(pthread_create(&thread, NULL, swap_link, &s), 0);
	for (int i = 0; i < 400 || (done == 0 && i < 20'000); i++) {
		AUTO(buf) text = {0};
		edit("way/f", i % 2 ? "inside" : "outside", i % 2 ? "outside" : "inside");
		done += !is_error;
		buf_printf(&text, "{\"path\":\"way/new%d\",\"content\":\"x\"}", i);
		call_json("write", buf_str(&text));
	}
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
	assert_true(done > 0);
	assert_file("out/f", "outside\n");
	char *found = tree_shell("ls out; find . -name '.fettle-*'");
	assert_string_equal(found, "f\n");
	free(found);
}

/* Two names of one file, changed at the same time: no change is lost. */
struct counter {
	const char *path;
	int done;
	struct memory *memory;
};

static void *count_up(void *self)
{
	struct counter *c = self;

	for (int i = 0; i < 100; i++) {
		AUTO(arena) arena = {0};
		struct tool_result result = {0};
		struct tool_call one = {.workspace = &workspace,
			.input = arena_printf(&arena,
				"{\"path\":\"%s\",\"old_string\":\"end\",\"new_string\":\"x\\nend\"}",
				c->path),
			.arena = &arena,
			.hands = &hands,
			.memory = c->memory};
		tool_find(STR("edit"))->run(&one, &result);
		c->done += !result.is_error;
		buf_release(&result.text);
	}
	return NULL;
}

static void test_two_names_at_once(void **)
{
	struct counter counters[2] = {{.path = "f"}, {.path = "link"}};
	pthread_t threads[2];
	AUTO(buf) expected = {0};

	new_world();
	tree_text("ws/f", "end\n");
	assert_int_equal(symlink("f", in_tree("ws/link")), 0);
	for (int i = 0; i < 2; i++) {
		counters[i].memory = memory;
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, &counters[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counters[0].done + counters[1].done, 200);
	for (int i = 0; i < 200; i++)
		buf_put_text(&expected, "x\n");
	buf_put_text(&expected, "end\n");
	assert_bytes("ws/f", expected.p, expected.n);
}

/* Somebody else writes the file all the time: what they write is never lost. */
struct writer {
	atomic_bool stop;
	char path[PATH_MAX], spare[PATH_MAX];
	int last;
};

static void *write_on(void *self)
{
	struct writer *w = self;

	while (!atomic_load(&w->stop)) {
		FILE *file = fopen(w->spare, "w");
		must(file && fprintf(file, "theirs %d\nours\n", ++w->last) > 0 &&
			fclose(file) == 0);
		must(rename(w->spare, w->path) == 0);
	}
	return NULL;
}

static void test_others_write(void **)
{
	struct writer w = {0};
	pthread_t thread;
	AUTO(buf) got = {0};
	char theirs[32];
	struct err e;

	new_world();
	tree_text("ws/f", "theirs 0\nours\n");
	snprintf(w.path, sizeof w.path, "%s", in_tree("ws/f"));
	snprintf(w.spare, sizeof w.spare, "%s", in_tree("spare"));
	assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
	for (int i = 0; i < 500; i++) {
		seen_forget(memory->seen, STR("f"));
		edit("f", "ours", "OURS");
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	assert_true(file_read(AT_FDCWD, w.path, 1 << 10, &got, &e));
	snprintf(theirs, sizeof theirs, "theirs %d\n", w.last);
	assert_true(str_starts(buf_str(&got), str_from(theirs)));
	assert_no_litter();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_edit_needs_one_place),
		cmocka_unit_test(test_edit_makes_files),
		cmocka_unit_test(test_names_of_others),
		cmocka_unit_test(test_edit_in_plain),
		cmocka_unit_test(test_edit_by_lines),
		cmocka_unit_test(test_edit_tells_the_nearest),
		cmocka_unit_test(test_line_ends_stay),
		cmocka_unit_test(test_mode_and_links_stay),
		cmocka_unit_test(test_size_and_kind),
		cmocka_unit_test(test_changed_since),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_long_difference_is_cut),
		cmocka_unit_test(test_multiedit),
		cmocka_unit_test(test_all_or_nothing),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_patch_places),
		cmocka_unit_test(test_patch_wrappings),
		cmocka_unit_test(test_patch_refusals),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_odd_files),
		cmocka_unit_test(test_whole_system),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_link_swapped),
		cmocka_unit_test(test_two_names_at_once),
		cmocka_unit_test_teardown(test_others_write, end_last_world),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
