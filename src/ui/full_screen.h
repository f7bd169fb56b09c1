// SPDX-License-Identifier: MIT
/*
 * full_screen: the terminal of stdout as one page that is drawn over and over. Whoever begins it
 * ends it, on every way out: until then keys are not shown and the shell's screen is away.
 */
#ifndef UI_FULL_SCREEN_H
#define UI_FULL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "base/err.h"
#include "base/str.h"

/* {0} is a valid start. */
struct full_screen {
	bool is_on;
	bool has_keys; /* stdin is a terminal, and gives single keys now */
	struct termios before;
};

/* Whether stdout is a terminal that can do it. */
bool full_screen_is_possible(const char *(*environment)(const char *name));
[[nodiscard]] bool full_screen_begin(struct full_screen *screen, struct err *e);
void full_screen_end(struct full_screen *screen); /* again is nothing */
void full_screen_size(size_t *columns, size_t *rows);
/*
 * Lines as they are to stand there, each fit for the width; what is below the last row is left out.
 * False: the terminal takes nothing now, or has gone away.
 */
[[nodiscard]] bool full_screen_draw(const struct full_screen *screen, struct str lines);

#endif
