// SPDX-License-Identifier: MIT
/*
 * zone: a file of the zone database, or a rule. Whatever is read, its spans are in order, offsets
 * are those that zones may have, and what a rule says holds until its next change.
 */
#include <stdint.h>

#include "usage/zone_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DAY_S = 86'400, OFFSET_MAX_S = 26 * 3600 };

static void check_rule(const struct zone_rule *rule)
{
	int64_t end_s, time_s = date_day(1999, 12, 1) * DAY_S;

	for (int i = 0; i < 12 && time_s < INT64_MAX; i++, time_s = end_s) {
		struct zone_span span = zone_rule_at(rule, time_s, &end_s);
		must(span.start_s <= time_s && end_s > time_s);
		must(span.offset_s == rule->offset_s || span.offset_s == rule->summer_offset_s);
	}
	must(rule->has_summer || end_s == INT64_MAX);
}

static void check_table(const struct zone_table *table)
{
	must(table->spans.n >= 1 && table->spans.p[0].start_s == INT64_MIN);
	for (size_t i = 0; i < table->spans.n; i++) {
		const struct zone_span *span = &table->spans.p[i];
		must(span->offset_s >= -OFFSET_MAX_S && span->offset_s <= OFFSET_MAX_S);
		must(!i ||
			(span->start_s > span[-1].start_s && span->offset_s != span[-1].offset_s));
	}
	if (table->has_rule)
		check_rule(&table->rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};
	struct zone_table table = {0};
	struct zone_rule rule;
	struct err e = {0};

	if (zone_table_read(bytes, &table, &e))
		check_table(&table);
	else
		must(!table.spans.p && e.code == ERR_PARSE);
	zone_table_release(&table);
	if (zone_rule_read(bytes, &rule))
		check_rule(&rule);
	return 0;
}
