// SPDX-License-Identifier: MIT
/* doctor: what is looked at, and what was found. Private to the command. */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include "base/buf.h"

enum verdict {
	VERDICT_GOOD,
	VERDICT_NOTE, /* not there, and not needed */
	VERDICT_WARNING, /* works, but less well than it could */
	VERDICT_BAD, /* what was set up does not work */
};

/* subject and text are for one line; several findings a check are fine. */
struct findings {
	void (*add)(void *self, enum verdict verdict, const char *subject, const char *text);
	void *self;
};

/* What needs no network. */
void doctor_look_at_network_library(const struct findings *f);
void doctor_look_at_search_library(const struct findings *f);
void doctor_look_at_page_library(const struct findings *f);
void doctor_look_at_database_library(const struct findings *f);
void doctor_look_at_programs(const struct findings *f);
void doctor_look_at_sandbox(const struct findings *f);

#endif
