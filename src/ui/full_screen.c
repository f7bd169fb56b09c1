// SPDX-License-Identifier: MIT
#include "ui/full_screen.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "ui/view.h"

/* The other screen, no cursor, no lines that go on below; and back. */
static const char begins[] = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
static const char ends[] = "\x1b[?7h\x1b[?25h\x1b[?1049l";

bool full_screen_is_possible(const char *(*environment)(const char *name))
{
	const char *term = environment("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static void take_keys(struct full_screen *screen)
{
	struct termios keys;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &screen->before) < 0)
		return;
	keys = screen->before;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	screen->has_keys = tcsetattr(STDIN_FILENO, TCSADRAIN, &keys) == 0;
}

bool full_screen_begin(struct full_screen *screen, struct err *e)
{
	if (screen->is_on)
		return true;
	if (!file_write_fd(STDOUT_FILENO, str_from(begins), e))
		return err_context(e, "the terminal");
	screen->is_on = true;
	take_keys(screen);
	return true;
}

void full_screen_end(struct full_screen *screen)
{
	struct err ignored;

	if (!screen->is_on)
		return;
	if (screen->has_keys)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen->before);
	/* A terminal that is stuck or gone needs nothing. */
	if (file_wait_writable(STDOUT_FILENO, 100) &&
		!file_write_fd(STDOUT_FILENO, str_from(ends), &ignored))
		ignored.code = ERR_NONE;
	*screen = (struct full_screen){0};
}

void full_screen_size(size_t *columns, size_t *rows)
{
	view_screen(STDOUT_FILENO, columns, rows);
}

bool full_screen_draw(const struct full_screen *screen, struct str lines)
{
	AUTO(buf) out = {0};
	size_t columns, rows;
	struct str line;
	struct err ignored;

	if (!screen->is_on || !file_wait_writable(STDOUT_FILENO, 0))
		return false;
	full_screen_size(&columns, &rows);
	/* What was there is written over: cleared first it would flicker. */
	buf_put_text(&out, "\x1b[?2026h\x1b[H");
	if (str_ends(lines, STR("\n")))
		lines.n--;
	for (size_t i = 0; i < rows && str_split(&lines, '\n', &line); i++)
		buf_printf(&out, "%s%.*s\x1b[0m\x1b[K", i ? "\r\n" : "", STR_ARG(line));
	buf_put_text(&out, "\x1b[J\x1b[?2026l");
	return file_write_fd(STDOUT_FILENO, buf_str(&out), &ignored);
}
