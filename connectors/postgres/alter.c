/* Offsets that an operator writes: those this source can go on from. */
#include <inttypes.h>

#include "horizon.h"
#include "source.h"

static int
check_partition(const struct ps_value *map, struct ps_error *err)
{
	if (map->type == PS_MAP && (ps_map_find(map, "table") != NULL ||
				       ps_map_find(map, "query") != NULL))
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "Partition objects should contain the key 'table' or 'query'");
}

static int
check_number(const struct ps_value *offset, const char *key, bool *found,
    struct ps_error *err)
{
	const struct ps_value *v = ps_map_find(offset, key);

	if (v == NULL)
		return 0;
	*found = true;
	if (ps_is_int(v))
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "The value for the '%s' key in the offset should be an integer",
	    key);
}

/* Our own member says the place exactly, so it would win over another. */
static int
check_own(const struct ps_value *offset, bool *found, struct ps_error *err)
{
	const struct ps_value *own = ps_map_find(offset, "penstock");
	const struct ps_value *id = ps_map_find(offset, "incrementing");
	const struct hkey *top;
	struct horizon h;

	if (own == NULL)
		return 0;
	*found = true;
	if (own->type != PS_STRING)
		return ps_fail(err, PS_E_CONFIG,
		    "The value for the 'penstock' key in the offset should be "
		    "text that was read from here");
	if (id == NULL)
		return 0;
	if (horizon_parse(&h, own->s, own->len, err) != 0)
		return -1;
	top = hkey_compare(&h.upto, &h.low) > 0 ? &h.upto : &h.low;
	if (top->id == id->i)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "The offset's 'incrementing' is %" PRId64
	    ", but its 'penstock' says %" PRId64 ": leave out 'penstock' to "
	    "go on from another place",
	    id->i, top->id);
}

static int
check_offset(const struct ps_value *offset, struct ps_error *err)
{
	static const char *const numbers[] = { "incrementing", "timestamp",
		"timestamp_nanos" };
	bool found = false;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (check_number(offset, numbers[i], &found, err) != 0)
			return -1;
	if (check_own(offset, &found, err) != 0)
		return -1;
	if (found)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "Offset objects should either be null or contain the key "
	    "'incrementing' or 'timestamp'");
}

int
source_alter_offsets(const struct ps_host *h, const struct ps_config *c,
    const struct ps_position *positions, size_t count, struct ps_error *err)
{
	(void)c;
	for (size_t i = 0; i < count; i++) {
		const struct ps_position *p = &positions[i];

		/* Whatever is there may be forgotten. */
		if (p->offset.type == PS_NULL)
			continue;
		if (check_partition(h->partition_map(h, p->partition), err) !=
			0 ||
		    check_offset(&p->offset, err) != 0)
			return -1;
	}
	return 1;
}
