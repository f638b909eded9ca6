#include "operand.h"

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	(void)err;
	return common_new(sizeof(struct common), h, self, c);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	(void)state;
	(void)b;
	for (size_t i = 0; i < count; i++)
		records[i]->outcome = PS_DROPPED;
}

const struct ps_transform_ops filter_ops = { create, apply, common_free };
