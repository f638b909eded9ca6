#include "rest/change.h"

#include "base/text.h"
#include "rest/view.h"
#include "worker/match.h"
#include "worker/worker.h"

void
change_written(struct exchange *x, const struct answer *answer)
{
	const struct configs_connector *cfg = configs_find(
	    journal_configs(worker_journal(x->worker)), x->param[0]);

	if (cfg == NULL) {
		exchange_error(x, 409,
		    "Connector %s was deleted while it was written",
		    x->param[0]);
		return;
	}
	if (answer->kind == ANSWER_CREATED)
		x->location = ps_printf(x->a, "%s%s/connectors/%s",
		    x->host == NULL ? "" : "http://",
		    x->host == NULL ? "" : x->host,
		    text_url_encode(x->a, x->param[0]));
	x->etag = match_tag(x->a, cfg->config_offset);
	exchange_json(x, answer->kind == ANSWER_CREATED ? 201 : 200,
	    view_info(x->worker, cfg));
}
