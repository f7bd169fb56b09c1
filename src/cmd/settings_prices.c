// SPDX-License-Identifier: MIT
/* What settings say of prices. */
#include "cmd/settings.h"

bool settings_prices(struct settings *s, struct usage_prices **out, struct err *e)
{
	const struct conf_value *v = conf_find(&s->conf, NULL, (struct str){0}, "usage_prices");

	return usage_prices_new(v ? v->text : (struct str){0}, out, e) ||
	       (v && err_context(e, "%s:%d", v->file, v->line));
}
