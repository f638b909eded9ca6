/* orders: the schema of the table that the floors and benches move. */
#ifndef PENSTOCK_TESTS_BENCH_ORDERS_H
#define PENSTOCK_TESTS_BENCH_ORDERS_H

#include <penstock/host.h>

#define ORDERS_COLUMNS 7

static inline const struct ps_schema *
orders_schema(const struct ps_host *h)
{
	static const struct ps_schema id = { .type = PS_INT64 };
	static const struct ps_schema customer = { .type = PS_INT32,
		.optional = true };
	static const struct ps_schema text = { .type = PS_STRING,
		.optional = true };
	static const struct ps_param scale = { "scale", "2" };
	static const struct ps_schema amount = { .type = PS_BYTES,
		.optional = true,
		.name = PS_NAME_DECIMAL,
		.version = 1,
		.params = &scale,
		.param_count = 1 };
	static const struct ps_field fields[ORDERS_COLUMNS] = {
		{ "id", 2, &id },
		{ "customer_id", 11, &customer },
		{ "status", 6, &text },
		{ "amount", 6, &amount },
		{ "note", 4, &text },
		{ "created_at", 10, &text },
		{ "updated_at", 10, &text },
	};
	const struct ps_schema draft = { .type = PS_STRUCT,
		.name = "db.public.orders.Value",
		.fields = fields,
		.field_count = ORDERS_COLUMNS };

	return h->intern(h, &draft);
}

#endif
