#include <string.h>

#include "access/guard.h"
#include "rest/handlers.h"
#include "rest/paging.h"
#include "rest/view.h"
#include "worker/worker.h"

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

static json_t *
expanded_list(struct exchange *x, const struct page_item *items, size_t count)
{
	json_t *list = json_object(), *one;

	for (size_t i = 0; i < count; i++) {
		one = expanded(x, items[i].thing);
		if (one != NULL)
			(void)json_object_set_new(list, items[i].name, one);
	}
	return list;
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
	exchange_json(x, 200,
	    exchange_query(x, "expand") != NULL ? expanded_list(x, items, count)
						: names_of(items, count));
}
