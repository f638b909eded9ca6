#include "topic_format.h"

#define MAX_TOPIC ((size_t)249) /* Kafka's */

struct text {
	char *p;
	size_t left;
};

static void
add(struct text *t, const char *s, size_t len)
{
	size_t n = len < t->left ? len : t->left;

	memcpy(t->p, s, n);
	t->p += n;
	t->left -= n;
}

int
topic_format(const char *format, struct work *w, struct ps_record *r,
    const struct ps_value *time)
{
	char *start = (char *)ps_alloc(w->arena, 2 * MAX_TOPIC);
	struct text to = { start, 2 * MAX_TOPIC - 1 };

	for (const char *p = format; *p != '\0';) {
		if (strncmp(p, "${topic}", 8) == 0) {
			add(&to, r->topic, strlen(r->topic));
			p += 8;
		} else if (strncmp(p, "${timestamp}", 12) == 0) {
			add(&to, time->s, time->len);
			p += 12;
		} else {
			add(&to, p++, 1);
		}
	}
	*to.p = '\0';
	if ((size_t)(to.p - start) > MAX_TOPIC)
		return ps_fail(w->err, PS_E_DATA,
		    "the new topic name is longer than %zu", MAX_TOPIC);
	r->topic = start;
	return 0;
}
