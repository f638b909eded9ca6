#include "horizon.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "times.h"

#define FORMAT_1 "1"

int
hkey_compare(const struct hkey *a, const struct hkey *b)
{
	if (a->set != b->set)
		return a->set ? 1 : -1;
	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	return a->id == b->id ? 0 : a->id < b->id ? -1 : 1;
}

static void
add_stamp(struct str *sql, const struct hcolumns *c, int64_t us)
{
	char text[TIMES_TEXT];

	(void)times_stamp_text(text, us);
	str_addf(sql, "'%s'::%s", text, c->ts_type);
}

/* key OP literal */
static void
add_compare(struct str *sql, const struct hcolumns *c, const char *op,
    const struct hkey *k)
{
	if (c->ts == NULL) {
		str_addf(sql, "%s %s %" PRId64, c->id, op, k->id);
		return;
	}
	if (c->id == NULL) {
		str_addf(sql, "%s %s ", c->ts, op);
		add_stamp(sql, c, k->ts);
		return;
	}
	str_addf(sql, "(%s,%s) %s (", c->ts, c->id, op);
	add_stamp(sql, c, k->ts);
	str_addf(sql, ",%" PRId64 ")", k->id);
}

/* xmin >= since, as an upper limit of its age. */
static void
add_since(struct str *sql, const struct hcolumns *c, const struct hnow *now,
    uint64_t since)
{
	if (since == 0 || now->next - since > INT32_MAX)
		str_put(sql, "true");
	else
		str_addf(sql, "age(%s) <= %" PRIu64, c->xmin,
		    now->next - since);
}

/* xmin < before. Frozen rows may have a negative age: they are older. */
static void
add_before(struct str *sql, const struct hcolumns *c, const struct hnow *now,
    uint64_t before)
{
	str_addf(sql, "age(%s) NOT BETWEEN 0 AND %" PRIu64, c->xmin,
	    now->next > before ? now->next - before : 0);
}

/* Keys above low, and new since the last read of them. */
static void
add_above(struct str *sql, const struct horizon *h, const struct hcolumns *c,
    const struct hnow *now)
{
	str_put(sql, "(");
	if (h->low.set) {
		add_compare(sql, c, ">", &h->low);
		str_put(sql, " AND ");
	}
	if (c->ts == NULL) {
		add_since(sql, c, now, h->above);
	} else {
		str_put(sql, "(");
		add_since(sql, c, now, h->above);
		str_addf(sql, " OR %s >= ", c->ts);
		add_stamp(sql, c, h->bound);
		str_put(sql, ")");
	}
	str_put(sql, ")");
}

static void
add_delivered(struct str *sql, const struct horizon *h,
    const struct hcolumns *c, const struct hnow *now)
{
	str_put(sql, " AND NOT (");
	add_compare(sql, c, "<=", &h->upto);
	str_put(sql, " AND ");
	add_before(sql, c, now, h->reading);
	if (!h->swept && h->low.set) {
		str_put(sql, " AND ");
		add_compare(sql, c, ">", &h->low);
	}
	str_put(sql, ")");
}

void
horizon_where(struct str *sql, const struct horizon *h,
    const struct hcolumns *c, const struct hnow *now)
{
	add_before(sql, c, now, now->xmin);
	str_put(sql, " AND (");
	add_above(sql, h, c, now);
	if (now->sweep && h->low.set) {
		str_put(sql, " OR (");
		add_compare(sql, c, "<=", &h->low);
		str_put(sql, " AND ");
		add_since(sql, c, now, h->below);
		str_put(sql, ")");
	}
	str_put(sql, ")");
	if (c->ts != NULL) {
		str_addf(sql, " AND %s < ", c->ts);
		add_stamp(sql, c, now->bound);
	}
	if (h->floor.set) {
		str_addf(sql, " AND %s > ", c->ts);
		add_stamp(sql, c, h->floor.ts);
	}
	if (h->upto.set)
		add_delivered(sql, h, c, now);
}

void
horizon_finish(struct horizon *h, const struct hnow *now,
    const struct hkey *last)
{
	h->above = now->xmin;
	h->bound = now->bound;
	if (now->sweep) {
		h->below = now->xmin;
		if (hkey_compare(last, &h->low) > 0)
			h->low = *last;
	}
	h->upto.set = false;
	h->reading = 0;
	h->swept = false;
}

void
horizon_advance(struct horizon *h, const struct hnow *now,
    const struct hkey *upto)
{
	h->upto = *upto;
	h->reading = now->xmin;
	h->swept = now->sweep;
}

size_t
horizon_print(const struct horizon *h, char out[HORIZON_TEXT])
{
	return (size_t)snprintf(out, HORIZON_TEXT,
	    FORMAT_1 " %" PRIu64 " %" PRIu64 " %" PRId64 " %d %" PRId64
		     " %" PRId64 " %d %" PRId64 " %d %" PRId64 " %" PRId64
		     " %" PRIu64 " %d",
	    h->below, h->above, h->bound, h->low.set, h->low.ts, h->low.id,
	    h->floor.set, h->floor.ts, h->upto.set, h->upto.ts, h->upto.id,
	    h->reading, h->swept);
}

int
horizon_parse(struct horizon *h, const char *text, size_t len,
    struct ps_error *err)
{
	char copy[HORIZON_TEXT], *p = copy, *end;
	int64_t v[14];

	if (len >= sizeof copy)
		len = 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (size_t i = 0; i < 14; i++, p = end) {
		v[i] = strtoll(p, &end, 10);
		if (end == p || (*end != ' ' && i < 13) ||
		    (*end != '\0' && i == 13) || (i == 0 && v[0] != 1))
			return ps_fail(err, PS_E_CONFIG,
			    "the stored offset \"%.*s\" is not of a form this "
			    "version knows",
			    (int)len, text);
	}
	*h = (struct horizon){
		.below = (uint64_t)v[1],
		.above = (uint64_t)v[2],
		.bound = v[3],
		.low = { v[4] != 0, v[5], v[6] },
		.floor = { v[7] != 0, v[8], 0 },
		.upto = { v[9] != 0, v[10], v[11] },
		.reading = (uint64_t)v[12],
		.swept = v[13] != 0,
	};
	return 0;
}
