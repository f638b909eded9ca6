#include "cli/columns.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define LINE_COLUMNS 78
#define NOTE_INDENT  4
#define GAP          2

struct row {
	struct row *next;
	const char *cells[COLUMNS_MAX], *note;
};

struct columns {
	struct ps_arena *a;
	const char *const *heads;
	size_t columns, widths[COLUMNS_MAX];
	bool used[COLUMNS_MAX];
	struct row *first, *last;
};

/* Characters, as a terminal counts most of them. */
static size_t
width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

struct columns *
columns_new(struct ps_arena *a, const char *const *heads)
{
	struct columns *t = ps_calloc(a, 1, sizeof *t);

	t->a = a;
	t->heads = heads;
	while (heads[t->columns] != NULL) {
		t->widths[t->columns] = width_of(heads[t->columns]);
		t->columns++;
	}
	return t;
}

void
columns_add(struct columns *t, const char *const *cells)
{
	struct row *r = ps_calloc(t->a, 1, sizeof *r);

	for (size_t i = 0; i < t->columns; i++) {
		const char *text = cells[i] == NULL ? "" : cells[i];
		size_t width = width_of(text);

		r->cells[i] = text;
		t->used[i] = t->used[i] || width > 0;
		if (width > t->widths[i])
			t->widths[i] = width;
	}
	if (t->last == NULL)
		t->first = r;
	else
		t->last->next = r;
	t->last = r;
}

void
columns_note(struct columns *t, const char *text)
{
	if (t->last != NULL && text != NULL && text[0] != '\0')
		t->last->note = text;
}

/* Nothing stands behind the last cell that is filled. */
static void
print_cells(const struct columns *t, const char *const *cells)
{
	size_t behind = 0;

	for (size_t i = 0; i < t->columns; i++) {
		if (!t->used[i])
			continue;
		if (cells[i][0] != '\0') {
			(void)printf("%*s%s", (int)behind, "", cells[i]);
			behind = 0;
		}
		behind += t->widths[i] + GAP - width_of(cells[i]);
	}
	(void)printf("\n");
}

void
columns_wrap(const char *text, size_t indent)
{
	size_t at = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " \n"), width = 0;

		for (size_t i = 0; i < len; i++)
			width += (text[i] & 0xc0) != 0x80;
		if (at > 0 && at + 1 + width > LINE_COLUMNS) {
			(void)printf("\n");
			at = 0;
		}
		if (len > 0) {
			(void)printf("%*s%.*s", at == 0 ? (int)indent : 1, "",
			    (int)len, text);
			at = at == 0 ? indent + width : at + 1 + width;
		}
		text += len;
		text += *text != '\0';
	}
	if (at > 0)
		(void)printf("\n");
}

void
columns_print(const struct columns *t)
{
	print_cells(t, t->heads);
	for (const struct row *r = t->first; r != NULL; r = r->next) {
		print_cells(t, r->cells);
		if (r->note != NULL)
			columns_wrap(r->note, NOTE_INDENT);
	}
}
