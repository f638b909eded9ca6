#include <string.h>

#include "access/guard.h"
#include "base/buf.h"
#include "base/js.h"
#include "rest/handlers.h"
#include "rest/paging.h"
#include "rest/view.h"
#include "worker/worker.h"

#define LIST_CEILING (256u << 20)

static bool
wants(const struct exchange *x, const char *what)
{
	for (const struct query_arg *q = x->query; q != NULL; q = q->next)
		if (strcmp(q->name, "expand") == 0 &&
		    strcmp(q->value, what) == 0)
			return true;
	return false;
}

/* NULL: it has no status yet. */
static json_t *
expanded(struct exchange *x, const struct configs_connector *cfg)
{
	json_t *one = json_object(), *status;

	if (wants(x, "status")) {
		status = view_status(x->worker, cfg, VIEW_AS_IT_IS);
		if (status == NULL) {
			json_decref(one);
			return NULL;
		}
		(void)json_object_set_new(one, "status", status);
	}
	if (wants(x, "info") && guard_reaches(x, ROLE_OPERATOR))
		(void)json_object_set_new(one, "info",
		    view_info(x->worker, cfg));
	return one;
}

/* All that who asks may see. */
static struct page_item *
items_of(struct exchange *x, enum page_order order, size_t *count)
{
	const struct configs *all = journal_configs(worker_journal(x->worker));
	struct page_item *items =
	    ps_calloc(x->a, configs_count(all) + 1, sizeof *items);

	*count = 0;
	for (size_t i = 0; i < configs_count(all); i++) {
		const struct configs_connector *cfg = configs_at(all, i);

		if (!guard_sees(x, cfg))
			continue;
		items[(*count)++] = (struct page_item){ cfg->name,
			order == PAGE_FAILURES ? view_rank(x->worker, cfg) : 0,
			cfg };
	}
	return items;
}

static void
append_member(struct buf *b, const char *name, json_t *value)
{
	json_t *key = js_str(name);

	(void)buf_puts(b, b->len == 1 ? "" : ",");
	(void)js_append(b, key);
	(void)buf_puts(b, ":");
	(void)js_append(b, value);
	json_decref(key);
}

/* One connector after the other is made and written: as one tree of a
 * thousand, they take twice the time. */
static void
answer_expanded(struct exchange *x, const struct page_item *items, size_t count)
{
	struct buf b;
	json_t *one;

	buf_init(&b, LIST_CEILING);
	(void)buf_puts(&b, "{");
	for (size_t i = 0; i < count; i++) {
		one = expanded(x, items[i].thing);
		if (one != NULL)
			append_member(&b, items[i].name, one);
		json_decref(one);
	}
	(void)buf_puts(&b, "}");
	if (b.overflow)
		exchange_error(x, 500,
		    "The list takes more than %u MB: ask for a part of it, "
		    "with limit and after",
		    LIST_CEILING >> 20);
	else
		exchange_buf(x, 200, "application/json", &b);
	buf_fini(&b);
}

static json_t *
names_of(const struct page_item *items, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, json_string(items[i].name));
	return list;
}

void
rest_list(struct exchange *x)
{
	struct page_wish wish;
	struct page_item *items;
	size_t count;

	if (paging_wish(x, &wish) != 0)
		return;
	items = items_of(x, wish.order, &count);
	paging_cut(x, &wish, items, &count);
	if (exchange_query(x, "expand") != NULL)
		answer_expanded(x, items, count);
	else
		exchange_json(x, 200, names_of(items, count));
}
