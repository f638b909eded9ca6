#include "operand.h"

static const char *const class_names[] = { "null", "java.lang.Byte",
	"java.lang.Short", "java.lang.Integer", "java.lang.Long",
	"java.lang.Float", "java.lang.Double", "java.lang.Boolean",
	"java.lang.String", "[B", "java.util.ArrayList", "java.util.HashMap",
	"org.apache.kafka.connect.data.Struct", "a value that did not change" };

int
operand_check(const struct operand *o, const char *purpose,
    struct ps_error *err)
{
	if (*o->schema == NULL && o->value->type != PS_MAP)
		return ps_fail(err, PS_E_DATA,
		    "Only Map objects supported in absence of schema for [%s], "
		    "found: %s",
		    purpose, class_names[o->value->type]);
	if (*o->schema != NULL &&
	    (o->value->type != PS_STRUCT || (*o->schema)->type != PS_STRUCT))
		return ps_fail(err, PS_E_DATA,
		    "Only Struct objects supported for [%s], found: %s",
		    purpose, class_names[o->value->type]);
	return 0;
}
