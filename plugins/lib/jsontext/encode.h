/*
 * encode: values as JSON, by plan or by their own tags.
 */
#ifndef PENSTOCK_JSON_ENCODE_H
#define PENSTOCK_JSON_ENCODE_H

#include "out.h"
#include "plan.h"

struct encoder {
	struct out out;
	enum json_decimal decimal;
	int depth;
	struct ps_error *err;
};

/* The text of `v`; -1 and e->err when it does not fit the plan. */
int encode_planned(struct encoder *e, const struct plan_node *n,
    const struct ps_value *v);
int encode_tagged(struct encoder *e, const struct ps_value *v);

#endif
