#include "cluster/mark.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
mark_init(struct mark *m)
{
	*m = (struct mark){ .since = MARK_NEW };
}

void
mark_fini(struct mark *m)
{
	free(m->group);
	mark_init(m);
}

void
mark_read(struct mark *m, const char *group, int64_t since, int64_t offset)
{
	if (group == NULL) {
		mark_fini(m);
		return;
	}
	if (since < 0 || since > offset)
		since = offset;
	if (m->group == NULL || since < m->since) {
		free(m->group);
		m->group = xstrdup(group);
		m->since = since;
	}
	m->hidden = strcmp(m->group, group) != 0;
}

bool
mark_is_due(const struct mark *m, const char *group)
{
	return m->group == NULL || (m->hidden && strcmp(m->group, group) == 0);
}
