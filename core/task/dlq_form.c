#include "task/dlq_form.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "letters/letters.h"
#include "record/batch.h"

/* CONTEXT: how many headers tell where a record came from and why it failed. */
enum { CONTEXT = 10, NUMBER_BYTES = 24, SMALL_BYTES = 16 << 10 };

static void
put(struct producer_header *h, struct ps_arena *a, const char *name,
    const char *value)
{
	*h = (struct producer_header){ .name = name,
		.name_len = strlen(name),
		.value = ps_strdup(a, value),
		.len = strlen(value) };
}

static size_t
context(const struct dlq_form *form, struct ps_arena *a,
    const struct ps_record *r, const struct ps_failure *f,
    struct producer_header *h)
{
	const char *stage = stage_name(f->stage);
	char number[NUMBER_BYTES];
	size_t n = 0;

	put(&h[n++], a, "__connect.errors.topic", r->origin_topic);
	(void)snprintf(number, sizeof number, "%d", (int)r->origin_partition);
	put(&h[n++], a, "__connect.errors.partition", number);
	(void)snprintf(number, sizeof number, "%lld",
	    (long long)r->origin_offset);
	put(&h[n++], a, "__connect.errors.offset", number);
	put(&h[n++], a, "__connect.errors.connector.name", form->connector);
	(void)snprintf(number, sizeof number, "%d", form->task);
	put(&h[n++], a, "__connect.errors.task.id", number);
	put(&h[n++], a, "__connect.errors.stage", stage);
	put(&h[n++], a, "__connect.errors.class.name", f->class_name);
	put(&h[n++], a, "__connect.errors.exception.class.name",
	    failure_exception(f));
	put(&h[n++], a, "__connect.errors.exception.message", f->error.text);
	put(&h[n++], a, "__connect.errors.exception.stacktrace",
	    ps_printf(a, "%s in %s: %s", stage, f->class_name, f->error.text));
	assert(n == CONTEXT);
	return n;
}

static const void *
copy(struct ps_arena *a, const struct ps_slice *s)
{
	return s->data == NULL ? NULL
			       : ps_strndup(a, (const char *)s->data, s->len);
}

void
dlq_form_fill(const struct dlq_form *form, struct ps_arena *a,
    const struct ps_record *r, const struct ps_failure *f,
    struct producer_record *out)
{
	const struct ps_consumed was = ps_record_consumed(r);
	size_t n = was.header_count;
	struct producer_header *h =
	    (struct producer_header *)ps_calloc(a, n + CONTEXT, sizeof *h);

	for (size_t i = 0; i < n; i++)
		h[i] = (struct producer_header){ ps_strndup(a,
						     was.headers[i].name,
						     was.headers[i].name_len),
			was.headers[i].name_len, copy(a, &was.headers[i].raw),
			was.headers[i].raw.len };
	if (form->with_context)
		n += context(form, a, r, f, h + n);
	*out = (struct producer_record){ .key = copy(a, &was.key),
		.key_len = was.key.len,
		.value = copy(a, &was.value),
		.value_len = was.value.len,
		.partition = PS_NO_PARTITION,
		.timestamp = was.timestamp,
		.headers = h,
		.header_count = n };
}

/* The record's own headers, if they are small; how many. */
static size_t
small_headers(const struct producer_record *full, size_t own,
    struct producer_header *h)
{
	size_t bytes = 0;

	for (size_t i = 0; i < own; i++)
		bytes += full->headers[i].name_len + full->headers[i].len;
	if (own == 0 || bytes > SMALL_BYTES)
		return 0;
	memcpy(h, full->headers, own * sizeof *h);
	return own;
}

const struct producer_record *
dlq_form_less(const struct dlq_form *form, struct ps_arena *a,
    const struct ps_record *r, const struct ps_failure *f,
    const struct producer_record *full)
{
	size_t own = ps_record_consumed(r).header_count, n;
	struct producer_header *h = (struct producer_header *)ps_calloc(a,
	    own + 1 + CONTEXT, sizeof *h);
	struct producer_record *less =
	    (struct producer_record *)ps_calloc(a, 1, sizeof *less);
	struct ps_failure why = *f;
	const char *left_out;

	*less = *full;
	less->value = NULL;
	less->value_len = 0;
	if (full->key_len > SMALL_BYTES) {
		less->key = NULL;
		less->key_len = 0;
	}
	n = small_headers(full, own, h);
	left_out = ps_printf(a, "value of %zu bytes%s%s", full->value_len,
	    less->key_len < full->key_len ? ", key" : "",
	    n < own ? ", headers" : "");
	put(&h[n++], a, LETTERS_LEFT_OUT, left_out);
	ps_error_clear(&why.error);
	(void)ps_fail(&why.error, f->error.code,
	    "%.300s (this letter is without its %s)", f->error.text, left_out);
	less->header_count = n + context(form, a, r, &why, h + n);
	less->headers = h;
	return less;
}
