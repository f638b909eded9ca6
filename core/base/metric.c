#include "base/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/text.h"
#include "base/xalloc.h"

#define DROPPED "penstock_metrics_dropped_total"

struct series {
	enum metric_kind kind;
	double value;
	const char *name, *labels; /* inside `id` */
	size_t id_len;
	char id[]; /* name NUL labels */
};

struct about {
	enum metric_kind kind;
	char *help;
};

struct metric_registry {
	struct dict *series; /* by id */
	struct dict *abouts; /* by name */
	size_t ceiling;
	double dropped;
};

struct metric_registry *
metric_new(size_t ceiling)
{
	struct metric_registry *m = xcalloc(1, sizeof *m);

	m->series = dict_new();
	m->abouts = dict_new();
	m->ceiling = ceiling;
	return m;
}

static void
free_about(struct about *about)
{
	free(about->help);
	free(about);
}

void
metric_free(struct metric_registry **mp)
{
	struct metric_registry *m = *mp;
	const struct dict_entry *e;

	if (m == NULL)
		return;
	for (e = dict_first(m->series); e != NULL; e = dict_next(e))
		free(dict_value(e));
	for (e = dict_first(m->abouts); e != NULL; e = dict_next(e))
		free_about(dict_value(e));
	dict_free(&m->series);
	dict_free(&m->abouts);
	free(m);
	*mp = NULL;
}

void
metric_describe(struct metric_registry *m, const char *name,
    enum metric_kind kind, const char *help)
{
	struct about *about = dict_get_str(m->abouts, name);

	if (about == NULL) {
		if (dict_count(m->abouts) >= m->ceiling)
			return;
		about = xcalloc(1, sizeof *about);
		(void)dict_put_str(m->abouts, name, about);
	}
	about->kind = kind;
	free(about->help);
	about->help = xstrdup(help);
}

static struct series *
new_series(const char *name, const char *labels)
{
	size_t nlen = strlen(name) + 1, llen = strlen(labels) + 1;
	struct series *s = xcalloc(1, sizeof *s + nlen + llen);

	memcpy(s->id, name, nlen);
	memcpy(s->id + nlen, labels, llen);
	s->name = s->id;
	s->labels = s->id + nlen;
	s->id_len = nlen + llen - 1;
	return s;
}

/* NULL: the registry is full. */
static struct series *
series_of(struct metric_registry *m, enum metric_kind kind, const char *name,
    const char *labels)
{
	struct series *wanted = new_series(name, labels);
	struct series *s = dict_get(m->series, wanted->id, wanted->id_len);

	if (s == NULL && dict_count(m->series) < m->ceiling) {
		(void)dict_put(m->series, wanted->id, wanted->id_len, wanted);
		wanted->kind = kind;
		return wanted;
	}
	free(wanted);
	if (s == NULL)
		m->dropped++;
	return s;
}

void
metric_set(struct metric_registry *m, enum metric_kind kind, const char *name,
    const char *labels, double value)
{
	struct series *s = series_of(m, kind, name, labels);

	if (s != NULL)
		s->value = value;
}

void
metric_add(struct metric_registry *m, enum metric_kind kind, const char *name,
    const char *labels, double add)
{
	struct series *s = series_of(m, kind, name, labels);

	if (s != NULL)
		s->value += add;
}

void
metric_put_label(struct buf *b, const char *name, const char *value)
{
	(void)buf_printf(b, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			(void)buf_append(b, "\\", 1);
		if (*value == '\n')
			(void)buf_append(b, "\\n", 2);
		else
			(void)buf_append(b, value, 1);
	}
	(void)buf_append(b, "\"", 1);
}

void
metric_drop(struct metric_registry *m, const char *label_part)
{
	const struct dict_entry *e, *next;

	for (e = dict_first(m->series); e != NULL; e = next) {
		struct series *s = dict_value(e);

		next = dict_next(e);
		if (strstr(s->labels, label_part) == NULL)
			continue;
		(void)dict_remove(m->series, s->id, s->id_len);
		free(s);
	}
}

void
metric_each(const struct metric_registry *m, metric_fn *fn, void *ctx)
{
	const struct dict_entry *e;

	for (e = dict_first(m->series); e != NULL; e = dict_next(e)) {
		const struct series *s = dict_value(e);

		fn(ctx, s->kind, s->name, s->labels, s->value);
	}
}

static int
by_name_and_labels(const void *x, const void *y)
{
	const struct series *const *a = x, *const *b = y;
	int order = strcmp((*a)->name, (*b)->name);

	return order != 0 ? order : strcmp((*a)->labels, (*b)->labels);
}

static void
print_help(struct buf *out, const char *help)
{
	for (; *help != '\0'; help++) {
		if (*help == '\n')
			(void)buf_puts(out, "\\n");
		else if (*help == '\\')
			(void)buf_puts(out, "\\\\");
		else
			(void)buf_append(out, help, 1);
	}
}

static void
print_head(const struct metric_registry *m, const char *name,
    enum metric_kind kind, struct buf *out)
{
	const struct about *about = dict_get_str(m->abouts, name);

	if (about != NULL) {
		kind = about->kind;
		(void)buf_printf(out, "# HELP %s ", name);
		print_help(out, about->help);
		(void)buf_puts(out, "\n");
	}
	(void)buf_printf(out, "# TYPE %s %s\n", name,
	    kind == METRIC_COUNTER ? "counter" : "gauge");
}

static void
print_value(double value, struct buf *out)
{
	char text[TEXT_DOUBLE];

	if (isinf(value)) {
		(void)buf_puts(out, value > 0 ? "+Inf" : "-Inf");
		return;
	}
	text_of_double(text, value);
	(void)buf_puts(out, text);
}

static void
print_series(const char *name, const char *labels, double value,
    struct buf *out)
{
	(void)buf_puts(out, name);
	if (labels[0] != '\0')
		(void)buf_printf(out, "{%s}", labels);
	(void)buf_puts(out, " ");
	print_value(value, out);
	(void)buf_puts(out, "\n");
}

int
metric_print_series(const struct metric_registry *m, struct buf *out)
{
	size_t count = dict_count(m->series), n = 0;
	const struct series **all = xmalloc((count + 1) * sizeof *all);
	const struct dict_entry *e;

	for (e = dict_first(m->series); e != NULL; e = dict_next(e))
		all[n++] = dict_value(e);
	if (n > 1)
		qsort(all, n, sizeof *all, by_name_and_labels);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(all[i - 1]->name, all[i]->name) != 0)
			print_head(m, all[i]->name, all[i]->kind, out);
		print_series(all[i]->name, all[i]->labels, all[i]->value, out);
	}
	free(all);
	return out->overflow ? -1 : 0;
}

int
metric_print(const struct metric_registry *m, struct buf *out)
{
	(void)metric_print_series(m, out);
	print_head(m, DROPPED, METRIC_COUNTER, out);
	print_series(DROPPED, "", m->dropped, out);
	return out->overflow ? -1 : 0;
}
