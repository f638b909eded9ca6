#include "task/source_letters.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "letters/letter_form.h"
#include "record/batch.h"
#include "task/dlq.h"

enum { CHUNK = 4096 };

struct source_letters {
	struct task *task;
	struct dlq *dlq;
	struct letter_form form;
	/* Of the batch at hand: its records, and what they were. */
	const struct ps_record *records;
	const struct ps_record *polled;
};

/* A letter_fn. */
static int
send_letter(void *ctx, const struct ps_record *r, const struct ps_failure *f,
    struct ps_error *err)
{
	struct source_letters *l = (struct source_letters *)ctx;
	struct ps_batch *b;
	struct ps_record letter;
	int result;

	b = batch_new(CHUNK);
	result =
	    letter_pack(&l->form, b, &l->polled[r - l->records], &letter, err);
	if (result != 0)
		(void)ps_fail_in(err,
		    "a record that failed as %s cannot be "
		    "written as a dead letter",
		    f->error.text);
	else
		result = dlq_send(l->dlq, &letter, f, err);
	batch_free(&b);
	return result;
}

int
source_letters_new(struct task *t, struct source_letters **out,
    struct ps_error *err)
{
	struct dlq *dlq = NULL;
	struct source_letters *l;

	*out = NULL;
	if (!t->tolerance.all)
		return 0;
	if (dlq_new(t, &dlq, err) != 0)
		return -1;
	if (dlq == NULL)
		return 0;
	l = xcalloc(1, sizeof *l);
	l->task = t;
	l->dlq = dlq;
	t->tolerance.letter = send_letter;
	t->tolerance.ctx = l;
	*out = l;
	return letter_form_init(&l->form, &t->settings, host_abi(t->host), err);
}

void
source_letters_free(struct source_letters **lp)
{
	struct source_letters *l = *lp;

	if (l == NULL)
		return;
	l->task->tolerance.letter = NULL;
	dlq_free(&l->dlq);
	letter_form_fini(&l->form);
	free(l);
	*lp = NULL;
}

void
source_letters_note(struct source_letters *l, const struct ps_batch *b)
{
	size_t size = b->count * sizeof *b->records;

	if (l == NULL)
		return;
	l->records = b->records;
	/* What they point to stays: transforms give a record other values and
	 * do not change those it had. */
	l->polled = (const struct ps_record *)memcpy(ps_alloc(b->arena, size),
	    b->records, size);
}

int
source_letters_settle(struct source_letters *l, int limit_ms,
    struct ps_error *err)
{
	if (l == NULL || dlq_pending(l->dlq) == 0)
		return 1;
	if (dlq_serve(l->dlq, limit_ms, err) != 0)
		return -1;
	return dlq_pending(l->dlq) == 0;
}

size_t
source_letters_pending(const struct source_letters *l)
{
	return l == NULL ? 0 : dlq_pending(l->dlq);
}

void
source_letters_purge(struct source_letters *l)
{
	if (l != NULL)
		dlq_purge(l->dlq);
}
