#include <stdlib.h>

#include "journal/pen_impl.h"

void
pen_call_free(struct call *c)
{
	json_decref(c->records);
	free(c->group);
	free(c->offsets);
	free(c);
}

void
pen_finish(struct pen *p, struct call *c, enum wrote wrote,
    const struct ps_error *err)
{
	c->state = CALL_FINISHED;
	c->by = NULL;
	/* Who leads is the pen's to tell (lost), not theirs who want to know
	 * what is in the log. */
	c->wrote = c->is_sure && wrote == WROTE_FENCED ? WROTE_REFUSED : wrote;
	if (err != NULL)
		c->err = *err;
	pen_soon(p);
}

void
pen_doubt(struct pen *p, struct call *c, const struct ps_error *err)
{
	struct ps_error refused = *err;

	c->err = *err;
	switch (c->seen) {
	case CALL_SEEN:
		pen_finish(p, c, WROTE_OK, NULL);
		break;
	case CALL_PASSED:
		refused.code = PS_E_RETRY;
		pen_finish(p, c, WROTE_REFUSED, &refused);
		break;
	case CALL_UNSEEN:
		c->state = CALL_IN_DOUBT;
		c->by = NULL;
		if (!c->is_sure)
			pen_finish(p, c, WROTE_UNKNOWN, err);
		break;
	}
}

struct call *
pen_take_finished(struct pen *p)
{
	struct call *c;

	for (struct call **at = &p->calls; (c = *at) != NULL; at = &c->next)
		if (c->state == CALL_FINISHED) {
			*at = c->next;
			return c;
		}
	return NULL;
}

void
pen_refuse_waiting(struct pen *p, enum wrote wrote, const struct ps_error *err)
{
	for (struct call *c = p->calls; c != NULL; c = c->next)
		if (c->state == CALL_WAITING)
			pen_finish(p, c, wrote, err);
}
