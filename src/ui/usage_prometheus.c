// SPDX-License-Identifier: MIT
/*
 * usage_prometheus: totals in Prometheus' text format, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#include "base/money.h"
#include "ui/usage_inside.h"

/* What one set of labels counts; a set that comes twice would be refused. */
struct series {
	size_t from, end; /* of the labels' text */
	struct usage_sum sum;
};

struct exposition {
	const struct usage_look *look;
	struct buf labels;
	VEC(struct series) all;
};

static void put_label(struct buf *out, const char *name, struct str value)
{
	AUTO(buf) text = {0};

	usage_put_clean(&text, value);
	buf_printf(out, "%s=\"", name);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\\' || text.p[i] == '"')
			buf_put_char(out, '\\');
		buf_put_char(out, text.p[i]);
	}
	buf_put_char(out, '"');
}

static struct str labels_of(const struct exposition *x, const struct series *s)
{
	return str_range(x->labels.p + s->from, x->labels.p + s->end);
}

static void add_part(struct exposition *x, uint32_t source, const struct usage_part *part)
{
	AUTO(buf) model = {0};
	struct series new = {.from = x->labels.n, .sum = part->sum};

	usage_put_model(&model, x->look->view, part);
	put_label(&x->labels, "source", usage_name(x->look->view, source));
	buf_put_char(&x->labels, ',');
	put_label(&x->labels, "model", buf_str(&model));
	new.end = x->labels.n;
	vec_each (&x->all, s) {
		if (!str_eq(labels_of(x, s), labels_of(x, &new)))
			continue;
		usage_sum_add(&s->sum, &part->sum);
		buf_cut(&x->labels, new.from);
		return;
	}
	vec_push(&x->all, new);
}

static void head(struct exposition *x, const char *name, const char *help, const char *type)
{
	buf_printf(x->look->out, "# HELP fettle_usage_%s %s\n# TYPE fettle_usage_%s %s\n", name,
		help, name, type);
}

static void sample(struct exposition *x, const char *name, const struct series *s, const char *kind)
{
	struct str labels = labels_of(x, s);

	buf_printf(x->look->out, "fettle_usage_%s{%.*s", name, STR_ARG(labels));
	if (kind)
		buf_printf(x->look->out, ",kind=\"%s\"", kind);
	buf_put_text(x->look->out, "} ");
}

static void put_tokens(struct exposition *x)
{
	head(x, "tokens_total", "Tokens used, each of them of one kind.", "counter");
	vec_each (&x->all, s) {
		const struct usage_tokens *t = &s->sum.tokens;
		const struct {
			const char *kind;
			int64_t count;
		} kinds[] = {{"input", t->input}, {"output", t->output},
			{"cache_write_5m", t->cache_write_5m},
			{"cache_write_1h", t->cache_write_1h}, {"cache_read", t->cache_read},
			{"other", t->other}};
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
			sample(x, "tokens_total", s, kinds[i].kind);
			buf_printf(x->look->out, "%lld\n", (long long)kinds[i].count);
		}
	}
}

static int64_t answers(const struct usage_look *, const struct usage_sum *sum)
{
	return sum->answers;
}

static int64_t reasoning(const struct usage_look *, const struct usage_sum *sum)
{
	return sum->tokens.reasoning;
}

static int64_t searches(const struct usage_look *, const struct usage_sum *sum)
{
	return sum->tokens.web_searches;
}

static int64_t unpriced(const struct usage_look *look, const struct usage_sum *sum)
{
	return sum->unpriced[look->mode];
}

static const struct {
	const char *name, *help;
	int64_t (*count)(const struct usage_look *look, const struct usage_sum *sum);
	bool is_cost;
} counters[] = {
	{"answers_total", "Answers of models, each counted once.", answers},
	{"reasoning_tokens_total", "Tokens of thought, which are part of the output.", reasoning},
	{"web_searches_total", "Searches that providers made.", searches},
	{"unpriced_total", "Answers whose cost is unknown, so not in the cost.", unpriced, true},
};

static void put_costs(struct exposition *x)
{
	head(x, "cost_dollars_total", "What it cost in US dollars, as far as prices are known.",
		"counter");
	vec_each (&x->all, s) {
		sample(x, "cost_dollars_total", s, NULL);
		usage_put_usd(x->look->out, s->sum.cost_nanousd[x->look->mode]);
		buf_put_char(x->look->out, '\n');
	}
}

/* ---- limits ---- */

static void put_ratio(struct buf *out, const struct usage_limit *limit)
{
	buf_printf(out, "%g", (double)limit->used_permyriad / 10'000);
}

static void put_told(struct buf *out, const struct usage_limit *limit)
{
	buf_printf(out, "%lld", (long long)(limit->told_ms / 1000));
}

static void put_reset(struct buf *out, const struct usage_limit *limit)
{
	buf_printf(out, "%lld", (long long)(limit->resets_ms / 1000));
}

static const struct {
	const char *name, *help;
	void (*put)(struct buf *out, const struct usage_limit *limit);
	bool needs_reset;
} gauges[] = {
	{"limit_used_ratio", "Part of a plan's window that is used, as the provider said.",
		put_ratio},
	{"limit_told_timestamp_seconds", "When the provider said so.", put_told},
	{"limit_resets_timestamp_seconds", "When the window begins anew, where that is known.",
		put_reset, true},
};

/* Those that are not over: of a window that began anew nobody knows how much of it is used. */
static void put_limits(struct exposition *x, int64_t now_ms)
{
	const struct usage_view *view = x->look->view;
	const struct usage_limits *limits = usage_limits(view);
	struct buf *out = x->look->out;

	for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
		bool is_first = true;
		for (size_t k = 0; k < limits->count; k++) {
			const struct usage_limit *limit = &limits->list[k];
			if (usage_limit_is_over(limit, now_ms) ||
				(gauges[i].needs_reset && !limit->resets_ms))
				continue;
			if (is_first)
				head(x, gauges[i].name, gauges[i].help, "gauge");
			is_first = false;
			buf_printf(out, "fettle_usage_%s{", gauges[i].name);
			put_label(out, "source", usage_name(view, limit->source));
			buf_printf(out, ",window_minutes=\"%lld\"} ",
				(long long)limit->window_minutes);
			gauges[i].put(out, limit);
			buf_put_char(out, '\n');
		}
	}
}

void usage_put_prometheus(
	const struct usage_look *look, const struct usage_rows *rows, int64_t now_ms)
{
	struct exposition x = {.look = look};

	for (size_t i = 0; i < rows->count; i++)
		for (size_t k = 0; k < rows->list[i].part_count; k++)
			add_part(&x, rows->list[i].name, &rows->list[i].parts[k]);
	put_tokens(&x);
	if (!look->hides_cost)
		put_costs(&x);
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
		if (counters[i].is_cost && look->hides_cost)
			continue;
		head(&x, counters[i].name, counters[i].help, "counter");
		vec_each (&x.all, s) {
			sample(&x, counters[i].name, s, NULL);
			buf_printf(
				look->out, "%lld\n", (long long)counters[i].count(look, &s->sum));
		}
	}
	put_limits(&x, now_ms);
	vec_release(&x.all);
	buf_release(&x.labels);
}
