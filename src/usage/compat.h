// SPDX-License-Identifier: MIT
/*
 * compat: a view by the rules of ccusage 20.0.24 as they were observed, right or wrong: what
 * --compat shows. Nothing is kept: every transcript is read anew. Its reports by days and by
 * sessions do not have the same totals there, so a view is made for one of the two.
 */
#ifndef USAGE_COMPAT_H
#define USAGE_COMPAT_H

#include "usage/usage.h"

/* For wish->compat_report; ends with usage_close. */
struct usage_view *usage_compat_view(const struct usage_wish *wish);

#endif
